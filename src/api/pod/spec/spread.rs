//! `topologySpreadConstraints`: how pods are spread over parts of a cluster.

use super::RULE;
use super::affinity::label_keys;
use crate::api::check::{Check, items, plain, show, text};
use crate::api::placement;
use crate::api::selector::label_selector;
use crate::api::syntax::qualified_name;
use crate::yaml::Node;

pub(super) fn judge<'d>(check: &mut Check<'d>, pod: Node<'d>, spec: Node<'d>) {
    let kind = |constraint: Node<'d>| (text(constraint, "topologyKey"), text(constraint, "whenUnsatisfiable"));
    for (index, constraint) in items(spec, "topologySpreadConstraints").enumerate() {
        self::constraint(check, pod, constraint);
        if items(spec, "topologySpreadConstraints").skip(index + 1).any(|other| kind(other) == kind(constraint)) {
            let (key, when) = kind(constraint);
            let message = format!("two constraints are of `{}` and `{}`", show(key), show(when));
            check.error(RULE, (constraint, "topologyKey"), message).help("remove one of them");
            let mark = check.mark() - 1;
            check.respell(mark, ".topologyKey", ".{topologyKey, whenUnsatisfiable}");
        }
    }
}

fn constraint<'d>(check: &mut Check<'d>, pod: Node<'d>, constraint: Node<'d>) {
    check.range(RULE, constraint, "maxSkew", 1, i64::MAX);
    if let Some(key) = check.required(RULE, constraint, "topologyKey") {
        placement::deprecated_label(check, key, key.text());
    }
    if check.required(RULE, constraint, "whenUnsatisfiable").is_some() {
        check.word(RULE, constraint, "whenUnsatisfiable", &["DoNotSchedule", "ScheduleAnyway"]);
    }
    if constraint.field("minDomains").is_some()
        && check.range(RULE, constraint, "minDomains", 1, i64::MAX)
        && text(constraint, "whenUnsatisfiable") != "DoNotSchedule"
    {
        let message = "`minDomains` goes with `whenUnsatisfiable: DoNotSchedule` only";
        check.error(RULE, (constraint, "minDomains"), message);
    }
    for field in ["nodeAffinityPolicy", "nodeTaintsPolicy"] {
        check.word(RULE, constraint, field, &["Honor", "Ignore"]);
    }
    if let Some(selector) = constraint.field("labelSelector") {
        label_selector(check, selector);
    } else {
        let message = "without `labelSelector` this is about no pod";
        check.warning(RULE, (constraint, "labelSelector"), message).help("write `labelSelector`");
    }
    if check.since(34) {
        label_keys(check, pod, constraint);
    } else {
        older_label_keys(check, constraint);
    }
}

/// Judges `matchLabelKeys` as servers before 1.34 did: keys of the selector may not stand there.
fn older_label_keys<'d>(check: &mut Check<'d>, constraint: Node<'d>) {
    let mut keys = items(constraint, "matchLabelKeys").peekable();
    if keys.peek().is_some() && constraint.field("labelSelector").is_none() {
        let message = "`matchLabelKeys` goes with `labelSelector` only";
        check.error(RULE, (constraint, "matchLabelKeys"), message);
    }
    for key in keys {
        check.syntax(RULE, key, "matchLabelKeys", plain(key), qualified_name);
        let selects = constraint.field("labelSelector").is_some_and(|selector| {
            selector.field("matchLabels").is_some_and(|labels| labels.get(key.text()).is_some())
                || items(selector, "matchExpressions").any(|expression| text(expression, "key") == key.text())
        });
        if selects {
            check.error(RULE, key, format!("`labelSelector` already says `{}`", show(key.text())));
        }
    }
}
