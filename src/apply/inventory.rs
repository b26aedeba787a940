//! The inventory of a release: an ApplySet (KEP-3659), as kubectl writes it.
//!
//! The parent is a Secret of the release's namespace; every object of the release has a label that names it.

use super::item::Item;
use crate::cluster::{Discovery, GROUP_KINDS, ID, Members, NAMESPACES, PART_OF, annotation, label, text};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

pub(super) const TOOLING: &str = "applyset.kubernetes.io/tooling";
/// The field manager of parents.
pub(super) const MANAGER: &str = "plimsoll-applyset";
const TOOL: &str = "plimsoll";

/// Which release an object of ours belongs to.
pub(super) const RELEASE: &str = "plimsoll.dev/release";

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
    let name = Members::parent(release);
    let joined = |set: &BTreeSet<String>| set.iter().cloned().collect::<Vec<_>>().join(",");
    json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": { ID: Members::of(release, namespace).id, RELEASE: release },
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
    let name = Members::parent(release);
    let what = format!("the Secret `{name}` in `{namespace}`");
    let Some(tooling) = annotation(parent, TOOLING) else {
        return Err(format!("{what} is there already, and is the parent of no ApplySet"));
    };
    let tool = tooling.rsplit_once('/').map_or(tooling, |(tool, _)| tool);
    if tool != TOOL {
        return Err(format!("{what} is the parent of an ApplySet that `{tool}` manages"));
    }
    let wanted = Members::of(release, namespace);
    match label(parent, ID) {
        Some(id) if id == wanted.id => {}
        Some(id) => return Err(format!("{what} has the ApplySet id `{id}` instead of `{}`", wanted.id)),
        None => return Err(format!("{what} has no ApplySet id")),
    }
    let Members { kinds, mut namespaces, .. } = wanted.told_by(parent, namespace);
    namespaces.remove(namespace);
    Ok(Reach { kinds, namespaces })
}

/// Tells whether a reach is what a parent says already, so that nothing is to be written.
pub(super) fn says(parent: Option<&Json>, release: &str, namespace: &str, reach: &Reach) -> bool {
    let wanted = self::parent(release, namespace, reach);
    parent.is_some_and(|parent| {
        [TOOLING, GROUP_KINDS, NAMESPACES].iter().all(|key| annotation(parent, key) == annotation(&wanted, key))
            && [ID, RELEASE].iter().all(|key| label(parent, key) == label(&wanted, key))
    })
}

/// A kind, and a namespace where objects of it may be; none for what lives in none.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Shelf {
    pub(super) api_version: String,
    pub(super) kind: String,
    pub(super) namespace: Option<String>,
}

/// Gives all places where members may be. What the cluster does not serve any more has none.
pub(super) fn shelves(reach: &Reach, namespace: &str, kinds: &Discovery) -> Vec<Shelf> {
    let mut shelves = Vec::new();
    for group_kind in &reach.kinds {
        let (kind, group) = group_kind.split_once('.').unwrap_or((group_kind, ""));
        let Some(served) = kinds.preferred(group, kind) else { continue };
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
}
