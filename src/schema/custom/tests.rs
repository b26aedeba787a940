//! Custom resources against the definitions of `tests/real/crds`, whose verdicts a real server gave.

use super::super::{Lookup, SchemaStore, Version, broken_rules, validate};
use crate::source::SourceMap;
use crate::yaml::{Document, Node, parse};
use std::path::Path;

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real").join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn document(text: &str) -> Document {
    parse(&SourceMap::new().add("a.yaml", text)).documents.remove(0)
}

/// Gives what is wrong with a good object in which texts are replaced: a line `rule path: message` each.
fn found(name: &str, replace: &[(&str, &str)]) -> Vec<String> {
    let mut store = SchemaStore::new();
    assert_eq!(store.add_definition(document(&read(&format!("crds/{name}.yaml"))).root()), []);
    let mut text = read(&format!("objects/custom/{name}.yaml"));
    for (from, to) in replace {
        assert!(text.contains(from), "{from}");
        text = text.replacen(from, to, 1);
    }
    let document = document(&text);
    let root = document.root();
    let line = |rule: &str, path: &str, message: &str| format!("{rule} {path}: {message}");
    let mut lines: Vec<String> = validate(root, &store, Version::LATEST)
        .iter()
        .map(|f| line(&f.rule, f.path.as_deref().unwrap_or_default(), &f.message))
        .collect();
    let text = |key: &str| root.field(key).map(Node::text).unwrap_or_default();
    let Lookup::Served(kind) = store.lookup(Version::LATEST, text("apiVersion"), text("kind")) else {
        panic!("{name} is defined")
    };
    lines.extend(broken_rules(root, &kind).iter().map(|broken| line("cel", &broken.path, &broken.message)));
    lines
}

#[test]
fn good_objects_pass() {
    for name in ["backup", "certificate", "database", "feature", "route"] {
        assert_eq!(found(name, &[]), [""; 0], "{name}");
    }
}

#[test]
fn demands_beyond_types() {
    for (name, from, to, expected) in [
        (
            "database",
            "16.4",
            "16",
            "schema/format spec.version: `version` is `16`, which does not match `^\\d+\\.\\d+(\\.\\d+)?$`",
        ),
        (
            "database",
            "weeks: 4",
            "weeks: 3",
            "schema/format spec.backup.retention.weeks: `weeks` must be a multiple of 2, not 3",
        ),
        (
            "database",
            "host: 10.0.0.8",
            "host: 10.0.0.7",
            "schema/duplicate-item spec.users[2]: two items of `users` have `name` `report` and `host` `10.0.0.7`",
        ),
        (
            "certificate",
            "192.0.2.7",
            "192.0.2",
            "schema/format spec.ipAddresses[0]: `ipAddresses[0]` is `192.0.2`, which is not an IPv4 address",
        ),
        (
            "certificate",
            "    acme:",
            "    selfSigned: {}\n    acme:",
            "schema/format spec.issuer: `issuer` fits 2 of the forms of which it must have exactly one (`oneOf`)",
        ),
        ("certificate", "size: 256", "size: 257", "schema/enum spec.privateKey.size: `257` is not a value of `size`"),
        (
            "route",
            "method: GET",
            "method: GETS",
            "schema/enum spec.rules[0].matches[0].method: `GETS` is not a value of `method`",
        ),
        (
            "route",
            "labels: {team: shop}",
            "labels: {internal: shop}",
            "schema/format spec.labels: `labels` has a form that it may not have (`not`)",
        ),
        (
            "backup",
            "keepLast: 14",
            "keepLast: 0",
            "schema/format spec.retention.keepLast: `keepLast` must be more than 0, not 0",
        ),
        ("backup", "    kind: Job\n", "", "schema/required spec.job.kind: `job.kind` is missing"),
        (
            "backup",
            "retries: 3",
            "retries: -1",
            "schema/format spec.target.options.retries: `retries` must be at least 0, not -1",
        ),
        ("feature", "level: 2", "level: 4", "schema/enum spec.level: `4` is not a value of `level`"),
    ] {
        let found = found(name, &[(from, to)]);
        assert!(found.iter().any(|line| line == expected), "{name} {from} {to}: {found:#?}");
    }
}

#[test]
fn rules_see_defaults_and_types() {
    for (name, from, to, expected) in [
        ("database", "storage: 10Gi", "storage: 512Mi", "cel spec.storage: storage is 512Mi, but must be at least 1Gi"),
        ("database", "engine: postgres", "engine: sqlite", "cel spec.replicas: sqlite runs as one replica"),
        ("database", "owner: true, ", "", "cel spec.users: exactly one user owns the database"),
        ("database", "max_connections", "maxConnections", "cel spec.parameters: parameters are named in snake case"),
        (
            "certificate",
            "renewBefore: 720h",
            "renewBefore: 100d",
            "cel spec.renewBefore: it must be renewed before it ends",
        ),
        ("certificate", "2027-01-01T", "2025-01-01T", "cel spec: it ends before it begins"),
        (
            "certificate",
            "commonName: shop",
            "commonName: shops",
            "cel spec.commonName: `shops.example.org` is missing among the DNS names",
        ),
        (
            "route",
            "port: http,",
            "port: a-port-of-many-letters,",
            "cel spec.rules[0].backends[1].port: a port is a number or a short name",
        ),
        ("route", "name: old", "name: api", "cel spec.rules: names of rules are unique"),
        ("backup", "  fullEvery: 7\n", "", "cel spec.fullEvery: incremental backups need `fullEvery`"),
        ("backup", "0 3 * * *", "0 3 * *", "cel spec.schedule: `0 3 * *` has not five fields"),
        ("feature", "\"off\": 80", "\"off\": 75", "cel spec: the rollout adds up to 100"),
        ("feature", "2026-02-01T", "2026-01-01T", "cel spec.schedule: a schedule lasts an hour at least"),
        // What the schema lets pass, and the server's rules cannot read.
        (
            "database",
            "storage: 40Gi",
            "storage: '40Gi '",
            "cel spec: the rule `!has(self.backup) || quantity(self.backup.storage).isGreater…` fails: Error executing function 'quantity': `40Gi ` is no quantity",
        ),
        (
            "certificate",
            "renewBefore: 720h",
            "renewBefore: [720h]",
            "cel spec.renewBefore: the rule `duration(self.renewBefore) < duration(self.duration)` fails: it speaks of a value that is not written as its format asks",
        ),
        (
            "feature",
            "2026-02-01T00",
            "2026-02-01t00",
            "cel spec.schedule: the rule `!has(self.from) || !has(self.until) || self.until - self.fro…` fails: it speaks of a value that is not written as its format asks",
        ),
    ] {
        let found = found(name, &[(from, to)]);
        assert!(found.iter().any(|line| line == expected), "{name} {from} {to}: {found:#?}");
    }
}
