//! Edits of YAML that leave every other byte alone.
//!
//! In: a document, the place of one of its nodes and a [`Change`]. Out: a [`Plan`], patches of the text, or the reason why
//! no honest edit exists. Nothing is applied here: where the text was rendered, patches are first carried back.

mod insert;
mod layout;
mod remove;
mod scalar;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use super::emit::{self, Data};
use super::{Document, Entry, Kind, Node};
use crate::diagnostic::{Change, Safety, Wish};
use crate::source::Span;
use std::ops::Range;

/// To which neighbour an insertion belongs, where the two were not written side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// To the text before it.
    Left,
    /// To the text behind it.
    Right,
}

/// A range of bytes of the document's text, and what replaces it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    /// The range; empty to insert.
    pub range: Range<usize>,
    /// The text.
    pub text: String,
    /// The neighbour that an insertion belongs to.
    pub side: Side,
    /// Where a key begins with whose line the new lines share their indentation's beginning.
    pub base: Option<usize>,
}

/// How a change can be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Where what is changed begins: patches of a template must be reached whenever this is.
    pub anchor: usize,
    /// Ways to make it, the best first; each is a list of patches in the order of the text. Where a person wrote the text, the
    /// best is enough.
    pub ways: Vec<Vec<Patch>>,
}

impl Plan {
    fn one(anchor: usize, patches: Vec<Patch>) -> Self {
        Self { anchor, ways: vec![patches] }
    }
}

/// Why a change cannot be made: a lower-case fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal(pub String);

impl Refusal {
    fn new<T>(reason: impl Into<String>) -> Result<T, Self> {
        Err(Self(reason.into()))
    }
}

/// Plans a change of the node at a place: its own range, or that of its key.
pub fn plan(document: &Document, at: Span, change: &Change) -> Result<Plan, Refusal> {
    let Some(node) = find(document.root(), at) else { return Refusal::new("its place is not in the text") };
    change_node(node, change)
}

/// Plans a change of a node.
pub fn change_node(node: Node<'_>, change: &Change) -> Result<Plan, Refusal> {
    if node.is_shared() {
        return Refusal::new("an anchor is there, and aliases use it elsewhere");
    }
    match change {
        Change::Set { keys, value } => insert::set(node, keys, &Data::from_json(value)),
        Change::Append(value) => insert::append(node, &Data::from_json(value)),
        Change::Replace(value) => scalar::replace(node, &Data::from_json(value)),
        Change::Write(text) => scalar::write(node, text),
        Change::Quote => scalar::quote(node),
        Change::Unquote => scalar::unquote(node),
        Change::QuoteKey => match own_entry(node) {
            Some(entry) => scalar::quote(entry.key),
            None => Refusal::new("it has no key"),
        },
        Change::Rename(name) => match own_entry(node) {
            Some(entry) => scalar::replace(entry.key, &Data::String(name.clone())),
            None => Refusal::new("it has no key"),
        },
        Change::Delete => remove::delete(node),
    }
}

/// Longer values are not spelt out in titles.
const SHOWN: usize = 40;

/// Words a change of a node, so that it can be made later.
pub fn wish(node: Node<'_>, change: Change, safety: Safety) -> Wish {
    let entry = own_entry(node);
    let name = || match (entry, node.field("name")) {
        (Some(entry), _) => entry.name().to_owned(),
        (None, Some(name)) => name.text().to_owned(),
        // What may be a secret is not for titles.
        (None, None) => node.parent().and_then(own_entry).map_or("item", |list| list.name()).to_owned(),
    };
    let show = |value: &serde_json::Value| {
        let data = Data::from_json(value);
        let text = emit::scalar(&data, emit::Place::Block).map_or_else(|| emit::flow(&data), Into::into);
        (text.chars().count() <= SHOWN).then_some(text)
    };
    let title = match &change {
        Change::Set { keys, value } => match show(value) {
            Some(value) => format!("set `{}` to `{value}`", keys.join(".")),
            None => format!("write `{}`", keys.join(".")),
        },
        Change::Append(value) => match show(value) {
            Some(value) => format!("add `{value}` to `{}`", name()),
            None => format!("add to `{}`", name()),
        },
        Change::Replace(value) => format!("write `{}` as `{}`", name(), show(value).unwrap_or_else(|| "…".to_owned())),
        Change::Write(text) => format!("write `{}` as `{text}`", name()),
        Change::Quote => format!("put the value of `{}` into quotes", name()),
        Change::Unquote => format!("take the quotes off the value of `{}`", name()),
        Change::QuoteKey => format!("put the key `{}` into quotes", name()),
        Change::Rename(to) => format!("rename `{}` to `{to}`", name()),
        Change::Delete => format!("remove `{}`", name()),
    };
    let of_entry = matches!(change, Change::Rename(_) | Change::Delete | Change::QuoteKey);
    let at = entry.filter(|_| of_entry).map_or(node.span(), |entry| entry.key.span());
    Wish::new(title, safety, at, change)
}

/// Finds the node with a range; the value's, where the range is a key's.
pub fn find(root: Node<'_>, at: Span) -> Option<Node<'_>> {
    let mut node = root;
    loop {
        if node.span() == at {
            return Some(node);
        }
        let holds = |node: &Node<'_>| node.span().start <= at.start && at.end <= node.span().end;
        let own = |entry: &Entry<'_>| entry.key.parent() == Some(node);
        if let Some(entry) = node.entries().filter(own).find(|entry| entry.key.span() == at) {
            return Some(entry.value);
        }
        let values = node.entries().map(|entry| entry.value);
        node = values.chain(node.items()).filter(|child| child.parent() == Some(node)).find(holds)?;
    }
}

/// Gives the entry whose value a node is, where it is written in the node's own map.
fn own_entry(node: Node<'_>) -> Option<Entry<'_>> {
    let parent = node.parent()?;
    parent.entries().find(|entry| entry.value == node && entry.key.parent() == Some(parent))
}

/// Iterates over the entries that are written in a map itself, in the order of the text.
fn own_entries(map: Node<'_>) -> Vec<Entry<'_>> {
    let mut own = Vec::with_capacity(map.entries().len());
    own.extend(map.entries().filter(|entry| entry.key.parent() == Some(map)));
    own.sort_by_key(|entry| entry.key.span().start);
    own
}

/// Gives the first entry that is written in a map itself.
fn first_entry(map: Node<'_>) -> Option<Entry<'_>> {
    map.entries().filter(|entry| entry.key.parent() == Some(map)).min_by_key(|entry| entry.key.span().start)
}

/// Tells whether a map or a list holds nothing.
fn is_empty(node: Node<'_>) -> bool {
    matches!(node.kind(), Kind::Map | Kind::Seq) && node.entries().len() == 0 && node.items().len() == 0
}

/// Applies patches to a text.
pub fn apply(text: &str, patches: &[Patch]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for patch in patches {
        out.push_str(text.get(at..patch.range.start).unwrap_or_default());
        out.push_str(&patch.text);
        at = patch.range.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}
