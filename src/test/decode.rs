//! Reads a file of tests.

use super::path::Path;
use crate::chart::{Assignments, Decoder, Spanned, assignments, listed};
use crate::diagnostic::Diagnostic;
use crate::source::{SourceFile, Span};
use crate::yaml::emit::Data;
use crate::yaml::{Kind, Node, parse};
use regex::Regex;
use std::sync::Arc;

/// The keys that a file and a test share: what the chart is rendered with.
const SETUP: [&str; 7] = ["environment", "values", "set", "release", "kubernetes", "capabilities", "templates"];
/// The keys of an assertion that say what is looked at.
const TARGET: [&str; 3] = ["object", "template", "path"];
/// The keys of an assertion that say what must hold.
const CHECKS: [&str; 20] = [
    "equal",
    "not_equal",
    "matches",
    "not_matches",
    "contains",
    "not_contains",
    "subset",
    "not_subset",
    "exists",
    "absent",
    "count",
    "at_least",
    "at_most",
    "kind",
    "no_objects",
    "finding",
    "no_finding",
    "fails",
    "notes",
    "snapshot",
];

/// A file of tests.
#[derive(Clone, Debug)]
pub struct Suite {
    /// Its text.
    pub source: Arc<SourceFile>,
    /// Its tests, in the order of writing.
    pub tests: Vec<Test>,
}

/// One test.
#[derive(Clone, Debug)]
pub struct Test {
    /// Its name: no other of the file has it.
    pub name: Spanned<String>,
    /// What the chart is rendered with.
    pub setup: Setup,
    /// Why it does not run.
    pub skip: Option<Spanned<String>>,
    /// Messages and snapshots show secrets.
    pub show_secrets: bool,
    /// What must hold.
    pub(super) expect: Vec<Assertion>,
}

/// What a chart is rendered with, as far as a file or a test says.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// The environments that it is for; none where it does not say, empty for the bare values.
    pub environments: Option<Vec<Spanned<String>>>,
    /// Files of values, from the folder of the file of tests, the later over the earlier.
    pub values: Vec<Spanned<String>>,
    /// Values for paths, the later over the earlier: as data, and as a chart takes them.
    pub set: Vec<(Vec<(String, Data)>, Assignments)>,
    /// The release's name.
    pub name: Option<Spanned<String>>,
    /// The release's namespace.
    pub namespace: Option<Spanned<String>>,
    /// Whether the release takes the place of an earlier revision.
    pub is_upgrade: Option<bool>,
    /// The revision that it becomes.
    pub revision: Option<u32>,
    /// The version of Kubernetes.
    pub kubernetes: Option<Spanned<String>>,
    /// Versions of APIs that the cluster has beside its own.
    pub api_versions: Vec<Spanned<String>>,
    /// The templates whose objects are looked at; all where it does not say.
    pub templates: Vec<Spanned<String>>,
}

/// Something that must hold.
#[derive(Clone, Debug)]
pub(super) struct Assertion {
    /// Which objects are looked at; all where none is named.
    pub(super) object: Option<Spanned<String>>,
    /// The template whose objects are looked at.
    pub(super) template: Option<Spanned<String>>,
    /// What is looked at in them.
    pub(super) path: Option<Spanned<Path>>,
    /// What must hold of it.
    pub(super) check: Check,
    /// The check's value, else its key.
    pub(super) span: Span,
}

/// What must hold.
#[derive(Clone, Debug)]
pub(super) enum Check {
    Equal(Data),
    NotEqual(Data),
    Matches(Regex),
    NotMatches(Regex),
    Contains(Data),
    NotContains(Data),
    Subset(Data),
    NotSubset(Data),
    Exists,
    Absent,
    Count(usize),
    AtLeast(Data),
    AtMost(Data),
    Kind(String),
    Finding(String),
    NoFinding(String),
    Fails(Pattern),
    Notes(Pattern),
    Snapshot,
}

/// What a text must be like.
#[derive(Clone, Debug)]
pub(super) enum Pattern {
    /// Any text at all.
    Any,
    /// It contains this.
    Contains(String),
    /// It matches.
    Matches(Regex),
}

impl Suite {
    /// Reads a file. There is none where the text is no map; every other defect is a finding beside what could be read.
    pub fn read(source: &Arc<SourceFile>) -> (Option<Self>, Vec<Diagnostic>) {
        let parsed = parse(source);
        let mut decoder = Decoder::new("test");
        decoder.diagnostics = parsed.diagnostics;
        let Some(document) = parsed.documents.first() else {
            if decoder.diagnostics.is_empty() {
                let place = Span::new(source.id(), 0, 0);
                decoder.error("required", place, "the file holds no tests").help = Some("write `tests:`".to_owned());
            }
            return (None, decoder.diagnostics);
        };
        if let Some(second) = parsed.documents.get(1) {
            decoder.error(
                "documents",
                second.root().head(),
                "a file of tests holds one document, and this is a second",
            );
        }
        let root = document.root();
        if let Some(place) = of_helm_unittest(root) {
            decoder.error("format", place, "this is a test of helm-unittest, whose form is another").help =
                Some("docs/moving-from-helm.md says what each of its keys becomes".to_owned());
            return (None, decoder.diagnostics);
        }
        let keys: Vec<&str> = SETUP.into_iter().chain(["tests"]).collect();
        let Some(root) = decoder.map(root, "a file of tests", &keys) else { return (None, decoder.diagnostics) };
        let shared = setup(root, &Setup::default(), &mut decoder);
        if root.field("tests").is_none() {
            decoder.error("required", root.head(), "a file of tests needs `tests`");
        }
        let items = root.get("tests").map(|node| decoder.list(node, "`tests`")).unwrap_or_default();
        let mut tests: Vec<Test> = Vec::new();
        for item in items {
            let Some(test) = test(item, &shared, &mut decoder) else { continue };
            if let Some(first) = tests.iter().find(|known| *known.name == *test.name) {
                let first = first.name.span;
                let message = format!("two tests are called `{}`", test.name.value);
                let problem = decoder.error("duplicate-name", test.name.span, message);
                *problem = problem.clone().label(first, "first given here").help("give one of them another name");
                continue;
            }
            tests.push(test);
        }
        (Some(Self { source: Arc::clone(source), tests }), decoder.diagnostics)
    }
}

impl Test {
    /// Gives the rules that its assertions name.
    pub fn rules(&self) -> impl Iterator<Item = (&str, Span)> {
        self.expect.iter().filter_map(|assertion| match &assertion.check {
            Check::Finding(rule) | Check::NoFinding(rule) => Some((rule.as_str(), assertion.span)),
            _ => None,
        })
    }

    /// Gives the templates that its assertions and itself name.
    pub fn templates(&self) -> impl Iterator<Item = &Spanned<String>> {
        self.setup.templates.iter().chain(self.expect.iter().filter_map(|assertion| assertion.template.as_ref()))
    }
}

/// Finds what tells a suite of helm-unittest.
fn of_helm_unittest(root: Node<'_>) -> Option<Span> {
    let suite = root.entry("suite").map(|entry| entry.key.span());
    let first = root.field("tests").and_then(|tests| tests.items().next());
    suite.or_else(|| Some(first?.entry("asserts")?.key.span()))
}

fn setup(map: Node<'_>, shared: &Setup, decoder: &mut Decoder) -> Setup {
    let mut setup = shared.clone();
    if let Some(node) = map.get("environment") {
        let names = match node.kind() {
            Kind::Seq => decoder.texts(map, "environment"),
            _ => decoder.text(map, "environment").into_iter().collect(),
        };
        setup.environments = (!node.is_null()).then_some(names);
    }
    setup.values.extend(decoder.texts(map, "values"));
    if let Some(values) = map.field("set").and_then(|node| decoder.open_map(node, "`set`")) {
        let (assignments, problems) = assignments(values);
        decoder.diagnostics.extend(problems);
        let data = values.entries().map(|entry| (entry.name().to_owned(), Data::from_node(entry.value)));
        setup.set.push((data.collect(), assignments));
    }
    let keys = ["name", "namespace", "is_upgrade", "revision"];
    if let Some(release) = map.get("release").and_then(|node| decoder.map(node, "`release`", &keys)) {
        setup.name = decoder.text(release, "name").or(setup.name);
        setup.namespace = decoder.text(release, "namespace").or(setup.namespace);
        let upgrade = release.get("is_upgrade").and_then(|node| decoder.boolean(node, "`is_upgrade`"));
        setup.is_upgrade = upgrade.or(setup.is_upgrade);
        let revision = release.field("revision").and_then(|node| number(node, "`revision`", decoder));
        setup.revision = revision.and_then(|number| u32::try_from(number).ok()).or(setup.revision);
    }
    setup.kubernetes = decoder.text(map, "kubernetes").or(setup.kubernetes);
    let capabilities = map.get("capabilities").and_then(|node| decoder.map(node, "`capabilities`", &["api_versions"]));
    if let Some(capabilities) = capabilities {
        setup.api_versions.extend(decoder.texts(capabilities, "api_versions"));
    }
    if map.field("templates").is_some() {
        setup.templates = decoder.texts(map, "templates");
    }
    setup
}

fn test(item: Node<'_>, shared: &Setup, decoder: &mut Decoder) -> Option<Test> {
    let keys: Vec<&str> = ["name", "skip", "show_secrets"].into_iter().chain(SETUP).chain(["expect"]).collect();
    let map = decoder.map(item, "a test", &keys)?;
    let name = decoder.required(map, "name", "a test", map.head());
    let setup = setup(map, shared, decoder);
    let skip = decoder.text(map, "skip");
    let show_secrets = map.get("show_secrets").and_then(|node| decoder.boolean(node, "`show_secrets`"));
    let items = map.get("expect").map(|node| decoder.list(node, "`expect`")).unwrap_or_default();
    if items.is_empty() && map.get("expect").is_none_or(|node| node.is_null() || node.kind() == Kind::Seq) {
        let name = name.as_ref().map_or(map.head(), |name| name.span);
        decoder.error("required", name, "a test needs `expect`").help =
            Some("write what must hold: `expect: [{ path: kind, equal: Deployment }]`".to_owned());
    }
    let expect = items.into_iter().filter_map(|item| assertion(item, decoder)).collect();
    Some(Test { name: name?, setup, skip, show_secrets: show_secrets.unwrap_or_default(), expect })
}

fn assertion(item: Node<'_>, decoder: &mut Decoder) -> Option<Assertion> {
    let keys: Vec<&str> = TARGET.into_iter().chain(CHECKS).collect();
    let before = decoder.diagnostics.len();
    let map = decoder.map(item, "an assertion", &keys)?;
    let misspelt = decoder.diagnostics.len() > before;
    let mut checks = map.entries().filter(|entry| CHECKS.contains(&entry.name()));
    let first = checks.next();
    if let Some(second) = checks.next() {
        decoder.error("two-checks", second.key.span(), "an assertion checks one thing, and this is a second").help =
            Some("make it an assertion of its own".to_owned());
        return None;
    }
    let Some(entry) = first else {
        if !misspelt {
            decoder.error("required", map.head(), "an assertion needs what must hold").help =
                Some(format!("the checks are {}", listed(&CHECKS)));
        }
        return None;
    };
    let object = decoder.text(map, "object");
    if let Some(object) = object.as_ref().filter(|object| !is_selector(object)) {
        let message = format!("`{}` names no object", object.value);
        decoder.error("object", object.span, message).help = Some("write `Kind` or `Kind/name`".to_owned());
        return None;
    }
    let template = decoder.text(map, "template");
    let path = match decoder.text(map, "path") {
        None => None,
        Some(text) => match Path::parse(&text) {
            Ok(path) => Some(Spanned { value: path, span: text.span }),
            Err(why) => {
                let message = format!("`{}` is no path: {why}", text.value);
                decoder.error("path", text.span, message).help =
                    Some("write it as findings do: `spec.template.spec.containers[name=web].image`".to_owned());
                return None;
            }
        },
    };
    let check = check(entry.name(), entry.value, decoder)?;
    let span = if entry.value.is_null() { entry.key.span() } else { entry.value.head() };
    let assertion = Assertion { object, template, path, check, span };
    misplaced(&assertion, map, entry.name(), decoder).then_some(assertion)
}

/// Tells whether an assertion has the keys that its check needs, and no others.
fn misplaced(assertion: &Assertion, map: Node<'_>, name: &str, decoder: &mut Decoder) -> bool {
    let needs_path = matches!(
        assertion.check,
        Check::Equal(_)
            | Check::NotEqual(_)
            | Check::Matches(_)
            | Check::NotMatches(_)
            | Check::Contains(_)
            | Check::NotContains(_)
            | Check::Exists
            | Check::Absent
            | Check::AtLeast(_)
            | Check::AtMost(_)
    );
    // Whether an object exists at all is a question too.
    let whole_object = matches!(assertion.check, Check::Exists | Check::Absent) && assertion.object.is_some();
    if needs_path && !whole_object && assertion.path.is_none() {
        decoder.error("required", map.head(), format!("`{name}` needs `path`"));
        return false;
    }
    let heeds: &[&str] = match assertion.check {
        Check::Kind(_) => &["object", "template"],
        Check::Finding(_) | Check::NoFinding(_) => &["object", "path"],
        Check::Fails(_) | Check::Notes(_) => &[],
        Check::Count(_) if name == "no_objects" => &["object", "template"],
        _ => &TARGET,
    };
    for key in TARGET.iter().filter(|key| !heeds.contains(key)) {
        if let Some(entry) = map.entry(key) {
            decoder.error("unheeded-key", entry.key.span(), format!("`{name}` has no use for `{key}`"));
            return false;
        }
    }
    true
}

fn check(name: &str, value: Node<'_>, decoder: &mut Decoder) -> Option<Check> {
    let what = format!("`{name}`");
    let data = || Data::from_node(value);
    Some(match name {
        "equal" => Check::Equal(data()),
        "not_equal" => Check::NotEqual(data()),
        "contains" => Check::Contains(data()),
        "not_contains" => Check::NotContains(data()),
        "subset" => Check::Subset(data()),
        "not_subset" => Check::NotSubset(data()),
        "matches" => Check::Matches(regex(value, &what, decoder)?),
        "not_matches" => Check::NotMatches(regex(value, &what, decoder)?),
        "exists" | "absent" => {
            let is = required_boolean(value, &what, decoder)?;
            if is == (name == "exists") { Check::Exists } else { Check::Absent }
        }
        "count" => Check::Count(usize::try_from(number(value, &what, decoder)?).unwrap_or(usize::MAX)),
        "at_least" | "at_most" => {
            let data = data();
            if super::compare::number(&data).is_none() {
                let message = format!("{what} must be a number, not {}", value.kind().article());
                decoder.error("type", value.head(), message);
                return None;
            }
            if name == "at_least" { Check::AtLeast(data) } else { Check::AtMost(data) }
        }
        "kind" => Check::Kind(required_text(value, &what, decoder)?),
        "no_objects" => {
            if !required_boolean(value, &what, decoder)? {
                decoder.error("type", value.head(), "`no_objects` must be true").help =
                    Some("for some objects, write `count`".to_owned());
                return None;
            }
            Check::Count(0)
        }
        "finding" => Check::Finding(required_text(value, &what, decoder)?),
        "no_finding" => Check::NoFinding(required_text(value, &what, decoder)?),
        "fails" => Check::Fails(pattern(value, &what, decoder)?),
        "notes" => Check::Notes(pattern(value, &what, decoder)?),
        _ => {
            if !required_boolean(value, &what, decoder)? {
                decoder.error("type", value.head(), "`snapshot` must be true");
                return None;
            }
            Check::Snapshot
        }
    })
}

fn is_selector(text: &str) -> bool {
    let parts: Vec<&str> = text.split('/').collect();
    parts.len() <= 2 && parts.iter().all(|part| !part.is_empty() && !part.contains(char::is_whitespace))
}

/// Takes `true`, a text that is contained, or `{ matches: REGEX }`.
fn pattern(value: Node<'_>, what: &str, decoder: &mut Decoder) -> Option<Pattern> {
    match value.kind() {
        Kind::Bool if value.as_bool() == Some(true) => Some(Pattern::Any),
        Kind::Map => {
            let map = decoder.map(value, what, &["matches"])?;
            let Some(node) = map.get("matches") else {
                decoder.error("required", map.head(), format!("{what} needs `matches`"));
                return None;
            };
            Some(Pattern::Matches(regex(node, "`matches`", decoder)?))
        }
        Kind::String if !value.text().is_empty() => Some(Pattern::Contains(value.text().to_owned())),
        _ => {
            decoder.error("type", value.head(), format!("{what} must be true, a text, or `{{ matches: … }}`"));
            None
        }
    }
}

fn regex(value: Node<'_>, what: &str, decoder: &mut Decoder) -> Option<Regex> {
    let text = required_text(value, what, decoder)?;
    match regex::RegexBuilder::new(&text).size_limit(1 << 20).build() {
        Ok(regex) => Some(regex),
        Err(error) => {
            let why = error.to_string();
            let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ");
            decoder.error("regex", value.head(), format!("`{text}` is no regular expression: {why}"));
            None
        }
    }
}

fn required_text(value: Node<'_>, what: &str, decoder: &mut Decoder) -> Option<String> {
    if value.is_null() {
        decoder.error("type", value.head(), format!("{what} must be a string, not null"));
    }
    decoder.string(value, what).map(|text| text.value)
}

fn required_boolean(value: Node<'_>, what: &str, decoder: &mut Decoder) -> Option<bool> {
    if value.is_null() {
        decoder.error("type", value.head(), format!("{what} must be true or false, not null"));
    }
    decoder.boolean(value, what)
}

fn number(value: Node<'_>, what: &str, decoder: &mut Decoder) -> Option<u64> {
    let number = value.as_i64().and_then(|number| u64::try_from(number).ok());
    if number.is_none() {
        let found = if value.kind() == Kind::Int { value.text() } else { value.kind().article() };
        let message = format!("{what} must be a whole number of 0 or more, not {found}");
        decoder.error("type", value.head(), message);
    }
    number
}
