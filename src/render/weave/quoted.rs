//! Quoted scalars.

use super::atoms::{Unit, settle, unit};
use super::scalar::Part;
use super::{Atom, ExpectedValue, Weaver};
use crate::render::origins::Made;
use crate::source::Span;
use crate::yaml::emit::{self, Data};
use std::borrow::Cow;

impl<'a> Weaver<'a> {
    /// Gives the capture that the literal text at the cursor stands in.
    fn scope(&self) -> Option<u32> {
        match self.atoms.get(self.at.atom) {
            Some(Atom::Text { scope, .. }) => Some(*scope),
            _ => None,
        }
    }

    /// Weaves a quoted scalar, from its opening quote to behind its closing one.
    pub(super) fn quoted(&mut self, quote: char) {
        let start = self.at;
        let from = self.woven.text.len();
        let parts = self.gather_quoted(quote);
        let values: Vec<_> = parts.iter().filter(|part| part.is_value()).collect();
        let Some(blamed) = values.first().map(|part| part.blame()) else {
            // Nothing but literal text.
            let end = self.at;
            self.at = start;
            while self.at != end && matches!(self.peek(), Unit::Char(_)) {
                self.copy();
            }
            if self.peek() == Unit::Char(quote) {
                self.copy();
            }
            return;
        };
        self.refuse_untextual(&parts);
        let needs_escapes =
            |part: &&Part| part.text().chars().any(|c| c == '\n' || c == '\t' || !emit::is_printable(c));
        let single = quote == '\'' && !values.iter().any(needs_escapes);
        let mark = if single { "'" } else { "\"" };
        let opening = parts.first().map_or(Made::Site(blamed.span, None), Part::made);
        self.write_mark(mark, opening);
        for part in &parts {
            match (part.is_value(), quote, single) {
                (true, _, true) => self.write_part(part, &part.text().replace('\'', "''")),
                (true, ..) => {
                    let mut text = String::new();
                    emit::push_escaped(&mut text, part.text());
                    self.write_part(part, &text);
                }
                // Literal text between single quotes that become double ones.
                (false, '\'', false) => {
                    // Line breaks fold in both kinds of quotes alike.
                    let text = part.text().replace("''", "'").replace('\\', "\\\\").replace('"', "\\\"");
                    self.write_part(part, &text);
                }
                (false, ..) => self.write_part(part, part.text()),
            }
        }
        self.write_mark(mark, parts.last().map_or(opening, Part::made));
        if self.peek() == Unit::Char(quote) {
            self.advance();
        }
        let plain = |part: &Part| part.is_value() || !part.text().contains(['\\', '\n', '\r']);
        let value = if parts.iter().all(plain) {
            let unquote = |part: &Part| match (part.is_value(), quote) {
                (false, '\'') => part.text().replace("''", "'"),
                _ => part.text().to_owned(),
            };
            ExpectedValue::Data(Cow::Owned(Data::String(parts.iter().map(unquote).collect())))
        } else {
            ExpectedValue::Holds(values.iter().map(|part| part.text().to_owned()).collect())
        };
        self.expect(from, value, blamed);
    }

    /// Collects what stands between the quotes. The cursor ends at the closing quote.
    fn gather_quoted(&mut self, quote: char) -> Vec<Part<'a>> {
        let scope = self.scope();
        self.advance();
        let mut parts: Vec<Part> = Vec::new();
        let mut escaped = false;
        loop {
            if self.scope() == scope && !escaped {
                let run = self.literal_until(|byte| matches!(byte, b'"' | b'\'' | b'\\')).len();
                if run > 0 {
                    self.push_literal(&mut parts, self.at, run);
                    self.at = self.behind(run);
                    continue;
                }
            }
            let (here, next) = unit(self.atoms, self.at);
            match here {
                // Without its closing quote the text is no YAML: the parser will say so.
                Unit::End | Unit::Close => break,
                Unit::Site | Unit::Open => {
                    self.take_value(&mut parts);
                    escaped = false;
                    continue;
                }
                // Literal text of a capture is text here, whatever it holds.
                Unit::Char(c) if self.scope() != scope => self.push_foreign(&mut parts, c),
                Unit::Char(c) if c == quote && !escaped => {
                    let doubled = quote == '\'' && unit(self.atoms, next).0 == Unit::Char('\'');
                    if !doubled {
                        break;
                    }
                    self.push_literal(&mut parts, self.at, c.len_utf8());
                    escaped = true;
                }
                Unit::Char(c) => {
                    self.push_literal(&mut parts, self.at, c.len_utf8());
                    escaped = quote == '"' && c == '\\' && !escaped;
                }
            }
            if here == Unit::Char(quote) && quote == '\'' && escaped && self.at != next {
                // The first of two quotes: the second follows as text.
                self.at = settle(self.atoms, next);
                if self.scope() == scope {
                    self.push_literal(&mut parts, self.at, quote.len_utf8());
                    self.advance();
                }
                escaped = false;
                continue;
            }
            self.at = settle(self.atoms, next);
        }
        parts
    }

    fn push_foreign(&self, parts: &mut Vec<Part<'a>>, c: char) {
        let (here, trace) = self.place();
        if let Some(Part::Text { text, span, trace: last }) = parts.last_mut()
            && span.file == here.file
            && span.end == here.start
            && *last == trace
        {
            text.to_mut().push(c);
            span.end += c.len_utf8() as u32;
            return;
        }
        let span = Span { end: here.start + c.len_utf8() as u32, ..here };
        parts.push(Part::Text { text: Cow::Owned(c.to_string()), span, trace });
    }

    fn write_mark(&mut self, mark: &str, made: Made) {
        let span = match made {
            Made::Literal(span) | Made::Site(span, _) => span,
        };
        self.write(mark, Span { end: span.start, ..span }, None, self.woven.origins.last_trace());
    }
}
