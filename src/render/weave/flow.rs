//! Flow collections: what stands between brackets.

use super::atoms::Unit;
use super::scalar::Ending;
use super::{ExpectedValue, Weaver};
use crate::diagnostic::Diagnostic;
use crate::yaml::emit;
use std::borrow::Cow;

impl Weaver<'_> {
    /// Weaves a flow collection, from its opening bracket to behind its closing one.
    pub(super) fn flow(&mut self) {
        let mut depth = 0usize;
        let mut blank = true;
        loop {
            let here = self.peek();
            match here {
                Unit::End | Unit::Close => return,
                Unit::Char('[' | '{') => {
                    depth += 1;
                    self.copy();
                }
                Unit::Char(']' | '}') => {
                    depth = depth.saturating_sub(1);
                    self.copy();
                    if depth == 0 {
                        return;
                    }
                }
                Unit::Char(quote @ ('"' | '\'')) => self.quoted(quote),
                Unit::Char('#') if blank => self.comment(),
                Unit::Char('\n') => {
                    self.copy();
                    let spaces = self.skip_indentation();
                    let column = self.shifted(spaces);
                    self.pad(column);
                }
                Unit::Char(',' | ':' | ' ' | '\t' | '\r') => self.copy(),
                Unit::Char('&' | '!') => self.property(),
                Unit::Open => self.fragment_in_flow(),
                Unit::Site if self.site(self.at).is_some_and(|site| site.collection().is_some()) => {
                    self.collection_in_flow();
                }
                Unit::Char(_) | Unit::Site => {
                    let before = self.at;
                    if self.plain(true) == Ending::Colon {
                        self.copy();
                    } else if self.at == before {
                        // Never stand still: a character that begins no scalar is copied.
                        self.copy();
                    }
                }
            }
            blank = matches!(here, Unit::Char(' ' | '\t' | '\n'));
        }
    }

    fn collection_in_flow(&mut self) {
        let Some(site) = self.site(self.at) else { return };
        let Some(data) = site.collection() else { return };
        let from = self.woven.text.len();
        self.write_site(&emit::flow(data), site);
        self.expect(from, ExpectedValue::Data(Cow::Borrowed(data)), site.blame());
        self.advance();
    }

    fn fragment_in_flow(&mut self) {
        if let Some(fragment) = self.fragment(self.at) {
            let problem = Diagnostic::error("template/place", "text of several lines cannot stand between brackets")
                .help("write this list or map as a block");
            self.problem(problem, fragment.span, fragment.trace);
        }
        self.at = self.behind_fragment(self.at);
    }
}
