//! Reads the schemas of custom resources from their `CustomResourceDefinition`s.
//!
//! Understood is what structural schemas state of shapes: types, fields, required fields, lists and their keys, value lists,
//! bounds, nullability, defaults, and the `x-kubernetes-…` extensions of them. Patterns, combinators (`oneOf`) and CEL rules
//! are not looked at: what they would reject passes.

use super::bundle::BUNDLES;
use super::pods;
use super::shape::{Field, Format, Identity, Limits, List, Object, Schema, Shape, StringShape, Text};
use super::store::{Deprecation, Type};
use crate::diagnostic::Diagnostic;
use crate::yaml::{Kind, Node};
use std::sync::OnceLock;

/// A version of a custom resource.
#[derive(Debug)]
pub(super) struct CustomKind {
    group: String,
    version: String,
    kind: String,
    namespaced: bool,
    deprecated: bool,
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
    let mut findings = Vec::new();
    for version in definition.at(&["spec", "versions"]).into_iter().flat_map(Node::items) {
        let Some(name) = version.field("name").and_then(Node::as_str) else { continue };
        if version.field("served").and_then(Node::as_bool) == Some(false) {
            continue;
        }
        // The first form of definitions had one schema for all versions.
        let schema = version
            .at(&["schema", "openAPIV3Schema"])
            .or_else(|| definition.at(&["spec", "validation", "openAPIV3Schema"]));
        if schema.is_none() && text(&["apiVersion"]) == Some("apiextensions.k8s.io/v1") {
            findings.push(
                Diagnostic::error("schema/required", format!("version `{name}` has no `schema.openAPIV3Schema`"))
                    .at(version.head())
                    .path(version.path_from(definition))
                    .help("describe the resource's fields; the server refuses versions without a schema"),
            );
        }
        kinds.push(CustomKind {
            group: group.to_owned(),
            version: name.to_owned(),
            kind: kind.to_owned(),
            namespaced,
            deprecated: version.field("deprecated").and_then(Node::as_bool) == Some(true),
            schema: schema.map(root).unwrap_or_default(),
            pods: OnceLock::new(),
        });
    }
    (kinds, findings)
}

/// The root of a resource, and any `x-kubernetes-embedded-resource`, has the fields of every object.
fn root(node: Node<'_>) -> Schema {
    let mut schema = read_schema(node);
    add_object_fields(&mut schema);
    schema
}

fn add_object_fields(schema: &mut Schema) {
    let Shape::Object(object) = &mut schema.shape else { return };
    let mut fields: Vec<Field> = std::mem::take(&mut object.fields).into_vec();
    fields.retain(|field| !["apiVersion", "kind", "metadata"].contains(&field.name.as_ref()));
    let metadata =
        BUNDLES.named("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta").map_or(Shape::Any, Shape::Reference);
    let text = || Shape::String(StringShape::default());
    for (name, shape) in [("apiVersion", text()), ("kind", text()), ("metadata", metadata)] {
        let schema = Schema { shape, ..Schema::default() };
        fields.push(Field { name: Text::Borrowed(name), required: false, schema });
    }
    fields.sort_by(|a, b| a.name.cmp(&b.name));
    object.fields = fields.into();
}

fn read_schema(node: Node<'_>) -> Schema {
    let flag = |key: &str| node.field(key).and_then(Node::as_bool) == Some(true);
    let mut schema = Schema {
        shape: read_shape(node),
        nullable: flag("nullable"),
        default: node.get("default").filter(|default| default.scalar().is_some()).map(|node| own(node.text())),
        limits: read_limits(node),
    };
    if flag("x-kubernetes-embedded-resource") {
        add_object_fields(&mut schema);
    }
    schema
}

fn read_shape(node: Node<'_>) -> Shape {
    let flag = |key: &str| node.field(key).and_then(Node::as_bool) == Some(true);
    if flag("x-kubernetes-int-or-string") {
        return Shape::IntOrString;
    }
    let text = |key: &str| node.field(key).and_then(Node::as_str).unwrap_or_default();
    let open = flag("x-kubernetes-preserve-unknown-fields");
    match text("type") {
        "object" => match node.field("additionalProperties") {
            Some(values) if values.kind() == Kind::Map => Shape::Map(Box::new(read_schema(values))),
            values => {
                let open = open || values.and_then(Node::as_bool) == Some(true);
                Shape::Object(Object { fields: read_fields(node), open })
            }
        },
        "array" => Shape::List(List {
            items: Box::new(node.field("items").map(read_schema).unwrap_or_default()),
            identity: match text("x-kubernetes-list-type") {
                "set" => Identity::Set,
                "map" => Identity::Keys(texts(node, "x-kubernetes-list-map-keys")),
                _ => Identity::Atomic,
            },
        }),
        "string" => Shape::String(StringShape {
            format: match text("format") {
                "byte" => Format::Byte,
                "date-time" => Format::DateTime,
                _ => Format::Plain,
            },
            values: texts(node, "enum"),
        }),
        "integer" => Shape::Integer { bits: if text("format") == "int32" { 32 } else { 64 } },
        "number" => Shape::Number,
        "boolean" => Shape::Boolean,
        _ => Shape::Any,
    }
}

fn read_fields(node: Node<'_>) -> Box<[Field]> {
    let required: Vec<&str> = node.field("required").into_iter().flat_map(Node::items).map(Node::text).collect();
    let mut fields: Vec<Field> = node
        .field("properties")
        .into_iter()
        .flat_map(Node::entries)
        .map(|entry| Field {
            name: own(entry.name()),
            // What has a default is there before the server asks for it.
            required: required.contains(&entry.name()) && entry.value.get("default").is_none(),
            schema: read_schema(entry.value),
        })
        .collect();
    fields.sort_by(|a, b| a.name.cmp(&b.name));
    fields.into()
}

fn read_limits(node: Node<'_>) -> Option<Box<Limits>> {
    #[expect(clippy::cast_precision_loss, reason = "bounds are compared with numbers of the same precision")]
    let number = |key: &str| {
        let value = node.field(key)?;
        value.as_i64().map(|whole| whole as f64).or_else(|| value.text().parse().ok())
    };
    let count = |keys: [&str; 3]| {
        let value = keys.into_iter().find_map(|key| node.field(key))?.as_i64()?;
        u64::try_from(value).ok()
    };
    let limits = Limits {
        minimum: number("minimum"),
        maximum: number("maximum"),
        min_length: count(["minLength", "minItems", "minProperties"]),
        max_length: count(["maxLength", "maxItems", "maxProperties"]),
    };
    (limits != Limits::default()).then(|| Box::new(limits))
}

fn texts(node: Node<'_>, key: &str) -> Box<[Text]> {
    node.field(key).into_iter().flat_map(Node::items).map(|item| own(item.text())).collect()
}

fn own(text: &str) -> Text {
    Text::Owned(text.to_owned())
}
