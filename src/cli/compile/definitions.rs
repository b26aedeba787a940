//! Definitions of custom resources: those of the input, of workspaces, and of `--crds`.

use crate::cli::inputs::workspaces::Loaded;
use crate::cli::inputs::{read_text, yaml_files};
use crate::cli::paths::Base;
use crate::cli::trouble::Trouble;
use crate::cli::world::World;
use crate::diagnostic::Diagnostic;
use crate::schema::{SchemaStore, each_object};
use crate::source::SourceMap;
use crate::yaml::{self, Document};
use rayon::prelude::*;
use std::path::{Path, PathBuf};

/// Reads definitions that stand beside the input.
pub(in crate::cli) struct Reader<'a> {
    /// Where they are added.
    pub store: &'a mut SchemaStore,
    /// The texts read.
    pub sources: &'a SourceMap,
    /// The current folder.
    pub base: &'a Base,
    /// The world.
    pub world: &'a dyn World,
    /// Tells on standard error what is read.
    pub verbose: bool,
}

/// Adds the custom resources that documents define to the schemas.
pub(in crate::cli) fn learn(documents: &[Document], store: &mut SchemaStore) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    let defines = |document: &&Document| {
        let mut defines = false;
        each_object(document.root(), &mut |node| defines |= is_definition(node));
        defines
    };
    let defining: Vec<&Document> = documents.par_iter().with_min_len(64).filter(defines).collect();
    for document in defining {
        each_object(document.root(), &mut |node| {
            if is_definition(node) {
                findings.extend(store.add_definition(node));
            }
        });
    }
    findings
}

impl Reader<'_> {
    /// Adds the custom resources that workspaces say clusters have already.
    pub(in crate::cli) fn workspaces<'w>(
        &mut self,
        workspaces: impl Iterator<Item = &'w Loaded>,
    ) -> Result<Vec<Diagnostic>, Trouble> {
        let mut findings = Vec::new();
        let mut known: Vec<PathBuf> = Vec::new();
        for loaded in workspaces {
            for path in &loaded.workspace.crds {
                let path = loaded.folder.join(path.as_str());
                if !known.contains(&path) {
                    findings.extend(self.read(&path)?.0);
                    known.push(path);
                }
            }
        }
        Ok(findings)
    }

    /// Adds the custom resources that `--crds` names; a path that defines none is a mistake.
    pub(in crate::cli) fn flags(&mut self, paths: &[PathBuf]) -> Result<Vec<Diagnostic>, Trouble> {
        let mut findings = Vec::new();
        for path in paths {
            let (found, defines) = self.read(path)?;
            if !defines && found.is_empty() {
                let message = format!("`--crds {}`: there is no CustomResourceDefinition in it", path.display());
                return Err(Trouble::new(message));
            }
            findings.extend(found);
        }
        Ok(findings)
    }

    /// Reads a file, or the YAML files of a folder. Gives also whether they define anything.
    fn read(&mut self, path: &Path) -> Result<(Vec<Diagnostic>, bool), Trouble> {
        let (mut findings, mut defines) = (Vec::new(), false);
        for file in yaml_files(path, self.world)? {
            if self.verbose {
                self.world.err(&format!("reading {} for custom resources\n", self.base.show(&file)));
            }
            let text = read_text(self.world, &file)?;
            let parsed = yaml::parse(&self.sources.add(self.base.show(&file), text));
            findings.extend(parsed.diagnostics);
            for document in &parsed.documents {
                each_object(document.root(), &mut |node| defines |= is_definition(node));
            }
            findings.extend(learn(&parsed.documents, self.store));
        }
        Ok((findings, defines))
    }
}

fn is_definition(node: yaml::Node<'_>) -> bool {
    node.field("kind").is_some_and(|kind| kind.text() == "CustomResourceDefinition")
}
