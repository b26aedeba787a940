//! Secrets in what people write and no object shows: values that no template prints as they are, branches that are not
//! taken, comments.
//!
//! A finding names keys, and never shows the text.

use super::secrets::{secret_form, what_is_in_field};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::Severity;
use crate::source::{SourceFile, Span};
use crate::yaml::{Kind, Node, parse};
use std::sync::Arc;

/// Finds secrets in a file of values: `values/secret`.
pub fn in_values(source: &Arc<SourceFile>) -> Vec<Diagnostic> {
    let parsed = parse(source);
    let mut found = Vec::new();
    for root in parsed.documents.iter().map(crate::yaml::Document::root) {
        // What SOPS encrypted is no secret any more.
        if !crate::chart::is_encrypted(root) {
            of_node(root, root, &mut found);
        }
    }
    found
}

fn of_node(node: Node<'_>, root: Node<'_>, found: &mut Vec<Diagnostic>) {
    // A variable of a container, as Kubernetes writes it.
    if let (Some(name), Some(value)) = (node.field("name"), node.field("value")) {
        of_scalar(name.text(), value, root, found);
    }
    for entry in node.entries() {
        of_scalar(entry.name(), entry.value, root, found);
        of_node(entry.value, root, found);
    }
    for item in node.items() {
        of_scalar("", item, root, found);
        of_node(item, root, found);
    }
}

fn of_scalar(name: &str, value: Node<'_>, root: Node<'_>, found: &mut Vec<Diagnostic>) {
    let Some(text) = value.as_str().filter(|_| value.kind() == Kind::String) else { return };
    if let Some(what) = what_is_in_field(name, text) {
        let message = format!("`{}` is {what}, in plain sight", value.path_from(root));
        found.push(finding("values/secret", message, value.head()));
    }
}

/// Finds secrets in the text of a template, whatever branch they stand in: `template/secret`.
pub fn in_template(source: &Arc<SourceFile>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut start = 0;
    for line in source.text().split_inclusive('\n') {
        let text = line.trim_end();
        let tagged = text.contains("{{") || text.contains("{%");
        let (name, value) = text.trim_start_matches([' ', '-']).split_once(": ").unwrap_or(("", text));
        let plain = !tagged && !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || "#{[\"'".contains(c));
        // A map or a list on the line is no literal, nor is the head of a block; what stands in one is looked at by its form.
        let plain = plain && !value.trim_start().starts_with(['{', '[', '|', '>']);
        let named = if plain { what_is_in_field(name, value.trim().trim_matches(['"', '\''])) } else { None };
        if let Some(what) = secret_form(text).or(named) {
            let indent = text.len() - text.trim_start().len();
            let span = Span::new(source.id(), start + indent, start + text.len());
            found.push(finding("template/secret", format!("the template holds {what}"), span));
        }
        start += line.len();
    }
    found
}

fn finding(id: &'static str, message: String, span: Span) -> Diagnostic {
    let mut finding = Diagnostic::new(id, Severity::Warning, message)
        .at(span)
        .help("let a secret store or an encrypted file supply it; then change it, for the history keeps it");
    finding.masked = true;
    finding
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceMap;

    fn shown(source: &Arc<SourceFile>, found: &[Diagnostic]) -> Vec<String> {
        let line = |found: &Diagnostic| source.position(found.span.expect("it has a place").start).line;
        found.iter().map(|found| format!("{}: {}", line(found), found.message)).collect()
    }

    #[test]
    fn values_hold_secrets_under_their_names_and_by_their_form() {
        let text = "\
db:
  password: hunter2
  existingSecret: db
  passwordFile: /run/secrets/db
  url: postgres://app:hunter2@db/app
tls: { secret: web-tls, secretName: web-tls }
env:
  - { name: API_TOKEN, value: abc123 }
  - { name: LEVEL, value: info }
empty: { password: '', token: ~, apiKey: '${API_KEY}' }
signing: { key: Zm9vYmFyYmF6cXV4MTIzNDU2 }
";
        let source = SourceMap::new().add("values.yaml", text);
        assert_eq!(
            shown(&source, &in_values(&source)),
            [
                "2: `db.password` is a secret, in plain sight",
                "5: `db.url` is a password in a URL, in plain sight",
                "8: `env[0].value` is a secret, in plain sight",
                "11: `signing.key` is a secret, in plain sight",
            ]
        );
    }

    #[test]
    fn encrypted_values_are_none() {
        let text = "password: 'ENC[AES256_GCM,data:abc]'\nsops: { mac: 'ENC[x]', version: 3.9.0, age: [{ enc: x }] }\n";
        let source = SourceMap::new().add("values.yaml", text);
        assert!(in_values(&source).is_empty());
    }

    #[test]
    fn templates_are_read_whatever_branch_is_taken() {
        let text = "\
{% if values.debug %}
password: hunter2
url: postgres://app:hunter2@db/app
{% endif %}
password: {{ values.password }}
url: postgres://app:{{ values.password }}@db/app
secretName: web
- serviceAccountToken: { path: token, expirationSeconds: 3600 }
";
        let source = SourceMap::new().add("web.yaml", text);
        assert_eq!(
            shown(&source, &in_template(&source)),
            ["2: the template holds a secret", "3: the template holds a password in a URL"]
        );
    }
}
