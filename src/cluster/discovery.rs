//! What a server serves, asked in two requests.

use super::connect::{Cluster, Reply};
use super::error::ClusterError;
use super::resources::{Resource, Resources};
use http::{Method, StatusCode};
use serde_json::Value as Json;
use std::collections::{BTreeSet, HashMap};

/// The form of discovery in which each answer holds every group; older servers give their old form instead.
const ACCEPT: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";

/// A kind as it is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// Its `apiVersion`.
    pub api_version: String,
    /// Its name in paths: `deployments`.
    pub resource: String,
    /// Its objects live in namespaces.
    pub namespaced: bool,
}

/// The kinds that a server serves.
#[derive(Clone, Debug, Default)]
pub struct Discovery {
    /// By group and kind, in the order of the server's preference.
    served: HashMap<(String, String), Vec<Served>>,
    /// Groups whose own server does not answer.
    stale: BTreeSet<String>,
}

impl Cluster {
    /// Asks which kinds are served: in two requests; where the server is too old for that, or something before it hides the new
    /// form, in one for each of `needed`'s API versions, and for the versions of `groups` that the server prefers.
    pub async fn discover(
        &self,
        needed: &BTreeSet<String>,
        groups: &BTreeSet<String>,
    ) -> Result<Discovery, ClusterError> {
        let mut discovery = Discovery::default();
        for path in ["/api", "/apis"] {
            let (head, bytes) = self.exchange(Method::GET, path, ["application/json", ACCEPT], Vec::new()).await?;
            let body = serde_json::from_slice(&bytes).unwrap_or_default();
            let reply = Reply { status: head.status, body, warnings: Vec::new() };
            if reply.status == StatusCode::NOT_FOUND {
                continue;
            }
            if !reply.status.is_success() {
                return Err(self.refused(&reply));
            }
            if reply.body.get("kind").and_then(Json::as_str) != Some("APIGroupDiscoveryList") {
                return self.discover_one_by_one(needed.clone(), groups).await;
            }
            for group in array(&reply.body, "items") {
                discovery.add(group);
            }
        }
        Ok(discovery)
    }

    async fn discover_one_by_one(
        &self,
        mut needed: BTreeSet<String>,
        groups: &BTreeSet<String>,
    ) -> Result<Discovery, ClusterError> {
        let (mut resources, mut discovery) = (Resources::default(), Discovery::default());
        if groups.contains("") {
            needed.insert("v1".to_owned());
        }
        if groups.iter().any(|group| !group.is_empty()) {
            let list = self.ask("/apis").await?;
            let known = array(&list, "groups").iter().filter(|group| groups.contains(text(group, "/name")));
            needed.extend(known.map(|group| text(group, "/preferredVersion/groupVersion").to_owned()));
        }
        for api_version in &needed {
            let group = api_version.split_once('/').map_or("", |(group, _)| group);
            match resources.learn(self, api_version).await {
                Ok(()) => {}
                // The server of a group may be away while all others answer.
                Err(ClusterError::Unreadable { .. } | ClusterError::TimedOut { .. }) => {
                    discovery.stale.insert(group.to_owned());
                }
                Err(error) => return Err(error),
            }
            for (kind, Resource { name, namespaced }) in resources.all(api_version) {
                let served =
                    Served { api_version: api_version.clone(), resource: name.clone(), namespaced: *namespaced };
                discovery.served.entry((group.to_owned(), kind.clone())).or_default().push(served);
            }
        }
        Ok(discovery)
    }
}

impl Discovery {
    fn add(&mut self, group: &Json) {
        let name = text(group, "/metadata/name");
        for version in array(group, "versions") {
            if text(version, "/freshness") == "Stale" {
                self.stale.insert(name.to_owned());
            }
            let written = text(version, "/version");
            let api_version = if name.is_empty() { written.to_owned() } else { format!("{name}/{written}") };
            for resource in array(version, "resources") {
                let kind = text(resource, "/responseKind/kind");
                // What can only be asked, such as a review, is no object.
                let kept = array(resource, "verbs").iter().any(|verb| verb == "get");
                if !kind.is_empty() && kept {
                    let served = Served {
                        api_version: api_version.clone(),
                        resource: text(resource, "/resource").to_owned(),
                        namespaced: text(resource, "/scope") == "Namespaced",
                    };
                    self.served.entry((name.to_owned(), kind.to_owned())).or_default().push(served);
                }
            }
        }
    }

    /// Finds how an `apiVersion` and kind is served.
    pub fn find(&self, api_version: &str, kind: &str) -> Option<&Served> {
        let group = api_version.split_once('/').map_or("", |(group, _)| group);
        let versions = self.served.get(&(group.to_owned(), kind.to_owned()))?;
        versions.iter().find(|served| served.api_version == api_version)
    }

    /// Finds how a kind is served in the version that the server prefers.
    pub fn preferred(&self, group: &str, kind: &str) -> Option<&Served> {
        self.served.get(&(group.to_owned(), kind.to_owned()))?.first()
    }

    /// Tells whether a group's own server does not answer, so that nothing is known of its kinds.
    pub fn is_stale(&self, group: &str) -> bool {
        self.stale.contains(group)
    }
}

fn text<'j>(json: &'j Json, pointer: &str) -> &'j str {
    json.pointer(pointer).and_then(Json::as_str).unwrap_or_default()
}

fn array<'j>(json: &'j Json, key: &str) -> &'j [Json] {
    json.get(key).and_then(Json::as_array).map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn groups_versions_and_their_freshness_are_read() {
        let resource = |kind: &str, scope: &str, verbs: &[&str]| json!({"resource": "x", "responseKind": {"kind": kind}, "scope": scope, "verbs": verbs});
        let mut discovery = Discovery::default();
        discovery.add(&json!({"metadata": {}, "versions": [{"version": "v1", "resources": [resource("Pod", "Namespaced", &["get"]), resource("Binding", "Namespaced", &["create"])]}]}));
        discovery.add(&json!({"metadata": {"name": "a.example.com"}, "versions": [
            {"version": "v2", "resources": [resource("Thing", "Cluster", &["get"])]},
            {"version": "v1", "freshness": "Stale", "resources": [resource("Thing", "Cluster", &["get"])]},
        ]}));
        assert!(discovery.find("v1", "Pod").is_some_and(|served| served.namespaced));
        assert_eq!((discovery.find("v1", "Binding"), discovery.find("a.example.com/v3", "Thing")), (None, None));
        assert_eq!(
            discovery.preferred("a.example.com", "Thing").map(|served| served.api_version.as_str()),
            Some("a.example.com/v2")
        );
        assert!(discovery.is_stale("a.example.com") && !discovery.is_stale(""));
    }
}
