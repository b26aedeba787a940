//! What compares as the same, what differs and how, and that changes lead from the old to the new.

mod laws;

use super::emit::{Format, Json, Markdown, Part, Report, Terminal, Unified};
use super::*;
use crate::chart::IgnoredField;
use crate::object::ObjectSet;
use crate::schema::{SchemaStore, Version};
use crate::source::SourceMap;
use crate::yaml::{Document, parse};

pub(super) fn documents(text: &str) -> Vec<Document> {
    let parsed = parse(&SourceMap::new().add("a.yaml", text));
    assert!(parsed.diagnostics.is_empty(), "{text}\n{:?}", parsed.diagnostics);
    parsed.documents
}

pub(super) fn changes_with(old: &str, new: &str, secrets: Secrets, ignore: &[IgnoredField]) -> Changes {
    let (old, new) = (documents(old), documents(new));
    let mut store = SchemaStore::new();
    for document in old.iter().chain(&new) {
        if document.root().field("kind").is_some_and(|kind| kind.text() == "CustomResourceDefinition") {
            store.add_definition(document.root());
        }
    }
    let set = |documents| ObjectSet::read(documents, Some("shop"), &|_, _| Vec::new());
    let comparison = Comparison {
        reading: Reading { store: &store, version: Version::LATEST, fill: true },
        namespaces: (Some("shop"), Some("shop")),
        secrets,
        ignore,
    };
    compare_sets(&set(&old), &set(&new), &comparison)
}

fn report(changes: Changes) -> Report {
    let part = Part { name: "shop".to_owned(), environment: None, against: "`old`".to_owned(), changes };
    Report { parts: vec![part], troubles: Vec::new() }
}

/// The lines of the terminal between the title and the counts.
fn shown(old: &str, new: &str) -> Vec<String> {
    let changes = changes_with(old, new, Secrets::Masked, &[]);
    let text = Terminal { colour: false, width: 100, quiet: false }.write(&report(changes));
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines[1..lines.len() - 1].to_vec()
}

fn object(kind: &str, rest: &str) -> String {
    let api = match kind {
        "Deployment" | "StatefulSet" => "apps/v1",
        "Job" => "batch/v1",
        "RoleBinding" => "rbac.authorization.k8s.io/v1",
        _ => "v1",
    };
    format!("apiVersion: {api}\nkind: {kind}\nmetadata: {{ name: a }}\n{rest}\n")
}

fn pod(container: &str) -> String {
    object("Pod", &format!("spec: {{ containers: [{{ name: a, image: a:1, {container} }}] }}"))
}

#[test]
fn what_the_server_keeps_alike_is_the_same() {
    for (old, new) in [
        (
            pod("resources: { limits: { cpu: 1000m, memory: 1Gi } }"),
            pod("resources: { limits: { memory: 1024Mi, cpu: 1 } }"),
        ),
        (pod(""), pod("imagePullPolicy: IfNotPresent, terminationMessagePath: /dev/termination-log, env: []")),
        (pod("ports: [{ containerPort: 80 }]"), pod("ports: [{ protocol: TCP, containerPort: 80 }]")),
        (pod("env: [{ name: a, value: b }], command: null"), pod("env: [{ value: b, name: a }]")),
        (
            pod("ports: [{ containerPort: 1 }, { containerPort: 2 }]"),
            pod("ports: [{ containerPort: 2 }, { containerPort: 1 }]"),
        ),
        (
            object("Service", "spec: { ports: [{ port: 80 }] }"),
            object("Service", "spec: { type: ClusterIP, ports: [{ port: 80, targetPort: \"80\", protocol: TCP }] }"),
        ),
        (object("Secret", "stringData: { a: b }"), object("Secret", "type: Opaque\ndata: { a: Yg== }")),
        (object("Secret", "stringData: { a: b }\ndata: { a: Yw== }"), object("Secret", "data: { a: Yg== }")),
        (object("ConfigMap", "data: {}"), object("ConfigMap", "")),
        (
            object("Deployment", "spec: { replicas: 1, selector: {}, template: {} }"),
            object("Deployment", "spec: { selector: {}, template: {}, strategy: { type: RollingUpdate } }"),
        ),
        (
            object(
                "ConfigMap",
                "metadata: { name: a, uid: x, labels: {}, annotations: { meta.helm.sh/release-name: a } }",
            )
            .replacen("metadata: { name: a }\n", "", 1),
            object("ConfigMap", ""),
        ),
    ] {
        let changes = changes_with(&old, &new, Secrets::Masked, &[]);
        assert!(changes.is_empty() && changes.unchanged == 1, "{old}---\n{new}{:#?}", changes.objects[0].fields);
    }
}

#[test]
fn fields_are_named_by_the_keys_of_items() {
    assert_eq!(
        shown(
            &pod("env: [{ name: A, value: a }, { name: B, value: b }], args: [a, b, c]"),
            &pod("env: [{ name: B, value: c }, { name: C, value: c }], args: [a, x, c]")
        ),
        [
            "! Pod shop/a, must be deleted and made anew: `spec.containers[name=a].args[1]` cannot be changed, `spec.containers[name=a].env[name=A]` cannot be changed, `spec.containers[name=a].env[name=B].value` cannot be changed, `spec.containers[name=a].env[name=C]` cannot be changed",
            "    ~ spec.containers[name=a].args[1]: b → x",
            "    - spec.containers[name=a].env[name=A]:",
            "        - name: A",
            "        - value: a",
            "    ~ spec.containers[name=a].env[name=B].value: b → c",
            "    + spec.containers[name=a].env[name=C]:",
            "        + name: C",
            "        + value: c",
        ]
    );
}

#[test]
fn lists_that_only_grow_say_so() {
    let role = |verbs: &str| {
        format!(
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {{ name: a }}\nrules: [{{ apiGroups: [''], resources: [pods], verbs: [{verbs}] }}]\n"
        )
    };
    assert_eq!(shown(&role("get"), &role("get, list")), ["~ Role shop/a", "    ~ rules[0].verbs: [get] → [get, list]"]);
    let order = |names: &str| pod(&format!("env: [{names}]"));
    assert_eq!(
        shown(
            &order("{ name: A, value: a }, { name: B, value: b }"),
            &order("{ name: B, value: b }, { name: A, value: a }")
        )[1],
        "    ~ spec.containers[name=a].env: order [A, B] → [B, A]",
    );
}

#[test]
fn objects_come_go_and_are_renamed() {
    let config = |name: &str, data: &str| {
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{ name: {name} }}\ndata: {{ {data} }}\n---\n")
    };
    let old = config("web-1", "a: b, c: d, e: f, g: h") + &config("gone", "x: y") + &config("same", "x: y");
    let new = config("web-2", "a: b, c: d, e: f, g: changed") + &config("came", "q: r") + &config("same", "x: y");
    assert_eq!(
        shown(&old, &new),
        [
            "+ ConfigMap shop/came",
            "- ConfigMap shop/gone",
            "> ConfigMap shop/web-2, renamed from ConfigMap shop/web-1",
            "    ~ data.g: h → changed",
        ]
    );
    // Of two that are equally like it, the first by its name, whatever the order of the documents.
    let (one, two) = (config("one", "a: b, c: d"), config("two", "a: b, e: f"));
    let three = config("three", "a: b, c: d, e: f");
    for old in [one.clone() + &two, two + &one] {
        assert_eq!(
            shown(&old, &three)[..2],
            ["> ConfigMap shop/three, renamed from ConfigMap shop/one", "    + data.e: f"]
        );
    }
}

#[test]
fn what_cannot_be_changed_is_replaced() {
    for (old, new, path) in [
        (
            object("StatefulSet", "spec: { serviceName: a, replicas: 1 }"),
            object("StatefulSet", "spec: { serviceName: b, replicas: 2 }"),
            Some("`spec.serviceName` cannot be changed"),
        ),
        (object("StatefulSet", "spec: { replicas: 1 }"), object("StatefulSet", "spec: { replicas: 2 }"), None),
        (
            object("RoleBinding", "roleRef: { kind: Role, name: a }"),
            object("RoleBinding", "roleRef: { kind: Role, name: b }"),
            Some("`roleRef.name` cannot be changed"),
        ),
        (
            object("ConfigMap", "immutable: true\ndata: { a: b }"),
            object("ConfigMap", "immutable: true\ndata: { a: c }"),
            Some("`data.a` cannot be changed"),
        ),
        (object("ConfigMap", "data: { a: b }"), object("ConfigMap", "immutable: true\ndata: { a: b }"), None),
        (pod("command: [a]").replace("a:1", "a:2"), pod("command: [a]"), None),
    ] {
        let changes = changes_with(&old, &new, Secrets::Masked, &[]);
        let expected = path.map_or(What::Changed, |path| What::Replaced(vec![path.to_owned()]));
        assert_eq!(changes.objects[0].what, expected, "{old}---\n{new}");
    }
}

#[test]
fn custom_resources_compare_by_their_definition() {
    let definition = "apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: lights.example.com }
spec:
  group: example.com
  names: { kind: Light, plural: lights }
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              properties:
                colour: { type: string, default: red }
                lamps: { type: array, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [id], items: { type: object, properties: { id: { type: string }, watts: { type: integer } } } }
                tags: { type: array, x-kubernetes-list-type: set, items: { type: string } }
---
";
    let light = |spec: &str| {
        format!("{definition}apiVersion: example.com/v1\nkind: Light\nmetadata: {{ name: a }}\nspec: {{ {spec} }}\n")
    };
    let lamps = "lamps: [{ id: a, watts: 1 }, { id: b, watts: 2 }], tags: [x, why]";
    assert!(
        changes_with(
            &light(lamps),
            &light("colour: red, tags: [why, x], lamps: [{ id: b, watts: 2 }, { watts: 1, id: a }]"),
            Secrets::Masked,
            &[]
        )
        .is_empty()
    );
    assert_eq!(
        shown(&light(lamps), &light("tags: [x, z], lamps: [{ id: a, watts: 1 }, { id: b, watts: 3 }]")),
        ["~ Light shop/a", "    ~ spec.lamps[id=b].watts: 2 → 3", "    - spec.tags[why]: why", "    + spec.tags[z]: z",]
    );
}

#[test]
fn what_the_workspace_ignores_is_left_out() {
    let old = object("Deployment", "spec: { replicas: 1, minReadySeconds: 1 }");
    let new = object("Deployment", "spec: { replicas: 2, minReadySeconds: 1 }");
    let rule = |kind: &str| IgnoredField {
        kind: Some(kind.to_owned()),
        path: "spec.replicas".to_owned(),
        ..IgnoredField::default()
    };
    assert!(changes_with(&old, &new, Secrets::Masked, &[rule("Deployment")]).is_empty());
    assert!(!changes_with(&old, &new, Secrets::Masked, &[rule("StatefulSet")]).is_empty());
}

#[test]
fn secrets_are_in_no_output() {
    let secret = |value: &str| {
        format!(
            "apiVersion: v1
kind: Secret
metadata: {{ name: a, annotations: {{ kubectl.kubernetes.io/last-applied-configuration: '{{\"a\": \"{value}\"}}' }} }}
stringData: {{ plain: {value}, same: hunter2-same }}
---
apiVersion: v1
kind: ConfigMap
metadata: {{ name: a }}
data:
  DB_PASSWORD: {value}
  url: postgres://app:{value}@db/app
  file: |
    user = app
    password = {value}
---
apiVersion: v1
kind: Pod
metadata: {{ name: a }}
spec:
  containers:
    - name: a
      image: a:1
      env: [{{ name: API_TOKEN, value: {value} }}, {{ name: PORT, value: '80' }}]
---
apiVersion: example.com/v1
kind: Thing
metadata: {{ name: a }}
spec: {{ auth: {{ password: {value}, user: app }}, list: [{{ name: CLIENT_SECRET, value: {value} }}] }}
---
"
        )
    };
    let (old, new) = (secret("hunter2-old"), secret("hunter2-new-and-longer"));
    let came = new.replace("name: a,", "name: b,").replace("name: a }", "name: b }");
    let changes = changes_with(&old, &(new + &came), Secrets::Masked, &[]);
    let debug = format!("{changes:?}");
    let report = report(changes);
    for text in [
        Terminal { colour: true, width: 100, quiet: false }.write(&report),
        Terminal { colour: false, width: 200, quiet: false }.write(&report),
        Unified.write(&report),
        Json.write(&report),
        Markdown { limit: 60_000 }.write(&report),
        debug,
    ] {
        for encoded in ["hunter2", "aHVudGVyM"] {
            assert!(!text.contains(encoded), "{text}");
        }
    }
    let text = Terminal { colour: false, width: 100, quiet: false }.write(&report);
    assert!(text.contains("data.plain: ••• → ••• (differs)") && !text.contains("data.same"), "{text}");
    assert!(text.contains("env[name=API_TOKEN].value: ••• → ••• (differs)"), "{text}");
    let unified = Unified.write(&report);
    assert!(unified.contains("-  plain: •••\n") && unified.contains("+  plain: ••• (differs)\n"), "{unified}");
    for line in ["-    password = •••", "+    password = ••• (differs)", "-  url: •••", "+  url: ••• (differs)"]
    {
        assert!(unified.lines().any(|known| known == line), "{line}: {unified}");
    }
}

#[test]
fn comments_on_changes_keep_to_their_length() {
    let config = |n: usize, value: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{ name: c{n} }}\ndata: {{ a: {value}, b: \"```\" }}\n---\n"
        )
    };
    let many = |value: &str| (0..200).map(|n| config(n, value)).collect::<Vec<_>>().concat();
    let text = Markdown { limit: 3000 }.write(&report(changes_with(&many("x"), &many("y"), Secrets::Masked, &[])));
    assert!(
        text.chars().count() <= 3000 && text.contains("more objects are left out, to keep within 3000 characters"),
        "{text}"
    );
    assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
}

#[test]
fn wide_terminals_show_texts_beside_each_other() {
    let config = |line: &str| object("ConfigMap", &format!("data:\n  a: |\n    one\n    {line}\n    three\n"));
    let changes = changes_with(&config("two"), &config("2"), Secrets::Masked, &[]);
    let text = Terminal { colour: false, width: 160, quiet: false }.write(&report(changes));
    let row = format!("        {:74} │ 2", "two");
    assert!(text.lines().any(|line| line == row), "{text}");
}
