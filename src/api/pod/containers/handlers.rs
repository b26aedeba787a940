//! What is done to a container: probes, and handlers at its start and end.

use super::{Pod, choice};
use crate::api::check::{Check, Place, items, show};
use crate::api::syntax::{header_name, port_name};
use crate::yaml::{Kind, Node};

/// Which probe.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Probe {
    /// Whether to restart the container.
    Liveness,
    /// Whether to send traffic.
    Readiness,
    /// Whether it has started.
    Startup,
}

/// Judges a probe of a container, if it has it.
pub(super) fn probe<'d>(check: &mut Check<'d>, container: Node<'d>, which: Probe) {
    let field = match which {
        Probe::Liveness => "livenessProbe",
        Probe::Readiness => "readinessProbe",
        Probe::Startup => "startupProbe",
    };
    let Some(probe) = container.field(field) else { return };
    handler(check, "api/probe", probe, &["exec", "httpGet", "tcpSocket", "grpc"]);
    for field in ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "failureThreshold"] {
        check.range("api/probe", probe, field, 0, i64::MAX);
    }
    if check.range("api/probe", probe, "successThreshold", 0, i64::MAX)
        && which != Probe::Readiness
        && !matches!(probe.field("successThreshold").and_then(Node::as_i64), None | Some(0 | 1))
    {
        let message = format!("`successThreshold` of a `{field}` must be 1");
        check.error("api/probe", (probe, "successThreshold"), message).help("remove `successThreshold`");
    }
    if which == Probe::Readiness {
        let why = "is not for readiness probes: they end no container";
        check.forbidden("api/probe", probe, "terminationGracePeriodSeconds", why);
    } else {
        check.range("api/probe", probe, "terminationGracePeriodSeconds", 1, i64::MAX);
    }
}

/// Judges `lifecycle` of a container, if it has it.
pub(super) fn lifecycle<'d>(check: &mut Check<'d>, pod: &Pod<'d>, container: Node<'d>) {
    let Some(lifecycle) = container.field("lifecycle") else { return };
    let sleeps = check.since(30);
    let kinds: &[&'static str] =
        if sleeps { &["exec", "httpGet", "tcpSocket", "sleep"] } else { &["exec", "httpGet", "tcpSocket"] };
    for field in ["postStart", "preStop"] {
        let Some(hook) = lifecycle.field(field) else { continue };
        if handler(check, "api/lifecycle", hook, kinds) == Some("sleep") {
            sleep(check, pod, hook);
        }
    }
}

/// Judges what is done: one thing, of one of some kinds. Gives the kind.
fn handler<'d>(
    check: &mut Check<'d>,
    rule: &'static str,
    map: Node<'d>,
    kinds: &[&'static str],
) -> Option<&'static str> {
    let mut found = kinds.iter().copied().filter(|kind| map.field(kind).is_some());
    let Some(kind) = found.next() else {
        let list = kinds.iter().map(|kind| format!("`{kind}`")).collect::<Vec<_>>().join(", ");
        check.error(rule, map, "nothing says what to do").help(format!("write one of {list}"));
        return None;
    };
    for other in found {
        let message = format!("`{kind}` and `{other}` exclude each other");
        check.error(rule, (map, other), message).help("keep one of them");
    }
    let action = map.field(kind)?;
    match kind {
        "exec" if items(action, "command").next().is_none() => {
            check.error(rule, (action, "command"), "`exec` needs a `command`");
        }
        "httpGet" => http_get(check, rule, action),
        "tcpSocket" => port(check, rule, action),
        "grpc" => _ = check.range(rule, action, "port", 1, 65535),
        _ => {}
    }
    Some(kind)
}

fn http_get<'d>(check: &mut Check<'d>, rule: &'static str, action: Node<'d>) {
    port(check, rule, action);
    choice(check, rule, action, "scheme", &["HTTP", "HTTPS"]);
    for header in items(action, "httpHeaders") {
        let name = header.field("name");
        let place = Place::Shown(name.map_or_else(|| header.head(), Node::span), action, "httpHeaders");
        check.syntax(rule, place, "name", name.map(Node::text).unwrap_or_default(), header_name);
    }
}

/// Judges a port: a number, or a port's name.
fn port<'d>(check: &mut Check<'d>, rule: &'static str, action: Node<'d>) {
    let Some(port) = action.field("port") else { return };
    if port.kind() != Kind::String {
        check.range(rule, action, "port", 1, 65535);
    } else if let Some(problem) = port_name(port.text()) {
        let said = check.error(rule, port, format!("`port` is the name `{}`, but {problem}", show(port.text())));
        if port.text().parse::<u16>().is_ok() {
            said.help(format!("write the number without quotes: `{}`", port.text()));
        }
    }
}

fn sleep<'d>(check: &mut Check<'d>, pod: &Pod<'d>, hook: Node<'d>) {
    let Some(action) = hook.field("sleep") else { return };
    let seconds = action.field("seconds").and_then(Node::as_i64).unwrap_or_default();
    let (least, grace) = (i64::from(!check.since(33)), pod.grace());
    if !(least..=grace).contains(&seconds) {
        let message = format!(
            "`sleep` lasts {seconds} seconds, but must last from {least} to {grace}: `terminationGracePeriodSeconds`"
        );
        check.error("api/lifecycle", action, message);
    }
}
