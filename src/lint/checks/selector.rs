//! Selectors of workloads.

use super::Check;
use crate::diagnostic::Change;
use crate::lint::params::Params;
use crate::object::selector::{first_unmatched, first_unmet};

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
            let label = pod.labels().and_then(|labels| labels.get(key));
            let has = label.map_or_else(|| format!("no label `{key}`"), |label| format!("`{key}: {}`", label.text()));
            let place = label.or(pod.labels()).unwrap_or(pod.template);
            findings
                .at(unmet)
                .message(format!("selector wants `{key}: {wanted}`, but the pods have {has}"))
                .label(place.head(), "the pods")
                .change(
                    pod.template,
                    Change::Set { keys: ["metadata", "labels", key].map(str::to_owned).to_vec(), value: wanted.into() },
                );
        }
    })
}
