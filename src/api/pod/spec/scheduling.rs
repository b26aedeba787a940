//! On which nodes a pod may run, and when.

use super::{RULE, is_pod};
use crate::api::check::{Check, items, show};
use crate::api::meta;
use crate::api::placement;
use crate::api::syntax::qualified_name;
use crate::schema::Amount;
use crate::yaml::Node;
use std::collections::HashSet;

pub(super) fn judge<'d>(check: &mut Check<'d>, pod: Node<'d>, spec: Node<'d>) {
    if let Some(labels) = spec.field("nodeSelector") {
        meta::labels(check, labels);
        for label in labels.entries() {
            placement::deprecated_label(check, label.value, label.name());
        }
    }
    placement::tolerations(check, spec);
    gates(check, spec);
    if spec.field("preemptionPolicy").is_some() && check.required(RULE, spec, "preemptionPolicy").is_some() {
        check.word(RULE, spec, "preemptionPolicy", &["PreemptLowerPriority", "Never"]);
    }
    overhead(check, pod, spec);
}

fn gates<'d>(check: &mut Check<'d>, spec: Node<'d>) {
    let mut seen = HashSet::new();
    for gate in items(spec, "schedulingGates") {
        let name = gate.field("name").map(Node::text).unwrap_or_default();
        check.syntax("api/name", gate, "name", name, qualified_name);
        if !seen.insert(name) {
            check.error(RULE, gate, format!("two gates are named `{}`", show(name)));
        }
    }
}

/// Judges what running a pod takes besides its containers.
fn overhead<'d>(check: &mut Check<'d>, pod: Node<'d>, spec: Node<'d>) {
    let Some(overhead) = spec.field("overhead") else { return };
    for entry in overhead.entries() {
        let Some(amount) = Amount::read(entry.value.text()) else { continue };
        if amount.is_negative() {
            check.error(RULE, entry.value, format!("`{}` may not be negative", show(entry.name())));
        } else if ["memory", "ephemeral-storage"].contains(&entry.name()) && !amount.is_whole() && !is_pod(check, pod) {
            let message = format!("`{}` is no whole number of bytes", entry.name());
            check.warning(RULE, entry.value, message);
        }
    }
}
