//! SARIF 2.1.0, the OASIS standard that code scanning and editors read.

use super::words::{note, object_name, step_label};
use super::{About, Fingerprints, Format, MARK, Report};
use crate::diagnostic::{Diagnostic, Fix, Severity, Suppression};
use crate::source::{FileId, SourceMap, Span};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Where the standard's schema stands.
const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The name of the folder that the files' names start from.
const BASE: &str = "SRCROOT";

/// Writes a report as one SARIF log with one run, indented, with a final newline. What a person allowed is told, too, with
/// how it was allowed.
#[derive(Debug)]
pub struct Sarif;

impl Format for Sarif {
    fn write(&self, report: &Report, sources: &SourceMap) -> String {
        let all = || report.findings.iter().chain(&report.suppressed);
        let mut indexes: BTreeMap<&str, usize> = all().map(|finding| (finding.rule.as_ref(), 0)).collect();
        indexes.values_mut().enumerate().for_each(|(at, index)| *index = at);
        let rules: Vec<Value> = indexes.keys().map(|id| rule(id, report.rules.get(*id))).collect();
        let mut prints = Fingerprints::default();
        let log = Log { sources, versions: report.versions(), indexes: &indexes };
        let results: Vec<Value> =
            all().map(|finding| log.result(finding, &prints.numbered(finding, sources))).collect();
        let document = json!({
            "$schema": SCHEMA,
            "version": "2.1.0",
            "runs": [{
                "tool": { "driver": {
                    "name": "Plimsoll",
                    "fullName": concat!("Plimsoll ", env!("CARGO_PKG_VERSION")),
                    "shortDescription": { "text": env!("CARGO_PKG_DESCRIPTION") },
                    "semanticVersion": env!("CARGO_PKG_VERSION"),
                    "rules": rules,
                } },
                "invocations": [{ "executionSuccessful": !report.incomplete }],
                "originalUriBaseIds": { BASE: { "description": { "text": "the folder that plimsoll was run in" } } },
                "columnKind": "utf16CodeUnits",
                "results": results,
            }],
        });
        format!("{document:#}\n")
    }
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

fn rule(id: &str, about: Option<&About>) -> Value {
    let mut rule = Map::new();
    rule.insert("id".to_owned(), id.into());
    let Some(About { summary, why, remedy, severity, tags }) = about else { return rule.into() };
    let mut add = |key: &str, value: Value| rule.insert(key.to_owned(), value);
    add("shortDescription", json!({ "text": summary }));
    add("fullDescription", json!({ "text": if why.is_empty() { summary } else { why } }));
    let mut help = why.clone();
    if !remedy.is_empty() {
        help += if help.is_empty() { "" } else { "\n\n" };
        help += &format!("Remedy: {remedy}");
    }
    let allow = format!("plimsoll: allow {id} REASON");
    add(
        "help",
        json!({
            "text": format!("{help}\n\nTo allow it, write above the node, or behind the line: # {allow}").trim_start(),
            "markdown": format!("{help}\n\nTo allow it, write above the node, or behind the line: `# {allow}`").trim_start(),
        }),
    );
    add("defaultConfiguration", json!({ "level": level(*severity) }));
    add("properties", json!({ "tags": tags }));
    rule.into()
}

/// What results are written with.
struct Log<'a> {
    sources: &'a SourceMap,
    versions: usize,
    indexes: &'a BTreeMap<&'a str, usize>,
}

impl Log<'_> {
    fn result(&self, finding: &Diagnostic, fingerprint: &str) -> Value {
        let mut result = Map::new();
        let mut add = |key: &str, value: Value| result.insert(key.to_owned(), value);
        add("ruleId", finding.rule.as_ref().into());
        add("ruleIndex", json!(self.indexes.get(finding.rule.as_ref())));
        add("level", level(finding.severity).into());
        add("message", json!({ "text": self.message(finding) }));
        add("locations", self.location(finding).into_iter().collect());
        let related = self.related(finding);
        if !related.is_empty() {
            add("relatedLocations", related.into());
        }
        let fixes: Vec<Value> = finding.shown_fix().map(|fix| self.fix(fix)).into_iter().collect();
        if !fixes.is_empty() {
            add("fixes", fixes.into());
        }
        // The first is our own, the second is where code scanning looks.
        add("partialFingerprints", json!({ MARK: fingerprint, "primaryLocationLineHash": fingerprint }));
        // Either all results have suppressions or none has: an empty list says that nobody allowed it.
        add("suppressions", finding.suppression.iter().map(|by| self.suppression(by)).collect());
        add("properties", properties(finding));
        result.into()
    }

    fn message(&self, finding: &Diagnostic) -> String {
        let mut text = finding.message.clone();
        if let Some(help) = &finding.help {
            text += &format!("\nhelp: {help}");
        }
        if let Some(note) = note(finding, self.versions) {
            text += &format!("\nnote: {note}");
        }
        text
    }

    fn location(&self, finding: &Diagnostic) -> Option<Value> {
        let mut location = Map::new();
        if let Some(span) = finding.span {
            location.insert("physicalLocation".to_owned(), self.physical(span));
        }
        if let Some(object) = finding.object.as_ref().filter(|object| !object.kind.is_empty()) {
            let path = finding.path.as_deref().filter(|path| !path.is_empty());
            let name = object_name(object).replace(' ', "/");
            let full = path.map_or_else(|| name.clone(), |path| format!("{name}/{path}"));
            let logical = json!({ "name": object.name, "fullyQualifiedName": full, "kind": "resource" });
            location.insert("logicalLocations".to_owned(), json!([logical]));
        }
        (!location.is_empty()).then(|| location.into())
    }

    /// Gives the other places: the value to change first, the calls from the inside out, and labels.
    fn related(&self, finding: &Diagnostic) -> Vec<Value> {
        let edit = finding.edit.iter().map(|edit| (edit.span, format!("change it here: `{}`", edit.key)));
        let calls = finding.trace.iter().rev().map(|step| (step.span, step_label(&step.what)));
        let labels = finding.labels.iter().map(|label| (label.span, label.text.clone()));
        let places = edit.chain(calls).chain(labels).enumerate();
        let place = |(at, (span, text)): (usize, (Span, String))| json!({ "id": at + 1, "physicalLocation": self.physical(span), "message": { "text": text } });
        places.map(place).collect()
    }

    fn physical(&self, span: Span) -> Value {
        let file = self.sources.file(span.file);
        json!({ "artifactLocation": artifact(file.name()), "region": self.region(span) })
    }

    fn region(&self, span: Span) -> Value {
        let file = self.sources.file(span.file);
        json!({
            "startLine": file.position(span.start).line,
            "startColumn": file.utf16_column(span.start),
            "endLine": file.position(span.end).line,
            "endColumn": file.utf16_column(span.end),
        })
    }

    fn fix(&self, fix: &Fix) -> Value {
        let mut files: Vec<(FileId, Vec<Value>)> = Vec::new();
        for edit in &fix.edits {
            let replacement =
                json!({ "deletedRegion": self.region(edit.span), "insertedContent": { "text": edit.text } });
            match files.iter_mut().find(|(file, _)| *file == edit.span.file) {
                Some((_, replacements)) => replacements.push(replacement),
                None => files.push((edit.span.file, vec![replacement])),
            }
        }
        let change = |(file, replacements): (FileId, Vec<Value>)| json!({ "artifactLocation": artifact(self.sources.file(file).name()), "replacements": replacements });
        json!({
            "description": { "text": fix.title },
            "artifactChanges": files.into_iter().map(change).collect::<Vec<_>>(),
            "properties": { "safety": fix.safety.name() },
        })
    }

    fn suppression(&self, by: &Suppression) -> Value {
        let mut suppression =
            json!({ "kind": if by.place.is_some() { "inSource" } else { "external" }, "status": "accepted" });
        if !by.reason.is_empty() {
            suppression["justification"] = by.reason.as_str().into();
        }
        if let Some(place) = by.place {
            suppression["location"] = json!({ "physicalLocation": self.physical(place) });
        }
        suppression
    }
}

fn properties(finding: &Diagnostic) -> Value {
    json!({
        "release": finding.release,
        "environments": finding.environments,
        "kubernetesVersions": *finding.versions,
    })
}

/// Names a file by a URI: relative to the folder of the run, or whole where its name is.
fn artifact(name: &str) -> Value {
    let path = encode(name);
    if name.starts_with('/') {
        json!({ "uri": format!("file://{path}") })
    } else {
        json!({ "uri": path, "uriBaseId": BASE })
    }
}

/// Encodes all of a path but what a URI's path may hold in any place.
fn encode(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/!".contains(&byte);
    path.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_uris() {
        assert_eq!(artifact("charts/über shop/a:b#1%.yaml")["uri"], "charts/%C3%BCber%20shop/a%3Ab%231%25.yaml");
        assert_eq!(artifact("/etc/a.yaml"), json!({ "uri": "file:///etc/a.yaml" }));
        assert_eq!(artifact("../shop-1.0.0.tgz!templates/web.yaml")["uri"], "../shop-1.0.0.tgz!templates/web.yaml");
    }

    #[test]
    fn columns_are_utf_16_code_units() {
        let sources = SourceMap::new();
        let file = sources.add("a.yaml", "a: 🚢é x\n");
        let start = file.text().find('x').expect("is there");
        let mut report = Report::default();
        report.findings.push(Diagnostic::error("r", "m").at(Span::new(file.id(), start, start + 1)));
        let log: Value = serde_json::from_str(&Sarif.write(&report, &sources)).expect("is JSON");
        let region = &log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"];
        assert_eq!(*region, json!({ "startLine": 1, "startColumn": 8, "endLine": 1, "endColumn": 9 }));
    }
}
