//! What `fix` says of what it did.

use super::Outcome;
use super::change::{Proposal, place};
use crate::cli::args::ToneArgs;
use crate::diagnostic::{Diagnostic, Safety};
use crate::source::SourceMap;
use std::collections::BTreeSet;

/// A fix that was made.
pub(super) struct Done {
    place: String,
    rule: String,
    title: String,
    safety: Safety,
}

impl Done {
    pub(super) fn of(proposal: &Proposal) -> Self {
        let Proposal { place, rule, title, safety, masked, .. } = proposal;
        let mut title = if *masked { "change the value".to_owned() } else { title.clone() };
        let elsewhere = proposal.edits.keys().filter(|file| !place.starts_with(&format!("{file}:")));
        let files: Vec<_> = elsewhere.map(String::as_str).collect();
        if !files.is_empty() {
            title.push_str(&format!(", in {}", files.join(", ")));
        }
        Self { place: place.clone(), rule: rule.clone(), title, safety: *safety }
    }
}

/// What was not fixed, and why.
pub(super) struct Left {
    place: String,
    rule: String,
    reason: String,
}

impl Left {
    pub(super) fn of(proposal: &Proposal, reason: String) -> Self {
        Self { place: proposal.place.clone(), rule: proposal.rule.clone(), reason }
    }
}

/// Lists the findings that could not be fixed though one would know how.
pub(super) fn left(findings: &[Diagnostic], broken: &BTreeSet<String>, sources: &SourceMap) -> Vec<Left> {
    let reason = |finding: &Diagnostic| {
        let refused = finding.wish.as_ref()?.refused.clone();
        let unrendered = finding.release.as_ref().filter(|release| broken.contains(*release));
        let differs = || finding.fix.is_none().then(|| "its fix is not the same in every environment".to_owned());
        refused.or_else(|| Some(format!("the release `{}` does not render", unrendered?))).or_else(differs)
    };
    let left = |finding: &Diagnostic| {
        Some(Left { place: place(finding, sources), rule: finding.rule.to_string(), reason: reason(finding)? })
    };
    findings.iter().filter_map(left).collect()
}

/// Words what was done; `only` says that nothing was written.
pub(super) fn tell(outcome: &Outcome, files: usize, only: bool, tone: ToneArgs) -> String {
    let mut out = String::new();
    let mut line =
        |what: &str, place: &str, rule: &str, text: &str| out.push_str(&format!("{what}{place}: {text} ({rule})\n"));
    let made = if only { "would fix " } else { "fixed " };
    if !tone.quiet {
        for done in &outcome.done {
            let title = match done.safety {
                Safety::Safe => done.title.clone(),
                Safety::Unsafe => format!("{}, unsafe", done.title),
            };
            line(made, &done.place, &done.rule, &title);
        }
        for left in &outcome.taken_back {
            line("took back ", &left.place, &left.rule, &left.reason);
        }
    }
    if tone.verbose {
        for left in &outcome.left {
            line("not fixed ", &left.place, &left.rule, &left.reason);
        }
    }
    if !tone.quiet {
        let count =
            |count: usize, what: &str| if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") };
        let (fixes, files) =
            (count(outcome.done.len(), if outcome.done.len() == 1 { "fix" } else { "fixe" }), count(files, "file"));
        let verb = if only { "would change" } else { "in" };
        out.push_str(&format!("{fixes} {verb} {files}"));
        if outcome.held_back > 0 {
            out.push_str(&format!("; `--unsafe` has {} more", outcome.held_back));
        }
        out.push('\n');
    }
    out
}
