//! Secrets in plain sight. A message names keys, never values.

use super::Check;
use crate::chart::is_encrypted;
use crate::diagnostic::Change;
use crate::lint::finding::{Findings, called};
use crate::lint::params::Params;
use crate::lint::secrets;
use crate::schema::{decode_base64, encode_base64};
use crate::yaml::{Entry, Node};

/// A Secret's own values may not stand in its manifest. Encrypted documents, references and empty shells pass.
pub(super) fn raw(_: &mut Params<'_>) -> Check {
    Check::object(|context, findings| {
        let object = context.object;
        // SOPS keeps its keys beside the values that it encrypted.
        if is_encrypted(object.node) {
            return;
        }
        for block in ["data", "stringData"].into_iter().filter_map(|field| object.node.entry(field)) {
            let decoded = |text: &str| String::from_utf8(decode_base64(text)?).ok();
            let supplied =
                |text: &str| secrets::is_no_secret(text) || decoded(text).is_some_and(|t| secrets::is_no_secret(&t));
            let plain = |entry: &Entry<'_>| !entry.value.is_null() && !supplied(entry.value.text());
            let keys: Vec<_> = block.value.entries().filter(plain).map(|e| format!("`{}`", e.name())).collect();
            if !keys.is_empty() {
                let message = format!("Secret `{}` holds in plain sight: {}", object.name, keys.join(", "));
                findings.at_key(block).message(message);
            }
        }
    })
}

/// No variable of a container (`in: env`), or no value of a ConfigMap (`in: config-map`), may be a secret by its name or
/// by its form.
pub(super) fn literal(params: &mut Params<'_>) -> Check {
    if params.word("in", &["env", "config-map"]) == "env" {
        return Check::container(|_, container, findings| {
            for variable in container.node.field("env").into_iter().flat_map(Node::items) {
                let (Some(name), Some(value)) = (variable.field("name"), variable.field("value")) else { continue };
                if let Some(what) = secrets::what_is(name.text(), value.text()) {
                    let message = format!("{} is given {what} in `{}` as text", called(container), name.text());
                    findings.at(value).message(message);
                }
            }
        });
    }
    Check::object(|context, findings| {
        let name = context.object.name;
        for entry in context.object.node.field("data").into_iter().flat_map(Node::entries) {
            if let Some(what) = secrets::what_is(entry.name(), entry.value.text()) {
                findings.at(entry.value).message(format!("ConfigMap `{name}` holds {what} in `{}`", entry.name()));
            } else if let Some(setting) = secrets::setting(entry.value.text()) {
                findings.at_key(entry).message(format!("ConfigMap `{name}` holds a secret in `{setting}`"));
            }
        }
    })
}

/// A container may not take its variables from Secrets.
pub(super) fn variable(_: &mut Params<'_>) -> Check {
    Check::container(|_, container, findings| {
        let list = |field: &str| container.node.field(field).into_iter().flat_map(Node::items);
        let single = list("env").filter_map(|variable| variable.at(&["valueFrom", "secretKeyRef"]));
        for reference in single.chain(list("envFrom").filter_map(|source| source.field("secretRef"))) {
            findings.lacking(reference);
        }
    })
}

/// Groups whose resources name secrets, or hold them encrypted: their names say nothing.
const ABOUT_SECRETS: [&str; 9] = [
    "external-secrets.io",
    "generators.external-secrets.io",
    "bitnami.com",
    "secrets-store.csi.x-k8s.io",
    "isindir.github.com",
    "cert-manager.io",
    "onepassword.com",
    "secrets.hashicorp.com",
    "vault.banzaicloud.com",
];

/// No text of an object may be a secret by its form, no field by its name, and no word of a command by the flag before it.
///
/// Secrets, the data of ConfigMaps and the variables of containers have checks of their own.
pub(super) fn anywhere(_: &mut Params<'_>) -> Check {
    Check::object(|context, findings| {
        let object = context.object;
        if is_encrypted(object.node) || object.is("", &["Secret"]) {
            return;
        }
        let names = !ABOUT_SECRETS.contains(&object.group());
        for entry in object.node.entries() {
            if !(object.is("", &["ConfigMap"]) && entry.name() == "data") {
                below(entry.name(), entry.value, names, findings);
            }
        }
        for container in object.pods.iter().flat_map(crate::object::Pod::containers) {
            let words = ["command", "args"].into_iter().filter_map(|field| container.node.field(field));
            in_command(&words.flat_map(Node::items).collect::<Vec<_>>(), findings);
        }
    })
}

fn below<'d>(name: &str, node: Node<'d>, names: bool, findings: &mut Findings<'d>) {
    if let Some(text) = node.as_str() {
        let what = if names { secrets::what_is_in_field(name, text) } else { secrets::secret_form(text) };
        if let Some(what) = what.filter(|_| !secrets::is_no_secret(text)) {
            findings.at(node).message(format!("`{name}` holds {what} as text"));
        }
    }
    for entry in node.entries().filter(|entry| !matches!(entry.name(), "env" | "managedFields")) {
        below(entry.name(), entry.value, names, findings);
    }
    for item in node.items() {
        below(name, item, names, findings);
    }
}

/// Finds `--password=hunter2`, and `--password hunter2` as one word or two.
fn in_command<'d>(words: &[Node<'d>], findings: &mut Findings<'d>) {
    for (at, word) in words.iter().enumerate() {
        let Some(text) = word.as_str().filter(|text| secrets::secret_form(text).is_none()) else { continue };
        let parts: Vec<&str> = text.split_whitespace().collect();
        let inner = parts.iter().find_map(|part| flag(part.split_once('=')?));
        let pairs = || parts.windows(2).find_map(|pair| flag((pair.first()?, pair.get(1)?)));
        let next = || flag((text, words.get(at + 1)?.as_str()?));
        if let Some(name) = inner.or_else(pairs).or_else(next) {
            findings.at(*word).message(format!("the command is given a secret as text, by `{name}`"));
        }
    }
}

/// Gives the name of a flag, or of a variable, that is given a secret.
fn flag<'a>((name, value): (&'a str, &str)) -> Option<&'a str> {
    let assigned = name.starts_with('-') || name.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    let literal = !value.starts_with(['-', '$', '"', '\'', '`']);
    (assigned && literal && secrets::is_secret_name(name) && secrets::what_is(name, value).is_some()).then_some(name)
}

/// A Secret's data may not be UTF-16 under its base64, as Windows tools make it.
pub(super) fn encoding(_: &mut Params<'_>) -> Check {
    Check::object(|context, findings| {
        for entry in context.object.node.field("data").into_iter().flat_map(Node::entries) {
            let Some(bytes) = decode_base64(entry.value.text()).filter(|bytes| is_utf16(bytes)) else { continue };
            let finding = findings.at(entry.value);
            finding.message(format!("`{}` is UTF-16 under its base64", entry.name()));
            if let Some(text) = from_utf16(&bytes) {
                finding.change(entry.value, Change::Replace(encode_base64(text.as_bytes()).into()));
            }
        }
    })
}

/// Tells whether bytes are UTF-16: they begin with its mark, or every second one is zero and the others are plain text.
fn is_utf16(bytes: &[u8]) -> bool {
    if bytes.len() < 4 || !bytes.len().is_multiple_of(2) {
        return false;
    }
    let marked = bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]);
    let plain = |byte: &u8| (0x20..0x7F).contains(byte) || b"\t\r\n".contains(byte);
    let half = |zero: usize, text: usize| {
        bytes.chunks_exact(2).all(|pair| pair.get(zero) == Some(&0) && pair.get(text).is_some_and(plain))
    };
    marked || half(1, 0) || half(0, 1)
}

/// Reads UTF-16, and leaves out its mark; without one the zeros tell which half comes first.
fn from_utf16(bytes: &[u8]) -> Option<String> {
    let big = match bytes {
        [0xFE, 0xFF, ..] => true,
        [0xFF, 0xFE, ..] => false,
        _ => bytes.first() == Some(&0),
    };
    let unit = |pair: &[u8]| match *pair {
        [a, b] => {
            if big {
                u16::from_be_bytes([a, b])
            } else {
                u16::from_le_bytes([a, b])
            }
        }
        _ => 0,
    };
    let text = String::from_utf16(&bytes.chunks_exact(2).map(unit).collect::<Vec<_>>()).ok()?;
    Some(text.trim_start_matches('\u{feff}').to_owned())
}

#[cfg(test)]
mod tests {
    use super::is_utf16;
    use crate::lint::testing::problems;

    #[test]
    fn utf16_shows_by_its_mark_or_its_zeros() {
        let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        assert!(is_utf16(&wide("hunter2")));
        assert!(is_utf16(&wide("\u{feff}h\u{e4}")));
        assert!(is_utf16(&"pass".encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>()));
        for bytes in [&b"hunter2"[..], b"", b"a\0", &[0, 0, 0, 0], &[1, 0, 2, 0, 3, 0]] {
            assert!(!is_utf16(bytes), "{bytes:?}");
        }
    }

    #[test]
    fn a_secret_is_named_by_its_keys_only() {
        let text = "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData:\n  user: admin\n  password: hunter2\n  host: ''\n";
        assert_eq!(
            problems("raw-secret", text),
            ["4:1 stringData: Secret `db` holds in plain sight: `user`, `password`"]
        );
    }

    #[test]
    fn a_command_is_given_secrets_by_flags_and_variables() {
        for (args, flagged) in [
            ("[--password=hunter2]", true),
            ("[--password, hunter2]", true),
            ("['serve --db-password hunter2']", true),
            ("[sh, -c, 'PGPASSWORD=hunter2 psql']", true),
            ("['postgres://app:hunter2@db/app']", true),
            ("['--password=$(PASSWORD)']", false),
            ("['--password=$PASSWORD']", false),
            ("['PGPASSWORD=\"$PASSWORD\" psql']", false),
            ("[--password-file=/run/secrets/db]", false),
            ("[--password, --verbose]", false),
            ("[--token-ttl=60s, --secret-name=web-tls]", false),
            ("[get, secret, web]", false),
        ] {
            let text = crate::lint::testing::pod("dnsPolicy: Default", &format!("args: {args}"));
            assert_eq!(problems("secret-in-manifest", &text).len(), usize::from(flagged), "{args}");
        }
    }

    #[test]
    fn fields_hold_secrets_but_names_of_secrets_are_none() {
        for (object, flagged) in [
            ("apiVersion: example.com/v1\nkind: Database\nspec: {password: hunter2}\n", true),
            ("apiVersion: example.com/v1\nkind: Database\nspec: {auth: {token: 'ENC[AES256_GCM]'}}\n", false),
            (
                "apiVersion: example.com/v1\nkind: Database\nspec: {passwordSecretRef: {name: db, key: password}}\n",
                false,
            ),
            (
                "apiVersion: example.com/v1\nkind: Database\nspec: {secret: db-credentials, authSecret: team/db}\n",
                false,
            ),
            (
                "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nspec: {encryptedData: {password: AgBy3i4OJSWK}}\n",
                false,
            ),
            ("apiVersion: cert-manager.io/v1\nkind: Certificate\nspec: {secretName: web-tls}\n", false),
            (
                "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nrules: [{resources: [secrets], verbs: [get]}]\n",
                false,
            ),
            ("apiVersion: v1\nkind: ServiceAccount\nsecrets: [{name: web}]\nimagePullSecrets: [{name: pull}]\n", false),
        ] {
            assert_eq!(problems("secret-in-manifest", object).len(), usize::from(flagged), "{object}");
        }
    }

    #[test]
    fn shells_references_and_encrypted_documents_pass() {
        for rest in [
            "type: kubernetes.io/service-account-token\n",
            "data: {}\n",
            "stringData: {password: ''}\n",
            "data: {password: 'ENC[AES256_GCM,data:abc]'}\nsops: {version: 3.9.0}\n",
            "stringData: {password: '<path:kv/data/db#password>'}\n",
            "stringData: {password: 'ref+vault://kv/db#/password'}\n",
            "stringData: {password: '${DB_PASSWORD}'}\n",
        ] {
            let text = format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: db}}\n{rest}");
            assert_eq!(problems("raw-secret", &text), [""; 0], "{rest}");
        }
    }
}
