//! Fixes as changes of files by name, and what becomes of texts by them.

use super::Texts;
use crate::diagnostic::{Diagnostic, Safety};
use crate::source::SourceMap;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// A fix, with all findings that it is for.
#[derive(Debug)]
pub(super) struct Proposal {
    pub(super) title: String,
    pub(super) safety: Safety,
    pub(super) rule: String,
    /// Where the finding is, as it is told.
    pub(super) place: String,
    /// By file: its name, and its edits in order.
    pub(super) edits: BTreeMap<String, Vec<(Range<usize>, String)>>,
    /// What it is for, as [`marks`] names it; equal ones as often as they are.
    pub(super) findings: Vec<String>,
    /// Its text is not told.
    pub(super) masked: bool,
}

impl Proposal {
    /// Tells what it is, so that one that was tried in vain is known again when its place has moved.
    pub(super) fn name(&self) -> String {
        format!("{} {} {:?}", self.rule, self.title, self.findings.first())
    }

    /// Tells whether it is of one of these releases, and not about their values.
    pub(super) fn is_of(&self, releases: &BTreeSet<String>) -> bool {
        // A mark names the release behind the rule.
        let of = |mark: &String| mark.split(' ').nth(1).is_some_and(|release| releases.contains(release));
        !self.rule.starts_with("values/") && self.findings.iter().any(of)
    }

    /// Tells whether both change the same place.
    fn meets(&self, other: &Self) -> bool {
        self.edits.iter().any(|(file, edits)| {
            let others = other.edits.get(file).into_iter().flatten();
            others.into_iter().any(|(theirs, _)| {
                // Where one ends, another may begin; but two that insert at one place have no order.
                edits.iter().any(|(ours, _)| {
                    (ours.start < theirs.end && theirs.start < ours.end)
                        || ours == theirs
                        || (ours.is_empty() && theirs.start <= ours.start && ours.start <= theirs.end)
                        || (theirs.is_empty() && ours.start <= theirs.start && theirs.start <= ours.end)
                })
            })
        })
    }
}

/// Gathers the fixes of findings: equal edits are one fix.
pub(super) fn proposals(findings: &[Diagnostic], sources: &SourceMap) -> Vec<Proposal> {
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    let mut proposals: Vec<Proposal> = Vec::new();
    for finding in findings {
        let Some(fix) = &finding.fix else { continue };
        let mut edits: BTreeMap<String, Vec<(Range<usize>, String)>> = BTreeMap::new();
        for edit in &fix.edits {
            let name = sources.file(edit.span.file).name().to_owned();
            edits.entry(name).or_default().push((edit.span.range(), edit.text.clone()));
        }
        let marks = mark(finding);
        if let Some(at) = known.get(&format!("{edits:?}")) {
            proposals[*at].findings.push(marks);
            continue;
        }
        known.insert(format!("{edits:?}"), proposals.len());
        proposals.push(Proposal {
            title: fix.title.clone(),
            safety: fix.safety,
            rule: finding.rule.to_string(),
            place: place(finding, sources),
            edits,
            findings: vec![marks],
            masked: finding.masked,
        });
    }
    proposals
}

/// Leaves out what changes the same place as one before it.
pub(super) fn apart(proposals: Vec<Proposal>) -> Vec<Proposal> {
    let mut chosen: Vec<Proposal> = Vec::new();
    for proposal in proposals {
        if !chosen.iter().any(|other| other.meets(&proposal)) {
            chosen.push(proposal);
        }
    }
    chosen
}

/// Applies fixes that do not meet to texts. `read` gives texts that nothing has changed yet.
pub(super) fn apply(proposals: &[&Proposal], texts: &Texts, read: impl Fn(&str) -> Option<String>) -> Option<Texts> {
    let mut by_file: BTreeMap<&str, Vec<&(Range<usize>, String)>> = BTreeMap::new();
    for (file, edits) in proposals.iter().flat_map(|proposal| &proposal.edits) {
        by_file.entry(file).or_default().extend(edits);
    }
    let mut changed = texts.clone();
    for (file, mut edits) in by_file {
        let old = texts.get(file).cloned().or_else(|| read(file))?;
        edits.sort_by_key(|(range, _)| (range.start, range.end));
        let mut new = String::with_capacity(old.len());
        let mut at = 0;
        for (range, text) in edits {
            new.push_str(old.get(at..range.start)?);
            new.push_str(text);
            at = range.end;
        }
        new.push_str(old.get(at..)?);
        changed.insert(file.to_owned(), new);
    }
    Some(changed)
}

/// Says where a finding is.
pub(super) fn place(finding: &Diagnostic, sources: &SourceMap) -> String {
    let Some(span) = finding.span else { return "-".to_owned() };
    let file = sources.file(span.file);
    let at = file.position(span.start);
    format!("{}:{}:{}", file.name(), at.line, at.column)
}

fn object(finding: &Diagnostic) -> String {
    let name = |object: &crate::diagnostic::ObjectName| format!("{}/{}", object.kind, object.name);
    finding.object.as_deref().map(name).unwrap_or_default()
}

/// Names a finding, wherever its line has moved to.
pub(super) fn mark(finding: &Diagnostic) -> String {
    let release = finding.release.as_deref().unwrap_or_default();
    let path = finding.path.as_deref().unwrap_or_default();
    format!("{} {release} {} {path} {}", finding.rule, object(finding), finding.message)
}

/// Lists what is wrong with texts themselves, each by its name without the numbers of list items, which shift.
pub(super) fn plain_wrongs(findings: &[Diagnostic]) -> BTreeSet<String> {
    let stages = ["schema/", "yaml/", "template/", "values/"];
    let of_text = findings.iter().filter(|finding| stages.iter().any(|stage| finding.rule.starts_with(stage)));
    of_text.map(|finding| mark(finding).chars().filter(|c| !c.is_ascii_digit()).collect()).collect()
}

/// Counts findings by their names.
pub(super) fn marks(findings: &[Diagnostic]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for finding in findings {
        *counts.entry(mark(finding)).or_default() += 1;
    }
    counts
}

/// Counts what is wrong by rule, object, environment and version, so that anything new shows, however it is worded.
pub(super) fn wrongs(findings: &[Diagnostic]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for finding in findings {
        let all = vec![String::new()];
        let or_all = |list: &'_ [String]| if list.is_empty() { all.clone() } else { list.to_vec() };
        for environment in or_all(&finding.environments) {
            for version in or_all(&finding.versions) {
                let release = finding.release.as_deref().unwrap_or_default();
                let key = format!("{} {release} {} {environment} {version}", finding.rule, object(finding));
                *counts.entry(key).or_default() += 1;
            }
        }
    }
    counts
}
