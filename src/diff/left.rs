//! Fields that a workspace leaves to others, where an object is applied.

use super::change::{Path, Step};
use super::ignore::Ignored;
use super::lists::keyed;
use super::owners::Owners;
use super::read::{Reading, settle};
use super::value::{Content, Value, same_scalar};
use crate::chart::IgnoredField;
use crate::schema::{Identity, SchemaStore, Version};
use crate::yaml::emit::Data;
use serde_json::Value as Json;
use std::sync::Arc;

/// What a workspace leaves to others.
#[derive(Debug)]
pub struct Left {
    /// Its rules.
    pub rules: Vec<IgnoredField>,
    /// The schemas, which say by what the items of lists are told apart.
    pub store: Arc<SchemaStore>,
    /// The version whose schemas hold.
    pub version: Version,
}

impl Left {
    /// Leaves such fields of a live object as they are: what somebody else holds is not sent, so that no conflict comes of it,
    /// and what nobody else holds is sent as it is live, as it would go otherwise.
    pub fn keep(&self, object: &mut Json, live: &Json) {
        let text = |pointer: &str| object.pointer(pointer).and_then(Json::as_str).unwrap_or_default();
        let namespace = Some(text("/metadata/namespace")).filter(|name| !name.is_empty());
        let ignored = Ignored::of(&self.rules, text("/kind"), namespace, text("/metadata/name"));
        if ignored.is_empty() {
            return;
        }
        let reading = Reading { store: &self.store, version: self.version, fill: false };
        let value = settle(Value::of_data(Data::from_json(object)), &reading);
        let mut fields = Vec::new();
        covered(&value, &Path::default(), &ignored, false, &mut fields);
        let owners = Owners::of(live);
        for path in fields {
            let held = find(live, &path.0);
            // Of what is owned as one, nothing is taken out: it is sent as it is live, where the rest is the same.
            match held.filter(|_| !owners.is_others(&path)) {
                None if owners.is_part(&path) => _ = held.map(|held| put(object, &path.0, Some(held))),
                kept => put(object, &path.0, kept),
            }
        }
    }
}

/// Finds the fields that are left, leaf by leaf. What says which object or which item it is stays.
fn covered(value: &Value<'_>, path: &Path, ignored: &Ignored<'_>, inside: bool, fields: &mut Vec<Path>) {
    let inside = inside || ignored.covers(path);
    match &value.content {
        Content::Map(entries) if !entries.is_empty() => {
            for (key, inner) in entries {
                covered(inner, &path.then(Step::Key(key.clone())), ignored, inside, fields);
            }
        }
        Content::List(list) => match &list.identity {
            Identity::Keys(names) if let Some(items) = keyed(list, names) => {
                for (keys, item) in items {
                    covered(item, &path.then(Step::Item(keys)), ignored, inside, fields);
                }
            }
            Identity::Set => {
                for item in &list.items {
                    covered(item, &path.then(Step::Member(item.to_data())), ignored, inside, fields);
                }
            }
            _ if inside => fields.push(path.clone()),
            // A list without keys that is left item by item is left as one.
            _ if !list.items.is_empty()
                && (0..list.items.len()).all(|at| ignored.covers(&path.then(Step::Index(at)))) =>
            {
                fields.push(path.clone());
            }
            _ => {
                for (at, item) in list.items.iter().enumerate() {
                    covered(item, &path.then(Step::Index(at)), ignored, inside, fields);
                }
            }
        },
        _ if inside && !is_name(path) => fields.push(path.clone()),
        _ => {}
    }
}

fn is_name(path: &Path) -> bool {
    match &path.0[..] {
        [Step::Key(key)] => key == "apiVersion" || key == "kind",
        [Step::Key(metadata), Step::Key(key)] => metadata == "metadata" && (key == "name" || key == "namespace"),
        [.., Step::Item(keys), Step::Key(key)] => keys.iter().any(|(name, _)| name == key),
        _ => false,
    }
}

/// Tells whether an item of a list is the one that a step leads to.
fn is_item(item: &Json, step: &Step) -> bool {
    match step {
        Step::Item(keys) => keys.iter().all(|(name, wanted)| {
            let held = item.get(name).map_or(Data::Null, Data::from_json);
            // The server fills in keys that are not written.
            *wanted == Data::Null || same_scalar(&held, wanted)
        }),
        Step::Member(member) => same_scalar(&Data::from_json(item), member),
        Step::Key(_) | Step::Index(_) => false,
    }
}

fn at(list: &[Json], step: &Step) -> Option<usize> {
    match step {
        Step::Index(at) => (*at < list.len()).then_some(*at),
        step => list.iter().position(|item| is_item(item, step)),
    }
}

/// Follows a path.
fn find<'j>(json: &'j Json, path: &[Step]) -> Option<&'j Json> {
    path.iter().try_fold(json, |json, step| match (json, step) {
        (Json::Object(map), Step::Key(key)) => map.get(key),
        (Json::Array(list), step) => list.get(at(list, step)?),
        _ => None,
    })
}

/// Sets a field, or takes it out, with what is empty without it.
fn put(json: &mut Json, path: &[Step], value: Option<&Json>) {
    let Some((step, rest)) = path.split_first() else { return };
    match (json, step) {
        (Json::Object(map), Step::Key(key)) => {
            let Some(inner) = map.get_mut(key) else { return };
            match (rest, value) {
                ([], Some(value)) => *inner = value.clone(),
                ([], None) => _ = map.shift_remove(key),
                (rest, value) => {
                    put(inner, rest, value);
                    let empty = inner.as_object().is_some_and(serde_json::Map::is_empty)
                        || inner.as_array().is_some_and(Vec::is_empty);
                    if empty {
                        map.shift_remove(key);
                    }
                }
            }
        }
        (Json::Array(list), step) => {
            let Some(at) = at(list, step) else { return };
            match (rest, value) {
                ([], Some(value)) => list[at] = value.clone(),
                ([], None) => _ = list.remove(at),
                (rest, value) => put(&mut list[at], rest, value),
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn kept(rules: &[&str], mut object: Json, live: &Json) -> Json {
        let rule = |path: &&str| IgnoredField { path: (*path).to_owned(), ..IgnoredField::default() };
        let left = Left { rules: rules.iter().map(rule).collect(), store: Arc::default(), version: Version::LATEST };
        left.keep(&mut object, live);
        object
    }

    fn deployment(replicas: u32, image: &str) -> Json {
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a", "annotations": {"note": image}}, "spec": {
            "replicas": replicas, "template": {"spec": {"containers": [{"name": "c", "image": image}, {"name": "d", "image": "d"}]}}}})
    }

    #[test]
    fn what_others_hold_is_not_sent_and_what_nobody_holds_stays() {
        let mut live = deployment(5, "new");
        let by = |manager: &str, fields: &Json| json!({"manager": manager, "operation": "Update", "fieldsV1": fields});
        live["metadata"]["managedFields"] = json!([
            by("autoscaler", &json!({"f:spec": {"f:replicas": {}}})),
            by("someone", &json!({"f:metadata": {"f:annotations": {"f:note": {}}}})),
        ]);
        let rules =
            ["spec.replicas", "spec.template.spec.containers[name=c].image", "metadata.annotations", "metadata.name"];
        let sent = kept(&rules, deployment(2, "old"), &live);
        assert_eq!(sent["spec"].get("replicas"), None, "the autoscaler has it");
        assert_eq!(sent["spec"]["template"]["spec"]["containers"][0]["image"], "new", "nobody else has it");
        assert_eq!(sent["metadata"], json!({"name": "a"}), "nothing empty stays");
        assert_eq!(kept(&["spec.x"], deployment(2, "old"), &live), deployment(2, "old"));
    }

    #[test]
    fn what_is_not_live_is_not_sent_and_items_keep_their_keys() {
        let mut live = deployment(5, "new");
        live["spec"]["template"]["spec"]["containers"][0].as_object_mut().expect("a map").shift_remove("image");
        let sent = kept(&["spec.template.spec.containers[name=c]"], deployment(5, "old"), &live);
        assert_eq!(sent["spec"]["template"]["spec"]["containers"][0], json!({"name": "c"}));
        let hook = |bundle: &str| {
            json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration", "metadata": {"name": "a"},
            "webhooks": [{"name": "w.example.com", "clientConfig": {"caBundle": bundle}}]})
        };
        let sent = kept(&["webhooks[*].clientConfig.caBundle"], hook(""), &hook("bGl2ZQ=="));
        assert_eq!(sent, hook("bGl2ZQ=="));
    }

    /// What the server owns as one is sent whole, or not at all.
    #[test]
    fn what_is_owned_as_one_is_not_torn() {
        let pod = |arguments: &[&str], zone: &str, disk: &str| {
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {
                "nodeSelector": {"zone": zone, "disk": disk},
                "containers": [{"name": "c", "args": arguments}]}})
        };
        let mut live = pod(&["x"], "b", "ssd");
        live["metadata"]["managedFields"] = json!([{"manager": "someone", "operation": "Update", "fieldsV1": {"f:spec": {
            "f:nodeSelector": {}, "f:containers": {"k:{\"name\":\"c\"}": {"f:args": {}}}}}}]);
        let rules = ["spec.nodeSelector.zone", "spec.containers[name=c].args[*]"];
        let sent = kept(&rules, pod(&["a", "b", "c"], "a", "ssd"), &live);
        assert_eq!(sent["spec"]["nodeSelector"], json!({"zone": "b", "disk": "ssd"}));
        assert_eq!(sent["spec"]["containers"][0], json!({"name": "c"}), "somebody else has all arguments");
        let one = kept(&["spec.containers[name=c].args[0]"], pod(&["a", "b"], "a", "ssd"), &live);
        assert_eq!(one["spec"]["containers"][0]["args"], json!(["x", "b"]));
    }
}
