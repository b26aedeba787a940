//! Which rules run, and how: profiles, flags, and a workspace's `configure`.

use super::params::Param;
use super::rule::Rule;
use crate::diagnostic::Severity;
use crate::source::Span;

/// A word that a person wrote, with its place where it stands in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// The word.
    pub text: String,
    /// Where; none for a flag.
    pub span: Option<Span>,
}

impl From<&str> for Word {
    fn from(text: &str) -> Self {
        Self { text: text.to_owned(), span: None }
    }
}

/// Which rules run, and how.
#[derive(Clone, Debug, Default)]
pub struct LintConfig {
    /// The rules of these profiles run; none for no built-in rules.
    pub profiles: Vec<Word>,
    /// `--rule`: where any are named, these run and no others.
    pub only: Vec<Word>,
    /// `--skip`: these never run.
    pub skip: Vec<Word>,
    /// Changes to single rules. A rule that is configured runs, even outside the profiles, unless it is disabled.
    pub configure: Vec<Configure>,
    /// People's own rules. Those that name no profile always run.
    pub own: Vec<Rule>,
}

impl LintConfig {
    /// Makes the configuration that holds where nobody configured anything.
    pub fn standard() -> Self {
        Self { profiles: vec![Word::from("default")], ..Self::default() }
    }
}

/// A change to one rule.
#[derive(Clone, Debug)]
pub struct Configure {
    /// The rule's id.
    pub rule: Word,
    /// Another severity, or none at all.
    pub severity: Option<Level>,
    /// Parameters laid over the rule's own.
    pub with: Vec<Param>,
    /// Where the change holds; empty for everywhere.
    pub environments: Vec<String>,
}

/// A severity, or that a rule does not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// It runs with this severity.
    Severity(Severity),
    /// It does not run.
    Disabled,
}

impl Level {
    /// Reads `error`, `warning`, `info` or `disabled`.
    pub fn parse(name: &str) -> Option<Self> {
        if name == "disabled" { Some(Self::Disabled) } else { Severity::parse(name).map(Self::Severity) }
    }
}
