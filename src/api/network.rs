//! NetworkPolicies, Ingresses and their classes, addresses.

use super::Judge;

/// Gives the judge of a kind.
pub(super) fn find(_: &str, _: &str) -> Option<Judge> {
    None
}
