//! How many requests a comparison takes, and how long it takes beside kubectl and helm.

use super::proxy::Proxy;
use super::server::Server;
use crate::sandbox::Sandbox;
use std::fmt::Write as _;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// ConfigMaps, as many Services, and half as many Deployments.
fn manifest(count: usize, value: &str) -> String {
    let mut text = String::new();
    for n in 0..count {
        let _ = writeln!(
            text,
            "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{ name: c{n} }}\ndata: {{ a: {value} }}\n---\napiVersion: v1\nkind: Service\nmetadata: {{ name: s{n} }}\nspec: {{ clusterIP: None, ports: [{{ port: 80 }}] }}"
        );
    }
    for n in 0..count / 2 {
        let _ = writeln!(
            text,
            "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{ name: d{n} }}\nspec: {{ replicas: 0, selector: {{ matchLabels: {{ app: d{n} }} }}, template: {{ metadata: {{ labels: {{ app: d{n} }} }}, spec: {{ containers: [{{ name: a, image: \"a:1\" }}] }} }} }}"
        );
    }
    text
}

/// A proxy that writes down what it is asked.
fn listening(kubeconfig: &str) -> (Proxy, Arc<Mutex<Vec<String>>>) {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&heard);
    let proxy = Proxy::start(kubeconfig, move |method, path| {
        log.lock().expect("is whole").push(format!("{method} {path}"));
        None
    });
    (proxy, heard)
}

#[test]
fn requests_are_as_few_as_kinds_and_objects() {
    let Some(kubeconfig) = super::given("PLIMSOLL_TEST_KUBECONFIG") else { return };
    Server::connect(&kubeconfig, "requests");
    let (proxy, heard) = listening(&kubeconfig);
    let gone = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: { name: gone }\n";
    let sandbox = Sandbox::new(&[("set/a.yaml", &[&manifest(8, "old"), gone].concat())]);
    sandbox.write("proxy.kubeconfig", proxy.kubeconfig());
    let run = |line: &str| {
        heard.lock().expect("is whole").clear();
        let run = sandbox.run(&format!("{line} -n requests --kubeconfig proxy.kubeconfig"));
        (run, std::mem::take(&mut *heard.lock().expect("is whole")))
    };
    let (applied, _) = run("apply set --skip-checks --no-wait");
    assert_eq!(applied.code, 0, "{}{}", applied.stdout, applied.stderr);
    sandbox.write("set/a.yaml", manifest(8, "new"));
    let (told, requests) = run("diff set -v");
    assert_eq!(told.code, 1, "{}{}", told.stdout, told.stderr);
    assert!(told.stdout.ends_with("8 changed, 1 removed, 12 unchanged\n"), "{}", told.stdout);
    assert!(told.stdout.contains("- ConfigMap requests/gone\n"), "what apply would prune: {}", told.stdout);
    let count = |fits: &dyn Fn(&str) -> bool| requests.iter().filter(|request| fits(request)).count();
    assert_eq!(count(&|request| matches!(request, "GET /api" | "GET /apis")), 2, "{requests:#?}");
    assert_eq!(count(&|request| request.contains("?limit=")), 3, "a list for each kind: {requests:#?}");
    assert_eq!(count(&|request| request.starts_with("PATCH ") && request.contains("dryRun=All")), 20);
    // And the version of the server, and the inventory of the release.
    assert_eq!(requests.len(), 2 + 3 + 20 + 2, "{requests:#?}");
    assert!(told.stderr.contains(&format!("asked the cluster of `proxy` in {} requests", requests.len())));
}

/// Prints; run by `tests/run --test suite diff::scale -- --ignored --nocapture`, or by `tests/run --full`.
#[test]
#[ignore = "takes minutes, and measures rather than proves"]
fn a_thousand_objects_beside_kubectl_and_helm() {
    let given = ["PLIMSOLL_TEST_KUBECONFIG", "PLIMSOLL_TEST_KUBECTL", "PLIMSOLL_TEST_HELM"].map(super::given);
    let [Some(kubeconfig), Some(kubectl), Some(helm)] = given else { return };
    Server::connect(&kubeconfig, "scale");
    let (proxy, heard) = listening(&kubeconfig);
    let sandbox = Sandbox::new(&[("old.yaml", &manifest(400, "old")), ("new.yaml", &manifest(400, "new"))]);
    sandbox.write("proxy.kubeconfig", proxy.kubeconfig());
    sandbox.write("chart/Chart.yaml", "apiVersion: v2\nname: set\nversion: 1.0.0\n");
    sandbox.write("chart/templates/a.yaml", manifest(400, "old"));
    let run = |program: &str, arguments: &[&str], kubeconfig: &str, code: i32| -> (String, Duration) {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(sandbox.path("")).env("KUBECONFIG", kubeconfig);
        command.env("HOME", sandbox.path("")).stdin(Stdio::null());
        let start = Instant::now();
        let output = command.output().expect("runs");
        let took = start.elapsed();
        assert_eq!(output.status.code(), Some(code), "{program}: {}", String::from_utf8_lossy(&output.stderr));
        (String::from_utf8_lossy(&output.stdout).into_owned(), took)
    };
    let manager = "--field-manager=plimsoll";
    run(&kubectl, &["apply", "--server-side", manager, "-n", "scale", "-f", "old.yaml"], &kubeconfig, 0);
    run(&helm, &["install", "set", "chart", "-n", "scale-helm", "--create-namespace"], &kubeconfig, 0);
    sandbox.write("chart/templates/a.yaml", manifest(400, "new"));
    // Controllers come to rest.
    std::thread::sleep(Duration::from_secs(5));
    let ours = env!("CARGO_BIN_EXE_plimsoll");
    let by_kubectl = ["diff", "--server-side", "--force-conflicts", manager, "-n", "scale", "-f", "new.yaml"];
    let at_once = [&by_kubectl[..], &["--concurrency=12"]].concat();
    let proxied = sandbox.path("proxy.kubeconfig").display().to_string();
    let counted = |work: &dyn Fn(&str) -> Duration| {
        let took = work(&kubeconfig);
        heard.lock().expect("is whole").clear();
        work(&proxied);
        (took, std::mem::take(&mut *heard.lock().expect("is whole")))
    };
    let by_helm = |kubeconfig: &str| {
        let start = Instant::now();
        let (before, _) = run(&helm, &["get", "manifest", "set", "-n", "scale-helm"], kubeconfig, 0);
        let (after, _) = run(&helm, &["template", "set", "chart", "-n", "scale-helm"], kubeconfig, 0);
        let documents = |text: &str| -> std::collections::BTreeSet<String> {
            text.split("---\n").map(|document| document.trim().to_owned()).collect()
        };
        assert_eq!(documents(&after).difference(&documents(&before)).count(), 400);
        start.elapsed()
    };
    let mut lines = Vec::new();
    for (who, (took, requests)) in [
        (
            "plimsoll diff",
            counted(&|kubeconfig| {
                let (told, took) = run(ours, &["diff", "new.yaml", "-n", "scale"], kubeconfig, 1);
                assert!(told.ends_with("400 changed, 600 unchanged\n"), "{told}");
                took
            }),
        ),
        ("kubectl diff --server-side", counted(&|kubeconfig| run(&kubectl, &by_kubectl, kubeconfig, 1).1)),
        ("… --concurrency=12", counted(&|kubeconfig| run(&kubectl, &at_once, kubeconfig, 1).1)),
        ("helm get manifest, helm template", counted(&by_helm)),
    ] {
        let count = |fits: &dyn Fn(&str) -> bool| requests.iter().filter(|request| fits(request)).count();
        let (lists, dry) = (count(&|request| request.contains("?limit=")), count(&|r| r.contains("dryRun=All")));
        lines.push(format!(
            "{who:34} {:7.2} s, {:5} requests: {lists} lists, {dry} dry runs, {} others",
            took.as_secs_f32(),
            requests.len(),
            requests.len() - lists - dry
        ));
    }
    println!("1,000 objects, 400 changed:\n{}", lines.join("\n"));
    for namespace in ["scale", "scale-helm"] {
        run(&kubectl, &["delete", "namespace", namespace, "--wait=false"], &kubeconfig, 0);
    }
}
