//! What a container's security context allows: flags and capabilities.

use super::Check;
use crate::diagnostic::Change;
use crate::lint::finding::{Finding, called};
use crate::lint::params::Params;
use crate::object::Pod;
use crate::yaml::Node;

/// A boolean of the container's security context must not, or must, have a value (`is`: true or false).
///
/// With `unset: fails` it has to be given, except on Windows, where such fields mean nothing. It points at the wrong
/// value, or at the container that gives none.
pub(super) fn flag(params: &mut Params<'_>) -> Check {
    let field = params.text("field");
    let must = params.flag("is", true);
    let unset_fails = params.word("unset", &["fails", "passes"]) == "fails";
    Check::container(move |pod, container, findings| {
        if unset_fails && pod.says_windows() {
            return;
        }
        match container.node.at(&["securityContext", &field]) {
            None if unset_fails => ask_for_windows(pod, findings.lacking(container.node)),
            Some(value) if value.as_bool() == Some(!must) => _ = findings.at(value),
            _ => {}
        }
    })
}

/// Says what to write where a pod goes to Windows nodes without saying that it is for Windows: for the server, only
/// `os.name` exempts it from what Linux asks for.
pub(super) fn ask_for_windows<'d>(pod: &Pod<'d>, finding: &mut Finding<'d>) {
    if pod.is_windows() && !pod.says_windows() {
        finding
            .set(pod.spec, "os.name", "windows")
            .help("write `os: { name: windows }` into the pod's spec: a node selector alone says too little");
    }
}

/// No container may gain privileges by what it says: `allowPrivilegeEscalation`, `privileged`, or `SYS_ADMIN`.
pub(super) fn escalation(_: &mut Params<'_>) -> Check {
    Check::container(|_, container, findings| {
        let Some(context) = container.node.field("securityContext") else { return };
        let mut flags = ["allowPrivilegeEscalation", "privileged"].into_iter().filter_map(|field| context.field(field));
        let added = || context.at(&["capabilities", "add"]).into_iter().flat_map(Node::items);
        if let Some(flag) = flags.find(|flag| flag.as_bool() == Some(true)) {
            findings.at(flag).change(flag, Change::Replace(false.into()));
        } else if let Some(name) = added().find(|name| name.text() == "SYS_ADMIN") {
            findings.at(name).change(name, Change::Delete);
        }
    })
}

/// `capabilities.drop` must hold a capability, or `ALL`; unless it is `ALL`, `capabilities.add` must not hold it.
pub(super) fn undropped_capability(params: &mut Params<'_>) -> Check {
    let wanted = params.text("capability");
    Check::container(move |pod, container, findings| {
        if pod.says_windows() {
            return;
        }
        let list = |key: &str| container.node.at(&["securityContext", "capabilities", key]);
        // Runtimes read `all` as well; but where all is asked for, the server's own policy knows nothing but `ALL`.
        let all = |name: &str| name == "ALL" || (wanted != "ALL" && name.eq_ignore_ascii_case("ALL"));
        let drops = |node: Node<'_>| node.items().map(Node::text).any(|name| all(name) || name == wanted);
        let message = format!("{} does not drop the capability `{wanted}`", called(container));
        match list("drop") {
            None => {
                let finding = findings.lacking(container.node);
                let capabilities = serde_json::json!([wanted]);
                finding.set(container.node, "securityContext.capabilities.drop", capabilities);
                ask_for_windows(pod, finding);
            }
            Some(drop) if !drops(drop) => {
                let finding = findings.at(drop).message(message);
                // The runtime's own spelling is not the server's.
                match drop.items().find(|name| name.text().eq_ignore_ascii_case(&wanted)) {
                    Some(name) => finding.change(name, Change::Replace(wanted.as_str().into())),
                    None => finding.change(drop, Change::Append(wanted.as_str().into())),
                };
            }
            Some(_) => {
                let added = list("add").filter(|_| wanted != "ALL").into_iter().flat_map(Node::items);
                for added in added.filter(|name| name.text() == wanted) {
                    let message = format!("{} adds the capability `{wanted}`", called(container));
                    findings.at(added).message(message).change(added, Change::Delete);
                }
            }
        }
    })
}

/// `capabilities.add` must hold nothing but what is `allowed`, on Windows, too, unless that is exempt.
pub(super) fn added_capability(params: &mut Params<'_>) -> Check {
    let allowed = params.list("allowed");
    let windows_exempt = params.word("windows", &["exempt", "judged"]) == "exempt";
    Check::container(move |pod, container, findings| {
        if windows_exempt && pod.says_windows() {
            return;
        }
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

/// `/proc` may not be unmasked: `procMount` is `Default` or not written.
///
/// `pods` says in which pods: `all`, those that use the node's users (`host-users`), or those that have users of their own
/// (`own-users`, `hostUsers: false`).
pub(super) fn proc_mount(params: &mut Params<'_>) -> Check {
    let pods = params.word("pods", &["all", "host-users", "own-users"]);
    Check::container(move |pod, container, findings| {
        if (pods == "host-users" && pod.has_own_users()) || (pods == "own-users" && !pod.has_own_users()) {
            return;
        }
        let mount = container.node.at(&["securityContext", "procMount"]);
        if let Some(mount) = mount.filter(|mount| mount.text() != "Default") {
            findings.at(mount);
        }
    })
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::{lint, pod, problems};
    use crate::lint::{LintConfig, LintContext, Word};

    #[test]
    fn a_node_selector_does_not_say_windows_to_the_server() {
        let text = pod("nodeSelector: {kubernetes.io/os: windows}", "image: a:1");
        for rule in ["missing-seccomp-profile", "capabilities-not-dropped", "privilege-escalation"] {
            let only = LintConfig { only: vec![Word::from(rule)], ..LintConfig::default() };
            let (_, found) = lint(&only, &LintContext::default(), &text);
            let help = found.first().and_then(|found| found.help.as_deref()).unwrap_or_default();
            assert!(help.starts_with("write `os: { name: windows }`"), "{rule}: {found:#?}");
        }
    }

    #[test]
    fn linux_rules_leave_windows_alone() {
        let text = pod("os: {name: windows}", "image: a:1");
        for rule in [
            "missing-seccomp-profile",
            "writable-root-filesystem",
            "capabilities-not-dropped",
            "privilege-escalation",
            "net-raw-not-dropped",
            "unhardened-container",
        ] {
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
        assert_eq!(problems("net-raw-not-dropped", &text), [""; 0]);
        let all = text.replace("[NET_RAW]", "[all]");
        assert_eq!(
            (problems("capabilities-not-dropped", &all).len(), problems("net-raw-not-dropped", &all).len()),
            (1, 0)
        );
        let back = text.replace("drop: [NET_RAW]", "drop: [ALL], add: [NET_RAW]");
        assert_eq!(problems("net-raw-not-dropped", &back).len(), 1);
    }
}
