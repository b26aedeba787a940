//! ResourceSlices: the devices of a pool.

use super::attributes;
use super::forms::{RULE, bounded, distinct, driver, label_name, named, pool};
use super::taint::taint;
use crate::api::check::{Check, Place, is_true, items, plain, show, text};
use crate::api::placement::node_selector;
use crate::api::syntax::{dns_label, dns_subdomain, qualified_name};
use crate::yaml::Node;

/// Judges a ResourceSlice.
pub(super) fn judge<'d>(check: &mut Check<'d>, object: Node<'d>) {
    let Some(spec) = object.field("spec") else { return };
    named(check, spec, "driver", driver);
    if text(spec, "driver").contains(|c: char| c.is_ascii_uppercase()) {
        check.warning(RULE, (spec, "driver"), "the name of a driver is usually written in small letters");
    }
    if spec.field("pool").is_none() {
        check.error(RULE, (spec, &["pool", "name"]), "`pool` is missing");
    }
    if let Some(pool) = spec.field("pool") {
        named(check, pool, "name", self::pool);
        let count = pool.field("resourceSliceCount").and_then(Node::as_i64).unwrap_or_default();
        if count < 1 {
            let message = format!("`resourceSliceCount` is {count}, but must be at least 1");
            check.error(RULE, (pool, "resourceSliceCount"), message);
        }
        check.range(RULE, pool, "generation", 0, i64::MAX);
    }
    nodes(check, spec, spec, check.since(36));
    if let Some(selector) = spec.field("nodeSelector")
        && items(selector, "nodeSelectorTerms").count() != 1
    {
        check.error(RULE, (selector, "nodeSelectorTerms"), "the selector of a slice has one term");
    }
    // Older servers drop what later ones have.
    if check.since(36) && spec.field("sharedCounters").is_some() && spec.field("devices").is_some() {
        check.error(RULE, spec, "a slice has `sharedCounters` or `devices`, not both").help("make it two slices");
    }
    let costly = |device: Node<'d>| items(device, "taints").chain(items(device, "consumesCounters")).next().is_some();
    let most = if check.since(36) && items(spec, "devices").any(costly) { 64 } else { 128 };
    if bounded(check, spec, "devices", most) {
        items(spec, "devices").for_each(|one| device(check, spec, one));
        distinct(check, items(spec, "devices"), |device| text(device, "name"));
    }
    if check.since(36) && bounded(check, spec, "sharedCounters", 8) {
        for set in items(spec, "sharedCounters") {
            label_name(check, set);
            counters(check, set);
        }
        distinct(check, items(spec, "sharedCounters"), |set| text(set, "name"));
    }
}

/// Judges which nodes reach a slice or device: exactly one field says.
fn nodes<'d>(check: &mut Check<'d>, holder: Node<'d>, place: impl Into<Place<'d>>, per_device: bool) {
    let mut count = 0;
    if let Some(name) = holder.field("nodeName") {
        count += usize::from(!name.text().is_empty());
        check.syntax(RULE, name, "nodeName", name.text(), dns_subdomain);
    }
    if let Some(selector) = holder.field("nodeSelector") {
        count += 1;
        node_selector(check, selector);
    }
    for field in ["allNodes", "perDeviceNodeSelection"] {
        match holder.field(field).filter(|_| field == "allNodes" || per_device).and_then(Node::as_bool) {
            Some(true) => count += 1,
            Some(false) => _ = check.error(RULE, (holder, field), format!("`{field}` is `true` or absent")),
            None => {}
        }
    }
    if count != 1 {
        let last = if per_device { "`, `perDeviceNodeSelection" } else { "" };
        let message = format!("one of `nodeName`, `nodeSelector`, `allNodes{last}` must be set, not {count}");
        check.error(RULE, place, message);
    }
}

fn device<'d>(check: &mut Check<'d>, spec: Node<'d>, device: Node<'d>) {
    label_name(check, device);
    attributes::judge(check, device);
    if !check.since(36) {
        return;
    }
    if bounded(check, device, "taints", 16) {
        items(device, "taints").for_each(|one| taint(check, one));
    }
    if bounded(check, device, "consumesCounters", 2) {
        for consumption in items(device, "consumesCounters") {
            named(check, consumption, "counterSet", dns_label);
            counters(check, consumption);
        }
        distinct(check, items(device, "consumesCounters"), |consumption| text(consumption, "counterSet"));
    }
    if is_true(spec, "perDeviceNodeSelection") {
        nodes(check, device, device, false);
    } else if ["nodeName", "nodeSelector", "allNodes"].into_iter().any(|field| device.field(field).is_some()) {
        let message = "which nodes reach a device is said where the slice has `perDeviceNodeSelection: true`";
        check.error(RULE, device, message);
    }
    conditions(check, device);
}

fn counters<'d>(check: &mut Check<'d>, holder: Node<'d>) {
    const MOST: usize = 32;
    let counters = || holder.field("counters").into_iter().flat_map(Node::entries);
    match counters().count() {
        0 => _ = check.error(RULE, (holder, "counters"), "`counters` is empty"),
        1..=MOST => {
            for entry in counters() {
                let place = Place::Shown(entry.key.span(), holder, "counters");
                check.syntax(RULE, place, "key", entry.name(), dns_label);
            }
        }
        count => {
            check.error(RULE, (holder, "counters"), format!("`counters` has {count} entries, and may have {MOST}"));
        }
    }
}

/// Judges the conditions of a node that decide whether a device can be bound.
fn conditions<'d>(check: &mut Check<'d>, device: Node<'d>) {
    let fields = ["bindingConditions", "bindingFailureConditions"];
    for field in fields {
        if bounded(check, device, field, 4) {
            for condition in items(device, field) {
                check.syntax(RULE, condition, field, plain(condition), qualified_name);
            }
        }
        distinct(check, items(device, field), plain);
    }
    for failure in items(device, "bindingFailureConditions") {
        if items(device, "bindingConditions").any(|condition| plain(condition) == plain(failure)) {
            let message = format!("`{}` stands in `bindingConditions` too", show(plain(failure)));
            check.error(RULE, failure, message);
        }
    }
    let [has, fails] = fields.map(|field| items(device, field).next().is_some());
    if has != fails {
        let (lacking, given) = if has { (fields[1], fields[0]) } else { (fields[0], fields[1]) };
        check.error(RULE, (device, lacking), format!("`{given}` needs `{lacking}` beside it"));
    }
}
