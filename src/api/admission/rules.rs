//! Which requests something is about: rules of webhooks, resources of policies.

use super::RULE;
use crate::api::check::{Check, items, plain, show};
use crate::api::selector::label_selector;
use crate::api::syntax::path_segment;
use crate::yaml::{Kind, Node};

/// Judges the `matchConstraints` of a policy, or the `matchResources` of a binding.
pub(super) fn resources<'d>(check: &mut Check<'d>, resources: Node<'d>) {
    check.word(RULE, resources, "matchPolicy", &["Exact", "Equivalent"]);
    for selector in ["namespaceSelector", "objectSelector"] {
        if let Some(selector) = resources.field(selector) {
            label_selector(check, selector);
        }
    }
    for list in ["resourceRules", "excludeResourceRules"] {
        for named in items(resources, list) {
            let mut seen: Vec<&str> = Vec::new();
            for name in items(named, "resourceNames") {
                check.syntax(RULE, name, "resourceNames", plain(name), path_segment);
                if seen.contains(&name.text()) {
                    check.error(RULE, name, format!("`{}` is named twice", show(name.text())));
                }
                seen.push(name.text());
            }
            rule(check, named);
        }
    }
}

/// Judges one rule: operations, groups, versions, resources, scope.
pub(super) fn rule<'d>(check: &mut Check<'d>, rule: Node<'d>) {
    // The server takes null for an empty rule.
    if !matches!(rule.kind(), Kind::Map | Kind::Null) {
        return;
    }
    let needs = |check: &mut Check<'d>, field: &'static str| {
        if items(rule, field).next().is_none() {
            check.error(RULE, (rule, field), format!("`{field}` is missing"));
        } else if items(rule, field).count() > 1 && items(rule, field).any(|item| item.text() == "*") {
            check.error(RULE, (rule, field), format!("`*` stands for all `{field}`: no others may be beside it"));
        }
    };
    for field in ["operations", "apiGroups", "apiVersions"] {
        needs(check, field);
    }
    let operations = ["CREATE", "UPDATE", "DELETE", "CONNECT", "*"];
    for operation in items(rule, "operations").filter(|operation| !operations.contains(&operation.text())) {
        let message = format!(
            "`{}` is no operation: they are `CREATE`, `UPDATE`, `DELETE`, `CONNECT` and `*`",
            show(operation.text())
        );
        check.error(RULE, operation, message);
    }
    for version in items(rule, "apiVersions").filter(|version| plain(*version).is_empty()) {
        check.error(RULE, version, "an API version is empty");
    }
    check.word(RULE, rule, "scope", &["Cluster", "Namespaced", "*"]);
    self::names(check, rule);
}

/// Judges the resources of a rule: `pods`, `pods/exec`, `*/scale`.
fn names<'d>(check: &mut Check<'d>, rule: Node<'d>) {
    let names: Vec<Node<'d>> = items(rule, "resources").collect();
    if names.is_empty() {
        check.error(RULE, (rule, "resources"), "`resources` is missing");
    }
    let (mut all_below, mut all_above): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    let mut last_plain = false;
    for name in &names {
        let text = plain(*name);
        if text.is_empty() {
            check.error(RULE, *name, "a resource is empty");
            continue;
        }
        let Some((resource, below)) = text.split_once('/') else {
            // The server remembers the last one only.
            last_plain = text != "*";
            continue;
        };
        if all_below.contains(&resource) || all_above.contains(&below) {
            check.error(RULE, *name, format!("`{}` is among what stands before it already", show(text)));
        }
        if below == "*" {
            all_below.push(resource);
        }
        if resource == "*" {
            all_above.push(below);
        }
    }
    let has = |wanted: &str| names.iter().any(|name| name.text() == wanted);
    if names.len() > 1 && has("*/*") {
        check.error(RULE, (rule, "resources"), "`*/*` stands for all resources: no others may be beside it");
    }
    if has("*") && last_plain {
        check.error(RULE, (rule, "resources"), "`*` stands for all resources: none without `/` may be beside it");
    }
}
