//! Judges a text in tests.

use crate::schema::{SchemaStore, Version};
use crate::source::SourceMap;
use crate::yaml::parse;

/// Gives a line `severity rule path: message` for each `api/…` finding of a newest server about one object.
pub(super) fn judged(manifest: &str) -> Vec<String> {
    let parsed = parse(&SourceMap::new().add("a.yaml", manifest));
    let store = SchemaStore::new();
    let findings =
        parsed.documents.iter().flat_map(|document| super::verdict(document.root(), &store, Version::LATEST));
    findings
        .map(|f| format!("{} {} {}: {}", f.severity.name(), f.rule, f.path.unwrap_or_default(), f.message))
        .collect()
}

/// Holds a page of fragments, each with the findings `severity rule path` about it behind two blanks, against the verdict.
///
/// A fragment stands between `before` and `after` in its manifest; paths are given from `below` on.
pub(super) fn expect(page: &str, before: &str, after: &str, below: &str) {
    let mut found = String::new();
    for fragment in page.lines().filter(|line| !line.starts_with(' ')) {
        found.push_str(fragment);
        found.push('\n');
        for line in judged(&format!("{before}{fragment}{after}\n")) {
            let head = line.split(": ").next().unwrap_or_default().replacen(&format!(" {below}"), " ", 1);
            found.push_str(&format!("  {}\n", head.trim_end()));
        }
    }
    assert_eq!(found, page);
}

/// Gives a line `severity rule path` for each finding, of several documents in turn.
pub(super) fn heads(manifest: &str) -> Vec<String> {
    let head = |line: String| line.split_once(": ").map_or(line.clone(), |(head, _)| head.to_owned());
    judged(manifest).into_iter().map(head).collect()
}
