//! `affinity`: near which nodes and pods a pod wants to run.

use super::RULE;
use crate::api::check::{Check, Place, items, plain, show, text};
use crate::api::placement;
use crate::api::selector::label_selector;
use crate::api::syntax::{dns_label, qualified_name};
use crate::yaml::Node;

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";

pub(super) fn judge<'d>(check: &mut Check<'d>, pod: Node<'d>, spec: Node<'d>) {
    let Some(affinity) = spec.field("affinity") else { return };
    if let Some(nodes) = affinity.field("nodeAffinity") {
        if let Some(selector) = nodes.field(REQUIRED) {
            placement::node_selector(check, selector);
        }
        for weighted in items(nodes, PREFERRED) {
            weight(check, weighted);
            if let Some(term) = weighted.field("preference") {
                placement::preferred_term(check, term);
            }
        }
    }
    for pods in ["podAffinity", "podAntiAffinity"].into_iter().filter_map(|field| affinity.field(field)) {
        for term in items(pods, REQUIRED) {
            pod_term(check, pod, term);
        }
        for weighted in items(pods, PREFERRED) {
            weight(check, weighted);
            if let Some(term) = weighted.field("podAffinityTerm") {
                pod_term(check, pod, term);
            }
        }
    }
}

fn weight<'d>(check: &mut Check<'d>, weighted: Node<'d>) {
    check.range(RULE, weighted, "weight", 1, 100);
}

fn pod_term<'d>(check: &mut Check<'d>, pod: Node<'d>, term: Node<'d>) {
    for selector in ["labelSelector", "namespaceSelector"].into_iter().filter_map(|field| term.field(field)) {
        label_selector(check, selector);
    }
    if term.field("labelSelector").is_none() {
        let message = "without `labelSelector` this is about no pod";
        check.warning(RULE, (term, "labelSelector"), message).help("write `labelSelector`");
    }
    for namespace in items(term, "namespaces") {
        let place = Place::Shown(namespace.head(), term, "namespace");
        check.syntax("api/name", place, "namespaces", plain(namespace), dns_label);
    }
    if let Some(key) = check.required(RULE, term, "topologyKey") {
        check.syntax(RULE, key, "topologyKey", key.text(), qualified_name);
    }
    if check.since(31) {
        label_keys(check, pod, term);
    }
}

/// Judges `matchLabelKeys` and `mismatchLabelKeys`: keys of labels that other pods share, or do not share, with this one.
pub(super) fn label_keys<'d>(check: &mut Check<'d>, pod: Node<'d>, term: Node<'d>) {
    for field in ["matchLabelKeys", "mismatchLabelKeys"] {
        let mut keys = items(term, field).peekable();
        if keys.peek().is_some() && term.field("labelSelector").is_none() {
            check.error(RULE, (term, field), format!("`{field}` goes with `labelSelector` only"));
            continue;
        }
        for key in keys {
            check.syntax(RULE, key, field, plain(key), qualified_name);
        }
    }
    for (index, key) in items(term, "matchLabelKeys").enumerate() {
        if items(term, "mismatchLabelKeys").any(|other| plain(other) == plain(key)) {
            let message = format!("`{}` stands in `mismatchLabelKeys` as well", show(key.text()));
            check.error(RULE, key, message).help("remove one of them");
        }
        if selected(check, pod, term, plain(key)) > 1 {
            let mark = check.mark();
            check.error(RULE, key, format!("`labelSelector` already says `{}`", show(key.text())));
            // The server leaves out the field.
            check.respell(mark, &format!(".matchLabelKeys[{index}]"), &format!("[{index}]"));
        }
    }
}

/// Counts how often a selector says something of a key, once the server has added to it what `matchLabelKeys` means.
///
/// It adds to Pods only, whose labels it knows.
fn selected<'d>(check: &Check<'d>, pod: Node<'d>, term: Node<'d>, key: &str) -> usize {
    let Some(selector) = term.field("labelSelector") else { return 0 };
    let labels = selector.field("matchLabels").is_some_and(|labels| labels.get(key).is_some());
    let expressions = items(selector, "matchExpressions").filter(|held| text(*held, "key") == key).count();
    let known =
        super::is_pod(check, pod) && pod.at(&["metadata", "labels"]).is_some_and(|held| held.get(key).is_some());
    let added = items(term, "matchLabelKeys").filter(|held| known && plain(*held) == key).count();
    usize::from(labels) + expressions + added
}
