//! Taints of devices, and what tolerates them.

use super::forms::{RULE, driver, pool};
use crate::api::check::{Check, text};
use crate::api::syntax::{dns_label, label_value, qualified_name};
use crate::yaml::Node;

/// Judges a DeviceTaintRule.
pub(super) fn rule<'d>(check: &mut Check<'d>, object: Node<'d>) {
    let Some(spec) = object.field("spec") else {
        check.error(RULE, (object, &["spec", "taint", "key"]), "`spec.taint` is missing");
        return;
    };
    if let Some(selector) = spec.field("deviceSelector") {
        for (field, form) in [("driver", driver as fn(&str) -> Option<String>), ("pool", pool), ("device", dns_label)] {
            if let Some(node) = selector.field(field) {
                check.syntax(RULE, node, field, node.text(), form);
            }
        }
    }
    match spec.field("taint") {
        Some(taint) => self::taint(check, taint),
        None => _ = check.error(RULE, (spec, &["taint", "key"]), "`taint` is missing"),
    }
}

/// Judges a taint.
pub(super) fn taint<'d>(check: &mut Check<'d>, taint: Node<'d>) {
    check.syntax(RULE, (taint, "key"), "key", text(taint, "key"), qualified_name);
    check.syntax(RULE, (taint, "value"), "value", text(taint, "value"), label_value);
    if check.required(RULE, taint, "effect").is_some() {
        check.word(RULE, taint, "effect", &["NoSchedule", "NoExecute", "None"]);
    }
}

/// Judges a toleration.
pub(super) fn toleration<'d>(check: &mut Check<'d>, toleration: Node<'d>) {
    let (key, value) = (text(toleration, "key"), text(toleration, "value"));
    if !key.is_empty() {
        check.syntax(RULE, (toleration, "key"), "key", key, qualified_name);
    }
    match text(toleration, "operator") {
        "Exists" if !value.is_empty() => {
            check.error(RULE, (toleration, "value"), "`Exists` takes no `value`").help("remove `value`");
        }
        "Equal" | "" => _ = check.syntax(RULE, (toleration, "value"), "value", value, label_value),
        _ => _ = check.word(RULE, toleration, "operator", &["Equal", "Exists"]),
    }
    if !text(toleration, "effect").is_empty() {
        check.word(RULE, toleration, "effect", &["NoSchedule", "NoExecute", "None"]);
    }
}
