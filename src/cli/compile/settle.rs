//! Makes fixes of what stages wished for: edits of the files that people wrote.

use super::release::Output;
use crate::diagnostic::{Diagnostic, Fix, TextEdit, Wish};
use crate::render::{Known, RenderedFile, TemplateBlocks};
use crate::source::{FileId, SourceMap, Span};
use crate::yaml::edit::{self, Refusal};
use crate::yaml::{Document, parse};
use rayon::prelude::*;
use std::collections::HashMap;

/// The trees in which wishes have their places.
pub(in crate::cli) struct Trees<'a> {
    documents: HashMap<FileId, Vec<&'a Document>>,
    rendered: HashMap<FileId, &'a RenderedFile>,
    blocks: TemplateBlocks,
}

impl<'a> Trees<'a> {
    /// Finds trees by their texts.
    pub(in crate::cli) fn new(
        documents: impl Iterator<Item = &'a Document>,
        outputs: impl Iterator<Item = &'a Output>,
    ) -> Self {
        let mut by_file: HashMap<FileId, Vec<&Document>> = HashMap::new();
        for document in documents {
            by_file.entry(document.source().id()).or_default().push(document);
        }
        let files = outputs.flat_map(|output| &output.rendered).flat_map(|(_, rendered)| &rendered.files);
        let rendered = files.map(|file| (file.source.id(), file)).collect();
        Self { documents: by_file, rendered, blocks: TemplateBlocks::default() }
    }

    fn document(&self, at: Span) -> Option<&'a Document> {
        let documents = self.documents.get(&at.file)?;
        let after = documents.partition_point(|document| document.span().start <= at.start);
        documents.get(after.checked_sub(1)?).copied()
    }

    /// Gives findings the fixes that can be made; of the others the wish says why not.
    pub(in crate::cli) fn settle(&self, findings: &mut [Diagnostic], sources: &SourceMap) {
        findings.par_iter_mut().for_each(|finding| {
            let Some(wish) = &mut finding.wish else { return };
            match self.edits(wish, sources) {
                Ok(edits) => finding.fix = Some(Fix { title: wish.title.clone(), safety: wish.safety, edits }),
                Err(Refusal(reason)) => wish.refused = Some(reason),
            }
        });
    }

    fn edits(&self, wish: &Wish, sources: &SourceMap) -> Result<Vec<TextEdit>, Refusal> {
        let Wish { at, change, .. } = wish;
        let known = self.document(*at);
        if let (Some(document), Some(file)) = (known, self.rendered.get(&at.file)) {
            return file.carry(document, *at, change, &Known { sources, blocks: &self.blocks });
        }
        let source = sources.file(at.file);
        if source.name().starts_with("--") {
            return Err(Refusal("a flag says it".to_owned()));
        }
        let plan = if let Some(document) = known {
            edit::plan(document, *at, change)?
        } else {
            let parsed = parse(&source);
            let holds = |document: &&Document| edit::find(document.root(), *at).is_some();
            let document = parsed.documents.iter().find(holds);
            edit::plan(document.ok_or_else(|| Refusal("its place is not in the text".to_owned()))?, *at, change)?
        };
        let way = plan.ways.first().map(Vec::as_slice).unwrap_or_default();
        let edit = |patch: &edit::Patch| TextEdit {
            span: Span::new(at.file, patch.range.start, patch.range.end),
            text: patch.text.clone(),
        };
        Ok(way.iter().map(edit).collect())
    }
}
