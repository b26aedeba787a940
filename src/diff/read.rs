//! Reads an object as the server would keep it.

use super::value::{Content, List, Value};
use crate::object::{Fill as _, fill_defaults};
use crate::schema::{Amount, Format, Lookup, Schema, SchemaStore, Shape, Type, Version, decode_base64};
use crate::yaml::Node;
use crate::yaml::emit::Data;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// How objects are read.
#[derive(Clone, Copy, Debug)]
pub struct Reading<'s> {
    /// The schemas.
    pub store: &'s SchemaStore,
    /// The version whose schemas hold.
    pub version: Version,
    /// Defaults are filled in. What a server gave has them already.
    pub fill: bool,
}

/// What the server alone keeps in metadata.
const METADATA: [&str; 6] = ["creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid"];

/// Annotations by which tools keep books.
const ANNOTATIONS: [&str; 3] = [
    "kubectl.kubernetes.io/last-applied-configuration",
    "deployment.kubernetes.io/revision",
    "deprecated.daemonset.template.generation",
];

/// From this version on servers fill in `maxUnavailable` of StatefulSets, as their feature gate is on.
const MAX_UNAVAILABLE: Version = Version { major: 1, minor: 37 };

/// Reads an object: without what only the server writes, with `stringData` in `data`, with defaults and without nulls, and
/// every list knows by what its items are told apart.
pub fn read<'d>(object: Node<'d>, reading: &Reading<'_>) -> Value<'d> {
    settle(Value::of_node(object), reading)
}

/// Brings an object into the form that the server would keep. What has it already stays as it is.
pub(super) fn settle<'d>(mut value: Value<'d>, reading: &Reading<'_>) -> Value<'d> {
    let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (api_version, kind) = (text("apiVersion"), text("kind"));
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    let lookup = reading.store.lookup(reading.version, &api_version, &kind);
    let found = match &lookup {
        Lookup::Served(found) | Lookup::NotServedByDefault { found, .. } => Some(*found),
        Lookup::Missing(_) => None,
    };
    noise(&mut value, found.is_none_or(|found| found.drops_status));
    if (group, kind.as_str()) == ("", "Secret") {
        string_data(&mut value);
    }
    if reading.fill && found.is_some_and(|found| !found.custom) {
        fill_defaults(group, &kind, &mut value);
        if (group, kind.as_str()) == ("apps", "StatefulSet") && reading.version >= MAX_UNAVAILABLE {
            let strategy = value.field("spec").and_then(|spec| spec.field("updateStrategy"));
            if let Some(rolling) = strategy.and_then(|strategy| strategy.field("rollingUpdate")) {
                rolling.fill("maxUnavailable", Data::Int(1));
            }
        }
    }
    if let Some(Type { schema, custom, .. }) = found {
        Walk { reading, custom }.settle(&mut value, schema);
    }
    value
}

/// Takes out what the server and tools write of themselves.
pub fn noise(object: &mut Value<'_>, status: bool) {
    let Some(entries) = object.entries_mut() else { return };
    entries.retain(|(key, _)| key != "status" || !status);
    let Some((_, metadata)) = entries.iter_mut().find(|(key, _)| key == "metadata") else { return };
    let Some(metadata) = metadata.entries_mut() else { return };
    metadata.retain(|(key, _)| !METADATA.contains(&key.as_str()));
    // The mark of a release's members is the tool's, not the person's.
    if let Some((_, labels)) = metadata.iter_mut().find(|(key, _)| key == "labels")
        && let Some(labels) = labels.entries_mut()
    {
        labels.retain(|(key, _)| key != "applyset.kubernetes.io/part-of");
        let empty = labels.is_empty();
        metadata.retain(|(key, _)| key != "labels" || !empty);
    }
    if let Some((_, annotations)) = metadata.iter_mut().find(|(key, _)| key == "annotations")
        && let Some(annotations) = annotations.entries_mut()
    {
        annotations.retain(|(key, _)| !ANNOTATIONS.contains(&key.as_str()) && !key.starts_with("meta.helm.sh/"));
        let empty = annotations.is_empty();
        metadata.retain(|(key, _)| key != "annotations" || !empty);
    }
}

/// Writes `stringData` over `data`, as the server does.
fn string_data(secret: &mut Value<'_>) {
    let Some(entries) = secret.entries_mut() else { return };
    let Some(at) = entries.iter().position(|(key, _)| key == "stringData") else { return };
    let (_, mut written) = entries.remove(at);
    let Some(written) = written.entries_mut().map(std::mem::take) else { return };
    let known = entries.iter().position(|(key, value)| key == "data" && matches!(value.content, Content::Map(_)));
    let at = known.unwrap_or_else(|| {
        entries.retain(|(key, _)| key != "data");
        entries.push(("data".to_owned(), Value::of_data(Data::Map(Vec::new()))));
        entries.len() - 1
    });
    let Some(data) = entries[at].1.entries_mut() else { return };
    for (key, mut value) in written {
        if let Content::Scalar(Data::String(text), _) = &mut value.content {
            *text = STANDARD.encode(text.as_bytes());
        }
        data.retain(|(known, _)| *known != key);
        data.push((key, value));
    }
}

struct Walk<'a> {
    reading: &'a Reading<'a>,
    custom: bool,
}

impl Walk<'_> {
    /// Brings a value into the form that the server keeps.
    fn settle(&self, value: &mut Value<'_>, schema: &Schema) {
        let schema = self.reading.store.resolve(self.reading.version, schema);
        match (&schema.shape, &mut value.content) {
            (Shape::Object(object), Content::Map(entries)) => {
                entries.retain_mut(|(name, inner)| {
                    let Some(field) = object.field(name) else { return true };
                    let schema = self.reading.store.resolve(self.reading.version, &field.schema);
                    if inner.is_null() {
                        return field.schema.nullable || schema.nullable || matches!(schema.shape, Shape::Any);
                    }
                    self.settle(inner, &field.schema);
                    let collection = matches!(schema.shape, Shape::Map(_) | Shape::List(_));
                    self.custom || !collection || !inner.is_empty()
                });
                if !self.reading.fill {
                    return;
                }
                for field in &object.fields {
                    if entries.iter().any(|(name, _)| *name == field.name) {
                        continue;
                    }
                    if let Some(data) = self.default(&field.schema) {
                        let mut filled = Value::of_data(data);
                        self.settle(&mut filled, &field.schema);
                        entries.push((field.name.to_string(), filled));
                    }
                }
            }
            (Shape::Map(values), Content::Map(entries)) => {
                entries.retain(|(_, inner)| !inner.is_null() || self.custom && values.nullable);
                for (_, inner) in entries.iter_mut() {
                    self.settle(inner, values);
                }
            }
            (Shape::List(shape), Content::List(List { items, identity })) => {
                identity.clone_from(&shape.identity);
                for item in items.iter_mut() {
                    self.settle(item, &shape.items);
                }
            }
            (shape, Content::Scalar(data, amount)) => scalar(shape, data, amount),
            _ => {}
        }
    }

    fn default(&self, schema: &Schema) -> Option<Data> {
        if self.custom {
            let default = schema.custom.as_ref().and_then(|custom| custom.default_value());
            return default.map(Data::from_json);
        }
        let text = schema.default.as_deref()?;
        let resolved = self.reading.store.resolve(self.reading.version, schema);
        Some(match resolved.shape {
            Shape::Integer { .. } | Shape::IntOrString => match text.parse() {
                Ok(number) => Data::Int(number),
                Err(_) => Data::String(text.to_owned()),
            },
            Shape::Boolean => Data::Bool(text == "true"),
            _ => Data::String(text.to_owned()),
        })
    }
}

/// Brings a scalar into the form that the server keeps.
fn scalar(shape: &Shape, data: &mut Data, amount: &mut Option<Amount>) {
    let whole = |text: &str| text.parse::<i64>().ok().filter(|number| number.to_string() == text);
    match (shape, &*data) {
        (Shape::Quantity, Data::String(text)) => *amount = Amount::read(text),
        // The server keeps quantities as text.
        (Shape::Quantity, Data::Int(number)) => {
            (*amount, *data) = (Some(Amount::whole(*number)), Data::String(number.to_string()));
        }
        (Shape::Quantity, Data::Float(number)) => {
            let text = crate::yaml::float_text(*number);
            (*amount, *data) = (Amount::read(&text), Data::String(text));
        }
        (Shape::IntOrString, Data::String(text)) => {
            if let Some(number) = whole(text) {
                *data = Data::Int(number);
            }
        }
        (Shape::Integer { .. } | Shape::IntOrString, Data::Float(number)) => {
            if let Some(number) = whole(&crate::yaml::float_text(*number)) {
                *data = Data::Int(number);
            }
        }
        (Shape::String(text_shape), Data::String(text)) if text_shape.format == Format::Byte => {
            if let Some(bytes) = decode_base64(text) {
                *data = Data::String(STANDARD.encode(bytes));
            }
        }
        _ => {}
    }
}
