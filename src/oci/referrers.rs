//! What is attached to a manifest: referrers, by the registry's own list or by a tag that stands in for it.

use super::error::OciError;
use super::reference::{Reference, is_digest};
use super::registry::{INDEX, MANIFEST, Registry};
use crate::package::digest;
use reqwest::{Method, StatusCode};
use serde_json::{Value as Json, json};

const EMPTY: &str = "application/vnd.oci.empty.v1+json";
/// No list of referrers is larger, and no more of its pages are read.
const LIMIT: usize = 4 << 20;
const PAGES: usize = 20;

/// Something that is to be attached to a manifest.
#[derive(Clone, Debug)]
pub(super) struct Attachment<'a> {
    /// What kind of artifact it is; its one layer is of the same type.
    pub(super) artifact_type: &'a str,
    /// The layer.
    pub(super) bytes: &'a [u8],
    /// Annotations of its manifest.
    pub(super) annotations: &'a [(&'a str, &'a str)],
}

impl Registry {
    /// Attaches something to the manifest of a digest. Where the registry keeps no list of referrers, a tag does.
    pub(super) async fn attach(&self, subject: &Reference, attachment: &Attachment<'_>) -> Result<String, OciError> {
        let subject_manifest = self.manifest(subject).await?;
        let annotations: serde_json::Map<String, Json> =
            attachment.annotations.iter().map(|(key, text)| ((*key).to_owned(), json!(text))).collect();
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "artifactType": attachment.artifact_type,
            "config": { "mediaType": EMPTY, "digest": digest(b"{}"), "size": 2 },
            "layers": [{
                "mediaType": attachment.artifact_type,
                "digest": digest(attachment.bytes),
                "size": attachment.bytes.len(),
            }],
            "subject": { "mediaType": MANIFEST, "digest": subject_manifest.digest, "size": subject_manifest.bytes.len() },
            "annotations": annotations,
        });
        let bytes = serde_json::to_vec(&manifest).unwrap_or_default();
        let own = digest(&bytes);
        self.put_blob(subject, b"{}").await?;
        self.put_blob(subject, attachment.bytes).await?;
        let reply = self.put_manifest(&subject.with_digest(&own), MANIFEST, &bytes).await?;
        if reply.header("oci-subject").is_none() && self.listed(subject).await?.is_none() {
            let descriptor = json!({
                "mediaType": MANIFEST,
                "digest": own,
                "size": bytes.len(),
                "artifactType": attachment.artifact_type,
                "annotations": annotations,
            });
            self.list_by_tag(subject, descriptor).await?;
        }
        Ok(own)
    }

    /// Lists the digests of what is attached to the manifest of a digest.
    pub(super) async fn referrers(&self, subject: &Reference) -> Result<Vec<String>, OciError> {
        let entries = match self.listed(subject).await? {
            Some(entries) => entries,
            None => match self.manifest(&subject.with_tag(&tag(subject))).await {
                Ok(index) => entries(&index.bytes),
                Err(OciError::NotFound(_)) => Vec::new(),
                Err(error) => return Err(error),
            },
        };
        let digests = entries.iter().filter_map(|entry| entry["digest"].as_str()).filter(|digest| is_digest(digest));
        Ok(digests.map(str::to_owned).collect())
    }

    /// Asks the registry for its list; there is none where it does not keep one.
    async fn listed(&self, subject: &Reference) -> Result<Option<Vec<Json>>, OciError> {
        let digest = subject.digest.as_deref().unwrap_or_default();
        let mut path = format!("/v2/{}/referrers/{digest}", subject.repository);
        let mut all = Vec::new();
        for _ in 0..PAGES {
            let url = self.url(&path);
            let get = |http: &super::http::Http| http.request(Method::GET, &url).header("accept", INDEX);
            let reply = self.ask(&subject.repository, false, LIMIT, get).await?;
            let is_index = serde_json::from_slice::<Json>(&reply.body).is_ok_and(|json| json["manifests"].is_array());
            match reply.status {
                StatusCode::OK if is_index => all.extend(entries(&reply.body)),
                // Some answer that they know no such page; some lead to a page for people.
                StatusCode::OK
                | StatusCode::NOT_FOUND
                | StatusCode::BAD_REQUEST
                | StatusCode::METHOD_NOT_ALLOWED
                | StatusCode::SEE_OTHER => return Ok(None),
                _ => return Err(reply.refusal(&subject.host)),
            }
            // The next page lies on the same registry.
            let next = reply.header("link").and_then(|link| link.split_once('<')?.1.split_once('>'));
            match next.filter(|(_, rest)| rest.contains("next")).map(|(url, _)| url) {
                Some(next) if next.starts_with('/') => next.clone_into(&mut path),
                _ => break,
            }
        }
        Ok(Some(all))
    }

    /// Adds to the list that a tag stands for: read, changed, written.
    async fn list_by_tag(&self, subject: &Reference, descriptor: Json) -> Result<(), OciError> {
        let reference = subject.with_tag(&tag(subject));
        let mut entries = match self.manifest(&reference).await {
            Ok(index) => entries(&index.bytes),
            Err(OciError::NotFound(_)) => Vec::new(),
            Err(error) => return Err(error),
        };
        if entries.iter().any(|entry| entry["digest"] == descriptor["digest"]) {
            return Ok(());
        }
        entries.push(descriptor);
        let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": entries });
        self.put_manifest(&reference, INDEX, &serde_json::to_vec(&index).unwrap_or_default()).await.map(|_| ())
    }
}

fn entries(index: &[u8]) -> Vec<Json> {
    let json: Json = serde_json::from_slice(index).unwrap_or_default();
    json["manifests"].as_array().cloned().unwrap_or_default()
}

/// Gives the tag that stands for the list: `sha256-…`.
fn tag(subject: &Reference) -> String {
    subject.digest.as_deref().unwrap_or_default().replace(':', "-")
}
