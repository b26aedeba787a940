//! Holds objects against their schemas.
//!
//! The verdict is that of a server which is asked to be strict: what it decodes, what it drops, what it refuses. Null counts
//! as absence where the server drops it. Nothing is converted: the walk is over the spanned tree, and allocates only to
//! report. Texts of Secrets never appear in messages.

mod kind;
mod list;
mod misplaced;
mod quantity;
mod scalar;
mod text;
mod time;
mod walk;

#[cfg(test)]
mod tests;

pub(super) use quantity::is_quantity;
pub(crate) use text::show;
pub(super) use text::{quantity_of, quoted_list};

use super::bundle::BUNDLES;
use super::custom::{broken_rules, unfilled};
use super::store::{SchemaStore, Type};
use super::version::Version;
use crate::diagnostic::{Diagnostic, ObjectName, Severity};
use crate::yaml::{Kind, Node};
use std::sync::Arc;
use walk::Walk;

/// Holds an object, or each object of a list (`kind: List`), against its schema in one version of Kubernetes.
///
/// Gives the `schema/…` findings in the order of the text, nothing for an empty document.
pub fn validate(root: Node<'_>, store: &SchemaStore, version: Version) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    each_object(root, &mut |object| findings.extend(validate_object(object, store, version)));
    findings
}

/// Judges by several versions of Kubernetes. Equal findings are one, which says for which versions it holds.
pub fn over_versions(versions: &[Version], judge: impl Fn(Version) -> Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut merged: Vec<Diagnostic> = Vec::new();
    for version in versions {
        for mut finding in judge(*version) {
            let versions = std::mem::take(&mut finding.versions);
            let same = merged.iter_mut().find(|known| {
                let same_place = known.span == finding.span && known.rule == finding.rule && known.path == finding.path;
                let same_place = same_place && known.severity == finding.severity;
                same_place && known.message == finding.message && known.help == finding.help
            });
            match same {
                Some(known) => known.versions = known.versions.iter().chain(&*versions).cloned().collect(),
                None => merged.push(Diagnostic { versions, ..finding }),
            }
        }
    }
    merged.sort_by_key(|finding| finding.span.map(|span| (span.file, span.start)));
    merged
}

/// Visits a document's object, or each object of a list (`kind: List`, `PodList`), lists in lists included.
pub fn each_object<'d>(node: Node<'d>, visit: &mut impl FnMut(Node<'d>)) {
    let items = node.field("items").filter(|items| items.kind() == Kind::Seq);
    match items {
        Some(items) if node.field("kind").is_some_and(|kind| kind.text().ends_with("List")) => {
            items.items().for_each(|item| each_object(item, visit));
        }
        _ => visit(node),
    }
}

/// Holds a default against the schema that it stands in, both from the definition of a custom resource.
///
/// Paths are from the default on.
pub fn default_problems<'d>(schema: Node<'d>, default: Node<'d>, version: Version) -> Vec<Diagnostic> {
    let (store, schema) = (SchemaStore::new(), unfilled(schema));
    let kind = Type {
        schema: &schema,
        namespaced: false,
        custom: true,
        drops_status: false,
        replicas_path: None,
        deprecation: None,
    };
    let mut walk = Walk::new(default, &store, version, &kind);
    walk.keeps_nulls = true;
    walk.check(default, &schema);
    let mut findings = walk.findings;
    findings.retain(|finding| finding.severity == Severity::Error && finding.rule != "api/server-side-apply");
    if findings.is_empty() {
        findings.extend(
            broken_rules(default, &kind)
                .into_iter()
                .map(|broken| Diagnostic::error("api/cel", broken.message).at(broken.span).path(broken.path)),
        );
    }
    findings
}

/// Holds a schema within a schema of a definition against what the server can decode: OpenAPI does not tell of what stands
/// in `items` and `additionalProperties`.
///
/// Paths are from the schema on.
pub fn schema_problems(schema: Node<'_>, version: Version) -> Vec<Diagnostic> {
    const SCHEMA: &str = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps";
    let Some(definition) = BUNDLES.named(SCHEMA) else { return Vec::new() };
    let (store, known) = (SchemaStore::new(), BUNDLES.definition(version, definition));
    let kind = Type {
        schema: known,
        namespaced: false,
        custom: false,
        drops_status: true,
        replicas_path: None,
        deprecation: None,
    };
    let mut walk = Walk::new(schema, &store, version, &kind);
    walk.check(schema, known);
    walk.findings
}

fn validate_object(root: Node<'_>, store: &SchemaStore, version: Version) -> Vec<Diagnostic> {
    let mut findings = match root.kind() {
        Kind::Null => return Vec::new(),
        Kind::Map => kind::check(root, store, version),
        other => vec![
            Diagnostic::error("schema/type", format!("a Kubernetes object is a map, not {}", other.article()))
                .at(root.head()),
        ],
    };
    if findings.is_empty() {
        return findings;
    }
    let text = |keys: &[&str]| root.at(keys).map(|node| node.text().to_owned());
    let name = Arc::new(ObjectName {
        api_version: text(&["apiVersion"]).unwrap_or_default(),
        kind: text(&["kind"]).unwrap_or_default(),
        namespace: text(&["metadata", "namespace"]),
        name: text(&["metadata", "name"]).unwrap_or_default(),
    });
    let versions: Arc<[String]> = [version.to_string()].into();
    for finding in &mut findings {
        finding.object = (root.kind() == Kind::Map).then(|| Arc::clone(&name));
        finding.versions = Arc::clone(&versions);
    }
    findings.sort_by_key(|finding| finding.span.map(|span| span.start));
    // A node that aliases repeat is one text: what is wrong with it is said once.
    findings.dedup_by(|later, first| {
        later.rule == first.rule
            && later.span == first.span
            && (later.message == first.message || later.rule == "schema/unknown-field")
    });
    findings
}
