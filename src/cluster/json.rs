//! Looks into objects as JSON.

use serde_json::{Map, Value as Json};

/// Gives the text at a pointer; empty where there is none.
pub fn text<'a>(object: &'a Json, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Json::as_str).unwrap_or_default()
}

/// Gives the items of a list; none where there is no list.
pub(super) fn array<'a>(object: &'a Json, pointer: &str) -> &'a [Json] {
    object.pointer(pointer).and_then(Json::as_array).map_or(&[], Vec::as_slice)
}

/// Looks up an annotation of an object.
pub fn annotation<'a>(object: &'a Json, key: &str) -> Option<&'a str> {
    object.pointer("/metadata/annotations")?.get(key)?.as_str()
}

/// Looks up a label of an object.
pub fn label<'a>(object: &'a Json, key: &str) -> Option<&'a str> {
    object.pointer("/metadata/labels")?.get(key)?.as_str()
}

/// Sets a label.
pub fn mark(object: &mut Json, key: &str, value: &str) {
    let Some(object) = object.as_object_mut() else { return };
    let metadata = object.entry("metadata").or_insert_with(|| Json::Object(Map::new()));
    let Some(metadata) = metadata.as_object_mut() else { return };
    let labels = metadata.entry("labels").or_insert_with(|| Json::Object(Map::new()));
    if labels.is_null() {
        *labels = Json::Object(Map::new());
    }
    if let Some(labels) = labels.as_object_mut() {
        labels.insert(key.to_owned(), Json::from(value));
    }
}

/// Splits an `apiVersion` into group and version.
pub fn split(api_version: &str) -> (&str, &str) {
    api_version.split_once('/').unwrap_or(("", api_version))
}
