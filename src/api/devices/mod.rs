//! Devices that pods claim: claims and their templates, classes, slices of what nodes offer, taints.

mod attributes;
mod claim;
mod class;
mod forms;
mod policy;
mod slice;
mod taint;

#[cfg(test)]
mod tests;

use super::Judge;

const GROUP: &str = "resource.k8s.io";

/// Gives the judge of a kind.
pub(super) fn find(group: &str, kind: &str) -> Option<Judge> {
    match (group, kind) {
        (GROUP, "ResourceClaim") => Some(claim::judge),
        (GROUP, "ResourceClaimTemplate") => Some(claim::template),
        (GROUP, "DeviceClass") => Some(class::judge),
        (GROUP, "ResourceSlice") => Some(slice::judge),
        (GROUP, "DeviceTaintRule") => Some(taint::rule),
        _ => None,
    }
}
