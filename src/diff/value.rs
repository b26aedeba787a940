//! An object as the server would keep it, every value with the place where it was written.

use super::lists::align;
use crate::object::Fill;
use crate::schema::{Amount, Identity};
use crate::yaml::emit::Data;
use crate::yaml::{Kind, Node, float_text};

/// A value: written, or filled in.
#[derive(Clone, Debug)]
pub struct Value<'d> {
    /// Where it was written; none where it was filled in.
    pub node: Option<Node<'d>>,
    /// What it holds.
    pub content: Content<'d>,
}

/// What a value holds.
#[derive(Clone, Debug)]
pub enum Content<'d> {
    /// A scalar, with its amount where it is a quantity.
    Scalar(Data, Option<Amount>),
    /// A list.
    List(List<'d>),
    /// A map; the order of its keys means nothing.
    Map(Vec<(String, Value<'d>)>),
}

/// A list.
#[derive(Clone, Debug)]
pub struct List<'d> {
    /// Its items.
    pub items: Vec<Value<'d>>,
    /// How they are told apart.
    pub identity: Identity,
}

impl<'d> Value<'d> {
    /// Reads a node as it stands.
    pub fn of_node(node: Node<'d>) -> Self {
        let content = match node.kind() {
            Kind::Seq => {
                Content::List(List { items: node.items().map(Self::of_node).collect(), identity: Identity::Atomic })
            }
            Kind::Map => {
                let mut entries: Vec<(String, Self)> = Vec::new();
                for entry in node.entries() {
                    // What is merged in by `<<` stands last, and yields.
                    if !entries.iter().any(|(known, _)| known == entry.name()) {
                        entries.push((entry.name().to_owned(), Self::of_node(entry.value)));
                    }
                }
                Content::Map(entries)
            }
            _ => Content::Scalar(Data::from_node(node), None),
        };
        Self { node: Some(node), content }
    }

    /// Makes a value that nobody wrote.
    pub fn of_data(data: Data) -> Self {
        let content = match data {
            Data::Seq(items) => Content::List(List {
                items: items.into_iter().map(Self::of_data).collect(),
                identity: Identity::Atomic,
            }),
            Data::Map(entries) => {
                Content::Map(entries.into_iter().map(|(key, value)| (key, Self::of_data(value))).collect())
            }
            scalar => Content::Scalar(scalar, None),
        };
        Self { node: None, content }
    }

    /// Gives the data.
    pub fn to_data(&self) -> Data {
        match &self.content {
            Content::Scalar(data, _) => data.clone(),
            Content::List(list) => Data::Seq(list.items.iter().map(Self::to_data).collect()),
            Content::Map(entries) => {
                Data::Map(entries.iter().map(|(key, value)| (key.clone(), value.to_data())).collect())
            }
        }
    }

    /// Finds a map's value.
    pub fn get(&self, key: &str) -> Option<&Self> {
        match &self.content {
            Content::Map(entries) => entries.iter().find(|(known, _)| known == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// Follows keys from map to map.
    pub fn at(&self, keys: &[&str]) -> Option<&Self> {
        keys.iter().try_fold(self, |value, key| value.get(key))
    }

    /// Gives a map's entries.
    pub fn entries_mut(&mut self) -> Option<&mut Vec<(String, Self)>> {
        match &mut self.content {
            Content::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// Gives the text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match &self.content {
            Content::Scalar(Data::String(text), _) => Some(text),
            _ => None,
        }
    }

    /// Tells whether it is null.
    pub fn is_null(&self) -> bool {
        matches!(self.content, Content::Scalar(Data::Null, _))
    }

    /// Tells whether it is an empty list or map.
    pub fn is_empty(&self) -> bool {
        match &self.content {
            Content::List(list) => list.items.is_empty(),
            Content::Map(entries) => entries.is_empty(),
            Content::Scalar(..) => false,
        }
    }

    /// Writes quantities as the server gives them back.
    pub(super) fn canonical(&mut self) {
        match &mut self.content {
            Content::Scalar(Data::String(text), Some(_)) => {
                if let Some(canonical) = Amount::canonical(text) {
                    *text = canonical;
                }
            }
            Content::Scalar(..) => {}
            Content::List(list) => list.items.iter_mut().for_each(Self::canonical),
            Content::Map(entries) => entries.iter_mut().for_each(|(_, value)| value.canonical()),
        }
    }

    /// Tells whether the server would not tell the two apart.
    pub fn same(&self, other: &Self) -> bool {
        match (&self.content, &other.content) {
            (Content::Scalar(_, Some(one)), Content::Scalar(_, Some(two))) => one == two,
            (Content::Scalar(one, _), Content::Scalar(two, _)) => same_scalar(one, two),
            (Content::List(one), Content::List(two)) => align(one, two).is_same(),
            (Content::Map(one), Content::Map(two)) => {
                one.len() == two.len()
                    && one.iter().all(|(key, value)| {
                        two.iter().find(|(other, _)| other == key).is_some_and(|(_, other)| value.same(other))
                    })
            }
            _ => false,
        }
    }
}

/// Compares scalars: numbers by their value.
pub(super) fn same_scalar(one: &Data, two: &Data) -> bool {
    match (one, two) {
        (Data::Float(float), Data::Int(whole)) | (Data::Int(whole), Data::Float(float)) => {
            float_text(*float) == whole.to_string()
        }
        _ => one == two,
    }
}

impl Fill for Value<'_> {
    fn field(&mut self, name: &str) -> Option<&mut Self> {
        let entries = self.entries_mut()?;
        entries.iter_mut().find(|(key, value)| key == name && !value.is_null()).map(|(_, value)| value)
    }

    fn items(&mut self) -> Vec<&mut Self> {
        match &mut self.content {
            Content::List(list) => list.items.iter_mut().collect(),
            _ => Vec::new(),
        }
    }

    fn text(&self) -> Option<String> {
        match &self.content {
            Content::Scalar(data, _) => data.text(),
            _ => None,
        }
    }

    fn fill(&mut self, name: &str, value: Data) {
        let Some(entries) = self.entries_mut() else { return };
        match entries.iter_mut().find(|(key, _)| key == name) {
            Some((_, held)) if held.is_null() => *held = Value::of_data(value),
            Some(_) => {}
            None => entries.push((name.to_owned(), Value::of_data(value))),
        }
    }

    fn clear(&mut self, name: &str) {
        if let Some(entries) = self.entries_mut() {
            entries.retain(|(key, _)| key != name);
        }
    }

    fn data(&self) -> Data {
        self.to_data()
    }
}
