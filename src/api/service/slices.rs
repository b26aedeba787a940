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
    let Some(hints) = endpoint.field("hints") else { return };
    type Form = fn(&str) -> Option<String>;
    let mut lists: Vec<(&'static str, Form)> = vec![("forZones", label_value)];
    // Older servers drop it.
    if check.since(34) {
        lists.push(("forNodes", dns_subdomain));
    }
    for (field, form) in lists {
        if !fits(check, hints, field, 8) {
            return;
        }
        for (index, hint) in items(hints, field).enumerate() {
            let name = text(hint, "name");
            check.syntax(RULE, (hint, "name"), "name", name, form);
            if items(hints, field).take(index).any(|other| text(other, "name") == name) {
                check.error(RULE, (hint, "name"), format!("`{}` is named twice", show(name)));
            }
        }
    }
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
