//! Lists and maps printed at a site.

use super::atoms::{Site, Unit, settle, unit};
use super::{Atom, Before, Cursor, ExpectedValue, Weaver};
use crate::diagnostic::Diagnostic;
use crate::yaml::emit::{self, Data};
use std::borrow::Cow;

impl<'a> Weaver<'a> {
    /// Weaves a list or a map that is printed where a node can stand, up to the end of the line.
    pub(super) fn collection(&mut self, site: &'a Site<'a>, before: Before, open_key: Option<usize>) {
        let Some(data) = site.collection() else { return };
        let behind = settle(self.atoms, Cursor { atom: self.at.atom + 1, byte: 0 });
        let (rest, comment) = self.rest_of_line(behind);
        self.at = behind;
        if !rest {
            let problem = if self.colon_follows() {
                Diagnostic::error("template/place", "a list or a map cannot be a key").help("print a text")
            } else {
                Diagnostic::error("template/place", "text follows a list or a map on its line")
                    .help("put it on a line of its own")
            };
            self.problem(problem, site.span, site.trace);
            while !self.peek().ends_line() {
                self.advance();
            }
            return;
        }
        let column = self.column();
        match before {
            Before::Key(key) if !data.is_empty_collection() => {
                self.trim_blanks();
                if comment {
                    self.copy_blanks();
                    self.comment();
                }
                self.write("\n", site.span, None, site.trace);
                self.block(data, key + 2, true, site);
            }
            Before::Dash(_) if comment && !data.is_empty_collection() => {
                let from = self.woven.text.len();
                self.write_site(&emit::flow(data), site);
                self.expect(from, ExpectedValue::Data(Cow::Borrowed(data)), site.blame());
            }
            Before::Nothing if data.is_empty_collection() && self.has_siblings(column, open_key) => {
                // Entries of nothing: the line vanishes.
                self.woven.text.truncate(self.line_start);
                self.woven.origins.truncate(self.line_start);
                self.open_key = open_key;
                while !self.peek().ends_line() {
                    self.advance();
                }
                if self.peek() == Unit::Char('\n') {
                    self.advance();
                }
                // The caller ends the line; nothing is left of it.
                self.vanished = true;
            }
            // At the column of its key a list may begin, but brackets may not.
            Before::Nothing if data.is_empty_collection() && open_key == Some(column) => {
                self.pad(2);
                self.block(data, column + 2, false, site);
            }
            _ => self.block(data, column, false, site),
        }
    }

    fn block(&mut self, data: &'a Data, column: usize, pad: bool, site: &Site<'a>) {
        let text = emit::block(data, column);
        let body = text.trim_end_matches('\n');
        // A literal block at the end keeps the line breaks that are its own.
        let body = if text.ends_with("\n\n") { text.strip_suffix('\n').unwrap_or(body) } else { body };
        if pad {
            self.pad(column);
        }
        let from = self.woven.text.len();
        self.write_site(body.get(column..).unwrap_or_default(), site);
        self.expect(from, ExpectedValue::Data(Cow::Borrowed(data)), site.blame());
    }

    /// Tells whether nothing but blanks and a comment follows on the line, and whether a comment does.
    fn rest_of_line(&self, mut at: Cursor) -> (bool, bool) {
        loop {
            match unit(self.atoms, at) {
                (Unit::Char(' ' | '\t' | '\r'), next) => at = next,
                (Unit::Char('#'), _) => return (true, true),
                (other, _) => return (other.ends_line(), false),
            }
        }
    }

    /// Tells whether entries stand beside a line of this column: before it, or after it.
    fn has_siblings(&self, column: usize, open_key: Option<usize>) -> bool {
        if open_key.is_none() && self.line_start > 0 {
            return true;
        }
        let mut at = self.at;
        loop {
            // To the end of the line, then over blanks.
            while !unit(self.atoms, at).0.ends_line() {
                at = unit(self.atoms, at).1;
            }
            if unit(self.atoms, at).0 != Unit::Char('\n') {
                return false;
            }
            at = unit(self.atoms, at).1;
            let mut spaces = 0;
            while let (Unit::Char(' '), next) = unit(self.atoms, at) {
                spaces += 1;
                at = next;
            }
            let at = settle(self.atoms, at);
            match unit(self.atoms, at).0 {
                Unit::Char('\n' | '\r' | '#') => {}
                Unit::End | Unit::Close => return false,
                Unit::Site => {
                    // Another empty collection is no entry either; look on.
                    let empty = matches!(self.atoms.get(at.atom), Some(Atom::Site(site))
                        if site.collection().is_some_and(Data::is_empty_collection));
                    if !empty {
                        return self.shifted(spaces) == column && open_key != Some(column);
                    }
                }
                Unit::Char('-') if open_key == Some(self.shifted(spaces)) => return true,
                // At the column of the open key another key begins.
                _ => return self.shifted(spaces) == column && open_key != Some(column),
            }
        }
    }
}
