//! The workspaces (`plimsoll.yaml`) of a run, each read once.

use super::plan;
use super::{find_workspace, read_text};
use crate::chart::{Spanned, Workspace};
use crate::cli::paths::{Base, is_reference};
use crate::cli::trouble::Trouble;
use crate::cli::world::World;
use crate::diagnostic::Diagnostic;
use crate::schema::Version;
use crate::source::SourceMap;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A workspace that was read.
#[derive(Debug)]
pub(in crate::cli) struct Loaded {
    /// The folder of its file, from the current folder.
    pub folder: PathBuf,
    /// What the file says.
    pub workspace: Workspace,
}

impl Loaded {
    /// Gives the path of what the file names: from its folder, but for what lies in a registry.
    pub(in crate::cli) fn path(&self, written: &Path) -> PathBuf {
        if is_reference(written) { written.to_owned() } else { self.folder.join(written) }
    }
}

/// Finds and reads workspaces.
pub(in crate::cli) struct Workspaces<'a> {
    world: &'a dyn World,
    base: &'a Base,
    sources: &'a SourceMap,
    /// `--config`: it stands for all others.
    config: Option<&'a Path>,
    known: HashMap<PathBuf, Option<Arc<Loaded>>>,
    /// What is wrong with the files.
    pub findings: Vec<Diagnostic>,
    /// Files that could not be read.
    pub troubles: Vec<Trouble>,
}

impl<'a> Workspaces<'a> {
    /// Prepares a search.
    pub(in crate::cli) fn new(
        world: &'a dyn World,
        base: &'a Base,
        sources: &'a SourceMap,
        config: Option<&'a Path>,
    ) -> Self {
        Self { world, base, sources, config, known: HashMap::new(), findings: Vec::new(), troubles: Vec::new() }
    }

    /// Finds the workspace that a folder belongs to.
    pub(in crate::cli) fn of(&mut self, folder: &Path) -> Option<Arc<Loaded>> {
        let file = match self.config {
            Some(config) => config.to_owned(),
            None => find_workspace(self.world, self.base, folder)?,
        };
        self.read(&file)
    }

    /// Reads a workspace's file.
    pub(in crate::cli) fn read(&mut self, file: &Path) -> Option<Arc<Loaded>> {
        let file = self.base.relative(file);
        if let Some(known) = self.known.get(&file) {
            return known.clone();
        }
        let loaded = match read_text(self.world, &file) {
            Ok(text) => {
                let source = self.sources.add(self.base.show(&file), text);
                let (workspace, findings) = Workspace::parse(&source);
                self.findings.extend(findings);
                self.findings.extend(workspace.iter().flat_map(unknown_versions));
                let folder = file.parent().map(Path::to_owned).unwrap_or_default();
                workspace.map(|workspace| Arc::new(Loaded { folder, workspace }))
            }
            Err(trouble) => {
                self.troubles.push(trouble);
                None
            }
        };
        #[cfg(feature = "oci")]
        crate::cli::registries::trust::learn(&file, loaded.as_deref());
        self.known.insert(file, loaded.clone());
        loaded
    }
}

/// Finds target versions that nothing is known of.
fn unknown_versions(workspace: &Workspace) -> Vec<Diagnostic> {
    let of_environments = workspace.environments.iter().flat_map(|environment| &environment.kubernetes);
    let written = workspace.kubernetes.iter().chain(of_environments);
    let unknown = written.filter(|text| !Version::parse(text).is_some_and(Version::is_known));
    let finding = |text: &Spanned<String>| {
        Diagnostic::error("workspace/unknown-version", plan::unknown_version(text))
            .at(text.span)
            .help(plan::known_versions())
    };
    unknown.map(finding).collect()
}
