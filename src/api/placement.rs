//! Where pods may run: node selectors and tolerations, as several areas use them.

use super::check::{Check, Place, items, plain, show, text};
use super::syntax::{dns_subdomain, label_value, qualified_name};
use crate::yaml::Node;

const RULE: &str = "api/scheduling";

/// Judges a `NodeSelector`: `nodeSelectorTerms`.
pub(super) fn node_selector<'d>(check: &mut Check<'d>, selector: Node<'d>) {
    if items(selector, "nodeSelectorTerms").next().is_none() {
        check.error(RULE, (selector, "nodeSelectorTerms"), "`nodeSelectorTerms` is empty");
    }
    for term in items(selector, "nodeSelectorTerms") {
        node_selector_term(check, term);
        if check.since(33) {
            for value in values(term) {
                if let Some(problem) = label_value(plain(value)) {
                    check.error(RULE, value, format!("`{}` is no value of a label: it {problem}", show(value.text())));
                }
            }
        }
    }
}

/// Judges a node selector's term that nodes better fulfil; of values that no label can have the server only warns.
pub(super) fn preferred_term<'d>(check: &mut Check<'d>, term: Node<'d>) {
    node_selector_term(check, term);
    if check.since(33) {
        for value in values(term) {
            if let Some(problem) = label_value(plain(value)) {
                let message = format!("no label has the value `{}`: it {problem}", show(value.text()));
                check.warning(RULE, value, message);
            }
        }
    }
}

fn values(term: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    items(term, "matchExpressions").flat_map(|expression| items(expression, "values"))
}

fn node_selector_term<'d>(check: &mut Check<'d>, term: Node<'d>) {
    for expression in items(term, "matchExpressions") {
        let count = items(expression, "values").count();
        let operator = text(expression, "operator");
        match operator {
            "In" | "NotIn" if count == 0 => {
                check.error(RULE, (expression, "values"), format!("`{operator}` needs `values`"));
            }
            "Exists" | "DoesNotExist" if count > 0 => {
                let message = format!("`{operator}` takes no `values`");
                check.error(RULE, (expression, "values"), message).help("remove `values`");
            }
            "Gt" | "Lt" if count != 1 => {
                check.error(RULE, (expression, "values"), format!("`{operator}` needs one value"));
            }
            _ => operator_of(check, expression, &["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"]),
        }
        let key = text(expression, "key");
        check.syntax(RULE, (expression, "key"), "key", key, qualified_name);
        deprecated_label(check, (expression, "key"), key);
    }
    for field in items(term, "matchFields") {
        let operator = text(field, "operator");
        if ["In", "NotIn"].contains(&operator) && items(field, "values").count() != 1 {
            check.error(RULE, (field, "values"), format!("`{operator}` needs one value here"));
        }
        operator_of(check, field, &["In", "NotIn"]);
        if text(field, "key") == "metadata.name" {
            for value in items(field, "values") {
                check.syntax("api/name", value, "metadata.name", plain(value), dns_subdomain);
            }
        } else {
            let message = format!("`key` is `{}`, but must be `metadata.name`", show(text(field, "key")));
            check.error(RULE, (field, "key"), message);
        }
    }
}

fn operator_of<'d>(check: &mut Check<'d>, requirement: Node<'d>, operators: &[&str]) {
    if check.required(RULE, requirement, "operator").is_some() {
        check.word(RULE, requirement, "operator", operators);
    }
}

/// Warns of the key of a node's label that is out of use.
pub(super) fn deprecated_label<'d>(check: &mut Check<'d>, place: impl Into<Place<'d>>, key: &str) {
    let instead = match key {
        "beta.kubernetes.io/arch" => "kubernetes.io/arch",
        "beta.kubernetes.io/os" => "kubernetes.io/os",
        "failure-domain.beta.kubernetes.io/region" => "topology.kubernetes.io/region",
        "failure-domain.beta.kubernetes.io/zone" => "topology.kubernetes.io/zone",
        "beta.kubernetes.io/instance-type" => "node.kubernetes.io/instance-type",
        "node-role.kubernetes.io/master" => "node-role.kubernetes.io/control-plane",
        "app.kubernetes.io/created-by" | "scheduler.alpha.kubernetes.io/preferAvoidPods" => "",
        _ => return,
    };
    let said = check.warning("api/deprecated", place, format!("the label `{key}` is out of use"));
    if !instead.is_empty() {
        said.help(format!("write `{instead}`"));
    }
}

/// Judges the `tolerations` of a map.
pub(super) fn tolerations<'d>(check: &mut Check<'d>, map: Node<'d>) {
    for toleration in items(map, "tolerations") {
        self::toleration(check, toleration);
    }
}

fn toleration<'d>(check: &mut Check<'d>, toleration: Node<'d>) {
    let (key, operator) = (text(toleration, "key"), text(toleration, "operator"));
    let (value, effect) = (text(toleration, "value"), text(toleration, "effect"));
    if !key.is_empty() {
        check.syntax(RULE, (toleration, "key"), "key", key, qualified_name);
    } else if operator != "Exists" {
        check
            .error(RULE, (toleration, "operator"), "a toleration without `key` must have the operator `Exists`")
            .help("write `operator: Exists` to tolerate every taint, or give a `key`");
    }
    if toleration.field("tolerationSeconds").is_some() && effect != "NoExecute" {
        let message = "`tolerationSeconds` goes with the effect `NoExecute` only";
        check.error(RULE, (toleration, "effect"), message);
    }
    match operator {
        "Exists" if !value.is_empty() => {
            check.error(RULE, (toleration, "operator"), "`Exists` takes no `value`").help("remove `value`");
        }
        "Equal" | "" => {
            if let Some(problem) = label_value(value) {
                let message = format!("`value` is `{}`, but {problem}", show(value));
                let place = toleration.field("value").map_or_else(|| toleration.head(), Node::head);
                check.error(RULE, Place::Shown(place, toleration, "operator"), message);
            }
        }
        _ => _ = check.word(RULE, toleration, "operator", &["Equal", "Exists"]),
    }
    if !effect.is_empty() {
        check.word(RULE, toleration, "effect", &["NoSchedule", "PreferNoSchedule", "NoExecute"]);
    }
}
