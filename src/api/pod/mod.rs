//! Pods and templates of pods.

mod containers;
mod spec;
mod volumes;

use super::Judge;
use super::check::Check;
use super::meta;
use crate::yaml::{Kind, Node};

/// Gives the judge of a kind.
pub(super) fn find(group: &str, kind: &str) -> Option<Judge> {
    match (group, kind) {
        ("", "Pod") => Some(pod_spec),
        _ => None,
    }
}

/// Judges a template of pods: a map with `metadata` and `spec`.
pub(super) fn template<'d>(check: &mut Check<'d>, template: Node<'d>) {
    meta::template(check, template);
    pod_spec(check, template);
}

/// Judges the `spec` of a pod or template.
fn pod_spec<'d>(check: &mut Check<'d>, pod: Node<'d>) {
    let Some(spec) = pod.field("spec").filter(|spec| spec.kind() == Kind::Map) else {
        if pod.field("spec").is_none() {
            // The server judges an empty one.
            let mark = check.mark();
            check.error("api/container", (pod, "spec"), "`spec` is missing");
            check.respell(mark, "spec", "spec.containers");
        }
        return;
    };
    containers::judge(check, spec);
    volumes::judge(check, pod, spec);
    spec::judge(check, pod, spec);
}
