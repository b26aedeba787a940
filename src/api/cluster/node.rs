//! Nodes.

use crate::api::check::{Check, Place, items, plain, show, text};
use crate::api::resources::judge_amount;
use crate::api::syntax::{Network, label_value, network, network_warning, qualified_name};
use crate::yaml::Node;

const RULE: &str = "api/node";

/// Judges a Node. Unlike elsewhere, the server keeps the status that it is given.
pub(super) fn judge<'d>(check: &mut Check<'d>, object: Node<'d>) {
    if let Some(spec) = object.field("spec") {
        // The server names them so.
        let mark = check.mark();
        taints(check, spec);
        check.respell(mark, "spec.taints", "metadata.taints");
        networks(check, spec);
        if !text(spec, "externalID").is_empty() {
            let said = check.warning("api/deprecated", (spec, "externalID"), "`externalID` is without effect");
            said.help("remove `externalID`");
        }
    }
    let Some(status) = object.field("status") else { return };
    for field in ["capacity", "allocatable"] {
        for entry in status.field(field).into_iter().flat_map(Node::entries) {
            judge_amount(check, Place::Keyed(entry.value.span(), status, field, entry.name()), entry);
        }
    }
    if check.since(36) {
        features(check, status);
    }
}

fn taints<'d>(check: &mut Check<'d>, spec: Node<'d>) {
    let mut seen: Vec<(Node<'d>, [&str; 2])> = Vec::new();
    for taint in items(spec, "taints") {
        let (key, effect) = (text(taint, "key"), text(taint, "effect"));
        check.syntax(RULE, (taint, "key"), "key", key, qualified_name);
        check.syntax(RULE, (taint, "value"), "value", text(taint, "value"), label_value);
        if check.required(RULE, taint, "effect").is_some() {
            check.word(RULE, taint, "effect", &["NoSchedule", "PreferNoSchedule", "NoExecute"]);
        }
        if let Some((first, _)) = seen.iter().find(|(_, known)| *known == [key, effect]) {
            let message = format!("the node has a taint `{}` of this effect already", show(key));
            check.error(RULE, taint, message).label(first.head(), "the first");
        }
        seen.push((taint, [key, effect]));
    }
}

fn networks<'d>(check: &mut Check<'d>, spec: Node<'d>) {
    let strict = check.since(36);
    let networks: Vec<Node<'d>> = items(spec, "podCIDRs").collect();
    let one = spec.field("podCIDR").filter(|one| !one.text().is_empty());
    // The older field counts where the two differ.
    if let Some(one) = one.filter(|one| networks.first().is_none_or(|first| plain(*first) != one.text())) {
        let place = Place::Deep(one.span(), spec, &["podCIDRs", "[0]"]);
        check.syntax("api/network", place, "podCIDR", one.text(), |text| network(text, strict));
        return;
    }
    for node in &networks {
        if check.syntax("api/network", *node, "podCIDRs", plain(*node), |text| network(text, strict))
            && let Some(problem) = network_warning(plain(*node))
        {
            check.warning("api/network", *node, format!("`{}` {problem}", show(node.text())));
        }
    }
    let families: Vec<bool> =
        networks.iter().filter_map(|node| Network::read(plain(*node))).map(|network| network.ip.is_ipv4()).collect();
    let dual = matches!(families.as_slice(), [first, second] if first != second);
    if networks.len() > 1 && !dual {
        check.error("api/network", (spec, "podCIDRs"), "a node has one network of each IP family");
    }
}

/// Judges the features that a node declares: sorted, each once.
fn features<'d>(check: &mut Check<'d>, status: Node<'d>) {
    let mut last: Option<&str> = None;
    for feature in items(status, "declaredFeatures") {
        let name = plain(feature);
        check.syntax(RULE, feature, "declaredFeatures", name, feature_form);
        match last {
            Some(last) if last == name => _ = check.error(RULE, feature, format!("`{}` is declared twice", show(name))),
            Some(last) if last > name => {
                check.error(
                    RULE,
                    feature,
                    format!("`{}` must stand before `{}`: the list is sorted", show(name), show(last)),
                );
            }
            _ => {}
        }
        last = Some(name);
    }
}

/// Words joined by `/`, of which the first begins with a capital: `GuaranteedQoS/cpu`.
fn feature_form(text: &str) -> Option<String> {
    let is_word = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_alphabetic()) && word.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let right = text.len() <= 253 && text.starts_with(|c: char| c.is_ascii_uppercase()) && text.split('/').all(is_word);
    (!right).then(|| "must be words of letters and digits joined by `/`, the first with a capital".to_owned())
}
