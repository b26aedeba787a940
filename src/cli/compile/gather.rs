//! From the paths of a command line to releases and sets of manifests, rendered and parsed.

use super::release::{self, Output};
use crate::chart::Chart;
use crate::cli::args::{InputArgs, ReleaseArgs};
use crate::cli::inputs::plan::{self, Job, Plan, Scope};
use crate::cli::inputs::workspaces::{Loaded, Workspaces};
use crate::cli::inputs::{Finder, Inputs, Plain, find_workspace};
#[cfg(feature = "cluster")]
use crate::cli::live::Answers;
use crate::cli::paths::Base;
use crate::cli::progress::Progress;
use crate::cli::trouble::Trouble;
use crate::cli::world::World;
use crate::diagnostic::emit::Checked;
use crate::diagnostic::{Diagnostic, Severity};
use crate::lint::suppress::Allow;
use crate::schema::Version;
use crate::source::SourceMap;
use crate::yaml::{self, Document, Kind, Parsed};
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

/// What is to be gathered.
#[derive(Clone, Copy)]
pub(in crate::cli) struct Asked<'a> {
    /// The paths.
    pub input: &'a InputArgs,
    /// What is rendered.
    pub args: &'a ReleaseArgs,
    /// Which environments are meant where none is named.
    pub scope: Scope,
    /// Tells on standard error what is read.
    pub verbose: bool,
    /// Whom to tell how far it is.
    pub progress: Option<&'a Progress>,
}

/// What paths lead to.
pub(in crate::cli) struct Gathered {
    /// The releases, with all that came up on the way to them.
    plan: Plan,
    /// Sets of plain manifests, with their workspaces.
    plain: Vec<(Option<Arc<Loaded>>, Plain)>,
    /// The Kubernetes versions that flags name.
    versions: Vec<Version>,
    /// Some path leads to a chart.
    has_charts: bool,
}

/// What paths lead to, rendered and parsed.
pub(in crate::cli) struct Built {
    /// The sets of plain manifests, then the releases.
    pub units: Vec<Unit>,
    /// The releases as they were planned, with findings about charts and workspaces.
    pub plan: Plan,
    /// What could not be read or rendered.
    pub troubles: Vec<Trouble>,
}

/// What is checked together: a release in an environment, or a set of plain manifests.
pub(in crate::cli) struct Unit {
    pub(in crate::cli) checked: Checked,
    pub(in crate::cli) workspace: Option<Arc<Loaded>>,
    pub(in crate::cli) namespace: Option<String>,
    pub(in crate::cli) versions: Vec<Version>,
    /// All that belongs together is there, so that what is not there is missing.
    pub(in crate::cli) complete: bool,
    pub(in crate::cli) documents: Vec<Document>,
    /// What it was rendered from; none for plain manifests.
    pub(in crate::cli) output: Option<Output>,
    pub(in crate::cli) findings: Vec<Diagnostic>,
    /// What admission policies refuse.
    pub(in crate::cli) refused: Vec<Diagnostic>,
    pub(in crate::cli) allows: Vec<Allow>,
    #[cfg(feature = "cluster")]
    pub(in crate::cli) answers: Option<Answers>,
    /// The chart that it was rendered from.
    #[cfg_attr(not(feature = "cluster"), expect(dead_code, reason = "only revisions name it"))]
    pub(in crate::cli) chart: Option<Arc<Chart>>,
}

impl Asked<'_> {
    /// Finds the inputs, and plans which releases are rendered.
    pub(in crate::cli) fn gather(
        &self,
        sources: &SourceMap,
        base: &Base,
        world: &dyn World,
    ) -> Result<Gathered, Trouble> {
        let mut workspaces = Workspaces::new(world, base, sources, self.input.config.as_deref());
        let versions = plan::versions(&self.args.versions)?;
        let mut inputs = find_inputs(self.input, &mut workspaces, base, world)?;
        let mut plan = plan::plan(&inputs, self.args, self.scope, &mut workspaces, sources, base, world)?;
        let plain: Vec<_> =
            std::mem::take(&mut inputs.plain).into_iter().map(|plain| (workspaces.of(&plain.folder), plain)).collect();
        if self.verbose {
            tell(&plan, &plain, world);
        }
        let has_charts = !inputs.charts.is_empty() || !inputs.workspaces.is_empty();
        plan.troubles.splice(0..0, inputs.troubles);
        plan.troubles.append(&mut workspaces.troubles);
        plan.findings.splice(0..0, workspaces.findings);
        Ok(Gathered { plan, plain, versions, has_charts })
    }
}

impl Gathered {
    /// Gives the names of all environments that any input knows.
    pub(in crate::cli) fn environments(&self) -> BTreeSet<String> {
        let workspaces = self.plain.iter().filter_map(|(workspace, _)| workspace.as_ref());
        let of_plain = workspaces.flat_map(|loaded| &loaded.workspace.environments);
        let of_plain = of_plain.map(|environment| environment.name.as_str().to_owned());
        self.plan.environments.iter().cloned().chain(of_plain).collect()
    }

    /// Refuses flags that nothing here would heed.
    pub(in crate::cli) fn refuse_what_is_for_charts(&self, asked: &Asked<'_>) -> Result<(), Trouble> {
        let named = asked.args.name.is_some() && asked.scope == Scope::Every;
        if !self.has_charts && (named || !asked.args.overrides.0.is_empty()) {
            return Err(Trouble::new("`--name`, `-f` and `--set` are for charts, and there is none here"));
        }
        let known = self.environments();
        plan::check_environments(&asked.args.environments, &known.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Parses the sets of plain manifests, and renders the releases.
    pub(in crate::cli) fn build(self, asked: &Asked<'_>, sources: &SourceMap, world: &dyn World) -> Built {
        let Self { mut plan, plain, versions, .. } = self;
        let mut units: Vec<Unit> = plain
            .into_par_iter()
            .map(|(workspace, plain)| read_plain(plain, workspace, asked.args, &versions, sources))
            .collect();
        let mut troubles = Vec::new();
        Progress::begin(asked.progress, "rendering release", plan.jobs.len());
        let tick = |_: &_| Progress::tick(asked.progress);
        let rendered: Vec<_> = plan.jobs.par_iter().map(|job| render(job, sources, world)).inspect(tick).collect();
        for unit in rendered {
            match unit {
                Ok(unit) => units.push(unit),
                Err(trouble) => troubles.push(trouble),
            }
        }
        troubles.append(&mut plan.troubles);
        Built { units, plan, troubles }
    }
}

impl Built {
    /// Plans and renders a release that nobody asked for by a path.
    pub(in crate::cli) fn of(job: Job, sources: &SourceMap, world: &dyn World) -> Result<Self, Trouble> {
        let unit = render(&job, sources, world)?;
        Ok(Self { units: vec![unit], plan: Plan { jobs: vec![job], ..Plan::default() }, troubles: Vec::new() })
    }
}

/// Finds what the paths lead to; without any, the workspace's releases, else the current folder.
pub(in crate::cli) fn find_inputs(
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
    let read = |(file, named)| {
        let parsed = yaml::parse(&file);
        (named || is_manifest(&parsed)).then_some(parsed)
    };
    let parsed: Vec<_> = files.into_par_iter().map(read).collect();
    let (mut documents, mut findings) = (Vec::new(), Vec::new());
    for parsed in parsed.into_iter().flatten() {
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
