//! Walks what the server publishes and the built-in schemas side by side.

use super::server::{Kind, definition_name};
use plimsoll::schema::{Field, Format, Identity, Lookup, Object, Schema, SchemaStore, Shape, Version};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What of OpenAPI is compared.
const COMPARED: [&str; 15] = [
    "$ref",
    "additionalProperties",
    "allOf",
    "default",
    "enum",
    "format",
    "items",
    "maximum",
    "minimum",
    "oneOf",
    "properties",
    "required",
    "type",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-list-type",
];

/// What the built-in schemas have no place for: prose, and how patches merge.
const LEFT_OUT: [&str; 5] = [
    "description",
    "x-kubernetes-map-type",
    "x-kubernetes-patch-merge-key",
    "x-kubernetes-patch-strategy",
    "x-kubernetes-unions",
];

/// A place at which the two say different things.
#[derive(Debug, PartialEq)]
pub(super) struct Difference {
    /// `apps/v1 Deployment`, or `io.k8s.api.core.v1.Pod.spec`; the items of a list are `…[]`, the values of a map `…{}`.
    pub(super) at: String,
    /// What is said differently.
    pub(super) what: &'static str,
    pub(super) server: String,
    pub(super) ours: String,
}

pub(super) struct Comparison<'d> {
    store: &'d SchemaStore,
    version: Version,
    definitions: &'d BTreeMap<String, Value>,
    pub(super) differences: Vec<Difference>,
    /// How many fields both know.
    pub(super) fields: usize,
    /// The pairs of definitions that were compared, or are being compared.
    pub(super) seen: BTreeSet<(&'d str, *const Schema)>,
}

impl<'d> Comparison<'d> {
    pub(super) fn new(store: &'d SchemaStore, version: Version, definitions: &'d BTreeMap<String, Value>) -> Self {
        Self { store, version, definitions, differences: Vec::new(), fields: 0, seen: BTreeSet::new() }
    }

    /// Notes two ways of saying something where they differ, and tells whether they are the same.
    pub(super) fn same(&mut self, at: &str, what: &'static str, server: &str, ours: &str) -> bool {
        if server != ours {
            let (server, ours) = (server.to_owned(), ours.to_owned());
            self.differences.push(Difference { at: at.to_owned(), what, server, ours });
        }
        server == ours
    }

    pub(super) fn kind(&mut self, kind: &'d Kind) {
        let at = format!("{} {}", kind.api_version, kind.name);
        let store = self.store;
        match store.lookup(self.version, &kind.api_version, &kind.name) {
            Lookup::Served(found) => {
                let scope = |namespaced| if namespaced { "Namespaced" } else { "Cluster" };
                self.same(&at, "scope", scope(kind.namespaced), scope(found.namespaced));
                self.definition(&kind.definition, found.schema);
            }
            Lookup::NotServedByDefault { .. } => _ = self.same(&at, "served", "yes", "no"),
            Lookup::Missing(_) => _ = self.same(&at, "known", "yes", "no"),
        }
    }

    fn definition(&mut self, name: &'d str, ours: &Schema) {
        if self.seen.insert((name, std::ptr::from_ref(ours))) {
            let server = self.definitions.get(name).unwrap_or_else(|| panic!("{name} is referred to and missing"));
            self.schema(name, server, ours);
        }
    }

    fn schema(&mut self, at: &str, server: &'d Value, ours: &Schema) {
        for key in server.as_object().expect("a schema").keys().map(String::as_str) {
            if !COMPARED.contains(&key) && !LEFT_OUT.contains(&key) {
                self.same(at, "keyword", key, "not read");
            }
        }
        // Only defaults that are text are kept: they stand in for absent keys of lists.
        self.same(
            at,
            "default",
            server["default"].as_str().unwrap_or_default(),
            ours.default.as_deref().unwrap_or_default(),
        );
        let bounds = |least: Option<f64>, most: Option<f64>| match (least, most) {
            (None, None) => "none".to_owned(),
            (least, most) => format!("{least:?} to {most:?}"),
        };
        let our_limits = ours.limits.as_deref();
        self.same(
            at,
            "limits",
            &bounds(server["minimum"].as_f64(), server["maximum"].as_f64()),
            &our_limits.map_or_else(|| bounds(None, None), |limits| bounds(limits.minimum, limits.maximum)),
        );
        let reference = server["$ref"].as_str().or_else(|| server["allOf"][0]["$ref"].as_str());
        if let (Some(reference), Shape::Reference(_)) = (reference, &ours.shape) {
            let resolved = self.store.resolve(self.version, ours);
            return self.definition(definition_name(reference), resolved);
        }
        if !self.same(at, "type", &published_type(server), our_type(&ours.shape)) {
            return;
        }
        match &ours.shape {
            Shape::Object(object) => self.object(at, server, object),
            Shape::Map(values) => self.schema(&format!("{at}{{}}"), &server["additionalProperties"], values),
            Shape::List(list) => {
                let identity = match server["x-kubernetes-list-type"].as_str() {
                    Some("set") => "set".to_owned(),
                    Some("map") => texts(&server["x-kubernetes-list-map-keys"]),
                    _ => "atomic".to_owned(),
                };
                let our_identity = match &list.identity {
                    Identity::Set => "set".to_owned(),
                    Identity::Keys(keys) => keys.join(", "),
                    Identity::Atomic => "atomic".to_owned(),
                };
                self.same(at, "identity", &identity, &our_identity);
                self.schema(&format!("{at}[]"), &server["items"], &list.items);
            }
            Shape::String(text) => _ = self.same(at, "enum", &texts(&server["enum"]), &text.values.join(", ")),
            _ => {}
        }
    }

    fn object(&mut self, at: &str, server: &'d Value, ours: &Object) {
        let published = server["properties"].as_object();
        let is_published = |field: &&Field| published.is_some_and(|fields| fields.contains_key(field.name.as_ref()));
        for field in ours.fields.iter().filter(|field| !is_published(field)) {
            self.same(&format!("{at}.{}", field.name), "field", "no", "yes");
        }
        for (name, schema) in published.into_iter().flatten() {
            let at = format!("{at}.{name}");
            let Some(field) = ours.field(name) else {
                self.same(&at, "field", "yes", "no");
                continue;
            };
            self.fields += 1;
            let required = server["required"].as_array().is_some_and(|names| names.iter().any(|known| known == name));
            self.same(&at, "required", &required.to_string(), &field.required.to_string());
            self.schema(&at, schema, &field.schema);
        }
    }
}

/// Joins a list of texts.
fn texts(list: &Value) -> String {
    let texts: Vec<&str> = list.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    texts.join(", ")
}

/// Says what a published schema is, in the words of [`our_type`] where it is any of that.
fn published_type(schema: &Value) -> String {
    let word = match (schema["type"].as_str(), schema["format"].as_str()) {
        (Some("object"), None) if schema["additionalProperties"].is_object() => "map",
        (Some("object"), None) if schema["properties"].is_object() => "object",
        (Some("object"), None) => "open object",
        (Some("array"), None) => "list",
        (Some("string"), None) => "string",
        (Some("string"), Some("byte")) => "bytes",
        (Some("string"), Some("date-time")) => "time",
        (Some("integer"), Some("int32")) => "int32",
        (Some("integer"), Some("int64") | None) => "int64",
        (Some("number"), Some("double") | None) => "number",
        (Some("boolean"), None) => "boolean",
        (None, Some("int-or-string")) => "int or string",
        (None, None) if schema["oneOf"].is_array() => "quantity",
        (None, None) if schema["$ref"].is_null() && schema["allOf"].is_null() => "any",
        _ => return schema.to_string(),
    };
    word.to_owned()
}

fn our_type(shape: &Shape) -> &'static str {
    match shape {
        Shape::Any => "any",
        Shape::Reference(_) => "a reference",
        Shape::Object(Object { open: false, .. }) => "object",
        Shape::Object(_) => "open object",
        Shape::Map(_) => "map",
        Shape::List(_) => "list",
        Shape::String(text) => match text.format {
            Format::Plain => "string",
            Format::Byte => "bytes",
            Format::DateTime | Format::MicroTime => "time",
        },
        Shape::Integer { bits: 32 } => "int32",
        Shape::Integer { .. } => "int64",
        Shape::Number => "number",
        Shape::Boolean => "boolean",
        Shape::IntOrString => "int or string",
        Shape::Quantity => "quantity",
    }
}
