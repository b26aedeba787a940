//! Holds what a chart gave against what a test expects.

use super::compare::{equal, holds, is_part, kind, number};
use super::decode::{Assertion, Check, Pattern, Test};
use super::path::{Path, Selected};
use super::secrets::mask;
use super::snapshot::difference;
use crate::diagnostic::{Diagnostic, Trace, nearest};
use crate::object::Object;
use crate::source::Span;
use crate::yaml::emit::{Data, block, flow};
use crate::yaml::{Kind, Node};
use regex::Regex;

/// So many characters of a value are shown in a message.
const SHOWN: usize = 160;

/// An object that a template printed.
pub struct Item<'d> {
    /// The object.
    pub object: Object<'d>,
    /// The template's path in the chart: `templates/web.yaml`.
    pub template: String,
}

/// What a chart gave for a test.
pub struct Subject<'a> {
    /// The objects, in the order of the templates.
    pub items: &'a [Item<'a>],
    /// The errors of rendering, carried back to what a person wrote.
    pub failures: &'a [Diagnostic],
    /// The text of NOTES.txt.
    pub notes: Option<&'a str>,
    /// What checking finds; looked at only where a test asks for it.
    pub findings: &'a [Diagnostic],
    /// Carries a finding in rendered text back to what a person wrote.
    pub resolve: &'a dyn Fn(Diagnostic) -> Diagnostic,
}

/// What came of a test.
#[derive(Debug, Default)]
pub struct Verdict {
    /// What does not hold.
    pub failures: Vec<Diagnostic>,
    /// What is to be held against snapshots, each with the line that asks for it.
    pub snapshots: Vec<(Span, Data)>,
}

/// Judges a test.
pub fn judge(test: &Test, subject: &Subject<'_>) -> Verdict {
    let mut judge = Judge { test, subject, verdict: Verdict::default() };
    let is_about_failing =
        |assertion: &&Assertion| matches!(assertion.check, Check::Fails(_) | Check::Finding(_) | Check::NoFinding(_));
    if subject.failures.is_empty() {
        test.expect.iter().for_each(|assertion| judge.assertion(assertion));
    } else {
        // Objects that are not there prove nothing.
        test.expect.iter().filter(is_about_failing).for_each(|assertion| judge.assertion(assertion));
        if !test.expect.iter().any(|assertion| matches!(assertion.check, Check::Fails(_))) {
            judge.unexpected_failures();
        }
    }
    judge.verdict
}

struct Judge<'a> {
    test: &'a Test,
    subject: &'a Subject<'a>,
    verdict: Verdict,
}

impl<'a> Judge<'a> {
    fn fail(&mut self, finding: Diagnostic) {
        self.verdict.failures.push(finding);
    }

    fn unexpected_failures(&mut self) {
        for failure in self.subject.failures {
            let message = format!("the chart does not render: {}", failure.message);
            let finding = Diagnostic::error("test/render", message).at(self.test.name.span);
            self.fail(beside(finding, failure));
        }
    }

    fn assertion(&mut self, assertion: &Assertion) {
        match &assertion.check {
            Check::Fails(pattern) => self.fails(assertion, pattern),
            Check::Notes(pattern) => self.notes(assertion, pattern),
            Check::Finding(rule) => self.finding(assertion, rule, true),
            Check::NoFinding(rule) => self.finding(assertion, rule, false),
            _ => self.objects(assertion),
        }
    }

    fn fails(&mut self, assertion: &Assertion, pattern: &Pattern) {
        let failures = self.subject.failures;
        if failures.iter().any(|failure| fits(pattern, &format!("{}: {}", failure.rule, failure.message))) {
            return;
        }
        let finding = |message: String| Diagnostic::error("test/fails", message).at(assertion.span);
        let Some(first) = failures.first() else {
            let count = self.subject.items.len();
            let expected = match pattern {
                Pattern::Any => String::new(),
                Pattern::Contains(text) => format!(" with `{text}`"),
                Pattern::Matches(regex) => format!(" with what matches `{regex}`"),
            };
            self.fail(finding(format!("the chart renders {}, and was to fail{expected}", counted(count, "object"))));
            return;
        };
        self.fail(beside(finding(format!("the chart fails otherwise: {}", first.message)), first));
    }

    fn notes(&mut self, assertion: &Assertion, pattern: &Pattern) {
        let Some(notes) = self.subject.notes else {
            let help = "charts of Helm's show theirs only when they are installed";
            self.fail(Diagnostic::error("test/notes", "the chart gives no notes").at(assertion.span).help(help));
            return;
        };
        if !fits(pattern, notes) {
            let message = "the notes are not as expected";
            let shown = format!("they are\n{}", notes.trim_end());
            self.fail(Diagnostic::error("test/notes", message).at(assertion.span).help(shown));
        }
    }

    fn finding(&mut self, assertion: &Assertion, rule: &str, wanted: bool) {
        let of_rule: Vec<_> = self.subject.findings.iter().filter(|found| found.rule == rule).collect();
        let found: Vec<_> = of_rule.iter().filter(|found| self.is_meant(assertion, found)).collect();
        let place = |found: &Diagnostic| {
            let object = found.object.as_ref().map(|object| format!(" of {}/{}", object.kind, object.name));
            let path = found.path.as_deref().filter(|path| !path.is_empty()).map(|path| format!("`{path}`"));
            format!("{}{}", path.unwrap_or_else(|| "the root".to_owned()), object.unwrap_or_default())
        };
        match (wanted, found.first()) {
            (true, None) => {
                let message = format!("`{rule}` is not found{}", target(assertion));
                let mut finding = Diagnostic::error("test/finding", message).at(assertion.span);
                if !of_rule.is_empty() {
                    let places: Vec<_> = of_rule.iter().map(|found| place(found)).collect();
                    finding = finding.help(format!("it is found at {}", places.join(", ")));
                }
                self.fail(finding);
            }
            (false, Some(first)) => {
                let message = format!("`{rule}` is found at {}: {}", place(first), first.message);
                let finding = beside(Diagnostic::error("test/finding", message).at(assertion.span), first);
                self.fail(finding);
            }
            _ => {}
        }
    }

    /// Tells whether a finding is about the object and the path that an assertion names.
    fn is_meant(&self, assertion: &Assertion, found: &Diagnostic) -> bool {
        let of_object = assertion.object.as_ref().is_none_or(|selector| {
            found.object.as_ref().is_some_and(|object| names(selector, &object.kind, &object.name))
        });
        let at_path = assertion.path.as_ref().is_none_or(|path| {
            let written = found.path.as_deref().unwrap_or_default();
            let is_of = |item: &&Item<'_>| {
                found.object.as_ref().is_some_and(|name| name.kind == item.object.kind && name.name == item.object.name)
            };
            path.value.to_string() == written
                || self.subject.items.iter().filter(is_of).any(|item| match path.select(item.object.node) {
                    Selected::Nodes(nodes) => nodes.iter().any(|node| node.path_from(item.object.node) == written),
                    Selected::Nothing(..) => false,
                })
        });
        of_object && at_path
    }

    fn objects(&mut self, assertion: &Assertion) {
        let items: Vec<&'a Item<'a>> =
            self.subject.items.iter().filter(|item| self.is_selected(assertion, item)).collect();
        let bare = assertion.path.is_none();
        match &assertion.check {
            Check::Count(expected) if bare => return self.count(assertion, &items, *expected),
            Check::Absent if bare => return self.count(assertion, &items, 0),
            Check::Snapshot => {
                let data = items.iter().flat_map(|item| self.snapshot(assertion, item)).collect();
                self.verdict.snapshots.push((assertion.span, Data::Seq(data)));
            }
            _ => {}
        }
        if items.is_empty() {
            return self.no_object(assertion);
        }
        for item in items {
            let nodes = match assertion.path.as_ref().map(|path| path.select(item.object.node)) {
                None => vec![item.object.node],
                Some(Selected::Nodes(nodes)) => nodes,
                Some(Selected::Nothing(near, what)) => {
                    self.missing(assertion, item, near, &what);
                    continue;
                }
            };
            if let (Check::Count(expected), Some(_)) = (&assertion.check, &assertion.path) {
                let inner = |node: &Node<'_>| match node.kind() {
                    Kind::Seq => node.items().len(),
                    _ => node.entries().len(),
                };
                let count = match nodes.as_slice() {
                    [node] if matches!(node.kind(), Kind::Seq | Kind::Map) => inner(node),
                    nodes => nodes.len(),
                };
                if count != *expected {
                    let message = format!(
                        "{} holds {}, and {expected} was expected",
                        of(assertion, item),
                        counted(count, "item")
                    );
                    self.wrong("test/count", message, assertion, nodes[0]);
                }
                continue;
            }
            for node in nodes {
                self.node(assertion, item, node);
            }
        }
    }

    /// Judges one node.
    fn node(&mut self, assertion: &Assertion, item: &Item<'_>, node: Node<'_>) {
        let actual = Data::from_node(node);
        let subject = of(assertion, item);
        let shown = self.shown(&actual, assertion, item);
        let (rule, message) = match &assertion.check {
            Check::Equal(expected) if !equal(expected, &actual) => {
                return self.unequal(assertion, item, node, expected);
            }
            Check::NotEqual(expected) if equal(expected, &actual) => {
                ("test/equal", format!("{subject} is {shown}, which it must not be"))
            }
            Check::Matches(regex) | Check::NotMatches(regex) => match (&assertion.check, is_match(regex, node)) {
                (_, None) => {
                    ("test/matches", format!("{subject} is {}, and only scalars match", node.kind().article()))
                }
                (Check::Matches(_), Some(false)) => {
                    ("test/matches", format!("{subject} is {shown}, which does not match `{regex}`"))
                }
                (Check::NotMatches(_), Some(true)) => {
                    ("test/matches", format!("{subject} is {shown}, which matches `{regex}`"))
                }
                _ => return,
            },
            Check::Contains(part) | Check::NotContains(part) => {
                let wanted = matches!(assertion.check, Check::Contains(_));
                let part_shown = self.shown(part, assertion, item);
                match holds(&actual, part) {
                    None => {
                        let kinds = (node.kind().article(), kind(part).article());
                        ("test/contains", format!("{subject} is {}, which cannot contain {}", kinds.0, kinds.1))
                    }
                    Some(does) if does == wanted => return,
                    Some(_) if wanted => {
                        ("test/contains", format!("{subject} does not contain {part_shown}: it is {shown}"))
                    }
                    Some(_) => ("test/contains", format!("{subject} contains {part_shown}, which it must not")),
                }
            }
            Check::Subset(part) if !is_part(part, &actual) => {
                let part = self.shown(part, assertion, item);
                ("test/subset", format!("{part} is no part of {subject}, which is {shown}"))
            }
            Check::NotSubset(part) if is_part(part, &actual) => {
                let part = self.shown(part, assertion, item);
                ("test/subset", format!("{part} is a part of {subject}, which it must not be"))
            }
            Check::Absent => ("test/absent", format!("{subject} is {shown}, and must be absent")),
            Check::AtLeast(bound) | Check::AtMost(bound) => {
                let at_least = matches!(assertion.check, Check::AtLeast(_));
                let bound = (number(bound).unwrap_or_default(), flow(bound));
                match number(&actual) {
                    Some(value) if at_least && value >= bound.0 || !at_least && value <= bound.0 => return,
                    Some(_) => {
                        let words = if at_least { "at least" } else { "at most" };
                        ("test/bound", format!("{subject} is {shown}, and {words} {} was expected", bound.1))
                    }
                    None => {
                        ("test/bound", format!("{subject} is {}, and a number was expected", node.kind().article()))
                    }
                }
            }
            Check::Kind(expected) if item.object.kind != expected => {
                let message = format!("the object is `{}`, and `{expected}` was expected", selector(item));
                let kind = item.object.node.get("kind").unwrap_or(node);
                return self.wrong("test/kind", message, assertion, kind);
            }
            _ => return,
        };
        self.wrong(rule, message, assertion, node);
    }

    fn unequal(&mut self, assertion: &Assertion, item: &Item<'_>, node: Node<'_>, expected: &Data) {
        let actual = Data::from_node(node);
        let subject = of(assertion, item);
        let is_collection = |data: &Data| matches!(data, Data::Seq(_) | Data::Map(_)) && !data.is_empty_collection();
        if is_collection(&actual) && is_collection(expected) {
            let text = |data: &Data| block(&super::compare::sorted(self.masked(data, assertion, item)), 0);
            let difference = difference(&text(expected), &text(&actual));
            let message = format!("{subject} is not as expected");
            let help = if difference.is_empty() {
                "what differs is secret; a test with `show_secrets: true` shows it".to_owned()
            } else {
                format!("expected is `-`, given is `+`:\n{difference}")
            };
            let finding = self.place("test/equal", message, assertion, node);
            return self.fail(finding.help(help));
        }
        let (shown, wanted) = (self.shown(&actual, assertion, item), self.shown(expected, assertion, item));
        let message = format!("{subject} is {shown}, and {wanted} was expected");
        let mut finding = self.place("test/equal", message, assertion, node);
        if kind(&actual) != kind(expected) && number(&actual).is_none_or(|_| number(expected).is_none()) {
            finding =
                finding.help(format!("it is {}, and {} was expected", node.kind().article(), kind(expected).article()));
        }
        self.fail(finding);
    }

    fn missing(&mut self, assertion: &Assertion, item: &Item<'_>, near: Node<'_>, what: &str) {
        let passes = match &assertion.check {
            Check::Absent | Check::Snapshot => true,
            Check::Count(expected) => *expected == 0,
            _ => false,
        };
        if passes {
            return;
        }
        let at = near.path_from(item.object.node);
        let at = if at.is_empty() { "it".to_owned() } else { format!("`{at}`") };
        let message = format!("{} is absent: {at} has no `{what}`", of(assertion, item));
        let mut finding = self.place("test/exists", message, assertion, near);
        let keys: Vec<&str> = near.entries().map(|entry| entry.name()).collect();
        if let Some(near) = nearest(what, keys) {
            finding = finding.help(format!("did you mean `{near}`?"));
        }
        self.fail(finding);
    }

    fn count(&mut self, assertion: &Assertion, items: &[&Item<'_>], expected: usize) {
        if items.len() == expected {
            return;
        }
        let what = assertion.object.as_ref().map(|object| format!(" `{}`", object.value)).unwrap_or_default();
        let (found, verb) = (items.len(), if items.len() == 1 { "is" } else { "are" });
        let message = format!("there {verb} {}{what}, and {expected} was expected", counted(found, "object"));
        let finding = Diagnostic::error("test/count", message).at(assertion.span);
        let finding = match items {
            [] => self.known(finding, assertion),
            items => {
                let names: Vec<_> = items.iter().take(20).map(|item| selector(item)).collect();
                self.pointing(finding.help(format!("there {verb} {}", names.join(", "))), items[0].object.node)
            }
        };
        self.fail(finding);
    }

    fn no_object(&mut self, assertion: &Assertion) {
        let message = match &assertion.object {
            Some(object) => format!("there is no object `{}`", object.value),
            None => "there is no object".to_owned(),
        };
        let span = assertion.object.as_ref().map_or(assertion.span, |object| object.span);
        let finding = self.known(Diagnostic::error("test/no-object", message).at(span), assertion);
        self.fail(finding);
    }

    /// Says which objects there are.
    fn known(&self, finding: Diagnostic, assertion: &Assertion) -> Diagnostic {
        let here = |item: &&Item<'_>| self.is_in_templates(assertion, item);
        let known: Vec<String> = self.subject.items.iter().filter(here).map(selector).collect();
        let near = assertion.object.as_ref().and_then(|object| {
            let kinds = self.subject.items.iter().map(|item| item.object.kind);
            nearest(object, known.iter().map(String::as_str).chain(kinds))
        });
        match near {
            Some(near) => finding.help(format!("did you mean `{near}`?")),
            None if known.is_empty() => finding,
            None => finding.help(format!("there are {}", known[..known.len().min(20)].join(", "))),
        }
    }

    fn snapshot(&self, assertion: &Assertion, item: &Item<'_>) -> Vec<Data> {
        let nodes = match assertion.path.as_ref().map(|path| path.select(item.object.node)) {
            None => vec![item.object.node],
            Some(Selected::Nodes(nodes)) => nodes,
            Some(Selected::Nothing(..)) => Vec::new(),
        };
        nodes.into_iter().map(|node| self.masked(&Data::from_node(node), assertion, item)).collect()
    }

    fn is_selected(&self, assertion: &Assertion, item: &Item<'_>) -> bool {
        let object = assertion.object.as_ref();
        self.is_in_templates(assertion, item)
            && object.is_none_or(|selector| names(selector, item.object.kind, item.object.name))
    }

    fn is_in_templates(&self, assertion: &Assertion, item: &Item<'_>) -> bool {
        let of_test = &self.test.setup.templates;
        match &assertion.template {
            Some(template) => is_template(template, &item.template),
            None => of_test.is_empty() || of_test.iter().any(|template| is_template(template, &item.template)),
        }
    }

    /// Masks secrets in data that stand where an assertion looks, unless the test asks for them.
    fn masked(&self, data: &Data, assertion: &Assertion, item: &Item<'_>) -> Data {
        if self.test.show_secrets {
            return data.clone();
        }
        let root = Path::root();
        mask(data.clone(), item.object.kind, assertion.path.as_ref().map_or(&root, |path| &path.value))
    }

    fn shown(&self, data: &Data, assertion: &Assertion, item: &Item<'_>) -> String {
        let text = flow(&self.masked(data, assertion, item));
        match text.char_indices().nth(SHOWN) {
            Some((at, _)) => format!("`{}…`", &text[..at]),
            None => format!("`{text}`"),
        }
    }

    fn wrong(&mut self, rule: &'static str, message: String, assertion: &Assertion, node: Node<'_>) {
        let finding = self.place(rule, message, assertion, node);
        self.fail(finding);
    }

    fn place(&self, rule: &'static str, message: String, assertion: &Assertion, node: Node<'_>) -> Diagnostic {
        self.pointing(Diagnostic::error(rule, message).at(assertion.span), node)
    }

    /// Points at what a person wrote to make a node.
    fn pointing(&self, mut finding: Diagnostic, node: Node<'_>) -> Diagnostic {
        let place = (self.subject.resolve)(Diagnostic::error("", "").at(node.head()));
        if let (Some(span), Some(_)) = (place.span, place.rendered) {
            finding.trace = place.trace;
            finding.trace.push(Trace { span, what: "printed here".to_owned() });
            finding.edit = place.edit;
            finding.rendered = place.rendered;
        }
        finding
    }
}

/// Names what an assertion looks at: `` `spec.replicas` of Deployment/web ``.
fn of(assertion: &Assertion, item: &Item<'_>) -> String {
    match &assertion.path {
        Some(path) => format!("`{}` of {}", path.value, selector(item)),
        None => selector(item),
    }
}

/// Puts the place of another finding beside a finding.
fn beside(mut finding: Diagnostic, other: &Diagnostic) -> Diagnostic {
    finding.help.clone_from(&other.help);
    finding.trace.clone_from(&other.trace);
    finding.trace.extend(other.span.map(|span| Trace { span, what: "found here".to_owned() }));
    finding.edit.clone_from(&other.edit);
    finding.rendered = other.rendered;
    finding.masked |= other.masked;
    finding
}

fn fits(pattern: &Pattern, text: &str) -> bool {
    match pattern {
        Pattern::Any => true,
        Pattern::Contains(part) => text.contains(part.as_str()),
        Pattern::Matches(regex) => regex.is_match(text),
    }
}

fn is_match(regex: &Regex, node: Node<'_>) -> Option<bool> {
    node.scalar().map(|_| regex.is_match(node.text()))
}

/// Says where an assertion about findings looks.
fn target(assertion: &Assertion) -> String {
    let path = assertion.path.as_ref().map(|path| format!(" at `{}`", path.value)).unwrap_or_default();
    let object = assertion.object.as_ref().map(|object| format!(" in {}", object.value)).unwrap_or_default();
    path + &object
}

fn selector(item: &Item<'_>) -> String {
    format!("{}/{}", item.object.kind, item.object.name)
}

fn names(selector: &str, kind: &str, name: &str) -> bool {
    match selector.split_once('/') {
        Some((wanted, wanted_name)) => wanted == kind && wanted_name == name,
        None => selector == kind,
    }
}

/// Tells whether a name or a pattern with `*` names a template, with `templates/` before it or without.
pub fn is_template(pattern: &str, path: &str) -> bool {
    let short = |path: &'_ str| path.strip_prefix("templates/").unwrap_or(path).to_owned();
    let (pattern, path) = (short(pattern), short(path));
    let mut parts = pattern.split('*');
    let Some(mut rest) = path.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let Some(last) = pattern.contains('*').then(|| pattern.rsplit('*').next().unwrap_or_default()) else {
        return rest.is_empty();
    };
    let middle: Vec<&str> = parts.collect();
    for part in &middle[..middle.len().saturating_sub(1)] {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

fn counted(count: usize, what: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {what}{ending}")
}
