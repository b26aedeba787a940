//! Runs one test in one environment: renders its chart, checks it where the test asks for findings, and judges.

use super::suites::{Stored, Tests, no_flags};
use crate::chart;
use crate::cli::args::{ChoiceArgs, InputArgs, RuleArgs};
use crate::cli::compile::gather::Built;
use crate::cli::compile::release;
use crate::cli::compile::{self, Compiled, Question, Stages};
use crate::cli::inputs::overrides::Override;
use crate::cli::inputs::plan::{self, Job, Scope};
use crate::cli::paths::{Base, slashed};
use crate::cli::trouble::Trouble;
use crate::cli::world::World;
use crate::diagnostic::{Diagnostic, Severity, nearest};
use crate::lint;
use crate::object::ObjectSet;
use crate::schema::Version;
use crate::source::{SourceMap, Span};
use crate::test::{Item, Subject, Suite, Test, is_template, judge};
use crate::yaml::Document;
use crate::yaml::emit::Data;
use std::sync::Arc;

/// A test in an environment, or in none.
pub(super) struct Case<'a> {
    pub tests: &'a Tests,
    pub stored: &'a Stored,
    pub test: &'a Test,
    pub environment: Option<String>,
    /// The Kubernetes version that a flag names.
    pub given: Option<Version>,
}

/// What came of a case.
#[derive(Default)]
pub(super) struct Outcome {
    /// What does not hold.
    pub failures: Vec<Diagnostic>,
    /// What is to be held against snapshots.
    pub snapshots: Vec<(Span, Data)>,
}

impl Case<'_> {
    pub(super) fn suite(&self) -> &Suite {
        &self.stored.suite
    }

    /// Gives the name with the environment.
    pub(super) fn full_name(&self) -> String {
        let environment = self.environment.as_ref().map(|name| format!(", in {name}")).unwrap_or_default();
        format!("{}{environment}", self.test.name.value)
    }
}

/// Runs a case.
pub(super) fn run(
    case: &Case<'_>,
    input: &InputArgs,
    base: &Base,
    sources: &SourceMap,
    world: &dyn World,
) -> Result<Outcome, Trouble> {
    if case.test.skip.is_some() {
        return Ok(Outcome::default());
    }
    if !case.test.defects.is_empty() {
        return Ok(Outcome { failures: case.test.defects.clone(), ..Outcome::default() });
    }
    let misnamed = misnamed(case);
    if !misnamed.is_empty() {
        return Ok(Outcome { failures: misnamed, ..Outcome::default() });
    }
    let job = match job(case, sources, world)? {
        Ok(job) => job,
        Err(finding) => return Ok(Outcome { failures: vec![*finding], ..Outcome::default() }),
    };
    let mut output = release::render(&job, sources, world)?;
    let (findings, suppressed) = match case.test.rules().next() {
        Some(_) => check(case, job, input, base, sources, world)?,
        None => (Vec::new(), 0),
    };
    let mut failures = std::mem::take(&mut output.findings);
    failures.retain(|finding| finding.severity == Severity::Error);
    let documents: Vec<(String, Document)> = output
        .rendered
        .iter_mut()
        .flat_map(|(prefix, rendered)| {
            rendered.files.iter_mut().flat_map(move |file| {
                let path = format!("{prefix}{}", file.path);
                std::mem::take(&mut file.documents).into_iter().map(move |document| (path.clone(), document))
            })
        })
        // Helm prints definitions among the manifests.
        .filter(|(path, _)| !path.starts_with("crds/"))
        .collect();
    let mut items = Vec::new();
    for (template, document) in &documents {
        let set = ObjectSet::read([document], None, &|_, _| Vec::new());
        items.extend(set.iter().map(|object| Item { object: object.clone(), template: template.clone() }));
    }
    let notes = output.rendered.first().and_then(|(_, rendered)| rendered.notes.clone());
    let subject = Subject {
        items: &items,
        failures: &failures,
        notes: notes.as_deref(),
        findings: &findings,
        suppressed,
        resolve: &|finding| output.resolve(finding),
    };
    let verdict = judge(case.test, &subject);
    Ok(Outcome { failures: verdict.failures, snapshots: verdict.snapshots })
}

/// Finds names in a test that lead nowhere: of environments, templates and rules.
fn misnamed(case: &Case<'_>) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    let mut unknown = |what: &str, name: &str, place: Span, near: Option<String>| {
        let finding = Diagnostic::error(format!("test/unknown-{what}"), format!("there is no {what} `{name}`"));
        let finding = finding.at(place);
        findings.push(match near {
            Some(near) => finding.help(format!("did you mean `{near}`?")),
            None => finding,
        });
    };
    let chart = &case.tests.chart;
    for name in case.test.setup.environments.iter().flatten() {
        let of_workspace = case.tests.workspace.iter().flat_map(|loaded| &loaded.workspace.environments);
        let known: Vec<&str> = of_workspace
            .map(|known| known.name.as_str())
            .chain(chart.environments.keys().map(String::as_str))
            .collect();
        if !known.contains(&name.as_str()) {
            unknown("environment", name, name.span, nearest(name, known).map(str::to_owned));
        }
    }
    let mut templates = Vec::new();
    template_names(chart, "", &mut templates);
    for name in case.test.templates() {
        if !templates.iter().any(|path| is_template(name, path)) {
            let short = templates.iter().map(|path| path.strip_prefix("templates/").unwrap_or(path));
            unknown("template", name, name.span, nearest(name, short).map(str::to_owned));
        }
    }
    // Findings of other stages than rules have a slash in their ids.
    for (rule, place) in case.test.rules().filter(|(rule, _)| !rule.contains('/')) {
        let own = case.tests.workspace.iter().any(|loaded| !loaded.workspace.rules.policies.is_empty());
        if !own && !lint::catalogue().any(|known| known.id == rule) {
            unknown("rule", rule, place, lint::nearest_rule(rule).map(str::to_owned));
        }
    }
    findings
}

fn template_names(chart: &chart::Chart, prefix: &str, names: &mut Vec<String>) {
    names.extend(chart.templates.iter().map(|text| format!("{prefix}{}", text.path)));
    for subchart in &chart.subcharts {
        template_names(&subchart.chart, &format!("{prefix}charts/{}/", subchart.name), names);
    }
}

/// Says what is rendered. A version of Kubernetes that nobody knows is a finding.
fn job(case: &Case<'_>, sources: &SourceMap, world: &dyn World) -> Result<Result<Job, Box<Diagnostic>>, Trouble> {
    let Case { tests, test, environment, .. } = case;
    let setup = &test.setup;
    let mut overrides = Vec::new();
    for name in &setup.values {
        let path = case.stored.path.with_file_name(name.as_str());
        if world.entry(&path).is_err() {
            let message = format!("there is no file of values `{}`", slashed(&path));
            let finding = Diagnostic::error("test/unknown-file", message).at(name.span);
            return Ok(Err(Box::new(finding.help("name it from the folder of this file"))));
        }
        let given = Override::File(path);
        let read = given.read(sources, world)?;
        overrides.push((given, read));
    }
    for (data, assignments) in &setup.set {
        let json = data.iter().map(|(key, data)| format!("{key}={}", data.to_json())).collect::<Vec<_>>().join(",");
        overrides.push((Override::SetJson(json), chart::Override::Assigned(assignments.clone())));
    }
    let loaded = tests.workspace.as_deref();
    let written =
        setup.kubernetes.as_ref().map(|text| (text, Version::parse(text).filter(|version| version.is_known())));
    let version = match written {
        Some((text, None)) => {
            let finding = Diagnostic::error("test/unknown-version", plan::unknown_version(text)).at(text.span);
            return Ok(Err(Box::new(finding.help(plan::known_versions()))));
        }
        Some((_, Some(version))) => vec![version],
        None => plan::target_versions(case.given.as_slice(), loaded, environment.as_deref()),
    };
    let of_environment = || loaded?.workspace.environment(environment.as_deref()?)?.namespace.as_ref();
    Ok(Ok(Job {
        folder: tests.folder.clone(),
        chart: Arc::clone(&tests.chart),
        cache: Arc::clone(&tests.cache),
        workspace: tests.workspace.clone(),
        name: setup.name.as_ref().map_or_else(|| tests.chart.metadata.name.clone(), |name| name.value.clone()),
        environment: environment.clone(),
        namespace: setup.namespace.as_ref().or_else(of_environment).map(|name| name.value.clone()),
        versions: version,
        overrides,
        revision: setup.revision.unwrap_or(if setup.is_upgrade == Some(true) { 2 } else { 1 }),
        is_upgrade: setup.is_upgrade.unwrap_or_default(),
        api_versions: setup.api_versions.iter().map(|version| version.value.clone()).collect(),
    }))
}

/// Checks the release, for the rules that the test names, whatever the profile. Gives what is found, and how much is
/// suppressed.
fn check(
    case: &Case<'_>,
    job: Job,
    input: &InputArgs,
    base: &Base,
    sources: &SourceMap,
    world: &dyn World,
) -> Result<(Vec<Diagnostic>, usize), Trouble> {
    let named = case.test.rules().map(|(rule, _)| rule.to_owned()).collect();
    let rules = RuleArgs { choice: ChoiceArgs { rules: named, skipped: Vec::new() }, ..RuleArgs::default() };
    let question = Question {
        input,
        release: &no_flags(),
        rules: &rules,
        stages: Stages { validate: true, lint: true, strict_kinds: false },
        fixes: false,
        scope: Scope::Every,
        #[cfg(feature = "cluster")]
        live: None,
        suppressions: true,
        verbose: false,
        progress: None,
    };
    let built = Built::of(job, sources, world)?;
    let Compiled { report, troubles, .. } = compile::run(&question, built, base, sources, world)?;
    troubles.into_iter().next().map_or(Ok((report.findings, report.suppressed.len())), Err)
}
