//! Which fields of a live object are ours, by the record that the server keeps of managers.

use serde_json::{Map, Value as Json};

/// The field manager of everything that is applied.
pub(super) const MANAGER: &str = "plimsoll";

/// Gives the fields that an object would have set by us, and that are not ours in the cluster: somebody else changed or
/// took them. Empty where all of them are as they were applied.
///
/// An object that was never applied by us has all of them.
pub(super) fn lost(wanted: &Json, live: &Json) -> Vec<String> {
    let entries = live.pointer("/metadata/managedFields").and_then(Json::as_array);
    let ours = entries.into_iter().flatten().find(|entry| {
        let is = |key: &str, value: &str| entry.get(key).and_then(Json::as_str) == Some(value);
        is("manager", MANAGER) && is("operation", "Apply") && entry.get("subresource").is_none()
    });
    let empty = Json::Object(Map::new());
    let fields = ours.and_then(|entry| entry.get("fieldsV1")).unwrap_or(&empty);
    let mut found = Vec::new();
    let Some(wanted) = wanted.as_object() else { return found };
    for (key, value) in wanted {
        // What names the object belongs to nobody.
        match key.as_str() {
            // Only a controller's own entry has the status, by its subresource.
            "apiVersion" | "kind" | "status" => {}
            "metadata" => {
                let metadata = value.as_object().into_iter().flatten();
                for (key, value) in metadata.filter(|(key, _)| !["name", "namespace"].contains(&key.as_str())) {
                    field(fields.get("f:metadata"), key, value, "metadata", &mut found);
                }
            }
            _ => field(Some(fields), key, value, "", &mut found),
        }
    }
    found
}

/// Follows a field of a map.
fn field(owned: Option<&Json>, key: &str, value: &Json, path: &str, found: &mut Vec<String>) {
    let path = if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    // What is empty is nothing that anybody could own.
    let empty =
        value.is_null() || value.as_object().is_some_and(Map::is_empty) || value.as_array().is_some_and(Vec::is_empty);
    if empty {
        return;
    }
    match owned.and_then(|owned| owned.get(format!("f:{key}"))) {
        None => leaves(value, &path, found),
        Some(owned) => inside(owned, value, &path, found),
    }
}

/// Names the fields below one that nothing is ours of.
fn leaves(value: &Json, path: &str, found: &mut Vec<String>) {
    match value.as_object().filter(|map| !map.is_empty()) {
        Some(map) => map.iter().for_each(|(key, value)| leaves(value, &format!("{path}.{key}"), found)),
        None => found.push(path.to_owned()),
    }
}

/// Compares what we own below a field with what is wanted there. An empty record is that of a leaf, or of a whole.
fn inside(owned: &Json, wanted: &Json, path: &str, found: &mut Vec<String>) {
    let Some(record) = owned.as_object().filter(|record| record.keys().any(|key| key != ".")) else { return };
    match wanted {
        Json::Object(map) => {
            for (key, value) in map {
                field(Some(owned), key, value, path, found);
            }
        }
        Json::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                match find(record, item) {
                    Some(owned) => inside(owned, item, &format!("{path}[{index}]"), found),
                    None => found.push(format!("{path}[{index}]")),
                }
            }
        }
        _ => {}
    }
}

/// Finds the record of a list's item: by its keys, where the defaults that are not written may be any, or by its value.
fn find<'a>(record: &'a Map<String, Json>, item: &Json) -> Option<&'a Json> {
    let by_key = |exact: bool| {
        record.iter().find_map(|(key, owned)| {
            let keys: Json = serde_json::from_str(key.strip_prefix("k:")?).ok()?;
            let fits = |(key, value): (&String, &Json)| match item.get(key) {
                Some(written) => written == value,
                None => !exact,
            };
            keys.as_object()?.iter().all(fits).then_some(owned)
        })
    };
    let by_value = || record.get(&format!("v:{item}"));
    by_key(true).or_else(|| by_key(false)).or_else(by_value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(wanted: &Json, fields: &Json) -> Vec<String> {
        let entry = json!({"manager": "plimsoll", "operation": "Apply", "fieldsV1": fields});
        lost(wanted, &json!({"metadata": {"managedFields": [entry]}}))
    }

    #[test]
    fn lost_fields_are_found() {
        let wanted = json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "a", "namespace": "b", "labels": {"app": "a"}},
            "spec": {
                "replicas": 2,
                "template": {"spec": {"containers": [{"name": "c", "image": "i", "ports": [{"containerPort": 80}], "args": ["x"]}]}},
            },
        });
        let ports = json!({"k:{\"containerPort\":80,\"protocol\":\"TCP\"}": {".": {}, "f:containerPort": {}}});
        let container = json!({".": {}, "f:name": {}, "f:image": {}, "f:args": {}, "f:ports": ports});
        let whole = json!({
            "f:metadata": {"f:labels": {"f:app": {}}},
            "f:spec": {"f:replicas": {}, "f:template": {"f:spec": {"f:containers": {"k:{\"name\":\"c\"}": container}}}},
        });
        assert_eq!(of(&wanted, &whole), Vec::<String>::new());
        let mut without = whole.clone();
        without["f:spec"].as_object_mut().expect("a map").shift_remove("f:replicas");
        assert_eq!(of(&wanted, &without), ["spec.replicas"]);
        let mut without = whole.clone();
        without["f:spec"]["f:template"]["f:spec"]["f:containers"]["k:{\"name\":\"c\"}"]
            .as_object_mut()
            .expect("a map")
            .shift_remove("f:image");
        assert_eq!(of(&wanted, &without), ["spec.template.spec.containers[0].image"]);
        assert_eq!(of(&wanted, &json!({})), ["metadata.labels.app", "spec.replicas", "spec.template.spec.containers"]);
        assert_eq!(lost(&json!({"kind": "A", "data": {"a": "b"}}), &json!({})), ["data.a"]);
    }

    #[test]
    fn sets_of_values_are_found() {
        let fields = json!({"f:metadata": {"f:finalizers": {".": {}, "v:\"a/b\"": {}}}});
        assert_eq!(of(&json!({"metadata": {"finalizers": ["a/b"]}}), &fields), Vec::<String>::new());
        assert_eq!(of(&json!({"metadata": {"finalizers": ["c/d"]}}), &fields), ["metadata.finalizers[0]"]);
    }
}
