//! What may be requested of a capacity that several claims share.

use super::forms::{RULE, bounded};
use crate::api::check::{Check, items};
use crate::api::resources::amount;
use crate::schema::Amount;
use crate::yaml::Node;

/// Judges a `requestPolicy`.
pub(super) fn judge<'d>(check: &mut Check<'d>, policy: Node<'d>, capacity: Option<Node<'d>>) {
    let values = items(policy, "validValues").next().is_some();
    let range = policy.field("validRange");
    if values && range.is_some() {
        check.error(RULE, policy, "a policy has `validValues` or a `validRange`, not both");
        return;
    }
    let Some(capacity) = capacity.map_or(Some(Amount::ZERO), amount) else { return };
    if !values && range.is_none() {
        return;
    }
    let Some(default) = check.required(RULE, policy, "default").and_then(amount) else { return };
    match range {
        Some(range) => self::range(check, range, default, capacity),
        None => self::values(check, policy, default, capacity),
    }
}

fn values<'d>(check: &mut Check<'d>, policy: Node<'d>, default: Amount, capacity: Amount) {
    let mut last: Option<Amount> = None;
    let mut found = false;
    if !bounded(check, policy, "validValues", 10) {
        return;
    }
    for value in items(policy, "validValues") {
        let Some(read) = amount(value) else { return };
        if last.is_some_and(|last| last > read) {
            check.error(RULE, value, format!("`{}` stands behind a larger value: the list is sorted", value.text()));
        } else if last == Some(read) {
            check.error(RULE, value, format!("`{}` stands in the list already", value.text()));
        }
        if read > capacity {
            check.error(RULE, value, format!("`{}` is more than the capacity", value.text()));
        }
        found |= read == default;
        last = Some(read);
    }
    if !found {
        check.error(RULE, (policy, "validValues"), "`default` is none of `validValues`");
    }
}

fn range<'d>(check: &mut Check<'d>, range: Node<'d>, default: Amount, capacity: Amount) {
    let Some(least) = check.required(RULE, range, "min").and_then(amount) else { return };
    let most = range.field("max").and_then(amount);
    let mut wrong = |field: &'static str, message: &str| _ = check.error(RULE, (range, field), message);
    if least > capacity {
        wrong("min", "`min` is more than the capacity");
    }
    if default < least {
        wrong("default", "`default` is less than `min`");
    }
    if let Some(most) = most {
        if least > most {
            wrong("max", "`max` is less than `min`");
        }
        if most > capacity {
            wrong("max", "`max` is more than the capacity");
        }
        if default > most {
            wrong("default", "`default` is more than `max`");
        }
    }
    if let Some(step) = range.field("step").and_then(amount) {
        if step <= Amount::ZERO {
            wrong("step", "`step` must be more than nothing");
        } else if least.plus(step) > capacity {
            wrong("step", "`min` and one `step` are more than the capacity");
        }
        let reached = |amount: Amount| {
            let whole = [amount, least, step].into_iter().all(Amount::is_whole);
            !whole || amount.minus(least).is_multiple_of(step)
        };
        if step > Amount::ZERO && !(reached(default) && most.is_none_or(reached)) {
            wrong("step", "`default` or `max` is no whole number of steps from `min`");
        }
    }
}
