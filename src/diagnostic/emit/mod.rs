//! Output formats of findings, a file per format.
//!
//! In: a [`Report`] and the texts it points into. Out: text. An emitter decides nothing and writes nowhere.

mod fingerprint;
mod github;
mod gitlab;
mod json;
mod junit;
mod markdown;
mod mask;
mod sarif;
mod terminal;
mod words;

pub use fingerprint::{Fingerprints, MARK};
pub use github::GitHub;
pub use gitlab::GitLab;
pub use json::{Json, summary};
pub use junit::JUnit;
pub use markdown::Markdown;
pub use mask::{MASK, masked_line};
pub use sarif::Sarif;
pub use terminal::Terminal;

use super::{Diagnostic, Severity};
use crate::source::SourceMap;
use rayon::prelude::*;
use std::collections::BTreeMap;

/// What a run found, and what it looked at.
#[derive(Debug, Default)]
pub struct Report {
    /// The findings, in the order in which they are shown.
    pub findings: Vec<Diagnostic>,
    /// What was looked at, release by release, environment by environment.
    pub checked: Vec<Checked>,
    /// Findings that a person has allowed; each says how.
    pub suppressed: Vec<Diagnostic>,
    /// How many findings were left out because their lines did not change.
    pub unchanged: usize,
    /// The tests that were run, in the order of their files.
    pub tests: Vec<Tested>,
    /// Some input could not be read: the findings are not the whole truth.
    pub incomplete: bool,
    /// The mildest severity that makes the run fail; none where none does.
    pub fails_on: Option<Severity>,
    /// What the rules of the findings say of themselves, by id, where a format asks for it. Ids of stages may have none.
    pub rules: BTreeMap<String, About>,
}

/// What a rule says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// What is wrong, in one line.
    pub summary: String,
    /// Why that is bad.
    pub why: String,
    /// What to write instead.
    pub remedy: String,
    /// Its severity, unless configured otherwise.
    pub severity: Severity,
    /// Words to sort it by: its group.
    pub tags: Vec<String>,
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

    /// Counts the Kubernetes versions that were judged by.
    fn versions(&self) -> usize {
        self.checked.iter().map(|checked| checked.versions.len()).max().unwrap_or_default()
    }

    /// Tells whether a finding makes the run fail.
    pub fn fails(&self, finding: &Diagnostic) -> bool {
        self.fails_on.is_some_and(|mildest| finding.severity <= mildest)
    }

    /// Sorts the findings by file, place, severity and rule; those without a place come first.
    pub fn sort(&mut self, sources: &SourceMap) {
        let ranks = sources.ranks();
        for findings in [&mut self.findings, &mut self.suppressed] {
            let place = |finding: &Diagnostic| {
                let place = finding.span.map(|span| (ranks.of(span.file), span.start, span.end));
                (place, finding.severity)
            };
            // Findings are large: their numbers are sorted, and each is moved once.
            let mut order: Vec<_> = findings.iter().map(place).zip(0..).collect();
            order.par_sort_by(|(place, at), (other_place, other)| {
                let (a, b): (&Diagnostic, &Diagnostic) = (&findings[*at], &findings[*other]);
                let order = place.cmp(other_place).then_with(|| a.rule.cmp(&b.rule));
                order.then_with(|| a.message.cmp(&b.message)).then_with(|| a.environments.cmp(&b.environments))
            });
            let mut taken: Vec<_> = std::mem::take(findings).into_iter().map(Some).collect();
            findings.extend(order.into_iter().filter_map(|(_, at): (_, usize)| taken[at].take()));
        }
    }
}

/// An output format.
pub trait Format {
    /// Writes a report.
    fn write(&self, report: &Report, sources: &SourceMap) -> String;

    /// Writes a report piece by piece, where a format need not have it all in memory.
    fn pieces(&self, report: &Report, sources: &SourceMap, out: &mut dyn FnMut(&str)) {
        out(&self.write(report, sources));
    }
}
