//! Which users and groups containers run as. A container's own security context wins over the pod's.

use super::Check;
use crate::diagnostic::Change;
use crate::lint::finding::called;
use crate::lint::params::Params;
use crate::object::{Container, Pod};
use crate::yaml::{Kind, Node};

/// A user or group that nothing on the node is likely to have.
const OTHER: i64 = 10001;

fn own<'d>(node: Node<'d>, field: &str) -> Option<Node<'d>> {
    node.at(&["securityContext", field])
}

fn effective<'d>(pod: &Pod<'d>, container: Container<'d>, field: &str) -> Option<Node<'d>> {
    own(container.node, field).or_else(|| own(pod.spec, field))
}

/// Asks whether a pod with users of its own is waived: in a user namespace, root in the container is nobody on the node.
fn waived(params: &mut Params<'_>) -> impl Fn(&Pod<'_>) -> bool + use<> {
    let passes = params.word("user-namespace", &["passes", "flagged"]) == "passes";
    move |pod| passes && pod.has_own_users()
}

/// No user or group of these `fields` (of a security context, the pod's or a container's) may be 0. It points at each 0.
///
/// One of the pod counts even where every container overrides it: containers that are added later inherit it.
pub(super) fn root(params: &mut Params<'_>) -> Check {
    let fields = params.list("fields");
    let waived = waived(params);
    Check::pod(move |_, pod, findings| {
        if waived(pod) {
            return;
        }
        for context in std::iter::once(pod.spec).chain(pod.containers().map(|container| container.node)) {
            for (field, id) in fields.iter().filter_map(|field| Some((field, own(context, field)?))) {
                let ids = std::iter::once(id).chain(id.items());
                for zero in ids.filter(|id| id.as_i64() == Some(0)) {
                    let listed = zero.parent().is_some_and(|parent| parent.kind() == Kind::Seq);
                    let other = if listed { Change::Delete } else { Change::Replace(OTHER.into()) };
                    let found = findings.at(zero);
                    if context == pod.spec {
                        found.message(format!("`{field}` makes root of all containers that do not say otherwise"));
                    }
                    found.change(zero, other);
                }
            }
        }
    })
}

/// Every container must have `runAsNonRoot: true`, its own or the pod's, and nothing may deny it.
///
/// With `user: counts`, a `runAsUser` does as well, whatever it is: one that says 0 is left to [`root`].
pub(super) fn non_root(params: &mut Params<'_>) -> Check {
    let user_counts = params.word("user", &["counts", "ignored"]) == "counts";
    let waived = waived(params);
    Check::pod(move |_, pod, findings| {
        if waived(pod) || (user_counts && pod.is_windows()) {
            return;
        }
        let denied = |flag: &Node<'_>| flag.as_bool() == Some(false);
        let of_pod = own(pod.spec, "runAsNonRoot");
        if !user_counts && let Some(flag) = of_pod.filter(denied) {
            findings.at(flag).message("pod may run as root").change(flag, Change::Replace(true.into()));
        }
        for container in pod.containers() {
            if user_counts && effective(pod, container, "runAsUser").is_some() {
                continue;
            }
            // Where the pod denies it, that has been said, unless users count.
            let open = of_pod.is_none() || (user_counts && of_pod.is_some_and(|flag| denied(&flag)));
            match own(container.node, "runAsNonRoot") {
                Some(flag) if denied(&flag) => _ = findings.at(flag).change(flag, Change::Replace(true.into())),
                None if open => {
                    // Of the pod, unless the pod denies it.
                    let whose = if of_pod.is_none() { pod.spec } else { container.node };
                    findings.lacking(container.node).set(whose, "securityContext.runAsNonRoot", true);
                }
                _ => {}
            }
        }
    })
}

/// The user or group that a container runs as (`field`, its own or the pod's) must be given and be `minimum` or more.
///
/// 0 is left to [`root`].
pub(super) fn low(params: &mut Params<'_>) -> Check {
    let field = params.text("field");
    let minimum = params.number("minimum");
    let waived = waived(params);
    Check::container(move |pod, container, findings| {
        if waived(pod) || pod.is_windows() {
            return;
        }
        let what = if field == "runAsGroup" { "group" } else { "user" };
        match effective(pod, container, &field) {
            None => {
                let finding =
                    findings.lacking(container.node).message(format!("{} names no {what}", called(container)));
                finding.set(container.node, &format!("securityContext.{field}"), minimum + 1);
            }
            Some(id) if id.as_i64().is_some_and(|id| id > 0 && id < minimum) => {
                let finding = findings.at(id).message(format!("{} runs as {what} {}", called(container), id.text()));
                finding.change(id, Change::Replace((minimum + 1).into()));
            }
            Some(_) => {}
        }
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
            ("{runAsUser: 0}", "{runAsUser: 1000}", 1, 0),
            ("{runAsUser: 1000}", "{runAsUser: 0}", 1, 0),
            ("{runAsNonRoot: true}", "{runAsNonRoot: false}", 0, 1),
            ("{runAsNonRoot: false}", "{runAsNonRoot: true}", 0, 0),
            ("{runAsNonRoot: false}", "{}", 0, 1),
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

    #[test]
    fn groups_are_given_alone_or_as_lists() {
        let text = pod("securityContext: {fsGroup: 0, supplementalGroups: [1, 0]}", "image: a:1");
        assert_eq!(problems("root-supplementary-group", &text).len(), 2);
        let text = pod("securityContext: {runAsUser: 1000}", "securityContext: {runAsUser: 20000}");
        assert_eq!(problems("low-user-id", &text), [""; 0]);
        assert_eq!(problems("low-group-id", &text).len(), 1);
    }
}
