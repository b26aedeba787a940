//! Rules as data: the decoder of rule files, built-in ones and people's own alike.

use super::checks::{self, Builtin};
use super::fix::{self, RuleFix};
use super::own::Files;
use super::params::{Param, Params};
use crate::diagnostic::{Diagnostic, Severity, nearest};
use crate::object::Object;
use crate::policy::own::Policy;
use crate::schema::Version;
use crate::source::{SourceFile, SourceMap, Span};
use crate::yaml::{Document, Kind, Node, parse};
use std::sync::Arc;

/// The names of profiles.
pub const PROFILES: [&str; 7] =
    ["default", "strict", "pss-baseline", "pss-restricted", "kube-linter", "polaris", "checkov"];

/// The tools whose checks a rule may refer to.
pub const TOOLS: [&str; 11] = [
    "kube-linter",
    "kube-score",
    "polaris",
    "checkov",
    "trivy",
    "kubescape",
    "datree",
    "kyverno",
    "gatekeeper",
    "kubesec",
    "pod-security",
];

/// One rule with all its texts.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Names the pattern that it flags: `latest-tag`.
    pub id: String,
    /// A word that sorts the catalogue: `reliability`.
    pub group: String,
    /// How bad its findings are, unless configured otherwise.
    pub severity: Severity,
    /// The profiles that it belongs to; one with none is always on.
    pub profiles: Vec<String>,
    /// What is wrong, in one line.
    pub summary: String,
    /// Why that is bad, in sentences.
    pub why: String,
    /// What to write instead, in a few words: the help of its findings.
    pub remedy: String,
    /// Which objects it looks at.
    pub applies: Applies,
    /// What checks.
    pub(super) logic: Logic,
    /// The first version of Kubernetes that it holds for; none for all.
    pub from: Option<Version>,
    /// Its parameters.
    pub with: Vec<Param>,
    /// Parameters laid over those from a version of Kubernetes on, the oldest first.
    pub since: Vec<(Version, Vec<Param>)>,
    /// Equivalent checks of other tools: tool and id. A tool may have several.
    pub references: Vec<(String, String)>,
    /// How its findings are fixed, where that can be said.
    pub fix: Option<RuleFix>,
    /// Manifests that fail and that pass.
    pub examples: Vec<Example>,
    /// The same check in CEL, for a cluster to enforce.
    pub(super) cel: Option<Arc<Policy>>,
    /// Where the rule was written: its id.
    pub place: Span,
}

/// What linting needs of a rule that was chosen.
pub(super) struct Working {
    pub(super) group: String,
    pub(super) summary: String,
    pub(super) remedy: String,
    pub(super) check: CheckText,
    pub(super) fix: Option<RuleFix>,
}

impl Rule {
    /// Gives what linting needs.
    pub(super) fn working(&self) -> Working {
        Working {
            group: self.group.clone(),
            summary: self.summary.clone(),
            remedy: self.remedy.clone(),
            check: CheckText {
                logic: self.logic.clone(),
                from: self.from,
                with: self.with.clone(),
                since: self.since.clone(),
            },
            fix: self.fix.clone(),
        }
    }

    /// Gives the check in CEL, where there is one.
    pub(super) fn in_cel(&self) -> Option<&Policy> {
        match &self.logic {
            Logic::Own(policy) => Some(policy),
            Logic::Builtin(_) => self.cel.as_deref(),
        }
    }

    /// Gives the name of the built-in function that checks, if one does.
    pub fn builtin(&self) -> Option<&'static str> {
        match &self.logic {
            Logic::Builtin(builtin) => Some(builtin.name),
            Logic::Own(_) => None,
        }
    }
}

/// What checks.
#[derive(Clone, Debug)]
pub(super) enum Logic {
    /// A function of ours.
    Builtin(&'static Builtin),
    /// A person's policy.
    Own(Arc<Policy>),
}

/// Which objects a rule looks at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applies {
    /// Only objects that run pods.
    pub pods: bool,
    /// Only these kinds; empty for any. A bare kind belongs to one of Kubernetes' own API groups, others are written with
    /// their group: `serving.knative.dev/Service`. `*` stands for all.
    pub kinds: Vec<String>,
}

impl Applies {
    /// Gives all that decides about whether rules look at an object.
    pub(super) fn key<'d>(object: &Object<'d>) -> (&'d str, &'d str, bool) {
        (object.group(), object.kind, object.pods.is_empty())
    }

    /// Tells whether the rule looks at an object.
    pub fn to(&self, object: &Object<'_>) -> bool {
        let group = object.group();
        let native = !group.contains('.') || group.ends_with(".k8s.io");
        let of_kind = |kind: &String| match kind.split_once('/') {
            Some((wanted, kind)) => wanted == group && kind == object.kind,
            None => kind == "*" || (native && kind == object.kind),
        };
        (!self.pods || !object.pods.is_empty()) && (self.kinds.is_empty() || self.kinds.iter().any(of_kind))
    }
}

/// A manifest that shows a rule.
#[derive(Clone, Debug)]
pub struct Example {
    /// The manifest; it may hold several documents.
    pub text: String,
    /// Where the one finding is, from the object's root; none where the manifest passes.
    pub fails_at: Option<String>,
    /// The version of Kubernetes that it is judged by; none for the newest.
    pub kubernetes: Option<Version>,
    /// Where the example was written.
    pub span: Span,
}

/// Decodes a rule file that names no others.
///
/// Gives the `policy/…` and `yaml/…` findings where anything is wrong with it.
pub fn decode(source: &Arc<SourceFile>) -> Result<Rule, Vec<Diagnostic>> {
    decode_with(source, &|path| Err(format!("there is no file `{path}`")))
}

/// Decodes a rule file; `files` gives those that it names.
pub fn decode_with(source: &Arc<SourceFile>, files: Files<'_>) -> Result<Rule, Vec<Diagnostic>> {
    let mut parsed = parse(source);
    if !parsed.diagnostics.is_empty() {
        return Err(parsed.diagnostics);
    }
    let problem = |span, message: &str| Err(vec![Diagnostic::error("policy/rule", message).at(span)]);
    match (parsed.documents.pop(), parsed.documents.pop()) {
        (Some(second), Some(_)) => problem(second.root().head(), "a rule file holds one rule"),
        (Some(document), None) => decode_document(&document, files),
        (None, _) => problem(source.span(), "a rule file holds a rule, but this one is empty"),
    }
}

/// Decodes a built-in rule, or its head: all before the examples.
///
/// Gives nothing where the rule is broken; a test keeps built-in rules whole.
pub(super) fn decode_builtin(text: &str) -> Option<Rule> {
    decode(&SourceMap::new().add("rule", text)).ok()
}

/// Decodes what linting needs of a built-in rule, from a text that holds nothing else, and what its index says.
pub(super) fn decode_working(text: &str, group: &str, summary: &str, pods: bool) -> Option<Working> {
    let parsed = parse(&SourceMap::new().add("rule", text));
    let root = parsed.documents.first()?.root();
    let mut decoder = Decoder { problems: Vec::new(), files: &|_| Err(String::new()) };
    let (remedy, check, fix) =
        (decoder.text(root, "remedy"), decoder.check(root, pods)?, fix::decode(&mut decoder, root));
    Some(Working { group: group.to_owned(), summary: summary.to_owned(), remedy, check, fix })
}

fn decode_document(document: &Document, files: Files<'_>) -> Result<Rule, Vec<Diagnostic>> {
    let mut decoder = Decoder { problems: Vec::new(), files };
    let rule = decoder.rule(document.root());
    match rule {
        Some(rule) if decoder.problems.is_empty() => Ok(rule),
        _ => Err(decoder.problems),
    }
}

/// What a rule file says under `check`.
pub(super) struct CheckText {
    pub(super) logic: Logic,
    pub(super) from: Option<Version>,
    pub(super) with: Vec<Param>,
    pub(super) since: Vec<(Version, Vec<Param>)>,
}

/// Lists the parameters by the version from which on they hold, oldest first; `over` is laid over each.
pub(super) fn steps(
    from: Option<Version>,
    with: &[Param],
    since: &[(Version, Vec<Param>)],
    over: &[Param],
) -> Vec<(Version, Vec<Param>)> {
    let first = from.unwrap_or(Version { major: 0, minor: 0 });
    let mut so_far = with.to_vec();
    let mut steps = vec![(first, [with, over].concat())];
    for (version, more) in since {
        so_far.extend_from_slice(more);
        steps.push((*version, [&so_far, over].concat()));
    }
    steps
}

pub(super) struct Decoder<'f> {
    pub(super) problems: Vec<Diagnostic>,
    #[cfg_attr(not(feature = "rego"), expect(dead_code, reason = "only rules in Rego name files"))]
    pub(super) files: Files<'f>,
}

impl Decoder<'_> {
    pub(super) fn problem(&mut self, id: &'static str, span: Span, message: impl Into<String>, help: Option<String>) {
        let mut problem = Diagnostic::error(id, message).at(span);
        problem.help = help;
        self.problems.push(problem);
    }

    fn rule(&mut self, root: Node<'_>) -> Option<Rule> {
        if root.kind() != Kind::Map {
            self.problem("policy/rule", root.head(), format!("a rule is a map, not {}", root.kind().article()), None);
            return None;
        }
        self.keys(
            root,
            &[
                "id",
                "group",
                "severity",
                "profiles",
                "summary",
                "why",
                "remedy",
                "applies",
                "check",
                "references",
                "fix",
                "examples",
                "cel",
            ],
        );
        let id = self.text(root, "id");
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if let Some(node) = root.field("id").filter(|_| !id.chars().all(plain)) {
            let help = "write lower-case words with hyphens, as in `latest-tag`".to_owned();
            self.problem("policy/rule", node.head(), format!("`{id}` is no rule id"), Some(help));
        }
        let group = self.text(root, "group");
        let severity = self.one_of(root, "severity", &["error", "warning", "info"]);
        let profiles = self.words(root, "profiles", &PROFILES);
        let (summary, why, remedy) = (self.text(root, "summary"), self.text(root, "why"), self.text(root, "remedy"));
        let applies = self.applies(root);
        let check = self.check(root, applies.pods);
        if let Some(check) = &check {
            self.parameters(root, check);
        }
        let mut references = Vec::new();
        if let Some(map) = self.map(root, "references") {
            self.keys(map, &TOOLS);
            for entry in map.entries() {
                let one = std::iter::once(entry.value).filter(|value| value.kind() != Kind::Seq);
                let ids = one.chain(entry.value.items());
                references.extend(ids.map(|id| (entry.name().to_owned(), id.text().to_owned())));
            }
        }
        let fix = fix::decode(self, root);
        let examples = self.examples(root);
        let cel = root.field("cel").and_then(|_| self.own(root, applies.pods)).and_then(|logic| match logic {
            Logic::Own(policy) => Some(policy),
            Logic::Builtin(_) => None,
        });
        let CheckText { logic, from, with, since } = check?;
        Some(Rule {
            id,
            group,
            severity: Severity::parse(&severity)?,
            profiles,
            summary,
            why,
            remedy,
            applies,
            logic,
            from,
            with,
            since,
            references,
            fix,
            examples,
            cel,
            place: root.field("id").unwrap_or(root).head(),
        })
    }

    /// Reports keys that are not known.
    pub(super) fn keys(&mut self, map: Node<'_>, known: &[&str]) {
        for entry in map.entries().filter(|entry| !known.contains(&entry.name())) {
            let near = nearest(entry.name(), known.iter().copied());
            let help = near
                .map_or_else(|| format!("known here: {}", known.join(", ")), |near| format!("did you mean `{near}`?"));
            self.problem("policy/unknown-key", entry.key.span(), format!("unknown key `{}`", entry.name()), Some(help));
        }
    }

    pub(super) fn missing(&mut self, map: Node<'_>, key: &str) {
        self.problem("policy/rule", map.head(), format!("`{key}` is missing"), None);
    }

    pub(super) fn wrong(&mut self, node: Node<'_>, key: &str, expected: &str) {
        let message = format!("`{key}` must be {expected}, not {}", node.kind().article());
        self.problem("policy/rule", node.head(), message, None);
    }

    pub(super) fn text(&mut self, map: Node<'_>, key: &str) -> String {
        match map.field(key) {
            None => self.missing(map, key),
            Some(node) => match node.as_str().map(str::trim_end).filter(|text| !text.is_empty()) {
                Some(text) => return text.to_owned(),
                None => self.wrong(node, key, "text"),
            },
        }
        String::new()
    }

    pub(super) fn one_of(&mut self, map: Node<'_>, key: &str, words: &[&str]) -> String {
        let word = self.text(map, key);
        if let Some(node) = map.field(key).filter(|_| !word.is_empty() && !words.contains(&word.as_str())) {
            let help = Some(format!("write one of {}", words.join(", ")));
            self.problem("policy/rule", node.head(), format!("unknown {key} `{word}`"), help);
        }
        word
    }

    pub(super) fn map<'d>(&mut self, map: Node<'d>, key: &str) -> Option<Node<'d>> {
        let node = map.field(key)?;
        if node.kind() == Kind::Map {
            return Some(node);
        }
        self.wrong(node, key, "a map");
        None
    }

    /// Reads a list of words; `known` says which there are, empty for any.
    fn words(&mut self, map: Node<'_>, key: &str, known: &[&str]) -> Vec<String> {
        let Some(node) = map.field(key) else { return Vec::new() };
        if node.kind() != Kind::Seq {
            self.wrong(node, key, "a list");
        }
        for item in node.items().filter(|item| !known.is_empty() && !known.contains(&item.text())) {
            let help = nearest(item.text(), known.iter().copied()).map(|near| format!("did you mean `{near}`?"));
            self.problem("policy/rule", item.head(), format!("`{}` is not known in `{key}`", item.text()), help);
        }
        node.items().map(|item| item.text().to_owned()).collect()
    }

    fn applies(&mut self, root: Node<'_>) -> Applies {
        let Some(map) = self.map(root, "applies") else {
            if root.field("applies").is_none() {
                self.missing(root, "applies");
            }
            return Applies::default();
        };
        self.keys(map, &["pods", "kinds"]);
        let pods = match map.field("pods") {
            None => false,
            Some(node) => node.as_bool().unwrap_or_else(|| {
                self.wrong(node, "pods", "a boolean");
                false
            }),
        };
        let kinds = self.words(map, "kinds", &[]);
        if !pods && kinds.is_empty() {
            let help = Some("write `pods: true`, or name `kinds`".to_owned());
            self.problem("policy/rule", map.head(), "the rule applies to nothing", help);
        }
        Applies { pods, kinds }
    }

    fn check(&mut self, root: Node<'_>, pods: bool) -> Option<CheckText> {
        let Some(map) = self.map(root, "check") else {
            if root.field("check").is_none() {
                self.missing(root, "check");
            }
            return None;
        };
        let languages: Vec<&str> =
            ["builtin", "cel", "rego"].into_iter().filter(|key| map.get(key).is_some()).collect();
        if let [_, second, ..] = languages.as_slice() {
            let place = map.entry(second).map_or(map.head(), |entry| entry.key.span());
            self.problem("policy/rule", place, format!("a check is one of {}", languages.join(" and ")), None);
            return None;
        }
        let own: &[&str] = match languages.first() {
            Some(&"cel") => &["cel", "variables", "from", "with", "since"],
            Some(&"rego") => &["rego", "modules", "data", "package", "from", "with", "since"],
            _ => &["builtin", "from", "with", "since"],
        };
        self.keys(map, own);
        let from = map.field("from").and_then(|from| self.version(from));
        let with = self.map(map, "with").map(Param::read).unwrap_or_default();
        let mut since = Vec::new();
        for entry in self.map(map, "since").into_iter().flat_map(Node::entries) {
            since.extend(self.version(entry.key).map(|version| (version, Param::read(entry.value))));
        }
        since.sort_by_key(|(version, _)| *version);
        if own.first() != Some(&"builtin") {
            return Some(CheckText { logic: self.own(map, pods)?, from, with, since });
        }
        let name = self.text(map, "builtin");
        let node = map.field("builtin").filter(|_| !name.is_empty())?;
        let Some(builtin) = checks::find(&name) else {
            let near = nearest(&name, checks::BUILTINS.iter().map(|builtin| builtin.name));
            let help = near.map(|near| format!("did you mean `{near}`?"));
            self.problem("policy/unknown-builtin", node.head(), format!("there is no check `{name}`"), help);
            return None;
        };
        Some(CheckText { logic: Logic::Builtin(builtin), from, with, since })
    }

    /// Reports what is wrong with the parameters of a built-in check.
    fn parameters(&mut self, root: Node<'_>, check: &CheckText) {
        let Logic::Builtin(builtin) = &check.logic else { return };
        let place = root.at(&["check", "builtin"]).map(Node::head);
        for (_, with) in steps(check.from, &check.with, &check.since, &[]) {
            let mut params = Params::new(&with);
            (builtin.build)(&mut params);
            for mut problem in params.finish() {
                problem.span = problem.span.or(place);
                self.problems.push(problem);
            }
        }
    }

    /// Reads a version of Kubernetes.
    fn version(&mut self, node: Node<'_>) -> Option<Version> {
        let version = Version::parse(node.text());
        if version.is_none() {
            let message = format!("`{}` is no version of Kubernetes", node.text());
            self.problem("policy/rule", node.head(), message, Some("write one as in `\"1.34\"`".to_owned()));
        }
        version
    }

    fn examples(&mut self, root: Node<'_>) -> Vec<Example> {
        let Some(list) = root.field("examples") else { return Vec::new() };
        if list.kind() != Kind::Seq {
            self.wrong(list, "examples", "a list");
        }
        let mut examples = Vec::new();
        for item in list.items() {
            self.keys(item, &["fails", "at", "passes", "kubernetes"]);
            let span = item.head();
            let kubernetes = item.field("kubernetes").and_then(|version| self.version(version));
            match (item.field("fails"), item.field("passes")) {
                (Some(text), None) => {
                    let at = self.text(item, "at");
                    examples.push(Example { text: text.text().to_owned(), fails_at: Some(at), kubernetes, span });
                }
                (None, Some(text)) => {
                    examples.push(Example { text: text.text().to_owned(), fails_at: None, kubernetes, span });
                }
                _ => self.problem("policy/rule", span, "an example has either `fails` and `at`, or `passes`", None),
            }
        }
        examples
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: &str = "\
id: no-host-pid
group: security
severity: error
summary: pod sees the node's processes
why: It can signal and inspect them.
remedy: remove `hostPID`
applies: { pods: true }
check: { builtin: pod-flag, with: { field: hostPID } }
";

    fn problems(text: &str) -> Vec<String> {
        let map = SourceMap::new();
        let file = map.add("policies/a.yaml", text);
        let problems = decode(&file).err().unwrap_or_default();
        let show = |problem: Diagnostic| {
            let at = problem.span.map(|span| file.position(span.start)).expect("has a place");
            let help = problem.help.map(|help| format!(" ({help})")).unwrap_or_default();
            format!("{}:{} {}: {}{help}", at.line, at.column, problem.rule, problem.message)
        };
        problems.into_iter().map(show).collect()
    }

    #[test]
    fn a_persons_rule_has_the_form_of_ours() {
        assert_eq!(problems(RULE), [""; 0]);
    }

    #[test]
    fn parameters_may_change_with_a_version() {
        let text = RULE.replace(
            "with: { field: hostPID }",
            "from: \"1.30\", with: { field: hostPID }, since: { \"1.34\": { containers: true }, \"1.32\": { field: hostIPC } }",
        );
        let rule = decode(&SourceMap::new().add("a.yaml", text)).expect("the rule is right");
        let steps = steps(rule.from, &rule.with, &rule.since, &[]);
        let shown: Vec<_> = steps
            .iter()
            .map(|(version, with)| {
                (version.to_string(), with.iter().map(|p| p.name.as_str()).collect::<Vec<_>>().join(" "))
            })
            .collect();
        let expected = [("1.30", "field"), ("1.32", "field field"), ("1.34", "field field containers")];
        assert_eq!(shown, expected.map(|(version, with)| (version.to_owned(), with.to_owned())));
    }

    #[test]
    fn mistakes_in_a_rule_have_places() {
        for (from, to, expected) in [
            ("remedy:", "remedi:", "6:1 policy/unknown-key: unknown key `remedi` (did you mean `remedy`?)"),
            ("error", "fatal", "3:11 policy/rule: unknown severity `fatal` (write one of error, warning, info)"),
            (
                "pod-flag",
                "pod-flags",
                "8:19 policy/unknown-builtin: there is no check `pod-flags` (did you mean `pod-flag`?)",
            ),
            ("field: hostPID", "feild: hostPID", "8:19 policy/parameter: the parameter `field` is missing: text"),
            (
                "builtin: pod-flag, with: { field: hostPID }",
                "cel: podd.spec.hostPID",
                "8:15 policy/cel: the expression speaks of `podd`, which is not known (did you mean `pod`?)",
            ),
            (
                "builtin: pod-flag,",
                "builtin: pod-flag, cel: 'true',",
                "8:29 policy/rule: a check is one of builtin and cel",
            ),
            (
                "with: { field: hostPID }",
                "with: { field: hostPID }, from: latest",
                "8:61 policy/rule: `latest` is no version of Kubernetes (write one as in `\"1.34\"`)",
            ),
            (
                "with: { field: hostPID }",
                "with: { field: hostPID }, since: { \"1.34\": { feild: x } }",
                "8:74 policy/unknown-parameter: unknown parameter `feild` (did you mean `field`?)",
            ),
            (
                "pods: true",
                "pods: false",
                "7:10 policy/rule: the rule applies to nothing (write `pods: true`, or name `kinds`)",
            ),
            (
                "no-host-pid",
                "No_host",
                "1:5 policy/rule: `No_host` is no rule id (write lower-case words with hyphens, as in `latest-tag`)",
            ),
        ] {
            let problems = problems(&RULE.replace(from, to));
            assert!(problems.iter().any(|problem| problem == expected), "{problems:#?}");
        }
    }
}
