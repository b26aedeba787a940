//! How many pods a workload runs, and what scales it.

use super::set::Set;
use crate::object::Object;
use crate::yaml::Node;

/// What an autoscaler names as its target.
#[derive(Clone, Copy)]
pub(super) struct Target<'d> {
    pub(super) group: &'d str,
    pub(super) kind: &'d str,
    pub(super) name: &'d str,
    /// The reference.
    pub(super) node: Node<'d>,
}

/// Reads the target of a HorizontalPodAutoscaler, of KEDA's ScaledObject or of a VerticalPodAutoscaler.
pub(super) fn target<'d>(object: &Object<'d>) -> Option<Target<'d>> {
    let (field, keda) = match (object.group(), object.kind) {
        ("autoscaling", "HorizontalPodAutoscaler") => ("scaleTargetRef", false),
        ("keda.sh", "ScaledObject") => ("scaleTargetRef", true),
        ("autoscaling.k8s.io", "VerticalPodAutoscaler") => ("targetRef", false),
        _ => return None,
    };
    let node = object.spec()?.field(field)?;
    let text = |key: &str| node.field(key).map(Node::text).unwrap_or_default();
    let group = text("apiVersion").split_once('/').map_or("", |(group, _)| group);
    let (kind, name) = (text("kind"), text("name"));
    Some(match (keda, kind) {
        // KEDA takes a Deployment where nothing is written.
        (true, "") => Target { group: "apps", kind: "Deployment", name, node },
        (true, "Deployment" | "StatefulSet") if group.is_empty() => Target { group: "apps", kind, name, node },
        _ => Target { group, kind, name, node },
    })
}

/// Tells whether an autoscaler changes the number of pods, and not their size.
pub(super) fn is_horizontal(object: &Object<'_>) -> bool {
    object.kind != "VerticalPodAutoscaler"
}

/// How many pods a workload has at least.
pub(super) struct Replicas<'a, 'd> {
    pub(super) least: i64,
    /// `spec.replicas`, where it is written.
    pub(super) written: Option<Node<'d>>,
    /// The autoscaler that changes the number.
    pub(super) scaler: Option<&'a Object<'d>>,
}

/// Counts the pods of a workload that has `spec.replicas`; none for other kinds.
pub(super) fn replicas<'a, 'd>(set: &Set<'a, 'd>, object: &Object<'d>) -> Option<Replicas<'a, 'd>> {
    let counted = object.is("apps", &["Deployment", "StatefulSet", "ReplicaSet"])
        || object.is("extensions", &["Deployment", "ReplicaSet"])
        || object.is("", &["ReplicationController"]);
    if !counted {
        return None;
    }
    let written = object.spec().and_then(|spec| spec.field("replicas")).filter(|node| !node.is_null());
    let scaler = set.scalers(object).find(|scaler| is_horizontal(scaler));
    let least = match scaler {
        Some(scaler) => least(scaler),
        None => written.and_then(Node::as_i64).unwrap_or(1),
    };
    Some(Replicas { least, written, scaler })
}

/// Gives the fewest pods that an autoscaler leaves: an HPA one, KEDA none, unless something else is written.
pub(super) fn least(scaler: &Object<'_>) -> i64 {
    let (field, default) = if scaler.kind == "ScaledObject" { ("minReplicaCount", 0) } else { ("minReplicas", 1) };
    scaler.spec().and_then(|spec| spec.field(field)).and_then(Node::as_i64).unwrap_or(default)
}
