//! The programs by which kubeconfigs log in, and what is told of one that fails: nothing of what it was given or gave out.

use super::error::ClusterError;
use crate::diagnostic::secret::{is_secret_name, secret_form};
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
        AuthError::AuthExecRun { out, .. } => {
            let complaint = String::from_utf8_lossy(&out.stderr);
            let line = complaint.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
            let short: String = line.chars().take(200).collect();
            let said = if short.is_empty() || may_be_secret(&short) { String::new() } else { format!(": {short}") };
            format!("it ended with {}{said}", out.status)
        }
        AuthError::AuthExecParse(_) | AuthError::ExecPluginFailed => "what it gives is no `ExecCredential`".to_owned(),
        AuthError::MalformedTokenExpirationDate(_) => "the time until which its credentials hold is none".to_owned(),
        AuthError::MissingCommand => "it has no name".to_owned(),
        AuthError::AuthExec(_) | AuthError::UnrefreshableTokenResponse => "it gives no new credentials".to_owned(),
        _ => return None,
    })
}

/// Tells whether a complaint may quote a secret: by its form, or as the value of such a name.
fn may_be_secret(line: &str) -> bool {
    let pairs = line.split_whitespace().filter_map(|word| word.split_once(['=', ':']));
    let named = pairs.into_iter().any(|(name, value)| is_secret_name(name) && !value.is_empty());
    let words: Vec<&str> = line.split_whitespace().collect();
    let beside = words.windows(2).any(|pair| {
        pair[0].strip_suffix(':').is_some_and(is_secret_name) && pair[1].contains(|c: char| c.is_ascii_digit())
    });
    named || beside || secret_form(line).is_some()
}

#[cfg(test)]
mod tests {
    use super::may_be_secret;

    #[test]
    fn complaints_are_told_unless_they_quote_a_secret() {
        for line in ["the session has ended", "Error loading SSO Token: Token for default does not exist", "exit: 3"] {
            assert!(!may_be_secret(line), "{line}");
        }
        for line in ["password=hunter2", "token: hunter2", "bad token:abcdef", "the password: h4nt"] {
            assert!(may_be_secret(line), "{line}");
        }
    }
}
