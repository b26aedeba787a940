//! Amounts that cannot be meant, and requests that differ from their limits.

use super::{Check, resources};
use crate::diagnostic::Change;
use crate::lint::finding::{Findings, called};
use crate::lint::params::Params;
use crate::schema::Amount;
use crate::yaml::Node;

/// A range of amounts; either end may be open.
struct Range {
    min: Option<(Amount, String)>,
    max: Option<(Amount, String)>,
    in_bytes: bool,
}

impl Range {
    fn ask(params: &mut Params<'_>, in_bytes: bool) -> Self {
        let mut bound = |name| params.optional_text(name).and_then(|text| Some((Amount::read(&text)?, text)));
        Self { min: bound("min"), max: bound("max"), in_bytes }
    }

    /// Points at an amount outside the range; nothing at all is none.
    fn judge<'d>(&self, value: Node<'d>, whose: &str, findings: &mut Findings<'d>) {
        let Some(amount) = Amount::read(value.text()).filter(|amount| *amount > Amount::ZERO) else { return };
        // The server warns of parts of bytes itself.
        if self.in_bytes && !amount.is_whole() {
            return;
        }
        let under = self.min.as_ref().filter(|(min, _)| amount < *min).map(|(_, min)| format!("under {min}"));
        let over = || self.max.as_ref().filter(|(max, _)| amount > *max).map(|(_, max)| format!("over {max}"));
        if let Some(how) = under.or_else(over) {
            findings.at(value).message(format!("{whose} is `{}`, {how}", value.text()));
        }
    }
}

/// A `resource` that containers request or are limited to must be between `min` and `max`.
pub(super) fn of_containers(params: &mut Params<'_>) -> Check {
    let resource = params.text("resource");
    let range = Range::ask(params, resource != "cpu");
    Check::pod(move |_, pod, findings| {
        let holders = pod.containers().map(|container| (container.node, called(container)));
        for (node, called) in holders.chain([(pod.spec, "pod".to_owned())]) {
            for (field, what) in [("requests", "request"), ("limits", "limit")] {
                if let Some(value) = node.at(&["resources", field, &resource]) {
                    range.judge(value, &format!("the {resource} {what} of {called}"), findings);
                }
            }
        }
    })
}

/// The storage that a claim asks for, or the `sizeLimit` of a volume, must be between `min` and `max`.
pub(super) fn of_storage(params: &mut Params<'_>) -> Check {
    let range = Range::ask(params, true);
    Check::object(move |context, findings| {
        let object = context.object;
        let templates = object.spec().and_then(|spec| spec.field("volumeClaimTemplates"));
        let own = object.is("", &["PersistentVolumeClaim"]).then_some(object.node);
        for claim in own.into_iter().chain(templates.into_iter().flat_map(Node::items)) {
            if let Some(storage) = claim.at(&["spec", "resources", "requests", "storage"]) {
                range.judge(storage, "the storage of the claim", findings);
            }
        }
        for volume in object.pods.iter().filter_map(|pod| pod.spec.field("volumes")).flat_map(Node::items) {
            if let Some(limit) = volume.at(&["emptyDir", "sizeLimit"]) {
                range.judge(limit, "the size limit of the volume", findings);
            }
        }
    })
}

/// What a container requests of a `resource` must be what it is limited to.
pub(super) fn below_limit(params: &mut Params<'_>) -> Check {
    let resource = params.text("resource");
    Check::container(move |_, container, findings| {
        let value = |field: &str| container.node.at(&["resources", field, &resource]);
        let (Some(request), Some(limit)) = (value("requests"), value("limits")) else { return };
        if resources::runs_on(container) && Amount::read(request.text()) != Amount::read(limit.text()) {
            let message = format!(
                "{} requests {} of {resource}, and may use {}",
                called(container),
                request.text(),
                limit.text()
            );
            let same = Change::Replace(limit.text().into());
            findings.at(request).message(message).label(limit.span(), "the limit").change(request, same);
        }
    })
}

/// An empty volume on the node's disk, or in its memory, must say how large it may grow.
pub(super) fn empty_dir(params: &mut Params<'_>) -> Check {
    let memory = params.word("medium", &["disk", "memory"]) == "memory";
    Check::pod(move |_, pod, findings| {
        for volume in pod.spec.field("volumes").into_iter().flat_map(Node::items) {
            let Some(directory) = volume.field("emptyDir") else { continue };
            let in_memory = directory.field("medium").is_some_and(|medium| medium.text() == "Memory");
            if directory.field("sizeLimit").is_none() && in_memory == memory {
                let name = volume.field("name").map(Node::text).unwrap_or_default();
                let what = if in_memory { " in memory" } else { "" };
                let finding = findings.lacking(directory);
                finding.message(format!("the empty volume `{name}`{what} has no size limit"));
                finding.set(directory, "sizeLimit", if in_memory { "64Mi" } else { "1Gi" });
            }
        }
    })
}

/// A Namespace must come with an object of a `kind`.
pub(super) fn namespace_companion(params: &mut Params<'_>) -> Check {
    let quota = params.word("kind", &["ResourceQuota", "LimitRange"]) == "ResourceQuota";
    Check::object(move |context, findings| {
        let namespace = context.object.name;
        let kind = if quota { "ResourceQuota" } else { "LimitRange" };
        let there = context.set.of_kind("", kind).any(|object| object.namespace.as_deref() == Some(namespace));
        if let Some(name) = context.object.node.at(&["metadata", "name"]).filter(|_| context.run.complete && !there) {
            findings.at(name).message(format!("Namespace `{namespace}` has no {kind} {}", context.whole()));
        }
    })
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::{pod, problems};

    #[test]
    fn what_cannot_be_meant_is_shown() {
        for (resources, rule, flagged) in [
            ("{requests: {memory: 512}}", "implausible-memory", true),
            ("{requests: {memory: 512m}}", "implausible-memory", false),
            ("{limits: {memory: 512Mi}}", "implausible-memory", false),
            ("{limits: {memory: 512Gi}}", "implausible-memory", false),
            ("{limits: {memory: 512Ti}}", "implausible-memory", true),
            ("{limits: {memory: 0}}", "implausible-memory", false),
            ("{requests: {cpu: 1000}}", "implausible-cpu", true),
            ("{requests: {cpu: 100}}", "implausible-cpu", true),
            ("{requests: {cpu: 1000m}}", "implausible-cpu", false),
            ("{requests: {cpu: 64}}", "implausible-cpu", false),
            ("{requests: {cpu: many}}", "implausible-cpu", false),
        ] {
            let text = pod("dnsPolicy: Default", &format!("resources: {resources}"));
            assert_eq!(problems(rule, &text).len(), usize::from(flagged), "{resources}");
        }
    }
}
