//! The root of an object: which API it is of, and whether the version has that API.

use super::super::store::{Deprecation, Lookup, Missing, SchemaStore, Type};
use super::super::version::Version;
use super::Walk;
use super::text::list_of;
use crate::diagnostic::{Change, Diagnostic, Safety};
use crate::yaml::{Kind, Node, edit};

/// Groups whose kinds are questions to the server: they are answered, not kept, and need no name.
const QUESTIONS: [&str; 2] = ["authentication.k8s.io/", "authorization.k8s.io/"];

pub(super) fn check(root: Node<'_>, store: &SchemaStore, version: Version) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    let mut word = |key: &str, example: &str| {
        let node = root.field(key);
        let finding = match node {
            None => Diagnostic::error("schema/required", format!("`{key}` is missing"))
                .at(root.head())
                .path(key)
                .help(format!("an object names its API: `{key}: {example}`")),
            Some(node) if node.kind() != Kind::String || node.text().is_empty() => {
                let what = if node.kind() == Kind::String { "empty text" } else { node.kind().article() };
                Diagnostic::error("schema/type", format!("`{key}` must be a name, not {what}"))
                    .at(node.head())
                    .path(key)
            }
            Some(node) => return Some(node),
        };
        findings.push(finding);
        None
    };
    let (api_version, kind) = (word("apiVersion", "apps/v1"), word("kind", "Deployment"));
    let (Some(api_version), Some(kind)) = (api_version, kind) else { return findings };
    let full_name = format_args!("{} {}", api_version.text(), kind.text());
    let found = match store.lookup(version, api_version.text(), kind.text()) {
        Lookup::Served(found) => {
            findings.extend(found.deprecation.map(|deprecation| deprecated(&deprecation, api_version, kind)));
            found
        }
        Lookup::NotServedByDefault { found, instead } => {
            let message =
                format!("`{full_name}` is not served by a server of Kubernetes {version} unless it is told to");
            let finding =
                Diagnostic::warning("schema/api-not-served", message).at(api_version.span()).path("apiVersion");
            findings.push(finding.help(instead.map_or_else(
                || "its cluster must run with `--runtime-config` for this API".to_owned(),
                |instead| format!("write `apiVersion: {instead}`"),
            )));
            found
        }
        Lookup::Missing(reason) => {
            findings.push(missing(&reason, api_version, kind, version));
            return findings;
        }
    };
    name(root, api_version.text(), kind.text(), &mut findings);
    findings.extend(walk(root, &found, store, version));
    findings
}

fn walk(root: Node<'_>, found: &Type<'_>, store: &SchemaStore, version: Version) -> Vec<Diagnostic> {
    let mut walk = Walk::new(root, store, version, found);
    walk.check(root, found.schema);
    walk.findings
}

fn deprecated(deprecation: &Deprecation<'_>, api_version: Node<'_>, kind: Node<'_>) -> Diagnostic {
    let mut message = format!("`{} {}` is deprecated", api_version.text(), kind.text());
    if let Some(since) = deprecation.since {
        message += &format!(" since {since}");
    }
    if let Some(removed) = deprecation.removed {
        message += &format!(" and will be removed in {removed}");
    }
    let finding = Diagnostic::warning("schema/api-deprecated", message).at(api_version.span()).path("apiVersion");
    match deprecation.replacement {
        Some(replacement) => move_to(finding.help(format!("use `{replacement}`")), replacement, api_version, kind),
        None => finding,
    }
}

/// Wishes for the other version of an API, where that has the same kind. Whether it has the same shape shows when it is
/// judged; where the same text means something else, a person must look.
fn move_to(finding: Diagnostic, replacement: &str, api_version: Node<'_>, kind: Node<'_>) -> Diagnostic {
    const MEANING_ELSE: [&str; 4] =
        ["PodDisruptionBudget", "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration", "Ingress"];
    let (version, same) = replacement.split_once(' ').map_or((replacement, true), |(v, k)| (v, k == kind.text()));
    if !same {
        return finding;
    }
    let safety = if MEANING_ELSE.contains(&kind.text()) { Safety::Unsafe } else { Safety::Safe };
    finding.wish(edit::wish(api_version, Change::Replace(version.into()), safety))
}

/// Reports an API that the version does not have.
fn missing(reason: &Missing, api_version: Node<'_>, kind: Node<'_>, version: Version) -> Diagnostic {
    let full_name = format!("`{} {}`", api_version.text(), kind.text());
    let at_version =
        |rule: &'static str, message| Diagnostic::error(rule, message).at(api_version.span()).path("apiVersion");
    match reason {
        Missing::Removed { since, replacement } => {
            let finding = at_version("schema/api-removed", format!("{full_name} was removed in Kubernetes {since}"));
            match replacement {
                Some(replacement) => {
                    move_to(finding.help(format!("use `{replacement}`")), replacement, api_version, kind)
                }
                None => finding.help("nothing replaces it: remove the object"),
            }
        }
        Missing::NotYet { introduced, instead } => {
            let message = format!("{full_name} does not exist before Kubernetes {introduced}; {version} is a target");
            let finding = at_version("schema/unknown-kind", message);
            match instead {
                Some(instead) => {
                    move_to(finding.help(format!("write `apiVersion: {instead}`")), instead, api_version, kind)
                }
                None => finding,
            }
        }
        Missing::UnknownVersion { served } => {
            at_version("schema/unknown-kind", format!("`{}` has no version `{}`", kind.text(), api_version.text()))
                .help(format!("write `apiVersion: {}`", list_of(served.iter().map(String::as_str), "or")))
        }
        Missing::UnknownGroup { custom: true, .. } => {
            let message = format!("no schema is known for {full_name}: its fields are not checked");
            Diagnostic::warning("schema/unknown-kind", message)
                .at(kind.span())
                .path("kind")
                .help("give its CustomResourceDefinition: in the chart's `crds/`, by `--crds PATH`, or under `crds:` in plimsoll.yaml; `plimsoll crds pull` writes those of a cluster")
        }
        Missing::UnknownKind { suggestion } | Missing::UnknownGroup { suggestion, .. } => {
            let group = matches!(reason, Missing::UnknownGroup { .. });
            let message = if group {
                let group = api_version.text().split('/').next().unwrap_or_default();
                format!("there is no API group `{group}`")
            } else {
                format!("`{}` has no kind `{}`", api_version.text(), kind.text())
            };
            let (node, path) = if group { (api_version, "apiVersion") } else { (kind, "kind") };
            let finding = Diagnostic::error("schema/unknown-kind", message).at(node.span()).path(path);
            match suggestion {
                Some(suggestion) => finding.help(format!("did you mean `{suggestion}`?")),
                None => finding,
            }
        }
    }
}

/// Every object that is kept has a name, or asks the server for one. To a LimitRange without either the server gives one.
fn name(root: Node<'_>, api_version: &str, kind: &str, findings: &mut Vec<Diagnostic>) {
    if QUESTIONS.iter().any(|group| api_version.starts_with(group)) || kind == "LimitRange" {
        return;
    }
    let metadata = root.field("metadata");
    if metadata.is_some_and(|metadata| metadata.kind() != Kind::Map) {
        // The walk reports its type.
        return;
    }
    let named =
        |key: &str| metadata.and_then(|metadata| metadata.field(key)).is_some_and(|name| !name.text().is_empty());
    if !named("name") && !named("generateName") {
        findings.push(
            Diagnostic::error("schema/required", "`metadata.name` is missing")
                .at(metadata.unwrap_or(root).head())
                .path("metadata.name")
                .help("give the object a name: `metadata: {name: …}`"),
        );
    }
}
