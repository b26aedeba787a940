//! Who owns what: other managers, other tools, other writers, and who may do what.

use super::{Stage, config};
use std::process::Stdio;

#[test]
fn a_conflict_names_the_other_and_our_line() {
    let Some(stage) = Stage::new("conflict", &[("set/a.yaml", &config("one", "1"))]) else { return };
    stage.done("apply set");
    stage.files.write("other.yaml", config("one", "theirs"));
    stage.kubectl(&[
        "apply",
        "--server-side",
        "--force-conflicts",
        "--field-manager=other",
        "-n",
        &stage.namespace,
        "-f",
        "other.yaml",
    ]);
    stage.files.write("set/a.yaml", config("one", "2"));
    let run = stage.run("apply set");
    assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
    for words in
        ["apply/conflict", "`data.a` of ConfigMap one is managed by `other`", "set/a.yaml:4:", "--force-conflicts"]
    {
        assert!(run.stderr.contains(words), "{words}: {}", run.stderr);
    }
    let json = stage.run("apply set --format json").json();
    let finding = &json["findings"][0];
    assert_eq!(
        (&finding["rule"], &finding["line"], &finding["path"]),
        (&"apply/conflict".into(), &4.into(), &"data.a".into()),
        "{json:#}"
    );
    assert_eq!(stage.get("configmap/one")[0]["data"]["a"], "theirs");
    stage.done("apply set --force-conflicts");
    assert_eq!(stage.get("configmap/one")[0]["data"]["a"], "2");
}

/// What `diff` leaves out, `apply` leaves alone: what others hold makes no conflict, and what nobody holds does not go.
#[test]
fn ignored_fields_are_left_to_others() {
    let web = |replicas: u32, image: &str| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{ name: web, annotations: {{ note: {image} }} }}\nspec:\n  replicas: {replicas}\n  selector: {{ matchLabels: {{ app: web }} }}\n  template:\n    metadata: {{ labels: {{ app: web }} }}\n    spec: {{ containers: [{{ name: web, image: \"{image}\" }}] }}\n"
        )
    };
    let Some(stage) = Stage::new("ignored", &[("set/a.yaml", &web(1, "web:1"))]) else { return };
    let rules = "[{ kind: Deployment, name: w*, path: spec.replicas }, { path: metadata.annotations }]";
    stage.files.write("plimsoll.yaml", format!("apiVersion: plimsoll.dev/v1\ndiff: {{ ignore: {rules} }}\n"));
    let apply = "apply set --skip-checks --no-wait";
    stage.done(apply);
    stage.kubectl(&["scale", "deployment/web", "--replicas=3", "-n", &stage.namespace]);
    let field = |pointer: &str| stage.get("deployment/web")[0].pointer(pointer).cloned().unwrap_or_default();
    stage.files.write("set/a.yaml", web(2, "web:2"));
    let told = stage.run("diff set");
    assert!(told.code == 1 && told.stdout.contains("image: web:1 → web:2"), "{}{}", told.stdout, told.stderr);
    assert!(!told.stdout.contains("replicas") && !told.stdout.contains("note"), "{}", told.stdout);
    stage.done(&format!("{apply} --dry-run"));
    stage.done(apply);
    let image = "/spec/template/spec/containers/0/image";
    assert_eq!((field("/spec/replicas"), field(image)), (3.into(), "web:2".into()));
    assert_eq!(field("/metadata/annotations/note"), "web:1", "nobody else holds it, and it stays as it is");
    assert_eq!(stage.run("diff set").code, 0);
    let again = stage.done(apply).stdout;
    assert!(again.starts_with("nothing to change"), "{again}");
    // The revision remembers what was left to others, whatever the workspace says today, so that the way back is free, too.
    stage.files.write("plimsoll.yaml", "apiVersion: plimsoll.dev/v1\n");
    stage.done("rollback set --no-wait");
    assert_eq!((field("/spec/replicas"), field(image)), (3.into(), "web:1".into()));
    let told = stage.run("diff set").stdout;
    assert!(
        told.contains("  1 field is held by others: apply takes over none without `--force-conflicts`\n"),
        "{told}"
    );
    let conflict = stage.run(apply);
    assert!(conflict.code == 1 && conflict.stderr.contains("apply/conflict"), "{}{}", conflict.stdout, conflict.stderr);
}

#[test]
fn kubectl_refuses_our_sets_and_we_refuse_its() {
    let Some(stage) =
        Stage::new("sets", &[("set/a.yaml", &config("one", "1")), ("theirs/b.yaml", &config("two", "1"))])
    else {
        return;
    };
    stage.done("apply set");
    let theirs = |set: &str, folder: &str| {
        let output = std::process::Command::new(&stage.kubectl)
            .args(["--kubeconfig", &stage.kubeconfig, "apply", "--server-side", "--prune", "-n", &stage.namespace])
            .args([&format!("--applyset={set}"), "-f", folder])
            .env("KUBECTL_APPLYSET", "true")
            .current_dir(stage.path(""))
            .stdin(Stdio::null())
            .output()
            .expect("kubectl runs");
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (done, said) = theirs("plimsoll.set", "theirs");
    assert!(!done && said.contains("managed by tooling \"plimsoll\""), "{said}");
    // Ours lists what kubectl would read: the ids are computed alike.
    let (done, said) = theirs("plimsoll.other", "theirs");
    assert!(done, "{said}");
    stage.files.write("other/a.yaml", config("three", "1"));
    let run = stage.run("apply other");
    assert_eq!(run.code, 2, "{}{}", run.stdout, run.stderr);
    assert!(run.stderr.contains("ApplySet that `kubectl` manages"), "{}", run.stderr);
    // An object of a set of kubectl's is none of ours, until somebody says so.
    stage.files.write("set/b.yaml", config("two", "2"));
    let run = stage.run("apply set");
    assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
    assert!(run.stderr.contains("ConfigMap two belongs to the ApplySet plimsoll.other of `kubectl/"), "{}", run.stderr);
    stage.done("apply set --take-ownership");
    assert_eq!(stage.members("set", "configmaps").len(), 2);
    // Nor is one of another release of ours.
    let run = stage.run("apply set --name third");
    assert!(run.code == 1 && run.stderr.contains("ConfigMap one belongs to the release `set` in `"), "{}", run.stderr);
}

#[test]
fn objects_of_helm_are_adopted_only_on_request() {
    let helms = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: one\n  labels: { app.kubernetes.io/managed-by: Helm }\n  annotations: { meta.helm.sh/release-name: old, meta.helm.sh/release-namespace: there }\ndata: { a: helms }\n";
    let Some(stage) = Stage::new("helm", &[("set/a.yaml", &config("one", "ours")), ("helm.yaml", helms)]) else {
        return;
    };
    stage.kubectl(&["apply", "--server-side", "--field-manager=helm", "-n", &stage.namespace, "-f", "helm.yaml"]);
    let run = stage.run("apply set");
    assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
    assert!(
        run.stderr.contains("belongs to the release `old` of Helm's in `there`")
            && run.stderr.contains("--take-ownership"),
        "{}",
        run.stderr
    );
    let run = stage.done("apply set --take-ownership");
    assert!(run.stderr.contains("kubectl delete secret -n there -l owner=helm,name=old"), "{}", run.stderr);
    let object = &stage.get("configmap/one")[0];
    assert_eq!(object["data"]["a"], "ours");
    assert!(
        object["metadata"]["annotations"].is_null()
            && object["metadata"]["labels"]["app.kubernetes.io/managed-by"].is_null(),
        "{object:#}"
    );
    assert!(stage.done("apply set").stdout.contains("nothing to change"));
}

#[test]
fn what_is_missing_of_permissions_is_told_before_the_first_write() {
    let Some(stage) = Stage::new("rights", &[("set/a.yaml", &config("one", "1"))]) else { return };
    let Some(nobody) = super::given("PLIMSOLL_TEST_NOBODY_KUBECONFIG") else { return };
    let role = "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: { name: some }\nrules:\n  - { apiGroups: [\"\"], resources: [configmaps, secrets], verbs: [get, list] }\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: { name: some }\nroleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: some }\nsubjects: [{ kind: User, name: nobody }]\n";
    stage.files.write("role.yaml", role);
    stage.kubectl(&["apply", "-n", &stage.namespace, "-f", "role.yaml"]);
    let run = stage.run_by(&nobody, "apply set");
    assert_eq!(run.code, 2, "{}{}", run.stdout, run.stderr);
    for words in
        ["patch configmaps in", "create secrets in", "create leases.coordination.k8s.io in", "nothing was changed"]
    {
        assert!(run.stderr.contains(words), "{words}: {}", run.stderr);
    }
    assert!(!run.stderr.contains("list configmaps"), "{}", run.stderr);
    stage.assert_nothing_left("configmaps");
    // Who may do nothing at all is told all of it, too.
    stage.kubectl(&["delete", "rolebinding", "some", "-n", &stage.namespace]);
    let run = stage.run_by(&nobody, "apply set");
    assert!(
        run.code == 2 && run.stderr.contains("get secrets in") && run.stderr.contains("patch configmaps in"),
        "{}",
        run.stderr
    );
}

/// Two processes, at once, with different contents: each is applied whole.
#[test]
fn two_writers_do_not_interleave() {
    let Some(stage) = Stage::new("two", &[]) else { return };
    for round in 0..3 {
        for (folder, value) in [("left/set", "l"), ("right/set", "r")] {
            let text: String =
                (0..20).map(|number| config(&format!("c{number}"), &format!("{value}{round}"))).collect();
            stage.files.write(&format!("{folder}/a.yaml"), text);
        }
        let children = ["left/set", "right/set"]
            .map(|folder| stage.start(&format!("apply {folder} --force-conflicts --timeout 30s")));
        for child in children {
            let output = child.wait_with_output().expect("ends");
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
        let maps = stage.get("configmaps");
        let values: std::collections::BTreeSet<&str> =
            maps.iter().filter_map(|map| map["data"]["a"].as_str()).collect();
        assert_eq!(values.len(), 1, "{values:?}");
        assert_eq!(stage.revisions("set").len(), 2 * (round + 1));
    }
    // Who does not want to wait is told who is at it.
    let lease = "apiVersion: coordination.k8s.io/v1\nkind: Lease\nmetadata: { name: plimsoll.set }\nspec: { holderIdentity: build-7/1/2, leaseDurationSeconds: 60, renewTime: \"2099-01-01T00:00:00.000000Z\" }\n";
    stage.files.write("lease.yaml", lease);
    stage.kubectl(&["create", "-n", &stage.namespace, "-f", "lease.yaml"]);
    stage.files.write("left/set/a.yaml", config("c1", "x"));
    let run = stage.run("apply left/set --timeout 1s");
    assert_eq!(run.code, 2, "{}{}", run.stdout, run.stderr);
    assert!(run.stderr.contains("is being changed by build-7/1/2"), "{}", run.stderr);
}

/// What the server says of a Secret may quote its values.
#[test]
fn values_of_secrets_are_never_told() {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: { name: s }\ntype: kubernetes.io/dockerconfigjson\nstringData: { .dockerconfigjson: 'hunter2-is-no-json' }\n";
    let Some(stage) = Stage::new("quiet", &[("set/a.yaml", secret)]) else { return };
    let mut said = String::new();
    for line in [
        "apply set --skip-checks",
        "apply set --skip-checks --format json",
        "history set",
        "status set",
        "status set --format json",
        "apply set",
        "list",
    ] {
        let run = stage.run(line);
        said += &format!("{}{}", run.stdout, run.stderr);
    }
    assert!(said.contains("apply/refused"), "{said}");
    assert!(!said.contains("hunter2") && !said.contains("aHVudGVyMi"), "{said}");
}
