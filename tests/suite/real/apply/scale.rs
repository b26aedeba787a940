//! Many objects, and large ones. Run by hand, or by `tests/run --full`:
//! `tests/run --test suite apply::scale -- --ignored --nocapture`

use super::proxy::Proxy;
use super::{Stage, given};
use std::process::{Command, Stdio};
use std::sync::atomic::Ordering;
use std::time::Instant;

fn maps(count: usize, size: usize, value: &str) -> String {
    let mut state = 1_u64;
    let mut noise = |length: usize| {
        let mut text = String::new();
        while text.len() < length {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            text += &format!("{:013x}", state >> 12);
        }
        text
    };
    let map = |number| {
        let data = noise(size);
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{ name: m{number} }}\ndata: {{ a: \"{value}\", b: \"{data}\" }}\n---\n"
        )
    };
    (0..count).map(map).collect()
}

#[test]
#[ignore = "takes minutes"]
fn a_release_of_5000_objects_and_30_megabytes() {
    let Some(stage) = Stage::new("large", &[]) else { return };
    let write = |value: &str| {
        // Several files: none is near the limit of what is read.
        let text = maps(5000, 6000, value);
        let parts: Vec<&str> = text.split_inclusive("---\n").collect();
        for (index, chunk) in parts.chunks(1000).enumerate() {
            stage.files.write(&format!("set/{index}.yaml"), chunk.concat());
        }
        text.len()
    };
    let size = write("one");
    let timed = |line: &str| {
        let begun = Instant::now();
        let run = stage.done(line);
        eprintln!(
            "{line}: {:.1?}: {}",
            begun.elapsed(),
            run.stdout.lines().next().unwrap_or_default().chars().take(120).collect::<String>()
        );
    };
    eprintln!("{size} bytes");
    timed("apply set --skip-checks --timeout 10m --quiet");
    timed("apply set --skip-checks --timeout 10m --quiet");
    timed("list");
    write("two");
    timed("apply set --skip-checks --timeout 10m --quiet");
    timed("rollback set 1 --timeout 10m --quiet");
    let map = &stage.get("configmap/m4999")[0];
    assert_eq!(map["data"]["a"], "one");
    timed("status set --format json");
    timed("uninstall set --timeout 10m --quiet");
    stage.assert_nothing_left("configmaps");
}

/// Requests per object and wall time, beside `kubectl apply --server-side` and `helm upgrade --install`, through one proxy.
#[test]
#[ignore = "takes minutes"]
fn a_thousand_objects_beside_kubectl_and_helm() {
    let (Some(stage), Some(helm)) = (Stage::bare("peers", &[]), given("PLIMSOLL_TEST_HELM")) else { return };
    let proxy = Proxy::start(&stage.kubeconfig, |_, _| None);
    stage.files.write("proxy.kubeconfig", proxy.kubeconfig());
    let path = stage.path("proxy.kubeconfig").display().to_string();
    stage.files.write("chart/Chart.yaml", "apiVersion: v2\nname: set\nversion: 1.0.0\n");
    let mut lines = Vec::new();
    let mut timed = |who: &str, what: &str, command: &mut Command| {
        let before = (proxy.seen.requests.load(Ordering::Relaxed), proxy.seen.writes.load(Ordering::Relaxed));
        let begun = Instant::now();
        let output = command
            .stdin(Stdio::null())
            .current_dir(stage.path(""))
            .env("KUBECONFIG", &path)
            .env("HOME", stage.path(""))
            .output()
            .expect("runs");
        let took = begun.elapsed();
        assert!(output.status.success(), "{who}: {}", String::from_utf8_lossy(&output.stderr));
        let requests = proxy.seen.requests.load(Ordering::Relaxed) - before.0;
        let writes = proxy.seen.writes.load(Ordering::Relaxed) - before.1;
        lines.push(format!(
            "{who:10} {what:12} {:8.2} s  {requests:6} requests, {writes:6} of them write",
            took.as_secs_f32()
        ));
        (requests, writes)
    };
    for tool in ["plimsoll", "kubectl", "helm"] {
        stage.kubectl(&["create", "namespace", &format!("{}-{tool}", stage.namespace)]);
    }
    for (what, value) in [("install", "one"), ("again", "one"), ("change all", "two"), ("change one", "two")] {
        let mut text = maps(1000, 100, value);
        if what == "change one" {
            text = text.replacen("\"two\"", "\"three\"", 1);
        }
        stage.files.write("set/a.yaml", &text);
        stage.files.write("chart/templates/a.yaml", &text);
        let namespace = |tool: &str| format!("{}-{tool}", stage.namespace);
        let (requests, writes) = timed(
            "plimsoll",
            what,
            Command::new(env!("CARGO_BIN_EXE_plimsoll")).args([
                "apply",
                "set",
                "--skip-checks",
                "--quiet",
                "-n",
                &namespace("plimsoll"),
            ]),
        );
        let changed = match what {
            "again" => 0,
            "change one" => 1,
            _ => 1000,
        };
        // What every run needs, whatever the number of objects: the lock, the inventory, the revision, permissions, discovery.
        assert!(writes <= changed + 16 && requests <= changed + 48, "{what}: {requests} requests, {writes} writes");
        timed(
            "kubectl",
            what,
            Command::new(&stage.kubectl).args(["apply", "--server-side", "-n", &namespace("kubectl"), "-f", "set"]),
        );
        timed(
            "helm",
            what,
            Command::new(&helm).args(["upgrade", "--install", "set", "chart", "-n", &namespace("helm")]),
        );
    }
    eprintln!("{}", lines.join("\n"));
    for tool in ["plimsoll", "kubectl", "helm"] {
        stage.kubectl(&["delete", "namespace", &format!("{}-{tool}", stage.namespace), "--wait=false"]);
    }
}
