//! Which user containers run as. A container's own security context wins over the pod's.

use super::Check;
use crate::lint::params::Params;
use crate::object::{Container, Pod};
use crate::yaml::Node;

fn own<'d>(node: Node<'d>, field: &str) -> Option<Node<'d>> {
    node.at(&["securityContext", field])
}

fn effective<'d>(pod: &Pod<'d>, container: Container<'d>, field: &str) -> Option<Node<'d>> {
    own(container.node, field).or_else(|| own(pod.spec, field))
}

/// In a user namespace, root in the container is nobody on the node.
fn is_mapped(pod: &Pod<'_>) -> bool {
    pod.spec.field("hostUsers").and_then(Node::as_bool) == Some(false)
}

fn is_root(user: Node<'_>) -> bool {
    user.as_i64() == Some(0)
}

/// No `runAsUser` may be 0. It points at each 0 once.
pub(super) fn root(_: &mut Params<'_>) -> Check {
    Check::pod(|_, pod, findings| {
        if pod.is_windows() || is_mapped(pod) {
            return;
        }
        let inherited = pod.containers().any(|container| own(container.node, "runAsUser").is_none());
        let shared = own(pod.spec, "runAsUser").filter(|_| inherited);
        let users = pod.containers().filter_map(|container| own(container.node, "runAsUser"));
        for user in shared.into_iter().chain(users).filter(|user| is_root(*user)) {
            findings.at(user);
        }
    })
}

/// Every container must have `runAsNonRoot: true` or a `runAsUser` other than 0.
///
/// One that says 0 is left to [`root`].
pub(super) fn non_root(_: &mut Params<'_>) -> Check {
    Check::container(|pod, container, findings| {
        let proven = effective(pod, container, "runAsNonRoot").and_then(Node::as_bool) == Some(true);
        let user = effective(pod, container, "runAsUser");
        if pod.is_windows() || is_mapped(pod) || proven || user.is_some() {
            return;
        }
        match own(container.node, "runAsNonRoot") {
            Some(denied) => findings.at(denied),
            None => findings.lacking(container.node),
        };
    })
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::{pod, problems};

    #[test]
    fn the_pods_user_counts_where_the_container_says_nothing() {
        for (of_pod, of_container, root, unproven) in [
            ("{}", "{}", 0, 1),
            ("{runAsNonRoot: true}", "{}", 0, 0),
            ("{runAsUser: 1000}", "{}", 0, 0),
            ("{runAsUser: 0}", "{}", 1, 0),
            ("{runAsUser: 0}", "{runAsUser: 1000}", 0, 0),
            ("{runAsUser: 1000}", "{runAsUser: 0}", 1, 0),
            ("{runAsNonRoot: true}", "{runAsNonRoot: false}", 0, 1),
            ("{runAsNonRoot: true, runAsUser: 0}", "{}", 1, 0),
        ] {
            let text = pod(&format!("securityContext: {of_pod}"), &format!("securityContext: {of_container}"));
            let count = |rule| problems(rule, &text).len();
            let found = (count("run-as-root"), count("run-as-non-root-unproven"));
            assert_eq!(found, (root, unproven), "{of_pod} {of_container}");
        }
    }

    #[test]
    fn root_in_a_user_namespace_is_nobody() {
        let text = pod("hostUsers: false", "securityContext: {runAsUser: 0}");
        assert_eq!(problems("run-as-root", &text), [""; 0]);
    }
}
