//! Volumes, claims, storage classes, drivers.

mod attachment;
pub(super) mod claim;
mod class;
mod driver;
pub(super) mod source;
mod volume;

#[cfg(test)]
mod tests;

use super::Judge;

/// Gives the judge of a kind.
pub(super) fn find(group: &str, kind: &str) -> Option<Judge> {
    Some(match (group, kind) {
        ("", "PersistentVolume") => volume::judge,
        ("", "PersistentVolumeClaim") => claim::judge,
        ("storage.k8s.io", "StorageClass") => class::storage_class,
        ("storage.k8s.io", "VolumeAttributesClass") => class::volume_attributes_class,
        ("storage.k8s.io", "CSIStorageCapacity") => class::capacity,
        ("storage.k8s.io", "CSIDriver") => driver::driver,
        ("storage.k8s.io", "CSINode") => driver::node,
        ("storage.k8s.io", "VolumeAttachment") => attachment::judge,
        _ => return None,
    })
}
