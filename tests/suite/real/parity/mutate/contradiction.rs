//! Fields that may not stand together, and values that do not go with the others.

use super::super::edit::{Edit, below};
use super::Mutation;
use super::place::{Place, Pool, plausible};
use plimsoll::schema::{SchemaStore, Shape, Version};
use serde_json::{Value, json};

/// As many values are tried for a field that is not there.
const TRIED: usize = 3;

pub(super) fn mutate(place: &Place<'_>, pool: &Pool, store: &SchemaStore, version: Version, all: &mut Vec<Mutation>) {
    if let (Some(parent), Some(key)) = (place.parent, place.key()) {
        for value in instead(place, pool.values(parent, key)) {
            all.push(Mutation::new("contradiction", Edit::Set(place.path.clone(), value)));
        }
    }
    let (Some(schema), Value::Object(map)) = (place.schema, place.value) else { return };
    let Shape::Object(object) = &schema.shape else { return };
    for field in object.fields.iter().filter(|field| !map.contains_key(field.name.as_ref())) {
        if place.path.is_empty() && field.name == "status" {
            continue;
        }
        let known = pool.values(schema, &field.name);
        let made_up = if known.len() < TRIED { plausible(store, version, &field.schema, 5) } else { None };
        for value in known.iter().take(TRIED).cloned().chain(made_up) {
            all.push(Mutation::new("contradiction", Edit::Set(below(&place.path, &field.name), value)));
        }
    }
}

/// Gives valid values that could stand in the place of a scalar.
fn instead(place: &Place<'_>, known: &[Value]) -> Vec<Value> {
    let mut values: Vec<Value> = match place.value {
        Value::Bool(value) => vec![json!(!value)],
        Value::String(_) => known.iter().filter(|value| !value.is_object() && !value.is_array()).cloned().collect(),
        _ => Vec::new(),
    };
    if let Some(Shape::String(text)) = place.schema.map(|schema| &schema.shape) {
        values.extend(text.values.iter().map(|value| json!(value)));
    }
    values.retain(|value| value != place.value);
    values
}
