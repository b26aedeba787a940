//! The bundle of a running server's version, as the program decodes it, against what that server publishes.
//!
//! Compared are kinds, their scope and whether they are served, fields, types, required fields, enums, list keys, and
//! defaults that are text. Where the two differ, a correction in `schemas/generate/corrections.json` has the reason.

mod compare;
mod server;

use compare::{Comparison, Difference};
use plimsoll::schema::{Lookup, SchemaStore, Version};
use serde_json::Value;
use server::Server;
use std::fs;
use std::path::Path;

#[test]
fn a_bundle_says_what_the_server_of_its_version_publishes() {
    let Some(server) = Server::running() else { return };
    let about = server.get("/version");
    let version = about["gitVersion"].as_str().expect("text");
    let version = Version::parse(version).filter(|version| version.is_known()).expect("a version with a bundle");
    let (documents, store) = (server.documents(), SchemaStore::new());
    let mut comparison = Comparison::new(&store, version, &documents.definitions);
    for kind in &documents.kinds {
        comparison.kind(kind);
    }
    let bundle = fs::read_to_string(root().join(format!("schemas/kubernetes/{version}.jsonl"))).expect("can be read");
    for line in bundle.lines() {
        let line: Value = serde_json::from_str(line).expect("is JSON");
        let Some(kind) = line["kind"].as_str() else { continue };
        let (group, api) = (line["group"].as_str().expect("text"), line["version"].as_str().expect("text"));
        let api_version = if group.is_empty() { api.to_owned() } else { format!("{group}/{api}") };
        let published = documents.kinds.iter().any(|known| known.name == kind && known.api_version == api_version);
        if !published && matches!(store.lookup(version, &api_version, kind), Lookup::Served(_)) {
            comparison.same(&format!("{api_version} {kind}"), "served", "no", "yes");
        }
    }
    eprintln!(
        "{version}: {} kinds, {} definitions, {} fields are the same but for {} differences",
        documents.kinds.len(),
        comparison.seen.len(),
        comparison.fields,
        comparison.differences.len()
    );
    assert!(documents.kinds.len() > 50 && comparison.fields > 1500, "the server publishes more than that");

    let corrections = fs::read_to_string(root().join("schemas/generate/corrections.json")).expect("can be read");
    let corrections: Value = serde_json::from_str(&corrections).expect("is JSON");
    comparison.differences.retain(|difference| !is_explained(difference, version, &corrections));
    assert!(comparison.differences.is_empty(), "nothing explains {:#?}", comparison.differences);
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Tells whether the bundles differ from the server on purpose, for a reason that is written down.
fn is_explained(difference: &Difference, version: Version, corrections: &Value) -> bool {
    // "v1.HTTPHeader.value" stands for the definitions whose name ends in `v1.HTTPHeader`.
    let is_here = |field: &str| {
        let place = difference.at.trim_end_matches("[]").trim_end_matches("{}");
        place.strip_suffix(field).is_some_and(|before| before.is_empty() || before.ends_with('.'))
    };
    // Older servers leave out values of types that have them, where a list, a pointer or an alias stands between.
    let published_since = Version { major: 1, minor: 35 };
    if difference.what == "enum" && difference.server.is_empty() && version < published_since {
        return true;
    }
    let reason = match (difference.what, difference.server.as_str()) {
        ("required", "true") => find(&corrections["notRequired"], is_here),
        ("enum", _) => find(&corrections["enums"], is_here).map(|enumeration| &enumeration["why"]),
        ("limits", "none") => {
            let mut ranges = corrections["ranges"].as_array().expect("a list").iter();
            let fields = |range: &Value| range["fields"].as_array().expect("a list").clone();
            let range = ranges.find(|range| fields(range).iter().filter_map(Value::as_str).any(is_here));
            range.map(|range| &range["why"])
        }
        _ => None,
    };
    reason.and_then(Value::as_str).is_some_and(|why| !why.is_empty())
}

fn find(table: &Value, fits: impl Fn(&str) -> bool) -> Option<&Value> {
    table.as_object()?.iter().find(|(key, _)| fits(key)).map(|(_, value)| value)
}
