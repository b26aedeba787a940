//! Label selectors, as every area uses them.

use super::check::{Check, items, show, text};
use super::meta;
use super::syntax::{label_value, qualified_name};
use crate::yaml::Node;

/// Judges a `LabelSelector`: `matchLabels` and `matchExpressions`.
pub(super) fn label_selector<'d>(check: &mut Check<'d>, selector: Node<'d>) {
    if let Some(labels) = selector.field("matchLabels") {
        meta::labels(check, labels);
    }
    for requirement in items(selector, "matchExpressions") {
        match text(requirement, "operator") {
            "In" | "NotIn" if items(requirement, "values").next().is_none() => {
                let message = format!("`{}` needs `values`", text(requirement, "operator"));
                check.error("api/selector", (requirement, "values"), message);
            }
            "Exists" | "DoesNotExist" if items(requirement, "values").next().is_some() => {
                let message = format!("`{}` takes no `values`", text(requirement, "operator"));
                check.error("api/selector", (requirement, "values"), message).help("remove `values`");
            }
            "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
            "" => _ = check.error("api/selector", (requirement, "operator"), "`operator` is missing"),
            _ => _ = check.word("api/selector", requirement, "operator", &["In", "NotIn", "Exists", "DoesNotExist"]),
        }
        let key = text(requirement, "key");
        check.syntax("api/selector", (requirement, "key"), "key", key, qualified_name);
        for value in items(requirement, "values") {
            if let Some(problem) = label_value(value.text()) {
                check.error("api/selector", value, format!("`{}` {problem}", show(value.text())));
            }
        }
    }
}

/// Tells whether a selector selects everything: it says nothing.
pub(super) fn is_empty(selector: Node<'_>) -> bool {
    let none = |field: &str| selector.field(field).is_none_or(|held| held.entries().len() + held.items().len() == 0);
    none("matchLabels") && none("matchExpressions")
}
