//! Ports of containers, and the hosts that probes and handlers ask.

use super::{Check, probes::PROBES};
use crate::lint::finding::called;
use crate::lint::params::Params;
use crate::yaml::Node;

/// No container may take a port of the node.
pub(super) fn of_host(_: &mut Params<'_>) -> Check {
    Check::container(|_, container, findings| {
        let ports = container.node.field("ports").into_iter().flat_map(Node::items);
        for port in ports.filter_map(|port| port.field("hostPort")).filter(|port| port.as_i64() != Some(0)) {
            findings.at(port).message(format!("{} takes port {} of the node", called(container), port.text()));
        }
    })
}

/// No container may listen on a port `from` one number `to` another, for a `protocol` if one is given.
pub(super) fn of_container(params: &mut Params<'_>) -> Check {
    let range = params.number("from")..=params.number("to");
    let protocol = params.optional_text("protocol");
    Check::container(move |_, container, findings| {
        for port in container.node.field("ports").into_iter().flat_map(Node::items) {
            let spoken = port.field("protocol").map_or("TCP", Node::text);
            let Some(number) = port.field("containerPort") else { continue };
            if number.as_i64().is_some_and(|number| range.contains(&number))
                && protocol.as_ref().is_none_or(|wanted| wanted == spoken)
            {
                findings.at(number).message(format!("{} listens on port {}", called(container), number.text()));
            }
        }
    })
}

/// Every port of a container must have a name.
pub(super) fn unnamed(_: &mut Params<'_>) -> Check {
    Check::container(|_, container, findings| {
        for port in container.node.field("ports").into_iter().flat_map(Node::items) {
            if port.field("name").is_none_or(|name| name.text().is_empty()) {
                let number = port.field("containerPort").map(Node::text).unwrap_or_default();
                let finding = findings.lacking(port);
                finding.message(format!("the port {number} of {} has no name", called(container)));
                finding.set(port, "name", format!("port-{number}"));
            }
        }
    })
}

/// No probe and no lifecycle handler may name a host: they ask the pod itself.
pub(super) fn handler_host(_: &mut Params<'_>) -> Check {
    Check::container(|_, container, findings| {
        let probes = PROBES.iter().filter_map(|probe| Some((*probe, container.node.field(probe)?)));
        let handlers = ["postStart", "preStop"].into_iter();
        let handlers = handlers.filter_map(|name| Some((name, container.node.at(&["lifecycle", name])?)));
        for (name, handler) in probes.chain(handlers) {
            for action in ["httpGet", "tcpSocket"] {
                if let Some(host) = handler.at(&[action, "host"]).filter(|host| !host.text().is_empty()) {
                    findings.at(host).message(format!("`{name}` asks the host `{}`", host.text()));
                }
            }
        }
    })
}
