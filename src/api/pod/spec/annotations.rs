//! Annotations of a pod that the server reads.

use super::is_pod;
use crate::api::check::{Check, Place, items, show, text};
use crate::yaml::{Entry, Node};

const RULE: &str = "api/annotations";
/// Marks the picture of a pod that a node runs by itself.
pub(super) const MIRROR: &str = "kubernetes.io/config.mirror";
const DELETION_COST: &str = "controller.kubernetes.io/pod-deletion-cost";
const TOLERATIONS: &str = "scheduler.alpha.kubernetes.io/tolerations";
const SECCOMP: &str = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP_OF_CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";
const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";
const OUT_OF_USE: [(&str, &str); 3] = [
    ("scheduler.alpha.kubernetes.io/critical-pod", "priorityClassName"),
    ("security.alpha.kubernetes.io/sysctls", "securityContext.sysctls"),
    ("security.alpha.kubernetes.io/unsafe-sysctls", "securityContext.sysctls"),
];

/// Gives the value of an annotation.
pub(super) fn of<'d>(pod: Node<'d>, key: &str) -> Option<Node<'d>> {
    pod.at(&["metadata", "annotations"])?.get(key)
}

pub(super) fn judge<'d>(check: &mut Check<'d>, pod: Node<'d>, spec: Node<'d>) {
    let Some(annotations) = pod.at(&["metadata", "annotations"]) else { return };
    let mark = check.mark();
    for entry in annotations.entries() {
        errors(check, entry, spec);
    }
    if !is_pod(check, pod) {
        // Of templates the server leaves out where annotations stand.
        check.respell(mark, ".metadata.annotations", ".annotations");
    }
    seccomp(check, pod, spec);
    for (key, field) in OUT_OF_USE {
        if let Some(value) = of(pod, key) {
            let said = check.warning("api/deprecated", value, "this annotation means nothing any more");
            said.help(format!("write `{field}`"));
        }
    }
}

fn errors<'d>(check: &mut Check<'d>, entry: Entry<'d>, spec: Node<'d>) {
    let (key, value) = (entry.name(), entry.value.text());
    let problem = if key == MIRROR {
        text(spec, "nodeName").is_empty().then_some("a mirror of a static pod needs `nodeName`")
    } else if key == DELETION_COST {
        (!is_cost(value)).then_some("the cost must be a whole number of 32 bits")
    } else if key == TOLERATIONS {
        let is_list = || value.trim_start().starts_with('[') && value.trim_end().ends_with(']');
        (!value.is_empty() && !is_list()).then_some("must be a JSON list of tolerations")
    } else if key == SECCOMP || key.starts_with(SECCOMP_OF_CONTAINER) {
        (!is_seccomp_profile(value)).then_some("is no profile of seccomp")
    } else if let Some(container) = key.strip_prefix(APP_ARMOR) {
        let known = ["", "runtime/default", "unconfined"].contains(&value) || value.starts_with("localhost/");
        if has_container(spec, container) {
            (!known).then_some("is no profile of AppArmor")
        } else {
            Some("there is no such container")
        }
    } else {
        None
    };
    if let Some(problem) = problem {
        // Of tolerations the server names all annotations.
        let place = if key == TOLERATIONS { Place::Key(entry) } else { Place::Value(entry.value) };
        check.error(RULE, place, format!("`{}` is `{}`: {problem}", show(key), show(value)));
    }
}

/// Tells whether a text is a whole number of 32 bits as Go writes one: without `+`, and without zeroes before it.
fn is_cost(text: &str) -> bool {
    let front = text == "0" || text.starts_with(['-', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
    front && text.parse::<i32>().is_ok()
}

fn is_seccomp_profile(profile: &str) -> bool {
    match profile.strip_prefix("localhost/") {
        Some(path) => !path.starts_with('/') && path.split('/').all(|part| part != ".."),
        None => ["runtime/default", "docker/default", "unconfined"].contains(&profile),
    }
}

fn has_container(spec: Node<'_>, name: &str) -> bool {
    let roles = ["containers", "initContainers", "ephemeralContainers"];
    roles.into_iter().flat_map(|role| items(spec, role)).any(|container| text(container, "name") == name)
}

/// Holds the pod's profile of seccomp against the annotation that stood for it once.
fn seccomp<'d>(check: &mut Check<'d>, pod: Node<'d>, spec: Node<'d>) {
    let Some(annotation) = of(pod, SECCOMP) else { return };
    let Some(profile) = spec.at(&["securityContext", "seccompProfile"]) else {
        check
            .warning("api/deprecated", annotation, "this annotation means nothing any more")
            .help("write `securityContext.seccompProfile`");
        return;
    };
    let written = annotation.text();
    let same_type = match text(profile, "type") {
        "Unconfined" => written == "unconfined",
        "RuntimeDefault" => ["runtime/default", "docker/default"].contains(&written),
        "Localhost" => written.starts_with("localhost/"),
        _ => true,
    };
    let field = if !same_type {
        "type"
    } else if written.strip_prefix("localhost/").is_some_and(|path| path != text(profile, "localhostProfile")) {
        "localhostProfile"
    } else {
        return;
    };
    let message = format!("`{field}` says another profile than the annotation `{SECCOMP}`");
    check
        .error("api/security-context", (profile, field), message)
        .label(annotation.span(), "the annotation")
        .help("remove the annotation");
}
