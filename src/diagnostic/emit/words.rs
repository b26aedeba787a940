//! The words that several formats share.

use super::{Checked, Outcome, Report, Tested};
use crate::diagnostic::{Diagnostic, ObjectName, Severity};
use crate::source::SourceMap;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Tells all of a finding that is not its place: the message, and a line each for help, the value to change, and what it is
/// about.
pub(super) fn told(finding: &Diagnostic, versions: usize, sources: &SourceMap) -> String {
    let mut text = finding.message.clone();
    if let Some(help) = &finding.help {
        let _ = write!(text, "\nhelp: {help}");
    }
    if let Some(edit) = &finding.edit {
        let file = sources.file(edit.span.file);
        let line = file.position(edit.span.start).line;
        let _ = write!(text, "\nchange it here: {}:{line} `{}`", file.name(), edit.key);
    }
    for step in finding.trace.iter().rev() {
        let file = sources.file(step.span.file);
        let _ = write!(text, "\n{}, {}:{}", step_label(&step.what), file.name(), file.position(step.span.start).line);
    }
    if let Some(note) = note(finding, versions) {
        let _ = write!(text, "\nnote: {note}");
    }
    text
}

/// Says what a step of a trace is: ``in macro `container` ``, `called here`.
pub(super) fn step_label(what: &str) -> String {
    if what.ends_with(" here") { what.to_owned() } else { format!("in {what}") }
}

/// Says which object, release, environments and versions a finding is about.
pub(super) fn note(finding: &Diagnostic, versions: usize) -> Option<String> {
    let mut parts = Vec::new();
    if let Some(object) = finding.object.as_ref().filter(|object| !object.kind.is_empty()) {
        let path = finding.path.as_deref().filter(|path| !path.is_empty());
        parts.push(match path {
            Some(path) => format!("`{path}` of {}", object_name(object)),
            None => format!("about {}", object_name(object)),
        });
    }
    if let Some(release) = &finding.release {
        parts.push(format!("release `{release}`"));
    }
    if !finding.environments.is_empty() {
        parts.push(format!("in {}", finding.environments.join(", ")));
    }
    // What does not depend on a version holds for all that were checked: the last lines name them.
    let depends = ["schema/", "api/"].iter().any(|stage| finding.rule.starts_with(stage));
    if !finding.versions.is_empty() && (depends || finding.versions.len() < versions) {
        parts.push(format!("for Kubernetes {}", finding.versions.join(", ")));
    }
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// Names an object: `Deployment shop/web`.
pub(super) fn object_name(object: &ObjectName) -> String {
    match &object.namespace {
        Some(namespace) => format!("{} {namespace}/{}", object.kind, object.name),
        None => format!("{} {}", object.kind, object.name),
    }
}

/// Says what was checked: a line for a release, its environments behind it.
pub(super) fn checked(checked: &[Checked]) -> String {
    let mut releases: BTreeMap<(usize, &str), Vec<&Checked>> = BTreeMap::new();
    for entry in checked {
        let first = checked.iter().position(|other| other.name == entry.name).unwrap_or_default();
        releases.entry((first, &entry.name)).or_default().push(entry);
    }
    let mut text = String::new();
    for ((_, name), entries) in releases {
        for entry in entries {
            let environment = entry.environment.as_ref().map(|name| format!(" in {name}")).unwrap_or_default();
            let versions = match entry.versions.as_slice() {
                [] => String::new(),
                versions => format!(", Kubernetes {}", versions.join(", ")),
            };
            let _ = writeln!(text, "checked {name}{environment}: {}{versions}", counted(entry.objects, "object"));
        }
    }
    text
}

/// Says which files of tests were run, and what came of them.
pub(super) fn tested(tests: &[Tested]) -> String {
    let mut files: Vec<(&str, Vec<&Tested>)> = Vec::new();
    for test in tests {
        match files.iter_mut().find(|(file, _)| *file == test.file) {
            Some((_, tests)) => tests.push(test),
            None => files.push((&test.file, vec![test])),
        }
    }
    let mut text = String::new();
    for (file, tests) in files {
        let _ = writeln!(text, "tested {file}: {}", outcomes(&tests));
        for test in &tests {
            let environment = test.environment.as_ref().map(|name| format!(", in {name}")).unwrap_or_default();
            match &test.outcome {
                Outcome::Passed => {}
                Outcome::Failed(_) => _ = writeln!(text, "  failed: {}{environment}", test.name),
                Outcome::Skipped(why) => _ = writeln!(text, "  skipped: {}{environment}: {why}", test.name),
            }
        }
    }
    text
}

/// Counts what came of tests: `4 passed, 1 failed`.
fn outcomes(tests: &[&Tested]) -> String {
    let count = |is: fn(&Outcome) -> bool| tests.iter().filter(|test| is(&test.outcome)).count();
    let passed = count(|outcome| *outcome == Outcome::Passed);
    let failed = count(|outcome| matches!(outcome, Outcome::Failed(_)));
    let skipped = count(|outcome| matches!(outcome, Outcome::Skipped(_)));
    let named = [(passed, "passed"), (failed, "failed"), (skipped, "skipped")];
    let shown = named.iter().filter(|(count, word)| *count > 0 || *word == "passed");
    shown.map(|(count, word)| format!("{count} {word}")).collect::<Vec<_>>().join(", ")
}

/// Counts the findings by severity, and says what is left out.
pub(super) fn totals(report: &Report) -> String {
    let incomplete = if report.incomplete { "; some input could not be read" } else { "" };
    if !report.tests.is_empty() {
        let tests = outcomes(&report.tests.iter().collect::<Vec<_>>());
        return format!("{}: {tests}{incomplete}", counted(report.tests.len(), "test"));
    }
    let mut parts = vec![
        counted(report.count(Severity::Error), "error"),
        counted(report.count(Severity::Warning), "warning"),
        counted(report.count(Severity::Info), "info"),
    ];
    if !report.suppressed.is_empty() {
        parts.push(format!("{} suppressed", report.suppressed.len()));
    }
    if report.unchanged > 0 {
        parts.push(format!("{} on unchanged lines", report.unchanged));
    }
    format!("{}{incomplete}", parts.join(", "))
}

/// Counts things: `1 error`, `2 errors`.
pub(super) fn counted(count: usize, what: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {what}{ending}")
}
