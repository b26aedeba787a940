//! `plimsoll.yaml`: which charts are released where, and the rules that hold for them.

use super::decode::{Decoder, Spanned, listed};
use super::metadata::API_VERSION;
use super::registry::{Trusted, registries};
use crate::diagnostic::{Diagnostic, Label, Severity, nearest};
use crate::source::{SourceFile, Span};
use crate::yaml::emit::Data;
use crate::yaml::{Node, parse};
use std::sync::Arc;

/// `plimsoll.yaml`, decoded.
#[derive(Clone, Debug, Default)]
pub struct Workspace {
    /// Target versions of Kubernetes: `1.33`.
    pub kubernetes: Vec<Spanned<String>>,
    /// The environments, in the order of writing.
    pub environments: Vec<Environment>,
    /// The releases, in the order of writing.
    pub releases: Vec<Release>,
    /// Files and folders of custom resource definitions that clusters have already: they validate, and are never applied.
    pub crds: Vec<Spanned<String>>,
    /// Which rules hold.
    pub rules: Rules,
    /// Findings that somebody accepted.
    pub exceptions: Vec<Exception>,
    /// `diff.ignore`: fields that diff and apply leave to others.
    pub ignore: Vec<IgnoredField>,
    /// Who must stand by what comes from which registry; none where that cannot be read for certain.
    pub registries: Option<Vec<Trusted>>,
}

/// An entry of `environments`.
#[derive(Clone, Debug)]
pub struct Environment {
    /// Its name, at its key.
    pub name: Spanned<String>,
    /// The kubeconfig context.
    pub context: Option<Spanned<String>>,
    /// The namespace of its releases.
    pub namespace: Option<Spanned<String>>,
    /// Its target versions, where they differ from the workspace's; empty where they do not.
    pub kubernetes: Vec<Spanned<String>>,
}

/// An entry of `releases`.
#[derive(Clone, Debug)]
pub struct Release {
    /// Its name.
    pub name: Spanned<String>,
    /// The chart: a path from the folder of `plimsoll.yaml`, or a reference.
    pub chart: Spanned<String>,
    /// The environments it is for; empty for all.
    pub environments: Vec<Spanned<String>>,
    /// The releases that must be there before.
    pub needs: Vec<Spanned<String>>,
    /// Its namespace, where it differs from the environment's.
    pub namespace: Option<Spanned<String>>,
    /// Files of values, from the folder of `plimsoll.yaml`, the later over the earlier.
    pub values: Vec<Spanned<String>>,
}

/// An entry of `diff.ignore`: fields that something else than the manifests decides. In names `*` stands for any text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IgnoredField {
    /// The kind of objects; any where absent.
    pub kind: Option<String>,
    /// Their name; any where absent.
    pub name: Option<String>,
    /// Their namespace; any where absent.
    pub namespace: Option<String>,
    /// The field: `spec.replicas`, `webhooks[*].clientConfig.caBundle`, `metadata.annotations["a.b/c"]`.
    pub path: String,
}

/// `rules`.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// The profiles; none where the key is absent, which means the default one.
    pub profiles: Option<Vec<Spanned<String>>>,
    /// Folders and files of users' rules, from the folder of `plimsoll.yaml`.
    pub policies: Vec<Spanned<String>>,
    /// Settings of single rules.
    pub configure: Vec<Configure>,
}

/// How bad a rule's findings are to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// As bad as this.
    Severity(Severity),
    /// The rule is off.
    Disabled,
}

/// An entry of `rules.configure`.
#[derive(Clone, Debug)]
pub struct Configure {
    /// The rule's id, at its key.
    pub rule: Spanned<String>,
    /// How bad its findings are.
    pub severity: Option<Level>,
    /// Its parameters.
    pub with: Vec<(Spanned<String>, Data)>,
    /// The environments for which this holds; empty for all.
    pub environments: Vec<Spanned<String>>,
}

/// An entry of `exceptions`.
#[derive(Clone, Debug)]
pub struct Exception {
    /// The rule's id.
    pub rule: Spanned<String>,
    /// `Kind/name`.
    pub object: Option<Spanned<String>>,
    /// The object's namespace.
    pub namespace: Option<Spanned<String>>,
    /// One of its containers.
    pub container: Option<Spanned<String>>,
    /// Why the finding is accepted.
    pub reason: Spanned<String>,
    /// The last day on which it is: `2027-03-01`.
    pub until: Option<Spanned<String>>,
    /// The whole entry.
    pub span: Span,
}

impl Workspace {
    /// Reads `plimsoll.yaml`. There is none where the text is no map or of another apiVersion; every other defect is a
    /// finding beside what could be read.
    pub fn parse(source: &Arc<SourceFile>) -> (Option<Self>, Vec<Diagnostic>) {
        let parsed = parse(source);
        let mut decoder = Decoder::new("workspace");
        decoder.diagnostics = parsed.diagnostics;
        if let Some(second) = parsed.documents.get(1) {
            decoder.error("documents", second.root().head(), "plimsoll.yaml holds more than one document");
        }
        let Some(document) = parsed.documents.first() else {
            if decoder.diagnostics.is_empty() {
                decoder.error("api-version", super::decode::start_of(source), "plimsoll.yaml is empty").help =
                    Some(format!("begin with `apiVersion: {API_VERSION}`"));
            }
            return (None, decoder.diagnostics);
        };
        let keys = [
            "apiVersion",
            "kubernetes",
            "environments",
            "releases",
            "crds",
            "rules",
            "exceptions",
            "diff",
            "registries",
        ];
        let Some(root) = decoder.map(document.root(), "plimsoll.yaml", &keys) else {
            return (None, decoder.diagnostics);
        };
        // A misspelt key may have meant to demand something.
        let known = decoder.diagnostics.is_empty();
        match root.field("apiVersion") {
            None => {
                decoder.error("api-version", root.head(), "plimsoll.yaml needs `apiVersion`").help =
                    Some(format!("write `apiVersion: {API_VERSION}`"));
            }
            Some(node) if node.text() == API_VERSION => {}
            Some(node) => {
                let message = format!("`{}` is no apiVersion of plimsoll.yaml", node.text());
                decoder.error("api-version", node.head(), message).help = Some(format!("write `{API_VERSION}`"));
                return (None, decoder.diagnostics);
            }
        }
        let workspace = Self {
            kubernetes: versions(root, &mut decoder),
            environments: environments(root, &mut decoder),
            releases: releases(root, &mut decoder),
            crds: decoder.texts(root, "crds"),
            rules: rules(root, &mut decoder),
            exceptions: exceptions(root, &mut decoder),
            ignore: ignored(root, &mut decoder),
            registries: registries(root, &mut decoder).filter(|_| known),
        };
        check_needs(&workspace.releases, &mut decoder);
        (Some(workspace), decoder.diagnostics)
    }

    /// Finds an environment by its name.
    pub fn environment(&self, name: &str) -> Option<&Environment> {
        self.environments.iter().find(|environment| *environment.name == name)
    }

    /// Gives the target versions for an environment: its own, else the workspace's.
    pub fn versions(&self, environment: Option<&str>) -> &[Spanned<String>] {
        let own = environment.and_then(|name| self.environment(name)).map(|environment| &*environment.kubernetes);
        own.filter(|versions| !versions.is_empty()).unwrap_or(&self.kubernetes)
    }
}

fn versions(map: Node<'_>, decoder: &mut Decoder) -> Vec<Spanned<String>> {
    let versions = decoder.texts(map, "kubernetes");
    let fits = |text: &str| {
        let numbers = text.strip_prefix('v').unwrap_or(text).split('.');
        let number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        (2..=3).contains(&numbers.clone().count()) && numbers.clone().all(number)
    };
    let (good, bad): (Vec<_>, Vec<_>) = versions.into_iter().partition(|version| fits(version));
    for version in bad {
        let message = format!("`{}` is no version of Kubernetes", version.value);
        decoder.error("version", version.span, message).help = Some("write it as `\"1.34\"`".to_owned());
    }
    good
}

fn environments(root: Node<'_>, decoder: &mut Decoder) -> Vec<Environment> {
    let map = root.get("environments").and_then(|node| decoder.open_map(node, "`environments`"));
    let mut found = Vec::new();
    for entry in map.into_iter().flat_map(Node::entries) {
        let name = Spanned { value: entry.name().to_owned(), span: entry.key.span() };
        let what = format!("the environment `{}`", entry.name());
        let map = decoder.map(entry.value, &what, &["context", "namespace", "kubernetes"]);
        let mut environment = Environment { name, context: None, namespace: None, kubernetes: Vec::new() };
        if let Some(map) = map {
            environment.context = decoder.text(map, "context");
            environment.namespace = decoder.text(map, "namespace");
            environment.kubernetes = versions(map, decoder);
        }
        found.push(environment);
    }
    found
}

fn releases(root: Node<'_>, decoder: &mut Decoder) -> Vec<Release> {
    let items = root.get("releases").map(|node| decoder.list(node, "`releases`")).unwrap_or_default();
    let mut found: Vec<Release> = Vec::new();
    for item in items {
        let keys = ["name", "chart", "environments", "needs", "namespace", "values"];
        let Some(map) = decoder.map(item, "a release", &keys) else { continue };
        let name = decoder.required(map, "name", "a release", map.head());
        let chart = decoder.required(map, "chart", "a release", map.head());
        let (Some(name), Some(chart)) = (name, chart) else { continue };
        if let Some(first) = found.iter().find(|release| *release.name == *name) {
            let first = Label { span: first.name.span, text: "first given here".to_owned() };
            let message = format!("two releases are called `{}`", name.value);
            let problem = decoder.error("duplicate-release", name.span, message);
            problem.help = Some("give one of them another name".to_owned());
            problem.labels.push(first);
            continue;
        }
        found.push(Release {
            name,
            chart,
            environments: decoder.texts(map, "environments"),
            needs: decoder.texts(map, "needs"),
            namespace: decoder.text(map, "namespace"),
            values: decoder.texts(map, "values"),
        });
    }
    found
}

/// Every need names a release, and no release needs itself in the end.
fn check_needs(releases: &[Release], decoder: &mut Decoder) {
    let index = |name: &str| releases.iter().position(|release| *release.name == name);
    for need in releases.iter().flat_map(|release| &release.needs) {
        if index(need).is_none() {
            let names = releases.iter().map(|release| release.name.as_str());
            let help = nearest(need, names.clone()).map_or_else(
                || format!("the releases are {}", listed(&names.collect::<Vec<_>>())),
                |near| format!("did you mean `{near}`?"),
            );
            decoder.error("unknown-release", need.span, format!("no release is called `{}`", need.value)).help =
                Some(help);
        }
    }
    // A walk per release by an explicit stack; 1 stands for a release on the way, 2 for one that is done.
    let mut state = vec![0u8; releases.len()];
    for start in 0..releases.len() {
        if state[start] != 0 {
            continue;
        }
        let mut way = vec![(start, 0)];
        state[start] = 1;
        while let Some((at, next)) = way.last_mut() {
            let at = *at;
            let Some(need) = releases[at].needs.get(*next) else {
                state[at] = 2;
                way.pop();
                continue;
            };
            *next += 1;
            match index(need) {
                Some(to) if state[to] == 0 => {
                    state[to] = 1;
                    way.push((to, 0));
                }
                Some(to) if state[to] == 1 => {
                    let from = way.iter().position(|(on, _)| *on == to).unwrap_or_default();
                    let mut names: Vec<&str> = way[from..].iter().map(|(on, _)| releases[*on].name.as_str()).collect();
                    names.push(&releases[to].name);
                    let message = format!("the releases need each other in a circle: {}", names.join(" → "));
                    decoder.error("needs-cycle", need.span, message).help =
                        Some("take one of these needs away".to_owned());
                }
                _ => {}
            }
        }
    }
}

fn rules(root: Node<'_>, decoder: &mut Decoder) -> Rules {
    let map = root.get("rules").and_then(|node| decoder.map(node, "`rules`", &["profiles", "policies", "configure"]));
    let Some(map) = map else { return Rules::default() };
    let entries = map.get("configure").and_then(|node| decoder.open_map(node, "`configure`"));
    Rules {
        profiles: map.field("profiles").map(|_| decoder.texts(map, "profiles")),
        policies: decoder.texts(map, "policies"),
        configure: entries.into_iter().flat_map(Node::entries).filter_map(|entry| configure(entry, decoder)).collect(),
    }
}

fn configure(entry: crate::yaml::Entry<'_>, decoder: &mut Decoder) -> Option<Configure> {
    let what = format!("the settings of `{}`", entry.name());
    let map = decoder.map(entry.value, &what, &["severity", "with", "environments"])?;
    let severity = decoder.text(map, "severity").and_then(|text| {
        let level = match text.as_str() {
            "disabled" => Some(Level::Disabled),
            name => Severity::parse(name).map(Level::Severity),
        };
        if level.is_none() {
            let known = ["error", "warning", "info", "disabled"];
            let help = nearest(&text, known)
                .map_or_else(|| format!("write one of {}", listed(&known)), |near| format!("did you mean `{near}`?"));
            decoder.error("severity", text.span, format!("`{}` is no severity", text.value)).help = Some(help);
        }
        level
    });
    let with = map.get("with").and_then(|node| decoder.open_map(node, "`with`"));
    let parameter = |entry: crate::yaml::Entry<'_>| {
        let name = Spanned { value: entry.name().to_owned(), span: entry.key.span() };
        (name, Data::from_node(entry.value))
    };
    Some(Configure {
        rule: Spanned { value: entry.name().to_owned(), span: entry.key.span() },
        severity,
        with: with.into_iter().flat_map(Node::entries).map(parameter).collect(),
        environments: decoder.texts(map, "environments"),
    })
}

fn ignored(root: Node<'_>, decoder: &mut Decoder) -> Vec<IgnoredField> {
    let map = root.get("diff").and_then(|node| decoder.map(node, "`diff`", &["ignore"]));
    let items = map.and_then(|map| map.get("ignore")).map(|node| decoder.list(node, "`ignore`")).unwrap_or_default();
    let mut found = Vec::new();
    for item in items {
        let Some(map) = decoder.map(item, "an ignored field", &["kind", "name", "namespace", "path"]) else { continue };
        let Some(path) = decoder.required(map, "path", "an ignored field", map.head()) else { continue };
        let mut text = |key: &str| decoder.text(map, key).map(|text| text.value);
        found.push(IgnoredField {
            kind: text("kind"),
            name: text("name"),
            namespace: text("namespace"),
            path: path.value,
        });
    }
    found
}

fn exceptions(root: Node<'_>, decoder: &mut Decoder) -> Vec<Exception> {
    let items = root.get("exceptions").map(|node| decoder.list(node, "`exceptions`")).unwrap_or_default();
    let mut found = Vec::new();
    for item in items {
        let keys = ["rule", "object", "namespace", "container", "reason", "until"];
        let Some(map) = decoder.map(item, "an exception", &keys) else { continue };
        let rule = decoder.required(map, "rule", "an exception", map.head());
        let reason = decoder.required(map, "reason", "an exception", map.head());
        let until = decoder.text(map, "until");
        if let Some(until) = until.as_ref().filter(|until| !is_date(until)) {
            let message = format!("`{}` is no day", until.value);
            decoder.error("date", until.span, message).help = Some("write it as `\"2027-03-01\"`".to_owned());
        }
        let object = decoder.text(map, "object");
        if let Some(object) =
            object.as_ref().filter(|object| object.split('/').filter(|part| !part.is_empty()).count() != 2)
        {
            let message = format!("`{}` names no object", object.value);
            decoder.error("object", object.span, message).help = Some("write `Kind/name`".to_owned());
        }
        let (Some(rule), Some(reason)) = (rule, reason) else { continue };
        let (namespace, container) = (decoder.text(map, "namespace"), decoder.text(map, "container"));
        let until = until.filter(|until| is_date(until));
        found.push(Exception { rule, object, namespace, container, reason, until, span: map.span() });
    }
    found
}

/// Tells whether a text is a day of the calendar: `2027-03-01`.
pub fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else { return false };
    let digits = |part: &str, length| part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
    if !(digits(year, 4) && digits(month, 2) && digits(day, 2)) {
        return false;
    }
    let number = |part: &str| part.parse::<u32>().unwrap_or_default();
    let leap =
        number(year).is_multiple_of(4) && (!number(year).is_multiple_of(100) || number(year).is_multiple_of(400));
    let days = match number(month) {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u32::from(leap),
        1..=12 => 31,
        _ => 0,
    };
    (1..=days).contains(&number(day))
}
