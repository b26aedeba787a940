//! Markdown, for a comment on a pull request: a table with the worst first, as long as a comment may be.

use super::words::{counted, totals};
use super::{Format, Report};
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::SourceMap;
use std::fmt::Write as _;

/// What comments hold on the servers that people use, less a little.
const LIMIT: usize = 65_000;

/// Room for the line that counts what was left out.
const ROOM: usize = 200;

/// So many characters of a message or a help are shown.
const KEPT: usize = 1_000;

/// Writes a report as a table in Markdown of at most 65,000 bytes.
#[derive(Debug)]
pub struct Markdown;

impl Format for Markdown {
    fn write(&self, report: &Report, sources: &SourceMap) -> String {
        let mut text = format!("### Plimsoll: {}\n", totals(report));
        if report.findings.is_empty() {
            let objects = counted(report.objects(), "object");
            let _ = writeln!(text, "\nNothing found in {objects}.");
            return text;
        }
        text += "\n| | where | what |\n|---|---|---|\n";
        let mut worst_first: Vec<&Diagnostic> = report.findings.iter().collect();
        worst_first.sort_by_key(|finding| finding.severity);
        for (at, finding) in worst_first.iter().enumerate() {
            let row = row(finding, sources);
            if text.len() + row.len() + ROOM > LIMIT {
                let _ = writeln!(text, "\n{}", left_out(&worst_first[at..]));
                break;
            }
            text += &row;
        }
        text
    }
}

fn row(finding: &Diagnostic, sources: &SourceMap) -> String {
    let sign = match finding.severity {
        Severity::Error => "❌",
        Severity::Warning => "⚠️",
        Severity::Info => "ℹ️",
    };
    let place = |span: crate::source::Span| {
        let file = sources.file(span.file);
        code(&format!("{}:{}", file.name(), file.position(span.start).line))
    };
    let mut what = format!("{}: {}", code(&finding.rule), prose(&finding.message));
    if let Some(help) = &finding.help {
        let _ = write!(what, "<br>help: {}", prose(help));
    }
    if let Some(edit) = &finding.edit {
        let _ = write!(what, "<br>change it here: {} {}", place(edit.span), code(&edit.key));
    }
    if !finding.environments.is_empty() {
        let _ = write!(what, "<br>in {}", prose(&finding.environments.join(", ")));
    }
    let at = finding.span.map(place).unwrap_or_default();
    format!("| {sign} {} | {at} | {what} |\n", finding.severity.name())
}

fn left_out(findings: &[&Diagnostic]) -> String {
    let count = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let counts =
        [Severity::Error, Severity::Warning, Severity::Info].map(|severity| counted(count(severity), severity.name()));
    format!("…and {} more that a comment has no room for: {}.", findings.len(), counts.join(", "))
}

/// Writes a text whose names stand in backticks. Where those do not pair, all of it is taken by the letter.
fn prose(text: &str) -> String {
    let text: String =
        if text.chars().count() > KEPT { text.chars().take(KEPT).chain(['…']).collect() } else { text.to_owned() };
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return plain(&text);
    }
    let written =
        parts.iter().enumerate().map(|(at, part)| if at.is_multiple_of(2) { plain(part) } else { code(part) });
    written.collect()
}

/// Writes text so that nothing of it is Markdown or HTML, and nobody is called by their name.
fn plain(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '\n' => out += "<br>",
            '&' | '<' | '>' | '@' | '#' => _ = write!(out, "&#{};", c as u32),
            c if c.is_ascii_punctuation() && !",.:;!?'/=%\"()".contains(c) => {
                out.push('\\');
                out.push(c);
            }
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// Writes text as code, in a cell of a table.
fn code(text: &str) -> String {
    if text.trim().is_empty() {
        return plain(text);
    }
    let runs = text.split(|c| c != '`').map(str::len);
    let fence = "`".repeat(runs.max().unwrap_or_default() + 1);
    let pad = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) { " " } else { "" };
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    format!("{fence}{pad}{}{pad}{fence}", text.replace('|', "\\|"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_come_first_and_what_has_no_room_is_counted() {
        let sources = SourceMap::new();
        let span = sources.add("a.yaml", "a: 1\n").span();
        let mut report = Report::default();
        for at in 0..600 {
            report.findings.push(Diagnostic::warning("mild", format!("{at} {}", "long ".repeat(30))).at(span));
        }
        report.findings.push(Diagnostic::error("bad", "the worst").at(span));
        let text = Markdown.write(&report, &sources);
        assert!(text.len() <= LIMIT && text.len() > LIMIT - 1000, "{}", text.len());
        let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("| ")).collect();
        assert_eq!(rows[1], "| ❌ error | `a.yaml:1` | `bad`: the worst |");
        let left = 601 - (rows.len() - 1);
        let last = format!("…and {left} more that a comment has no room for: 0 errors, {left} warnings, 0 infos.");
        assert_eq!(text.lines().last(), Some(last.as_str()));
    }

    #[test]
    fn nothing_that_a_person_wrote_is_markup() {
        assert_eq!(
            prose("`a|b` is not <b>@me</b> *x* #1\nand"),
            "`a\\|b` is not &#60;b&#62;&#64;me&#60;/b&#62; \\*x\\* &#35;1<br>and"
        );
        assert_eq!(prose("a ` alone"), "a \\` alone");
        assert_eq!(code("a``b`"), "``` a``b` ```");
    }
}
