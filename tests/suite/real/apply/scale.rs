//! Many objects, and large ones. Run by hand, or by `tests/run --full`:
//! `tests/run --test suite apply::scale -- --ignored --nocapture`

use super::{Stage, given};
use std::process::{Command, Stdio};
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

/// Requests and wall time beside `kubectl apply --server-side` and `helm upgrade --install`. Helm does not tell its requests.
/// The command is that of the tests, without optimisation, unless `PLIMSOLL_TEST_COMMAND` names a better one.
#[test]
#[ignore = "takes minutes"]
fn a_thousand_objects_beside_kubectl_and_helm() {
    let (Some(stage), Some(helm)) = (Stage::bare("peers", &[]), given("PLIMSOLL_TEST_HELM")) else { return };
    stage.files.write("chart/Chart.yaml", "apiVersion: v2\nname: set\nversion: 1.0.0\n");
    let tools = ["plimsoll", "kubectl", "helm"];
    let namespace = |tool: &str| format!("{}-{tool}", stage.namespace);
    for tool in tools {
        stage.kubectl(&["create", "namespace", &namespace(tool)]);
    }
    let timed = |command: &mut Command| {
        let begun = Instant::now();
        let command = command.stdin(Stdio::null()).current_dir(stage.path(""));
        let output = command.env("KUBECONFIG", &stage.kubeconfig).env("HOME", stage.path("")).output().expect("runs");
        let took = begun.elapsed();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        (took, String::from_utf8_lossy(&output.stdout).into_owned(), said)
    };
    for (what, value) in [("install", "one"), ("again", "one"), ("change all", "two"), ("change one", "two")] {
        let mut text = maps(1000, 100, value);
        if what == "change one" {
            text = text.replacen("\"two\"", "\"three\"", 1);
        }
        stage.files.write("set/a.yaml", &text);
        stage.files.write("chart/templates/a.yaml", &text);
        let ours = std::env::var("PLIMSOLL_TEST_COMMAND");
        let mut ours = Command::new(ours.as_deref().unwrap_or(env!("CARGO_BIN_EXE_plimsoll")));
        ours.args(["apply", "set", "--skip-checks", "--format", "json", "-n", &namespace("plimsoll")]);
        let (took, said, _) = timed(&mut ours);
        let report: serde_json::Value = serde_json::from_str(&said).expect("is JSON");
        let [reads, writes] = ["read", "write"].map(|kind| report["requests"][kind].as_u64().expect("a number"));
        eprintln!("{what:10}  plimsoll {took:8.2?}  {} requests, {writes} of them write", reads + writes);
        let changed = match what {
            "again" => 0,
            "change one" => 1,
            _ => 1000,
        };
        // What every run needs, whatever the number of objects: the lock, the inventory, the revision, permissions, discovery.
        assert!(writes <= changed + 16 && reads <= 32, "{what}: {reads} reads, {writes} writes");
        let mut theirs = Command::new(&stage.kubectl);
        theirs.args(["apply", "--server-side", "-v6", "-n", &namespace("kubectl"), "-f", "set"]);
        let (took, _, said) = timed(&mut theirs);
        let requests = said.lines().filter(|line| line.contains("verb=")).count();
        eprintln!("{what:10}  kubectl  {took:8.2?}  {requests} requests");
        let mut theirs = Command::new(&helm);
        theirs.args(["upgrade", "--install", "set", "chart", "-n", &namespace("helm")]);
        eprintln!("{what:10}  helm     {:8.2?}", timed(&mut theirs).0);
    }
    for tool in tools {
        stage.kubectl(&["delete", "namespace", &namespace(tool), "--wait=false"]);
    }
}
