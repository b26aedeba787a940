//! NetworkPolicies.

use crate::api::check::{Check, items, plain, show};
use crate::api::selector::label_selector;
use crate::api::syntax::{Network, network, network_warning, port_name};
use crate::yaml::Node;

/// Judges a NetworkPolicy.
pub(super) fn judge<'d>(check: &mut Check<'d>, object: Node<'d>) {
    let Some(spec) = object.field("spec") else { return };
    if let Some(selector) = spec.field("podSelector") {
        label_selector(check, selector);
    }
    for (direction, peers) in [("ingress", "from"), ("egress", "to")] {
        for rule in items(spec, direction) {
            items(rule, "ports").for_each(|one| port(check, one));
            items(rule, peers).for_each(|one| peer(check, one));
        }
    }
    // Which words they may be, the schema says; null is none.
    for written in items(spec, "policyTypes").filter(|written| plain(*written).is_empty()) {
        check.error("api/network-policy", written, "the type is empty").help("write `Ingress` or `Egress`");
    }
    if items(spec, "policyTypes").count() > 2 {
        check.error("api/network-policy", (spec, "policyTypes"), "`policyTypes` names more than two types");
    }
}

fn port<'d>(check: &mut Check<'d>, rule: Node<'d>) {
    check.word("api/network-policy", rule, "protocol", &["TCP", "UDP", "SCTP"]);
    let end = rule.field("endPort");
    let Some(port) = rule.field("port") else {
        if end.is_some() {
            let message = "`endPort` ends a range that `port` does not begin";
            check.error("api/network-policy", (rule, "endPort"), message).help("write `port`");
        }
        return;
    };
    if let Some(name) = port.as_str() {
        if end.is_some() {
            let message = format!("`endPort` ends a range that the name `{}` cannot begin", show(name));
            check.error("api/network-policy", (rule, "endPort"), message).help("make `port` a number");
        }
        check.syntax("api/port", port, "port", name, port_name);
        return;
    }
    check.range("api/port", rule, "port", 1, 65535);
    if let (Some(first), Some(last)) = (port.as_i64(), end.and_then(Node::as_i64))
        && check.range("api/port", rule, "endPort", 1, 65535)
        && last < first
    {
        check.error("api/network-policy", (rule, "endPort"), format!("`endPort` is {last}, below `port`, {first}"));
    }
}

fn peer<'d>(check: &mut Check<'d>, peer: Node<'d>) {
    let selectors = ["podSelector", "namespaceSelector"].into_iter().filter_map(|field| peer.field(field));
    let mut count = 0;
    for selector in selectors {
        count += 1;
        label_selector(check, selector);
    }
    match peer.field("ipBlock") {
        Some(_) if count > 0 => {
            let message = "a peer is an `ipBlock` or selected, not both";
            check.error("api/network-policy", peer, message).help("make it two peers");
        }
        None if count == 0 => {
            let help = "write `podSelector`, `namespaceSelector` or `ipBlock`; `podSelector: {}` selects all pods";
            check.error("api/network-policy", peer, "the peer is empty").help(help);
        }
        _ => {}
    }
    if let Some(block) = peer.field("ipBlock") {
        ip_block(check, block);
    }
}

fn ip_block<'d>(check: &mut Check<'d>, block: Node<'d>) {
    let Some(cidr) = check.required("api/network", block, "cidr") else { return };
    judge_network(check, cidr, "cidr");
    let Some(whole) = Network::read(cidr.text()) else { return };
    for except in items(block, "except") {
        judge_network(check, except, "except");
        if let Some(part) = Network::read(except.text())
            && !whole.strictly_holds(part)
        {
            let message = format!("`{}` is no part of `{}`", show(except.text()), show(cidr.text()));
            check.error("api/network-policy", except, message);
        }
    }
}

/// Judges a network in a field that is older than strict parsing.
pub(super) fn judge_network<'d>(check: &mut Check<'d>, node: Node<'d>, what: &str) {
    let strict = check.since(36);
    if check.syntax("api/network", node, what, plain(node), |text| network(text, strict))
        && let Some(problem) = network_warning(node.text())
    {
        check.warning("api/network", node, format!("`{}` {problem}", show(node.text())));
    }
}

#[cfg(test)]
mod tests {
    use crate::api::testing::judged;

    #[test]
    fn ports_peers_and_blocks() {
        let found = judged(
            "apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web}
spec:
  podSelector: {matchExpressions: [{key: app, operator: In}]}
  policyTypes: [Ingress, Egress, Ingress]
  ingress:
    - ports: [{endPort: 5}, {port: web, endPort: 5}, {port: 80, endPort: 79}, {port: a--b}]
      from:
        - {}
        - {podSelector: {}, ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16, 10.0.0.0/8, 10.1.2.3/16, web]}}
        - {ipBlock: {cidr: 10.0.0.0}}
        - {ipBlock: {cidr: FD00::/8}}
",
        );
        let expected = [
            "error api/selector spec.podSelector.matchExpressions[0].values: `In` needs `values`",
            "error api/network-policy spec.policyTypes: `policyTypes` names more than two types",
            "error api/network-policy spec.ingress[0].ports[0].endPort: `endPort` ends a range that `port` does not begin",
            "error api/network-policy spec.ingress[0].ports[1].endPort: `endPort` ends a range that the name `web` cannot begin",
            "error api/network-policy spec.ingress[0].ports[2].endPort: `endPort` is 79, below `port`, 80",
            "error api/port spec.ingress[0].ports[3].port: `port` is `a--b`, but may not hold `--`",
            "error api/network-policy spec.ingress[0].from[0]: the peer is empty",
            "error api/network-policy spec.ingress[0].from[1]: a peer is an `ipBlock` or selected, not both",
            "error api/network-policy spec.ingress[0].from[1].ipBlock.except[1]: `10.0.0.0/8` is no part of `10.0.0.0/8`",
            "error api/network spec.ingress[0].from[1].ipBlock.except[2]: `except` is `10.1.2.3/16`, but has bits set behind its prefix",
            "error api/network spec.ingress[0].from[1].ipBlock.except[3]: `except` is `web`, but must be a network such as `10.0.0.0/8`",
            "error api/network spec.ingress[0].from[2].ipBlock.cidr: `cidr` is `10.0.0.0`, but must be a network such as `10.0.0.0/8`",
            "warning api/network spec.ingress[0].from[3].ipBlock.cidr: `FD00::/8` is usually written `fd00::/8`",
        ];
        assert_eq!(found, expected, "{found:#?}");
    }
}
