//! Endpoints.

use super::ports;
use crate::api::check::{Check, items, show, text};
use crate::api::syntax::{self, dns_label, dns_subdomain};
use crate::yaml::Node;

/// The rule of what this file judges.
pub(super) const RULE: &str = "api/endpoints";

/// Judges Endpoints.
pub(super) fn judge<'d>(check: &mut Check<'d>, object: Node<'d>) {
    for subset in items(object, "subsets") {
        let mut addresses =
            ["addresses", "notReadyAddresses"].into_iter().flat_map(|field| items(subset, field)).peekable();
        if addresses.peek().is_none() {
            check.error(RULE, subset, "a subset needs `addresses` or `notReadyAddresses`");
        }
        for address in addresses {
            self::address(check, address);
        }
        let several = items(subset, "ports").count() > 1;
        for port in items(subset, "ports") {
            ports::name(check, port, several);
            ports::app_protocol(check, port);
        }
    }
}

fn address<'d>(check: &mut Check<'d>, address: Node<'d>) {
    let ip = text(address, "ip");
    let strict = check.since(36);
    if !ip.is_empty() && check.syntax(RULE, (address, "ip"), "ip", ip, |ip| syntax::address(ip, strict)) {
        if let Some(problem) = syntax::unreachable(ip) {
            check.error(RULE, (address, "ip"), format!("the address `{}` {problem}", show(ip)));
        } else if let Some(problem) = syntax::address_warning(ip)
            && check.since(33)
        {
            check.warning(RULE, (address, "ip"), format!("the address `{}` {problem}", show(ip)));
        }
    }
    hostname(check, address);
    node_name(check, address);
}

/// Judges the `hostname` of an address; empty is absent.
fn hostname<'d>(check: &mut Check<'d>, address: Node<'d>) {
    let name = text(address, "hostname");
    if !name.is_empty() {
        check.syntax(RULE, (address, "hostname"), "hostname", name, dns_label);
    }
}

/// Judges the `nodeName` of an address.
pub(super) fn node_name<'d>(check: &mut Check<'d>, address: Node<'d>) {
    if let Some(name) = address.field("nodeName") {
        check.syntax(RULE, name, "nodeName", name.text(), dns_subdomain);
    }
}
