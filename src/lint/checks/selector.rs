//! Selectors of workloads.

use super::Check;
use crate::lint::params::Params;
use crate::object::selector::{first_unmatched, first_unmet};
use crate::yaml::Node;

/// A workload's selector must match the labels of its own pod template.
pub(super) fn build(_: &mut Params<'_>) -> Check {
    Check::object(|context, findings| {
        let object = context.object;
        let Some(selector) = object.spec().and_then(|spec| spec.field("selector")) else { return };
        for pod in &object.pods {
            let unmet = match object.kind {
                "ReplicationController" => first_unmatched(selector, pod.labels()),
                _ => first_unmet(selector, pod.labels()),
            };
            let Some(unmet) = unmet else { continue };
            let Some(entry) = unmet.parent_entry() else {
                findings.at(unmet).label(pod.template.head(), "the pod template");
                continue;
            };
            let (key, wanted) = (entry.name(), unmet.text());
            let finding = findings.at(unmet);
            match pod.labels().and_then(|labels| labels.get(key)) {
                Some(label) => {
                    let message =
                        format!("selector wants `{key}: {wanted}`, but the pods have `{key}: {}`", label.text());
                    finding.message(message).label(label.span(), "the label of the pods");
                }
                None => {
                    let message = format!("selector wants `{key}: {wanted}`, but the pods have no label `{key}`");
                    let place = pod.labels().map_or(pod.template.head(), Node::head);
                    finding.message(message).label(place, "the labels of the pods");
                }
            }
        }
    })
}
