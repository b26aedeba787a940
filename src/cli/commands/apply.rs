//! `apply`: checks releases, and brings clusters to what they say.

use super::plan::promise;
use crate::apply::{self, How, Refusal, Wanted};
use crate::chart;
use crate::cli::Exit;
use crate::cli::args::{
    FailOn, FormatArg, FormatName, InputArgs, ReleaseArgs, ReportArgs, RuleArgs, StrictArgs, ToneArgs,
};
use crate::cli::compile::gather::Unit;
use crate::cli::compile::{self, Compiled, Question, Stages};
use crate::cli::inputs::plan::Scope;
use crate::cli::live::changing::{
    COLOUR, ChangeArgs, OutputArgs, OutputFormat, Teller, Telling, check_name, converse, finish, release_name,
};
use crate::cli::live::{WayArgs, pinned};
use crate::cli::paths::Base;
use crate::cli::report;
use crate::cli::trouble::Trouble;
use crate::cli::world::World;
use crate::cluster::{Found, find};
use crate::diagnostic::emit::{Format, Json, Report as Findings};
use crate::diagnostic::{Diagnostic, Severity};
use crate::diff::{Left, as_applied};
use crate::object::{Object, ObjectSet};
use crate::schema::{SchemaStore, Version};
use crate::source::SourceMap;
use clap::Args;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// The flags of `apply`.
#[derive(Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(in crate::cli) struct ApplyArgs {
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    release: ReleaseArgs,
    #[command(flatten)]
    rules: RuleArgs,
    #[command(flatten)]
    strict: StrictArgs,
    /// Apply nothing where there are findings of this severity or a worse one
    #[arg(long, value_name = "SEVERITY", default_value = "error")]
    fail_on: FailOn,
    /// Apply without checking; the revision says so
    #[arg(long)]
    skip_checks: bool,
    /// Apply what this plan says, of `plan --out FILE`; nothing where anything is not as it was when the plan was made
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
    /// Ask the cluster what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Create the namespace of the release, where it is missing
    #[arg(long)]
    create_namespace: bool,
    /// Go back to the revision before where applying fails; remove what a first one left
    #[arg(long)]
    rollback_on_failure: bool,
    /// Take fields that other managers hold
    #[arg(long)]
    force_conflicts: bool,
    /// Take objects that belong to a release of Helm's, or to another ApplySet
    #[arg(long)]
    take_ownership: bool,
    /// Go on where no object would be left
    #[arg(long)]
    allow_empty: bool,
    /// How many revisions are kept
    #[arg(long, value_name = "NUMBER", default_value = "10", value_parser = clap::value_parser!(u16).range(1..))]
    history_max: u16,
    #[cfg(feature = "oci")]
    #[command(flatten)]
    trust: crate::cli::registries::trust::TrustArgs,
    #[command(flatten)]
    way: WayArgs,
    #[command(flatten)]
    change: ChangeArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl ApplyArgs {
    /// Runs `apply`.
    pub(in crate::cli) fn run(&self, world: &dyn World) -> Exit {
        let sources = SourceMap::new();
        match self.apply(&sources, world) {
            Ok(exit) => exit,
            Err(trouble) => {
                trouble.tell(world);
                Exit::Trouble
            }
        }
    }

    fn apply(&self, sources: &SourceMap, world: &dyn World) -> Result<Exit, Trouble> {
        if let [_, second, ..] = self.release.environments.as_slice() {
            return Err(Trouble::new(format!("one environment at a time: leave out `-e {second}`")));
        }
        #[cfg(feature = "oci")]
        self.trust.hold();
        let judged = !self.skip_checks;
        let question = Question {
            input: &self.input,
            release: &self.release,
            rules: &self.rules,
            stages: Stages { validate: judged, lint: judged, strict_kinds: self.strict.strict_kinds },
            fixes: false,
            suppressions: true,
            scope: Scope::Bare,
            live: None,
            verbose: false,
            progress: None,
        };
        let Compiled { report, troubles, units, store } = compile::compile(&question, sources, world)?;
        let store = Arc::new(store);
        let stops = report.findings.iter().any(|finding| self.fail_on.mildest() >= Some(finding.severity));
        // What cannot be rendered or read cannot be applied, whatever is checked.
        let broken = self.skip_checks && report.count(Severity::Error) > 0;
        if stops || broken || !troubles.is_empty() {
            return Ok(self.refuse(report, troubles, sources, &Base::current(world)?, world));
        }
        if units.is_empty() {
            return Err(Trouble::new("there is nothing to apply"));
        }
        #[cfg(feature = "oci")]
        self.trust.refuse_local(units.iter().map(|unit| {
            unit.chart.as_ref().map_or(unit.checked.name.as_str(), |chart| chart.metadata.source.name())
        }))?;
        if let (Some(_), [_, second, ..]) = (&self.plan, units.as_slice()) {
            let name = &second.checked.name;
            return Err(Trouble::new(format!(
                "a plan is for one release, and here are {}: `{name}` is another",
                units.len()
            ))
            .help("choose one with `--name`"));
        }
        let units = in_order(units);
        for (at, unit) in units.iter().enumerate() {
            let exit = self.apply_one(unit, &store, sources, world)?;
            if exit != Exit::Done {
                let left: Vec<&str> = units[at + 1..].iter().map(|unit| unit.checked.name.as_str()).collect();
                if !left.is_empty() {
                    world.err(&format!("not begun: {}\n", left.join(", ")));
                }
                return Ok(exit);
            }
        }
        Ok(Exit::Done)
    }

    /// Tells findings that stop it.
    fn refuse(
        &self,
        report: Findings,
        troubles: Vec<Trouble>,
        sources: &SourceMap,
        base: &Base,
        world: &dyn World,
    ) -> Exit {
        let name = match self.output.format {
            OutputFormat::Terminal => FormatName::Terminal,
            OutputFormat::Json => FormatName::Json,
        };
        let found = troubles.is_empty();
        let args = ReportArgs {
            fail_on: self.fail_on,
            formats: vec![FormatArg { name, file: None }],
            tone: ToneArgs { color: COLOUR, quiet: self.change.quiet, verbose: false },
        };
        let exit = report::finish(report, sources, troubles, &args, base, world);
        world.err("nothing was applied\n");
        if found { Exit::Findings } else { exit }
    }

    fn apply_one(
        &self,
        unit: &Unit,
        store: &Arc<SchemaStore>,
        sources: &SourceMap,
        world: &dyn World,
    ) -> Result<Exit, Trouble> {
        let name = release_name(unit, self.release.name.as_deref(), world)?;
        check_name(&name)?;
        let objects = ObjectSet::read(&unit.documents, unit.namespace.as_deref(), &|_, _| Vec::new());
        if let Some(object) = objects.iter().find(|object| chart::is_encrypted(object.node)) {
            let help = "decrypt it first, or let an operator in the cluster do so";
            return Err(Trouble::new(format!("{} {} is encrypted by SOPS", object.kind, object.name)).help(help));
        }
        let environment = unit.checked.environment.clone();
        let options = self.way.options(pinned(unit.workspace.as_deref(), environment.as_deref()), world)?;
        let promise =
            self.plan.as_ref().map(|file| promise(file, environment.as_deref(), sources, world)).transpose()?;
        let metadata = unit.chart.as_ref().map(|chart| &chart.metadata);
        let mut wanted = Wanted {
            release: name.clone(),
            namespace: unit.namespace.clone().unwrap_or_default(),
            objects: objects.iter().map(as_applied).collect(),
            chart: metadata
                .map_or_else(|| unit.checked.name.clone(), |chart| format!("{}-{}", chart.name, chart.version)),
            app_version: metadata
                .and_then(|chart| chart.app_version.as_ref())
                .map(|version| version.value.clone())
                .unwrap_or_default(),
            environment,
            unchecked: self.skip_checks,
            promise,
        };
        let how = How {
            create_namespace: self.create_namespace,
            rollback_on_failure: self.rollback_on_failure,
            force_conflicts: self.force_conflicts,
            take_ownership: self.take_ownership,
            allow_empty: self.allow_empty,
            keep: usize::from(self.history_max),
            left: left(unit, store),
            ..self.change.how(world)
        };
        let teller = Teller::new(world, self.change.quiet || self.output.format == OutputFormat::Json);
        let report = converse(&options, world, async |server| {
            if wanted.namespace.is_empty() {
                server.cluster().namespace().clone_into(&mut wanted.namespace);
            }
            if self.dry_run {
                apply::rehearse(&server, &wanted, &how, &teller).await
            } else {
                apply::deploy(&server, &wanted, &how, &teller).await
            }
        });
        teller.done();
        let report = report?;
        let listed: Vec<&Object<'_>> = objects.iter().collect();
        let findings: Vec<Diagnostic> = report
            .refused
            .iter()
            .map(|refusal| {
                let finding = finding(refusal, &listed);
                let mut finding =
                    unit.output.as_ref().map_or_else(|| finding.clone(), |output| output.resolve(finding.clone()));
                finding.release = unit.checked.is_release.then(|| unit.checked.name.clone());
                finding.environments = unit.checked.environment.iter().cloned().collect();
                finding
            })
            .collect();
        let findings = if self.output.format == OutputFormat::Json {
            as_json(findings, sources)
        } else {
            if !findings.is_empty() {
                report::tell(findings, COLOUR, sources, world);
            }
            Vec::new()
        };
        let telling =
            Telling { verb: "applied", rehearsed: self.dry_run, format: self.output.format, findings: Some(findings) };
        Ok(finish(&report, &telling, world))
    }
}

/// Gives what the workspace of a release leaves to others.
fn left(unit: &Unit, store: &Arc<SchemaStore>) -> Option<Arc<Left>> {
    let rules = &unit.workspace.as_deref().filter(|loaded| !loaded.workspace.ignore.is_empty())?.workspace.ignore;
    let version = unit.versions.last().copied().unwrap_or(Version::LATEST);
    Some(Arc::new(Left { rules: rules.clone(), store: Arc::clone(store), version }))
}

/// Makes a finding of a refusal, at the field that it is about.
fn finding(refusal: &Refusal, objects: &[&Object<'_>]) -> Diagnostic {
    let mut finding = Diagnostic::error(refusal.rule, refusal.message.clone());
    finding.help.clone_from(&refusal.help);
    if let Some(object) = refusal.source.and_then(|source| objects.get(source)) {
        let Found { node, path } = find(object.node, &refusal.field);
        finding.span = Some(node.head());
        finding.path = Some(path).filter(|path| !path.is_empty());
        finding.object = Some(object.full_name());
        finding.masked = object.kind == "Secret";
    }
    finding
}

fn as_json(findings: Vec<Diagnostic>, sources: &SourceMap) -> Vec<serde_json::Value> {
    let mut report = Findings { findings, ..Findings::default() };
    report.sort(sources);
    let written: serde_json::Value = serde_json::from_str(&Json.write(&report, sources)).unwrap_or_default();
    written.get("findings").and_then(serde_json::Value::as_array).cloned().unwrap_or_default()
}

/// Sorts releases so that each comes after those that it needs.
fn in_order(units: Vec<Unit>) -> Vec<Unit> {
    let needs = |unit: &Unit| -> Vec<String> {
        let releases = unit.workspace.iter().flat_map(|loaded| &loaded.workspace.releases);
        let mut ours = releases.filter(|release| release.name.value == unit.checked.name);
        ours.next().map(|release| release.needs.iter().map(|need| need.value.clone()).collect()).unwrap_or_default()
    };
    let mut left: BTreeMap<usize, Unit> = units.into_iter().enumerate().collect();
    let mut sorted = Vec::new();
    while !left.is_empty() {
        let waits = |unit: &Unit| needs(unit).iter().any(|need| left.values().any(|other| other.checked.name == *need));
        // Cycles are findings of the workspace, so that there always is a next one.
        let next = left.iter().find(|(_, unit)| !waits(unit)).or_else(|| left.iter().next()).map(|(index, _)| *index);
        sorted.extend(next.and_then(|index| left.remove(&index)));
    }
    sorted
}
