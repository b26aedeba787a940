//! From inputs to a report: fans out over releases and environments, runs the stages, gathers what they find.

use super::allowing;
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
use super::progress::Progress;
use super::release::{self, Output};
use super::report;
use super::settle::Trees;
use super::trouble::Trouble;
use super::workspaces::{Loaded, Workspaces};
use super::world::World;
use super::written;
use crate::api;
use crate::chart::Chart;
use crate::diagnostic::emit::{Checked, Report};
use crate::diagnostic::{Diagnostic, Severity};
use crate::lint::suppress::{self, Allow};
use crate::lint::{LintContext, Neighbourhood};
use crate::object::ObjectSet;
use crate::schema::{SchemaStore, Version};
use crate::source::SourceMap;
use crate::yaml::{self, Document, Kind, Parsed};
use rayon::prelude::*;
use std::collections::HashMap;
use std::path::PathBuf;
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
#[derive(Clone, Copy)]
pub(super) struct Question<'a> {
    /// The paths.
    pub input: &'a InputArgs,
    /// What is rendered.
    pub release: &'a ReleaseArgs,
    /// Which rules judge.
    pub rules: &'a RuleArgs,
    /// Which stages run.
    pub stages: Stages,
    /// Findings are to have the fixes that can be made.
    pub fixes: bool,
    /// Which environments are meant where no flag names one. Without any, it is about one release, and a name is for plain
    /// manifests, too.
    pub scope: Scope,
    /// What people allowed is left out.
    pub suppressions: bool,
    /// The cluster that is asked too.
    #[cfg(feature = "cluster")]
    pub live: Option<&'a ContextArgs>,
    /// Tells on standard error what is read.
    pub verbose: bool,
    /// Whom to tell how far it is.
    pub progress: Option<&'a Progress>,
}

impl Question<'_> {
    fn begin(&self, what: &'static str, total: usize) {
        self.progress.inspect(|progress| progress.begin(what, total));
    }

    fn tick(&self) {
        self.progress.inspect(|progress| progress.tick());
    }
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
    pub(super) allows: Vec<Allow>,
    #[cfg(feature = "cluster")]
    answers: Option<Answers>,
    /// The chart that it was rendered from.
    pub(super) chart: Option<Arc<Chart>>,
}

/// What a run found, and what it found it in.
pub(super) struct Compiled {
    pub(super) report: Report,
    pub(super) troubles: Vec<Trouble>,
    pub(super) units: Vec<Unit>,
}

/// Finds the inputs, runs the stages over them, and gives the report with the troubles on the way.
pub(super) fn compile(question: &Question<'_>, sources: &SourceMap, world: &dyn World) -> Result<Compiled, Trouble> {
    let (input, args) = (question.input, question.release);
    let base = Base::current(world)?;
    let mut workspaces = Workspaces::new(world, &base, sources, input.config.as_deref());
    let versions = plan::versions(&args.versions)?;
    let mut inputs = find_inputs(input, &mut workspaces, &base, world)?;
    let mut plan = plan::plan(&inputs, args, question.scope, &mut workspaces, sources, &base, world)?;
    let plain: Vec<_> =
        std::mem::take(&mut inputs.plain).into_iter().map(|plain| (workspaces.of(&plain.folder), plain)).collect();
    let of_plain: Vec<_> = plain.iter().map(|(workspace, _)| workspace.clone()).collect();
    refuse_what_is_for_charts(args, question.scope, &plan, &inputs, &of_plain)?;
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
) -> Result<Compiled, Trouble> {
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
        troubles.extend(ask(&mut units, question, &store, context, world));
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
    let (names, places) = places(&units);
    let neighbourhoods = neighbourhoods(&names, &places, &sets);
    question.begin("judging release", units.len());
    units.par_iter_mut().zip(&documents).zip(&sets).zip(&places).for_each(|(((unit, documents), objects), place)| {
        if let Some(rules) = rules_of(unit) {
            let neighbourhood = place.and_then(|place| neighbourhoods.get(place));
            judge(unit, Judged { documents, objects, neighbourhood }, question.stages, &store, rules);
        }
        question.tick();
    });

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
    let mut report = Report::default();
    (report.findings, report.suppressed) = allowing::settle(general, &mut units, &judges, question, sources, world);
    report.findings.retain(|finding| is_wanted(finding, question.rules));
    linting::say_once(&mut report.findings);
    if question.fixes {
        let outputs = units.iter().filter_map(|unit| unit.output.as_ref());
        Trees::new(documents.iter().flatten(), outputs).settle(&mut report.findings, sources);
    }
    report.findings = merge(report.findings, sources);
    report.findings.iter_mut().for_each(|finding| settle_namespace(finding, &store));
    let own = judges.iter().flat_map(|(_, rules)| &rules.own);
    report.rules = own.map(|rule| (rule.id.clone(), report::about(rule))).collect();
    report.checked = units.iter().map(|unit| unit.checked.clone()).collect();
    drop(neighbourhoods);
    drop(sets);
    units.iter_mut().zip(documents).for_each(|(unit, documents)| unit.documents = documents);
    Ok(Compiled { report, troubles, units })
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
    let mut finder = Finder::new(world, base, &input.exclude)?.only_manifests(input.only_manifests);
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
    scope: Scope,
    plan: &Plan,
    inputs: &Inputs,
    plain: &[Option<Arc<Loaded>>],
) -> Result<(), Trouble> {
    let no_charts = inputs.charts.is_empty() && inputs.workspaces.is_empty();
    let named = args.name.is_some() && scope == Scope::Every;
    if no_charts && (named || !args.overrides.0.is_empty()) {
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
    for (parsed, _) in parsed.into_iter().filter(|(parsed, named)| *named || is_manifest(parsed)) {
        documents.extend(parsed.documents);
        findings.extend(parsed.diagnostics);
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
        chart: None,
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
        chart: Some(Arc::clone(&job.chart)),
    })
}

/// Asks the cluster of each unit what it says of the unit's objects. The first trouble ends it: a cluster that does not
/// answer would not answer the next time either.
#[cfg(feature = "cluster")]
fn ask(
    units: &mut [Unit],
    question: &Question<'_>,
    store: &SchemaStore,
    context: &ContextArgs,
    world: &dyn World,
) -> Option<Trouble> {
    let embedded = |api_version: &str, kind: &str| store.embedded_pods(api_version, kind);
    question.begin("asking the cluster about release", units.len());
    for unit in units {
        let namespace = unit.namespace.as_deref();
        let objects = ObjectSet::read(&unit.documents, namespace, &embedded);
        let environment = unit.checked.environment.as_deref();
        match live::ask(&objects, namespace, unit.workspace.as_deref(), environment, context, world) {
            Ok(answers) => unit.answers = Some(answers),
            Err(trouble) => return Some(trouble),
        }
        question.tick();
    }
    None
}

/// What is judged of a unit, and beside what.
#[derive(Clone, Copy)]
struct Judged<'a> {
    documents: &'a [Document],
    objects: &'a ObjectSet<'a>,
    neighbourhood: Option<&'a Neighbourhood<'a>>,
}

/// Gives the names of units, and of each the number of its neighbourhood: the releases of its workspace in its environment.
fn places(units: &[Unit]) -> (Vec<String>, Vec<Option<usize>>) {
    let mut known = HashMap::new();
    let places = units.iter().map(|unit| {
        let folder = &unit.workspace.as_ref().filter(|_| unit.checked.is_release)?.folder;
        let next = known.len();
        Some(*known.entry((folder, &unit.checked.environment)).or_insert(next))
    });
    (units.iter().map(|unit| unit.checked.name.clone()).collect(), places.collect())
}

/// Makes the neighbourhoods that units have their places in.
fn neighbourhoods<'a>(
    names: &'a [String],
    places: &[Option<usize>],
    sets: &'a [ObjectSet<'a>],
) -> Vec<Neighbourhood<'a>> {
    let count = places.iter().flatten().max().map_or(0, |last| last + 1);
    let mut releases: Vec<Vec<(&str, &ObjectSet<'_>)>> = vec![Vec::new(); count];
    for ((name, place), set) in names.iter().zip(places).zip(sets) {
        if let Some(place) = place {
            releases[*place].push((name, set));
        }
    }
    releases.into_par_iter().map(Neighbourhood::new).collect()
}

/// Runs the judging stages over a unit, and carries what they find back to what a person wrote.
fn judge(unit: &mut Unit, judged: Judged<'_>, stages: Stages, store: &SchemaStore, rules: &Rules) {
    let Judged { documents, objects, neighbourhood } = judged;
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
            LintContext { environment, release, versions: &unit.versions, complete: unit.complete, neighbourhood };
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
    unit.allows = suppress::annotations(objects, release, environment, &rules.own);
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
