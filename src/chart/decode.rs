//! Reads typed settings off a spanned tree, and collects every finding on the way instead of stopping at the first.

use crate::diagnostic::{Diagnostic, Severity, nearest};
use crate::source::Span;
use crate::yaml::{Kind, Node};

/// A decoded setting with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The setting.
    pub value: T,
    /// Where it is written.
    pub span: Span,
}

impl<T> std::ops::Deref for Spanned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// Collects findings while a file of settings is read.
///
/// The ids of its findings are `STAGE/unknown-key`, `STAGE/type` and `STAGE/required`.
pub(crate) struct Decoder {
    stage: &'static str,
    /// How bad an unknown key is.
    pub(crate) unknown: Severity,
    /// What was found.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl Decoder {
    /// Begins reading; `stage` is the part of the ids before the slash.
    pub(crate) fn new(stage: &'static str) -> Self {
        Self { stage, unknown: Severity::Error, diagnostics: Vec::new() }
    }

    /// Adds an error `STAGE/rule` at a place.
    pub(crate) fn error(&mut self, rule: &str, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        self.push(rule, Severity::Error, span, message)
    }

    fn push(&mut self, rule: &str, severity: Severity, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        let diagnostic = Diagnostic::new(format!("{}/{rule}", self.stage), severity, message).at(span);
        self.diagnostics.push(diagnostic);
        let last = self.diagnostics.len() - 1;
        &mut self.diagnostics[last]
    }

    /// Takes a map whose keys are all known; null counts as absent.
    pub(crate) fn map<'d>(&mut self, node: Node<'d>, what: &str, known: &[&str]) -> Option<Node<'d>> {
        let map = self.open_map(node, what)?;
        for entry in map.entries() {
            let name = entry.name();
            if known.contains(&name) {
                continue;
            }
            let severity = self.unknown;
            let help = match nearest(name, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the keys here are {}", listed(known)),
            };
            let message = format!("{what} has no key `{name}`");
            self.push("unknown-key", severity, entry.key.span(), message).help = Some(help);
        }
        Some(map)
    }

    /// Takes a map with any keys; null counts as absent.
    pub(crate) fn open_map<'d>(&mut self, node: Node<'d>, what: &str) -> Option<Node<'d>> {
        self.expect(node, Kind::Map, what)
    }

    /// Takes the items of a list; null counts as none.
    pub(crate) fn list<'d>(&mut self, node: Node<'d>, what: &str) -> Vec<Node<'d>> {
        self.expect(node, Kind::Seq, what).map(|node| node.items().collect()).unwrap_or_default()
    }

    fn expect<'d>(&mut self, node: Node<'d>, kind: Kind, what: &str) -> Option<Node<'d>> {
        if node.kind() == kind {
            return Some(node);
        }
        if !node.is_null() {
            let message = format!("{what} must be {}, not {}", kind.article(), node.kind().article());
            self.error("type", node.head(), message);
        }
        None
    }

    /// Takes a string; null counts as absent. A bare `1.10` or `on` is told to be quoted.
    pub(crate) fn string(&mut self, node: Node<'_>, what: &str) -> Option<Spanned<String>> {
        let (kind, text) = (node.kind(), node.text());
        match kind {
            Kind::String => return Some(Spanned { value: text.to_owned(), span: node.span() }),
            Kind::Null => return None,
            Kind::Seq | Kind::Map => {
                self.error("type", node.head(), format!("{what} must be a string, not {}", kind.article()));
            }
            Kind::Bool | Kind::Int | Kind::Float => {
                let read = crate::yaml::emit::Data::from_node(node);
                let message = match read {
                    crate::yaml::emit::Data::Float(value) if crate::yaml::float_text(value) != text => {
                        let number = crate::yaml::float_text(value);
                        format!("{what} must be a string; a bare `{text}` is read as the number {number}")
                    }
                    _ => format!("{what} must be a string; a bare `{text}` is read as {}", kind.article()),
                };
                self.error("type", node.span(), message).help = Some(format!("quote it: `\"{text}\"`"));
            }
        }
        None
    }

    /// Takes a boolean; null counts as absent.
    pub(crate) fn boolean(&mut self, node: Node<'_>, what: &str) -> Option<bool> {
        if !node.is_null() && node.as_bool().is_none() {
            let message = format!("{what} must be true or false, not {}", node.kind().article());
            self.error("type", node.head(), message);
        }
        node.as_bool()
    }

    /// Reads the string under a key of a map.
    pub(crate) fn text(&mut self, map: Node<'_>, key: &str) -> Option<Spanned<String>> {
        self.string(map.get(key)?, &format!("`{key}`"))
    }

    /// Reads the string under a key that must be there and not be empty; `at` is the place to name where it is not.
    pub(crate) fn required(&mut self, map: Node<'_>, key: &str, what: &str, at: Span) -> Option<Spanned<String>> {
        let node = map.field(key);
        let text = node.and_then(|node| self.string(node, &format!("`{key}`")));
        let empty = text.as_ref().is_some_and(|text| text.is_empty());
        if node.is_none() || empty {
            let at = text.as_ref().map_or(at, |text| text.span);
            self.error("required", at, format!("{what} needs `{key}`"));
        }
        text.filter(|_| !empty)
    }

    /// Reads the list of strings under a key of a map.
    pub(crate) fn texts(&mut self, map: Node<'_>, key: &str) -> Vec<Spanned<String>> {
        let Some(node) = map.get(key) else { return Vec::new() };
        let items = self.list(node, &format!("`{key}`"));
        items.into_iter().filter_map(|item| self.string(item, &format!("an item of `{key}`"))).collect()
    }
}

/// Writes names as a list in backticks.
pub(crate) fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Gives the place before the first character of a text: for what a text as a whole lacks.
pub(super) fn start_of(source: &crate::source::SourceFile) -> Span {
    Span::new(source.id(), 0, 0)
}

/// Gives the place of an error of serde_json, which read the text from `from` on and counts bytes.
pub(super) fn json_error_span(source: &crate::source::SourceFile, from: usize, error: &serde_json::Error) -> Span {
    let text = source.text();
    let line = text.get(from..).unwrap_or_default().split_inclusive('\n').take(error.line().saturating_sub(1));
    let start = from + line.map(str::len).sum::<usize>();
    let mut at = (start + error.column().saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let end = at + text.get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
    Span::new(source.id(), at, end)
}

/// Words an error of serde_json without its position.
pub(super) fn json_error_text(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.as_str(), |(message, _)| message).to_owned()
}
