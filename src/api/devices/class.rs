//! DeviceClasses.

use super::forms::{RULE, bounded, opaque, selectors};
use crate::api::check::{Check, items, show};
use crate::api::resources::is_extended;
use crate::yaml::Node;

/// Judges a DeviceClass.
pub(super) fn judge<'d>(check: &mut Check<'d>, object: Node<'d>) {
    let Some(spec) = object.field("spec") else { return };
    selectors(check, spec);
    if bounded(check, spec, "config", 32) {
        items(spec, "config").for_each(|one| opaque(check, one));
    }
    if let Some(name) = spec.field("extendedResourceName").filter(|_| check.since(36))
        && !is_extended(name.text())
    {
        let message = format!("`extendedResourceName` is `{}`, no name of an extended resource", show(name.text()));
        check.error(RULE, name, message).help("write a name with a domain: `example.com/gpu`");
    }
}
