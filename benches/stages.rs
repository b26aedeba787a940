//! How long each stage takes on the example chart `shop`: `cargo bench --bench stages`, or `… -- lint` for one of them.

#![allow(clippy::disallowed_methods, reason = "it is no part of the command")]

use criterion::Criterion;
use plimsoll::api::verdicts;
use plimsoll::chart::{Chart, ChartFile, compose};
use plimsoll::diff::{Comparison, Reading, Secrets, compare_sets};
use plimsoll::lint::{LintConfig, LintContext, Linter, Word};
use plimsoll::object::ObjectSet;
use plimsoll::render::{Engine as _, JinjaEngine, Release, Rendered, Request, Templates};
use plimsoll::schema::{SchemaStore, Version};
use plimsoll::source::SourceMap;
use plimsoll::yaml::{parse, parse_any};
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

/// Reads the files of a folder and of those in it.
fn files(folder: &Path, root: &Path) -> Vec<ChartFile> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("can be read") {
        let path = entry.expect("can be read").path();
        if path.is_dir() {
            found.extend(files(&path, root));
        } else {
            let name = path.strip_prefix(root).expect("is inside").display().to_string();
            let bytes = Arc::from(std::fs::read(&path).expect("can be read"));
            found.push(ChartFile { name: name.clone(), path: name, bytes });
        }
    }
    found
}

fn render(chart: &Chart, sources: &SourceMap) -> Rendered {
    let release = Release {
        name: "shop".to_owned(),
        namespace: "shop".to_owned(),
        environment: None,
        kubernetes_version: "1.37".to_owned(),
        revision: 1,
        is_upgrade: false,
        api_versions: Vec::new(),
        served: &[],
    };
    let values = Arc::new(compose(chart, None, &[]).values);
    let request = Request { templates: &Templates::of(chart), values: &values, release: &release };
    JinjaEngine.render(request, sources).expect("it needs nothing of the world")
}

fn stages(criterion: &mut Criterion) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("charts-examples/shop");
    let files = files(&root, &root);
    let load = || Chart::load(&SourceMap::new(), files.clone()).0.expect("is a chart");
    criterion.bench_function("load", |bench| bench.iter(load));

    let chart = load();
    criterion.bench_function("compose", |bench| bench.iter(|| compose(black_box(&chart), None, &[])));
    criterion.bench_function("render", |bench| bench.iter(|| render(black_box(&chart), &SourceMap::new())));

    let rendered = render(&chart, &SourceMap::new());
    let texts: Vec<_> = rendered.files.iter().map(|file| file.source.text()).collect();
    let source = SourceMap::new().add("shop.yaml", texts.join("\n---\n"));
    criterion.bench_function("parse", |bench| bench.iter(|| parse(black_box(&source))));
    criterion.bench_function("parse, by the full parser", |bench| bench.iter(|| parse_any(black_box(&source))));

    let parsed = parse(&source);
    let (store, versions) = (SchemaStore::new(), [Version::LATEST]);
    let validate = || parsed.documents.iter().map(|it| verdicts(it.root(), &store, &versions).len()).sum::<usize>();
    criterion.bench_function("validate", |bench| bench.iter(validate));

    let embedded = |api_version: &str, kind: &str| store.embedded_pods(api_version, kind);
    let objects = ObjectSet::read(&parsed.documents, Some("shop"), &embedded);
    let mut config = LintConfig::standard();
    config.profiles = vec![Word::from("all")];
    let linter = Linter::new(&config).0;
    let context = LintContext { versions: &versions, complete: true, ..LintContext::default() };
    criterion.bench_function("lint", |bench| bench.iter(|| linter.lint(black_box(&objects), &context)));

    let comparison = Comparison {
        reading: Reading { store: &store, version: Version::LATEST, fill: true },
        namespaces: (Some("shop"), Some("shop")),
        secrets: Secrets::Masked,
        ignore: &[],
    };
    let changed = SourceMap::new().add("changed.yaml", source.text().replace(": 1", ": 2"));
    let changed = parse(&changed);
    let others = ObjectSet::read(&changed.documents, Some("shop"), &embedded);
    criterion.bench_function("diff", |bench| bench.iter(|| compare_sets(black_box(&objects), &others, &comparison)));
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    stages(&mut criterion);
    criterion.final_summary();
}
