//! Names and amounts of resources, outside containers.

use super::check::{Check, Place, show};
use super::syntax::qualified_name;
use crate::schema::Amount;
use crate::yaml::{Entry, Node};

/// Counted in whole numbers.
const COUNTED: [&str; 9] = [
    "configmaps",
    "persistentvolumeclaims",
    "pods",
    "replicationcontrollers",
    "resourcequotas",
    "secrets",
    "services",
    "services.loadbalancers",
    "services.nodeports",
];

/// Measured, in quotas: as such, and as the sum of requests or limits.
const MEASURED: [&str; 10] = [
    "cpu",
    "ephemeral-storage",
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
    "requests.storage",
];

/// A resource: a known name, or one of a domain.
pub(super) fn resource(name: &str) -> Option<String> {
    qualified_name(name).or_else(|| {
        let known = name.contains('/') || is_quota_resource(name) || name == "storage";
        (!known).then(|| "is no resource that Kubernetes knows, and of no domain".to_owned())
    })
}

/// A resource that a quota can bound.
pub(super) fn quota_resource(name: &str) -> Option<String> {
    resource(name).or_else(|| {
        let known = name.contains('/') || is_quota_resource(name);
        (!known).then(|| "is no resource that a quota bounds".to_owned())
    })
}

/// A resource that containers have.
pub(super) fn container_resource(name: &str) -> Option<String> {
    resource(name).or_else(|| {
        if !name.contains('/') {
            let known = matches!(name, "cpu" | "memory" | "ephemeral-storage") || is_huge_pages(name);
            return (!known).then(|| "is no resource of containers".to_owned());
        }
        (!is_native(name) && !is_extended(name)).then(|| "is no name of an extended resource".to_owned())
    })
}

/// Tells whether a name without a domain is one that quotas know.
pub(super) fn is_quota_resource(name: &str) -> bool {
    COUNTED.contains(&name)
        || MEASURED.contains(&name)
        || is_huge_pages(name)
        || name.starts_with("requests.hugepages-")
}

/// Tells whether more of a resource may be promised than there is.
pub(super) fn is_shared(name: &str) -> bool {
    is_native(name) && !is_huge_pages(name)
}

pub(super) fn is_huge_pages(name: &str) -> bool {
    name.starts_with("hugepages-")
}

fn is_native(name: &str) -> bool {
    !name.contains('/') || name.contains("kubernetes.io/")
}

/// Tells whether a resource is one that nodes or devices offer beyond Kubernetes' own.
pub(super) fn is_extended(name: &str) -> bool {
    !is_native(name) && !name.starts_with("requests.") && qualified_name(&format!("requests.{name}")).is_none()
}

/// Judges an amount of a resource; `place` is where the server names it.
pub(super) fn judge_amount<'d>(check: &mut Check<'d>, place: Place<'d>, entry: Entry<'d>) {
    let Some(amount) = amount(entry.value) else { return };
    if amount.is_negative() {
        let message = format!("`{}` is `{}`, below zero", show(entry.name()), entry.value.text());
        check.error("api/quantity", place, message);
    }
    let counted = COUNTED.contains(&entry.name()) || is_extended(entry.name());
    if counted && !(amount.is_whole() && is_countable(entry.value.text(), amount)) {
        let message = format!("`{}` is `{}`, but is counted in whole numbers", show(entry.name()), entry.value.text());
        check.error("api/quantity", place, message);
    }
}

/// Tells whether a whole number stays whole as the server counts: in thousandths of 64 bits, which of longer texts keep the
/// lowest bits and of shorter ones end at their bound.
fn is_countable(text: &str, amount: Amount) -> bool {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return true;
    }
    if text.len() < 19 {
        return amount <= Amount::whole(i64::MAX / 1000);
    }
    let Ok(number) = text.parse::<u128>() else { return true };
    let lowest = i64::from_ne_bytes(((number.wrapping_mul(1000)) as u64).to_ne_bytes());
    lowest % 1000 == 0
}

/// Reads a quantity; null is zero.
pub(super) fn amount(node: Node<'_>) -> Option<Amount> {
    if node.is_null() { Some(Amount::ZERO) } else { Amount::read(node.text()) }
}
