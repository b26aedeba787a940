//! Classes of storage, and how much of them there is.

use crate::api::check::{Check, items, plain, show, text};
use crate::api::placement;
use crate::api::selector::label_selector;
use crate::api::syntax::{dns_subdomain, qualified_name};
use crate::schema::Amount;
use crate::yaml::Node;
use std::collections::{BTreeMap, BTreeSet};

const RULE: &str = "api/storage-class";
const MOST_PARAMETERS: usize = 512;
const MOST_BYTES: usize = 256 * 1024;

pub(super) fn storage_class<'d>(check: &mut Check<'d>, class: Node<'d>) {
    provisioner(check, class, "provisioner");
    parameters(check, class);
    if !text(class, "reclaimPolicy").is_empty() {
        check.word(RULE, class, "reclaimPolicy", &["Delete", "Retain"]);
    }
    check.word(RULE, class, "volumeBindingMode", &["Immediate", "WaitForFirstConsumer"]);
    topologies(check, class);
}

pub(super) fn volume_attributes_class<'d>(check: &mut Check<'d>, class: Node<'d>) {
    provisioner(check, class, "driverName");
    if class.field("parameters").is_none_or(|parameters| parameters.entries().len() == 0) {
        check.error(RULE, (class, "parameters"), "`parameters` is empty").help("write at least one");
    }
    parameters(check, class);
}

pub(super) fn capacity<'d>(check: &mut Check<'d>, capacity: Node<'d>) {
    if let Some(topology) = capacity.field("nodeTopology") {
        label_selector(check, topology);
        for requirement in items(topology, "matchExpressions") {
            placement::deprecated_label(check, (requirement, "key"), text(requirement, "key"));
        }
        for label in topology.field("matchLabels").into_iter().flat_map(Node::entries) {
            placement::deprecated_label(check, label.value, label.name());
        }
    }
    let class = text(capacity, "storageClassName");
    check.syntax("api/name", (capacity, "storageClassName"), "storageClassName", class, dns_subdomain);
    if Amount::read(text(capacity, "capacity")).is_some_and(Amount::is_negative) {
        check.error(RULE, (capacity, "capacity"), "`capacity` may not be negative");
    }
}

fn provisioner<'d>(check: &mut Check<'d>, class: Node<'d>, field: &'static str) {
    if let Some(name) = check.required(RULE, class, field) {
        check.syntax("api/name", name, field, name.text(), |text| qualified_name(&text.to_lowercase()));
    }
}

fn parameters<'d>(check: &mut Check<'d>, class: Node<'d>) {
    let Some(parameters) = class.field("parameters") else { return };
    let count = parameters.entries().len();
    if count > MOST_PARAMETERS {
        check.error(RULE, parameters, format!("has {count} parameters, and may have {MOST_PARAMETERS}"));
        return;
    }
    let mut size = 0;
    for entry in parameters.entries() {
        size += entry.name().len() + entry.value.text().len();
        if entry.name().is_empty() {
            check.error(RULE, entry, "a parameter has an empty name");
        }
    }
    if size > MOST_BYTES {
        check.error(RULE, parameters, format!("parameters hold {size} bytes, and may hold {MOST_BYTES} together"));
    }
}

fn topologies<'d>(check: &mut Check<'d>, class: Node<'d>) {
    let mut seen = Vec::new();
    for term in items(class, "allowedTopologies") {
        let mut keys = BTreeMap::new();
        for expression in items(term, "matchLabelExpressions") {
            let mut values = BTreeSet::new();
            if items(expression, "values").next().is_none() {
                check.error(RULE, (expression, "values"), "`values` is empty");
            }
            for value in items(expression, "values") {
                if !values.insert(plain(value)) {
                    check.error(RULE, value, format!("`{}` stands twice", show(value.text())));
                }
            }
            let key = text(expression, "key");
            check.syntax(RULE, (expression, "key"), "key", key, qualified_name);
            placement::deprecated_label(check, (expression, "key"), key);
            if keys.insert(key, values).is_some() {
                check.error(RULE, (expression, "key"), format!("two expressions are of `{}`", show(key)));
            }
        }
        if keys.is_empty() {
            check.error(RULE, (term, "matchLabelExpressions"), "a topology says nothing").help("remove it");
        } else if seen.contains(&keys) {
            let message = "two topologies are the same";
            check.error(RULE, (term, "matchLabelExpressions"), message).help("remove one");
        }
        seen.push(keys);
    }
}
