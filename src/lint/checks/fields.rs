//! Single fields of objects, pods and containers: booleans that must not be true, fields that must or must not be there.

use super::Check;
use crate::diagnostic::Change;
use crate::lint::finding::{Findings, called};
use crate::lint::params::Params;
use crate::yaml::Node;

/// Follows a dotted path: `securityContext.windowsOptions.hostProcess`.
fn follow<'d>(node: Node<'d>, path: &str) -> Option<Node<'d>> {
    path.split('.').try_fold(node, Node::field)
}

fn flag_true<'d>(node: Node<'d>, path: &str, findings: &mut Findings<'d>) {
    if let Some(value) = follow(node, path).filter(|value| Node::as_bool(*value) == Some(true)) {
        findings.at(value);
    }
}

/// A boolean of the pod's spec (`field`, dotted) must not be true; with `containers: true`, none of a container's either.
pub(super) fn pod_flag(params: &mut Params<'_>) -> Check {
    let field = params.text("field");
    let in_containers = params.flag("containers", false);
    Check::pod(move |_, pod, findings| {
        flag_true(pod.spec, &field, findings);
        for container in pod.containers().filter(|_| in_containers) {
            flag_true(container.node, &field, findings);
        }
    })
}

/// Booleans of containers must not be true.
pub(super) fn container_flag(params: &mut Params<'_>) -> Check {
    let fields = params.list("fields");
    Check::container(move |_, container, findings| {
        // One of several is enough: they are one habit.
        let set = |field: &String| container.node.field(field).filter(|value| value.as_bool() == Some(true));
        if let Some(value) = fields.iter().find_map(set) {
            findings.at(value);
        }
    })
}

/// A boolean of the object itself (`field`, dotted) must not be true.
pub(super) fn object_flag(params: &mut Params<'_>) -> Check {
    let field = params.text("field");
    Check::object(move |context, findings| flag_true(context.object.node, &field, findings))
}

/// Tells whether a node holds anything.
fn holds(node: Node<'_>) -> bool {
    node.entries().len() > 0 || node.items().len() > 0 || !node.text().is_empty()
}

/// A field of the pod's spec must not hold anything.
pub(super) fn forbidden(params: &mut Params<'_>) -> Check {
    let field = params.text("field");
    Check::pod(move |_, pod, findings| {
        if let Some(entry) = pod.spec.entry(&field).filter(|entry| !entry.value.is_null() && holds(entry.value)) {
            findings.at_key(entry);
        }
    })
}

/// A field of the object (`field`, dotted) must not hold anything.
pub(super) fn unwanted(params: &mut Params<'_>) -> Check {
    let field = params.text("field");
    Check::object(move |context, findings| {
        let found = follow(context.object.node, &field).filter(|value| holds(*value));
        if let Some(entry) = found.and_then(Node::parent_entry) {
            findings.at_key(entry);
        }
    })
}

/// A pod that asks the cluster's DNS must set an option of the resolver (`name`) to a `value`.
pub(super) fn dns_option(params: &mut Params<'_>) -> Check {
    let (name, value) = (params.text("name"), params.text("value"));
    Check::pod(move |_, pod, findings| {
        let options = pod.spec.at(&["dnsConfig", "options"]).into_iter().flat_map(Node::items);
        let mut named = options.filter(|option| option.field("name").map(Node::text) == Some(&name));
        let option = named.next_back();
        let written = option.and_then(|option| option.field("value"));
        match (option, written) {
            (_, Some(written)) if written.text() == value => {}
            (_, Some(written)) => _ = findings.at(written).change(written, Change::Replace(value.as_str().into())),
            (Some(option), None) => _ = findings.lacking(option).set(option, "value", value.as_str()),
            (None, None) => {
                let finding = findings.lacking(pod.spec.field("dnsConfig").unwrap_or(pod.spec));
                let option = serde_json::json!({ "name": name, "value": value });
                match pod.spec.at(&["dnsConfig", "options"]).filter(|options| options.items().len() > 0) {
                    Some(options) => finding.change(options, Change::Append(option)),
                    None => finding.set(pod.spec, "dnsConfig.options", serde_json::json!([option])),
                };
            }
        }
    })
}

/// A field must hold something (`of`: in the pod's spec, or in every container).
pub(super) fn missing(params: &mut Params<'_>) -> Check {
    let field = params.text("field");
    let lacks = move |node: Node<'_>| !node.field(&field).is_some_and(holds);
    if params.word("of", &["pod", "container"]) == "pod" {
        return Check::pod(move |_, pod, findings| {
            if lacks(pod.spec) {
                findings.lacking(pod.spec);
            }
        });
    }
    Check::container(move |_, container, findings| {
        if lacks(container.node) {
            findings.lacking(container.node);
        }
    })
}

/// No variable of a container may have one of these `names`.
pub(super) fn env(params: &mut Params<'_>) -> Check {
    let names = params.list("names");
    Check::container(move |_, container, findings| {
        let variables = container.node.field("env").into_iter().flat_map(Node::items);
        for name in variables.filter_map(|variable| variable.field("name")) {
            if names.iter().any(|forbidden| forbidden == name.text()) {
                let finding = findings.at(name).message(format!("{} is given `{}`", called(container), name.text()));
                if let Some(variable) = name.parent() {
                    finding.change(variable, Change::Delete);
                }
            }
        }
    })
}

/// No part of a container's command line may be one of these `words`, or a path to one.
pub(super) fn command(params: &mut Params<'_>) -> Check {
    let words = params.list("words");
    Check::container(move |_, container, findings| {
        let parts = ["command", "args"].into_iter().filter_map(|field| container.node.field(field));
        let says = |part: &Node<'_>| {
            let mut said = part.text().split(|c: char| c.is_whitespace() || ";&|()`\"'".contains(c));
            said.any(|word| words.iter().any(|bad| word.rsplit('/').next() == Some(bad.as_str())))
        };
        if let Some(part) = parts.flat_map(Node::items).find(says) {
            findings.at(part);
        }
    })
}
