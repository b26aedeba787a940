//! On which nodes the pods of a workload run.

use crate::lint::checks::Check;
use crate::lint::params::Params;
use crate::lint::scaling::replicas;
use crate::object::Pod;
use crate::object::selector::first_unmet;
use crate::yaml::Node;

fn constraints<'d>(pod: &Pod<'d>) -> impl Iterator<Item = Node<'d>> {
    pod.spec.field("topologySpreadConstraints").into_iter().flat_map(Node::items)
}

/// Iterates over the terms of a pod's anti-affinity, required and preferred ones alike.
fn anti_affinity<'d>(pod: &Pod<'d>) -> impl Iterator<Item = Node<'d>> {
    let terms = |list: &str| pod.spec.at(&["affinity", "podAntiAffinity", list]).into_iter().flat_map(Node::items);
    let preferred = terms("preferredDuringSchedulingIgnoredDuringExecution");
    let preferred = preferred.filter_map(|term| term.field("podAffinityTerm"));
    terms("requiredDuringSchedulingIgnoredDuringExecution").chain(preferred)
}

fn selects_itself(term: Node<'_>, pod: &Pod<'_>) -> bool {
    term.field("labelSelector").is_some_and(|selector| first_unmet(selector, pod.labels()).is_none())
}

/// A workload of several pods must keep them from one node: by anti-affinity, or by a spread over topologies.
pub(in crate::lint::checks) fn missing(_: &mut Params<'_>) -> Check {
    Check::pod(|context, pod, findings| {
        let Some(count) = replicas(context.set, context.object).filter(|count| count.least > 1) else { return };
        if !constraints(pod).chain(anti_affinity(pod)).any(|term| selects_itself(term, pod)) {
            let message = format!("nothing keeps the {} pods of `{}` from one node", count.least, context.object.name);
            findings.lacking(pod.spec).message(message);
        }
    })
}

/// A spread must select the pods that it stands in: others are not moved by it.
pub(in crate::lint::checks) fn selector(_: &mut Params<'_>) -> Check {
    Check::pod(|_, pod, findings| {
        for constraint in constraints(pod) {
            // The server warns of one without a selector.
            let Some(selector) = constraint.field("labelSelector").filter(|selector| !selector.is_null()) else {
                continue;
            };
            if let Some(unmet) = first_unmet(selector, pod.labels()) {
                findings.at(unmet).label(pod.labels().unwrap_or(pod.template).head(), "the pods");
            }
        }
    })
}

/// A spread must be one that the scheduler may not give up.
pub(in crate::lint::checks) fn soft(_: &mut Params<'_>) -> Check {
    Check::pod(|_, pod, findings| {
        for constraint in constraints(pod) {
            if let Some(choice) = constraint.field("whenUnsatisfiable").filter(|node| node.text() == "ScheduleAnyway") {
                findings.at(choice);
            }
        }
    })
}
