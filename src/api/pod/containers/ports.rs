//! Ports of containers, each by itself and all together.

use super::{Pod, Role, choice};
use crate::api::check::{Check, is_true, items, text};
use crate::api::syntax::port_name;
use crate::yaml::Node;

/// Judges the ports of one container.
pub(super) fn judge<'d>(check: &mut Check<'d>, container: Node<'d>) {
    let mut names: Vec<Node<'d>> = Vec::new();
    for port in items(container, "ports") {
        if let Some(name) = port.field("name").filter(|name| !name.text().is_empty())
            && check.syntax("api/port", name, "name", name.text(), port_name)
        {
            match names.iter().find(|first| first.text() == name.text()) {
                Some(first) => {
                    check
                        .error("api/port", name, format!("two ports are named `{}`", name.text()))
                        .label(first.span(), "the first one");
                }
                None => names.push(name),
            }
        }
        check.range("api/port", port, "containerPort", 1, 65535);
        if number(port, "hostPort") != 0 {
            check.range("api/port", port, "hostPort", 1, 65535);
        }
        choice(check, "api/port", port, "protocol", &["TCP", "UDP", "SCTP"]);
    }
}

/// Judges the ports of all containers together.
pub(super) fn across<'d>(check: &mut Check<'d>, pod: &Pod<'d>) {
    let ports: Vec<Port<'d>> = pod
        .containers()
        .flat_map(|(role, container)| items(container, "ports").map(move |port| (role, container, port)))
        .map(|(role, container, port)| Port::read(pod, role, container, port))
        .collect();
    let by_name = check.since(32);
    for (index, port) in ports.iter().enumerate() {
        host_port(check, pod, port, &ports[..index]);
        clash(check, port, &ports[..index]);
        if by_name {
            name(check, port, &ports[..index]);
        }
    }
}

/// A port, as the server has it once defaults are filled in.
struct Port<'d> {
    role: Role,
    container: Node<'d>,
    node: Node<'d>,
    number: i64,
    /// The protocol as written: server-side apply fills in no default for an empty one.
    written: &'d str,
    protocol: &'d str,
    host_ip: &'d str,
    on_host: i64,
}

impl<'d> Port<'d> {
    fn read(pod: &Pod<'d>, role: Role, container: Node<'d>, node: Node<'d>) -> Self {
        let protocol = match text(node, "protocol") {
            "" => "TCP",
            protocol => protocol,
        };
        let (number, mut on_host) = (number(node, "containerPort"), number(node, "hostPort"));
        if pod.is_pod && on_host == 0 && is_true(pod.spec, "hostNetwork") {
            on_host = number;
        }
        let written = node.field("protocol").map_or("TCP", Node::text);
        Self { role, container, node, number, written, protocol, host_ip: text(node, "hostIP"), on_host }
    }

    /// Tells whether both take the same port of the host.
    fn shares_host_port(&self, other: &Self) -> bool {
        self.on_host == other.on_host && self.host_ip == other.host_ip && self.protocol == other.protocol
    }

    fn is_same(&self, other: &Self) -> bool {
        self.number == other.number && self.protocol == other.protocol
    }

    /// Init containers run one by one: they share the host's ports.
    fn runs_with(&self, other: &Self) -> bool {
        self.container == other.container || (self.role == Role::Main && other.role == Role::Main)
    }
}

fn host_port<'d>(check: &mut Check<'d>, pod: &Pod<'d>, port: &Port<'d>, before: &[Port<'d>]) {
    if port.on_host == 0 {
        return;
    }
    let other = before.iter().find(|other| port.runs_with(other) && port.shares_host_port(other));
    if let Some(other) = other {
        let message = format!("port {} of the host is taken twice", port.on_host);
        check.error("api/port", (port.node, "hostPort"), message).label(other.node.head(), "first taken here");
    }
    if port.role == Role::Main && port.on_host != port.number && is_true(pod.spec, "hostNetwork") {
        let message = format!("`hostPort` is {}, but with `hostNetwork` must be `containerPort`", port.on_host);
        check.error("api/port", (port.node, "hostPort"), message).help("remove `hostPort`");
    }
}

/// Judges a port that another already has.
fn clash<'d>(check: &mut Check<'d>, port: &Port<'d>, before: &[Port<'d>]) {
    if !port.host_ip.is_empty() && port.on_host == 0 {
        let message = "`hostIP` has no effect without `hostPort`";
        check.warning("api/port", port.node, message).help("write the `hostPort`, or remove `hostIP`");
    }
    for other in before.iter().filter(|other| port.is_same(other)) {
        let shown = format!("{}/{}", port.number, port.protocol);
        if other.container == port.container && port.written == other.written {
            // Server-side apply tells ports apart by number and protocol, of which null is one. What is refused anyhow is said.
            let null = |port: &Port<'d>| port.node.get("protocol").is_some_and(Node::is_null);
            if null(port) == null(other)
                && (port.on_host == 0 || !port.shares_host_port(other))
                && !has_same_name(port, other)
            {
                let message = format!("port {shown} is listed twice");
                check.apply_only(port.node, message).label(other.node.head(), "first listed here");
            }
        } else if port.shares_host_port(other) {
            // Where the host's port is taken, that is said already.
            if port.on_host == 0 || !port.runs_with(other) {
                let message = format!("port {shown} is listed twice");
                check.warning("api/port", port.node, message).label(other.node.head(), "the other one");
            }
        } else if port.on_host == 0 || other.on_host == 0 {
            let message = format!("port {shown} is another container's as well, with another `hostPort`");
            check.warning("api/port", port.node, message).label(other.node.head(), "the other one");
        } else if port.on_host == other.on_host && (port.host_ip.is_empty() != other.host_ip.is_empty()) {
            let message = format!("`hostPort` {} is bound to one address and to all", port.on_host);
            check.warning("api/port", port.node, message).label(other.node.head(), "the other one");
        } else {
            continue;
        }
        return;
    }
}

fn has_same_name(port: &Port<'_>, other: &Port<'_>) -> bool {
    let name = text(port.node, "name");
    !name.is_empty() && name == text(other.node, "name")
}

/// Judges a name that a port of another container has.
fn name<'d>(check: &mut Check<'d>, port: &Port<'d>, before: &[Port<'d>]) {
    let name = text(port.node, "name");
    let other = before.iter().find(|other| has_same_name(port, other));
    if let Some(other) = other.filter(|other| other.container != port.container) {
        let message = format!("two ports are named `{name}`: Services and probes that say it mean the first");
        check.warning("api/port", port.node, message).label(other.node.head(), "the first one");
    }
}

fn number(map: Node<'_>, field: &str) -> i64 {
    map.field(field).and_then(Node::as_i64).unwrap_or_default()
}
