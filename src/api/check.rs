//! Collects what is wrong with one object.

use crate::diagnostic::{Change, Diagnostic, ObjectName, Safety, Severity, nearest};
use crate::schema::Version;
use crate::source::Span;
use crate::yaml::{Entry, Node, Step, edit};
use std::sync::Arc;

/// The findings about one object, and what judging it needs to know.
pub(super) struct Check<'d> {
    root: Node<'d>,
    /// The Kubernetes version whose server judges.
    pub(super) version: Version,
    /// The maps in which fields are written that nobody knows: what they miss, those may have been meant to be.
    pub(super) unread: Vec<Node<'d>>,
    findings: Vec<Diagnostic>,
}

/// Where something is wrong: a place in the text, and the field path that the server names.
#[derive(Clone, Copy)]
pub(super) enum Place<'d> {
    /// A value, written.
    Value(Node<'d>),
    /// A field of a map, which may be absent: then the map's head is shown.
    Field(Node<'d>, &'static str),
    /// A key of a map; the server's path is the map's.
    Key(Entry<'d>),
    /// A value that is wrong for a field which the server names: its path is that of the node, then the field.
    Shown(Span, Node<'d>, &'static str),
    /// As `Shown`, several fields below a node; `[0]` stands for an item.
    Deep(Span, Node<'d>, &'static [&'static str]),
    /// A value, or the lack of one, for an entry that the server names: the path is that of the node, then the field, then
    /// the key.
    Keyed(Span, Node<'d>, &'static str, &'d str),
}

impl<'d> From<Node<'d>> for Place<'d> {
    fn from(node: Node<'d>) -> Self {
        Self::Value(node)
    }
}

impl<'d> From<(Node<'d>, &'static str)> for Place<'d> {
    fn from((node, field): (Node<'d>, &'static str)) -> Self {
        Self::Field(node, field)
    }
}

/// Several fields below a map, each of which may be absent: then the innermost map that is written is shown.
impl<'d, const N: usize> From<(Node<'d>, &'static [&'static str; N])> for Place<'d> {
    fn from((node, fields): (Node<'d>, &'static [&'static str; N])) -> Self {
        let mut inner = node;
        for field in fields {
            match inner.get(field) {
                Some(value) => inner = value,
                None => break,
            }
        }
        Self::Deep(inner.head(), node, fields)
    }
}

impl<'d> From<Entry<'d>> for Place<'d> {
    fn from(entry: Entry<'d>) -> Self {
        Self::Key(entry)
    }
}

/// A finding that was just made, to say more about.
pub(super) struct Said<'c>(&'c mut Diagnostic);

impl Said<'_> {
    /// Says what to write instead.
    pub(super) fn help(self, help: impl Into<String>) -> Self {
        self.0.help = Some(help.into());
        self
    }

    /// Names what was probably meant instead of a text.
    pub(super) fn did_you_mean(self, node: Node<'_>, near: &str) -> Self {
        self.0.wish = Some(Box::new(edit::wish(node, Change::Replace(near.into()), Safety::Safe)));
        self.help(format!("did you mean `{near}`?"))
    }

    /// Shows a further place.
    pub(super) fn label(self, span: Span, text: impl Into<String>) -> Self {
        self.0.labels.push(crate::diagnostic::Label { span, text: text.into() });
        self
    }

    /// Names another field path than that of the place.
    pub(super) fn path(self, path: String) -> Self {
        self.0.path = Some(path);
        self
    }

    /// Keeps the text at the place out of every output, as it is a secret.
    pub(super) fn masked(self) -> Self {
        self.0.masked = true;
        self
    }
}

impl<'d> Check<'d> {
    pub(super) fn new(root: Node<'d>, version: Version) -> Self {
        Self { root, version, unread: Vec::new(), findings: Vec::new() }
    }

    /// Gives the object.
    pub(super) fn root(&self) -> Node<'d> {
        self.root
    }

    /// Counts what was found so far that the server refuses, whatever it is asked.
    pub(super) fn count(&self) -> usize {
        let refused =
            |finding: &&Diagnostic| finding.severity == Severity::Error && finding.rule != "api/server-side-apply";
        self.findings.iter().filter(refused).count()
    }

    /// Tells whether the server is of Kubernetes 1.`minor` or newer.
    pub(super) fn since(&self, minor: u8) -> bool {
        (self.version.major, self.version.minor) >= (1, minor)
    }

    /// Reports what the server refuses.
    pub(super) fn error(
        &mut self,
        rule: &'static str,
        place: impl Into<Place<'d>>,
        message: impl Into<String>,
    ) -> Said<'_> {
        self.report(rule, Severity::Error, place.into(), message.into())
    }

    /// Reports what the server accepts with a warning header.
    pub(super) fn warning(
        &mut self,
        rule: &'static str,
        place: impl Into<Place<'d>>,
        message: impl Into<String>,
    ) -> Said<'_> {
        self.report(rule, Severity::Warning, place.into(), message.into())
    }

    /// Reports what the server refuses in server-side apply, and takes in `create` and `update`.
    pub(super) fn apply_only(&mut self, place: impl Into<Place<'d>>, message: impl Into<String>) -> Said<'_> {
        let message = format!("{}: server-side apply refuses it", message.into());
        self.report("api/server-side-apply", Severity::Error, place.into(), message)
    }

    /// Requires a field of a map: reports it where it is absent, null or empty text, and gives it otherwise.
    pub(super) fn required(&mut self, rule: &'static str, map: Node<'d>, field: &'static str) -> Option<Node<'d>> {
        match map.field(field) {
            Some(value) if value.as_str() != Some("") => return Some(value),
            Some(_) => _ = self.error(rule, (map, field), format!("`{field}` is empty")),
            None => _ = self.error(rule, (map, field), format!("`{field}` is missing")),
        }
        None
    }

    /// Forbids a field of a map: reports it where it is written.
    pub(super) fn forbidden(&mut self, rule: &'static str, map: Node<'d>, field: &'static str, why: &str) {
        if map.field(field).is_some() {
            self.error(rule, (map, field), format!("`{field}` {why}")).help(format!("remove `{field}`"));
        }
    }

    /// Reports a text for which `syntax` gives what is wrong with it. Gives whether it is right.
    ///
    /// `what` is the field as messages name it: ``name``, ``spec.schedule``.
    pub(super) fn syntax(
        &mut self,
        rule: &'static str,
        place: impl Into<Place<'d>>,
        what: &str,
        text: &str,
        syntax: impl FnOnce(&str) -> Option<String>,
    ) -> bool {
        let Some(problem) = syntax(text) else { return true };
        self.error(rule, place, format!("`{what}` is `{}`, but {problem}", show(text)));
        false
    }

    /// Requires a number, where one is written, to lie in a range. Gives whether it does.
    pub(super) fn range(
        &mut self,
        rule: &'static str,
        map: Node<'d>,
        field: &'static str,
        least: i64,
        most: i64,
    ) -> bool {
        let Some(number) = map.field(field).and_then(Node::as_i64) else { return true };
        if (least..=most).contains(&number) {
            return true;
        }
        let bound = match (least, most) {
            (least, i64::MAX) => format!("at least {least}"),
            (least, most) => format!("from {least} to {most}"),
        };
        self.error(rule, (map, field), format!("`{field}` is {number}, but must be {bound}"));
        false
    }

    /// Requires a text, where one is written, to be one of some words.
    pub(super) fn word(&mut self, rule: &'static str, map: Node<'d>, field: &'static str, words: &[&str]) -> bool {
        let Some(node) = map.field(field) else { return true };
        if words.contains(&node.text()) {
            return true;
        }
        let list = words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
        let said = self.error(rule, node, format!("`{field}` is `{}`, but must be one of {list}", show(node.text())));
        if let Some(near) = nearest(node.text(), words.iter().copied()) {
            said.did_you_mean(node, near);
        }
        false
    }

    /// Gives a mark, which stands before the findings to come.
    pub(super) fn mark(&self) -> usize {
        self.findings.len()
    }

    /// Writes a part of the paths of what was found since a mark as the server spells it there: the last `ours` in each.
    pub(super) fn respell(&mut self, mark: usize, ours: &str, theirs: &str) {
        for path in self.findings.iter_mut().skip(mark).filter_map(|finding| finding.path.as_mut()) {
            if let Some(at) = path.rfind(ours) {
                path.replace_range(at..at + ours.len(), theirs);
            }
        }
    }

    /// Gives the findings, which name the object.
    pub(super) fn finish(mut self, name: &Arc<ObjectName>) -> Vec<Diagnostic> {
        let (root, unread) = (self.root, &self.unread);
        self.findings.retain(|finding| !unread.iter().any(|map| follows(finding, *map, root)));
        let versions: Arc<[String]> = [self.version.to_string()].into();
        for finding in &mut self.findings {
            finding.object = Some(Arc::clone(name));
            finding.versions = Arc::clone(&versions);
        }
        self.findings
    }

    fn report(&mut self, rule: &'static str, severity: Severity, place: Place<'d>, message: String) -> Said<'_> {
        let below = |map: Node<'d>, fields: &[&'static str]| {
            let mut path = map.path_from(self.root);
            for field in fields {
                if field.starts_with('[') {
                    path.push_str(field);
                } else {
                    Step::Key(field).push_to(&mut path);
                }
            }
            path
        };
        let (span, path) = match place {
            Place::Value(node) => (node.head(), node.path_from(self.root)),
            Place::Field(map, field) => (map.get(field).map_or_else(|| map.head(), Node::head), below(map, &[field])),
            Place::Key(entry) => {
                (entry.key.span(), entry.key.parent().map_or_else(String::new, |map| map.path_from(self.root)))
            }
            Place::Shown(span, map, field) => (span, below(map, &[field])),
            Place::Deep(span, map, fields) => (span, below(map, fields)),
            Place::Keyed(span, map, field, key) => {
                let mut path = below(map, &[field]);
                Step::Key(key).push_to(&mut path);
                (span, path)
            }
        };
        self.tell(Diagnostic::new(rule, severity, message).at(span), path)
    }

    /// Reports what the server refuses, at a place whose path is known.
    pub(super) fn error_at(&mut self, rule: &'static str, span: Span, path: String, message: String) -> Said<'_> {
        self.tell(Diagnostic::error(rule, message).at(span), path)
    }

    /// Reports a finding that was made elsewhere, at a place whose path is known.
    pub(super) fn tell(&mut self, finding: Diagnostic, path: String) -> Said<'_> {
        self.findings.push(if path.is_empty() { finding } else { finding.path(path) });
        let last = self.findings.len() - 1;
        Said(&mut self.findings[last])
    }
}

/// Tells whether a finding is about a map as a whole, or about a field that it misses.
fn follows(finding: &Diagnostic, map: Node<'_>, root: Node<'_>) -> bool {
    let (Some(path), whole) = (&finding.path, map.path_from(root)) else { return false };
    match path.strip_prefix(whole.as_str()) {
        Some("") => true,
        Some(rest) => {
            let key = if whole.is_empty() { Some(rest) } else { rest.strip_prefix('.') };
            key.is_some_and(|key| !key.contains(['.', '[']) && map.field(key).is_none())
        }
        None => false,
    }
}

/// Gives the text of a field; empty where it is absent.
pub(super) fn text<'d>(map: Node<'d>, field: &str) -> &'d str {
    map.field(field).map(Node::text).unwrap_or_default()
}

/// Gives the text of a value; empty for null, as the server reads it.
pub(super) fn plain(node: Node<'_>) -> &str {
    if node.is_null() { "" } else { node.text() }
}

/// Gives the items of a list; nothing where the field is absent or no list.
pub(super) fn items<'d>(map: Node<'d>, field: &str) -> impl DoubleEndedIterator<Item = Node<'d>> {
    map.field(field).into_iter().flat_map(Node::items)
}

/// Tells whether a field is written as `true`.
pub(super) fn is_true(map: Node<'_>, field: &str) -> bool {
    map.field(field).and_then(Node::as_bool) == Some(true)
}

/// Shows a value in a message: on one line, and not too long.
pub(super) fn show(value: &str) -> String {
    crate::schema::show(value).into_owned()
}
