//! Which resources a server serves.

use super::connect::Cluster;
use super::error::ClusterError;
use http::{Method, StatusCode};
use serde_json::Value as Json;
use std::collections::HashMap;

/// The resource that serves a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Resource {
    /// Its name in paths: `deployments`.
    pub(super) name: String,
    /// Its objects live in namespaces.
    pub(super) namespaced: bool,
}

/// The resources of the API versions that were asked for.
#[derive(Debug, Default)]
pub(super) struct Resources {
    known: HashMap<String, Vec<(String, Resource)>>,
}

impl Resources {
    /// Learns the resources of an `apiVersion`, once.
    pub(super) async fn learn(&mut self, cluster: &Cluster, api_version: &str) -> Result<(), ClusterError> {
        if self.known.contains_key(api_version) {
            return Ok(());
        }
        let reply = cluster.send(Method::GET, &root(api_version), "application/json", Vec::new()).await?;
        let resources = match reply.status {
            status if status.is_success() => reply.body.get("resources").and_then(Json::as_array).cloned(),
            StatusCode::NOT_FOUND => None,
            _ => return Err(cluster.refused(&reply)),
        };
        let read = |resource: &Json| {
            let text = |key: &str| resource.get(key).and_then(Json::as_str);
            let name = text("name").filter(|name| !name.contains('/'))?.to_owned();
            let namespaced = resource.get("namespaced").and_then(Json::as_bool).unwrap_or_default();
            Some((text("kind")?.to_owned(), Resource { name, namespaced }))
        };
        let list = resources.iter().flatten().filter_map(read).collect();
        self.known.insert(api_version.to_owned(), list);
        Ok(())
    }

    /// Gives the kinds of an `apiVersion`, where it was learnt.
    pub(super) fn all(&self, api_version: &str) -> &[(String, Resource)] {
        self.known.get(api_version).map_or(&[], Vec::as_slice)
    }

    /// Finds the resource of a kind, among those learnt.
    pub(super) fn find(&self, api_version: &str, kind: &str) -> Option<&Resource> {
        self.known.get(api_version)?.iter().find(|(known, _)| known == kind).map(|(_, resource)| resource)
    }
}

/// The path below which an API version is served.
pub(super) fn root(api_version: &str) -> String {
    if api_version.contains('/') { format!("/apis/{api_version}") } else { format!("/api/{api_version}") }
}
