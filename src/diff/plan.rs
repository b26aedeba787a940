//! Plans: what an apply would do, written down so that it can be held against what is there when it is done.
//!
//! In: objects, and what was read of the cluster. Out: a [`Plan`], and its JSON. A plan names every object with the digest of
//! what is applied and the resourceVersion of what was there. It holds no secret, and of an object that has one the digest takes
//! long to compute and depends on a salt, so that trying out short secrets is slow work.

use super::compare::is_a_secret;
use super::mask::{Mask, Spot};
use super::value::Value;
use crate::yaml::emit::Data;
use scrypt::{Params, scrypt};
use serde_json::{Map, Value as Json, json};
use sha2::{Digest as _, Sha256};

/// What a digest of something secret costs: 2 to this power times a kibibyte of memory, and the time to fill it.
const COST: u8 = 14;

/// The version of the form in which plans are written.
const SCHEMA: u64 = 1;

/// What an apply would do.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// The version of Plimsoll that made it.
    pub tool: String,
    /// The context of the cluster.
    pub context: String,
    /// The address of its server.
    pub server: String,
    /// The version of Kubernetes that it runs.
    pub kubernetes: String,
    /// The release; the path of plain manifests.
    pub release: String,
    /// The environment, where there is one.
    pub environment: Option<String>,
    /// The namespace of the release.
    pub namespace: String,
    /// What the digests of secrets depend on, in hexadecimal.
    pub salt: String,
    /// The files that the objects were made of: names and digests.
    pub inputs: Vec<(String, String)>,
    /// The objects, by kind, namespace and name.
    pub objects: Vec<Planned>,
    /// The findings about the objects, as `check --format json` has them.
    pub findings: Vec<Json>,
    /// The changes, as `diff --format json` has them; nothing checks them.
    pub changes: Json,
}

/// An object of a plan.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Planned {
    /// Its `apiVersion`.
    pub api_version: String,
    /// Its kind.
    pub kind: String,
    /// Its namespace; none where it lives in none.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// What happens to it: `added`, `changed`, `replaced`, `removed`, `unchanged`, `hook`.
    pub change: String,
    /// The digest of what is applied; none where it goes.
    pub digest: Option<String>,
    /// The resourceVersion of what is there; none where nothing is.
    pub resource_version: Option<String>,
    /// The uid of what is there.
    pub uid: Option<String>,
    /// The digest of what is there, without what the cluster writes by itself.
    pub live: Option<String>,
}

/// Gives the digest of an object as it is applied. Equal objects of plans with the same salt have equal digests, whatever the
/// order of their keys.
pub fn digest(object: &Json, salt: &str) -> String {
    let value = Value::of_data(Data::from_json(object));
    let secret = Mask::new(is_a_secret(&value), false).holds_secret(&value, &Spot::default());
    text_digest(&ordered(object).to_string(), secret.then_some(salt))
}

/// Gives the digest of an object of a cluster, without its status and what else changes by itself.
pub fn live_digest(live: &Json, salt: &str) -> String {
    let mut kept = live.clone();
    if let Some(object) = kept.as_object_mut() {
        object.shift_remove("status");
    }
    if let Some(metadata) = kept.get_mut("metadata").and_then(Json::as_object_mut) {
        metadata.retain(|key, _| !["generation", "managedFields", "resourceVersion"].contains(&key.as_str()));
    }
    digest(&kept, salt)
}

/// Gives the digest of a text: one that takes long where a salt is given, as the text may hold secrets.
pub fn text_digest(text: &str, salt: Option<&str>) -> String {
    let Some(salt) = salt else { return format!("sha256:{}", hexadecimal(&Sha256::digest(text))) };
    let mut key = [0; 32];
    // These parameters are possible ones.
    let made = Params::new(COST, 8, 1, key.len()).ok();
    made.and_then(|parameters| scrypt(text.as_bytes(), salt.as_bytes(), &parameters, &mut key).ok());
    format!("scrypt:{}", hexadecimal(&key))
}

/// Writes bytes in hexadecimal.
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

/// Gives the same JSON with the keys of every map in order.
fn ordered(json: &Json) -> Json {
    match json {
        Json::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort_unstable();
            Json::Object(keys.into_iter().map(|key| (key.clone(), ordered(&map[key]))).collect())
        }
        Json::Array(items) => items.iter().map(ordered).collect(),
        scalar => scalar.clone(),
    }
}

impl Plan {
    /// Writes it as JSON, indented, with a final newline.
    pub fn to_json(&self) -> String {
        let inputs: Vec<Json> =
            self.inputs.iter().map(|(file, digest)| json!({ "file": file, "digest": digest })).collect();
        let document = json!({
            "schemaVersion": SCHEMA,
            "kind": "Plan",
            "tool": self.tool,
            "context": self.context,
            "server": self.server,
            "kubernetes": self.kubernetes,
            "release": self.release,
            "environment": self.environment,
            "namespace": self.namespace,
            "salt": self.salt,
            "inputs": inputs,
            "objects": self.objects.iter().map(Planned::to_json).collect::<Vec<_>>(),
            "findings": self.findings,
            "changes": self.changes,
        });
        format!("{document:#}\n")
    }

    /// Reads a plan; says why a text is none.
    pub fn from_json(text: &str) -> Result<Self, String> {
        let json: Json = serde_json::from_str(text).map_err(|error| format!("it is no JSON: {error}"))?;
        if json.get("kind").and_then(Json::as_str) != Some("Plan") {
            return Err("it is no plan: `kind` is not `Plan`".to_owned());
        }
        match json.get("schemaVersion").and_then(Json::as_u64) {
            Some(SCHEMA) => {}
            _ => {
                return Err(format!("its `schemaVersion` is not {SCHEMA}: it was made by another version of Plimsoll"));
            }
        }
        let text = |key: &str| match json.get(key).and_then(Json::as_str) {
            Some(text) => Ok(text.to_owned()),
            None => Err(format!("`{key}` is missing")),
        };
        let list = |key: &str| json.get(key).and_then(Json::as_array).ok_or_else(|| format!("`{key}` is missing"));
        let input = |entry: &Json| {
            let text = |key: &str| entry.get(key).and_then(Json::as_str).map(str::to_owned);
            text("file").zip(text("digest")).ok_or_else(|| "an input lacks its file or its digest".to_owned())
        };
        Ok(Self {
            tool: text("tool")?,
            context: text("context")?,
            server: text("server")?,
            kubernetes: text("kubernetes")?,
            release: text("release")?,
            environment: json.get("environment").and_then(Json::as_str).map(str::to_owned),
            namespace: text("namespace")?,
            salt: text("salt")?,
            inputs: list("inputs")?.iter().map(input).collect::<Result<_, _>>()?,
            objects: list("objects")?.iter().map(Planned::from_json).collect::<Result<_, _>>()?,
            findings: list("findings")?.clone(),
            changes: json.get("changes").cloned().unwrap_or_default(),
        })
    }
}

impl Planned {
    fn to_json(&self) -> Json {
        json!({
            "apiVersion": self.api_version,
            "kind": self.kind,
            "namespace": self.namespace,
            "name": self.name,
            "change": self.change,
            "digest": self.digest,
            "resourceVersion": self.resource_version,
            "uid": self.uid,
            "live": self.live,
        })
    }

    fn from_json(json: &Json) -> Result<Self, String> {
        let map = json.as_object().ok_or_else(|| "an object of it is no map".to_owned())?;
        let some = |map: &Map<String, Json>, key: &str| map.get(key).and_then(Json::as_str).map(str::to_owned);
        let text = |key: &str| some(map, key).ok_or_else(|| format!("an object lacks its `{key}`"));
        Ok(Self {
            api_version: text("apiVersion")?,
            kind: text("kind")?,
            namespace: some(map, "namespace"),
            name: text("name")?,
            change: text("change")?,
            digest: some(map, "digest"),
            resource_version: some(map, "resourceVersion"),
            uid: some(map, "uid"),
            live: some(map, "live"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_are_read_back() {
        let planned = Planned {
            api_version: "v1".to_owned(),
            kind: "Secret".to_owned(),
            namespace: Some("shop".to_owned()),
            name: "db".to_owned(),
            change: "changed".to_owned(),
            digest: Some("sha256:00".to_owned()),
            resource_version: Some("7".to_owned()),
            uid: None,
            live: Some("sha256:22".to_owned()),
        };
        let inputs = vec![("a.yaml".to_owned(), "sha256:11".to_owned())];
        let plan = Plan { release: "shop".to_owned(), inputs, objects: vec![planned], ..Plan::default() };
        assert_eq!(Plan::from_json(&plan.to_json()), Ok(plan.clone()));
        for (text, says) in
            [("{", "no JSON"), ("{}", "no plan"), (r#"{"kind": "Plan", "schemaVersion": 2}"#, "another version")]
        {
            assert!(Plan::from_json(text).is_err_and(|error| error.contains(says)), "{text}");
        }
    }

    #[test]
    fn digests_of_secrets_depend_on_the_salt_and_others_do_not() {
        let secret = |value: &str| json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "data": {"a": value}});
        let config = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "b", "c": "d"}});
        let turned = json!({"data": {"c": "d", "a": "b"}, "kind": "ConfigMap", "apiVersion": "v1"});
        assert_eq!(digest(&config, "x"), digest(&turned, "y"));
        assert!(digest(&config, "x").starts_with("sha256:"));
        assert!(digest(&secret("MQ=="), "x").starts_with("scrypt:"));
        assert_eq!(digest(&secret("MQ=="), "x"), digest(&secret("MQ=="), "x"));
        assert_ne!(digest(&secret("MQ=="), "x"), digest(&secret("MQ=="), "y"));
        assert_ne!(digest(&secret("MQ=="), "x"), digest(&secret("Mg=="), "x"));
    }
}
