//! Output formats of findings, a file per format.
//!
//! In: a [`Report`] and the texts it points into. Out: text. An emitter decides nothing and writes nowhere.

mod json;
mod mask;
mod terminal;

pub use json::Json;
pub use mask::MASK;
pub use terminal::Terminal;

use super::{Diagnostic, Severity};
use crate::source::SourceMap;

/// What a run found, and what it looked at.
#[derive(Debug, Default)]
pub struct Report {
    /// The findings, in the order in which they are shown.
    pub findings: Vec<Diagnostic>,
    /// What was looked at, release by release, environment by environment.
    pub checked: Vec<Checked>,
    /// The tests that were run, in the order of their files.
    pub tests: Vec<Tested>,
    /// How many findings a person has allowed.
    pub suppressed: usize,
    /// Some input could not be read: the findings are not the whole truth.
    pub incomplete: bool,
}

/// Objects that were checked together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The release's name, or the path of plain manifests.
    pub name: String,
    /// Whether `name` is a release, rendered from a chart.
    pub is_release: bool,
    /// The environment, where there is one.
    pub environment: Option<String>,
    /// How many objects there were.
    pub objects: usize,
    /// The Kubernetes versions that they were judged by; empty where they were not.
    pub versions: Vec<String>,
}

/// A test that was run, in an environment or in none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tested {
    /// The chart or folder that it belongs to, as shown.
    pub group: String,
    /// The file that it stands in, as shown.
    pub file: String,
    /// Its name.
    pub name: String,
    /// The environment, where there is one.
    pub environment: Option<String>,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All holds.
    Passed,
    /// What does not hold.
    Failed(Vec<Diagnostic>),
    /// It did not run, and why.
    Skipped(String),
}

impl Report {
    /// Counts the findings of a severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }

    /// Counts the releases, each once whatever its environments.
    pub fn releases(&self) -> usize {
        let names = self.checked.iter().filter(|checked| checked.is_release).map(|checked| &checked.name);
        names.collect::<std::collections::BTreeSet<_>>().len()
    }

    /// Counts the objects of all releases, environments and plain manifests.
    pub fn objects(&self) -> usize {
        self.checked.iter().map(|checked| checked.objects).sum()
    }

    /// Sorts the findings by file, place, severity and rule; those without a place come first.
    pub fn sort(&mut self, sources: &SourceMap) {
        self.findings.sort_by_cached_key(|finding| {
            let place = finding.span.map(|span| (sources.file(span.file).name().to_owned(), span.start, span.end));
            (place, finding.severity, finding.rule.clone(), finding.message.clone(), finding.environments.clone())
        });
    }
}

/// An output format.
pub trait Format {
    /// Writes a report.
    fn write(&self, report: &Report, sources: &SourceMap) -> String;
}
