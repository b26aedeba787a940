//! The custom resources that a cluster defines.

use super::connect::Cluster;
use super::discovery::Served;
use super::error::ClusterError;
use super::read::{JSON, list};
use serde_json::Value as Json;

/// A definition of a custom resource, as a person would keep it in a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Definition {
    /// Its name: `backups.example.com`.
    pub name: String,
    /// The object, without what only the cluster knows of it.
    pub object: Json,
}

/// What the server, not a person, writes into metadata.
const OF_THE_SERVER: [&str; 6] =
    ["creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid"];
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

impl Cluster {
    /// Lists the definitions, sorted by name.
    pub async fn definitions(&self) -> Result<Vec<Definition>, ClusterError> {
        let served =
            Served::new("apiextensions.k8s.io/v1", "CustomResourceDefinition", "customresourcedefinitions", false);
        let listed = list(self, &served, None, "", JSON).await?;
        let mut definitions: Vec<Definition> = listed.into_iter().map(definition).collect();
        definitions.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(definitions)
    }
}

fn definition(mut object: Json) -> Definition {
    let mut kept = serde_json::Map::new();
    kept.insert("apiVersion".to_owned(), Json::from("apiextensions.k8s.io/v1"));
    kept.insert("kind".to_owned(), Json::from("CustomResourceDefinition"));
    for key in ["metadata", "spec"] {
        if let Some(value) = object.get_mut(key) {
            kept.insert(key.to_owned(), value.take());
        }
    }
    if let Some(metadata) = kept.get_mut("metadata").and_then(Json::as_object_mut) {
        metadata.retain(|key, _| !OF_THE_SERVER.contains(&key.as_str()));
        if let Some(annotations) = metadata.get_mut("annotations").and_then(Json::as_object_mut) {
            annotations.shift_remove(LAST_APPLIED);
        }
        metadata.retain(|_, value| value.as_object().is_none_or(|map| !map.is_empty()));
    }
    let kept = Json::Object(kept);
    let name = kept.pointer("/metadata/name").and_then(Json::as_str).unwrap_or_default().to_owned();
    Definition { name, object: kept }
}
