//! GitLab's report of code quality: a list of issues, shown beside the lines of a merge request.

use super::words::told;
use super::{Fingerprints, Format, Report};
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::SourceMap;
use serde_json::{Value, json};

/// Writes a report as a JSON list, with a final newline. Findings without a place stand at the first line of `.`.
#[derive(Debug, Default)]
pub struct GitLab {
    /// The way from the repository's root to the current folder, with a final `/`; empty where that is the root.
    pub prefix: String,
}

impl Format for GitLab {
    fn write(&self, report: &Report, sources: &SourceMap) -> String {
        let mut prints = Fingerprints::default();
        let issue = |finding: &Diagnostic| self.issue(finding, report.versions(), &mut prints, sources);
        let issues: Vec<Value> = report.findings.iter().map(issue).collect();
        format!("{:#}\n", Value::from(issues))
    }
}

impl GitLab {
    fn issue(&self, finding: &Diagnostic, versions: usize, prints: &mut Fingerprints, sources: &SourceMap) -> Value {
        let (path, line) = match finding.span {
            Some(span) => {
                let file = sources.file(span.file);
                let prefix = if file.name().starts_with('/') { "" } else { self.prefix.as_str() };
                (format!("{prefix}{}", file.name()), file.position(span.start).line)
            }
            None => (".".to_owned(), 1),
        };
        let severity = match finding.severity {
            Severity::Error => "critical",
            Severity::Warning => "minor",
            Severity::Info => "info",
        };
        json!({
            "description": told(finding, versions, sources),
            "check_name": finding.rule,
            // GitLab knows an issue by this alone, so the file has a part in it.
            "fingerprint": format!("{path}:{}", prints.numbered(finding, sources)),
            "severity": severity,
            "location": { "path": path, "lines": { "begin": line } },
        })
    }
}
