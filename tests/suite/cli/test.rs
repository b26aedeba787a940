//! `test`: what it runs, its snapshots, its formats; the assertions are shown by the pages of tests/cases/tests.

use crate::sandbox::Sandbox;

const CHART: (&str, &str) = ("web/Chart.yaml", "apiVersion: plimsoll.dev/v1\nname: web\nversion: 0.1.0\n");
const VALUES: (&str, &str) = ("web/values.yaml", "replicas: 1\npassword: hunter2\n");
const TEMPLATE: (&str, &str) = (
    "web/templates/web.yaml",
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: {{ release.name }} }\nspec:\n  replicas: {{ values.replicas }} # many\n---\napiVersion: v1\nkind: Secret\nmetadata: { name: web }\nstringData: { password: {{ values.password }} }\n",
);
const DEV: (&str, &str) = ("web/environments/dev.yaml", "{}\n");
const PROD: (&str, &str) = ("web/environments/prod.yaml", "replicas: 3\n");
const SNAPSHOTS: &str = "tests:\n  - name: all of it\n    expect: [{ snapshot: true }]\n  - name: the pods\n    environment: prod\n    expect: [{ path: spec.replicas, snapshot: true }]\n";

fn sandbox(tests: &str) -> Sandbox {
    Sandbox::new(&[CHART, VALUES, TEMPLATE, DEV, PROD, ("web/tests/web.yaml", tests)])
}

#[test]
fn snapshots_are_stored_compared_and_forgotten() {
    let sandbox = sandbox(SNAPSHOTS);
    let file = "web/tests/__snapshot__/web.yaml";
    let run = sandbox.run("test web --format json");
    assert_eq!((run.code, run.rules()), (1, vec!["test/snapshot".to_owned(); 3]), "nothing is stored by itself");
    let run = sandbox.run("test web --update");
    assert_eq!((run.code, run.stderr.as_str()), (0, "wrote web/tests/__snapshot__/web.yaml\n"));
    let expected = "\
# What the tests of web.yaml gave, written by `plimsoll test --update`.
all of it, in dev:
  - apiVersion: apps/v1
    kind: Deployment
    metadata:
      name: web
    spec:
      replicas: 1
  - apiVersion: v1
    kind: Secret
    metadata:
      name: web
    stringData:
      password: •••
";
    let stored = sandbox.read(file);
    assert!(stored.starts_with(expected), "{stored}");
    assert!(stored.ends_with("the pods, in prod:\n  - 3\n"), "{stored}");
    assert_eq!(sandbox.run("test web --fail-on info").code, 0);
    assert_eq!(sandbox.run("test web --update").stderr, "", "what is unchanged is not written again");

    // A comment or the layout of a template is nothing that a snapshot tells.
    sandbox.write(TEMPLATE.0, TEMPLATE.1.replace(" # many", ""));
    assert_eq!(sandbox.run("test web").code, 0);

    sandbox.write(PROD.0, "replicas: 5\n");
    let run = sandbox.run("test web");
    let lines: Vec<&str> = run.stdout.lines().map(str::trim).collect();
    for said in
        ["= help: where this is meant, store it with `plimsoll test --update`", "-    replicas: 3", "+    replicas: 5"]
    {
        assert!(lines.contains(&said), "{}", run.stdout);
    }
    assert!(run.stdout.contains("  failed: all of it, in prod\n"), "{}", run.stdout);

    // A part of the tests does not forget what the others stored, nor calls it obsolete.
    assert_eq!(sandbox.run("test web --update --filter pods").code, 0);
    assert!(sandbox.read(file).ends_with("the pods, in prod:\n  - 5\n"));
    assert!(sandbox.read(file).starts_with(expected));
    assert_eq!(sandbox.run("test web -e dev --fail-on info").code, 0);

    // A test that fails before its snapshot leaves it alone; one that is gone does not.
    sandbox.write(
        "web/tests/web.yaml",
        SNAPSHOTS.replace("the pods", "pods").replace("of it\n", "of it\n    set: { a: 1 }\n"),
    );
    let run = sandbox.run("test web --format json");
    assert_eq!(run.rules().iter().filter(|rule| *rule == "test/obsolete-snapshot").count(), 1);
    assert_eq!(run.json()["findings"][0]["file"], "web/tests/__snapshot__/web.yaml");
    sandbox.run("test web --update");
    assert!(sandbox.read(file).starts_with(expected), "{}", sandbox.read(file));
    assert!(sandbox.read(file).ends_with("\npods, in prod:\n  - 5\n"), "{}", sandbox.read(file));
}

#[test]
fn snapshots_that_cannot_be_read_are_findings() {
    let sandbox = sandbox(SNAPSHOTS);
    for (text, rule) in [("- a\n", "test/snapshot"), ("a: [\n", "yaml/syntax")] {
        sandbox.write("web/tests/__snapshot__/web.yaml", text);
        let run = sandbox.run("test web --format json");
        assert_eq!((run.code, run.rules()[0].as_str()), (1, rule));
    }
    sandbox.write("web/tests/__snapshot__/web.yaml", [0xFF, 0xFE, 0]);
    assert_eq!(sandbox.run("test web").code, 2);
    assert_eq!(sandbox.run("test web --update").code, 2, "what nobody can read is not overwritten");
}

/// A secret is told apart, and told by no output, unless the test asks.
#[test]
fn secrets_are_masked_unless_the_test_asks() {
    let test = "tests:\n  - name: secret\n    environment: prod\n    expect:\n      - object: Secret/web\n        path: stringData.password\n        equal: hunter3\n      - object: Secret/web\n        path: stringData.password\n        matches: ^hunter3\n";
    let sandbox = sandbox(test);
    for format in ["terminal", "json"] {
        let run = sandbox.run(&format!("test web --format {format}"));
        assert_eq!(run.code, 1);
        assert!(!run.stdout.contains("hunter"), "{}", run.stdout);
        assert!(run.stdout.contains("is `•••`, and `•••` was expected"), "{}", run.stdout);
    }
    sandbox.write("web/tests/web.yaml", test.replace("    environment", "    show_secrets: true\n    environment"));
    let run = sandbox.run("test web");
    assert!(run.stdout.contains("is `hunter2`, and `hunter3` was expected"), "{}", run.stdout);
}

#[test]
fn tests_run_in_every_environment_unless_they_or_a_flag_name_one() {
    let tests = "tests:\n  - name: all\n    expect: [{ object: Deployment, path: spec.replicas, at_least: 1 }]\n  - name: bare\n    environment: []\n    expect: [{ object: Deployment, path: spec.replicas, equal: 1 }]\n  - name: one\n    environment: prod\n    expect: [{ object: Deployment, path: spec.replicas, equal: 3 }]\n";
    let sandbox = sandbox(tests);
    let ran = |line: &str| {
        let json = sandbox.run(&format!("test web {line} --format json")).json();
        let name = |test: &serde_json::Value| format!("{} {}", test["name"], test["environment"]).replace('"', "");
        json["tests"].as_array().expect("is a list").iter().map(name).collect::<Vec<_>>().join(", ")
    };
    assert_eq!(ran(""), "all dev, all prod, bare null, one prod");
    assert_eq!(ran("-e dev"), "all dev");
    assert_eq!(ran("-e prod"), "all prod, one prod");
    assert_eq!(ran("--filter one --filter bare"), "bare null, one prod");
    let run = sandbox.run("test web -e prd");
    assert_eq!(
        (run.code, run.stderr.as_str()),
        (2, "error: unknown environment `prd`\n  help: did you mean `prod`?\n")
    );
    let run = sandbox.run("test web --filter nothing");
    assert_eq!((run.code, run.stderr.as_str()), (2, "error: no test's name contains `nothing`\n"));
}

#[test]
fn paths_lead_to_charts_and_single_files() {
    let test = "tests: [{ name: a, expect: [{ object: Deployment, count: 1 }] }]\n";
    let sandbox = sandbox(test);
    sandbox.write("web/tests/more.yml", test);
    sandbox.write("web/tests/values/big.yaml", "replicas: 9\n");
    sandbox.write("db/Chart.yaml", "apiVersion: plimsoll.dev/v1\nname: db\nversion: 0.1.0\n");
    let files = |line: &str| {
        let run = sandbox.run(line);
        let tested =
            run.stdout.lines().filter_map(|line| line.strip_prefix("tested ")?.split(':').next().map(str::to_owned));
        (run.code, tested.collect::<Vec<_>>().join(" "))
    };
    let both = "web/tests/more.yml web/tests/web.yaml";
    for line in ["test", "test .", "test web", "test web/templates/web.yaml", "test web web/tests/web.yaml"] {
        assert_eq!(files(line), (0, both.to_owned()), "{line}");
    }
    assert_eq!(files("test web/tests/web.yaml"), (0, "web/tests/web.yaml".to_owned()));
    assert_eq!(files("test db"), (2, String::new()), "there are none");
    assert_eq!(files("test nowhere"), (2, String::new()));
    // Tests are no part of what is rendered and checked, whatever they hold.
    sandbox.write("web/tests/binary.yaml", [0, 1, 2]);
    assert_eq!(sandbox.run("render web").code, 0);
    assert_eq!(files("test web"), (2, both.to_owned()), "what can be read is run all the same");
    // A .helmignore that keeps tests out of packages does not keep them from running.
    sandbox.write("web/.helmignore", "tests/\n");
    std::fs::remove_file(sandbox.path("web/tests/binary.yaml")).expect("is there");
    assert_eq!(files("test web"), (0, both.to_owned()));
}

#[test]
fn a_test_sets_everything_that_templates_see() {
    let template = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: {{ release.name }}, namespace: {{ release.namespace }} }\ndata:\n  upgrade: \"{{ release.is_upgrade }} {{ release.is_install }} {{ release.revision }}\"\n  kube: {{ capabilities.kube_version.version }}\n  monitoring: \"{{ 'monitoring.coreos.com/v1' in capabilities.api_versions }} {{ 'apps/v1/Deployment' in capabilities.api_versions }} {{ 'apps/v2' in capabilities.api_versions }}\"\n  env: {{ environment }}\n  a: {{ values.a }}\n  b: {{ values.b }}\n  c: {{ values.c | tojson }}\n";
    let tests = "values: [values/one.yaml]\nset: { b: of the file }\nrelease: { name: shop }\ntests:\n  - name: all\n    environment: prod\n    release: { namespace: ns, is_upgrade: true, revision: 7 }\n    kubernetes: '1.33'\n    capabilities: { api_versions: [monitoring.coreos.com/v1] }\n    values: [values/two.yaml]\n    set: { c.d: 1, 'c.e[1]': x }\n    expect:\n      - path: metadata\n        equal: { name: shop, namespace: ns }\n      - path: data\n        equal:\n          upgrade: true false 7\n          kube: v1.33.0\n          monitoring: true true false\n          env: prod\n          a: of two\n          b: of the file\n          c: '{\"d\":1,\"e\":[null,\"x\"]}'\n";
    let sandbox = Sandbox::new(&[
        CHART,
        ("web/values.yaml", "a: 1\nb: 2\nc: {}\n"),
        ("web/environments/prod.yaml", "a: of prod\n"),
        ("web/templates/a.yaml", template),
        ("web/tests/a.yaml", tests),
        ("web/tests/values/one.yaml", "a: of one\nb: of one\n"),
        ("web/tests/values/two.yaml", "a: of two\n"),
    ]);
    let run = sandbox.run("test web");
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
}

#[test]
fn findings_are_those_of_check_whatever_the_profile() {
    let tests = "tests:\n  - name: findings\n    environment: prod\n    expect:\n      - { finding: missing-liveness-probe, object: Deployment/web, path: 'spec.template.spec.containers[name=web]' }\n      - { no_finding: missing-liveness-probe, object: Secret }\n      - { finding: schema/type, path: spec.replicas }\n      - { finding: host-network }\n      - { no_finding: latest-tag }\n";
    let template = "apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: web }\nspec:\n  replicas: many\n  selector: { matchLabels: { a: b } }\n  template:\n    metadata: { labels: { a: b } }\n    spec: { containers: [{ name: web, image: 'nginx:{{ values.tag }}' }] }\n";
    let sandbox = Sandbox::new(&[
        CHART,
        ("web/values.yaml", "tag: latest\n"),
        PROD_EMPTY,
        ("web/templates/web.yaml", template),
        ("web/tests/a.yaml", tests),
    ]);
    let run = sandbox.run("test web --format json");
    assert_eq!(run.rules(), ["test/finding"; 2], "{}", run.stdout);
    let found = &run.json()["findings"];
    assert_eq!(found[0]["message"], "`host-network` is not found");
    let message = found[1]["message"].as_str().expect("is text");
    assert!(
        message.starts_with("`latest-tag` is found at `spec.template.spec.containers[0].image` of Deployment/web: "),
        "{message}"
    );
    assert_eq!(found[1]["edit"]["file"], "web/values.yaml");
}

const PROD_EMPTY: (&str, &str) = ("web/environments/prod.yaml", "{}\n");

#[test]
fn helm_charts_are_tested_through_helm() {
    // tests/run builds helm, and fails where it must not be missing.
    let Some(helm) = std::env::var_os("PLIMSOLL_TEST_HELM") else { return };
    let folder = std::path::Path::new(&helm).parent().expect("lies in a folder").to_string_lossy().into_owned();
    let template = "{{- if not .Values.host }}{{ fail \"a host is needed\" }}{{ end }}\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\n  namespace: {{ .Release.Namespace }}\ndata:\n  host: {{ .Values.host }}\n  upgrade: {{ .Release.IsUpgrade | quote }}\n  kube: {{ .Capabilities.KubeVersion.Version | quote }}\n  monitoring: {{ .Capabilities.APIVersions.Has \"monitoring.coreos.com/v1\" | quote }}\n";
    let tests = "release: { name: shop, namespace: ns }\ntests:\n  - name: renders\n    environment: prod\n    release: { is_upgrade: true }\n    kubernetes: '1.33'\n    capabilities: { api_versions: [monitoring.coreos.com/v1] }\n    set: { web.port: 80 }\n    templates: [web.yaml]\n    expect:\n      - { count: 1 }\n      - { path: metadata, equal: { name: shop, namespace: ns } }\n      - { path: data, equal: { host: of prod, upgrade: 'true', kube: v1.33, monitoring: 'true' } }\n      - { finding: host-network }\n      - { path: data.host, equal: x }\n  - name: needs a host\n    environment: []\n    expect: [{ fails: a host is needed }]\n";
    let sandbox = Sandbox::new(&[
        ("hc/Chart.yaml", "apiVersion: v2\nname: hc\nversion: 0.1.0\n"),
        ("hc/values.yaml", "host: \"\"\nweb: {}\n"),
        ("hc/environments/prod.yaml", "host: of prod\n"),
        ("hc/templates/web.yaml", template),
        (
            "hc/crds/a.yaml",
            "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: { name: as.b }\n",
        ),
        ("hc/tests/web.yaml", tests),
    ]);
    let run = sandbox.run_with("test hc --format json", "", &[("PATH", folder.as_str())]);
    assert_eq!((run.code, run.rules().len()), (1, 2), "{}{}", run.stdout, run.stderr);
    let found = &run.json()["findings"];
    assert_eq!((&found[0]["line"], &found[1]["line"]), (&14.into(), &15.into()), "{found}");
    assert_eq!(found[1]["trace"][0]["file"], "hc/templates/web.yaml");
    let run = sandbox.run_with("test hc", "", &[("PATH", "/nowhere")]);
    assert!(run.code == 2 && run.stderr.contains("helm is not installed"), "{}", run.stderr);
}
