//! Jobs and CronJobs.

mod cron;
mod indexes;
mod labels;
mod policies;

use super::Judge;
use super::check::{Check, is_true, show, text};
use super::selector::label_selector;
use super::syntax::{dns_label, dns_subdomain};
use super::workloads::{Templated, labels_fit, name_of, name_of_pods, no_negatives, template};
use crate::yaml::{Kind, Node};

/// The rule of what this area judges.
const RULE: &str = "api/job";

/// Gives the judge of a kind.
pub(super) fn find(group: &str, kind: &str) -> Option<Judge> {
    match (group, kind) {
        ("batch", "Job") => Some(job),
        ("batch", "CronJob") => Some(cron::judge),
        _ => None,
    }
}

/// What the server fills into the spec of a Job, and of a CronJob's Jobs only when it makes them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Defaults {
    Filled,
    Open,
}

fn job<'d>(check: &mut Check<'d>, object: Node<'d>) {
    name_of_pods(check, object);
    let Some(spec) = object.field("spec").filter(|spec| spec.kind() == Kind::Map) else {
        let pod = "`spec` is missing, and with it the pods'";
        check.error(RULE, (object, &["spec", "template", "spec", "containers"]), format!("{pod} `containers`"));
        let place = (object, &["spec", "template", "spec", "restartPolicy"]);
        check.error("api/restart-policy", place, format!("{pod} `restartPolicy`"));
        return;
    };
    let mark = check.mark();
    judge_spec(check, spec, Defaults::Filled);
    template::labels_of_both(check, object, mark);
    name_of_indexed_pods(check, object, spec);
    if let Some(selector) = spec.field("selector") {
        label_selector(check, selector);
    }
    if !is_true(spec, "manualSelector") {
        return labels::generated(check, object, spec);
    }
    if let Some(selector) = spec.field("selector") {
        labels_fit(check, spec, selector);
    } else {
        let message = "`selector` is missing, and `manualSelector` keeps the server from making one";
        check.error("api/selector", (spec, "selector"), message).help("remove `manualSelector`");
    }
}

/// How many pods a Job wants to succeed; nothing where any will do.
fn completions(spec: Node<'_>, defaults: Defaults) -> Option<i64> {
    match spec.field("completions") {
        Some(number) => number.as_i64(),
        None if defaults == Defaults::Filled && spec.field("parallelism").is_none() => Some(1),
        None => None,
    }
}

/// Judges the spec of a Job.
fn judge_spec<'d>(check: &mut Check<'d>, spec: Node<'d>, defaults: Defaults) {
    let numbers = [
        "parallelism",
        "completions",
        "activeDeadlineSeconds",
        "backoffLimit",
        "ttlSecondsAfterFinished",
        "backoffLimitPerIndex",
        "maxFailedIndexes",
    ];
    no_negatives(check, RULE, spec, &numbers);
    if spec.field("maxFailedIndexes").is_some() && spec.field("backoffLimitPerIndex").is_none() {
        let message = "`maxFailedIndexes` needs `backoffLimitPerIndex`, which is missing";
        check.error(RULE, (spec, "backoffLimitPerIndex"), message);
    }
    if let Some(manager) = spec.field("managedBy")
        && check.since(32)
    {
        managed_by(check, manager);
    }
    mode(check, spec, defaults);
    policies::failure(check, spec, defaults);
    policies::success(check, spec, completions(spec, defaults));
    policies::replacement(check, spec);
    template::judge(check, spec, Templated::Ending);
    restart_policy(check, spec);
}

fn managed_by<'d>(check: &mut Check<'d>, manager: Node<'d>) {
    const SIGNS: &str = "/-._~%!$&'()*+,;=:";
    let text = manager.text();
    let problem = match text.split_once('/') {
        _ if text.len() > 63 => Some(format!("has {} characters, and may have 63", text.len())),
        None | Some(("", _) | (_, "")) => Some("must be a domain and a path: `example.com/controller`".to_owned()),
        Some((domain, path)) => dns_subdomain(domain).or_else(|| {
            let allowed = |sign: char| sign.is_ascii_alphanumeric() || SIGNS.contains(sign);
            (!path.chars().all(allowed)).then(|| format!("its path may hold only letters, digits and `{SIGNS}`"))
        }),
    };
    if let Some(problem) = problem {
        check.error(RULE, manager, format!("`managedBy` is `{}`, but {problem}", show(text)));
    }
}

/// Judges what the completion mode asks for.
fn mode<'d>(check: &mut Check<'d>, spec: Node<'d>, defaults: Defaults) {
    let number = |field: &str| spec.field(field).and_then(Node::as_i64);
    match spec.field("completionMode").map(Node::text) {
        None | Some("NonIndexed") => {
            for field in ["backoffLimitPerIndex", "maxFailedIndexes", "successPolicy"] {
                if spec.field(field).is_some() && (field != "successPolicy" || check.since(31)) {
                    let message = format!("`{field}` counts indices, which these pods do not have");
                    check.error(RULE, (spec, field), message).help("write `completionMode: Indexed`");
                }
            }
        }
        Some("Indexed") => {
            const MANY: i64 = 100_000;
            let completions = completions(spec, defaults);
            if spec.field("completions").is_none() && completions.is_none() {
                check.error(RULE, (spec, "completions"), "`completions` is missing: an indexed Job counts to it");
            }
            let (parallelism, failed) = (number("parallelism"), number("maxFailedIndexes"));
            let mut at_most = |field: &'static str, number: Option<i64>, most: i64, of: &str| {
                let over = number.filter(|number| *number > most);
                if let Some(number) = over {
                    check.error(RULE, (spec, field), format!("`{field}` is {number}, but may be at most {most}{of}"));
                }
                over.is_some()
            };
            let _ = at_most("parallelism", parallelism, MANY, " in an indexed Job");
            let _ = at_most("maxFailedIndexes", failed, MANY, "")
                || completions.is_some_and(|all| at_most("maxFailedIndexes", failed, all, ", the `completions`"));
            if completions.is_some_and(|all| all > MANY) && spec.field("backoffLimitPerIndex").is_some() {
                let of = " with this many `completions`";
                let _ = at_most("parallelism", parallelism, MANY / 10, of);
                let _ = at_most("maxFailedIndexes", failed, MANY / 10, of);
                if spec.field("maxFailedIndexes").is_none() {
                    let message = "`maxFailedIndexes` is missing, and must be given with this many `completions`";
                    check.error(RULE, (spec, "maxFailedIndexes"), message);
                }
            } else if completions.is_some_and(|all| all > MANY) && parallelism.is_some_and(|pods| pods > MANY / 10) {
                let message = "with this many `completions` and so much `parallelism`, failed indices may be lost";
                check.warning(RULE, (spec, "parallelism"), message);
            }
        }
        Some(_) => _ = check.word(RULE, spec, "completionMode", &["Indexed", "NonIndexed"]),
    }
}

/// Judges the `restartPolicy` of the pods, which are to end.
fn restart_policy<'d>(check: &mut Check<'d>, spec: Node<'d>) {
    const WHERE: &[&str; 3] = &["template", "spec", "restartPolicy"];
    const RULE: &str = "api/restart-policy";
    let message = match spec.at(WHERE).map_or("", Node::text) {
        "" => "`restartPolicy` is missing: pods of a Job must end, and are always restarted without it",
        "Always" => "`restartPolicy` is `Always`, but pods of a Job must end",
        "OnFailure" if spec.field("podFailurePolicy").is_some() => {
            let message = "`restartPolicy` is `OnFailure`, but `podFailurePolicy` judges pods that are not restarted";
            check.error(RULE, (spec, WHERE), message).help("write `restartPolicy: Never`");
            return;
        }
        _ => return,
    };
    check.error(RULE, (spec, WHERE), message).help("write `restartPolicy: Never`, or `OnFailure`");
}

/// Judges whether the pods of an indexed Job get hosts' names.
fn name_of_indexed_pods<'d>(check: &mut Check<'d>, object: Node<'d>, spec: Node<'d>) {
    let Some(metadata) = object.field("metadata") else { return };
    let last = completions(spec, Defaults::Filled).filter(|all| *all > 0 && text(spec, "completionMode") == "Indexed");
    let Some(last) = last.map(|all| all - 1) else { return };
    let name = name_of(metadata);
    if name.is_empty() || dns_subdomain(&name).is_some() {
        return;
    }
    let host = format!("{name}-{last}");
    if let Some(problem) = dns_label(&host) {
        let message = format!("the last pod's host gets the name `{}`, but it {problem}", show(&host));
        check.error("api/name", (metadata, "name"), message);
    }
}

#[cfg(test)]
mod tests {
    use crate::api::testing::heads;

    /// Judges a Job of a name with fields of its spec, and fields of its pods.
    fn job(name: &str, fields: &str, pod: &str) -> Vec<String> {
        let template = format!("template: {{spec: {{{pod}containers: [{{name: a, image: a}}]}}}}");
        let metadata = format!("metadata: {{name: {name}}}");
        heads(&format!("{{apiVersion: batch/v1, kind: Job, {metadata}, spec: {{{fields}{template}}}}}"))
    }

    #[test]
    fn jobs_end_and_are_told_apart() {
        assert_eq!(job("a", "", "restartPolicy: Never, "), [""; 0]);
        assert_eq!(job("a", "", ""), ["error api/restart-policy spec.template.spec.restartPolicy"]);
        assert_eq!(
            job("a", "", "restartPolicy: Always, "),
            ["error api/restart-policy spec.template.spec.restartPolicy"]
        );
        let long = "a".repeat(64);
        let names = [(long.as_str(), vec!["warning api/name metadata.name", "error api/name spec.template.labels"])];
        for (name, wanted) in names.into_iter().chain([("a.b", vec!["warning api/name metadata.name"])]) {
            assert_eq!(job(name, "", "restartPolicy: Never, "), wanted, "{name}");
        }
        let long = "a".repeat(62);
        let found = job(&long, "completionMode: Indexed, completions: 5, ", "restartPolicy: Never, ");
        assert_eq!(found, ["error api/name metadata.name"]);
    }

    #[test]
    fn fields_of_jobs_fit_each_other() {
        let table: &[(&str, &[&str])] = &[
            ("parallelism: -1", &["job spec.parallelism"]),
            ("managedBy: a", &["job spec.managedBy"]),
            ("backoffLimitPerIndex: 1", &["job spec.backoffLimitPerIndex"]),
            ("completionMode: Indexed", &[]),
            ("completionMode: Indexed, parallelism: 2", &["job spec.completions"]),
            ("completionMode: Indexed, maxFailedIndexes: 1", &["job spec.backoffLimitPerIndex"]),
            ("completionMode: Indexed, backoffLimitPerIndex: 1, maxFailedIndexes: 2", &["job spec.maxFailedIndexes"]),
            ("completionMode: Indexed, completions: 100001, backoffLimitPerIndex: 1", &["job spec.maxFailedIndexes"]),
            ("podReplacementPolicy: TerminatingOrFailed, podFailurePolicy: {}", &["job spec.podReplacementPolicy"]),
            ("podFailurePolicy: {rules: [{action: Ignore}]}", &["job spec.podFailurePolicy.rules[0]"]),
            (
                "podFailurePolicy: {rules: [{action: FailIndex, onExitCodes: {operator: In, containerName: b, values: [3, 0, 3]}}]}",
                &[
                    "job spec.podFailurePolicy.rules[0].action",
                    "job spec.podFailurePolicy.rules[0].onExitCodes.containerName",
                    "job spec.podFailurePolicy.rules[0].onExitCodes.values[1]",
                    "job spec.podFailurePolicy.rules[0].onExitCodes.values",
                    "job spec.podFailurePolicy.rules[0].onExitCodes.values[2]",
                ],
            ),
            ("successPolicy: {rules: [{succeededCount: 1}]}", &["job spec.successPolicy"]),
            ("completionMode: Indexed, successPolicy: {rules: [{}]}", &["job spec.successPolicy.rules[0]"]),
            (
                "completionMode: Indexed, completions: 3, successPolicy: {rules: [{succeededIndexes: '0-1', succeededCount: 3}, {succeededIndexes: '3'}]}",
                &["job spec.successPolicy.rules[0].succeededCount", "job spec.successPolicy.rules[1].succeededIndexes"],
            ),
            (
                "selector: {matchLabels: {app: a}}",
                &["selector spec.selector", "selector spec.template.metadata.labels"],
            ),
            ("manualSelector: true", &["selector spec.selector"]),
            ("manualSelector: true, selector: {matchLabels: {app: a}}", &["selector spec.template.metadata.labels"]),
        ];
        for (fields, wanted) in table {
            let wanted: Vec<String> = wanted.iter().map(|head| format!("error api/{head}")).collect();
            assert_eq!(job("a", &format!("{fields}, "), "restartPolicy: Never, "), wanted, "{fields}");
        }
    }
}
