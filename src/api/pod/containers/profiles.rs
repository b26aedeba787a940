//! Profiles of seccomp and AppArmor: in security contexts, and in annotations that they took the place of.

use super::{Pod, descending_path};
use crate::api::check::{Check, Place, text};
use crate::yaml::Node;

const TYPES: [&str; 3] = ["Localhost", "RuntimeDefault", "Unconfined"];
const SECCOMP: &str = "container.seccomp.security.alpha.kubernetes.io/";
const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";

/// Judges `seccompProfile` of a security context.
pub(in crate::api::pod) fn seccomp<'d>(check: &mut Check<'d>, context: Node<'d>) {
    let Some(profile) = context.field("seccompProfile") else { return };
    let Some(path) = local(check, profile) else { return };
    check.syntax("api/security-context", path, "localhostProfile", path.text(), descending_path);
}

/// Judges `appArmorProfile` of a security context.
pub(in crate::api::pod) fn app_armor<'d>(check: &mut Check<'d>, context: Node<'d>) {
    const LONGEST: usize = 4095;
    let Some(profile) = context.field("appArmorProfile") else { return };
    let Some(name) = local(check, profile) else { return };
    let length = name.text().len();
    if name.text().trim() != name.text() {
        let message = "`localhostProfile` begins or ends with white space";
        check.error("api/security-context", name, message).help("remove the white space");
    } else if length == 0 {
        check.error("api/security-context", name, "`localhostProfile` is empty").help("name a profile of the node");
    } else if length > LONGEST {
        let message = format!("`localhostProfile` has {length} characters, and may have {LONGEST}");
        check.error("api/security-context", name, message);
    }
}

/// Judges the type of a profile, and that it names one of the node if, and only if, it says so. Gives that name.
fn local<'d>(check: &mut Check<'d>, profile: Node<'d>) -> Option<Node<'d>> {
    check.required("api/security-context", profile, "type")?;
    if !check.word("api/security-context", profile, "type", &TYPES) {
        return None;
    }
    let is_local = text(profile, "type") == "Localhost";
    match profile.field("localhostProfile") {
        Some(name) if is_local => return Some(name),
        Some(name) => {
            let message = "`localhostProfile` is for `type: Localhost` only";
            check.error("api/security-context", name, message).help("remove it, or write `type: Localhost`");
        }
        None if is_local => {
            let message = "`type: Localhost` needs a `localhostProfile`";
            check.error("api/security-context", (profile, "localhostProfile"), message);
        }
        None => {}
    }
    None
}

/// Judges annotations that give profiles to containers.
pub(super) fn annotations<'d>(check: &mut Check<'d>, pod: &Pod<'d>) {
    let metadata = pod.spec.parent().and_then(|holder| holder.field("metadata"));
    let Some(annotations) = metadata.and_then(|metadata| metadata.field("annotations")) else { return };
    for entry in annotations.entries() {
        let (prefix, field) = if entry.name().starts_with(SECCOMP) {
            (SECCOMP, "seccompProfile")
        } else if entry.name().starts_with(APP_ARMOR) && check.since(30) && !(pod.is_pod && pod.is_for("windows")) {
            (APP_ARMOR, "appArmorProfile")
        } else {
            continue;
        };
        let container = entry.name().strip_prefix(prefix).unwrap_or_default();
        let Some((_, container)) = pod.containers().find(|(_, node)| text(*node, "name") == container) else {
            continue;
        };
        let own = container.at(&["securityContext", field]);
        let (seccomp, written) = (prefix == SECCOMP, entry.value.text());
        // For AppArmor the pod's profile stands in for the container's, if the annotation says another one.
        let pods = pod.spec.at(&["securityContext", field]).filter(|_| !seccomp);
        if let Some(wrong) = own.and_then(|profile| mismatch(profile, written, seccomp)) {
            let message = format!("the annotation `{}` says another profile", entry.name());
            let said = check.error("api/security-context", wrong, message);
            said.label(entry.key.span(), "the annotation").help("remove the annotation");
        } else if own.is_none() && !pods.is_some_and(|profile| mismatch(profile, written, false).is_none()) {
            let message = format!("`{}` is out of use: `{field}` took its place", entry.name());
            let help = format!("write `securityContext.{field}` of the container");
            check.warning("api/security-context", Place::Value(entry.value), message).help(help);
        }
    }
}

/// Gives the place where a profile says something else than an annotation.
fn mismatch<'d>(profile: Node<'d>, annotation: &str, seccomp: bool) -> Option<Place<'d>> {
    let same_type = match text(profile, "type") {
        "Unconfined" => annotation == "unconfined",
        "RuntimeDefault" => annotation == "runtime/default" || (seccomp && annotation == "docker/default"),
        "Localhost" => annotation.starts_with("localhost/"),
        _ => true,
    };
    if !same_type {
        return Some(Place::Field(profile, "type"));
    }
    let name = annotation.strip_prefix("localhost/")?;
    let same_name = profile.field("localhostProfile").is_some_and(|local| local.text() == name);
    (!same_name).then_some(Place::Field(profile, "localhostProfile"))
}
