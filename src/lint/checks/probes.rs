//! Probes: missing, alike, in the wrong place, on ports that nobody declares.

use super::{Check, resources};
use crate::diagnostic::nearest;
use crate::lint::finding::called;
use crate::lint::params::Params;
use crate::object::{Container, Pod, Role};
use crate::yaml::Node;

pub(super) const PROBES: [&str; 3] = ["livenessProbe", "readinessProbe", "startupProbe"];

/// A main container must have a probe, unless its pod is meant to end.
pub(super) fn missing(params: &mut Params<'_>) -> Check {
    let probe = params.word("probe", &PROBES);
    Check::pod(move |context, pod, findings| {
        if pod.runs_to_completion(context.object) {
            return;
        }
        let bare = |container: &Container<'_>| container.role == Role::Main && container.node.field(probe).is_none();
        for container in pod.containers().filter(bare) {
            let finding = findings.lacking(container.node);
            if let Some(stub) = stub(container, probe) {
                finding.set(container.node, probe, stub);
            }
        }
    })
}

/// Makes a probe that asks whether the container's first port is open; of liveness one that is slower to give up than
/// readiness.
fn stub(container: Container<'_>, probe: &str) -> Option<serde_json::Value> {
    let tcp = |port: &Node<'_>| port.field("protocol").is_none_or(|protocol| protocol.text() == "TCP");
    let port = ports(container).find(tcp)?;
    let port = match port.field("name").filter(|name| !name.text().is_empty()) {
        Some(name) => serde_json::Value::from(name.text()),
        None => port.field("containerPort")?.as_i64()?.into(),
    };
    let failures = match probe {
        "livenessProbe" => 6,
        "startupProbe" => 30,
        _ => 3,
    };
    Some(serde_json::json!({
        "tcpSocket": { "port": port },
        "initialDelaySeconds": 0,
        "periodSeconds": 10,
        "timeoutSeconds": 1,
        "successThreshold": 1,
        "failureThreshold": failures,
    }))
}

/// Liveness may not ask just what readiness asks, and give up as early.
pub(super) fn identical(_: &mut Params<'_>) -> Check {
    Check::container(|_, container, findings| {
        let (Some(live), Some(ready)) = (container.node.entry("livenessProbe"), container.node.field("readinessProbe"))
        else {
            return;
        };
        if patience(live.value) <= patience(ready) && asks_alike(live.value, ready) {
            let period = live.value.field("periodSeconds").and_then(Node::as_i64).unwrap_or(10).max(1);
            let finding = findings.at_key(live).label(ready.head(), "asks the same");
            finding.set(live.value, "failureThreshold", (patience(ready).saturating_mul(2) + period - 1) / period);
        }
    })
}

/// Gives the seconds after which a probe that only fails has failed for good.
fn patience(probe: Node<'_>) -> i64 {
    let number = |key: &str, default: i64| probe.field(key).and_then(Node::as_i64).unwrap_or(default);
    number("periodSeconds", 10).saturating_mul(number("failureThreshold", 3))
}

fn asks_alike(one: Node<'_>, other: Node<'_>) -> bool {
    ["httpGet", "tcpSocket", "exec", "grpc"].iter().any(|handler| match (one.field(handler), other.field(handler)) {
        (Some(one), Some(other)) => same(one, other),
        _ => false,
    })
}

/// Tells whether two nodes hold the same data.
fn same(one: Node<'_>, other: Node<'_>) -> bool {
    let entries = || {
        one.entries().len() == other.entries().len()
            && one.entries().all(|entry| other.get(entry.name()).is_some_and(|value| same(entry.value, value)))
    };
    let items = || {
        one.items().len() == other.items().len() && one.items().zip(other.items()).all(|(one, other)| same(one, other))
    };
    one.kind() == other.kind() && one.text() == other.text() && entries() && items()
}

/// An init container that runs to its end may have no probes; the server refuses them.
pub(super) fn on_init_container(_: &mut Params<'_>) -> Check {
    Check::container(|_, container, findings| {
        if container.role != Role::Init {
            return;
        }
        for probe in PROBES.iter().filter_map(|probe| container.node.entry(probe)).filter(|e| !e.value.is_null()) {
            findings.at_key(probe).message(format!("{} has a `{}`", called(container), probe.name()));
        }
    })
}

/// A probe's port must be one that the container declares: a name its own, a number one of the pod's. `given` says which of
/// the two is looked at.
pub(super) fn port(params: &mut Params<'_>) -> Check {
    let by_number = params.word("given", &["by-name", "by-number"]) == "by-number";
    Check::container(move |pod, container, findings| {
        if !resources::runs_on(container) {
            return;
        }
        for probe in PROBES {
            let Some(probe_node) = container.node.field(probe) else { continue };
            let handlers = ["httpGet", "tcpSocket", "grpc"].into_iter();
            for port in handlers.filter_map(|handler| probe_node.at(&[handler, "port"])) {
                if port.as_i64().is_some() != by_number || is_declared(pod, container, port) {
                    continue;
                }
                let message =
                    format!("`{probe}` asks port `{}`, which {} does not declare", port.text(), called(container));
                let finding = findings.at(port).message(message);
                if port.as_i64().is_none() {
                    finding.did_you_mean(nearest(port.text(), names(container)));
                }
            }
        }
    })
}

/// A probe must write each of these `fields`.
pub(super) fn timing(params: &mut Params<'_>) -> Check {
    let fields = params.list("fields");
    Check::container(move |_, container, findings| {
        for probe in PROBES.iter().filter_map(|probe| container.node.entry(probe)) {
            let lacking: Vec<String> = fields
                .iter()
                .filter(|field| probe.value.field(field).is_none())
                .map(|field| format!("`{field}`"))
                .collect();
            if !lacking.is_empty() {
                findings.at_key(probe).message(format!("`{}` does not say {}", probe.name(), lacking.join(", ")));
            }
        }
    })
}

/// A probe's command may be none of these `words`, or a path to one.
pub(super) fn command(params: &mut Params<'_>) -> Check {
    let words = params.list("words");
    Check::container(move |_, container, findings| {
        for probe in PROBES.iter().filter_map(|probe| container.node.field(probe)) {
            let parts = probe.at(&["exec", "command"]).into_iter().flat_map(Node::items);
            let says = |part: &Node<'_>| {
                let mut said = part.text().split(|c: char| c.is_whitespace() || ";&|()`".contains(c));
                said.find_map(|word| words.iter().find(|bad| word.rsplit('/').next() == Some(bad.as_str())))
            };
            if let Some((part, word)) = parts.into_iter().find_map(|part| Some((part, says(&part)?))) {
                findings.at(part).message(format!("a probe of {} runs `{word}`", called(container)));
            }
        }
    })
}

fn ports(container: Container<'_>) -> impl Iterator<Item = Node<'_>> {
    container.node.field("ports").into_iter().flat_map(Node::items)
}

/// Iterates over the names of a container's ports.
pub(super) fn names(container: Container<'_>) -> impl Iterator<Item = &str> {
    ports(container).filter_map(|port| port.field("name")).map(Node::text)
}

/// Tells whether a container declares a port by number.
pub(super) fn has_number(container: Container<'_>, number: i64) -> bool {
    ports(container).any(|port| port.field("containerPort").and_then(Node::as_i64) == Some(number))
}

fn is_declared(pod: &Pod<'_>, container: Container<'_>, port: Node<'_>) -> bool {
    match port.as_i64() {
        Some(number) => pod.containers().any(|container| has_number(container, number)),
        None => names(container).any(|name| name == port.text()),
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::{pod, problems};

    #[test]
    fn pods_that_end_need_no_probes() {
        assert_eq!(problems("missing-liveness-probe", &pod("restartPolicy: Never", "image: a:1")), [""; 0]);
        assert_eq!(
            problems("missing-liveness-probe", &pod("restartPolicy: Always", "image: a:1")),
            ["7:7 spec.containers[0]: container `web` has no liveness probe"]
        );
    }

    #[test]
    fn a_liveness_probe_may_ask_the_same_with_more_patience() {
        let probes = |live: &str| {
            let handler = "httpGet: {path: /, port: 80}";
            pod(
                "dnsPolicy: Default",
                &format!("readinessProbe: {{{handler}}}\n      livenessProbe: {{{handler}{live}}}"),
            )
        };
        assert_eq!(problems("identical-probes", &probes("")).len(), 1);
        assert_eq!(problems("identical-probes", &probes(", failureThreshold: 6")).len(), 0);
        assert_eq!(problems("identical-probes", &probes(", periodSeconds: 5, failureThreshold: 6")).len(), 1);
    }

    #[test]
    fn a_port_is_asked_by_a_name_of_the_container_or_a_number_of_the_pod() {
        for (ports, asked, flagged) in [
            ("[{name: http, containerPort: 80}]", "http", false),
            ("[{name: http, containerPort: 80}]", "80", false),
            ("[{name: http, containerPort: 80}]", "htp", true),
            ("[{name: http, containerPort: 80}]", "8080", true),
            ("[]", "8080", true),
        ] {
            let probe = format!("ports: {ports}\n      livenessProbe: {{tcpSocket: {{port: {asked}}}}}");
            let rules = ["probe-port-undeclared", "probe-port-name-unknown"];
            let found = rules.map(|rule| problems(rule, &pod("dnsPolicy: Default", &probe)).len());
            let by_number = asked.parse::<u16>().is_ok();
            let expected = [flagged && by_number, flagged && !by_number].map(usize::from);
            assert_eq!(found, expected, "{ports} {asked}");
        }
    }
}
