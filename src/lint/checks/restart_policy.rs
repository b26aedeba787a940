//! When pods are started again.

use super::Check;
use crate::lint::params::Params;

/// The restart policy, `Always` where none is written, must be one of `allowed`.
pub(super) fn build(params: &mut Params<'_>) -> Check {
    let allowed = params.list("allowed");
    Check::pod(move |_, pod, findings| match pod.spec.field("restartPolicy") {
        Some(policy) if allowed.iter().any(|allowed| allowed == policy.text()) => {}
        Some(policy) => _ = findings.at(policy),
        None if allowed.iter().any(|allowed| allowed == "Always") => {}
        None => _ = findings.at(pod.spec).message("pod template has no restart policy, which means `Always`"),
    })
}
