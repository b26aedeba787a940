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

#[cfg(test)]
mod tests {
    use crate::api::testing::heads;

    #[test]
    fn endpoints_are_reached() {
        let found = heads(
            "
apiVersion: v1
kind: Endpoints
metadata: {name: a}
subsets:
- {}
- addresses: [{ip: 127.0.0.1, hostname: A}, {ip: a, nodeName: ''}]
  notReadyAddresses: [{ip: 'FD00::1'}]
  ports: [{port: 80}, {port: 81, name: b, appProtocol: a/b/c}]
",
        );
        assert_eq!(
            found.into_iter().filter(|head| !head.contains("schema/")).collect::<Vec<_>>(),
            [
                "error api/endpoints subsets[0]",
                "error api/endpoints subsets[1].addresses[0].ip",
                "error api/endpoints subsets[1].addresses[0].hostname",
                "error api/endpoints subsets[1].addresses[1].ip",
                "error api/endpoints subsets[1].addresses[1].nodeName",
                "warning api/endpoints subsets[1].notReadyAddresses[0].ip",
                "error api/port subsets[1].ports[0].name",
                "error api/port subsets[1].ports[1].appProtocol",
            ]
        );
    }
}
