//! The spanned tree: an arena per document, read through [`Node`].

use super::scalar::{Scalar, Type};
use crate::source::{FileId, SourceFile, Span};
use std::ops::Range;
use std::sync::Arc;

/// Index of a node in its document's arena.
pub(super) type NodeId = u32;

/// How a node stands in its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// A scalar without quotes, or a collection by indentation.
    Plain,
    /// `'…'`
    SingleQuoted,
    /// `"…"`
    DoubleQuoted,
    /// `|`
    Literal,
    /// `>`
    Folded,
    /// `[…]` or `{…}`
    Flow,
}

/// What a node holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Null, written or left empty.
    Null,
    /// A boolean.
    Bool,
    /// A whole number.
    Int,
    /// Any other number.
    Float,
    /// Text.
    String,
    /// A list.
    Seq,
    /// A map.
    Map,
}

impl Kind {
    /// Names the kind for messages, with its article: `a list`.
    pub fn article(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool => "a boolean",
            Self::Int => "an integer",
            Self::Float => "a number",
            Self::String => "a string",
            Self::Seq => "a list",
            Self::Map => "a map",
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Text {
    /// The text is this range of the source, to the byte.
    Source(u32, u32),
    /// The text is one of `Document::texts`.
    Owned(u32),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Content {
    /// What numbers and booleans are is read from the text when somebody asks.
    Scalar(Type, Text),
    /// A range of `Document::items`.
    Seq(u32, u32),
    /// A range of `Document::entries`.
    Map(u32, u32),
}

/// A node, packed: there are very many.
#[derive(Clone, Copy, Debug)]
pub(super) struct NodeData {
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) parent: NodeId,
    /// What these are says `what`.
    numbers: (u32, u32),
    what: What,
    pub(super) style: Style,
}

const _: () = assert!(size_of::<NodeData>() == 24, "a node has grown");

/// [`Content`] without its numbers.
#[derive(Clone, Copy, Debug)]
enum What {
    Source(Type),
    Owned(Type),
    Seq,
    Map,
}

impl NodeData {
    /// Makes a node that has no parent but itself.
    pub(super) fn new(range: Range<u32>, id: NodeId, style: Style, content: Content) -> Self {
        let (start, end) = (range.start, range.end);
        let mut node = Self { start, end, parent: id, numbers: (0, 0), what: What::Seq, style };
        node.set_content(content);
        node
    }

    pub(super) fn content(&self) -> Content {
        let (first, second) = self.numbers;
        match self.what {
            What::Source(scalar) => Content::Scalar(scalar, Text::Source(first, second)),
            What::Owned(scalar) => Content::Scalar(scalar, Text::Owned(first)),
            What::Seq => Content::Seq(first, second),
            What::Map => Content::Map(first, second),
        }
    }

    pub(super) fn set_content(&mut self, content: Content) {
        (self.what, self.numbers) = match content {
            Content::Scalar(scalar, Text::Source(start, end)) => (What::Source(scalar), (start, end)),
            Content::Scalar(scalar, Text::Owned(at)) => (What::Owned(scalar), (at, 0)),
            Content::Seq(start, end) => (What::Seq, (start, end)),
            Content::Map(start, end) => (What::Map, (start, end)),
        };
    }
}

/// An entry of a map.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair {
    /// What the key's text gives by [`tag`].
    pub(super) tag: u32,
    pub(super) key: NodeId,
    pub(super) value: NodeId,
}

/// Tells most keys apart: their length, and three of their bytes. Nothing is asked more often of a document than keys.
pub(super) fn tag(key: &str) -> u32 {
    let bytes = key.as_bytes();
    let byte = |at: usize| bytes.get(at).map_or(0, |byte| u32::from(*byte));
    (bytes.len() as u32) << 24 | byte(0) << 16 | byte(bytes.len() / 2) << 8 | byte(bytes.len().wrapping_sub(1))
}

/// A comment: from `#` to the end of its line.
#[derive(Clone, Copy, Debug)]
pub struct Comment {
    /// Where it stands.
    pub span: Span,
    /// Nothing but blanks stands before it on its line.
    pub own_line: bool,
}

/// One document of a text, parsed.
#[derive(Debug)]
pub struct Document {
    pub(super) source: Arc<SourceFile>,
    pub(super) nodes: Vec<NodeData>,
    pub(super) items: Vec<NodeId>,
    pub(super) entries: Vec<Pair>,
    /// Texts that do not stand in the source as they are.
    pub(super) texts: Vec<Box<str>>,
    pub(super) comments: Vec<Comment>,
    /// The nodes that aliases stand for, too.
    pub(super) aliased: Vec<NodeId>,
    pub(super) root: NodeId,
    pub(super) start: u32,
    pub(super) end: u32,
}

impl Document {
    /// Makes a document of nothing, that begins at a byte.
    pub(super) fn new(source: Arc<SourceFile>, start: u32) -> Self {
        Self {
            source,
            nodes: Vec::new(),
            items: Vec::new(),
            entries: Vec::new(),
            texts: Vec::new(),
            comments: Vec::new(),
            aliased: Vec::new(),
            root: 0,
            start,
            end: start,
        }
    }

    /// Gives a scalar's text; empty for collections.
    pub(super) fn text(&self, node: NodeId) -> &str {
        match self.nodes[node as usize].content() {
            Content::Scalar(_, Text::Source(start, end)) => {
                self.source.text().get(start as usize..end as usize).unwrap_or_default()
            }
            Content::Scalar(_, Text::Owned(at)) => &self.texts[at as usize],
            _ => "",
        }
    }

    /// Gives the root node. An empty document has a null root.
    pub fn root(&self) -> Node<'_> {
        Node { document: self, id: self.root }
    }

    /// Tells whether the document holds nothing but blanks and comments, or a bare null.
    pub fn is_empty(&self) -> bool {
        self.root().is_null()
    }

    /// Gives the text it stands in.
    pub fn source(&self) -> &Arc<SourceFile> {
        &self.source
    }

    /// Gives the comments in the order of the text.
    pub fn comments(&self) -> &[Comment] {
        &self.comments
    }

    /// Gives the range from the document's start (behind `---`) to its end.
    pub fn span(&self) -> Span {
        Span::new(self.source.id(), self.start as usize, self.end as usize)
    }
}

/// A node of a document; copied freely.
#[derive(Clone, Copy)]
pub struct Node<'d> {
    document: &'d Document,
    id: NodeId,
}

impl std::fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Node({:?} {:?})", self.kind(), self.document.source.slice(self.span()))
    }
}

/// Two nodes are equal when they are the same place of the same document.
impl PartialEq for Node<'_> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.document, other.document) && self.id == other.id
    }
}
impl Eq for Node<'_> {}

/// A key of a map and its value.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'d> {
    /// The key.
    pub key: Node<'d>,
    /// The value.
    pub value: Node<'d>,
}

impl<'d> Entry<'d> {
    /// Gives the key as JSON has it: a key written `on` is `true`, one written `0x10` is `16`.
    pub fn name(&self) -> &'d str {
        self.key.text()
    }
}

impl<'d> Node<'d> {
    fn data(self) -> &'d NodeData {
        &self.document.nodes[self.id as usize]
    }

    /// Gives the document.
    pub fn document(self) -> &'d Document {
        self.document
    }

    /// Gives the text in which the node stands.
    pub fn file(self) -> FileId {
        self.document.source.id()
    }

    /// Gives the node's range: quotes and brackets included; for block collections from the first key or dash on.
    pub fn span(self) -> Span {
        let data = self.data();
        Span::new(self.file(), data.start as usize, data.end as usize)
    }

    /// Gives the first byte of the node's range.
    pub fn start(self) -> u32 {
        self.data().start
    }

    /// Gives a short range that names the node: a scalar whole; of a collection its first key or its opening bracket.
    pub fn head(self) -> Span {
        let span = self.span();
        match self.data().content() {
            Content::Scalar(..) => span,
            _ if self.data().style == Style::Flow => Span { end: span.start + 1, ..span },
            Content::Map(..) => self.entries().next().map_or(span, |entry| entry.key.span()),
            Content::Seq(..) => Span { end: span.start + 1, ..span },
        }
    }

    /// Gives how the node is written.
    pub fn style(self) -> Style {
        self.data().style
    }

    /// Gives what the node holds.
    pub fn kind(self) -> Kind {
        match self.data().content() {
            Content::Scalar(scalar, _) => match scalar {
                Type::Null => Kind::Null,
                Type::Bool => Kind::Bool,
                Type::Int | Type::UInt => Kind::Int,
                Type::Float => Kind::Float,
                Type::String | Type::Merge => Kind::String,
            },
            Content::Seq(..) => Kind::Seq,
            Content::Map(..) => Kind::Map,
        }
    }

    /// Tells whether the node is null.
    pub fn is_null(self) -> bool {
        self.kind() == Kind::Null
    }

    /// Gives the typed scalar; none for collections.
    pub fn scalar(self) -> Option<Scalar> {
        match self.data().content() {
            Content::Scalar(scalar, _) => Some(scalar.read(self.text())),
            _ => None,
        }
    }

    /// Gives a scalar's text as written, without quotes and escapes, whatever its type; empty for collections.
    pub fn text(self) -> &'d str {
        self.document.text(self.id)
    }

    /// Gives the text of a string; none for anything else.
    pub fn as_str(self) -> Option<&'d str> {
        (self.kind() == Kind::String).then(|| self.text())
    }

    /// Gives a boolean.
    pub fn as_bool(self) -> Option<bool> {
        match self.scalar()? {
            Scalar::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// Gives a whole number, also one written as a float without a fraction (`1e3`), as the server takes it.
    pub fn as_i64(self) -> Option<i64> {
        match self.scalar()? {
            Scalar::Int(value) => Some(value),
            #[expect(clippy::cast_precision_loss, reason = "the bound only has to keep the cast below exact")]
            Scalar::Float(value) if value.fract() == 0.0 && value.abs() < i64::MAX as f64 => Some(value as i64),
            _ => None,
        }
    }

    /// Iterates over a map's entries, merged ones (`<<`) last; nothing for other kinds.
    pub fn entries(self) -> impl DoubleEndedIterator<Item = Entry<'d>> + ExactSizeIterator {
        let range = match self.data().content() {
            Content::Map(start, end) => start as usize..end as usize,
            _ => 0..0,
        };
        let document = self.document;
        document.entries[range]
            .iter()
            .map(move |pair| Entry { key: Node { document, id: pair.key }, value: Node { document, id: pair.value } })
    }

    /// Iterates over a list's items; nothing for other kinds.
    pub fn items(self) -> impl DoubleEndedIterator<Item = Node<'d>> + ExactSizeIterator {
        let range = match self.data().content() {
            Content::Seq(start, end) => start as usize..end as usize,
            _ => 0..0,
        };
        let document = self.document;
        document.items[range].iter().map(move |id| Node { document, id: *id })
    }

    /// Finds a map's entry by its key.
    pub fn entry(self, key: &str) -> Option<Entry<'d>> {
        let Content::Map(start, end) = self.data().content() else { return None };
        let (document, tag) = (self.document, tag(key));
        let mut pairs = document.entries[start as usize..end as usize].iter();
        let pair = pairs.find(|pair| pair.tag == tag && document.text(pair.key) == key)?;
        Some(Entry { key: Node { document, id: pair.key }, value: Node { document, id: pair.value } })
    }

    /// Finds a map's value by its key. A null counts as a value; see [`Node::field`].
    pub fn get(self, key: &str) -> Option<Node<'d>> {
        self.entry(key).map(|entry| entry.value)
    }

    /// Finds a map's value by its key, where null counts as absent, as the server has it.
    pub fn field(self, key: &str) -> Option<Node<'d>> {
        self.get(key).filter(|value| !value.is_null())
    }

    /// Follows fields from map to map; null counts as absent.
    pub fn at(self, keys: &[&str]) -> Option<Node<'d>> {
        keys.iter().try_fold(self, |node, key| node.field(key))
    }

    /// Gives the map or list that holds the node; the place of its anchor for a node reached through an alias.
    pub fn parent(self) -> Option<Node<'d>> {
        let parent = self.data().parent;
        (parent != self.id).then_some(Node { document: self.document, id: parent })
    }

    /// Tells whether the node, or one that it stands in, is used by an alias as well: it stands for several places.
    pub fn is_shared(self) -> bool {
        let aliased = &self.document.aliased;
        !aliased.is_empty()
            && std::iter::successors(Some(self), |node| node.parent()).any(|node| aliased.contains(&node.id))
    }

    /// Gives the entry whose value this node is, where its parent is a map.
    pub fn parent_entry(self) -> Option<Entry<'d>> {
        self.parent()?.entries().find(|entry| entry.value == self)
    }

    /// Writes the path from `root` to the node: `spec.containers[0].env`; keys that are no plain words in brackets.
    pub fn path_from(self, root: Node<'_>) -> String {
        let mut steps = Vec::new();
        let mut node = self;
        while !(std::ptr::eq(node.document, root.document) && node.id == root.id) {
            let Some(parent) = node.parent() else { break };
            if let Some(entry) = parent.entries().find(|entry| entry.value == node || entry.key == node) {
                steps.push(Step::Key(entry.name()));
            } else if let Some(index) = parent.items().position(|item| item == node) {
                steps.push(Step::Index(index));
            }
            node = parent;
        }
        let mut path = String::new();
        for step in steps.into_iter().rev() {
            step.push_to(&mut path);
        }
        path
    }
}

/// One step of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// Into a map.
    Key(&'a str),
    /// Into a list, from 0.
    Index(usize),
}

impl Step<'_> {
    /// Appends the step to a written path.
    pub fn push_to(self, path: &mut String) {
        use std::fmt::Write as _;
        match self {
            Step::Key(key) if key.chars().all(|c| c.is_alphanumeric() || "_-$".contains(c)) && !key.is_empty() => {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(key);
            }
            Step::Key(key) => _ = write!(path, "[{key:?}]"),
            Step::Index(index) => _ = write!(path, "[{index}]"),
        }
    }
}
