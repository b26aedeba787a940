//! Values as templates see them, and which of them a printed value came from.
//!
//! A string is known again by the address of its text, which passing through variables, loops, macros and `default` does
//! not change. Numbers and booleans have no address: the last one of that value that was read counts.

use crate::chart;
use crate::chart::{ValueData, ValueEntry};
use crate::render::prove::Step;
use crate::source::Span;
use crate::yaml::emit::Data;
use minijinja::Value;
use minijinja::value::{Enumerator, Object, ObjectRepr};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// How many reads are remembered.
const RECENT: usize = 24;

/// Names a node of a chart's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::render) struct Leaf(u32);

#[derive(Debug)]
struct LeafData {
    parent: Option<Leaf>,
    index: usize,
    key: Box<str>,
    /// For scalars other than strings: what must have been printed.
    scalar: Option<Data>,
    /// Where the nodes inside this one end; the first of them comes right behind it.
    end: u32,
}

#[derive(Debug, Default)]
struct Recent {
    /// Newest last.
    reads: Vec<Leaf>,
    /// How many reads came since the last site was printed.
    since: usize,
}

/// All nodes of a chart's values, and what was read of them lately.
#[derive(Debug)]
pub(in crate::render) struct Leaves {
    root: Arc<chart::Value>,
    nodes: Vec<LeafData>,
    by_address: HashMap<usize, Leaf>,
    recent: Mutex<Recent>,
}

impl Object for Leaves {}

impl Leaves {
    /// The variable under which the formatter finds the leaves.
    pub(super) const NAME: &'static str = "__leaves";

    /// Makes the values that templates see.
    pub(super) fn expose(root: &Arc<chart::Value>) -> (Arc<Self>, Value) {
        let mut builder = Builder { nodes: Vec::new(), by_address: HashMap::new() };
        let shape = builder.add(root, None, 0, "");
        let leaves = Arc::new(Self {
            root: Arc::clone(root),
            nodes: builder.nodes,
            by_address: builder.by_address,
            recent: Mutex::default(),
        });
        let value = shape.expose(&leaves);
        (leaves, value)
    }

    fn read(&self, leaf: Leaf) {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if recent.reads.len() >= RECENT * 2 {
            recent.reads.drain(..RECENT);
        }
        recent.reads.push(leaf);
        recent.since += 1;
    }

    /// Finds the node that a printed value came from, or that was read last to make it.
    pub(super) fn fed(&self, value: &Value, data: &Data) -> Option<Leaf> {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let since = std::mem::take(&mut recent.since);
        if let Some(leaf) = value.as_str().and_then(|text| self.by_address.get(&text.as_ptr().addr())) {
            return Some(*leaf);
        }
        if let Some(map) = value.downcast_object_ref::<Map>() {
            return Some(map.leaf);
        }
        if let Some(list) = value.downcast_object_ref::<List>() {
            return Some(list.leaf);
        }
        let newest = || recent.reads.iter().rev();
        let same = newest().find(|leaf| self.nodes[leaf.0 as usize].scalar.as_ref() == Some(data));
        // Text made of values (`a ~ b`, `a|upper`): the last one read for it.
        let made = newest().take(since).find(|leaf| {
            !matches!(self.value(**leaf).map(|value| &value.data), None | Some(ValueData::Map(_) | ValueData::Seq(_)))
        });
        same.or(made).copied()
    }

    /// Gives a number as a person wrote it, if one of this value was read lately.
    pub(super) fn written(&self, data: &Data) -> Option<String> {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let same = recent.reads.iter().rev().find(|leaf| self.nodes[leaf.0 as usize].scalar.as_ref() == Some(data));
        Some(self.value(*same?)?.place.as_ref()?.written.as_deref()?.to_owned())
    }

    /// Gives a node nested in another.
    pub(super) fn child(&self, leaf: Leaf, step: &Step) -> Option<Leaf> {
        let end = self.nodes.get(leaf.0 as usize)?.end;
        let inside = |at: u32| (at < end).then_some(at);
        let mut children =
            std::iter::successors(inside(leaf.0 + 1), |at| inside(self.nodes.get(*at as usize)?.end)).map(Leaf);
        children.find(|child| {
            self.nodes.get(child.0 as usize).is_some_and(|node| match step {
                Step::Key(key) => &*node.key == key.as_str(),
                Step::Index(index) => node.index == *index && node.key.is_empty(),
            })
        })
    }

    /// Gives a node.
    pub(in crate::render) fn value(&self, leaf: Leaf) -> Option<&chart::Value> {
        let node = self.nodes.get(leaf.0 as usize)?;
        let Some(parent) = node.parent else { return Some(&self.root) };
        match &self.value(parent)?.data {
            ValueData::Map(entries) => entries.get(node.index).map(|entry| &entry.value),
            ValueData::Seq(items) => items.get(node.index),
            _ => None,
        }
    }

    /// Gives where to edit a node: at its key, where it has one in the same file, else at its value.
    pub(in crate::render) fn place(&self, leaf: Leaf) -> Option<Span> {
        let span = self.value(leaf)?.place.as_ref()?.span;
        let node = self.nodes.get(leaf.0 as usize)?;
        let key = match node.parent.and_then(|parent| self.value(parent)).map(|parent| &parent.data) {
            Some(ValueData::Map(entries)) => entries.get(node.index).and_then(|entry| entry.key_span),
            _ => None,
        };
        Some(key.filter(|key| key.file == span.file).unwrap_or(span))
    }

    /// Gives the dotted key of a node: `web.hosts[0]`.
    pub(in crate::render) fn key(&self, leaf: Leaf) -> String {
        let Some(node) = self.nodes.get(leaf.0 as usize) else { return String::new() };
        let Some(parent) = node.parent else { return String::new() };
        let mut key = self.key(parent);
        let step =
            if node.key.is_empty() { crate::yaml::Step::Index(node.index) } else { crate::yaml::Step::Key(&node.key) };
        step.push_to(&mut key);
        key
    }
}

struct Builder {
    nodes: Vec<LeafData>,
    by_address: HashMap<usize, Leaf>,
}

/// A node on its way to become a template's value.
enum Shape {
    Scalar(Value),
    Seq(Leaf, Vec<(Leaf, Shape)>),
    Map(Leaf, Vec<(Arc<str>, Leaf, Shape)>),
}

impl Builder {
    fn add(&mut self, value: &chart::Value, parent: Option<Leaf>, index: usize, key: &str) -> Shape {
        let leaf = Leaf(self.nodes.len() as u32);
        let (value, scalar) = match &value.data {
            ValueData::Null => (Value::from(()), Some(Data::Null)),
            ValueData::Bool(value) => (Value::from(*value), Some(Data::Bool(*value))),
            ValueData::Int(value) => (Value::from(*value), Some(Data::Int(*value))),
            ValueData::UInt(value) => (Value::from(*value), Some(Data::UInt(*value))),
            ValueData::Float(value) => (Value::from(*value), Some(Data::Float(*value))),
            ValueData::String(text) => {
                // The empty text may share its address with others.
                if !text.is_empty() {
                    self.by_address.insert(text.as_ptr().addr(), leaf);
                }
                (Value::from(Arc::clone(text)), None)
            }
            ValueData::Seq(items) => {
                self.push(parent, index, key, None);
                let items = items.iter().enumerate().map(|(index, item)| {
                    let child = Leaf(self.nodes.len() as u32);
                    (child, self.add(item, Some(leaf), index, ""))
                });
                let items = items.collect();
                self.close(leaf);
                return Shape::Seq(leaf, items);
            }
            ValueData::Map(entries) => {
                self.push(parent, index, key, None);
                let entries = entries.iter().enumerate().map(|(index, ValueEntry { key, value, .. })| {
                    let child = Leaf(self.nodes.len() as u32);
                    self.by_address.insert(key.as_ptr().addr(), child);
                    (Arc::clone(key), child, self.add(value, Some(leaf), index, key))
                });
                let entries = entries.collect();
                self.close(leaf);
                return Shape::Map(leaf, entries);
            }
        };
        self.push(parent, index, key, scalar);
        Shape::Scalar(value)
    }

    fn push(&mut self, parent: Option<Leaf>, index: usize, key: &str, scalar: Option<Data>) {
        let end = self.nodes.len() as u32 + 1;
        self.nodes.push(LeafData { parent, index, key: key.into(), scalar, end });
    }

    /// Ends a list or a map, whose nodes have all been added.
    fn close(&mut self, leaf: Leaf) {
        let end = self.nodes.len() as u32;
        if let Some(node) = self.nodes.get_mut(leaf.0 as usize) {
            node.end = end;
        }
    }
}

impl Shape {
    fn expose(self, leaves: &Arc<Leaves>) -> Value {
        match self {
            Self::Scalar(value) => value,
            Self::Seq(leaf, items) => {
                let items = items.into_iter().map(|(leaf, item)| (leaf, item.expose(leaves))).collect();
                Value::from_object(List { leaf, items, leaves: Arc::clone(leaves) })
            }
            Self::Map(leaf, entries) => {
                let entries = entries.into_iter().map(|(key, leaf, item)| (key, leaf, item.expose(leaves))).collect();
                Value::from_object(Map { leaf, entries, leaves: Arc::clone(leaves) })
            }
        }
    }
}

#[derive(Debug)]
struct List {
    leaf: Leaf,
    items: Vec<(Leaf, Value)>,
    leaves: Arc<Leaves>,
}

impl Object for List {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let (leaf, value) = self.items.get(key.as_usize()?)?;
        self.leaves.read(*leaf);
        Some(value.clone())
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Seq(self.items.len())
    }
}

#[derive(Debug)]
struct Map {
    leaf: Leaf,
    entries: Vec<(Arc<str>, Leaf, Value)>,
    leaves: Arc<Leaves>,
}

impl Object for Map {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        let (_, leaf, value) = self.entries.iter().find(|(known, ..)| &**known == key)?;
        self.leaves.read(*leaf);
        Some(value.clone())
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.entries.iter().map(|(key, ..)| Value::from(Arc::clone(key))).collect())
    }
}
