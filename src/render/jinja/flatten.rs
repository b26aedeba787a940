//! From the log of a run to the atoms that are woven.

use super::log::{Capture, Piece, SiteValue, data_text};
use super::rewrite::{Captured, Tables};
use super::values::{Leaf, Leaves};
use crate::diagnostic::{Edit, Trace};
use crate::render::origins::TraceId;
use crate::render::prove::Step;
use crate::render::weave::{Atom, Fragment, Site, SiteData};
use crate::source::Span;
use crate::yaml::emit::Data;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

/// Atoms, and the tables that their numbers point into.
pub(super) struct Flat<'a> {
    pub(super) atoms: Vec<Atom<'a>>,
    pub(super) traces: Vec<(TraceId, Trace)>,
    pub(super) edits: Edits,
}

/// The nodes of the values that fed a file.
#[derive(Default)]
pub(super) struct Edits {
    leaves: Vec<Leaf>,
    indices: HashMap<Leaf, u32>,
}

impl Edits {
    fn index(&mut self, leaf: Leaf) -> u32 {
        *self.indices.entry(leaf).or_insert_with(|| {
            self.leaves.push(leaf);
            self.leaves.len() as u32 - 1
        })
    }

    /// Finds the node nested in the one of an edit.
    pub(super) fn nested(&mut self, leaves: &Leaves, edit: u32, steps: &[Step]) -> Option<u32> {
        let mut leaf = *self.leaves.get(edit as usize)?;
        for step in steps {
            leaf = leaves.child(leaf, step)?;
        }
        leaves.value(leaf)?.place.as_ref()?;
        Some(self.index(leaf))
    }

    /// Gives the nodes, with what it takes to find them in what a person wrote.
    pub(super) fn fed(self, leaves: &Arc<Leaves>) -> Fed {
        Fed { leaves: Some(Arc::clone(leaves)), nodes: self.leaves }
    }
}

/// The nodes of the values that fed a text; where a person edits one is found when somebody asks.
#[derive(Clone, Debug, Default)]
pub(in crate::render) struct Fed {
    leaves: Option<Arc<Leaves>>,
    nodes: Vec<Leaf>,
}

impl Fed {
    /// Gives where to edit a node, by its index.
    pub(in crate::render) fn edit(&self, index: u32) -> Option<Edit> {
        let (leaves, leaf) = (self.leaves.as_ref()?, *self.nodes.get(index as usize)?);
        Some(Edit { span: leaves.place(leaf)?, key: leaves.key(leaf) })
    }
}

/// Flattens what a template printed.
pub(super) fn flatten<'a>(tables: &'a Tables, pieces: &'a [Piece], leaves: &'a Leaves) -> Flat<'a> {
    let mut flattener = Flattener {
        tables,
        leaves,
        flat: Flat { atoms: Vec::new(), traces: Vec::new(), edits: Edits::default() },
        scopes: 0,
    };
    flattener.pieces(pieces, 0, TraceId::default(), 0);
    flattener.flat
}

/// Gives what a template printed as plain text.
pub(super) fn plain(tables: &Tables, pieces: &[Piece]) -> String {
    let text = |piece: &Piece| match piece {
        Piece::Literal(id) => tables.literals[*id].text().to_owned(),
        Piece::Site { value: SiteValue::Data(data), .. } => data_text(data).into_owned(),
        Piece::Site { value: SiteValue::Raw(text) | SiteValue::Yaml(_, text), .. } => text.clone(),
        Piece::Capture { capture, .. } => capture.text.clone(),
    };
    pieces.iter().map(text).collect()
}

struct Flattener<'a> {
    tables: &'a Tables,
    leaves: &'a Leaves,
    flat: Flat<'a>,
    scopes: u32,
}

impl<'a> Flattener<'a> {
    /// Adds pieces; `outer` is the site that prints them, for pieces that have none of their own.
    fn pieces(&mut self, pieces: &'a [Piece], outer: usize, trace: TraceId, scope: u32) {
        for piece in pieces {
            match piece {
                Piece::Literal(id) => {
                    let literal = &self.tables.literals[*id];
                    let span = Span::new(literal.source.id(), literal.range.start, literal.range.end);
                    self.flat.atoms.push(Atom::Text { span, text: literal.text(), trace, scope });
                }
                Piece::Site { site, value, leaf } => {
                    let site = if *site == usize::MAX { outer } else { *site };
                    let site = self.site(site, value, *leaf, trace);
                    self.flat.atoms.push(Atom::Site(site));
                }
                Piece::Capture { site, capture } => self.capture(*site, capture, trace),
            }
        }
    }

    fn site(&mut self, site: usize, value: &'a SiteValue, leaf: Option<Leaf>, trace: TraceId) -> Site<'a> {
        let place = leaf.and_then(|leaf| self.leaves.value(leaf)?.place.as_ref());
        let edit = leaf.filter(|_| place.is_some()).map(|leaf| self.flat.edits.index(leaf));
        let (value, written) = match value {
            SiteValue::Raw(text) => (SiteData::Raw(text), None),
            SiteValue::Yaml(data, text) => (SiteData::Data(data), Some(Cow::Borrowed(text.as_str()))),
            SiteValue::Data(data) => {
                let printed = match data {
                    Data::Bool(_) | Data::Int(_) | Data::UInt(_) | Data::Float(_) => {
                        // Only a number that is the value itself keeps the text that a person gave it.
                        let same =
                            leaf.and_then(|leaf| self.leaves.value(leaf)).is_some_and(|value| value.to_data() == *data);
                        let written = place.and_then(|place| place.written.as_deref()).filter(|_| same);
                        Some(written.map_or_else(|| data_text(data), Cow::Borrowed))
                    }
                    _ => None,
                };
                (SiteData::Data(data), printed)
            }
        };
        Site { span: self.tables.sites[site].span, trace, value, edit, written }
    }

    fn capture(&mut self, site: usize, capture: &'a Capture, outer: TraceId) {
        let span = self.tables.sites[site].span;
        let what = match self.tables.captures.get(capture.captured) {
            Some(Captured::Macro(name)) => Some(format!("macro `{name}`")),
            Some(Captured::Include(name)) => Some(format!("include `{name}`")),
            _ => None,
        };
        let trace = match what {
            None => outer,
            Some(what) => {
                self.flat.traces.push((outer, Trace { span, what }));
                TraceId(Some(self.flat.traces.len() as u32 - 1))
            }
        };
        self.scopes += 1;
        let scope = self.scopes;
        let start = self.flat.atoms.len();
        self.pieces(&capture.pieces, site, trace, scope);
        trim(&mut self.flat.atoms, start, capture.trimmed);
        let atoms = &self.flat.atoms[start..];
        if is_fragment(atoms) {
            let text = capture.text.trim_end_matches(['\n', '\r']).trim_start_matches(['\n', '\r']);
            let fragment = Fragment { span, trace: outer, text, dedent: first_indentation(atoms) };
            self.flat.atoms.insert(start, Atom::Open(fragment));
            self.flat.atoms.push(Atom::Close);
        }
    }
}

/// Takes line breaks (or, of trimmed text, all blanks) off the ends of what was captured.
fn trim(atoms: &mut Vec<Atom<'_>>, start: usize, blanks: bool) {
    let strip = |c: char| c == '\n' || c == '\r' || blanks && c.is_whitespace();
    while atoms.len() > start {
        let Some(Atom::Text { text, span, .. }) = atoms.last_mut() else { break };
        // Blanks on a last line that holds nothing else go too.
        let kept = match text.rfind('\n') {
            Some(at) if text[at..].trim().is_empty() => text[..at].trim_end_matches(strip).len(),
            _ => text.trim_end_matches(strip).len(),
        };
        span.end -= (text.len() - kept) as u32;
        *text = &text[..kept];
        if kept > 0 {
            break;
        }
        atoms.pop();
    }
    while let Some(Atom::Text { text, span, .. }) = atoms.get_mut(start) {
        let mut cut = text.len() - text.trim_start_matches(strip).len();
        // Blank lines before the first line.
        while let Some(at) = text[cut..].find('\n').filter(|at| text[cut..cut + at].trim().is_empty()) {
            cut += at + 1;
        }
        span.start += cut as u32;
        *text = &text[cut..];
        if !text.is_empty() {
            break;
        }
        atoms.remove(start);
    }
}

/// Tells whether captured text makes structure of its own: by its literal text, never by its values.
fn is_fragment(atoms: &[Atom<'_>]) -> bool {
    let mut first = true;
    for (index, atom) in atoms.iter().enumerate() {
        match atom {
            Atom::Open(_) => return true,
            Atom::Text { text, .. } => {
                let ends_in_colon = text.ends_with(':') && index + 1 == atoms.len();
                let trimmed = text.trim_start();
                let dash = first && (trimmed.starts_with("- ") || trimmed == "-");
                // Quotes and brackets may hold such characters without making structure.
                let opaque = first && trimmed.starts_with(['"', '\'', '[', '{', '|', '>', '#']);
                if text.contains('\n') || dash || !opaque && (text.contains(": ") || ends_in_colon) {
                    return true;
                }
            }
            Atom::Site(_) | Atom::Close => {}
        }
        first = false;
    }
    false
}

fn first_indentation(atoms: &[Atom<'_>]) -> usize {
    match atoms.first() {
        Some(Atom::Text { text, .. }) => text.len() - text.trim_start_matches(' ').len(),
        _ => 0,
    }
}
