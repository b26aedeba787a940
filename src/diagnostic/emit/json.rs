//! JSON: one object, for programs.

use super::{Format, Outcome, Report, Tested};
use crate::diagnostic::{Diagnostic, Severity, Trace};
use crate::source::{SourceFile, SourceMap, Span};
use rayon::prelude::*;
use serde::{Serialize, Serializer};
use serde_json::ser::Formatter;
use serde_json::{Value, json};
use std::io;
use std::sync::Arc;

/// Writes a report as one JSON object, indented, with a final newline.
#[derive(Debug)]
pub struct Json;

/// How many findings one thread writes at a time, and how many of these pieces are in memory: there may be very many, and each
/// is larger as JSON than as a finding.
const PIECE: usize = 64;
const PIECES: usize = 64;

impl Format for Json {
    fn write(&self, report: &Report, sources: &SourceMap) -> String {
        let mut text = String::new();
        self.pieces(report, sources, &mut |piece| text.push_str(piece));
        text
    }

    fn pieces(&self, report: &Report, sources: &SourceMap, out: &mut dyn FnMut(&str)) {
        let mut summary = summary(report);
        summary["incomplete"] = report.incomplete.into();
        out(&format!("{{\n  \"schemaVersion\": 1,\n  \"summary\": {},\n  \"findings\": [", indented(&summary, 1)));
        for (number, pieces) in report.findings.chunks(PIECE * PIECES).enumerate() {
            let written: Vec<String> = pieces.par_chunks(PIECE).map(|piece| listed(piece, sources)).collect();
            for (at, piece) in written.iter().enumerate() {
                out(if number + at > 0 { "," } else { "" });
                out(piece);
            }
        }
        out(if report.findings.is_empty() { "]" } else { "\n  ]" });
        if !report.tests.is_empty() {
            let tests: Vec<_> = report.tests.iter().map(test).collect();
            out(&format!(",\n  \"tests\": {}", indented(&tests, 1)));
        }
        out("\n}\n");
    }
}

/// Writes findings as items of the list of findings.
fn listed(findings: &[Diagnostic], sources: &SourceMap) -> String {
    let mut text = Vec::with_capacity(findings.len() * 1024);
    for (at, found) in findings.iter().enumerate() {
        text.extend_from_slice(if at > 0 { b",\n    " } else { b"\n    " });
        write(&mut text, &finding(found, sources), 2);
    }
    String::from_utf8(text).unwrap_or_default()
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

/// Writes a value that stands in others, at a depth.
fn indented(value: &impl Serialize, depth: usize) -> String {
    let mut text = Vec::new();
    write(&mut text, value, depth);
    String::from_utf8(text).unwrap_or_default()
}

fn write(text: &mut Vec<u8>, value: &impl Serialize, depth: usize) {
    let mut serializer = serde_json::Serializer::with_formatter(&mut *text, Indented { depth, filled: false });
    let written = value.serialize(&mut serializer);
    debug_assert!(written.is_ok(), "the keys are texts, and memory takes what is written");
}

/// serde_json's form with line breaks, begun at a depth.
struct Indented {
    depth: usize,
    /// Something was written into the innermost list or object.
    filled: bool,
}

impl Indented {
    fn open(&mut self, out: &mut (impl io::Write + ?Sized), bracket: &[u8]) -> io::Result<()> {
        (self.depth, self.filled) = (self.depth + 1, false);
        out.write_all(bracket)
    }

    fn close(&mut self, out: &mut (impl io::Write + ?Sized), bracket: &[u8]) -> io::Result<()> {
        self.depth -= 1;
        if self.filled {
            self.line(out, b"\n")?;
        }
        self.filled = true;
        out.write_all(bracket)
    }

    fn line(&self, out: &mut (impl io::Write + ?Sized), before: &[u8]) -> io::Result<()> {
        out.write_all(before)?;
        (0..self.depth).try_for_each(|_| out.write_all(b"  "))
    }
}

impl Formatter for Indented {
    fn begin_array<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.open(out, b"[")
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.close(out, b"]")
    }

    fn begin_array_value<W: ?Sized + io::Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.line(out, if first { b"\n" } else { b",\n" })
    }

    fn end_array_value<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.filled = true;
        Ok(())
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.open(out, b"{")
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.close(out, b"}")
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.line(out, if first { b"\n" } else { b",\n" })
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(b": ")
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.filled = true;
        Ok(())
    }
}

/// A file, by its name.
struct Name(Arc<SourceFile>);

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.name())
    }
}

#[derive(Serialize)]
struct Test<'a> {
    name: &'a str,
    file: &'a str,
    environment: Option<&'a str>,
    outcome: &'static str,
    skipped: Option<&'a str>,
}

/// A test; what does not hold of it stands among the findings.
fn test(test: &Tested) -> Test<'_> {
    let (outcome, skipped) = match &test.outcome {
        Outcome::Passed => ("passed", None),
        Outcome::Failed(_) => ("failed", None),
        Outcome::Skipped(why) => ("skipped", Some(why.as_str())),
    };
    Test { name: &test.name, file: &test.file, environment: test.environment.as_deref(), outcome, skipped }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Finding<'a> {
    rule: &'a str,
    severity: &'static str,
    message: &'a str,
    help: Option<&'a str>,
    file: Option<Name>,
    line: Option<u32>,
    column: Option<u32>,
    end_line: Option<u32>,
    end_column: Option<u32>,
    trace: Vec<Step<'a>>,
    edit: Option<Place<'a>>,
    fix: Option<FixOf<'a>>,
    rendered: Option<Place<'a>>,
    object: Option<Object<'a>>,
    path: Option<&'a str>,
    release: Option<&'a str>,
    environments: &'a [String],
    kubernetes_versions: &'a [String],
}

#[derive(Serialize)]
struct Step<'a> {
    file: Name,
    line: u32,
    what: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Place<'a> {
    file: Name,
    line: u32,
    column: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_column: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
}

#[derive(Serialize)]
struct FixOf<'a> {
    title: &'a str,
    safety: &'static str,
    edits: Vec<Place<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Object<'a> {
    api_version: &'a str,
    kind: &'a str,
    namespace: Option<&'a str>,
    name: &'a str,
}

fn finding<'a>(found: &'a Diagnostic, sources: &SourceMap) -> Finding<'a> {
    let at = found.span.map(|span| place(span, sources));
    let (line, column) = at.as_ref().map(|at| (at.line, at.column)).unzip();
    let (end_line, end_column) = at.as_ref().and_then(|at| at.end_line.zip(at.end_column)).unzip();
    let fix = found.shown_fix().map(|fix| FixOf {
        title: &fix.title,
        safety: fix.safety.name(),
        edits: fix.edits.iter().map(|edit| Place { text: Some(&edit.text), ..place(edit.span, sources) }).collect(),
    });
    let object = found.object.as_ref().map(|name| Object {
        api_version: &name.api_version,
        kind: &name.kind,
        namespace: name.namespace.as_deref(),
        name: &name.name,
    });
    Finding {
        rule: &found.rule,
        severity: found.severity.name(),
        message: &found.message,
        help: found.help.as_deref(),
        file: at.map(|at| at.file),
        line,
        column,
        end_line,
        end_column,
        trace: found.trace.iter().map(|call| step(call, sources)).collect(),
        edit: found.edit.as_ref().map(|edit| Place { key: Some(&edit.key), ..start(edit.span, sources) }),
        fix,
        rendered: found.rendered.map(|span| start(span, sources)),
        object,
        path: found.path.as_deref(),
        release: found.release.as_deref(),
        environments: &found.environments,
        kubernetes_versions: &found.versions,
    }
}

/// Where a span starts.
fn start<'a>(span: Span, sources: &SourceMap) -> Place<'a> {
    let file = sources.file(span.file);
    let position = file.position(span.start);
    Place {
        file: Name(file),
        line: position.line,
        column: position.column,
        end_line: None,
        end_column: None,
        key: None,
        text: None,
    }
}

/// Where a span starts and ends.
fn place<'a>(span: Span, sources: &SourceMap) -> Place<'a> {
    let start = start(span, sources);
    let end = start.file.0.position(span.end);
    Place { end_line: Some(end.line), end_column: Some(end.column), ..start }
}

fn step<'a>(call: &'a Trace, sources: &SourceMap) -> Step<'a> {
    let Place { file, line, .. } = start(call.span, sources);
    Step { file, line, what: &call.what }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Fix, Safety, TextEdit};

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
        let shown = |found: &Diagnostic| json!(finding(found, &sources))["fix"].take();
        assert_eq!(shown(&found), expected);
        assert_eq!(shown(&found.masked()), Value::Null);
    }
}
