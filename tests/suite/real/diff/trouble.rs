//! What cannot be compared is said, and the rest is compared all the same; plans; pruning.

use super::server::Server;
use crate::sandbox::{Run, Sandbox};
use serde_json::json;

const CONFIG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: trouble }\ndata: { a: b }\n";

fn with(sandbox: &Sandbox, kubeconfig: &str, line: &str) -> Run {
    sandbox.run_with(line, "", &[("KUBECONFIG", kubeconfig), ("HOME", "/nowhere")])
}

#[test]
fn what_is_not_there_yet_is_predicted_and_said() {
    let Some(kubeconfig) = super::given("PLIMSOLL_TEST_KUBECONFIG") else { return };
    let server = Server::connect(&kubeconfig, "trouble");
    server.delete(&json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "trouble"}}));
    let definition = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: { name: lamps.diff.example.com }\nspec:\n  group: diff.example.com\n  scope: Namespaced\n  names: { kind: Lamp, plural: lamps, singular: lamp }\n  versions: [{ name: v1, served: true, storage: true, schema: { openAPIV3Schema: { type: object, x-kubernetes-preserve-unknown-fields: true } } }]\n";
    let lamp = "apiVersion: diff.example.com/v1\nkind: Lamp\nmetadata: { name: a }\n";
    let elsewhere = CONFIG.replace("name: trouble", "name: trouble, namespace: not-there");
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: { name: not-there }\n";
    let sandbox = Sandbox::new(&[("a.yaml", &[CONFIG, definition, lamp, &elsewhere, namespace].join("---\n"))]);
    let run = with(&sandbox, &kubeconfig, "diff a.yaml -n trouble");
    assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
    for line in [
        "+ ConfigMap trouble/trouble  # a.yaml:1",
        "+ Lamp trouble/a, predicted: the cluster does not serve `Lamp` yet, whose definition is among these objects  # a.yaml:",
        "+ ConfigMap not-there/trouble, predicted: the namespace `not-there` is not in the cluster yet, but among these objects",
    ] {
        assert!(run.stdout.contains(line), "{line}\n{}", run.stdout);
    }
    // A namespace that nobody makes is more than news: apply would refuse it.
    let run = with(&sandbox, &kubeconfig, "diff a.yaml -n nowhere-at-all");
    assert_eq!(run.code, 2, "{}{}", run.stdout, run.stderr);
    let says = "the namespace `nowhere-at-all` is not in the cluster, nor among these objects";
    assert_eq!(run.stderr.matches(says).count(), 1, "{}", run.stderr);
    assert!(run.stdout.contains("+ ConfigMap nowhere-at-all/trouble, predicted: the namespace"), "{}", run.stdout);
    sandbox.write(
        "b.yaml",
        [CONFIG, "apiVersion: nobody.example.com/v1\nkind: Thing\nmetadata: { name: a }\n"].join("---\n"),
    );
    let run = with(&sandbox, &kubeconfig, "diff b.yaml -n trouble");
    assert_eq!(run.code, 2, "{}{}", run.stdout, run.stderr);
    assert!(run.stderr.contains("does not serve `nobody.example.com/v1 Thing`"), "{}", run.stderr);
    assert!(run.stdout.contains("+ ConfigMap trouble/trouble"), "the rest is compared: {}", run.stdout);
}

#[test]
fn who_may_not_read_or_write_is_told() {
    let (Some(kubeconfig), Some(nobody)) =
        (super::given("PLIMSOLL_TEST_KUBECONFIG"), super::given("PLIMSOLL_TEST_NOBODY_KUBECONFIG"))
    else {
        return;
    };
    let server = Server::connect(&kubeconfig, "trouble-rights");
    for object in [
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "configs"},
            "rules": [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "patch", "create"]}]}),
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "configs"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "configs"},
            "subjects": [{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "nobody"}]}),
    ] {
        let (code, answer) = server.apply(&object, "test");
        assert!(code < 300, "{answer}");
    }
    let account = "apiVersion: v1\nkind: ServiceAccount\nmetadata: { name: a }\n";
    let sandbox = Sandbox::new(&[("a.yaml", &[CONFIG, account].join("---\n"))]);
    let mut run = with(&sandbox, &nobody, "diff a.yaml -n trouble-rights");
    // A new binding acts after a moment.
    for _ in 0..20 {
        if run.stdout.contains("+ ConfigMap") {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
        run = with(&sandbox, &nobody, "diff a.yaml -n trouble-rights");
    }
    assert_eq!(run.code, 2, "{}{}", run.stdout, run.stderr);
    assert!(
        run.stderr.contains("ServiceAccount `v1` in `trouble-rights` cannot be read, and is not compared"),
        "{}",
        run.stderr
    );
    assert!(run.stdout.contains("+ ConfigMap trouble-rights/trouble"), "the rest is compared: {}", run.stdout);
}

#[test]
fn contexts_are_found_or_missed_plainly() {
    let Some(kubeconfig) = super::given("PLIMSOLL_TEST_KUBECONFIG") else { return };
    let sandbox = Sandbox::new(&[
        ("a.yaml", CONFIG),
        (
            "plimsoll.yaml",
            "apiVersion: plimsoll.dev/v1\nenvironments:\n  prod: { context: production }\nreleases: [{ name: shop, chart: ./shop }]\n",
        ),
        ("shop/Chart.yaml", "apiVersion: plimsoll.dev/v1\nname: shop\nversion: 1.0.0\n"),
        ("shop/values.yaml", "{}\n"),
        ("shop/templates/a.yaml", CONFIG),
    ]);
    for (kubeconfig, line, says) in [
        ("", "diff a.yaml", "no kubeconfig was found"),
        (kubeconfig.as_str(), "diff a.yaml --context none", "has no context `none`"),
        (&kubeconfig, "diff shop -e prod", "has no context `production`"),
        (&kubeconfig, "diff shop -e prod --context other", "is for the context `production`, not `other`"),
        (&kubeconfig, "diff shop --against env:prod --context other", "`--context` is for asking a cluster"),
        (&kubeconfig, "plan shop --context none --out p.json", "has no context `none`"),
    ] {
        let run = with(&sandbox, kubeconfig, line);
        assert!(run.code == 2 && run.stderr.contains(says), "{line}: {}{}", run.stdout, run.stderr);
    }
    assert!(!sandbox.path("p.json").exists(), "nothing is written");
}

#[test]
fn plans_name_every_object_and_no_secret() {
    let Some(kubeconfig) = super::given("PLIMSOLL_TEST_KUBECONFIG") else { return };
    let server = Server::connect(&kubeconfig, "trouble-plan");
    let live = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "trouble"}, "data": {"a": "old"}});
    assert!(server.apply(&live, "plimsoll").0 < 300);
    let stays = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "stays"}, "data": {"a": "b"}});
    assert!(server.apply(&stays, "plimsoll").0 < 300);
    let id = plimsoll::cluster::Members::of("shop", "trouble-plan").id;
    let gone = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "gone", "labels": {"applyset.kubernetes.io/part-of": id}}});
    let parent = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "plimsoll.shop", "labels": {"applyset.kubernetes.io/id": id},
        "annotations": {"applyset.kubernetes.io/contains-group-kinds": "ConfigMap,Deployment.apps", "applyset.kubernetes.io/tooling": "plimsoll/v0"}}});
    assert!(server.apply(&gone, "plimsoll").0 < 300 && server.apply(&parent, "plimsoll-applyset").0 < 300);
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: { name: s }\nstringData: { pin: hunter2 }\n";
    let sandbox = Sandbox::new(&[
        ("shop/Chart.yaml", "apiVersion: plimsoll.dev/v1\nname: shop\nversion: 1.0.0\n"),
        ("shop/values.yaml", "{}\n"),
        ("shop/templates/a.yaml", &[CONFIG, &CONFIG.replace("name: trouble", "name: stays"), secret].join("---\n")),
    ]);
    let run = with(&sandbox, &kubeconfig, "plan shop -n trouble-plan --out p.json");
    assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
    let text = sandbox.read("p.json");
    for encoded in ["hunter2", "aHVudGVyM"] {
        assert!(!format!("{text}{}{}", run.stdout, run.stderr).contains(encoded), "{text}");
    }
    let plan = plimsoll::diff::plan::Plan::from_json(&text).expect("is a plan");
    let of =
        |name: &str| plan.objects.iter().find(|object| object.name == name).unwrap_or_else(|| panic!("{name}: {text}"));
    let changes = ["trouble", "stays", "s", "gone"].map(|name| of(name).change.as_str());
    assert_eq!(changes, ["changed", "unchanged", "added", "removed"], "{}", run.stdout);
    assert!(
        of("trouble").resource_version.is_some() && of("s").resource_version.is_none() && of("gone").digest.is_none()
    );
    assert!(plan.inputs.iter().any(|(file, _)| file == "shop/templates/a.yaml"), "{text}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(sandbox.path("p.json")).expect("is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn what_the_server_quotes_is_masked() {
    let Some(kubeconfig) = super::given("PLIMSOLL_TEST_KUBECONFIG") else { return };
    Server::connect(&kubeconfig, "trouble");
    let bad = "apiVersion: v1\nkind: Secret\nmetadata: { name: bad }\ntype: kubernetes.io/dockerconfigjson\nstringData: { .dockerconfigjson: hunter2-is-no-json }\n---\napiVersion: v1\nkind: Pod\nmetadata: { name: bad }\nspec: { containers: [{ name: a, image: a:1, imagePullPolicy: hunter2, env: [{ name: TOKEN, value: hunter2 }] }] }\n";
    let sandbox = Sandbox::new(&[("a.yaml", bad)]);
    for line in
        ["diff a.yaml -n trouble", "diff a.yaml -n trouble --format json", "plan a.yaml -n trouble --out p.json"]
    {
        let run = with(&sandbox, &kubeconfig, line);
        assert_eq!(run.code, 2, "{line}: {}{}", run.stdout, run.stderr);
        assert!(run.stderr.contains("the server refuses Secret `bad`"), "{line}: {}", run.stderr);
        let all = format!("{}{}", run.stdout, run.stderr).replace("imagePullPolicy: hunter2", "");
        assert!(!all.contains("hunter2-is") && !run.stderr.contains("hunter2"), "{line}: {all}");
    }
}
