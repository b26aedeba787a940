//! From a values file to values.

use super::decode::start_of;
use super::value::{Place, Value, ValueData, ValueEntry};
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::SourceFile;
use crate::yaml::{Node, Scalar, float_text, parse};
use std::sync::Arc;

impl Value {
    /// Makes a value of a node of a values file.
    pub fn from_node(node: Node<'_>) -> Self {
        let mut written = None;
        let mut typed = |printed: String| {
            if printed != node.text() {
                written = Some(Box::from(node.text()));
            }
        };
        let data = match node.scalar() {
            Some(Scalar::Null) => ValueData::Null,
            Some(Scalar::Bool(value)) => {
                typed(value.to_string());
                ValueData::Bool(value)
            }
            Some(Scalar::Int(value)) => {
                typed(value.to_string());
                ValueData::Int(value)
            }
            Some(Scalar::UInt(value)) => {
                typed(value.to_string());
                ValueData::UInt(value)
            }
            Some(Scalar::Float(value)) => {
                typed(float_text(value));
                ValueData::Float(value)
            }
            Some(Scalar::String | Scalar::Merge) => ValueData::String(node.text().into()),
            None if node.kind() == crate::yaml::Kind::Seq => {
                ValueData::Seq(node.items().map(Self::from_node).collect())
            }
            None => ValueData::Map(
                node.entries()
                    .map(|entry| ValueEntry {
                        key: entry.name().into(),
                        key_span: Some(entry.key.span()),
                        value: Self::from_node(entry.value),
                    })
                    .collect(),
            ),
        };
        Self { data, place: Some(Place { span: node.span(), written, overrode: Vec::new() }) }
    }

    /// Makes a map without entries that stands for a whole text.
    pub(super) fn empty_file(source: &SourceFile) -> Self {
        let place = Place { span: start_of(source), written: None, overrode: Vec::new() };
        Self { data: ValueData::Map(Vec::new()), place: Some(place) }
    }
}

/// Reads a file of values: one document, a map. An empty file is an empty map; what cannot be read counts as empty.
pub fn read_values(source: &Arc<SourceFile>) -> (Value, Vec<Diagnostic>) {
    let parsed = parse(source);
    let mut diagnostics = parsed.diagnostics;
    if let Some(second) = parsed.documents.get(1) {
        diagnostics.push(
            Diagnostic::error("values/documents", "a file of values holds one document, and this is a second one")
                .at(second.root().head())
                .help("put it into a file of its own; several are merged with `-f`"),
        );
    }
    let Some(root) = parsed.documents.first().map(crate::yaml::Document::root).filter(|root| !root.is_null()) else {
        return (Value::empty_file(source), diagnostics);
    };
    if root.kind() != crate::yaml::Kind::Map {
        let message = format!("values are a map of keys, and this is {}", root.kind().article());
        diagnostics.push(Diagnostic::error("values/not-a-map", message).at(root.head()));
        return (Value::empty_file(source), diagnostics);
    }
    let mut values = Value::from_node(root);
    if is_encrypted(root) {
        let place = root.entry("sops").map_or(root.head(), |entry| entry.key.span());
        diagnostics.push(
            Diagnostic::error("values/encrypted", "this file is encrypted with SOPS, and its values cannot be read")
                .at(place)
                .help(
                    "decrypt it on the way in, as in `-f <(sops decrypt FILE)`, or let the cluster supply the secrets",
                ),
        );
        // What stands in it has the form of the values, so that nothing else is said to be missing.
        if let ValueData::Map(entries) = &mut values.data {
            entries.retain(|entry| &*entry.key != "sops");
        }
    }
    (values, diagnostics)
}

/// Tells whether values that count as empty do so because their file could not be read.
pub(super) fn is_unread(values: &Value, problems: &[Diagnostic]) -> bool {
    let is_empty = matches!(&values.data, ValueData::Map(entries) if entries.is_empty());
    is_empty && problems.iter().any(|problem| problem.severity == Severity::Error)
}

/// Tells whether a document was encrypted with SOPS, which keeps its keys and a checksum beside what it encrypted.
pub fn is_encrypted(root: Node<'_>) -> bool {
    root.field("sops").is_some_and(|sops| sops.field("mac").is_some() || sops.field("version").is_some())
}
