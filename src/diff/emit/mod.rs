//! How changes are shown, a file per format.
//!
//! In: a [`Report`], in which secrets are masked already. Out: text. An emitter decides nothing and writes nowhere.

mod json;
mod markdown;
mod terminal;
mod unified;

pub use json::Json;
pub use markdown::Markdown;
pub use terminal::Terminal;
pub use unified::Unified;

use super::change::{Changes, Field, FieldKind, ObjectChange, Place, Side, What};
use crate::diagnostic::ObjectName;
use crate::yaml::emit::{self, Data};
use similar::{ChangeTag, TextDiff};

/// What is compared with what, and what differs.
#[derive(Clone, Debug, Default)]
pub struct Part {
    /// The release, or the path of plain manifests.
    pub name: String,
    /// The environment, where there is one.
    pub environment: Option<String>,
    /// What it is compared with: `git:HEAD`, `env:prod`, `charts/old`, ``the cluster of `kind` ``.
    pub against: String,
    /// What differs.
    pub changes: Changes,
}

/// Everything that a run compared.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// In the order in which they are shown.
    pub parts: Vec<Part>,
    /// What could not be compared, or not be trusted.
    pub troubles: Vec<String>,
}

impl Report {
    /// Tells whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.parts.iter().all(|part| part.changes.is_empty())
    }
}

/// An output format.
pub trait Format {
    /// Writes a report.
    fn write(&self, report: &Report) -> String;
}

/// The ways in which an object differs, in the order in which they are counted.
const WAYS: [&str; 5] = ["added", "changed", "removed", "renamed", "replaced"];

impl Part {
    /// Names what is compared: ``shop in prod, against `git:HEAD` ``.
    fn title(&self) -> String {
        let environment = self.environment.as_ref().map(|name| format!(" in {name}")).unwrap_or_default();
        format!("{}{environment}, against {}", self.name, self.against)
    }

    /// Counts: `1 added, 2 changed, 14 unchanged`.
    fn counts(&self) -> String {
        let counted = WAYS.iter().map(|way| (self.changes.count(way), *way)).filter(|(count, _)| *count > 0);
        let mut words: Vec<String> = counted.map(|(count, way)| format!("{count} {way}")).collect();
        words.push(format!("{} unchanged", self.changes.unchanged));
        words.join(", ")
    }
}

/// Names an object for people: `Deployment shop/web`.
fn name(object: &ObjectName) -> String {
    match &object.namespace {
        Some(namespace) => format!("{} {namespace}/{}", object.kind, object.name),
        None => format!("{} {}", object.kind, object.name),
    }
}

/// Says further what happens to an object: what it was called, why it is made anew, that it is a forecast.
fn remarks(change: &ObjectChange) -> Vec<String> {
    let mut remarks = Vec::new();
    match &change.what {
        What::Renamed(from) => remarks.push(format!("renamed from {}", name(from))),
        What::Replaced(reasons) => {
            remarks.push(format!("must be deleted and made anew: {}", reasons.join(", ")));
        }
        _ => {}
    }
    remarks.extend(change.predicted.as_ref().map(|why| format!("predicted: {why}")));
    remarks
}

fn place(place: &Place) -> String {
    match &place.edit {
        Some((key, file, line)) => format!("{file}:{line} {key}"),
        None => format!("{}:{}", place.file, place.line),
    }
}

/// Where a field was written: as it is, else as it was.
fn written(field: &Field) -> Option<&Place> {
    [&field.new, &field.old].into_iter().flatten().find_map(|side| side.place.as_ref())
}

/// The longest value that is shown beside its path.
const SHORT: usize = 72;

/// A value on one line, where it is short enough.
fn short(data: &Data) -> Option<String> {
    let scalar = is_scalar(data);
    let small = data.is_empty_collection() || matches!(data, Data::Seq(items) if items.iter().all(is_scalar));
    let text = match data {
        Data::String(text) if text.contains('\n') => return None,
        _ if scalar => emit::scalar(data, emit::Place::Block)?.into_owned(),
        _ if small => emit::flow(data),
        _ => return None,
    };
    (text.chars().count() <= SHORT).then_some(text)
}

fn is_scalar(data: &Data) -> bool {
    !matches!(data, Data::Seq(_) | Data::Map(_))
}

/// Gives both values of a field on one line each, where they are short.
fn inline(field: &Field) -> Option<(String, String)> {
    let text = |side: &Option<Side>| match side {
        Some(side) => short(&side.data),
        None => Some(String::new()),
    };
    Some((text(&field.old)?, text(&field.new)?))
}

/// A line of two texts beside each other.
#[derive(Debug)]
enum Line {
    Same(String),
    Old(String),
    New(String),
    /// Lines of both are left out.
    Gap,
}

/// Gives the lines of a field's values that differ, with some around them.
fn lines(field: &Field) -> Vec<Line> {
    let text = |side: &Option<Side>| side.as_ref().map(|side| block(&side.data)).unwrap_or_default();
    differing(&text(&field.old), &text(&field.new))
}

fn differing(old: &str, new: &str) -> Vec<Line> {
    let diff = TextDiff::from_lines(old, new);
    let mut lines = Vec::new();
    for group in diff.grouped_ops(2) {
        if !lines.is_empty() {
            lines.push(Line::Gap);
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let text = change.value().trim_end_matches('\n').to_owned();
            lines.push(match change.tag() {
                ChangeTag::Equal => Line::Same(text),
                ChangeTag::Delete => Line::Old(text),
                ChangeTag::Insert => Line::New(text),
            });
        }
    }
    lines
}

/// Writes data as YAML, keys in order; a text of several lines as it is.
fn block(data: &Data) -> String {
    let mut text = match data {
        Data::String(text) => text.clone(),
        data => emit::block(&sorted(data), 0),
    };
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

/// Gives the same data with the keys of every map in order.
fn sorted(data: &Data) -> Data {
    match data {
        Data::Map(entries) => {
            let mut entries: Vec<_> = entries.iter().map(|(key, value)| (key.clone(), sorted(value))).collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            Data::Map(entries)
        }
        Data::Seq(items) => Data::Seq(items.iter().map(sorted).collect()),
        scalar => scalar.clone(),
    }
}

/// Gives the objects that differ over all parts, each with the numbers of the parts in which it differs in the same way.
fn grouped(report: &Report) -> Vec<(&ObjectChange, Vec<usize>)> {
    let mut groups: Vec<(&ObjectChange, Vec<usize>)> = Vec::new();
    for (at, part) in report.parts.iter().enumerate() {
        for change in &part.changes.objects {
            let same = groups.iter_mut().find(|(known, parts)| {
                !parts.contains(&at)
                    && report.parts[parts[0]].name == part.name
                    && known.what == change.what
                    && known.object.kind == change.object.kind
                    && known.object.name == change.object.name
                    && known.fields == change.fields
                    && known.predicted == change.predicted
                    && (!change.fields.is_empty() || known.new == change.new && known.old == change.old)
            });
            match same {
                Some((_, parts)) => parts.push(at),
                None => groups.push((change, vec![at])),
            }
        }
    }
    groups
}

/// Says what happens to a field, for people.
fn mark(kind: FieldKind) -> char {
    match kind {
        FieldKind::Added => '+',
        FieldKind::Removed => '-',
        FieldKind::Changed | FieldKind::Moved => '~',
    }
}
