//! On which nodes a pod may run, and when.

use super::RULE;
use crate::api::check::{Check, items, show};
use crate::api::meta;
use crate::api::placement;
use crate::api::pod::containers::resources::container_resource;
use crate::api::syntax::qualified_name;
use crate::schema::Amount;
use crate::yaml::Node;
use std::collections::HashSet;

pub(super) fn judge<'d>(check: &mut Check<'d>, spec: Node<'d>) {
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
    overhead(check, spec);
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
fn overhead<'d>(check: &mut Check<'d>, spec: Node<'d>) {
    let Some(overhead) = spec.field("overhead") else { return };
    let mark = check.mark();
    for entry in overhead.entries() {
        if let Some(problem) = container_resource(entry.name()) {
            check.error(RULE, entry.value, format!("`{}` {problem}", show(entry.name())));
        }
        if Amount::read(entry.value.text()).is_some_and(Amount::is_negative) {
            check.error(RULE, entry.value, format!("`{}` may not be negative", show(entry.name())));
        }
    }
    // The server judges it as the limits of a container.
    check.respell(mark, ".overhead.", ".overhead.limits.");
    check.respell(mark, ".overhead[", ".overhead.limits[");
    for name in ["memory", "ephemeral-storage"] {
        if let Some(value) = overhead.field(name)
            && Amount::read(value.text()).is_some_and(|amount| !amount.is_whole())
        {
            check.warning(RULE, value, format!("`{name}` is no whole number of bytes"));
        }
    }
}
