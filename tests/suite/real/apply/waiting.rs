//! Waiting, and the messages that a person needs where it is in vain. The tests play the kubelet.

use super::{Stage, config};
use serde_json::json;
use std::process::Command;
use std::time::{Duration, Instant};

const DEPLOYMENT: &str = "apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: app, image: registry.invalid/web:1 }] }
";

const JOB: &str = "apiVersion: batch/v1
kind: Job
metadata: { name: migrate }
spec:
  backoffLimit: 0
  template: { spec: { restartPolicy: Never, containers: [{ name: app, image: registry.invalid/migrate:1 }] } }
";

#[test]
fn a_deployment_that_gets_ready_is_waited_for() {
    let Some(stage) = Stage::new("ready", &[("set/a.yaml", DEPLOYMENT)]) else { return };
    let _kubelet = stage.kubelet();
    let run = stage.done("apply set --skip-checks --timeout 30s");
    assert!(
        run.stderr.contains("waiting for Deployment web: ") && run.stderr.contains("Deployment web is ready"),
        "{}",
        run.stderr
    );
}

#[test]
fn an_image_that_cannot_be_pulled_is_named() {
    let Some(stage) = Stage::new("pull", &[("set/a.yaml", DEPLOYMENT)]) else { return };
    let kubelet = stage.kubelet_by(|_| {
        let waiting = json!({"reason": "ImagePullBackOff", "message": "Back-off pulling image \"registry.invalid/web:1\": no such host"});
        Some(json!({"containerStatuses": [{"name": "app", "image": "x", "imageID": "", "ready": false, "restartCount": 0, "state": {"waiting": waiting}}]}))
    });
    let run = stage.run("apply set --skip-checks --timeout 6s");
    assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
    for words in [
        "error: Deployment web did not get ready in time: 0 of 1 pods are ready",
        "container `app`: ImagePullBackOff: Back-off pulling image \"registry.invalid/web:1\": no such host",
        "revision 1 is not deployed",
    ] {
        assert!(run.stderr.contains(words), "{words}: {}", run.stderr);
    }
    assert_eq!(stage.revisions("set"), ["1 failed"]);
    // A run that changes nothing goes on waiting, and takes the revision over.
    drop(kubelet);
    let pods = stage.get("pods");
    let name = pods[0]["metadata"]["name"].as_str().expect("a name").to_owned();
    let patch = json!({"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}]}}).to_string();
    stage.kubectl(&[
        "patch",
        "pod",
        &name,
        "-n",
        &stage.namespace,
        "--subresource=status",
        "--type=merge",
        "-p",
        &patch,
    ]);
    stage.done("apply set --skip-checks --timeout 20s");
    assert_eq!(stage.revisions("set"), ["1 deployed"]);
}

#[test]
fn a_job_that_fails_ends_the_wait_with_its_reason() {
    let Some(stage) = Stage::new("job", &[("set/a.yaml", JOB)]) else { return };
    let _kubelet = stage.kubelet_by(|_| {
        let ended = json!({"terminated": {"exitCode": 3, "reason": "Error", "startedAt": "2026-01-01T00:00:00Z", "finishedAt": "2026-01-01T00:00:00Z"}});
        Some(json!({"phase": "Failed", "containerStatuses": [{"name": "app", "image": "x", "imageID": "", "ready": false, "restartCount": 0, "state": ended}]}))
    });
    let begun = Instant::now();
    let run = stage.run("apply set --skip-checks --timeout 60s");
    assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
    assert!(begun.elapsed() < Duration::from_secs(50), "a failure is no time-out");
    for words in
        ["Job migrate failed: Job has reached the specified backoff limit", "container `app`: it exited with 3"]
    {
        assert!(run.stderr.contains(words), "{words}: {}", run.stderr);
    }
}

#[test]
fn a_failed_upgrade_goes_back_on_request_and_a_failed_install_is_removed() {
    let Some(stage) = Stage::new("back", &[("set/a.yaml", &config("one", "1"))]) else { return };
    stage.done("apply set");
    stage.files.write("set/a.yaml", config("one", "2"));
    stage.files.write("set/b.yaml", DEPLOYMENT);
    let run = stage.run("apply set --skip-checks --timeout 2s --rollback-on-failure");
    assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
    assert!(run.stderr.contains("revision 2 failed, and revision 1 is there again"), "{}", run.stderr);
    assert_eq!(stage.get("configmap/one")[0]["data"]["a"], "1");
    assert!(stage.get("deployments").is_empty(), "what the failed revision brought is gone");
    assert_eq!(stage.revisions("set"), ["1 superseded", "2 failed", "3 deployed"]);
    stage.done("uninstall set");
    let run = stage.run("apply set --skip-checks --timeout 2s --rollback-on-failure");
    assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
    stage.assert_nothing_left("configmaps,deployments");
}

#[test]
fn a_failed_rollout_deletes_nothing() {
    let Some(stage) = Stage::new("fail", &[("set/a.yaml", &config("one", "1"))]) else { return };
    stage.done("apply set");
    stage.files.write("set/a.yaml", DEPLOYMENT);
    assert_eq!(stage.run("apply set --skip-checks --timeout 2s").code, 1);
    stage.kubectl(&["get", "configmap", "one", "-n", &stage.namespace]);
    let _kubelet = stage.kubelet();
    stage.done("apply set --skip-checks --timeout 30s");
    assert!(stage.members("set", "configmaps").is_empty());
}

#[test]
fn what_names_others_waits_for_them() {
    let late = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: late\n  annotations: { plimsoll.dev/needs: Deployment/web }\n";
    let Some(stage) = Stage::new("order", &[("set/a.yaml", late), ("set/b.yaml", DEPLOYMENT)]) else { return };
    assert_eq!(stage.run("apply set --skip-checks --timeout 2s").code, 1);
    assert!(!stage.kubectl_output(&["get", "configmap", "late", "-n", &stage.namespace]).status.success());
    let _kubelet = stage.kubelet();
    stage.done("apply set --skip-checks --timeout 30s");
    stage.kubectl(&["get", "configmap", "late", "-n", &stage.namespace]);
    // A circle is a finding at the line that closes it.
    stage.files.write(
        "set/b.yaml",
        late.replace("late", "one").replace("Deployment/web", "ConfigMap/two")
            + "---\n"
            + &late.replace("late", "two").replace("Deployment/web", "ConfigMap/one"),
    );
    let run = stage.run("apply set --skip-checks");
    assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
    assert!(
        run.stderr.contains("apply/unknown-dependency") || run.stderr.contains("apply/dependency-cycle"),
        "{}",
        run.stderr
    );
}

/// Hooks run at their moments, Helm's as ours, and are no part of the inventory.
#[test]
fn hooks_run_at_their_moments() {
    let hook = |name: &str, moment: &str| {
        JOB.replace("name: migrate", &format!("name: {name}, annotations: {{ helm.sh/hook: {moment}, plimsoll.dev/hook-delete-policy: 'before-hook-creation' }}"))
    };
    let Some(stage) = Stage::new(
        "hooks",
        &[
            ("set/a.yaml", &config("one", "1")),
            ("set/b.yaml", &hook("before", "\"pre-install,pre-upgrade\"")),
            ("set/c.yaml", &hook("after", "post-delete")),
        ],
    ) else {
        return;
    };
    let _kubelet = stage.kubelet();
    let run = stage.done("apply set --skip-checks --timeout 30s");
    let at = |words: &str| run.stderr.find(words).unwrap_or_else(|| panic!("{words}: {}", run.stderr));
    assert!(at("running Job before, a pre-install hook") < at("created ConfigMap one"));
    assert_eq!(stage.members("set", "configmaps,jobs"), ["ConfigMap/one".to_owned()].into());
    let first = stage.get("job/before")[0]["metadata"]["uid"].clone();
    let run = stage.done("apply set --skip-checks --timeout 30s");
    assert!(
        run.stdout.contains("nothing to change") && !run.stderr.contains("running"),
        "{}{}",
        run.stdout,
        run.stderr
    );
    stage.files.write("set/a.yaml", config("one", "2"));
    stage.done("apply set --skip-checks --timeout 30s");
    assert_ne!(stage.get("job/before")[0]["metadata"]["uid"], first, "a hook runs anew");
    let run = stage.done("uninstall set --timeout 30s");
    assert!(run.stderr.contains("running Job after, a post-delete hook"), "{}", run.stderr);
}

#[test]
fn a_signal_stops_it_where_that_is_safe() {
    let Some(stage) = Stage::new("signal", &[("set/a.yaml", &config("one", "1")), ("set/b.yaml", DEPLOYMENT)]) else {
        return;
    };
    let child = stage.start("apply set --skip-checks --timeout 60s");
    let applied = || stage.kubectl_output(&["get", "deployment", "web", "-n", &stage.namespace]).status.success();
    let begun = Instant::now();
    while !applied() && begun.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs").success());
    let output = child.wait_with_output().expect("ends");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    for words in [
        "stopping: ",
        "error: it was stopped",
        "revision 1 is not deployed: 2 of 2 objects were changed, nothing was deleted; apply again to go on, or remove it by `plimsoll uninstall set",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert_eq!(stage.revisions("set"), ["1 failed"]);
    assert!(stage.get("leases").is_empty(), "the lock is given back");
}

/// A webhook that cannot be reached is waited for; the server's own words say which.
#[test]
fn a_webhook_that_is_away_for_a_moment_stops_nothing() {
    let Some(stage) = Stage::new("webhook", &[("set/a.yaml", &config("one", "1"))]) else { return };
    let name = format!("{}.example.com", stage.namespace);
    let webhook = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration", "metadata": {"name": name},
        "webhooks": [{
            "name": name, "admissionReviewVersions": ["v1"], "sideEffects": "None", "failurePolicy": "Fail", "timeoutSeconds": 1,
            "clientConfig": {"url": "https://127.0.0.1:1/"},
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": stage.namespace}},
            "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}],
        }],
    });
    stage.files.write("webhook.json", webhook.to_string());
    stage.kubectl(&["apply", "--server-side", "-f", "webhook.json"]);
    let away = || {
        let dry = ["create", "configmap", "probe", "--dry-run=server", "-n", &stage.namespace];
        !stage.kubectl_output(&dry).status.success()
    };
    let begun = Instant::now();
    while !away() && begun.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(100));
    }
    let child = stage.start("apply set --quiet");
    std::thread::sleep(Duration::from_millis(1500));
    assert!(
        !stage.kubectl_output(&["get", "configmap", "one", "-n", &stage.namespace]).status.success(),
        "it is held back"
    );
    stage.kubectl(&["delete", "-f", "webhook.json"]);
    let output = child.wait_with_output().expect("ends");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(stage.members("set", "configmaps").len(), 1);
}
