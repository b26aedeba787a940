//! Pages: YAML in, findings out.

use super::super::{SchemaStore, Version};
use super::{over_versions, validate};
use crate::source::SourceMap;
use crate::yaml::{Document, parse};

fn documents(text: &str) -> Vec<Document> {
    let parsed = parse(&SourceMap::new().add("a.yaml", text));
    assert_eq!(parsed.diagnostics, [], "the page is YAML");
    parsed.documents
}

/// Gives a line for each finding: place, rule, message, help.
fn findings_of(text: &str, store: &SchemaStore, version: Version) -> Vec<String> {
    let mut lines = Vec::new();
    for document in documents(text) {
        for finding in validate(document.root(), store, version) {
            let at = document.source().position(finding.span.expect("a finding has a place").start);
            let rule = finding.rule.trim_start_matches("schema/");
            let help = finding.help.map(|help| format!(" ({help})")).unwrap_or_default();
            lines.push(format!("{}:{} {rule}: {}{help}", at.line, at.column, finding.message));
        }
    }
    lines
}

#[track_caller]
fn page(text: &str, expected: &[&str]) {
    assert_eq!(findings_of(text, &SchemaStore::new(), Version::LATEST), expected);
}

/// A Deployment with a container of the given lines, which begin at line 10.
fn container(lines: &str) -> String {
    let mut text = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
"
    .to_owned();
    for line in lines.lines() {
        text += &format!("        {line}\n");
    }
    text
}

#[test]
fn a_misspelt_field_is_named() {
    page(
        &container("image: web:1\nenv:\n- name: A\n  valueFrom:\n    confifMapKeyRef: {name: a, key: b}"),
        &["15:13 unknown-field: unknown field `confifMapKeyRef` in `valueFrom` (did you mean `configMapKeyRef`?)"],
    );
    page(
        &container("Image: web:1"),
        &["11:9 unknown-field: unknown field `Image` in `containers[0]` (did you mean `image`?)"],
    );
    page(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers: [{name: a}]\n  volume:\n  - name: b\n    PersistentVolumeClaim: {claimName: c}\n",
        &["6:3 unknown-field: unknown field `volume` in `spec` (did you mean `volumes`?)"],
    );
    page(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers: [{name: a}]\n  volumes:\n  - name: b\n    PersistentVolumeClaim: {claimName: c}\n",
        &[
            "8:5 unknown-field: unknown field `PersistentVolumeClaim` in `volumes[0]` (did you mean `persistentVolumeClaim`?)",
        ],
    );
}

#[test]
fn a_field_beside_its_map_belongs_into_it() {
    page(
        &container("livenessProbe:\nexec: {command: [a]}"),
        &[
            "12:9 unknown-field: unknown field `exec` in `containers[0]` (it belongs in `livenessProbe`: indent it to stand there)",
        ],
    );
    page(
        &container("livenessProbe:\n  periodSeconds: 3\nexec: {command: [a]}\nreadinessProbe: {}"),
        &[
            "13:9 unknown-field: unknown field `exec` in `containers[0]` (it belongs in `livenessProbe`: indent it to stand there)",
        ],
    );
    page(
        &container("resources:\nlimits: {memory: 1Gi}"),
        &[
            "12:9 unknown-field: unknown field `limits` in `containers[0]` (it belongs in `resources`: indent it to stand there)",
        ],
    );
    page(
        &container("limits: {memory: 1Gi}"),
        &["11:9 unknown-field: unknown field `limits` in `containers[0]` (it belongs in `resources`)"],
    );
    page(
        &container("volumeMounts:\n- name: data\nmountPath: /data"),
        &[
            "12:11 required: `volumeMounts[0].mountPath` is missing",
            "13:9 unknown-field: unknown field `mountPath` in `containers[0]` (it belongs in an item of `volumeMounts`: indent it to stand there)",
        ],
    );
}

#[test]
fn a_field_too_deep_or_too_high_is_sent_home() {
    page(
        &container("image: a\nhostNetwork: true"),
        &[
            "12:9 unknown-field: unknown field `hostNetwork` in `containers[0]` (it is a field of `spec`: move it out, beside `containers`)",
        ],
    );
    page(
        &container("replicas: 2"),
        &[
            "11:9 unknown-field: unknown field `replicas` in `containers[0]` (it is a field of `spec`: move it out, beside `template`)",
        ],
    );
    page(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a, replicas: 3}\nspec:\n  selector: {matchLabels: {a: b}}\n  template: {spec: {containers: [{name: a}]}}\n",
        &["3:21 unknown-field: unknown field `replicas` in `metadata` (it is a field of `spec`: move it there)"],
    );
    page(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec:\n  selector: {matchLabels: {a: b}}\n  containers: [{name: a}]\n  template: {spec: {containers: [{name: a}]}}\n",
        &["6:3 unknown-field: unknown field `containers` in `spec` (it belongs in `template.spec`)"],
    );
}

#[test]
fn yaml_that_is_not_text_says_what_it_was_read_as() {
    page(
        &container(
            "image: 1.10\nenv:\n- {name: A, value: on}\n- {name: B, value: 8080}\n- {name: C, value: 0777}\n- {name: D, value: ~}",
        ),
        &[
            "11:16 type: `image` must be a string, not a number (YAML reads `1.10` as the number `1.1`; put it in quotes: `\"1.10\"`)",
            "13:28 type: `value` must be a string, not a boolean (YAML reads `on` as the boolean `true`; put it in quotes: `\"on\"`)",
            "14:28 type: `value` must be a string, not an integer (put it in quotes: `\"8080\"`)",
            "15:28 type: `value` must be a string, not an integer (YAML reads `0777` as the number `511`; put it in quotes: `\"0777\"`)",
        ],
    );
    page(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, labels: {tier: yes}}\ndata: {port: 80, empty: ~}\n",
        &[
            "3:36 type: `tier` must be a string, not a boolean (YAML reads `yes` as the boolean `true`; put it in quotes: `\"yes\"`)",
            "4:14 type: `port` must be a string, not an integer (put it in quotes: `\"80\"`)",
        ],
    );
}

#[test]
fn a_name_that_is_part_of_a_field_means_the_field() {
    page(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers: [{name: c, image: \"x:1\"}]\n  volumes:\n  - {name: b, secret: {name: x}}\n  - {name: c, persistentVolumeClaim: {name: x}}\n",
        &[
            "7:24 unknown-field: unknown field `name` in `secret` (did you mean `secretName`?)",
            "8:38 required: `persistentVolumeClaim.claimName` is missing",
            "8:39 unknown-field: unknown field `name` in `persistentVolumeClaim` (did you mean `claimName`?)",
        ],
    );
    page(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers: [{name: c, image: \"x:1\"}]\n  volume: []\n  volumes: []\n",
        &["6:3 unknown-field: unknown field `volume` in `spec` (there is a `volumes` already: remove one of them)"],
    );
}

#[test]
fn a_value_of_the_wrong_kind_is_named() {
    page(
        &container("ports: {containerPort: 80}\nargs: run\nstdin: \"true\"\nresources: [a]\nimage: [a]"),
        &[
            "11:16 type: `ports` must be a list, not a map (begin it with `- `: it is the list's item)",
            "12:15 type: `args` must be a list, not a string (write it as a list: an item a line, each behind `- `)",
            "13:16 type: `stdin` must be a boolean, not a string (remove the quotes: `true`)",
            "14:20 type: `resources` must be a map, not a list",
            "15:16 type: `image` must be a string, not a list",
        ],
    );
    page(
        &container(
            "ports:\n- containerPort: \"8080\"\n- containerPort: http\n- containerPort: 1.5\n- containerPort: 70000\n- containerPort: 3000000000",
        ),
        &[
            "12:26 type: `containerPort` must be an integer, not a string (remove the quotes: `8080`)",
            "13:26 type: `containerPort` must be an integer, not a string",
            "14:26 type: `containerPort` must be a whole number, not a number",
            "15:26 format: `containerPort` must be between 1 and 65535, not 70000",
            "16:26 format: `3000000000` in `containerPort` does not fit 32 bits",
        ],
    );
    page(
        &container("ports: [80]\nenv: {A: b}\nvolumeMounts: {name: a, mountPath: /a}"),
        &[
            "11:17 type: `ports[0]` must be a map, not an integer (write `containerPort: 80`)",
            "12:14 type: `env` must be a list, not a map (write a list whose items are maps: `- name: …`)",
            "13:23 type: `volumeMounts` must be a list, not a map (begin it with `- `: it is the list's item)",
        ],
    );
    page("- a\n", &["1:1 type: a Kubernetes object is a map, not a list"]);
}

#[test]
fn numbers_without_a_fraction_are_integers() {
    page(&container("ports: [{containerPort: 8e1}, {containerPort: 0x1F90}]"), &[]);
}

#[test]
fn missing_fields_are_reported_at_their_map() {
    page(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {}\nspec:\n  replicas: 1\n  selector:\n",
        &[
            "3:11 required: `metadata.name` is missing (give the object a name: `metadata: {name: …}`)",
            "5:3 required: `spec.template` is missing",
            "6:3 required: `spec.selector` is missing",
        ],
    );
    page(
        &container("image: a").replace("- name: web", "- name: ~"),
        &[
            "10:15 required: `containers[0].name` is missing (YAML reads `~` as nothing; put it in quotes if text is meant: `\"~\"`)",
        ],
    );
    page("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n", &["1:1 required: `spec` is missing"]);
    page("kind: Pod\n", &["1:1 required: `apiVersion` is missing (an object names its API: `apiVersion: apps/v1`)"]);
    page("apiVersion: v1\n", &["1:1 required: `kind` is missing (an object names its API: `kind: Deployment`)"]);
    page(
        "apiVersion: v1\nkind: Pod\nmetadata: {generateName: a-}\nspec:\n  containers:\n  - name: ''\n  -\n",
        &["6:11 required: `name` is empty", "7:4 type: `containers[1]` is empty (write the item, or remove the `-`)"],
    );
}

#[test]
fn null_is_absence() {
    page(
        &container("image: ~\nenv: ~\nargs: [a, ~]\nresources:\n  limits: {cpu: ~}")
            .replace("metadata: {name: web}", "metadata: {name: web, creationTimestamp: null, annotations: {a: ~}}"),
        &[],
    );
}

#[test]
fn values_of_a_fixed_set_are_checked() {
    page(
        &container(
            "imagePullPolicy: Alway\nports: [{containerPort: 1, protocol: tcp}, {containerPort: 2, protocol: quic}]",
        ),
        &[
            "11:26 enum: `Alway` is not a value of `imagePullPolicy` (did you mean `Always`?)",
            "12:46 enum: `tcp` is not a value of `protocol` (did you mean `TCP`?)",
            "12:81 enum: `quic` is not a value of `protocol` (write `SCTP`, `TCP` or `UDP`)",
        ],
    );
}

#[test]
fn quantities_are_read_as_the_server_reads_them() {
    page(
        &container(
            "resources:\n  limits: {memory: 1GB, cpu: 0.5, storage: 1e3}\n  requests: {memory: 512 MB, cpu: 0.5 CPU, storage: true}",
        ),
        &[
            "12:28 format: `1GB` in `memory` is no quantity (write `1Gi` (powers of 1024) or `1G` (powers of 1000))",
            "13:30 format: `512 MB` in `memory` is no quantity (write `512Mi` (powers of 1024) or `512M` (powers of 1000))",
            "13:43 format: `0.5 CPU` in `cpu` is no quantity (write `0.5`)",
            "13:61 type: `storage` must be a quantity, not a boolean",
        ],
    );
}

#[test]
fn numbers_or_text_know_which_they_are() {
    page(
        "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec:\n  ports:\n  - {port: 80, targetPort: \"8080\"}\n  - {port: 81, targetPort: http}\n  - {port: 82, targetPort: 8080}\n  - {port: 83, targetPort: true}\n  - {port: 84, targetPort: 80000}\n",
        &[
            "6:28 format: `targetPort` is the text `8080`, which is no name of a port (remove the quotes: `8080`)",
            "9:28 type: `targetPort` must be an integer or text, not a boolean",
            "10:28 format: `targetPort` must be between 0 and 65535, not 80000",
        ],
    );
    page(
        "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: a}\nspec: {minAvailable: \"1\", maxUnavailable: 25%}\n",
        &["4:22 format: `minAvailable` is the text `1`, neither a number nor a share (remove the quotes: `1`)"],
    );
}

#[test]
fn secrets_are_never_printed() {
    page(
        "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata:\n  password: hunter2!\n  pin: 1234\n  good: aHVudGVyMg==\nstringData:\n  pin: 1234\n",
        &[
            "5:13 format: `password` is not base64 (put plain text under `stringData` instead of `data`, or encode it)",
            "6:8 type: `pin` must be a string, not an integer (put it in quotes)",
            "9:8 type: `pin` must be a string, not an integer (put it in quotes)",
        ],
    );
    page(
        &container("env: [{name: DB_PASSWORD, value: 1234}]"),
        &["11:42 type: `value` must be a string, not an integer (put it in quotes)"],
    );
}

#[test]
fn items_that_cannot_be_told_apart_are_found() {
    page(
        &container(
            "image: a\nports:\n- containerPort: 80\n- {containerPort: 80, protocol: UDP}\n- {containerPort: 80, protocol: TCP}\nvolumeMounts:\n- {name: a, mountPath: /a}\n- {name: b, mountPath: /a}\nenv: [{name: A}, {name: A}]",
        ),
        &[
            "18:11 duplicate-item: two items of `volumeMounts` have `mountPath` `/a` (the server refuses the object: remove or rename one of them)",
        ],
    );
}

#[test]
fn kinds_and_versions_are_looked_up() {
    page(
        "apiVersion: apps/v1\nkind: Deploymnet\nmetadata: {name: a}\n",
        &["2:7 unknown-kind: `apps/v1` has no kind `Deploymnet` (did you mean `apps/v1 Deployment`?)"],
    );
    page(
        "apiVersion: app/v1\nkind: Deployment\n",
        &["1:13 unknown-kind: there is no API group `app` (did you mean `apps/v1 Deployment`?)"],
    );
    page(
        "apiVersion: extensions/v1beta1\nkind: Ingress\n",
        &[
            "1:13 api-removed: `extensions/v1beta1 Ingress` was removed in Kubernetes 1.22 (use `networking.k8s.io/v1 Ingress`)",
        ],
    );
    page(
        "apiVersion: v1\nkind: Endpoints\nmetadata: {name: a}\n",
        &["1:13 api-deprecated: `v1 Endpoints` is deprecated since 1.33 (use `discovery.k8s.io/v1 EndpointSlice`)"],
    );
    page(
        "apiVersion: cert-manager.io/v1\nkind: Issuer\nanything: 1\n",
        &[
            "2:7 unknown-kind: no schema is known for `cert-manager.io/v1 Issuer`: its fields are not checked (give its CustomResourceDefinition: in the chart's `crds/`, by `--crds PATH`, or under `crds:` in plimsoll.yaml; `plimsoll crds pull` writes those of a cluster)",
        ],
    );
    page(
        "apiVersion: 1\nkind: [a]\n",
        &["1:13 type: `apiVersion` must be a name, not an integer", "2:7 type: `kind` must be a name, not a list"],
    );
}

#[test]
fn placeholders_are_found_where_a_thing_is_named() {
    page(
        &container("image: <registry>/web:1\nargs: ['<html>', '<a>']")
            .replace("{name: web}", "{name: <your-name>, annotations: {note: <b>}}"),
        &[
            "3:18 placeholder: `<your-name>` in `name` is a placeholder (put the real value in)",
            "11:16 placeholder: `<registry>` in `image` is a placeholder (put the real value in)",
        ],
    );
}

#[test]
fn lists_are_unfolded_and_status_is_only_decoded() {
    page(
        "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: a}\n  dat: {}\n- apiVersion: v1\n  kind: Pod\n  metadata: {name: a}\n  spec: {containers: [{name: a}]}\n  status: {conditions: [{}], phase: 1}\n",
        &[
            "7:3 unknown-field: unknown field `dat` (did you mean `data`?)",
            "12:37 type: `phase` must be a string, not an integer (put it in quotes: `\"1\"`)",
        ],
    );
}

#[test]
fn findings_of_several_versions_are_one() {
    let documents =
        documents("apiVersion: storage.k8s.io/v1\nkind: VolumeAttributesClass\nmetadata: {name: a}\nx: 1\n");
    let targets: Vec<_> = Version::ALL.iter().copied().filter(|version| *version >= Version::v1(33)).collect();
    let findings = {
        let store = SchemaStore::new();
        over_versions(&targets, |version| validate(documents[0].root(), &store, version))
    };
    let summary: Vec<_> =
        findings.iter().map(|finding| format!("{} {:?}", finding.message, finding.versions.join(" "))).collect();
    assert_eq!(
        summary,
        [
            "`driverName` is missing \"1.34 1.35 1.36 1.37\"",
            "`storage.k8s.io/v1 VolumeAttributesClass` does not exist before Kubernetes 1.34; 1.33 is a target \"1.33\"",
            "unknown field `x` \"1.34 1.35 1.36 1.37\"",
        ]
    );
}

const DEFINITION: &str = "
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: shops.example.com}
spec:
  group: example.com
  names: {kind: Shop, plural: shops}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        required: [spec]
        properties:
          spec:
            type: object
            required: [size, mode]
            properties:
              size: {type: integer, format: int32, minimum: 1}
              mode: {type: string, enum: [fast, slow], default: fast}
              code: {type: string, minLength: 3}
              port: {x-kubernetes-int-or-string: true}
              note: {type: string, nullable: true}
              free: {type: object, x-kubernetes-preserve-unknown-fields: true, properties: {a: {type: string}}}
              tags: {type: array, x-kubernetes-list-type: set, maxItems: 3, items: {type: string}}
              jobs:
                type: array
                items:
                  type: object
                  properties:
                    podTemplate:
                      type: object
                      properties:
                        spec:
                          type: object
                          properties:
                            containers:
                              type: array
                              items: {type: object, properties: {name: {type: string}, image: {type: string}}}
";

#[test]
fn custom_resources_are_held_against_their_definition() {
    let mut store = SchemaStore::new();
    let definitions = documents(DEFINITION);
    assert_eq!(validate(definitions[0].root(), &store, Version::LATEST), []);
    assert_eq!(store.add_definition(definitions[0].root()), []);
    let good = "apiVersion: example.com/v1\nkind: Shop\nmetadata: {name: a}\nspec: {size: 1, port: http, note: ~, free: {a: b, c: 1}, tags: [a]}\n";
    assert!(findings_of(good, &store, Version::LATEST).is_empty());
    assert_eq!(
        findings_of(
            "apiVersion: example.com/v1\nkind: Shop\nmetadata: {name: a, label: {}}\nspec: {size: 0, mode: fats, cod: a, code: ab, free: {a: 1}, tags: [a, a], jobs: [~], port: ~}\n",
            &store,
            Version::LATEST
        ),
        [
            "3:21 unknown-field: unknown field `label` in `metadata` (did you mean `labels`?)",
            "4:14 format: `size` must be at least 1, not 0",
            "4:23 enum: `fats` is not a value of `mode` (did you mean `fast`?)",
            "4:29 unknown-field: unknown field `cod` in `spec` (there is a `code` already: remove one of them)",
            "4:43 format: `code` has 2 characters, but must have at least 3 characters",
            "4:57 type: `a` must be a string, not an integer (put it in quotes: `\"1\"`)",
            "4:71 duplicate-item: two items of `tags` are equal (the server refuses the object: remove or rename one of them)",
            "4:82 type: `jobs[0]` is empty (write the item, or remove the `-`)",
            "4:86 api/server-side-apply: `spec.port` is null: server-side apply refuses it (leave the field out)",
        ]
    );
    assert_eq!(
        findings_of("apiVersion: example.com/v2\nkind: Shop\n", &store, Version::LATEST),
        ["1:13 unknown-kind: `Shop` has no version `example.com/v2` (write `apiVersion: example.com/v1`)"]
    );
    assert_eq!(store.embedded_pods("example.com/v1", "Shop"), [["spec", "jobs", "*", "podTemplate"]]);
    assert_eq!(store.is_namespaced(Version::LATEST, "example.com/v1", "Shop"), Some(true));
}

#[test]
fn known_good_manifests_pass_in_every_version() {
    // What the manifests use that the oldest versions do not have yet.
    let newer = [
        (30, "`admissionregistration.k8s.io/v1 ValidatingAdmissionPolicy"),
        (30, "unknown field `selectableFields`"),
        (33, "`networking.k8s.io/v1 ServiceCIDR`"),
    ];
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/manifests/good");
    let store = SchemaStore::new();
    let mut objects = 0;
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("the folder can be listed").path();
        let text = std::fs::read_to_string(&path).expect("a manifest can be read");
        objects += documents(&text).len();
        for version in Version::ALL {
            let mut findings = findings_of(&text, &store, *version);
            findings
                .retain(|finding| !newer.iter().any(|(since, what)| version.minor < *since && finding.contains(what)));
            assert_eq!(findings, [""; 0], "{} in {version}", path.display());
        }
    }
    assert!(objects > 50, "{objects} objects");
}

proptest::proptest! {
    /// Whatever replaces a stretch of a good manifest, the validator answers.
    #[test]
    fn no_manifest_is_too_broken(from in 0usize..900, length in 0usize..60, text in "[ -~\n€]{0,20}") {
        let good = container("image: web:1\nports: [{name: http, containerPort: 80}]\nenv: [{name: A, value: b}]\nresources: {limits: {cpu: 1}}\nlivenessProbe: {httpGet: {port: http}}");
        let from = from.min(good.len());
        let to = (from + length).min(good.len());
        let broken = format!("{}{text}{}", &good[..from], &good[to..]);
        for document in parse(&SourceMap::new().add("a.yaml", broken)).documents {
            for finding in validate(document.root(), &SchemaStore::new(), Version::LATEST) {
                proptest::prop_assert!(finding.span.is_some() && !finding.message.is_empty());
            }
        }
    }
}
