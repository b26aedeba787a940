//! Deployments, StatefulSets, DaemonSets, ReplicaSets, ReplicationControllers, templates of pods.

use super::Judge;

/// Gives the judge of a kind.
pub(super) fn find(_: &str, _: &str) -> Option<Judge> {
    None
}
