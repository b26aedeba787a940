//! Reads the YAML that manifests are made of, and no other, in one pass over the bytes.
//!
//! That is block style, with plain, quoted and block scalars, and short lists and maps in brackets on one line. A text with
//! anything else in it, or with anything wrong in it, is left to the parser, which a test holds this reader equal to: where
//! both read a text, they give the same tree, spans and comments. So it refuses whatever it is not sure of.

use super::build::Builder;
use super::parse::{DEPTH_LIMIT, Parsed};
use super::scalar::{Scalar, resolve};
use super::tree::{Comment, Style, Text};
use crate::source::{SourceFile, Span};
use std::sync::Arc;

/// A key longer than this is none, in YAML.
const KEY_LIMIT: usize = 1000;

/// Reads a text of any number of documents; `None` where the parser has to.
pub(super) fn read(source: &Arc<SourceFile>) -> Option<Parsed> {
    let text = source.text();
    if !is_ordinary(text) {
        return None;
    }
    let builder = Builder::new(Arc::clone(source), 0);
    let mut reader =
        Reader { source, text, bytes: text.as_bytes(), at: 0, column: None, depth: 0, comments: Vec::new(), builder };
    reader.stream()
}

/// Tells whether a text holds no characters that YAML treats in their own ways, beside tabs.
fn is_ordinary(text: &str) -> bool {
    let odd = |byte: &u8| u8::from(*byte < 0x20 && *byte != b'\n' && *byte != b'\t') | u8::from(*byte >= 0x7F) << 1;
    match text.as_bytes().iter().fold(0, |all, byte| all | odd(byte)) {
        0 => true,
        2 => !text.chars().any(|c| {
            c.is_control() && c != '\n' && c != '\t' || "\u{2028}\u{2029}\u{feff}\u{fffe}\u{ffff}".contains(c)
        }),
        _ => false,
    }
}

struct Reader<'t> {
    source: &'t Arc<SourceFile>,
    text: &'t str,
    bytes: &'t [u8],
    /// The next byte.
    at: usize,
    /// The column of the next line's first character; none where the document ends.
    column: Option<usize>,
    depth: usize,
    /// Comments since the document began.
    comments: Vec<Comment>,
    builder: Builder,
}

impl Reader<'_> {
    fn stream(&mut self) -> Option<Parsed> {
        let mut parsed = Parsed::default();
        self.next_line()?;
        if self.column.is_some() {
            self.document(0, &mut parsed)?;
        }
        while self.at < self.bytes.len() {
            // A marker: a document begins behind it.
            self.at += 3;
            let start = self.at;
            self.end_line()?;
            self.document(start, &mut parsed)?;
        }
        Some(parsed)
    }

    /// Reads a document, whose first line is next.
    fn document(&mut self, start: usize, parsed: &mut Parsed) -> Option<()> {
        self.builder.begin(start);
        if let Some(column) = self.column {
            self.block(column)?;
        }
        if self.column.is_some() {
            return None;
        }
        let (document, problems) = self.builder.finish(std::mem::take(&mut self.comments), self.at);
        parsed.diagnostics.extend(problems);
        parsed.documents.extend(document);
        Some(())
    }

    fn byte(&self, at: usize) -> u8 {
        // The end of the text ends a line, too.
        self.bytes.get(at).copied().unwrap_or(b'\n')
    }

    fn ends_word(&self, at: usize) -> bool {
        matches!(self.byte(at), b' ' | b'\n')
    }

    /// Counts the bytes from an offset on that are of a kind.
    fn run(&self, from: usize, of: impl Fn(u8) -> bool) -> usize {
        self.bytes.get(from..).unwrap_or_default().iter().take_while(|byte| of(**byte)).count()
    }

    fn line_end(&self, from: usize) -> usize {
        self.bytes
            .get(from..)
            .and_then(|rest| rest.iter().position(|byte| *byte == b'\n'))
            .map_or(self.bytes.len(), |at| from + at)
    }

    /// Goes over blank lines and comments to the next line that holds something.
    fn next_line(&mut self) -> Option<()> {
        loop {
            let start = self.at;
            let mut at = start;
            while self.bytes.get(at) == Some(&b' ') {
                at += 1;
            }
            self.at = at;
            self.column = Some(at - start);
            match self.bytes.get(at) {
                None => {
                    self.column = None;
                    return Some(());
                }
                Some(b'\n') => self.at += 1,
                Some(b'#') => self.comment(true),
                Some(b'\t') => return None,
                Some(b'-') if at == start && self.bytes[at..].starts_with(b"---") => {
                    self.column = None;
                    return self.ends_word(at + 3).then_some(());
                }
                Some(b'.' | b'%') if at == start => return None,
                Some(_) => return Some(()),
            }
        }
    }

    /// Takes a comment with the end of its line.
    fn comment(&mut self, own_line: bool) {
        let end = self.line_end(self.at);
        self.comments.push(Comment { span: Span::new(self.source.id(), self.at, end), own_line });
        self.at = end + usize::from(end < self.bytes.len());
    }

    /// Goes behind what may follow a value on its line, and to the next line.
    fn end_line(&mut self) -> Option<()> {
        let start = self.at;
        while self.bytes.get(self.at) == Some(&b' ') {
            self.at += 1;
        }
        match self.bytes.get(self.at) {
            None => {}
            Some(b'\n') => self.at += 1,
            Some(b'#') if self.at > start => self.comment(false),
            Some(_) => return None,
        }
        self.next_line()
    }

    /// Reads a collection that begins a line, or stands behind a dash, in a column.
    fn block(&mut self, column: usize) -> Option<()> {
        self.depth += 1;
        if self.depth > DEPTH_LIMIT / 2 {
            return None;
        }
        if self.is_dash() {
            self.list(column)?;
        } else {
            self.map(column)?;
        }
        self.depth -= 1;
        Some(())
    }

    fn is_dash(&self) -> bool {
        self.byte(self.at) == b'-' && self.ends_word(self.at + 1)
    }

    fn map(&mut self, column: usize) -> Option<()> {
        self.builder.open(self.at as u32, Style::Plain, true);
        loop {
            let colon = self.key_colon()??;
            self.key(colon)?;
            self.at = colon + 1;
            self.value(column)?;
            if self.column < Some(column) {
                break;
            }
            if self.column > Some(column) {
                return None;
            }
        }
        self.builder.close(self.at as u32);
        Some(())
    }

    /// Finds the colon behind the key that is next; the inner `None` where what is next is no key.
    #[expect(clippy::option_option, reason = "what cannot be read here is told from what is no key")]
    fn key_colon(&self) -> Option<Option<usize>> {
        let start = self.at;
        let colon = match self.byte(start) {
            quote @ (b'"' | b'\'') => {
                let end = self.quoted_end(start, quote)?.0;
                if self.byte(end) != b':' {
                    return Some(None);
                }
                end
            }
            _ if !self.starts_plain(start) => return Some(None),
            _ => {
                let mut at = start;
                loop {
                    at += self.run(at, |byte| !matches!(byte, b'\n' | b'\t' | b'#' | b':'));
                    match self.byte(at) {
                        b'\n' => return Some(None),
                        b'\t' => return None,
                        b'#' if self.byte(at - 1) == b' ' => return Some(None),
                        b':' if self.ends_word(at + 1) => break at,
                        _ => at += 1,
                    }
                }
            }
        };
        let fits = self.ends_word(colon + 1) && colon - start < KEY_LIMIT && self.byte(colon - 1) != b' ';
        fits.then_some(Some(colon))
    }

    fn key(&mut self, colon: usize) -> Option<()> {
        if let quote @ (b'"' | b'\'') = self.byte(self.at) {
            return self.quoted(quote);
        }
        self.push_plain(self.at, colon);
        Some(())
    }

    /// Reads what stands behind the colon of a key of a map in a column.
    fn value(&mut self, column: usize) -> Option<()> {
        let colon = self.at;
        while self.byte(self.at) == b' ' {
            self.at += 1;
        }
        match self.byte(self.at) {
            b'\n' | b'#' => {
                self.at = if self.at > colon { self.at - 1 } else { self.at };
                self.end_line()?;
                match self.column {
                    Some(next) if next > column => self.block(next),
                    Some(next) if next == column && self.is_dash() => self.block(column),
                    _ => {
                        let at = colon as u32;
                        let text = self.builder.own("~");
                        self.builder.scalar(at..at, Style::Plain, Scalar::Null, text);
                        Some(())
                    }
                }
            }
            _ => self.inline(column),
        }
    }

    fn list(&mut self, column: usize) -> Option<()> {
        self.builder.open(self.at as u32, Style::Plain, false);
        loop {
            let dash = self.at;
            self.at += 1;
            while self.byte(self.at) == b' ' {
                self.at += 1;
            }
            if matches!(self.byte(self.at), b'\n' | b'#') {
                self.at = if self.at > dash + 1 { self.at - 1 } else { self.at };
                self.end_line()?;
                let next = self.column.filter(|next| *next > column)?;
                self.block(next)?;
            } else if self.is_dash() || self.key_colon()?.is_some() {
                self.block(column + self.at - dash)?;
            } else {
                self.inline(column)?;
            }
            if self.column > Some(column) {
                return None;
            }
            if self.column < Some(column) || !self.is_dash() {
                break;
            }
        }
        self.builder.close(self.at as u32);
        Some(())
    }

    /// Reads a value that begins on its line, inside a collection in a column, and goes to the next line.
    fn inline(&mut self, column: usize) -> Option<()> {
        match self.byte(self.at) {
            b'|' | b'>' => return self.block_scalar(column),
            quote @ (b'"' | b'\'') => self.quoted(quote)?,
            b'[' | b'{' => self.flow()?,
            _ => self.plain()?,
        }
        self.end_line()?;
        // A plain scalar may go on where it is indented further.
        (self.column <= Some(column)).then_some(())
    }

    fn starts_plain(&self, at: usize) -> bool {
        match self.byte(at) {
            b'-' => !matches!(self.byte(at + 1), b' ' | b'\n' | b'\t' | b'-'),
            b'?' | b':' | b',' | b'[' | b']' | b'{' | b'}' | b'#' | b'&' | b'*' | b'!' | b'|' | b'>' | b'\'' | b'"'
            | b'%' | b'@' | b'`' => false,
            _ => true,
        }
    }

    /// Reads a plain scalar to the end of its line, or to a comment.
    fn plain(&mut self) -> Option<()> {
        let start = self.at;
        if !self.starts_plain(start) {
            return None;
        }
        let (mut at, mut end) = (start, start);
        loop {
            let run = self.run(at, |byte| !matches!(byte, b'\n' | b'\t' | b' ' | b':'));
            at += run;
            end = if run > 0 { at } else { end };
            match self.byte(at) {
                b'\n' => break,
                b'\t' => return None,
                b' ' if self.byte(at + 1) == b'#' => break,
                b' ' => at += 1,
                b':' if matches!(self.byte(at + 1), b' ' | b'\n' | b'\t') => return None,
                _ => {
                    at += 1;
                    end = at;
                }
            }
        }
        self.push_plain(start, end);
        self.at = at;
        Some(())
    }

    fn push_plain(&mut self, start: usize, end: usize) {
        let scalar = resolve(&self.text[start..end]);
        let (start, end) = (start as u32, end as u32);
        self.builder.scalar(start..end, Style::Plain, scalar, Text::Source(start, end));
    }

    /// Finds the end of a quoted scalar on its line, behind the quote, and tells whether it has escapes.
    fn quoted_end(&self, start: usize, quote: u8) -> Option<(usize, bool)> {
        let (mut at, mut escapes) = (start + 1, false);
        loop {
            match self.byte(at) {
                b'\n' => return None,
                b'\\' if quote == b'"' => {
                    escapes = true;
                    at += 2;
                }
                byte if byte == quote => {
                    at += 1;
                    if quote == b'"' || self.byte(at) != b'\'' {
                        return Some((at, escapes));
                    }
                    escapes = true;
                    at += 1;
                }
                _ => at += 1,
            }
        }
    }

    fn quoted(&mut self, quote: u8) -> Option<()> {
        let start = self.at;
        let (end, escapes) = self.quoted_end(start, quote)?;
        let inner = self.text.get(start + 1..end - 1)?;
        let text = match (escapes, quote) {
            (false, _) => Text::Source(start as u32 + 1, end as u32 - 1),
            (true, b'"') => self.builder.own(unescape(inner)?),
            (true, _) => self.builder.own(inner.replace("''", "'")),
        };
        let style = if quote == b'"' { Style::DoubleQuoted } else { Style::SingleQuoted };
        self.builder.scalar(start as u32..end as u32, style, Scalar::String, text);
        self.at = end;
        Some(())
    }

    /// Reads a literal or folded block scalar of a collection in a column, and goes to the next line.
    fn block_scalar(&mut self, column: usize) -> Option<()> {
        let start = self.at;
        let folded = self.byte(start) == b'>';
        let chomping = self.byte(start + 1);
        let header = start + 1 + usize::from(matches!(chomping, b'-' | b'+'));
        if self.byte(header) != b'\n' {
            return None;
        }
        let (mut at, mut end, mut indent, mut blank) = (header + 1, 0, None, 0);
        let mut text = String::new();
        while at < self.bytes.len() {
            let line_end = self.line_end(at);
            let spaces = self.bytes[at..line_end].iter().take_while(|byte| **byte == b' ').count();
            if at + spaces == line_end {
                // Blanks beyond the indentation are text.
                if spaces > indent.unwrap_or(0) {
                    return None;
                }
                blank += 1;
            } else {
                let indent = *indent.get_or_insert(spaces);
                if spaces < indent || indent <= column {
                    break;
                }
                if self.bytes[at + spaces] == b'\t' {
                    return None;
                }
                if folded {
                    // Lines that are indented further, and blank ones before the first, fold in ways of their own.
                    if spaces > indent || text.is_empty() && blank > 0 {
                        return None;
                    }
                    if text.pop().is_some() && blank == 0 {
                        text.push(' ');
                    }
                }
                text.extend(std::iter::repeat_n('\n', blank));
                blank = 0;
                text.push_str(&self.text[at + indent..line_end]);
                text.push('\n');
                end = line_end;
            }
            // A text that ends within the scalar, without a line break, is the parser's.
            if line_end == self.bytes.len() {
                return None;
            }
            at = line_end + 1;
        }
        if end == 0 {
            return None;
        }
        match chomping {
            b'-' => _ = text.pop(),
            b'+' => text.extend(std::iter::repeat_n('\n', blank)),
            _ => {}
        }
        let end = start + self.text[start..end].trim_end().len();
        let style = if folded { Style::Folded } else { Style::Literal };
        let text = self.builder.own(text);
        self.builder.scalar(start as u32..end as u32, style, Scalar::String, text);
        self.at = at;
        self.next_line()?;
        (self.column <= Some(column)).then_some(())
    }

    /// Reads a list or a map in brackets, on one line.
    fn flow(&mut self) -> Option<()> {
        let is_map = self.byte(self.at) == b'{';
        let closing = if is_map { b'}' } else { b']' };
        self.depth += 1;
        if self.depth > DEPTH_LIMIT / 2 {
            return None;
        }
        self.builder.open(self.at as u32, Style::Flow, is_map);
        self.at += 1;
        self.skip_spaces();
        if self.byte(self.at) != closing {
            loop {
                if is_map {
                    let key = self.at;
                    self.flow_scalar()?;
                    if self.at - key >= KEY_LIMIT || self.byte(self.at) != b':' || self.byte(self.at + 1) != b' ' {
                        return None;
                    }
                    self.at += 1;
                    self.skip_spaces();
                }
                match self.byte(self.at) {
                    b'[' | b'{' => self.flow()?,
                    _ => self.flow_scalar()?,
                }
                self.skip_spaces();
                match self.byte(self.at) {
                    b',' => self.at += 1,
                    byte if byte == closing => break,
                    _ => return None,
                }
                self.skip_spaces();
            }
        }
        self.at += 1;
        self.builder.close(self.at as u32);
        self.depth -= 1;
        Some(())
    }

    fn skip_spaces(&mut self) {
        while self.byte(self.at) == b' ' {
            self.at += 1;
        }
    }

    fn flow_scalar(&mut self) -> Option<()> {
        let start = self.at;
        let first = self.byte(start);
        if matches!(first, b'"' | b'\'') {
            return self.quoted(first);
        }
        // A lone dash is nothing between brackets.
        if !self.starts_plain(start) || first == b'-' && b",[]{}".contains(&self.byte(start + 1)) {
            return None;
        }
        let (mut at, mut end) = (start, start);
        loop {
            match self.byte(at) {
                b'\n' | b'\t' | b'#' => return None,
                b',' | b'[' | b']' | b'{' | b'}' => break,
                b':' if matches!(self.byte(at + 1), b' ' | b'\n' | b'\t' | b',' | b'[' | b']' | b'{' | b'}') => break,
                b' ' => at += 1,
                _ => {
                    at += 1;
                    end = at;
                }
            }
        }
        self.push_plain(start, end);
        self.at = at;
        Some(())
    }
}

/// Resolves the escapes of a double-quoted scalar; `None` for those that hardly anybody writes.
fn unescape(inner: &str) -> Option<String> {
    let mut text = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(at) = rest.find('\\') {
        text.push_str(&rest[..at]);
        text.push(match rest.as_bytes().get(at + 1)? {
            b'n' => '\n',
            b't' => '\t',
            b'r' => '\r',
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            _ => return None,
        });
        rest = &rest[at + 2..];
    }
    text.push_str(rest);
    Some(text)
}

#[cfg(test)]
mod tests;
