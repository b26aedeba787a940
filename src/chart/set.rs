//! The flags `--set`, `--set-string`, `--set-json` and `--set-file`: their syntax, and what they do to values.
//!
//! The syntax is Helm's: `a.b=c`, `a.b[0]=x`, `a={x,y}`, several in one flag with commas between, and `\` before a
//! character that is meant as itself. Unlike Helm, `a={}` is an empty list.

use super::decode::{json_error_span, json_error_text};
use super::merge::{Nulls, merge};
use super::value::{Place, Value, ValueData, ValueEntry};
use crate::diagnostic::Diagnostic;
use crate::source::{SourceFile, SourceMap, Span};
use crate::yaml::Node;
use std::sync::Arc;

/// Lists grow to this length at most.
const INDEX_LIMIT: usize = 65_536;
/// Keys go down this deep at most.
const DEPTH_LIMIT: usize = 30;

/// How the values of a flag are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Typing {
    /// `true`, `false`, `null` and whole numbers are what they look like; all else is text.
    Typed,
    /// All is text.
    Text,
    /// JSON.
    Json,
}

/// A value for a path.
#[derive(Clone, Debug)]
pub(super) struct Assignment {
    pub(super) steps: Vec<Step>,
    pub(super) value: Value,
}

/// A step of an assignment's path, with its place in the flag.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) into: Into,
    pub(super) span: Span,
}

#[derive(Clone, Debug)]
pub(super) enum Into {
    Key(Arc<str>),
    Index(usize),
}

/// Reads the text of a flag. Reading ends at the first fault; what stands before it counts.
pub(super) fn parse(source: &SourceFile, typing: Typing) -> (Vec<Assignment>, Vec<Diagnostic>) {
    let mut parser = Parser { source, at: 0, typing };
    let mut assignments = Vec::new();
    let mut diagnostics = Vec::new();
    if typing == Typing::Json && source.text().trim_start().starts_with('{') {
        match parser.json() {
            Ok(value) => assignments.push(Assignment { steps: Vec::new(), value }),
            Err(problem) => diagnostics.push(*problem),
        }
        return (assignments, diagnostics);
    }
    while parser.at < source.text().len() {
        match parser.assignment() {
            Ok(assignment) => assignments.push(assignment),
            Err(problem) => {
                diagnostics.push(*problem);
                break;
            }
        }
    }
    (assignments, diagnostics)
}

/// Values for paths, as a test gives them.
#[derive(Clone, Debug)]
pub struct Assignments(pub(super) Arc<[Assignment]>);

/// Reads a map whose keys are paths: `web.replicas: 3`. Every value keeps its place in the map's text.
pub fn assignments(map: Node<'_>) -> (Assignments, Vec<Diagnostic>) {
    let (mut assignments, mut diagnostics) = (Vec::new(), Vec::new());
    for entry in map.entries() {
        // The steps are counted in the key alone, which may be quoted; its place stands for each of them.
        let key = SourceMap::new().add("key", entry.name());
        match (Parser { source: &key, at: 0, typing: Typing::Json }).steps(true) {
            Ok(mut steps) => {
                for step in &mut steps {
                    step.span = entry.key.span();
                }
                assignments.push(Assignment { steps, value: Value::from_node(entry.value) });
            }
            Err(problem) => {
                let help = "write a path of keys, as in `web.replicas: 3`; `\\.` is a plain dot";
                diagnostics.push(problem.at(entry.key.span()).help(help));
            }
        }
    }
    (Assignments(assignments.into()), diagnostics)
}

/// Reads the path of `--set-file`, whose value is the text of a file.
pub(super) fn parse_path(source: &SourceFile, text: &str) -> (Vec<Assignment>, Vec<Diagnostic>) {
    let mut parser = Parser { source, at: 0, typing: Typing::Text };
    match parser.steps(true) {
        Ok(steps) => {
            let place = Place { span: source.span(), written: None, overrode: Vec::new() };
            let value = Value { data: ValueData::String(text.into()), place: Some(place) };
            (vec![Assignment { steps, value }], Vec::new())
        }
        Err(problem) => (Vec::new(), vec![*problem]),
    }
}

type Parsed<T> = Result<T, Box<Diagnostic>>;

struct Parser<'s> {
    source: &'s SourceFile,
    at: usize,
    typing: Typing,
}

impl Parser<'_> {
    fn rest(&self) -> &str {
        self.source.text().get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    fn span(&self, start: usize) -> Span {
        Span::new(self.source.id(), start, self.at)
    }

    fn problem<T>(span: Span, message: impl std::convert::Into<String>, help: &str) -> Parsed<T> {
        Err(Box::new(Diagnostic::error("values/set", message).at(span).help(help)))
    }

    /// Takes text up to one of the stops, which is left standing.
    fn until(&mut self, stops: &[char]) -> (String, Span) {
        let start = self.at;
        let mut text = String::new();
        while let Some(c) = self.peek() {
            if stops.contains(&c) {
                break;
            }
            self.next();
            text.extend(if c == '\\' { self.next() } else { Some(c) });
        }
        (text, self.span(start))
    }

    fn assignment(&mut self) -> Parsed<Assignment> {
        let steps = self.steps(false)?;
        let value = match self.typing {
            Typing::Json => self.json()?,
            _ if self.peek() == Some('{') => self.list()?,
            _ => {
                let (text, span) = self.until(&[',']);
                self.scalar(text, span)
            }
        };
        if self.typing == Typing::Json {
            while self.peek().is_some_and(char::is_whitespace) {
                self.next();
            }
        }
        let start = self.at;
        match self.next() {
            None | Some(',') => Ok(Assignment { steps, value }),
            Some(_) => Self::problem(self.span(start), "text after the value", "put a comma before the next key"),
        }
    }

    /// Takes a path and the `=` behind it, or a path that is the whole text.
    fn steps(&mut self, whole: bool) -> Parsed<Vec<Step>> {
        let mut steps = Vec::new();
        let start = self.at;
        loop {
            let (key, span) = self.until(&['=', '[', ',', '.']);
            if key.is_empty() {
                return Self::problem(
                    span,
                    "a key is missing",
                    "write `key=value`; `\\.` and `\\,` are plain characters",
                );
            }
            steps.push(Step { into: Into::Key(key.into()), span });
            while self.peek() == Some('[') {
                let from = self.at;
                self.next();
                let (index, _) = self.until(&[']']);
                self.next();
                let span = self.span(from);
                match index.trim().parse::<usize>() {
                    Ok(index) if index <= INDEX_LIMIT => steps.push(Step { into: Into::Index(index), span }),
                    _ => {
                        let message = format!("`{index}` is no place in a list");
                        return Self::problem(span, message, "count from 0, to 65536 at most");
                    }
                }
            }
            if steps.len() > DEPTH_LIMIT {
                return Self::problem(
                    self.span(start),
                    "the path has more than 30 steps",
                    "use a file of values: `-f`",
                );
            }
            match self.next() {
                Some('.') => {}
                Some('=') if !whole => return Ok(steps),
                None if whole => return Ok(steps),
                _ => return Self::problem(self.span(start), "the key has no value", "write `key=value`"),
            }
        }
    }

    fn list(&mut self) -> Parsed<Value> {
        let start = self.at;
        self.next();
        let mut items = Vec::new();
        loop {
            let (text, span) = self.until(&[',', '}']);
            let end = self.next();
            if end.is_none() {
                return Self::problem(self.span(start), "the list has no end", "close it with `}`");
            }
            if !(text.is_empty() && items.is_empty() && end == Some('}')) {
                items.push(self.scalar(text, span));
            }
            if end == Some('}') {
                let place = Place { span: self.span(start), written: None, overrode: Vec::new() };
                return Ok(Value { data: ValueData::Seq(items), place: Some(place) });
            }
        }
    }

    fn scalar(&self, text: String, span: Span) -> Value {
        let word = |word: &str| self.typing == Typing::Typed && text.eq_ignore_ascii_case(word);
        let number = (self.typing == Typing::Typed && (text == "0" || !text.starts_with('0')))
            .then(|| text.parse::<i64>().ok())
            .flatten();
        let data = match number {
            Some(number) => ValueData::Int(number),
            None if word("true") => ValueData::Bool(true),
            None if word("false") => ValueData::Bool(false),
            None if word("null") => ValueData::Null,
            None => ValueData::String(text.into()),
        };
        Value { data, place: Some(Place { span, written: None, overrode: Vec::new() }) }
    }

    fn json(&mut self) -> Parsed<Value> {
        let start = self.at;
        // Nothing before the comma or the end is null.
        if self.rest().trim_start().is_empty() || self.rest().trim_start().starts_with(',') {
            self.at += self.rest().len() - self.rest().trim_start().len();
            let place = Place { span: self.span(start), written: None, overrode: Vec::new() };
            return Ok(Value { data: ValueData::Null, place: Some(place) });
        }
        let mut values = serde_json::Deserializer::from_str(self.rest()).into_iter::<serde_json::Value>();
        let (read, offset) = (values.next(), values.byte_offset());
        match read {
            Some(Ok(json)) => {
                self.at += offset;
                Ok(from_json(&json, self.span(start)))
            }
            Some(Err(error)) => {
                let span = json_error_span(self.source, start, &error);
                Self::problem(
                    span,
                    format!("the value is no JSON: {}", json_error_text(&error)),
                    "put text in double quotes",
                )
            }
            None => Self::problem(self.span(start), "the value is missing", "write `key=JSON`"),
        }
    }
}

fn from_json(json: &serde_json::Value, span: Span) -> Value {
    let data = match json {
        serde_json::Value::Null => ValueData::Null,
        serde_json::Value::Bool(value) => ValueData::Bool(*value),
        serde_json::Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(value), _) => ValueData::Int(value),
            (None, Some(value)) => ValueData::UInt(value),
            (None, None) => ValueData::Float(number.as_f64().unwrap_or_default()),
        },
        serde_json::Value::String(text) => ValueData::String(text.as_str().into()),
        serde_json::Value::Array(items) => ValueData::Seq(items.iter().map(|item| from_json(item, span)).collect()),
        serde_json::Value::Object(entries) => ValueData::Map(
            entries
                .iter()
                .map(|(key, value)| ValueEntry {
                    key: key.as_str().into(),
                    key_span: Some(span),
                    value: from_json(value, span),
                })
                .collect(),
        ),
    };
    Value { data, place: Some(Place { span, written: None, overrode: Vec::new() }) }
}

/// Puts an assignment's value at its path, and makes the maps and lists on the way.
pub(super) fn assign(root: &mut Value, steps: &[Step], value: Value) {
    let Some((step, rest)) = steps.split_first() else {
        merge(root, value, Nulls::Drop);
        return;
    };
    let deletes = rest.is_empty() && matches!(value.data, ValueData::Null);
    match &step.into {
        Into::Key(key) => {
            if !matches!(root.data, ValueData::Map(_)) {
                if deletes {
                    return;
                }
                become_collection(root, ValueData::Map(Vec::new()), step.span);
            }
            let ValueData::Map(entries) = &mut root.data else { return };
            if deletes {
                entries.retain(|entry| entry.key != *key || matches!(entry.value.data, ValueData::Null));
                return;
            }
            if let Some(entry) = entries.iter_mut().find(|entry| entry.key == *key) {
                entry.key_span = Some(step.span);
                assign(&mut entry.value, rest, value);
            } else {
                let mut inner = blank(rest, step.span);
                assign(&mut inner, rest, value);
                entries.push(ValueEntry { key: Arc::clone(key), key_span: Some(step.span), value: inner });
            }
        }
        Into::Index(index) => {
            if !matches!(root.data, ValueData::Seq(_)) {
                become_collection(root, ValueData::Seq(Vec::new()), step.span);
            }
            let ValueData::Seq(items) = &mut root.data else { return };
            while items.len() <= *index {
                items.push(blank(rest, step.span));
            }
            if let Some(item) = items.get_mut(*index) {
                if deletes {
                    item.data = ValueData::Null;
                } else {
                    assign(item, rest, value);
                }
            }
        }
    }
}

/// Makes the value that an assignment then fills: nothing overridden is to be remembered of it.
fn blank(rest: &[Step], span: Span) -> Value {
    let data = match rest.first().map(|step| &step.into) {
        Some(Into::Key(_)) => ValueData::Map(Vec::new()),
        Some(Into::Index(_)) => ValueData::Seq(Vec::new()),
        None => return Value::supplied(ValueData::Null),
    };
    Value { data, place: Some(Place { span, written: None, overrode: Vec::new() }) }
}

fn become_collection(value: &mut Value, data: ValueData, span: Span) {
    let mut place = Place { span, written: None, overrode: Vec::new() };
    if let Some(old) = value.place.take() {
        place.overrode.push(old.span);
        place.overrode.extend(old.overrode);
    }
    *value = Value { data, place: Some(place) };
}
