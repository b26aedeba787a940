//! Versions: their names, columns, subresources and selectable fields.

use super::super::check::{Check, Place, is_true, items, show, text};
use super::super::syntax::dns_label_1035;
use super::path::is_shared;
use super::{RULE, decode, defaults, openapi, structural};
use crate::yaml::Node;

/// The most fields by which objects can be selected.
const MOST_SELECTABLE: usize = 8;

pub(super) fn all<'d>(check: &mut Check<'d>, spec: Node<'d>) {
    let versions: Vec<Node<'d>> = items(spec, "versions").collect();
    for (index, version) in versions.iter().enumerate() {
        let name = text(*version, "name");
        check.syntax(RULE, (*version, "name"), "name", name, dns_label_1035);
        if let Some(first) = versions[..index].iter().find(|first| text(**first, "name") == name) {
            let place = Place::Shown(version.head(), spec, "versions");
            check.error(RULE, place, format!("two versions are named `{}`", show(name))).label(first.head(), "one");
        }
        deprecation(check, *version);
    }
    let stored = versions.iter().filter(|version| is_true(**version, "storage")).count();
    if stored != 1 {
        let message = format!("{stored} versions have `storage: true`, and exactly one must");
        check.error(RULE, (spec, "versions"), message).help("the cluster keeps objects in one version");
    }
    let has_status = |version: &Node<'d>| version.at(&["subresources", "status"]).is_some();
    let object = check.root();
    let of_field = |field: &str| if is_shared(object, field) { &versions[..versions.len().min(1)] } else { &versions };
    for version in of_field("schema") {
        let Some(schema) = version.at(&["schema", "openAPIV3Schema"]) else {
            let place = version.field("schema").unwrap_or(*version);
            let message = format!("version `{}` has no schema", show(text(*version, "name")));
            let mut path = version.path_from(object);
            path.push_str(".schema.openAPIV3Schema");
            check.error_at(super::SCHEMA, place.head(), path, message);
            continue;
        };
        let status = if is_shared(object, "schema") { versions.iter().any(has_status) } else { has_status(version) };
        let before = check.count();
        decode::judge(check, schema);
        if check.count() > before {
            // What cannot be decoded is not judged.
            continue;
        }
        if status {
            root_of_status(check, *version, schema);
        }
        structural::judge(check, schema);
        if check.count() == before {
            defaults::judge(check, schema);
        }
        let sound = check.count() == before;
        openapi::judge(check, schema, sound);
    }
    for status in versions.iter().filter_map(|version| version.at(&["subresources", "status"])) {
        for entry in status.entries() {
            let mut path = status.path_from(object);
            crate::yaml::Step::Key(entry.name()).push_to(&mut path);
            let message = format!("unknown field `{}` in `status`", entry.name());
            check.error_at("schema/unknown-field", entry.key.span(), path, message).help("write `status: {}`");
        }
    }
    for version in of_field("subresources") {
        if let Some(scale) = version.at(&["subresources", "scale"]) {
            self::scale(check, scale);
        }
    }
    for version in of_field("additionalPrinterColumns") {
        items(*version, "additionalPrinterColumns").for_each(|column| self::column(check, column));
    }
    for version in of_field("selectableFields") {
        selectable(check, *version);
    }
}

fn deprecation<'d>(check: &mut Check<'d>, version: Node<'d>) {
    let Some(warning) = version.field("deprecationWarning") else { return };
    let written = warning.text();
    let problem = if !is_true(version, "deprecated") {
        "is for versions with `deprecated: true`"
    } else if written.is_empty() {
        "is empty"
    } else if written.len() > 256 {
        "has more than 256 characters"
    } else if written.chars().any(char::is_control) {
        "must be on one line"
    } else {
        return;
    };
    check.error(RULE, warning, format!("`deprecationWarning` {problem}"));
}

/// With a status of its own, the root of a schema may only say what holds without the status too.
fn root_of_status<'d>(check: &mut Check<'d>, version: Node<'d>, schema: Node<'d>) {
    const ALLOWED: [&str; 23] = [
        "description",
        "type",
        "format",
        "title",
        "maximum",
        "exclusiveMaximum",
        "minimum",
        "exclusiveMinimum",
        "maxLength",
        "minLength",
        "pattern",
        "maxItems",
        "minItems",
        "uniqueItems",
        "multipleOf",
        "required",
        "items",
        "properties",
        "externalDocs",
        "example",
        "x-kubernetes-preserve-unknown-fields",
        "x-kubernetes-validations",
        "nullable",
    ];
    if text(schema, "type") != "object" {
        let message = "the root of a schema is of type `object` where there is a status";
        check.error(super::SCHEMA, (schema, "type"), message);
    }
    let other = schema.entries().find(|entry| super::says(schema, entry.name()) && !ALLOWED.contains(&entry.name()));
    if let (Some(other), Some(holder)) = (other, version.field("schema")) {
        let message = format!("`{}` may not stand at the root where there is a status", other.name());
        check.error(super::SCHEMA, Place::Shown(other.key.span(), holder, "openAPIV3Schema"), message);
    }
}

fn scale<'d>(check: &mut Check<'d>, scale: Node<'d>) {
    for (field, roots) in [
        ("specReplicasPath", &[".spec."][..]),
        ("statusReplicasPath", &[".status."]),
        ("labelSelectorPath", &[".spec.", ".status."]),
    ] {
        let path = text(scale, field);
        if path.is_empty() {
            if field != "labelSelectorPath" {
                check.required(RULE, scale, field);
            }
        } else if !roots.iter().any(|root| path.starts_with(root)) {
            let roots = roots.iter().map(|root| format!("`{}`", root.trim_end_matches('.'))).collect::<Vec<_>>();
            let message = format!("`{field}` is `{}`, but must be below {}", show(path), roots.join(" or "));
            check.error(RULE, (scale, field), message);
        }
    }
}

fn column<'d>(check: &mut Check<'d>, column: Node<'d>) {
    check.required(RULE, column, "name");
    if check.required(RULE, column, "type").is_some() {
        check.word(RULE, column, "type", &["boolean", "date", "integer", "number", "string"]);
    }
    if !text(column, "format").is_empty() {
        let formats = ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"];
        check.word(RULE, column, "format", &formats);
    }
    if let Some(path) = check.required(RULE, column, "jsonPath")
        && !path.text().starts_with('.')
    {
        let message = format!("`jsonPath` is `{}`, but must begin with `.`", show(path.text()));
        check.error(RULE, path, message);
    }
}

fn selectable<'d>(check: &mut Check<'d>, version: Node<'d>) {
    let Some(schema) = version.at(&["schema", "openAPIV3Schema"]) else { return };
    let mut seen: Vec<&str> = Vec::new();
    for field in items(version, "selectableFields") {
        let Some(path) = check.required(RULE, field, "jsonPath") else { continue };
        let written = path.text();
        let found = if written.contains(['[', ']']) { None } else { structural::follow(schema, written) };
        let problem = match found {
            None => "names no field of the schema".to_owned(),
            Some(_) if written == ".metadata" || written.starts_with(".metadata.") => "names metadata".to_owned(),
            Some(found) if !["string", "boolean", "integer"].contains(&text(found, "type")) => {
                "must name a field of type `string`, `boolean` or `integer`".to_owned()
            }
            Some(_) if seen.contains(&written) => "stands twice".to_owned(),
            Some(_) => {
                seen.push(written);
                continue;
            }
        };
        check.error(RULE, path, format!("`{}` {problem}", show(written)));
    }
    if seen.len() > MOST_SELECTABLE {
        let message = format!("{} fields are selectable, and {MOST_SELECTABLE} may be", seen.len());
        check.error(RULE, (version, "selectableFields"), message);
    }
}
