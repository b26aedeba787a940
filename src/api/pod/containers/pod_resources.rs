//! Resources that a pod asks for as a whole: `spec.resources`.

use super::resources::{self, is_huge_pages, is_native, read};
use super::{Pod, Role};
use crate::api::check::{Check, Place, items, show};
use crate::api::syntax::qualified_name;
use crate::schema::Amount;
use crate::yaml::{Entry, Node};

/// Judges the resources of a pod, and those of its containers by them.
pub(super) fn judge<'d>(check: &mut Check<'d>, pod: &Pod<'d>) {
    let Some(resources) = pod.spec.field("resources").filter(|_| check.since(34)) else { return };
    if pod.is_for("windows") {
        check.error("api/resources", resources, "a pod for Windows has no `resources` of its own");
        return;
    }
    if resources.field("claims").is_some() {
        check
            .error("api/resources", (resources, "claims"), "a pod's own `resources` have no `claims`")
            .help("move `claims` to a container");
    }
    resources::judge(check, pod, resources, pod_resource);
    let (limits, requests) = (resources.field("limits"), resources.field("requests"));
    for entry in requests.into_iter().flat_map(Node::entries) {
        too_small(check, entry, pod, "requests");
    }
    for entry in limits.into_iter().flat_map(Node::entries) {
        if is_huge_pages(entry.name()) {
            too_small(check, entry, pod, "limits");
        }
        if requests.is_none_or(|requests| requests.get(entry.name()).is_none()) {
            implied_request(check, pod, resources, entry);
        }
        container_limits(check, pod, resources, entry);
    }
}

/// Says what is wrong with the name of a pod's resource.
fn pod_resource(name: &str) -> Option<String> {
    if let Some(problem) = qualified_name(name) {
        return Some(format!("is no name of a resource: it {problem}"));
    }
    let known = matches!(name, "cpu" | "memory") || is_huge_pages(name);
    (!known).then(|| "is no resource of pods: those are `cpu`, `memory`, `hugepages-SIZE`".to_owned())
}

/// Reports an amount of the pod that is less than what its containers take together.
fn too_small<'d>(check: &mut Check<'d>, entry: Entry<'d>, pod: &Pod<'d>, list: &str) {
    let (name, Some(amount)) = (entry.name(), read(entry.value)) else { return };
    if together(pod, name, list).is_some_and(|sum| sum > amount) {
        let message = format!("`{name}` is {}, less than the {list} of the containers", show(entry.value.text()));
        check.error("api/resources", entry.value, message);
    }
}

/// Reports a limit below what the containers request, where a Pod requests nothing: the server then writes their sum.
fn implied_request<'d>(check: &mut Check<'d>, pod: &Pod<'d>, resources: Node<'d>, limit: Entry<'d>) {
    let (name, Some(most)) = (limit.name(), read(limit.value)) else { return };
    if !pod.is_pod || !is_native(name) || is_huge_pages(name) {
        return;
    }
    if together(pod, name, "requests").is_some_and(|sum| sum > most) {
        let place = Place::Shown(limit.value.span(), resources, "requests");
        let message = format!("the containers request more `{name}` than the limit of {}", show(limit.value.text()));
        check.error("api/resources", place, message);
    }
}

/// Reports containers whose limit is above the pod's.
fn container_limits<'d>(check: &mut Check<'d>, pod: &Pod<'d>, resources: Node<'d>, limit: Entry<'d>) {
    let (name, Some(most)) = (limit.name(), read(limit.value)) else { return };
    for (index, container) in items(pod.spec, "containers").enumerate() {
        let Some(own) = container.at(&["resources", "limits"]).and_then(|limits| limits.get(name)) else { continue };
        if read(own).is_some_and(|own| own > most) {
            let message =
                format!("{} of `{name}` is more than the pod's {}", show(own.text()), show(limit.value.text()));
            // The server names a field that is not there.
            let path = format!("{}.containers[{index}].{name}.limits", resources.path_from(check.root()));
            check.error("api/resources", own, message).label(limit.value.span(), "the pod's limit").path(path);
        }
    }
}

/// Adds up what containers take of a resource at once: `requests` or `limits`. None where no container says it.
fn together(pod: &Pod<'_>, name: &str, list: &str) -> Option<Amount> {
    let (mut main, mut sidecars, mut most) = (None, Amount::ZERO, None);
    for (role, container) in pod.containers() {
        let Some(amount) = of(pod, container, name, list) else { continue };
        match role {
            Role::Main => main = Some(main.unwrap_or(Amount::ZERO).plus(amount)),
            Role::Sidecar => {
                sidecars = sidecars.plus(amount);
                main = Some(main.unwrap_or(Amount::ZERO).plus(amount));
                most = most.max(Some(sidecars));
            }
            Role::Init => most = most.max(Some(sidecars.plus(amount))),
        }
    }
    main.max(most)
}

/// Gives what a container takes. In a Pod, a limit stands for a request that is not made.
fn of(pod: &Pod<'_>, container: Node<'_>, name: &str, list: &str) -> Option<Amount> {
    let written = container.at(&["resources", list]).and_then(|list| list.get(name));
    let limit = || container.at(&["resources", "limits"]).and_then(|limits| limits.get(name)).filter(|_| pod.is_pod);
    written.or_else(limit).and_then(read)
}
