//! From the objects that are wanted to what is sent: namespaces, hooks, waves; and what cannot be sent at all.

use super::inventory::is_claimed;
use super::item::{Item, Key};
use super::order::{Defect, Wave, waves};
use super::revision::Contents;
use crate::cluster::{Discovery, Served, text};
use crate::object::is_hook;
use serde_json::Value as Json;
use std::collections::HashMap;

/// Why an object cannot be applied.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// Its place among the objects that were given; none for what came from elsewhere.
    pub source: Option<usize>,
    /// The object.
    pub key: Key,
    /// The id of the finding.
    pub rule: &'static str,
    /// The field that it is about, as the server writes it; empty for none.
    pub field: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Refusal {
    pub(super) fn of(item: &Item, rule: &'static str, message: impl Into<String>) -> Self {
        let (key, message) = (item.key.clone(), message.into());
        Self { source: Some(item.source), key, rule, field: String::new(), message, help: None }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Objects, ready to be sent.
#[derive(Debug, Default)]
pub(super) struct Prepared {
    pub(super) items: Vec<Item>,
    pub(super) hooks: Vec<Item>,
    pub(super) waves: Vec<Wave>,
}

impl Prepared {
    /// Gives what a revision keeps of them.
    pub(super) fn contents(&self) -> Contents {
        let objects = |items: &[Item]| items.iter().map(|item| item.object.clone()).collect();
        Contents { objects: objects(&self.items), hooks: objects(&self.hooks), left: Vec::new() }
    }
}

/// Prepares objects for a release in a namespace.
pub(super) fn prepare(objects: &[Json], namespace: &str, kinds: &Discovery) -> Result<Prepared, Vec<Refusal>> {
    let (mut prepared, mut refusals) = (Prepared::default(), Vec::new());
    let mut known: HashMap<Key, usize> = HashMap::new();
    for (source, object) in objects.iter().enumerate() {
        let mut item = Item::new(object.clone(), source);
        if item.key.kind.is_empty() && item.key.name.is_empty() {
            continue;
        }
        let (api_version, kind) = (text(object, "/apiVersion"), text(object, "/kind"));
        let Some(served) = kinds.find(api_version, kind) else {
            let refusal =
                Refusal::of(&item, "apply/unknown-kind", format!("the cluster does not serve `{api_version} {kind}`"));
            refusals.push(match kinds.preferred(&item.key.group, kind) {
                Some(other) => refusal.help(format!("it serves `{}`", other.api_version())),
                None => refusal.help("install what defines the kind first, or correct `apiVersion` and `kind`"),
            });
            continue;
        };
        if item.key.name.is_empty() {
            let message = format!("this {kind} has no name, so that it cannot be found again");
            refusals.push(Refusal::of(&item, "apply/no-name", message).help("give it a `metadata.name`"));
            continue;
        }
        if is_claimed(object) {
            let message = format!("{} claims to be part of an ApplySet already", item.key);
            let help = "leave out the label `applyset.kubernetes.io/part-of`: apply sets it";
            refusals.push(Refusal::of(&item, "apply/claimed", message).help(help));
            continue;
        }
        settle(&mut item.object, served, namespace);
        item.key = Key::of(&item.object);
        if let Some(first) = known.insert(item.key.clone(), source) {
            let message = format!("{} is there twice: it is the object {} of these, too", item.key, first + 1);
            refusals.push(Refusal::of(&item, "apply/duplicate", message).help("leave one of them out"));
            continue;
        }
        if is_hook(|key| item.annotation(key)) { prepared.hooks.push(item) } else { prepared.items.push(item) }
    }
    match waves(&prepared.items) {
        Ok(waves) => prepared.waves = waves,
        Err(defects) => refusals.extend(defects.into_iter().map(|defect| {
            let Defect { item, annotation, rule, message, help } = defect;
            let mut refusal = Refusal::of(&prepared.items[item], rule, message).help(help);
            refusal.field = format!("metadata.annotations[{annotation}]");
            refusal
        })),
    }
    if refusals.is_empty() { Ok(prepared) } else { Err(refusals) }
}

/// Writes out the namespace that would be filled in.
fn settle(object: &mut Json, served: &Served, namespace: &str) {
    let written = !text(object, "/metadata/namespace").is_empty();
    if let Some(metadata) = object.get_mut("metadata").and_then(Json::as_object_mut) {
        if !served.namespaced {
            metadata.shift_remove("namespace");
        } else if !written {
            metadata.insert("namespace".to_owned(), Json::from(namespace));
        }
    }
}

/// Moves objects of an earlier revision to the API versions that are served today.
pub(super) fn migrate(objects: &mut [Json], kinds: &Discovery) -> Vec<String> {
    let mut moved = Vec::new();
    for object in objects {
        let (api_version, kind) = (text(object, "/apiVersion").to_owned(), text(object, "/kind").to_owned());
        if kinds.find(&api_version, &kind).is_some() {
            continue;
        }
        let (group, _) = crate::cluster::split(&api_version);
        // What left its group did so for one of these.
        let groups = [group, "apps", "networking.k8s.io", "policy", "rbac.authorization.k8s.io"];
        let heirs = if group == "extensions" { &groups[..] } else { &groups[..1] };
        if let Some(served) = heirs.iter().find_map(|group| kinds.preferred(group, &kind)) {
            let now = served.api_version();
            moved.push(format!("{} from {api_version} to {now}", Key::of(object)));
            object["apiVersion"] = Json::from(now);
        }
    }
    moved
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn kinds() -> Discovery {
        let mut kinds = Discovery::default();
        let definition = |group: &str, kind: &str, scope: &str, versions: &[&str]| {
            let versions: Vec<Json> = versions.iter().map(|version| json!({"name": version})).collect();
            json!({"kind": "CustomResourceDefinition", "spec": {"group": group, "scope": scope, "names": {"kind": kind, "plural": "x"}, "versions": versions}})
        };
        kinds.learn(&[
            definition("", "Secret", "Namespaced", &["v1"]),
            definition("", "Namespace", "Cluster", &["v1"]),
            definition("networking.k8s.io", "Ingress", "Namespaced", &["v1"]),
            definition("policy", "PodDisruptionBudget", "Namespaced", &["v1"]),
        ]);
        kinds
    }

    fn refused(object: Json) -> String {
        let refusals = prepare(&[object], "ns", &kinds()).expect_err("is refused");
        refusals.iter().map(|refusal| refusal.rule).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_would_be_filled_in_is_written_out() {
        let objects = [
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a", "namespace": "b"}}),
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}),
        ];
        let prepared = prepare(&objects, "ns", &kinds()).expect("is prepared");
        assert_eq!(prepared.items[0].object["metadata"], json!({"name": "a"}));
        assert_eq!(prepared.items[1].object["metadata"], json!({"name": "s", "namespace": "ns"}));
    }

    #[test]
    fn what_cannot_be_applied_is_refused() {
        assert_eq!(
            refused(json!({"apiVersion": "v2", "kind": "Secret", "metadata": {"name": "s"}})),
            "apply/unknown-kind"
        );
        assert_eq!(
            refused(json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"generateName": "s"}})),
            "apply/no-name"
        );
        let claimed = json!({"name": "s", "labels": {"applyset.kubernetes.io/part-of": "x"}});
        assert_eq!(refused(json!({"apiVersion": "v1", "kind": "Secret", "metadata": claimed})), "apply/claimed");
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}});
        let twice = prepare(&[secret.clone(), secret], "ns", &kinds()).expect_err("is refused");
        assert_eq!(twice[0].rule, "apply/duplicate");
    }

    #[test]
    fn removed_versions_are_left_behind() {
        let object =
            |api_version: &str, kind: &str| json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "a"}});
        let mut objects = [
            object("policy/v1beta1", "PodDisruptionBudget"),
            object("extensions/v1beta1", "Ingress"),
            object("v1", "Secret"),
            object("gone/v1", "Thing"),
        ];
        let moved = migrate(&mut objects, &kinds());
        assert_eq!(
            moved,
            [
                "PodDisruptionBudget a from policy/v1beta1 to policy/v1",
                "Ingress a from extensions/v1beta1 to networking.k8s.io/v1"
            ]
        );
        let versions: Vec<&str> = objects.iter().map(|object| text(object, "/apiVersion")).collect();
        assert_eq!(versions, ["policy/v1", "networking.k8s.io/v1", "v1", "gone/v1"]);
    }
}
