//! Our own verdict.

use super::answer::steps;
use super::server::Way;
use plimsoll::api::verdict;
use plimsoll::diagnostic::{Diagnostic, Severity};
use plimsoll::schema::{SchemaStore, Version};
use plimsoll::source::SourceMap;
use plimsoll::yaml::parse;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Stands for a breakdown of ours.
const PANIC: &str = "panic";

/// What we say of an object.
pub(super) struct Ours(Vec<Diagnostic>);

impl Ours {
    /// Judges a text.
    pub(super) fn of(text: &str, store: &SchemaStore, version: Version) -> Self {
        let judge = || {
            let parsed = parse(&SourceMap::new().add("mutant.json", text));
            let verdicts = parsed.documents.iter().flat_map(|document| verdict(document.root(), store, version));
            parsed.diagnostics.iter().cloned().chain(verdicts).collect()
        };
        let panicked = |_| vec![Diagnostic::error(PANIC, "it panicked")];
        Self(catch_unwind(AssertUnwindSafe(judge)).unwrap_or_else(panicked))
    }

    /// Tells whether judging broke down, which is wrong whatever the server says.
    pub(super) fn panicked(&self) -> bool {
        self.0.iter().any(|finding| finding.rule == PANIC)
    }

    fn errors(&self, way: Way) -> impl Iterator<Item = &Diagnostic> {
        self.0.iter().filter(move |finding| {
            finding.severity == Severity::Error && (way == Way::Apply || finding.rule != "api/server-side-apply")
        })
    }

    pub(super) fn rejects(&self, way: Way) -> bool {
        self.errors(way).next().is_some()
    }

    /// Gives the fields that we reject.
    pub(super) fn fields(&self, way: Way) -> Vec<Vec<String>> {
        self.errors(way).map(|finding| steps(finding.path.as_deref().unwrap_or_default())).collect()
    }

    /// Tells whether we warn of anything.
    pub(super) fn warns(&self) -> bool {
        self.0.iter().any(|finding| finding.severity == Severity::Warning)
    }

    /// Gives a line for each finding.
    pub(super) fn lines(&self) -> Vec<String> {
        let line = |f: &Diagnostic| {
            format!("{} {} {}: {}", f.severity.name(), f.rule, f.path.as_deref().unwrap_or_default(), f.message)
        };
        self.0.iter().map(line).collect()
    }
}
