//! Booleans of the pod's own spec.

use super::Check;
use crate::lint::params::Params;
use crate::yaml::Node;

/// A boolean of the pod's spec must not be true.
pub(super) fn flag(params: &mut Params<'_>) -> Check {
    let field = params.text("field");
    Check::pod(move |_, pod, findings| {
        if let Some(value) = pod.spec.field(&field).filter(|value| Node::as_bool(*value) == Some(true)) {
            findings.at(value);
        }
    })
}
