//! Charts, workspaces and environments: what is checked, what is rendered.

use crate::sandbox::Sandbox;

const CHART: (&str, &str) = ("shop/Chart.yaml", "apiVersion: plimsoll.dev/v1\nname: shop\nversion: 1.0.0\n");
const VALUES: (&str, &str) = ("shop/values.yaml", "greeting: hello\nweb:\n  password: hunter2\n  port: 80\n");
const TEMPLATE: (&str, &str) = (
    "shop/templates/web.yaml",
    "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ release.name }}\n  namespace: {{ release.namespace }}\ndata:\n  greeting: {{ values.greeting }}\n  port: {{ values.web.port|string }}\n",
);
const PROD: (&str, &str) = ("shop/environments/prod.yaml", "greeting: good day\n");
const WORKSPACE: (&str, &str) = (
    "plimsoll.yaml",
    "apiVersion: plimsoll.dev/v1\nkubernetes: [\"1.33\"]\nenvironments:\n  dev: {namespace: shop-dev}\n  prod: {namespace: shop-prod, kubernetes: [\"1.34\"]}\nreleases:\n  - {name: front, chart: ./shop, environments: [prod]}\n  - {name: back, chart: ./shop}\n",
);

fn checked(stdout: &str) -> Vec<&str> {
    stdout.lines().filter(|line| line.starts_with("checked ")).collect()
}

#[test]
fn every_declared_environment_is_checked() {
    let sandbox = Sandbox::new(&[CHART, VALUES, TEMPLATE]);
    assert_eq!(checked(&sandbox.run("validate shop").stdout), ["checked shop: 1 object, Kubernetes 1.37"]);
    sandbox.write(PROD.0, PROD.1);
    sandbox.write("shop/environments/dev.yaml", "");
    let both = ["checked shop in dev: 1 object, Kubernetes 1.37", "checked shop in prod: 1 object, Kubernetes 1.37"];
    assert_eq!(checked(&sandbox.run("validate shop").stdout), both);
    assert_eq!(checked(&sandbox.run("validate .").stdout), both, "a folder that holds it");
    assert_eq!(checked(&sandbox.run("validate shop/templates/web.yaml shop/values.yaml").stdout), both, "a file in it");
    assert_eq!(checked(&sandbox.run("validate shop -e prod").stdout), both[1..]);
    let run = sandbox.run("validate shop -e porod");
    assert_eq!(
        (run.code, run.stderr.as_str()),
        (2, "error: unknown environment `porod`\n  help: did you mean `prod`?\n")
    );
}

#[test]
fn a_workspace_says_what_is_released_where() {
    let sandbox = Sandbox::new(&[CHART, VALUES, TEMPLATE, WORKSPACE]);
    let all = [
        "checked front in prod: 1 object, Kubernetes 1.34",
        "checked back in dev: 1 object, Kubernetes 1.33",
        "checked back in prod: 1 object, Kubernetes 1.34",
    ];
    for line in ["validate", "validate plimsoll.yaml", "validate shop", "validate --config plimsoll.yaml"] {
        assert_eq!(checked(&sandbox.run(line).stdout), all, "{line}");
    }
    assert_eq!(checked(&sandbox.run_in("shop".as_ref(), "validate", "", &[]).stdout), all, "from a folder below");
    assert_eq!(checked(&sandbox.run("validate --name back -e dev").stdout), all[1..2]);
    let rendered = sandbox.run("render shop --name back -e prod").stdout;
    assert!(rendered.contains("name: back\n  namespace: shop-prod\n"), "{rendered}");
    let several = sandbox.run("render shop -e prod");
    assert_eq!(several.code, 2);
    assert!(several.stderr.starts_with("error: `shop` leads to several releases: front, back\n"), "{}", several.stderr);
}

#[test]
fn what_is_wrong_with_a_workspace_is_found_in_it() {
    let text = WORKSPACE.1.replace("[prod]", "[porod]").replace("1.34", "1.20");
    let sandbox = Sandbox::new(&[CHART, VALUES, TEMPLATE, ("plimsoll.yaml", text.as_str())]);
    let run = sandbox.run("validate --skip values/unused --format json");
    assert_eq!(run.code, 1);
    assert_eq!(run.rules(), ["workspace/unknown-version", "workspace/unknown-environment"]);
}

#[test]
fn findings_of_several_environments_are_one_and_point_at_the_values() {
    let sandbox = Sandbox::new(&[CHART, VALUES, TEMPLATE, PROD]);
    sandbox.write("shop/environments/dev.yaml", "greting: hi\n");
    sandbox.write(
        "shop/templates/b.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndata:\n  a: {{ values.web.port }}\n",
    );
    let run = sandbox.run("validate shop --format json");
    assert_eq!(run.code, 1);
    let findings = run.json()["findings"].clone();
    let typed =
        &findings.as_array().expect("a list").iter().find(|found| found["rule"] == "schema/type").expect("is found");
    assert_eq!((&typed["file"], &typed["line"]), (&"shop/templates/b.yaml".into(), &5.into()));
    assert_eq!(typed["environments"], serde_json::json!(["dev", "prod"]));
    assert_eq!(
        typed["edit"],
        serde_json::json!({"file": "shop/values.yaml", "line": 4, "column": 3, "key": "web.port"})
    );
    assert_eq!(typed["rendered"]["line"], 5);
    assert_eq!(typed["release"], "shop");
    let typo = &findings
        .as_array()
        .expect("a list")
        .iter()
        .find(|found| found["rule"] == "values/unknown-key")
        .expect("is found");
    assert_eq!(
        (&typo["file"], &typo["environments"]),
        (&"shop/environments/dev.yaml".into(), &serde_json::json!(["dev"]))
    );
}

#[test]
fn render_writes_manifests_and_tells_findings_apart() {
    let sandbox = Sandbox::new(&[CHART, VALUES, TEMPLATE, PROD]);
    let run = sandbox.run("render shop -e prod -n here --name x --set web.port=81 --set-string web.port=82");
    let expected = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n  namespace: here\ndata:\n  greeting: good day\n  port: \"82\"\n";
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (0, expected, ""));
    let run = sandbox.run("render shop --output-dir out --show-only templates/web.yaml -n here");
    assert_eq!((run.code, run.stdout.as_str()), (0, "wrote 1 files to out\n"));
    assert!(sandbox.read("out/templates/web.yaml").contains("greeting: hello\n"), "no environment unless one is named");
    let run = sandbox.run("render shop -n here --show-origin");
    assert!(run.stdout.contains("shop/templates/web.yaml:7 |   greeting: hello\n"), "{}", run.stdout);
    let run = sandbox.run("render shop --set greting=x");
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "what is wrong is not rendered");
    assert!(run.stderr.starts_with("error[values/unknown-key]"), "{}", run.stderr);
    assert_eq!(sandbox.run("render nowhere").code, 2);
}

#[test]
fn values_are_shown_with_their_places_and_without_secrets() {
    let sandbox = Sandbox::new(&[CHART, VALUES, TEMPLATE, PROD]);
    let run = sandbox.run("values shop -e prod");
    let expected = "greeting: good day  # shop/environments/prod.yaml:1, over shop/values.yaml:1\nweb:\n  password: •••  # shop/values.yaml:3\n  port: 80  # shop/values.yaml:4\n";
    assert_eq!((run.code, run.stdout.as_str()), (0, expected));
    assert_eq!(sandbox.run("values shop web.port --set web.port=1").stdout, "1  # --set, over shop/values.yaml:4\n");
    let run = sandbox.run("values shop web.prot");
    assert_eq!((run.code, run.stderr.lines().nth(1)), (2, Some("  help: did you mean `port`?")));
}

#[test]
fn a_new_chart_passes_the_strict_profile() {
    let sandbox = Sandbox::new(&[]);
    assert_eq!(sandbox.run("init shop").code, 0);
    let run = sandbox.run("check shop --profile strict --fail-on info");
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert_eq!(checked(&run.stdout).len(), 2, "in dev and in prod");
    let run = sandbox.run("test shop");
    assert_eq!((run.code, run.stdout.lines().last()), (0, Some("7 tests: 7 passed")), "{}", run.stdout);
    assert_eq!(sandbox.run("init shop").code, 2, "what exists is left alone");
    assert_eq!(sandbox.run("init Shop").code, 2);
}

#[test]
fn allowed_findings_are_counted_and_vain_allowances_reported() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n    - name: a\n      image: nginx # plimsoll: allow latest-tag a test\n";
    let sandbox = Sandbox::new(&[("a.yaml", pod)]);
    let run = sandbox.run("check a.yaml --rule latest-tag --format json");
    assert_eq!((run.code, run.rules().len()), (0, 0));
    assert_eq!(run.json()["summary"]["suppressed"], 1);
    sandbox.write("a.yaml", pod.replace("image: nginx", "image: nginx:1.27.3"));
    assert_eq!(
        sandbox.run("lint a.yaml --profile kube-linter --format json").rules().last().map(String::as_str),
        Some("suppression/unused")
    );
}

#[test]
fn helm_charts_are_rendered_by_helm() {
    let chart = ("hc/Chart.yaml", "apiVersion: v2\nname: hc\nversion: 0.1.0\n");
    let template = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\ndat: {}\ndata:\n  a: {{ .Values.a | quote }}\n";
    let sandbox = Sandbox::new(&[
        chart,
        ("hc/templates/a.yaml", template),
        ("hc/values.yaml", "a: 1\n"),
        ("hc/environments/prod.yaml", "a: 2\n"),
    ]);
    let run = sandbox.run_with("check hc", "", &[("PATH", "/nowhere")]);
    assert_eq!(run.code, 2, "without helm there is one clear error");
    assert!(run.stderr.contains("cannot render the chart `hc`: helm is not installed"), "{}", run.stderr);
    // tests/run builds helm, and fails where it must not be missing.
    let Some(helm) = std::env::var_os("PLIMSOLL_TEST_HELM") else { return };
    let folder = std::path::Path::new(&helm).parent().expect("lies in a folder").to_string_lossy().into_owned();
    let with_helm = [("PATH", folder.as_str())];
    let run = sandbox.run_with("validate hc --format json", "", &with_helm);
    assert_eq!(run.code, 1, "{}", run.stderr);
    let found = &run.json()["findings"][0];
    assert_eq!((&found["rule"], &found["file"]), (&"schema/unknown-field".into(), &"hc/templates/a.yaml".into()));
    let rendered = sandbox.run_with("render hc -e prod", "", &with_helm).stdout;
    assert!(rendered.contains("a: \"2\""), "{rendered}");
    let rendered = sandbox.run_with("render hc -e prod --set a=3", "", &with_helm).stdout;
    assert!(rendered.contains("a: \"3\""), "{rendered}");
}

#[test]
fn subcharts_belong_to_their_parent_unless_they_are_named() {
    let sandbox = Sandbox::new(&[CHART, VALUES, TEMPLATE]);
    sandbox.write("shop/charts/db/Chart.yaml", "apiVersion: plimsoll.dev/v1\nname: db\nversion: 1.0.0\n");
    sandbox.write("shop/charts/db/templates/db.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: db}\n");
    let whole = ["checked shop: 2 objects, Kubernetes 1.37"];
    for line in ["validate .", "validate shop", "validate shop/charts/db/templates/db.yaml", "validate shop/charts"] {
        assert_eq!(checked(&sandbox.run(line).stdout), whole, "{line}");
    }
    assert_eq!(checked(&sandbox.run("validate shop/charts/db").stdout), ["checked db: 1 object, Kubernetes 1.37"]);
    assert_eq!(sandbox.run("validate . --exclude shop/").code, 2, "nothing is left");
}

#[test]
fn definitions_of_custom_resources_are_learnt_from_the_whole_run() {
    let crd = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: ships.example.com}\nspec:\n  group: example.com\n  scope: Namespaced\n  names: {kind: Ship, plural: ships}\n  versions:\n    - name: v1\n      served: true\n      storage: true\n      schema:\n        openAPIV3Schema:\n          type: object\n          properties: {spec: {type: object, properties: {load: {type: integer}}}}\n";
    let ship = "apiVersion: example.com/v1\nkind: Ship\nmetadata: {name: a}\nspec: {laod: 1}\n";
    let sandbox = Sandbox::new(&[("crds/ship.yaml", crd), ("k8s/ship.yaml", ship)]);
    assert_eq!(sandbox.run("validate k8s --format json").rules(), ["schema/unknown-kind"]);
    assert_eq!(sandbox.run("validate k8s crds --format json").rules(), ["schema/unknown-field"]);
}
