//! The life of releases: installed, upgraded, pruned, rolled back, uninstalled.

use super::proxy::{Fault, Proxy};
use super::{Stage, config, name_of};
use http::Method;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

const KINDS: &str = "configmaps,secrets,services,serviceaccounts,deployments,statefulsets,daemonsets,jobs,cronjobs,ingresses,networkpolicies,poddisruptionbudgets,horizontalpodautoscalers,externalsecrets,clusterroles,clusterrolebindings";

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("can be made");
    for entry in std::fs::read_dir(from).expect("can be read") {
        let path = entry.expect("can be read").path();
        let target = to.join(path.file_name().expect("has a name"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).expect("can be copied");
        }
    }
}

/// Leads a chart of charts-examples through its life, with kubectl's view of each step.
fn life_of(chart: &str) {
    let Some(stage) = Stage::new(chart, &[]) else { return };
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("charts-examples"), &stage.path("charts"));
    // What the clusters' operators bring.
    stage.kubectl(&["apply", "--server-side", "-f", "charts/crds"]);
    stage.kubectl(&["wait", "--for=condition=Established", "-f", "charts/crds", "--timeout=20s"]);
    stage.kubectl(&["config", "set-context", "kind-dev", "--cluster=plimsoll-tests", "--user=user"]);
    let _kubelet = stage.kubelet();
    let apply = format!("apply charts/{chart} -e dev --timeout 60s");
    let release = if chart == "postgres" { "db" } else { chart };
    let rendered = || {
        let run = stage.files.run(&format!("render charts/{chart} -e dev -n {}", stage.namespace));
        stage.files.write("rendered.yaml", &run.stdout);
        let dry =
            stage.kubectl(&["create", "--dry-run=client", "-n", &stage.namespace, "-f", "rendered.yaml", "-o", "json"]);
        let objects = serde_json::Deserializer::from_str(&dry).into_iter::<serde_json::Value>();
        objects.map(|object| name_of(&object.expect("is JSON"))).collect::<BTreeSet<_>>()
    };
    // kubectl, as another manager that takes every field, finds nothing to change.
    let agrees = |step: &str| {
        let diff = stage.kubectl_output(&[
            "diff",
            "--server-side",
            "--force-conflicts",
            "-n",
            &stage.namespace,
            "-f",
            "rendered.yaml",
        ]);
        let text = String::from_utf8_lossy(&diff.stdout);
        // What another manager owns, too, may count as a new generation of the same.
        let changes = |line: &&str| {
            (line.starts_with('+') || line.starts_with('-'))
                && !["+++ ", "--- ", "+  generation: ", "-  generation: "].iter().any(|begins| line.starts_with(begins))
        };
        let said = String::from_utf8_lossy(&diff.stderr);
        assert!(
            diff.status.code() <= Some(1) && text.lines().filter(changes).count() == 0,
            "{chart}, {step}: kubectl sees a difference: {text}{said}"
        );
    };

    let run = stage.done(&apply);
    assert!(run.stdout.contains(", revision 1: "), "{}", run.stdout);
    assert_eq!(stage.members(release, KINDS), rendered(), "{chart}, installed");
    agrees("installed");

    let (versions, installed) = (stage.versions(KINDS), rendered());
    let run = stage.done(&apply);
    assert!(run.stdout.contains("nothing to change"), "{}", run.stdout);
    assert_eq!(stage.versions(KINDS), versions, "{chart}: a second apply touches nothing");
    assert_eq!(stage.revisions(release), ["1 deployed"], "{chart}: and writes no revision");

    // An upgrade brings an object and loses others.
    stage.files.write(
        &format!("charts/{chart}/templates/more.yaml"),
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: more\ndata: { a: b }\n",
    );
    std::fs::remove_file(stage.path(&format!("charts/{chart}/templates/networkpolicy.yaml"))).expect("is there");
    let upgrade = format!("{apply} --skip-checks");
    let run = stage.done(&upgrade);
    assert!(run.stdout.contains("1 created") && run.stdout.contains("deleted"), "{}", run.stdout);
    assert_eq!(stage.members(release, KINDS), rendered(), "{chart}, upgraded");
    assert!(stage.get("networkpolicies").is_empty(), "{chart}: what is left out is gone");
    agrees("upgraded");
    assert_eq!(stage.revisions(release), ["1 superseded", "2 deployed"]);

    stage.done(&format!("rollback {release} --timeout 60s"));
    assert_eq!(stage.members(release, KINDS), installed, "{chart}, rolled back");
    assert_eq!(stage.revisions(release), ["1 superseded", "2 superseded", "3 deployed"]);
    let status = stage.done(&format!("status {release} --format json")).json();
    let objects = status["objects"].as_array().expect("a list");
    assert_eq!(objects.len(), installed.len());
    assert!(
        objects.iter().all(|object| object["state"] == "ready" && object["drift"] == serde_json::json!([])),
        "{status:#}"
    );
    assert!(stage.done("list").stdout.contains(release));

    stage.done(&format!("uninstall {release} --timeout 60s"));
    stage.assert_nothing_left(KINDS);
    assert!(!stage.done("list").stdout.contains(release));
}

#[test]
fn the_life_of_shop() {
    life_of("shop");
}

#[test]
fn the_life_of_postgres() {
    life_of("postgres");
}

#[test]
fn the_life_of_search() {
    life_of("search");
}

#[test]
fn the_life_of_batch() {
    life_of("batch");
}

#[test]
fn the_life_of_log_agent() {
    life_of("log-agent");
}

const LIGHTS: &str = "apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: lights.apply.example.com }
spec:
  group: apply.example.com
  scope: Namespaced
  names: { kind: Light, plural: lights, singular: light }
  versions:
    - name: v1alpha1
      served: true
      storage: true
      schema: &schema
        openAPIV3Schema:
          type: object
          properties: { spec: { type: object, properties: { colour: { type: string } } } }
";

/// A definition and its resources come in one chart; the definition is upgraded; a version that is gone is left behind by
/// the way back.
#[test]
fn definitions_come_before_their_resources_and_are_upgraded() {
    let Some(stage) = Stage::new(
        "lights",
        &[
            ("chart/Chart.yaml", "apiVersion: plimsoll.dev/v1\nname: lights\nversion: 1.0.0\n"),
            ("chart/values.yaml", "version: v1alpha1\nspec: { colour: red }\n"),
            ("chart/crds/lights.yaml", LIGHTS),
            (
                "chart/templates/light.yaml",
                "apiVersion: apply.example.com/{{ values.version }}\nkind: Light\nmetadata: { name: one }\nspec: {{ values.spec }}\n",
            ),
        ],
    ) else {
        return;
    };
    let first = stage.done("apply chart --skip-checks");
    assert!(first.stdout.contains("2 created"), "{}", first.stdout);
    assert_eq!(stage.get("lights")[0]["spec"]["colour"], "red");

    // The next version has a field more, and the old one is served no more.
    let newer = LIGHTS
        .replace("v1alpha1\n      served: true\n      storage: true", "v1\n      served: true\n      storage: true")
        .replace("colour: { type: string }", "colour: { type: string }, power: { type: integer }");
    let old = "    - { name: v1alpha1, served: false, storage: false, schema: { openAPIV3Schema: { type: object, x-kubernetes-preserve-unknown-fields: true } } }\n";
    stage.files.write("chart/crds/lights.yaml", format!("{newer}{old}"));
    stage.files.write("chart/values.yaml", "version: v1\nspec: { colour: green, power: 60 }\n");
    stage.done("apply chart --skip-checks");
    let light = &stage.get("lights.v1.apply.example.com")[0];
    assert_eq!((&light["spec"]["colour"], &light["spec"]["power"]), (&"green".into(), &60.into()), "{light:#}");

    // Going back would bring the old definition, whose version the resources are not stored in any more: the server says no.
    let run = stage.run("rollback lights");
    assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
    assert!(run.stderr.contains("storedVersions"), "{}", run.stderr);
    stage.done("apply chart --skip-checks");

    // The old definition would refuse a new field: it has no say in what is rehearsed and planned.
    let glows = newer.replace("power: { type: integer }", "power: { type: integer }, glow: { type: integer }");
    stage.files.write("chart/crds/lights.yaml", format!("{glows}{old}"));
    stage.files.write("chart/values.yaml", "version: v1\nspec: { colour: green, glow: 1 }\n");
    let run = stage.done("apply chart --skip-checks --dry-run");
    assert!(run.stdout.contains("Light one (if its new definition allows it)"), "{}{}", run.stdout, run.stderr);
    // Nor has it while the server has not taken up the new one.
    let late = AtomicU32::new(0);
    let proxy = Proxy::start(&stage.kubeconfig, move |method, path| {
        let is_light = method == Method::PATCH && path.contains("/lights/") && !path.contains("dryRun");
        (is_light && late.fetch_add(1, Ordering::Relaxed) < 3).then_some(Fault::OldDefinition)
    });
    stage.files.write("proxy.kubeconfig", proxy.kubeconfig());
    let proxied = stage.path("proxy.kubeconfig").display().to_string();
    let run = stage.run_by(&proxied, "plan chart --out p.json");
    assert!(run.code == 1 && run.stdout.contains("comes first"), "{}{}", run.stdout, run.stderr);
    let run = stage.run_by(&proxied, "apply chart --skip-checks --plan p.json");
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert_eq!(proxy.seen.faults.lock().expect("no thread panicked").len(), 3);
    assert_eq!(stage.get("lights")[0]["spec"]["glow"], 1);

    // A definition that stays as it is gets no second chance.
    stage.files.write("chart/values.yaml", "version: v1\nspec: { colour: green, gloom: 1 }\n");
    let run = stage.run("apply chart --skip-checks");
    assert!(run.code == 1 && run.stderr.contains("`spec.gloom` of Light one"), "{}{}", run.stdout, run.stderr);
    stage.done("uninstall lights");
    stage.kubectl(&["wait", "--for=delete", "crd/lights.apply.example.com", "--timeout=20s"]);
}

/// What stands in a revision may be of an API version that is served no more.
#[test]
fn a_way_back_leaves_removed_versions_behind() {
    let resource = |version: &str, colour: &str| {
        format!(
            "apiVersion: lamps.example.com/{version}\nkind: Lamp\nmetadata: {{ name: one }}\nspec: {{ colour: {colour} }}\n"
        )
    };
    let definition = |old: bool| {
        let schema = "schema: { openAPIV3Schema: { type: object, x-kubernetes-preserve-unknown-fields: true } }";
        format!(
            "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {{ name: lamps.lamps.example.com }}\nspec:\n  group: lamps.example.com\n  scope: Namespaced\n  names: {{ kind: Lamp, plural: lamps }}\n  versions:\n    - {{ name: v1, served: true, storage: true, {schema} }}\n    - {{ name: v1beta1, served: {old}, storage: false, {schema} }}\n"
        )
    };
    let Some(stage) =
        Stage::new("lamps", &[("crd.yaml", &definition(true)), ("set/lamp.yaml", &resource("v1beta1", "red"))])
    else {
        return;
    };
    stage.kubectl(&["apply", "--server-side", "-f", "crd.yaml"]);
    stage.kubectl(&["wait", "--for=condition=Established", "-f", "crd.yaml", "--timeout=20s"]);
    stage.done("apply set --skip-checks");
    stage.files.write("set/lamp.yaml", resource("v1", "green"));
    stage.done("apply set --skip-checks");
    stage.files.write("crd.yaml", definition(false));
    stage.kubectl(&["apply", "--server-side", "-f", "crd.yaml"]);
    let run = stage.done("rollback set 1");
    assert!(run.stderr.contains("from lamps.example.com/v1beta1 to lamps.example.com/v1"), "{}", run.stderr);
    assert_eq!(stage.get("lamps")[0]["spec"]["colour"], "red");
    stage.done("uninstall set");
    stage.kubectl(&["delete", "-f", "crd.yaml"]);
}

#[test]
fn a_namespace_is_created_on_request_and_outlives_the_release() {
    let Some(stage) = Stage::bare("made", &[("set/a.yaml", &config("one", "1"))]) else { return };
    let run = stage.run("apply set");
    assert_eq!(run.code, 2, "{}{}", run.stdout, run.stderr);
    assert!(
        run.stderr.contains("is not in the cluster") && run.stderr.contains("--create-namespace"),
        "{}",
        run.stderr
    );
    let run = stage.done("apply set --dry-run --create-namespace");
    assert!(run.stdout.contains("would be created ConfigMap one"), "{}", run.stdout);
    stage.done("apply set --create-namespace");
    stage.done("uninstall set");
    stage.kubectl(&["get", "namespace", &stage.namespace]);
}

/// A namespace that is part of the release holds the records of the release, too; and what others put there keeps it.
#[test]
fn a_namespace_of_the_release_goes_last_and_only_when_it_is_empty() {
    let Some(stage) = Stage::bare("own", &[]) else { return };
    let namespace = format!("apiVersion: v1\nkind: Namespace\nmetadata: {{ name: {} }}\n", stage.namespace);
    stage.files.write("set/a.yaml", config("one", "1"));
    stage.files.write("set/b.yaml", namespace);
    stage.done("apply set");
    stage.kubectl(&["create", "configmap", "bystander", "-n", &stage.namespace]);
    let run = stage.done("uninstall set");
    assert!(
        run.stderr.contains("kept Namespace") && run.stderr.contains("ConfigMap bystander is in it"),
        "{}",
        run.stderr
    );
    stage.kubectl(&["get", "configmap", "bystander", "-n", &stage.namespace]);
    stage.kubectl(&["delete", "configmap", "bystander", "-n", &stage.namespace]);
    stage.done("apply set");
    stage.done("uninstall set");
    stage.kubectl(&["wait", "--for=delete", &format!("namespace/{}", stage.namespace), "--timeout=30s"]);
}

#[test]
fn what_is_to_be_kept_is_let_go() {
    let kept =
        "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: kept, annotations: { helm.sh/resource-policy: keep } }\n";
    let Some(stage) = Stage::new("keep", &[("set/a.yaml", &config("one", "1")), ("set/b.yaml", kept)]) else { return };
    stage.done("apply set");
    std::fs::remove_file(stage.path("set/b.yaml")).expect("is there");
    let run = stage.done("apply set");
    assert!(run.stderr.contains("kept ConfigMap kept"), "{}", run.stderr);
    assert_eq!(stage.members("set", "configmaps"), ["ConfigMap/one".to_owned()].into());
    stage.kubectl(&["get", "configmap", "kept", "-n", &stage.namespace]);
    // Nothing at all is a slip, more likely than not.
    stage.files.write("set/a.yaml", "# nothing\napiVersion: v1\nkind: List\nitems: []\n");
    let run = stage.run("apply set");
    assert_eq!(run.code, 2, "{}{}", run.stdout, run.stderr);
    assert!(run.stderr.contains("nothing would be left"), "{}", run.stderr);
    stage.done("apply set --allow-empty");
    assert!(stage.members("set", "configmaps").is_empty());
}

#[test]
fn findings_stop_it_and_nothing_is_written() {
    let Some(stage) = Stage::new(
        "stops",
        &[("set/a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: one }\ndata: { a: 1 }\n")],
    ) else {
        return;
    };
    let run = stage.run("apply set");
    assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
    assert!(
        run.stdout.contains("set/a.yaml:4") && run.stderr.contains("nothing was applied"),
        "{}{}",
        run.stdout,
        run.stderr
    );
    stage.assert_nothing_left("configmaps");
    // Unchecked, the server says the same, at the same line.
    let run = stage.run("apply set --skip-checks");
    assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
    assert!(run.stderr.contains("set/a.yaml:4"), "{}", run.stderr);
    assert_eq!(stage.revisions("set"), ["1 failed"]);
}

#[test]
fn revisions_are_kept_up_to_a_number_and_values_change_back() {
    let Some(stage) = Stage::new("many", &[]) else { return };
    for value in 1..=4 {
        stage.files.write("set/a.yaml", config("one", &value.to_string()));
        stage.done("apply set --history-max 3");
    }
    assert_eq!(stage.revisions("set"), ["2 superseded", "3 superseded", "4 deployed"]);
    let secrets = stage.get("secrets");
    let parts = secrets.iter().filter(|secret| name_of(secret).contains(".v1")).count();
    assert_eq!(parts, 0, "what is forgotten leaves nothing");
    stage.done("rollback set 2");
    assert_eq!(stage.get("configmap/one")[0]["data"]["a"], "2");
    let run = stage.run("rollback set 1");
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("no revision 1; there are"), "{}", run.stderr);
    // Somebody changes what is ours: status tells, and apply asks.
    stage.kubectl(&[
        "patch",
        "configmap",
        "one",
        "-n",
        &stage.namespace,
        "--type=merge",
        "-p",
        "{\"data\":{\"a\":\"mine\"}}",
    ]);
    let status = stage.done("status set").stdout;
    assert!(status.contains("changed by others: data.a"), "{status}");
}

/// Of a workspace, each release comes after those that it needs.
#[test]
fn a_workspace_is_applied_in_the_order_of_needs() {
    let chart = |name: &str| format!("apiVersion: plimsoll.dev/v1\nname: {name}\nversion: 1.0.0\n");
    let Some(stage) = Stage::new(
        "needs",
        &[
            (
                "plimsoll.yaml",
                "apiVersion: plimsoll.dev/v1\nreleases:\n  - { name: a, chart: ./a, needs: [b] }\n  - { name: b, chart: ./b }\n",
            ),
            ("a/Chart.yaml", &chart("a")),
            ("a/templates/a.yaml", &config("of-a", "1")),
            ("b/Chart.yaml", &chart("b")),
            ("b/templates/b.yaml", &config("of-b", "1")),
        ],
    ) else {
        return;
    };
    let run = stage.done("apply");
    let (b, a) = (run.stdout.find("applied b"), run.stdout.find("applied a"));
    assert!(b.is_some() && b < a, "{}", run.stdout);
    // What a release needs must have been applied.
    stage.files.write("a/templates/a.yaml", config("of-a", "2"));
    stage
        .files
        .write("b/templates/b.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: of-b, labels: { a: ' ' } }\n");
    let run = stage.run("apply --skip-checks");
    assert!(run.code == 1 && run.stderr.contains("not begun: a"), "{}{}", run.stdout, run.stderr);
    assert_eq!(stage.get("configmap/of-a")[0]["data"]["a"], "1");
}

/// A package, and a reference into a registry, are the chart that they were made of.
#[cfg(feature = "oci")]
#[test]
fn packages_and_references_are_applied_as_their_charts_are() {
    use crate::real::registries::server::{Asks, Kind, Server};
    let Some(stage) = Stage::new(
        "package",
        &[
            ("shop/Chart.yaml", "apiVersion: plimsoll.dev/v1\nname: shop\nversion: 1.0.0\nappVersion: \"7\"\n"),
            ("shop/values.yaml", "a: one\n"),
            ("shop/environments/prod.yaml", "a: prod\n"),
            (
                "shop/templates/a.yaml",
                "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: one }\ndata: { a: {{ values.a }} }\n",
            ),
        ],
    ) else {
        return;
    };
    let Some(server) = Server::start(Kind::Distribution, Asks::Nothing, false) else { return };
    let url = format!("oci://{}/charts/shop", server.host);
    let offline = |line: &str| {
        let run = stage.files.run_with(line, "", &[("HOME", "/nowhere")]);
        assert_eq!(run.code, 0, "{line}: {}{}", run.stdout, run.stderr);
        run
    };
    offline("package shop --skip-checks");
    let pushed = offline(&format!("push shop-1.0.0.tgz oci://{}/charts", server.host)).stdout;
    let digest = pushed.lines().nth(1).expect("a digest").to_owned();
    stage.done("apply shop-1.0.0.tgz -e prod --skip-checks");
    assert_eq!(stage.get("configmap/one")[0]["data"]["a"], "prod");
    for path in ["shop", &format!("{url}:1.0.0"), &format!("{url}@{digest}"), &url] {
        let run = stage.done(&format!("apply {path} -e prod --skip-checks"));
        assert!(run.stdout.contains("nothing to change in shop"), "{path}: {}{}", run.stdout, run.stderr);
    }
    let history = stage.done("history shop --format json").json();
    let revision = &history["revisions"][0];
    assert_eq!((&revision["chart"], &revision["appVersion"]), (&"shop-1.0.0".into(), &"7".into()), "{history:#}");
    // What comes from a registry is held to a plan like anything else.
    let run = stage.run(&format!("plan {url}:1.0.0 -e prod --set a=two --out p.json"));
    assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
    let run = stage.run(&format!("apply {url}:1.0.0 -e prod --skip-checks --plan p.json"));
    assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
    stage.done(&format!("apply {url}:1.0.0 -e prod --set a=two --skip-checks --plan p.json"));
    assert_eq!(stage.get("configmap/one")[0]["data"]["a"], "two");
    assert!(stage.run(&format!("apply {url}:2.0.0")).code == 2);
    drop(server);
    let run = stage.run(&format!("apply {url}:1.0.0"));
    assert!(run.code == 2 && run.stderr.contains("cannot reach"), "{}{}", run.stdout, run.stderr);
    assert_eq!(stage.revisions("shop").len(), 2);
}
