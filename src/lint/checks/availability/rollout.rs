//! How old pods give way to new ones.

use super::share;
use super::shared_volume::exclusive_claim;
use crate::lint::checks::Check;
use crate::lint::finding::Context;
use crate::lint::params::Params;
use crate::lint::scaling::replicas;
use crate::object::{Object, Pod};
use crate::yaml::Node;

/// Gives the map that says how a workload is updated, and the way: `RollingUpdate` where none is written.
pub(super) fn strategy<'d>(object: &Object<'d>) -> (Option<Node<'d>>, &'d str) {
    let field = if object.kind == "Deployment" { "strategy" } else { "updateStrategy" };
    let strategy = object.spec().and_then(|spec| spec.field(field));
    let way = strategy.and_then(|strategy| strategy.field("type")).map(Node::text).filter(|text| !text.is_empty());
    (strategy, way.unwrap_or("RollingUpdate"))
}

/// A workload must be updated pod by pod, unless its pods cannot run beside each other.
pub(in crate::lint::checks) fn not_rolling(_: &mut Params<'_>) -> Check {
    Check::pod(|context, pod, findings| {
        let (strategy, way) = strategy(context.object);
        let Some(kind) = strategy.and_then(|strategy| strategy.field("type")) else { return };
        if way == "RollingUpdate" || exclusive_claim(context, pod, true).is_some() {
            return;
        }
        let what = if way == "Recreate" {
            "stops all pods before it starts new ones"
        } else {
            "waits until pods are deleted by hand"
        };
        findings.at(kind).message(format!("an update of `{}` {what}", context.object.name));
    })
}

/// A rolling update must leave a pod running.
pub(in crate::lint::checks) fn stops_all(_: &mut Params<'_>) -> Check {
    Check::object(|context, findings| {
        let (strategy, way) = strategy(context.object);
        let Some(rolling) = strategy.and_then(|strategy| strategy.field("rollingUpdate")) else { return };
        let most = rolling.field("maxUnavailable").filter(|most| !most.is_null() && way == "RollingUpdate");
        let Some(most) = most else { return };
        if stops(context, rolling, most) {
            findings.at(most).message(format!(
                "an update of `{}` may stop all its pods at once: `maxUnavailable` is {}",
                context.object.name,
                most.text()
            ));
        }
    })
}

fn stops(context: &Context<'_, '_>, rolling: Node<'_>, most: Node<'_>) -> bool {
    let whole = most.text().ends_with('%') && share(most.text(), 100, false) >= Some(100);
    let Some(count) = replicas(context.set, context.object) else { return whole };
    // With one pod or none there is nothing to keep up, unless a new one may start first.
    let surge = rolling.field("maxSurge").map_or("25%", Node::text);
    let starts_first = context.object.kind == "Deployment" && share(surge, count.least, true) > Some(0);
    let may_start = starts_first && !context.object.pods.iter().any(takes_ports);
    let enough = count.least > 1 || (count.least == 1 && may_start);
    enough && share(most.text(), count.least, false).is_some_and(|most| most >= count.least)
}

/// Tells whether a pod takes ports of its node, so that no other one can start beside it there.
fn takes_ports(pod: &Pod<'_>) -> bool {
    let mut ports = pod.containers().filter_map(|container| container.node.field("ports")).flat_map(Node::items);
    ports.any(|port| port.field("hostPort").is_some())
        || pod.spec.field("hostNetwork").and_then(Node::as_bool) == Some(true)
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::problems;

    #[test]
    fn one_pod_must_stay() {
        for (kind, spec, flagged) in [
            ("Deployment", "replicas: 3, strategy: {rollingUpdate: {maxUnavailable: 100%}}", true),
            ("Deployment", "replicas: 3, strategy: {rollingUpdate: {maxUnavailable: 3}}", true),
            ("Deployment", "replicas: 3, strategy: {rollingUpdate: {maxUnavailable: 2}}", false),
            ("Deployment", "replicas: 2, strategy: {rollingUpdate: {maxUnavailable: 75%}}", false),
            ("Deployment", "replicas: 1, strategy: {rollingUpdate: {maxUnavailable: 1}}", true),
            ("Deployment", "replicas: 1, strategy: {rollingUpdate: {maxUnavailable: 1, maxSurge: 0}}", false),
            ("Deployment", "replicas: 3, strategy: {type: Recreate}", false),
            ("Deployment", "replicas: 3", false),
            ("DaemonSet", "updateStrategy: {rollingUpdate: {maxUnavailable: 100%}}", true),
            ("DaemonSet", "updateStrategy: {rollingUpdate: {maxUnavailable: 10%}}", false),
        ] {
            let text = format!("apiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: web}}\nspec: {{{spec}}}\n");
            let found = problems("rolling-update-stops-all", &text).len();
            assert_eq!(found, usize::from(flagged), "{kind} {spec}");
        }
    }
}
