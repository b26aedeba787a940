//! What a container may not say on the operating system that its pod is for.

use super::Pod;
use crate::api::check::Check;
use crate::yaml::Node;

/// Fields of a security context that Windows does not have.
const LINUX_ONLY: [&str; 10] = [
    "appArmorProfile",
    "seLinuxOptions",
    "seccompProfile",
    "capabilities",
    "readOnlyRootFilesystem",
    "privileged",
    "allowPrivilegeEscalation",
    "procMount",
    "runAsUser",
    "runAsGroup",
];

/// Judges a container's security context by the operating system, where the pod names it.
pub(super) fn judge<'d>(check: &mut Check<'d>, pod: &Pod<'d>, context: Node<'d>) {
    if pod.is_for("windows") {
        for field in LINUX_ONLY {
            check.forbidden("api/security-context", context, field, "is not for pods for Windows");
        }
    } else if pod.is_for("linux") {
        check.forbidden("api/security-context", context, "windowsOptions", "are not for pods for Linux");
    }
}
