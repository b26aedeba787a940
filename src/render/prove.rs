//! Proves that the woven text reads back as what was printed.
//!
//! The text is parsed anyway. Every value must be found again: its text, its type, its place. So the weaver may misjudge a
//! place, but never silently.

use super::origins::Origins;
use super::weave::{Expected, ExpectedValue};
use crate::diagnostic::Diagnostic;
use crate::yaml::emit::Data;
use crate::yaml::{Document, Kind, Node, Style};

/// What stands where in the parsed text.
struct Places<'d> {
    /// Scalars and collections by the byte at which they start; of several the outermost first.
    nodes: Vec<Node<'d>>,
    keys: Vec<Node<'d>>,
    /// Scalars in the order of the text.
    scalars: Vec<Node<'d>>,
}

impl<'d> Places<'d> {
    fn read(documents: &'d [Document]) -> Self {
        let mut places = Self { nodes: Vec::new(), keys: Vec::new(), scalars: Vec::new() };
        for document in documents {
            places.add(document.root());
        }
        for nodes in [&mut places.nodes, &mut places.keys, &mut places.scalars] {
            nodes.sort_by_key(|node| node.start());
        }
        places
    }

    fn add(&mut self, node: Node<'d>) {
        self.nodes.push(node);
        if node.scalar().is_some() {
            self.scalars.push(node);
        }
        for entry in node.entries() {
            self.keys.push(entry.key);
            self.add(entry.value);
        }
        for item in node.items() {
            self.add(item);
        }
    }

    /// Gives the scalars and collections that start at an offset, the outermost first.
    fn at(&self, start: u32) -> &[Node<'d>] {
        starting(&self.nodes, start)
    }

    fn key(&self, start: u32) -> Option<Node<'d>> {
        starting(&self.keys, start).last().copied()
    }

    /// Finds what was printed at an offset: of a list or a map its items or values, each with the step that leads to it;
    /// of a scalar nothing. None where something else stands there.
    fn printed(&self, start: u32, data: &Data) -> Option<Vec<(Step, Node<'d>)>> {
        let here = || self.at(start).iter();
        match data {
            Data::Map(entries) if !entries.is_empty() => {
                // Printed on a line of their own, entries stand among others.
                let map = self.key(start).and_then(Node::parent);
                let map = here().chain(&map).find(|node| equal(**node, data)).copied()?;
                let value = |(key, _): &(String, Data)| Some((Step::Key(key.clone()), map.get(key)?));
                entries.iter().map(value).collect()
            }
            Data::Seq(items) if !items.is_empty() => {
                let whole = here().find(|node| equal(**node, data)).copied();
                let (list, first) = if let Some(list) = whole {
                    (list, 0)
                } else {
                    let is_item = |node: &&Node| node.parent().is_some_and(|parent| parent.kind() == Kind::Seq);
                    let item = self.at(start + 2).iter().find(is_item)?;
                    let list = item.parent()?;
                    (list, list.items().position(|other| other == *item)?)
                };
                let nodes: Vec<_> = list.items().skip(first).take(items.len()).collect();
                let same = nodes.len() == items.len() && nodes.iter().zip(items).all(|(node, data)| equal(*node, data));
                same.then(|| nodes.into_iter().enumerate().map(|(at, node)| (Step::Index(at), node)).collect())
            }
            Data::String(text) if self.key(start).is_some_and(|key| key.text() == text) => Some(Vec::new()),
            _ => here().any(|node| equal(*node, data)).then(Vec::new),
        }
    }

    /// Tells whether a string is part of a plain scalar of several lines.
    fn continues(&self, start: u32, data: &Data) -> bool {
        let Data::String(text) = data else { return false };
        self.around(start).is_some_and(|node| {
            let several_lines = node.document().source().slice(node.span()).contains('\n');
            node.style() == Style::Plain && several_lines && node.text().contains(text.as_str())
        })
    }

    /// Finds the scalar that holds an offset.
    fn around(&self, offset: u32) -> Option<Node<'d>> {
        let after = self.scalars.partition_point(|node| node.start() <= offset);
        self.scalars[..after].last().copied().filter(|node| offset < node.span().end.max(node.span().start + 1))
    }
}

/// Gives those of some sorted nodes that start at an offset.
fn starting<'a, 'd>(nodes: &'a [Node<'d>], start: u32) -> &'a [Node<'d>] {
    let first = nodes.partition_point(|node| node.start() < start);
    let rest = &nodes[first..];
    &rest[..rest.iter().take_while(|node| node.start() == start).count()]
}

/// Checks every value, and records finer origins of what lists and maps printed.
///
/// `supplied` gives the index of an edit for a value nested in the one that a site printed.
pub(super) fn prove(
    documents: &[Document],
    expected: &[Expected<'_>],
    origins: &mut Origins,
    supplied: &mut dyn FnMut(u32, &[Step]) -> Option<u32>,
) -> Vec<Diagnostic> {
    if expected.is_empty() {
        return Vec::new();
    }
    let places = Places::read(documents);
    let mut problems = Vec::new();
    for expected in expected {
        let start = expected.at.start as u32;
        let holds = match &expected.value {
            ExpectedValue::Data(data) => {
                let found = places.printed(start, data);
                if let (Some(nodes), Some(edit)) = (&found, expected.blame.edit)
                    && matches!(**data, Data::Seq(_) | Data::Map(_))
                {
                    for (step, node) in nodes {
                        detail(*node, edit, &mut vec![step.clone()], origins, supplied);
                    }
                }
                found.is_some() || places.continues(start, data)
            }
            ExpectedValue::Key(text) => places.key(start).is_some_and(|key| key.text() == text),
            ExpectedValue::Holds(texts) => places.around(start).is_some_and(|node| {
                let mut rest = node.text();
                texts.iter().all(|text| match rest.find(text.as_str()) {
                    Some(at) => {
                        rest = &rest[at + text.len()..];
                        true
                    }
                    None => false,
                })
            }),
            ExpectedValue::Raw(text) => {
                if places.around(start).is_none_or(|node| node.text() != text) {
                    let message = "`|raw` makes this value change the YAML around it";
                    let problem = Diagnostic::warning("template/raw", message).at(expected.blame.span);
                    problems.push(with_trace(problem.help("drop `|raw`, unless that is meant"), expected, origins));
                }
                true
            }
        };
        if !holds {
            let message = match &expected.value {
                ExpectedValue::Key(_) => "this value does not come out as a key where it stands",
                _ => "this value does not come out as itself where it stands",
            };
            let problem = Diagnostic::error("template/place", message)
                .at(expected.blame.span)
                .help("put it behind `key:` or `- `, or write the whole scalar in quotes");
            problems.push(with_trace(problem, expected, origins));
        }
    }
    problems
}

fn with_trace(mut problem: Diagnostic, expected: &Expected<'_>, origins: &Origins) -> Diagnostic {
    problem.trace = origins.trace(expected.blame.trace);
    problem
}

/// A step from a value to one nested in it.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Key(String),
    Index(usize),
}

fn detail(
    node: Node,
    edit: u32,
    path: &mut Vec<Step>,
    origins: &mut Origins,
    supplied: &mut dyn FnMut(u32, &[Step]) -> Option<u32>,
) {
    if let Some(edit) = supplied(edit, path) {
        let span = node.parent_entry().map_or(node.span(), |entry| entry.key.span().to(node.span()));
        origins.detail(span, edit);
    }
    for entry in node.entries() {
        path.push(Step::Key(entry.name().to_owned()));
        detail(entry.value, edit, path, origins, supplied);
        path.pop();
    }
    for (index, item) in node.items().enumerate() {
        path.push(Step::Index(index));
        detail(item, edit, path, origins, supplied);
        path.pop();
    }
}

fn equal(node: Node, data: &Data) -> bool {
    use crate::yaml::Scalar;
    match (data, node.scalar()) {
        (Data::Null, Some(Scalar::Null)) => true,
        (Data::Bool(value), Some(Scalar::Bool(read))) => *value == read,
        (Data::Int(value), Some(Scalar::Int(read))) => *value == read,
        (Data::UInt(value), Some(Scalar::UInt(read))) => *value == read,
        (Data::Float(value), Some(Scalar::Float(read))) => {
            value.to_bits() == read.to_bits() || (value.is_nan() && read.is_nan())
        }
        // A whole number that a calculation made is written without its point.
        #[expect(clippy::cast_precision_loss, clippy::float_cmp, reason = "only exact equality counts")]
        (Data::Float(value), Some(Scalar::Int(read))) => *value == read as f64,
        (Data::String(text), Some(Scalar::String)) => node.text() == text,
        (Data::Seq(items), None) => {
            node.kind() == Kind::Seq
                && node.items().len() == items.len()
                && node.items().zip(items).all(|(node, data)| equal(node, data))
        }
        (Data::Map(entries), None) => {
            node.kind() == Kind::Map
                && node.entries().len() >= entries.len()
                && entries.iter().all(|(key, data)| node.get(key).is_some_and(|node| equal(node, data)))
        }
        _ => false,
    }
}
