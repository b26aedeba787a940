//! JUnit's XML, for the test reports of CI servers.
//!
//! A finding is a test case of its file. It fails where it makes the run fail, so that a server's verdict is the exit code's;
//! a milder one passes, with its text as output. What was checked are cases that pass, so that a clean run reports something.

use super::words::{counted, told};
use super::{Checked, Format, Outcome, Report};
use crate::diagnostic::Diagnostic;
use crate::source::{SourceMap, Span};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Writes a report as JUnit's XML.
#[derive(Debug)]
pub struct JUnit;

/// A group of test cases.
#[derive(Default)]
struct Suite {
    name: String,
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
    cases: String,
    /// How often each name came: a server takes equal ones for one.
    names: BTreeMap<String, usize>,
}

impl Format for JUnit {
    fn write(&self, report: &Report, sources: &SourceMap) -> String {
        let mut suites: Vec<Suite> = Vec::new();
        // What does not hold of a test is told as the test.
        let of_tests = report.tests.iter().flat_map(|test| match &test.outcome {
            Outcome::Failed(failures) => failures.as_slice(),
            _ => &[],
        });
        let of_tests: BTreeSet<(&str, Option<Span>)> =
            of_tests.map(|finding| (finding.message.as_str(), finding.span)).collect();
        let findings = report.findings.iter();
        for finding in findings.filter(|finding| !of_tests.contains(&(finding.message.as_str(), finding.span))) {
            let place = finding.span.map(|span| (sources.file(span.file), span));
            let name = place.as_ref().map_or("plimsoll", |(file, _)| file.name());
            // Findings come file by file.
            if suites.last().is_none_or(|suite| suite.name != name) {
                suites.push(Suite { name: name.to_owned(), ..Suite::default() });
            }
            let line = place.as_ref().map(|(file, span)| file.position(span.start).line);
            if let Some(suite) = suites.last_mut() {
                suite.add(finding, line, report, sources);
            }
        }
        suites.extend(tested(report, sources));
        if !report.checked.is_empty() || report.incomplete {
            suites.push(checked(report));
        }
        let sum = |count: fn(&Suite) -> usize| suites.iter().map(count).sum::<usize>();
        let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        let (tests, failures, errors) =
            (sum(|suite| suite.tests), sum(|suite| suite.failures), sum(|suite| suite.errors));
        let counts = format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\"");
        let _ = writeln!(text, "<testsuites name=\"plimsoll\" {counts}>");
        for suite in &suites {
            let Suite { name, tests, failures, errors, skipped, cases, .. } = suite;
            let counts = format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\"");
            let _ = writeln!(text, "  <testsuite name=\"{}\" {counts}>\n{cases}  </testsuite>", attribute(name));
        }
        text + "</testsuites>\n"
    }
}

impl Suite {
    fn add(&mut self, finding: &Diagnostic, line: Option<u32>, report: &Report, sources: &SourceMap) {
        let file = attribute(&self.name);
        let at = line.map(|line| format!(":{line}")).unwrap_or_default();
        let place = line.map(|line| format!(" file=\"{file}\" line=\"{line}\"")).unwrap_or_default();
        // Without its line, so that a server knows it again when lines move.
        let mut name = format!("{}: {}", finding.rule, finding.message);
        let seen = self.names.entry(name.clone()).or_default();
        *seen += 1;
        if *seen > 1 {
            name += &format!(" ({seen})");
        }
        let name = attribute(&name);
        let text =
            format!("{}{at}: {}: {}", self.name, finding.severity.name(), told(finding, report.versions(), sources));
        let _ = write!(self.cases, "    <testcase classname=\"{file}\" name=\"{name}\"{place}>\n      ");
        if report.fails(finding) {
            self.failures += 1;
            let (kind, message) = (attribute(&finding.rule), attribute(&finding.message));
            let _ = writeln!(self.cases, "<failure type=\"{kind}\" message=\"{message}\">{}</failure>", escape(&text));
        } else {
            let _ = writeln!(self.cases, "<system-out>{}</system-out>", escape(&text));
        }
        self.cases += "    </testcase>\n";
        self.tests += 1;
    }
}

/// Lists the tests that were run, a suite for each of their files.
fn tested(report: &Report, sources: &SourceMap) -> Vec<Suite> {
    let mut suites: Vec<Suite> = Vec::new();
    for test in &report.tests {
        if suites.last().is_none_or(|suite| suite.name != test.file) {
            suites.push(Suite { name: test.file.clone(), ..Suite::default() });
        }
        let Some(suite) = suites.last_mut() else { continue };
        let environment = test.environment.as_ref().map(|name| format!(" in {name}")).unwrap_or_default();
        let (file, name) = (attribute(&test.file), attribute(&format!("{}{environment}", test.name)));
        let _ = writeln!(suite.cases, "    <testcase classname=\"{file}\" name=\"{name}\" file=\"{file}\">");
        match &test.outcome {
            Outcome::Passed => {}
            Outcome::Skipped(why) => {
                suite.skipped += 1;
                let _ = writeln!(suite.cases, "      <skipped message=\"{}\"/>", attribute(why));
            }
            Outcome::Failed(failures) => {
                suite.failures += 1;
                let all: Vec<String> =
                    failures.iter().map(|failure| told(failure, report.versions(), sources)).collect();
                let message = failures.first().map(|failure| attribute(&failure.message)).unwrap_or_default();
                let _ = writeln!(
                    suite.cases,
                    "      <failure message=\"{message}\">{}</failure>",
                    escape(&all.join("\n\n"))
                );
            }
        }
        suite.cases += "    </testcase>\n";
        suite.tests += 1;
    }
    suites
}

/// Lists what was checked.
fn checked(report: &Report) -> Suite {
    let mut suite = Suite { name: "checked".to_owned(), ..Suite::default() };
    for Checked { name, environment, objects, versions, .. } in &report.checked {
        let environment = environment.as_ref().map(|name| format!(" in {name}")).unwrap_or_default();
        let versions =
            if versions.is_empty() { String::new() } else { format!(", Kubernetes {}", versions.join(", ")) };
        let name = attribute(&format!("{name}{environment}: {}{versions}", counted(*objects, "object")));
        let _ = writeln!(suite.cases, "    <testcase classname=\"checked\" name=\"{name}\"/>");
        suite.tests += 1;
    }
    if report.incomplete {
        let error = "<error type=\"input\" message=\"some input could not be read\"/>";
        let _ = writeln!(
            suite.cases,
            "    <testcase classname=\"checked\" name=\"input\">\n      {error}\n    </testcase>"
        );
        suite.tests += 1;
        suite.errors += 1;
    }
    suite
}

/// Escapes text between tags. XML has no way to write control characters: others stand for them.
fn escape(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '\n' | '\t' => out.push(c),
            '\r' => out += "&#13;",
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c if c.is_ascii_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
        out
    })
}

/// Escapes an attribute's text, in which line breaks would become blanks.
fn attribute(text: &str) -> String {
    escape(text).replace('"', "&quot;").replace('\n', "&#10;").replace('\t', "&#9;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped() {
        assert_eq!(attribute("<a href=\"b\">\n&\u{1b}[0m\r"), "&lt;a href=&quot;b&quot;&gt;&#10;&amp;\u{fffd}[0m&#13;");
        assert_eq!(escape("a\n\"b\""), "a\n\"b\"");
    }
}
