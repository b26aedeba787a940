//! What a run did.

use super::explain::Stuck;
use super::item::Key;
use super::mask::Mask;
use super::prepare::Refusal;
use crate::cluster::text;
use serde_json::Value as Json;

/// What became of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// It was not there.
    Created,
    /// It was there, and is different now.
    Changed,
    /// It is as it was.
    Unchanged,
    /// It is gone.
    Deleted,
    /// It is not wanted any more, and stays all the same.
    Kept,
    /// It ran as a hook.
    Ran,
}

impl Deed {
    /// Gives the word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Changed => "changed",
            Self::Unchanged => "unchanged",
            Self::Deleted => "deleted",
            Self::Kept => "kept",
            Self::Ran => "ran",
        }
    }
}

/// An object, and what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Action {
    /// Its `apiVersion`.
    pub api_version: String,
    /// The object.
    pub key: Key,
    /// What became of it.
    pub deed: Deed,
    /// Why; empty where there is nothing to say.
    pub note: String,
}

impl Action {
    pub(super) fn new(object: &Json, deed: Deed) -> Self {
        Self { api_version: text(object, "/apiVersion").to_owned(), key: Key::of(object), deed, note: String::new() }
    }

    /// Says it in one line.
    pub fn words(&self) -> String {
        let note = if self.note.is_empty() { String::new() } else { format!(" ({})", self.note) };
        format!("{} {}{note}", self.deed.name(), self.key)
    }
}

/// What a run did to a release.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The release.
    pub release: String,
    /// Its namespace.
    pub namespace: String,
    /// The revision that is there now, or was tried.
    pub revision: Option<u32>,
    /// What became of each object.
    pub actions: Vec<Action>,
    /// Objects that are refused.
    pub refused: Vec<Refusal>,
    /// Objects that do not get ready.
    pub stuck: Vec<Stuck>,
    /// What else went wrong, and where things stand; in words that may quote anything.
    pub trouble: Vec<String>,
    /// Nothing had to be done.
    pub nothing_to_do: bool,
    /// Requests that read, and that wrote.
    pub requests: (u64, u64),
}

impl Report {
    /// Tells whether it came to a good end.
    pub fn is_good(&self) -> bool {
        self.refused.is_empty() && self.stuck.is_empty() && self.trouble.is_empty()
    }

    /// Keeps the values of Secrets out of it.
    pub(super) fn hide(&mut self, mask: &Mask) {
        let hide = |text: &mut String| *text = mask.hide(text);
        self.refused.iter_mut().for_each(|refusal| hide(&mut refusal.message));
        for stuck in &mut self.stuck {
            hide(&mut stuck.reason);
            stuck.details.iter_mut().for_each(hide);
        }
        self.trouble.iter_mut().for_each(hide);
    }

    /// Counts objects by what became of them.
    pub fn count(&self, deed: Deed) -> usize {
        self.actions.iter().filter(|action| action.deed == deed).count()
    }
}
