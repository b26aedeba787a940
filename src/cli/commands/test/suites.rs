//! Finds charts and their files of tests, runs the tests in parallel, and reports in the order of the files.

use super::TestArgs;
use super::case::{self, Case, Outcome as Ran};
use super::snapshots;
use crate::chart::Chart;
use crate::cli::args::ReleaseArgs;
use crate::cli::compile::gather;
use crate::cli::compile::merge::merge;
use crate::cli::inputs::plan::{self, TemplateCache, check_environments};
use crate::cli::inputs::workspaces::{Loaded, Workspaces};
use crate::cli::inputs::{Finder, read_chart, read_text};
use crate::cli::paths::Base;
use crate::cli::trouble::Trouble;
use crate::cli::world::{Entry, Walk, World};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::emit::{Outcome, Report, Tested};
use crate::schema::Version;
use crate::source::SourceMap;
use crate::test::{Snapshots, Suite, Test};
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The folder of a chart's tests.
const FOLDER: &str = "tests";

/// A chart whose tests run.
pub(super) struct Tests {
    /// The chart's folder.
    pub folder: PathBuf,
    /// The chart.
    pub chart: Arc<Chart>,
    /// Its templates, which all cases share.
    pub cache: Arc<TemplateCache>,
    /// The workspace that it belongs to.
    pub workspace: Option<Arc<Loaded>>,
    /// Its files of tests.
    pub suites: Vec<Stored>,
}

/// A file of tests, with its snapshots.
pub(super) struct Stored {
    /// The path.
    pub path: PathBuf,
    /// The tests.
    pub suite: Suite,
    /// The snapshots that were stored.
    pub snapshots: Snapshots,
}

/// What is wrong on the way.
#[derive(Default)]
struct Gathered {
    findings: Vec<Diagnostic>,
    troubles: Vec<Trouble>,
}

/// Runs everything that `paths` lead to.
pub(super) fn run(
    args: &TestArgs,
    paths: &[PathBuf],
    sources: &SourceMap,
    world: &dyn World,
) -> Result<(Report, Vec<Trouble>), Trouble> {
    let current = world.current_folder().map_err(|error| Trouble::io("find", Path::new("."), &error))?;
    let base = Base::new(&current);
    let mut workspaces = Workspaces::new(world, &base, sources, args.input.config.as_deref());
    let given = plan::versions(args.version.as_slice())?.first().copied();
    let mut gathered = Gathered::default();
    let mut charts = Vec::new();
    for (folder, files) in charts_of(args, paths, &mut workspaces, &base, &mut gathered, world)? {
        let workspace = workspaces.of(&folder);
        charts.extend(read(folder, &files, workspace, &base, sources, &mut gathered, world));
    }
    let known: BTreeSet<&str> = charts.iter().flat_map(environments).collect();
    // What could not be read may declare them.
    if gathered.findings.is_empty() && gathered.troubles.is_empty() {
        check_environments(&args.environments, &known.into_iter().collect::<Vec<_>>())?;
    }
    gathered.findings.append(&mut workspaces.findings);
    gathered.troubles.append(&mut workspaces.troubles);
    let cases = cases(args, &charts, given);
    let is_clean = gathered.findings.is_empty() && gathered.troubles.is_empty();
    if cases.is_empty() && is_clean {
        return Err(nothing(args, &charts));
    }
    if args.report.tone.verbose {
        for case in &cases {
            world.err(&format!("running {}: {}\n", case.suite().source.name(), case.full_name()));
        }
    }
    let ran: Vec<Result<Ran, Trouble>> =
        cases.par_iter().map(|case| case::run(case, &args.input, &base, sources, world)).collect();
    Ok(report(args, &charts, &cases, ran, gathered, sources, world))
}

/// Finds the charts that the paths lead to, each with the files of tests that were named; none for all of them.
fn charts_of(
    args: &TestArgs,
    paths: &[PathBuf],
    workspaces: &mut Workspaces<'_>,
    base: &Base,
    gathered: &mut Gathered,
    world: &dyn World,
) -> Result<Vec<(PathBuf, Vec<PathBuf>)>, Trouble> {
    let mut found: Vec<(PathBuf, Option<Vec<PathBuf>>)> = Vec::new();
    let mut add = |folder: PathBuf, file: Option<PathBuf>| match found.iter_mut().find(|(known, _)| *known == folder) {
        Some((_, files)) => match (files.as_mut(), file) {
            (Some(files), Some(file)) if !files.contains(&file) => files.push(file),
            (Some(_), None) => *files = None,
            _ => {}
        },
        None => found.push((folder, file.map(|file| vec![file]))),
    };
    if args.input.paths.is_empty() {
        let inputs = gather::find_inputs(&args.input, workspaces, base, world)?;
        gathered.troubles.extend(inputs.troubles);
        for file in inputs.workspaces {
            let Some(loaded) = workspaces.read(&file) else { continue };
            for release in &loaded.workspace.releases {
                add(base.relative(&loaded.folder.join(release.chart.as_str())), None);
            }
        }
        inputs.charts.into_iter().for_each(|folder| add(folder, None));
    }
    let mut finder = Finder::new(world, base, &args.input.exclude)?;
    for path in paths {
        let inputs = finder.find(std::slice::from_ref(path));
        gathered.troubles.extend(inputs.troubles);
        for file in inputs.workspaces {
            let Some(loaded) = workspaces.read(&file) else { continue };
            for release in &loaded.workspace.releases {
                add(base.relative(&loaded.folder.join(release.chart.as_str())), None);
            }
        }
        for folder in inputs.charts {
            let named = base.relative(path);
            let is_test = named.parent() == Some(&base.relative(&folder.join(FOLDER))) && is_suite(&named);
            add(folder, is_test.then_some(named));
        }
    }
    Ok(found.into_iter().map(|(folder, files)| (folder, files.unwrap_or_default())).collect())
}

/// Reads a chart and its files of tests. A chart that has none is left out.
fn read(
    folder: PathBuf,
    named: &[PathBuf],
    workspace: Option<Arc<Loaded>>,
    base: &Base,
    sources: &SourceMap,
    gathered: &mut Gathered,
    world: &dyn World,
) -> Option<Tests> {
    let inner = folder.join(FOLDER);
    let mut files = named.to_vec();
    if named.is_empty() {
        if !matches!(world.entry(&inner), Ok(Entry::Folder)) {
            return None;
        }
        let walked = world.walk(&inner, Walk::Visible);
        gathered.troubles.extend(walked.errors.into_iter().map(Trouble::new));
        files.extend(walked.files.into_iter().filter(|file| file.parent() == Some(&inner) && is_suite(file)));
    }
    if files.is_empty() {
        return None;
    }
    let mut suites = Vec::new();
    for path in files {
        let text = match read_text(world, &path) {
            Ok(text) => text,
            Err(trouble) => {
                gathered.troubles.push(trouble);
                continue;
            }
        };
        let (suite, findings) = Suite::read(&sources.add(base.show(&path), text));
        gathered.findings.extend(findings);
        let Some(suite) = suite else { continue };
        match snapshots::read(&path, base, sources, world) {
            Ok((snapshots, findings)) => {
                gathered.findings.extend(findings);
                suites.push(Stored { path, suite, snapshots });
            }
            Err(trouble) => gathered.troubles.push(trouble),
        }
    }
    let (files, troubles) = read_chart(world, base, &folder);
    let is_whole = troubles.is_empty();
    gathered.troubles.extend(troubles);
    let (chart, findings) = Chart::load(sources, files);
    gathered.findings.extend(findings);
    // What a chart without its values fails is no answer.
    let chart = chart.filter(|chart| is_whole && chart.unread.is_empty())?;
    Some(Tests { folder, chart: Arc::new(chart), cache: Arc::default(), workspace, suites })
}

/// Gives the environments that a chart or its workspace declares.
fn environments(tests: &Tests) -> Vec<&str> {
    let of_workspace = tests.workspace.iter().flat_map(|loaded| &loaded.workspace.environments);
    let mut known: Vec<&str> = of_workspace.map(|environment| environment.name.as_str()).collect();
    for name in tests.chart.environments.keys() {
        if !known.contains(&name.as_str()) {
            known.push(name);
        }
    }
    known
}

/// Lays out what is run: every test in its environments.
fn cases<'a>(args: &TestArgs, charts: &'a [Tests], given: Option<Version>) -> Vec<Case<'a>> {
    let mut cases = Vec::new();
    for tests in charts {
        let known = environments(tests);
        for stored in &tests.suites {
            for test in &stored.suite.tests {
                let is_wanted = |filter: &String| test.name.contains(filter.as_str());
                if !args.filters.is_empty() && !args.filters.iter().any(is_wanted) {
                    continue;
                }
                for environment in environments_of(test, &known, args) {
                    cases.push(Case { tests, stored, test, environment, given });
                }
            }
        }
    }
    cases
}

/// Gives the environments in which a test runs: those that it names, else every known one, else none.
fn environments_of(test: &Test, known: &[&str], args: &TestArgs) -> Vec<Option<String>> {
    let all: Vec<String> = match &test.setup.environments {
        Some(named) => named.iter().map(|name| name.value.clone()).collect(),
        None => known.iter().map(|name| (*name).to_owned()).collect(),
    };
    let wanted = |name: &String| args.environments.is_empty() || args.environments.contains(name);
    if all.is_empty() && args.environments.is_empty() {
        return vec![None];
    }
    all.into_iter().filter(wanted).map(Some).collect()
}

/// Says why nothing was run.
fn nothing(args: &TestArgs, charts: &[Tests]) -> Trouble {
    if charts.is_empty() {
        return Trouble::new("there are no tests")
            .help("write them to a chart's folder `tests/`, as docs/testing.md shows");
    }
    match args.filters.as_slice() {
        [] => Trouble::new("there is no test for these environments"),
        filters => Trouble::new(format!("no test's name contains `{}`", filters.join("` or `"))),
    }
}

/// Gathers what came of the tests, and stores snapshots where that is asked for.
fn report(
    args: &TestArgs,
    charts: &[Tests],
    cases: &[Case<'_>],
    ran: Vec<Result<Ran, Trouble>>,
    gathered: Gathered,
    sources: &SourceMap,
    world: &dyn World,
) -> (Report, Vec<Trouble>) {
    let Gathered { mut findings, mut troubles } = gathered;
    let mut report = Report::default();
    let mut given = snapshots::Given::default();
    for (case, ran) in cases.iter().zip(ran) {
        let mut ran = match ran {
            Ok(ran) => ran,
            Err(trouble) => {
                if !troubles.contains(&trouble) {
                    troubles.push(trouble);
                }
                continue;
            }
        };
        let (failed, snapshots) = (!ran.failures.is_empty(), std::mem::take(&mut ran.snapshots));
        ran.failures.extend(given.add(case, failed, snapshots, args.update));
        for failure in &mut ran.failures {
            failure.environments = case.environment.iter().cloned().collect();
        }
        findings.extend(ran.failures.iter().cloned());
        report.tests.push(Tested {
            group: case.tests.chart.metadata.name.clone(),
            file: case.suite().source.name().to_owned(),
            name: case.test.name.value.clone(),
            environment: case.environment.clone(),
            outcome: match &case.test.skip {
                Some(why) => Outcome::Skipped(why.value.clone()),
                None if ran.failures.is_empty() => Outcome::Passed,
                None => Outcome::Failed(ran.failures),
            },
        });
    }
    let whole = args.filters.is_empty() && args.environments.is_empty();
    for stored in charts.iter().flat_map(|tests| &tests.suites) {
        if args.update {
            match given.store(stored, whole, world) {
                Ok(Some(path)) if !args.report.tone.quiet => world.err(&format!("wrote {}\n", path.display())),
                Ok(_) => {}
                Err(trouble) => troubles.push(trouble),
            }
        } else if whole && troubles.is_empty() {
            findings.extend(given.obsolete(stored));
        }
    }
    report.findings = merge(findings, sources);
    (report, troubles)
}

fn is_suite(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
}

/// Gives flags of releases, of which tests use none.
pub(super) fn no_flags() -> ReleaseArgs {
    ReleaseArgs::default()
}
