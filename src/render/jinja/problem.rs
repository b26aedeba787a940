//! Template errors, in words and with the place that a person wrote.

use super::{FILTERS, FUNCTIONS, Program, TESTS};
use crate::chart::{Value, ValueData};
use crate::diagnostic::{Diagnostic, Trace, nearest};
use crate::source::{SourceFile, Span};
use minijinja::{Error, ErrorKind};
use std::sync::Arc;

/// Makes a finding of a template that cannot be prepared for running although its syntax is right.
pub(super) fn rewritten(source: &SourceFile, rewritten: &super::Rewritten, error: &Error) -> Diagnostic {
    let at = error.range().map_or(0..0, |range| rewritten.original(&range));
    Diagnostic::error("template/unsupported", message(error)).at(source.around(&at))
}

/// Makes a finding of what went wrong while a template ran: at the innermost place, with the calls that led there.
pub(super) fn runtime(program: &Program, name: &str, error: &Error, values: &Arc<Value>) -> Diagnostic {
    // The chain goes from the outermost template inwards; the last error with a known place is the cause.
    let mut chain: Vec<&Error> = vec![error];
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        if let Some(cause) = cause.downcast_ref::<Error>() {
            chain.push(cause);
        }
        next = cause.source();
    }
    let innermost = chain[chain.len() - 1];
    let places: Vec<Span> = chain.iter().filter_map(|error| place(program, error)).collect();
    let mut diagnostic = match innermost.kind() {
        ErrorKind::UndefinedError => undefined(program, innermost, places.last().copied(), values),
        ErrorKind::TemplateNotFound => {
            let wanted = innermost.detail().and_then(|detail| detail.split(['"', '\'']).nth(1)).unwrap_or_default();
            let near = nearest(wanted, program.templates.keys().map(String::as_str));
            let diagnostic = Diagnostic::error("template/not-found", format!("there is no template `{wanted}`"));
            match near {
                Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                None => diagnostic.help("names are relative to the chart's `templates/` folder"),
            }
        }
        ErrorKind::UnknownFilter => unknown(innermost, "filter", FILTERS),
        ErrorKind::UnknownFunction => unknown(innermost, "function", FUNCTIONS),
        ErrorKind::UnknownTest => unknown(innermost, "test", TESTS),
        ErrorKind::UnknownMethod => Diagnostic::error("template/unknown-name", message(innermost)),
        ErrorKind::OutOfFuel => {
            Diagnostic::error("template/too-long", "this template does not come to an end").help("bound its loops")
        }
        _ => Diagnostic::error("template/failed", message(innermost)),
    };
    if places.is_empty()
        && let Some(loaded) = program.templates.get(name)
    {
        diagnostic = diagnostic.at(Span::new(loaded.source.id(), 0, loaded.source.line_text(1).len()));
    }
    if let Some((last, outer)) = places.split_last() {
        diagnostic = diagnostic.at(*last);
        diagnostic.trace = outer
            .iter()
            .filter(|span| *span != last)
            .map(|span| Trace { span: *span, what: "called here".to_owned() })
            .collect();
    }
    diagnostic
}

fn place(program: &Program, error: &Error) -> Option<Span> {
    let loaded = program.templates.get(error.name()?)?;
    let range = error.range()?;
    let at = loaded.source.around(&loaded.rewritten.original(&range));
    let text = loaded.source.slice(at);
    let start = at.start as usize + text.len() - text.trim_start().len();
    Some(Span::new(loaded.source.id(), start, start + text.trim().len()))
}

/// Says that a filter, function or test does not exist, and which one is near.
fn unknown(error: &Error, what: &str, known: &[&str]) -> Diagnostic {
    // The engine's words are `filter uper is unknown`.
    let name = error.detail().and_then(|detail| detail.split_whitespace().nth(1)).unwrap_or_default();
    let diagnostic = Diagnostic::error("template/unknown-name", format!("there is no {what} `{name}`"));
    match nearest(name, known.iter().copied()) {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None => diagnostic.help(format!("there are {}", known.join(", "))),
    }
}

fn undefined(program: &Program, error: &Error, place: Option<Span>, values: &Arc<Value>) -> Diagnostic {
    let diagnostic = Diagnostic::error("template/unknown-value", message(error));
    let source = place.and_then(|place| {
        let source = &program.templates.values().find(|loaded| loaded.source.id() == place.file)?.source;
        Some(source.slice(place).to_owned())
    });
    // The engine's words name the undefined part (``undefined value: `values.imge` is undefined``), or the tag shows it.
    let text = error.detail().filter(|detail| detail.contains("values.")).map(str::to_owned).or(source);
    let Some(path) = text.and_then(|text| values_path(&text)) else { return diagnostic };
    let message = format!("`values.{path}` is not defined");
    let diagnostic = Diagnostic { message, ..diagnostic };
    match near_path(values, &path) {
        Some(near) => diagnostic.help(format!("did you mean `values.{near}`?")),
        None => diagnostic.help("declare it in values.yaml"),
    }
}

/// Reads `values.a.b` out of an expression.
fn values_path(expression: &str) -> Option<String> {
    let at = expression.find("values.")? + "values.".len();
    let rest = &expression[at..];
    let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.')).unwrap_or(rest.len());
    Some(rest[..end].trim_end_matches('.').to_owned()).filter(|path| !path.is_empty())
}

/// Finds the path nearest to one that does not exist.
fn near_path(values: &Value, path: &str) -> Option<String> {
    let mut value = values;
    let mut found: Vec<&str> = Vec::new();
    let mut steps = path.split('.').peekable();
    while let Some(step) = steps.next() {
        let ValueData::Map(entries) = &value.data else { return None };
        let near = nearest(step, entries.iter().map(|entry| &*entry.key))?;
        found.push(near);
        value = value.get(near)?;
        if steps.peek().is_none() {
            return Some(found.join("."));
        }
    }
    None
}

/// Gives an error's own words, as a fragment.
fn message(error: &Error) -> String {
    let detail = error.detail().map(str::to_owned);
    let text = match error.kind() {
        ErrorKind::InvalidOperation | ErrorKind::SyntaxError | ErrorKind::TemplateNotFound => {
            detail.unwrap_or_else(|| error.kind().to_string())
        }
        kind => detail.map_or_else(|| kind.to_string(), |detail| format!("{kind}: {detail}")),
    };
    text.trim_end_matches('.').to_owned()
}
