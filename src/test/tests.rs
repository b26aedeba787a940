//! The JSON Schema of files of tests says what the reader says.

use super::Suite;
use crate::source::SourceMap;
use crate::yaml::emit::Data;
use proptest::prelude::*;

const SCHEMA: &str = include_str!("../../schemas/test.schema.json");

fn reads(text: &str) -> bool {
    Suite::read(&SourceMap::new().add("a.yaml", text)).1.is_empty()
}

fn fits(text: &str) -> bool {
    let schema = serde_json::from_str(SCHEMA).expect("the schema is JSON");
    let schema = jsonschema::options().should_validate_formats(true).build(&schema).expect("the schema is a schema");
    let source = SourceMap::new().add("a.yaml", text);
    let root = crate::yaml::parse(&source).documents.first().map(|document| Data::from_node(document.root()).to_json());
    schema.is_valid(&root.unwrap_or_default())
}

#[test]
fn files() {
    for (text, right) in [
        ("tests: []", true),
        ("", false),
        ("test: []", false),
        ("tests: {}", false),
        ("tests: [{ expect: [{ kind: a }] }]", false),
        ("tests: [{ name: a, expect: [] }]", false),
        ("tests: [{ name: a }]", false),
        ("tests: [{ name: '', expect: [{ kind: a }] }]", false),
        ("environment: [a, b]\ntests: []", true),
        ("environment: a\ntests: []", true),
        ("environment: ~\ntests: []", true),
        ("environment: 1\ntests: []", false),
        ("values: a.yaml\ntests: []", false),
        ("values: [a.yaml]\nset: { a.b: [1], c: ~ }\ntests: []", true),
        ("set: { '': 1 }\ntests: []", false),
        ("set: [a]\ntests: []", false),
        ("release: { name: a, namespace: b, is_upgrade: true, revision: 3 }\ntests: []", true),
        ("release: { isUpgrade: true }\ntests: []", false),
        ("release: { revision: -1 }\ntests: []", false),
        ("kubernetes: 1.34\ntests: []", false),
        ("kubernetes: '1.34'\ncapabilities: { api_versions: [a/v1] }\ntemplates: [a.yaml]\ntests: []", true),
        ("capabilities: { kube_version: a }\ntests: []", false),
        ("tests: [{ name: a, skip: later, show_secrets: true, set: { a: 1 }, expect: [{ kind: a }] }]", true),
        ("tests: [{ name: a, skip: true, expect: [{ kind: a }] }]", false),
        ("tests: [{ name: a, it: b, expect: [{ kind: a }] }]", false),
    ] {
        assert_eq!(reads(text), right, "reader: {text}");
        assert_eq!(fits(text), right, "schema: {text}");
    }
}

#[test]
fn assertions() {
    for (text, right) in [
        ("object: Deployment/web, path: a, equal: 1", true),
        ("object: Deployment/web, template: a.yaml, path: a, not_equal: { b: c }", true),
        ("object: a/b/c, path: a, equal: 1", false),
        ("path: a", false),
        ("equal: 1", false),
        ("path: a, equal: 1, count: 2", false),
        ("path: a, equals: 1", false),
        ("path: a, equal: ~", true),
        ("path: a, matches: '^a'", true),
        ("path: a, matches: '('", false),
        ("path: a, not_matches: 1", false),
        ("path: a, contains: b", true),
        ("path: a, not_contains: { b: c }", true),
        ("contains: b", false),
        ("subset: { a: b }", true),
        ("path: a, not_subset: { a: b }", true),
        ("path: a, exists: true", true),
        ("object: a, absent: true", true),
        ("exists: true", false),
        ("path: a, exists: ~", false),
        ("path: a, absent: yes", true),
        ("count: 0", true),
        ("path: a, count: 3", true),
        ("count: -1", false),
        ("count: 1.5", false),
        ("path: a, at_least: 1.5", true),
        ("path: a, at_most: 5", true),
        ("at_most: 5", false),
        ("path: a, at_most: '5'", false),
        ("kind: Deployment", true),
        ("kind: ~", false),
        ("path: a, kind: Deployment", false),
        ("no_objects: true", true),
        ("object: Service, no_objects: true", true),
        ("no_objects: false", false),
        ("finding: latest-tag", true),
        ("object: Pod/a, path: spec, no_finding: latest-tag", true),
        ("template: a.yaml, finding: latest-tag", false),
        ("fails: true", true),
        ("fails: false", false),
        ("fails: no host", true),
        ("fails: ''", false),
        ("fails: { matches: '^a' }", true),
        ("fails: { match: '^a' }", false),
        ("path: a, fails: true", false),
        ("notes: hello", true),
        ("object: a, notes: hello", false),
        ("snapshot: true", true),
        ("object: Deployment, path: a, snapshot: true", true),
        ("snapshot: a", false),
    ] {
        let text = format!("tests: [{{ name: a, expect: [{{ {text} }}] }}]");
        assert_eq!(reads(&text), right, "reader: {text}");
        assert_eq!(fits(&text), right, "schema: {text}");
    }
}

proptest! {
    #[test]
    fn no_file_of_tests_panics(text in "[a-z:\\-\\[\\]{} \\n\"'*&!#0-9]{0,60}", key in "[a-z_.\\[\\]=]{0,12}", value in "\\PC{0,12}") {
        let _ = reads(&text);
        let _ = reads(&format!("tests: [{{ name: a, set: {{ {key:?}: {value:?} }}, expect: [{{ path: {key:?}, {key}: {value:?} }}] }}]"));
    }
}
