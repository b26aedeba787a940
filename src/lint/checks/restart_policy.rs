//! When pods are started again.

use super::Check;
use crate::lint::params::Params;

/// The restart policy, `Always` where none is written, must not be the `forbidden` one.
pub(super) fn build(params: &mut Params<'_>) -> Check {
    let forbidden = params.word("forbidden", &["Always", "OnFailure", "Never"]);
    Check::pod(move |_, pod, findings| match pod.spec.field("restartPolicy") {
        Some(policy) if policy.text() == forbidden => _ = findings.at(policy),
        None if forbidden == "Always" => {
            findings.lacking(pod.spec).message("pod template has no restart policy, which means `Always`");
        }
        _ => {}
    })
}
