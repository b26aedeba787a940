//! What containers ask of the node.

use super::Check;
use crate::lint::params::Params;
use crate::object::{Container, Pod, Role};
use crate::schema::Amount;
use crate::yaml::Node;

/// A container that runs as long as its pod must have a request or limit of a resource; with `init-containers`, those that
/// run to their end, too.
pub(super) fn missing(params: &mut Params<'_>) -> Check {
    let field = params.word("field", &["requests", "limits"]);
    let resource = params.text("resource");
    let init = params.flag("init-containers", false);
    Check::container(move |pod, container, findings| {
        let asked = runs_on(container) || (init && container.role == Role::Init);
        if asked && !has(pod, container, field, &resource) {
            // What is asked for on the other side is asked for on this one.
            let other = if field == "requests" { "limits" } else { "requests" };
            let known =
                [container.node, pod.spec].into_iter().find_map(|node| node.at(&["resources", other, &resource]));
            let amount = known.map_or(usual(field, &resource), |known| Some(known.text()));
            let finding = findings.lacking(container.node);
            if let Some(amount) = amount {
                finding.set(container.node, &format!("resources.{field}.{resource}"), amount);
            }
        }
    })
}

/// Gives an amount to begin with, which a person must judge.
fn usual(field: &str, resource: &str) -> Option<&'static str> {
    match (field, resource) {
        ("requests", "cpu") => Some("100m"),
        ("requests", "memory") => Some("128Mi"),
        ("limits", "cpu") => Some("500m"),
        ("limits", "memory") => Some("256Mi"),
        ("requests", "ephemeral-storage") => Some("1Gi"),
        ("limits", "ephemeral-storage") => Some("2Gi"),
        _ => None,
    }
}

/// Tells whether a container runs as long as its pod does: main ones and sidecars.
pub(super) fn runs_on(container: Container<'_>) -> bool {
    matches!(container.role, Role::Main | Role::Sidecar)
}

/// Tells whether a container has a request or limit, of its own or of its pod.
///
/// The server takes a limit for the request where there is none.
pub(super) fn has(pod: &Pod<'_>, container: Container<'_>, field: &str, resource: &str) -> bool {
    let given = |node: Node<'_>, field: &str| {
        let quantity = node.at(&["resources", field, resource]);
        quantity.is_some_and(|quantity| Amount::read(quantity.text()).is_none_or(|amount| amount > Amount::ZERO))
    };
    let either = |field: &str| given(container.node, field) || given(pod.spec, field);
    either(field) || (field == "requests" && either("limits"))
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::{pod, problems};

    #[test]
    fn a_request_may_come_from_a_limit_or_from_the_pod() {
        for (of_pod, of_container, flagged) in [
            ("{}", "{}", true),
            ("{}", "{requests: {cpu: 100m}}", false),
            ("{}", "{requests: {cpu: 0}}", true),
            ("{}", "{requests: {cpu: 0m}}", true),
            ("{}", "{requests: {memory: 1Gi}}", true),
            ("{}", "{limits: {cpu: 1}}", false),
            ("{requests: {cpu: 1}}", "{}", false),
        ] {
            let text = pod(&format!("resources: {of_pod}"), &format!("resources: {of_container}"));
            let found = problems("missing-cpu-request", &text).len();
            assert_eq!(found, usize::from(flagged), "{of_pod} {of_container}");
        }
    }
}
