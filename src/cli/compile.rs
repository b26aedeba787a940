//! From inputs to a report: fans out over releases and environments, runs the stages, gathers what they find.

use super::args::{InputArgs, ReleaseArgs, RuleArgs};
use super::inputs::{Finder, Plain};
use super::merge::merge;
use super::paths::Base;
use super::trouble::Trouble;
use super::world::World;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::emit::{Checked, Report};
use crate::object::ObjectSet;
use crate::source::SourceMap;
use crate::yaml::{Document, Kind, Parsed};
use rayon::prelude::*;
use std::path::{Path, PathBuf};

/// Which stages run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stages {
    /// The API's schemas.
    pub validate: bool,
    /// Rules.
    pub lint: bool,
}

/// What one release in one environment, or one set of plain manifests, gave.
struct Outcome {
    checked: Checked,
    findings: Vec<Diagnostic>,
    suppressed: usize,
}

/// Finds the inputs, runs the stages over them, and gives the report with the troubles on the way.
pub(super) fn compile(
    input: &InputArgs,
    release: &ReleaseArgs,
    _rules: &RuleArgs,
    stages: Stages,
    _verbose: bool,
    sources: &SourceMap,
    world: &dyn World,
) -> Result<(Report, Vec<Trouble>), Trouble> {
    let current = world.current_folder().map_err(|error| Trouble::io("find", Path::new("."), &error))?;
    let base = Base::new(current);
    let here = [PathBuf::from(".")];
    let paths = if input.paths.is_empty() { &here } else { input.paths.as_slice() };
    let inputs = Finder::new(world, &base, &input.exclude)?.find(paths);
    let outcomes: Vec<_> = inputs.plain.into_par_iter().map(|plain| examine(plain, release, stages, sources)).collect();
    let mut report = Report::default();
    for outcome in outcomes {
        report.checked.push(outcome.checked);
        report.findings.extend(outcome.findings);
        report.suppressed += outcome.suppressed;
    }
    report.findings = merge(report.findings, sources);
    Ok((report, inputs.troubles))
}

/// Examines a set of plain manifests.
fn examine(plain: Plain, release: &ReleaseArgs, _stages: Stages, sources: &SourceMap) -> Outcome {
    let files: Vec<_> = plain.files.into_iter().map(|file| (sources.add(file.name, file.text), file.named)).collect();
    let parsed: Vec<_> = files.into_par_iter().map(|(file, named)| (crate::yaml::parse(&file), named)).collect();
    let (mut documents, mut findings) = (Vec::new(), Vec::new());
    for (parsed, named) in parsed {
        if named || is_manifest(&parsed) {
            documents.extend(parsed.documents);
            findings.extend(parsed.diagnostics);
        }
    }
    let objects = ObjectSet::read(&documents, release.namespace.as_deref(), &|_, _| Vec::new());
    let checked = Checked {
        name: plain.name,
        is_release: false,
        environment: None,
        objects: objects.len(),
        versions: Vec::new(),
    };
    Outcome { checked, findings, suppressed: 0 }
}

/// Tells whether a file that nobody named holds an object, or something that could not be read as one.
fn is_manifest(parsed: &Parsed) -> bool {
    let object = |document: &Document| {
        let root = document.root();
        root.kind() == Kind::Map && (root.get("apiVersion").is_some() || root.get("kind").is_some())
    };
    !parsed.diagnostics.is_empty() || parsed.documents.iter().any(object)
}
