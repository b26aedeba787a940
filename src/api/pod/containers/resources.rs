//! Resources of a container: names, amounts, and how requests and limits go together.

use super::Pod;
use crate::api::check::{Check, Place, items, show, text};
use crate::api::syntax::{dns_label, qualified_name};
use crate::schema::Amount;
use crate::yaml::{Entry, Node};

/// Judges `limits`, `requests` and `claims`. `form` gives what is wrong with the name of a resource.
pub(super) fn judge<'d>(check: &mut Check<'d>, pod: &Pod<'d>, resources: Node<'d>, form: fn(&str) -> Option<String>) {
    let lists = [resources.field("limits"), resources.field("requests")];
    let [limits, requests] = lists;
    for list in lists.into_iter().flatten() {
        for entry in list.entries() {
            amount(check, entry, form);
        }
    }
    for entry in requests.into_iter().flat_map(Node::entries) {
        if form(entry.name()).is_none() {
            request(check, resources, limits, entry);
        }
    }
    let names = || lists.into_iter().flatten().flat_map(Node::entries).map(|entry| entry.name());
    if names().any(is_huge_pages) && !names().any(|name| matches!(name, "cpu" | "memory")) {
        check.error("api/resources", resources, "huge pages need `cpu` or `memory` as well");
    }
    claims(check, pod, resources);
}

/// Judges a resource's name and amount.
fn amount<'d>(check: &mut Check<'d>, entry: Entry<'d>, form: fn(&str) -> Option<String>) {
    let (name, text) = (entry.name(), entry.value.text());
    if let Some(problem) = form(name) {
        check.error("api/resources", entry.value, format!("`{}` {problem}", show(name)));
        return;
    }
    let Some(amount) = read(entry.value) else { return };
    if amount.is_negative() {
        let message = format!("`{name}` is {}, but may not be negative", show(text));
        check.error("api/resources", entry.value, message);
    } else if name.contains('/') && !is_native(name) && !amount.is_whole() {
        let message = format!("`{name}` is {}, but must be a whole number", show(text));
        check.error("api/resources", entry.value, message);
    } else if is_huge_pages(name) && !is_whole_pages(name, amount) {
        let message = format!("`{name}` is {}, which is no whole number of its pages", show(text));
        check.error("api/resources", entry.value, message);
    } else if matches!(name, "memory" | "ephemeral-storage") && !amount.is_whole() {
        let said = check.warning("api/resources", entry.value, format!("`{name}` is {}: part of a byte", show(text)));
        if let Some(number) = text.strip_suffix('m') {
            said.help(format!("`m` stands for thousandths: did you mean `{number}M` or `{number}Mi`?"));
        }
    }
}

/// Judges a request by the limit.
fn request<'d>(check: &mut Check<'d>, resources: Node<'d>, limits: Option<Node<'d>>, entry: Entry<'d>) {
    let (name, Some(request)) = (entry.name(), read(entry.value)) else { return };
    let overcommits = is_native(name) && !is_huge_pages(name);
    let place = Place::Shown(entry.value.span(), resources, "requests");
    let Some(limit) = limits.and_then(|limits| limits.get(name)) else {
        if !overcommits {
            let place = Place::Shown(entry.key.span(), resources, "limits");
            let message = format!("`{name}` is requested without a limit, and is given out whole");
            check.error("api/resources", place, message).help(format!("write the same amount in `limits.{name}`"));
        }
        return;
    };
    let Some(most) = read(limit) else { return };
    let (asked, allowed) = (show(entry.value.text()), show(limit.text()));
    if request != most && !overcommits {
        let message = format!("{asked} of `{name}` is requested, but must be the limit of {allowed}");
        check.error("api/resources", place, message).label(limit.span(), "the limit");
    } else if request > most {
        let message = format!("{asked} of `{name}` is requested, more than the limit of {allowed}");
        check.error("api/resources", place, message).label(limit.span(), "the limit");
    }
}

/// Judges the devices that a container claims; by default servers before 1.34 drop them once they are decoded.
fn claims<'d>(check: &mut Check<'d>, pod: &Pod<'d>, resources: Node<'d>) {
    let kept = check.since(34);
    let mut seen: Vec<(Node<'d>, &str, &str)> = Vec::new();
    for claim in items(resources, "claims") {
        let (name, request) = (text(claim, "name"), text(claim, "request"));
        if name.is_empty() {
            if kept {
                check.error("api/resources", claim, "the claim's `name` is missing");
            }
            continue;
        }
        if kept && !request.is_empty() {
            check.syntax("api/resources", (claim, "request"), "request", request, dns_label);
        }
        if let Some((first, _, other)) = seen.iter().find(|(_, known, _)| *known == name) {
            let is_same = |known: &(Node<'d>, &str, &str)| (known.1, known.2) == (name, request);
            let overlaps = request.is_empty() || other.is_empty() || seen.iter().any(is_same);
            let (message, first) = (format!("claim `{}` is listed twice", show(name)), first.head());
            let said = if overlaps && kept {
                check.error("api/resources", claim, message)
            } else {
                check.apply_only(claim, message)
            };
            said.label(first, "first listed here");
        }
        seen.push((claim, name, request));
        if kept && !items(pod.spec, "resourceClaims").any(|known| text(known, "name") == name) {
            let message = format!("the pod has no claim `{}`", show(name));
            check.error("api/resources", claim, message).help("name one of `resourceClaims`");
        }
    }
}

/// Says what is wrong with the name of a container's resource.
pub(in crate::api::pod) fn container_resource(name: &str) -> Option<String> {
    if let Some(problem) = qualified_name(name) {
        return Some(format!("is no name of a resource: it {problem}"));
    }
    if !name.contains('/') {
        let known = matches!(name, "cpu" | "memory" | "ephemeral-storage") || is_huge_pages(name);
        return (!known).then(|| {
            "is no resource of containers: those are `cpu`, `memory`, `ephemeral-storage`, `hugepages-SIZE`, and `DOMAIN/NAME`"
                .to_owned()
        });
    }
    let extended = !name.starts_with("requests.") && qualified_name(&format!("requests.{name}")).is_none();
    (!is_native(name) && !extended).then(|| "is no name of an extended resource".to_owned())
}

/// Reads an amount as the server keeps it: in thousandths. An amount that is null is none.
pub(super) fn read(node: Node<'_>) -> Option<Amount> {
    if node.is_null() {
        return Some(Amount::ZERO);
    }
    Amount::read(node.text()).map(Amount::in_thousandths)
}

pub(super) fn is_huge_pages(name: &str) -> bool {
    name.starts_with("hugepages-")
}

/// Tells whether Kubernetes itself defines a resource.
pub(super) fn is_native(name: &str) -> bool {
    !name.contains('/') || name.contains("kubernetes.io/")
}

fn is_whole_pages(name: &str, amount: Amount) -> bool {
    let page = name.strip_prefix("hugepages-").and_then(Amount::read);
    page.is_some_and(|page| page > Amount::ZERO && page.is_whole() && amount.is_multiple_of(page))
}
