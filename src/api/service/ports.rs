//! The ports of a Service.

use super::{RULE, Service};
use crate::api::check::{Check, Place, items, show, text};
use crate::api::syntax::{dns_label, port_name, qualified_name};
use crate::yaml::{Kind, Node};

/// The ports that servers give out on nodes, unless they are told otherwise.
const NODE_PORTS: std::ops::RangeInclusive<i64> = 30_000..=32_767;

/// Judges the ports of a Service.
pub(super) fn judge<'d>(check: &mut Check<'d>, service: &Service<'d>) {
    let spec = service.spec;
    let count = items(spec, "ports").count();
    if count == 0 && !service.headless && service.kind != "ExternalName" {
        check.error(RULE, (spec, "ports"), "`ports` is missing").help("write a port, or `clusterIP: None`");
    }
    for (index, port) in items(spec, "ports").enumerate() {
        let before = || items(spec, "ports").take(index);
        name(check, port, count > 1);
        let own = text(port, "name");
        if !own.is_empty()
            && let Some(first) = before().find(|other| text(*other, "name") == own)
        {
            let message = format!("the port `{}` is named twice", show(own));
            check.error("api/port", (port, "name"), message).label(first.head(), "first named here");
        }
        let target = port.field("targetPort");
        if let Some(target) = target.filter(|target| target.kind() == Kind::String && !target.text().is_empty()) {
            check.syntax("api/port", target, "targetPort", target.text(), port_name);
        }
        if let Some(target) = target.and_then(Node::as_i64).filter(|target| !(0..=65_535).contains(target)) {
            check.error("api/port", (port, "targetPort"), format!("`targetPort` is {target}, but ports end at 65535"));
        }
        app_protocol(check, port);
        let (number, node_port) = (number(port, "port"), number(port, "nodePort").filter(|port| *port != 0));
        if let Some(first) =
            before().find(|other| self::number(*other, "port") == number && protocol(*other) == protocol(port))
            && let Some(number) = number
        {
            let message = format!("the port {number} is given twice for {}", protocol(port));
            // Where node ports are given out, the server finds that one twice first.
            let other = self::number(first, "nodePort").filter(|port| *port != 0);
            let given = service.gives_node_ports() && (node_port.is_none() || other.is_none() || node_port == other);
            let place = if given { (port, "nodePort").into() } else { Place::from(port) };
            check.error("api/port", place, message).label(first.head(), "first given here");
        }
        if number == Some(10_250) && service.kind == "LoadBalancer" && !check.since(33) {
            check.error("api/port", port, "the port 10250 is that of kubelets, and may not be opened to the outside");
        }
        if let Some(node_port) = node_port {
            self::node_port(check, service, port, node_port);
        }
    }
    if matches!(service.kind, "NodePort" | "LoadBalancer") {
        give_node_ports(check, service);
    }
}

/// Gives out node ports as the server does: ports of one number share one, if they do not ask for others. Reports the port
/// at which the server finds that one is taken.
fn give_node_ports<'d>(check: &mut Check<'d>, service: &Service<'d>) {
    let asked = |port: Node<'d>| self::number(port, "nodePort").filter(|port| *port != 0);
    let ports = || items(service.spec, "ports");
    let mut given: Vec<(Option<i64>, Option<i64>)> = Vec::new();
    let mut taken: Vec<(i64, Node<'d>)> = Vec::new();
    for port in ports() {
        let (own, number) = (asked(port), number(port, "port"));
        if own.is_none() && !service.gives_node_ports() {
            continue;
        }
        let wanted = if let Some((_, shared)) = given.iter().find(|(of, _)| *of == number) {
            own.filter(|_| own != *shared)
        } else {
            let first = ports().filter(|other| self::number(*other, "port") == number).find_map(asked);
            given.push((number, first));
            first
        };
        let Some(wanted) = wanted else { continue };
        if let Some((_, first)) = taken.iter().find(|(other, _)| *other == wanted) {
            let message = format!("the node port {wanted} is given twice");
            check.error("api/port", (port, "nodePort"), message).label(first.head(), "first given here");
            return;
        }
        taken.push((wanted, port));
    }
}

/// Judges the name of a port, which must have one where there are several.
pub(super) fn name<'d>(check: &mut Check<'d>, port: Node<'d>, needed: bool) {
    match text(port, "name") {
        "" if needed => {
            check.error("api/port", (port, "name"), "`name` is missing: of several ports, each must have one");
        }
        "" => {}
        name => _ = check.syntax("api/port", (port, "name"), "name", name, dns_label),
    }
}

/// Judges the `appProtocol` of a port.
pub(super) fn app_protocol<'d>(check: &mut Check<'d>, port: Node<'d>) {
    if let Some(protocol) = port.field("appProtocol") {
        check.syntax("api/port", protocol, "appProtocol", protocol.text(), qualified_name);
    }
}

fn node_port<'d>(check: &mut Check<'d>, service: &Service<'d>, port: Node<'d>, number: i64) {
    match service.kind {
        "ClusterIP" => {
            let message = "`nodePort` belongs to Services of type `NodePort` and `LoadBalancer`";
            check.error("api/port", (port, "nodePort"), message).help("remove `nodePort`, or change `type`");
        }
        "NodePort" | "LoadBalancer" if !NODE_PORTS.contains(&number) => {
            let (least, most) = (NODE_PORTS.start(), NODE_PORTS.end());
            let message =
                format!("`nodePort` is {number}, but servers give out {least} to {most} if not set up otherwise");
            check.warning("api/port", (port, "nodePort"), message).help("remove `nodePort` to get a free one");
        }
        _ => {}
    }
}

fn number(port: Node<'_>, field: &str) -> Option<i64> {
    port.field(field).and_then(Node::as_i64)
}

fn protocol(port: Node<'_>) -> &str {
    Some(text(port, "protocol")).filter(|protocol| !protocol.is_empty()).unwrap_or("TCP")
}

#[cfg(test)]
mod tests {
    use crate::api::testing::heads;

    #[test]
    fn ports_of_services() {
        let table: &[(&str, &[&str])] = &[
            ("{port: 80, targetPort: http, appProtocol: kubernetes.io/h2c}", &[]),
            (
                "{port: 80, targetPort: HTTP, appProtocol: a/b/c}",
                &["error spec.ports[0].targetPort", "error spec.ports[0].appProtocol"],
            ),
            ("{port: 80}, {port: 81, name: a}", &["error spec.ports[0].name"]),
            ("{port: 80, name: a}, {port: 81, name: a}", &["error spec.ports[1].name"]),
            ("{port: 80, nodePort: 30000, name: A}", &["error spec.ports[0].nodePort", "error spec.ports[0].name"]),
        ];
        for (ports, wanted) in table {
            assert_eq!(judged("ClusterIP", ports), *wanted, "{ports}");
        }
        let table: &[(&str, &[&str])] = &[
            ("{port: 80, nodePort: 80}", &["warning spec.ports[0].nodePort"]),
            ("{port: 53, nodePort: 30053, name: a}, {port: 53, protocol: UDP, nodePort: 30053, name: b}", &[]),
            (
                "{port: 53, nodePort: 30053, name: a}, {port: 54, protocol: UDP, nodePort: 30053, name: b}",
                &["error spec.ports[1].nodePort"],
            ),
        ];
        for (ports, wanted) in table {
            assert_eq!(judged("NodePort", ports), *wanted, "{ports}");
        }
    }

    fn judged(kind: &str, ports: &str) -> Vec<String> {
        let spec = format!("spec: {{type: {kind}, ports: [{ports}]}}");
        let found = heads(&format!("{{apiVersion: v1, kind: Service, metadata: {{name: a}}, {spec}}}"));
        found.into_iter().map(|head| head.replace(" api/port", "")).collect()
    }
}
