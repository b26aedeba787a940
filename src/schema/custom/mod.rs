//! Custom resources, as their `CustomResourceDefinition`s describe them.
//!
//! In: definitions and objects. Out: schemas that the walk of the stage understands, what they demand beyond shapes
//! ([`restraint`]), and the rules in CEL ([`rule`]), evaluated over objects as the server sees them: with their defaults.

mod cost;
mod format;
mod pattern;
mod read;
mod restraint;
mod rule;
#[cfg(test)]
mod tests;
mod typing;
mod value;
mod view;

pub use cost::{LARGEST_COST, LARGEST_SUM, most_below, most_in_request, rule_cost};
pub use format::is_known_format;
pub use pattern::pattern_problem;
pub use rule::{BrokenRule, broken_rules, field_path, server_functions};
pub use typing::{RuleTypes, rule_problem, uses_old_self};
pub use value::CEL_WORDS;

pub(in crate::schema) use read::unfilled;

pub(in crate::schema) use restraint::{Failure, Judge};

use super::pods;
use super::shape::Schema;
use super::store::{Deprecation, Type};
use crate::diagnostic::{Diagnostic, Severity};
use crate::yaml::Node;
use restraint::Restraint;
use rule::Rule;
use std::sync::OnceLock;
use view::View;

/// What only the definition of a custom resource states of a value.
#[derive(Debug, Default)]
pub struct Custom {
    restraint: Restraint,
    /// What stands in for an absent value.
    default: Option<serde_json::Value>,
    rules: Box<[Rule]>,
    /// There are rules here or further down.
    rules_below: bool,
    /// The value is an object of the API itself.
    embedded: bool,
}

impl Custom {
    /// Holds a written value against what is demanded of it beyond its shape.
    pub(in crate::schema) fn failures<'a>(
        &'a self,
        node: Node<'a>,
        schema: &'a Schema,
        judge: Judge<'_, 'a>,
    ) -> Vec<Failure<'a>> {
        judge.judge(&self.restraint, View::Written(node), Some(schema))
    }

    /// Tells whether the value is an object of the API itself: with `apiVersion`, `kind` and `metadata`.
    pub fn is_embedded(&self) -> bool {
        self.embedded
    }

    /// Tells whether texts are checked for a format.
    pub(in crate::schema) fn has_format(&self) -> bool {
        self.restraint.format.is_some()
    }

    /// Tells whether a default stands in for an absent value.
    pub(in crate::schema) fn has_default(&self) -> bool {
        self.default.is_some()
    }
}

/// A version of a custom resource.
#[derive(Debug)]
pub(super) struct CustomKind {
    group: String,
    version: String,
    kind: String,
    namespaced: bool,
    deprecated: bool,
    drops_status: bool,
    replicas_path: Option<String>,
    schema: Schema,
    pods: OnceLock<Vec<Vec<String>>>,
}

impl CustomKind {
    pub(super) fn is(&self, group: &str, version: &str, kind: &str) -> bool {
        self.group == group && self.version == version && self.kind == kind
    }

    pub(super) fn same_api(&self, other: &Self) -> bool {
        self.is(&other.group, &other.version, &other.kind)
    }

    /// Gives the `apiVersion`, where the kind is the one asked for.
    pub(super) fn other_version(&self, group: &str, kind: &str) -> Option<String> {
        (self.group == group && self.kind == kind).then(|| format!("{}/{}", self.group, self.version))
    }

    pub(super) fn found(&self) -> Type<'_> {
        Type {
            schema: &self.schema,
            namespaced: self.namespaced,
            custom: true,
            drops_status: self.drops_status,
            replicas_path: self.replicas_path.as_deref(),
            deprecation: self.deprecated.then_some(Deprecation { since: None, removed: None, replacement: None }),
        }
    }

    pub(super) fn embedded_pods(&self) -> &[Vec<String>] {
        self.pods.get_or_init(|| pods::paths(&self.schema))
    }
}

/// Reads the served versions of a definition.
pub(super) fn read(definition: Node<'_>) -> (Vec<CustomKind>, Vec<Diagnostic>) {
    let text = |keys: &[&str]| definition.at(keys).and_then(Node::as_str);
    let (Some(group), Some(kind)) = (text(&["spec", "group"]), text(&["spec", "names", "kind"])) else {
        // The definition is an object too: its own validation names what it lacks.
        return (Vec::new(), Vec::new());
    };
    let namespaced = text(&["spec", "scope"]) != Some("Cluster");
    let mut kinds = Vec::new();
    for version in definition.at(&["spec", "versions"]).into_iter().flat_map(Node::items) {
        let Some(name) = version.field("name").and_then(Node::as_str) else { continue };
        if version.field("served").and_then(Node::as_bool) == Some(false) {
            continue;
        }
        // The first form of definitions had one schema for all versions.
        let schema = version
            .at(&["schema", "openAPIV3Schema"])
            .or_else(|| definition.at(&["spec", "validation", "openAPIV3Schema"]));
        let subresource = |keys: &[&str]| {
            let subresources = version.field("subresources").or_else(|| definition.at(&["spec", "subresources"]))?;
            subresources.at(keys)
        };
        kinds.push(CustomKind {
            group: group.to_owned(),
            version: name.to_owned(),
            kind: kind.to_owned(),
            namespaced,
            deprecated: version.field("deprecated").and_then(Node::as_bool) == Some(true),
            drops_status: subresource(&["status"]).is_some(),
            replicas_path: subresource(&["scale", "specReplicasPath"]).map(|path| path.text().to_owned()),
            schema: schema.map(read::root).unwrap_or_default(),
            pods: OnceLock::new(),
        });
    }
    (kinds, not_evaluated(definition).into_iter().collect())
}

/// Says once of a definition that some of its rules are left to the server.
fn not_evaluated(definition: Node<'_>) -> Option<Diagnostic> {
    let mut rules = Vec::new();
    let versions = definition.at(&["spec", "versions"]).into_iter().flat_map(Node::items);
    versions.for_each(|version| find_rules(version, &mut rules));
    let unsupported = |rule: &Node<'_>| Rule::unsupported(rule.text());
    let mut left = rules.into_iter().filter(|rule| unsupported(rule).is_some());
    let first = left.next()?;
    let name = unsupported(&first)?;
    let count = left.count() + 1;
    let message = format!("{count} rule{} of this kind cannot be evaluated here", if count == 1 { "" } else { "s" });
    Some(
        Diagnostic::new("api/cel-not-evaluated", Severity::Info, message)
            .at(first.head())
            .path(first.path_from(definition))
            .help(format!("`{name}` is not supported: only the server judges by them")),
    )
}

fn find_rules<'d>(node: Node<'d>, rules: &mut Vec<Node<'d>>) {
    for entry in node.entries() {
        if entry.name() == "x-kubernetes-validations" {
            rules.extend(entry.value.items().filter_map(|rule| rule.field("rule")));
        } else {
            find_rules(entry.value, rules);
        }
    }
    node.items().for_each(|item| find_rules(item, rules));
}
