//! Renders one release in one environment, by the engine of its chart.

use crate::chart::{self, Chart, ChartText, Composed, ComposedSubchart, Flavour, Value};
use crate::cli::inputs::packed::is_archive;
use crate::cli::inputs::plan::{Job, TemplateCache};
use crate::cli::paths::{is_reference, slashed};
use crate::cli::trouble::Trouble;
use crate::cli::world::{Scratch, World};
use crate::diagnostic::Diagnostic;
use crate::render::{Engine, EngineError, HelmEngine, HelmOutput, JinjaEngine, Release, Rendered, Request};
use crate::schema::{Version, served};
use crate::source::{SourceFile, SourceMap};
use crate::yaml::{self, Document};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// What a chart that lies in a registry is called on the disk.
const PACKAGE: &str = "chart.tgz";

/// A release, rendered: its chart and the subcharts that are on.
pub(in crate::cli) struct Output {
    /// The charts' custom resource definitions, which are not rendered: the path in the chart, and the text.
    pub definitions: Vec<(String, Arc<SourceFile>)>,
    /// What was rendered: the folder in the chart (`templates/`, `charts/db/templates/`), and the files.
    pub rendered: Vec<(String, Rendered)>,
    /// The native charts that were rendered, with their values.
    pub charts: Vec<(Arc<Chart>, Arc<Value>)>,
    /// What is wrong with values and templates.
    pub findings: Vec<Diagnostic>,
}

/// Composes the values of a job.
pub(in crate::cli) fn compose(job: &Job) -> Composed {
    let overrides: Vec<_> = job.overrides.iter().map(|(_, read)| read.clone()).collect();
    chart::compose(&job.chart, job.environment.as_deref(), &overrides)
}

/// Renders a job.
pub(in crate::cli) fn render(job: &Job, sources: &SourceMap, world: &dyn World) -> Result<Output, Trouble> {
    let version = job.versions.last().copied().unwrap_or(Version::LATEST);
    let release = Release {
        name: job.name.clone(),
        namespace: job.namespace.clone().unwrap_or_default(),
        environment: job.environment.clone(),
        kubernetes_version: version.to_string(),
        revision: job.revision,
        is_upgrade: job.is_upgrade,
        api_versions: job.api_versions.clone(),
        served: served(version),
    };
    let composed = compose(job);
    let mut output =
        Output { definitions: Vec::new(), rendered: Vec::new(), charts: Vec::new(), findings: composed.diagnostics };
    if composed.unread {
        // What is wrong is said; templates would only say it again for every use of a value.
    } else if job.chart.flavour == Flavour::Helm {
        let mut rendered = render_by_helm(job, &release, composed.values, sources, world)?;
        // Helm's paths begin with the chart's name.
        for file in &mut rendered.files {
            if let Some((_, path)) = file.path.split_once('/') {
                file.path = path.to_owned();
            }
        }
        output.rendered.push((String::new(), rendered));
    } else {
        let mut queue = vec![(String::new(), Arc::clone(&job.chart), composed.values, composed.subcharts)];
        while let Some((prefix, chart, values, subcharts)) = queue.pop() {
            let values = Arc::new(values);
            output.add(&prefix, &chart, &job.cache, &values, &release, sources)?;
            output.charts.push((chart, values));
            queue.extend(subcharts.into_iter().rev().map(|subchart| {
                let ComposedSubchart { name, chart, values, subcharts } = subchart;
                (format!("{prefix}charts/{name}/"), chart, values, subcharts)
            }));
        }
    }
    for (_, rendered) in &mut output.rendered {
        output.findings.append(&mut rendered.diagnostics);
    }
    for finding in &mut output.findings {
        finding.release = Some(job.name.clone());
        finding.environments = job.environment.iter().cloned().collect();
    }
    Ok(output)
}

impl Output {
    fn add(
        &mut self,
        prefix: &str,
        chart: &Arc<Chart>,
        cache: &TemplateCache,
        values: &Arc<Value>,
        release: &Release,
        sources: &SourceMap,
    ) -> Result<(), Trouble> {
        let definitions = chart.crds.iter().map(|text| (format!("{prefix}{}", text.path), Arc::clone(&text.source)));
        self.definitions.extend(definitions);
        let templates = cache.templates(chart);
        let request = Request { templates: &templates, values, release };
        let rendered = JinjaEngine.render(request, sources).map_err(|error| trouble(chart, &error))?;
        self.rendered.push((format!("{prefix}templates/"), rendered));
        Ok(())
    }

    /// Takes the documents out, those of the definitions first.
    pub(in crate::cli) fn take_documents(&mut self) -> Vec<Document> {
        let mut documents = Vec::new();
        for (_, source) in &self.definitions {
            let parsed = yaml::parse(source);
            self.findings.extend(parsed.diagnostics);
            documents.extend(parsed.documents);
        }
        for file in self.rendered.iter_mut().flat_map(|(_, rendered)| &mut rendered.files) {
            documents.append(&mut file.documents);
        }
        documents
    }

    /// Carries a finding back to what a person wrote.
    pub(in crate::cli) fn resolve(&self, finding: Diagnostic) -> Diagnostic {
        self.rendered.iter().fold(finding, |finding, (_, rendered)| rendered.resolve(finding))
    }
}

fn render_by_helm(
    job: &Job,
    release: &Release,
    values: Value,
    sources: &SourceMap,
    world: &dyn World,
) -> Result<Rendered, Trouble> {
    let environment = job.environment.as_ref().and_then(|name| job.chart.environments.get(name));
    let file = environment.and_then(|values| values.place.as_ref()).map(|place| sources.file(place.span.file));
    // A file inside an archive reaches helm by its standard input.
    let packed = file.as_ref().filter(|_| is_archive(&job.folder));
    let input = packed.map(|file| file.text().as_bytes()).unwrap_or_default();
    let named = |file: &Arc<SourceFile>| if packed.is_some() { "-".to_owned() } else { file.name().to_owned() };
    let laid = laid(&job.folder, world).map_err(|error| Trouble::io("write down", &job.folder, &error))?;
    let folder = slashed(laid.as_ref().map(|laid| laid.path().join(PACKAGE)).as_ref().unwrap_or(&job.folder));
    let run = |arguments: &[String]| match world.feed("helm", arguments, input) {
        Ok(finished) => Ok(HelmOutput {
            success: finished.success,
            stdout: String::from_utf8_lossy(&finished.stdout).into_owned(),
            stderr: finished.stderr.replace(&folder, &slashed(&job.folder)),
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(EngineError::NotInstalled { program: "helm" }),
        Err(error) => Err(EngineError::NotRun { program: "helm", reason: error.to_string() }),
    };
    let mut names = BTreeMap::new();
    helm_names(&job.chart, &job.chart.metadata.name, &mut names);
    let engine = HelmEngine {
        run: &run,
        folder: folder.clone(),
        values_files: file.iter().map(named).collect(),
        sets: job.overrides.iter().map(|(given, _)| given.flag()).map(|(flag, text)| (flag.to_owned(), text)).collect(),
        sources: names,
    };
    let request = Request { templates: &job.cache.templates(&job.chart), values: &Arc::new(values), release };
    engine.render(request, sources).map_err(|error| trouble(&job.chart, &error))
}

/// Writes a chart that lies in a registry where helm finds it, and nobody else changes it.
fn laid(chart: &Path, world: &dyn World) -> io::Result<Option<Scratch>> {
    if !is_reference(chart) {
        return Ok(None);
    }
    world.scratch(&[(PACKAGE.into(), world.read(chart)?)]).map(Some)
}

/// Says why a chart could not be rendered.
fn trouble(chart: &Chart, error: &EngineError) -> Trouble {
    let trouble = Trouble::new(format!("cannot render the chart `{}`: {error}", chart.metadata.name));
    match error {
        EngineError::NotInstalled { .. } => {
            trouble.help("it is a Helm chart: install helm, or port the chart to `apiVersion: plimsoll.dev/v1`")
        }
        EngineError::NotRun { .. } => trouble,
    }
}

/// Names templates as helm does: `chart/templates/web.yaml`, `chart/charts/db/templates/db.yaml`.
fn helm_names(chart: &Chart, name: &str, names: &mut BTreeMap<String, Arc<SourceFile>>) {
    let texts = chart.templates.iter().chain(&chart.partials).chain(&chart.notes).chain(&chart.crds);
    names.extend(texts.map(|ChartText { path, source }| (format!("{name}/{path}"), Arc::clone(source))));
    for subchart in &chart.subcharts {
        helm_names(&subchart.chart, &format!("{name}/charts/{}", subchart.name), names);
    }
}
