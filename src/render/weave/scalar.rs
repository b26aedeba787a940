//! Plain scalars: from their first character to where literal text ends them.

use super::atoms::{Cursor, Site, SiteData, Unit, settle, unit};
use super::{Atom, Blame, ExpectedValue, Weaver};
use crate::diagnostic::Diagnostic;
use crate::render::origins::{Made, TraceId};
use crate::source::Span;
use crate::yaml::emit::{self, Data, Place};
use crate::yaml::{Scalar, resolve};
use std::borrow::Cow;

/// A YAML key may be this long.
const KEY_LIMIT: usize = 1024;

/// What ended a plain scalar.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ending {
    /// A colon that makes it a key.
    Colon,
    /// Anything else.
    Other,
}

/// A part of a scalar.
pub(super) enum Part<'a> {
    Literal {
        span: Span,
        text: Cow<'a, str>,
        trace: TraceId,
    },
    Value(&'a Site<'a>),
    /// Captured text that stands inside other text, whatever it holds.
    Text {
        text: Cow<'a, str>,
        span: Span,
        trace: TraceId,
    },
}

impl Part<'_> {
    pub(super) fn place(&self) -> (Span, TraceId) {
        match self {
            Self::Literal { span, trace, .. } | Self::Text { span, trace, .. } => (*span, *trace),
            Self::Value(site) => (site.span, site.trace),
        }
    }

    pub(super) fn made(&self) -> Made {
        match self {
            Self::Literal { span, .. } => Made::Literal(*span),
            Self::Text { span, .. } => Made::Site(*span, None),
            Self::Value(site) => Made::Site(site.span, site.edit),
        }
    }

    /// Gives the text; for null and collections, which have none, what stands for them.
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Literal { text, .. } | Self::Text { text, .. } => text,
            Self::Value(site) => site.text().unwrap_or_default(),
        }
    }

    pub(super) fn is_value(&self) -> bool {
        !matches!(self, Self::Literal { .. })
    }

    /// Gives what to blame for the part.
    pub(super) fn blame(&self) -> Blame {
        let (span, trace) = self.place();
        let edit = if let Self::Value(site) = self { site.edit } else { None };
        Blame { span, trace, edit }
    }
}

impl<'a> Weaver<'a> {
    /// Adds literal text that stands at a cursor, in one atom, to the parts.
    pub(super) fn push_literal(&self, parts: &mut Vec<Part<'a>>, at: Cursor, length: usize) {
        let Some(Atom::Text { span, text: whole, trace, .. }) = self.atoms.get(at.atom) else { return };
        let start = span.start as usize + at.byte;
        let more = whole.get(at.byte..at.byte + length).unwrap_or_default();
        if let Some(Part::Literal { span: last, text, trace: last_trace }) = parts.last_mut()
            && last.file == span.file
            && last.end as usize == start
            && last_trace == trace
        {
            text.to_mut().push_str(more);
            last.end += more.len() as u32;
            return;
        }
        let span = Span::new(span.file, start, start + more.len());
        parts.push(Part::Literal { span, text: Cow::Borrowed(more), trace: *trace });
    }

    /// Reads a site or a whole fragment as a part of text, and moves behind it.
    pub(super) fn take_value(&mut self, parts: &mut Vec<Part<'a>>) {
        if let Some(fragment) = self.fragment(self.at) {
            parts.push(Part::Text { text: Cow::Borrowed(fragment.text), span: fragment.span, trace: fragment.trace });
            self.at = self.behind_fragment(self.at);
        } else if let Some(site) = self.site(self.at) {
            parts.push(Part::Value(site));
            self.advance();
        }
    }

    /// Reports values that have no text, among the parts of a longer text.
    pub(super) fn refuse_untextual(&mut self, parts: &[Part]) {
        for part in parts {
            let Part::Value(site) = part else { continue };
            if site.text().is_some() {
                continue;
            }
            let problem = if site.collection().is_some() {
                Diagnostic::error("template/place", "a list or a map cannot stand inside text")
                    .help("print one of its items, or write it with `|tojson`")
            } else {
                Diagnostic::error("template/null", "this value is null, which cannot stand inside text")
                    .help("give the value, or a text for its absence with `|default(\"…\", true)`")
            };
            self.problem(problem, site.span, site.trace);
        }
    }

    /// Weaves a plain scalar: a key or a value.
    pub(super) fn plain(&mut self, flow: bool) -> Ending {
        let (mut parts, ending) = self.gather(flow);
        trim_end(&mut parts);
        let values = parts.iter().filter(|part| part.is_value()).count();
        if values == 0 {
            for part in &parts {
                self.write_part(part, part.text());
            }
        } else if let [Part::Value(site)] = parts.as_slice() {
            self.single(site, ending, flow);
        } else {
            self.refuse_untextual(&parts);
            self.joined(&parts, ending, flow);
        }
        if ending == Ending::Colon {
            self.copy_blanks();
        }
        ending
    }

    /// Collects the parts of a plain scalar. The cursor ends behind its last part.
    fn gather(&mut self, flow: bool) -> (Vec<Part<'a>>, Ending) {
        let mut parts = Vec::new();
        // The end of the scalar without the blanks that follow it.
        let mut end = self.at;
        let mut blank = false;
        let ending = loop {
            let run = self.literal_until(|byte| match byte {
                b':' | b'#' | b'\n' | b'\r' => true,
                b',' | b'[' | b']' | b'{' | b'}' => flow,
                _ => false,
            });
            if !run.is_empty() {
                self.push_literal(&mut parts, self.at, run.len());
                let text = run.trim_end_matches([' ', '\t']).len();
                if text > 0 {
                    end = self.behind(text);
                }
                blank = text < run.len();
                self.at = self.behind(run.len());
                continue;
            }
            let (here, next) = unit(self.atoms, self.at);
            let following = unit(self.atoms, next).0;
            match here {
                Unit::End | Unit::Close | Unit::Char('\n') => break Ending::Other,
                Unit::Char('\r') if following == Unit::Char('\n') => break Ending::Other,
                Unit::Char(':') if following.is_blank() => break Ending::Colon,
                Unit::Char(':') if flow && matches!(following, Unit::Char(',' | '[' | ']' | '{' | '}')) => {
                    break Ending::Colon;
                }
                Unit::Char('#') if blank => break Ending::Other,
                Unit::Char(',' | '[' | ']' | '{' | '}') if flow => break Ending::Other,
                Unit::Char(c) => {
                    blank = false;
                    self.push_literal(&mut parts, self.at, c.len_utf8());
                    self.at = settle(self.atoms, next);
                    end = self.at;
                }
                Unit::Site | Unit::Open => {
                    blank = false;
                    self.take_value(&mut parts);
                    end = self.at;
                }
            }
        };
        self.at = end;
        (parts, ending)
    }

    pub(super) fn write_part(&mut self, part: &Part, text: &str) {
        let from = self.woven.text.len();
        self.woven.text.push_str(text);
        let made = match part.made() {
            // Escaped or unescaped, it is not there to the byte in the template: the whole part is the origin.
            Made::Literal(span) if text != part.text() => Made::Site(span, None),
            made => made,
        };
        self.woven.origins.push(from, self.woven.text.len(), made, part.place().1);
    }

    /// Writes a value that is a scalar on its own: its type is the value's.
    fn single(&mut self, site: &'a Site<'a>, ending: Ending, flow: bool) {
        let from = self.woven.text.len();
        let place = if flow { Place::Flow } else { Place::Block };
        match site.value {
            SiteData::Raw(text) => {
                self.write_site(text, site);
                self.expect(from, ExpectedValue::Raw(text.to_owned()), site.blame());
            }
            SiteData::Data(data) if ending == Ending::Colon => {
                if data == &Data::Null || site.collection().is_some() {
                    let what = if data == &Data::Null { "null" } else { "a list or a map" };
                    let problem = Diagnostic::error("template/place", format!("{what} cannot be a key"));
                    return self.problem(problem.help("print a text"), site.span, site.trace);
                }
                let text = site.text().unwrap_or_default();
                if text.chars().count() > KEY_LIMIT {
                    let problem = Diagnostic::error("template/place", "a key cannot be longer than 1,024 characters");
                    return self.problem(problem, site.span, site.trace);
                }
                self.write_site(&emit::string(text, place), site);
                self.expect(from, ExpectedValue::Key(text.to_owned()), site.blame());
            }
            SiteData::Data(data) => {
                let bare = !matches!(data, Data::String(_));
                let text = match (bare, site.written.as_deref()) {
                    // A number keeps the text that a person gave it.
                    (true, Some(written)) => written.into(),
                    _ => emit::scalar(data, place).unwrap_or_default(),
                };
                self.write_site(&text, site);
                self.expect(from, ExpectedValue::Data(Cow::Borrowed(data)), site.blame());
            }
        }
    }

    /// Writes a scalar of several parts: always a string.
    fn joined(&mut self, parts: &[Part], ending: Ending, flow: bool) {
        let text: String = parts.iter().map(Part::text).collect();
        let raw = parts.iter().any(|part| matches!(part, Part::Value(Site { value: SiteData::Raw(_), .. })));
        let place = if flow { Place::Flow } else { Place::Block };
        let from = self.woven.text.len();
        let Some(blamed) = parts.iter().find(|part| part.is_value()).map(Part::blame) else { return };
        if raw || emit::is_plain_safe(&text, place) {
            for part in parts {
                self.write_part(part, part.text());
            }
        } else {
            if resolve(&text) != Scalar::String && !text.is_empty() {
                let message =
                    format!("this is written as the string {}, not as {}", emit::double_quoted(&text), kind(&text));
                let problem = Diagnostic::warning("template/retyped", message)
                    .help("quote the whole scalar to say that text is meant, or print one value");
                self.problem(problem, blamed.span, blamed.trace);
            }
            self.write_quoted(parts);
        }
        let value = match ending {
            _ if raw => ExpectedValue::Raw(text),
            Ending::Colon => ExpectedValue::Key(text),
            Ending::Other => ExpectedValue::Data(Cow::Owned(Data::String(text))),
        };
        self.expect(from, value, blamed);
    }

    /// Writes parts as one double-quoted scalar.
    pub(super) fn write_quoted(&mut self, parts: &[Part]) {
        let last = parts.len().saturating_sub(1);
        for (index, part) in parts.iter().enumerate() {
            let mut text = String::new();
            if index == 0 {
                text.push('"');
            }
            emit::push_escaped(&mut text, part.text());
            if index == last {
                text.push('"');
            }
            self.write_part(part, &text);
        }
    }
}

/// Takes blanks off the end of a scalar's literal text.
fn trim_end(parts: &mut Vec<Part<'_>>) {
    while let Some(Part::Literal { span, text, .. }) = parts.last_mut() {
        let kept = text.trim_end_matches([' ', '\t', '\r']).len();
        span.end -= (text.len() - kept) as u32;
        match text {
            Cow::Borrowed(text) => *text = &text[..kept],
            Cow::Owned(text) => text.truncate(kept),
        }
        if kept > 0 {
            break;
        }
        parts.pop();
    }
}

fn kind(text: &str) -> &'static str {
    match resolve(text) {
        Scalar::Null => "null",
        Scalar::Bool(_) => "a boolean",
        Scalar::Merge => "a merge key",
        Scalar::String => "text",
        Scalar::Int(_) | Scalar::UInt(_) | Scalar::Float(_) => "a number",
    }
}
