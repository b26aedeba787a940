//! Classes that pods name: of priority, of runtimes.

use crate::api::check::{Check, Place, is_true, items, text};
use crate::api::resources::{amount, container_resource, is_huge_pages, judge_amount};
use crate::api::syntax::dns_label;
use crate::api::{meta, placement};
use crate::schema::Amount;
use crate::yaml::Node;

/// Judges a PriorityClass.
pub(super) fn priority<'d>(check: &mut Check<'d>, object: Node<'d>) {
    const HIGHEST: i64 = 1_000_000_000;
    let name = object.field("metadata").map(|metadata| text(metadata, "name")).unwrap_or_default();
    let value = object.field("value").and_then(Node::as_i64).unwrap_or_default();
    if name.starts_with("system-") {
        let own = match name {
            "system-node-critical" => Some(2 * HIGHEST + 1000),
            "system-cluster-critical" => Some(2 * HIGHEST),
            _ => None,
        };
        if own != Some(value) || is_true(object, "globalDefault") {
            let place = object.field("metadata").map_or(Place::Value(object), |metadata| (metadata, "name").into());
            let message = format!("`{name}`: names that begin with `system-` are Kubernetes' own");
            check.error("api/priority-class", place, message);
        }
    } else if value > HIGHEST {
        let message = format!("`value` is {value}, but may be {HIGHEST} at most");
        check.error("api/priority-class", (object, "value"), message);
    }
    check.word("api/priority-class", object, "preemptionPolicy", &["PreemptLowerPriority", "Never"]);
}

/// Judges a RuntimeClass.
pub(super) fn runtime<'d>(check: &mut Check<'d>, object: Node<'d>) {
    if let Some(handler) = check.required("api/runtime-class", object, "handler") {
        check.syntax("api/runtime-class", handler, "handler", handler.text(), dns_label);
    }
    if let Some(overhead) = object.field("overhead") {
        let fixed = || overhead.field("podFixed").into_iter().flat_map(Node::entries);
        for entry in fixed() {
            // The server judges an overhead as the limits of a container.
            let place = |span| Place::Keyed(span, overhead, "limits", entry.name());
            check.syntax("api/runtime-class", place(entry.key.span()), "podFixed", entry.name(), container_resource);
            judge_amount(check, place(entry.value.span()), entry);
            let page = entry.name().strip_prefix("hugepages-").and_then(Amount::read);
            // What is more than 64 bits hold is no number of pages that the server minds.
            if let (Some(page), Some(amount)) = (page, amount(entry.value))
                && amount < Amount::whole(i64::MAX)
                && !amount.is_multiple_of(page)
            {
                let message = format!("`{}` is `{}`, no whole number of pages", entry.name(), entry.value.text());
                check.error("api/quantity", place(entry.value.span()), message);
            }
        }
        let has_base = fixed().any(|entry| matches!(entry.name(), "cpu" | "memory"));
        if fixed().any(|entry| is_huge_pages(entry.name())) && !has_base {
            check.error("api/runtime-class", overhead, "huge pages need `cpu` or `memory` beside them");
        }
    }
    let Some(scheduling) = object.field("scheduling") else { return };
    if let Some(selector) = scheduling.field("nodeSelector") {
        meta::labels(check, selector);
        for entry in selector.entries() {
            placement::deprecated_label(check, entry, entry.name());
        }
    }
    placement::tolerations(check, scheduling);
    let mut seen: Vec<(Node<'d>, [&str; 4])> = Vec::new();
    for toleration in items(scheduling, "tolerations") {
        let identity = ["key", "operator", "value", "effect"].map(|field| text(toleration, field));
        if let Some((first, _)) = seen.iter().find(|(_, known)| *known == identity) {
            let message = "the toleration stands in the list already";
            check.error("api/runtime-class", toleration, message).label(first.head(), "the first");
        }
        seen.push((toleration, identity));
    }
}
