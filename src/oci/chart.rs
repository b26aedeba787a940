//! Charts in registries: manifests of Helm's form, and of our own for native charts.

use super::error::OciError;
use super::reference::{Reference, tag_of};
use super::registry::{MANIFEST, Registry};
use crate::chart::{Flavour, Metadata};
use crate::package::digest;
use crate::yaml::emit::Data;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;

const HELM_CONFIG: &str = "application/vnd.cncf.helm.config.v1+json";
const HELM_CONTENT: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
/// Helm wrote this once, and reads it still.
const OLD_HELM_CONTENT: &str = "application/tar+gzip";
const HELM_PROVENANCE: &str = "application/vnd.cncf.helm.chart.provenance.v1.prov";
const CONFIG: &str = "application/vnd.plimsoll.chart.config.v1+json";
const CONTENT: &str = "application/vnd.plimsoll.chart.content.v1.tar+gzip";
const ARTIFACT: &str = "application/vnd.plimsoll.chart.v1";
/// No chart has more layers.
const LAYERS: usize = 16;

/// A package that is to be pushed.
#[derive(Clone, Debug)]
pub struct Packaged<'a> {
    /// What the chart says about itself.
    pub metadata: &'a Metadata,
    /// Its Chart.yaml, decoded.
    pub chart: &'a Data,
    /// Whose chart it is.
    pub flavour: Flavour,
    /// The archive.
    pub bytes: &'a [u8],
    /// Helm's provenance file, where there is one.
    pub provenance: Option<&'a [u8]>,
    /// When the archive says that it was made: `2026-03-01T00:00:00Z`.
    pub created: &'a str,
}

/// A package that was pulled, held against every digest on the way.
#[derive(Clone, Debug)]
pub struct Pulled {
    /// The archive.
    pub bytes: Vec<u8>,
    /// Helm's provenance file, where there is one.
    pub provenance: Option<Vec<u8>>,
    /// The digest of the manifest.
    pub digest: String,
}

impl Packaged<'_> {
    /// Gives the manifest: the same bytes for the same package.
    pub fn manifest(&self) -> Vec<u8> {
        let config = self.config();
        let (config_type, content_type) = match self.flavour {
            Flavour::Helm => (HELM_CONFIG, HELM_CONTENT),
            Flavour::Native => (CONFIG, CONTENT),
        };
        let mut layers = vec![descriptor(content_type, self.bytes)];
        layers.extend(self.provenance.map(|bytes| descriptor(HELM_PROVENANCE, bytes)));
        // Helm sorts them so.
        layers.sort_by(|a, b| a["digest"].as_str().cmp(&b["digest"].as_str()));
        let mut manifest = Map::new();
        manifest.insert("schemaVersion".to_owned(), json!(2));
        manifest.insert("mediaType".to_owned(), json!(MANIFEST));
        if self.flavour == Flavour::Native {
            manifest.insert("artifactType".to_owned(), json!(ARTIFACT));
        }
        manifest.insert("config".to_owned(), descriptor(config_type, &config));
        manifest.insert("layers".to_owned(), layers.into());
        manifest.insert("annotations".to_owned(), json!(self.annotations()));
        serde_json::to_vec(&manifest).unwrap_or_default()
    }

    fn config(&self) -> Vec<u8> {
        serde_json::to_vec(&self.chart.to_json()).unwrap_or_default()
    }

    /// Gives the annotations: the chart's own, under those that its fields say.
    fn annotations(&self) -> BTreeMap<String, String> {
        let metadata = self.metadata;
        let key = |name: &str| format!("org.opencontainers.image.{name}");
        let mut annotations = BTreeMap::new();
        let mut add = |name: &str, text: &str| {
            if !text.is_empty() {
                annotations.insert(key(name), text.to_owned());
            }
        };
        add("title", &metadata.name);
        add("version", &metadata.version);
        add("description", metadata.description.as_deref().unwrap_or_default());
        add("url", metadata.home.as_deref().unwrap_or_default());
        add("source", metadata.sources.first().map(String::as_str).unwrap_or_default());
        add("created", self.created);
        let authors = metadata.maintainers.iter().map(|maintainer| match &maintainer.email {
            Some(email) if !email.is_empty() => format!("{} ({email})", maintainer.name),
            _ => maintainer.name.clone(),
        });
        add("authors", &authors.collect::<Vec<_>>().join(", "));
        for (name, text) in &metadata.annotations {
            if *name != key("title") && *name != key("version") {
                annotations.insert(name.clone(), text.clone());
            }
        }
        annotations
    }
}

impl Registry {
    /// Pushes a package; gives the reference, with the manifest's digest.
    pub async fn push_chart(&self, repository: &Reference, package: &Packaged<'_>) -> Result<Reference, OciError> {
        let reference = repository.with_tag(&tag_of(&package.metadata.version));
        let config = package.config();
        let blobs = [Some(config.as_slice()), Some(package.bytes), package.provenance];
        self.publish(&reference, blobs.into_iter().flatten(), &package.manifest()).await
    }

    /// Pushes a manifest: first what it names, then itself, so that the tag leads to all of it or nothing. Gives the
    /// reference, with the digest.
    pub(super) async fn publish(
        &self,
        reference: &Reference,
        blobs: impl Iterator<Item = &[u8]>,
        manifest: &[u8],
    ) -> Result<Reference, OciError> {
        for blob in blobs {
            self.put_blob(reference, blob).await?;
        }
        self.put_manifest(reference, MANIFEST, manifest).await?;
        let stored = self.manifest(reference).await?;
        let digest = digest(manifest);
        if stored.digest != digest {
            let reason = format!("it leads to {} right after {digest} was pushed", stored.digest);
            return Err(OciError::Untrusted { what: format!("`{reference}`"), reason });
        }
        Ok(Reference { digest: Some(digest), ..reference.clone() })
    }

    /// Pulls a package. A blob that `cached` has by its digest is not asked for.
    pub async fn pull_chart(
        &self,
        reference: &Reference,
        cached: impl Fn(&str) -> Option<Vec<u8>>,
    ) -> Result<Pulled, OciError> {
        let manifest = self.manifest(reference).await?;
        let what = format!("`{reference}`");
        let unreadable = |reason: String| OciError::Unreadable { what: what.clone(), reason };
        let json: Json =
            serde_json::from_slice(&manifest.bytes).map_err(|_| unreadable("its manifest is no JSON".to_owned()))?;
        let config = json["config"]["mediaType"].as_str().unwrap_or_default();
        let content: &[&str] = match config {
            HELM_CONFIG => &[HELM_CONTENT, OLD_HELM_CONTENT],
            CONFIG => &[CONTENT],
            "" => return Err(unreadable("it is no artifact with a config, so no chart".to_owned())),
            other => {
                let shown: String = other.chars().filter(|c| !c.is_control()).take(100).collect();
                return Err(unreadable(format!("it is no chart: its config is of the type `{shown}`")));
            }
        };
        let layers = json["layers"].as_array().map(Vec::as_slice).unwrap_or_default();
        if layers.len() > LAYERS {
            return Err(unreadable(format!("it has {} layers", layers.len())));
        }
        let find = |types: &[&str]| {
            layers.iter().find(|layer| layer["mediaType"].as_str().is_some_and(|kind| types.contains(&kind)))
        };
        let layer = find(content).ok_or_else(|| unreadable("it has no layer that holds a chart".to_owned()))?;
        let bytes = self.layer(reference, layer, &cached, &what).await?;
        let provenance = match find(&[HELM_PROVENANCE]) {
            Some(layer) => Some(self.layer(reference, layer, &cached, &what).await?),
            None => None,
        };
        Ok(Pulled { bytes, provenance, digest: manifest.digest })
    }

    async fn layer(
        &self,
        reference: &Reference,
        layer: &Json,
        cached: &impl Fn(&str) -> Option<Vec<u8>>,
        what: &str,
    ) -> Result<Vec<u8>, OciError> {
        let (Some(digest), Some(size)) = (layer["digest"].as_str(), layer["size"].as_u64()) else {
            let reason = "a layer has no digest and size".to_owned();
            return Err(OciError::Unreadable { what: what.to_owned(), reason });
        };
        match cached(digest) {
            Some(bytes) => Ok(bytes),
            None => self.blob(reference, digest, size).await,
        }
    }
}

/// Describes bytes as a manifest does.
pub(super) fn descriptor(media_type: &str, bytes: &[u8]) -> Json {
    json!({ "mediaType": media_type, "digest": digest(bytes), "size": bytes.len() })
}
