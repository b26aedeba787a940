//! The input of weaving: a flat list of literal text and sites, with the borders of fragments.

use crate::render::origins::TraceId;
use crate::source::Span;
use crate::yaml::emit::Data;
use std::borrow::Cow;

/// One thing that was printed.
#[derive(Clone, Debug)]
pub(in crate::render) enum Atom<'a> {
    /// Literal text: a range of a template.
    Text {
        span: Span,
        text: &'a str,
        trace: TraceId,
        /// Which capture the text stands in; quotes are closed only from where they were opened.
        scope: u32,
    },
    /// A value.
    Site(Site<'a>),
    /// A fragment of several lines begins; its atoms follow up to its [`Atom::Close`].
    Open(Fragment<'a>),
    Close,
}

/// A value at a site.
#[derive(Clone, Debug)]
pub(in crate::render) struct Site<'a> {
    /// The template's tag.
    pub(in crate::render) span: Span,
    pub(in crate::render) trace: TraceId,
    pub(in crate::render) value: SiteData<'a>,
    /// The node of the values that fed it.
    pub(in crate::render) edit: Option<u32>,
    /// The text of a number or a boolean (a number as a person wrote it), and of anything made text by `toyaml`.
    pub(in crate::render) written: Option<Cow<'a, str>>,
}

/// What stands at a site.
#[derive(Clone, Copy, Debug)]
pub(in crate::render) enum SiteData<'a> {
    Data(&'a Data),
    Raw(&'a str),
}

impl<'a> Site<'a> {
    /// Gives the text of the value inside other text; none for null and for collections, which cannot stand there.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            SiteData::Raw(text) => Some(text),
            SiteData::Data(Data::String(text)) => Some(self.written.as_deref().unwrap_or(text)),
            SiteData::Data(_) => self.written.as_deref(),
        }
    }

    /// Gives what to blame where the value does not read back.
    pub(super) fn blame(&self) -> super::Blame {
        super::Blame { span: self.span, trace: self.trace, edit: self.edit }
    }

    /// Gives the data, when it is a list or a map.
    pub(super) fn collection(&self) -> Option<&'a Data> {
        match self.value {
            SiteData::Data(data @ (Data::Seq(_) | Data::Map(_))) => Some(data),
            _ => None,
        }
    }
}

/// Captured text of several lines.
#[derive(Clone, Debug)]
pub(in crate::render) struct Fragment<'a> {
    /// The tag that prints it.
    pub(in crate::render) span: Span,
    pub(in crate::render) trace: TraceId,
    /// Its plain text, for places that hold text.
    pub(in crate::render) text: &'a str,
    /// Blanks before its first line.
    pub(in crate::render) dedent: usize,
}

/// A place in the list of atoms: an atom and a byte in its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cursor {
    pub(super) atom: usize,
    pub(super) byte: usize,
}

/// What stands at a cursor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Unit {
    Char(char),
    Site,
    Open,
    Close,
    End,
}

impl Unit {
    /// Tells whether a plain scalar, a key's colon or a dash ends before this.
    pub(super) fn is_blank(self) -> bool {
        matches!(self, Self::Char(' ' | '\t' | '\n' | '\r') | Self::End | Self::Close)
    }

    /// Tells whether a line ends here.
    pub(super) fn ends_line(self) -> bool {
        matches!(self, Self::Char('\n') | Self::End | Self::Close)
    }
}

/// Reads the unit at a cursor, and where the next one begins.
pub(super) fn unit(atoms: &[Atom<'_>], mut at: Cursor) -> (Unit, Cursor) {
    while let Some(atom) = atoms.get(at.atom) {
        let next = Cursor { atom: at.atom + 1, byte: 0 };
        match atom {
            Atom::Text { text, .. } => match text.get(at.byte..).and_then(|rest| rest.chars().next()) {
                Some(c) => return (Unit::Char(c), Cursor { atom: at.atom, byte: at.byte + c.len_utf8() }),
                None => at = next,
            },
            Atom::Site(_) => return (Unit::Site, next),
            Atom::Open(_) => return (Unit::Open, next),
            Atom::Close => return (Unit::Close, next),
        }
    }
    (Unit::End, at)
}

/// Moves a cursor over exhausted text, onto the atom that the next unit belongs to.
pub(super) fn settle(atoms: &[Atom<'_>], mut at: Cursor) -> Cursor {
    while let Some(Atom::Text { text, .. }) = atoms.get(at.atom) {
        if at.byte < text.len() {
            break;
        }
        at = Cursor { atom: at.atom + 1, byte: 0 };
    }
    at
}
