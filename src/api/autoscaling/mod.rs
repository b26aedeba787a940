//! HorizontalPodAutoscalers.

mod metrics;

use super::Judge;
use super::check::{Check, items, show, text};
use super::syntax::path_segment;
use crate::schema::Amount;
use crate::yaml::{Kind, Node};

/// The rule of what this area judges.
const RULE: &str = "api/autoscaler";

/// Gives the judge of a kind.
pub(super) fn find(group: &str, kind: &str) -> Option<Judge> {
    match (group, kind) {
        ("autoscaling", "HorizontalPodAutoscaler") => Some(autoscaler),
        _ => None,
    }
}

fn autoscaler<'d>(check: &mut Check<'d>, object: Node<'d>) {
    let Some(spec) = object.field("spec").filter(|spec| spec.kind() == Kind::Map) else { return };
    replicas(check, spec);
    if let Some(target) = spec.field("scaleTargetRef") {
        reference(check, target, text(target, "kind") != "ReplicationController");
    }
    for metric in items(spec, "metrics") {
        metrics::judge(check, metric);
    }
    if let Some(percent) = spec
        .field("targetCPUUtilizationPercentage")
        .filter(|percent| percent.as_i64().is_some_and(|percent| percent < 1))
    {
        // The server reads it as a metric of the newer API, and names that.
        let path = &["metrics", "[0]", "resource", "target", "averageUtilization"];
        let place = super::check::Place::Deep(percent.span(), spec, path);
        check.error(RULE, place, "`targetCPUUtilizationPercentage` must be at least 1");
    }
    for field in ["scaleUp", "scaleDown"] {
        if let Some(rules) = spec.at(&["behavior", field]) {
            behaviour(check, rules);
        }
    }
}

fn replicas<'d>(check: &mut Check<'d>, spec: Node<'d>) {
    let lowest = i64::from(!check.since(37));
    let least = spec.field("minReplicas").map_or(Some(1), Node::as_i64);
    let most = spec.field("maxReplicas").map_or(Some(0), Node::as_i64);
    check.range(RULE, spec, "minReplicas", lowest, i64::MAX);
    check.range(RULE, spec, "maxReplicas", 1, i64::MAX);
    if let (Some(least), Some(most)) = (least, most)
        && most < least
        && spec.field("maxReplicas").is_some()
        && most > 0
    {
        let message = format!("`maxReplicas` is {most}, but must be at least `minReplicas`, which is {least}");
        check.error(RULE, (spec, "maxReplicas"), message);
    }
    let outside = |metric: Node<'_>| matches!(text(metric, "type"), "External" | "Object");
    if least == Some(0) && !items(spec, "metrics").any(outside) {
        let message = "`minReplicas` is 0, but without pods there is nothing to measure, and no other metric is given";
        let help = "add a metric of type `Object` or `External`, or write `minReplicas: 1`";
        check.error(RULE, (spec, "metrics"), message).help(help);
    }
}

/// Judges a reference to an object; `grouped` asks for a group in its `apiVersion`.
fn reference<'d>(check: &mut Check<'d>, target: Node<'d>, grouped: bool) {
    for field in ["kind", "name"] {
        let name = text(target, field);
        if !name.is_empty() {
            check.syntax(RULE, (target, field), field, name, path_segment);
        }
    }
    if !check.since(34) {
        return;
    }
    let version = text(target, "apiVersion");
    let slashes = version.matches('/').count();
    let group = version.split_once('/').map_or("", |(group, _)| group);
    let problem = match () {
        () if version == "/" && !grouped => return,
        () if slashes > 1 => "has more than one `/`",
        () if grouped && version.is_empty() => "is missing: the kind is looked for in its group",
        () if grouped && group.is_empty() => "must name a group: `apps/v1`",
        () => return,
    };
    let shown = if version.is_empty() { String::new() } else { format!("is `{}`, and ", show(version)) };
    check.error(RULE, (target, "apiVersion"), format!("`apiVersion` {shown}{problem}")).help("write `apps/v1`, say");
}

fn behaviour<'d>(check: &mut Check<'d>, rules: Node<'d>) {
    check.range(RULE, rules, "stabilizationWindowSeconds", 0, 3600);
    check.word(RULE, rules, "selectPolicy", &["Disabled", "Max", "Min"]);
    if rules.field("policies").is_some_and(|policies| policies.kind() == Kind::Seq && policies.items().len() == 0) {
        check.error(RULE, (rules, "policies"), "`policies` is empty").help("remove `policies` to get the default ones");
    }
    for policy in items(rules, "policies") {
        if !text(policy, "type").is_empty() {
            check.word(RULE, policy, "type", &["Percent", "Pods"]);
        }
        check.range(RULE, policy, "value", 1, i64::MAX);
        check.range(RULE, policy, "periodSeconds", 1, 1800);
    }
    let tolerance = rules.field("tolerance").filter(|_| check.since(35));
    if let Some(tolerance) = tolerance
        && Amount::read(tolerance.text()).is_some_and(Amount::is_negative)
    {
        check.error(RULE, tolerance, format!("`tolerance` is {}, but must be at least 0", show(tolerance.text())));
    }
}

#[cfg(test)]
mod tests {
    use crate::api::testing::heads;

    #[test]
    fn autoscalers() {
        let table: &[(&str, &[&str])] = &[
            ("maxReplicas: 0", &["maxReplicas"]),
            ("maxReplicas: 1, minReplicas: 2", &["maxReplicas"]),
            ("maxReplicas: 1, minReplicas: 0", &["metrics"]),
            (
                "maxReplicas: 1, behavior: {scaleUp: {stabilizationWindowSeconds: 3601, policies: []}}",
                &["behavior.scaleUp.stabilizationWindowSeconds", "behavior.scaleUp.policies"],
            ),
            (
                "maxReplicas: 1, behavior: {scaleDown: {tolerance: -0.1, policies: [{type: Pods, value: 0, periodSeconds: 1801}]}}",
                &[
                    "behavior.scaleDown.tolerance",
                    "behavior.scaleDown.policies[0].value",
                    "behavior.scaleDown.policies[0].periodSeconds",
                ],
            ),
            ("maxReplicas: 1, metrics: [{type: Pods}]", &["metrics[0].pods"]),
            (
                "maxReplicas: 1, metrics: [{type: Resource, resource: {name: cpu, target: {type: Value, value: 1}}}]",
                &["metrics[0].resource.target.averageUtilization"],
            ),
            (
                "maxReplicas: 1, metrics: [{type: ContainerResource, containerResource: {name: cores, container: A, target: {type: Utilization, averageUtilization: 0}}}]",
                &[
                    "metrics[0].containerResource.name",
                    "metrics[0].containerResource.container",
                    "metrics[0].containerResource.target.averageUtilization",
                ],
            ),
            (
                "maxReplicas: 1, metrics: [{type: External, external: {metric: {name: a/b}, target: {type: Value, value: 0, averageValue: 1}}}]",
                &[
                    "metrics[0].external.metric.name",
                    "metrics[0].external.target.value",
                    "metrics[0].external.target.value",
                ],
            ),
            (
                "maxReplicas: 1, metrics: [{type: Object, object: {describedObject: {kind: A, name: a}, metric: {name: a}, target: {type: Value, value: 1}}, resource: {name: cpu, target: {type: Value}}}]",
                &["metrics[0].resource"],
            ),
        ];
        for (fields, wanted) in table {
            let target = "scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}";
            let found = heads(&format!(
                "{{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {{name: a}}, spec: {{{target}, {fields}}}}}"
            ));
            let wanted: Vec<String> = wanted.iter().map(|path| format!("error api/autoscaler spec.{path}")).collect();
            assert_eq!(found, wanted, "{fields}");
        }
    }

    #[test]
    fn what_is_scaled_has_a_group() {
        for (target, wanted) in [
            ("{kind: ReplicationController, name: a, apiVersion: v1}", None),
            ("{kind: Deployment, name: a}", Some("apiVersion")),
            ("{kind: Deployment, name: a, apiVersion: v1}", Some("apiVersion")),
            ("{kind: Deployment, name: a/b, apiVersion: apps/v1}", Some("name")),
        ] {
            let found = heads(&format!(
                "{{apiVersion: autoscaling/v1, kind: HorizontalPodAutoscaler, metadata: {{name: a}}, spec: {{maxReplicas: 1, scaleTargetRef: {target}}}}}"
            ));
            let wanted: Vec<String> =
                wanted.iter().map(|field| format!("error api/autoscaler spec.scaleTargetRef.{field}")).collect();
            assert_eq!(found, wanted, "{target}");
        }
    }
}
