//! Rendering: a chart and its values become YAML whose every line leads back to what a person wrote.
//!
//! In: a [`Chart`], its values and a [`Release`]. Out: [`Rendered`] files with their [`Origins`]. Values are written as
//! their place in the YAML asks; templates run without a clock, randomness or input.

mod blocks;
mod carry;
mod helm;
mod jinja;
mod look;
mod origins;
mod prove;
#[cfg(test)]
mod tests;
mod weave;

pub use blocks::TemplateBlocks;
pub use carry::Known;
pub use helm::{HelmEngine, HelmOutput, RunHelm};
pub(in crate::render) use jinja::data_text;
pub use jinja::{FILTERS, FUNCTIONS, JinjaEngine, TESTS, VARIABLES};
pub use look::{is_said, look};
pub use origins::{Origins, Written};

use crate::chart::{Chart, ChartText, ChartType, Value};
use crate::diagnostic::Diagnostic;
use crate::source::{SourceFile, SourceMap, Span};
use crate::yaml::Document;
use crate::yaml::emit::Data;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

/// What a chart is rendered as.
#[derive(Clone, Debug)]
pub struct Release {
    /// The release's name.
    pub name: String,
    /// The namespace it goes to; empty where none is known.
    pub namespace: String,
    /// The environment, where one is chosen.
    pub environment: Option<String>,
    /// The Kubernetes version that templates see: `1.34`.
    pub kubernetes_version: String,
    /// The revision that it becomes: 1 for the first.
    pub revision: u32,
    /// Whether it takes the place of an earlier revision.
    pub is_upgrade: bool,
    /// Versions of APIs that the cluster has beside its own: `monitoring.coreos.com/v1`.
    pub api_versions: Vec<String>,
    /// The APIs that the cluster has of its own: `apps/v1`, `apps/v1/Deployment`.
    pub served: &'static [String],
}

/// What a chart brings to rendering. Made once of a chart, it serves any number of releases: its templates are compiled once.
#[derive(Clone, Debug)]
pub struct Templates {
    /// The templates by their path below `templates/`, those that only hold macros included.
    pub templates: BTreeMap<String, Arc<SourceFile>>,
    /// The templates that print manifests.
    pub printing: BTreeSet<String>,
    /// The chart's other files by their path in it.
    pub files: Arc<BTreeMap<String, Arc<[u8]>>>,
    /// What templates see as `chart`: the entries of Chart.yaml.
    pub metadata: Data,
    /// The templates, compiled when the first release asks.
    program: OnceLock<Arc<jinja::Program>>,
}

impl Templates {
    /// Takes what rendering needs of a chart; its subcharts are charts of their own.
    pub fn of(chart: &Chart) -> Self {
        let entry = |text: &ChartText| (text.template_name().to_owned(), Arc::clone(&text.source));
        let texts = chart.templates.iter().chain(&chart.partials).chain(&chart.notes);
        let borrowed = libraries(chart).into_iter().map(|(name, text)| (name, Arc::clone(&text.source)));
        // A library only lends.
        let printing = chart.templates.iter().filter(|_| chart.metadata.chart_type != ChartType::Library);
        let files = chart.files.iter().map(|file| (file.path.clone(), Arc::clone(&file.bytes)));
        let metadata = crate::yaml::parse(&chart.metadata.source);
        Self {
            templates: texts.map(entry).chain(borrowed).collect(),
            printing: printing.map(|text| text.template_name().to_owned()).collect(),
            files: Arc::new(files.collect()),
            metadata: metadata.documents.first().map_or(Data::Null, |document| Data::from_node(document.root())),
            program: OnceLock::new(),
        }
    }
}

/// Gives what a chart may import of its libraries: each text under the name `charts/LIBRARY/FILE`, FILE below the library's
/// `templates/`.
fn libraries(chart: &Chart) -> Vec<(String, &ChartText)> {
    let mut found = Vec::new();
    for subchart in chart.subcharts.iter().filter(|subchart| subchart.chart.metadata.chart_type == ChartType::Library) {
        let inner = &*subchart.chart;
        let own = inner.templates.iter().chain(&inner.partials).map(|text| (text.template_name().to_owned(), text));
        let all = own.chain(libraries(inner));
        found.extend(all.map(|(name, text)| (format!("charts/{}/{name}", subchart.name), text)));
    }
    found
}

/// Gives the template that a name means where it stands in another one: a library's own comes first in a library.
fn joined(name: &str, within: &str, exists: impl Fn(&str) -> bool) -> String {
    let library = within.rfind("charts/").and_then(|at| {
        let length = within[at + "charts/".len()..].find('/')?;
        Some(&within[..=at + "charts/".len() + length])
    });
    let own = library.map(|library| format!("{library}{name}")).filter(|own| exists(own));
    own.unwrap_or_else(|| name.to_owned())
}

/// A request to render one chart.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The chart.
    pub templates: &'a Templates,
    /// Its merged values.
    pub values: &'a Arc<Value>,
    /// What it is rendered as.
    pub release: &'a Release,
}

/// One file that an engine rendered.
#[derive(Debug)]
pub struct RenderedFile {
    /// Path below the chart's `templates/`: `web.yaml`.
    pub path: String,
    /// The text.
    pub source: Arc<SourceFile>,
    /// Where its text came from.
    pub origins: Origins,
    /// The text, parsed.
    pub documents: Vec<Document>,
}

/// What an engine made of a chart.
#[derive(Debug, Default)]
pub struct Rendered {
    /// The files, sorted by path; files without text are left out.
    pub files: Vec<RenderedFile>,
    /// What is wrong with templates and values, and with the YAML that came out. Places are already resolved.
    pub diagnostics: Vec<Diagnostic>,
    /// The text of NOTES.txt.
    pub notes: Option<String>,
}

impl RenderedFile {
    /// Carries a finding in this file's text back to what a person wrote; see [`Rendered::resolve`].
    fn resolve(&self, mut diagnostic: Diagnostic) -> Diagnostic {
        let written = |span: Span| (span.file == self.source.id()).then(|| self.origins.written(span)).flatten();
        for label in &mut diagnostic.labels {
            if let Some(written) = written(label.span) {
                label.span = written.span;
            }
        }
        if let Some(written) = diagnostic.span.and_then(written) {
            diagnostic.rendered = diagnostic.span;
            diagnostic.span = Some(written.span);
            diagnostic.trace = written.trace;
            diagnostic.edit = diagnostic.edit.or(written.edit);
        }
        diagnostic
    }
}

impl Rendered {
    /// Carries a finding in rendered text back to what a person wrote, with the calls that led there and the value to edit.
    /// A finding in other text is left as it is.
    #[must_use]
    pub fn resolve(&self, diagnostic: Diagnostic) -> Diagnostic {
        // Its places may lie in several files; each carries back its own.
        self.files.iter().fold(diagnostic, |diagnostic, file| file.resolve(diagnostic))
    }
}

/// Makes manifests of a chart.
pub trait Engine: Sync {
    /// Renders all templates of a chart, collecting all that is wrong with them. An error is trouble with the world, never
    /// with the chart.
    fn render(&self, request: Request<'_>, sources: &SourceMap) -> Result<Rendered, EngineError>;
}

/// Why an engine could not try.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The program that renders this kind of chart is not installed.
    #[error("{program} is not installed")]
    NotInstalled {
        /// Its name.
        program: &'static str,
    },
    /// The program could not be run.
    #[error("cannot run {program}: {reason}")]
    NotRun {
        /// Its name.
        program: &'static str,
        /// What the system said.
        reason: String,
    },
}
