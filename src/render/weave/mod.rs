//! Weaves literal text and values into YAML.
//!
//! In: the atoms that a template printed. Out: text, the origins of every stretch of it, and what each value must read
//! back as. One pass follows where in the YAML it stands. Only literal text makes structure; a value is written as its
//! place asks, so that it cannot break out of it. What this pass misjudges, [`super::prove`] finds.

mod atoms;
mod block_scalar;
mod collection;
mod flow;
mod quoted;
mod scalar;

pub(super) use atoms::{Atom, Fragment, Site, SiteData};

use super::origins::{Made, Origins, TraceId};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::yaml::emit::{self, Data};
use atoms::{Cursor, Unit, settle, unit};
use scalar::Ending;
use std::borrow::Cow;
use std::ops::Range;

/// What a stretch of the output must read back as.
#[derive(Debug)]
pub(super) struct Expected<'a> {
    /// The stretch, in bytes.
    pub(super) at: Range<usize>,
    pub(super) value: ExpectedValue<'a>,
    pub(super) blame: Blame,
}

/// What is to blame where a value does not read back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Blame {
    /// The tag.
    pub(super) span: Span,
    pub(super) trace: TraceId,
    /// The node of the values that a list or a map was printed from.
    pub(super) edit: Option<u32>,
}

#[derive(Debug)]
pub(super) enum ExpectedValue<'a> {
    /// A scalar, list or map of this data.
    Data(Cow<'a, Data>),
    /// A key of this text.
    Key(String),
    /// A string that holds these texts in this order.
    Holds(Vec<String>),
    /// Text that opted out: it should still be a scalar of this text.
    Raw(String),
}

/// The result of weaving.
#[derive(Debug, Default)]
pub(super) struct Woven<'a> {
    pub(super) text: String,
    pub(super) origins: Origins,
    pub(super) expected: Vec<Expected<'a>>,
    /// Values that cannot stand where they were printed.
    pub(super) problems: Vec<(Diagnostic, TraceId)>,
}

/// Weaves what a template printed.
pub(super) fn weave<'a>(atoms: &'a [Atom<'a>]) -> Woven<'a> {
    let mut weaver = Weaver {
        atoms,
        at: settle(atoms, Cursor { atom: 0, byte: 0 }),
        woven: Woven::default(),
        line_start: 0,
        frames: Vec::new(),
        open_key: None,
        vanished: false,
    };
    while weaver.line() {}
    weaver.woven
}

/// How the lines of a fragment are moved.
struct Frame {
    /// Blanks to take off each line.
    dedent: usize,
    /// Column at which the lines stand instead.
    indent: usize,
}

/// What stands before a node on its line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    /// Indentation only.
    Nothing,
    /// A dash at this column.
    Dash(usize),
    /// A key at this column.
    Key(usize),
}

struct Weaver<'a> {
    atoms: &'a [Atom<'a>],
    at: Cursor,
    woven: Woven<'a>,
    /// Where the current line of the output starts.
    line_start: usize,
    frames: Vec<Frame>,
    /// The line before was a key without a value, at this column.
    open_key: Option<usize>,
    /// The current line turned out to print nothing: it does not end in a line break.
    vanished: bool,
}

impl<'a> Weaver<'a> {
    fn peek(&self) -> Unit {
        unit(self.atoms, self.at).0
    }

    /// Gives the unit after the next.
    fn second(&self) -> Unit {
        unit(self.atoms, unit(self.atoms, self.at).1).0
    }

    fn advance(&mut self) {
        self.at = settle(self.atoms, unit(self.atoms, self.at).1);
    }

    fn column(&self) -> usize {
        self.woven.text[self.line_start..].chars().count()
    }

    /// Copies one literal character, with its origin.
    fn copy(&mut self) {
        if let (Unit::Char(c), next) = unit(self.atoms, self.at)
            && let Some(Atom::Text { span, trace, .. }) = self.atoms.get(self.at.atom)
        {
            let start = span.start as usize + self.at.byte;
            let from = self.woven.text.len();
            self.woven.text.push(c);
            let made = Made::Literal(Span::new(span.file, start, start + c.len_utf8()));
            self.woven.origins.extend(from, self.woven.text.len(), made, *trace);
            if c == '\n' {
                self.line_start = self.woven.text.len();
            }
            self.at = settle(self.atoms, next);
        }
    }

    /// Gives the literal text at the cursor, to the end of its atom or before a byte that stops it. Without that byte being
    /// of another character's, so it is an ASCII one.
    fn literal_until(&self, stops: impl Fn(u8) -> bool) -> &'a str {
        let Some(Atom::Text { text, .. }) = self.atoms.get(self.at.atom) else { return "" };
        let rest = text.get(self.at.byte..).unwrap_or_default();
        let end = rest.bytes().position(stops).unwrap_or(rest.len());
        &rest[..end]
    }

    /// Gives the cursor behind so many bytes of the literal text at the cursor.
    fn behind(&self, length: usize) -> Cursor {
        settle(self.atoms, Cursor { atom: self.at.atom, byte: self.at.byte + length })
    }

    /// Copies literal text up to a byte that stops it, or to the next site.
    fn copy_until(&mut self, stops: impl Fn(u8) -> bool) {
        loop {
            let run = self.literal_until(&stops);
            let Some(Atom::Text { span, trace, .. }) = self.atoms.get(self.at.atom).filter(|_| !run.is_empty()) else {
                return;
            };
            let start = span.start as usize + self.at.byte;
            let from = self.woven.text.len();
            self.woven.text.push_str(run);
            let made = Made::Literal(Span::new(span.file, start, start + run.len()));
            self.woven.origins.extend(from, self.woven.text.len(), made, *trace);
            self.at = self.behind(run.len());
        }
    }

    fn copy_blanks(&mut self) {
        self.copy_until(|byte| byte != b' ' && byte != b'\t');
    }

    /// Writes text that a site made.
    fn write(&mut self, text: &str, span: Span, edit: Option<u32>, trace: TraceId) {
        let from = self.woven.text.len();
        self.woven.text.push_str(text);
        self.woven.origins.push(from, self.woven.text.len(), Made::Site(span, edit), trace);
        if let Some(at) = text.rfind('\n') {
            self.line_start = from + at + 1;
        }
    }

    fn write_site(&mut self, text: &str, site: &Site<'_>) {
        self.write(text, site.span, site.edit, site.trace);
    }

    /// Takes blanks off the end of the output.
    fn trim_blanks(&mut self) {
        let end = self.woven.text.trim_end_matches([' ', '\t']).len();
        self.woven.text.truncate(end);
        self.woven.origins.truncate(end);
    }

    fn pad(&mut self, columns: usize) {
        self.woven.text.extend(std::iter::repeat_n(' ', columns));
    }

    fn expect(&mut self, from: usize, value: ExpectedValue<'a>, blame: Blame) {
        let at = from..self.woven.text.len();
        self.woven.expected.push(Expected { at, value, blame });
    }

    fn problem(&mut self, diagnostic: Diagnostic, span: Span, trace: TraceId) {
        self.woven.problems.push((diagnostic.at(span), trace));
    }

    fn site(&self, at: Cursor) -> Option<&'a Site<'a>> {
        match self.atoms.get(at.atom) {
            Some(Atom::Site(site)) => Some(site),
            _ => None,
        }
    }

    fn fragment(&self, at: Cursor) -> Option<&'a Fragment<'a>> {
        match self.atoms.get(at.atom) {
            Some(Atom::Open(fragment)) => Some(fragment),
            _ => None,
        }
    }

    /// Finds the atom behind the end of the fragment that opens at a cursor.
    fn behind_fragment(&self, at: Cursor) -> Cursor {
        let mut depth = 0usize;
        for (index, atom) in self.atoms.iter().enumerate().skip(at.atom) {
            match atom {
                Atom::Open(_) => depth += 1,
                Atom::Close => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return settle(self.atoms, Cursor { atom: index + 1, byte: 0 });
            }
        }
        Cursor { atom: self.atoms.len(), byte: 0 }
    }

    /// Counts the blanks that begin a literal line, skipping them.
    fn skip_indentation(&mut self) -> usize {
        let mut spaces = 0;
        loop {
            let run = self.literal_until(|byte| byte != b' ').len();
            if run == 0 {
                return spaces;
            }
            spaces += run;
            self.at = self.behind(run);
        }
    }

    /// Gives the column at which a line with this indentation stands.
    fn shifted(&self, spaces: usize) -> usize {
        match self.frames.last() {
            None => spaces,
            Some(frame) => frame.indent + spaces.saturating_sub(frame.dedent),
        }
    }

    /// Weaves one line of block context, and what it opens. Tells whether there was one.
    fn line(&mut self) -> bool {
        let spaces = self.skip_indentation();
        match self.peek() {
            Unit::End => return false,
            Unit::Close => {
                self.close();
                self.finish_line();
                return true;
            }
            Unit::Char('\r') if self.second() == Unit::Char('\n') => {
                self.copy();
                self.copy();
                return true;
            }
            Unit::Char('\n') => {
                self.copy();
                return true;
            }
            _ => {}
        }
        let column = self.shifted(spaces);
        self.pad(column);
        if column == 0 && self.directive() {
            return true;
        }
        if self.plain_line(column) {
            return true;
        }
        self.entry();
        true
    }

    /// Copies a line at once that is nothing but dashes, a key and plain text, all literal: most lines are.
    fn plain_line(&mut self, column: usize) -> bool {
        let Some(Atom::Text { text, span, trace, .. }) = self.atoms.get(self.at.atom) else { return false };
        let rest = &text[self.at.byte..];
        let Some(end) = rest.find('\n') else { return false };
        let line = &rest[..end];
        if line.bytes().any(|byte| b"\"'[]{}|>&!*%?#\r\t".contains(&byte)) {
            return false;
        }
        let start = span.start as usize + self.at.byte;
        let from = self.woven.text.len();
        self.woven.text.push_str(&rest[..=end]);
        let made = Made::Literal(Span::new(span.file, start, start + end + 1));
        self.woven.origins.extend(from, self.woven.text.len(), made, *trace);
        self.line_start = self.woven.text.len();
        self.at = settle(self.atoms, Cursor { atom: self.at.atom, byte: self.at.byte + end + 1 });
        let mut key = line;
        while let Some(item) = key.strip_prefix("- ") {
            key = item.trim_start_matches(' ');
        }
        let opens = key.trim_end_matches(' ').ends_with(':') || key.trim_end_matches(' ') == "-";
        self.open_key = opens.then(|| column + line.len() - key.len());
        true
    }

    /// Copies a document marker or a directive, to the end of its line.
    fn directive(&mut self) -> bool {
        let Some(Atom::Text { text, .. }) = self.atoms.get(self.at.atom) else { return false };
        let rest = &text[self.at.byte..];
        let marker = rest.starts_with("---") || rest.starts_with("...");
        let marker = marker && rest[3..].chars().next().is_none_or(char::is_whitespace);
        if marker {
            for _ in 0..3 {
                self.copy();
            }
            self.copy_blanks();
            self.open_key = None;
            if self.peek().ends_line() || self.peek() == Unit::Char('#') {
                self.finish_line();
            } else {
                self.entry();
            }
        } else if rest.starts_with('%') {
            self.copy_until(|byte| byte == b'\n');
            self.finish_line();
        }
        marker || rest.starts_with('%')
    }

    /// Weaves dashes, keys and values up to the end of the line, or of the node that they open.
    fn entry(&mut self) {
        let open_key = self.open_key.take();
        let mut before = Before::Nothing;
        loop {
            let column = self.column();
            match self.peek() {
                Unit::Char('#') => {
                    // A comment stands between a key and its value as well as anywhere.
                    self.open_key = open_key.filter(|_| before == Before::Nothing);
                    return self.finish_line();
                }
                Unit::Char('*') if self.second() == Unit::Site => {
                    self.property();
                    if !self.colon_follows() {
                        return self.finish_line();
                    }
                }
                Unit::Char('-') if self.second().is_blank() && !matches!(before, Before::Key(_)) => {
                    self.copy();
                    self.copy_blanks();
                    before = Before::Dash(column);
                    if self.line_is_over() {
                        self.open_key = Some(column);
                        return self.finish_line();
                    }
                    continue;
                }
                Unit::Char('?') if self.second().is_blank() => {
                    self.copy();
                    self.copy_blanks();
                    continue;
                }
                Unit::Char('&' | '!') => {
                    self.property();
                    if self.line_is_over() {
                        self.open_key = if let Before::Key(key) = before { Some(key) } else { None };
                        return self.finish_line();
                    }
                }
                _ => {}
            }
            match self.peek() {
                Unit::Open => {
                    if self.open_fragment(before) {
                        // The fragment's first line goes on here.
                        continue;
                    }
                    return;
                }
                Unit::Char('|' | '>') if before != Before::Nothing => {
                    self.block_scalar(before);
                    return;
                }
                _ => {}
            }
            if !self.node(before, open_key) {
                if std::mem::take(&mut self.vanished) {
                    return;
                }
                return self.finish_line();
            }
            // It was a key.
            self.copy();
            self.copy_blanks();
            if self.line_is_over() {
                self.open_key = Some(column);
                return self.finish_line();
            }
            before = Before::Key(column);
        }
    }

    fn line_is_over(&self) -> bool {
        match self.peek() {
            Unit::Char('#') => true,
            Unit::Char('\r') => self.second() == Unit::Char('\n'),
            other => other.ends_line(),
        }
    }

    /// Weaves a scalar, a flow collection or a printed collection. Tells whether it is a key: its colon comes next.
    fn node(&mut self, before: Before, open_key: Option<usize>) -> bool {
        match self.peek() {
            Unit::Char(quote @ ('"' | '\'')) => {
                self.quoted(quote);
                self.colon_follows()
            }
            Unit::Char('[' | '{') => {
                self.flow();
                self.colon_follows()
            }
            _ => {
                if let Some(site) = self.site(self.at)
                    && site.collection().is_some()
                {
                    self.collection(site, before, open_key);
                    return false;
                }
                self.plain(false) == Ending::Colon
            }
        }
    }

    /// Tells whether a colon that ends a key follows; blanks before it are copied.
    fn colon_follows(&mut self) -> bool {
        let mut at = self.at;
        while let (Unit::Char(' '), next) = unit(self.atoms, at) {
            at = next;
        }
        let (Unit::Char(':'), next) = unit(self.atoms, at) else { return false };
        if !unit(self.atoms, next).0.is_blank() {
            return false;
        }
        self.copy_blanks();
        true
    }

    /// Copies an anchor or a tag and the blanks behind it.
    fn property(&mut self) {
        loop {
            match self.peek() {
                Unit::Site => {
                    let Some(site) = self.site(self.at) else { return };
                    self.word(site);
                    self.advance();
                }
                Unit::Char(c) if !c.is_whitespace() => self.copy(),
                _ => break,
            }
        }
        self.copy_blanks();
    }

    /// Writes a value where only a word can stand: in an anchor, a tag, a block header.
    fn word(&mut self, site: &Site<'_>) {
        let text = site.text().unwrap_or_default();
        if !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-') {
            self.write_site(text, site);
        } else {
            let problem = Diagnostic::error("template/place", "only letters, digits, `_` and `-` can stand here")
                .help("write this part of the YAML out");
            self.problem(problem, site.span, site.trace);
        }
    }

    /// Ends a fragment.
    fn close(&mut self) {
        self.frames.pop();
        self.advance();
    }

    /// Begins a fragment. Tells whether its first line goes on where it stands.
    fn open_fragment(&mut self, before: Before) -> bool {
        let Some(fragment) = self.fragment(self.at) else { return false };
        self.advance();
        if let Before::Key(key) = before {
            self.trim_blanks();
            self.write("\n", fragment.span, None, fragment.trace);
            self.frames.push(Frame { dedent: fragment.dedent, indent: key + 2 });
            return false;
        }
        let indent = self.column();
        self.frames.push(Frame { dedent: fragment.dedent, indent });
        self.skip_indentation();
        true
    }

    /// Takes a line to its end: blanks, a comment, the end of fragments, the line break.
    fn finish_line(&mut self) {
        loop {
            self.copy_blanks();
            match self.peek() {
                Unit::Char('#') => self.comment(),
                Unit::Close => self.close(),
                Unit::Char('\r') => self.copy(),
                Unit::Char('\n') => return self.copy(),
                Unit::End => return,
                _ => {
                    let (span, trace) = self.place();
                    let problem = Diagnostic::error("template/place", "text follows a value on its line")
                        .help("put it on a line of its own, or make all of it one scalar");
                    self.problem(problem, span, trace);
                    while !self.peek().ends_line() {
                        if matches!(self.peek(), Unit::Char(_)) {
                            self.copy();
                        } else {
                            self.advance();
                        }
                    }
                }
            }
        }
    }

    /// Gives the place of the atom at the cursor.
    fn place(&self) -> (Span, TraceId) {
        match self.atoms.get(self.at.atom) {
            Some(Atom::Text { span, trace, .. }) => {
                let start = span.start as usize + self.at.byte;
                (Span::new(span.file, start, start + 1), *trace)
            }
            Some(Atom::Site(site)) => (site.span, site.trace),
            Some(Atom::Open(fragment)) => (fragment.span, fragment.trace),
            _ => self.woven.expected.last().map_or_else(
                || (self.fallback_span(), TraceId::default()),
                |expected| (expected.blame.span, expected.blame.trace),
            ),
        }
    }

    fn fallback_span(&self) -> Span {
        self.atoms
            .iter()
            .find_map(|atom| match atom {
                Atom::Text { span, .. } => Some(*span),
                Atom::Site(site) => Some(site.span),
                _ => None,
            })
            .unwrap_or_else(|| unreachable!("a place is asked for only where something was printed"))
    }

    /// Copies a comment; line breaks of values in it, and what YAML has no place for, become blanks.
    fn comment(&mut self) {
        let unfit = |c: char| c == '\n' || !emit::is_printable(c);
        loop {
            match self.peek() {
                Unit::Char('\n') | Unit::End | Unit::Close => return,
                Unit::Char('\r') if self.second() == Unit::Char('\n') => return,
                Unit::Char(_) => self.copy(),
                Unit::Site => {
                    if let Some(site) = self.site(self.at) {
                        let text = match site.value {
                            SiteData::Data(data) => super::data_text(data),
                            SiteData::Raw(text) => Cow::Borrowed(text),
                        };
                        self.write_site(&text.replace(unfit, " "), site);
                    }
                    self.advance();
                }
                Unit::Open => {
                    if let Some(fragment) = self.fragment(self.at) {
                        self.write(&fragment.text.replace(unfit, " "), fragment.span, None, fragment.trace);
                    }
                    self.at = self.behind_fragment(self.at);
                }
            }
        }
    }
}
