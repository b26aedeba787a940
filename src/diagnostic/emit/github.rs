//! GitHub's workflow commands: an annotation for each finding, beside the lines of a pull request.

use super::words::told;
use super::{Format, Report};
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::SourceMap;

/// Writes a report as workflow commands, a line each.
#[derive(Debug, Default)]
pub struct GitHub {
    /// The way from the repository's root to the current folder, with a final `/`; empty where that is the root. Annotations
    /// name files from the root.
    pub prefix: String,
}

impl Format for GitHub {
    fn write(&self, report: &Report, sources: &SourceMap) -> String {
        report.findings.iter().map(|finding| self.command(finding, report.versions(), sources)).collect()
    }
}

impl GitHub {
    fn command(&self, finding: &Diagnostic, versions: usize, sources: &SourceMap) -> String {
        let name = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "notice",
        };
        let mut properties = Vec::new();
        if let Some(span) = finding.span {
            let file = sources.file(span.file);
            let (start, end) = (file.position(span.start), file.position(span.end));
            let absolute = file.name().starts_with('/');
            let prefix = if absolute { "" } else { self.prefix.as_str() };
            properties.push(("file", format!("{prefix}{}", file.name())));
            properties.push(("line", start.line.to_string()));
            properties.push(("endLine", end.line.to_string()));
            // Columns are taken on one line only.
            if start.line == end.line {
                properties.push(("col", start.column.to_string()));
                properties.push(("endColumn", end.column.to_string()));
            }
        }
        properties.push(("title", finding.rule.to_string()));
        let properties: Vec<String> =
            properties.into_iter().map(|(key, value)| format!("{key}={}", escape_property(&value))).collect();
        format!("::{name} {}::{}\n", properties.join(","), escape(&told(finding, versions, sources)))
    }
}

/// Escapes the text of a command, which ends with its line.
fn escape(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes a property, which ends at a comma or at the two colons before the text.
fn escape_property(text: &str) -> String {
    escape(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_a_command_or_a_property_is_escaped() {
        let sources = SourceMap::new();
        let file = sources.add("a, b:c%.yaml", "x: 1\n");
        let mut report = Report::default();
        report.findings.push(Diagnostic::error("yaml/syntax", "100% of\r\n::warning::this, that").at(file.span()));
        report.findings.push(Diagnostic::new("x", Severity::Info, "no place").help("none: at, all"));
        let written = GitHub { prefix: "charts/".to_owned() }.write(&report, &sources);
        assert_eq!(
            written,
            "::error file=charts/a%2C b%3Ac%25.yaml,line=1,endLine=2,title=yaml/syntax::100%25 of%0D%0A::warning::this, that\n\
             ::notice title=x::no place%0Ahelp: none: at, all\n"
        );
    }
}
