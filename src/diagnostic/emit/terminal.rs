//! The terminal: findings over the lines they are about, as rustc draws them, and a summary.

use super::words::{checked, note, step_label, tested, totals};
use super::{Format, Report, mask};
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::{SourceFile, SourceMap, Span};
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use std::sync::Arc;

/// So many characters of a line are kept around a place; the renderer trims to its width within them.
const KEPT: usize = 400;

/// Writes a report for people.
#[derive(Debug)]
pub struct Terminal {
    /// Uses ANSI colours.
    pub colour: bool,
    /// The width to draw within, in columns.
    pub width: usize,
    /// Leaves the summary out where there is no finding to sum up, and what was checked always.
    pub quiet: bool,
}

impl Format for Terminal {
    fn write(&self, report: &Report, sources: &SourceMap) -> String {
        let renderer = if self.colour { Renderer::styled() } else { Renderer::plain() }.term_width(self.width);
        let mut text = String::new();
        let versions = report.versions();
        for finding in &report.findings {
            text += &renderer.render(&[group(finding, versions, sources)]);
            text += "\n\n";
        }
        if !self.quiet {
            text += &checked(&report.checked);
            text += &tested(&report.tests);
            text += &totals(report);
            text.push('\n');
        }
        text
    }
}

/// What is said about a place, and how it is drawn.
struct Mark {
    span: Span,
    kind: AnnotationKind,
    label: Option<String>,
}

/// Draws a finding; `versions` is the number of Kubernetes versions that were judged by.
fn group<'a>(finding: &'a Diagnostic, versions: usize, sources: &SourceMap) -> Group<'a> {
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::INFO,
    };
    let mut group = Group::with_title(level.primary_title(&finding.message).id(finding.rule.as_ref()));
    for (file, line, marks) in lines(finding, sources) {
        let excerpt = Excerpt::cut(&file, line, &marks, finding.masked);
        let primary = marks.iter().find(|mark| mark.kind == AnnotationKind::Primary).or(marks.first());
        let column = primary.map_or(1, |mark| file.position(mark.span.start).column) as usize;
        let name = file.name().to_owned();
        // The renderer counts columns in what it is shown, which is not the whole line where its start was cut off.
        let path = (excerpt.prefix == 0).then(|| name.clone());
        if path.is_none() {
            group = group.element(Origin::path(name).line(line as usize).char_column(column));
        }
        let annotations = marks.into_iter().map(|mark| mark.kind.span(excerpt.range(mark.span)).label(mark.label));
        let annotations: Vec<_> = annotations.collect();
        let snippet = Snippet::source(excerpt.text).path(path).line_start(line as usize);
        group = group.element(snippet.annotations(annotations));
    }
    if let Some(help) = &finding.help {
        group = group.element(Level::HELP.message(help));
    }
    if let Some(note) = note(finding, versions) {
        group = group.element(Level::NOTE.message(note));
    }
    group
}

/// Gathers the places of a finding, line by line: its own first, then labels, calls, and the value to change.
fn lines(finding: &Diagnostic, sources: &SourceMap) -> Vec<(Arc<SourceFile>, u32, Vec<Mark>)> {
    let own = finding.span.map(|span| Mark { span, kind: AnnotationKind::Primary, label: None });
    let labels = finding.labels.iter().map(|label| (label.span, label.text.clone()));
    let calls = finding.trace.iter().rev().map(|step| (step.span, step_label(&step.what)));
    let edit = finding.edit.iter().map(|edit| (edit.span, format!("change it here: `{}`", edit.key)));
    let others = labels.chain(calls).chain(edit);
    let others = others.map(|(span, label)| Mark { span, kind: AnnotationKind::Context, label: Some(label) });
    let mut lines: Vec<(Arc<SourceFile>, u32, Vec<Mark>)> = Vec::new();
    for mark in own.into_iter().chain(others) {
        let file = sources.file(mark.span.file);
        let line = file.position(mark.span.start).line;
        match lines.iter_mut().find(|(known, at, _)| known.id() == file.id() && *at == line) {
            Some((.., marks)) => marks.push(mark),
            None => lines.push((file, line, vec![mark])),
        }
    }
    lines
}

/// One line of a text as it is shown: cut around its marks, secrets masked.
struct Excerpt {
    text: String,
    /// Offset of the line in its file.
    line_start: usize,
    /// Offset in the line of the first byte that is shown.
    from: usize,
    /// Bytes put before it.
    prefix: usize,
    /// Offset in `text` where the mask starts.
    mask: Option<usize>,
}

impl Excerpt {
    fn cut(file: &SourceFile, line: u32, marks: &[Mark], masked: bool) -> Self {
        let text = file.line_text(line);
        let line_start = file.line_start(line) as usize;
        let first = marks.iter().map(|mark| mark.span.start as usize - line_start).min().unwrap_or(0).min(text.len());
        let from = floor(text, first.saturating_sub(KEPT / 2));
        let to = floor(text, from.saturating_add(KEPT).min(text.len()));
        // A byte order mark is no character to show.
        let from = if from == 0 && text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { from };
        let mask = mask::masked_from(file, line, masked);
        let prefix = if from > '\u{feff}'.len_utf8() { "…" } else { "" };
        let mut shown = prefix.to_owned();
        let open = mask.map_or(to, |at| at.min(to));
        shown += text.get(from..open).unwrap_or_default();
        let mask = mask.map(|_| {
            let at = shown.len();
            shown += mask::MASK;
            at
        });
        if mask.is_none() && to < text.len() {
            shown.push('…');
        }
        Self { text: shown, line_start, from, prefix: prefix.len(), mask }
    }

    /// Carries a span of the file to the excerpt; what lies on other lines or is cut off is left out.
    fn range(&self, span: Span) -> std::ops::Range<usize> {
        let place = |offset: u32| {
            let inner = (offset as usize).saturating_sub(self.line_start + self.from) + self.prefix;
            let at = inner.min(self.text.len());
            floor(&self.text, self.mask.map_or(at, |mask| at.min(mask)))
        };
        let (start, end) = (place(span.start), place(span.end));
        match self.mask {
            // Something behind the mask is meant: the mask is marked.
            Some(mask) if end >= mask => start..self.text.len(),
            _ => start..end,
        }
    }
}

/// Gives the nearest border of a character at or before an offset.
fn floor(text: &str, mut offset: usize) -> usize {
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}
