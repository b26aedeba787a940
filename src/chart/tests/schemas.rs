//! The JSON Schemas of our own files say what the readers say.

use super::{page, workspace};
use crate::chart::{Value, read_values};
use crate::source::SourceMap;

const WORKSPACE: &str = include_str!("../../../schemas/plimsoll.schema.json");
const CHART: &str = include_str!("../../../schemas/chart.schema.json");

fn fits(schema: &str, text: &str) -> bool {
    let schema = serde_json::from_str(schema).expect("the schema is JSON");
    let options = jsonschema::options().should_validate_formats(true).build(&schema);
    let (values, _): (Value, _) = read_values(&SourceMap::new().add("a.yaml", text));
    options.expect("the schema is a schema").is_valid(&crate::chart::values_schema::to_json(&values))
}

#[test]
fn workspaces() {
    let fine = workspace::read(workspace::WHOLE).1;
    assert!(fine.is_empty() && fits(WORKSPACE, workspace::WHOLE));
    for (text, right) in [
        ("", true),
        ("kubernetes: ['1.34', v1.33.2]", true),
        ("kubernetes: [1.34]", false),
        ("kubernetes: [latest]", false),
        ("enviroments: {}", false),
        ("environments: { dev: null, prod: { context: a } }", true),
        ("environments: { dev: { ctx: a } }", false),
        ("releases: [{ name: a }]", false),
        ("releases: [{ name: a, chart: b, values: c }]", false),
        ("rules: { profiles: [] }", true),
        ("rules: { profile: [] }", false),
        ("rules: { configure: { x: { severity: eror } } }", false),
        ("rules: { configure: { x: { with: { any: [1] } } } }", true),
        ("exceptions: [{ rule: x, reason: because, object: Pod/a, until: '2028-02-29' }]", true),
        ("exceptions: [{ rule: x, reason: because, until: '2027-02-29' }]", false),
        ("exceptions: [{ rule: x, reason: because, object: a }]", false),
        ("exceptions: [{ rule: x }]", false),
        ("diff: { ignore: [{ path: spec.replicas, kind: Deployment, name: web-*, namespace: shop }] }", true),
        ("diff: { ignore: [{ kind: Deployment }] }", false),
        ("diff: { ignored: [] }", false),
        ("registries: { r.example.com/charts: { verify: [a.pub], requireCheck: strict }, \"*\": null }", true),
        ("registries: { r.example.com: { verify: a.pub } }", false),
        ("registries: { r.example.com: { requireCheck: strict } }", false),
        ("registries: { oci://r.example.com: {} }", false),
        ("registries: { R.example.com.:443/charts/: {}, 'localhost:5000': {} }", true),
        ("registries: { r.example.com/*: {} }", false),
        ("registries: { '*.example.com': {} }", false),
        ("registries: { r.example.com/Charts: {} }", false),
        ("registries: { r.example.com/shop:1.0.0: {} }", false),
        ("registries: { r.example.com: { verfy: [a.pub] } }", false),
    ] {
        let text = format!("apiVersion: plimsoll.dev/v1\n{text}\n");
        assert_eq!(workspace::read(&text).1.is_empty(), right, "reader: {text}");
        assert_eq!(fits(WORKSPACE, &text), right, "schema: {text}");
    }
}

#[test]
fn charts() {
    for (text, right) in [
        ("name: a\nversion: 1.0.0", true),
        ("name: a", false),
        ("name: a/b\nversion: 1.0.0", false),
        ("name: a\nversion: 1.10", false),
        ("name: a\nversion: 1.0.0\nappversion: x", false),
        ("name: a\nversion: 1.0.0\ntags: x", false),
        ("name: a\nversion: 1.0.0\ntype: libary", false),
        ("name: a\nversion: 1.0.0\nkeywords: [a]\ndeprecated: true\nannotations: { a: b }", true),
        ("name: a\nversion: 1.0.0\nmaintainers: [{ email: a }]", false),
        ("name: a\nversion: 1.0.0\nmaintainers: [{ name: a, url: b }]", true),
        ("name: a\nversion: 1.0.0\ndependencies: [{ name: b, alias: 'a b' }]", false),
        ("name: a\nversion: 1.0.0\ndependencies: [{ name: b, alias: c, condition: c.on, tags: [d] }]", true),
        ("name: a\nversion: 1.0.0\ndependencies: [{ name: b, import-values: [] }]", false),
    ] {
        let text = format!("apiVersion: plimsoll.dev/v1\n{text}\n");
        let inner = "-- charts/b/Chart.yaml --\napiVersion: plimsoll.dev/v1\nname: b\nversion: 1.0.0\n";
        assert_eq!(page(&format!("-- Chart.yaml --\n{text}{inner}")).found.is_empty(), right, "reader: {text}");
        assert_eq!(fits(CHART, &text), right, "schema: {text}");
    }
}
