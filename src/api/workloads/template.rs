//! The template of a workload's pods, and the selector that must fit it.

use super::RULE;
use crate::api::check::{Check, Place, plain, show, text};
use crate::api::selector::unmet;
use crate::api::{meta, pod};
use crate::source::Span;
use crate::yaml::Node;

/// What a workload asks of its pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::api) enum Templated {
    /// They run for ever.
    Always,
    /// They run for ever; what else they say is not read before they are made.
    Unread,
    /// They end.
    Ending,
}

/// Judges the `template` of a workload's spec.
pub(in crate::api) fn judge<'d>(check: &mut Check<'d>, spec: Node<'d>, templated: Templated) {
    let template = spec.field("template");
    match template {
        Some(template) if templated == Templated::Unread => meta::template(check, template),
        Some(template) => pods(check, template),
        None if templated == Templated::Unread => {}
        None => {
            let place = (spec, &["template", "spec", "containers"]);
            check.error(RULE, place, "`template` is missing, and the `containers` of the pods");
        }
    }
    let pod = template.and_then(|template| template.field("spec"));
    if templated == Templated::Ending {
        return;
    }
    let Some(pod) = pod else { return };
    if !matches!(text(pod, "restartPolicy"), "" | "Always") {
        let message =
            format!("`restartPolicy` is `{}`, but these pods are always restarted", show(text(pod, "restartPolicy")));
        check
            .error("api/restart-policy", (pod, "restartPolicy"), message)
            .help("remove `restartPolicy`, or write a Job");
    }
    if pod.field("activeDeadlineSeconds").is_some() {
        let message = "`activeDeadlineSeconds` ends pods, but these are always restarted";
        check.error(RULE, (pod, "activeDeadlineSeconds"), message).help("remove `activeDeadlineSeconds`");
    }
}

/// Judges a template of pods that is written.
pub(in crate::api) fn pods<'d>(check: &mut Check<'d>, template: Node<'d>) {
    pod::template(check, template);
    if template.field("spec").is_none() {
        check.error(RULE, (template, &["spec", "containers"]), "`spec` is missing, and the `containers` of the pods");
    }
}

/// Names the labels of pods as the server does which takes them for the workload, too: where that has none. `mark` stands
/// before the findings.
pub(in crate::api) fn labels_of_both<'d>(check: &mut Check<'d>, object: Node<'d>, mark: usize) {
    if object.at(&["metadata", "labels"]).is_none_or(|labels| labels.entries().len() == 0) {
        check.respell(mark, "spec.template.labels", "metadata.labels");
    }
}

/// Judges whether the pods of a workload have the labels that its selector wants.
pub(in crate::api) fn labels_fit<'d>(check: &mut Check<'d>, spec: Node<'d>, selector: Node<'d>) {
    let labels = spec.at(&["template", "metadata", "labels"]);
    let label = |key: &str| labels.and_then(|labels| labels.get(key)).map(plain);
    if let Some((span, wants)) = unmet(selector, label) {
        misfit(check, spec, span, &wants);
    }
}

/// Reports that the pods lack a label which `selector` wants.
pub(super) fn misfit<'d>(check: &mut Check<'d>, spec: Node<'d>, span: Span, wants: &str) {
    let path: &'static [&'static str; 3] = &["template", "metadata", "labels"];
    let place: Place<'d> = (spec, path).into();
    let message = format!("`selector` wants {wants}, which the labels of the pods are not");
    check
        .error("api/selector", place, message)
        .label(span, "wanted here")
        .help("write the same labels under `selector` and under the template's `metadata`");
}
