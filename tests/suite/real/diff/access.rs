//! The ways to a cluster: several kubeconfigs, programs that log in, a pod's own account.

use super::server::Server;
use crate::sandbox::{Run, Sandbox};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use plimsoll::source::SourceMap;
use plimsoll::yaml::emit::Data;
use serde_json::{Value, json};
use std::process::{Command, Stdio};

const CONFIG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: access }\ndata: { a: b }\n";

/// The kubeconfig that tests/run hands over, taken apart: its cluster and its user.
fn parts(kubeconfig: &str) -> (Value, Value) {
    let text = std::fs::read_to_string(kubeconfig).expect("can be read");
    let parsed = plimsoll::yaml::parse(&SourceMap::new().add("kubeconfig", text));
    let json = Data::from_node(parsed.documents[0].root()).to_json();
    (json["clusters"][0]["cluster"].clone(), json["users"][0]["user"].clone())
}

fn kubeconfig(cluster: Option<&Value>, user: Option<&Value>, context: &str) -> String {
    let named = |key: &str, value: Option<&Value>| value.map(|value| json!({"name": "a", key: value}));
    json!({
        "apiVersion": "v1", "kind": "Config", "current-context": context,
        "clusters": named("cluster", cluster).into_iter().collect::<Vec<_>>(),
        "users": named("user", user).into_iter().collect::<Vec<_>>(),
        "contexts": [{"name": context, "context": {"cluster": "a", "user": "a", "namespace": "access"}}],
    })
    .to_string()
}

fn with(sandbox: &Sandbox, kubeconfigs: &str, line: &str) -> Run {
    sandbox.run_with(line, "", &[("KUBECONFIG", kubeconfigs), ("HOME", "/nowhere")])
}

#[test]
fn kubeconfigs_are_merged_and_the_context_is_shown() {
    let Some(real) = super::given("PLIMSOLL_TEST_KUBECONFIG") else { return };
    Server::connect(&real, "access");
    let (cluster, user) = parts(&real);
    let sandbox = Sandbox::new(&[
        ("a.yaml", CONFIG),
        ("one.yaml", &kubeconfig(None, Some(&user), "first")),
        ("two.yaml", &kubeconfig(Some(&cluster), None, "second")),
    ]);
    for (kubeconfigs, flags, context) in [
        ("one.yaml:missing.yaml:two.yaml", "", "first"),
        ("two.yaml:one.yaml", "", "second"),
        ("one.yaml:two.yaml", "--context second", "second"),
    ] {
        let run = with(&sandbox, kubeconfigs, &format!("diff a.yaml {flags}"));
        let title = format!("a.yaml, against the cluster of `{context}`\n+ ConfigMap access/access  # a.yaml:1\n");
        assert!(run.code == 1 && run.stdout.starts_with(&title), "{kubeconfigs}: {}{}", run.stdout, run.stderr);
    }
    let run = with(&sandbox, "one.yaml:two.yaml", "diff a.yaml --context third");
    assert!(run.code == 2 && run.stderr.contains("`--context` may be `first`, `second`"), "{}", run.stderr);
    let run = with(&sandbox, "one.yaml:two.yaml", "diff a.yaml --kubeconfig one.yaml");
    assert!(run.code == 2 && run.stderr.contains("cannot use the kubeconfig `one.yaml`"), "{}", run.stderr);
}

#[cfg(unix)]
#[test]
fn programs_log_in_and_nothing_of_theirs_is_told() {
    use std::os::unix::fs::PermissionsExt as _;
    let Some(real) = super::given("PLIMSOLL_TEST_KUBECONFIG") else { return };
    Server::connect(&real, "access");
    let (cluster, user) = parts(&real);
    let plain = |key: &str| {
        let bytes = STANDARD.decode(user[key].as_str().expect("a text")).expect("is base64");
        String::from_utf8(bytes).expect("is PEM")
    };
    let sandbox = Sandbox::new(&[("a.yaml", CONFIG)]);
    let status = match user["token"].as_str() {
        Some(token) => json!({"token": token}),
        None => {
            json!({"clientCertificateData": plain("client-certificate-data"), "clientKeyData": plain("client-key-data")})
        }
    };
    let credential =
        json!({"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status});
    let by = |script: &str, mode: &str| {
        sandbox.write("bin/login", format!("#!/bin/sh\n{script}\n"));
        let all = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(sandbox.path("bin/login"), all).expect("can be set");
        let user = json!({"exec": {
            "apiVersion": "client.authentication.k8s.io/v1", "command": "bin/login", "args": ["--password", "hunter2"],
            "env": [{"name": "LOGIN_TOKEN", "value": "hunter2"}], "interactiveMode": mode, "installHint": "install it from the intranet",
        }});
        sandbox.write("exec.yaml", kubeconfig(Some(&cluster), Some(&user), "exec"));
        with(&sandbox, "exec.yaml", "diff a.yaml")
    };
    sandbox.write("credential.json", credential.to_string());
    let file = sandbox.path("credential.json");
    let good = by(&format!("[ \"$2$LOGIN_TOKEN\" = hunter2hunter2 ] && cat {}", file.display()), "IfAvailable");
    assert!(good.code == 1 && good.stdout.contains("+ ConfigMap access/access"), "{}{}", good.stdout, good.stderr);
    for (script, says) in [
        ("echo hunter2; echo no such password as hunter2 >&2; exit 3", "it ended with exit status: 3"),
        ("echo '{\"status\": [hunter2'", "what it gives is no `ExecCredential`"),
        ("echo '{\"apiVersion\": \"v1\", \"kind\": \"hunter2\"}'", "what it gives is no `ExecCredential`"),
    ] {
        let run = by(script, "Never");
        assert!(run.code == 2 && run.stderr.contains(says), "{script}: {}{}", run.stdout, run.stderr);
        assert!(run.stderr.contains("bin/login`, which the kubeconfig names"), "{}", run.stderr);
        assert!(!format!("{}{}", run.stdout, run.stderr).contains("hunter2"), "{script}: {}", run.stderr);
    }
    std::fs::remove_file(sandbox.path("bin/login")).expect("was written");
    let run = with(&sandbox, "exec.yaml", "diff a.yaml");
    assert!(run.code == 2 && run.stderr.contains("it cannot be run: No such file"), "{}", run.stderr);
    assert!(run.stderr.contains("install it from the intranet"), "the kubeconfig says how: {}", run.stderr);
}

/// A pod's files stand at places that cannot be chosen, so this runs in a mount namespace of its own, where there may be some.
#[cfg(target_os = "linux")]
#[test]
fn a_pod_uses_its_own_account() {
    let (Some(real), Some(kubectl)) = (super::given("PLIMSOLL_TEST_KUBECONFIG"), super::given("PLIMSOLL_TEST_KUBECTL"))
    else {
        return;
    };
    let apart = ["--mount", "--map-root-user", "sh", "-c", "mount -t tmpfs tmpfs /run && test -e /var/run"];
    if !Command::new("unshare").args(apart).output().is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: there are no mount namespaces to be had");
        return;
    }
    let server = Server::connect(&real, "access-pod");
    for object in [
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "pod"},
            "rules": [{"apiGroups": [""], "resources": ["configmaps", "secrets"], "verbs": ["get", "list", "patch", "create"]}]}),
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "pod"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "pod"},
            "subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": "access-pod"}]}),
    ] {
        let (code, answer) = server.apply(&object, "test");
        assert!(code < 300, "{answer}");
    }
    let token = Command::new(kubectl)
        .args(["--kubeconfig", &real, "create", "token", "default", "-n", "access-pod"])
        .stdin(Stdio::null())
        .output()
        .expect("kubectl runs");
    assert!(token.status.success(), "{}", String::from_utf8_lossy(&token.stderr));
    let (cluster, _) = parts(&real);
    let authority = STANDARD.decode(cluster["certificate-authority-data"].as_str().expect("a text"));
    let sandbox = Sandbox::new(&[("a.yaml", CONFIG), ("pod/namespace", "access-pod")]);
    sandbox.write("pod/ca.crt", authority.expect("is base64"));
    sandbox.write("pod/token", token.stdout.trim_ascii());
    let address = cluster["server"].as_str().expect("a text").trim_start_matches("https://");
    let (host, port) = address.split_once(':').expect("a port");
    let script = "mount -t tmpfs tmpfs /run && mkdir -p /var/run/secrets/kubernetes.io/serviceaccount && cp pod/* /var/run/secrets/kubernetes.io/serviceaccount && exec \"$0\" diff a.yaml";
    let run = || {
        Command::new("unshare")
            .args(["--mount", "--map-root-user", "sh", "-c", script, env!("CARGO_BIN_EXE_plimsoll")])
            .current_dir(sandbox.path(""))
            .env_remove("KUBECONFIG")
            .envs([("KUBERNETES_SERVICE_HOST", host), ("KUBERNETES_SERVICE_PORT", port), ("HOME", "/nowhere")])
            .stdin(Stdio::null())
            .output()
            .expect("unshare runs")
    };
    let mut output = run();
    // A new binding acts after a moment.
    for _ in 0..20 {
        if output.status.code() == Some(1) {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
        output = run();
    }
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{told}{}", String::from_utf8_lossy(&output.stderr));
    let title = "a.yaml, against the cluster of `in-cluster`\n+ ConfigMap access-pod/access  # a.yaml:1\n";
    assert!(told.starts_with(title), "{told}");
}
