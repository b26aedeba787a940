//! Metadata: names by kind, labels, annotations, owners, finalizers.

use super::check::{Check, Place, items, show, text};
use super::syntax::{
    Address, dns_label, dns_label_1035, dns_subdomain, generated, label_value, path_segment, qualified_name,
};
use crate::schema::Type;
use crate::yaml::{Kind, Node};

/// A form of names.
type Form = fn(&str) -> Option<String>;

/// Judges the metadata of an object.
pub(super) fn object<'d>(check: &mut Check<'d>, object: Node<'d>, group: &str, kind: &str, found: &Type<'_>) {
    let Some(metadata) = object.field("metadata").filter(|metadata| metadata.kind() == Kind::Map) else { return };
    if ["authentication.k8s.io", "authorization.k8s.io"].contains(&group) {
        // These are questions: they are answered, not kept.
        return;
    }
    let form = form_of(check, group, kind);
    let name = text(metadata, "name");
    if !name.is_empty() {
        check.syntax("api/name", (metadata, "name"), "name", name, form);
    }
    let front = text(metadata, "generateName");
    if !front.is_empty() {
        let right =
            check.syntax("api/name", (metadata, "generateName"), "generateName", front, |front| generated(front, form));
        if let Some(problem) = form(&made_up(front))
            && right
            && name.is_empty()
        {
            let message = format!("the server makes a name of `{}`, but it {problem}", show(front));
            check.error("api/name", (metadata, "name"), message);
        }
    }
    let namespace = text(metadata, "namespace");
    if found.namespaced && !namespace.is_empty() {
        check.syntax("api/name", (metadata, "namespace"), "namespace", namespace, dns_label);
    }
    common(check, metadata, metadata);
    owners(check, metadata);
    finalizers(check, metadata, !found.custom && wants_domains(group, kind));
    of_the_server(check, metadata);
}

/// Gives a name such as the server makes up of `generateName`.
pub(super) fn made_up(front: &str) -> String {
    const LONGEST: usize = 58;
    front.chars().take(LONGEST).chain("xxxxx".chars()).collect()
}

/// Judges the metadata of a template: labels and annotations, which are all that the server looks at there. It names them
/// as fields of the template.
pub(super) fn template<'d>(check: &mut Check<'d>, template: Node<'d>) {
    if let Some(metadata) = template.field("metadata").filter(|metadata| metadata.kind() == Kind::Map) {
        common(check, metadata, template);
    }
}

/// Judges labels and annotations of metadata that stands within an object and has nothing else.
pub(super) fn within<'d>(check: &mut Check<'d>, metadata: Node<'d>) {
    common(check, metadata, metadata);
    for entry in metadata.entries() {
        let empty = entry.value.is_null() || entry.value.as_str() == Some("") || entry.value.as_i64() == Some(0);
        let allowed = ["labels", "annotations"].contains(&entry.name());
        if !empty && !allowed {
            check.error("api/metadata", entry.value, format!("`{}` may not be set here", show(entry.name())));
        }
    }
}

/// Judges the metadata of an object that stands in a custom resource; its name need only be a segment of a path.
pub(super) fn embedded<'d>(check: &mut Check<'d>, object: Node<'d>) {
    let Some(metadata) = object.field("metadata").filter(|metadata| metadata.kind() == Kind::Map) else { return };
    for field in ["name", "generateName"] {
        check.syntax("api/name", (metadata, field), field, text(metadata, field), path_segment);
    }
    let namespace = text(metadata, "namespace");
    if !namespace.is_empty() {
        check.syntax("api/name", (metadata, "namespace"), "namespace", namespace, dns_label);
    }
    common(check, metadata, metadata);
    owners(check, metadata);
    finalizers(check, metadata, false);
    for entry in items(metadata, "managedFields") {
        if !["Apply", "Update"].contains(&text(entry, "operation")) {
            check.error("api/metadata", (entry, "operation"), "`operation` must be `Apply` or `Update`");
        }
    }
}

/// Judges labels and annotations, which the server names as fields of `holder`.
fn common<'d>(check: &mut Check<'d>, metadata: Node<'d>, holder: Node<'d>) {
    if let Some(labels) = metadata.field("labels") {
        labels_of(check, labels, holder, "labels");
    }
    let Some(annotations) = metadata.field("annotations") else { return };
    let mut size = 0;
    for entry in annotations.entries() {
        size += entry.name().len() + entry.value.text().len();
        let key = entry.name().to_lowercase();
        if let Some(problem) = qualified_name(&key) {
            let place = Place::Shown(entry.key.span(), holder, "annotations");
            let message = format!("`{}` is no key of annotations: it {problem}", show(entry.name()));
            check.error("api/annotations", place, message);
        }
    }
    if size > 256 * 1024 {
        let message = format!("annotations hold {size} bytes, and may hold {} together", 256 * 1024);
        check.error("api/annotations", Place::Shown(annotations.head(), holder, "annotations"), message);
    }
}

/// Judges a map of labels, or of labels that a selector wants.
pub(super) fn labels<'d>(check: &mut Check<'d>, labels: Node<'d>) {
    let held = labels.parent_entry().and_then(|held| Some((held.key.parent()?, held.name())));
    let known = ["labels", "matchLabels", "nodeSelector", "selector"];
    if let Some((holder, name)) = held
        && let Some(field) = known.into_iter().find(|field| *field == name)
    {
        labels_of(check, labels, holder, field);
    }
}

/// Judges a map of labels, which the server names as a field of `holder`.
fn labels_of<'d>(check: &mut Check<'d>, labels: Node<'d>, holder: Node<'d>, field: &'static str) {
    for entry in labels.entries() {
        if let Some(problem) = qualified_name(entry.name()) {
            let place = Place::Shown(entry.key.span(), holder, field);
            check.error("api/labels", place, format!("`{}` is no key of labels: it {problem}", show(entry.name())));
        }
        if !entry.value.is_null()
            && let Some(problem) = label_value(entry.value.text())
        {
            let place = Place::Shown(entry.value.span(), holder, field);
            let message = format!("`{}` is `{}`, but {problem}", entry.name(), show(entry.value.text()));
            check.error("api/labels", place, message);
        }
    }
}

/// Tells whether two references to owners say the same.
fn is_same(first: Node<'_>, second: Node<'_>) -> bool {
    let fields = ["apiVersion", "kind", "name", "uid", "controller", "blockOwnerDeletion"];
    fields.into_iter().all(|field| text(first, field) == text(second, field))
}

fn owners<'d>(check: &mut Check<'d>, metadata: Node<'d>) {
    let mut controller = None;
    for owner in items(metadata, "ownerReferences") {
        for field in ["apiVersion", "kind", "name", "uid"] {
            check.required("api/metadata", owner, field);
        }
        let api_version = text(owner, "apiVersion");
        if api_version.split('/').count() > 2 || api_version.ends_with('/') {
            let message = format!("`apiVersion` is `{}`, but must be `group/version` or `version`", show(api_version));
            check.error("api/metadata", (owner, "apiVersion"), message);
        }
        if api_version == "v1" && text(owner, "kind") == "Event" {
            check.error("api/metadata", owner, "an Event owns nothing");
        }
        // The server drops an owner that stands twice.
        let again =
            items(metadata, "ownerReferences").take_while(|first| *first != owner).any(|first| is_same(first, owner));
        if !again
            && super::check::is_true(owner, "controller")
            && let Some(first) = controller.replace(owner)
        {
            let message = "only one owner may be the controller";
            check.error("api/metadata", (metadata, "ownerReferences"), message).label(first.head(), "one controller");
        }
    }
}

/// Judges what the server writes itself, and takes back from `create` only.
fn of_the_server<'d>(check: &mut Check<'d>, metadata: Node<'d>) {
    if !text(metadata, "uid").is_empty() {
        check.apply_only((metadata, "uid"), "`uid` names an object that exists").help("remove `uid`");
    }
    if items(metadata, "managedFields").next().is_some() {
        check.apply_only((metadata, "managedFields"), "`managedFields` is the server's").help("remove `managedFields`");
    }
    let version = text(metadata, "resourceVersion");
    if !version.is_empty() && version.parse::<u64>().is_err() {
        check.apply_only((metadata, "resourceVersion"), "`resourceVersion` is no number").help("remove it");
    }
}

/// Finalizers without a domain, which objects of built-in kinds may have.
const STANDARD_FINALIZERS: [&str; 3] = ["kubernetes", "orphan", "foregroundDeletion"];

/// Tells whether the validation of a built-in kind wants a domain in finalizers that are not the server's own.
fn wants_domains(group: &str, kind: &str) -> bool {
    const LAX: [&str; 6] = [
        "admissionregistration.k8s.io",
        "apiextensions.k8s.io",
        "apiregistration.k8s.io",
        "coordination.k8s.io",
        "node.k8s.io",
        "policy",
    ];
    !LAX.contains(&group) && (group, kind) != ("", "Event")
}

fn finalizers<'d>(check: &mut Check<'d>, metadata: Node<'d>, domains: bool) {
    for finalizer in items(metadata, "finalizers") {
        if let Some(problem) = qualified_name(finalizer.text()) {
            let place = Place::Shown(finalizer.span(), metadata, "finalizers");
            check.error("api/metadata", place, format!("finalizer `{}` {problem}", show(finalizer.text())));
        } else if domains && !finalizer.text().contains('/') && !STANDARD_FINALIZERS.contains(&finalizer.text()) {
            let message =
                format!("finalizer `{}` has no domain, and is none of the server's own", show(finalizer.text()));
            check.error("api/metadata", finalizer, message).help("write `domain/name`: `example.com/wait`");
        }
    }
    let has = |name: &str| items(metadata, "finalizers").any(|finalizer| finalizer.text() == name);
    if has("orphan") && has("foregroundDeletion") {
        let message = "the finalizers `orphan` and `foregroundDeletion` contradict each other";
        check.error("api/metadata", (metadata, "finalizers"), message);
    }
}

/// The form of a kind's names.
fn form_of(check: &Check<'_>, group: &str, kind: &str) -> Form {
    match (group, kind) {
        ("", "Namespace") | ("apps", "StatefulSet") => dns_label,
        ("", "Service") if check.since(36) => dns_label,
        ("", "Service") => dns_label_1035,
        // Of some more is asked: their judges know.
        ("rbac.authorization.k8s.io" | "apiregistration.k8s.io", _)
        | ("", "Event")
        | ("policy", "PodDisruptionBudget")
        | ("certificates.k8s.io", "CertificateSigningRequest" | "ClusterTrustBundle") => path_segment,
        ("networking.k8s.io", "IPAddress") => |text| {
            let address = Address::read(text).filter(|address| address.is_canonical(text));
            address.is_none().then(|| "must be an IP address in its shortest form".to_owned())
        },
        _ => dns_subdomain,
    }
}

#[cfg(test)]
mod tests {
    use crate::api::testing::judged;

    #[test]
    fn names_labels_and_owners() {
        let found = judged(
            "apiVersion: v1
kind: ConfigMap
metadata:
  name: Web
  labels: {'-a': ok, team: 'a b'}
  annotations: {'a/b/c': x, Upper.Case/Is: fine}
  finalizers: [orphan, foregroundDeletion, 'a b']
  ownerReferences: [{apiVersion: v1, kind: Pod, name: a, uid: b, controller: true}, {apiVersion: a/b/c, kind: Pod, name: a, uid: c, controller: true}]
",
        );
        let heads: Vec<&str> = found.iter().map(|line| line.split(": ").next().unwrap_or_default()).collect();
        assert_eq!(
            heads,
            [
                "error api/name metadata.name",
                "error api/labels metadata.labels",
                "error api/labels metadata.labels",
                "error api/annotations metadata.annotations",
                "error api/metadata metadata.finalizers",
                "error api/metadata metadata.finalizers",
                "error api/metadata metadata.ownerReferences",
                "error api/metadata metadata.ownerReferences[1].apiVersion",
            ],
            "{found:#?}"
        );
    }
}
