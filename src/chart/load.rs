//! From a folder's files to a chart.

use super::decode::start_of;
use super::ignore_file::IgnoreFile;
use super::metadata::{self, Dependency, Flavour, Metadata};
use super::range::{Version, VersionRange};
use super::read::{is_unread, read_values};
use super::value::Value;
use super::values_schema::ValuesSchema;
use crate::diagnostic::Diagnostic;
use crate::source::{SourceFile, SourceMap, Span};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The file of a chart's defaults.
pub(super) const VALUES: &str = "values.yaml";

/// A file that was read for a chart.
#[derive(Clone, Debug)]
pub struct ChartFile {
    /// The path from the chart's folder, with `/`: `templates/web.yaml`.
    pub path: String,
    /// The name to show.
    pub name: String,
    /// What it holds.
    pub bytes: Arc<[u8]>,
}

/// A text of a chart.
#[derive(Clone, Debug)]
pub struct ChartText {
    /// The path from the chart's folder, with `/`: `templates/web.yaml`.
    pub path: String,
    /// The text.
    pub source: Arc<SourceFile>,
}

impl ChartText {
    /// Gives the name by which templates call each other: the path below `templates/`.
    pub fn template_name(&self) -> &str {
        self.path.strip_prefix("templates/").unwrap_or(&self.path)
    }
}

/// A chart, read.
#[derive(Debug)]
pub struct Chart {
    /// Chart.yaml.
    pub metadata: Metadata,
    /// Whose templates it holds.
    pub flavour: Flavour,
    /// The defaults of values.yaml; an empty map where there is none.
    pub values: Value,
    /// The text of values.yaml.
    pub values_file: Option<Arc<SourceFile>>,
    /// values.schema.json.
    pub values_schema: Option<ValuesSchema>,
    /// The values of each environment, by its name: `environments/<name>.yaml`.
    pub environments: BTreeMap<String, Value>,
    /// What is rendered to manifests, by path: the `.yaml`, `.yml` and `.json` files below `templates/`, partials left
    /// out; of a Helm chart, all files there.
    pub templates: Vec<ChartText>,
    /// What templates import and include but what is no manifest of its own: files whose names start with `_`, and of a
    /// native chart all that is no YAML or JSON.
    pub partials: Vec<ChartText>,
    /// `templates/NOTES.txt`.
    pub notes: Option<ChartText>,
    /// The custom resource definitions below `crds/`, by path.
    pub crds: Vec<ChartText>,
    /// Every other file, for `files.get` and its kin.
    pub files: Vec<ChartFile>,
    /// The charts below `charts/`, each under the name that its values go by.
    pub subcharts: Vec<Subchart>,
    /// The files of values that could not be read, by path: `values.yaml`, `environments/prod.yaml`. They count as empty.
    pub unread: BTreeSet<String>,
}

/// A chart inside a chart.
#[derive(Clone, Debug)]
pub struct Subchart {
    /// The key of its values in the parent's: its alias, else its name.
    pub name: String,
    /// The chart.
    pub chart: Arc<Chart>,
    /// What Chart.yaml of the parent says about it; none where it only stands in `charts/`.
    pub dependency: Option<Dependency>,
}

impl Chart {
    /// Reads a chart from the files of its folder, in any order.
    ///
    /// There is no chart where Chart.yaml is missing, cannot be read, or does not say whose chart it is; every other
    /// defect is a finding beside the chart.
    pub fn load(sources: &SourceMap, files: Vec<ChartFile>) -> (Option<Self>, Vec<Diagnostic>) {
        let mut loader = Loader { sources, diagnostics: Vec::new() };
        let chart = loader.load(files);
        (chart, loader.diagnostics)
    }

    /// Tells whether a template can import or include this name.
    pub fn has_template(&self, name: &str) -> bool {
        self.templates.iter().chain(&self.partials).any(|text| text.template_name() == name)
    }
}

struct Loader<'s> {
    sources: &'s SourceMap,
    diagnostics: Vec<Diagnostic>,
}

impl Loader<'_> {
    fn load(&mut self, mut files: Vec<ChartFile>) -> Option<Chart> {
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let ignore = match files.iter().position(|file| file.path == ".helmignore") {
            Some(at) => self.text(&files.remove(at)).map(|source| {
                let (ignore, diagnostics) = IgnoreFile::parse(&source);
                self.diagnostics.extend(diagnostics);
                ignore
            }),
            None => None,
        };
        let ignore = ignore.unwrap_or_else(IgnoreFile::builtin);
        let own = |path: &str| matches!(path, "Chart.yaml" | VALUES);
        files.retain(|file| own(&file.path) || !ignore.ignores(&file.path));

        let Some(at) = files.iter().position(|file| file.path == "Chart.yaml") else {
            self.diagnostics.push(Diagnostic::error("chart/missing-file", "the chart has no Chart.yaml"));
            return None;
        };
        let source = self.text(&files.remove(at))?;
        let (metadata, diagnostics) = metadata::read(&source);
        self.diagnostics.extend(diagnostics);
        let (metadata, flavour) = metadata?;

        let mut chart = Chart {
            metadata,
            flavour,
            values: Value::empty_file(&source),
            values_file: None,
            values_schema: None,
            environments: BTreeMap::new(),
            templates: Vec::new(),
            partials: Vec::new(),
            notes: None,
            crds: Vec::new(),
            files: Vec::new(),
            subcharts: Vec::new(),
            unread: BTreeSet::new(),
        };
        let mut nested: BTreeMap<String, Vec<ChartFile>> = BTreeMap::new();
        let mut archives = Vec::new();
        for file in files {
            match file.path.strip_prefix("charts/") {
                Some(inner) => match inner.split_once('/') {
                    Some((folder, _)) if folder.starts_with(['.', '_']) => {}
                    Some((folder, path)) => {
                        let inner = ChartFile { path: path.to_owned(), ..file.clone() };
                        nested.entry(folder.to_owned()).or_default().push(inner);
                    }
                    // Archives are unpacked before; what is left was refused.
                    None if inner.strip_suffix(".tgz").is_some() => archives.push(file),
                    None => {}
                },
                None => self.place(&mut chart, file),
            }
        }
        self.subcharts(&mut chart, nested, &archives);
        Some(chart)
    }

    /// Puts a file where it belongs.
    fn place(&mut self, chart: &mut Chart, file: ChartFile) {
        match file.path.as_str() {
            VALUES => {
                if let Some((source, values)) = self.values(chart, &file) {
                    chart.values = values;
                    chart.values_file = Some(source);
                }
            }
            "values.schema.json" => {
                if let Some(source) = self.text(&file) {
                    let (schema, diagnostics) = ValuesSchema::read(&source);
                    self.diagnostics.extend(diagnostics);
                    chart.values_schema = schema;
                }
            }
            // Tests are for those who write the chart: templates do not see them.
            path if path.starts_with("tests/") => {}
            path if path.starts_with("templates/") => self.template(chart, &file),
            path if path.starts_with("crds/") && is_manifest(path) => {
                let text = self.text(&file);
                chart.crds.extend(text.map(|source| ChartText { path: file.path, source }));
            }
            path => {
                let environment = path.strip_prefix("environments/").filter(|name| !name.contains('/'));
                let name =
                    environment.and_then(|name| name.strip_suffix(".yaml").or_else(|| name.strip_suffix(".yml")));
                match name.map(str::to_owned) {
                    Some(name) => {
                        if let Some((source, values)) = self.values(chart, &file)
                            && chart.environments.insert(name.clone(), values).is_some()
                        {
                            let message = format!("the environment `{name}` has two files");
                            let problem = Diagnostic::error("chart/duplicate-environment", message);
                            self.diagnostics.push(problem.at(start_of(&source)));
                        }
                    }
                    None => chart.files.push(file),
                }
            }
        }
    }

    fn template(&mut self, chart: &mut Chart, file: &ChartFile) {
        let Some(source) = self.text(file) else { return };
        let name = file.path.rsplit('/').next().unwrap_or_default();
        let partial = name.starts_with('_') || (chart.flavour == Flavour::Native && !is_manifest(name));
        let text = ChartText { path: file.path.clone(), source };
        if text.path == "templates/NOTES.txt" {
            chart.notes = Some(text);
        } else if partial {
            chart.partials.push(text);
        } else {
            chart.templates.push(text);
        }
    }

    fn subcharts(&mut self, chart: &mut Chart, nested: BTreeMap<String, Vec<ChartFile>>, archives: &[ChartFile]) {
        let mut loaded: Vec<(String, Arc<Chart>)> = Vec::new();
        for (folder, files) in nested {
            let Some(inner) = self.load(files) else { continue };
            if inner.flavour != chart.flavour {
                let message = format!("the subchart `{folder}` is rendered by another engine than this chart");
                self.diagnostics.push(
                    Diagnostic::error("chart/flavour", message)
                        .at(start_of(&inner.metadata.source))
                        .help("release it as a chart of its own, and name it in `needs`"),
                );
                continue;
            }
            loaded.push((folder, Arc::new(inner)));
        }
        let mut used = vec![false; loaded.len()];
        for dependency in &chart.metadata.dependencies {
            let wanted = dependency.name.as_str();
            // Of several versions of a chart, by aliases, the one that is asked for; else the first of the name.
            let range = dependency.version.as_ref().and_then(|text| VersionRange::parse(text));
            let fits = |inner: &Chart| {
                let version = Version::parse(&inner.metadata.version);
                range.as_ref().zip(version).is_some_and(|(range, version)| range.contains(&version))
            };
            let named = |inner: &Chart| inner.metadata.name == wanted;
            let found = loaded
                .iter()
                .position(|(_, inner)| named(inner) && fits(inner))
                .or_else(|| loaded.iter().position(|(_, inner)| named(inner)))
                .or_else(|| loaded.iter().position(|(folder, _)| folder == wanted));
            if let Some(at) = found {
                used[at] = true;
                let name = dependency.key().to_owned();
                let inner = Arc::clone(&loaded[at].1);
                chart.subcharts.push(Subchart { name, chart: inner, dependency: Some(dependency.clone()) });
            } else if !archives.iter().any(|archive| archive.path.starts_with(&format!("charts/{wanted}-"))) {
                self.diagnostics.push(
                    Diagnostic::error("chart/missing-dependency", format!("`charts/` has no chart `{wanted}`"))
                        .at(dependency.name.span)
                        .help(format!("fetch it with `plimsoll deps build`, or put the chart into `charts/{wanted}`")),
                );
            }
        }
        let undeclared = loaded.into_iter().zip(used).filter(|(_, used)| !used);
        chart.subcharts.extend(undeclared.map(|((folder, inner), _)| {
            let name = Some(inner.metadata.name.clone()).filter(|name| !name.is_empty()).unwrap_or(folder);
            Subchart { name, chart: inner, dependency: None }
        }));
    }

    /// Reads a file of values.
    fn values(&mut self, chart: &mut Chart, file: &ChartFile) -> Option<(Arc<SourceFile>, Value)> {
        let source = self.text(file);
        let read = source.as_ref().map(read_values);
        if read.as_ref().is_none_or(|(values, problems)| is_unread(values, problems)) {
            chart.unread.insert(file.path.clone());
        }
        let (values, problems) = read?;
        self.diagnostics.extend(problems);
        source.zip(Some(values))
    }

    /// Takes a file as text; a file that is none is a finding.
    fn text(&mut self, file: &ChartFile) -> Option<Arc<SourceFile>> {
        match std::str::from_utf8(&file.bytes) {
            Ok(text) => Some(self.sources.add(file.name.as_str(), text)),
            Err(error) => {
                let readable = String::from_utf8_lossy(&file.bytes[..error.valid_up_to()]);
                let source = self.sources.add(file.name.as_str(), &*readable);
                let end = source.text().len();
                let problem = Diagnostic::error("chart/not-text", "the file is not UTF-8 text")
                    .at(Span::new(source.id(), end, end))
                    .help("save it as UTF-8, or keep it out of the folders that a chart reads as text");
                self.diagnostics.push(problem);
                None
            }
        }
    }
}

fn is_manifest(path: &str) -> bool {
    [".yaml", ".yml", ".json"].iter().any(|ending| path.ends_with(ending))
}
