//! Manifests: the verdict of two versions, and all rules. Nothing panics, and every place is one.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll::api::verdicts;
use plimsoll::lint::{LintConfig, LintContext, Linter, Word};
use plimsoll::object::ObjectSet;
use plimsoll::schema::{SchemaStore, Version};
use plimsoll::source::SourceMap;
use plimsoll::yaml::parse;
use plimsoll_fuzz::{check_findings, text};
use std::sync::OnceLock;

static LINTER: OnceLock<Linter> = OnceLock::new();

fuzz_target!(|bytes: &[u8]| {
    let Some(text) = text(bytes) else { return };
    let linter = LINTER.get_or_init(|| {
        let mut config = LintConfig::standard();
        config.profiles = vec![Word::from("all")];
        Linter::new(&config).0
    });
    let sources = SourceMap::new();
    let parsed = parse(&sources.add("a.yaml", text));
    let mut store = SchemaStore::new();
    for document in &parsed.documents {
        if document.root().get("kind").is_some_and(|kind| kind.text() == "CustomResourceDefinition") {
            check_findings(&store.add_definition(document.root()), &sources);
        }
    }
    let versions = [Version::ALL[0], Version::LATEST];
    for document in &parsed.documents {
        check_findings(&verdicts(document.root(), &store, &versions), &sources);
    }
    let embedded = |api_version: &str, kind: &str| store.embedded_pods(api_version, kind);
    let objects = ObjectSet::read(&parsed.documents, Some("ns"), &embedded);
    let context = LintContext { versions: &versions, complete: true, ..LintContext::default() };
    check_findings(&linter.lint(&objects, &context), &sources);
});
