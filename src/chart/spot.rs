//! What can stand at a path of a chart's values.
//!
//! A key is declared by values.yaml, by the schema's properties, or by being a subchart's name. Where nothing is declared
//! (`{}`, null) or the schema says so, a map is open and admits any key.

use super::load::Chart;
use super::value::{Value, ValueData};
use serde_json::Value as Json;

/// Schemas refer to each other this often at most on the way to a key.
const REFERENCE_LIMIT: usize = 32;

/// A path in the values of a chart, with all that speaks about it.
#[derive(Clone, Debug)]
pub struct Spot<'c> {
    /// The chart, at the root of its values.
    chart: Option<&'c Chart>,
    /// What values.yaml files hold here: the chart's, and that of the chart it is a subchart of.
    declared: Vec<&'c Value>,
    /// What environments and flags put here.
    seen: Vec<&'c Value>,
    /// The schemas that hold here, each with its root, where references start.
    schemas: Vec<(&'c Json, &'c Json)>,
    /// Nobody says what may stand here.
    open: bool,
}

/// Where a key leads.
#[derive(Debug)]
pub enum Found<'c> {
    /// To what is declared or was given.
    Spot(Spot<'c>),
    /// To nothing that anybody declared, but anything may stand there.
    Open,
    /// To nothing: no values can have this key here.
    Nothing,
}

impl<'c> Spot<'c> {
    /// Gives the root of a chart's values.
    pub fn root(chart: &'c Chart) -> Self {
        let mut spot =
            Self { chart: None, declared: vec![&chart.values], seen: Vec::new(), schemas: Vec::new(), open: false };
        spot.enter(chart);
        spot
    }

    /// Adds values that somebody composed: what they hold can exist.
    #[must_use]
    pub fn seeing(mut self, values: impl IntoIterator<Item = &'c Value>) -> Self {
        self.seen.extend(values);
        self
    }

    fn enter(&mut self, chart: &'c Chart) {
        self.chart = Some(chart);
        if let Some(schema) = &chart.values_schema {
            self.add_schema(schema.json(), schema.json(), 0);
        }
    }

    /// Adds a schema with all that it refers to and combines.
    fn add_schema(&mut self, schema: &'c Json, root: &'c Json, depth: usize) {
        if depth > REFERENCE_LIMIT || self.schemas.len() > 256 {
            return;
        }
        self.schemas.push((schema, root));
        if let Some(reference) = schema.get("$ref").and_then(Json::as_str) {
            match reference.strip_prefix('#').and_then(|pointer| root.pointer(pointer)) {
                Some(target) => self.add_schema(target, root, depth + 1),
                // What stands in another document may allow anything.
                None => self.open = true,
            }
        }
        for word in ["allOf", "anyOf", "oneOf"] {
            for part in schema.get(word).and_then(Json::as_array).into_iter().flatten() {
                self.add_schema(part, root, depth + 1);
            }
        }
        for word in ["if", "then", "else"] {
            if let Some(part) = schema.get(word) {
                self.add_schema(part, root, depth + 1);
            }
        }
    }

    /// Gives the keys that are declared here, in the order of writing.
    pub fn declared_keys(&self) -> Vec<&'c str> {
        let mut keys: Vec<&str> = Vec::new();
        let mut add = |key: &'c str| {
            if !keys.contains(&key) {
                keys.push(key);
            }
        };
        for value in &self.declared {
            if let ValueData::Map(entries) = &value.data {
                for entry in entries {
                    add(&entry.key);
                }
            }
        }
        for (schema, _) in &self.schemas {
            if let Some(properties) = schema.get("properties").and_then(Json::as_object) {
                properties.keys().for_each(|key| add(key));
            }
        }
        if let Some(chart) = self.chart {
            chart.subcharts.iter().for_each(|subchart| add(&subchart.name));
        }
        keys
    }

    /// Gives the declared keys, and those that environments and flags added.
    pub fn keys(&self) -> Vec<&'c str> {
        let mut keys = self.declared_keys();
        for value in &self.seen {
            if let ValueData::Map(entries) = &value.data {
                for entry in entries {
                    if !keys.contains(&&*entry.key) {
                        keys.push(&entry.key);
                    }
                }
            }
        }
        keys
    }

    /// Tells whether keys that nobody declared may stand here.
    pub fn is_open(&self) -> bool {
        if self.open {
            return true;
        }
        let admits = |schema: &Json| {
            let additional = ["additionalProperties", "unevaluatedProperties"].iter().any(|word| {
                schema.get(word).is_some_and(|additional| additional.is_object() || additional == &Json::Bool(true))
            });
            additional || schema.get("patternProperties").is_some()
        };
        if self.schemas.iter().any(|(schema, _)| admits(schema)) {
            return true;
        }
        let blank = |value: &&Value| match &value.data {
            ValueData::Null => true,
            ValueData::Map(entries) => entries.is_empty(),
            _ => false,
        };
        let silent = self.declared.iter().all(blank) && !self.schemas.iter().any(|(schema, _)| is_scalar(schema));
        let seen_blank = self.declared.is_empty() && self.seen.iter().any(blank);
        silent
            && self.declared_keys().is_empty()
            && (seen_blank || !self.declared.is_empty() || !self.schemas.is_empty())
    }

    /// Follows a key.
    pub fn key(&self, key: &str) -> Found<'c> {
        let mut next = Self { chart: None, declared: Vec::new(), seen: Vec::new(), schemas: Vec::new(), open: false };
        next.declared.extend(self.declared.iter().filter_map(|value| value.get(key)));
        next.seen.extend(self.seen.iter().filter_map(|value| value.get(key)));
        let mut found = !next.declared.is_empty() || !next.seen.is_empty();
        for (schema, root) in &self.schemas {
            if let Some(property) = schema.get("properties").and_then(|properties| properties.get(key)) {
                found = true;
                next.add_schema(property, root, 0);
            }
        }
        if let Some(chart) = self.chart {
            if key == "global" {
                return Found::Open;
            }
            if let Some(subchart) = chart.subcharts.iter().find(|subchart| subchart.name == key) {
                found = true;
                next.declared.push(&subchart.chart.values);
                next.enter(&subchart.chart);
            }
            if key == "tags" && chart.metadata.dependencies.iter().any(|dependency| !dependency.tags.is_empty()) {
                return Found::Open;
            }
        }
        match (found, self.is_open()) {
            (true, open) => {
                // A key that only an environment put into an open map: other environments may put anything there.
                next.open |= open && next.declared.is_empty() && next.schemas.is_empty();
                Found::Spot(next)
            }
            (false, true) => Found::Open,
            (false, false) => Found::Nothing,
        }
    }

    /// Gives what the items of a list here can be.
    pub fn items(&self) -> Found<'c> {
        fn of<'v>(values: &[&'v Value]) -> Vec<&'v Value> {
            let lists = values.iter().filter_map(|value| match &value.data {
                ValueData::Seq(items) => Some(items),
                _ => None,
            });
            lists.flatten().collect()
        }
        let mut next = Self { chart: None, declared: Vec::new(), seen: Vec::new(), schemas: Vec::new(), open: true };
        next.declared = of(&self.declared);
        next.seen = of(&self.seen);
        for (schema, root) in &self.schemas {
            if let Some(items) = schema.get("items") {
                // A schema that names an item's properties closes it; examples alone do not.
                next.open = false;
                next.add_schema(items, root, 0);
            }
        }
        next.open |= !next.schemas.iter().any(|(schema, _)| schema.get("properties").is_some());
        Found::Spot(next)
    }

    /// Tells whether values.yaml puts a map here, so that an override's keys have siblings.
    pub fn has_siblings(&self) -> bool {
        !self.declared_keys().is_empty()
    }
}

/// Tells whether a schema admits only what has no keys.
fn is_scalar(schema: &Json) -> bool {
    let scalar = |name: &Json| matches!(name.as_str(), Some("string" | "integer" | "number" | "boolean"));
    match schema.get("type") {
        Some(Json::Array(names)) => names.iter().all(|name| scalar(name) || name.as_str() == Some("null")),
        Some(name) => scalar(name),
        None => false,
    }
}
