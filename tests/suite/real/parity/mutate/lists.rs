//! Items that stand twice, wholly or nearly.

use super::super::edit::Edit;
use super::Mutation;
use super::place::Place;
use serde_json::{Value, json};

pub(super) fn mutate(place: &Place<'_>, all: &mut Vec<Mutation>) {
    let Value::Array(items) = place.value else { return };
    for item in items {
        let mut push = |item: Value| all.push(Mutation::new("duplicate", Edit::Push(place.path.clone(), item)));
        push(item.clone());
        let Value::Object(map) = item else { continue };
        for (key, value) in map {
            let mut changed = map.clone();
            match value {
                Value::String(text) => _ = changed.insert(key.clone(), json!(format!("{text}2"))),
                Value::Number(number) => _ = changed.insert(key.clone(), json!(number.as_i64().unwrap_or(0) + 1)),
                Value::Bool(value) => _ = changed.insert(key.clone(), json!(!value)),
                _ => _ = changed.shift_remove(key),
            }
            push(changed.into());
        }
    }
}
