//! Label selectors, as every area uses them.

use super::check::{Check, items, plain, show, text};
use super::meta;
use super::syntax::{label_value, qualified_name};
use crate::source::Span;
use crate::yaml::{Entry, Node};

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

/// Finds what a selector wants and labels do not give: the requirement's place, and what it wants in words. Nothing where
/// the selector cannot be read, as it is judged for itself.
///
/// `label` gives the value of a label.
pub(super) fn unmet<'d>(selector: Node<'d>, label: impl Fn(&str) -> Option<&'d str>) -> Option<(Span, String)> {
    let mut found = None;
    for Entry { key, value } in selector.field("matchLabels").into_iter().flat_map(Node::entries) {
        let wanted = plain(value);
        if qualified_name(key.text()).is_some() || label_value(wanted).is_some() {
            return None;
        }
        if label(key.text()) != Some(wanted) {
            found = found.or_else(|| Some((value.span(), format!("`{}: {}`", key.text(), show(wanted)))));
        }
    }
    for requirement in items(selector, "matchExpressions") {
        let (key, operator) = (text(requirement, "key"), text(requirement, "operator"));
        let values = || items(requirement, "values").map(plain);
        if qualified_name(key).is_some() || values().any(|value| label_value(value).is_some()) {
            return None;
        }
        let has = label(key);
        let (takes_values, met) = match operator {
            "In" => (true, has.is_some_and(|has| values().any(|value| value == has))),
            "NotIn" => (true, has.is_none_or(|has| !values().any(|value| value == has))),
            "Exists" => (false, has.is_some()),
            "DoesNotExist" => (false, has.is_none()),
            _ => return None,
        };
        if takes_values != values().next().is_some() {
            return None;
        }
        if !met {
            found = found.or_else(|| Some((requirement.head(), format!("`{key}` {operator}"))));
        }
    }
    found
}
