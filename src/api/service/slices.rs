//! EndpointSlices.

use super::endpoints::{RULE, node_name};
use super::ports;
use crate::api::check::{Check, Place, items, show, text};
use crate::api::syntax::{self, Address, dns_label, dns_subdomain, label_value};
use crate::yaml::Node;

/// Judges an EndpointSlice.
pub(super) fn judge<'d>(check: &mut Check<'d>, object: Node<'d>) {
    let kind = text(object, "addressType");
    if kind == "FQDN" {
        let message = "the `addressType` `FQDN` is deprecated: nothing uses such addresses";
        check.warning(RULE, (object, "addressType"), message);
    }
    if fits(check, object, "endpoints", 1000) {
        for endpoint in items(object, "endpoints") {
            judge_endpoint(check, endpoint, kind);
        }
    }
    if !fits(check, object, "ports", 20_000) {
        return;
    }
    for (index, port) in items(object, "ports").enumerate() {
        ports::name(check, port, false);
        if let Some(first) = items(object, "ports").take(index).find(|other| text(*other, "name") == text(port, "name"))
        {
            let message = match text(port, "name") {
                "" => "two ports have no `name`".to_owned(),
                name => format!("the port `{}` is named twice", show(name)),
            };
            check.error("api/port", (port, "name"), message).label(first.head(), "first named here");
        }
        check.word("api/port", port, "protocol", &["SCTP", "TCP", "UDP"]);
        ports::app_protocol(check, port);
    }
}

fn judge_endpoint<'d>(check: &mut Check<'d>, endpoint: Node<'d>, kind: &str) {
    if items(endpoint, "addresses").next().is_none() {
        check.error(RULE, (endpoint, "addresses"), "`addresses` is empty");
    }
    fits(check, endpoint, "addresses", 100);
    for address in items(endpoint, "addresses") {
        match kind {
            "FQDN" => _ = check.syntax(RULE, address, "addresses", address.text(), full_name),
            "IPv4" | "IPv6" => self::address(check, endpoint, address, kind),
            _ => {}
        }
    }
    node_name(check, endpoint);
    if let Some(name) = endpoint.field("hostname") {
        check.syntax(RULE, name, "hostname", name.text(), dns_label);
    }
    // Older servers drop the hints of nodes.
    if let Some(hints) = endpoint.field("hints")
        && judge_hints(check, hints, "forZones", label_value)
        && check.since(34)
    {
        judge_hints(check, hints, "forNodes", dns_subdomain);
    }
}

/// Judges hints by the form of their names. Gives whether there are not too many.
fn judge_hints<'d>(
    check: &mut Check<'d>,
    hints: Node<'d>,
    field: &'static str,
    form: fn(&str) -> Option<String>,
) -> bool {
    if !fits(check, hints, field, 8) {
        return false;
    }
    for (index, hint) in items(hints, field).enumerate() {
        let name = text(hint, "name");
        check.syntax(RULE, (hint, "name"), "name", name, form);
        if items(hints, field).take(index).any(|other| text(other, "name") == name) {
            check.error(RULE, (hint, "name"), format!("`{}` is named twice", show(name)));
        }
    }
    true
}

fn address<'d>(check: &mut Check<'d>, endpoint: Node<'d>, address: Node<'d>, kind: &str) {
    let ip = address.text();
    let (strict, four) = (check.since(36), kind == "IPv4");
    let problem = if four || !check.since(33) { syntax::address(ip, strict) } else { shortest(ip) };
    if let Some(problem) = problem {
        check.error(RULE, address, format!("`{}` {problem}", show(ip)));
        return;
    }
    if Address::read(ip).is_some_and(|address| address.ip.to_canonical().is_ipv4() != four) {
        let place = if check.since(33) { Place::Shown(address.span(), endpoint, "addresses") } else { address.into() };
        check.error(RULE, place, format!("`{}` is no {kind} address, as `addressType` says", show(ip)));
    }
    if let Some(problem) = syntax::unreachable(ip) {
        check.error(RULE, address, format!("the address `{}` {problem}", show(ip)));
    } else if let Some(problem) = syntax::address_warning(ip)
        && check.since(33)
    {
        check.warning(RULE, address, format!("the address `{}` {problem}", show(ip)));
    }
}

/// An address in its shortest form.
fn shortest(text: &str) -> Option<String> {
    let Some(address) = Address::read(text) else { return Some("is no IP address".to_owned()) };
    (!address.is_canonical(text)).then(|| format!("must be written as `{}`", address.ip.to_canonical()))
}

/// A DNS name of two labels or more.
fn full_name(text: &str) -> Option<String> {
    let name = text.strip_suffix('.').unwrap_or(text);
    dns_subdomain(name)
        .or_else(|| name.split('.').find_map(dns_label))
        .or_else(|| (!name.contains('.')).then(|| "must be a full DNS name: `db.example.com`".to_owned()))
}

/// Limits the length of a list. Gives whether it keeps to it.
fn fits<'d>(check: &mut Check<'d>, map: Node<'d>, field: &'static str, most: usize) -> bool {
    let length = items(map, field).count();
    if length > most {
        check.error(RULE, (map, field), format!("`{field}` has {length} items, and may have {most}"));
    }
    length <= most
}

#[cfg(test)]
mod tests {
    use crate::api::testing::heads;

    #[test]
    fn slices_hold_addresses_of_their_type() {
        let table: &[(&str, &str, &[&str])] = &[
            ("IPv4", "addresses: [10.0.0.1]", &[]),
            ("IPv4", "addresses: []", &["error endpoints[0].addresses"]),
            ("IPv4", "addresses: ['fd00::1']", &["error endpoints[0].addresses"]),
            (
                "IPv4",
                "addresses: [010.0.0.1, 127.0.0.1]",
                &["error endpoints[0].addresses[0]", "error endpoints[0].addresses[1]"],
            ),
            ("IPv6", "addresses: ['FD00::1']", &["error endpoints[0].addresses[0]"]),
            ("FQDN", "addresses: [example]", &["warning addressType", "error endpoints[0].addresses[0]"]),
            (
                "IPv4",
                "addresses: [10.0.0.1], hostname: A, nodeName: A",
                &["error endpoints[0].hostname", "error endpoints[0].nodeName"],
            ),
            (
                "IPv4",
                "addresses: [10.0.0.1], hints: {forZones: [{name: a}, {name: a}], forNodes: [{name: A}]}",
                &["error endpoints[0].hints.forZones[1].name", "error endpoints[0].hints.forNodes[0].name"],
            ),
        ];
        for (kind, endpoint, wanted) in table {
            let found = heads(&format!(
                "{{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {{name: a}}, addressType: {kind}, endpoints: [{{{endpoint}}}], ports: [{{port: 80}}]}}"
            ));
            let found: Vec<String> = found.into_iter().map(|head| head.replace("api/endpoints ", "")).collect();
            assert_eq!(&found, wanted, "{kind} {endpoint}");
        }
        let found = heads(
            "{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: a}, addressType: IPv4, endpoints: [], ports: [{port: 80}, {port: 81, protocol: ''}]}",
        );
        assert_eq!(found, ["error api/port ports[1].name", "error api/port ports[1].protocol"]);
    }
}
