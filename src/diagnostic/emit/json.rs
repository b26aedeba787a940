//! JSON: one object, for programs.

use super::{Format, Outcome, Report, Tested};
use crate::diagnostic::{Diagnostic, Edit, Fix, ObjectName, Severity, Trace};
use crate::source::{SourceMap, Span};
use rayon::prelude::*;
use serde_json::{Value, json};

/// Writes a report as one JSON object, indented, with a final newline.
#[derive(Debug)]
pub struct Json;

/// How many findings are written at a time: there may be very many, and each is larger as JSON than as a finding.
const PIECE: usize = 4096;

impl Format for Json {
    fn write(&self, report: &Report, sources: &SourceMap) -> String {
        let mut text = String::new();
        self.pieces(report, sources, &mut |piece| text.push_str(piece));
        text
    }

    fn pieces(&self, report: &Report, sources: &SourceMap, out: &mut dyn FnMut(&str)) {
        let mut summary = summary(report);
        summary["incomplete"] = report.incomplete.into();
        out(&format!("{{\n  \"schemaVersion\": 1,\n  \"summary\": {},\n  \"findings\": [", indented(&summary, 2)));
        for (number, piece) in report.findings.chunks(PIECE).enumerate() {
            let written: Vec<String> =
                piece.par_iter().map(|found| format!("\n    {}", indented(&finding(found, sources), 4))).collect();
            out(&format!("{}{}", if number > 0 { "," } else { "" }, written.join(",")));
        }
        out(if report.findings.is_empty() { "]" } else { "\n  ]" });
        if !report.tests.is_empty() {
            let tests: Value = report.tests.iter().map(test).collect();
            out(&format!(",\n  \"tests\": {}", indented(&tests, 2)));
        }
        out("\n}\n");
    }
}

/// Counts what was found, and in what.
pub fn summary(report: &Report) -> Value {
    json!({
        "releases": report.releases(),
        "objects": report.objects(),
        "errors": report.count(Severity::Error),
        "warnings": report.count(Severity::Warning),
        "infos": report.count(Severity::Info),
        "suppressed": report.suppressed.len(),
    })
}

/// Writes a value that stands in others, its further lines by a number of blanks to the right.
fn indented(value: &Value, by: usize) -> String {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    // Line breaks inside strings are escaped: what is left separates lines.
    text.replace('\n', &format!("\n{:by$}", ""))
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
        "fix": found.shown_fix().map(|change| fix(change, sources)),
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

fn fix(fix: &Fix, sources: &SourceMap) -> Value {
    let edits = fix.edits.iter().map(|edit| {
        let mut place = start(edit.span, sources);
        let end = sources.file(edit.span.file).position(edit.span.end);
        place["endLine"] = end.line.into();
        place["endColumn"] = end.column.into();
        place["text"] = edit.text.as_str().into();
        place
    });
    json!({ "title": fix.title, "safety": fix.safety.name(), "edits": edits.collect::<Vec<_>>() })
}

fn object(name: &ObjectName) -> Value {
    json!({ "apiVersion": name.api_version, "kind": name.kind, "namespace": name.namespace, "name": name.name })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Safety, TextEdit};

    #[test]
    fn a_fix_says_what_to_write_where_unless_it_holds_a_secret() {
        let sources = SourceMap::new();
        let span = sources.add("a.yaml", "é: 1\n").span();
        let edits = vec![TextEdit { span: Span::new(span.file, 4, 5), text: "\"1\"".to_owned() }];
        let fix = Fix { title: "quote `1`".to_owned(), safety: Safety::Safe, edits };
        let found = Diagnostic { fix: Some(fix), ..Diagnostic::error("x", "x").at(span) };
        let expected = json!({ "title": "quote `1`", "safety": "safe", "edits": [
            { "file": "a.yaml", "line": 1, "column": 4, "endLine": 1, "endColumn": 5, "text": "\"1\"" },
        ] });
        assert_eq!(finding(&found, &sources)["fix"], expected);
        assert_eq!(finding(&found.masked(), &sources)["fix"], Value::Null);
    }
}
