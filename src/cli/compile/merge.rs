//! Makes one finding of those that several environments or versions share.

use crate::diagnostic::{Diagnostic, TextEdit};
use crate::source::{Ranks, SourceMap, Span};
use rayon::prelude::*;
use std::collections::HashMap;
use std::hash::{BuildHasher as _, Hash, Hasher, RandomState};
use std::sync::Arc;

/// Merges equal findings, the first standing for all; their environments and versions are joined in order.
///
/// Where a finding was rendered to, and the namespace of its object, differ between environments and do not tell findings
/// apart.
pub(in crate::cli) fn merge(findings: Vec<Diagnostic>, sources: &SourceMap) -> Vec<Diagnostic> {
    let ranks = sources.ranks();
    let state = RandomState::new();
    let hashes: Vec<u64> = findings.par_iter().map(|finding| state.hash_one(Key(finding, &ranks))).collect();
    let mut merged: Vec<Diagnostic> = Vec::with_capacity(findings.len());
    // The last of the merged ones with a hash, and of each the one before it with the same.
    let mut known: HashMap<u64, usize> = HashMap::with_capacity(findings.len());
    let mut before: Vec<Option<usize>> = Vec::with_capacity(findings.len());
    let mut joined = Vec::new();
    for (mut finding, hash) in findings.into_iter().zip(hashes) {
        let last = known.get(&hash).copied();
        let mut alike = std::iter::successors(last, |at| before[*at]);
        let Some(at) = alike.find(|at| Key(&merged[*at], &ranks) == Key(&finding, &ranks)) else {
            before.push(known.insert(hash, merged.len()));
            merged.push(finding);
            continue;
        };
        let first = &mut merged[at];
        // One namespace cannot stand for several.
        if let (Some(known), Some(object)) = (&mut first.object, &finding.object)
            && known.namespace != object.namespace
        {
            Arc::make_mut(known).namespace = None;
        }
        // A fix stands for all of them, or for none.
        if !same_fix(first, &finding, &ranks) {
            first.fix = None;
        }
        join(&mut first.environments, std::mem::take(&mut finding.environments));
        if first.versions != finding.versions {
            let mut all = first.versions.to_vec();
            join(&mut all, finding.versions.to_vec());
            first.versions = all.into();
        }
        joined.push(finding);
    }
    // There may be very many: somebody else gives their memory back.
    rayon::spawn(move || drop(joined));
    merged
}

/// What tells findings apart.
///
/// The same file may have been read twice, for two releases of one chart: its name stands for it.
struct Key<'a>(&'a Diagnostic, &'a Ranks);

impl Key<'_> {
    fn place(&self, span: Span) -> (Option<u32>, u32, u32) {
        (self.1.of(span.file), span.start, span.end)
    }

    fn what(&self) -> impl PartialEq + Hash {
        let Diagnostic { rule, severity, message, help, path, release, .. } = self.0;
        let object = self.0.object.as_ref().map(|object| (&object.api_version, &object.kind, &object.name));
        (rule, severity, message, help, path, release, self.0.span.map(|span| self.place(span)), object)
    }

    fn places(&self) -> impl Iterator<Item = ((Option<u32>, u32, u32), &str)> {
        let labels = self.0.labels.iter().map(|label| (self.place(label.span), label.text.as_str()));
        let trace = self.0.trace.iter().map(|step| (self.place(step.span), step.what.as_str()));
        labels.chain(trace).chain(self.0.edit.iter().map(|edit| (self.place(edit.span), edit.key.as_str())))
    }

    fn counts(&self) -> (usize, usize) {
        (self.0.labels.len(), self.0.trace.len())
    }
}

impl PartialEq for Key<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.what() == other.what() && self.counts() == other.counts() && self.places().eq(other.places())
    }
}

impl Hash for Key<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.what().hash(state);
        self.places().for_each(|place| place.hash(state));
    }
}

/// Tells whether two findings are mended alike.
fn same_fix(one: &Diagnostic, other: &Diagnostic, ranks: &Ranks) -> bool {
    let same_edit = |(a, b): (&TextEdit, &TextEdit)| {
        let place = |span: Span| (ranks.of(span.file), span.start, span.end);
        place(a.span) == place(b.span) && a.text == b.text
    };
    match (&one.fix, &other.fix) {
        (Some(a), Some(b)) => {
            let edits = a.edits.len() == b.edits.len() && a.edits.iter().zip(&b.edits).all(same_edit);
            edits && a.title == b.title && a.safety == b.safety
        }
        (a, b) => a.is_none() && b.is_none(),
    }
}

fn join(all: &mut Vec<String>, more: Vec<String>) {
    for item in more {
        if !all.contains(&item) {
            all.push(item);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Fix, Safety};

    #[test]
    fn equal_findings_become_one() {
        let sources = SourceMap::new();
        let span = sources.add("a.yaml", "a: 1\n").span();
        let finding = |message: &str, environment: &str| {
            let mut finding = Diagnostic::error("x", message).at(span);
            finding.environments = vec![environment.to_owned()];
            finding
        };
        let merged = merge(vec![finding("m", "dev"), finding("n", "dev"), finding("m", "prod")], &sources);
        let shown: Vec<_> = merged.iter().map(|found| (found.message.as_str(), found.environments.join(","))).collect();
        assert_eq!(shown, [("m", "dev,prod".to_owned()), ("n", "dev".to_owned())]);
    }

    #[test]
    fn a_fix_stays_where_it_is_the_same_for_all() {
        let sources = SourceMap::new();
        let span = sources.add("a.yaml", "a: 1\n").span();
        let finding = |text: &str| {
            let edits = vec![TextEdit { span, text: text.to_owned() }];
            let fix = Fix { title: "replace `1`".to_owned(), safety: Safety::Safe, edits };
            Diagnostic { fix: Some(fix), ..Diagnostic::error("x", "m").at(span) }
        };
        let same = merge(vec![finding("2"), finding("2")], &sources);
        assert_eq!(same.iter().filter(|found| found.fix.is_some()).count(), 1);
        let other = merge(vec![finding("2"), finding("3")], &sources);
        assert_eq!(other.iter().map(|found| found.fix.is_none()).collect::<Vec<_>>(), [true]);
    }
}
