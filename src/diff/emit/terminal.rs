//! For people: compact, in colour, side by side where there is room.

use super::{
    Field, FieldKind, Format, Line, ObjectChange, Part, Report, What, inline, lines, mark, name, place, remarks,
    written,
};
use std::fmt::Write as _;

/// From this width on, longer values stand beside each other.
const WIDE: usize = 150;

/// Writes a report for people.
#[derive(Clone, Copy, Debug)]
pub struct Terminal {
    /// In colour.
    pub colour: bool,
    /// The columns that there are.
    pub width: usize,
    /// Says nothing of what is the same.
    pub quiet: bool,
}

impl Format for Terminal {
    fn write(&self, report: &Report) -> String {
        let mut text = String::new();
        if report.parts.len() > 1 {
            self.matrix(report, &mut text);
        }
        let groups = super::grouped(report);
        for (at, part) in report.parts.iter().enumerate() {
            if self.quiet && part.changes.is_empty() {
                continue;
            }
            if report.parts.len() == 1 || !part.changes.is_empty() {
                let _ = writeln!(text, "{}", self.paint("1", &part.title()));
            }
            let reasons = shared_reasons(part);
            for (change, parts) in groups.iter().filter(|(_, parts)| parts[0] == at) {
                self.object(change, parts, (report, &reasons), &mut text);
            }
            for (reason, count) in &reasons {
                let _ = writeln!(text, "  {count} predicted: {reason}");
            }
            let shown_above = part.changes.objects.len() - groups.iter().filter(|(_, parts)| parts[0] == at).count();
            if shown_above > 0 {
                let _ = writeln!(text, "  {shown_above} as above");
            }
            let conflicts = conflicts(part);
            if conflicts > 0 {
                let fields = if conflicts == 1 { "field is" } else { "fields are" };
                let _ = writeln!(
                    text,
                    "  {conflicts} {fields} held by others: apply takes over none without `--force-conflicts`"
                );
            }
            if !self.quiet {
                summary(part, report.parts.len() > 1, &mut text);
            }
        }
        text
    }
}

impl Terminal {
    /// A row for each object, a column for each part.
    fn matrix(&self, report: &Report, text: &mut String) {
        let mut rows: Vec<(String, Vec<char>)> = Vec::new();
        for (at, part) in report.parts.iter().enumerate() {
            for change in &part.changes.objects {
                let row = format!("{} {}", change.object.kind, change.object.name);
                let known = rows.iter().position(|(known, _)| *known == row);
                let known = known.unwrap_or_else(|| {
                    rows.push((row, vec![' '; report.parts.len()]));
                    rows.len() - 1
                });
                rows[known].1[at] = change.what.mark();
            }
        }
        if rows.is_empty() {
            return;
        }
        rows.sort();
        let columns: Vec<String> =
            report.parts.iter().map(|part| part.environment.clone().unwrap_or_else(|| part.name.clone())).collect();
        let first = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
        let _ = writeln!(text, "{:first$}  {}", "", columns.join("  "));
        for (row, marks) in rows {
            let cells: Vec<String> = columns
                .iter()
                .zip(marks)
                .map(|(column, mark)| {
                    let width = column.chars().count();
                    let cell = format!("{mark:^width$}");
                    self.paint(colour_of(mark), &cell)
                })
                .collect();
            let _ = writeln!(text, "{}", format!("{row:first$}  {}", cells.join("  ")).trim_end());
        }
        text.push('\n');
    }

    fn object(
        &self,
        change: &ObjectChange,
        parts: &[usize],
        (report, reasons): (&Report, &[(&str, usize)]),
        text: &mut String,
    ) {
        let mark = change.what.mark();
        let head = format!("{mark} {}", name(&change.object));
        let mut line = self.paint(colour_of(mark), &head);
        for remark in remarks(change) {
            let shared = reasons.iter().any(|(reason, _)| remark.strip_prefix("predicted: ") == Some(reason));
            let _ = write!(line, ", {}", if shared { "predicted" } else { &remark });
        }
        if parts.len() > 1 {
            let names: Vec<_> = parts.iter().filter_map(|at| report.parts[*at].environment.as_deref()).collect();
            let _ = write!(line, ", in {}", names.join(", "));
        }
        if let Some(at) = &change.place {
            line += &self.paint("2", &format!("  # {}", place(at)));
        }
        let _ = writeln!(text, "{line}");
        for field in &change.fields {
            self.field(field, text);
        }
    }

    fn field(&self, field: &Field, text: &mut String) {
        let kind = field.kind();
        let path = field.path.to_string();
        let mut note = field.drift.as_ref().map(|who| format!(", set in the cluster by {who}")).unwrap_or_default();
        if let Some(at) = written(field) {
            note += &self.paint("2", &format!("  # {}", place(at)));
        }
        let sides = inline(field);
        // Two long values on one line are hard to compare.
        let fits = |(old, new): &(String, String)| {
            kind != FieldKind::Changed
                || 13 + [&path, old, new].map(|text| text.chars().count()).iter().sum::<usize>() <= self.width
        };
        if let Some((old, new)) = sides.filter(fits) {
            let value = match kind {
                FieldKind::Added => self.paint("32", &format!("+ {path}: {new}")),
                FieldKind::Removed => self.paint("31", &format!("- {path}: {old}")),
                FieldKind::Moved => format!("~ {path}: order {} → {}", self.paint("31", &old), self.paint("32", &new)),
                FieldKind::Changed => format!("~ {path}: {} → {}", self.paint("31", &old), self.paint("32", &new)),
            };
            let _ = writeln!(text, "    {value}{note}");
            return;
        }
        let _ = writeln!(text, "    {} {path}:{note}", mark(kind));
        let lines = lines(field);
        // What differs may stand at the end of a line, which is not cut off.
        let column = (self.width.max(WIDE) - 8 - 3) / 2;
        let fits = |line: &Line| match line {
            Line::Same(text) | Line::Old(text) | Line::New(text) => text.chars().count() <= column,
            Line::Gap => true,
        };
        if self.width >= WIDE && kind == FieldKind::Changed && lines.iter().all(fits) {
            self.beside(&lines, text);
        } else {
            self.below(&lines, text);
        }
    }

    fn below(&self, lines: &[Line], text: &mut String) {
        for line in lines {
            let line = match line {
                Line::Same(line) => format!("  {line}"),
                Line::Old(line) => self.paint("31", &format!("- {line}")),
                Line::New(line) => self.paint("32", &format!("+ {line}")),
                Line::Gap => "…".to_owned(),
            };
            let _ = writeln!(text, "{}", format!("        {line}").trim_end());
        }
    }

    /// Runs of old and new lines stand beside each other.
    fn beside(&self, lines: &[Line], text: &mut String) {
        let width = (self.width - 8 - 3) / 2;
        let mut rows: Vec<(Option<&str>, Option<&str>, bool)> = Vec::new();
        // The first row of the run that has no new line yet.
        let mut open = 0;
        for line in lines {
            match line {
                Line::Old(old) => rows.push((Some(old), None, true)),
                Line::New(new) => {
                    if let Some(row) = rows.get_mut(open) {
                        row.1 = Some(new);
                        open += 1;
                    } else {
                        rows.push((None, Some(new), true));
                        open = rows.len();
                    }
                }
                Line::Same(same) => {
                    rows.push((Some(same), Some(same), false));
                    open = rows.len();
                }
                Line::Gap => {
                    rows.push((Some("…"), Some("…"), false));
                    open = rows.len();
                }
            }
        }
        for (old, new, differs) in rows {
            let (left, right) = (format!("{:width$}", old.unwrap_or_default()), new.unwrap_or_default().to_owned());
            let (left, right) =
                if differs { (self.paint("31", &left), self.paint("32", &right)) } else { (left, right) };
            let _ = writeln!(text, "{}", format!("        {left} │ {right}").trim_end());
        }
    }

    fn paint(&self, colour: &str, text: &str) -> String {
        if self.colour && !colour.is_empty() { format!("\u{1b}[{colour}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// How many fields others hold with other values, of objects that are there and stay.
fn conflicts(part: &Part) -> usize {
    let stays = |change: &&ObjectChange| change.what == What::Changed && change.predicted.is_none();
    let fields = part.changes.objects.iter().filter(stays).flat_map(|change| &change.fields);
    fields.filter(|field| field.drift.is_some()).count()
}

/// Why objects are predicted, where it is why several of them are: said once.
fn shared_reasons(part: &Part) -> Vec<(&str, usize)> {
    let mut reasons: Vec<(&str, usize)> = Vec::new();
    for reason in part.changes.objects.iter().filter_map(|change| change.predicted.as_deref()) {
        match reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, count)) => *count += 1,
            None => reasons.push((reason, 1)),
        }
    }
    reasons.retain(|(_, count)| *count > 2);
    reasons
}

fn colour_of(mark: char) -> &'static str {
    match mark {
        '+' => "32",
        '-' => "31",
        '~' => "33",
        '>' => "36",
        '!' => "35",
        _ => "",
    }
}

fn summary(part: &Part, several: bool, text: &mut String) {
    let what = if several && part.changes.is_empty() { format!("{}: ", part.title()) } else { String::new() };
    let counts = if part.changes.is_empty() {
        format!("no change, {} objects are the same", part.changes.unchanged)
    } else {
        part.counts()
    };
    let _ = writeln!(text, "{what}{counts}");
}
