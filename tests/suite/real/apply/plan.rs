//! `apply --plan`: what was shown is what happens, or nothing does.

use super::Stage;
use crate::sandbox::Run;
use serde_json::Value as Json;

const TEMPLATE: &str = "apiVersion: v1
kind: ConfigMap
metadata: { name: one }
data: { a: {{ values.a }} }
---
apiVersion: v1
kind: Secret
metadata: { name: s }
stringData: { pin: {{ values.pin }} }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 0
  selector: { matchLabels: { app: web } }
  template: { metadata: { labels: { app: web } }, spec: { containers: [{ name: a, image: a:1 }] } }
";
const HOOK: &str = "apiVersion: v1
kind: ConfigMap
metadata: { name: hook, annotations: { plimsoll.dev/hook: pre-upgrade } }
data: { a: hook }
";

fn stage(name: &str) -> Option<Stage> {
    let stage = Stage::new(
        name,
        &[
            ("shop/Chart.yaml", "apiVersion: plimsoll.dev/v1\nname: shop\nversion: 1.0.0\n"),
            ("shop/values.yaml", "a: one\npin: hunter2\n"),
            ("shop/templates/a.yaml", TEMPLATE),
            ("shop/templates/gone.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: gone }\n"),
            ("shop/templates/hook.yaml", HOOK),
        ],
    )?;
    stage.done("apply shop --skip-checks --no-wait");
    std::fs::remove_file(stage.path("shop/templates/gone.yaml")).expect("is there");
    stage.files.write("shop/values.yaml", "a: two\npin: hunter3\n");
    Some(stage)
}

const APPLY: &str = "apply shop --skip-checks --no-wait --plan p.json";

fn plan(stage: &Stage) -> Json {
    let run = stage.run("plan shop --out p.json");
    assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
    serde_json::from_str(&stage.files.read("p.json")).expect("is JSON")
}

/// Asserts that a plan is refused in these words, and that nothing was written, not even a lock.
#[track_caller]
fn refused(stage: &Stage, line: &str, words: &[&str]) -> Run {
    let (versions, revisions) = (stage.versions("configmaps,secrets,deployments"), stage.revisions("shop"));
    let run = stage.run(line);
    assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
    for words in words {
        assert!(run.stderr.contains(words), "{words}: {}{}", run.stdout, run.stderr);
    }
    assert!(!format!("{}{}", run.stdout, run.stderr).contains("hunter"), "{}{}", run.stdout, run.stderr);
    assert_eq!(stage.versions("configmaps,secrets,deployments"), versions, "something was written");
    assert_eq!(stage.revisions("shop"), revisions);
    run
}

#[test]
fn what_was_planned_is_what_happens() {
    let Some(stage) = stage("planned") else { return };
    let planned = plan(&stage);
    let mut expected: Vec<(String, String)> = planned["objects"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|object| {
            (
                super::name_of(&serde_json::json!({"kind": object["kind"], "metadata": object})),
                object["change"].to_string(),
            )
        })
        .map(|(name, change)| (name, change.trim_matches('"').replace("removed", "deleted").replace("hook", "ran")))
        .collect();
    // What only the cluster writes is nobody's change.
    let status = ["patch", "deployment", "web", "-n", &stage.namespace, "--subresource=status", "--type=merge"];
    stage.kubectl(&[&status[..], &["-p", "{\"status\":{\"collisionCount\":1}}"]].concat());
    let rehearsed = stage.done(&format!("{APPLY} --dry-run"));
    assert!(rehearsed.stdout.contains("would be changed ConfigMap one"), "{}", rehearsed.stdout);
    let done = stage.done(&format!("{APPLY} --format json")).json();
    let mut happened: Vec<(String, String)> = done["objects"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|object| {
            (
                super::name_of(&serde_json::json!({"kind": object["kind"], "metadata": object})),
                object["action"].as_str().expect("a word").to_owned(),
            )
        })
        .collect();
    expected.sort();
    happened.sort();
    assert_eq!(happened, expected);
    assert_eq!(stage.get("configmap/one")[0]["data"]["a"], "two");
    // Now that it has happened, it cannot happen again.
    refused(
        &stage,
        APPLY,
        &[
            "ConfigMap one was changed in the cluster since",
            "the plan deletes ConfigMap gone, which is not here any more",
        ],
    );
}

#[test]
fn a_plan_that_does_not_hold_names_what_differs() {
    let Some(stage) = stage("broken") else { return };
    let good = plan(&stage);
    stage.files.write("shop/templates/a.yaml", TEMPLATE.replace("image: a:1", "image: a:2"));
    let words = [
        "`shop/templates/a.yaml` is not what it was",
        "Deployment web is not what was planned",
        "shop/templates/a.yaml:11",
    ];
    let run = refused(&stage, APPLY, &words);
    assert!(!run.stderr.contains("ConfigMap one is"), "{}", run.stderr);
    stage.files.write("shop/templates/a.yaml", TEMPLATE);

    stage.files.write("shop/values.yaml", "a: two\npin: hunter4\n");
    let words = ["`shop/values.yaml` is not what it was", "Secret s is not what was planned"];
    refused(&stage, APPLY, &words);
    stage.files.write("shop/values.yaml", "a: two\npin: hunter3\n");
    refused(&stage, &format!("{APPLY} --set a=three"), &["ConfigMap one is not what was planned"]);

    stage.files.write("shop/templates/hook.yaml", HOOK.replace("a: hook", "a: other"));
    refused(&stage, APPLY, &["ConfigMap hook is not what was planned"]);
    std::fs::remove_file(stage.path("shop/templates/hook.yaml")).expect("is there");
    refused(
        &stage,
        APPLY,
        &["was made of `shop/templates/hook.yaml`", "the plan applies ConfigMap hook, which is not here any more"],
    );
    stage.files.write("shop/templates/hook.yaml", HOOK);
    stage.files.write("shop/templates/new.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: new }\n");
    refused(&stage, APPLY, &["ConfigMap new is applied, and the plan does not have it", "shop/templates/new.yaml:1"]);
    std::fs::remove_file(stage.path("shop/templates/new.yaml")).expect("is there");

    // Whatever the file is made to say, what happens is held against it.
    let tampered = |change: &dyn Fn(&mut Json)| {
        let mut other = good.clone();
        change(&mut other);
        stage.files.write("p.json", other.to_string());
    };
    let at = |name: &str| {
        good["objects"].as_array().expect("a list").iter().position(|object| object["name"] == name).expect("is there")
    };
    tampered(&|plan| plan["objects"][at("one")]["digest"] = "sha256:00".into());
    refused(&stage, APPLY, &["ConfigMap one is not what was planned"]);
    tampered(&|plan| drop(plan["objects"].as_array_mut().expect("a list").remove(at("gone"))));
    refused(&stage, APPLY, &["ConfigMap gone would be deleted, and the plan does not say so"]);
    tampered(&|plan| plan["kubernetes"] = "1.20".into());
    refused(&stage, APPLY, &["the cluster ran Kubernetes 1.20 when the plan was made"]);
    tampered(&|plan| plan["tool"] = "plimsoll 0.0.0".into());
    refused(&stage, APPLY, &["the plan was made by plimsoll 0.0.0"]);
    tampered(&|plan| plan["environment"] = "prod".into());
    refused(&stage, APPLY, &["the plan is for the environment `prod`, and this is no environment"]);
    tampered(&|plan| plan["server"] = "https://other:6443".into());
    let run = refused(&stage, APPLY, &["the plan is for the cluster at `https://other:6443`"]);
    assert_eq!(run.stderr.matches("error[").count(), 1, "{}", run.stderr);
    stage.files.write("p.json", good.to_string());

    // Another context, although it leads to the same cluster.
    stage.kubectl(&["config", "set-context", "second", "--cluster=plimsoll-tests", "--user=user"]);
    refused(
        &stage,
        &format!("{APPLY} --context second"),
        &["the plan is for the context `", "and this is the context `second`"],
    );
    refused(
        &stage,
        &format!("{APPLY} --name other"),
        &["the plan is for the release `shop`, and this is the release `other`"],
    );

    // What is there is not what it was.
    let patch = ["patch", "configmap", "one", "-n", &stage.namespace, "--type=merge", "-p", "{\"data\":{\"b\":\"c\"}}"];
    stage.kubectl(&patch);
    refused(
        &stage,
        APPLY,
        &[
            "ConfigMap one was changed in the cluster since the plan was made: its resourceVersion is",
            "shop/templates/a.yaml:1",
        ],
    );
    stage.kubectl(&["delete", "configmap", "one", "gone", "-n", &stage.namespace]);
    let words =
        ["ConfigMap one was in the cluster when the plan was made, and is not now", "the plan deletes ConfigMap gone"];
    refused(&stage, APPLY, &words);
    let json = refused(&stage, &format!("{APPLY} --format json"), &[]).json();
    assert!(
        json["findings"].as_array().is_some_and(|all| all.iter().all(|found| found["rule"] == "apply/plan-differs")),
        "{json:#}"
    );
}

#[test]
fn what_is_no_plan_cannot_be_tried() {
    let Some(stage) =
        Stage::new("noplan", &[("set/a.yaml", &super::config("one", "1")), ("p.json", "{}"), ("other.json", "{")])
    else {
        return;
    };
    for (file, says) in [("p.json", "it is no plan"), ("other.json", "it is no JSON"), ("none.json", "cannot read")] {
        let run = stage.run(&format!("apply set --plan {file}"));
        assert!(run.code == 2 && run.stderr.contains(says), "{file}: {}{}", run.stdout, run.stderr);
    }
    stage.assert_nothing_left("configmaps");
    // Plain manifests are planned, pruned and applied under the name of their folder.
    stage.files.write("set/b.yaml", super::config("two", "1"));
    assert_eq!(stage.run("plan set --out p.json").code, 1);
    stage.done("apply set --plan p.json");
    std::fs::remove_file(stage.path("set/b.yaml")).expect("is there");
    let run = stage.run("plan set --out p.json");
    assert!(run.code == 1 && run.stdout.contains("two"), "{}{}", run.stdout, run.stderr);
    stage.done("apply set --plan p.json");
    assert_eq!(stage.members("set", "configmaps"), ["ConfigMap/one".to_owned()].into());
}

/// The namespace that a first apply makes, because it is among the objects, is no change that somebody else made.
#[test]
fn a_release_may_bring_its_namespace() {
    let Some(stage) = Stage::bare("planned-home", &[("set/a.yaml", &super::config("one", "1"))]) else { return };
    let home = format!("apiVersion: v1\nkind: Namespace\nmetadata: {{ name: {} }}\n", stage.namespace);
    stage.files.write("set/home.yaml", home);
    assert_eq!(stage.run("plan set --out p.json").code, 1);
    stage.done("apply set --plan p.json");
    assert_eq!(stage.members("set", "configmaps"), ["ConfigMap/one".to_owned()].into());
}
