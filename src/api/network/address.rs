//! Addresses and networks of Services.

use crate::api::check::{Check, Place, items, plain, show, text};
use crate::api::syntax::{Network, dns_subdomain, path_segment};
use crate::yaml::Node;

/// Judges an IPAddress; its name is judged with its metadata.
pub(super) fn ip_address<'d>(check: &mut Check<'d>, object: Node<'d>) {
    let Some(owner) = object.at(&["spec", "parentRef"]) else {
        let place = Place::Keyed(object.head(), object, "spec", "parentRef");
        check.error("api/network", place, "an address needs `parentRef`: what it belongs to");
        return;
    };
    let group = text(owner, "group");
    if !group.is_empty() {
        check.syntax("api/network", (owner, "group"), "group", group, dns_subdomain);
    }
    for field in ["resource", "name"] {
        if let Some(node) = check.required("api/network", owner, field) {
            check.syntax("api/network", node, field, node.text(), path_segment);
        }
    }
    check.syntax("api/network", (owner, "namespace"), "namespace", text(owner, "namespace"), path_segment);
}

/// Judges a ServiceCIDR.
pub(super) fn service_cidr<'d>(check: &mut Check<'d>, object: Node<'d>) {
    let place = Place::Keyed(object.field("spec").unwrap_or(object).head(), object, "spec", "cidrs");
    let networks: Vec<Node<'d>> = object.field("spec").into_iter().flat_map(|spec| items(spec, "cidrs")).collect();
    match networks.len() {
        0 => _ = check.error("api/network", place, "`cidrs` must name a network"),
        1 | 2 => {}
        _ => _ = check.error("api/network", place, "`cidrs` names more than two networks"),
    }
    if networks.len() > 2 {
        return;
    }
    for node in &networks {
        if !Network::read(plain(*node)).is_some_and(|network| network.is_canonical(node.text())) {
            let message = format!("`{}` is no network in its shortest form", show(node.text()));
            check.error("api/network", *node, message);
        }
    }
    if let [first, second] = networks.as_slice()
        && let (Some(one), Some(other)) = (Network::read(first.text()), Network::read(second.text()))
        && one.ip.is_ipv4() == other.ip.is_ipv4()
    {
        let message = "both networks are of one IP family";
        check.error("api/network", place, message).help("name one network of IPv4 and one of IPv6");
    }
}
