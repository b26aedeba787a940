//! From inputs to a report: fans out over releases and environments, runs the stages, gathers what they find.

use super::args::{InputArgs, ReleaseArgs, RuleArgs};
use super::definitions;
use super::inputs::{Finder, Inputs, Plain, find_workspace};
use super::linting::{self, Rules};
#[cfg(feature = "cluster")]
use super::live::{self, Answers, ContextArgs};
use super::looks;
use super::merge::merge;
use super::own;
use super::paths::Base;
use super::plan::{self, Job, Plan, Scope};
use super::policies;
use super::release::{self, Output};
use super::trouble::Trouble;
use super::workspaces::{Loaded, Workspaces};
use super::world::World;
use super::written;
use crate::api;
use crate::diagnostic::emit::{Checked, Report};
use crate::diagnostic::{Diagnostic, Severity};
use crate::lint::LintContext;
use crate::lint::suppress::{self, Allow, Applied};
use crate::object::ObjectSet;
use crate::schema::{SchemaStore, Version};
use crate::source::SourceMap;
use crate::yaml::{self, Document, Kind, Parsed};
use rayon::prelude::*;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Which stages run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stages {
    /// The API's schemas.
    pub validate: bool,
    /// Rules.
    pub lint: bool,
    /// A custom resource without a schema is an error.
    pub strict_kinds: bool,
}

/// What a command line asks for.
pub(super) struct Question<'a> {
    /// The paths.
    pub input: &'a InputArgs,
    /// What is rendered.
    pub release: &'a ReleaseArgs,
    /// Which rules judge.
    pub rules: &'a RuleArgs,
    /// Which stages run.
    pub stages: Stages,
    /// The cluster that is asked too.
    #[cfg(feature = "cluster")]
    pub live: Option<&'a ContextArgs>,
    /// Tells on standard error what is read.
    pub verbose: bool,
}

/// What is checked together: a release in an environment, or a set of plain manifests.
pub(super) struct Unit {
    pub(super) checked: Checked,
    pub(super) workspace: Option<Arc<Loaded>>,
    pub(super) namespace: Option<String>,
    pub(super) versions: Vec<Version>,
    /// All that belongs together is there, so that what is not there is missing.
    complete: bool,
    pub(super) documents: Vec<Document>,
    /// What it was rendered from; none for plain manifests.
    pub(super) output: Option<Output>,
    pub(super) findings: Vec<Diagnostic>,
    /// What admission policies refuse.
    refused: Vec<Diagnostic>,
    allows: Vec<Allow>,
    #[cfg(feature = "cluster")]
    answers: Option<Answers>,
}

/// Finds the inputs, runs the stages over them, and gives the report with the troubles on the way.
pub(super) fn compile(
    question: &Question<'_>,
    sources: &SourceMap,
    world: &dyn World,
) -> Result<(Report, Vec<Trouble>), Trouble> {
    let (input, args) = (question.input, question.release);
    let current = world.current_folder().map_err(|error| Trouble::io("find", Path::new("."), &error))?;
    let base = Base::new(&current);
    let mut workspaces = Workspaces::new(world, &base, sources, input.config.as_deref());
    let versions = plan::versions(&args.versions)?;
    let mut inputs = find_inputs(input, &mut workspaces, &base, world)?;
    let mut plan = plan::plan(&inputs, args, Scope::Every, &mut workspaces, sources, &base, world)?;
    let plain: Vec<_> =
        std::mem::take(&mut inputs.plain).into_iter().map(|plain| (workspaces.of(&plain.folder), plain)).collect();
    let of_plain: Vec<_> = plain.iter().map(|(workspace, _)| workspace.clone()).collect();
    refuse_what_is_for_charts(args, &plan, &inputs, &of_plain)?;
    if question.verbose {
        tell(&plan, &plain, world);
    }
    plan.troubles.splice(0..0, inputs.troubles);
    plan.troubles.append(&mut workspaces.troubles);
    plan.findings.splice(0..0, workspaces.findings);
    run(question, Planned { plan, plain, versions }, &base, sources, world)
}

/// What is to be checked.
pub(super) struct Planned {
    /// The releases.
    pub plan: Plan,
    /// Plain manifests, with their workspaces.
    pub plain: Vec<(Option<Arc<Loaded>>, Plain)>,
    /// The Kubernetes versions that flags name.
    pub versions: Vec<Version>,
}

/// Runs the stages over what was planned.
pub(super) fn run(
    question: &Question<'_>,
    Planned { plan, plain, versions }: Planned,
    base: &Base,
    sources: &SourceMap,
    world: &dyn World,
) -> Result<(Report, Vec<Trouble>), Trouble> {
    let (input, args) = (question.input, question.release);
    let (mut units, mut troubles) = build(&plan, plain, &versions, args, sources, world);
    let outputs = units.iter().filter_map(|unit| {
        Some((unit.checked.name.as_str(), unit.checked.environment.as_deref(), unit.output.as_ref()?))
    });
    let mut looked = looks::look(outputs);
    // A key that the chart does not know is not mentioned either: that is one defect, not two.
    let unknown = |unused: &Diagnostic| {
        let mut findings = units.iter().flat_map(|unit| &unit.findings);
        findings.any(|finding| finding.rule == "values/unknown-key" && finding.span == unused.span)
    };
    looked.retain(|finding| finding.rule != "values/unused" || !unknown(finding));
    for unit in &mut units {
        unit.findings.retain(|finding| !crate::render::is_said(&looked, finding));
    }
    let mut store = SchemaStore::new();
    for unit in &mut units {
        unit.findings.extend(definitions::learn(&unit.documents, &mut store));
    }
    let mut reader = definitions::Reader { store: &mut store, sources, base, world, verbose: question.verbose };
    let mut general = reader.workspaces(units.iter().filter_map(|unit| unit.workspace.as_deref()))?;
    general.extend(reader.flags(&input.crds)?);
    if question.stages.validate {
        let kept = policies::read(&units, &question.rules.policies, sources, base, world)?;
        let refused = policies::judge(&units, &kept, &store);
        units.iter_mut().zip(refused).for_each(|(unit, refused)| unit.refused = refused);
        general.extend(kept.findings);
    }
    let mut judges: Vec<(Option<PathBuf>, Rules)> = Vec::new();
    for unit in &units {
        let key = unit.workspace.as_ref().map(|loaded| loaded.folder.clone());
        if !judges.iter().any(|(known, _)| *known == key) {
            judges.push((key, linting::rules(unit.workspace.as_deref(), question.rules, sources, base, world)?));
        }
    }
    #[cfg(feature = "cluster")]
    if let Some(context) = question.live {
        troubles.extend(ask(&mut units, &store, context, world));
    }
    let rules_of = |unit: &Unit| {
        let key = unit.workspace.as_ref().map(|loaded| &loaded.folder);
        judges.iter().find(|(known, _)| known.as_ref() == key).map(|(_, rules)| rules)
    };
    // The objects stand apart from the units, so that each release can be judged beside the others.
    let documents: Vec<_> = units.iter_mut().map(|unit| std::mem::take(&mut unit.documents)).collect();
    let embedded = |api_version: &str, kind: &str| store.embedded_pods(api_version, kind);
    let sets: Vec<ObjectSet<'_>> = units
        .par_iter()
        .zip(&documents)
        .map(|(unit, documents)| ObjectSet::read(documents, unit.namespace.as_deref(), &embedded))
        .collect();
    let neighbours: Vec<Vec<&ObjectSet<'_>>> = units.iter().map(|unit| neighbours(unit, &units, &sets)).collect();
    units.par_iter_mut().zip(&documents).zip(&sets).zip(&neighbours).for_each(
        |(((unit, documents), objects), beside)| {
            if let Some(rules) = rules_of(unit) {
                judge(unit, Judged { documents, objects, neighbours: beside }, question.stages, &store, rules);
            }
        },
    );

    if question.stages.lint {
        let known = units.iter().flat_map(|unit| &unit.findings);
        looked.extend(written::secrets(&plan.jobs, known, sources));
    }
    for unit in &mut units {
        // What a flag says is nothing that a person keeps in a file.
        let (usage, kept) =
            std::mem::take(&mut unit.findings).into_iter().partition(|found| found.rule == "values/set");
        unit.findings = kept;
        for Diagnostic { message, help, .. } in usage {
            if !troubles.iter().any(|known| known.message == message) {
                troubles.push(Trouble { message, help });
            }
        }
    }
    troubles.extend(plan.troubles);
    general.extend(plan.findings);
    general.extend(looked);
    if question.stages.lint {
        general.extend(judges.iter_mut().flat_map(|(_, rules)| std::mem::take(&mut rules.findings)));
    }
    let whole = input.paths.is_empty() && args.environments.is_empty();
    let mut report = Report::default();
    let mut findings = general;
    let mut allows = sources.written().iter().flat_map(|source| suppress::comments(source)).collect::<Vec<_>>();
    let mut suppressed = Vec::new();
    for (key, rules) in &judges {
        let mut of_workspace = Vec::new();
        for unit in &mut units {
            if unit.workspace.as_ref().map(|loaded| &loaded.folder) == key.as_ref() {
                of_workspace.append(&mut unit.findings);
                allows.append(&mut unit.allows);
            }
        }
        let run = suppress::Run {
            sources,
            today: Some(&world.today()),
            ran: &|id| ran(question, &judges, id),
            own: &rules.own.iter().map(String::as_str).collect::<Vec<_>>(),
            whole_workspace: whole,
        };
        let applied = suppress::apply(of_workspace, &[], &rules.exceptions, &run);
        findings.extend(keep(applied, question, &mut suppressed));
    }
    let own: Vec<&str> = judges.iter().flat_map(|(_, rules)| rules.own.iter().map(String::as_str)).collect();
    let run = suppress::Run {
        sources,
        today: None,
        ran: &|id| ran(question, &judges, id),
        own: &own,
        whole_workspace: whole,
    };
    report.findings = keep(suppress::apply(findings, &allows, &[], &run), question, &mut suppressed);
    report.findings.retain(|finding| is_wanted(finding, question.rules));
    linting::say_once(&mut report.findings);
    report.findings = merge(report.findings, sources);
    report.findings.iter_mut().for_each(|finding| settle_namespace(finding, &store));
    report.suppressed = merge(suppressed, sources).len();
    report.checked = units.into_iter().map(|unit| unit.checked).collect();
    Ok((report, troubles))
}

/// Parses sets of plain manifests, and renders releases; gives also what could not be.
fn build(
    plan: &Plan,
    plain: Vec<(Option<Arc<Loaded>>, Plain)>,
    versions: &[Version],
    args: &ReleaseArgs,
    sources: &SourceMap,
    world: &dyn World,
) -> (Vec<Unit>, Vec<Trouble>) {
    let mut units: Vec<Unit> =
        plain.into_par_iter().map(|(workspace, plain)| read_plain(plain, workspace, args, versions, sources)).collect();
    let mut troubles = Vec::new();
    let rendered: Vec<_> = plan.jobs.par_iter().map(|job| render(job, sources, world)).collect();
    for unit in rendered {
        match unit {
            Ok(unit) => units.push(unit),
            Err(trouble) => troubles.push(trouble),
        }
    }
    (units, troubles)
}

/// What is to be gathered.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    /// The paths.
    pub input: &'a InputArgs,
    /// What is rendered.
    pub args: &'a ReleaseArgs,
    /// Which environments are meant where none is named.
    pub scope: Scope,
    /// Tells on standard error what is read.
    pub verbose: bool,
}

/// What paths lead to, rendered and parsed.
pub(super) struct Gathered {
    /// The sets of plain manifests, then the releases.
    pub units: Vec<Unit>,
    /// The releases as they were planned.
    pub plan: Plan,
    /// The paths as they were found.
    pub inputs: Inputs,
    /// The workspaces of the sets of plain manifests.
    pub plain: Vec<Option<Arc<Loaded>>>,
    /// What could not be read or rendered.
    pub troubles: Vec<Trouble>,
}

impl Asked<'_> {
    /// Finds, renders and parses.
    pub(super) fn gather(
        &self,
        workspaces: &mut Workspaces<'_>,
        sources: &SourceMap,
        base: &Base,
        world: &dyn World,
    ) -> Result<Gathered, Trouble> {
        let versions = plan::versions(&self.args.versions)?;
        let mut inputs = find_inputs(self.input, workspaces, base, world)?;
        let plan = plan::plan(&inputs, self.args, self.scope, workspaces, sources, base, world)?;
        let sets: Vec<_> =
            std::mem::take(&mut inputs.plain).into_iter().map(|plain| (workspaces.of(&plain.folder), plain)).collect();
        if self.verbose {
            tell(&plan, &sets, world);
        }
        let plain = sets.iter().map(|(workspace, _)| workspace.clone()).collect();
        let mut troubles = std::mem::take(&mut inputs.troubles);
        let (units, further) = build(&plan, sets, &versions, self.args, sources, world);
        troubles.extend(further);
        Ok(Gathered { units, plan, inputs, plain, troubles })
    }
}

/// Finds what the paths lead to; without any, the workspace's releases, else the current folder.
pub(super) fn find_inputs(
    input: &InputArgs,
    workspaces: &mut Workspaces<'_>,
    base: &Base,
    world: &dyn World,
) -> Result<Inputs, Trouble> {
    let mut finder = Finder::new(world, base, &input.exclude)?;
    if !input.paths.is_empty() {
        return Ok(finder.find(&input.paths));
    }
    let here = PathBuf::from(".");
    let file = input.config.clone().or_else(|| find_workspace(world, base, &here));
    if let Some(file) = file
        && workspaces.read(&file).is_none_or(|loaded| !loaded.workspace.releases.is_empty())
    {
        return Ok(Inputs { workspaces: vec![file], ..Inputs::default() });
    }
    Ok(finder.find(&[here]))
}

/// Refuses flags that nothing here would heed.
pub(super) fn refuse_what_is_for_charts(
    args: &ReleaseArgs,
    plan: &Plan,
    inputs: &Inputs,
    plain: &[Option<Arc<Loaded>>],
) -> Result<(), Trouble> {
    let no_charts = inputs.charts.is_empty() && inputs.workspaces.is_empty();
    if no_charts && (args.name.is_some() || !args.overrides.0.is_empty()) {
        return Err(Trouble::new("`--name`, `-f` and `--set` are for charts, and there is none here"));
    }
    let of_plain = plain
        .iter()
        .flatten()
        .flat_map(|loaded| loaded.workspace.environments.iter().map(|environment| environment.name.as_str()));
    let known: Vec<&str> = plan.environments.iter().map(String::as_str).chain(of_plain).collect();
    plan::check_environments(&args.environments, &known)
}

/// Tells on standard error what is read, and how it is understood.
fn tell(plan: &Plan, plain: &[(Option<Arc<Loaded>>, Plain)], world: &dyn World) {
    for (_, plain) in plain {
        for file in &plain.files {
            world.err(&format!("reading {} with {}\n", file.name, plain.name));
        }
    }
    for job in &plan.jobs {
        let environment = job.environment.as_ref().map(|name| format!(" in {name}")).unwrap_or_default();
        let namespace = job.namespace.as_ref().map(|name| format!(", namespace {name}")).unwrap_or_default();
        world.err(&format!("rendering {} as {}{environment}{namespace}\n", job.folder.display(), job.name));
    }
}

/// Parses a set of plain manifests.
fn read_plain(
    plain: Plain,
    workspace: Option<Arc<Loaded>>,
    args: &ReleaseArgs,
    versions: &[Version],
    sources: &SourceMap,
) -> Unit {
    let complete = plain.files.iter().all(|file| !file.named);
    let files: Vec<_> = plain.files.into_iter().map(|file| (sources.add(file.name, file.text), file.named)).collect();
    let parsed: Vec<_> = files.into_par_iter().map(|(file, named)| (yaml::parse(&file), named)).collect();
    let (mut documents, mut findings) = (Vec::new(), Vec::new());
    for (parsed, named) in parsed {
        if named || is_manifest(&parsed) {
            documents.extend(parsed.documents);
            findings.extend(parsed.diagnostics);
        }
    }
    Unit {
        checked: Checked { name: plain.name, is_release: false, environment: None, objects: 0, versions: Vec::new() },
        namespace: args.namespace.clone(),
        versions: plan::target_versions(versions, workspace.as_deref(), None),
        workspace,
        complete,
        documents,
        output: None,
        findings,
        refused: Vec::new(),
        allows: Vec::new(),
        #[cfg(feature = "cluster")]
        answers: None,
    }
}

/// Tells whether a file that nobody named holds an object, or something that could not be read as one.
fn is_manifest(parsed: &Parsed) -> bool {
    let object = |document: &Document| {
        let root = document.root();
        root.kind() == Kind::Map && (root.get("apiVersion").is_some() || root.get("kind").is_some())
    };
    !parsed.diagnostics.is_empty() || parsed.documents.iter().any(object)
}

/// Renders a release in an environment.
fn render(job: &Job, sources: &SourceMap, world: &dyn World) -> Result<Unit, Trouble> {
    let mut output = release::render(job, sources, world)?;
    let documents = output.take_documents();
    let findings = std::mem::take(&mut output.findings);
    Ok(Unit {
        checked: Checked {
            name: job.name.clone(),
            is_release: true,
            environment: job.environment.clone(),
            objects: 0,
            versions: Vec::new(),
        },
        workspace: job.workspace.clone(),
        namespace: job.namespace.clone(),
        versions: job.versions.clone(),
        complete: !findings.iter().any(|finding| finding.severity == Severity::Error),
        documents,
        output: Some(output),
        findings,
        refused: Vec::new(),
        allows: Vec::new(),
        #[cfg(feature = "cluster")]
        answers: None,
    })
}

/// Asks the cluster of each unit what it says of the unit's objects. The first trouble ends it: a cluster that does not
/// answer would not answer the next time either.
#[cfg(feature = "cluster")]
fn ask(units: &mut [Unit], store: &SchemaStore, context: &ContextArgs, world: &dyn World) -> Option<Trouble> {
    let embedded = |api_version: &str, kind: &str| store.embedded_pods(api_version, kind);
    for unit in units {
        let namespace = unit.namespace.as_deref();
        let objects = ObjectSet::read(&unit.documents, namespace, &embedded);
        let environment = unit.checked.environment.as_deref();
        match live::ask(&objects, namespace, unit.workspace.as_deref(), environment, context, world) {
            Ok(answers) => unit.answers = Some(answers),
            Err(trouble) => return Some(trouble),
        }
    }
    None
}

/// What is judged of a unit, and beside what.
#[derive(Clone, Copy)]
struct Judged<'a> {
    documents: &'a [Document],
    objects: &'a ObjectSet<'a>,
    neighbours: &'a [&'a ObjectSet<'a>],
}

/// Finds the objects of the other releases of a release's workspace in its environment.
fn neighbours<'a>(unit: &Unit, units: &[Unit], sets: &'a [ObjectSet<'a>]) -> Vec<&'a ObjectSet<'a>> {
    let folder = |unit: &Unit| unit.workspace.as_ref().map(|loaded| loaded.folder.clone());
    let beside = |other: &Unit| {
        unit.checked.is_release
            && other.checked.is_release
            && other.checked.name != unit.checked.name
            && other.checked.environment == unit.checked.environment
            && unit.workspace.is_some()
            && folder(other) == folder(unit)
    };
    units.iter().zip(sets).filter(|(other, _)| beside(other)).map(|(_, set)| set).collect()
}

/// Runs the judging stages over a unit, and carries what they find back to what a person wrote.
fn judge(unit: &mut Unit, judged: Judged<'_>, stages: Stages, store: &SchemaStore, rules: &Rules) {
    let Judged { documents, objects, neighbours } = judged;
    let release = unit.checked.is_release.then_some(unit.checked.name.as_str());
    let environment = unit.checked.environment.as_deref();
    unit.checked.objects = objects.len();
    let mut found = Vec::new();
    unit.checked.versions = unit.versions.iter().map(ToString::to_string).collect();
    if stages.validate {
        // What SOPS encrypted is not what the server gets.
        let plain = |document: &&Document| !crate::chart::is_encrypted(document.root());
        let of_document = |document: &Document| api::verdicts(document.root(), store, &unit.versions);
        let of_documents: Vec<_> = documents.par_iter().filter(plain).map(of_document).collect();
        found.extend(of_documents.into_iter().flatten());
        if stages.strict_kinds {
            found.iter_mut().filter(|finding| finding.rule == "schema/unknown-kind").for_each(|finding| {
                finding.severity = Severity::Error;
            });
        }
        #[cfg(feature = "cluster")]
        if let Some(answers) = &unit.answers {
            answers.merge(objects, store, &mut found);
        }
    }
    let mut judged = std::mem::take(&mut unit.refused);
    if stages.lint {
        let context =
            LintContext { environment, release, versions: &unit.versions, complete: unit.complete, neighbours };
        judged.extend(rules.linter.lint(objects, &context));
    }
    // Policies look at no version, and hardly any rule does: what names none holds for all.
    for finding in judged.iter_mut().filter(|finding| finding.versions.is_empty()) {
        finding.versions.clone_from(&unit.checked.versions);
    }
    found.extend(judged);
    let resolve = |finding: Diagnostic| match &unit.output {
        Some(output) => output.resolve(finding),
        None => finding,
    };
    unit.allows = suppress::annotations(objects, release, environment);
    for allow in &mut unit.allows {
        let place = resolve(Diagnostic::error("", "").at(allow.place));
        allow.place = place.span.unwrap_or(allow.place);
    }
    for finding in found {
        let mut finding = resolve(finding);
        finding.release = release.map(str::to_owned);
        finding.environments = environment.map(str::to_owned).into_iter().collect();
        if let Some(object) = &mut finding.object {
            object.namespace = object.namespace.take().or_else(|| unit.namespace.clone());
            let path = finding.path.as_deref().unwrap_or_default();
            let holds_secret = ["data", "stringData"].iter().any(|field| path.starts_with(field));
            finding.masked |= object.kind == "Secret" && holds_secret;
        }
        unit.findings.push(finding);
    }
}

/// Takes the namespace off objects that live in none.
fn settle_namespace(finding: &mut Diagnostic, store: &SchemaStore) {
    if let Some(object) = &mut finding.object
        && store.is_namespaced(Version::LATEST, &object.api_version, &object.kind) == Some(false)
    {
        object.namespace = None;
    }
}

/// Tells whether a rule was looked for everywhere, so that allowing it in vain can be told.
fn ran(question: &Question<'_>, judges: &[(Option<PathBuf>, Rules)], id: &str) -> bool {
    let everywhere = question.release.environments.is_empty();
    let validated =
        question.stages.validate && ["schema/", "api/", "policy/"].iter().any(|stage| id.starts_with(stage));
    let linted = question.stages.lint && judges.iter().any(|(_, rules)| rules.linter.ids().any(|known| known == id));
    everywhere && (validated || linted)
}

/// Sorts what suppressing gave: what stays is given back, with what is wrong with the suppressions where rules ran.
fn keep(applied: Applied, question: &Question<'_>, suppressed: &mut Vec<Diagnostic>) -> Vec<Diagnostic> {
    suppressed.extend(applied.suppressed);
    let mut kept = applied.kept;
    if question.stages.lint {
        kept.extend(applied.problems);
    }
    kept
}

/// Applies `--rule` and `--skip` to what other stages than lint found.
///
/// `--rule` leaves what says that the input, or a policy, could not be read: without it, silence would prove nothing.
fn is_wanted(finding: &Diagnostic, rules: &RuleArgs) -> bool {
    let named = |ids: &[String]| ids.iter().any(|id| *id == finding.rule);
    let stage = finding.rule.split_once('/').map(|(stage, _)| stage);
    let judged = stage.is_none_or(|stage| ["schema", "api", "policy", "suppression"].contains(&stage))
        && !own::is_defect(&finding.rule);
    !named(&rules.choice.skipped) && (rules.choice.rules.is_empty() || !judged || named(&rules.choice.rules))
}
