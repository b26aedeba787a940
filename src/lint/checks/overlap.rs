//! Objects that want the same: workloads with each other's pods, Services with one selector.

use super::Check;
use crate::lint::params::Params;
use crate::object::Object;
use crate::yaml::Node;

const CONTROLLERS: [&str; 4] = ["Deployment", "ReplicaSet", "DaemonSet", "StatefulSet"];

/// A workload's selector may not match the pods of another.
pub(super) fn workloads(_: &mut Params<'_>) -> Check {
    Check::object(|context, findings| {
        let object = context.object;
        let Some(selector) = object.spec().and_then(|spec| spec.field("selector")) else { return };
        // An empty one is refused by the server, which says so.
        if selector.entries().all(|part| part.value.entries().len() == 0 && part.value.items().len() == 0) {
            return;
        }
        let matched = context.set.matched(object, selector);
        let other = matched.into_iter().map(|(other, _)| other).find(|other| {
            other.node != object.node && other.is("apps", &CONTROLLERS) && other.full_name() != object.full_name()
        });
        if let Some(other) = other {
            let message = format!("this selector matches the pods of {} `{}`, too", other.kind, other.name);
            findings.at(selector).message(message).label(other.node.head(), "the other one");
        }
    })
}

/// Two Services of a namespace may not have one selector and one way to reach the pods.
pub(super) fn services(_: &mut Params<'_>) -> Check {
    Check::object(|context, findings| {
        let object = context.object;
        let Some(selector) = object.node.at(&["spec", "selector"]).filter(|node| node.entries().len() > 0) else {
            return;
        };
        let alike =
            |other: &Object<'_>| other.namespace == object.namespace && is_headless(other) == is_headless(object);
        let first = context.set.selecting(selector).iter().find(|other| alike(other));
        if let Some(first) = first.filter(|first| first.node != object.node && first.name != object.name) {
            let message = format!("Service `{}` has the same selector", first.name);
            findings.at(selector).message(message).label(first.node.head(), "the other one");
        }
    })
}

fn is_headless(service: &Object<'_>) -> bool {
    service.node.at(&["spec", "clusterIP"]).map(Node::text) == Some("None")
}
