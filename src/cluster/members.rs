//! Which objects of a cluster belong to a release: the members of its ApplySet.

use super::json::{annotation, label};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// The label of members.
pub const PART_OF: &str = "applyset.kubernetes.io/part-of";
/// The label of parents.
pub const ID: &str = "applyset.kubernetes.io/id";
/// The annotations of parents: where members may be.
pub const GROUP_KINDS: &str = "applyset.kubernetes.io/contains-group-kinds";
/// Namespaces other than that of the parent.
pub const NAMESPACES: &str = "applyset.kubernetes.io/additional-namespaces";

/// The members of a release, as the parent of its ApplySet tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Members {
    /// The value of the label that members have.
    pub id: String,
    /// Kinds of which there may be some, as ApplySets write them: `Deployment.apps`.
    pub kinds: BTreeSet<String>,
    /// Namespaces where there may be some.
    pub namespaces: BTreeSet<String>,
}

impl Members {
    /// Gives the name of the Secret that is a release's parent.
    pub fn parent(release: &str) -> String {
        format!("plimsoll.{release}")
    }

    /// Gives what is known of a release's members before its parent is read: their label.
    pub fn of(release: &str, namespace: &str) -> Self {
        Self { id: id(&Self::parent(release), namespace), ..Self::default() }
    }

    /// Reads where members may be from the parent; nowhere where the parent is that of another set.
    #[must_use]
    pub fn told_by(mut self, parent: &Json, namespace: &str) -> Self {
        if label(parent, ID) != Some(&self.id) {
            return self;
        }
        let list = |key: &str| -> BTreeSet<String> {
            let words = annotation(parent, key).unwrap_or_default().split(',');
            words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
        };
        self.kinds = list(GROUP_KINDS);
        self.namespaces = list(NAMESPACES);
        self.namespaces.insert(namespace.to_owned());
        self
    }
}

/// Gives the id of the set whose parent is a Secret: what its members are labelled with.
fn id(parent: &str, namespace: &str) -> String {
    let hash = Sha256::digest(format!("{parent}.{namespace}.Secret."));
    format!("applyset-{}-v1", URL_SAFE_NO_PAD.encode(hash))
}

/// Why an object that is no longer wanted is left in the cluster all the same; nothing where it may be deleted.
pub fn kept(live: &Json) -> Option<&'static str> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn ids_are_those_of_kubectl() {
        // As `kubectl apply --applyset=plimsoll.shop -n default` computes it.
        assert_eq!(Members::of("shop", "default").id.len(), "applyset--v1".len() + 43);
        // From the table of kubectl's own tests: a Secret `my-set` in `test`.
        assert_eq!(id("my-set", "test"), "applyset-0eFHV8ySqp7XoShsGvyWFQD3s96yqwHmzc4e0HR1dsY-v1");
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
