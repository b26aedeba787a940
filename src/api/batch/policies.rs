//! What becomes of a Job whose pods fail or succeed.

use super::{Defaults, RULE, indexes};
use crate::api::check::{Check, Place, items, show, text};
use crate::api::syntax::qualified_name;
use crate::yaml::Node;

/// Judges the `podFailurePolicy`.
pub(super) fn failure<'d>(check: &mut Check<'d>, spec: Node<'d>, defaults: Defaults) {
    let Some(policy) = spec.field("podFailurePolicy") else { return };
    at_most(check, policy, "rules", 20);
    for rule in items(policy, "rules") {
        match text(rule, "action") {
            "FailIndex" if spec.field("backoffLimitPerIndex").is_none() => {
                let message = "`FailIndex` needs `backoffLimitPerIndex`, which the Job does not have";
                check.error(RULE, (rule, "action"), message);
            }
            "" => {}
            _ => _ = check.word(RULE, rule, "action", &["Count", "FailIndex", "FailJob", "Ignore"]),
        }
        let (codes, conditions) = (rule.field("onExitCodes"), items(rule, "onPodConditions").next());
        if codes.is_some() == conditions.is_some() {
            let message = match codes {
                Some(_) => "a rule has either `onExitCodes` or `onPodConditions`",
                None => "a rule needs `onExitCodes` or `onPodConditions`",
            };
            check.error(RULE, rule, message);
        }
        if let Some(codes) = codes {
            exit_codes(check, spec, codes);
        }
        at_most(check, rule, "onPodConditions", 20);
        for pattern in items(rule, "onPodConditions") {
            check.syntax(RULE, (pattern, "type"), "type", text(pattern, "type"), qualified_name);
            if !text(pattern, "status").is_empty() {
                check.word(RULE, pattern, "status", &["False", "True", "Unknown"]);
            } else if defaults == Defaults::Open && !check.since(34) {
                check.error(RULE, (pattern, "status"), "`status` is missing").help("write `status: \"True\"`");
            }
        }
    }
}

fn exit_codes<'d>(check: &mut Check<'d>, spec: Node<'d>, codes: Node<'d>) {
    let operator = text(codes, "operator");
    if !operator.is_empty() {
        check.word(RULE, codes, "operator", &["In", "NotIn"]);
    }
    if let Some(name) = codes.field("containerName") {
        let pod = spec.at(&["template", "spec"]);
        let mut containers =
            pod.into_iter().flat_map(|pod| items(pod, "containers").chain(items(pod, "initContainers")));
        if !containers.any(|container| text(container, "name") == name.text()) {
            let message = format!("the pods have no container `{}`", show(name.text()));
            check.error(RULE, name, message);
        }
    }
    if items(codes, "values").next().is_none() {
        check.error(RULE, (codes, "values"), "`values` names no exit code");
    }
    at_most(check, codes, "values", 255);
    let mut before: Option<i64> = None;
    let mut falls = None;
    for value in items(codes, "values") {
        // Null is 0.
        let Some(code) = number(value) else { continue };
        if code == 0 && operator == "In" {
            check.error(RULE, value, "the exit code 0 is no failure, so a rule cannot be `In` it");
        }
        let twice = items(codes, "values").take_while(|other| *other != value).any(|other| number(other) == Some(code));
        if twice {
            check.error(RULE, value, format!("the exit code {code} is named twice"));
        }
        falls = falls.or(before.filter(|before| *before > code).map(|_| value));
        before = Some(code);
    }
    if let Some(value) = falls {
        check.error(RULE, Place::Shown(value.span(), codes, "values"), "the exit codes must be in rising order");
    }
}

fn number(value: Node<'_>) -> Option<i64> {
    if value.is_null() { Some(0) } else { value.as_i64() }
}

/// Judges the `successPolicy` of an indexed Job.
pub(super) fn success<'d>(check: &mut Check<'d>, spec: Node<'d>, completions: Option<i64>) {
    let Some(policy) = spec.field("successPolicy") else { return };
    if !check.since(31) || text(spec, "completionMode") != "Indexed" {
        return;
    }
    if items(policy, "rules").next().is_none() {
        check.error(RULE, (policy, "rules"), "`rules` is empty");
    }
    at_most(check, policy, "rules", 20);
    for rule in items(policy, "rules") {
        let (indices, least) = (rule.field("succeededIndexes"), rule.field("succeededCount"));
        if indices.is_none() && least.is_none() {
            check.error(RULE, rule, "a rule needs `succeededIndexes` or `succeededCount`");
        }
        let Some(completions) = completions else { continue };
        let mut named = None;
        if let Some(indices) = indices {
            let list = indices.text();
            if list.len() > 64 * 1024 {
                check.error(RULE, indices, "`succeededIndexes` has more than 64 KiB");
            }
            match indexes::count(list, completions) {
                Ok(count) => named = Some(count),
                Err(problem) => {
                    named = Some(0);
                    let message = format!("`succeededIndexes` is `{}`, but {problem}", show(list));
                    check.error(RULE, indices, message).help("write numbers and ranges in rising order: `0,2-4`");
                }
            }
        }
        let Some(count) = least.and_then(Node::as_i64) else { continue };
        let most = named.map_or(completions, |named| named.min(completions));
        if check.range(RULE, rule, "succeededCount", 0, i64::MAX) && count > most {
            let message = format!("`succeededCount` is {count}, but at most {most} pods can be meant");
            check.error(RULE, (rule, "succeededCount"), message);
        }
    }
}

/// Judges the `podReplacementPolicy`.
pub(super) fn replacement<'d>(check: &mut Check<'d>, spec: Node<'d>) {
    let words: &[&str] =
        if spec.field("podFailurePolicy").is_some() { &["Failed"] } else { &["Failed", "TerminatingOrFailed"] };
    check.word(RULE, spec, "podReplacementPolicy", words);
}

/// Limits the length of a list.
fn at_most<'d>(check: &mut Check<'d>, map: Node<'d>, field: &'static str, most: usize) {
    let length = items(map, field).count();
    if length > most {
        check.error(RULE, (map, field), format!("`{field}` has {length} items, and may have {most}"));
    }
}
