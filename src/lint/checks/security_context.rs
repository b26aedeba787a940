//! What a container's security context allows: flags, capabilities, system calls.

use super::Check;
use crate::lint::finding::called;
use crate::lint::params::Params;
use crate::object::Container;
use crate::yaml::Node;

/// A boolean of the container's security context must not, or must, have a value (`is`: true or false).
///
/// With `unset: fails` it has to be given. It points at the wrong value, or at the container that gives none.
pub(super) fn flag(params: &mut Params<'_>) -> Check {
    let field = params.text("field");
    let must = params.flag("is", true);
    let unset_fails = params.word("unset", &["fails", "passes"]) == "fails";
    Check::container(move |pod, container, findings| {
        if pod.is_windows() {
            return;
        }
        match container.node.at(&["securityContext", &field]) {
            None if unset_fails => _ = findings.lacking(container.node),
            Some(value) if value.as_bool() == Some(!must) => _ = findings.at(value),
            _ => {}
        }
    })
}

/// `capabilities.drop` must hold a capability, or `ALL`.
pub(super) fn undropped_capability(params: &mut Params<'_>) -> Check {
    let wanted = params.text("capability");
    Check::container(move |pod, container, findings| {
        if pod.is_windows() {
            return;
        }
        let drop = container.node.at(&["securityContext", "capabilities", "drop"]);
        let drops = |node: Node<'_>| {
            node.items().map(Node::text).any(|name| name.eq_ignore_ascii_case("ALL") || name == wanted)
        };
        match drop {
            None => _ = findings.lacking(container.node),
            Some(drop) if !drops(drop) => {
                let message = format!("{} does not drop the capability `{wanted}`", called(container));
                findings.at(drop).message(message);
            }
            Some(_) => {}
        }
    })
}

/// `capabilities.add` must hold nothing but what is `allowed`.
pub(super) fn added_capability(params: &mut Params<'_>) -> Check {
    let allowed = params.list("allowed");
    Check::container(move |_, container, findings| {
        let added = container.node.at(&["securityContext", "capabilities", "add"]);
        // Names are compared as they are: the server's own policy knows no `chown` and no `CAP_CHOWN`.
        for item in added.into_iter().flat_map(Node::items) {
            let name = item.text();
            if !allowed.iter().any(|allowed| allowed == name) {
                findings.at(item).message(format!("{} adds the capability `{name}`", called(container)));
            }
        }
    })
}

/// Every container must run under a seccomp profile, its own or the pod's, that is not `Unconfined`.
pub(super) fn seccomp(_: &mut Params<'_>) -> Check {
    Check::pod(|_, pod, findings| {
        if pod.is_windows() {
            return;
        }
        let profile = |node: Node<'_>| node.at(&["securityContext", "seccompProfile", "type"]).is_some();
        for context in std::iter::once(pod.spec).chain(pod.containers().map(|container| container.node)) {
            if let Some(kind) = context.at(&["securityContext", "seccompProfile", "type"])
                && kind.text() == "Unconfined"
            {
                findings.at(kind).message("`Unconfined` allows every system call");
            }
        }
        if !profile(pod.spec) {
            let bare = |container: &Container<'_>| !profile(container.node);
            pod.containers().filter(bare).for_each(|container| _ = findings.lacking(container.node));
        }
    })
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::{pod, problems};

    #[test]
    fn a_profile_of_the_pod_counts_for_its_containers() {
        let text = pod("securityContext: {seccompProfile: {type: RuntimeDefault}}", "image: a:1");
        assert_eq!(problems("missing-seccomp-profile", &text), [""; 0]);
    }

    #[test]
    fn an_unconfined_container_is_named_once_where_it_says_so() {
        let text = pod(
            "securityContext: {seccompProfile: {type: RuntimeDefault}}",
            "securityContext: {seccompProfile: {type: Unconfined}}",
        );
        assert_eq!(
            problems("missing-seccomp-profile", &text),
            ["8:48 spec.containers[0].securityContext.seccompProfile.type: `Unconfined` allows every system call"]
        );
    }

    #[test]
    fn linux_rules_leave_windows_alone() {
        let text = pod("os: {name: windows}", "image: a:1");
        for rule in ["missing-seccomp-profile", "writable-root-filesystem", "capabilities-not-dropped"] {
            assert_eq!(problems(rule, &text), [""; 0], "{rule}");
        }
    }

    #[test]
    fn dropping_something_is_not_dropping_all() {
        let text = pod("dnsPolicy: Default", "securityContext: {capabilities: {drop: [NET_RAW]}}");
        assert_eq!(
            problems("capabilities-not-dropped", &text),
            [
                "8:46 spec.containers[0].securityContext.capabilities.drop: container `web` does not drop the capability `ALL`"
            ]
        );
    }
}
