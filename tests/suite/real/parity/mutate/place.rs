//! Walks an object together with its schema.

use super::super::edit::{Path, below, item_of};
use plimsoll::schema::{Format, Schema, SchemaStore, Shape, Version};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// A value in an object, and what its schema says.
pub(super) struct Place<'v> {
    pub(super) path: Path,
    pub(super) value: &'v Value,
    /// Resolved; none below values that may be anything.
    pub(super) schema: Option<&'v Schema>,
    /// The resolved schema of the map that holds it, where it has known fields.
    pub(super) parent: Option<&'v Schema>,
}

impl Place<'_> {
    /// Tells whether the value is a map whose keys a person chooses.
    pub(super) fn is_free_map(&self) -> bool {
        matches!(self.schema.map(|schema| &schema.shape), Some(Shape::Map(_))) && self.value.is_object()
    }

    /// The key under which the value stands.
    pub(super) fn key(&self) -> Option<&str> {
        match self.path.last() {
            Some(super::super::edit::Step::Key(key)) => Some(key),
            _ => None,
        }
    }
}

/// Visits every value of an object.
pub(super) fn walk<'v>(
    store: &'v SchemaStore,
    version: Version,
    schema: &'v Schema,
    value: &'v Value,
    visit: &mut impl FnMut(&Place<'v>),
) {
    let place = Place { path: Vec::new(), value, schema: Some(store.resolve(version, schema)), parent: None };
    descend(store, version, &place, visit);
}

fn descend<'v>(store: &'v SchemaStore, version: Version, place: &Place<'v>, visit: &mut impl FnMut(&Place<'v>)) {
    visit(place);
    let shape = place.schema.map(|schema| &schema.shape);
    let resolve = |schema: &'v Schema| store.resolve(version, schema);
    match place.value {
        Value::Object(map) => {
            for (key, value) in map {
                let (schema, parent) = match shape {
                    Some(Shape::Object(object)) => {
                        (object.field(key).map(|field| resolve(&field.schema)), place.schema)
                    }
                    Some(Shape::Map(values)) => (Some(resolve(values)), None),
                    _ => (None, None),
                };
                descend(store, version, &Place { path: below(&place.path, key), value, schema, parent }, visit);
            }
        }
        Value::Array(items) => {
            let schema = match shape {
                Some(Shape::List(list)) => Some(resolve(&list.items)),
                _ => None,
            };
            for (index, value) in items.iter().enumerate() {
                let path = item_of(&place.path, index);
                descend(store, version, &Place { path, value, schema, parent: None }, visit);
            }
        }
        _ => {}
    }
}

/// The values that stand in a field anywhere in the corpus.
#[derive(Default)]
pub(super) struct Pool(HashMap<(usize, String), Vec<Value>>);

/// As many values of a field are kept.
const KEPT: usize = 12;

impl Pool {
    pub(super) fn learn(&mut self, place: &Place<'_>) {
        let (Some(parent), Some(key)) = (place.parent, place.key()) else { return };
        let values = self.0.entry((address(parent), key.to_owned())).or_default();
        if values.len() < KEPT && !values.contains(place.value) {
            values.push(place.value.clone());
        }
    }

    /// Gives the values of a field of the map that a schema describes.
    pub(super) fn values(&self, parent: &Schema, field: &str) -> &[Value] {
        self.0.get(&(address(parent), field.to_owned())).map_or(&[], Vec::as_slice)
    }
}

/// Tells definitions apart: each is decoded once.
fn address(schema: &Schema) -> usize {
    std::ptr::from_ref(schema).addr()
}

/// Makes up a value that fits a schema: as little as its required fields allow.
pub(super) fn plausible(store: &SchemaStore, version: Version, schema: &Schema, depth: usize) -> Option<Value> {
    let schema = store.resolve(version, schema);
    Some(match &schema.shape {
        Shape::Any | Shape::Reference(_) => json!({}),
        Shape::Object(object) => {
            let depth = depth.checked_sub(1)?;
            let mut map = Map::new();
            for field in object.fields.iter().filter(|field| field.required) {
                map.insert(field.name.to_string(), plausible(store, version, &field.schema, depth)?);
            }
            map.into()
        }
        Shape::Map(values) => json!({"a": plausible(store, version, values, depth.checked_sub(1)?)?}),
        Shape::List(list) => json!([plausible(store, version, &list.items, depth.checked_sub(1)?)?]),
        Shape::String(text) if !text.values.is_empty() => json!(text.values[0]),
        Shape::String(text) => match text.format {
            Format::Plain => json!("a"),
            Format::Byte => json!("aGk="),
            Format::DateTime => json!("2026-01-02T03:04:05Z"),
            Format::MicroTime => json!("2026-01-02T03:04:05.000000Z"),
        },
        Shape::Integer { .. } | Shape::Number | Shape::IntOrString => json!(1),
        Shape::Boolean => json!(true),
        Shape::Quantity => json!("1"),
    })
}
