//! Namespaces, Nodes, quotas and limits, Events, Leases, classes of pods, APIServices, reviews.

mod api_service;
mod class;
mod event;
mod lease;
mod limits;
mod namespace;
mod node;
mod quota;
mod review;

#[cfg(test)]
mod tests;

use super::Judge;

/// Gives the judge of a kind.
pub(super) fn find(group: &str, kind: &str) -> Option<Judge> {
    match (group, kind) {
        ("", "Namespace") => Some(namespace::judge),
        ("", "Node") => Some(node::judge),
        ("", "ResourceQuota") => Some(quota::judge),
        ("", "LimitRange") => Some(limits::judge),
        ("", "Event") => Some(event::judge),
        ("events.k8s.io", "Event") => Some(event::judge_strictly),
        ("scheduling.k8s.io", "PriorityClass") => Some(class::priority),
        ("node.k8s.io", "RuntimeClass") => Some(class::runtime),
        ("coordination.k8s.io", "Lease") => Some(lease::judge),
        ("apiregistration.k8s.io", "APIService") => Some(api_service::judge),
        ("storagemigration.k8s.io", "StorageVersionMigration") => Some(api_service::migration),
        ("authentication.k8s.io", "TokenReview") => Some(review::token),
        ("authorization.k8s.io", "SubjectAccessReview") => Some(review::subject),
        ("authorization.k8s.io", "SelfSubjectAccessReview") => Some(review::own),
        ("authorization.k8s.io", "SelfSubjectRulesReview") => Some(review::rules),
        ("authorization.k8s.io", "LocalSubjectAccessReview") => Some(review::local),
        _ => None,
    }
}
