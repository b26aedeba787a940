//! From inputs to a report: fans out over releases and environments, runs the stages, gathers what they find.

use super::args::{InputArgs, ReleaseArgs, RuleArgs};
use super::inputs::{Finder, Plain};
use super::merge::merge;
use super::paths::Base;
use super::trouble::Trouble;
use super::world::World;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::emit::{Checked, Report};
use crate::lint::{LintConfig, LintContext, Linter, Word};
use crate::object::{self, ObjectSet};
use crate::schema::{SchemaStore, Version, validate_versions};
use crate::source::SourceMap;
use crate::yaml::{self, Document, Kind, Parsed};
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

/// What is checked together: a release in an environment, or a set of plain manifests. It is parsed; nothing is judged yet.
struct Unit {
    checked: Checked,
    namespace: Option<String>,
    versions: Vec<Version>,
    /// All that belongs together is there, so that what is not there is missing.
    complete: bool,
    documents: Vec<Document>,
    findings: Vec<Diagnostic>,
}

/// Finds the inputs, runs the stages over them, and gives the report with the troubles on the way.
pub(super) fn compile(
    input: &InputArgs,
    release: &ReleaseArgs,
    rules: &RuleArgs,
    stages: Stages,
    _verbose: bool,
    sources: &SourceMap,
    world: &dyn World,
) -> Result<(Report, Vec<Trouble>), Trouble> {
    let current = world.current_folder().map_err(|error| Trouble::io("find", Path::new("."), &error))?;
    let base = Base::new(&current);
    let here = [PathBuf::from(".")];
    let paths = if input.paths.is_empty() { &here } else { input.paths.as_slice() };
    let versions = versions(&release.versions)?;
    let linter = linter(rules)?;
    let inputs = Finder::new(world, &base, &input.exclude)?.find(paths);
    let plain = inputs.plain.into_par_iter();
    let mut units: Vec<_> = plain.map(|plain| read_plain(plain, release, &versions, sources)).collect();
    let mut store = SchemaStore::new();
    for unit in &mut units {
        unit.findings.extend(learn(&unit.documents, &mut store));
    }
    units.par_iter_mut().for_each(|unit| judge(unit, stages, &store, &linter));
    let mut report = Report::default();
    for unit in units {
        report.checked.push(unit.checked);
        report.findings.extend(unit.findings);
    }
    report.findings.retain(|finding| is_wanted(finding, rules));
    report.findings = merge(report.findings, sources);
    Ok((report, inputs.troubles))
}

/// Chooses the rules.
fn linter(rules: &RuleArgs) -> Result<Linter, Trouble> {
    let words = |texts: &[String]| texts.iter().map(|text| Word::from(text.as_str())).collect();
    let mut config = LintConfig::standard();
    if !rules.profiles.is_empty() {
        config.profiles = words(&rules.profiles);
    }
    config.only = words(&rules.rules);
    config.skip = words(&rules.skipped);
    let (linter, problems) = Linter::new(&config);
    match problems.into_iter().next() {
        Some(problem) => Err(Trouble { message: problem.message, help: problem.help }),
        None => Ok(linter),
    }
}

/// Applies `--rule` and `--skip` to what other stages than lint found.
///
/// `--rule` leaves what says that the input itself could not be read or rendered: without it, silence would prove nothing.
fn is_wanted(finding: &Diagnostic, rules: &RuleArgs) -> bool {
    let named = |ids: &[String]| ids.iter().any(|id| *id == finding.rule);
    let stage = finding.rule.split_once('/').map(|(stage, _)| stage);
    let judged = stage.is_none_or(|stage| ["schema", "api", "policy"].contains(&stage));
    !named(&rules.skipped) && (rules.rules.is_empty() || !judged || named(&rules.rules))
}

/// Reads target versions.
fn versions(written: &[String]) -> Result<Vec<Version>, Trouble> {
    if written.is_empty() {
        return Ok(vec![Version::LATEST]);
    }
    let known = || Version::ALL.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let read = |text: &String| {
        let version = Version::parse(text).filter(|version| version.is_known());
        version.ok_or_else(|| {
            Trouble::new(format!("there are no schemas of Kubernetes `{text}`")).help(format!("there are {}", known()))
        })
    };
    let mut versions = written.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    versions.sort_unstable();
    versions.dedup();
    Ok(versions)
}

/// Parses a set of plain manifests.
fn read_plain(plain: Plain, release: &ReleaseArgs, versions: &[Version], sources: &SourceMap) -> Unit {
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
    let checked = Checked { name: plain.name, is_release: false, environment: None, objects: 0, versions: Vec::new() };
    Unit { checked, namespace: release.namespace.clone(), versions: versions.to_vec(), complete, documents, findings }
}

/// Tells whether a file that nobody named holds an object, or something that could not be read as one.
fn is_manifest(parsed: &Parsed) -> bool {
    let object = |document: &Document| {
        let root = document.root();
        root.kind() == Kind::Map && (root.get("apiVersion").is_some() || root.get("kind").is_some())
    };
    !parsed.diagnostics.is_empty() || parsed.documents.iter().any(object)
}

/// Adds the custom resources that documents define to the schemas.
fn learn(documents: &[Document], store: &mut SchemaStore) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    for document in documents {
        object::unfold(document.root(), &mut |node| {
            if node.field("kind").is_some_and(|kind| kind.text() == "CustomResourceDefinition") {
                findings.extend(store.add_definition(node));
            }
        });
    }
    findings
}

/// Runs the judging stages over a unit.
fn judge(unit: &mut Unit, stages: Stages, store: &SchemaStore, linter: &Linter) {
    let embedded = |api_version: &str, kind: &str| store.embedded_pods(api_version, kind);
    let objects = ObjectSet::read(&unit.documents, unit.namespace.as_deref(), &embedded);
    unit.checked.objects = objects.len();
    if stages.validate {
        unit.checked.versions = unit.versions.iter().map(ToString::to_string).collect();
        let found = unit.documents.par_iter().map(|document| validate_versions(document.root(), store, &unit.versions));
        unit.findings.extend(found.collect::<Vec<_>>().into_iter().flatten());
    }
    if stages.lint {
        let context = LintContext { environment: None, release: None, complete: unit.complete };
        unit.findings.extend(linter.lint(&objects, &context));
    }
    for finding in &mut unit.findings {
        let Some(object) = &mut finding.object else { continue };
        match store.is_namespaced(Version::LATEST, &object.api_version, &object.kind) {
            Some(false) => object.namespace = None,
            _ if object.namespace.is_none() => object.namespace.clone_from(&unit.namespace),
            _ => {}
        }
    }
}
