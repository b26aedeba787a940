//! Which charts are rendered, as which releases, in which environments.

use super::overrides::Override;
use super::packed::is_archive;
use super::workspaces::{Loaded, Workspaces};
use super::{CHART_FILE, Finder, Inputs, WORKSPACE_FILE, read_chart, refuse_unsupported};
use crate::chart::{self, Chart, ChartType};
use crate::cli::args::ReleaseArgs;
use crate::cli::paths::Base;
use crate::cli::trouble::Trouble;
use crate::cli::world::World;
use crate::diagnostic::{Diagnostic, nearest};
use crate::render::Templates;
use crate::schema::Version;
use crate::source::SourceMap;
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// A chart to be rendered as a release, in an environment or in none.
pub(in crate::cli) struct Job {
    /// The chart's folder, or its archive.
    pub folder: PathBuf,
    /// The chart.
    pub chart: Arc<Chart>,
    /// Its templates and those of its subcharts; releases of one chart share them.
    pub cache: Arc<TemplateCache>,
    /// The workspace that it belongs to.
    pub workspace: Option<Arc<Loaded>>,
    /// The release's name.
    pub name: String,
    /// The environment.
    pub environment: Option<String>,
    /// The namespace, as far as anybody named one.
    pub namespace: Option<String>,
    /// The Kubernetes versions that it is for, oldest first.
    pub versions: Vec<Version>,
    /// Values beyond the chart's own, the later over the earlier, as flags and as read.
    pub overrides: Vec<(Override, chart::Override)>,
    /// The revision that it becomes.
    pub revision: u32,
    /// Whether it takes the place of an earlier revision.
    pub is_upgrade: bool,
    /// Versions of APIs that the cluster has beside its own.
    pub api_versions: Vec<String>,
}

/// The templates of a chart and of its subcharts, each made ready for rendering once.
#[derive(Default)]
pub(in crate::cli) struct TemplateCache(Mutex<HashMap<usize, Arc<Templates>>>);

impl TemplateCache {
    /// Gives the templates of the chart or of one of its subcharts, which are told apart by where they lie in memory.
    pub(in crate::cli) fn templates(&self, chart: &Arc<Chart>) -> Arc<Templates> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let templates = known.entry(Arc::as_ptr(chart).addr());
        Arc::clone(templates.or_insert_with(|| Arc::new(Templates::of(chart))))
    }
}

/// All jobs, and what came up on the way to them.
#[derive(Default)]
pub(in crate::cli) struct Plan {
    /// In the order of the inputs, then of the environments.
    pub jobs: Vec<Job>,
    /// What is wrong with the charts themselves, and with releases that the workspace declares.
    pub findings: Vec<Diagnostic>,
    /// Charts that could not be read.
    pub troubles: Vec<Trouble>,
    /// Every environment that any input knows.
    pub environments: BTreeSet<String>,
}

/// A chart, as a release that a workspace declares or on its own.
struct Target {
    folder: PathBuf,
    workspace: Option<Arc<Loaded>>,
    release: Option<chart::Release>,
}

/// A chart that was read.
#[derive(Clone)]
struct Prepared {
    chart: Arc<Chart>,
    cache: Arc<TemplateCache>,
    /// All of its files could be read.
    is_whole: bool,
}

/// Which environments are meant where no flag names one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Scope {
    /// Every declared one; none where none is declared.
    Every,
    /// None: the bare values.
    Bare,
}

/// Plans all charts of the inputs.
pub(in crate::cli) fn plan(
    inputs: &Inputs,
    args: &ReleaseArgs,
    scope: Scope,
    workspaces: &mut Workspaces<'_>,
    sources: &SourceMap,
    base: &Base,
    world: &dyn World,
) -> Result<Plan, Trouble> {
    let mut plan = Plan::default();
    let mut targets = targets(inputs, workspaces, base, &mut plan, world);
    // A name chooses among the releases of a workspace; a chart on its own gets it.
    let is_named = |target: &Target| {
        target.release.as_ref().is_some_and(|release| Some(&release.name.value) == args.name.as_ref())
    };
    if targets.iter().any(is_named) {
        targets.retain(is_named);
    }
    if let (Some(name), true) = (&args.name, targets.len() > 1) {
        return Err(Trouble::new(format!("`--name {name}` is for one chart, and here are {}", targets.len())));
    }
    let flags: Vec<_> = args.overrides.0.iter().cloned().zip(args.overrides.read(sources, world)?).collect();
    let given = versions(&args.versions)?;
    let mut charts: HashMap<PathBuf, Option<Prepared>> = HashMap::new();
    for target in &targets {
        let known = charts.get(&target.folder).cloned();
        let prepared = known.unwrap_or_else(|| {
            let (files, troubles) = read_chart(world, base, &target.folder);
            let (chart, findings) =
                if files.is_empty() && !troubles.is_empty() { (None, Vec::new()) } else { Chart::load(sources, files) };
            let is_whole = troubles.is_empty();
            let chart = chart.map(|chart| Prepared { chart: Arc::new(chart), cache: Arc::default(), is_whole });
            plan.troubles.extend(troubles);
            plan.findings.extend(findings);
            charts.insert(target.folder.clone(), chart.clone());
            chart
        });
        let Some(Prepared { chart, cache, is_whole }) = prepared else { continue };
        // A library is checked through the charts that use it.
        if chart.metadata.chart_type == ChartType::Library && target.release.is_none() {
            continue;
        }
        let values = values_files(target, sources, world)?;
        let declared = declared(target, &chart, &mut plan);
        plan.environments.extend(declared.iter().cloned());
        // What would be rendered of the rest is nothing that anybody meant.
        if !is_whole {
            continue;
        }
        let wanted: Vec<Option<String>> = match (declared.is_empty(), args.environments.is_empty()) {
            (_, true) if scope == Scope::Bare => vec![None],
            (true, true) => vec![None],
            (_, true) => declared.into_iter().map(Some).collect(),
            (_, false) => declared.into_iter().filter(|name| args.environments.contains(name)).map(Some).collect(),
        };
        for environment in wanted {
            plan.jobs.push(Job {
                folder: target.folder.clone(),
                chart: Arc::clone(&chart),
                cache: Arc::clone(&cache),
                workspace: target.workspace.clone(),
                name: name(args, target, &chart),
                namespace: namespace(args, target, environment.as_deref()),
                versions: target_versions(&given, target.workspace.as_deref(), environment.as_deref()),
                overrides: values.iter().chain(&flags).cloned().collect(),
                revision: 1,
                is_upgrade: false,
                api_versions: Vec::new(),
                environment,
            });
        }
    }
    Ok(plan)
}

/// Finds what the inputs' charts are released as.
fn targets(
    inputs: &Inputs,
    workspaces: &mut Workspaces<'_>,
    base: &Base,
    plan: &mut Plan,
    world: &dyn World,
) -> Vec<Target> {
    let mut targets = Vec::new();
    for file in &inputs.workspaces {
        let Some(loaded) = workspaces.read(file) else { continue };
        for release in &loaded.workspace.releases {
            let path = Path::new(release.chart.as_str());
            if let Err(trouble) = refuse_unsupported(path) {
                plan.troubles.push(trouble);
                continue;
            }
            let (folder, workspace) = (base.relative(&loaded.path(path)), Some(Arc::clone(&loaded)));
            let there = if is_archive(path) { world.entry(&folder) } else { world.entry(&folder.join(CHART_FILE)) };
            if there.is_err() {
                let message = format!(
                    "the release `{}` names no chart: `{}` has no {CHART_FILE}",
                    release.name.value,
                    path.display()
                );
                let finding = Diagnostic::error("workspace/no-chart", message).at(release.chart.span);
                plan.findings.push(finding.help("name a chart's folder, from the folder of this file"));
                continue;
            }
            targets.push(Target { folder, workspace, release: Some(release.clone()) });
        }
    }
    for folder in &inputs.charts {
        let workspace = workspaces.of(folder);
        let chart = base.absolute(folder);
        let releases = workspace.iter().flat_map(|loaded| {
            let is_of =
                |release: &&chart::Release| base.absolute(&loaded.path(release.chart.as_str().as_ref())) == chart;
            loaded.workspace.releases.iter().filter(is_of)
        });
        let mut releases: Vec<_> = releases.cloned().map(Some).collect();
        if releases.is_empty() {
            releases.push(None);
        }
        let target = |release| Target { folder: folder.clone(), workspace: workspace.clone(), release };
        targets.extend(releases.into_iter().map(target));
    }
    targets
}

/// Refuses environments that nobody knows.
pub(in crate::cli) fn check_environments(wanted: &[String], known: &[&str]) -> Result<(), Trouble> {
    let Some(unknown) = wanted.iter().find(|name| !known.contains(&name.as_str())) else { return Ok(()) };
    let help = match nearest(unknown, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => {
            format!("no environment is declared, in {WORKSPACE_FILE} or in a chart's folder `environments/`")
        }
        None => format!("there are {}", known.join(", ")),
    };
    Err(Trouble::new(format!("unknown environment `{unknown}`")).help(help))
}

/// A path that must lead to one release, in at most one environment.
pub(in crate::cli) struct One<'a> {
    /// The path; the current folder where there is none.
    pub path: Option<&'a Path>,
    /// The flags.
    pub args: &'a ReleaseArgs,
    /// `--config`
    pub config: Option<&'a Path>,
}

impl One<'_> {
    /// Plans it, and gives what is wrong with the chart itself.
    pub(in crate::cli) fn plan(
        &self,
        sources: &SourceMap,
        world: &dyn World,
    ) -> Result<(Job, Vec<Diagnostic>), Trouble> {
        if let [_, second, ..] = self.args.environments.as_slice() {
            return Err(Trouble::new(format!("one environment at a time: leave out `-e {second}`")));
        }
        let base = Base::current(world)?;
        let mut workspaces = Workspaces::new(world, &base, sources, self.config);
        let path = self.path.unwrap_or(Path::new(".")).to_owned();
        let shown = path.display().to_string();
        let inputs = Finder::new(world, &base, &[])?.find(&[path]);
        let mut plan = plan(&inputs, self.args, Scope::Bare, &mut workspaces, sources, &base, world)?;
        let troubles = inputs.troubles.into_iter().chain(plan.troubles).chain(workspaces.troubles);
        if let Some(trouble) = troubles.into_iter().next() {
            return Err(trouble);
        }
        if inputs.charts.is_empty() && inputs.workspaces.is_empty() {
            return Err(Trouble::new(format!("there is no chart at `{shown}`")));
        }
        plan.findings.extend(workspaces.findings);
        let names: Vec<_> = plan.jobs.iter().map(|job| job.name.clone()).collect();
        match plan.jobs.pop() {
            Some(job) if plan.jobs.is_empty() => Ok((job, plan.findings)),
            Some(_) => Err(Trouble::new(format!("`{shown}` leads to several releases: {}", names.join(", ")))
                .help("choose one with `--name`, or name its chart's folder")),
            None => {
                let known: Vec<_> = plan.environments.iter().map(String::as_str).collect();
                check_environments(&self.args.environments, &known)?;
                Err(Trouble::new(format!("the chart at `{shown}` cannot be rendered"))
                    .help("`plimsoll check` says why"))
            }
        }
    }
}

fn name(args: &ReleaseArgs, target: &Target, chart: &Chart) -> String {
    let declared = target.release.as_ref().map(|release| release.name.value.clone());
    args.name.clone().or(declared).unwrap_or_else(|| chart.metadata.name.clone())
}

fn namespace(args: &ReleaseArgs, target: &Target, environment: Option<&str>) -> Option<String> {
    let of_release = || target.release.as_ref()?.namespace.as_ref();
    let of_environment = || target.workspace.as_ref()?.workspace.environment(environment?)?.namespace.as_ref();
    args.namespace.clone().or_else(|| of_release().or_else(of_environment).map(|name| name.value.clone()))
}

/// Gives the environments of a target: those that its release names, else all that the workspace or the chart knows.
fn declared(target: &Target, chart: &Chart, plan: &mut Plan) -> Vec<String> {
    let workspace = target.workspace.as_ref().map(|loaded| &loaded.workspace);
    let of_workspace = workspace.iter().flat_map(|workspace| &workspace.environments);
    let mut known: Vec<String> = of_workspace.map(|environment| environment.name.value.clone()).collect();
    for name in chart.environments.keys() {
        if !known.contains(name) {
            known.push(name.clone());
        }
    }
    let Some(release) = target.release.as_ref().filter(|release| !release.environments.is_empty()) else {
        return known;
    };
    let mut named = Vec::new();
    for name in &release.environments {
        if known.contains(&name.value) {
            named.push(name.value.clone());
            continue;
        }
        let help = match nearest(name, known.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "declare it under `environments`, or in the chart's folder `environments/`".to_owned(),
        };
        let message = format!("unknown environment `{}`", name.value);
        plan.findings.push(Diagnostic::error("workspace/unknown-environment", message).at(name.span).help(help));
    }
    named
}

/// Reads the files of values that a release names.
fn values_files(
    target: &Target,
    sources: &SourceMap,
    world: &dyn World,
) -> Result<Vec<(Override, chart::Override)>, Trouble> {
    let (Some(release), Some(loaded)) = (&target.release, &target.workspace) else { return Ok(Vec::new()) };
    let read = |path: &chart::Spanned<String>| {
        let file = Override::File(loaded.folder.join(path.as_str()));
        let read = file.read(sources, world)?;
        Ok((file, read))
    };
    release.values.iter().map(read).collect()
}

/// Gives the versions to target: the flags', else the workspace's for the environment, else the newest.
pub(in crate::cli) fn target_versions(
    given: &[Version],
    loaded: Option<&Loaded>,
    environment: Option<&str>,
) -> Vec<Version> {
    if !given.is_empty() {
        return given.to_vec();
    }
    let written = loaded.map(|loaded| loaded.workspace.versions(environment)).unwrap_or_default();
    let known = written.iter().filter_map(|text| Version::parse(text)).filter(|version| version.is_known());
    let versions: BTreeSet<_> = known.collect();
    if versions.is_empty() { vec![Version::LATEST] } else { versions.into_iter().collect() }
}

/// Reads the versions of flags.
pub(in crate::cli) fn versions(written: &[String]) -> Result<Vec<Version>, Trouble> {
    let read = |text: &String| {
        let version = Version::parse(text).filter(|version| version.is_known());
        version.ok_or_else(|| Trouble::new(unknown_version(text)).help(known_versions()))
    };
    let versions = written.iter().map(read).collect::<Result<BTreeSet<_>, _>>()?;
    Ok(versions.into_iter().collect())
}

/// Says that there are no schemas of a version.
pub(in crate::cli) fn unknown_version(text: &str) -> String {
    format!("there are no schemas of Kubernetes `{text}`")
}

/// Says of which versions there are.
pub(in crate::cli) fn known_versions() -> String {
    let known: Vec<_> = Version::ALL.iter().map(ToString::to_string).collect();
    format!("there are {}", known.join(", "))
}
