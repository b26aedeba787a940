//! Services and the pods behind them.

use super::{Check, probes, resources};
use crate::diagnostic::nearest;
use crate::lint::finding::Context;
use crate::lint::params::Params;
use crate::object::{Container, Pod};
use crate::yaml::Node;

/// Gives the selector of a Service that has one and uses it.
fn selector<'d>(context: &Context<'_, 'd>) -> Option<Node<'d>> {
    let spec = context.object.spec()?;
    let external = spec.field("type").is_some_and(|kind| kind.text() == "ExternalName");
    spec.field("selector").filter(|selector| !external && selector.entries().len() > 0)
}

/// A Service's selector must match pods of the set.
pub(super) fn selects(_: &mut Params<'_>) -> Check {
    Check::object(|context, findings| {
        let Some(selector) = selector(context).filter(|_| context.run.complete) else { return };
        if context.set.selected(context.object, selector).next().is_some() {
            return;
        }
        let message = format!("Service `{}` selects no pods {}", context.object.name, context.whole());
        let finding = findings.at(selector).message(message);
        if let Some(label) = near_miss(context, selector) {
            finding.label(label.span(), "these pods differ in this label");
        }
    })
}

/// Finds the label by which the pods that come nearest to a selector differ from it: all other keys match.
fn near_miss<'d>(context: &Context<'_, 'd>, selector: Node<'_>) -> Option<Node<'d>> {
    context.set.pods_beside(context.object).find_map(|(_, pod)| {
        let labels = pod.labels()?;
        let mut differing = selector.entries().filter_map(|wanted| {
            let label = labels.get(wanted.name());
            (label.map(Node::text) != Some(wanted.value.text())).then_some(label)
        });
        let only = differing.next()?;
        if differing.next().is_some() { None } else { only }
    })
}

/// A Service's target port must be one that its pods declare, by name or by number, for the same protocol.
pub(super) fn target_port(_: &mut Params<'_>) -> Check {
    Check::object(|context, findings| {
        let Some(selector) = selector(context) else { return };
        let pods: Vec<&Pod<'_>> = context.set.selected(context.object, selector).map(|(_, pod)| pod).collect();
        let containers = || pods.iter().flat_map(|pod| pod.containers()).filter(|c| resources::runs_on(*c));
        let ports = context.object.spec().and_then(|spec| spec.field("ports")).filter(|_| !pods.is_empty());
        for port in ports.into_iter().flat_map(Node::items) {
            let Some(target) = port.field("targetPort").or_else(|| port.field("port")) else { continue };
            let protocol = protocol(port);
            if containers().any(|container| declares(container, target, protocol)) {
                continue;
            }
            let of_service = context.object.name;
            let message = format!(
                "Service `{of_service}` targets {protocol} port `{}`, which its pods do not declare",
                target.text()
            );
            let finding = findings.at(target).message(message);
            if let Some(pod) = pods.first() {
                finding.label(pod.template.head(), "the pods");
            }
            if target.as_i64().is_none() {
                finding.did_you_mean(nearest(target.text(), containers().flat_map(probes::names)));
            }
        }
    })
}

fn protocol(port: Node<'_>) -> &str {
    port.field("protocol").map_or("TCP", Node::text)
}

fn declares(container: Container<'_>, target: Node<'_>, wanted: &str) -> bool {
    container.node.field("ports").into_iter().flat_map(Node::items).any(|port| {
        let named = match target.as_i64() {
            Some(number) => port.field("containerPort").and_then(Node::as_i64) == Some(number),
            None => port.field("name").map(Node::text) == Some(target.text()),
        };
        named && protocol(port) == wanted
    })
}
