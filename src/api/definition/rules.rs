//! Rules in CEL, as far as they can be judged without evaluating them.

use super::super::check::{Check, is_true, items, show, text};
use super::structural::{follow, properties, values};
use crate::schema::{LARGEST_COST, LARGEST_SUM, RuleTypes, most_below, most_in_request, rule_cost, rule_problem};
use crate::yaml::Node;

const RULE: &str = "api/definition-rule";

/// Judges what stands beside the expressions of a schema's rules.
pub(super) fn judge<'d>(check: &mut Check<'d>, schema: Node<'d>, uncorrelatable: bool) {
    let rules: Vec<Node<'d>> = items(schema, "x-kubernetes-validations").collect();
    for (index, rule) in rules.into_iter().enumerate() {
        let twice = |first: Node<'d>| text(first, "rule") == text(rule, "rule");
        if items(schema, "x-kubernetes-validations").take(index).any(twice) {
            check.apply_only((schema, "x-kubernetes-validations"), "a rule stands twice");
        }
        let (expression, message) = (text(rule, "rule").trim(), text(rule, "message"));
        let broken = |text: &str| text.contains(['\n', '\r']);
        if expression.is_empty() {
            check.required(RULE, rule, "rule");
            if rule.field("rule").is_some_and(|rule| !rule.text().is_empty()) {
                check.error(RULE, (rule, "rule"), "`rule` is empty");
            }
        } else if !message.is_empty() && message.trim().is_empty() {
            check.error(RULE, (rule, "message"), "`message` is empty");
        } else if broken(message.trim()) {
            check.error(RULE, (rule, "message"), "`message` must be on one line");
        } else if broken(expression) && message.is_empty() {
            let said = check.error(RULE, (rule, "message"), "`message` is missing");
            said.help("a rule of several lines needs a message");
        }
        let computed = text(rule, "messageExpression");
        if !computed.is_empty() && computed.trim().is_empty() {
            check.error(RULE, (rule, "messageExpression"), "`messageExpression` is empty");
        }
        if rule.field("reason").is_some() {
            let reasons = ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];
            check.word(RULE, rule, "reason", &reasons);
        }
        let path = text(rule, "fieldPath");
        if !path.is_empty() && (path.trim().is_empty() || broken(path) || follow(schema, path).is_none()) {
            let message = format!("`fieldPath` is `{}`, which names no field of the schema", show(path));
            check.error(RULE, (rule, "fieldPath"), message).help("write it from the rule's own schema: `.spec.name`");
        }
        old_self(check, rule, expression, uncorrelatable);
    }
}

fn old_self<'d>(check: &mut Check<'d>, rule: Node<'d>, expression: &str, uncorrelatable: bool) {
    let Some(uses) = crate::schema::uses_old_self(expression) else { return };
    if uses && uncorrelatable {
        let message = "`oldSelf` is not known where items cannot be followed from an old object to a new one";
        check.error(RULE, (rule, "rule"), message).help("only lists with `x-kubernetes-list-type: map` are followed");
    } else if !uses && let Some(optional) = rule.field("optionalOldSelf") {
        check.error(RULE, optional, "`optionalOldSelf` is for rules that speak of `oldSelf`");
    }
}

/// Judges the expressions of all rules of a schema that is sound otherwise.
pub(super) fn expressions<'d>(check: &mut Check<'d>, schema: Node<'d>) {
    let cost = visit(check, schema, true, Some(1));
    if cost > LARGEST_SUM {
        let message = format!("all rules together may cost {} what the server allows", times(cost, LARGEST_SUM));
        check.error(RULE, schema, message).help(BOUND);
    }
}

const BOUND: &str =
    "bound lists with `maxItems`, maps with `maxProperties` and texts with `maxLength`, or simplify the rule";

/// Judges the rules at a schema and below; `most` is how many of its values an object has, none where nothing bounds them.
/// Gives what the rules may cost.
fn visit<'d>(check: &mut Check<'d>, schema: Node<'d>, root: bool, most: Option<u64>) -> u64 {
    let mut sum: u64 = 0;
    for rule in items(schema, "x-kubernetes-validations") {
        let optional = is_true(rule, "optionalOldSelf");
        let turns = most.unwrap_or_else(|| most_in_request(schema));
        for (field, types, turns) in [("rule", RuleTypes::Truth, turns), ("messageExpression", RuleTypes::Text, 1)] {
            let expression = text(rule, field);
            if expression.trim().is_empty() {
                continue;
            }
            if let Some(problem) = rule_problem(expression, types, schema, root, optional) {
                check.error(RULE, (rule, field), format!("`{field}` {problem}"));
                continue;
            }
            let cost = rule_cost(expression, schema, root).saturating_mul(turns);
            if cost > LARGEST_COST {
                let message = format!("`{field}` may cost {} what the server allows", times(cost, LARGEST_COST));
                check.error(RULE, (rule, field), message).help(BOUND);
            }
            sum = sum.saturating_add(cost);
        }
    }
    let below = most.and_then(|most| Some(most.saturating_mul(most_below(schema)?)));
    let inner = properties(schema).map(|(_, field)| field).chain(values(schema)).chain(schema.field("items"));
    inner.fold(sum, |sum, inner| sum.saturating_add(visit(check, inner, false, below)))
}

/// Says how often a bound is exceeded, as roughly as the estimate is.
fn times(cost: u64, largest: u64) -> String {
    match cost / largest {
        1 => "more than".to_owned(),
        times @ 2..=100 => format!("more than {times} times"),
        _ => "more than 100 times".to_owned(),
    }
}
