//! From inputs to a report: fans out over releases and environments, runs the stages, gathers what they find.

pub(super) mod against;
pub(super) mod allowing;
pub(super) mod checking;
pub(super) mod definitions;
pub(super) mod gather;
pub(super) mod linting;
pub(super) mod looks;
pub(super) mod merge;
pub(super) mod own;
pub(super) mod policies;
pub(super) mod release;
pub(super) mod settle;
pub(super) mod written;

use crate::api;
use crate::cli::args::{InputArgs, ReleaseArgs, RuleArgs};
use crate::cli::inputs::plan::Scope;
#[cfg(feature = "cluster")]
use crate::cli::live::{self, ContextArgs};
use crate::cli::paths::Base;
use crate::cli::progress::Progress;
use crate::cli::report;
use crate::cli::trouble::Trouble;
use crate::cli::world::World;
use crate::diagnostic::emit::Report;
use crate::diagnostic::{Diagnostic, Severity};
use crate::lint::suppress;
use crate::lint::{LintContext, Neighbourhood};
use crate::object::ObjectSet;
use crate::schema::{SchemaStore, Version};
use crate::source::SourceMap;
use crate::yaml::Document;
use gather::{Asked, Built, Unit};
use linting::Rules;
use merge::merge;
use rayon::prelude::*;
use settle::Trees;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

/// Which stages run.
#[derive(Clone, Copy, Debug)]
pub(in crate::cli) struct Stages {
    /// The API's schemas.
    pub validate: bool,
    /// Rules.
    pub lint: bool,
    /// A custom resource without a schema is an error.
    pub strict_kinds: bool,
}

/// What a command line asks for.
#[derive(Clone, Copy)]
pub(in crate::cli) struct Question<'a> {
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

/// What a run found, and what it found it in.
pub(in crate::cli) struct Compiled {
    pub(in crate::cli) report: Report,
    pub(in crate::cli) troubles: Vec<Trouble>,
    pub(in crate::cli) units: Vec<Unit>,
    /// The schemas that it was judged by, custom ones among them.
    #[cfg_attr(not(feature = "cluster"), expect(dead_code, reason = "only what is applied is looked up again"))]
    pub(in crate::cli) store: SchemaStore,
}

/// Finds the inputs, runs the stages over them, and gives the report with the troubles on the way.
pub(in crate::cli) fn compile(
    question: &Question<'_>,
    sources: &SourceMap,
    world: &dyn World,
) -> Result<Compiled, Trouble> {
    let base = Base::current(world)?;
    let asked = Asked {
        input: question.input,
        args: question.release,
        scope: question.scope,
        verbose: question.verbose,
        progress: question.progress,
    };
    let gathered = asked.gather(sources, &base, world)?;
    gathered.refuse_what_is_for_charts(&asked)?;
    run(question, gathered.build(&asked, sources, world), &base, sources, world)
}

/// Runs the stages over what was rendered and parsed.
pub(in crate::cli) fn run(
    question: &Question<'_>,
    Built { mut units, plan, mut troubles }: Built,
    base: &Base,
    sources: &SourceMap,
    world: &dyn World,
) -> Result<Compiled, Trouble> {
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
    general.extend(reader.flags(&question.input.crds)?);
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
    Progress::begin(question.progress, "judging release", units.len());
    units.par_iter_mut().zip(&documents).zip(&sets).zip(&places).for_each(|(((unit, documents), objects), place)| {
        if let Some(rules) = rules_of(unit) {
            let neighbourhood = place.and_then(|place| neighbourhoods.get(place));
            judge(unit, Judged { documents, objects, neighbourhood }, question.stages, &store, rules);
        }
        Progress::tick(question.progress);
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
    Ok(Compiled { report, troubles, units, store })
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
    Progress::begin(question.progress, "asking the cluster about release", units.len());
    for unit in units {
        let namespace = unit.namespace.as_deref();
        let objects = ObjectSet::read(&unit.documents, namespace, &embedded);
        let environment = unit.checked.environment.as_deref();
        match live::ask(&objects, namespace, unit.workspace.as_deref(), environment, context, world) {
            Ok(answers) => unit.answers = Some(answers),
            Err(trouble) => return Some(trouble),
        }
        Progress::tick(question.progress);
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
    let versions: Arc<[String]> = unit.checked.versions.iter().cloned().collect();
    for finding in judged.iter_mut().filter(|finding| finding.versions.is_empty()) {
        finding.versions = Arc::clone(&versions);
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
            if object.namespace.is_none() && unit.namespace.is_some() {
                Arc::make_mut(object).namespace.clone_from(&unit.namespace);
            }
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
        && object.namespace.is_some()
        && store.is_namespaced(Version::LATEST, &object.api_version, &object.kind) == Some(false)
    {
        Arc::make_mut(object).namespace = None;
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
