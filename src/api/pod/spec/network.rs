//! Names and addresses of a pod: its host's name, DNS, entries for `/etc/hosts`.

use super::{RULE, choice, name};
use crate::api::check::{Check, is_true, items, plain, show, text};
use crate::api::syntax::{address, address_warning, dns_label, dns_subdomain};
use crate::yaml::Node;
use std::collections::HashSet;

const MOST_NAMESERVERS: usize = 3;
const MOST_SEARCHES: usize = 32;
const LONGEST_SEARCHES: usize = 2048;

pub(super) fn judge<'d>(check: &mut Check<'d>, spec: Node<'d>) {
    // A StatefulSet gives its pods names of its own.
    if check.root().field("kind").is_none_or(|kind| kind.text() != "StatefulSet") {
        name(check, spec, "hostname", dns_label);
        name(check, spec, "subdomain", dns_label);
    }
    if check.since(35) {
        hostname_override(check, spec);
    }
    choice(check, spec, "dnsPolicy", &["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"]);
    dns(check, spec);
    let mut addresses = HashSet::new();
    for alias in items(spec, "hostAliases") {
        let ip = text(alias, "ip");
        match alias.field("ip") {
            Some(node) => judge_address(check, node),
            None => _ = check.error(RULE, (alias, "ip"), "`ip` is missing"),
        }
        if !addresses.insert(ip) {
            let message = format!("the address `{}` stands twice", show(ip));
            check.warning(RULE, (alias, "ip"), message.clone());
            check.apply_only(alias, message);
        }
        for hostname in items(alias, "hostnames") {
            check.syntax("api/name", hostname, "hostnames", plain(hostname), dns_subdomain);
        }
    }
}

fn hostname_override<'d>(check: &mut Check<'d>, spec: Node<'d>) {
    let Some(hostname) = spec.field("hostnameOverride") else { return };
    for other in ["setHostnameAsFQDN", "hostNetwork"] {
        if is_true(spec, other) {
            let message = format!("`hostnameOverride` cannot stand beside `{other}: true`");
            check.error(RULE, hostname, message).help("remove one of them");
        }
    }
    let length = hostname.text().len();
    if length > 64 {
        check.error(RULE, hostname, format!("`hostnameOverride` has {length} characters, and may have 64"));
    }
    check.syntax("api/name", hostname, "hostnameOverride", hostname.text(), dns_subdomain);
}

fn dns<'d>(check: &mut Check<'d>, spec: Node<'d>) {
    let by_hand = text(spec, "dnsPolicy") == "None";
    let Some(config) = spec.field("dnsConfig") else {
        if by_hand {
            check.error(RULE, (spec, "dnsConfig"), "`dnsConfig` is missing, which `dnsPolicy: None` needs");
        }
        return;
    };
    let servers = items(config, "nameservers").count();
    if by_hand && servers == 0 {
        let message = "`nameservers` is empty, and `dnsPolicy: None` needs one";
        check.error(RULE, (config, "nameservers"), message);
        return;
    }
    if servers > MOST_NAMESERVERS {
        let message = format!("has {servers} name servers, and may have {MOST_NAMESERVERS}");
        check.error(RULE, (config, "nameservers"), message);
    }
    for server in items(config, "nameservers") {
        judge_address(check, server);
    }
    let searches = items(config, "searches").count();
    if searches > MOST_SEARCHES {
        let message = format!("has {searches} search paths, and may have {MOST_SEARCHES}");
        check.error(RULE, (config, "searches"), message);
    }
    let length = items(config, "searches").map(|search| search.text().len() + 1).sum::<usize>().saturating_sub(1);
    if length > LONGEST_SEARCHES {
        let message = format!("search paths have {length} characters together, and may have {LONGEST_SEARCHES}");
        check.error(RULE, (config, "searches"), message);
    }
    for search in items(config, "searches") {
        self::search(check, search);
    }
    for option in items(config, "options") {
        if text(option, "name").is_empty() {
            check.error(RULE, option, "an option has no name");
        }
    }
}

/// Judges a search path: a DNS name, with a dot behind it or not; since 1.33 with `_` in it, or a dot alone.
fn search<'d>(check: &mut Check<'d>, search: Node<'d>) {
    let text = plain(search);
    if text == "." && check.since(33) {
        return;
    }
    let name = text.strip_suffix('.').unwrap_or(text);
    // An underscore may stand wherever a letter may.
    let lenient = check.since(33) && name.contains('_');
    let letters = if lenient { name.replace('_', "a") } else { String::new() };
    let problem = dns_subdomain(if lenient { &letters } else { name });
    if let Some(problem) = problem {
        check.error("api/name", search, format!("`{}` is no search path: it {problem}", show(text)));
    }
}

/// Judges an address in a field that took more forms in older versions.
fn judge_address<'d>(check: &mut Check<'d>, node: Node<'d>) {
    let text = plain(node);
    if let Some(problem) = address(text, check.since(36)) {
        check.error(RULE, node, format!("`{}` {problem}", show(text)));
    } else if let Some(problem) = address_warning(text).filter(|_| check.since(33)) {
        check.warning(RULE, node, format!("`{}` {problem}", show(text)));
    }
}
