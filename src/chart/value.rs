//! Values that remember where they came from.

use crate::source::Span;
use crate::yaml::emit::Data;
use std::sync::Arc;

/// A value of a chart: data, and the place that supplied it.
#[derive(Clone, Debug)]
pub struct Value {
    /// The data.
    pub data: ValueData,
    /// Where it was written; none for what Plimsoll itself supplies.
    pub place: Option<Place>,
}

/// What a value holds.
#[derive(Clone, Debug)]
pub enum ValueData {
    /// Null.
    Null,
    /// A boolean.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A whole number over [`i64::MAX`].
    UInt(u64),
    /// Any other number.
    Float(f64),
    /// Text.
    String(Arc<str>),
    /// A list.
    Seq(Vec<Value>),
    /// A map, in the order of writing.
    Map(Vec<ValueEntry>),
}

/// An entry of a map of values.
#[derive(Clone, Debug)]
pub struct ValueEntry {
    /// The key.
    pub key: Arc<str>,
    /// Where the key was written last.
    pub key_span: Option<Span>,
    /// The value.
    pub value: Value,
}

/// Where a value was written.
#[derive(Clone, Debug)]
pub struct Place {
    /// The value in its file, or in the text of a flag.
    pub span: Span,
    /// A number or a boolean as written, where that is not how it would be printed (`1.10`, `0644`, `on`).
    pub written: Option<Box<str>>,
    /// What it overrode, the nearest first.
    pub overrode: Vec<Span>,
}

impl Value {
    /// Makes a value that no person wrote.
    pub fn supplied(data: ValueData) -> Self {
        Self { data, place: None }
    }

    /// Looks up a key of a map.
    pub fn get(&self, key: &str) -> Option<&Self> {
        match &self.data {
            ValueData::Map(entries) => entries.iter().find(|entry| &*entry.key == key).map(|entry| &entry.value),
            _ => None,
        }
    }

    /// Looks up a key of a map, to change its value.
    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut Self> {
        match &mut self.data {
            ValueData::Map(entries) => {
                entries.iter_mut().find(|entry| &*entry.key == key).map(|entry| &mut entry.value)
            }
            _ => None,
        }
    }

    /// Gives the text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match &self.data {
            ValueData::String(text) => Some(text),
            _ => None,
        }
    }

    /// Gives the data without places.
    pub fn to_data(&self) -> Data {
        match &self.data {
            ValueData::Null => Data::Null,
            ValueData::Bool(value) => Data::Bool(*value),
            ValueData::Int(value) => Data::Int(*value),
            ValueData::UInt(value) => Data::UInt(*value),
            ValueData::Float(value) => Data::Float(*value),
            ValueData::String(text) => Data::String(text.to_string()),
            ValueData::Seq(items) => Data::Seq(items.iter().map(Self::to_data).collect()),
            ValueData::Map(entries) => {
                Data::Map(entries.iter().map(|entry| (entry.key.to_string(), entry.value.to_data())).collect())
            }
        }
    }
}
