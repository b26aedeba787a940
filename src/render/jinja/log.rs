//! What a template printed: a log of pieces, kept while it runs.
//!
//! Everything that a template prints passes the formatter. There, literals and sites are recognised by the objects that
//! the rewritten template wraps them in, and logged. Captured text (a macro's result, a set block) stays plain text for
//! the template, so that `==`, `length` or `sha256` behave; a table remembers which pieces it was made of.

use super::rewrite::Tables;
use super::values::{Leaf, Leaves};
use crate::yaml::emit::{self, Data};
use crate::yaml::float_text;
use minijinja::value::{Object, ValueKind};
use minijinja::{Environment, Error, ErrorKind, Output, State, Value};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

/// A piece of what was printed.
#[derive(Clone, Debug)]
pub(in crate::render) enum Piece {
    /// Literal text of a template, by its number.
    Literal(usize),
    /// A value printed at a site.
    Site { site: usize, value: SiteValue, leaf: Option<Leaf> },
    /// A capture printed at a site.
    Capture { site: usize, capture: Arc<Capture> },
}

/// What stands at a site.
#[derive(Clone, Debug)]
pub(in crate::render) enum SiteValue {
    /// Data, to be written as its place asks.
    Data(Data),
    /// Data that is this text inside other text.
    Yaml(Data, String),
    /// Text that opted out with `|raw`.
    Raw(String),
}

/// Captured text and what it was made of.
#[derive(Debug)]
pub(in crate::render) struct Capture {
    /// The number of what was captured.
    pub(in crate::render) captured: usize,
    pub(in crate::render) pieces: Vec<Piece>,
    pub(in crate::render) text: String,
    /// The text is captured text with blanks taken off: take them off the pieces too.
    pub(in crate::render) trimmed: bool,
}

/// The log of one run.
#[derive(Default)]
pub(super) struct Log {
    stack: Vec<Frame>,
    by_text: HashMap<Box<str>, Arc<Capture>>,
    /// Set blocks, by the address of their text, which the kept value holds in place.
    sealed: HashMap<usize, (Value, Arc<Capture>)>,
}

#[derive(Default)]
struct Frame {
    captured: Option<usize>,
    pieces: Vec<Piece>,
    text: String,
}

impl Log {
    /// Takes what was printed at the top.
    pub(super) fn take(&mut self) -> Vec<Piece> {
        self.stack.drain(..).next().map(|frame| frame.pieces).unwrap_or_default()
    }

    fn top(&mut self) -> &mut Frame {
        if self.stack.is_empty() {
            self.stack.push(Frame::default());
        }
        let last = self.stack.len() - 1;
        &mut self.stack[last]
    }

    fn push(&mut self, piece: Piece, text: &str) {
        self.write(text);
        self.add(piece);
    }

    fn add(&mut self, piece: Piece) {
        self.top().pieces.push(piece);
    }

    /// Keeps text that a capture has to know.
    fn write(&mut self, text: &str) {
        let frame = self.top();
        if frame.captured.is_some() {
            frame.text.push_str(text);
        }
    }

    fn end(&mut self) {
        let Some(Frame { captured: Some(captured), pieces, text }) = self.stack.pop() else { return };
        // Trimming keeps the pieces: the weaver takes blanks off the ends itself.
        for trimmed in [text.trim(), text.trim_start(), text.trim_end()] {
            if trimmed.len() != text.len() {
                let capture = Capture { captured, pieces: pieces.clone(), text: trimmed.to_owned(), trimmed: true };
                self.by_text.insert(trimmed.into(), Arc::new(capture));
            }
        }
        self.by_text.insert(text.as_str().into(), Arc::new(Capture { captured, pieces, text, trimmed: false }));
    }

    /// Gives the log of a run.
    pub(super) fn of<'a>(state: &'a mut State<'_, '_>) -> &'a mut Self {
        state.get_or_insert_extension_with(Self::default)
    }

    /// Makes text of data that is still data where a node can stand.
    pub(super) fn yaml(&mut self, data: Data, leaf: Option<Leaf>) -> Value {
        let text = match &data {
            Data::Seq(_) | Data::Map(_) => emit::block(&data, 0),
            scalar => emit::flow(scalar) + "\n",
        };
        let value = SiteValue::Yaml(data, text.trim_end().to_owned());
        self.stack.push(Frame {
            captured: Some(usize::MAX),
            pieces: vec![Piece::Site { site: usize::MAX, value, leaf }],
            text: text.clone(),
        });
        self.end();
        Value::from_safe_string(text)
    }

    /// Tells whether a value is captured text, which is indented where it is printed.
    pub(super) fn is_capture(&self, value: &Value) -> bool {
        self.find(value).is_some()
    }

    fn find(&self, value: &Value) -> Option<Arc<Capture>> {
        let text = value.as_str().filter(|_| value.is_safe())?;
        let sealed = self.sealed.get(&text.as_ptr().addr()).filter(|(_, capture)| capture.text == text);
        sealed.map(|(_, capture)| capture).or_else(|| self.by_text.get(text)).map(Arc::clone)
    }
}

/// Literal text on its way to the formatter.
#[derive(Debug)]
struct LiteralObject(usize);
impl Object for LiteralObject {}

/// A printed value on its way to the formatter.
#[derive(Debug)]
struct Marked(usize, Value);
impl Object for Marked {}

/// Text that opted out of being written as its place asks.
#[derive(Debug)]
pub(super) struct Raw(pub(super) String);
impl Object for Raw {
    fn render(self: &Arc<Self>, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Teaches an environment the calls that rewritten templates make, and the formatter.
pub(super) fn install(environment: &mut Environment<'_>, tables: Arc<Tables>) {
    let literals: Vec<Value> = (0..tables.literals.len()).map(|id| Value::from_object(LiteralObject(id))).collect();
    environment.add_function("__lit", move |id: usize| literals.get(id).cloned().unwrap_or_default());
    environment.add_function("__begin", |state: &mut State, captured: i64| {
        let log = Log::of(state);
        log.top();
        log.stack.push(Frame { captured: usize::try_from(captured).ok(), ..Frame::default() });
        ""
    });
    environment.add_function("__end", |state: &mut State| {
        Log::of(state).end();
        ""
    });
    environment.add_function("__drop", |state: &mut State| {
        Log::of(state).stack.pop();
        ""
    });
    environment.add_filter("__mark", |value: Value, site: usize| {
        // The formatter reports an undefined value best when it sees it bare.
        if value.is_undefined() { value } else { Value::from_object(Marked(site, value)) }
    });
    environment.add_filter("__seal", |state: &mut State, value: Value| {
        let log = Log::of(state);
        let Some(capture) = log.find(&value) else { return value };
        let sealed = Value::from_safe_string(capture.text.clone());
        if let Some(address) = sealed.as_str().map(|text| text.as_ptr().addr()) {
            log.sealed.insert(address, (sealed.clone(), capture));
        }
        sealed
    });
    environment.set_formatter(move |out, state, value| format(&tables, out, state, value));
}

fn format(tables: &Tables, out: &mut Output, state: &mut State, value: &Value) -> Result<(), Error> {
    if let Some(LiteralObject(id)) = value.downcast_object_ref() {
        let text = tables.literals[*id].text();
        Log::of(state).push(Piece::Literal(*id), text);
        return out.write_str(text).map_err(Error::from);
    }
    let Some(Marked(site, value)) = value.downcast_object_ref() else {
        return out.write_str(&plain_text(value)?).map_err(Error::from);
    };
    let site = *site;
    if let Some(capture) = Log::of(state).find(value) {
        out.write_str(&capture.text)?;
        let log = Log::of(state);
        log.write(&capture.text);
        log.add(Piece::Capture { site, capture });
        return Ok(());
    }
    if let Some(Raw(text)) = value.downcast_object_ref() {
        Log::of(state).push(Piece::Site { site, value: SiteValue::Raw(text.clone()), leaf: None }, text);
        return out.write_str(text).map_err(Error::from);
    }
    let data = to_data(value)?;
    let leaf = if tables.sites[site].named {
        state.lookup(Leaves::NAME).and_then(|leaves| leaves.downcast_object_ref::<Leaves>()?.fed(value, &data))
    } else {
        None
    };
    let text = data_text(&data);
    out.write_str(&text)?;
    let log = Log::of(state);
    log.write(&text);
    log.add(Piece::Site { site, value: SiteValue::Data(data), leaf });
    Ok(())
}

fn plain_text(value: &Value) -> Result<String, Error> {
    match value.downcast_object_ref() {
        Some(Raw(text)) => Ok(text.clone()),
        None => Ok(data_text(&to_data(value)?).into_owned()),
    }
}

/// Gives the text of data as it stands inside other text.
pub(in crate::render) fn data_text(data: &Data) -> Cow<'_, str> {
    match data {
        Data::Null => Cow::Borrowed(""),
        Data::String(text) => Cow::Borrowed(text),
        Data::Float(value) => Cow::Owned(float_text(*value)),
        other => Cow::Owned(emit::flow(other)),
    }
}

/// Reads a template's value as data.
pub(super) fn to_data(value: &Value) -> Result<Data, Error> {
    to_data_at(value, 0)
}

fn to_data_at(value: &Value, depth: usize) -> Result<Data, Error> {
    let refuse = |what: String| Err(Error::new(ErrorKind::InvalidOperation, what));
    if depth > 100 {
        return refuse("a value nested deeper than 100 levels cannot be written".to_owned());
    }
    Ok(match value.kind() {
        ValueKind::Undefined | ValueKind::None => Data::Null,
        ValueKind::Bool => Data::Bool(value.is_true()),
        ValueKind::Number => number(value),
        ValueKind::String => Data::String(value.as_str().unwrap_or_default().to_owned()),
        ValueKind::Seq | ValueKind::Iterable => {
            Data::Seq(value.try_iter()?.map(|item| to_data_at(&item, depth + 1)).collect::<Result<_, _>>()?)
        }
        ValueKind::Map => {
            let mut entries = Vec::new();
            for key in value.try_iter()? {
                let item = value.get_item(&key)?;
                entries.push((data_text(&to_data_at(&key, depth + 1)?).into_owned(), to_data_at(&item, depth + 1)?));
            }
            Data::Map(entries)
        }
        ValueKind::Plain if value.downcast_object_ref::<Raw>().is_some() => Data::String(value.to_string()),
        _ => return refuse(format!("{} cannot be written as YAML", describe(value))),
    })
}

fn describe(value: &Value) -> &'static str {
    match value.kind() {
        ValueKind::Bytes => "bytes",
        ValueKind::Invalid => "an invalid value",
        _ => "a function or macro",
    }
}

fn number(value: &Value) -> Data {
    if value.is_integer() {
        if let Some(int) = value.as_i64() {
            return Data::Int(int);
        }
        if let Ok(uint) = u64::try_from(value.clone()) {
            return Data::UInt(uint);
        }
    }
    Data::Float(f64::try_from(value.clone()).unwrap_or(f64::NAN))
}
