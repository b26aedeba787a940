//! Differences of two sets of manifests: none between a set and itself, and no panic for any two.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll::diff::{Comparison, Reading, Secrets, compare_sets};
use plimsoll::object::ObjectSet;
use plimsoll::schema::{SchemaStore, Version};
use plimsoll::source::SourceMap;
use plimsoll::yaml::parse;
use plimsoll_fuzz::text;
use std::sync::OnceLock;

static STORE: OnceLock<SchemaStore> = OnceLock::new();

fuzz_target!(|bytes: &[u8]| {
    let Some(text) = text(bytes) else { return };
    let (old, new) = text.split_once("\n---8<---\n").unwrap_or((text, text));
    let sources = SourceMap::new();
    let (old, new) = (parse(&sources.add("old.yaml", old)), parse(&sources.add("new.yaml", new)));
    let store = STORE.get_or_init(SchemaStore::new);
    let embedded = |api_version: &str, kind: &str| store.embedded_pods(api_version, kind);
    let olds = ObjectSet::read(&old.documents, Some("ns"), &embedded);
    let news = ObjectSet::read(&new.documents, Some("ns"), &embedded);
    let comparison = Comparison {
        reading: Reading { store, version: Version::LATEST, fill: true },
        namespaces: (Some("ns"), Some("ns")),
        secrets: Secrets::Masked,
        ignore: &[],
    };
    let _ = compare_sets(&olds, &news, &comparison);
    let none = compare_sets(&olds, &olds, &comparison);
    assert!(none.is_empty(), "{none:?}");
});
