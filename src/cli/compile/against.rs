//! What is compared with: the old side of a diff.

use super::gather::{Asked, Built, Unit};
use crate::cli::args::{Colour, InputArgs, ReleaseArgs};
use crate::cli::inputs::overrides::{Override, Overrides};
use crate::cli::inputs::plan::check_environments;
use crate::cli::inputs::revision::Revision;
use crate::cli::paths::Base;
use crate::cli::report;
use crate::cli::trouble::Trouble;
use crate::cli::world::World;
use crate::diagnostic::Diagnostic;
use crate::diff::Place;
use crate::object::ObjectSet;
use crate::source::{Origin, SourceMap, Span};
use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

/// What `--against` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Against {
    /// A folder or a file.
    Path(PathBuf),
    /// The same charts in another environment.
    Environment(String),
    /// The same charts at a revision.
    Revision(String),
    /// What a cluster has.
    #[cfg(feature = "cluster")]
    Cluster,
}

impl fmt::Display for Against {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => write!(f, "`{}`", path.display()),
            Self::Environment(name) => write!(f, "the environment `{name}`"),
            Self::Revision(name) => write!(f, "the revision `{name}`"),
            #[cfg(feature = "cluster")]
            Self::Cluster => f.write_str("the cluster"),
        }
    }
}

/// One side of a comparison: what was read, and the texts it stands in.
pub(in crate::cli) struct Side {
    /// Releases and sets of manifests.
    pub units: Vec<Unit>,
    /// The texts.
    pub sources: SourceMap,
    /// What stands before the names of files: a revision.
    prefix: String,
    /// What could not be read.
    pub troubles: Vec<Trouble>,
    /// What is wrong with it.
    findings: Vec<Diagnostic>,
}

impl Against {
    /// Reads the flag.
    pub(in crate::cli) fn parse(text: &str) -> Result<Self, Trouble> {
        let needs = |what: &str, example: &str| {
            Trouble::new(format!("`--against {text}` names no {what}")).help(format!("write `--against {example}`"))
        };
        #[cfg(feature = "cluster")]
        if text == "cluster" {
            return Ok(Self::Cluster);
        }
        match text.split_once(':') {
            Some(("env", "")) => Err(needs("environment", "env:prod")),
            Some(("env", name)) => Ok(Self::Environment(name.to_owned())),
            Some(("git", "")) => Err(needs("revision", "git:HEAD~1")),
            Some(("git", name)) => Ok(Self::Revision(name.to_owned())),
            _ if text.is_empty() => Err(needs("thing", "FOLDER")),
            _ => Ok(Self::Path(PathBuf::from(text))),
        }
    }

    /// Gives the environment that it names.
    pub(in crate::cli) fn environment(&self) -> Option<&str> {
        match self {
            Self::Environment(name) => Some(name),
            _ => None,
        }
    }

    /// Reads the old side, as the new one was asked for; `known` are the environments that this knows.
    pub(in crate::cli) fn read(
        &self,
        asked: &Asked<'_>,
        known: &BTreeSet<String>,
        base: &Base,
        world: &dyn World,
    ) -> Result<Side, Trouble> {
        let (input, mut args) = (asked.input, copied(asked.args));
        let mut old_input = InputArgs {
            paths: input.paths.clone(),
            exclude: input.exclude.clone(),
            only_manifests: input.only_manifests,
            config: input.config.clone(),
            crds: Vec::new(),
        };
        match self {
            #[cfg(feature = "cluster")]
            Self::Cluster => Ok(Side::new(Vec::new(), SourceMap::new(), String::new())),
            Self::Path(path) => {
                old_input.paths = vec![path.clone()];
                gather(&Asked { input: &old_input, args: &args, ..*asked }, base, world, String::new())
            }
            Self::Environment(name) => {
                check_environments(std::slice::from_ref(name), &known.iter().map(String::as_str).collect::<Vec<_>>())?;
                args.environments = vec![name.clone()];
                gather(&Asked { input: &old_input, args: &args, ..*asked }, base, world, String::new())
            }
            Self::Revision(name) => {
                let present = args.overrides.0.iter().filter_map(|given| match given {
                    Override::File(path) => Some(path.clone()),
                    Override::SetFile(text) => text.split_once('=').map(|(_, path)| PathBuf::from(path)),
                    _ => None,
                });
                let revision = Revision::open(name, &present.collect::<Vec<_>>(), base, world)?;
                if let Some(path) =
                    old_input.paths.iter().find(|path| *path != Path::new("-") && revision.entry(path).is_err())
                {
                    // It is new: everything in it comes.
                    if world.entry(path).is_ok() {
                        return Ok(Side::new(Vec::new(), SourceMap::new(), String::new()));
                    }
                }
                gather(&Asked { input: &old_input, args: &args, ..*asked }, base, &revision, format!("{name}:"))
            }
        }
    }
}

fn copied(args: &ReleaseArgs) -> ReleaseArgs {
    ReleaseArgs {
        environments: args.environments.clone(),
        overrides: Overrides(args.overrides.0.clone()),
        namespace: args.namespace.clone(),
        name: args.name.clone(),
        versions: args.versions.clone(),
    }
}

fn gather(asked: &Asked<'_>, base: &Base, world: &dyn World, prefix: String) -> Result<Side, Trouble> {
    let sources = SourceMap::new();
    let Built { units, plan, troubles } = asked.gather(&sources, base, world)?.build(asked, &sources, world);
    let mut side = Side::new(units, sources, prefix);
    side.findings.extend(plan.findings);
    side.troubles = troubles;
    Ok(side)
}

impl Side {
    /// Takes what was read.
    pub(in crate::cli) fn new(units: Vec<Unit>, sources: SourceMap, prefix: String) -> Self {
        Self { units, sources, prefix, troubles: Vec::new(), findings: Vec::new() }
    }

    /// Gives the objects of some of its units.
    pub(in crate::cli) fn objects(&self, units: &[usize]) -> ObjectSet<'_> {
        let read = |at: &usize| {
            let unit = &self.units[*at];
            ObjectSet::read(&unit.documents, unit.namespace.as_deref(), &|_, _| Vec::new())
        };
        ObjectSet::joined(units.iter().map(read).collect())
    }

    /// Tells what is wrong with it. Says whether anything is.
    pub(in crate::cli) fn tell_errors(&mut self, color: Colour, world: &dyn World) -> bool {
        let mut findings = std::mem::take(&mut self.findings);
        findings.extend(self.units.iter_mut().flat_map(|unit| std::mem::take(&mut unit.findings)));
        report::tell_errors(findings, color, &self.sources, world)
    }

    /// Finds where a person wrote what stands at a place.
    pub(in crate::cli) fn place(&self, span: Span) -> Option<Place> {
        let outputs = self.units.iter().filter_map(|unit| unit.output.as_ref());
        let found = outputs.fold(Diagnostic::error("", "").at(span), |found, output| output.resolve(found));
        let span = found.span?;
        let file = self.sources.file(span.file);
        if file.origin() == Origin::Rendered {
            return None;
        }
        let name = |name: &str| if name.starts_with("--") { name.to_owned() } else { format!("{}{name}", self.prefix) };
        let edit = found.edit.map(|edit| {
            let file = self.sources.file(edit.span.file);
            (edit.key, name(file.name()), file.position(edit.span.start).line)
        });
        let at = file.position(span.start);
        Some(Place { file: name(file.name()), line: at.line, column: at.column, edit })
    }
}
