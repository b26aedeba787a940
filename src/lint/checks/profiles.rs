//! Profiles that confine containers: seccomp, AppArmor, SELinux.

use super::{Check, security_context::ask_for_windows};
use crate::diagnostic::Change;
use crate::lint::finding::called;
use crate::lint::params::Params;
use crate::object::{Container, Pod};
use crate::yaml::{Entry, Node};

/// The types of a profile that confine.
const CONFINING: [&str; 2] = ["RuntimeDefault", "Localhost"];

/// A profile (`field` of a security context, the pod's or a container's) must be the runtime's or one of the node's.
///
/// With `unset: fails` every container must have one, its own or the pod's, except on Windows. `annotation` is the
/// beginning of annotations that name profiles, by container.
pub(super) fn profile(params: &mut Params<'_>) -> Check {
    let field = params.text("field");
    let unset_fails = params.word("unset", &["fails", "passes"]) == "fails";
    let annotation = params.optional_text("annotation");
    Check::pod(move |_, pod, findings| {
        if unset_fails && pod.says_windows() {
            return;
        }
        let profile = |node: Node<'_>| node.at(&["securityContext", &field]).is_some();
        for context in std::iter::once(pod.spec).chain(pod.containers().map(|container| container.node)) {
            let Some(profile) = context.at(&["securityContext", &field]) else { continue };
            let kind = profile.field("type");
            if kind.is_none_or(|kind| !CONFINING.contains(&kind.text())) {
                let found = findings.at(kind.unwrap_or(profile)).set(profile, "type", CONFINING[0]);
                if let Some(kind) = kind {
                    found.message(format!("`{}` confines nothing", kind.text()));
                }
            }
        }
        for entry in annotation.iter().flat_map(|prefix| annotations(pod, prefix)) {
            let profile = entry.value.text();
            if !profile.is_empty() && profile != "runtime/default" && !profile.starts_with("localhost/") {
                let finding = findings.at(entry.value).message(format!("`{profile}` confines nothing"));
                finding.change(entry.value, Change::Replace("runtime/default".into()));
            }
        }
        if unset_fails && !profile(pod.spec) {
            let bare = |container: &Container<'_>| !profile(container.node);
            pod.containers().filter(bare).for_each(|bare| ask_for_windows(pod, findings.lacking(bare.node)));
        }
    })
}

fn annotations<'d>(pod: &Pod<'d>, prefix: &str) -> impl Iterator<Item = Entry<'d>> {
    let all = pod.template.at(&["metadata", "annotations"]).into_iter().flat_map(Node::entries);
    all.filter(move |entry| entry.name().starts_with(prefix))
}

/// SELinux labels, the pod's or a container's, may name no user and no role, and of types only those `allowed`.
pub(super) fn selinux(params: &mut Params<'_>) -> Check {
    let allowed = params.list("allowed");
    Check::pod(move |_, pod, findings| {
        for context in std::iter::once(pod.spec).chain(pod.containers().map(|container| container.node)) {
            let Some(options) = context.at(&["securityContext", "seLinuxOptions"]) else { continue };
            for field in ["type", "user", "role"] {
                let Some(label) = options.field(field).filter(|label| !label.text().is_empty()) else { continue };
                if field != "type" || !allowed.iter().any(|allowed| allowed == label.text()) {
                    findings.at(label).message(format!("the SELinux {field} `{}` is not a container's", label.text()));
                }
            }
        }
    })
}

/// Every container must be confined by something: a profile of AppArmor or seccomp, an SELinux label, dropped capabilities.
pub(super) fn any(_: &mut Params<'_>) -> Check {
    Check::container(|pod, container, findings| {
        let confined = |node: Node<'_>| {
            let fields = ["appArmorProfile", "seccompProfile", "seLinuxOptions"];
            fields.iter().any(|field| node.at(&["securityContext", field]).is_some())
        };
        let drop = container.node.at(&["securityContext", "capabilities", "drop"]);
        let dropped = drop.is_some_and(|drop| drop.items().len() > 0);
        let annotation = format!("container.apparmor.security.beta.kubernetes.io/{}", container.name());
        let annotated = annotations(pod, &annotation).any(|entry| entry.name() == annotation);
        if !(confined(pod.spec) || confined(container.node) || dropped || annotated || pod.is_windows()) {
            findings.lacking(container.node).message(format!("{} is confined by nothing", called(container)));
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
        assert_eq!(problems("unhardened-container", &text), [""; 0]);
    }

    #[test]
    fn an_unconfined_container_is_named_once_where_it_says_so() {
        let text = pod(
            "securityContext: {seccompProfile: {type: RuntimeDefault}}",
            "securityContext: {seccompProfile: {type: Unconfined}}",
        );
        assert_eq!(
            problems("missing-seccomp-profile", &text),
            ["8:48 spec.containers[0].securityContext.seccompProfile.type: `Unconfined` confines nothing"]
        );
    }

    #[test]
    fn annotations_of_the_template_count() {
        let text = pod("dnsPolicy: Default", "image: a:1");
        let annotated = |profile: &str| {
            let key = "container.apparmor.security.beta.kubernetes.io/web";
            text.replace("{name: web}\nspec", &format!("{{name: web, annotations: {{{key}: {profile}}}}}\nspec"))
        };
        assert_eq!(problems("apparmor-unconfined", &annotated("unconfined")).len(), 1);
        assert_eq!(problems("apparmor-unconfined", &annotated("localhost/web")), [""; 0]);
        assert_eq!(problems("unhardened-container", &annotated("runtime/default")), [""; 0]);
    }
}
