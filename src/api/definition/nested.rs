//! Combinators of schemas: they demand, and define nothing.

use super::super::check::{Check, show, text};
use super::structural::{branches, is_int_or_string, properties, values};
use super::{SCHEMA, says};
use crate::yaml::{Kind, Node};

/// Judges the combinators and the pattern of a schema; `typed` ones may spell out what integers-or-texts are.
pub(super) fn demands<'d>(check: &mut Check<'d>, schema: Node<'d>, typed: bool) {
    for combinator in ["anyOf", "allOf", "oneOf", "not"] {
        if combinator == "anyOf" && typed && is_int_or_string(schema) {
            continue;
        }
        for (index, branch) in branches(schema, combinator).enumerate() {
            branch_of(check, branch, typed && combinator == "allOf" && index == 0);
        }
    }
    let pattern = text(schema, "pattern");
    if let Some(problem) = crate::schema::pattern_problem(pattern) {
        let message = format!("`pattern` is `{}`, which is no regular expression: {problem}", show(pattern));
        check.error(SCHEMA, (schema, "pattern"), message);
    }
}

/// Judges a schema within a combinator.
fn branch_of<'d>(check: &mut Check<'d>, branch: Node<'d>, typed: bool) {
    const FORBIDDEN: [&str; 12] = [
        "type",
        "default",
        "title",
        "description",
        "nullable",
        "x-kubernetes-preserve-unknown-fields",
        "x-kubernetes-embedded-resource",
        "x-kubernetes-int-or-string",
        "x-kubernetes-list-map-keys",
        "x-kubernetes-list-type",
        "x-kubernetes-map-type",
        "x-kubernetes-validations",
    ];
    if branch.kind() != Kind::Map {
        return;
    }
    demands(check, branch, typed);
    if let Some(of_items) = branch.field("items") {
        branch_of(check, of_items, false);
    }
    properties(branch).for_each(|(_, field)| branch_of(check, field, false));
    for field in FORBIDDEN {
        if says(branch, field) {
            let message = format!("`{field}` may not stand within a combinator");
            check.error(SCHEMA, (branch, field), message).help("say it outside, where the field is defined");
        }
    }
    if values(branch).is_some() || says(branch, "additionalProperties") {
        let message = "`additionalProperties` may not stand within a combinator";
        check.error(SCHEMA, (branch, "additionalProperties"), message);
    }
    if let Some(metadata) = branch.at(&["properties", "metadata"]) {
        check.error(SCHEMA, metadata, "`metadata` may not stand within a combinator");
    }
}

/// What a combinator speaks of is defined outside.
pub(super) fn complete<'d>(check: &mut Check<'d>, branch: Node<'d>, schema: Node<'d>) {
    for combinator in ["not", "allOf", "anyOf", "oneOf"] {
        branches(branch, combinator).for_each(|inner| complete(check, inner, schema));
    }
    let path = schema.path_from(check.root());
    if let Some(of_items) = branch.field("items") {
        match schema.field("items") {
            Some(defined) => complete(check, of_items, defined),
            None => _ = check.error_at(SCHEMA, of_items.head(), format!("{path}.items"), undefined("items")),
        }
    }
    for (name, field) in properties(branch) {
        if let Some(defined) = schema.at(&["properties", name]) {
            complete(check, field, defined);
        } else {
            let path = format!("{path}.properties[{name}]");
            check.error_at(SCHEMA, field.head(), path, undefined(name));
        }
    }
}

fn undefined(name: &str) -> String {
    format!("a combinator speaks of `{name}`, which is not defined outside of it")
}
