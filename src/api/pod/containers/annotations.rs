//! Annotations that gave profiles to containers before security contexts did.
//!
//! Whether they are well written is the pod's business; here they are held against the fields.

use super::Pod;
use crate::api::check::{Check, text};
use crate::yaml::{Entry, Node};

const SECCOMP: &str = "container.seccomp.security.alpha.kubernetes.io/";
const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";

/// Judges the annotations of a pod about its containers.
pub(super) fn judge<'d>(check: &mut Check<'d>, pod: &Pod<'d>) {
    let annotations = pod.spec.parent().and_then(|holder| holder.at(&["metadata", "annotations"]));
    for entry in annotations.into_iter().flat_map(Node::entries) {
        if let Some(container) = entry.name().strip_prefix(SECCOMP).and_then(|name| container(pod, name)) {
            seccomp(check, entry, container);
        } else if let Some(container) = entry.name().strip_prefix(APP_ARMOR).and_then(|name| container(pod, name))
            && check.since(30)
        {
            app_armor(check, pod, entry, container);
        }
    }
}

fn container<'d>(pod: &Pod<'d>, name: &str) -> Option<Node<'d>> {
    pod.containers().map(|(_, container)| container).find(|container| text(*container, "name") == name)
}

fn seccomp<'d>(check: &mut Check<'d>, entry: Entry<'d>, container: Node<'d>) {
    const FIELD: &str = "seccompProfile";
    let Some(profile) = container.at(&["securityContext", FIELD]) else { return out_of_use(check, entry, FIELD) };
    let stands_for_default = entry.value.text() == "docker/default" && text(profile, "type") == "RuntimeDefault";
    if let Some(field) = difference(profile, entry.value.text()).filter(|_| !stands_for_default) {
        let path = format!("{}.{field}", profile.path_from(check.root()));
        contradiction(check, entry, profile, path);
    }
}

/// The pod's profile is its containers'. In a Pod, though, the server copies the annotation to the container first.
fn app_armor<'d>(check: &mut Check<'d>, pod: &Pod<'d>, entry: Entry<'d>, container: Node<'d>) {
    const FIELD: &str = "appArmorProfile";
    let (own, of_pod) = (container.at(&["securityContext", FIELD]), pod.spec.at(&["securityContext", FIELD]));
    let windows = pod.is_for("windows");
    let is_profile = matches!(entry.value.text(), "runtime/default" | "unconfined")
        || entry.value.text().strip_prefix("localhost/").is_some_and(|name| !name.is_empty() && name.trim() == name);
    let copied = pod.is_pod && is_profile && own.is_none();
    let profile = own.or(of_pod);
    match profile.and_then(|profile| Some((profile, difference(profile, entry.value.text())?))) {
        Some((profile, field)) if !copied && !windows => {
            let path = format!("{}.securityContext.{FIELD}.{field}", container.path_from(check.root()));
            contradiction(check, entry, profile, path);
        }
        differs => {
            let says_the_same = profile.is_some() && differs.is_none();
            if own.is_none() && !says_the_same && !(pod.is_pod && windows) {
                out_of_use(check, entry, FIELD);
            }
        }
    }
}

fn out_of_use<'d>(check: &mut Check<'d>, entry: Entry<'d>, field: &str) {
    let message = format!("`{}` is out of use: `{field}` took its place", entry.name());
    check
        .warning("api/deprecated", entry.value, message)
        .help(format!("write `{field}` in the `securityContext` of the container"));
}

fn contradiction<'d>(check: &mut Check<'d>, entry: Entry<'d>, profile: Node<'d>, path: String) {
    let message = format!("the annotation `{}` says another profile", entry.name());
    check
        .error("api/security-context", profile, message)
        .label(entry.key.span(), "the annotation")
        .help("remove the annotation")
        .path(path);
}

/// Gives the field in which a profile says something else than an annotation.
fn difference(profile: Node<'_>, annotation: &str) -> Option<&'static str> {
    let same_type = match text(profile, "type") {
        "Unconfined" => annotation == "unconfined",
        "RuntimeDefault" => annotation == "runtime/default",
        "Localhost" => annotation.starts_with("localhost/"),
        _ => true,
    };
    if !same_type {
        return Some("type");
    }
    let name = annotation.strip_prefix("localhost/")?;
    (text(profile, "localhostProfile") != name).then_some("localhostProfile")
}
