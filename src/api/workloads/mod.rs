//! Workloads that keep pods running: Deployments, StatefulSets, DaemonSets and their like.

mod strategy;
pub(super) mod template;

use super::Judge;
use super::check::{Check, Place, items, plain, show, text};
use super::meta::made_up;
use super::selector::{self, label_selector};
use super::storage::claim;
use super::syntax::{dns_label, dns_subdomain};
use crate::diagnostic::Diagnostic;
use crate::schema::Version;
use crate::yaml::{Kind, Node};
use std::borrow::Cow;
pub(super) use template::{Templated, labels_fit};

/// The rule of what this area judges.
const RULE: &str = "api/workload";

/// Gives the judge of a kind.
pub(super) fn find(group: &str, kind: &str) -> Option<Judge> {
    let judge: Judge = match (group, kind) {
        ("apps", "Deployment") => deployment,
        ("apps", "ReplicaSet") => replica_set,
        ("apps", "StatefulSet") => stateful_set,
        ("apps", "DaemonSet") => daemon_set,
        ("apps", "ControllerRevision") => controller_revision,
        ("", "ReplicationController") => replication_controller,
        ("", "PodTemplate") => pod_template,
        _ => return None,
    };
    Some(judge)
}

/// Warns of a name that is no DNS label, where pods get it.
pub(super) fn name_of_pods<'d>(check: &mut Check<'d>, object: Node<'d>) {
    let Some(metadata) = object.field("metadata") else { return };
    let name = name_of(metadata);
    if dns_subdomain(&name).is_none()
        && let Some(problem) = dns_label(&name)
    {
        let message = format!("pods and their hosts get the name `{}`, but it {problem}", show(&name));
        check
            .warning("api/name", (metadata, "name"), message)
            .help("write a DNS label: no dots, and up to 63 characters");
    }
}

/// The name that an object will have: with letters in place of those that the server makes up.
pub(super) fn name_of(metadata: Node<'_>) -> Cow<'_, str> {
    match (text(metadata, "name"), text(metadata, "generateName")) {
        ("", front) if !front.is_empty() => Cow::Owned(made_up(front)),
        (name, _) => Cow::Borrowed(name),
    }
}

/// Requires numbers, where they are written, to be zero or more.
pub(super) fn no_negatives<'d>(check: &mut Check<'d>, rule: &'static str, map: Node<'d>, fields: &[&'static str]) {
    for field in fields {
        check.range(rule, map, field, 0, i64::MAX);
    }
}

/// Gives the `spec` of a workload, where it has one; the schemas report where it must.
fn spec_of(object: Node<'_>) -> Option<Node<'_>> {
    object.field("spec").filter(|spec| spec.kind() == Kind::Map)
}

fn deployment<'d>(check: &mut Check<'d>, object: Node<'d>) {
    name_of_pods(check, object);
    let Some(spec) = spec_of(object) else { return };
    no_negatives(
        check,
        RULE,
        spec,
        &["replicas", "minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"],
    );
    selector_and_template(check, spec, Templated::Always);
    strategy::deployment(check, spec);
    let number = |field: &str, default: i64| spec.field(field).map_or(Some(default), Node::as_i64);
    if let (Some(deadline), Some(ready)) = (number("progressDeadlineSeconds", 600), number("minReadySeconds", 0))
        && deadline <= ready
    {
        let message =
            format!("`progressDeadlineSeconds` is {deadline}, but must exceed `minReadySeconds`, which is {ready}");
        check.error(RULE, (spec, "progressDeadlineSeconds"), message);
    }
}

fn replica_set<'d>(check: &mut Check<'d>, object: Node<'d>) {
    name_of_pods(check, object);
    let Some(spec) = spec_of(object) else { return };
    no_negatives(check, RULE, spec, &["replicas", "minReadySeconds"]);
    selector_and_template(check, spec, Templated::Always);
}

fn daemon_set<'d>(check: &mut Check<'d>, object: Node<'d>) {
    if object.at(&["spec", "selector"]).is_none() {
        let place = (object, &["spec", "template", "metadata", "labels"]);
        check
            .error("api/selector", place, "without a `selector`, the DaemonSet has no pods")
            .help("write a `selector`");
    }
    let Some(spec) = spec_of(object) else { return };
    no_negatives(check, RULE, spec, &["minReadySeconds", "revisionHistoryLimit"]);
    selector_and_template(check, spec, Templated::Always);
    strategy::daemon_set(check, spec);
}

/// Tells whether a finding of the schemas is about what a server does not look into: before 1.34, pods and claims of
/// StatefulSets.
pub(super) fn is_unread(finding: &Diagnostic, version: Version) -> bool {
    let of_stateful_set = || {
        let object = finding.object.as_ref();
        object.is_some_and(|object| object.kind == "StatefulSet" && object.api_version == "apps/v1")
    };
    // Of what is read into fields, the numbers out of range and the items left empty are not looked into either.
    let validated = || match finding.rule.as_ref() {
        "schema/required" | "schema/enum" | "schema/duplicate-item" => true,
        "schema/format" => {
            let undecoded = ["does not fit", "is no quantity", "base64", "RFC 3339"];
            !undecoded.iter().any(|why| finding.message.contains(why))
        }
        "schema/type" => finding.message.ends_with(" is empty"),
        _ => false,
    };
    // Before 1.37 servers drop it, whatever it is.
    let dropped = "spec.updateStrategy.rollingUpdate.maxUnavailable";
    if of_stateful_set() && finding.path.as_deref() == Some(dropped) {
        return (version.major, version.minor) < (1, 37) && validated() && finding.rule == "schema/format";
    }
    let inside = |path: &str| path.starts_with("spec.template.spec") || path.starts_with("spec.volumeClaimTemplates[");
    (version.major, version.minor) < (1, 34)
        && validated()
        && of_stateful_set()
        && finding.path.as_deref().is_some_and(inside)
}

fn stateful_set<'d>(check: &mut Check<'d>, object: Node<'d>) {
    let Some(spec) = spec_of(object) else { return };
    no_negatives(check, RULE, spec, &["replicas", "minReadySeconds"]);
    if let Some(ordinals) = spec.field("ordinals") {
        no_negatives(check, RULE, ordinals, &["start"]);
    }
    let service = text(spec, "serviceName");
    if check.since(33) && !service.is_empty() {
        check.syntax("api/name", (spec, "serviceName"), "serviceName", service, dns_label);
    }
    // Servers before 1.34 look neither into the pods nor into their claims.
    let templated = if check.since(34) { Templated::Always } else { Templated::Unread };
    selector_and_template(check, spec, templated);
    strategy::stateful_set(check, spec);
    if check.since(34) {
        claims(check, spec);
    }
    let history = spec.field("revisionHistoryLimit").filter(|limit| limit.as_i64().is_some_and(|limit| limit < 0));
    if check.since(33)
        && let Some(limit) = history
    {
        let message = "a `revisionHistoryLimit` below 0 keeps all revisions for ever";
        check.warning(RULE, limit, message).help("write a number of revisions, 0 or more");
    }
}

/// Judges the claims from which the pods of a StatefulSet get volumes of their own.
fn claims<'d>(check: &mut Check<'d>, spec: Node<'d>) {
    for claim in items(spec, "volumeClaimTemplates") {
        claim::spec(check, claim, claim::Of::Pod);
        claim::warnings(check, claim);
        // The server makes a volume of each claim, and names that.
        let metadata = claim.field("metadata").unwrap_or(claim);
        let name = text(metadata, "name");
        let (path, problem): (&'static [&'static str], _) = match name {
            "" => (
                &["template", "spec", "volumes", "[0]", "persistentVolumeClaim", "claimName"],
                Some("is missing".to_owned()),
            ),
            _ => (&["template", "spec", "volumes", "[0]", "name"], dns_label(name)),
        };
        if let Some(problem) = problem {
            let span = metadata.field("name").map_or_else(|| metadata.head(), Node::span);
            let message = format!("the claim's `name` names a volume of the pods, but {problem}");
            check.error("api/name", Place::Deep(span, spec, path), message);
        }
    }
}

fn controller_revision<'d>(check: &mut Check<'d>, object: Node<'d>) {
    no_negatives(check, RULE, object, &["revision"]);
    match object.field("data") {
        None => _ = check.error(RULE, (object, "data"), "`data` is missing"),
        Some(data) if data.kind() != Kind::Map && check.since(31) => {
            check.error(RULE, data, "`data` must be a map");
        }
        Some(_) => {}
    }
}

fn replication_controller<'d>(check: &mut Check<'d>, object: Node<'d>) {
    name_of_pods(check, object);
    let spec = object.field("spec");
    let template = spec.and_then(|spec| spec.field("template"));
    let labels = template.and_then(|template| template.at(&["metadata", "labels"]));
    let wanted = spec.and_then(|spec| spec.field("selector")).filter(|selector| selector.entries().len() > 0);
    // Without a selector, the pods' labels are it.
    if wanted.or(labels).is_none_or(|labels| labels.entries().len() == 0) {
        let message = "`selector` is missing, and the pods have no labels to stand in for it";
        check.error("api/selector", (object, &["spec", "selector"]), message);
    }
    if template.is_none() {
        check.error(RULE, (object, &["spec", "template"]), "`template` is missing");
        return;
    }
    let Some(spec) = spec else { return };
    no_negatives(check, RULE, spec, &["replicas", "minReadySeconds"]);
    let unmet = wanted
        .into_iter()
        .flat_map(Node::entries)
        .find(|entry| labels.and_then(|labels| labels.get(entry.name())).map(plain) != Some(plain(entry.value)));
    if let Some(entry) = unmet {
        let wants = format!("`{}: {}`", entry.name(), show(plain(entry.value)));
        template::misfit(check, spec, entry.value.span(), &wants);
    }
    let mark = check.mark();
    template::judge(check, spec, Templated::Always);
    template::labels_of_both(check, object, mark);
}

fn pod_template<'d>(check: &mut Check<'d>, object: Node<'d>) {
    match object.field("template") {
        Some(template) => template::pods(check, template),
        None => _ = check.error(RULE, (object, &["template", "spec", "containers"]), "`template` is missing"),
    }
}

/// Judges a selector, the template that it must fit, and the template itself.
fn selector_and_template<'d>(check: &mut Check<'d>, spec: Node<'d>, templated: Templated) {
    if let Some(selector) = spec.field("selector") {
        label_selector(check, selector);
        if selector::is_empty(selector) {
            let message = "an empty `selector` would take every pod of the namespace";
            check.error("api/selector", selector, message).help("write a label of the pods: `matchLabels: {app: web}`");
        }
        labels_fit(check, spec, selector);
    }
    template::judge(check, spec, templated);
}

#[cfg(test)]
mod tests {
    use crate::api::testing::heads;

    #[test]
    fn workloads_and_their_templates() {
        let found = heads(
            "
{apiVersion: apps/v1, kind: Deployment, metadata: {name: a.b}, spec: {replicas: -1, minReadySeconds: 600, selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: wep}}, spec: {restartPolicy: Never, activeDeadlineSeconds: 5, containers: [{name: a, image: a}]}}}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}}
---
{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: a}, spec: {selector: {}, template: {metadata: {labels: {-a: b}}}}}
---
{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: a}, spec: {template: {spec: {containers: [{name: a, image: a}]}}}}
---
{apiVersion: v1, kind: ReplicationController, metadata: {name: a}, spec: {template: {metadata: {labels: {}}, spec: {containers: [{name: a, image: a}]}}}}
---
{apiVersion: v1, kind: ReplicationController, metadata: {name: a}, spec: {selector: {app: web}, template: {metadata: {labels: {-a: b}}, spec: {containers: [{name: a, image: a}]}}}}
---
{apiVersion: v1, kind: PodTemplate, metadata: {name: a}}
---
{apiVersion: apps/v1, kind: ControllerRevision, metadata: {name: a}, revision: -1, data: null}
",
        );
        assert_eq!(
            found,
            [
                "warning api/name metadata.name",
                "error api/workload spec.progressDeadlineSeconds",
                "error api/workload spec.replicas",
                "error api/selector spec.template.metadata.labels",
                "error api/restart-policy spec.template.spec.restartPolicy",
                "error api/workload spec.template.spec.activeDeadlineSeconds",
                "error schema/required spec.selector",
                "error api/selector spec.selector",
                "error schema/required spec.template.spec.containers",
                "error api/labels spec.template.labels",
                "error schema/required spec.selector",
                "error api/selector spec.template.metadata.labels",
                "error api/selector spec.selector",
                "error api/selector spec.template.metadata.labels",
                "error api/labels metadata.labels",
                "error api/workload template.spec.containers",
                "error api/workload revision",
                "error schema/required data",
            ],
            "{found:#?}"
        );
    }

    #[test]
    fn stateful_sets_own_names_and_claims() {
        let found = heads(
            "
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: a.b
  ordinals: {start: -1}
  revisionHistoryLimit: -1
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      hostname: Given By The Set
      containers: [{name: a, image: a, volumeMounts: [{name: data, mountPath: /data}, {name: none, mountPath: /none}]}]
  volumeClaimTemplates:
  - {metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}
  - {metadata: {name: A}, spec: {resources: {requests: {storage: 1Gi}}}}
",
        );
        assert_eq!(
            found,
            [
                "error api/name spec.serviceName",
                "error api/workload spec.ordinals.start",
                "warning api/workload spec.revisionHistoryLimit",
                "error api/volume-mount spec.template.spec.containers[0].volumeMounts[1].name",
                "error api/name spec.template.spec.volumes[0].name",
                "error api/claim spec.volumeClaimTemplates[1].spec.accessModes",
            ],
            "{found:#?}"
        );
    }
}
