//! Values as rules in CEL see them.

use super::super::shape::{Schema, Shape};
use super::format::{Format, nanoseconds};
use super::view::{View, child, items};
use crate::schema::decode_base64;
use crate::yaml::Kind;
use kube_cel::cel::objects::{Key, Map, Opaque};
use kube_cel::cel::{Value, functions};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

/// The words that CEL keeps for itself. Source: `pkg/cel/escaping.go` of apiserver.
pub const CEL_WORDS: [&str; 21] = [
    "true",
    "false",
    "null",
    "in",
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

/// Turns a value into CEL's, typed by its schema; `root` is that of a resource, whose status is dropped where `drops_status`.
pub(super) fn value(view: View<'_>, schema: Option<&Schema>, drops_status: bool) -> Value {
    let Some(schema) = schema else { return untyped(view) };
    match (&schema.shape, view.kind()) {
        (Shape::Integer { .. }, _) => view.as_i64().map_or_else(|| untyped(view), Value::Int),
        (Shape::Number, _) => view.as_f64().map_or_else(|| untyped(view), Value::Float),
        (Shape::String(_), Kind::String) => text(view.as_str().unwrap_or_default(), schema),
        // Schemas let a list of one text pass for a text with a format.
        (Shape::String(_), Kind::Seq) => {
            let items = view.items(None);
            let only = items.first().and_then(|item| item.as_str()).unwrap_or_default();
            unreadable(text(only, schema))
        }
        (Shape::Reference(_), Kind::Map) => metadata(view),
        (Shape::List(_), Kind::Seq) => {
            let of_items = items(schema);
            Value::List(Arc::new(
                view.items(Some(schema)).into_iter().map(|item| value(item, of_items, false)).collect(),
            ))
        }
        (Shape::Object(_) | Shape::Map(_), Kind::Map) => {
            let is_object = matches!(schema.shape, Shape::Object(_));
            let fields =
                view.fields(Some(schema)).into_iter().filter(|(name, ..)| !(drops_status && *name == "status"));
            map(fields.map(|(name, field, of_field)| {
                // Keys of maps are data; names of fields are escaped to be identifiers.
                let name = if is_object && child(schema, name).is_some() { escape(name) } else { Cow::Borrowed(name) };
                (name.into_owned(), value(field, of_field, false))
            }))
        }
        _ => untyped(view),
    }
}

/// Rules see the name of an object, and nothing else of its metadata.
fn metadata(view: View<'_>) -> Value {
    let text = |name: &str| view.field(None, name).and_then(View::as_str).filter(|text| !text.is_empty());
    // The server makes up a name before it judges.
    let made_up = text("generateName").map(|front| format!("{front}xxxxx"));
    let name = text("name").map(str::to_owned).or(made_up);
    let fields = [("name", name), ("generateName", text("generateName").map(str::to_owned))];
    map(fields.into_iter().filter_map(|(name, text)| Some((name.to_owned(), string(text?)))))
}

/// A value that the server does not turn into one of CEL's: a rule that speaks of it fails.
#[derive(Debug, PartialEq)]
struct Unreadable {
    /// What its author may have meant.
    meant: Value,
}

impl Eq for Unreadable {}

impl Opaque for Unreadable {
    fn runtime_type_name(&self) -> &'static str {
        "plimsoll.Unreadable"
    }
}

fn unreadable(meant: Value) -> Value {
    Value::Opaque(Arc::new(Unreadable { meant }))
}

/// Gives a value with what was meant in place of what cannot be read; none where all can.
pub(super) fn mended(value: &Value) -> Option<Value> {
    match value {
        Value::Opaque(opaque) => opaque.downcast_ref::<Unreadable>().map(|unreadable| unreadable.meant.clone()),
        Value::List(items) => {
            let mend = |item: &Value| mended(item).unwrap_or_else(|| item.clone());
            items
                .iter()
                .any(|item| mended(item).is_some())
                .then(|| Value::List(Arc::new(items.iter().map(mend).collect())))
        }
        Value::Map(Map { map }) => {
            let mend = |(key, value): (&Key, &Value)| (key.clone(), mended(value).unwrap_or_else(|| value.clone()));
            let any = map.values().any(|value| mended(value).is_some());
            any.then(|| Value::Map(Map { map: Arc::new(map.iter().map(mend).collect()) }))
        }
        _ => None,
    }
}

fn text(text: &str, schema: &Schema) -> Value {
    let parsed = match schema.custom.as_ref().and_then(|custom| custom.restraint.format) {
        Some(Format::Duration) => {
            nanoseconds(text).and_then(|length| functions::duration(Arc::new(format!("{length}ns"))).ok())
        }
        Some(Format::DateTime) => {
            let upper = text.to_uppercase();
            let is_upper = upper == text;
            // The schema lets small letters pass.
            functions::timestamp(Arc::new(upper)).ok().map(|time| if is_upper { time } else { unreadable(time) })
        }
        Some(Format::Date) => functions::timestamp(Arc::new(format!("{text}T00:00:00Z"))).ok(),
        Some(Format::Byte) => decode_base64(text).map(|bytes| Value::Bytes(Arc::new(bytes))),
        _ => None,
    };
    parsed.unwrap_or_else(|| string(text.to_owned()))
}

fn untyped(view: View<'_>) -> Value {
    match view.kind() {
        Kind::Null => Value::Null,
        Kind::Bool => Value::Bool(view.as_bool().unwrap_or_default()),
        Kind::Int | Kind::Float => {
            let whole = if view.kind() == Kind::Int { view.as_i64() } else { None };
            whole.map_or_else(|| Value::Float(view.as_f64().unwrap_or_default()), Value::Int)
        }
        Kind::String => string(view.as_str().unwrap_or_default().to_owned()),
        Kind::Seq => Value::List(Arc::new(view.items(None).into_iter().map(untyped).collect())),
        Kind::Map => map(view.fields(None).into_iter().map(|(name, field, _)| (name.to_owned(), untyped(field)))),
    }
}

fn map(fields: impl Iterator<Item = (String, Value)>) -> Value {
    let fields: HashMap<Key, Value> = fields.map(|(name, value)| (Key::String(Arc::new(name)), value)).collect();
    Value::Map(Map { map: Arc::new(fields) })
}

fn string(text: String) -> Value {
    Value::String(Arc::new(text))
}

/// Makes an identifier of a field's name.
pub(super) fn escape(name: &str) -> Cow<'_, str> {
    if CEL_WORDS.contains(&name) {
        return Cow::Owned(format!("__{name}__"));
    }
    if !name.contains(['.', '-', '/']) && !name.contains("__") {
        return Cow::Borrowed(name);
    }
    let escaped = name.replace("__", "__underscores__").replace('.', "__dot__");
    Cow::Owned(escaped.replace('-', "__dash__").replace('/', "__slash__"))
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn names_of_fields_become_identifiers() {
        for (name, escaped) in [
            ("a_b", "a_b"),
            ("a.b", "a__dot__b"),
            ("x-prop", "x__dash__prop"),
            ("a__b", "a__underscores__b"),
            ("namespace", "__namespace__"),
            ("a/b", "a__slash__b"),
        ] {
            assert_eq!(escape(name), escaped);
        }
    }
}
