//! Servers that do not answer, or answer as old ones do.

use super::proxy::{Fault, Proxy};
use super::server::Server;
use crate::sandbox::{Run, Sandbox};
use http::Method;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

type Judge = fn(&Method, &str) -> Option<Fault>;

fn config(name: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{ name: {name} }}\ndata: {{ a: b }}\n---\n")
}

fn deployments(count: usize) -> String {
    (0..count).fold(String::new(), |mut text, n| {
        let _ = writeln!(
            text,
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{ name: d{n} }}\nspec: {{ replicas: 0, selector: {{ matchLabels: {{ app: d{n} }} }}, template: {{ metadata: {{ labels: {{ app: d{n} }} }}, spec: {{ containers: [{{ name: a, image: \"a:1\" }}] }} }} }}\n---"
        );
        text
    })
}

fn by(sandbox: &Sandbox, proxy: &Proxy, line: &str) -> Run {
    sandbox.write("proxy.kubeconfig", proxy.kubeconfig());
    sandbox.run(&format!("{line} --kubeconfig proxy.kubeconfig"))
}

#[test]
fn a_group_that_does_not_answer_does_not_hide_the_others() {
    let Some(kubeconfig) = super::given("PLIMSOLL_TEST_KUBECONFIG") else { return };
    Server::connect(&kubeconfig, "slow");
    let sandbox = Sandbox::new(&[("a.yaml", &[config("a"), deployments(40)].concat())]);
    let line = "diff a.yaml -n slow --timeout 1s";
    // All of the group, dry runs alone, and all of it on a server whose discovery has its old form.
    let faults: [(Judge, &str); 3] = [
        (
            |_, path| path.starts_with("/apis/apps/").then_some(Fault::Hang),
            "Deployment `apps/v1` in `slow` cannot be read, and is not compared: the cluster at http://",
        ),
        (
            |method, path| (method == Method::PATCH && path.starts_with("/apis/apps/")).then_some(Fault::Hang),
            "could not be tried: the cluster at http://",
        ),
        (
            |_, path| Some(if path.starts_with("/apis/apps/") { Fault::Hang } else { Fault::OldDiscovery }),
            "the API group `apps` of the cluster does not answer, so nothing is known of `Deployment`",
        ),
    ];
    for (fault, says) in faults {
        let proxy = Proxy::start(&kubeconfig, fault);
        let begun = Instant::now();
        let run = by(&sandbox, &proxy, line);
        assert_eq!(run.code, 2, "{}{}", run.stdout, run.stderr);
        assert_eq!(run.stderr.matches(says).count(), 1, "said once: {}", run.stderr);
        assert!(run.stdout.contains("+ ConfigMap slow/a  # a.yaml:1\n"), "the rest is compared: {}", run.stdout);
        // Not a second for each object; generous, as machines are slow.
        assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    }
}

#[test]
fn discovery_has_an_old_form() {
    let Some(kubeconfig) = super::given("PLIMSOLL_TEST_KUBECONFIG") else { return };
    Server::connect(&kubeconfig, "old-form");
    let service = "apiVersion: v1\nkind: Service\nmetadata: { name: s }\nspec: { ports: [{ port: 80 }] }\n---\n";
    let budget = "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: { name: p }\nspec: { maxUnavailable: 1, selector: { matchLabels: { app: p } } }\n";
    let sandbox = Sandbox::new(&[("set/a.yaml", &[&config("a"), service, budget].concat())]);
    let proxy = Proxy::start(&kubeconfig, |_, _| Some(Fault::OldDiscovery));
    let variables = [("KUBECONFIG", kubeconfig.as_str()), ("HOME", "/nowhere")];
    let applied = sandbox.run_with("apply set -n old-form --skip-checks --no-wait", "", &variables);
    assert_eq!(applied.code, 0, "{}{}", applied.stdout, applied.stderr);
    sandbox.write("set/a.yaml", [config("a"), deployments(1)].concat());
    let run = by(&sandbox, &proxy, "diff set -n old-form");
    assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
    // What is pruned is of kinds that the manifests do not have any more.
    for line in ["+ Deployment old-form/d0", "- PodDisruptionBudget old-form/p", "- Service old-form/s"] {
        assert!(run.stdout.contains(line), "{line}: {}", run.stdout);
    }
    assert!(run.stdout.ends_with("1 added, 2 removed, 1 unchanged\n"), "{}", run.stdout);
}
