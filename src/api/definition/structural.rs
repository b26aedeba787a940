//! Structural schemas: each field has its type, once, outside of combinators.

use super::super::check::{Check, is_true, items, text};
use super::{SCHEMA, nested, says};
use crate::yaml::{Kind, Node};

/// Where a schema stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Root,
    Item,
    Field,
}

/// Judges the schema of a version.
pub(super) fn judge<'d>(check: &mut Check<'d>, schema: Node<'d>) {
    visit(check, schema, Level::Root);
    for field in ["not", "allOf", "anyOf", "oneOf"] {
        branches(schema, field).for_each(|branch| nested::complete(check, branch, schema));
    }
}

/// Gives the schemas of a combinator.
pub(super) fn branches<'d>(schema: Node<'d>, combinator: &str) -> impl Iterator<Item = Node<'d>> {
    let holder = schema.field(combinator);
    let single = holder.filter(|holder| holder.kind() == Kind::Map);
    single.into_iter().chain(holder.into_iter().flat_map(Node::items))
}

/// Gives the schema of the values of a map, where it is one.
pub(super) fn values(schema: Node<'_>) -> Option<Node<'_>> {
    schema.field("additionalProperties").filter(|values| values.kind() == Kind::Map)
}

/// Gives the schemas of fields.
pub(super) fn properties(schema: Node<'_>) -> impl Iterator<Item = (&str, Node<'_>)> {
    schema.field("properties").into_iter().flat_map(Node::entries).map(|entry| (entry.name(), entry.value))
}

/// Follows `.spec.names['a.b']` from schema to schema.
pub(super) fn follow<'d>(schema: Node<'d>, path: &str) -> Option<Node<'d>> {
    crate::schema::field_path(path)?.iter().try_fold(schema, |schema, name| {
        if properties(schema).next().is_some() { schema.at(&["properties", name]) } else { values(schema) }
    })
}

fn visit<'d>(check: &mut Check<'d>, schema: Node<'d>, level: Level) {
    if !matches!(schema.kind(), Kind::Map | Kind::Null) {
        return;
    }
    let kind = text(schema, "type");
    let (embedded, open, int_or_string) = (
        is_true(schema, "x-kubernetes-embedded-resource"),
        is_true(schema, "x-kubernetes-preserve-unknown-fields"),
        is_true(schema, "x-kubernetes-int-or-string"),
    );
    // What is neither a schema nor a list of them the server reads as nothing.
    match schema.field("items").filter(|of_items| matches!(of_items.kind(), Kind::Map | Kind::Seq)) {
        None if kind == "array" => {
            check.error(SCHEMA, (schema, "items"), "a list needs `items`").help("say what its items are");
        }
        None => {}
        Some(of_items) => visit(check, of_items, Level::Item),
    }
    properties(schema).for_each(|(_, field)| visit(check, field, Level::Field));
    if level == Level::Root && schema.field("additionalProperties").is_some() {
        check.error(SCHEMA, (schema, "additionalProperties"), "`additionalProperties` may not stand at the root");
    }
    if let Some(values) = values(schema) {
        visit(check, values, Level::Field);
    }
    for (field, wrong) in [("x-kubernetes-preserve-unknown-fields", open), ("x-kubernetes-embedded-resource", embedded)]
    {
        if int_or_string && wrong {
            let message = format!("`{field}` and `x-kubernetes-int-or-string` exclude each other");
            check.error(SCHEMA, (schema, field), message);
        }
    }
    nested::demands(check, schema, true);
    if embedded && kind != "object" {
        let message = "`x-kubernetes-embedded-resource` is for the type `object`";
        check.error(SCHEMA, (schema, "type"), message);
    } else if kind.is_empty() && !int_or_string && !open {
        check.error(SCHEMA, (schema, "type"), "`type` is missing").help("each field of a schema has its type");
    } else if level == Level::Root && kind != "object" && !kind.is_empty() {
        check.error(SCHEMA, (schema, "type"), "the root of a schema is of type `object`");
    }
    if embedded && schema.field("additionalProperties").is_some() {
        let message = "`additionalProperties` and `x-kubernetes-embedded-resource` exclude each other";
        check.error(SCHEMA, (schema, "additionalProperties"), message);
    }
    if embedded && !open && properties(schema).next().is_none() {
        let message =
            "`properties` are missing: an embedded object has them, or `x-kubernetes-preserve-unknown-fields`";
        check.error(SCHEMA, (schema, "properties"), message);
    }
    if level == Level::Root || embedded {
        object_fields(check, schema, level);
    }
}

/// The fields that every object has are the API's own.
fn object_fields<'d>(check: &mut Check<'d>, schema: Node<'d>, level: Level) {
    for (name, wanted) in [("kind", "string"), ("apiVersion", "string"), ("metadata", "object")] {
        if let Some(field) = schema.at(&["properties", name])
            && text(field, "type") != wanted
        {
            check.error(SCHEMA, (field, "type"), format!("`{name}` is of type `{wanted}`"));
        }
    }
    let Some(metadata) = schema.at(&["properties", "metadata"]).filter(|_| level == Level::Root) else { return };
    let other = metadata
        .entries()
        .find(|entry| says(metadata, entry.name()) && !["type", "default", "properties"].contains(&entry.name()));
    let field = metadata.field("properties").into_iter().flat_map(Node::entries);
    let other = other.or_else(|| field.into_iter().find(|entry| !["name", "generateName"].contains(&entry.name())));
    if let Some(other) = other {
        let message =
            format!("`{}` may not be said of `metadata`: only of its `name` and `generateName`", other.name());
        let path = metadata.path_from(check.root());
        check.error_at(SCHEMA, other.key.span(), path, message);
    }
}

/// Tells whether a schema's combinator is the one that stands for integers and texts.
pub(super) fn is_int_or_string(schema: Node<'_>) -> bool {
    let kinds: Vec<&str> = items(schema, "anyOf").map(|branch| text(branch, "type")).collect();
    // A field that nobody knows is dropped.
    let more = [
        "default",
        "description",
        "format",
        "pattern",
        "enum",
        "minimum",
        "maximum",
        "minLength",
        "maxLength",
        "nullable",
    ];
    let alone = items(schema, "anyOf").all(|branch| !more.iter().any(|field| says(branch, field)));
    kinds == ["integer", "string"] && alone
}
