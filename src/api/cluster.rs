//! Namespaces, nodes, quotas, limits, events, priority classes, leases, runtime classes, API services.

use super::Judge;

/// Gives the judge of a kind.
pub(super) fn find(_: &str, _: &str) -> Option<Judge> {
    None
}
