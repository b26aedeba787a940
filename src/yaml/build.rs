//! Builds one document's tree from events, and keeps what a parser does not: duplicate keys, merges, budgets for aliases.

use super::parse::DEPTH_LIMIT;
use super::scalar::{Scalar, Type, float_text, resolve};
use super::tree::{Comment, Content, Document, NodeData, NodeId, Pair, Style, Text, tag};
use crate::diagnostic::{Change, Diagnostic, Safety, Wish};
use crate::source::{SourceFile, Span};
use granit_parser::{Event, ScalarStyle, StructureStyle, Tag};
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

/// Aliases of one document may stand for this many nodes in all.
const ALIAS_BUDGET: u64 = 1_000_000;

/// The finding of a document that is not rendered yet: nothing else is said of it.
const TEMPLATE: &str = "yaml/template";

/// Maps longer than this find duplicate keys by hashing.
const LINEAR_KEYS: usize = 12;

/// A collection that is still open.
struct Frame {
    node: NodeId,
    is_map: bool,
    /// Where its children begin among those that wait: of a map key and value in turn.
    first: usize,
    /// Where the tags of its keys begin.
    first_tag: usize,
    /// The names of a long map's keys so far.
    seen: Option<HashSet<Box<str>>>,
}

struct Anchor {
    node: NodeId,
    /// Nodes that the anchor stands for, itself included; none while it is still open.
    size: Option<u64>,
    /// Levels of collections below the anchor.
    height: usize,
    /// What had been counted when the anchor opened.
    counted: u64,
}

/// Builds one document.
pub(super) struct Builder {
    document: Document,
    stack: Vec<Frame>,
    /// The children of the open collections, those of the innermost last.
    waiting: Vec<NodeId>,
    /// The tags of the keys among them that have their values.
    tags: Vec<u32>,
    /// The height of each open frame's subtree so far.
    heights: Vec<usize>,
    anchors: HashMap<usize, Anchor>,
    open_anchors: Vec<(NodeId, usize)>,
    /// Nodes so far, counting an alias as all that it stands for.
    counted: u64,
    aliased: u64,
    problems: Vec<Diagnostic>,
}

impl Builder {
    pub(super) fn new(source: Arc<SourceFile>, start: usize) -> Self {
        Self {
            document: Document::new(source, start as u32),
            stack: Vec::new(),
            waiting: Vec::new(),
            tags: Vec::new(),
            heights: Vec::new(),
            anchors: HashMap::new(),
            open_anchors: Vec::new(),
            counted: 0,
            aliased: 0,
            problems: Vec::new(),
        }
    }

    /// Begins a document at a byte, after one that was finished.
    pub(super) fn begin(&mut self, start: usize) {
        let document = &mut self.document;
        (document.start, document.end) = (start as u32, start as u32);
        // About what manifests have; what is too much is given back at the end.
        let nodes = ((document.source.text().len() - start) / 16).min(128);
        document.nodes.reserve(nodes);
        document.entries.reserve(nodes / 2);
    }

    /// Ends the document. It is left out where its anchors made it unreadable.
    pub(super) fn finish(&mut self, comments: Vec<Comment>, end: usize) -> (Option<Document>, Vec<Diagnostic>) {
        if self.document.nodes.is_empty() {
            let start = self.document.start;
            self.push(start..start, Style::Plain, Content::Scalar(Type::Null, Text::Source(start, start)));
        }
        // A text of nothing but comments holds no document.
        let empty = self.document.root().is_null() && self.document.root().span().range().is_empty();
        let next = Document::new(Arc::clone(&self.document.source), end as u32);
        let mut document = std::mem::replace(&mut self.document, next);
        document.comments = comments;
        document.end = end as u32;
        document.nodes.shrink_to_fit();
        document.entries.shrink_to_fit();
        document.items.shrink_to_fit();
        let problems = std::mem::take(&mut self.problems);
        self.anchors.clear();
        (self.counted, self.aliased) = (0, 0);
        let unreadable = problems.iter().any(|problem| problem.rule == "yaml/alias-budget" || problem.rule == TEMPLATE);
        ((!empty && !unreadable).then_some(document), problems)
    }

    /// Takes an event of the parser.
    pub(super) fn event(&mut self, event: Event, range: Range<usize>) {
        let range = range.start as u32..range.end as u32;
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let content = self.scalar_content(&text, style, tag.as_deref(), &range);
                let style = match style {
                    ScalarStyle::Plain => Style::Plain,
                    ScalarStyle::SingleQuoted => Style::SingleQuoted,
                    ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
                    ScalarStyle::Literal => Style::Literal,
                    ScalarStyle::Folded => Style::Folded,
                };
                let range = self.tidy(range, style);
                let node = self.push_scalar(range, style, content.0, content.1);
                self.open_anchor(anchor, node);
                self.close_anchors(node, 0);
                self.attach(node, false);
            }
            Event::SequenceStart(style, anchor, _) => {
                let node = self.open_collection(range.start, structure(style), false);
                self.open_anchor(anchor, node);
                self.counted += 1;
            }
            Event::MappingStart(style, anchor, _) => {
                let node = self.open_collection(range.start, structure(style), true);
                self.open_anchor(anchor, node);
                self.counted += 1;
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(range.end),
            Event::Alias(id) => self.alias(id, range),
            Event::UnresolvedAlias(name) => {
                let span = self.span(&range);
                let problem = Diagnostic::error(
                    "yaml/unknown-anchor",
                    format!("the alias `*{name}` has no anchor `&{name}` before it"),
                );
                self.problems.push(problem.at(span).help("quote the value if it is meant as text"));
                let node = self.push(
                    range.clone(),
                    Style::Plain,
                    Content::Scalar(Type::Null, Text::Source(range.end, range.end)),
                );
                self.attach(node, false);
            }
            _ => {}
        }
    }

    /// Keeps a text that does not stand in the source as it is.
    pub(super) fn own(&mut self, text: impl Into<Box<str>>) -> Text {
        self.document.texts.push(text.into());
        Text::Owned(self.document.texts.len() as u32 - 1)
    }

    /// Adds a scalar.
    pub(super) fn scalar(&mut self, range: Range<u32>, style: Style, scalar: Scalar, text: Text) {
        let node = self.push_scalar(range, style, scalar, text);
        self.attach(node, false);
    }

    /// Opens a map or a list.
    pub(super) fn open(&mut self, start: u32, style: Style, is_map: bool) {
        self.open_collection(start, style, is_map);
    }

    fn span(&self, range: &Range<u32>) -> Span {
        Span { file: self.document.source.id(), start: range.start, end: range.end }
    }

    fn push(&mut self, range: Range<u32>, style: Style, content: Content) -> NodeId {
        let id = self.document.nodes.len() as NodeId;
        self.document.nodes.push(NodeData::new(range, id, style, content));
        id
    }

    fn push_scalar(&mut self, range: Range<u32>, style: Style, scalar: Scalar, text: Text) -> NodeId {
        let not_finite = matches!(scalar, Scalar::Float(value) if !value.is_finite());
        let span = self.span(&range);
        let node = self.push(range, style, Content::Scalar(Type::of(scalar), text));
        self.counted += 1;
        if not_finite {
            let message = format!("`{}` is a number that JSON does not have", self.document.text(node));
            let problem = Diagnostic::error("yaml/number", message);
            self.problems.push(problem.at(span).help("quote it if it is meant as text"));
        }
        node
    }

    fn open_collection(&mut self, start: u32, style: Style, is_map: bool) -> NodeId {
        let content = if is_map { Content::Map(0, 0) } else { Content::Seq(0, 0) };
        let node = self.push(start..start, style, content);
        self.heights.push(0);
        self.stack.push(Frame { node, is_map, first: self.waiting.len(), first_tag: self.tags.len(), seen: None });
        node
    }

    /// Gives the key whose value comes next.
    fn open_key(&self) -> Option<NodeId> {
        let frame = self.stack.last().filter(|frame| frame.is_map)?;
        let waiting = self.waiting.get(frame.first..)?;
        waiting.last().copied().filter(|_| waiting.len() % 2 == 1)
    }

    fn open_anchor(&mut self, anchor: usize, node: NodeId) {
        if anchor != 0 {
            self.anchors.insert(anchor, Anchor { node, size: None, height: 0, counted: self.counted });
            self.open_anchors.push((node, anchor));
        }
    }

    fn close_anchors(&mut self, node: NodeId, height: usize) {
        while let Some((_, anchor)) = self.open_anchors.pop_if(|(open, _)| *open == node) {
            if let Some(anchor) = self.anchors.get_mut(&anchor) {
                anchor.size = Some((self.counted - anchor.counted).max(1));
                anchor.height = height;
            }
        }
    }

    fn scalar_content(
        &mut self,
        text: &str,
        style: ScalarStyle,
        tag: Option<&Tag>,
        range: &Range<u32>,
    ) -> (Scalar, Text) {
        let scalar = match (tag.and_then(Tag::core_suffix), style) {
            (Some("str" | "binary"), _) => Scalar::String,
            (Some("int" | "float" | "bool" | "null"), _) | (_, ScalarStyle::Plain) => resolve(text),
            _ => Scalar::String,
        };
        let source = self.document.source.text();
        let holds = |start: u32, end: u32| source.get(start as usize..end as usize) == Some(text);
        let inner = range.start + 1..range.end.saturating_sub(1);
        let text = if holds(range.start, range.end) {
            Text::Source(range.start, range.end)
        } else if inner.start <= inner.end && holds(inner.start, inner.end) {
            Text::Source(inner.start, inner.end)
        } else {
            self.own(text)
        };
        (scalar, text)
    }

    /// Takes line breaks off the end of a block scalar's range, and puts an empty value right behind its key.
    fn tidy(&self, range: Range<u32>, style: Style) -> Range<u32> {
        let source = self.document.source.text();
        match style {
            Style::Literal | Style::Folded => {
                let start = self.block_header(range.start);
                let text = source.get(start as usize..range.end.max(start) as usize).unwrap_or_default();
                start..start + text.trim_end().len() as u32
            }
            Style::Plain if range.is_empty() => match self.open_key() {
                Some(key) => {
                    let end = self.document.nodes[key as usize].end;
                    let rest = source.get(end as usize..).unwrap_or_default();
                    let colon = rest.find(':').filter(|at| rest[..*at].trim().is_empty()).map_or(0, |at| at as u32 + 1);
                    end + colon..end + colon
                }
                None => range,
            },
            _ => range,
        }
    }

    /// Finds the `|` or `>` that opens the block scalar whose text begins at `content`.
    fn block_header(&self, content: u32) -> u32 {
        let before = &self.document.source.text()[..content as usize];
        let from = match self.open_key() {
            Some(key) => self.document.nodes[key as usize].end as usize,
            // Of an item, the header stands on the last line that is not blank.
            None => before.trim_end().rfind('\n').map_or(0, |at| at + 1),
        };
        before.get(from..).and_then(|text| text.find(['|', '>'])).map_or(content, |at| (from + at) as u32)
    }

    /// Ends the innermost open collection.
    pub(super) fn close(&mut self, end: u32) {
        let Some(frame) = self.stack.pop() else { return };
        let node = frame.node;
        let height = self.heights.pop().unwrap_or_default() + 1;
        if let Some(outer) = self.heights.last_mut() {
            *outer = height.max(*outer);
        }
        let last = self.waiting.get(frame.first..).and_then(<[NodeId]>::last).copied();
        let content = if frame.is_map {
            let pairs = self.waiting[frame.first..].chunks_exact(2).zip(&self.tags[frame.first_tag..]);
            let pairs = pairs.map(|(pair, tag)| Pair { tag: *tag, key: pair[0], value: pair[1] });
            let start = self.document.entries.len() as u32;
            if self.tags[frame.first_tag..].contains(&tag("<<")) {
                let entries = pairs.collect();
                let entries = self.merge(entries);
                self.document.entries.extend(entries);
            } else {
                self.document.entries.extend(pairs);
            }
            self.tags.truncate(frame.first_tag);
            Content::Map(start, self.document.entries.len() as u32)
        } else {
            let start = self.document.items.len() as u32;
            self.document.items.extend_from_slice(&self.waiting[frame.first..]);
            Content::Seq(start, self.document.items.len() as u32)
        };
        self.waiting.truncate(frame.first);
        let last_end = last.map(|child| self.document.nodes[child as usize].end);
        let dash = self.dash(node, &content);
        let data = &mut self.document.nodes[node as usize];
        data.set_content(content);
        data.start = dash.unwrap_or(data.start);
        data.end = if data.style == Style::Flow { end } else { last_end.unwrap_or(data.start).max(data.start) };
        self.close_anchors(node, height);
        self.attach(node, false);
    }

    /// Finds the dash at which a block list begins. The parser puts one that stands in the column of its key at its first item.
    fn dash(&self, node: NodeId, content: &Content) -> Option<u32> {
        let data = &self.document.nodes[node as usize];
        let Content::Seq(first, _) = content else { return None };
        let source = self.document.source.text();
        let item = self.document.nodes.get(*self.document.items.get(*first as usize)? as usize)?;
        let is_at_dash = source.as_bytes().get(data.start as usize) == Some(&b'-');
        if data.style == Style::Flow || is_at_dash && data.start != item.start {
            return None;
        }
        let before = without_comments(source.get(..data.start as usize)?);
        before.strip_suffix('-').map(|before| before.len() as u32)
    }

    /// Puts the entries of merged maps (`<<`) behind a map's own.
    fn merge(&mut self, entries: Vec<Pair>) -> Vec<Pair> {
        let is_merge =
            |id: NodeId, nodes: &[NodeData]| matches!(nodes[id as usize].content(), Content::Scalar(Type::Merge, _));
        let (merges, mut own): (Vec<_>, Vec<_>) =
            entries.into_iter().partition(|pair| is_merge(pair.key, &self.document.nodes));
        let mut names: HashSet<String> = own.iter().map(|pair| self.document.text(pair.key).to_owned()).collect();
        for Pair { key, value, .. } in merges {
            let sources = match self.document.nodes[value as usize].content() {
                Content::Seq(start, end) => self.document.items[start as usize..end as usize].to_vec(),
                _ => vec![value],
            };
            for source in sources {
                let Content::Map(start, end) = self.document.nodes[source as usize].content() else {
                    let data = &self.document.nodes[key as usize];
                    let span = self.span(&(data.start..data.end));
                    self.problems.push(
                        Diagnostic::error("yaml/merge", "`<<` merges maps only")
                            .at(span)
                            .help("name a map, or a list of maps"),
                    );
                    continue;
                };
                for at in start..end {
                    let entry = self.document.entries[at as usize];
                    if names.insert(self.document.text(entry.key).to_owned()) {
                        own.push(entry);
                    }
                }
            }
        }
        own
    }

    fn alias(&mut self, id: usize, range: Range<u32>) {
        let span = self.span(&range);
        let problem = match self.anchors.get(&id) {
            Some(Anchor { node, size: Some(size), height, .. }) => {
                let (node, size, height) = (*node, *size, *height);
                self.counted += size;
                self.aliased += size;
                if let Some(outer) = self.heights.last_mut() {
                    *outer = height.max(*outer);
                }
                if self.aliased > ALIAS_BUDGET {
                    let message = format!("the aliases of this document stand for more than {ALIAS_BUDGET} nodes");
                    Diagnostic::error("yaml/alias-budget", message)
                } else if self.stack.len() + height > DEPTH_LIMIT {
                    let message = format!("with this alias, collections are nested deeper than {DEPTH_LIMIT} levels");
                    Diagnostic::error("yaml/alias-budget", message)
                } else {
                    self.document.aliased.push(node);
                    self.attach(node, true);
                    return;
                }
            }
            _ => Diagnostic::error("yaml/alias-cycle", "an alias inside its own anchor makes a loop"),
        };
        let known = self.problems.iter().any(|known| known.rule == problem.rule);
        if !known || problem.rule == "yaml/alias-cycle" {
            self.problems.push(problem.at(span));
        }
        let null = Content::Scalar(Type::Null, Text::Source(range.end, range.end));
        let node = self.push(range, Style::Plain, null);
        self.attach(node, false);
    }

    /// Hands a finished node to the collection that holds it.
    fn attach(&mut self, node: NodeId, aliased: bool) {
        let Some(frame) = self.stack.last() else {
            self.document.root = node;
            return;
        };
        if !aliased {
            self.document.nodes[node as usize].parent = frame.node;
        }
        let is_value = (self.waiting.len() - frame.first) % 2 == 1;
        if !frame.is_map {
            self.waiting.push(node);
        } else if is_value {
            self.value(node);
        } else {
            self.key(node);
            self.waiting.push(node);
        }
    }

    /// Gives a key the text that JSON will have for it, and says so when that is not what was written.
    fn key(&mut self, node: NodeId) {
        let data = &self.document.nodes[node as usize];
        let span = self.span(&(data.start..data.end));
        let Content::Scalar(scalar, _) = data.content() else { return };
        if matches!(scalar, Type::String | Type::Merge) {
            return;
        }
        let written = self.document.text(node).to_owned();
        let read = match scalar.read(&written) {
            Scalar::String | Scalar::Merge => return,
            Scalar::Null => {
                let problem = Diagnostic::error("yaml/key", "null cannot be a key").at(span).help("quote it");
                self.problems.push(problem);
                return;
            }
            Scalar::Bool(value) => value.to_string(),
            Scalar::Int(value) => value.to_string(),
            Scalar::UInt(value) => value.to_string(),
            Scalar::Float(value) => float_text(value),
        };
        if read != written {
            let message = format!("the key `{written}` is read as `{read}`");
            let title = format!("put the key `{written}` into quotes");
            let wish = Wish::new(title, Safety::Safe, span, Change::QuoteKey);
            self.problems.push(
                Diagnostic::warning("yaml/retyped-key", message)
                    .at(span)
                    .help(format!("write `\"{written}\"` to keep it as text"))
                    .wish(wish),
            );
            let read = self.own(read);
            self.document.nodes[node as usize].set_content(Content::Scalar(scalar, read));
        }
    }

    /// Takes the value of the open key, unless that is none that a map can have.
    fn value(&mut self, value: NodeId) {
        let Some(key) = self.waiting.pop() else { return };
        if self.takes_key(key) {
            self.waiting.extend([key, value]);
        }
    }

    /// Tells whether the innermost map takes a key; says so where it does not.
    fn takes_key(&mut self, key: NodeId) -> bool {
        let data = &self.document.nodes[key as usize];
        let span = self.span(&(data.start..data.end));
        match data.content() {
            Content::Scalar(Type::Merge, _) => {
                self.tags.push(tag("<<"));
                return true;
            }
            Content::Scalar(..) => {}
            Content::Seq(..) | Content::Map(..) => {
                self.refuse_key(span);
                return false;
            }
        }
        let Some(Frame { first, first_tag, seen, .. }) = self.stack.last() else { return false };
        let known = self.waiting[*first..].chunks_exact(2).map(|pair| pair[0]);
        let name = self.document.text(key);
        let tag = tag(name);
        let mut alike = known.clone().zip(&self.tags[*first_tag..]).filter(|(_, known)| **known == tag);
        let mut twice = || alike.find(|(known, _)| self.document.text(*known) == name).map(|(known, _)| known);
        if seen.as_ref().is_none_or(|seen| seen.contains(name))
            && let Some(first) = twice()
        {
            let first = &self.document.nodes[first as usize];
            let problem = Diagnostic::error("yaml/duplicate-key", format!("the key `{name}` is given twice"))
                .at(span)
                .help("keep one of the two")
                .label(self.span(&(first.start..first.end)), "first given here");
            self.problems.push(problem);
            return false;
        }
        if known.len() >= LINEAR_KEYS {
            let name = Box::from(name);
            let before: Vec<Box<str>> = match seen {
                Some(_) => Vec::new(),
                None => known.map(|known| Box::from(self.document.text(known))).collect(),
            };
            if let Some(frame) = self.stack.last_mut() {
                let seen = frame.seen.get_or_insert_default();
                seen.extend(before);
                seen.insert(name);
            }
        }
        self.tags.push(tag);
        true
    }

    /// Says that a collection is no key. `{{ x }}` in plain YAML is a map whose key is a map.
    fn refuse_key(&mut self, span: Span) {
        let source = self.document.source.text();
        let template = source[..span.start as usize].ends_with('{') && source[span.start as usize..].starts_with('{');
        if !template {
            self.problems.push(Diagnostic::error("yaml/key", "a map or a list cannot be a key").at(span));
        } else if !self.problems.iter().any(|problem| problem.rule == TEMPLATE) {
            self.problems.push(
                Diagnostic::error(TEMPLATE, "this looks like a template, and is read as plain YAML")
                    .at(Span { start: span.start - 1, end: span.start + 1, ..span })
                    .help("templates stand in a chart's `templates/` folder, beside a Chart.yaml; put quotes around it if it is text"),
            );
        }
    }
}

/// Takes the blanks and comments off the end of a text that ends between a dash and its item.
fn without_comments(text: &str) -> &str {
    let mut rest = text.trim_end();
    loop {
        let line = rest.rfind('\n').map_or(0, |at| at + 1);
        if rest[line..].trim_start().starts_with('#') {
            rest = rest[..line].trim_end();
            continue;
        }
        let comments = rest[line..].match_indices(" #").map(|(at, _)| rest[..line + at].trim_end());
        return comments.into_iter().find(|before| before.ends_with('-')).unwrap_or(rest);
    }
}

fn structure(style: StructureStyle) -> Style {
    if style == StructureStyle::Flow { Style::Flow } else { Style::Plain }
}
