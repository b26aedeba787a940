//! Admission policies: those among the objects of a run, and those in a workspace's `policies`.

use super::gather::Unit;
use crate::cli::inputs::{read_text, yaml_files};
use crate::cli::paths::Base;
use crate::cli::trouble::Trouble;
use crate::cli::world::World;
use crate::diagnostic::Diagnostic;
use crate::object::ObjectSet;
use crate::policy::Policies;
use crate::schema::SchemaStore;
use crate::source::SourceMap;
use crate::yaml::{self, Document, Parsed};
use rayon::prelude::*;
use std::path::{Path, PathBuf};

/// Tells whether a file of `policies` holds objects, and no rule.
pub(in crate::cli) fn holds_objects(parsed: &Parsed) -> bool {
    parsed.documents.iter().any(|document| document.root().get("apiVersion").is_some())
}

/// The objects in the `policies` of workspaces: policies, their bindings and parameters.
#[derive(Default)]
pub(in crate::cli) struct Kept {
    /// Those that flags name: they hold everywhere.
    everywhere: Vec<Document>,
    of_workspace: Vec<(PathBuf, Vec<Document>)>,
    /// What of them cannot be read.
    pub findings: Vec<Diagnostic>,
}

/// Reads the objects in the `policies` of the workspaces of a run, each once, and in the files that flags name.
pub(in crate::cli) fn read(
    units: &[Unit],
    flags: &[PathBuf],
    sources: &SourceMap,
    base: &Base,
    world: &dyn World,
) -> Result<Kept, Trouble> {
    let mut kept = Kept::default();
    let read = |path: &Path, documents: &mut Vec<Document>, findings: &mut Vec<Diagnostic>| {
        for file in yaml_files(path, world)? {
            let parsed = yaml::parse(&sources.add(base.show(&file), read_text(world, &file)?));
            if holds_objects(&parsed) {
                documents.extend(parsed.documents);
                findings.extend(parsed.diagnostics);
            }
        }
        Ok::<(), Trouble>(())
    };
    for path in flags {
        read(path, &mut kept.everywhere, &mut kept.findings)?;
    }
    for loaded in units.iter().filter_map(|unit| unit.workspace.as_ref()) {
        if kept.of_workspace.iter().any(|(known, _)| *known == loaded.folder) {
            continue;
        }
        let mut documents = Vec::new();
        for path in &loaded.workspace.rules.policies {
            read(&loaded.folder.join(path.as_str()), &mut documents, &mut kept.findings)?;
        }
        kept.of_workspace.push((loaded.folder.clone(), documents));
    }
    Ok(kept)
}

/// Judges each unit by the policies that would be in its cluster: those of its workspace, and those among the objects of
/// the same workspace and environment. Gives the findings in the order of the units.
pub(in crate::cli) fn judge(units: &[Unit], kept: &Kept, store: &SchemaStore) -> Vec<Vec<Diagnostic>> {
    let embedded = |api_version: &str, kind: &str| store.embedded_pods(api_version, kind);
    let of_policies = |document: &Document| {
        document.root().field("kind").is_some_and(|kind| kind.text().starts_with("ValidatingAdmission"))
    };
    let some = units.par_iter().any(|unit| unit.documents.par_iter().with_min_len(64).any(of_policies))
        || kept.of_workspace.iter().flat_map(|(_, documents)| documents).chain(&kept.everywhere).any(of_policies);
    if !some {
        return Vec::new();
    }
    let sets: Vec<ObjectSet<'_>> =
        units.iter().map(|unit| ObjectSet::read(&unit.documents, unit.namespace.as_deref(), &embedded)).collect();
    let files: Vec<(&PathBuf, ObjectSet<'_>)> = kept
        .of_workspace
        .iter()
        .map(|(folder, documents)| (folder, ObjectSet::read(documents, None, &embedded)))
        .collect();
    let everywhere = ObjectSet::read(&kept.everywhere, None, &embedded);
    let folder = |unit: &Unit| unit.workspace.as_ref().map(|loaded| loaded.folder.clone());
    let judge = |(unit, set): (&Unit, &ObjectSet<'_>)| {
        let here = files.iter().filter(|(known, _)| Some(*known) == folder(unit).as_ref()).flat_map(|(_, set)| set);
        let beside = units.iter().zip(&sets).filter(|(other, _)| {
            folder(other) == folder(unit) && other.checked.environment == unit.checked.environment
        });
        let policies = Policies::gather(everywhere.iter().chain(here).chain(beside.flat_map(|(_, set)| set)));
        policies.judge(set, store)
    };
    units.par_iter().zip(&sets).map(judge).collect()
}
