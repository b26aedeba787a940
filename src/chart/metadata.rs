//! Chart.yaml: what a chart says about itself.

use super::decode::{Decoder, Spanned, listed, start_of};
use crate::diagnostic::{Diagnostic, Severity, nearest};
use crate::source::SourceFile;
use crate::yaml::emit::Data;
use crate::yaml::{Node, parse};
use std::sync::Arc;

/// The apiVersion of native charts and of `plimsoll.yaml`.
pub const API_VERSION: &str = "plimsoll.dev/v1";

/// Whose templates a chart holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavour {
    /// Jinja, rendered by Plimsoll.
    Native,
    /// Go templates, rendered by Helm.
    Helm,
}

/// What a chart is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChartType {
    /// It is released.
    #[default]
    Application,
    /// It only lends its macros to other charts.
    Library,
}

/// Chart.yaml, decoded.
#[derive(Clone, Debug)]
pub struct Metadata {
    /// The text of Chart.yaml.
    pub source: Arc<SourceFile>,
    /// As written: `plimsoll.dev/v1`, `v1`, `v2`.
    pub api_version: String,
    /// The name; empty, with a finding, where it is missing.
    pub name: String,
    /// The version by semver; empty, with a finding, where it is missing.
    pub version: String,
    /// The version of what the chart runs.
    pub app_version: Option<Spanned<String>>,
    /// A range of Kubernetes versions: `>=1.30.0-0`.
    pub kube_version: Option<Spanned<String>>,
    /// What the chart is for.
    pub chart_type: ChartType,
    /// One sentence.
    pub description: Option<String>,
    /// The project's page.
    pub home: Option<String>,
    /// An image's URL.
    pub icon: Option<String>,
    /// Words to search by.
    pub keywords: Vec<String>,
    /// URLs of source code.
    pub sources: Vec<String>,
    /// Who keeps the chart.
    pub maintainers: Vec<Maintainer>,
    /// Nobody should start to use it.
    pub deprecated: bool,
    /// Annotations, in the order of writing.
    pub annotations: Vec<(String, String)>,
    /// Charts that it needs.
    pub dependencies: Vec<Dependency>,
}

/// Somebody who keeps a chart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Maintainer {
    /// The name.
    pub name: String,
    /// The address.
    pub email: Option<String>,
    /// A page.
    pub url: Option<String>,
}

/// An entry of `dependencies`.
#[derive(Clone, Debug)]
pub struct Dependency {
    /// The chart's name.
    pub name: Spanned<String>,
    /// A range of versions.
    pub version: Option<Spanned<String>>,
    /// Where it is fetched from; none or empty for a folder of `charts/`.
    pub repository: Option<Spanned<String>>,
    /// The key of its values, where that is not its name.
    pub alias: Option<Spanned<String>>,
    /// Comma-separated paths in the values; the first that holds a boolean decides whether the chart is on.
    pub condition: Option<Spanned<String>>,
    /// Names under `tags` in the values that turn it on or off.
    pub tags: Vec<String>,
    /// Helm's `enabled`, which its conditions and tags override.
    pub enabled: bool,
    /// Helm's `import-values`: keys of the chart's values that become the parent's.
    pub import_values: Vec<Data>,
}

impl Dependency {
    /// Gives the key of its values: the alias, else the name.
    pub fn key(&self) -> &str {
        self.alias.as_ref().map_or(&self.name, |alias| alias)
    }
}

const KEYS: [&str; 17] = [
    "apiVersion",
    "name",
    "version",
    "appVersion",
    "kubeVersion",
    "type",
    "description",
    "dependencies",
    "maintainers",
    "keywords",
    "home",
    "sources",
    "icon",
    "annotations",
    "deprecated",
    "condition",
    "tags",
];
/// The last two of the keys are Helm's alone.
const NATIVE_KEYS: usize = KEYS.len() - 2;
const DEPENDENCY_KEYS: [&str; 8] =
    ["name", "version", "repository", "condition", "tags", "alias", "enabled", "import-values"];

/// Reads Chart.yaml. There is no metadata where the text cannot be read or does not say whose chart it is.
pub(super) fn read(source: &Arc<SourceFile>) -> (Option<(Metadata, Flavour)>, Vec<Diagnostic>) {
    let parsed = parse(source);
    let mut decoder = Decoder::new("chart");
    decoder.diagnostics = parsed.diagnostics;
    let start = start_of(source);
    let Some(document) = parsed.documents.first() else {
        if decoder.diagnostics.is_empty() {
            decoder.error("api-version", start, "Chart.yaml is empty").help =
                Some(format!("begin with `apiVersion: {API_VERSION}`, `name` and `version`"));
        }
        return (None, decoder.diagnostics);
    };
    if let Some(second) = parsed.documents.get(1) {
        decoder.error("documents", second.root().head(), "Chart.yaml holds more than one document");
    }
    let root = document.root();
    let Some(root) = decoder.open_map(root, "Chart.yaml") else { return (None, decoder.diagnostics) };
    let Some((api_version, flavour)) = api_version(root, &mut decoder) else { return (None, decoder.diagnostics) };
    if flavour == Flavour::Helm {
        // Helm skips what it does not know; a typo is worth a word all the same.
        decoder.unknown = Severity::Warning;
    }
    // Helm has two more, which mean something only inside a dependency.
    let known = if flavour == Flavour::Helm { &KEYS[..] } else { &KEYS[..NATIVE_KEYS] };
    decoder.map(root, "Chart.yaml", known);
    let metadata = metadata(root, source, api_version, flavour, &mut decoder);
    (Some((metadata, flavour)), decoder.diagnostics)
}

fn api_version(root: Node<'_>, decoder: &mut Decoder) -> Option<(String, Flavour)> {
    let Some(node) = root.field("apiVersion") else {
        let near = nearest("apiVersion", root.entries().map(|entry| entry.name()));
        let at = near.and_then(|near| root.entry(near)).map_or(root.head(), |entry| entry.key.span());
        decoder.error("api-version", at, "Chart.yaml needs `apiVersion`").help =
            Some(format!("write `apiVersion: {API_VERSION}`, or `v2` for a chart of Helm's"));
        return None;
    };
    let text = decoder.string(node, "`apiVersion`")?;
    match text.as_str() {
        API_VERSION => Some((text.value, Flavour::Native)),
        "v1" | "v2" => Some((text.value, Flavour::Helm)),
        other => {
            let message = format!("`{other}` is no apiVersion of a chart");
            decoder.error("api-version", text.span, message).help =
                Some(format!("write `{API_VERSION}`, or `v1` or `v2` for a chart of Helm's"));
            None
        }
    }
}

fn metadata(
    root: Node<'_>,
    source: &Arc<SourceFile>,
    api_version: String,
    flavour: Flavour,
    decoder: &mut Decoder,
) -> Metadata {
    let name = decoder.required(root, "name", "a chart", root.head());
    if let Some(name) = &name
        && (name.contains(['/', '\\']) || matches!(name.as_str(), "." | ".."))
    {
        let message = format!("`{}` cannot name a chart", name.value);
        decoder.error("name", name.span, message).help = Some("use letters, digits and `-`".to_owned());
    }
    let version = decoder.required(root, "version", "a chart", root.head());
    if let Some(version) = &version {
        check_version(version, flavour, decoder);
    }
    let plain = |text: Option<Spanned<String>>| text.map(|text| text.value);
    let texts = |texts: Vec<Spanned<String>>| texts.into_iter().map(|text| text.value).collect();
    Metadata {
        source: Arc::clone(source),
        api_version,
        name: plain(name).unwrap_or_default(),
        version: plain(version).unwrap_or_default(),
        app_version: decoder.text(root, "appVersion"),
        kube_version: decoder.text(root, "kubeVersion"),
        chart_type: chart_type(root, decoder),
        description: plain(decoder.text(root, "description")),
        home: plain(decoder.text(root, "home")),
        icon: plain(decoder.text(root, "icon")),
        keywords: texts(decoder.texts(root, "keywords")),
        sources: texts(decoder.texts(root, "sources")),
        maintainers: maintainers(root, decoder),
        deprecated: root.get("deprecated").and_then(|node| decoder.boolean(node, "`deprecated`")).unwrap_or_default(),
        annotations: annotations(root, decoder),
        dependencies: dependencies(root, flavour, decoder),
    }
}

/// Native charts hold to semver; Helm also takes `1.2` and `v1.2.3`.
fn check_version(version: &Spanned<String>, flavour: Flavour, decoder: &mut Decoder) {
    let Err(error) = semver::Version::parse(version) else { return };
    let lenient = version.strip_prefix('v').unwrap_or(version);
    let (core, rest) = lenient.split_at(lenient.find(['-', '+']).unwrap_or(lenient.len()));
    let padded = format!("{core}{}{rest}", ".0".repeat(2usize.saturating_sub(core.matches('.').count())));
    let fixed = semver::Version::parse(&padded).ok();
    if flavour == Flavour::Helm && fixed.is_some() {
        return;
    }
    let message = format!("`{}` is no semantic version: {error}", version.value);
    let help = fixed.map_or_else(|| "write three numbers: `1.0.0`".to_owned(), |fixed| format!("write `{fixed}`"));
    decoder.error("version", version.span, message).help = Some(help);
}

fn chart_type(root: Node<'_>, decoder: &mut Decoder) -> ChartType {
    let Some(text) = decoder.text(root, "type") else { return ChartType::default() };
    match text.as_str() {
        "" | "application" => ChartType::Application,
        "library" => ChartType::Library,
        other => {
            let known = ["application", "library"];
            let help = nearest(other, known)
                .map_or_else(|| format!("write one of {}", listed(&known)), |near| format!("did you mean `{near}`?"));
            decoder.error("type", text.span, format!("`{other}` is no type of chart")).help = Some(help);
            ChartType::default()
        }
    }
}

fn maintainers(root: Node<'_>, decoder: &mut Decoder) -> Vec<Maintainer> {
    let items = root.get("maintainers").map(|node| decoder.list(node, "`maintainers`")).unwrap_or_default();
    let read = |item| {
        let map = decoder.map(item, "a maintainer", &["name", "email", "url"])?;
        let name = decoder.required(map, "name", "a maintainer", map.head())?.value;
        let email = decoder.text(map, "email").map(|text| text.value);
        Some(Maintainer { name, email, url: decoder.text(map, "url").map(|text| text.value) })
    };
    items.into_iter().filter_map(read).collect()
}

fn annotations(root: Node<'_>, decoder: &mut Decoder) -> Vec<(String, String)> {
    let map = root.get("annotations").and_then(|node| decoder.open_map(node, "`annotations`"));
    let entries = map.into_iter().flat_map(Node::entries);
    let read = |entry: crate::yaml::Entry<'_>| {
        let what = format!("the annotation `{}`", entry.name());
        Some((entry.name().to_owned(), decoder.string(entry.value, &what)?.value))
    };
    entries.filter_map(read).collect()
}

fn dependencies(root: Node<'_>, flavour: Flavour, decoder: &mut Decoder) -> Vec<Dependency> {
    let items = root.get("dependencies").map(|node| decoder.list(node, "`dependencies`")).unwrap_or_default();
    let mut found: Vec<Dependency> = Vec::new();
    for item in items {
        let Some(map) = decoder.map(item, "a dependency", &DEPENDENCY_KEYS) else { continue };
        let Some(name) = decoder.required(map, "name", "a dependency", map.head()) else { continue };
        if flavour == Flavour::Native {
            for (key, help) in [
                ("import-values", "read the subchart's values in templates: `values.NAME.key`"),
                ("enabled", "name a value that turns it on: `condition: NAME.enabled`"),
            ] {
                if let Some(entry) = map.entry(key) {
                    let message = format!("native charts do not know `{key}`");
                    decoder.error("unsupported", entry.key.span(), message).help = Some(help.to_owned());
                }
            }
        }
        let dependency = Dependency {
            version: decoder.text(map, "version"),
            repository: decoder.text(map, "repository"),
            alias: decoder.text(map, "alias"),
            condition: decoder.text(map, "condition"),
            tags: decoder.texts(map, "tags").into_iter().map(|tag| tag.value).collect(),
            enabled: map.get("enabled").and_then(|node| decoder.boolean(node, "`enabled`")).unwrap_or_default(),
            import_values: map.get("import-values").into_iter().flat_map(Node::items).map(Data::from_node).collect(),
            name,
        };
        let key = dependency.alias.as_ref().unwrap_or(&dependency.name);
        let word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if let Some(alias) = dependency.alias.as_ref().filter(|alias| alias.is_empty() || !alias.chars().all(word)) {
            let message = format!("`{}` cannot be an alias", alias.value);
            decoder.error("alias", alias.span, message).help = Some("use letters, digits, `-` and `_`".to_owned());
        }
        if let Some(first) = found.iter().find(|known| known.key() == key.as_str()) {
            let first = first.alias.as_ref().map_or(first.name.span, |alias| alias.span);
            let message = format!("two dependencies are called `{}`", key.value);
            let problem = decoder.error("duplicate-dependency", key.span, message);
            problem.help = Some("give one of them an `alias`".to_owned());
            problem.labels.push(crate::diagnostic::Label { span: first, text: "first given here".to_owned() });
            continue;
        }
        found.push(dependency);
    }
    found
}
