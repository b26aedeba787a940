//! `diff`: what would change, and where it was written.

use crate::cli::Exit;
use crate::cli::args::{Colour, InputArgs, ReleaseArgs, ToneArgs};
use crate::cli::compile::against::{Against, Side};
use crate::cli::compile::definitions::{self, Reader};
use crate::cli::compile::gather::{Asked, Built, Unit};
use crate::cli::inputs::plan::Scope;
#[cfg(feature = "cluster")]
use crate::cli::live::ContextArgs;
use crate::cli::paths::Base;
use crate::cli::report;
use crate::cli::trouble::Trouble;
use crate::cli::world::World;
use crate::diff::emit::{Format, Json, Markdown, Part, Report, Terminal, Unified};
use crate::diff::{Comparison, Reading, Secrets, compare_sets};
use crate::schema::{SchemaStore, Version};
use crate::source::SourceMap;
use clap::Args;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// How long a comment may be where changes are reviewed, with some room.
const COMMENT: usize = 60_000;

/// The flags of `diff`.
#[derive(Args)]
pub(in crate::cli) struct DiffArgs {
    #[command(flatten)]
    pub input: InputArgs,
    #[command(flatten)]
    pub release: ReleaseArgs,
    /// Compare with this: cluster, a folder, a file, a package (a file or oci://…), env:NAME, git:REV; the cluster where nothing is given
    #[arg(long, value_name = "WHAT")]
    pub against: Option<String>,
    #[command(flatten)]
    pub show: ShowArgs,
    #[cfg(feature = "cluster")]
    #[command(flatten)]
    pub context: ContextArgs,
}

/// How changes are shown.
#[derive(Args)]
pub(in crate::cli) struct ShowArgs {
    /// Write changes in this format, to a file or to standard output: terminal, unified, json, markdown (repeatable)
    #[arg(long = "format", value_name = "NAME[=FILE]", default_value = "terminal")]
    pub formats: Vec<ShowFormat>,
    /// Show the values of Secrets, and what looks like one
    #[arg(long)]
    pub show_secrets: bool,
    #[command(flatten)]
    pub tone: ToneArgs,
}

/// A format of changes and where its output goes.
#[derive(Clone, Debug)]
pub(in crate::cli) struct ShowFormat {
    name: ShowName,
    file: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug)]
enum ShowName {
    Terminal,
    Unified,
    Json,
    Markdown,
}

impl FromStr for ShowFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, file) = text.split_once('=').map_or((text, None), |(name, file)| (name, Some(file)));
        let name = match name {
            "terminal" => ShowName::Terminal,
            "unified" => ShowName::Unified,
            "json" => ShowName::Json,
            "markdown" => ShowName::Markdown,
            _ => return Err("the formats are terminal, unified, json and markdown".to_owned()),
        };
        match file {
            Some("") => Err("the file's name is missing".to_owned()),
            file => Ok(Self { name, file: file.map(PathBuf::from) }),
        }
    }
}

impl ShowArgs {
    /// Whether secrets are masked.
    pub(in crate::cli) fn secrets(&self) -> Secrets {
        if self.show_secrets { Secrets::Shown } else { Secrets::Masked }
    }

    /// Refuses flags that contradict each other, before any work is done.
    pub(in crate::cli) fn check(&self) -> Result<(), Trouble> {
        if self.formats.iter().filter(|format| format.file.is_none()).count() > 1 {
            return Err(Trouble::new("two formats cannot share standard output")
                .help("send one of them to a file: `--format json=changes.json`"));
        }
        Ok(())
    }

    /// Writes a report everywhere, tells the troubles, and gives the exit code.
    pub(in crate::cli) fn finish(&self, mut report: Report, mut troubles: Vec<Trouble>, world: &dyn World) -> Exit {
        report.troubles = troubles.iter().map(|trouble| trouble.message.clone()).collect();
        for format in &self.formats {
            let text = match format.name {
                ShowName::Terminal => self.terminal(format.file.is_none(), world).write(&report),
                ShowName::Unified => Unified.write(&report),
                ShowName::Json => Json.write(&report),
                ShowName::Markdown => Markdown { limit: COMMENT }.write(&report),
            };
            let written = match &format.file {
                Some(file) => world.write(file, text.as_bytes()).map_err(|error| Trouble::io("write", file, &error)),
                None => {
                    world.out(&text).map_err(|error| Trouble::new(format!("cannot write to standard output: {error}")))
                }
            };
            troubles.extend(written.err());
        }
        for trouble in &troubles {
            trouble.tell(world);
        }
        if !troubles.is_empty() {
            Exit::Trouble
        } else if report.is_empty() {
            Exit::Done
        } else {
            Exit::Findings
        }
    }

    fn terminal(&self, to_stdout: bool, world: &dyn World) -> Terminal {
        let (colour, width) = report::looks(self.tone.color, to_stdout, world);
        Terminal { colour, width, quiet: self.tone.quiet }
    }
}

impl DiffArgs {
    /// Runs `diff`.
    pub(in crate::cli) fn run(&self, world: &dyn World) -> Exit {
        match self.diff(world) {
            Ok((report, troubles)) => self.show.finish(report, troubles, world),
            Err(trouble) => {
                trouble.tell(world);
                Exit::Trouble
            }
        }
    }

    fn diff(&self, world: &dyn World) -> Result<(Report, Vec<Trouble>), Trouble> {
        self.show.check()?;
        let against = self.against()?;
        let verbose = self.show.tone.verbose;
        let asked = Asked { input: &self.input, args: &self.release, scope: Scope::Bare, verbose, progress: None };
        let ready = Ready::read(&asked, Some(&against), self.show.tone.color, world)?;
        let Ready { old, new, store, mut troubles } = ready;
        let mut report = Report::default();
        #[cfg(feature = "cluster")]
        if against == Against::Cluster {
            let how = crate::cli::live::held::How {
                named: self.release.name.as_deref(),
                store: &store,
                secrets: self.show.secrets(),
                context: &self.context,
                verbose,
            };
            for at in 0..new.units.len() {
                let held = crate::cli::live::held::hold(&new, at, &how, world)?;
                report.parts.push(held.part);
                troubles.extend(held.troubles);
            }
            return Ok((report, troubles));
        }
        for (olds, news) in pairs(&against, &old.units, &new.units) {
            report.parts.push(part(&against, (&old, &olds), (&new, &news), &store, self.show.secrets()));
        }
        troubles.dedup();
        Ok((report, troubles))
    }

    #[cfg(feature = "cluster")]
    fn against(&self) -> Result<Against, Trouble> {
        let against = self.against.as_deref().map_or(Ok(Against::Cluster), Against::parse)?;
        match self.context.given().filter(|_| against != Against::Cluster) {
            Some(flag) => Err(Trouble::new(format!("`{flag}` is for asking a cluster"))
                .help(format!("leave out `{flag}`, or `--against`"))),
            None => Ok(against),
        }
    }

    #[cfg(not(feature = "cluster"))]
    fn against(&self) -> Result<Against, Trouble> {
        match &self.against {
            Some(text) => Against::parse(text),
            None => Err(Trouble::new("there is nothing to compare with").help("name it by `--against`")),
        }
    }
}

/// Both sides, read and ready to be compared.
pub(in crate::cli) struct Ready {
    /// What is compared with; nothing where that is a cluster.
    pub old: Side,
    /// What the command line names.
    pub new: Side,
    /// The schemas, those of custom resources included.
    pub store: SchemaStore,
    /// What could not be read, or has errors.
    pub troubles: Vec<Trouble>,
}

impl Ready {
    /// Reads them, and tells errors of both.
    pub(in crate::cli) fn read(
        asked: &Asked<'_>,
        against: Option<&Against>,
        color: Colour,
        world: &dyn World,
    ) -> Result<Self, Trouble> {
        let current = world.current_folder().map_err(|error| Trouble::io("find", Path::new("."), &error))?;
        let base = Base::new(&current);
        let sources = SourceMap::new();
        let gathered = asked.gather(&sources, &base, world)?;
        gathered.refuse_what_is_for_charts(asked)?;
        let known = gathered.environments();
        let Built { units, plan, mut troubles } = gathered.build(asked, &sources, world);
        let mut findings = plan.findings;
        let mut new = Side::new(units, sources, String::new());
        let mut store = SchemaStore::new();
        let mut old = match against {
            Some(against) => against.read(asked, &known, &base, world)?,
            None => Side::new(Vec::new(), SourceMap::new(), String::new()),
        };
        troubles.append(&mut old.troubles);
        // Old definitions are no findings of today.
        old.units.iter().for_each(|unit| drop(definitions::learn(&unit.documents, &mut store)));
        findings.extend(new.units.iter().flat_map(|unit| definitions::learn(&unit.documents, &mut store)));
        let mut reader =
            Reader { store: &mut store, sources: &new.sources, base: &base, world, verbose: asked.verbose };
        findings.extend(reader.workspaces(new.units.iter().filter_map(|unit| unit.workspace.as_deref()))?);
        findings.extend(reader.flags(&asked.input.crds)?);
        findings.extend(new.units.iter_mut().flat_map(|unit| std::mem::take(&mut unit.findings)));
        if report::tell_errors(findings, color, &new.sources, world) {
            troubles.push(Trouble::new("what has errors cannot be compared"));
        }
        if let Some(against) = against
            && old.tell_errors(color, world)
        {
            troubles.push(Trouble::new(format!("{against} has errors, and cannot be compared")));
        }
        Ok(Self { old, new, store, troubles })
    }
}

/// Puts together what is compared: releases by name and environment, where both sides have some; else all that there is.
fn pairs(against: &Against, old: &[Unit], new: &[Unit]) -> Vec<(Vec<usize>, Vec<usize>)> {
    let mut environments: Vec<Option<&str>> = Vec::new();
    for unit in new.iter().chain(old.iter().filter(|_| new.is_empty())) {
        if !environments.contains(&unit.checked.environment.as_deref()) {
            environments.push(unit.checked.environment.as_deref());
        }
    }
    let mut pairs = Vec::new();
    for environment in environments {
        let is_new = |unit: &Unit| unit.checked.environment.as_deref() == environment;
        let wanted = against.environment().or(environment);
        let is_old = |unit: &Unit| !unit.checked.is_release || unit.checked.environment.as_deref() == wanted;
        let select = |units: &[Unit], fits: &dyn Fn(&Unit) -> bool| -> Vec<usize> {
            (0..units.len()).filter(|at| fits(&units[*at])).collect()
        };
        let (olds, news) = (select(old, &is_old), select(new, &is_new));
        let releases =
            olds.iter().all(|at| old[*at].checked.is_release) && news.iter().all(|at| new[*at].checked.is_release);
        let name = |units: &[Unit], at: usize| units[at].checked.name.clone();
        let shared = olds.iter().any(|at| news.iter().any(|other| name(new, *other) == name(old, *at)));
        if !releases || !shared {
            pairs.push((olds, news));
            continue;
        }
        for at in &news {
            let same = olds.iter().copied().filter(|other| name(old, *other) == name(new, *at)).collect();
            pairs.push((same, vec![*at]));
        }
        let alone = olds.iter().filter(|at| !news.iter().any(|other| name(new, *other) == name(old, **at)));
        pairs.extend(alone.map(|at| (vec![*at], Vec::new())));
    }
    pairs
}

/// Compares units of both sides.
fn part(
    against: &Against,
    (old, olds): (&Side, &[usize]),
    (new, news): (&Side, &[usize]),
    store: &SchemaStore,
    secrets: Secrets,
) -> Part {
    let first = news.first().map(|at| &new.units[*at]).or_else(|| olds.first().map(|at| &old.units[*at]));
    let version = first.and_then(|unit| unit.versions.last().copied()).unwrap_or(Version::LATEST);
    let workspace = first.and_then(|unit| unit.workspace.as_ref());
    let namespace = |side: &Side, units: &[usize]| units.first().and_then(|at| side.units[*at].namespace.clone());
    let (before, after) = (namespace(old, olds), namespace(new, news));
    let comparison = Comparison {
        reading: Reading { store, version, fill: true },
        namespaces: (before.as_deref(), after.as_deref()),
        secrets,
        ignore: workspace.map_or(&[], |loaded| &loaded.workspace.ignore),
    };
    let (old_set, new_set) = (old.objects(olds), new.objects(news));
    let mut changes = compare_sets(&old_set, &new_set, &comparison);
    changes.locate(&|span| old.place(span), &|span| new.place(span));
    let name = match news {
        [] => first.map(|unit| unit.checked.name.clone()).unwrap_or_default(),
        [at] => new.units[*at].checked.name.clone(),
        several => format!("{} releases", several.len()),
    };
    let environment = first.and_then(|unit| unit.checked.environment.clone());
    Part { name, environment, against: against.to_string(), changes }
}
