//! Runs rules over objects.

use super::catalogue;
use super::checks::Check;
use super::config::{Configure, Level, LintConfig, Word};
use super::finding::{Context, Finding, Findings, LintContext, called};
use super::fix::RuleFix;
use super::own::{self, Answers, OwnCheck};
use super::params::{Param, Params};
use super::rule::{Applies, CheckText, Logic, PROFILES, Rule, Working, steps};
use super::set::Set;
use crate::diagnostic::{Diagnostic, Label, Severity, nearest};
use crate::object::{ObjectSet, Pod};
use crate::schema::{Version, over_versions};
use rayon::prelude::*;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};

/// The rules of a configuration, ready to run. Made once, used for many sets, shared between threads.
pub struct Linter {
    /// In the order of their ids.
    active: Vec<Active>,
}

/// A rule that runs, in some environments or all.
pub(super) struct Active {
    pub(super) id: String,
    pub(super) severity: Severity,
    applies: Applies,
    pub(super) environments: Environments,
    pub(super) source: Source,
    prepared: OnceLock<Option<Prepared>>,
}

pub(super) enum Environments {
    All,
    In(Vec<String>),
    NotIn(Vec<String>),
}

impl Environments {
    pub(super) fn hold(&self, environment: Option<&str>) -> bool {
        let listed = |list: &[String]| environment.is_some_and(|name| list.iter().any(|listed| listed == name));
        match self {
            Self::All => true,
            Self::In(list) => listed(list),
            Self::NotIn(list) => !listed(list),
        }
    }
}

pub(super) enum Source {
    /// Decoded when the first object comes that it applies to.
    BuiltIn(Vec<Param>),
    Own(Box<Rule>, Vec<Param>),
}

/// A rule's checks with their parameters, and the texts that findings show.
struct Prepared {
    /// What it points at is a secret: the line is not shown.
    secret: bool,
    summary: String,
    remedy: String,
    fix: Option<RuleFix>,
    /// By the version of Kubernetes from which on each holds, oldest first.
    checks: Vec<(Version, Check)>,
}

impl Prepared {
    /// Gives the check that holds for a version.
    fn check(&self, version: Version) -> Option<&Check> {
        let held = self.checks.iter().rev().find(|(from, _)| *from <= version);
        held.map(|(_, check)| check)
    }

    /// Runs the checks that hold for the versions, each once. Findings that hold for all of them name none.
    fn run(&self, versions: &[Version], run: impl Fn(&Check) -> Vec<Diagnostic>) -> Vec<Diagnostic> {
        let mut steps: Vec<(&Check, Vec<Version>)> = Vec::new();
        for version in versions {
            let Some(check) = self.check(*version) else { continue };
            match steps.iter_mut().find(|(known, _)| std::ptr::eq(*known, check)) {
                Some((_, held)) => held.push(*version),
                None => steps.push((check, vec![*version])),
            }
        }
        let firsts: Vec<Version> = steps.iter().filter_map(|(_, held)| held.first().copied()).collect();
        let mut found = over_versions(&firsts, |first| {
            let step = steps.iter().find(|(_, held)| held.first() == Some(&first));
            let held: Arc<[String]> = step.iter().flat_map(|(_, held)| held).map(ToString::to_string).collect();
            let found = step.map(|(check, _)| run(check)).unwrap_or_default();
            found.into_iter().map(|finding| Diagnostic { versions: Arc::clone(&held), ..finding }).collect()
        });
        found
            .iter_mut()
            .filter(|finding| finding.versions.len() == versions.len())
            .for_each(|all| all.versions = Arc::default());
        found
    }
}

impl Active {
    fn prepared(&self) -> Option<&Prepared> {
        self.prepared.get_or_init(|| self.prepare().map(|(prepared, _)| prepared)).as_ref()
    }

    /// Decodes the rule. Gives what is wrong with its parameters, too.
    fn prepare(&self) -> Option<(Prepared, Vec<Diagnostic>)> {
        let (working, over) = match &self.source {
            Source::BuiltIn(over) => (catalogue::working(&self.id)?, over),
            Source::Own(rule, over) => (rule.working(), over),
        };
        let Working { group, summary, remedy, check: CheckText { logic, from, with, since }, fix } = working;
        let mut problems = Vec::new();
        let mut checks = Vec::new();
        for (version, given) in steps(from, &with, &since, over) {
            // Each step reads what a person laid over them all: once is enough to say what is wrong with it.
            match &logic {
                Logic::Builtin(builtin) => {
                    let mut params = Params::new(&given);
                    checks.push((version, (builtin.build)(&mut params)));
                    problems = params.finish();
                }
                Logic::Own(policy) => {
                    checks.push((version, Check::Own(OwnCheck::new(policy, &given))));
                    let declared: Vec<&Param> = with.iter().chain(since.iter().flat_map(|(_, with)| with)).collect();
                    problems = own::problems(&declared, over);
                }
            }
        }
        Some((Prepared { secret: group == "secrets", summary, remedy, fix, checks }, problems))
    }
}

impl Linter {
    /// Chooses the rules of a configuration.
    ///
    /// Gives, too, what is wrong with the configuration: unknown rules, profiles and parameters. What is wrong with a flag
    /// has no place.
    pub fn new(config: &LintConfig) -> (Self, Vec<Diagnostic>) {
        let mut problems = Vec::new();
        check_words(config, &mut problems);
        let mut active = Vec::new();
        for rule in catalogue::catalogue() {
            let profiled = rule.profiles.iter().any(|name| config.profiles.iter().any(|word| word.text == *name));
            let applies = || catalogue::applies(rule.id).unwrap_or_default();
            choose(config, rule.id, rule.severity, profiled, applies, Source::BuiltIn, &mut active);
        }
        for rule in &config.own {
            let profiled = rule.profiles.is_empty()
                || rule.profiles.iter().any(|name| config.profiles.iter().any(|word| word.text == *name));
            let source = |with| Source::Own(Box::new(rule.clone()), with);
            choose(config, &rule.id, rule.severity, profiled, || rule.applies.clone(), source, &mut active);
        }
        // A person's parameters are read now, so that what is wrong with them is said even if no object comes.
        for rule in &active {
            if let Source::BuiltIn(over) | Source::Own(_, over) = &rule.source
                && !over.is_empty()
            {
                problems.extend(rule.prepare().into_iter().flat_map(|(_, problems)| problems));
            }
        }
        active.sort_by(|a, b| a.id.cmp(&b.id));
        (Self { active }, problems)
    }

    /// Iterates over the rules that may run.
    pub(super) fn active(&self) -> impl Iterator<Item = &Active> {
        self.active.iter()
    }

    /// Iterates over the ids of the rules that may run, in their order.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        let mut last = None;
        self.active.iter().map(|rule| rule.id.as_str()).filter(move |id| last.replace(*id) != Some(*id))
    }

    /// Says how each rule that may run is configured, a line for each: what tells one set of rules from another.
    pub fn configuration(&self) -> String {
        let line = |rule: &Active| {
            let places = match &rule.environments {
                Environments::All => String::new(),
                Environments::In(list) => format!(" in {}", list.join(",")),
                Environments::NotIn(list) => format!(" but in {}", list.join(",")),
            };
            let (Source::BuiltIn(over) | Source::Own(_, over)) = &rule.source;
            let over: Vec<String> =
                over.iter().map(|param| format!(" {}={}", param.name, param.data.to_json())).collect();
            format!("{} {}{places}{}\n", rule.id, rule.severity.name(), over.concat())
        };
        self.active.iter().map(line).collect()
    }

    /// Checks the objects of a set: by object, then by rule, then by place.
    ///
    /// A finding that does not hold for every version of the context names those that it holds for.
    pub fn lint(&self, objects: &ObjectSet<'_>, run: &LintContext<'_>) -> Vec<Diagnostic> {
        let set = Set::new(objects);
        let rules: Vec<&Active> = self.active.iter().filter(|rule| rule.environments.hold(run.environment)).collect();
        let versions = if run.versions.is_empty() { &[Version::LATEST] } else { run.versions };
        let (answers, mut diagnostics) = ask(&rules, objects);
        // Objects of a kind are looked at by the same rules.
        let mut of_kind: HashMap<_, Vec<&Active>> = HashMap::new();
        for object in objects {
            let rules = || rules.iter().filter(|rule| rule.applies.to(object)).copied().collect();
            of_kind.entry(Applies::key(object)).or_insert_with(rules);
        }
        let judge = |(at, object)| {
            let mut diagnostics = Vec::new();
            let context = Context { object, at, set: &set, run, answers: &answers };
            for rule in of_kind.get(&Applies::key(object)).into_iter().flatten().copied() {
                let Some(prepared) = rule.prepared() else { continue };
                let check = |check: &Check| {
                    let mut findings = Findings::default();
                    check.run(&context, &mut findings);
                    findings.0.sort_by_key(|finding| finding.span);
                    findings.0.into_iter().map(|finding| report(rule, prepared, &context, finding)).collect()
                };
                match prepared.checks.as_slice() {
                    // Hardly any rule depends on the version.
                    [(from, only)] if versions.iter().all(|version| version >= from) => diagnostics.extend(check(only)),
                    _ => diagnostics.extend(prepared.run(versions, check)),
                }
            }
            diagnostics
        };
        let found: Vec<Vec<Diagnostic>> = objects.objects().par_iter().enumerate().map(judge).collect();
        diagnostics.extend(found.into_iter().flatten());
        diagnostics
    }
}

/// Asks the policies that people wrote, all at once.
fn ask(rules: &[&Active], objects: &ObjectSet<'_>) -> (Answers, Vec<Diagnostic>) {
    let own = rules.iter().filter(|rule| matches!(&rule.source, Source::Own(rule, _) if rule.builtin().is_none()));
    let of_rule = |rule: &&'_ &Active| {
        let looked_at = objects.iter().enumerate().filter(|(_, object)| rule.applies.to(object)).map(|(at, _)| at);
        looked_at.collect::<Vec<usize>>()
    };
    let checks = own.flat_map(|rule| {
        let looked_at = of_rule(&rule);
        let prepared = rule.prepared().into_iter().flat_map(|prepared| &prepared.checks);
        prepared.map(move |(_, check)| (rule.id.as_str(), check, looked_at.clone()))
    });
    Answers::ask(checks, objects)
}

/// Makes a finding for people.
fn report(rule: &Active, prepared: &Prepared, context: &Context<'_, '_>, finding: Finding<'_>) -> Diagnostic {
    let object = context.object;
    let container = object.pods.iter().flat_map(Pod::containers).find(|container| {
        std::iter::successors(Some(finding.node), |node| node.parent()).any(|node| node == container.node)
    });
    let wish = prepared.fix.as_ref().and_then(|fix| fix.wish(&finding, container, context));
    let message = finding.message.unwrap_or_else(|| match (container, prepared.summary.strip_prefix("container ")) {
        (Some(container), Some(rest)) => format!("{} {rest}", called(container)),
        _ => prepared.summary.clone(),
    });
    let severity = if finding.warning { rule.severity.max(Severity::Warning) } else { rule.severity };
    let mut diagnostic = Diagnostic::new(rule.id.clone(), severity, message)
        .at(finding.span)
        .help(finding.help.unwrap_or_else(|| prepared.remedy.clone()))
        .path(finding.node.path_from(object.node));
    diagnostic.labels = finding.labels.into_iter().map(|(span, text)| Label { span, text }).collect();
    diagnostic.masked = prepared.secret;
    diagnostic.wish = wish.map(Box::new);
    diagnostic.object = Some(object.full_name());
    diagnostic.container = container.map(|container| container.name().to_owned()).filter(|name| !name.is_empty());
    diagnostic.release = context.run.release.map(str::to_owned);
    diagnostic.environments = context.run.environment.map(str::to_owned).into_iter().collect();
    diagnostic
}

/// Adds a rule as often as its configuration differs between environments: not at all, once or twice.
fn choose(
    config: &LintConfig,
    id: &str,
    severity: Severity,
    profiled: bool,
    applies: impl Fn() -> Applies,
    source: impl Fn(Vec<Param>) -> Source,
    active: &mut Vec<Active>,
) {
    let named = |words: &[Word]| words.iter().any(|word| word.text == id);
    if named(&config.skip) || !(config.only.is_empty() || named(&config.only)) {
        return;
    }
    let forced = named(&config.only);
    let mut add = |environments, severity, with| {
        let id = id.to_owned();
        let prepared = OnceLock::new();
        active.push(Active { id, severity, applies: applies(), environments, source: source(with), prepared });
    };
    // The last one wins, as a later key of a file would.
    let Some(Configure { severity: level, with, environments, .. }) =
        config.configure.iter().rfind(|configure| configure.rule.text == id)
    else {
        if profiled || forced {
            add(Environments::All, severity, Vec::new());
        }
        return;
    };
    if !environments.is_empty() && (profiled || forced) {
        add(Environments::NotIn(environments.clone()), severity, Vec::new());
    }
    let there = if environments.is_empty() { Environments::All } else { Environments::In(environments.clone()) };
    match level {
        Some(Level::Disabled) if !forced => {}
        Some(Level::Severity(configured)) => add(there, *configured, with.clone()),
        Some(Level::Disabled) | None => add(there, severity, with.clone()),
    }
}

/// Reports profiles and rules that do not exist.
fn check_words(config: &LintConfig, problems: &mut Vec<Diagnostic>) {
    let mut report = |word: &Word, what: &str, near: Option<&str>| {
        let mut problem =
            Diagnostic::error(format!("policy/unknown-{what}"), format!("unknown {what} `{}`", word.text));
        problem.span = word.span;
        problem.help = Some(match near {
            Some(near) => format!("did you mean `{near}`?"),
            None if what == "profile" => format!("there are {}", PROFILES.join(", ")),
            None => "`plimsoll rules` lists them".to_owned(),
        });
        problems.push(problem);
    };
    for word in config.profiles.iter().filter(|word| !PROFILES.contains(&word.text.as_str())) {
        report(word, "profile", nearest(&word.text, PROFILES));
    }
    let known: BTreeSet<&str> =
        catalogue::catalogue().map(|rule| rule.id).chain(config.own.iter().map(|rule| rule.id.as_str())).collect();
    let rules = config.only.iter().chain(&config.skip).chain(config.configure.iter().map(|configure| &configure.rule));
    // Ids with a slash belong to other stages: `schema/unknown-field`.
    for word in rules.filter(|word| !known.contains(word.text.as_str()) && !word.text.contains('/')) {
        report(word, "rule", nearest(&word.text, known.iter().copied()));
    }
    for (at, rule) in config.own.iter().enumerate() {
        let built_in = catalogue::text(&rule.id).is_some();
        if built_in || config.own.iter().take(at).any(|other| other.id == rule.id) {
            let message = format!("there is another rule `{}`", rule.id);
            problems.push(Diagnostic::error("policy/duplicate-rule", message).at(rule.place).help("choose another id"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::rule::decode;
    use crate::lint::testing::{lint, pod};
    use crate::source::SourceMap;
    use crate::yaml::emit::Data;
    use crate::yaml::parse;

    fn configure(rule: &str, severity: Option<&str>, environments: &[&str]) -> Configure {
        Configure {
            rule: Word::from(rule),
            severity: severity.and_then(Level::parse),
            with: Vec::new(),
            environments: environments.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    /// Lints an untagged image in an environment: `severity rule` per finding.
    fn found(config: &LintConfig, environment: Option<&str>) -> Vec<String> {
        let run = LintContext { environment, ..LintContext::default() };
        let (_, found) = lint(config, &run, &pod("hostNetwork: true", "image: nginx"));
        found.iter().map(|found| format!("{} {}", found.severity.name(), found.rule)).collect()
    }

    fn only(rules: &[&str]) -> LintConfig {
        LintConfig { only: rules.iter().copied().map(Word::from).collect(), ..LintConfig::default() }
    }

    #[test]
    fn profiles_and_flags_choose_rules() {
        let of = |profiles: &[&str]| LintConfig {
            profiles: profiles.iter().copied().map(Word::from).collect(),
            ..LintConfig::default()
        };
        assert_eq!(found(&of(&[]), None), [""; 0]);
        assert_eq!(found(&of(&["pss-baseline"]), None), ["warning host-network"]);
        let both = ["warning host-network", "warning latest-tag"];
        assert_eq!(found(&only(&["latest-tag", "host-network"]), None), both, "in the order of ids");
        let skip = LintConfig { skip: vec![Word::from("host-network")], ..of(&["pss-baseline"]) };
        assert_eq!(found(&skip, None), [""; 0]);
        assert!(found(&LintConfig::standard(), None).contains(&"warning latest-tag".to_owned()));
    }

    #[test]
    fn configuring_a_rule_changes_it_where_it_is_said() {
        let with = |configure: Configure| LintConfig {
            profiles: vec![Word::from("pss-baseline")],
            configure: vec![configure],
            ..LintConfig::default()
        };
        let config = with(configure("host-network", Some("error"), &["prod"]));
        assert_eq!(found(&config, Some("prod")), ["error host-network"]);
        assert_eq!(found(&config, Some("dev")), ["warning host-network"]);
        assert_eq!(found(&config, None), ["warning host-network"]);
        let config = with(configure("host-network", Some("disabled"), &["dev"]));
        assert_eq!(found(&config, Some("prod")), ["warning host-network"]);
        assert_eq!(found(&config, Some("dev")), [""; 0]);
        let config = with(configure("latest-tag", None, &["prod"]));
        assert_eq!(found(&config, Some("prod")), ["warning host-network", "warning latest-tag"], "configured, so on");
        assert_eq!(found(&config, Some("dev")), ["warning host-network"]);
        let forbidden = Param { name: "forbidden".to_owned(), data: Data::Seq(Vec::new()), place: None };
        let config = with(Configure { with: vec![forbidden], ..configure("latest-tag", Some("info"), &[]) });
        assert_eq!(found(&config, None), ["warning host-network", "info latest-tag"], "no tag at all is still wrong");
    }

    #[test]
    fn what_is_wrong_with_a_configuration_is_said() {
        let param = Param { name: "forbiden".to_owned(), data: Data::Bool(true), place: None };
        let config = LintConfig {
            profiles: vec![Word::from("defualt")],
            only: vec![Word::from("latest-tags"), Word::from("schema/unknown-field")],
            configure: vec![Configure { with: vec![param], ..configure("latest-tag", None, &[]) }],
            ..LintConfig::default()
        };
        let config = LintConfig { only: [config.only.clone(), vec![Word::from("latest-tag")]].concat(), ..config };
        let (_, problems) = Linter::new(&config);
        let lines: Vec<String> =
            problems.iter().map(|p| format!("{} {}", p.message, p.help.as_deref().unwrap_or_default())).collect();
        assert_eq!(
            lines,
            [
                "unknown profile `defualt` did you mean `default`?",
                "unknown rule `latest-tags` did you mean `latest-tag`?",
                "unknown parameter `forbiden` did you mean `forbidden`?",
            ]
        );
    }

    #[test]
    fn a_persons_rule_runs_beside_ours() {
        let text = "id: no-host-network\ngroup: own\nseverity: error\nsummary: pod uses the node's network\nwhy: No.\nremedy: No.\napplies: { kinds: [Pod] }\ncheck: { builtin: pod-flag, with: { field: hostNetwork } }\n";
        let own = |text: &str| decode(&SourceMap::new().add("p.yaml", text)).expect("the rule is right");
        let config = LintConfig { own: vec![own(text)], ..LintConfig::default() };
        assert_eq!(found(&config, None), ["error no-host-network"]);
        let taken = own(&text.replace("no-host-network", "latest-tag"));
        let (_, problems) = Linter::new(&LintConfig { own: vec![taken], ..LintConfig::default() });
        assert_eq!(problems[0].message, "there is another rule `latest-tag`");
    }

    #[test]
    fn pods_are_found_wherever_they_live() {
        let spec = "{containers: [{name: web, image: nginx}]}";
        let template = format!("{{template: {{spec: {spec}}}}}");
        for (manifest, expected) in [
            (format!("apiVersion: v1\nkind: Pod\nspec: {spec}"), "spec.containers[0].image"),
            (
                format!("apiVersion: apps/v1\nkind: ReplicaSet\nspec: {template}"),
                "spec.template.spec.containers[0].image",
            ),
            (
                format!("apiVersion: batch/v1\nkind: CronJob\nspec: {{jobTemplate: {{spec: {template}}}}}"),
                "spec.jobTemplate.spec.template.spec.containers[0].image",
            ),
            (
                format!("apiVersion: v1\nkind: List\nitems: [{{apiVersion: v1, kind: Pod, spec: {spec}}}]"),
                "spec.containers[0].image",
            ),
            (
                format!("apiVersion: example.com/v1\nkind: Farm\nspec: {{workers: [{{template: {{spec: {spec}}}}}]}}"),
                "spec.workers[0].template.spec.containers[0].image",
            ),
        ] {
            let parsed = parse(&SourceMap::new().add("a.yaml", manifest.as_str()));
            let embedded = |_: &str, kind: &str| {
                let path = ["spec", "workers", "*", "template"].map(str::to_owned).to_vec();
                if kind == "Farm" { vec![path] } else { Vec::new() }
            };
            let objects = ObjectSet::read(&parsed.documents, None, &embedded);
            let (linter, _) = Linter::new(&only(&["latest-tag"]));
            let found = linter.lint(&objects, &LintContext::default());
            assert_eq!(found.len(), 1, "{manifest}");
            assert_eq!(found[0].path.as_deref(), Some(expected));
            assert_eq!(found[0].message, "container `web` runs `nginx`, which has no tag and so means `latest`");
            assert_eq!(found[0].container.as_deref(), Some("web"));
        }
    }

    #[test]
    fn a_rule_for_a_kind_leaves_other_groups_kinds_alone() {
        let service = |api: &str| {
            format!("apiVersion: {api}\nkind: Service\nmetadata: {{name: web}}\nspec: {{selector: {{app: web}}}}\n")
        };
        let run = LintContext { complete: true, release: Some("shop"), ..LintContext::default() };
        let found = |api: &str| lint(&only(&["service-selects-nothing"]), &run, &service(api)).1;
        assert_eq!(found("v1")[0].message, "Service `web` selects no pods in this release");
        assert!(found("serving.knative.dev/v1").is_empty());
    }

    #[test]
    fn findings_name_the_versions_that_they_hold_for() {
        let versions: Vec<Version> = ["1.33", "1.34", "1.35"].into_iter().filter_map(Version::parse).collect();
        let probe = "livenessProbe: {tcpSocket: {host: db, port: 80}}";
        let root = "securityContext: {runAsUser: 0}";
        for (rule, of_pod, of_container, expected) in [
            ("handler-host", "hostUsers: false", probe, "1.34 1.35"),
            ("run-as-root", "hostUsers: false", root, "1.33 1.34"),
            ("run-as-root", "hostUsers: true", root, ""),
            ("privilege-escalation", "hostUsers: true", root, ""),
        ] {
            let run = LintContext { versions: &versions, ..LintContext::default() };
            let (_, found) = lint(&only(&[rule]), &run, &pod(of_pod, of_container));
            assert_eq!(found.len(), 1, "{rule}: {found:#?}");
            assert_eq!(found[0].versions.join(" "), expected, "{rule} with {of_pod}");
        }
    }

    #[test]
    fn what_a_person_lays_over_a_rule_holds_in_every_version() {
        let versions: Vec<Version> = ["1.31", "1.37"].into_iter().filter_map(Version::parse).collect();
        let run = LintContext { versions: &versions, ..LintContext::default() };
        let allowed = Data::Seq(vec![Data::String("kernel.msgmax".to_owned())]);
        let with = vec![Param { name: "allowed".to_owned(), data: allowed, place: None }];
        let config = LintConfig {
            configure: vec![Configure { with, ..configure("unsafe-sysctl", None, &[]) }],
            ..LintConfig::default()
        };
        let sysctls = |name: &str| pod(&format!("securityContext: {{sysctls: [{{name: {name}}}]}}"), "image: a:1");
        assert!(lint(&config, &run, &sysctls("kernel.msgmax")).1.is_empty());
        assert_eq!(lint(&config, &run, &sysctls("net.ipv4.tcp_rmem")).1.len(), 1);
    }

    #[test]
    fn rules_of_pods_leave_kinds_without_pods_alone() {
        // What only looks like a pod: the spec of one, in kinds that run none.
        let spec = "{hostNetwork: true, hostPID: true, volumes: [{name: a, hostPath: {path: /etc}}], containers: [{name: a, image: tiller, securityContext: {privileged: true, runAsUser: 0}, ports: [{containerPort: 22, hostPort: 22}], env: [{name: GITSYNC_GIT, value: a}]}]}";
        let all = LintConfig { profiles: PROFILES.map(Word::from).to_vec(), ..LintConfig::default() };
        let of_pods = |id: &str| {
            catalogue::applies(id).is_some_and(|applies| applies.pods)
                || catalogue::load(id).is_some_and(|rule| rule.group == "security")
        };
        for (api, kind) in [
            ("v1", "ConfigMap"),
            ("v1", "Service"),
            ("v1", "PersistentVolumeClaim"),
            ("v1", "ServiceAccount"),
            ("apps/v1", "ControllerRevision"),
            ("autoscaling/v2", "HorizontalPodAutoscaler"),
            ("networking.k8s.io/v1", "NetworkPolicy"),
            ("rbac.authorization.k8s.io/v1", "Role"),
            ("example.com/v1", "Deployment"),
            ("security.openshift.io/v1", "SecurityContextConstraints"),
        ] {
            let metadata = "{name: a, labels: {app: tiller, name: ingress-nginx}}";
            let template = format!("{{metadata: {metadata}, spec: {spec}}}");
            for spec in [spec.to_owned(), format!("{{template: {template}}}")] {
                let text = format!("apiVersion: {api}\nkind: {kind}\nmetadata: {metadata}\nspec: {spec}\n");
                let found = lint(&all, &LintContext::default(), &text).1;
                let wrong: Vec<_> = found.iter().filter(|found| of_pods(&found.rule)).collect();
                assert!(wrong.is_empty(), "{api} {kind}: {wrong:#?}");
            }
        }
    }

    #[test]
    fn a_linter_is_shared_between_threads() {
        fn shared<T: Send + Sync>() {}
        shared::<Linter>();
    }

    #[test]
    fn what_is_missing_from_a_part_may_be_elsewhere() {
        let text = pod("serviceAccountName: web", "image: nginx:1");
        for (complete, count) in [(true, 1), (false, 0)] {
            let run = LintContext { complete, ..LintContext::default() };
            assert_eq!(lint(&only(&["dangling-service-account"]), &run, &text).1.len(), count);
        }
    }
}
