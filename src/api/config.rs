//! ConfigMaps, Secrets, ServiceAccounts.
//!
//! No message shows what a Secret holds.

use super::Judge;
use super::check::{Check, Place, items, plain, show};
use super::syntax::{blocks, config_key};
use crate::schema::decode_base64;
use crate::yaml::Node;
use std::borrow::Cow;

/// Most bytes that the values of a ConfigMap or Secret may have together.
const MOST: usize = 1024 * 1024;

const ENFORCE_MOUNTABLE: &str = "kubernetes.io/enforce-mountable-secrets";

/// Gives the judge of a kind.
pub(super) fn find(group: &str, kind: &str) -> Option<Judge> {
    match (group, kind) {
        ("", "ConfigMap") => Some(config_map),
        ("", "Secret") => Some(secret),
        ("", "ServiceAccount") => Some(service_account),
        _ => None,
    }
}

fn config_map<'d>(check: &mut Check<'d>, object: Node<'d>) {
    let mut size = 0;
    for entry in object.field("data").into_iter().flat_map(Node::entries) {
        size += plain(entry.value).len();
        let place = Place::Keyed(entry.key.span(), object, "data", entry.name());
        check.syntax("api/config", place, "key", entry.name(), config_key);
        let other = object.field("binaryData").and_then(|binary| binary.entry(entry.name()));
        if let Some(other) = other {
            let message = format!("`{}` stands in `data` and in `binaryData`", show(entry.name()));
            check.error("api/config", place, message).label(other.key.span(), "also here");
        }
    }
    for entry in object.field("binaryData").into_iter().flat_map(Node::entries) {
        size += decode_base64(entry.value.text()).map_or(0, |bytes| bytes.len());
        let place = Place::Keyed(entry.key.span(), object, "binaryData", entry.name());
        check.syntax("api/config", place, "key", entry.name(), config_key);
    }
    if size > MOST {
        check.error("api/config", object, format!("the values have {size} bytes, and may have {MOST} together"));
    }
}

fn secret<'d>(check: &mut Check<'d>, object: Node<'d>) {
    let mut size = 0;
    for field in ["stringData", "data"] {
        for entry in object.field(field).into_iter().flat_map(Node::entries) {
            let Some((_, bytes)) = held(object, entry.name()).filter(|(node, _)| *node == entry.value) else {
                continue;
            };
            size += bytes.len();
            // The server has put `stringData` into `data` before it looks.
            let place = Place::Keyed(entry.key.span(), object, "data", entry.name());
            check.syntax("api/config", place, "key", entry.name(), config_key);
        }
    }
    if size > MOST {
        let message = format!("the values have {size} bytes, and may have {MOST} together");
        check.error("api/config", (object, "data"), message);
    }
    match object.field("type").map(Node::text).unwrap_or_default() {
        "kubernetes.io/service-account-token" => token(check, object),
        "kubernetes.io/dockercfg" => json(check, object, ".dockercfg"),
        "kubernetes.io/dockerconfigjson" => json(check, object, ".dockerconfigjson"),
        "kubernetes.io/basic-auth" if held(object, "username").is_none() && held(object, "password").is_none() => {
            lacks(check, object, "username");
            lacks(check, object, "password");
        }
        "kubernetes.io/ssh-auth" if held(object, "ssh-privatekey").is_none_or(|(_, key)| key.is_empty()) => {
            lacks(check, object, "ssh-privatekey");
        }
        "kubernetes.io/tls" => certificate(check, object),
        _ => {}
    }
}

/// Gives the node and bytes that a Secret holds under a key: `stringData` counts before `data`.
fn held<'d>(secret: Node<'d>, key: &str) -> Option<(Node<'d>, Cow<'d, [u8]>)> {
    let find = |field: &str| secret.field(field).and_then(|map| map.entry(key)).map(|entry| entry.value);
    if let Some(node) = find("stringData") {
        return Some((node, Cow::Borrowed(plain(node).as_bytes())));
    }
    find("data").map(|node| (node, Cow::Owned(decode_base64(plain(node)).unwrap_or_default())))
}

fn lacks<'d>(check: &mut Check<'d>, secret: Node<'d>, key: &'static str) {
    let kind = secret.field("type").unwrap_or(secret);
    let message = format!("a Secret of type `{}` needs `{key}`", kind.text());
    check.error("api/secret", Place::Keyed(kind.head(), secret, "data", key), message);
}

fn token<'d>(check: &mut Check<'d>, secret: Node<'d>) {
    const ACCOUNT: &str = "kubernetes.io/service-account.name";
    let metadata = secret.field("metadata").unwrap_or(secret);
    if metadata.at(&["annotations", ACCOUNT]).is_none_or(|name| name.text().is_empty()) {
        let kind = secret.field("type").unwrap_or(secret);
        let message = format!("a token needs the annotation `{ACCOUNT}`, which names its ServiceAccount");
        check.error("api/secret", Place::Keyed(kind.head(), metadata, "annotations", ACCOUNT), message);
    }
}

fn json<'d>(check: &mut Check<'d>, secret: Node<'d>, key: &'static str) {
    let Some((node, bytes)) = held(secret, key) else { return lacks(check, secret, key) };
    let text = String::from_utf8_lossy(&bytes);
    let read = serde_json::from_str::<serde_json::Value>(&text);
    if !read.is_ok_and(|value| value.is_object() || value.is_null()) {
        let place = Place::Keyed(node.head(), secret, "data", key);
        check.error("api/secret", place, format!("`{key}` must be a JSON object")).masked();
    }
}

fn certificate<'d>(check: &mut Check<'d>, secret: Node<'d>) {
    let parts = [("tls.crt", "CERTIFICATE", "certificate"), ("tls.key", "PRIVATE KEY", "private key")];
    if parts.iter().any(|(key, ..)| held(secret, key).is_none()) {
        for (key, ..) in parts.into_iter().filter(|(key, ..)| held(secret, key).is_none()) {
            lacks(check, secret, key);
        }
        return;
    }
    for (key, label, what) in parts {
        let Some((node, bytes)) = held(secret, key) else { continue };
        let text = String::from_utf8_lossy(&bytes);
        if !blocks(&text).any(|block| block.label.ends_with(label)) {
            let place = Place::Keyed(node.head(), secret, "data", key);
            check.warning("api/secret", place, format!("`{key}` holds no {what} in PEM form")).masked();
            return;
        }
    }
}

fn service_account<'d>(check: &mut Check<'d>, object: Node<'d>) {
    for secret in items(object, "secrets").filter(|secret| secret.get("name").is_none()) {
        check.apply_only(secret, "`name`, which tells `secrets` apart, is missing");
    }
    let annotations = object.at(&["metadata", "annotations"]);
    if check.since(32)
        && let Some(entry) = annotations.and_then(|annotations| annotations.entry(ENFORCE_MOUNTABLE))
    {
        check
            .warning("api/deprecated", entry, format!("the annotation `{ENFORCE_MOUNTABLE}` is deprecated"))
            .help("keep apart what mounts Secrets in namespaces of their own");
    }
}

#[cfg(test)]
mod tests {
    use crate::api::testing::judged;

    #[test]
    fn config_maps_and_secrets() {
        let found = judged(
            "apiVersion: v1
kind: ConfigMap
metadata: {name: web}
data: {a b: x, both: x}
binaryData: {both: eA==, ..up: eA==}
",
        );
        let expected = [
            "error api/config data[\"a b\"]: `key` is `a b`, but may hold only letters, digits, `-`, `_` and `.`",
            "error api/config data.both: `both` stands in `data` and in `binaryData`",
            "error api/config binaryData[\"..up\"]: `key` is `..up`, but may not begin with `..`",
        ];
        assert_eq!(found, expected, "{found:#?}");
        let table: [(&str, &[&str]); 14] = [
            (
                "stringData: {a/b: x}",
                &[
                    "error api/config data[\"a/b\"]: `key` is `a/b`, but may hold only letters, digits, `-`, `_` and `.`",
                ],
            ),
            (
                "type: kubernetes.io/basic-auth",
                &[
                    "error api/secret data.username: a Secret of type `kubernetes.io/basic-auth` needs `username`",
                    "error api/secret data.password: a Secret of type `kubernetes.io/basic-auth` needs `password`",
                ],
            ),
            ("type: kubernetes.io/basic-auth\ndata: {username: ''}", &[]),
            (
                "type: kubernetes.io/ssh-auth\ndata: {ssh-privatekey: ''}",
                &[
                    "error api/secret data.ssh-privatekey: a Secret of type `kubernetes.io/ssh-auth` needs `ssh-privatekey`",
                ],
            ),
            (
                "type: kubernetes.io/tls\ndata: {tls.crt: ''}",
                &["error api/secret data[\"tls.key\"]: a Secret of type `kubernetes.io/tls` needs `tls.key`"],
            ),
            (
                "type: kubernetes.io/tls\nstringData: {tls.crt: '', tls.key: ''}",
                &["warning api/secret data[\"tls.crt\"]: `tls.crt` holds no certificate in PEM form"],
            ),
            (
                "type: kubernetes.io/dockerconfigjson",
                &[
                    "error api/secret data[\".dockerconfigjson\"]: a Secret of type `kubernetes.io/dockerconfigjson` needs `.dockerconfigjson`",
                ],
            ),
            ("type: kubernetes.io/dockerconfigjson\nstringData: {.dockerconfigjson: '{}'}", &[]),
            ("type: kubernetes.io/dockerconfigjson\ndata: {.dockerconfigjson: bnVsbA==}", &[]),
            (
                "type: kubernetes.io/dockerconfigjson\ndata: {.dockerconfigjson: e30=}\nstringData: {.dockerconfigjson: '['}",
                &["error api/secret data[\".dockerconfigjson\"]: `.dockerconfigjson` must be a JSON object"],
            ),
            (
                "type: kubernetes.io/dockercfg\ndata: {.dockercfg: W10=}",
                &["error api/secret data[\".dockercfg\"]: `.dockercfg` must be a JSON object"],
            ),
            (
                "type: kubernetes.io/service-account-token",
                &[
                    "error api/secret metadata.annotations[\"kubernetes.io/service-account.name\"]: a token needs the annotation `kubernetes.io/service-account.name`, which names its ServiceAccount",
                ],
            ),
            ("type: example.com/own\ndata: {a: eA==}", &[]),
            ("immutable: true", &[]),
        ];
        for (rest, expected) in table {
            let found = judged(&format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: web}}\n{rest}\n"));
            assert_eq!(found, expected, "{rest}");
        }
    }

    #[test]
    fn the_values_of_one_object_are_bounded() {
        let long = "x".repeat(super::MOST);
        let map = |rest: &str| {
            judged(&format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata: {{a: {long}{rest}}}\n"))
        };
        assert_eq!(map(""), Vec::<String>::new());
        assert_eq!(map("x"), ["error api/config : the values have 1048577 bytes, and may have 1048576 together"]);
    }
}
