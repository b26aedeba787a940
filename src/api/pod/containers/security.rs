//! The security context of a container.

use super::{Pod, is_privileged, os, profiles, windows};
use crate::api::check::{Check, items};
use crate::yaml::Node;

/// Judges the security context of a container, if it has one.
pub(super) fn judge<'d>(check: &mut Check<'d>, pod: &Pod<'d>, container: Node<'d>) {
    let Some(context) = container.field("securityContext") else { return };
    for field in ["runAsUser", "runAsGroup"] {
        check.range("api/security-context", context, field, 0, i64::from(i32::MAX));
    }
    if check.since(33)
        && context.field("procMount").is_some()
        && check.word("api/security-context", context, "procMount", &["Default", "Unmasked"])
        && context.field("procMount").is_some_and(|mount| mount.text() == "Unmasked")
        && !pod.has_own_users()
    {
        let message = "`procMount: Unmasked` needs a user namespace";
        check.error("api/security-context", (context, "procMount"), message).help("write `hostUsers: false`");
    }
    escalation(check, container, context);
    of_any(check, context);
    os::judge(check, pod, context);
}

/// Judges what the security contexts of pods and of containers say alike.
pub(super) fn of_any<'d>(check: &mut Check<'d>, context: Node<'d>) {
    profiles::seccomp(check, context);
    if check.since(30) {
        profiles::app_armor(check, context);
    }
    if let Some(options) = context.field("windowsOptions") {
        windows::options(check, options);
    }
}

/// Judges `allowPrivilegeEscalation: false`, which some rights contradict.
fn escalation<'d>(check: &mut Check<'d>, container: Node<'d>, context: Node<'d>) {
    let Some(escalation) = context.field("allowPrivilegeEscalation") else { return };
    if escalation.as_bool() != Some(false) {
        return;
    }
    if is_privileged(container) {
        let message = "`privileged: true` contradicts `allowPrivilegeEscalation: false`";
        check
            .error("api/security-context", context, message)
            .label(escalation.span(), "this says no")
            .help("remove one of them");
    }
    let added = context.field("capabilities").into_iter().flat_map(|capabilities| items(capabilities, "add"));
    for capability in added.filter(|capability| capability.text() == "CAP_SYS_ADMIN") {
        let message = "the capability `CAP_SYS_ADMIN` contradicts `allowPrivilegeEscalation: false`";
        check
            .error("api/security-context", context, message)
            .label(capability.span(), "the capability")
            .help("remove one of them");
    }
}
