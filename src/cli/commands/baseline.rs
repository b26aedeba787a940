//! Baselines: files that list the findings of a day, so that only new ones are told.
//!
//! A finding is known again by its file, its rule and its fingerprint, which survives that lines move. Of equal ones as many
//! are left out as there were. An entry that nothing answers to any more is told.

use crate::cli::compile::Question;
use crate::cli::inputs::read_text;
use crate::cli::paths::Base;
use crate::cli::trouble::Trouble;
use crate::cli::world::World;
use crate::diagnostic::emit::{Fingerprints, Report};
use crate::diagnostic::{Diagnostic, Severity, Suppression};
use crate::source::{SourceMap, Span};
use crate::yaml::{self, Node};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The findings that a file lists.
pub(in crate::cli) struct Baseline {
    path: PathBuf,
    entries: BTreeMap<Key, Entry>,
}

/// What a finding is known by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    /// The file's name, from the current folder; empty for findings without a place.
    file: String,
    rule: String,
    fingerprint: String,
}

/// How often a finding is listed, and where.
struct Entry {
    count: usize,
    place: Span,
}

impl Key {
    fn of(finding: &Diagnostic, sources: &SourceMap) -> Self {
        let file = finding.span.map(|span| sources.file(span.file).name().to_owned()).unwrap_or_default();
        Self { file, rule: finding.rule.to_string(), fingerprint: Fingerprints::of(finding, sources) }
    }
}

/// Tells whether a finding may be listed: not what says that the input could not be read or rendered, for without that,
/// silence would prove nothing; and not what is wrong with a suppression.
fn may_be_listed(finding: &Diagnostic) -> bool {
    match finding.rule.split_once('/').map(|(stage, _)| stage) {
        Some("suppression") => false,
        Some("schema" | "api" | "policy") | None => true,
        Some(_) => finding.severity != Severity::Error,
    }
}

impl Baseline {
    /// Reads a baseline.
    pub(in crate::cli) fn read(
        path: &Path,
        sources: &SourceMap,
        base: &Base,
        world: &dyn World,
    ) -> Result<Self, Trouble> {
        let source = sources.add(base.show(path), read_text(world, path)?);
        let parsed = yaml::parse(&source);
        let wrong = |what: &str| {
            Trouble::new(format!("`{}` is no baseline: {what}", path.display()))
                .help("`--write-baseline FILE` writes one")
        };
        if let Some(problem) = parsed.diagnostics.first() {
            return Err(wrong(&problem.message));
        }
        let root = parsed.documents.first().ok_or_else(|| wrong("it is empty"))?.root();
        if root.get("schemaVersion").and_then(Node::as_i64) != Some(1) {
            return Err(wrong("it has not `\"schemaVersion\": 1`"));
        }
        let folder = path.parent().unwrap_or(Path::new(""));
        let mut entries = BTreeMap::new();
        for item in root.get("findings").ok_or_else(|| wrong("it has no `findings`"))?.items() {
            let text = |key: &str| item.get(key).and_then(Node::as_str).map(str::to_owned);
            let count = item.get("count").map_or(Some(1), Node::as_i64).and_then(|count| usize::try_from(count).ok());
            let (Some(rule), Some(fingerprint), Some(count)) = (text("rule"), text("fingerprint"), count) else {
                let line = source.position(item.span().start).line;
                return Err(wrong(&format!("line {line} lists no finding")));
            };
            let file = text("file").map(|file| base.show(&folder.join(file))).unwrap_or_default();
            let entry = entries.entry(Key { file, rule, fingerprint });
            entry.or_insert(Entry { count: 0, place: item.span() }).count += count;
        }
        Ok(Self { path: path.to_owned(), entries })
    }

    /// Leaves out what is listed, and tells what is listed in vain.
    pub(in crate::cli) fn apply(
        mut self,
        report: &mut Report,
        question: &Question<'_>,
        sources: &SourceMap,
        base: &Base,
        world: &dyn World,
    ) {
        let mut count = |key: &Key| {
            let entry = self.entries.get_mut(key).filter(|entry| entry.count > 0);
            entry.map(|entry| entry.count -= 1).is_some()
        };
        let reason = format!("listed in the baseline {}", base.show(&self.path));
        leave_out(report, &reason, sources, &mut count);
        if question.rules.choice.skipped.iter().any(|id| id == STALE) || !looks_for_all(question) {
            return;
        }
        let read: BTreeSet<String> = sources.written().iter().map(|file| file.name().to_owned()).collect();
        for (Key { file, rule, .. }, entry) in self.entries.iter().filter(|(_, entry)| entry.count > 0) {
            let looked_for = if rule.contains('/') { question.stages.validate } else { question.stages.lint };
            let gone = !file.is_empty() && world.entry(Path::new(file)).is_err();
            if looked_for && (read.contains(file) || gone) {
                let times = if entry.count > 1 { format!("{} times ", entry.count) } else { String::new() };
                let message = format!("the baseline lists `{rule}` {times}in `{file}`, but nothing breaks it there");
                let stale = Diagnostic::warning(STALE, message).at(entry.place);
                report.findings.push(stale.help("write the baseline anew with `--write-baseline`"));
            }
        }
    }
}

const STALE: &str = "suppression/baseline";

/// Tells whether all is looked for that was when the baseline was written: flags narrow nothing.
fn looks_for_all(question: &Question<'_>) -> bool {
    let rules = question.rules;
    question.release.environments.is_empty() && rules.profiles.is_empty() && rules.choice.rules.is_empty()
}

/// Moves findings that are listed to those that are suppressed.
fn leave_out(report: &mut Report, reason: &str, sources: &SourceMap, is_listed: &mut dyn FnMut(&Key) -> bool) {
    report.sort(sources);
    for mut finding in std::mem::take(&mut report.findings) {
        if may_be_listed(&finding) && is_listed(&Key::of(&finding, sources)) {
            finding.suppression = Some(Suppression { place: None, reason: reason.to_owned() });
            report.suppressed.push(finding);
        } else {
            report.findings.push(finding);
        }
    }
}

/// Lists the findings of a report in a file, and leaves them out.
pub(in crate::cli) fn write(
    path: &Path,
    report: &mut Report,
    sources: &SourceMap,
    base: &Base,
    world: &dyn World,
) -> Result<(), Trouble> {
    // Files are named from the baseline's folder, so that it does not matter where the command runs.
    let folder = Base::new(&base.absolute(path.parent().unwrap_or(Path::new(""))));
    let mut listed: BTreeMap<Key, (usize, Option<String>)> = BTreeMap::new();
    for finding in report.findings.iter().filter(|finding| may_be_listed(finding)) {
        let object = finding.object.as_ref().map(|object| format!("{}/{}", object.kind, object.name));
        listed.entry(Key::of(finding, sources)).or_insert((0, object)).0 += 1;
    }
    let mut lines = Vec::new();
    for (Key { file, rule, fingerprint }, (count, object)) in &listed {
        let file = (!file.is_empty()).then(|| folder.show(&base.absolute(Path::new(file))));
        let entry = json!({ "rule": rule, "file": file, "object": object, "fingerprint": fingerprint, "count": count });
        lines.push(format!("    {entry}"));
    }
    let list = if lines.is_empty() { "[]".to_owned() } else { format!("[\n{}\n  ]", lines.join(",\n")) };
    let text = format!("{{\n  \"schemaVersion\": 1,\n  \"findings\": {list}\n}}\n");
    world.write(path, text.as_bytes()).map_err(|error| Trouble::io("write", path, &error))?;
    let reason = format!("listed in the baseline {}", base.show(path));
    leave_out(report, &reason, sources, &mut |key| listed.contains_key(key));
    Ok(())
}
