//! The valid objects that are mutated, and the definitions of the custom ones.

use plimsoll::schema::{SchemaStore, Version};
use plimsoll::source::SourceMap;
use plimsoll::yaml::emit::Data;
use plimsoll::yaml::parse;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// A valid object.
pub(super) struct Base {
    /// Its kind as figures name it: `Pod`, `autoscaling/v1 HorizontalPodAutoscaler` where two versions have it.
    pub(super) kind: String,
    /// Where it stands: `pod.yaml#2`.
    pub(super) name: String,
    pub(super) object: Value,
}

/// Everything in `tests/real`, and the known-good manifests.
pub(super) struct Corpus {
    pub(super) bases: Vec<Base>,
    /// CustomResourceDefinitions, which the server must have.
    pub(super) definitions: Vec<Value>,
    /// The schemas, those of the definitions included.
    pub(super) store: SchemaStore,
}

/// Gives the folder of this suite's data.
pub(super) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real")
}

impl Corpus {
    /// Reads the objects that exist in a version.
    pub(super) fn read(version: Version) -> Self {
        let mut store = SchemaStore::new();
        let mut definitions = Vec::new();
        for file in files(&folder().join("crds")) {
            for document in parse(&SourceMap::new().add("crd.yaml", text(&file))).documents {
                if !document.is_empty() {
                    let findings = store.add_definition(document.root());
                    assert!(findings.is_empty(), "{}: {findings:?}", file.display());
                    definitions.push(value(Data::from_node(document.root())));
                }
            }
        }
        let mut bases = Vec::new();
        let good = folder().join("../manifests/good");
        for file in [folder().join("objects"), folder().join("objects/custom"), good].iter().flat_map(|f| files(f)) {
            let name = |path: Option<&std::ffi::OsStr>| path.expect("has a name").to_string_lossy().into_owned();
            let short = format!("{}/{}", name(file.parent().and_then(Path::file_name)), name(file.file_name()));
            for (index, object) in objects(&file).into_iter().enumerate() {
                let word = |key: &str| object[key].as_str().unwrap_or_default().to_owned();
                let (api_version, kind) = (word("apiVersion"), word("kind"));
                let known = store.is_namespaced(version, &api_version, &kind).is_some();
                let older = version != Version::LATEST;
                assert!(known || older, "{short}#{index}: {api_version} {kind} does not exist");
                if known {
                    let kind = label(&api_version, &kind);
                    bases.push(Base { kind, name: format!("{short}#{index}"), object });
                }
            }
        }
        Self { bases, definitions, store }
    }
}

/// Names a kind shortly, and uniquely among those of the corpus.
fn label(api_version: &str, kind: &str) -> String {
    match (api_version, kind) {
        ("autoscaling/v1", "HorizontalPodAutoscaler") | ("events.k8s.io/v1", "Event") => {
            format!("{kind}.{api_version}")
        }
        _ => kind.to_owned(),
    }
    .replace('/', "-")
}

/// Reads the documents of a file.
pub(super) fn objects(file: &Path) -> Vec<Value> {
    let parsed = parse(&SourceMap::new().add(file.to_string_lossy(), text(file)));
    assert!(parsed.diagnostics.is_empty(), "{}: {:?}", file.display(), parsed.diagnostics);
    parsed.documents.iter().filter(|d| !d.is_empty()).map(|d| value(Data::from_node(d.root()))).collect()
}

fn text(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.expect("can be read").path());
    let mut files: Vec<_> = paths.filter(|path| path.extension().is_some_and(|end| end == "yaml")).collect();
    files.sort();
    files
}

fn value(data: Data) -> Value {
    match data {
        Data::Null => Value::Null,
        Data::Bool(value) => value.into(),
        Data::Int(value) => value.into(),
        Data::UInt(value) => value.into(),
        Data::Float(value) => value.into(),
        Data::String(value) => value.into(),
        Data::Seq(items) => items.into_iter().map(value).collect(),
        Data::Map(entries) => entries.into_iter().map(|(key, inner)| (key, value(inner))).collect(),
    }
}
