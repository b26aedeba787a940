//! The built-in schemas: one blob, made by `build/schemas.rs` from `schemas/kubernetes`, decoded definition by definition.
//!
//! The blob is, with little-endian numbers and lists as a count, the end of each item, and the items:
//!
//! 1. a list of strings, sorted; everything below names them by index;
//! 2. the definitions' names, sorted: length, then a string each;
//! 3. a list of contents: schemas in the encoding that [`Reader::schema`] reads;
//! 4. the removed APIs: length, then 14 bytes each, as [`Api::read`] reads them;
//! 5. a count of versions; of each its minor number, the content of each name (length, then an index each), and its kinds
//!    (as the removed APIs), sorted by group and kind, of which the version that servers prefer stands last.

use super::shape::{Definition, Field, Format, Identity, Limits, List, Object, Schema, Shape, StringShape, Text};
use super::version::Version;
use std::sync::{LazyLock, OnceLock};

static BLOB: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/schemas.bin"));

/// The built-in schemas. Reading the tables costs nothing that grows with their size; definitions are decoded when asked for.
pub(super) static BUNDLES: LazyLock<Bundles> = LazyLock::new(|| Bundles::open(BLOB));

const API_SIZE: usize = 14;
const NONE: u16 = u16::MAX;

pub(super) struct Bundles {
    strings: Items,
    /// The bytes of the strings.
    text: &'static str,
    names: &'static [u8],
    contents: Items,
    removed: &'static [u8],
    versions: Vec<Tables>,
    decoded: Box<[OnceLock<Box<Schema>>]>,
}

struct Tables {
    version: Version,
    contents: &'static [u8],
    kinds: &'static [u8],
}

/// A kind that a version knows, or an API that has been removed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Api {
    pub(super) group: &'static str,
    pub(super) kind: &'static str,
    pub(super) version: &'static str,
    pub(super) definition: Definition,
    /// As messages name it: `policy/v1 PodDisruptionBudget`.
    pub(super) replacement: Option<&'static str>,
    pub(super) namespaced: bool,
    pub(super) served: bool,
    pub(super) deprecated: Option<Version>,
    pub(super) removed: Option<Version>,
}

impl Bundles {
    fn open(blob: &'static [u8]) -> Self {
        let mut reader = Reader { bytes: blob };
        let (strings, names) = (reader.list(), reader.section());
        let (contents, removed) = (reader.list(), reader.section());
        let count = reader.byte();
        let versions = (0..count)
            .map(|_| Tables {
                version: Version::v1(reader.byte()),
                contents: reader.section(),
                kinds: reader.section(),
            })
            .collect();
        let text = std::str::from_utf8(strings.bytes).unwrap_or_default();
        let decoded = (0..contents.len()).map(|_| OnceLock::new()).collect();
        Self { strings, text, names, contents, removed, versions, decoded }
    }

    fn string(&self, id: u16) -> &'static str {
        self.text.get(self.strings.range(id as usize)).unwrap_or_default()
    }

    /// The version's own tables; those of the nearest known version for any other.
    fn tables(&self, version: Version) -> Option<&Tables> {
        self.versions.iter().find(|tables| tables.version >= version).or(self.versions.last())
    }

    /// Names a definition; `None` where no version has it.
    pub(super) fn named(&self, name: &str) -> Option<Definition> {
        let (mut low, mut high) = (0, self.names.len() / 2);
        while low < high {
            let middle = usize::midpoint(low, high);
            match self.string(number(self.names, middle)).cmp(name) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return Some(Definition(middle as u16)),
            }
        }
        None
    }

    /// Decodes a definition as a version has it. What the version lacks may be anything.
    pub(super) fn definition(&self, version: Version, definition: Definition) -> &Schema {
        static ANYTHING: LazyLock<Schema> = LazyLock::new(Schema::default);
        let content = self.tables(version).map_or(NONE, |tables| number(tables.contents, definition.0 as usize));
        self.decoded.get(content as usize).map_or(&ANYTHING, |cell| {
            cell.get_or_init(|| {
                Box::new(Reader { bytes: self.contents.get(content as usize) }.schema(&|id| self.string(id)))
            })
        })
    }

    /// Iterates over the kinds of a version, by group and kind; of one kind the preferred version comes last.
    pub(super) fn kinds(&self, version: Version) -> impl Iterator<Item = Api> {
        let kinds = self.tables(version).map_or(&[][..], |tables| tables.kinds);
        kinds.chunks_exact(API_SIZE).map(|bytes| Api::read(bytes, self))
    }

    /// Finds the versions of a kind, as one Kubernetes version knows them; the preferred one comes last.
    pub(super) fn versions_of(&self, version: Version, group: &str, kind: &str) -> impl Iterator<Item = Api> {
        let kinds = self.tables(version).map_or(&[][..], |tables| tables.kinds);
        let (mut low, mut high) = (0, kinds.len() / API_SIZE);
        let name = |index: usize| {
            let at = |offset| self.string(number(kinds, index * (API_SIZE / 2) + offset));
            (at(0), at(1))
        };
        while low < high {
            let middle = usize::midpoint(low, high);
            if name(middle) < (group, kind) { low = middle + 1 } else { high = middle }
        }
        let rest = kinds.get(low * API_SIZE..).unwrap_or_default();
        rest.chunks_exact(API_SIZE)
            .map(|bytes| Api::read(bytes, self))
            .take_while(move |api| api.group == group && api.kind == kind)
    }

    /// Iterates over the APIs that some version has removed.
    pub(super) fn removed(&self) -> impl Iterator<Item = Api> {
        self.removed.chunks_exact(API_SIZE).map(|bytes| Api::read(bytes, self))
    }

    #[cfg(test)]
    pub(super) fn known_versions(&self) -> Vec<Version> {
        self.versions.iter().map(|tables| tables.version).collect()
    }
}

impl Api {
    fn read(bytes: &[u8], bundles: &Bundles) -> Self {
        let string = |index| bundles.string(number(bytes, index));
        let byte = |index: usize| bytes.get(index).copied().unwrap_or_default();
        let release = |index| Some(byte(index)).filter(|minor| *minor > 0).map(Version::v1);
        let replacement = number(bytes, 4);
        Self {
            group: string(0),
            kind: string(1),
            version: string(2),
            definition: Definition(number(bytes, 3)),
            replacement: (replacement != NONE).then(|| bundles.string(replacement)),
            namespaced: byte(10) & 1 != 0,
            served: byte(10) & 2 != 0,
            deprecated: release(11),
            removed: release(12),
        }
    }

    /// Gives what stands in `apiVersion`.
    pub(super) fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.to_owned() } else { format!("{}/{}", self.group, self.version) }
    }
}

/// The number at an index of a table of 16-bit numbers.
fn number(table: &[u8], index: usize) -> u16 {
    table.get(index * 2..index * 2 + 2).map_or(NONE, |bytes| u16::from_le_bytes([bytes[0], bytes[1]]))
}

struct Items {
    ends: &'static [u8],
    bytes: &'static [u8],
}

impl Items {
    fn len(&self) -> usize {
        self.ends.len() / 4
    }

    fn range(&self, index: usize) -> std::ops::Range<usize> {
        let end = |index: usize| Reader { bytes: self.ends.get(index * 4..).unwrap_or_default() }.long();
        let start = if index == 0 { 0 } else { end(index - 1) };
        start..end(index)
    }

    fn get(&self, index: usize) -> &'static [u8] {
        self.bytes.get(self.range(index)).unwrap_or_default()
    }
}

/// Reads from the front of some bytes. Past their end everything is zero: the blob is our own, and a test reads all of it.
struct Reader {
    bytes: &'static [u8],
}

impl Reader {
    fn take(&mut self, length: usize) -> &'static [u8] {
        let (taken, rest) = self.bytes.split_at_checked(length).unwrap_or_default();
        self.bytes = rest;
        taken
    }

    fn byte(&mut self) -> u8 {
        self.take(1).first().copied().unwrap_or_default()
    }

    fn long(&mut self) -> usize {
        self.take(4).try_into().map_or(0, |bytes| u32::from_le_bytes(bytes) as usize)
    }

    fn section(&mut self) -> &'static [u8] {
        let length = self.long();
        self.take(length)
    }

    fn list(&mut self) -> Items {
        let count = self.long();
        let ends = self.take(count * 4);
        let length = count.checked_sub(1).map_or(0, |last| Items { ends, bytes: &[] }.range(last).end);
        Items { ends, bytes: self.take(length) }
    }

    fn varint(&mut self) -> u64 {
        let (mut value, mut shift) = (0, 0);
        loop {
            let byte = self.byte();
            value |= u64::from(byte & 0x7F) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                return value;
            }
        }
    }

    fn text(&mut self, string: &impl Fn(u16) -> &'static str) -> Text {
        Text::Borrowed(string(self.varint() as u16))
    }

    fn texts(&mut self, string: &impl Fn(u16) -> &'static str) -> Box<[Text]> {
        (0..self.varint()).map(|_| self.text(string)).collect()
    }

    /// Reads a schema: a byte of tag and flags, the shape, then a default and a range as the flags say.
    fn schema(&mut self, string: &impl Fn(u16) -> &'static str) -> Schema {
        let head = self.byte();
        let shape = match head & 0x3F {
            1 => Shape::Reference(Definition(self.varint() as u16)),
            2 => Shape::Object(Object {
                fields: (0..self.varint())
                    .map(|_| Field { name: self.text(string), required: self.byte() != 0, schema: self.schema(string) })
                    .collect(),
                open: false,
            }),
            3 => Shape::Object(Object { fields: Box::default(), open: true }),
            4 => Shape::Map(Box::new(self.schema(string))),
            5 => {
                let kind = self.byte();
                let keys = self.texts(string);
                let identity = match kind {
                    1 => Identity::Set,
                    2 => Identity::Keys(keys),
                    _ => Identity::Atomic,
                };
                Shape::List(List { identity, items: Box::new(self.schema(string)) })
            }
            6 => {
                let format = match self.byte() {
                    1 => Format::Byte,
                    2 => Format::DateTime,
                    3 => Format::MicroTime,
                    _ => Format::Plain,
                };
                Shape::String(StringShape { format, values: self.texts(string) })
            }
            7 => Shape::Integer { bits: 64 },
            8 => Shape::Integer { bits: 32 },
            9 => Shape::Number,
            10 => Shape::Boolean,
            11 => Shape::IntOrString,
            12 => Shape::Quantity,
            _ => Shape::Any,
        };
        let default = (head & 0x40 != 0).then(|| self.text(string));
        #[expect(clippy::cast_precision_loss, reason = "the ranges in the bundles are ports")]
        let limits = (head & 0x80 != 0).then(|| {
            let (minimum, maximum) = (Some(self.varint() as f64), Some(self.varint() as f64));
            Box::new(Limits { minimum, maximum, ..Limits::default() })
        });
        Schema { shape, nullable: false, default, limits, custom: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_version_has_a_bundle_and_the_other_way_round() {
        assert_eq!(BUNDLES.known_versions(), Version::ALL);
    }

    #[test]
    fn every_kind_of_every_version_has_an_object_as_its_definition() {
        for version in Version::ALL {
            for api in BUNDLES.kinds(*version) {
                let Shape::Object(object) = &BUNDLES.definition(*version, api.definition).shape else {
                    panic!("{version} {api:?} is no object");
                };
                assert!(object.field("kind").is_some(), "{version} {api:?}");
            }
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        fn walk(schema: &Schema, version: Version) {
            match &schema.shape {
                Shape::Reference(name) => {
                    let name = number(BUNDLES.names, name.0 as usize);
                    assert!(
                        BUNDLES.named(BUNDLES.string(name)).is_some(),
                        "{version}: {} is missing",
                        BUNDLES.string(name)
                    );
                }
                Shape::Object(object) => object.fields.iter().for_each(|field| walk(&field.schema, version)),
                Shape::Map(values) => walk(values, version),
                Shape::List(list) => walk(&list.items, version),
                _ => {}
            }
        }
        let mut count = 0;
        for tables in &BUNDLES.versions {
            for index in 0..BUNDLES.names.len() / 2 {
                if number(tables.contents, index) != NONE {
                    walk(BUNDLES.definition(tables.version, Definition(index as u16)), tables.version);
                    count += 1;
                }
            }
        }
        assert!(count > 3000, "{count} definitions");
    }
}
