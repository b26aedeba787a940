//! The objects of a release, as they are sent, and the names that hold for good.

use crate::cluster::{annotation, split, text};
use serde_json::Value as Json;
use std::fmt;

/// Names an object for good: the versions of an API come and go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// The API group; empty for the core.
    pub group: String,
    /// `Deployment`
    pub kind: String,
    /// The namespace; empty for what lives in none.
    pub namespace: String,
    /// `metadata.name`
    pub name: String,
}

impl Key {
    /// Reads the name of an object.
    pub fn of(object: &Json) -> Self {
        let (group, _) = split(text(object, "/apiVersion"));
        Self {
            group: group.to_owned(),
            kind: text(object, "/kind").to_owned(),
            namespace: text(object, "/metadata/namespace").to_owned(),
            name: text(object, "/metadata/name").to_owned(),
        }
    }

    /// Writes the kind as ApplySets do: `Deployment.apps`, `Secret`.
    pub fn group_kind(&self) -> String {
        if self.group.is_empty() { self.kind.clone() } else { format!("{}.{}", self.kind, self.group) }
    }

    /// Tells whether it is of one of the kinds of a group.
    pub fn is(&self, group: &str, kinds: &[&str]) -> bool {
        self.group == group && kinds.contains(&self.kind.as_str())
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.name)
    }
}

/// An object that is to be in the cluster.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Item {
    /// Its name.
    pub key: Key,
    /// The object as it is sent.
    pub object: Json,
    /// Its place among the objects that the caller gave.
    pub source: usize,
}

impl Item {
    /// Makes one of an object.
    pub(super) fn new(object: Json, source: usize) -> Self {
        Self { key: Key::of(&object), object, source }
    }

    /// Looks up an annotation.
    pub(super) fn annotation(&self, key: &str) -> Option<&str> {
        annotation(&self.object, key)
    }
}
