//! Which kinds a server serves, and where: read in two requests.

use super::item::split;
use super::server::{Failure, Server};
use serde_json::Value as Json;
use std::collections::{BTreeSet, HashMap};

const ACCEPT: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList";

/// How a kind is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Served {
    pub(super) group: String,
    pub(super) version: String,
    pub(super) kind: String,
    /// Its name in paths: `deployments`.
    pub(super) resource: String,
    pub(super) namespaced: bool,
}

impl Served {
    pub(super) fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    /// Gives the path of its objects in a namespace, or everywhere.
    pub(super) fn path(&self, namespace: Option<&str>) -> String {
        let root = if self.group.is_empty() { "/api" } else { "/apis" };
        let within =
            namespace.filter(|_| self.namespaced).map(|name| format!("/namespaces/{name}")).unwrap_or_default();
        format!("{root}/{}{within}/{}", self.api_version(), self.resource)
    }
}

/// The kinds that a server serves, in the order of its preference, and those that objects at hand define.
#[derive(Clone, Debug, Default)]
pub(super) struct Kinds {
    served: HashMap<(String, String), Vec<Served>>,
    stale: BTreeSet<String>,
}

impl Kinds {
    /// Asks the server.
    pub(super) async fn read(server: &Server) -> Result<Self, Failure> {
        let mut kinds = Self::default();
        for path in ["/api", "/apis"] {
            let list = server.discover(path, ACCEPT).await?;
            for group in list.get("items").and_then(Json::as_array).into_iter().flatten() {
                kinds.add(group);
            }
        }
        Ok(kinds)
    }

    fn add(&mut self, group: &Json) {
        let text = |value: &Json, pointer: &str| super::item::text(value, pointer).to_owned();
        let name = text(group, "/metadata/name");
        let list = |value: &Json, key: &str| value.get(key).and_then(Json::as_array).cloned().unwrap_or_default();
        for version in list(group, "versions") {
            if text(&version, "/freshness") == "Stale" {
                self.stale.insert(name.clone());
            }
            for resource in list(&version, "resources") {
                let served = Served {
                    group: name.clone(),
                    version: text(&version, "/version"),
                    kind: text(&resource, "/responseKind/kind"),
                    resource: text(&resource, "/resource"),
                    namespaced: text(&resource, "/scope") == "Namespaced",
                };
                let verbs = list(&resource, "verbs");
                // What can only be asked, such as a review, is no object.
                if !served.kind.is_empty() && verbs.iter().any(|verb| verb == "get") {
                    self.insert(served);
                }
            }
        }
    }

    fn insert(&mut self, served: Served) {
        let known = self.served.entry((served.group.clone(), served.kind.clone())).or_default();
        if !known.iter().any(|known| known.version == served.version) {
            known.push(served);
        }
    }

    /// Learns the kinds that definitions among objects will bring, where they are not served yet.
    pub(super) fn learn(&mut self, objects: &[Json]) {
        let text = |value: &Json, pointer: &str| super::item::text(value, pointer).to_owned();
        for definition in objects.iter().filter(|object| text(object, "/kind") == "CustomResourceDefinition") {
            let versions = definition.pointer("/spec/versions").and_then(Json::as_array);
            for version in versions.into_iter().flatten() {
                self.insert(Served {
                    group: text(definition, "/spec/group"),
                    version: text(version, "/name"),
                    kind: text(definition, "/spec/names/kind"),
                    resource: text(definition, "/spec/names/plural"),
                    namespaced: text(definition, "/spec/scope") == "Namespaced",
                });
            }
        }
    }

    /// Finds how an `apiVersion` and kind is served.
    pub(super) fn find(&self, api_version: &str, kind: &str) -> Option<&Served> {
        let (group, version) = split(api_version);
        let known = self.served.get(&(group.to_owned(), kind.to_owned()))?;
        known.iter().find(|served| served.version == version)
    }

    /// Finds how a kind is served, in whatever version.
    pub(super) fn any_version(&self, group: &str, kind: &str) -> Option<&Served> {
        self.served.get(&(group.to_owned(), kind.to_owned()))?.first()
    }

    /// Tells whether a group's server did not answer, so that its kinds are not known.
    pub(super) fn is_stale(&self, group: &str) -> bool {
        self.stale.contains(group)
    }

    /// Iterates over every kind that lives in namespaces, one version each.
    pub(super) fn namespaced(&self) -> impl Iterator<Item = &Served> {
        self.served.values().filter_map(|versions| versions.first()).filter(|served| served.namespaced)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn kinds_are_read_and_learnt() {
        let resource = |name: &str, kind: &str, scope: &str| json!({"resource": name, "responseKind": {"kind": kind}, "scope": scope, "verbs": ["get"]});
        let mut kinds = Kinds::default();
        kinds.add(&json!({"metadata": {"name": "apps"}, "versions": [
            {"version": "v1", "resources": [resource("deployments", "Deployment", "Namespaced")]},
            {"version": "v1beta1", "resources": [resource("deployments", "Deployment", "Namespaced")]},
        ]}));
        kinds.add(&json!({"metadata": {}, "versions": [{"version": "v1", "resources": [resource("namespaces", "Namespace", "Cluster")]}]}));
        kinds.add(&json!({"metadata": {"name": "late"}, "versions": [{"version": "v1", "freshness": "Stale"}]}));
        let path = |api_version: &str, kind: &str| kinds.find(api_version, kind).map(|served| served.path(Some("ns")));
        assert_eq!(path("apps/v1beta1", "Deployment").as_deref(), Some("/apis/apps/v1beta1/namespaces/ns/deployments"));
        assert_eq!(path("v1", "Namespace").as_deref(), Some("/api/v1/namespaces"));
        assert_eq!(path("apps/v2", "Deployment"), None);
        assert_eq!(kinds.any_version("apps", "Deployment").map(Served::api_version).as_deref(), Some("apps/v1"));
        assert!(kinds.is_stale("late") && !kinds.is_stale("apps"));
        kinds.learn(&[json!({"kind": "CustomResourceDefinition", "spec": {
            "group": "example.com", "scope": "Cluster", "names": {"kind": "Light", "plural": "lights"}, "versions": [{"name": "v1"}],
        }})]);
        assert_eq!(
            kinds.find("example.com/v1", "Light").map(|served| served.path(None)).as_deref(),
            Some("/apis/example.com/v1/lights")
        );
    }
}
