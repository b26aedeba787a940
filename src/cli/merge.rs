//! Makes one finding of those that several environments or versions share.

use crate::diagnostic::{Diagnostic, TextEdit};
use crate::source::SourceMap;
use std::collections::HashMap;

/// Merges equal findings, the first standing for all; their environments and versions are joined in order.
///
/// Where a finding was rendered to, and the namespace of its object, differ between environments and do not tell findings
/// apart.
pub(super) fn merge(findings: Vec<Diagnostic>, sources: &SourceMap) -> Vec<Diagnostic> {
    let mut merged: Vec<Diagnostic> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for finding in findings {
        match known.entry(key(&finding, sources)) {
            std::collections::hash_map::Entry::Occupied(at) => {
                let first = &mut merged[*at.get()];
                // One namespace cannot stand for several.
                if let (Some(known), Some(object)) = (&mut first.object, &finding.object)
                    && known.namespace != object.namespace
                {
                    known.namespace = None;
                }
                // A fix stands for all of them, or for none.
                if fix_key(first, sources) != fix_key(&finding, sources) {
                    first.fix = None;
                }
                join(&mut first.environments, finding.environments);
                join(&mut first.versions, finding.versions);
            }
            std::collections::hash_map::Entry::Vacant(at) => {
                at.insert(merged.len());
                merged.push(finding);
            }
        }
    }
    merged
}

fn key(finding: &Diagnostic, sources: &SourceMap) -> String {
    // The same file may have been read twice, for two releases of one chart: its name stands for it.
    let place = |span: crate::source::Span| (sources.file(span.file).name().to_owned(), span.start, span.end);
    let object = finding.object.as_ref().map(|object| (&object.api_version, &object.kind, &object.name));
    let labels: Vec<_> = finding.labels.iter().map(|label| (place(label.span), &label.text)).collect();
    let trace: Vec<_> = finding.trace.iter().map(|step| (place(step.span), &step.what)).collect();
    let edit = finding.edit.as_ref().map(|edit| (place(edit.span), &edit.key));
    let what = (&finding.rule, finding.severity, &finding.message, &finding.help, &finding.path, &finding.release);
    format!("{:?}", (what, finding.span.map(place), labels, trace, edit, object))
}

fn fix_key(finding: &Diagnostic, sources: &SourceMap) -> Option<String> {
    let name = |span: crate::source::Span| sources.file(span.file).name().to_owned();
    let edit = |edit: &TextEdit| (name(edit.span), edit.span.range(), edit.text.clone());
    let fix = finding.fix.as_ref()?;
    Some(format!("{:?}", (&fix.title, fix.safety, fix.edits.iter().map(edit).collect::<Vec<_>>())))
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
