//! JSON: one object, for programs.

use super::{Format, Outcome, Report, Tested};
use crate::diagnostic::{Diagnostic, Edit, ObjectName, Severity, Trace};
use crate::source::{SourceMap, Span};
use serde_json::{Value, json};

/// Writes a report as one JSON object, indented, with a final newline.
#[derive(Debug)]
pub struct Json;

impl Format for Json {
    fn write(&self, report: &Report, sources: &SourceMap) -> String {
        let findings: Vec<_> = report.findings.iter().map(|found| finding(found, sources)).collect();
        let mut document = json!({
            "schemaVersion": 1,
            "summary": {
                "releases": report.releases(),
                "objects": report.objects(),
                "errors": report.count(Severity::Error),
                "warnings": report.count(Severity::Warning),
                "infos": report.count(Severity::Info),
                "suppressed": report.suppressed,
                "incomplete": report.incomplete,
            },
            "findings": findings,
        });
        if !report.tests.is_empty() {
            document["tests"] = report.tests.iter().map(test).collect();
        }
        format!("{document:#}\n")
    }
}

/// A test; what does not hold of it stands among the findings.
fn test(test: &Tested) -> Value {
    let (outcome, why) = match &test.outcome {
        Outcome::Passed => ("passed", None),
        Outcome::Failed(_) => ("failed", None),
        Outcome::Skipped(why) => ("skipped", Some(why)),
    };
    json!({
        "name": test.name,
        "file": test.file,
        "environment": test.environment,
        "outcome": outcome,
        "skipped": why,
    })
}

fn finding(found: &Diagnostic, sources: &SourceMap) -> Value {
    let place = found.span.map(|span| {
        let file = sources.file(span.file);
        (file.name().to_owned(), file.position(span.start), file.position(span.end))
    });
    json!({
        "rule": found.rule,
        "severity": found.severity.name(),
        "message": found.message,
        "help": found.help,
        "file": place.as_ref().map(|(name, ..)| name),
        "line": place.as_ref().map(|(_, start, _)| start.line),
        "column": place.as_ref().map(|(_, start, _)| start.column),
        "endLine": place.as_ref().map(|(.., end)| end.line),
        "endColumn": place.as_ref().map(|(.., end)| end.column),
        "trace": found.trace.iter().map(|step| trace(step, sources)).collect::<Vec<_>>(),
        "edit": found.edit.as_ref().map(|place| edit(place, sources)),
        "rendered": found.rendered.map(|span| start(span, sources)),
        "object": found.object.as_ref().map(object),
        "path": found.path,
        "release": found.release,
        "environments": found.environments,
        "kubernetesVersions": found.versions,
    })
}

fn start(span: Span, sources: &SourceMap) -> Value {
    let file = sources.file(span.file);
    let position = file.position(span.start);
    json!({ "file": file.name(), "line": position.line, "column": position.column })
}

fn trace(step: &Trace, sources: &SourceMap) -> Value {
    let file = sources.file(step.span.file);
    json!({ "file": file.name(), "line": file.position(step.span.start).line, "what": step.what })
}

fn edit(edit: &Edit, sources: &SourceMap) -> Value {
    let mut place = start(edit.span, sources);
    place["key"] = edit.key.as_str().into();
    place
}

fn object(name: &ObjectName) -> Value {
    json!({ "apiVersion": name.api_version, "kind": name.kind, "namespace": name.namespace, "name": name.name })
}
