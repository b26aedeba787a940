//! An object as the server sees it once defaults stand in for what is absent.

use super::super::shape::{Schema, Shape};
use crate::yaml::{Kind, Node, Scalar};
use serde_json::{Map, Number, Value};

/// A value: written, or from a default.
#[derive(Clone, Copy, Debug)]
pub(super) enum View<'a> {
    Written(Node<'a>),
    Default(&'a Value),
}

impl<'a> View<'a> {
    pub(super) fn kind(self) -> Kind {
        match self {
            Self::Written(node) => node.kind(),
            Self::Default(value) => match value {
                Value::Null => Kind::Null,
                Value::Bool(_) => Kind::Bool,
                Value::Number(number) if number.is_f64() => Kind::Float,
                Value::Number(_) => Kind::Int,
                Value::String(_) => Kind::String,
                Value::Array(_) => Kind::Seq,
                Value::Object(_) => Kind::Map,
            },
        }
    }

    pub(super) fn is_null(self) -> bool {
        self.kind() == Kind::Null
    }

    /// Gives the text of a string; none for anything else.
    pub(super) fn as_str(self) -> Option<&'a str> {
        match self {
            Self::Written(node) => node.as_str(),
            Self::Default(value) => value.as_str(),
        }
    }

    pub(super) fn as_bool(self) -> Option<bool> {
        match self {
            Self::Written(node) => node.as_bool(),
            Self::Default(value) => value.as_bool(),
        }
    }

    /// Gives a whole number, also one written with a point: JSON does not tell them apart.
    pub(super) fn as_i64(self) -> Option<i64> {
        match self {
            Self::Written(node) => node.as_i64(),
            #[expect(clippy::cast_precision_loss, reason = "the bound only has to keep the cast below exact")]
            Self::Default(value) => value
                .as_i64()
                .or_else(|| value.as_f64().filter(|n| n.fract() == 0.0 && n.abs() < i64::MAX as f64).map(|n| n as i64)),
        }
    }

    pub(super) fn as_f64(self) -> Option<f64> {
        match self {
            #[expect(clippy::cast_precision_loss, reason = "as the server converts numbers")]
            Self::Written(node) => match node.scalar()? {
                Scalar::Int(value) => Some(value as f64),
                Scalar::UInt(value) => Some(value as f64),
                Scalar::Float(value) => Some(value),
                _ => None,
            },
            Self::Default(value) => value.as_f64(),
        }
    }

    /// Gives the value of a map's field, or its default.
    pub(super) fn field(self, schema: Option<&'a Schema>, name: &str) -> Option<View<'a>> {
        let raw = match self {
            Self::Written(node) => node.get(name).map(View::Written),
            Self::Default(value) => value.get(name).map(View::Default),
        };
        effective(raw, schema.and_then(|schema| child(schema, name)))
    }

    /// Gives a map's fields with what is known of them: those written, and those that have defaults.
    pub(super) fn fields(self, schema: Option<&'a Schema>) -> Vec<(&'a str, View<'a>, Option<&'a Schema>)> {
        let mut fields = Vec::new();
        let mut add = |name: &'a str, raw: View<'a>| {
            let schema = schema.and_then(|schema| child(schema, name));
            fields.extend(effective(Some(raw), schema).map(|value| (name, value, schema)));
        };
        match self {
            Self::Written(node) => node.entries().for_each(|entry| add(entry.name(), View::Written(entry.value))),
            Self::Default(value) => {
                value.as_object().into_iter().flatten().for_each(|(name, value)| add(name, View::Default(value)));
            }
        }
        if let Some(Shape::Object(object)) = schema.map(|schema| &schema.shape) {
            for field in &object.fields {
                let name = field.name.as_ref();
                if let Some(default) = default(&field.schema)
                    && !self.has(name)
                {
                    fields.push((name, View::Default(default), Some(&field.schema)));
                }
            }
        }
        fields
    }

    fn has(self, name: &str) -> bool {
        match self {
            Self::Written(node) => node.get(name).is_some(),
            Self::Default(value) => value.get(name).is_some(),
        }
    }

    /// Gives a list's items.
    pub(super) fn items(self, schema: Option<&'a Schema>) -> Vec<View<'a>> {
        let schema = schema.and_then(items);
        // A null that nothing replaces stays.
        let item = |raw: View<'a>| effective(Some(raw), schema).unwrap_or(raw);
        match self {
            Self::Written(node) => node.items().map(|node| item(View::Written(node))).collect(),
            Self::Default(value) => {
                value.as_array().into_iter().flatten().map(|value| item(View::Default(value))).collect()
            }
        }
    }

    /// Gives the value as JSON, defaults not filled in.
    pub(super) fn json(self) -> Value {
        match self {
            Self::Written(node) => json(node),
            Self::Default(value) => value.clone(),
        }
    }
}

/// What stands in a place: a null that the schema does not allow counts as absence, and a default stands in for that.
fn effective<'a>(raw: Option<View<'a>>, schema: Option<&'a Schema>) -> Option<View<'a>> {
    match (raw, schema) {
        (Some(value), Some(schema)) if value.is_null() && !schema.nullable => default(schema).map(View::Default),
        (Some(value), _) => Some(value),
        (None, Some(schema)) => default(schema).map(View::Default),
        (None, None) => None,
    }
}

fn default(schema: &Schema) -> Option<&Value> {
    schema.custom.as_ref()?.default.as_ref()
}

/// The schema of a map's field.
pub(super) fn child<'a>(schema: &'a Schema, name: &str) -> Option<&'a Schema> {
    match &schema.shape {
        Shape::Object(object) => object.field(name).map(|field| &field.schema),
        Shape::Map(values) => Some(values),
        _ => None,
    }
}

/// The schema of a list's items.
pub(super) fn items(schema: &Schema) -> Option<&Schema> {
    match &schema.shape {
        Shape::List(list) => Some(&list.items),
        _ => None,
    }
}

/// Turns a node into JSON.
pub(super) fn json(node: Node<'_>) -> Value {
    match node.scalar() {
        Some(Scalar::Null) => Value::Null,
        Some(Scalar::Bool(value)) => Value::Bool(value),
        Some(Scalar::Int(value)) => Value::Number(value.into()),
        Some(Scalar::UInt(value)) => Value::Number(value.into()),
        Some(Scalar::Float(value)) => Number::from_f64(value).map_or(Value::Null, Value::Number),
        Some(Scalar::String | Scalar::Merge) => Value::String(node.text().to_owned()),
        None if node.kind() == Kind::Seq => node.items().map(json).collect(),
        None => Value::Object(
            node.entries().map(|entry| (entry.name().to_owned(), json(entry.value))).collect::<Map<_, _>>(),
        ),
    }
}
