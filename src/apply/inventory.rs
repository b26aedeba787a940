//! The inventory of a release: an ApplySet (KEP-3659), as kubectl writes it.
//!
//! The parent is a Secret of the release's namespace; every object of the release has a label that names it.

use super::item::{Item, annotation, label, text};
use super::kinds::Kinds;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// The label of members.
pub(super) const PART_OF: &str = "applyset.kubernetes.io/part-of";
const ID: &str = "applyset.kubernetes.io/id";
const TOOLING: &str = "applyset.kubernetes.io/tooling";
const GROUP_KINDS: &str = "applyset.kubernetes.io/contains-group-kinds";
const NAMESPACES: &str = "applyset.kubernetes.io/additional-namespaces";
/// The field manager of parents.
pub(super) const MANAGER: &str = "plimsoll-applyset";
const TOOL: &str = "plimsoll";

/// Which release an object of ours belongs to.
pub(super) const RELEASE: &str = "plimsoll.dev/release";

/// Gives the name of a release's parent, which is that of its lock, too.
pub(super) fn parent_name(release: &str) -> String {
    format!("plimsoll.{release}")
}

/// Gives the id of the set whose parent is a Secret: what its members are labelled with.
pub(super) fn id(parent: &str, namespace: &str) -> String {
    let hash = Sha256::digest(format!("{parent}.{namespace}.Secret."));
    format!("applyset-{}-v1", URL_SAFE_NO_PAD.encode(hash))
}

/// Where a release's objects may be: the kinds, and the namespaces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Reach {
    /// Kinds as ApplySets write them: `Deployment.apps`.
    pub kinds: BTreeSet<String>,
    /// Namespaces other than the release's own.
    pub namespaces: BTreeSet<String>,
}

impl Reach {
    /// Gives the reach of objects, of a release in a namespace.
    pub(super) fn of(items: &[Item], namespace: &str) -> Self {
        let others = items.iter().map(|item| item.key.namespace.clone());
        Self {
            kinds: items.iter().map(|item| item.key.group_kind()).collect(),
            namespaces: others.filter(|other| !other.is_empty() && other != namespace).collect(),
        }
    }

    /// Joins two.
    pub(super) fn union(&self, other: &Self) -> Self {
        Self {
            kinds: self.kinds.union(&other.kinds).cloned().collect(),
            namespaces: self.namespaces.union(&other.namespaces).cloned().collect(),
        }
    }
}

/// Writes the parent of a release's set.
pub(super) fn parent(release: &str, namespace: &str, reach: &Reach) -> Json {
    let name = parent_name(release);
    let joined = |set: &BTreeSet<String>| set.iter().cloned().collect::<Vec<_>>().join(",");
    json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": { ID: id(&name, namespace), RELEASE: release },
            "annotations": {
                TOOLING: format!("{TOOL}/v{}", env!("CARGO_PKG_VERSION")),
                GROUP_KINDS: joined(&reach.kinds),
                NAMESPACES: joined(&reach.namespaces),
            },
        },
    })
}

/// Reads the parent of a release's set; says why it is none of ours.
pub(super) fn read(parent: &Json, release: &str, namespace: &str) -> Result<Reach, String> {
    let name = parent_name(release);
    let what = format!("the Secret `{name}` in `{namespace}`");
    let Some(tooling) = annotation(parent, TOOLING) else {
        return Err(format!("{what} is there already, and is the parent of no ApplySet"));
    };
    let tool = tooling.rsplit_once('/').map_or(tooling, |(tool, _)| tool);
    if tool != TOOL {
        return Err(format!("{what} is the parent of an ApplySet that `{tool}` manages"));
    }
    let wanted = id(&name, namespace);
    match label(parent, ID) {
        Some(id) if id == wanted => {}
        Some(id) => return Err(format!("{what} has the ApplySet id `{id}` instead of `{wanted}`")),
        None => return Err(format!("{what} has no ApplySet id")),
    }
    let list = |key: &str| -> BTreeSet<String> {
        let words = annotation(parent, key).unwrap_or_default().split(',');
        words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
    };
    Ok(Reach { kinds: list(GROUP_KINDS), namespaces: list(NAMESPACES) })
}

/// Tells whether a reach is what a parent says already, so that nothing is to be written.
pub(super) fn says(parent: Option<&Json>, release: &str, namespace: &str, reach: &Reach) -> bool {
    let wanted = self::parent(release, namespace, reach);
    parent.is_some_and(|parent| {
        [TOOLING, GROUP_KINDS, NAMESPACES].iter().all(|key| annotation(parent, key) == annotation(&wanted, key))
            && [ID, RELEASE].iter().all(|key| label(parent, key) == label(&wanted, key))
    })
}

/// Why an object that is no longer wanted is left in the cluster all the same; nothing where it may be deleted.
pub(super) fn kept(live: &Json) -> Option<&'static str> {
    if annotation(live, "helm.sh/resource-policy")
        .is_some_and(|policy| policy.split(',').any(|word| word.trim() == "keep"))
    {
        return Some("`helm.sh/resource-policy: keep`");
    }
    if annotation(live, "client.lifecycle.config.k8s.io/deletion") == Some("detach") {
        return Some("`client.lifecycle.config.k8s.io/deletion: detach`");
    }
    if annotation(live, "cli-utils.sigs.k8s.io/on-remove") == Some("keep") {
        return Some("`cli-utils.sigs.k8s.io/on-remove: keep`");
    }
    let owners = live.pointer("/metadata/ownerReferences").and_then(Json::as_array);
    if owners.into_iter().flatten().any(|owner| owner.get("controller") == Some(&Json::Bool(true))) {
        return Some("another object controls it");
    }
    None
}

/// A kind, and a namespace where objects of it may be; none for what lives in none.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Shelf {
    pub(super) api_version: String,
    pub(super) kind: String,
    pub(super) namespace: Option<String>,
}

/// Gives all places where members may be. What the cluster does not serve any more has none.
pub(super) fn shelves(reach: &Reach, namespace: &str, kinds: &Kinds) -> Vec<Shelf> {
    let mut shelves = Vec::new();
    for group_kind in &reach.kinds {
        let (kind, group) = group_kind.split_once('.').unwrap_or((group_kind, ""));
        let Some(served) = kinds.any_version(group, kind) else { continue };
        let shelf = |namespace: Option<&str>| Shelf {
            api_version: served.api_version(),
            kind: kind.to_owned(),
            namespace: namespace.map(str::to_owned),
        };
        if served.namespaced {
            shelves.push(shelf(Some(namespace)));
            shelves.extend(reach.namespaces.iter().map(|other| shelf(Some(other))));
        } else {
            shelves.push(shelf(None));
        }
    }
    shelves
}

/// Gives the name of the set that an object is a member of, if it is one.
pub(super) fn set_of(live: &Json) -> Option<&str> {
    label(live, PART_OF)
}

/// Gives the release of Helm's that owns an object: its namespace and name.
pub(super) fn helm_release(live: &Json) -> Option<(String, String)> {
    let release = annotation(live, "meta.helm.sh/release-name")?;
    let namespace = annotation(live, "meta.helm.sh/release-namespace").unwrap_or_default();
    (label(live, "app.kubernetes.io/managed-by") == Some("Helm")).then(|| (namespace.to_owned(), release.to_owned()))
}

/// Tells whether an input names a set itself, which only the inventory may do.
pub(super) fn is_claimed(object: &Json) -> bool {
    label(object, PART_OF).is_some()
}

/// Gives the uid of an object.
pub(super) fn uid(live: &Json) -> &str {
    text(live, "/metadata/uid")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_those_of_kubectl() {
        // As `kubectl apply --applyset=plimsoll.shop -n default` computes it.
        assert_eq!(id("plimsoll.shop", "default").len(), "applyset--v1".len() + 43);
        // From the table of kubectl's own tests: a Secret `my-set` in `test`.
        assert_eq!(id("my-set", "test"), "applyset-0eFHV8ySqp7XoShsGvyWFQD3s96yqwHmzc4e0HR1dsY-v1");
    }

    #[test]
    fn parents_are_read_back() {
        let reach = Reach {
            kinds: ["Secret", "Deployment.apps"].map(str::to_owned).into(),
            namespaces: ["b", "a"].map(str::to_owned).into(),
        };
        let written = parent("shop", "ns", &reach);
        assert_eq!(annotation(&written, GROUP_KINDS), Some("Deployment.apps,Secret"));
        assert_eq!(annotation(&written, NAMESPACES), Some("a,b"));
        assert_eq!(read(&written, "shop", "ns"), Ok(reach.clone()));
        assert!(says(Some(&written), "shop", "ns", &reach) && !says(Some(&written), "shop", "ns", &Reach::default()));
        let says = |change: &dyn Fn(&mut Json)| {
            let mut other = written.clone();
            change(&mut other);
            read(&other, "shop", "ns").expect_err("is refused")
        };
        let tool = says(&|parent| parent["metadata"]["annotations"][TOOLING] = json!("kubectl/v1.37.1"));
        assert!(tool.contains("that `kubectl` manages"), "{tool}");
        let id = says(&|parent| parent["metadata"]["labels"][ID] = json!("other"));
        assert!(id.contains("id `other`"), "{id}");
        let none = says(&|parent| parent["metadata"]["annotations"] = json!({}));
        assert!(none.contains("parent of no ApplySet"), "{none}");
    }

    #[test]
    fn what_is_kept_is_kept_for_a_reason() {
        for (metadata, reason) in [
            (json!({}), None),
            (json!({"annotations": {"helm.sh/resource-policy": "keep"}}), Some("resource-policy")),
            (json!({"annotations": {"client.lifecycle.config.k8s.io/deletion": "detach"}}), Some("detach")),
            (json!({"annotations": {"cli-utils.sigs.k8s.io/on-remove": "keep"}}), Some("on-remove")),
            (json!({"ownerReferences": [{"controller": true}]}), Some("controls")),
            (json!({"ownerReferences": [{"kind": "Pod"}]}), None),
        ] {
            let found = kept(&json!({"metadata": metadata}));
            assert_eq!(found.is_some(), reason.is_some(), "{metadata}");
            assert!(found.unwrap_or_default().contains(reason.unwrap_or_default()), "{metadata}");
        }
    }
}
