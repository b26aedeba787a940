//! Markdown for comments on changes, no longer than such a comment may be.

use super::{Field, Format, Line, ObjectChange, Part, Report, inline, lines, name, place, remarks, written};
use std::fmt::Write as _;

/// Writes a report as Markdown.
#[derive(Clone, Copy, Debug)]
pub struct Markdown {
    /// How many characters it may have.
    pub limit: usize,
}

/// Room for the sentence that says what is left out.
const REST: usize = 120;

impl Format for Markdown {
    fn write(&self, report: &Report) -> String {
        let mut text = String::new();
        let mut left_out = 0;
        let limit = self.limit.saturating_sub(REST);
        let mut push = |block: String, objects: usize| {
            if left_out > 0 || text.chars().count() + block.chars().count() > limit {
                left_out += objects;
            } else {
                text += &block;
            }
        };
        for part in &report.parts {
            push(head(part), 0);
            for change in &part.changes.objects {
                push(object(change), 1);
            }
        }
        for trouble in &report.troubles {
            push(format!("\n> could not be compared: {}\n", trouble.replace('\n', " ")), 0);
        }
        if left_out > 0 {
            let objects = if left_out == 1 { "object is" } else { "objects are" };
            let _ = writeln!(text, "\n{left_out} more {objects} left out, to keep within {} characters.", self.limit);
        }
        text
    }
}

fn head(part: &Part) -> String {
    let counts = if part.changes.is_empty() {
        format!("no change, {} objects are the same", part.changes.unchanged)
    } else {
        part.counts()
    };
    format!("### {}\n\n{counts}\n", part.title())
}

fn object(change: &ObjectChange) -> String {
    let mut body = String::new();
    for field in &change.fields {
        write_field(field, &mut body);
    }
    if change.fields.is_empty() {
        let (mark, data) = match (&change.new, &change.old) {
            (Some(new), _) => ('+', Some(new)),
            (None, old) => ('-', old.as_ref()),
        };
        for line in data.map(super::block).unwrap_or_default().lines() {
            let _ = writeln!(body, "{mark} {line}");
        }
    }
    // A fence is longer than any run of backticks in what it holds.
    let longest = body.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    let what = change.what.name();
    let at = change.place.as_ref().map(|at| format!(" ({})", place(at))).unwrap_or_default();
    let mut said = String::new();
    for remark in remarks(change) {
        let _ = write!(said, "{}\n\n", escaped(&remark));
    }
    format!(
        "\n<details><summary>{what}: {}{}</summary>\n\n{said}{fence}diff\n{body}{fence}\n\n</details>\n",
        escaped(&name(&change.object)),
        escaped(&at)
    )
}

fn write_field(field: &Field, body: &mut String) {
    let path = &field.path;
    let mut notes: Vec<String> = written(field).map(place).into_iter().collect();
    notes.extend(field.drift.as_ref().map(|who| format!("set in the cluster by {who}")));
    if !notes.is_empty() {
        let _ = writeln!(body, "# {}", notes.join(", "));
    }
    if let Some((old, new)) = inline(field) {
        if field.old.is_some() {
            let _ = writeln!(body, "- {path}: {old}");
        }
        if field.new.is_some() {
            let _ = writeln!(body, "+ {path}: {new}");
        }
        return;
    }
    let _ = writeln!(body, "@@ {path} @@");
    for line in lines(field) {
        let _ = match line {
            Line::Same(line) => writeln!(body, "  {line}"),
            Line::Old(line) => writeln!(body, "- {line}"),
            Line::New(line) => writeln!(body, "+ {line}"),
            Line::Gap => writeln!(body, "…"),
        };
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
