//! Webhooks and admission policies.

mod expressions;
mod kinds;
mod policies;
mod rules;
mod webhooks;

#[cfg(test)]
mod tests;

pub(super) use webhooks::{wrong_service_path, wrong_url};

use super::Judge;

const RULE: &str = "api/admission";

/// Gives the judge of a kind.
pub(super) fn find(group: &str, kind: &str) -> Option<Judge> {
    if group != "admissionregistration.k8s.io" {
        return None;
    }
    match kind {
        "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration" => Some(webhooks::judge),
        "ValidatingAdmissionPolicy" => Some(policies::validating),
        "MutatingAdmissionPolicy" => Some(policies::mutating),
        "ValidatingAdmissionPolicyBinding" => Some(policies::validating_binding),
        "MutatingAdmissionPolicyBinding" => Some(policies::mutating_binding),
        _ => None,
    }
}
