//! NetworkPolicies, Ingresses and their classes, addresses.

mod address;
mod ingress;
mod policy;

use super::Judge;

/// Gives the judge of a kind.
pub(super) fn find(group: &str, kind: &str) -> Option<Judge> {
    match (group, kind) {
        ("networking.k8s.io", "NetworkPolicy") => Some(policy::judge),
        ("networking.k8s.io", "Ingress") => Some(ingress::judge),
        ("networking.k8s.io", "IngressClass") => Some(ingress::class),
        ("networking.k8s.io", "IPAddress") => Some(address::ip_address),
        ("networking.k8s.io", "ServiceCIDR") => Some(address::service_cidr),
        _ => None,
    }
}
