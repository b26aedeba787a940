//! Fields that are missing, unknown, empty, or of another type.

use super::super::edit::{Edit, below};
use super::Mutation;
use super::place::Place;
use serde_json::{Value, json};

pub(super) fn mutate(place: &Place<'_>, all: &mut Vec<Mutation>) {
    if !place.path.is_empty() {
        all.push(Mutation::new("drop", Edit::Remove(place.path.clone())));
        let mut set = |class, value: Value| {
            if value != *place.value {
                all.push(Mutation::new(class, Edit::Set(place.path.clone(), value)));
            }
        };
        for other in other_types(place.value) {
            set("wrong-type", other);
        }
        set("empty", Value::Null);
        match place.value {
            Value::Object(_) => set("empty", json!({})),
            Value::Array(_) => {
                set("empty", json!([]));
                set("empty", json!([null]));
                set("empty", json!([{}]));
            }
            Value::String(_) => set("empty", json!("")),
            _ => {}
        }
    }
    let Value::Object(map) = place.value else { return };
    if place.is_free_map() {
        all.push(Mutation::new("empty", Edit::Set(below(&place.path, "added"), Value::Null)));
        return;
    }
    all.push(Mutation::new("unknown-field", Edit::Set(below(&place.path, "unknownField"), json!("x"))));
    for (key, value) in map {
        for slip in slips(key) {
            let edits =
                vec![Edit::Remove(below(&place.path, key)), Edit::Set(below(&place.path, &slip), value.clone())];
            if !place.path.is_empty() || !["apiVersion", "kind", "metadata"].contains(&key.as_str()) {
                all.push(Mutation { class: "unknown-field", edits });
            }
        }
        // A field that belongs one level higher.
        if let Value::Object(inner) = value {
            for (lower, moved) in inner {
                if !map.contains_key(lower) {
                    all.push(Mutation::new("unknown-field", Edit::Set(below(&place.path, lower), moved.clone())));
                }
            }
        }
    }
}

fn slips(key: &str) -> Vec<String> {
    let mut slips = vec![format!("{key}s"), key[..key.len() - 1].to_owned()];
    let mut letters = key.chars();
    if let Some(first) = letters.next() {
        slips.push(first.to_uppercase().chain(letters).collect());
    }
    slips.retain(|slip| !slip.is_empty());
    slips
}

fn other_types(value: &Value) -> Vec<Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Bool(value) => vec![json!(value.to_string()), json!(1), json!({})],
        Value::Number(number) => {
            vec![json!("text"), json!(number.to_string()), json!(1.5), json!(true), json!({}), json!([number])]
        }
        Value::String(text) => vec![json!(1), json!(true), json!([text]), json!({}), json!(1.5)],
        Value::Array(items) => {
            let mut others = vec![json!("text"), json!({}), json!(1)];
            others.extend(items.first().cloned());
            others.push(items.iter().map(|item| json!([item])).collect());
            others
        }
        Value::Object(map) => {
            let keys = map.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
            vec![json!("text"), json!([value]), json!(true), keys]
        }
    }
}
