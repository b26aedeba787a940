//! Leases.

use crate::api::check::Check;
use crate::yaml::Node;

/// Judges a Lease. What leader election by the server itself would use is dropped by a server that has it not turned on.
pub(super) fn judge<'d>(check: &mut Check<'d>, object: Node<'d>) {
    let Some(spec) = object.field("spec") else { return };
    check.range("api/lease", spec, "leaseDurationSeconds", 1, i64::MAX);
    check.range("api/lease", spec, "leaseTransitions", 0, i64::MAX);
}
