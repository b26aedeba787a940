//! Signatures as cosign writes them: a bundle attached to the manifest, and the older form under the tag `sha256-….sig`.

use super::error::OciError;
use super::key::{PrivateKey, PublicKey};
use super::reference::Reference;
use super::referrers::Attachment;
use super::registry::{MANIFEST, Registry};
use crate::package::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};

const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
const IN_TOTO: &str = "application/vnd.in-toto+json";
/// What a statement may call itself; the first is ours, the second is what cosign still writes.
const STATEMENTS: [&str; 2] = ["https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1"];
/// What a statement is about that says no more than that its signer stands by the artifact.
const SIGNED: &str = "https://sigstore.dev/cosign/sign/v1";
const SIMPLE: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
const SIMPLE_TYPE: &str = "cosign container image signature";
const SIGNATURE: &str = "dev.cosignproject.cosign/signature";
const IMAGE_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
/// No bundle is larger.
const BUNDLE_LIMIT: u64 = 8 << 20;
/// No payload of the older form is larger.
const PAYLOAD_LIMIT: u64 = 1 << 20;
/// No more of what may be signatures of one manifest is looked at, by bundles or in the older form.
const LOOKED_AT: usize = 200;
/// How many questions about signatures a registry may answer by no before it is believed.
const REFUSALS: usize = 5;

/// What was found on the way to a signature that holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// The forms of signatures that hold: `bundle`, `classic`.
    pub holds: Vec<&'static str>,
    /// Signatures that do not, and why.
    pub refused: Vec<String>,
    /// Why the registry did not give what may have been signatures.
    pub kept_back: Vec<OciError>,
}

/// What signed statements say about a manifest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attested {
    /// What each says.
    pub predicates: Vec<Json>,
    /// Statements that prove nothing, and why.
    pub refused: Vec<String>,
    /// Why the registry did not give what may have been statements.
    pub kept_back: Vec<OciError>,
}

impl Registry {
    /// Signs what a reference leads to; gives the reference by its digest. `classic` adds the older form.
    pub async fn sign(&self, reference: &Reference, key: &PrivateKey, classic: bool) -> Result<Reference, OciError> {
        let subject = self.attest(reference, SIGNED, &json!({}), key).await?;
        if classic {
            self.sign_classically(&subject, key).await?;
        }
        Ok(subject)
    }

    /// Attaches a signed statement about what a reference leads to; gives the reference by its digest.
    pub async fn attest(
        &self,
        reference: &Reference,
        predicate_type: &str,
        predicate: &Json,
        key: &PrivateKey,
    ) -> Result<Reference, OciError> {
        let subject = reference.with_digest(&self.manifest(reference).await?.digest);
        let bundle = bundle(&statement(&subject, predicate_type, predicate), key)?;
        let annotations =
            [("dev.sigstore.bundle.content", "dsse-envelope"), ("dev.sigstore.bundle.predicateType", predicate_type)];
        self.attach(&subject, &Attachment { artifact_type: BUNDLE, bytes: &bundle, annotations: &annotations }).await?;
        Ok(subject)
    }

    /// Looks for signatures by a key of what a reference leads to; gives the reference by its digest too.
    pub async fn verify(&self, reference: &Reference, key: &PublicKey) -> Result<(Reference, Verdict), OciError> {
        let (subject, Attested { predicates, refused, mut kept_back }) = self.attested(reference, SIGNED, key).await?;
        let layers = self.classic(&subject).await.or_else(|error| pass_over(error, &mut kept_back))?;
        let mut verdict = Verdict { holds: vec!["bundle"; predicates.len()], refused, kept_back };
        let mut layers = layers.iter().filter(|layer| layer["mediaType"] == SIMPLE);
        for layer in layers.by_ref().take(LOOKED_AT) {
            match self.judge_classic(layer, &subject, key).await {
                Ok(()) => verdict.holds.push("classic"),
                Err(reason) => verdict.refused.push(reason),
            }
        }
        if layers.next().is_some() {
            verdict.refused.insert(0, format!("there are more than {LOOKED_AT} classic signatures, which is too many"));
        }
        Ok((subject, verdict))
    }

    /// Looks for statements of a type, signed by a key, about what a reference leads to; gives the reference by its digest
    /// too.
    pub async fn attested(
        &self,
        reference: &Reference,
        predicate_type: &str,
        key: &PublicKey,
    ) -> Result<(Reference, Attested), OciError> {
        let subject = reference.with_digest(&self.manifest(reference).await?.digest);
        let mut attested = Attested::default();
        let referrers = self.referrers(&subject).await?;
        if referrers.len() > LOOKED_AT {
            attested.refused.push(format!("more than {LOOKED_AT} things are attached to it, which is too many"));
        }
        for referrer in referrers.iter().take(LOOKED_AT) {
            // What cannot be read proves nothing; the next one may.
            match self.bundle(&subject, referrer).await {
                Ok(Some(bundle)) => match judge(&bundle, &subject, key) {
                    Ok(mut statement) if statement["predicateType"] == predicate_type => {
                        attested.predicates.push(statement["predicate"].take());
                    }
                    Ok(_) => {}
                    Err(reason) => attested.refused.push(reason),
                },
                Ok(None) | Err(OciError::NotFound(_)) => {}
                Err(error @ (OciError::Untrusted { .. } | OciError::Unreadable { .. })) => {
                    attested.refused.push(error.to_string());
                }
                Err(error) => pass_over(error, &mut attested.kept_back)?,
            }
        }
        Ok((subject, attested))
    }

    /// Gets the bundle that a referrer carries, if it carries one.
    async fn bundle(&self, subject: &Reference, referrer: &str) -> Result<Option<Json>, OciError> {
        let reference = subject.with_digest(referrer);
        let manifest = self.manifest(&reference).await?;
        let json: Json = serde_json::from_slice(&manifest.bytes).unwrap_or_default();
        let layer = &json["layers"][0];
        let (Some(digest), Some(size)) = (layer["digest"].as_str(), layer["size"].as_u64()) else { return Ok(None) };
        if layer["mediaType"] != BUNDLE
            || json["subject"]["digest"].as_str() != subject.digest.as_deref()
            || size > BUNDLE_LIMIT
        {
            return Ok(None);
        }
        let bytes = self.blob(&reference, digest, size).await?;
        let what = format!("the bundle {digest}");
        let unreadable = |_| OciError::Unreadable { what, reason: "it is no JSON".to_owned() };
        serde_json::from_slice(&bytes).map(Some).map_err(unreadable)
    }

    async fn sign_classically(&self, subject: &Reference, key: &PrivateKey) -> Result<(), OciError> {
        let payload = json!({ "critical": {
            "identity": { "docker-reference": subject.place() },
            "image": { "docker-manifest-digest": subject.digest },
            "type": SIMPLE_TYPE,
        }, "optional": null });
        let payload = serde_json::to_vec(&payload).unwrap_or_default();
        let signature = STANDARD.encode(key.sign(&payload)?);
        let mut layers = self.classic(subject).await?;
        layers.push(json!({
            "mediaType": SIMPLE, "digest": digest(&payload), "size": payload.len(), "annotations": { SIGNATURE: signature },
        }));
        let diffs: Vec<&Json> = layers.iter().map(|layer| &layer["digest"]).collect();
        let config =
            json!({ "architecture": "", "os": "", "config": {}, "rootfs": { "type": "layers", "diff_ids": diffs } });
        let config = serde_json::to_vec(&config).unwrap_or_default();
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": { "mediaType": IMAGE_CONFIG, "digest": digest(&config), "size": config.len() },
            "layers": layers,
        });
        self.put_blob(subject, &payload).await?;
        self.put_blob(subject, &config).await?;
        self.put_manifest(&classic_tag(subject), MANIFEST, &serde_json::to_vec(&manifest).unwrap_or_default())
            .await
            .map(|_| ())
    }

    /// Gives the layers of the older form, each a signature.
    async fn classic(&self, subject: &Reference) -> Result<Vec<Json>, OciError> {
        match self.manifest(&classic_tag(subject)).await {
            Ok(manifest) => {
                let json: Json = serde_json::from_slice(&manifest.bytes).unwrap_or_default();
                Ok(json["layers"].as_array().cloned().unwrap_or_default())
            }
            Err(OciError::NotFound(_)) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    async fn judge_classic(&self, layer: &Json, subject: &Reference, key: &PublicKey) -> Result<(), String> {
        let signature = layer["annotations"][SIGNATURE].as_str().and_then(|text| STANDARD.decode(text).ok());
        let (Some(signature), Some(digest), Some(size)) = (signature, layer["digest"].as_str(), layer["size"].as_u64())
        else {
            return Err("a classic signature is not written as cosign writes it".to_owned());
        };
        if size > PAYLOAD_LIMIT {
            return Err(format!("a classic signature is larger than {PAYLOAD_LIMIT} bytes"));
        }
        let payload = self.blob(subject, digest, size).await.map_err(|error| error.to_string())?;
        if !key.verifies(&payload, &signature) {
            return Err("a classic signature is by another key".to_owned());
        }
        let json: Json = serde_json::from_slice(&payload).unwrap_or_default();
        let critical = &json["critical"];
        if critical["type"] != SIMPLE_TYPE
            || critical["image"]["docker-manifest-digest"].as_str() != subject.digest.as_deref()
        {
            return Err("a classic signature is of something else".to_owned());
        }
        Ok(())
    }
}

/// Passes over a few things that a registry does not give: what holds may be among the others.
fn pass_over<T: Default>(error: OciError, kept_back: &mut Vec<OciError>) -> Result<T, OciError> {
    let is_answer = matches!(error, OciError::Forbidden { .. } | OciError::Status { .. });
    if !is_answer || kept_back.len() >= REFUSALS {
        return Err(error);
    }
    kept_back.push(error);
    Ok(T::default())
}

fn classic_tag(subject: &Reference) -> Reference {
    subject.with_tag(&format!("{}.sig", subject.digest.as_deref().unwrap_or_default().replace(':', "-")))
}

/// Writes a statement about a manifest.
fn statement(subject: &Reference, predicate_type: &str, predicate: &Json) -> Vec<u8> {
    let hex = subject.digest.as_deref().unwrap_or_default().trim_start_matches("sha256:");
    let statement = json!({
        "_type": STATEMENTS[0],
        "subject": [{ "digest": { "sha256": hex } }],
        "predicateType": predicate_type,
        "predicate": predicate,
    });
    serde_json::to_vec(&statement).unwrap_or_default()
}

/// Signs a statement, and wraps it up as a bundle.
fn bundle(statement: &[u8], key: &PrivateKey) -> Result<Vec<u8>, OciError> {
    let signature = key.sign(&authenticated(IN_TOTO, statement))?;
    let bundle = json!({
        "mediaType": BUNDLE,
        "verificationMaterial": { "publicKey": { "hint": key.public().hint() } },
        "dsseEnvelope": {
            "payload": STANDARD.encode(statement),
            "payloadType": IN_TOTO,
            "signatures": [{ "sig": STANDARD.encode(signature) }],
        },
    });
    Ok(serde_json::to_vec(&bundle).unwrap_or_default())
}

/// Gives what an envelope's signature is over: DSSE's pre-authentication encoding.
fn authenticated(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

/// Judges a bundle: gives its statement, or says why it proves nothing.
fn judge(bundle: &Json, subject: &Reference, key: &PublicKey) -> Result<Json, String> {
    let material = &bundle["verificationMaterial"];
    if material["certificate"].is_object() || material["x509CertificateChain"].is_object() {
        return Err("a bundle is signed by a certificate instead of a key, which is not supported yet".to_owned());
    }
    let envelope = &bundle["dsseEnvelope"];
    let decoded = |json: &Json| json.as_str().and_then(|text| STANDARD.decode(text).ok());
    let (Some(payload), Some(payload_type)) = (decoded(&envelope["payload"]), envelope["payloadType"].as_str()) else {
        return Err("a bundle holds no envelope with a statement".to_owned());
    };
    let signed = authenticated(payload_type, &payload);
    let mut signatures =
        envelope["signatures"].as_array().into_iter().flatten().filter_map(|entry| decoded(&entry["sig"]));
    if payload_type != IN_TOTO || !signatures.any(|signature| key.verifies(&signed, &signature)) {
        return Err("a bundle is signed by another key".to_owned());
    }
    let statement: Json = serde_json::from_slice(&payload).unwrap_or_default();
    let hex = subject.digest.as_deref().unwrap_or_default().trim_start_matches("sha256:");
    let is_subject = |entry: &Json| entry["digest"]["sha256"] == hex;
    if !STATEMENTS.iter().any(|known| statement["_type"] == *known)
        || !statement["subject"].as_array().is_some_and(|subjects| subjects.iter().any(is_subject))
    {
        return Err("a bundle is about something else".to_owned());
    }
    Ok(statement)
}
