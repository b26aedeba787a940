//! Trouble with the world: input that cannot be trusted, output that cannot be written.

use super::world::World;
use std::fmt;
use std::io;
use std::path::Path;

/// One thing that went wrong outside every file: it leads to exit code 2.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) struct Trouble {
    /// What is wrong, lower-case.
    pub message: String,
    /// What to do instead.
    pub help: Option<String>,
}

impl Trouble {
    /// Makes one.
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None }
    }

    /// Says what to do instead.
    #[must_use]
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Words an error of the system about a path: ``cannot read `a.yaml`: permission denied``.
    pub(super) fn io(verb: &str, path: &Path, error: &io::Error) -> Self {
        let cause = match error.kind() {
            io::ErrorKind::NotFound => "no such file or folder".to_owned(),
            io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
            io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
            _ => error.to_string(),
        };
        // What the world could not do may have said already what to do instead.
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Self>());
        let cause = inner.map_or(cause, |inner| inner.message.clone());
        let help = inner.and_then(|inner| inner.help.clone());
        Self { message: format!("cannot {verb} `{}`: {cause}", path.display()), help }
    }

    /// Writes it to standard error.
    pub(super) fn tell(&self, world: &dyn World) {
        world.err(&self.to_string());
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "error: {}", self.message)?;
        self.help.as_ref().map_or(Ok(()), |help| writeln!(f, "  help: {help}"))
    }
}
