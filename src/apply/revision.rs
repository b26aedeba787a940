//! Revisions of a release: what was applied, kept as Secrets.
//!
//! A revision is a head, small, and the parts of its compressed contents, none near the limit of what a Secret may hold. Parts
//! are written before the head, so that a head that can be seen is whole; what it says of their number and digest is checked
//! all the same.

use super::inventory::RELEASE;
use crate::chart::IgnoredField;
use crate::cluster::{label, text};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use std::io::{Read as _, Write as _};

/// The type of our Secrets.
const TYPE: &str = "plimsoll.dev/revision";
/// The label that tells heads from parts.
pub(super) const ROLE: &str = "plimsoll.dev/role";
pub(super) const HEAD: &str = "revision";
pub(super) const PART: &str = "revision-part";
const NUMBER: &str = "plimsoll.dev/revision";
const STATUS: &str = "plimsoll.dev/status";
const REASON: &str = "plimsoll.dev/reason";
/// The size of a part, in bytes: an object may have 1.5 MiB on the wire, with base64, and a Secret 1 MiB.
const PART_SIZE: usize = 900 << 10;
/// What contents may unfold to.
const LIMIT: u64 = 512 << 20;

/// How a revision stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It is being applied, or whoever applied it never came to an end.
    Pending,
    /// It is what is there.
    Deployed,
    /// Applying it did not succeed.
    Failed,
    /// A later one took its place.
    Superseded,
    /// The release is being removed.
    Uninstalling,
}

impl Status {
    const ALL: [Self; 5] = [Self::Pending, Self::Deployed, Self::Failed, Self::Superseded, Self::Uninstalling];

    /// Gives its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Deployed => "deployed",
            Self::Failed => "failed",
            Self::Superseded => "superseded",
            Self::Uninstalling => "uninstalling",
        }
    }
}

/// A revision, without its contents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    /// Its release.
    pub release: String,
    /// The namespace of the release.
    pub namespace: String,
    /// Its number, from 1.
    pub number: u32,
    /// How it stands.
    pub status: Status,
    /// Why it failed.
    pub reason: String,
    /// When it was written.
    pub created: String,
    /// How it came to be: `install`, `rollback to 2`.
    pub description: String,
    /// The chart or folder, and the chart's version: `shop-1.2.0`.
    pub chart: String,
    /// The version of the application, as the chart says.
    pub app_version: String,
    /// The environment.
    pub environment: Option<String>,
    /// Nothing was checked before it was applied.
    pub unchecked: bool,
    /// How many objects it has, without hooks.
    pub objects: usize,
    /// The digest of its contents.
    pub digest: String,
    /// The number of its parts.
    pub parts: usize,
}

/// What a revision applies.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Contents {
    /// The objects as they are sent, but for the label of the inventory.
    pub objects: Vec<Json>,
    /// The hooks.
    pub hooks: Vec<Json>,
    /// What the workspace leaves to others.
    pub left: Vec<IgnoredField>,
}

impl Contents {
    fn write(&self) -> Vec<u8> {
        let mut written = json!({"objects": self.objects, "hooks": self.hooks});
        if !self.left.is_empty() {
            let rule = |rule: &IgnoredField| json!({"kind": rule.kind, "name": rule.name, "namespace": rule.namespace, "path": rule.path});
            written["left"] = self.left.iter().map(rule).collect();
        }
        written.to_string().into_bytes()
    }

    /// Gives the digest by which equal contents are known.
    pub(super) fn digest(&self) -> String {
        hex(&Sha256::digest(self.write()))
    }

    /// Compresses and splits them.
    pub(super) fn pack(&self) -> Vec<Vec<u8>> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        // A vector takes whatever it is given.
        let packed = encoder.write_all(&self.write()).and_then(|()| encoder.finish()).unwrap_or_default();
        packed.chunks(PART_SIZE).map(<[u8]>::to_vec).collect()
    }

    /// Joins and reads parts; says why they cannot be read.
    pub(super) fn unpack(parts: &[Vec<u8>], digest: &str) -> Result<Self, String> {
        let joined = parts.concat();
        let mut text = Vec::new();
        GzDecoder::new(joined.as_slice())
            .take(LIMIT)
            .read_to_end(&mut text)
            .map_err(|error| format!("it cannot be unpacked: {error}"))?;
        if hex(&Sha256::digest(&text)) != digest {
            return Err("its contents are not what was written: their digest differs".to_owned());
        }
        let mut read: Json = serde_json::from_slice(&text).map_err(|error| format!("it is no JSON: {error}"))?;
        let mut list = |key: &str| match read.get_mut(key).map(Json::take) {
            Some(Json::Array(items)) => items,
            _ => Vec::new(),
        };
        let rule = |rule: &Json| {
            let part = |key: &str| rule.get(key).and_then(Json::as_str).map(str::to_owned);
            Some(IgnoredField {
                kind: part("kind"),
                name: part("name"),
                namespace: part("namespace"),
                path: part("path")?,
            })
        };
        let left = list("left").iter().filter_map(rule).collect();
        Ok(Self { objects: list("objects"), hooks: list("hooks"), left })
    }
}

impl Revision {
    /// Gives the name of its head.
    pub(super) fn head_name(&self) -> String {
        format!("plimsoll.{}.v{}", self.release, self.number)
    }

    /// Gives the name of a part, from 1.
    pub(super) fn part_name(&self, part: usize) -> String {
        format!("{}.p{part}", self.head_name())
    }

    fn labels(&self, role: &str) -> Json {
        json!({
            "app.kubernetes.io/managed-by": "plimsoll",
            RELEASE: self.release,
            NUMBER: self.number.to_string(),
            ROLE: role,
        })
    }

    /// Writes the head.
    pub(super) fn head(&self) -> Json {
        let record = json!({
            "release": self.release,
            "revision": self.number,
            "created": self.created,
            "description": self.description,
            "chart": self.chart,
            "appVersion": self.app_version,
            "environment": self.environment,
            "unchecked": self.unchecked,
            "objects": self.objects,
            "digest": self.digest,
            "parts": self.parts,
            "plimsoll": env!("CARGO_PKG_VERSION"),
        });
        let mut labels = self.labels(HEAD);
        labels[STATUS] = json!(self.status.name());
        json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "name": self.head_name(),
                "namespace": self.namespace,
                "labels": labels,
                "annotations": { REASON: self.reason },
            },
            "type": TYPE,
            "data": { "record": STANDARD.encode(record.to_string()) },
        })
    }

    /// Writes a part, from 1.
    pub(super) fn part(&self, number: usize, bytes: &[u8]) -> Json {
        json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "name": self.part_name(number),
                "namespace": self.namespace,
                "labels": self.labels(PART),
            },
            "type": TYPE,
            "data": { "part": STANDARD.encode(bytes) },
        })
    }

    /// Writes what changes where the status does.
    pub(super) fn status_patch(status: Status, reason: &str) -> Json {
        json!({"metadata": {"labels": {STATUS: status.name()}, "annotations": {REASON: reason}}})
    }

    /// Reads a head; nothing of what is none.
    pub fn read(secret: &Json) -> Option<Self> {
        if label(secret, ROLE) != Some(HEAD) {
            return None;
        }
        let record: Json = serde_json::from_slice(&STANDARD.decode(text(secret, "/data/record")).ok()?).ok()?;
        let of = |key: &str| record.get(key).and_then(Json::as_str).unwrap_or_default().to_owned();
        let count = |key: &str| record.get(key).and_then(Json::as_u64).and_then(|count| usize::try_from(count).ok());
        let status = label(secret, STATUS)?;
        Some(Self {
            release: of("release"),
            namespace: text(secret, "/metadata/namespace").to_owned(),
            number: u32::try_from(count("revision")?).ok()?,
            status: Status::ALL.into_iter().find(|known| known.name() == status)?,
            reason: crate::cluster::annotation(secret, REASON).unwrap_or_default().to_owned(),
            created: of("created"),
            description: of("description"),
            chart: of("chart"),
            app_version: of("appVersion"),
            environment: record.get("environment").and_then(Json::as_str).map(str::to_owned),
            unchecked: record.get("unchecked").and_then(Json::as_bool).unwrap_or_default(),
            objects: count("objects")?,
            digest: of("digest"),
            parts: count("parts")?,
        })
    }
}

/// Reads the bytes of a part.
pub(super) fn part_bytes(secret: &Json) -> Option<Vec<u8>> {
    STANDARD.decode(text(secret, "/data/part")).ok()
}

fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn revision() -> Revision {
        Revision {
            release: "shop".to_owned(),
            namespace: "ns".to_owned(),
            number: 3,
            status: Status::Failed,
            reason: "Deployment web: no".to_owned(),
            created: "2026-11-26T09:00:00Z".to_owned(),
            description: "upgrade".to_owned(),
            chart: "shop-1.0.0".to_owned(),
            app_version: "2".to_owned(),
            environment: Some("prod".to_owned()),
            unchecked: true,
            objects: 2,
            digest: "d".to_owned(),
            parts: 1,
        }
    }

    #[test]
    fn heads_are_read_back() {
        assert_eq!(Revision::read(&revision().head()), Some(revision()));
        assert_eq!(Revision::read(&revision().part(1, b"x")), None);
        assert_eq!(part_bytes(&revision().part(1, b"x")), Some(b"x".to_vec()));
    }

    #[test]
    fn contents_that_do_not_compress_are_split() {
        let mut state = 1_u64;
        let mut noise = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            format!("{state:016x}")
        };
        let text: String = (0..200_000).map(|_| noise()).collect();
        let rule = IgnoredField { kind: Some("Job".to_owned()), path: "spec.a".to_owned(), ..IgnoredField::default() };
        let hooks = vec![json!({"kind": "Job"})];
        let contents = Contents { objects: vec![json!({"data": text})], hooks, left: vec![rule] };
        let parts = contents.pack();
        assert!(parts.len() > 1 && parts.iter().all(|part| part.len() <= PART_SIZE), "{}", parts.len());
        assert_eq!(Contents::unpack(&parts, &contents.digest()), Ok(contents.clone()));
        assert!(Contents::unpack(&parts[1..], &contents.digest()).is_err());
        assert!(Contents::unpack(&parts[..1], &contents.digest()).is_err());
        assert!(Contents::unpack(&parts, "other").is_err());
    }

    proptest! {
        #[test]
        fn contents_are_read_back(texts in proptest::collection::vec(".*", 0..5)) {
            let contents = Contents { objects: texts.iter().map(|text| json!({"data": text})).collect(), hooks: Vec::new(), left: Vec::new() };
            prop_assert_eq!(Contents::unpack(&contents.pack(), &contents.digest()), Ok(contents));
        }
    }
}
