//! `push --rendered`: what a chart gives in an environment, as an artifact for clusters that pull.

use super::reference;
use crate::chart::is_encrypted;
use crate::cli::args::{Colour, ReleaseArgs};
use crate::cli::commands::render;
use crate::cli::compile::release;
use crate::cli::inputs::packing::time;
use crate::cli::inputs::plan::One;
use crate::cli::report;
use crate::cli::trouble::Trouble;
use crate::cli::world::{World, date};
use crate::object::ObjectSet;
use crate::oci::{Manifests, Reference, tag_of};
use crate::package;
use crate::source::SourceMap;
use crate::yaml::Document;
use clap::Args;
use std::collections::BTreeMap;
use std::path::Path;

/// How rendered manifests are pushed.
#[derive(Args)]
pub(in crate::cli) struct RenderedArgs {
    /// Push the rendered manifests of an environment (`-e`), in the form that Flux reads, instead of the chart
    #[arg(long)]
    pub rendered: bool,
    /// Push the text of Secrets too, for everybody to read who may pull
    #[arg(long, requires = "rendered")]
    include_secrets: bool,
    /// Where the manifests come from, a URL; the first of the chart's `sources` where none is given
    #[arg(long, value_name = "URL", requires = "rendered")]
    source: Option<String>,
    /// The revision they were made from, such as main@sha1:…; the chart's version where none is given
    #[arg(long, value_name = "REVISION", requires = "rendered")]
    revision: Option<String>,
}

/// Rendered manifests, packed.
pub(in crate::cli) struct Rendered {
    bytes: Vec<u8>,
    source: Option<String>,
    revision: String,
    created: String,
    /// The tag where none is named: the environment, else the chart's version.
    tag: String,
}

impl RenderedArgs {
    /// Renders a chart, and packs what it gives.
    pub(in crate::cli) fn render(
        &self,
        chart: &Path,
        release: &ReleaseArgs,
        config: Option<&Path>,
        color: Colour,
        world: &dyn World,
    ) -> Result<Rendered, Trouble> {
        let sources = SourceMap::new();
        let (job, mut findings) = One { path: Some(chart), args: release, config }.plan(&sources, world)?;
        let mut output = release::render(&job, &sources, world)?;
        findings.append(&mut output.findings);
        if report::tell(findings, color, &sources, world) {
            return Err(Trouble::new(format!("`{}` cannot be rendered", chart.display())));
        }
        let files = render::files(&output);
        let texts = files.iter().map(|file| (file.path.clone(), file.source.text().as_bytes()));
        let texts: BTreeMap<String, &[u8]> = texts.filter(|(_, text)| !text.trim_ascii().is_empty()).collect();
        let time = time(world)?;
        let bytes = package::bundle(&texts, time)
            .map_err(|error| Trouble::new(format!("`{}` cannot be packed: {error}", chart.display())))?;
        let secrets = secrets(&output.take_documents());
        if let Some(secret) = secrets.first().filter(|_| !self.include_secrets) {
            let more =
                if secrets.len() > 1 { format!(" and {} more hold", secrets.len() - 1) } else { " holds".to_owned() };
            return Err(Trouble::new(format!("{secret}{more} its data in plain sight, and whoever may pull could read it"))
                .help("let an operator make it in the cluster, encrypt it by SOPS, or push it nevertheless by `--include-secrets`"));
        }
        let metadata = &job.chart.metadata;
        Ok(Rendered {
            bytes,
            source: self.source.clone().or_else(|| metadata.sources.first().cloned()),
            revision: self.revision.clone().unwrap_or_else(|| metadata.version.clone()),
            created: stamp(time),
            tag: tag_of(job.environment.as_ref().unwrap_or(&metadata.version)),
        })
    }
}

impl Rendered {
    /// Gives where they go.
    pub(in crate::cli) fn target(&self, text: &str) -> Result<Reference, Trouble> {
        let reference = reference(text)?;
        if reference.digest.is_some() {
            return Err(
                Trouble::new(format!("`{text}` names a digest")).help("leave it out: it comes of what is pushed")
            );
        }
        Ok(if reference.tag.is_some() { reference } else { reference.with_tag(&self.tag) })
    }

    /// Gives what is pushed.
    pub(in crate::cli) fn manifests(&self) -> Manifests<'_> {
        let Self { bytes, source, revision, created, .. } = self;
        Manifests { bytes, source: source.as_deref(), revision, created }
    }
}

/// Names the Secrets whose data everybody can read.
fn secrets(documents: &[Document]) -> Vec<String> {
    let objects = ObjectSet::read(documents, None, &|_, _| Vec::new());
    let plain = objects.iter().filter(|object| {
        let holds = |key: &str| object.node.field(key).is_some_and(|node| node.entries().len() > 0);
        object.is("", &["Secret"]) && (holds("data") || holds("stringData")) && !is_encrypted(object.node)
    });
    plain.map(|secret| format!("the Secret `{}`", secret.name)).collect()
}

/// Writes a time as annotations have it.
pub(in crate::cli) fn stamp(time: u64) -> String {
    let (day, second) = (time / 86_400, time % 86_400);
    format!("{}T{:02}:{:02}:{:02}Z", date(day), second / 3600, second / 60 % 60, second % 60)
}
