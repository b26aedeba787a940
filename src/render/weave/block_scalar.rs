//! Block scalars: `|` and `>`.

use super::atoms::{Cursor, Unit, settle, unit};
use super::scalar::Part;
use super::{Before, ExpectedValue, Weaver};
use crate::diagnostic::Diagnostic;
use crate::render::origins::Made;
use crate::yaml::emit::{self, Data};
use std::borrow::Cow;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Chomp {
    Clip,
    Strip,
    Keep,
}

struct Header {
    folded: bool,
    chomp: Chomp,
    /// Indentation given by a digit, relative to the node that holds the scalar.
    digit: Option<usize>,
}

struct Line<'a> {
    /// Column of the first character; of a blank line the blanks it has.
    column: usize,
    parts: Vec<Part<'a>>,
    /// It ends in a line break of its own.
    broken: bool,
}

impl Line<'_> {
    /// Gives captured text, and data made text, that stands alone on a line deeper than the others the line's own depth.
    /// (A string's further lines stand where the block's do: they are text, not structure.)
    fn indent_fragment(&mut self, indent: usize) {
        let text = match self.parts.as_slice() {
            [Part::Text { text, .. }] => text.as_ref(),
            [Part::Value(site)] if site.collection().is_some() => site.text().unwrap_or_default(),
            _ => return,
        };
        if self.column > indent && text.contains('\n') {
            let text = text.replace('\n', &format!("\n{}", " ".repeat(self.column - indent)));
            let (span, trace) = self.parts[0].place();
            self.parts = vec![Part::Text { text: text.into(), span, trace }];
        }
    }

    fn text(&self) -> String {
        self.parts.iter().map(Part::text).collect()
    }
}

impl<'a> Weaver<'a> {
    /// Weaves a block scalar, from its header to its last line.
    pub(super) fn block_scalar(&mut self, before: Before) {
        let parent = match before {
            Before::Key(column) | Before::Dash(column) => column,
            Before::Nothing => 0,
        };
        let from = self.woven.text.len();
        let header = self.header();
        let mut lines = self.block_lines(parent, header.digit);
        let first = lines.iter().find(|line| !line.parts.is_empty()).map_or(parent + 2, |line| line.column);
        let indent = header.digit.map_or(first, |digit| parent + digit);
        for line in &mut lines {
            line.indent_fragment(indent);
        }
        let Some(blamed) = lines.iter().flat_map(|line| &line.parts).find(|part| part.is_value()).map(Part::blame)
        else {
            for line in &lines {
                self.write_block_line(line, &line.text(), indent);
            }
            return;
        };
        for line in &lines {
            self.refuse_untextual(&line.parts);
        }
        if let Some(why) = unfit(&header, &lines) {
            let what = if header.folded { "`>`" } else { "`|`" };
            let problem = Diagnostic::warning(
                "template/rewritten",
                format!("a {what} block cannot hold this text, because {why}"),
            )
            .help("it is written in quotes; print it behind the key instead of in a block");
            self.problem(problem, blamed.span, blamed.trace);
            self.woven.text.truncate(from);
            self.woven.origins.truncate(from);
            self.rewrite(&header, &lines, indent);
        } else {
            for line in &lines {
                self.write_block_line(line, &own_text(&header, line), indent);
            }
        }
        let value = if header.folded {
            let values = lines.iter().flat_map(|line| &line.parts).filter(|part| part.is_value());
            ExpectedValue::Holds(values.map(|part| part.text().to_owned()).collect())
        } else {
            ExpectedValue::Data(Cow::Owned(Data::String(read(&header, &lines, indent))))
        };
        self.expect(from, value, blamed);
    }

    /// Copies the header, to the end of its line.
    fn header(&mut self) -> Header {
        let mut header = Header { folded: self.peek() == Unit::Char('>'), chomp: Chomp::Clip, digit: None };
        self.copy();
        loop {
            match self.peek() {
                Unit::Char('-') => header.chomp = Chomp::Strip,
                Unit::Char('+') => header.chomp = Chomp::Keep,
                Unit::Char(c) if c.is_ascii_digit() => header.digit = c.to_digit(10).map(|digit| digit as usize),
                Unit::Site => {
                    if let Some(site) = self.site(self.at) {
                        match site.text() {
                            Some("-") => header.chomp = Chomp::Strip,
                            Some("+") => header.chomp = Chomp::Keep,
                            Some(text) if text.len() == 1 => header.digit = text.parse().ok(),
                            _ => {}
                        }
                        self.word(site);
                    }
                    self.advance();
                    continue;
                }
                _ => break,
            }
            self.copy();
        }
        self.finish_line();
        header
    }

    /// Collects the lines that stand deeper than the node that holds the scalar.
    fn block_lines(&mut self, parent: usize, digit: Option<usize>) -> Vec<Line<'a>> {
        let mut lines: Vec<Line> = Vec::new();
        // The column of the first line that is not blank: what stands less deep is no part of the text.
        let mut content = None;
        loop {
            let start = self.at;
            let spaces = self.skip_indentation();
            match self.peek() {
                Unit::End | Unit::Close => {
                    self.at = start;
                    break;
                }
                Unit::Char('\n') => {
                    lines.push(Line { column: self.shifted(spaces), parts: Vec::new(), broken: true });
                    self.advance();
                    continue;
                }
                _ => {}
            }
            let column = self.shifted(spaces);
            if (column <= parent || content.is_some_and(|content| column < content))
                && !(self.peek() == Unit::Char('\r') && self.second() == Unit::Char('\n'))
            {
                self.at = start;
                break;
            }
            let mut line = Line { column, parts: Vec::new(), broken: false };
            self.gather_line(&mut line);
            if content.is_none() && !line.parts.is_empty() {
                content = Some(digit.map_or(column, |digit| parent + digit));
            }
            lines.push(line);
        }
        // Blank lines at the end belong to what follows as well as to the text: they are copied as they are.
        lines
    }

    fn gather_line(&mut self, line: &mut Line<'a>) {
        loop {
            let run = self.literal_until(|byte| byte == b'\n' || byte == b'\r').len();
            if run > 0 {
                self.push_literal(&mut line.parts, self.at, run);
                self.at = self.behind(run);
                continue;
            }
            let (here, next): (Unit, Cursor) = unit(self.atoms, self.at);
            match here {
                Unit::End | Unit::Close => return,
                Unit::Char('\n') => {
                    line.broken = true;
                    self.at = settle(self.atoms, next);
                    return;
                }
                Unit::Char('\r') if unit(self.atoms, next).0 == Unit::Char('\n') => self.at = settle(self.atoms, next),
                Unit::Char(c) => {
                    self.push_literal(&mut line.parts, self.at, c.len_utf8());
                    self.at = settle(self.atoms, next);
                }
                Unit::Site | Unit::Open => self.take_value(&mut line.parts),
            }
        }
    }

    /// Writes a line of a block, further lines of its values at the content's column.
    fn write_block_line(&mut self, line: &Line, text: &str, indent: usize) {
        if line.parts.is_empty() {
            if line.column > indent {
                self.pad(line.column);
            }
        } else {
            self.pad(line.column);
            let mut left = text;
            for part in &line.parts {
                let own = part.text();
                let own = &own[..own.len().min(left.len())];
                left = &left[own.len()..];
                let padded = own.replace('\n', &format!("\n{}", " ".repeat(indent)));
                // Blank lines carry no blanks.
                let padded = padded.replace(&format!("\n{}\n", " ".repeat(indent)), "\n\n");
                let padded = padded.replace(&format!("\n{}\n", " ".repeat(indent)), "\n\n");
                let from = self.woven.text.len();
                self.woven.text.push_str(&padded);
                self.woven.origins.push(from, self.woven.text.len(), part.made(), part.place().1);
            }
        }
        if line.broken {
            self.woven.text.push('\n');
        }
        self.line_start = self.woven.text.rfind('\n').map_or(0, |at| at + 1);
    }

    /// Writes the whole scalar in double quotes.
    fn rewrite(&mut self, header: &Header, lines: &[Line], indent: usize) {
        let text = emit::double_quoted(&read(header, lines, indent));
        let from = self.woven.text.len();
        self.woven.text.push_str(&text);
        let made = lines.iter().flat_map(|line| &line.parts).find(|part| part.is_value());
        if let Some(part) = made {
            let made = match part.made() {
                Made::Literal(span) | Made::Site(span, None) => Made::Site(span, None),
                made @ Made::Site(..) => made,
            };
            self.woven.origins.push(from, self.woven.text.len(), made, part.place().1);
        }
        self.woven.text.push('\n');
        self.line_start = self.woven.text.len();
    }
}

/// Gives a line's text. The final line break of a value at the end of a clipped line is the line's own.
fn own_text(header: &Header, line: &Line) -> String {
    let text = line.text();
    let by_value = line.parts.last().is_some_and(Part::is_value);
    match text.strip_suffix('\n') {
        Some(stripped) if header.chomp == Chomp::Clip && by_value => stripped.to_owned(),
        _ => text,
    }
}

/// Tells why a block cannot hold what its lines print.
fn unfit(header: &Header, lines: &[Line]) -> Option<&'static str> {
    let values = || lines.iter().flat_map(|line| &line.parts).filter(|part| part.is_value());
    if values().any(|part| part.text().chars().any(|c| !emit::is_printable(c))) {
        return Some("it has control characters");
    }
    let printing: Vec<_> = lines.iter().filter(|line| !line.parts.is_empty()).collect();
    let last = printing.len().saturating_sub(1);
    for (index, line) in printing.iter().enumerate() {
        let text = own_text(header, line);
        if index == 0 && header.digit.is_none() && (text.is_empty() || text.starts_with([' ', '\n', '\t'])) {
            return Some("its first line is blank or begins with a blank");
        }
        if index == last && text.ends_with('\n') && header.chomp != Chomp::Keep {
            return Some("it ends in line breaks that the block takes away");
        }
        if index == last && header.chomp != Chomp::Keep && text.is_empty() {
            return Some("its last line is empty, and the block takes such lines away");
        }
        if header.folded {
            if values().any(|part| part.text().contains('\n')) {
                return Some("it folds lines");
            }
            if text.is_empty() || text.starts_with([' ', '\t']) {
                return Some("it folds lines, and one is blank or begins with a blank");
            }
        }
        if text.split('\n').skip(1).any(|line| line.starts_with("---") || line.starts_with("...")) && line.column == 0 {
            return Some("a line looks like the border of a document");
        }
    }
    None
}

/// Reads the text that the lines stand for.
fn read(header: &Header, lines: &[Line], indent: usize) -> String {
    let mut texts: Vec<String> = lines
        .iter()
        .map(|line| {
            let extra = " ".repeat(line.column.saturating_sub(indent));
            if line.parts.is_empty() { extra } else { extra + &own_text(header, line) }
        })
        .collect();
    // Blank lines at the end are for chomping.
    let mut breaks = 0;
    while texts.last().is_some_and(String::is_empty) && lines[texts.len() - 1].parts.is_empty() {
        texts.pop();
        breaks += 1;
    }
    let mut text = if header.folded { fold(&texts) } else { texts.join("\n") };
    if texts.is_empty() {
        return if header.chomp == Chomp::Keep { "\n".repeat(breaks) } else { String::new() };
    }
    match header.chomp {
        Chomp::Strip => {}
        Chomp::Clip => text.push('\n'),
        Chomp::Keep => text.push_str(&"\n".repeat(breaks + 1)),
    }
    text
}

/// Folds lines as `>` does: a single break between lines of text is a blank.
fn fold(lines: &[String]) -> String {
    let is_text = |line: &str| !line.is_empty() && !line.starts_with([' ', '\t']);
    let mut text = String::new();
    let mut previous: Option<&str> = None;
    let mut blank = 0;
    for line in lines {
        if line.is_empty() {
            blank += 1;
            continue;
        }
        if let Some(previous) = previous {
            let both = is_text(previous) && is_text(line);
            match (both, blank) {
                (true, 0) => text.push(' '),
                (true, blank) => text.push_str(&"\n".repeat(blank)),
                (false, blank) => text.push_str(&"\n".repeat(blank + 1)),
            }
        } else {
            text.push_str(&"\n".repeat(blank));
        }
        text.push_str(line);
        previous = Some(line);
        blank = 0;
    }
    text
}
