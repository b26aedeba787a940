//! Trouble on the way to a cluster.

use std::time::Duration;

/// Why a cluster gave no answer that can be trusted.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// There is no kubeconfig, and this is no pod of a cluster.
    #[error("no kubeconfig was found")]
    NoKubeconfig,
    /// A kubeconfig cannot be used.
    #[error("cannot use the kubeconfig `{file}`: {reason}")]
    Kubeconfig {
        /// Its path.
        file: String,
        /// What is wrong with it; nothing of its text.
        reason: String,
    },
    /// No context of that name is there.
    #[error("the kubeconfig has no context `{name}`")]
    NoContext {
        /// The name asked for.
        name: String,
        /// The names that are there.
        known: Vec<String>,
    },
    /// No context was named, and the kubeconfig names no current one.
    #[error("the kubeconfig names no current context")]
    NoCurrentContext {
        /// The names that are there.
        known: Vec<String>,
    },
    /// The server cannot be reached.
    #[error("cannot reach the cluster at {server}: {reason}")]
    Unreachable {
        /// Its address.
        server: String,
        /// What the connection failed by.
        reason: String,
    },
    /// The server did not answer in time.
    #[error("the cluster at {server} did not answer within {} s", limit.as_secs_f32())]
    TimedOut {
        /// Its address.
        server: String,
        /// The time it was given.
        limit: Duration,
    },
    /// The server does not know who asks.
    #[error("the cluster at {server} does not accept the credentials of the context `{context}`")]
    Unauthorized {
        /// Its address.
        server: String,
        /// The context.
        context: String,
    },
    /// The program that a kubeconfig names to log in gives no credentials.
    #[error("cannot log in by `{program}`, which the kubeconfig names: {reason}")]
    Login {
        /// Its name.
        program: String,
        /// What it failed by; nothing of what it gave out.
        reason: String,
        /// What the kubeconfig says about installing it.
        hint: Option<String>,
    },
    /// The server knows who asks, and does not allow it.
    #[error("the cluster does not allow it: {0}")]
    Forbidden(String),
    /// The server, or something in front of it, gave an answer that cannot be read.
    #[error("the cluster at {server} gave an answer that is none of an API server's: {reason}")]
    Unreadable {
        /// Its address.
        server: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl ClusterError {
    /// Says what to do about it, where that is known.
    pub fn help(&self) -> Option<String> {
        let list = |known: &[String]| known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        match self {
            Self::NoKubeconfig => Some("name one by `--kubeconfig FILE` or KUBECONFIG".to_owned()),
            Self::NoContext { known, .. } | Self::NoCurrentContext { known } if !known.is_empty() => {
                Some(format!("`--context` may be {}", list(known)))
            }
            Self::Unreachable { reason, .. } if reason.contains("certificate") => {
                Some("renew the certificate, or correct the authority in the kubeconfig".to_owned())
            }
            Self::TimedOut { .. } => Some("give it longer by `--timeout`, such as `--timeout 2m`".to_owned()),
            Self::Login { hint: Some(hint), .. } => Some(hint.lines().next().unwrap_or_default().to_owned()),
            Self::Login { .. } => {
                Some("run it by hand: what it says may hold secrets, and is not shown here".to_owned())
            }
            Self::Unauthorized { .. } => Some("log in again".to_owned()),
            Self::Forbidden(_) => Some("ask for the permission, or choose another context by `--context`".to_owned()),
            _ => None,
        }
    }
}
