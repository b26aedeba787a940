//! `--live` and `crds pull` against a running API server, and against what only looks like one.

use crate::sandbox::{Run, Sandbox};
use std::io::Read as _;
use std::net::{Ipv4Addr, TcpListener};
use std::process::Command;
use std::time::{Duration, Instant};

/// Gives what tests/run hands over, where a control plane runs.
pub(super) fn given(name: &str) -> Option<String> {
    let value = std::env::var(name).ok();
    if value.is_none() {
        eprintln!("skipped: {name} is not set, tests/run sets it");
    }
    value
}

fn kubeconfig() -> Option<String> {
    given("PLIMSOLL_TEST_KUBECONFIG")
}

/// Runs a command with a kubeconfig in the environment.
fn with(sandbox: &Sandbox, kubeconfig: &str, line: &str) -> Run {
    sandbox.run_with(line, "", &[("KUBECONFIG", kubeconfig), ("HOME", "/nowhere")])
}

/// Gives `line severity rule path` of each finding.
fn findings(run: &Run) -> Vec<String> {
    let report: serde_json::Value = serde_json::from_str(&run.stdout).expect("is JSON");
    let text = |value: &serde_json::Value| value.as_str().unwrap_or("-").to_owned();
    let findings = report["findings"].as_array().expect("a list").iter();
    findings
        .map(|f| format!("{} {} {} {}", f["line"], text(&f["severity"]), text(&f["rule"]), text(&f["path"])))
        .collect()
}

const CONFIG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: live }\ndata: { a: b }\n";

#[test]
fn what_both_find_right_is_right() {
    let Some(kubeconfig) = kubeconfig() else { return };
    let sandbox = Sandbox::new(&[("a.yaml", CONFIG)]);
    let run = with(&sandbox, &kubeconfig, "check --live --format json a.yaml");
    assert_eq!((run.code, findings(&run)), (0, vec![]), "{}{}", run.stdout, run.stderr);
}

#[test]
fn what_only_the_cluster_knows_comes_back_at_its_line() {
    let Some(kubeconfig) = kubeconfig() else { return };
    let sandbox = Sandbox::new(&[(
        "a.yaml",
        "apiVersion: v1
kind: Pod
metadata: { name: live }
spec:
  serviceAccountName: nobody-made-it
  containers: [{ name: a, image: a:1 }]
---
apiVersion: v1
kind: ConfigMap
metadata: { name: live, namespace: nobody-made-it }
---
apiVersion: v1
kind: Service
metadata: { name: live }
spec:
  ports:
    - { port: 80, nodePort: 80 }
",
    )]);
    let run = with(&sandbox, &kubeconfig, "validate --live --format json a.yaml");
    let found = findings(&run);
    assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
    assert!(found.contains(&"1 error api/live -".to_owned()), "the account of the pod: {found:?}");
    assert!(found.contains(&"8 info api/live -".to_owned()), "the namespace that is not there: {found:?}");
    let of_port = found.iter().filter(|line| line.contains("spec.ports[0].nodePort")).count();
    assert_eq!(of_port, 1, "what both say is said once: {found:?}");
    assert!(!run.stdout.contains("api/disagreement"), "{}", run.stdout);
}

#[test]
fn secrets_are_not_told() {
    let Some(kubeconfig) = kubeconfig() else { return };
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: { name: live }\ntype: kubernetes.io/dockerconfigjson\nstringData: { .dockerconfigjson: hunter2-is-no-json }\n";
    let sandbox = Sandbox::new(&[("a.yaml", secret)]);
    let run = with(&sandbox, &kubeconfig, "validate --live a.yaml");
    assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
    assert!(!format!("{}{}", run.stdout, run.stderr).contains("hunter2"), "{}{}", run.stdout, run.stderr);
}

#[test]
fn no_answer_that_can_be_trusted_is_exit_code_2() {
    let Some(kubeconfig) = kubeconfig() else { return };
    let (Some(nobody), Some(expired)) =
        (given("PLIMSOLL_TEST_NOBODY_KUBECONFIG"), given("PLIMSOLL_TEST_EXPIRED_KUBECONFIG"))
    else {
        return;
    };
    let sandbox = Sandbox::new(&[("a.yaml", CONFIG), ("bad.kubeconfig", "not: [a kubeconfig")]);
    let config = std::fs::read_to_string(&kubeconfig).expect("can be read");
    let (_, server) = config.split_once("https://127.0.0.1:").expect("a server on this machine");
    let port: String = server.chars().take_while(char::is_ascii_digit).collect();
    let elsewhere = |name: &str, other: u16| {
        sandbox.write(name, config.replace(&format!("127.0.0.1:{port}"), &format!("127.0.0.1:{other}")));
        sandbox.path(name).display().to_string()
    };
    // A port that was free a moment ago, and one where nobody ever answers.
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port").local_addr().expect("an address").port();
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let silent_port = silent.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        let mut held = Vec::new();
        for mut connection in silent.incoming().flatten() {
            let mut some = [0; 1];
            let _ = connection.read(&mut some);
            held.push(connection);
        }
    });
    let unreachable = elsewhere("unreachable.kubeconfig", free);
    let hanging = elsewhere("hanging.kubeconfig", silent_port);
    let bad = sandbox.path("bad.kubeconfig").display().to_string();
    for (what, kubeconfig, line, says) in [
        ("no permission", nobody.as_str(), "validate --live a.yaml", "does not allow it"),
        ("an expired certificate", &expired, "validate --live a.yaml", "does not accept the credentials"),
        ("a wrong context", &kubeconfig, "validate --live --context none a.yaml", "has no context `none`"),
        ("nobody there", &unreachable, "validate --live a.yaml", "cannot reach the cluster"),
        ("nobody answers", &hanging, "validate --live --timeout 1s a.yaml", "did not answer within 1 s"),
        ("no kubeconfig", "", "validate --live a.yaml", "no kubeconfig was found"),
        ("a broken kubeconfig", &bad, "validate --live a.yaml", "it is not a kubeconfig"),
        ("a flag without --live", &kubeconfig, "validate --context none a.yaml", "add `--live`"),
        ("a definition that is not there", &kubeconfig, "crds pull none.example.com", "has no definition"),
        ("no permission to pull", &nobody, "crds pull", "does not allow it"),
    ] {
        let start = Instant::now();
        let run = with(&sandbox, kubeconfig, line);
        assert_eq!(run.code, 2, "{what}: {}{}", run.stdout, run.stderr);
        assert!(run.stderr.contains(says), "{what}: {}", run.stderr);
        assert!(start.elapsed() < Duration::from_secs(20), "{what} took {:?}", start.elapsed());
    }
    assert!(!sandbox.path("crds").exists(), "nothing is written");
}

#[test]
fn an_environment_is_judged_by_its_own_context() {
    let Some(kubeconfig) = kubeconfig() else { return };
    let sandbox = Sandbox::new(&[
        (
            "plimsoll.yaml",
            "apiVersion: plimsoll.dev/v1\nenvironments:\n  prod: { context: production }\nreleases: [{ name: shop, chart: ./shop }]\n",
        ),
        ("shop/Chart.yaml", "apiVersion: plimsoll.dev/v1\nname: shop\nversion: 1.0.0\n"),
        ("shop/values.yaml", "{}\n"),
        ("shop/templates/a.yaml", CONFIG),
    ]);
    let run = with(&sandbox, &kubeconfig, "validate --live -e prod");
    assert!(run.code == 2 && run.stderr.contains("no context `production`"), "{}", run.stderr);
    let run = with(&sandbox, &kubeconfig, "validate --live -e prod --context other");
    assert!(run.code == 2 && run.stderr.contains("for the context `production`, not `other`"), "{}", run.stderr);
}

const DEFINITION: &str = "apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: lights.live.example.com, annotations: { note: kept } }
spec:
  group: live.example.com
  scope: Namespaced
  names: { kind: Light, plural: lights, singular: light }
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec: { type: object, required: [colour], properties: { colour: { type: string, enum: [red, green] } } }
";

#[test]
fn definitions_are_pulled_and_used() {
    let (Some(kubeconfig), Some(kubectl)) = (kubeconfig(), given("PLIMSOLL_TEST_KUBECTL")) else { return };
    let light = "apiVersion: live.example.com/v1\nkind: Light\nmetadata: { name: a }\nspec: { colour: blue }\n";
    let sandbox = Sandbox::new(&[("definition.yaml", DEFINITION), ("light.yaml", light)]);
    let definition = sandbox.path("definition.yaml");
    let kubectl = |verb: &str| {
        let mut command = Command::new(&kubectl);
        command.args(["--kubeconfig", &kubeconfig, verb, "-f"]).arg(&definition);
        assert!(command.output().expect("kubectl runs").status.success(), "kubectl {verb}");
    };
    kubectl("apply");
    let run = with(&sandbox, &kubeconfig, "crds pull live.example.com --output-dir pulled");
    kubectl("delete");
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    let pulled = sandbox.read("pulled/lights.live.example.com.yaml");
    assert!(pulled.contains("note: kept"), "{pulled}");
    for word in ["managedFields", "uid", "last-applied", "status", "creationTimestamp"] {
        assert!(!pulled.contains(word), "{word} is the cluster's: {pulled}");
    }
    let run = sandbox.run("validate --crds pulled --format json light.yaml");
    assert_eq!((run.code, findings(&run)), (1, vec!["4 error schema/enum spec.colour".to_owned()]), "{}", run.stdout);
}
