//! Snapshots: what tests gave when somebody last looked at it.
//!
//! A file is a map of names to lists of objects, or of what stands at a path of them, so that layout and comments of the
//! templates do not count.

use super::compare::{equal, sorted};
use crate::diagnostic::Diagnostic;
use crate::source::{SourceFile, Span};
use crate::yaml::emit::{Data, block};
use crate::yaml::{Kind, parse};
use similar::TextDiff;
use std::sync::Arc;

/// The stored snapshots of a file of tests.
#[derive(Clone, Debug, Default)]
pub struct Snapshots {
    entries: Vec<(String, Span, Data)>,
}

impl Snapshots {
    /// Reads a file. What cannot be read is a finding.
    pub fn read(source: &Arc<SourceFile>) -> (Self, Vec<Diagnostic>) {
        let parsed = parse(source);
        let mut diagnostics = parsed.diagnostics;
        let mut snapshots = Self::default();
        let root = parsed.documents.first().map(crate::yaml::Document::root).filter(|root| !root.is_null());
        if let Some(root) = root.filter(|root| root.kind() != Kind::Map) {
            let problem = Diagnostic::error("test/snapshot", "a file of snapshots is a map of names");
            diagnostics.push(problem.at(root.head()).help("remove it, and write it again with `--update`"));
            return (snapshots, diagnostics);
        }
        for entry in root.iter().flat_map(|root| root.entries()) {
            snapshots.entries.push((entry.name().to_owned(), entry.key.span(), Data::from_node(entry.value)));
        }
        (snapshots, diagnostics)
    }

    /// Writes a file.
    pub fn write(entries: &[(String, Data)], suite: &str) -> String {
        if entries.is_empty() {
            return String::new();
        }
        let entries = entries.iter().map(|(name, data)| (name.clone(), sorted(data.clone())));
        let note = format!("# What the tests of {suite} gave, written by `plimsoll test --update`.\n");
        note + &block(&Data::Map(entries.collect()), 0)
    }

    /// Gives the names and what is stored under them.
    pub fn entries(&self) -> impl Iterator<Item = (&str, Span, &Data)> {
        self.entries.iter().map(|(name, span, data)| (name.as_str(), *span, data))
    }

    /// Holds what a test gave against what is stored. `assertion` is the line that asks for it.
    pub fn compare(&self, name: &str, data: &Data, assertion: Span) -> Option<Diagnostic> {
        let Some((_, place, stored)) = self.entries.iter().find(|(known, ..)| known == name) else {
            let message = format!("no snapshot `{name}` is stored");
            let problem = Diagnostic::error("test/snapshot", message).at(assertion);
            return Some(problem.help("look at what the chart gives, and store it with `plimsoll test --update`"));
        };
        if equal(stored, data) {
            return None;
        }
        let difference = difference(&block(&sorted(stored.clone()), 0), &block(&sorted(data.clone()), 0));
        let problem = Diagnostic::error("test/snapshot", format!("the snapshot `{name}` differs"));
        let problem = problem.at(assertion).label(*place, "stored here");
        Some(problem.help(format!("where this is meant, store it with `plimsoll test --update`\n{difference}")))
    }
}

/// Writes the difference of two texts, with three lines around each: lines with `-` are stored or expected, with `+` given.
pub fn difference(expected: &str, actual: &str) -> String {
    let difference = TextDiff::from_lines(expected, actual);
    let mut text = difference.unified_diff().context_radius(3).to_string();
    text.truncate(text.trim_end().len());
    text
}
