//! Which objects of a cluster belong to a release: the members of its ApplySet.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// The label of members.
pub const PART_OF: &str = "applyset.kubernetes.io/part-of";

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
        let hash = Sha256::digest(format!("{}.{namespace}.Secret.", Self::parent(release)));
        Self { id: format!("applyset-{}-v1", URL_SAFE_NO_PAD.encode(hash)), ..Self::default() }
    }

    /// Reads where members may be from the parent; nowhere where the parent is that of another set.
    #[must_use]
    pub fn told_by(mut self, parent: &Json, namespace: &str) -> Self {
        let text = |map: &str, key: &str| {
            let found = parent.pointer(&format!("/metadata/{map}")).and_then(|map| map.get(key)).and_then(Json::as_str);
            found.unwrap_or_default().to_owned()
        };
        if text("labels", "applyset.kubernetes.io/id") != self.id {
            return self;
        }
        let list = |key: &str| -> BTreeSet<String> {
            text("annotations", key).split(',').filter(|word| !word.is_empty()).map(str::to_owned).collect()
        };
        self.kinds = list("applyset.kubernetes.io/contains-group-kinds");
        self.namespaces = list("applyset.kubernetes.io/additional-namespaces");
        self.namespaces.insert(namespace.to_owned());
        self
    }
}
