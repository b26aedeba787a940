//! Renders one release in one environment, by the engine of its chart.

use super::paths::slashed;
use super::plan::Job;
use super::trouble::Trouble;
use super::world::World;
use crate::chart::{self, Chart, ChartText, Composed, ComposedSubchart, Flavour, Value};
use crate::diagnostic::Diagnostic;
use crate::render::{Engine, HelmEngine, HelmOutput, JinjaEngine, Release, Rendered, Request, Templates};
use crate::schema::Version;
use crate::source::{SourceFile, SourceMap};
use crate::yaml::{self, Document};
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

/// A release, rendered: its chart and the subcharts that are on.
pub(super) struct Output {
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
pub(super) fn compose(job: &Job) -> Composed {
    let overrides: Vec<_> = job.overrides.iter().map(|(_, read)| read.clone()).collect();
    chart::compose(&job.chart, job.environment.as_deref(), &overrides)
}

/// Renders a job.
pub(super) fn render(job: &Job, sources: &SourceMap, world: &dyn World) -> Result<Output, Trouble> {
    let release = Release {
        name: job.name.clone(),
        namespace: job.namespace.clone().unwrap_or_default(),
        environment: job.environment.clone(),
        kubernetes_version: job.versions.last().copied().unwrap_or(Version::LATEST).to_string(),
    };
    let composed = compose(job);
    let mut output =
        Output { definitions: Vec::new(), rendered: Vec::new(), charts: Vec::new(), findings: composed.diagnostics };
    if job.chart.flavour == Flavour::Helm {
        let mut rendered = render_by_helm(job, &release, sources, world)?;
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
            output.add(&prefix, &chart, &values, &release, sources);
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
    fn add(&mut self, prefix: &str, chart: &Chart, values: &Arc<Value>, release: &Release, sources: &SourceMap) {
        let definitions = chart.crds.iter().map(|text| (format!("{prefix}{}", text.path), Arc::clone(&text.source)));
        self.definitions.extend(definitions);
        let templates = Templates::of(chart);
        let request = Request { templates: &templates, values, release };
        let rendered = JinjaEngine.render(request, sources);
        self.rendered.push((format!("{prefix}templates/"), rendered));
    }

    /// Takes the documents out, those of the definitions first.
    pub(super) fn take_documents(&mut self) -> Vec<Document> {
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
    pub(super) fn resolve(&self, finding: Diagnostic) -> Diagnostic {
        self.rendered.iter().fold(finding, |finding, (_, rendered)| rendered.resolve(finding))
    }
}

fn render_by_helm(job: &Job, release: &Release, sources: &SourceMap, world: &dyn World) -> Result<Rendered, Trouble> {
    let environment = job.environment.as_ref().and_then(|name| job.chart.environments.get(name));
    let file = environment.and_then(|values| values.place.as_ref()).map(|place| sources.file(place.span.file));
    let values: Vec<_> = file.iter().map(|file| file.name().to_owned()).collect();
    let flags = job.overrides.iter().map(|(flag, _)| flag.flag());
    let flags: Vec<_> = flags.map(|(flag, argument)| (flag.to_owned(), argument)).collect();
    let request = HelmEngine::request(release, &slashed(&job.folder), &values, &flags);
    let finished = world.run("helm", &request.arguments).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Trouble::new(format!(
            "cannot render `{}`: it is a Helm chart, and helm is not installed",
            job.folder.display()
        ))
        .help("install helm, or port the chart: `apiVersion: plimsoll.dev/v1`"),
        _ => Trouble::new(format!("cannot run helm: {error}")),
    })?;
    let output = HelmOutput {
        success: finished.success,
        stdout: String::from_utf8_lossy(&finished.stdout).into_owned(),
        stderr: finished.stderr,
    };
    let mut templates = BTreeMap::new();
    helm_names(&job.chart, &job.chart.metadata.name, &mut templates);
    Ok(HelmEngine::read(&output, &templates, sources))
}

/// Names templates as helm does: `chart/templates/web.yaml`, `chart/charts/db/templates/db.yaml`.
fn helm_names(chart: &Chart, name: &str, names: &mut BTreeMap<String, Arc<SourceFile>>) {
    let texts = chart.templates.iter().chain(&chart.partials).chain(&chart.notes).chain(&chart.crds);
    names.extend(texts.map(|ChartText { path, source }| (format!("{name}/{path}"), Arc::clone(source))));
    for subchart in &chart.subcharts {
        helm_names(&subchart.chart, &format!("{name}/charts/{}", subchart.name), names);
    }
}
