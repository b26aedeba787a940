//! What OpenAPI, and Kubernetes beyond it, allows in a schema.

use super::super::check::{Check, Place, is_true, items, show, text};
use super::structural::{branches, properties, values};
use super::{SCHEMA, rules};
use crate::yaml::{Kind, Node};

/// What holds around a schema.
#[derive(Clone, Copy, Default)]
struct Around {
    root: bool,
    /// Why there may be no defaults.
    no_defaults: Option<&'static str>,
    within_metadata: bool,
    /// What cannot be followed from an old object to a new one.
    uncorrelatable: bool,
}

/// Judges the schema of a version; of rules in CEL only what a sound schema lets judge.
pub(super) fn judge<'d>(check: &mut Check<'d>, schema: Node<'d>, sound: bool) {
    if is_true(schema, "nullable") {
        check.error(SCHEMA, (schema, "nullable"), "the root of a schema is never null");
    }
    if names_schema(schema) {
        check.error(SCHEMA, schema, "`$schema` is not supported");
    }
    let before = check.count();
    visit(check, schema, Around { root: true, ..Around::default() });
    if sound && check.count() == before {
        rules::expressions(check, schema);
    }
}

/// Tells whether a schema, or one in it, says by which rules it is written; the server names the root for it.
fn names_schema(schema: Node<'_>) -> bool {
    let within = ["not", "allOf", "anyOf", "oneOf"].into_iter().flat_map(|field| branches(schema, field));
    let inner = properties(schema).map(|(_, field)| field).chain(values(schema)).chain(schema.field("items"));
    !text(schema, "$schema").is_empty() || inner.chain(within).any(names_schema)
}

fn visit<'d>(check: &mut Check<'d>, schema: Node<'d>, around: Around) {
    const TYPES: [&str; 6] = ["array", "boolean", "integer", "number", "object", "string"];
    if schema.kind() != Kind::Map {
        return;
    }
    if !text(schema, "type").is_empty() {
        check.word(SCHEMA, schema, "type", &TYPES);
    }
    if let (Some(default), Some(why)) = (schema.field("default"), around.no_defaults) {
        check.error(SCHEMA, default, format!("there may be no `default` {why}"));
    }
    for field in ["id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref"] {
        let empty = |value: Node<'d>| value.kind() == Kind::Map && value.entries().len() == 0;
        let said = schema.field(field).is_some_and(|value| field == "additionalItems" || !empty(value));
        if said && !(field == "id" && text(schema, "id").is_empty()) {
            check.error(SCHEMA, (schema, field), format!("`{field}` is not supported"));
        }
    }
    if let Some(of_items) = schema.field("items").filter(|of_items| of_items.kind() == Kind::Seq) {
        check.error(SCHEMA, of_items, "`items` must be a schema, not a list");
    }
    if around.within_metadata && is_true(schema, "x-kubernetes-embedded-resource") {
        let message = "there may be no embedded object within metadata";
        check.error(SCHEMA, (schema, "x-kubernetes-embedded-resource"), message);
    }
    if is_true(schema, "uniqueItems") {
        let said = check.error(SCHEMA, (schema, "uniqueItems"), "`uniqueItems` may not be true");
        said.help("write `x-kubernetes-list-type: set`");
    }
    if let Some(additional) = schema.field("additionalProperties")
        && properties(schema).next().is_some()
        && additional.as_bool() != Some(true)
    {
        let message = "`additionalProperties` and `properties` exclude each other";
        check.error(SCHEMA, (schema, "additionalProperties"), message);
    }
    if schema.field("x-kubernetes-preserve-unknown-fields").and_then(Node::as_bool) == Some(false) {
        let message = "`x-kubernetes-preserve-unknown-fields` is true or left out";
        check.error(SCHEMA, (schema, "x-kubernetes-preserve-unknown-fields"), message);
    }
    lists_and_maps(check, schema);
    rules::judge(check, schema, around.uncorrelatable);
    format(check, schema);
    deeper(check, schema, around);
}

fn deeper<'d>(check: &mut Check<'d>, schema: Node<'d>, around: Around) {
    let inner = Around { root: false, ..around };
    if let Some(values) = values(schema) {
        let why = "for values of a map in metadata";
        let no_defaults = if around.within_metadata { Some(why) } else { around.no_defaults };
        visit(check, values, Around { no_defaults, ..inner });
    }
    let embedded = is_true(schema, "x-kubernetes-embedded-resource");
    for (name, field) in properties(schema) {
        let uncorrelatable =
            around.uncorrelatable || !matches!(text(schema, "x-kubernetes-map-type"), "" | "granular" | "atomic");
        let metadata = (around.root || embedded) && ["metadata", "kind", "apiVersion"].contains(&name);
        let no_defaults = if metadata && around.root { Some("in the object's own fields") } else { around.no_defaults };
        let within_metadata = around.within_metadata || metadata;
        visit(check, field, Around { no_defaults, within_metadata, uncorrelatable, ..inner });
    }
    for combinator in ["not", "allOf", "oneOf", "anyOf"] {
        branches(schema, combinator).for_each(|branch| visit(check, branch, inner));
    }
    if let Some(of_items) = schema.field("items") {
        let uncorrelatable = around.uncorrelatable || text(schema, "x-kubernetes-list-type") != "map";
        visit(check, of_items, Around { uncorrelatable, ..inner });
    }
}

fn lists_and_maps<'d>(check: &mut Check<'d>, schema: Node<'d>) {
    let kind = text(schema, "type");
    for (field, wanted, words) in [
        ("x-kubernetes-map-type", "object", &["atomic", "granular"][..]),
        ("x-kubernetes-list-type", "array", &["atomic", "set", "map"]),
    ] {
        if schema.field(field).is_some() {
            if kind != wanted {
                check.error(SCHEMA, (schema, "type"), format!("`{field}` is for the type `{wanted}`"));
            }
            check.word(SCHEMA, schema, field, words);
        }
    }
    let list = schema.field("x-kubernetes-list-type").map(Node::text);
    let keys: Vec<Node<'d>> = items(schema, "x-kubernetes-list-map-keys").collect();
    if !keys.is_empty() && list != Some("map") {
        let message = "`x-kubernetes-list-map-keys` are for `x-kubernetes-list-type: map`";
        check.error(SCHEMA, (schema, "x-kubernetes-list-type"), message);
    }
    let of_items = schema.field("items").filter(|of_items| of_items.kind() == Kind::Map);
    if let ("array", Some("set"), Some(of_items)) = (kind, list, of_items) {
        set(check, of_items);
    }
    if list == Some("map") {
        if keys.is_empty() {
            let message = "`x-kubernetes-list-map-keys` are missing";
            check
                .error(SCHEMA, (schema, "x-kubernetes-list-map-keys"), message)
                .help("name the fields that tell items apart");
        }
        match of_items {
            None => _ = check.error(SCHEMA, (schema, "items"), "`items` are missing"),
            Some(of_items) if text(of_items, "type") != "object" => {
                check.error(SCHEMA, (of_items, "type"), "items of a list with keys are of type `object`");
            }
            Some(of_items) => map_keys(check, schema, of_items, &keys),
        }
    }
    if let (Some("set" | "map"), Some(of_items)) = (list, of_items)
        && is_true(of_items, "nullable")
    {
        check.error(SCHEMA, (of_items, "nullable"), "items that are told apart are never null");
    }
}

fn set<'d>(check: &mut Check<'d>, of_items: Node<'d>) {
    let (field, wrong) = match text(of_items, "type") {
        "array" => {
            let list = of_items.field("x-kubernetes-list-type");
            ("x-kubernetes-list-type", list.is_some_and(|list| list.text() != "atomic"))
        }
        "object" => ("x-kubernetes-map-type", text(of_items, "x-kubernetes-map-type") != "atomic"),
        _ => return,
    };
    if wrong {
        check.error(SCHEMA, (of_items, field), format!("items of a set are atomic: write `{field}: atomic`"));
    } else if check.since(37) {
        let message = "a set of lists or maps is known neither to server-side apply nor to rules";
        check.warning(SCHEMA, of_items, message);
    }
}

fn map_keys<'d>(check: &mut Check<'d>, schema: Node<'d>, of_items: Node<'d>, keys: &[Node<'d>]) {
    let field = "x-kubernetes-list-map-keys";
    for (index, key) in keys.iter().enumerate() {
        let name = key.text();
        let place = Place::Shown(key.span(), schema, field);
        if keys[..index].iter().any(|first| first.text() == name) {
            check.error(SCHEMA, place, format!("key `{}` stands twice", show(name)));
        }
        let Some(of_key) = of_items.at(&["properties", name]) else {
            check.error(SCHEMA, place, format!("items have no field `{}`", show(name)));
            continue;
        };
        if ["array", "object"].contains(&text(of_key, "type")) {
            check.error(SCHEMA, (of_key, "type"), format!("key `{name}` must be a scalar"));
        }
        if !items(of_items, "required").any(|required| required.text() == name) && of_key.field("default").is_none() {
            let message = format!("key `{name}` must be required, or have a default");
            check.error(SCHEMA, (of_key, "default"), message);
        }
        if is_true(of_key, "nullable") {
            check.error(SCHEMA, (of_key, "nullable"), format!("key `{name}` is never null"));
        }
    }
}

/// The server warns of formats that it does not check.
fn format<'d>(check: &mut Check<'d>, schema: Node<'d>) {
    let format = text(schema, "format");
    if format.is_empty() || !check.since(35) {
        return;
    }
    let known = match text(schema, "type") {
        _ if is_true(schema, "x-kubernetes-int-or-string") => return,
        "" | "string" => crate::schema::is_known_format(format),
        "integer" => ["int32", "int64"].contains(&format),
        "number" => ["float", "double"].contains(&format),
        _ => false,
    };
    if !known {
        let message = format!("format `{}` is not checked by the server", show(format));
        check.warning(SCHEMA, (schema, "format"), message);
    }
}
