//! Pages: the files of a chart, what is composed of them, and what is found, read together.

mod load;
mod order;
mod overrides;
mod schema;
mod schemas;
mod unknown;
mod workspace;

use super::{Chart, ChartFile, Composed, Override, Place, Value, ValueData, compose};
use crate::diagnostic::Diagnostic;
use crate::source::{SourceFile, SourceMap};
use crate::yaml::Step;
use std::sync::Arc;

/// A chart written as a page: a line `-- path --` begins a file.
struct Page {
    sources: SourceMap,
    chart: Option<Chart>,
    found: Vec<Diagnostic>,
}

/// Reads a page; Chart.yaml may be left out where it says nothing of its own.
fn page(text: &str) -> Page {
    let mut files: Vec<(String, String)> = Vec::new();
    for line in text.split_inclusive('\n') {
        let name = line.trim().strip_prefix("-- ").and_then(|rest| rest.strip_suffix(" --"));
        match (name, files.last_mut()) {
            (Some(name), _) => files.push((name.to_owned(), String::new())),
            (None, Some((_, body))) => body.push_str(line),
            (None, None) => {}
        }
    }
    if !files.iter().any(|(path, _)| path == "Chart.yaml") {
        files.push(("Chart.yaml".to_owned(), CHART.to_owned()));
    }
    let file = |(path, text): (String, String)| ChartFile { name: path.clone(), path, bytes: text.into_bytes().into() };
    let sources = SourceMap::new();
    let (chart, found) = Chart::load(&sources, files.into_iter().map(file).collect());
    Page { sources, chart, found }
}

const CHART: &str = "apiVersion: plimsoll.dev/v1\nname: demo\nversion: 0.1.0\n";

impl Page {
    /// Writes what was found while reading, a line each.
    fn findings(&self) -> String {
        told(&self.sources, &self.found)
    }

    fn chart(&self) -> &Chart {
        assert_eq!(self.findings(), "");
        self.chart.as_ref().expect("the page holds a chart")
    }

    fn flag(&self, name: &str, text: &str) -> Arc<SourceFile> {
        self.sources.add(name, text)
    }

    fn set(&self, text: &str) -> Override {
        Override::Set(self.flag("--set", text))
    }

    fn compose(&self, environment: &str, overrides: &[Override]) -> Composed {
        compose(self.chart(), Some(environment), overrides)
    }

    /// Writes what was found while composing, a line each.
    fn told(&self, composed: &Composed) -> String {
        told(&self.sources, &composed.diagnostics)
    }

    /// Writes each scalar with the place that supplied it and the places it overrode.
    fn origins(&self, value: &Value) -> String {
        let mut lines = Vec::new();
        self.push_origins(value, &mut String::new(), &mut lines);
        lines.join("\n")
    }

    fn push_origins(&self, value: &Value, path: &mut String, lines: &mut Vec<String>) {
        let mut each = |step: Step<'_>, value: &Value| {
            let length = path.len();
            step.push_to(path);
            self.push_origins(value, path, lines);
            path.truncate(length);
        };
        match &value.data {
            ValueData::Map(entries) if !entries.is_empty() => {
                for entry in entries {
                    each(Step::Key(&entry.key), &entry.value);
                }
            }
            ValueData::Seq(items) if !items.is_empty() => {
                for (index, item) in items.iter().enumerate() {
                    each(Step::Index(index), item);
                }
            }
            _ => {
                let places =
                    value.place.iter().flat_map(|place: &Place| std::iter::once(&place.span).chain(&place.overrode));
                let places: Vec<_> = places.map(|span| position(&self.sources, *span)).collect();
                lines.push(format!("{path}={} {}", json(value), places.join(" < ")));
            }
        }
    }
}

/// Writes `file:line:column rule message; help`, a line for each finding.
fn told(sources: &SourceMap, found: &[Diagnostic]) -> String {
    let line = |diagnostic: &Diagnostic| {
        let at = diagnostic.span.map(|span| position(sources, span) + " ").unwrap_or_default();
        let severity = if diagnostic.severity == crate::diagnostic::Severity::Error { "" } else { "warning " };
        let help = diagnostic.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
        format!("{at}{severity}{}: {}{help}", diagnostic.rule, diagnostic.message)
    };
    found.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn position(sources: &SourceMap, span: crate::source::Span) -> String {
    let file = sources.file(span.file);
    let position = file.position(span.start);
    format!("{}:{}:{}", file.name(), position.line, position.column)
}

/// Writes a value as JSON.
fn json(value: &Value) -> String {
    match &value.data {
        ValueData::Null => "null".to_owned(),
        ValueData::Bool(value) => value.to_string(),
        ValueData::Int(value) => value.to_string(),
        ValueData::UInt(value) => value.to_string(),
        ValueData::Float(value) => crate::yaml::float_text(*value),
        ValueData::String(text) => format!("{text:?}"),
        ValueData::Seq(items) => format!("[{}]", items.iter().map(json).collect::<Vec<_>>().join(",")),
        ValueData::Map(entries) => {
            let entries: Vec<_> = entries.iter().map(|entry| format!("{}:{}", entry.key, json(&entry.value))).collect();
            format!("{{{}}}", entries.join(","))
        }
    }
}
