//! The programs by which kubeconfigs log in, and what is told of one that fails: nothing of what it was given or gave out.

use super::error::ClusterError;
use kube::client::AuthError;
use kube::config::AuthInfo;
use std::error::Error;

/// How somebody logs in, as far as it is told.
#[derive(Clone, Debug, Default)]
pub(super) struct Login {
    program: String,
    hint: Option<String>,
}

impl Login {
    /// Reads it from a user of a kubeconfig.
    pub(super) fn of(user: &AuthInfo) -> Self {
        let Some(exec) = &user.exec else { return Self::default() };
        Self { program: exec.command.clone().unwrap_or_default(), hint: exec.install_hint.clone() }
    }

    /// Words that it failed.
    pub(super) fn failed(&self, reason: String) -> ClusterError {
        ClusterError::Login { program: self.program.clone(), reason, hint: self.hint.clone() }
    }
}

/// Says how a program by which somebody logs in failed, where that is what an error is about.
pub(super) fn login_failure(error: &(dyn Error + 'static)) -> Option<String> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<AuthError>() {
            return words(error);
        }
        cause = error.source();
    }
    None
}

fn words(error: &AuthError) -> Option<String> {
    Some(match error {
        AuthError::AuthExecStart(error) => format!("it cannot be run: {error}"),
        AuthError::AuthExecRun { out, .. } => format!("it ended with {}", out.status),
        AuthError::AuthExecParse(_) | AuthError::ExecPluginFailed => "what it gives is no `ExecCredential`".to_owned(),
        AuthError::MalformedTokenExpirationDate(_) => "the time until which its credentials hold is none".to_owned(),
        AuthError::MissingCommand => "it has no name".to_owned(),
        AuthError::AuthExec(_) | AuthError::UnrefreshableTokenResponse => "it gives no new credentials".to_owned(),
        _ => return None,
    })
}
