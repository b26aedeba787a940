//! What the API server refuses beyond schemas.
//!
//! In: objects as spanned trees, and the schemas. Out: the verdict of a server of one Kubernetes version: the `schema/…`
//! findings of [`crate::schema`], and `api/…` findings of what its validation, its defaulting and its default admission
//! plugins refuse or warn of. Source: the validation code of Kubernetes, measured against a running server (`tests/real`).
//!
//! Three verdicts are kept apart: *refused* is an error; *accepted with a warning header* is a warning; *refused by
//! server-side apply only* is an error of the rule `api/server-side-apply`.
//!
//! `check::Check` collects; a file per area of the API judges, and names its kinds in its `find`.

mod admission;
mod autoscaling;
mod batch;
mod certificates;
mod check;
mod cluster;
mod config;
mod custom;
mod definition;
mod devices;
mod flow;
mod meta;
mod network;
mod placement;
mod pod;
mod policy;
mod rbac;
mod resources;
mod rules;
mod selector;
mod service;
mod share;
mod storage;
mod syntax;
mod workloads;

#[cfg(test)]
mod testing;

pub use rules::{RULES, about};

use crate::diagnostic::{Diagnostic, ObjectName, Severity};
use crate::schema::{self, Lookup, SchemaStore, Version, each_object};
use crate::source::Span;
use crate::yaml::{Kind, Node};
use check::Check;
use std::sync::Arc;

/// Judges an object whose kind is known; its metadata is judged already.
type Judge = for<'d> fn(&mut Check<'d>, Node<'d>);

/// The areas of the API: each gives the judge of a kind by its group and name, where it has one.
const AREAS: [fn(group: &str, kind: &str) -> Option<Judge>; 16] = [
    admission::find,
    autoscaling::find,
    batch::find,
    certificates::find,
    cluster::find,
    config::find,
    definition::find,
    devices::find,
    flow::find,
    network::find,
    pod::find,
    policy::find,
    rbac::find,
    service::find,
    storage::find,
    workloads::find,
];

/// Gives the verdict on an object, or each object of a list (`kind: List`), in one version of Kubernetes.
///
/// Gives findings in the order of the text, nothing for an empty document.
pub fn verdict(root: Node<'_>, store: &SchemaStore, version: Version) -> Vec<Diagnostic> {
    let mut findings = schema::validate(root, store, version);
    each_object(root, &mut |object| {
        let mut found = judge(object, store, version, &findings);
        findings.retain(|known| !found.iter().any(|later| replaces(later, known)));
        for known in &mut findings {
            refuse_placeholder(known, &mut found);
        }
        found.retain(|finding| !findings.iter().any(|known| covers(known, finding)));
        findings.append(&mut found);
        name_as_server(object, &mut findings);
    });
    findings.iter_mut().filter(|finding| workloads::is_unread(finding, version)).for_each(leave_unread);
    findings.sort_by_key(|finding| finding.span.map(|span| (span.file, span.start)));
    findings
}

/// Takes back what a server does not look into: it is wrong all the same, and server-side apply still compares items.
fn leave_unread(finding: &mut Diagnostic) {
    if ["schema/duplicate-item", "schema/type"].contains(&finding.rule.as_ref()) {
        finding.rule = "api/server-side-apply".into();
    } else {
        finding.severity = Severity::Warning;
    }
}

/// Names the fields of definitions as the server does; it decodes them by the names that are written.
fn name_as_server(object: Node<'_>, findings: &mut [Diagnostic]) {
    if object.field("kind").is_none_or(|kind| kind.text() != "CustomResourceDefinition") {
        return;
    }
    let name = object.at(&["metadata", "name"]).map(Node::text).unwrap_or_default();
    let decoding = ["schema/unknown-field", "schema/type"];
    let of_object = |finding: &&mut Diagnostic| {
        finding.object.as_ref().is_some_and(|object| object.kind == "CustomResourceDefinition" && object.name == name)
            && !decoding.contains(&finding.rule.as_ref())
    };
    for finding in findings.iter_mut().filter(of_object) {
        if let Some(path) = finding.path.as_deref().and_then(|path| definition::server_path(object, path)) {
            finding.path = Some(path);
        }
    }
}

/// Gives the verdicts of several versions. Equal findings are one, which says for which versions it holds.
pub fn verdicts(root: Node<'_>, store: &SchemaStore, versions: &[Version]) -> Vec<Diagnostic> {
    schema::over_versions(versions, |version| verdict(root, store, version))
}

fn judge(object: Node<'_>, store: &SchemaStore, version: Version, known: &[Diagnostic]) -> Vec<Diagnostic> {
    let text = |key: &str| object.field(key).and_then(Node::as_str).unwrap_or_default();
    let (api_version, kind) = (text("apiVersion"), text("kind"));
    let found = match store.lookup(version, api_version, kind) {
        Lookup::Served(found) | Lookup::NotServedByDefault { found, .. } => found,
        Lookup::Missing(_) => return Vec::new(),
    };
    if object.kind() != Kind::Map {
        return Vec::new();
    }
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    let mut check = Check::new(object, version);
    let unknown = known.iter().filter(|finding| finding.rule == "schema/unknown-field");
    check.unread = unknown.filter_map(|finding| holder(object, finding.span?)).collect();
    meta::object(&mut check, object, group, kind, &found);
    let metadata = |key: &str| object.at(&["metadata", key]).map(|node| node.text().to_owned());
    let name = Arc::new(ObjectName {
        api_version: api_version.to_owned(),
        kind: kind.to_owned(),
        namespace: metadata("namespace"),
        name: metadata("name").unwrap_or_default(),
    });
    if found.custom {
        custom::judge(&mut check, object, &found, &custom::about(known, &name));
    } else if let Some(judge) = AREAS.iter().find_map(|find| find(group, kind)) {
        judge(&mut check, object);
    }
    check.finish(&name)
}

/// Makes an error of a placeholder that the server refuses: that it is one says more than what is wrong with its form.
fn refuse_placeholder(known: &mut Diagnostic, found: &mut Vec<Diagnostic>) {
    let refused = |later: &Diagnostic| later.severity == Severity::Error && later.span == known.span;
    if known.rule == "schema/placeholder" && found.iter().any(refused) {
        found.retain(|later| !refused(later));
        known.severity = Severity::Error;
    }
}

/// Tells whether a finding says what one of the schemas says, with the path that the server gives: for a map that is
/// missing it names what it misses in it, for some values the map that holds them.
fn replaces(later: &Diagnostic, known: &Diagnostic) -> bool {
    let (Some(known_path), Some(path)) = (&known.path, &later.path) else { return false };
    later.severity == Severity::Error
        && later.object == known.object
        && match known.rule.as_ref() {
            "schema/required" => {
                path.strip_prefix(known_path.as_str()).is_some_and(|rest| rest.starts_with(['.', '[']))
            }
            "api/server-side-apply" => later.span == known.span,
            // The server names some values by another path.
            "schema/enum" => later.span == known.span && path != known_path,
            // Where validation refuses what lists alone would only warn of, that is the verdict.
            "schema/duplicate-item" => known.severity != Severity::Error && path == known_path,
            _ => false,
        }
}

/// Finds the map that has a key at a place.
fn holder(node: Node<'_>, key: Span) -> Option<Node<'_>> {
    if node.entries().any(|entry| entry.key.span() == key) {
        return Some(node);
    }
    node.entries().map(|entry| entry.value).chain(node.items()).find_map(|inner| holder(inner, key))
}

/// Tells whether a finding of the schemas already says what is wrong where `later` would say more: a server that cannot
/// decode a value never judges it.
fn covers(known: &Diagnostic, later: &Diagnostic) -> bool {
    let (Some(known_path), Some(path)) = (&known.path, &later.path) else { return false };
    if known.object != later.object || known.severity != Severity::Error {
        return false;
    }
    let within = |outer: &str, inner: &str| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    match known.rule.as_ref() {
        "api/server-side-apply" => return false,
        "schema/duplicate-item" => return known_path == path,
        "schema/unknown-field" if is_brought_about(known, known_path, path) => return true,
        "schema/type" if known.span == later.span => return true,
        _ => {}
    }
    // The server knows nothing of a map that holds a value which it cannot decode; what is missing it finds itself.
    let decoded = ["schema/unknown-field", "schema/required", "schema/enum"].contains(&known.rule.as_ref());
    within(known_path, path) || (!decoded && within(path, known_path))
}

/// Tells whether a misspelt field, for which another is meant, is why something is wrong with that one or with their map.
fn is_brought_about(misspelt: &Diagnostic, misspelt_path: &str, path: &str) -> bool {
    let Some(help) = &misspelt.help else { return false };
    let Some(meant) = help.strip_prefix("did you mean `").and_then(|rest| rest.split('`').next()) else { return false };
    let map = misspelt_path.rsplit_once('.').map_or("", |(map, _)| map);
    let field = if map.is_empty() { meant.to_owned() } else { format!("{map}.{meant}") };
    path == map || path.strip_prefix(field.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}
