//! What a pod may not say on the operating system that it is for; containers are judged apart.

use super::RULE;
use crate::api::check::{Check, Place, is_true, items, text};
use crate::yaml::Node;

const OF_LINUX: [&str; 10] = [
    "appArmorProfile",
    "seLinuxOptions",
    "seccompProfile",
    "fsGroup",
    "fsGroupChangePolicy",
    "runAsUser",
    "runAsGroup",
    "supplementalGroups",
    "supplementalGroupsPolicy",
    "seLinuxChangePolicy",
];

pub(super) fn judge<'d>(check: &mut Check<'d>, spec: Node<'d>) {
    let Some(os) = spec.field("os") else { return };
    match text(os, "name") {
        "" => _ = check.required(RULE, os, "name"),
        "linux" => {
            if let Some(context) = spec.field("securityContext") {
                check.forbidden(RULE, context, "windowsOptions", "are not for pods for Linux");
            }
        }
        "windows" => windows(check, spec),
        _ => {
            let place = os.field("name").map_or_else(|| os.head(), Node::head);
            let message = "`os.name` must be `linux` or `windows`";
            check.error(RULE, Place::Shown(place, spec, "os"), message);
        }
    }
}

fn windows<'d>(check: &mut Check<'d>, spec: Node<'d>) {
    const WHY: &str = "is not for pods for Windows";
    if let Some(context) = spec.field("securityContext") {
        for field in OF_LINUX {
            let dropped = ["supplementalGroupsPolicy", "seLinuxChangePolicy"].contains(&field) && !check.since(33);
            if !dropped {
                check.forbidden(RULE, context, field, WHY);
            }
        }
        if items(context, "sysctls").next().is_some() {
            check.forbidden(RULE, context, "sysctls", WHY);
        }
    }
    if check.since(33) {
        check.forbidden(RULE, spec, "hostUsers", WHY);
    }
    for field in ["hostPID", "hostIPC"] {
        if is_true(spec, field) {
            check.forbidden(RULE, spec, field, WHY);
        }
    }
    check.forbidden(RULE, spec, "shareProcessNamespace", WHY);
}
