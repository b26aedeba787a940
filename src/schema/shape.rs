//! What a schema says of a value.

use super::custom::Custom;
use std::borrow::Cow;
use std::sync::Arc;

/// A name or a value: borrowed from the built-in bundles, owned where it comes from a custom resource's definition.
pub type Text = Cow<'static, str>;

/// What may stand in a place.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    /// The kind of value.
    pub shape: Shape,
    /// Null is a value of its own. (Where it is not, the server reads null as absence.)
    pub nullable: bool,
    /// The text that stands in for an absent value.
    pub default: Option<Text>,
    /// Bounds on the value.
    pub limits: Option<Box<Limits>>,
    /// What only the definition of a custom resource states.
    pub custom: Option<Arc<Custom>>,
}

/// The kind of value that may stand in a place.
#[derive(Clone, Debug, Default)]
pub enum Shape {
    /// Anything.
    #[default]
    Any,
    /// What the named definition says; see [`SchemaStore::resolve`](super::SchemaStore::resolve).
    Reference(Definition),
    /// A map with known keys.
    Object(Object),
    /// A map with any keys, whose values share one schema.
    Map(Box<Schema>),
    /// A list.
    List(List),
    /// Text.
    String(StringShape),
    /// A whole number; `bits` is 32 or 64.
    Integer {
        /// The bits into which it must fit, with its sign.
        bits: u8,
    },
    /// Any number.
    Number,
    /// True or false.
    Boolean,
    /// A whole number of 32 bits, or text.
    IntOrString,
    /// An amount of a resource: `500m`, `1.5Gi`.
    Quantity,
}

/// Names a built-in definition, in whatever version is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Definition(pub(super) u16);

/// A map with known keys.
#[derive(Clone, Debug, Default)]
pub struct Object {
    /// The fields, sorted by name.
    pub fields: Box<[Field]>,
    /// Further fields are kept, whatever they are.
    pub open: bool,
}

impl Object {
    /// Finds a field.
    pub fn field(&self, name: &str) -> Option<&Field> {
        let at = self.fields.binary_search_by(|field| field.name.as_ref().cmp(name)).ok()?;
        self.fields.get(at)
    }
}

/// A field of an object.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its key.
    pub name: Text,
    /// The server does not do without it.
    pub required: bool,
    /// What may stand in it.
    pub schema: Schema,
}

/// A list.
#[derive(Clone, Debug)]
pub struct List {
    /// What its items are.
    pub items: Box<Schema>,
    /// How items are told apart.
    pub identity: Identity,
}

/// How a list's items are told apart, also by server-side apply.
#[derive(Clone, Debug, PartialEq)]
pub enum Identity {
    /// They are not: the list is one value.
    Atomic,
    /// By their value: none may stand twice.
    Set,
    /// By the values of these fields.
    Keys(Box<[Text]>),
}

/// Text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StringShape {
    /// What the text encodes.
    pub format: Format,
    /// The values it may have; any, where there are none.
    pub values: Box<[Text]>,
}

/// What a text encodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Nothing that is checked.
    #[default]
    Plain,
    /// Bytes in base64.
    Byte,
    /// An RFC 3339 time.
    DateTime,
    /// An RFC 3339 time with six digits behind the second.
    MicroTime,
}

/// Bounds on a value; lengths count characters, items or keys.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Limits {
    /// The least number.
    pub minimum: Option<f64>,
    /// The greatest number.
    pub maximum: Option<f64>,
    /// The least length.
    pub min_length: Option<u64>,
    /// The greatest length.
    pub max_length: Option<u64>,
}
