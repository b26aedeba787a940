//! Custom resources: what their definitions demand beyond schemas.

use super::check::{Check, items, show, text};
use super::meta;
use super::syntax::dns_label_1035;
use crate::diagnostic::{Diagnostic, ObjectName, Severity};
use crate::schema::{self, Schema, Shape, Type};
use crate::yaml::{Kind, Node};

/// Judges a custom resource; `known` are the findings of its schema.
pub(super) fn judge<'d>(check: &mut Check<'d>, object: Node<'d>, found: &Type<'_>, known: &[&Diagnostic]) {
    finalizers(check, object);
    embedded(check, object, found.schema);
    if let Some(path) = found.replicas_path {
        replicas(check, object, path);
    }
    // The server evaluates no rules over an object of which it cannot rely on the types.
    let blocking = ["schema/type", "schema/required", "schema/enum", "schema/unknown-field"];
    if known.iter().any(|finding| finding.severity == Severity::Error && blocking.contains(&finding.rule.as_ref())) {
        return;
    }
    for broken in schema::broken_rules(object, found) {
        check
            .error_at("api/cel", broken.span, broken.path, broken.message)
            .help(format!("the definition of the kind demands `{}`", show(&broken.rule)));
    }
}

/// Picks the findings about an object.
pub(super) fn about<'f>(findings: &'f [Diagnostic], name: &ObjectName) -> Vec<&'f Diagnostic> {
    findings.iter().filter(|finding| finding.object.as_deref() == Some(name)).collect()
}

/// The server warns of finalizers that do not say whose they are.
fn finalizers<'d>(check: &mut Check<'d>, object: Node<'d>) {
    let known = ["orphan", "foregroundDeletion", "kubernetes"];
    for finalizer in object.field("metadata").into_iter().flat_map(|metadata| items(metadata, "finalizers")) {
        let name = finalizer.text();
        if !name.contains('/') && !known.contains(&name) {
            let message = format!("finalizer `{}` does not say whose it is", show(name));
            check.warning("api/metadata", finalizer, message).help(format!("write `example.com/{}`", show(name)));
        }
    }
}

/// Judges the objects that stand in the fields of an object.
fn embedded<'d>(check: &mut Check<'d>, node: Node<'d>, schema: &Schema) {
    if schema.custom.as_ref().is_some_and(|custom| custom.is_embedded()) && node.kind() == Kind::Map {
        let (api_version, kind) = (text(node, "apiVersion"), text(node, "kind"));
        for field in ["apiVersion", "kind"] {
            if node.field(field).and_then(Node::as_str) == Some("") {
                check.error("api/embedded", (node, field), format!("`{field}` is empty"));
            }
        }
        if api_version.split('/').count() > 2 {
            let message = format!("`apiVersion` is `{}`, but must be `group/version` or `version`", show(api_version));
            check.error("api/embedded", (node, "apiVersion"), message);
        }
        if !kind.is_empty() {
            check.syntax("api/embedded", (node, "kind"), "kind", kind, |kind| dns_label_1035(&kind.to_lowercase()));
        }
        meta::embedded(check, node);
    }
    match &schema.shape {
        Shape::Object(object) => {
            for entry in node.entries() {
                if let Some(field) = object.field(entry.name()) {
                    embedded(check, entry.value, &field.schema);
                }
            }
        }
        Shape::Map(values) => node.entries().for_each(|entry| embedded(check, entry.value, values)),
        Shape::List(list) => node.items().for_each(|item| embedded(check, item, &list.items)),
        _ => {}
    }
}

/// Judges what the scale of an object reads as its wanted replicas.
fn replicas<'d>(check: &mut Check<'d>, object: Node<'d>, path: &str) {
    let keys: Vec<&str> = path.trim_start_matches('.').split('.').collect();
    let Some(node) = object.at(&keys) else { return };
    if let Some(number) = node.as_i64().filter(|number| !(0..=i64::from(i32::MAX)).contains(number)) {
        check.error("api/scale", node, format!("`{}` is {number}, but must be from 0 to {}", keys.join("."), i32::MAX));
    }
}
