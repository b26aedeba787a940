//! Words for what the parser refuses, with what usually caused it.

use crate::diagnostic::Diagnostic;
use crate::source::{SourceFile, Span};
use granit_parser::{ErrorKind, ScanError};

/// Makes a finding of a parser's error.
pub(super) fn syntax(source: &SourceFile, error: &ScanError) -> Diagnostic {
    let text = source.text();
    let mut start = error.marker().byte_offset().unwrap_or(text.len()).min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    // An error at the very end is about the last thing written.
    if start == text.len() {
        start = text.trim_end().char_indices().next_back().map_or(0, |(at, _)| at);
    }
    let width = text[start..].chars().next().filter(|c| !c.is_control()).map_or(0, char::len_utf8);
    let span = Span::new(source.id(), start, start + width);
    let line = source.line_text(source.position(span.start).line);
    let indentation = &line[..line.len() - line.trim_start().len()];
    let tab = matches!(
        error.kind(),
        ErrorKind::TabNotAllowed | ErrorKind::TabInBlockIndentation | ErrorKind::TabInIndentation
    );
    if tab || indentation.contains('\t') {
        let line_start = source.line_start(source.position(span.start).line) as usize;
        let span = line.find('\t').map_or(span, |at| Span::new(source.id(), line_start + at, line_start + at + 1));
        return Diagnostic::error("yaml/tab", "a tab is not allowed as indentation")
            .at(span)
            .help("indent with spaces");
    }
    if matches!(error.kind(), ErrorKind::RecursionLimitExceeded) {
        let message = format!("collections are nested deeper than {} levels", super::parse::DEPTH_LIMIT);
        return Diagnostic::error("yaml/too-deep", message).at(span);
    }
    let diagnostic = Diagnostic::error("yaml/syntax", sentence(&error.info())).at(span);
    match help(line, error.kind()) {
        Some(help) => diagnostic.help(help),
        None => diagnostic,
    }
}

/// Words of the parser, as a lower-case fragment that a person can read.
fn sentence(info: &str) -> String {
    let info = info.trim_end_matches('.');
    let mut characters = info.chars();
    let fragment = match (characters.next(), characters.clone().next()) {
        // Leave an acronym alone.
        (Some(first), Some(second)) if first.is_uppercase() && second.is_lowercase() => {
            first.to_lowercase().chain(characters).collect()
        }
        _ => info.to_owned(),
    };
    format!("not YAML: {fragment}")
}

fn help(line: &str, kind: &ErrorKind) -> Option<String> {
    let text = line.trim();
    if text.contains("{{") || text.contains("{%") {
        return Some(
            "this looks like a template: templates are rendered only in a chart's `templates/` folder, beside a Chart.yaml"
                .to_owned(),
        );
    }
    let value = text.split_once(": ").map_or(text.trim_start_matches("- "), |(_, value)| value.trim_start());
    if value.starts_with(['@', '`', '%']) || value.starts_with("* ") || value.starts_with("*/") {
        return Some(format!("quote the value: a plain one cannot start with `{}`", &value[..1]));
    }
    if value.contains(": ") || value.ends_with(':') {
        return Some("quote the value: a plain one cannot contain `: `".to_owned());
    }
    match kind {
        ErrorKind::UnclosedQuotedScalar | ErrorKind::UnclosedFlowCollection { .. } => {
            Some("close what is opened here or before".to_owned())
        }
        ErrorKind::MappingValueNotAllowed | ErrorKind::SimpleKeyExpected | ErrorKind::InvalidIndentation => {
            Some("check the indentation of this line against the one above".to_owned())
        }
        _ => None,
    }
}
