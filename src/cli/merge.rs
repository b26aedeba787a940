//! Makes one finding of those that several environments or versions share.

use crate::diagnostic::Diagnostic;
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
}
