//! Fixes: what to change in what a person wrote, so that a finding goes away.

use crate::source::Span;

/// How far a fix may be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Safety {
    /// It says better what was meant, or asks for what the program cannot miss.
    Safe,
    /// What runs may behave otherwise, or a number was chosen that a person must judge.
    Unsafe,
}

impl Safety {
    /// Gives the name used in rules and in every output format.
    pub fn name(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::Unsafe => "unsafe",
        }
    }
}

/// A range of a text, and what stands there afterwards. An empty range inserts, an empty text deletes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TextEdit {
    /// The range.
    pub span: Span,
    /// What replaces it, line breaks included.
    pub text: String,
}

/// A change that makes a finding go away: all of its edits, or none.
///
/// Like every place of a finding, the edits' spans lie in the text that the stage saw, and
/// [`crate::render::Rendered::resolve`] carries them back to templates and values. A finding in an emitter's hands has
/// edits of files that a person wrote: in order, apart from each other, usually of one file. Where no such edit would be
/// honest, the finding has no fix. Of a finding that is [masked](super::Diagnostic::masked) the fix may hold a secret:
/// emitters ask [`super::Diagnostic::shown_fix`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Fix {
    /// What it does, as a command: ``rename `imagee` to `image` ``.
    pub title: String,
    /// How far it may be trusted.
    pub safety: Safety,
    /// What to change, at least one place.
    pub edits: Vec<TextEdit>,
}
