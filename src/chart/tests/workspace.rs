//! plimsoll.yaml.

use super::told;
use crate::chart::{Level, Workspace};
use crate::source::SourceMap;

pub(super) fn read(text: &str) -> (Option<Workspace>, String) {
    let sources = SourceMap::new();
    let (workspace, found) = Workspace::parse(&sources.add("plimsoll.yaml", text));
    (workspace, told(&sources, &found))
}

/// A workspace that says all that one can.
pub(super) const WHOLE: &str = r#"
apiVersion: plimsoll.dev/v1
kubernetes: ["1.33", "1.34"]
environments:
  dev:  { context: kind-dev, namespace: shop-dev }
  prod: { context: prod, namespace: shop, kubernetes: ["1.33"] }
releases:
  - { name: db,   chart: ./charts/postgres, environments: [dev, prod] }
  - { name: shop, chart: ./charts/shop, needs: [db], values: [a.yaml] }
rules:
  profiles: [default]
  policies: [./policies]
  configure:
    latest-tag: { severity: error }
    missing-cpu-limit: { severity: disabled }
    missing-labels: { with: { labels: [team] }, environments: [prod] }
exceptions:
  - { rule: host-path-volume, object: DaemonSet/log-agent, namespace: logging, container: agent, reason: "reads node logs", until: "2027-03-01" }
"#;

#[test]
fn a_whole_workspace() {
    let (workspace, found) = read(WHOLE);
    assert_eq!(found, "");
    let workspace = workspace.unwrap();
    let versions =
        |environment| workspace.versions(environment).iter().map(|version| version.value.as_str()).collect::<Vec<_>>();
    assert_eq!(versions(Some("dev")), ["1.33", "1.34"]);
    assert_eq!(versions(Some("prod")), ["1.33"]);
    assert_eq!(workspace.releases[1].needs[0].value, "db");
    assert_eq!(workspace.rules.configure[1].severity, Some(Level::Disabled));
    assert_eq!(workspace.rules.configure[2].with[0].0.value, "labels");
    assert_eq!(workspace.exceptions[0].until.as_ref().unwrap().value, "2027-03-01");
    assert_eq!(workspace.environment("dev").unwrap().context.as_ref().unwrap().value, "kind-dev");
}

#[test]
fn each_mistake_is_told_at_its_place() {
    for (text, expected) in [
        (
            "kubernetes: [1.30]",
            "plimsoll.yaml:2:14 workspace/type: an item of `kubernetes` must be a string; a bare `1.30` is read as the number 1.3; quote it: `\"1.30\"`",
        ),
        (
            "kubernetes: [1.33]",
            "plimsoll.yaml:2:14 workspace/type: an item of `kubernetes` must be a string; a bare `1.33` is read as a number; quote it: `\"1.33\"`",
        ),
        (
            "kubernetes: [latest]",
            "plimsoll.yaml:2:14 workspace/version: `latest` is no version of Kubernetes; write it as `\"1.34\"`",
        ),
        (
            "enviroments: {}",
            "plimsoll.yaml:2:1 workspace/unknown-key: plimsoll.yaml has no key `enviroments`; did you mean `environments`?",
        ),
        (
            "environments: { dev: { ctx: a } }",
            "plimsoll.yaml:2:24 workspace/unknown-key: the environment `dev` has no key `ctx`; the keys here are `context`, `namespace`, `kubernetes`",
        ),
        (
            "releases:\n- { name: a, chart: a }\n- { name: a, chart: b }\n- { name: c }",
            "\
plimsoll.yaml:5:3 workspace/required: a release needs `chart`
plimsoll.yaml:4:11 workspace/duplicate-release: two releases are called `a`; give one of them another name",
        ),
        (
            "releases:\n- { name: db, chart: a }\n- { name: shop, chart: a, needs: [dbs] }",
            "plimsoll.yaml:4:35 workspace/unknown-release: no release is called `dbs`; did you mean `db`?",
        ),
        (
            "releases:\n- { name: a, chart: x, needs: [b] }\n- { name: b, chart: x, needs: [c] }\n- { name: c, chart: x, needs: [b] }",
            "plimsoll.yaml:5:32 workspace/needs-cycle: the releases need each other in a circle: b → c → b; take one of these needs away",
        ),
        (
            "rules: { configure: { x: { severity: eror } } }",
            "plimsoll.yaml:2:38 workspace/severity: `eror` is no severity; did you mean `error`?",
        ),
        (
            "exceptions:\n- { rule: x, object: web, until: '2027-02-29' }",
            "\
plimsoll.yaml:3:3 workspace/required: an exception needs `reason`
plimsoll.yaml:3:34 workspace/date: `2027-02-29` is no day; write it as `\"2027-03-01\"`
plimsoll.yaml:3:22 workspace/object: `web` names no object; write `Kind/name`",
        ),
    ] {
        let found = read(&format!("apiVersion: plimsoll.dev/v1\n{text}\n")).1;
        let sorted = |text: &str| {
            let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
            lines.sort();
            lines
        };
        assert_eq!(sorted(&found), sorted(expected), "{text}");
    }
    for (text, expected) in [
        (
            "",
            "plimsoll.yaml:1:1 workspace/api-version: plimsoll.yaml is empty; begin with `apiVersion: plimsoll.dev/v1`",
        ),
        (
            "apiVersion: v1\n",
            "plimsoll.yaml:1:13 workspace/api-version: `v1` is no apiVersion of plimsoll.yaml; write `plimsoll.dev/v1`",
        ),
        ("- a\n", "plimsoll.yaml:1:1 workspace/type: plimsoll.yaml must be a map, not a list"),
    ] {
        let (workspace, found) = read(text);
        assert!(workspace.is_none());
        assert_eq!(found, expected, "{text}");
    }
}
