//! Makes mutants: valid objects with one thing changed, which may be wrong or not.
//!
//! A mutation is known by its edits; nothing here knows what the server will say.

mod contradiction;
mod lists;
mod numbers;
mod place;
mod shape;
mod text;

use super::corpus::{Base, Corpus};
use super::edit::{Edit, show};
use place::{Pool, walk};
use plimsoll::schema::{Lookup, Version};
use serde_json::Value;

/// The classes of mutations, as weights and figures name them.
pub(super) const CLASSES: [&str; 11] = [
    "drop",
    "wrong-type",
    "unknown-field",
    "out-of-range",
    "bad-name",
    "bad-key",
    "bad-text",
    "duplicate",
    "contradiction",
    "wrong-reference",
    "empty",
];

/// A change to a base object.
#[derive(Clone, Debug)]
pub(super) struct Mutation {
    pub(super) class: &'static str,
    pub(super) edits: Vec<Edit>,
}

impl Mutation {
    fn new(class: &'static str, edit: Edit) -> Self {
        Self { class, edits: vec![edit] }
    }

    /// Gives the object with the change.
    pub(super) fn apply(&self, base: &Value) -> Value {
        let mut object = base.clone();
        self.edits.iter().for_each(|edit| edit.apply(&mut object));
        object
    }
}

impl std::fmt::Display for Mutation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let cut = |value: &Value| value.to_string().chars().take(100).collect::<String>();
        let edits = self.edits.iter().map(|edit| match edit {
            Edit::Set(path, value) => format!("set {} to {}", show(path), cut(value)),
            Edit::Remove(path) => format!("remove {}", show(path)),
            Edit::Push(path, value) => format!("add to {} the item {}", show(path), cut(value)),
        });
        write!(f, "{}: {}", self.class, edits.collect::<Vec<_>>().join(", "))
    }
}

/// Makes mutants of the objects of a corpus.
pub(super) struct Mutator<'c> {
    corpus: &'c Corpus,
    version: Version,
    pool: Pool,
}

impl<'c> Mutator<'c> {
    /// Learns from all objects which values stand where.
    pub(super) fn new(corpus: &'c Corpus, version: Version) -> Self {
        let mut pool = Pool::default();
        for base in &corpus.bases {
            if let Some(schema) = schema(corpus, version, &base.object) {
                walk(&corpus.store, version, schema, &base.object, &mut |place| pool.learn(place));
            }
        }
        Self { corpus, version, pool }
    }

    /// Gives every mutation of an object.
    pub(super) fn mutations(&self, base: &Base) -> Vec<Mutation> {
        let mut all = Vec::new();
        let Some(schema) = schema(self.corpus, self.version, &base.object) else { return all };
        let fixed = [vec![key("apiVersion")], vec![key("kind")]];
        let names = text::Repeated::count(&base.object);
        walk(&self.corpus.store, self.version, schema, &base.object, &mut |place| {
            // What kind it is and where it lives make up the request; a client says what is wrong with them.
            if fixed.contains(&place.path) {
                return;
            }
            shape::mutate(place, &mut all);
            numbers::mutate(place, &mut all);
            text::mutate(place, &names, &mut all);
            lists::mutate(place, &mut all);
            contradiction::mutate(place, &self.pool, &self.corpus.store, self.version, &mut all);
        });
        let namespace = [key("metadata"), key("namespace")];
        all.retain(|mutation| mutation.edits.iter().all(|edit| edit.path() != namespace));
        all
    }
}

fn key(name: &str) -> super::edit::Step {
    super::edit::Step::Key(name.to_owned())
}

fn schema<'c>(corpus: &'c Corpus, version: Version, object: &Value) -> Option<&'c plimsoll::schema::Schema> {
    match corpus.store.lookup(version, object["apiVersion"].as_str()?, object["kind"].as_str()?) {
        Lookup::Served(found) | Lookup::NotServedByDefault { found, .. } => Some(found.schema),
        Lookup::Missing(_) => None,
    }
}
