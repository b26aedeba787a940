//! Packs the bundles of `schemas/kubernetes` into one blob, `$OUT_DIR/schemas.bin`.
//!
//! Definitions are stored once however many versions share them; each stands alone, so that the program decodes only those
//! that an input needs. `src/schema/bundle.rs` reads the blob and describes it; the two change together.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::{env, fs};

/// Writes the blob.
pub(crate) fn pack() {
    println!("cargo::rerun-if-changed=build/schemas.rs");
    println!("cargo::rerun-if-changed=schemas/kubernetes");
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("schemas/kubernetes");
    let mut paths: Vec<PathBuf> = fs::read_dir(&folder)
        .expect("schemas/kubernetes can be listed")
        .map(|entry| entry.expect("schemas/kubernetes can be listed").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"))
        .collect();
    paths.sort();
    let bundles: Vec<Bundle> = paths.iter().map(|path| Bundle::read(path)).collect();
    let removed = fs::read_to_string(folder.join("removed.json")).expect("removed.json can be read");
    let removed: Vec<Value> = serde_json::from_str(&removed).expect("removed.json is a list");
    let blob = Packer::new(&bundles, &removed).pack(&bundles, &removed);
    let out = Path::new(&env::var("OUT_DIR").expect("cargo sets it")).join("schemas.bin");
    fs::write(out, blob).expect("the blob can be written");
}

struct Bundle {
    minor: u8,
    kinds: Vec<Value>,
    definitions: BTreeMap<String, Value>,
}

impl Bundle {
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).expect("a bundle can be read");
        let mut bundle = Self { minor: 0, kinds: Vec::new(), definitions: BTreeMap::new() };
        for line in text.lines() {
            let line: Value = serde_json::from_str(line).expect("a bundle's line is JSON");
            if let Some(name) = line["name"].as_str() {
                bundle.definitions.insert(name.to_owned(), line.clone());
            } else if line["kind"].is_string() {
                bundle.kinds.push(line);
            } else {
                bundle.minor = minor(&line["kubernetes"]);
            }
        }
        bundle
    }
}

/// Reads the 33 of "1.33"; 0 where there is none.
fn minor(version: &Value) -> u8 {
    version.as_str().and_then(|text| text.strip_prefix("1.")).map_or(0, |minor| minor.parse().expect("a minor version"))
}

/// Names an API as messages do: `policy/v1 PodDisruptionBudget`.
fn full_name(api: &Value) -> Option<String> {
    let (group, version, kind) = (api["group"].as_str()?, api["version"].as_str()?, api["kind"].as_str()?);
    Some(if group.is_empty() { format!("{version} {kind}") } else { format!("{group}/{version} {kind}") })
}

struct Packer {
    strings: Vec<String>,
    ids: HashMap<String, u16>,
    names: Vec<String>,
}

impl Packer {
    /// Collects the strings and the definitions' names, sorted so that both can be searched.
    fn new(bundles: &[Bundle], removed: &[Value]) -> Self {
        let names: BTreeSet<&String> = bundles.iter().flat_map(|bundle| bundle.definitions.keys()).collect();
        let mut strings: BTreeSet<String> = names.iter().map(|name| (*name).clone()).collect();
        strings.insert(String::new());
        for bundle in bundles {
            bundle.definitions.values().for_each(|definition| collect(definition, &mut strings));
            bundle.kinds.iter().for_each(|kind| collect(kind, &mut strings));
            strings.extend(bundle.kinds.iter().filter_map(|kind| full_name(&kind["replacement"])));
        }
        for api in removed {
            collect(api, &mut strings);
        }
        strings.extend(removed.iter().filter_map(|api| full_name(&api["replacement"])));
        let strings: Vec<String> = strings.into_iter().collect();
        let ids = strings
            .iter()
            .enumerate()
            .map(|(id, text)| (text.clone(), u16::try_from(id).expect("fewer than 65536 strings")))
            .collect();
        Self { strings, ids, names: names.into_iter().cloned().collect() }
    }

    fn pack(&self, bundles: &[Bundle], removed: &[Value]) -> Vec<u8> {
        let mut contents: Vec<Vec<u8>> = Vec::new();
        let mut known: HashMap<Vec<u8>, u16> = HashMap::new();
        let mut versions = Vec::new();
        for bundle in bundles {
            versions.push(bundle.minor);
            let mut table = Vec::new();
            for name in &self.names {
                let id = bundle.definitions.get(name).map_or(u16::MAX, |definition| {
                    let mut content = Vec::new();
                    self.definition(name, definition, &mut content);
                    *known.entry(content.clone()).or_insert_with(|| {
                        contents.push(content);
                        u16::try_from(contents.len() - 1).expect("fewer than 65536 definitions")
                    })
                });
                table.extend(id.to_le_bytes());
            }
            let mut kinds = Vec::new();
            bundle.kinds.iter().for_each(|kind| self.kind(kind, &mut kinds));
            section(&mut versions, &table);
            section(&mut versions, &kinds);
        }
        let mut gone = Vec::new();
        for api in removed {
            self.kind(api, &mut gone);
        }
        let mut blob = Vec::new();
        list(&mut blob, self.strings.iter().map(String::as_bytes));
        let names: Vec<u8> = self.names.iter().flat_map(|name| self.ids[name].to_le_bytes()).collect();
        section(&mut blob, &names);
        list(&mut blob, contents.iter().map(Vec::as_slice));
        section(&mut blob, &gone);
        blob.push(u8::try_from(bundles.len()).expect("few versions"));
        blob.extend(versions);
        blob
    }

    fn id(&self, text: &Value) -> u16 {
        self.ids[text.as_str().expect("a string")]
    }

    fn name(&self, name: &str) -> u16 {
        let at = self.names.binary_search_by(|known| known.as_str().cmp(name)).expect("a reference names a definition");
        u16::try_from(at).expect("fewer than 65536 names")
    }

    /// Writes a kind, or an API that has been removed, in 14 bytes.
    fn kind(&self, kind: &Value, out: &mut Vec<u8>) {
        out.extend(self.id(&kind["group"]).to_le_bytes());
        out.extend(self.id(&kind["kind"]).to_le_bytes());
        out.extend(self.id(&kind["version"]).to_le_bytes());
        out.extend(kind["def"].as_str().map_or(u16::MAX, |name| self.name(name)).to_le_bytes());
        out.extend(full_name(&kind["replacement"]).map_or(u16::MAX, |name| self.ids[&name]).to_le_bytes());
        out.push(u8::from(kind["namespaced"] == true) | u8::from(kind["served"] == true) << 1);
        out.extend([minor(&kind["deprecated"]), minor(&kind["removed"]), 0]);
    }

    fn texts(&self, texts: &[Value], out: &mut Vec<u8>) {
        varint(texts.len() as u64, out);
        for text in texts {
            varint(u64::from(self.id(text)), out);
        }
    }

    fn definition(&self, name: &str, definition: &Value, out: &mut Vec<u8>) {
        match name.rsplit('.').next() {
            Some("Quantity") if definition.get("properties").is_none() => out.push(QUANTITY),
            Some("IntOrString") if definition.get("properties").is_none() => out.push(INT_OR_STRING),
            _ => self.schema(definition, out),
        }
    }

    fn schema(&self, schema: &Value, out: &mut Vec<u8>) {
        let start = out.len();
        out.push(0);
        let tag = self.shape(schema, out);
        let mut flags = 0;
        if let Some(default) = schema["default"].as_str() {
            flags |= DEFAULT;
            varint(u64::from(self.ids[default]), out);
        }
        if let (Some(least), Some(most)) = (schema["minimum"].as_u64(), schema["maximum"].as_u64()) {
            flags |= RANGE;
            varint(least, out);
            varint(most, out);
        }
        out[start] = tag | flags;
    }

    fn shape(&self, schema: &Value, out: &mut Vec<u8>) -> u8 {
        if let Some(name) = schema["$ref"].as_str() {
            varint(u64::from(self.name(name)), out);
            return REFERENCE;
        }
        match schema["type"].as_str() {
            Some("object") => {
                if let Some(values) = schema.get("additionalProperties") {
                    self.schema(values, out);
                    return MAP;
                }
                let Some(fields) = schema["properties"].as_object() else { return OPEN_OBJECT };
                let required = schema["required"].as_array().map_or(&[][..], Vec::as_slice);
                let mut names: Vec<&String> = fields.keys().collect();
                names.sort();
                varint(names.len() as u64, out);
                for name in names {
                    varint(u64::from(self.ids[name]), out);
                    out.push(u8::from(required.iter().any(|required| required == name.as_str())));
                    self.schema(&fields[name], out);
                }
                OBJECT
            }
            Some("array") => {
                let keys = schema["x-kubernetes-list-map-keys"].as_array().map_or(&[][..], Vec::as_slice);
                out.push(match schema["x-kubernetes-list-type"].as_str() {
                    Some("set") => 1,
                    Some("map") => 2,
                    _ => 0,
                });
                self.texts(keys, out);
                self.schema(&schema["items"], out);
                LIST
            }
            Some("string") => {
                out.push(match schema["format"].as_str() {
                    Some("byte") => 1,
                    Some("date-time") if is_micro_time(schema) => 3,
                    Some("date-time") => 2,
                    _ => 0,
                });
                let values = schema["enum"].as_array().map_or(&[][..], Vec::as_slice);
                self.texts(values, out);
                STRING
            }
            Some("integer") if schema["format"] == "int32" => INTEGER_32,
            Some("integer") => INTEGER,
            Some("number") => NUMBER,
            Some("boolean") => BOOLEAN,
            _ => ANY,
        }
    }
}

const ANY: u8 = 0;
const REFERENCE: u8 = 1;
const OBJECT: u8 = 2;
const OPEN_OBJECT: u8 = 3;
const MAP: u8 = 4;
const LIST: u8 = 5;
const STRING: u8 = 6;
const INTEGER: u8 = 7;
const INTEGER_32: u8 = 8;
const NUMBER: u8 = 9;
const BOOLEAN: u8 = 10;
const INT_OR_STRING: u8 = 11;
const QUANTITY: u8 = 12;
const DEFAULT: u8 = 0x40;
const RANGE: u8 = 0x80;

/// Collects field names, enum values, keys, defaults and the words of a kind's line.
fn collect(value: &Value, strings: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                if key == "properties" {
                    strings.extend(value.as_object().into_iter().flatten().map(|(name, _)| name.clone()));
                }
                if !["$ref", "def", "x-kubernetes-unions"].contains(&key.as_str()) {
                    collect(value, strings);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, strings)),
        Value::String(text) => _ = strings.insert(text.clone()),
        _ => {}
    }
}

/// Appends a length and bytes.
fn section(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend(u32::try_from(bytes.len()).expect("a section under 4 GiB").to_le_bytes());
    out.extend(bytes);
}

/// Appends a count, the end of each item, and the items.
fn list<'a>(out: &mut Vec<u8>, items: impl ExactSizeIterator<Item = &'a [u8]> + Clone) {
    out.extend(u32::try_from(items.len()).expect("a short list").to_le_bytes());
    let mut end = 0u32;
    for item in items.clone() {
        end += u32::try_from(item.len()).expect("a short item");
        out.extend(end.to_le_bytes());
    }
    items.for_each(|item| out.extend(item));
}

fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Tells whether a schema is that of times with microseconds, whose format is that of all times in the documents.
fn is_micro_time(schema: &Value) -> bool {
    schema["name"].as_str().is_some_and(|name| name.ends_with(".MicroTime"))
}
