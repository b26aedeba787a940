//! `check`, `validate`, `lint`: what is printed where, and how they end.

use crate::sandbox::Sandbox;

const GOOD: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: good}\n";
const TYPO: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: typo}\ndat: {}\n";
const DEPRECATED: &str = "apiVersion: v1\nkind: Endpoints\nmetadata: {name: old}\n";

#[test]
fn the_json_format_is_the_contract() {
    let sandbox = Sandbox::new(&[("a.yaml", TYPO)]);
    let run = sandbox.run("validate a.yaml --format json --kubernetes-version 1.33 --kubernetes-version v1.34 -n shop");
    assert_eq!(run.code, 1);
    assert_eq!(run.stderr, "");
    let expected = r#"{
  "schemaVersion": 1,
  "summary": {
    "releases": 0,
    "objects": 1,
    "errors": 1,
    "warnings": 0,
    "infos": 0,
    "suppressed": 0,
    "incomplete": false
  },
  "findings": [
    {
      "rule": "schema/unknown-field",
      "severity": "error",
      "message": "unknown field `dat`",
      "help": "did you mean `data`?",
      "file": "a.yaml",
      "line": 4,
      "column": 1,
      "endLine": 4,
      "endColumn": 4,
      "trace": [],
      "edit": null,
      "fix": {
        "title": "rename `dat` to `data`",
        "safety": "safe",
        "edits": [
          {
            "file": "a.yaml",
            "line": 4,
            "column": 4,
            "endLine": 4,
            "endColumn": 4,
            "text": "a"
          }
        ]
      },
      "rendered": null,
      "object": {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "namespace": "shop",
        "name": "typo"
      },
      "path": "dat",
      "release": null,
      "environments": [],
      "kubernetesVersions": [
        "1.33",
        "1.34"
      ]
    }
  ]
}
"#;
    assert_eq!(run.stdout, expected);
}

#[test]
fn releases_are_judged_beside_each_other() {
    const CHART: &str = "apiVersion: plimsoll.dev/v1\nname: x\nversion: 1.0.0\n";
    const WORKSPACE: &str = "apiVersion: plimsoll.dev/v1\nkubernetes: [\"1.34\"]\nenvironments: {dev: {namespace: dev}, prod: {namespace: prod}}\nreleases:\n  - {name: a, chart: ./a}\n  - {name: b, chart: ./b, environments: [prod]}\n";
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {serviceAccountName: shared, containers: [{name: a, image: a:1}]}\n";
    let account = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: shared}\n---\n";
    let map = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: twice}\n";
    let sandbox = Sandbox::new(&[
        ("plimsoll.yaml", WORKSPACE),
        ("a/Chart.yaml", CHART),
        ("a/templates/a.yaml", &format!("{pod}{map}")),
        ("b/Chart.yaml", CHART),
        ("b/templates/b.yaml", &format!("{account}{map}")),
    ]);
    let run = sandbox.run("lint --rule duplicate-object --rule dangling-service-account --format json");
    let found: serde_json::Value = serde_json::from_str(&run.stdout).expect("the report is JSON");
    let lines: Vec<String> = found["findings"]
        .as_array()
        .expect("there are findings")
        .iter()
        .map(|f| format!("{}:{} {} {}", f["file"], f["line"], f["rule"], f["environments"]))
        .collect();
    assert_eq!(
        lines,
        [
            r#""a/templates/a.yaml":4 "dangling-service-account" ["dev"]"#,
            r#""a/templates/a.yaml":8 "duplicate-object" ["prod"]"#,
            r#""b/templates/b.yaml":8 "duplicate-object" ["prod"]"#,
        ],
        "what b brings in prod is missing in dev"
    );
}

#[test]
fn the_terminal_shows_the_line_and_what_was_checked() {
    let sandbox = Sandbox::new(&[("a.yaml", TYPO)]);
    let run = sandbox.run("validate a.yaml --kubernetes-version 1.33");
    assert_eq!(run.code, 1);
    let expected = "\
error[schema/unknown-field]: unknown field `dat`
 --> a.yaml:4:1
  |
4 | dat: {}
  | ^^^
  |
  = help: did you mean `data`?
  = note: `dat` of ConfigMap typo, for Kubernetes 1.33

checked a.yaml: 1 object, Kubernetes 1.33
1 error, 0 warnings, 0 infos
";
    assert_eq!(run.stdout, expected);
}

#[test]
fn fail_on_decides_between_0_and_1() {
    let sandbox = Sandbox::new(&[("old.yaml", DEPRECATED), ("typo.yaml", TYPO)]);
    for (line, code) in [
        ("validate old.yaml", 0),
        ("validate old.yaml --fail-on warning", 1),
        ("validate old.yaml --fail-on info", 1),
        ("validate typo.yaml", 1),
        ("validate typo.yaml --fail-on never", 0),
    ] {
        assert_eq!(sandbox.run(line).code, code, "{line}");
    }
}

#[test]
fn formats_go_where_they_are_sent() {
    let sandbox = Sandbox::new(&[("a.yaml", TYPO)]);
    let run = sandbox.run("validate a.yaml --format terminal --format json=out/found.json");
    assert_eq!(run.code, 1);
    assert!(run.stdout.starts_with("error[schema/unknown-field]"), "{}", run.stdout);
    assert!(sandbox.read("out/found.json").contains("\"schemaVersion\": 1"));
    let left: Vec<_> = std::fs::read_dir(sandbox.path("out")).expect("is there").collect();
    assert_eq!(left.len(), 1, "no temporary file stays");

    let run = sandbox.run("validate a.yaml --format json=a.yaml/x.json");
    assert_eq!(run.code, 2, "output that cannot be written is trouble");
    assert!(run.stderr.starts_with("error: cannot write `a.yaml/x.json`"), "{}", run.stderr);
    for line in ["validate a.yaml --format json --format terminal", "validate a.yaml --format xml", "validate --format"]
    {
        let run = sandbox.run(line);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{line}");
    }
}

#[test]
fn colours_are_for_terminals_and_those_who_ask() {
    let sandbox = Sandbox::new(&[("a.yaml", TYPO)]);
    let coloured =
        |line: &str, variables: &[(&str, &str)]| sandbox.run_with(line, "", variables).stdout.contains("\u{1b}[");
    assert!(!coloured("validate a.yaml", &[]), "a pipe is no terminal");
    assert!(coloured("validate a.yaml --color always", &[("NO_COLOR", "1")]), "a flag outdoes the environment");
    assert!(!coloured("validate a.yaml --color never", &[]));
}

#[test]
fn quiet_says_nothing_of_what_is_well() {
    let sandbox = Sandbox::new(&[("a.yaml", GOOD)]);
    let run = sandbox.run("validate a.yaml -q");
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (0, "", ""));
}

#[test]
fn secrets_are_not_shown() {
    let secret =
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  password: hunter2\n  password: hunter3\n";
    let sandbox = Sandbox::new(&[("a.yaml", secret)]);
    for format in ["terminal", "json"] {
        let run = sandbox.run(&format!("check a.yaml --format {format}"));
        assert_eq!(run.code, 1);
        assert!(!run.stdout.contains("hunter"), "{}", run.stdout);
    }
    assert!(sandbox.run("check a.yaml").stdout.contains("password: •••"));
}

#[test]
fn usage_errors_end_with_2() {
    let sandbox = Sandbox::new(&[("a.yaml", GOOD)]);
    for (line, told) in [
        ("chekc a.yaml", "unrecognized subcommand"),
        ("check a.yaml --kubernetes-version 1.20", "there are no schemas of Kubernetes `1.20`"),
        ("check a.yaml --kubernetes-version latest", "there are no schemas of Kubernetes `latest`"),
        ("check a.yaml --fail-on sometimes", "invalid value 'sometimes'"),
        ("check chart.tgz", "cannot read `chart.tgz`: no such file or folder"),
        ("check oci://127.0.0.1:1/chart:1", "cannot reach 127.0.0.1:1"),
    ] {
        let run = sandbox.run(line);
        assert_eq!(run.code, 2, "{line}");
        assert!(run.stderr.contains(told), "{line}: {}", run.stderr);
    }
}
