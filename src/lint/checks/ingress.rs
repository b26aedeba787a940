//! Ways into the cluster: Ingresses and routes, their hosts, certificates and backends.

use super::Check;
use crate::diagnostic::nearest;
use crate::lint::finding::{Context, Findings};
use crate::lint::params::Params;
use crate::object::Object;
use crate::object::references::Target;
use crate::yaml::Node;

fn items<'d>(node: Node<'d>, field: &str) -> impl Iterator<Item = Node<'d>> + use<'d> {
    node.field(field).into_iter().flat_map(Node::items)
}

fn rules<'d>(object: &Object<'d>) -> impl Iterator<Item = Node<'d>> + use<'d> {
    object.spec().into_iter().flat_map(|spec| items(spec, "rules"))
}

fn paths(rule: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    rule.field("http").into_iter().flat_map(|http| items(http, "paths"))
}

/// The Service behind an Ingress, and its port, must be in the set.
pub(super) fn backend(_: &mut Params<'_>) -> Check {
    Check::object(|context, findings| {
        let Some(spec) = context.object.spec().filter(|_| context.run.complete) else { return };
        let of_paths = rules(context.object).flat_map(paths).filter_map(|path| path.field("backend"));
        for service in spec.field("defaultBackend").into_iter().chain(of_paths).filter_map(|b| b.field("service")) {
            let Some(name) = service.field("name") else { continue };
            let port = service.field("port").and_then(|port| port.field("name").or_else(|| port.field("number")));
            judge(context, name, port, context.object.namespace.as_deref(), findings);
        }
    })
}

/// The Services behind a Gateway's route, and their ports, must be in the set.
pub(super) fn route_backend(_: &mut Params<'_>) -> Check {
    Check::object(|context, findings| {
        if !context.run.complete {
            return;
        }
        for reference in rules(context.object).flat_map(|rule| items(rule, "backendRefs")) {
            let text = |field: &str| reference.field(field).map(Node::text).filter(|text| !text.is_empty());
            let Some(name) = reference.field("name") else { continue };
            if text("kind").unwrap_or("Service") == "Service" && text("group").is_none() {
                let namespace = text("namespace").or(context.object.namespace.as_deref());
                judge(context, name, reference.field("port"), namespace, findings);
            }
        }
    })
}

fn judge<'d>(
    context: &Context<'_, 'd>,
    name: Node<'d>,
    port: Option<Node<'d>>,
    namespace: Option<&str>,
    findings: &mut Findings<'d>,
) {
    let in_namespace = |object: &&Object<'d>| object.namespace.as_deref() == namespace;
    let services = || context.set.of_kind("", "Service").filter(in_namespace);
    let Some(service) = services().find(|service| service.name == name.text()) else {
        if !context.neighbour("", "Service", name.text(), namespace) {
            let near = nearest(name.text(), services().map(|service| service.name));
            let message = format!("there is no Service `{}` {}", name.text(), context.whole());
            findings.at(name).message(message).did_you_mean(near);
        }
        return;
    };
    let Some(spec) = service.spec().filter(|spec| spec.field("type").map(Node::text) != Some("ExternalName")) else {
        return;
    };
    let Some(port) = port else { return };
    let field = if port.as_i64().is_some() { "port" } else { "name" };
    let has = |listed: Node<'_>| listed.field(field).map(Node::text) == Some(port.text());
    if items(spec, "ports").any(has) {
        return;
    }
    let near = nearest(port.text(), items(spec, "ports").filter_map(|port| port.field("name")).map(Node::text));
    findings
        .at(port)
        .message(format!("Service `{}` has no port `{}`", service.name, port.text()))
        .did_you_mean(near)
        .label(spec.field("ports").unwrap_or(spec).head(), "its ports");
}

/// An Ingress must speak TLS (`flags: missing`) for each of its hosts (`host`), with Secrets that are in the set (`secret`).
pub(super) fn tls(params: &mut Params<'_>) -> Check {
    match params.word("flags", &["missing", "host", "secret"]) {
        "missing" => Check::object(|context, findings| {
            let Some(spec) = context.object.spec() else { return };
            if items(spec, "tls").next().is_none() {
                findings.lacking(spec);
            }
        }),
        "host" => Check::object(|context, findings| {
            let Some(spec) = context.object.spec().filter(|spec| items(*spec, "tls").next().is_some()) else { return };
            let hosts: Vec<&str> = items(spec, "tls").flat_map(|tls| items(tls, "hosts")).map(Node::text).collect();
            // An entry without hosts stands for any.
            let any = items(spec, "tls").any(|tls| items(tls, "hosts").next().is_none());
            for host in rules(context.object).filter_map(|rule| rule.field("host")) {
                let wild = host.text().split_once('.').map(|(_, rest)| format!("*.{rest}"));
                let covered = hosts.iter().any(|known| *known == host.text() || wild.as_deref() == Some(known));
                if !any && !covered {
                    findings.at(host).message(format!("`{}` is under no `hosts` of `tls`", host.text()));
                }
            }
        }),
        _ => Check::object(|context, findings| {
            let Some(spec) = context.object.spec().filter(|_| context.run.complete) else { return };
            for name in items(spec, "tls").filter_map(|tls| tls.field("secretName")).filter(|n| !n.text().is_empty()) {
                let namespace = context.object.namespace.as_deref();
                let there = context.set.provider(context.object, Target::Secret, name.text()).is_some()
                    || context.neighbour("", "Secret", name.text(), namespace);
                if !there {
                    findings.at(name).message(format!("there is no Secret `{}` {}", name.text(), context.whole()));
                }
            }
        }),
    }
}

/// Each rule must have a host (`flags: missing`), and one that stands for itself alone (`wildcard`).
pub(super) fn host(params: &mut Params<'_>) -> Check {
    let missing = params.word("flags", &["missing", "wildcard"]) == "missing";
    Check::object(move |context, findings| {
        for rule in rules(context.object) {
            match rule.field("host").filter(|host| !host.text().is_empty()) {
                None if missing => _ = findings.lacking(rule),
                Some(host) if !missing && host.text().starts_with('*') => _ = findings.at(host),
                _ => {}
            }
        }
    })
}

/// A host and path may lead to one place, in the Ingresses of one class.
pub(super) fn collision(_: &mut Params<'_>) -> Check {
    Check::object(|context, findings| {
        let class = class(context.object);
        for rule in rules(context.object) {
            let host = rule.field("host").map(Node::text).unwrap_or_default();
            for path in paths(rule) {
                let Some(text) = path.field("path") else { continue };
                let known = context.set.routes(host, text.text());
                let first = known.iter().find(|(object, _)| self::class(object) == class);
                let here = if host.is_empty() { "any host".to_owned() } else { format!("`{host}`") };
                if let Some((other, place)) = first.filter(|(_, place)| *place != path) {
                    let message = format!("`{}` of {here} is served by Ingress `{}`, too", text.text(), other.name);
                    findings.at(text).message(message).label(place.head(), "the first one");
                } else if let Some(other) = beside(context, class, host, text.text()) {
                    let whose = format!("Ingress `{}` of another release", other.name);
                    findings.at(text).message(format!("`{}` of {here} is served by {whose}, too", text.text()));
                }
            }
        }
    })
}

/// Finds an Ingress of another release that serves a host and path.
fn beside<'a>(context: &Context<'a, '_>, class: &str, host: &str, path: &str) -> Option<&'a Object<'a>> {
    context.neighbours_of_kind("networking.k8s.io", "Ingress").find(|object| {
        self::class(object) == class
            && rules(object)
                .filter(|rule| rule.field("host").map(Node::text).unwrap_or_default() == host)
                .flat_map(paths)
                .any(|known| known.field("path").map(Node::text) == Some(path))
    })
}

fn class<'d>(ingress: &Object<'d>) -> &'d str {
    let written = ingress.spec().and_then(|spec| spec.field("ingressClassName")).map(Node::text);
    written.or_else(|| ingress.annotation("kubernetes.io/ingress.class")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::problems;

    fn ingress(name: &str, class: &str, host: &str, path: &str, port: &str) -> String {
        format!(
            "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: {name}}}\nspec:\n  ingressClassName: {class}\n  rules: [{{host: {host}, http: {{paths: [{{path: {path}, backend: {{service: {{name: web, port: {port}}}}}}}]}}}}]\n---\n"
        )
    }

    const SERVICE: &str =
        "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{name: http, port: 80}]}\n";

    #[test]
    fn one_place_for_a_host_and_path_of_a_class() {
        let first = ingress("a", "nginx", "x.example", "/", "{number: 80}");
        for (class, host, path, count) in [
            ("nginx", "x.example", "/", 1),
            ("traefik", "x.example", "/", 0),
            ("nginx", "y.example", "/", 0),
            ("nginx", "x.example", "/b", 0),
        ] {
            let text = format!("{first}{}{SERVICE}", ingress("b", class, host, path, "{number: 80}"));
            assert_eq!(problems("ingress-path-collision", &text).len(), count, "{class} {host} {path}");
        }
    }

    #[test]
    fn ports_of_backends_are_those_of_the_service() {
        for (port, count) in [("{number: 80}", 0), ("{name: http}", 0), ("{number: 81}", 1), ("{name: web}", 1)] {
            let text = format!("{}{SERVICE}", ingress("a", "nginx", "x.example", "/", port));
            assert_eq!(problems("dangling-ingress-backend", &text).len(), count, "{port}");
        }
    }
}
