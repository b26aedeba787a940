//! Trouble on the way to a registry.

/// Why a registry or a repository did not give, or not take, what it was asked to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OciError {
    /// A text is no reference.
    #[error("`{text}` is no reference: {reason}")]
    Reference {
        /// The text.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The client cannot be set up.
    #[error("{0}")]
    Setup(String),
    /// Nobody answers.
    #[error("cannot reach {host}: {reason}")]
    Unreachable {
        /// Its name.
        host: String,
        /// What the connection failed by.
        reason: String,
    },
    /// Credentials are missing or not accepted.
    #[error("{host} {}", if *known { "does not accept the credentials" } else { "asks for credentials, and there are none" })]
    Unauthorized {
        /// Its name.
        host: String,
        /// There were credentials.
        known: bool,
    },
    /// It is not allowed.
    #[error("{host} does not allow it{}", behind(message))]
    Forbidden {
        /// The registry's name.
        host: String,
        /// What it says.
        message: String,
    },
    /// It is not there.
    #[error("there is no {0}")]
    NotFound(String),
    /// Any other answer that is no success.
    #[error("{host} answers {status}{}", behind(message))]
    Status {
        /// The registry's name.
        host: String,
        /// The status of HTTP.
        status: u16,
        /// What it says.
        message: String,
    },
    /// What came is not what was asked for.
    #[error("{what} cannot be trusted: {reason}")]
    Untrusted {
        /// What it is about.
        what: String,
        /// What gave it away.
        reason: String,
    },
    /// What came cannot be read.
    #[error("{what} cannot be read: {reason}")]
    Unreadable {
        /// What it is about.
        what: String,
        /// What is wrong with it.
        reason: String,
    },
}

fn behind(message: &str) -> String {
    if message.is_empty() { String::new() } else { format!(": {message}") }
}

impl OciError {
    /// Says what to do about it, where that is known.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Reference { .. } => Some("write `oci://registry.example.com/charts/shop:1.0.0`".to_owned()),
            Self::Unauthorized { host, .. } => Some(format!("log in: `plimsoll login {host} --username NAME`")),
            Self::Unreachable { reason, .. } if reason.contains("certificate") || reason.contains("UnknownIssuer") => {
                Some("name its authority by `--ca-file FILE` or SSL_CERT_FILE".to_owned())
            }
            Self::Unreachable { reason, .. } if reason.contains("corrupt message") => {
                Some("it may speak plain HTTP: `--plain-http`".to_owned())
            }
            _ => None,
        }
    }

    /// Tells whether the answer says no for good, though not for want of credentials.
    pub(super) fn is_final(&self) -> bool {
        matches!(self, Self::Status { .. }) && !self.is_passing()
    }

    /// Tells whether another try may help.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { reason, .. } => !reason.contains("certificate") && !reason.contains("UnknownIssuer"),
            Self::Status { status, .. } => matches!(status, 408 | 429 | 500 | 502 | 503 | 504),
            _ => false,
        }
    }
}
