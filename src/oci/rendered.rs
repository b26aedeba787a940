//! Rendered manifests in registries, in the form that Flux reads.

use super::chart::descriptor;
use super::error::OciError;
use super::reference::Reference;
use super::registry::{MANIFEST, Registry};
use serde_json::json;
use std::collections::BTreeMap;

const CONFIG: &str = "application/vnd.cncf.flux.config.v1+json";
const CONTENT: &str = "application/vnd.cncf.flux.content.v1.tar+gzip";

/// Rendered manifests that are to be pushed.
#[derive(Clone, Debug)]
pub struct Manifests<'a> {
    /// Their archive.
    pub bytes: &'a [u8],
    /// Where they come from: a URL.
    pub source: Option<&'a str>,
    /// Which state of the source they were made from.
    pub revision: &'a str,
    /// When: `2026-03-01T00:00:00Z`.
    pub created: &'a str,
}

impl Manifests<'_> {
    fn manifest(&self) -> Vec<u8> {
        let told = [("created", Some(self.created)), ("revision", Some(self.revision)), ("source", self.source)];
        let told =
            told.into_iter().filter_map(|(name, text)| Some((format!("org.opencontainers.image.{name}"), text?)));
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": descriptor(CONFIG, b"{}"),
            "layers": [descriptor(CONTENT, self.bytes)],
            "annotations": told.collect::<BTreeMap<_, _>>(),
        });
        serde_json::to_vec(&manifest).unwrap_or_default()
    }
}

impl Registry {
    /// Pushes rendered manifests; gives the reference, with the digest.
    pub async fn push_manifests(&self, reference: &Reference, pushed: &Manifests<'_>) -> Result<Reference, OciError> {
        self.publish(reference, [b"{}".as_slice(), pushed.bytes].into_iter(), &pushed.manifest()).await
    }
}
