//! Reads the schemas of a `CustomResourceDefinition`.

use super::super::bundle::BUNDLES;
use super::super::shape::{Field, Identity, List, Object, Schema, Shape, StringShape, Text};
use super::Custom;
use super::format::Format;
use super::pattern::Pattern;
use super::restraint::{Bound, Range, Restraint};
use super::rule::Rule;
use super::view::json;
use crate::yaml::{Kind, Node};
use std::sync::Arc;

/// The root of a resource, and any `x-kubernetes-embedded-resource`, has the fields of every object.
pub(super) fn root(node: Node<'_>) -> Schema {
    let mut schema = read_schema(node, true);
    add_object_fields(&mut schema, node, false);
    schema
}

fn add_object_fields(schema: &mut Schema, node: Node<'_>, required: bool) {
    let Shape::Object(object) = &mut schema.shape else { return };
    let mut fields: Vec<Field> = std::mem::take(&mut object.fields).into_vec();
    fields.retain(|field| !["apiVersion", "kind", "metadata"].contains(&field.name.as_ref()));
    let metadata =
        BUNDLES.named("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta").map_or(Shape::Any, Shape::Reference);
    let text = || Shape::String(StringShape::default());
    for (name, shape) in [("apiVersion", text()), ("kind", text()), ("metadata", metadata)] {
        // What the definition says of these fields restrains them further.
        let restraint = node.at(&["properties", name]).map(|node| read_restraint(node, true));
        let custom = restraint.map(|restraint| Arc::new(Custom { restraint, ..Custom::default() }));
        let schema = Schema { shape, custom, ..Schema::default() };
        fields.push(Field { name: Text::Borrowed(name), required: required && name != "metadata", schema });
    }
    fields.sort_by(|a, b| a.name.cmp(&b.name));
    object.fields = fields.into();
}

/// Reads a schema as it judges a default: of which nothing is filled in.
pub(in crate::schema) fn unfilled(node: Node<'_>) -> Schema {
    read_schema(node, false)
}

/// Reads a schema; `fill` tells whether defaults stand in for what is absent.
fn read_schema(node: Node<'_>, fill: bool) -> Schema {
    let embedded = is_true(node, "x-kubernetes-embedded-resource");
    let shape = read_shape(node, fill);
    let mut restraint = read_restraint(node, false);
    if matches!(shape, Shape::String(_)) && restraint.values.iter().all(serde_json::Value::is_string) {
        restraint.values = Box::default();
    }
    if matches!(shape, Shape::Any) {
        // Nothing else looks into a value of any type.
        restraint = Restraint { all_of: Box::new([read_restraint(node, true)]), ..Restraint::default() };
    }
    let rules: Box<[Rule]> =
        node.field("x-kubernetes-validations").into_iter().flat_map(Node::items).filter_map(Rule::read).collect();
    let rules_below = !rules.is_empty() || has_rules_below(&shape);
    let custom =
        Custom { restraint, default: node.field("default").filter(|_| fill).map(json), rules, rules_below, embedded };
    let mut schema = Schema {
        shape,
        nullable: is_true(node, "nullable"),
        default: node.get("default").filter(|default| default.scalar().is_some()).map(|node| own(node.text())),
        limits: None,
        custom: Some(Arc::new(custom)),
    };
    if embedded {
        add_object_fields(&mut schema, node, true);
    }
    schema
}

/// Reads the schema of items; those of a list that keeps unknown fields keep them too, through lists in lists.
fn read_items(node: Node<'_>, open: bool, fill: bool) -> Schema {
    fn open_up(schema: &mut Schema) {
        match &mut schema.shape {
            Shape::Object(object) => object.open = true,
            Shape::List(list) => open_up(&mut list.items),
            _ => {}
        }
    }
    let mut schema = read_schema(node, fill);
    if open {
        open_up(&mut schema);
    }
    schema
}

fn has_rules_below(shape: &Shape) -> bool {
    let has = |schema: &Schema| schema.custom.as_ref().is_some_and(|custom| custom.rules_below);
    match shape {
        Shape::Object(object) => object.fields.iter().any(|field| has(&field.schema)),
        Shape::Map(values) => has(values),
        Shape::List(list) => has(&list.items),
        _ => false,
    }
}

fn read_shape(node: Node<'_>, fill: bool) -> Shape {
    if is_true(node, "x-kubernetes-int-or-string") {
        // Of defaults the server does not look at the type.
        return if fill { Shape::IntOrString } else { Shape::Any };
    }
    let open = is_true(node, "x-kubernetes-preserve-unknown-fields");
    match text(node, "type") {
        "object" => match node.field("additionalProperties") {
            Some(values) if values.kind() == Kind::Map => Shape::Map(Box::new(read_schema(values, fill))),
            values => {
                let open = open || values.and_then(Node::as_bool) == Some(true);
                Shape::Object(Object { fields: read_fields(node, fill), open })
            }
        },
        "array" => Shape::List(List {
            items: Box::new(node.field("items").map(|items| read_items(items, open, fill)).unwrap_or_default()),
            identity: match text(node, "x-kubernetes-list-type") {
                "set" => Identity::Set,
                "map" => Identity::Keys(texts(node, "x-kubernetes-list-map-keys")),
                _ => Identity::Atomic,
            },
        }),
        "string" => Shape::String(StringShape { values: texts(node, "enum"), ..StringShape::default() }),
        "integer" => Shape::Integer { bits: if text(node, "format") == "int32" { 32 } else { 64 } },
        "number" => Shape::Number,
        "boolean" => Shape::Boolean,
        _ => Shape::Any,
    }
}

fn read_fields(node: Node<'_>, fill: bool) -> Box<[Field]> {
    let required: Vec<&str> = node.field("required").into_iter().flat_map(Node::items).map(Node::text).collect();
    let mut fields: Vec<Field> = node
        .field("properties")
        .into_iter()
        .flat_map(Node::entries)
        .map(|entry| Field {
            name: own(entry.name()),
            // What has a default is there before the server asks for it.
            required: required.contains(&entry.name()) && !(fill && entry.value.field("default").is_some()),
            schema: read_schema(entry.value, fill),
        })
        .collect();
    fields.sort_by(|a, b| a.name.cmp(&b.name));
    fields.into()
}

/// Reads demands; `whole` ones with types, required fields and what is further down, which elsewhere the shape tells.
fn read_restraint(node: Node<'_>, whole: bool) -> Restraint {
    #[expect(clippy::cast_precision_loss, reason = "bounds are compared with numbers of the same precision")]
    let number = |key: &str| {
        let value = node.field(key)?;
        value.as_i64().map(|whole| whole as f64).or_else(|| value.text().parse().ok())
    };
    let bound = |key: &str, exclusive: &str| Some(Bound { at: number(key)?, exclusive: is_true(node, exclusive) });
    let count = |key: &str| u64::try_from(node.field(key)?.as_i64()?).ok();
    let range = |least: &str, most: &str| Range { least: count(least), most: count(most) };
    let branches = |key: &str| -> Box<[Restraint]> {
        node.field(key).into_iter().flat_map(Node::items).map(|node| read_restraint(node, true)).collect()
    };
    let kind = Some(text(node, "type")).filter(|kind| !kind.is_empty());
    let is_text = matches!(kind, None | Some("string"));
    let properties = node.field("properties").into_iter().flat_map(Node::entries).filter(|_| whole);
    let required = node.field("required").into_iter().flat_map(Node::items).filter(|item| {
        // A required field that the shape does not know is not looked for there.
        whole || node.at(&["properties", item.text()]).is_none()
    });
    Restraint {
        kind: kind.filter(|_| whole).map(Into::into),
        required: required.map(|item| item.text().into()).collect(),
        properties: properties.map(|entry| (entry.name().into(), read_restraint(entry.value, true))).collect(),
        items: node.field("items").filter(|_| whole).map(|items| Box::new(read_restraint(items, true))),
        minimum: bound("minimum", "exclusiveMinimum"),
        maximum: bound("maximum", "exclusiveMaximum"),
        multiple_of: number("multipleOf"),
        length: range("minLength", "maxLength"),
        items_count: range("minItems", "maxItems"),
        fields_count: range("minProperties", "maxProperties"),
        pattern: Some(text(node, "pattern")).filter(|pattern| !pattern.is_empty()).map(Pattern::new),
        format: Format::read(text(node, "format")).filter(|_| is_text),
        values: node.field("enum").into_iter().flat_map(Node::items).map(json).collect(),
        all_of: branches("allOf"),
        any_of: branches("anyOf"),
        one_of: branches("oneOf"),
        not: node.field("not").map(|not| Box::new(read_restraint(not, true))),
    }
}

fn text<'d>(node: Node<'d>, key: &str) -> &'d str {
    node.field(key).and_then(Node::as_str).unwrap_or_default()
}

fn is_true(node: Node<'_>, key: &str) -> bool {
    node.field(key).and_then(Node::as_bool) == Some(true)
}

fn texts(node: Node<'_>, key: &str) -> Box<[Text]> {
    node.field(key).into_iter().flat_map(Node::items).map(|item| own(item.text())).collect()
}

fn own(text: &str) -> Text {
    Text::Owned(text.to_owned())
}
