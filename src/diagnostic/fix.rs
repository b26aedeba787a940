//! Fixes: what to change in what a person wrote, so that a finding goes away.

use crate::source::Span;
use serde_json::Value;

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
/// Its edits are of files that a person wrote: in order, apart from each other, usually of one file. A finding has one only
/// where a run asks for fixes, and where an edit is honest. Of a finding that is [masked](super::Diagnostic::masked) the
/// fix may hold a secret: emitters ask [`super::Diagnostic::shown_fix`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Fix {
    /// What it does, as a command: ``rename `imagee` to `image` ``.
    pub title: String,
    /// How far it may be trusted.
    pub safety: Safety,
    /// What to change, at least one place.
    pub edits: Vec<TextEdit>,
}

/// What a stage would have changed in the tree that it saw, rendered or written. The command line makes a [`Fix`] of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// What it does, as a command.
    pub title: String,
    /// How far it may be trusted.
    pub safety: Safety,
    /// The node, or its key.
    pub at: Span,
    /// What becomes of it.
    pub change: Change,
    /// Why no edit of a file could be made of it.
    pub refused: Option<String>,
}

impl Wish {
    /// Wishes for a change of the node, or of the key, at a place.
    pub fn new(title: impl Into<String>, safety: Safety, at: Span, change: Change) -> Self {
        Self { title: title.into(), safety, at, change, refused: None }
    }
}

/// A change of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The field that `keys` lead to from a map gets a value; maps on the way are made.
    Set {
        /// The keys from the map on, at least one.
        keys: Vec<String>,
        /// The value.
        value: Value,
    },
    /// A list gets one more item.
    Append(Value),
    /// A scalar gets another value, in the same quotes.
    Replace(Value),
    /// A scalar is written so, without quotes: the octal `0644`.
    Write(String),
    /// A plain scalar is put into quotes.
    Quote,
    /// A scalar loses its quotes.
    Unquote,
    /// The key is put into quotes.
    QuoteKey,
    /// The key gets another name.
    Rename(String),
    /// The entry or the item goes, with its comments.
    Delete,
}
