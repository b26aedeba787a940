//! Ingresses and their classes.

use crate::api::check::{Check, Place, items, plain, show, text};
use crate::api::syntax::{
    Address, dns_label, dns_label_1035, dns_subdomain, path_segment, port_name, wildcard_dns_subdomain,
};
use crate::yaml::Node;

const CLASS: &str = "kubernetes.io/ingress.class";

/// Judges an Ingress.
pub(super) fn judge<'d>(check: &mut Check<'d>, object: Node<'d>) {
    let spec = object.field("spec");
    let rules = || spec.into_iter().flat_map(|spec| items(spec, "rules"));
    let default = spec.and_then(|spec| spec.field("defaultBackend"));
    if default.is_none() && rules().next().is_none() {
        check.error("api/ingress", (object, "spec"), "an Ingress needs `rules` or a `defaultBackend`");
    }
    if let Some(default) = default {
        backend(check, default, default.into());
    }
    for rule in rules() {
        judge_host(check, rule);
        let Some(http) = rule.field("http") else { continue };
        if items(http, "paths").next().is_none() {
            check.error("api/ingress", (http, "paths"), "a rule needs `paths`");
        }
        items(http, "paths").for_each(|one| path(check, one));
    }
    for tls in spec.into_iter().flat_map(|spec| items(spec, "tls")) {
        for host in items(tls, "hosts") {
            check.syntax("api/ingress", host, "hosts", plain(host), host_form(plain(host)));
        }
        let secret = text(tls, "secretName");
        if !secret.is_empty() {
            check.syntax("api/ingress", (tls, "secretName"), "secretName", secret, dns_subdomain);
        }
    }
    let class = spec.and_then(|spec| spec.field("ingressClassName"));
    if let Some(class) = class {
        check.syntax("api/ingress", class, "ingressClassName", class.text(), dns_subdomain);
    }
    let annotations = object.at(&["metadata", "annotations"]);
    let Some(annotation) = annotations.and_then(|annotations| annotations.entry(CLASS)) else { return };
    let Some(class) = class else {
        let said = check.warning("api/deprecated", annotation, format!("the annotation `{CLASS}` is deprecated"));
        said.help("write `spec.ingressClassName`");
        return;
    };
    if annotation.value.text() != class.text() {
        let message = format!(
            "the annotation `{CLASS}` is `{}`, but `ingressClassName` is `{}`",
            show(annotation.value.text()),
            show(class.text())
        );
        let place = Place::Keyed(annotation.value.head(), object, "annotations", CLASS);
        check.error("api/ingress", place, message).label(class.span(), "the class").help("remove the annotation");
    }
}

/// The form of a host: with a `*` somewhere, it must stand for the first label.
fn host_form(host: &str) -> fn(&str) -> Option<String> {
    if host.contains('*') { wildcard_dns_subdomain } else { dns_subdomain }
}

fn judge_host<'d>(check: &mut Check<'d>, rule: Node<'d>) {
    let host = text(rule, "host");
    if host.is_empty() {
        return;
    }
    if Address::read(host).is_some() {
        let message = format!("`host` is `{}`, but must be a DNS name, not an address", show(host));
        check.error("api/ingress", (rule, "host"), message);
    } else {
        check.syntax("api/ingress", (rule, "host"), "host", host, host_form(host));
    }
}

fn path<'d>(check: &mut Check<'d>, rule: Node<'d>) {
    let path = text(rule, "path");
    let Some(kind) = rule.field("pathType") else {
        check.error("api/ingress", (rule, "pathType"), "`pathType` is missing");
        return;
    };
    let strict = matches!(kind.text(), "Exact" | "Prefix");
    check.word("api/ingress", rule, "pathType", &["Exact", "Prefix", "ImplementationSpecific"]);
    let known = strict || kind.text() == "ImplementationSpecific";
    if known && !path.starts_with('/') && (strict || !path.is_empty()) {
        let message = if path.is_empty() {
            "`path` is missing".to_owned()
        } else {
            format!("`path` is `{}`, but must begin with `/`", show(path))
        };
        check.error("api/ingress", (rule, "path"), message);
    }
    if strict {
        let inside = ["//", "/./", "/../", "%2f", "%2F"].into_iter().find(|part| path.contains(part));
        let end = ["/..", "/."].into_iter().find(|end| path.ends_with(end));
        if let Some(part) = inside.or(end) {
            let message = format!("`path` is `{}`, but may not hold `{part}`", show(path));
            check.error("api/ingress", (rule, "path"), message);
        }
    }
    let place = rule.field("backend").map_or(Place::Field(rule, "backend"), Place::Value);
    backend(check, rule.field("backend").unwrap_or(rule), place);
}

fn backend<'d>(check: &mut Check<'d>, backend: Node<'d>, place: Place<'d>) {
    match (backend.field("service"), backend.field("resource")) {
        (Some(_), Some(_)) => {
            check.error("api/ingress", place, "a backend is a `service` or a `resource`, not both");
        }
        (None, None) => _ = check.error("api/ingress", place, "a backend needs a `service` or a `resource`"),
        (None, Some(resource)) => reference(check, resource),
        (Some(service), None) => {
            let form = if check.since(36) { dns_label } else { dns_label_1035 };
            if let Some(name) = check.required("api/ingress", service, "name") {
                check.syntax("api/ingress", name, "name", name.text(), form);
            }
            let port = service.field("port");
            let name = port.map(|port| text(port, "name")).filter(|name| !name.is_empty());
            let number =
                port.and_then(|port| port.field("number")).and_then(Node::as_i64).filter(|number| *number != 0);
            match (port, name, number) {
                (_, Some(_), Some(_)) => {
                    check.error("api/ingress", place, "a port has a `name` or a `number`, not both");
                }
                (Some(port), Some(name), None) => {
                    check.syntax("api/port", (port, "name"), "name", name, port_name);
                }
                (Some(port), None, Some(_)) => _ = check.range("api/port", port, "number", 1, 65535),
                _ => {
                    let said = check.error("api/ingress", place, "the backend's `service` has no port");
                    said.help("write `port: {number: …}` or `port: {name: …}`");
                }
            }
        }
    }
}

/// Judges a reference to an object of the same namespace.
fn reference<'d>(check: &mut Check<'d>, reference: Node<'d>) {
    if let Some(group) = reference.field("apiGroup") {
        check.syntax("api/ingress", group, "apiGroup", group.text(), dns_subdomain);
    }
    for field in ["kind", "name"] {
        if let Some(node) = check.required("api/ingress", reference, field) {
            check.syntax("api/ingress", node, field, node.text(), path_segment);
        }
    }
}

/// Judges an IngressClass.
pub(super) fn class<'d>(check: &mut Check<'d>, object: Node<'d>) {
    let spec = object.field("spec");
    let controller = spec.map(|spec| text(spec, "controller")).unwrap_or_default();
    let place = Place::Keyed(
        spec.and_then(|spec| spec.field("controller")).or(spec).unwrap_or(object).head(),
        object,
        "spec",
        "controller",
    );
    if controller.is_empty() {
        check
            .error("api/ingress", place, "an IngressClass needs a `controller`")
            .help("write `example.com/controller`");
    } else {
        check.syntax("api/ingress", place, "controller", controller, controller_form);
    }
    let Some(parameters) = spec.and_then(|spec| spec.field("parameters")) else { return };
    reference(check, parameters);
    if !check.word("api/ingress", parameters, "scope", &["Cluster", "Namespace"]) {
        return;
    }
    let namespace = parameters.field("namespace");
    if text(parameters, "scope") == "Namespace" {
        if let Some(namespace) = namespace {
            check.syntax("api/ingress", namespace, "namespace", namespace.text(), dns_label);
        } else {
            let message = "parameters of the scope `Namespace` need a `namespace`";
            check.error("api/ingress", (parameters, "namespace"), message);
        }
    } else {
        check.forbidden("api/ingress", parameters, "namespace", "is for parameters of the scope `Namespace`");
    }
}

/// A DNS name, `/`, and a path: `example.com/controller`.
fn controller_form(text: &str) -> Option<String> {
    const MOST: usize = 250;
    if text.len() > MOST {
        return Some(format!("has {} characters, and may have {MOST}", text.len()));
    }
    let Some((host, path)) = text.split_once('/').filter(|(host, path)| !host.is_empty() && !path.is_empty()) else {
        return Some("must be a DNS name, `/` and a path, such as `example.com/controller`".to_owned());
    };
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~%!$&'()*+,;=:".contains(&byte);
    if let Some(problem) = dns_subdomain(host) {
        return Some(format!("what stands before `/` {problem}"));
    }
    (!path.bytes().all(allowed)).then(|| "what stands behind `/` is no path of a URL".to_owned())
}

#[cfg(test)]
mod tests {
    use crate::api::testing::judged;

    #[test]
    fn hosts_paths_and_backends() {
        let found = judged(
            "apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, annotations: {kubernetes.io/ingress.class: other}}
spec:
  ingressClassName: nginx
  tls: [{hosts: ['a*.example.com', Web], secretName: a_b}]
  defaultBackend: {}
  rules:
    - host: 10.0.0.1
      http: {paths: []}
    - host: '*.example.com'
      http:
        paths:
          - {path: web, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}
          - {path: web, pathType: ImplementationSpecific, backend: {service: {name: web, port: {name: http, number: 80}}}}
          - {path: /a//b, pathType: Exact, backend: {service: {name: web}}}
          - {path: /, pathType: Prefix, backend: {service: {name: We, port: {name: 'a--b'}}, resource: null}}
          - {path: /, pathType: Prefix, backend: {resource: {kind: Bucket, name: a/b}}}
",
        );
        let expected = [
            "error api/ingress annotations[\"kubernetes.io/ingress.class\"]: the annotation `kubernetes.io/ingress.class` is `other`, but `ingressClassName` is `nginx`",
            "error api/ingress spec.tls[0].hosts[0]: `hosts` is `a*.example.com`, but must begin with `*.`",
            "error api/ingress spec.tls[0].hosts[1]: `hosts` is `Web`, but may hold only small letters, digits, `-` and `.`, and each part between dots begins and ends with a letter or digit",
            "error api/ingress spec.tls[0].secretName: `secretName` is `a_b`, but may hold only small letters, digits, `-` and `.`, and each part between dots begins and ends with a letter or digit",
            "error api/ingress spec.defaultBackend: a backend needs a `service` or a `resource`",
            "error api/ingress spec.rules[0].host: `host` is `10.0.0.1`, but must be a DNS name, not an address",
            "error api/ingress spec.rules[0].http.paths: a rule needs `paths`",
            "error api/ingress spec.rules[1].http.paths[0].path: `path` is `web`, but must begin with `/`",
            "error api/ingress spec.rules[1].http.paths[1].path: `path` is `web`, but must begin with `/`",
            "error api/ingress spec.rules[1].http.paths[1].backend: a port has a `name` or a `number`, not both",
            "error api/ingress spec.rules[1].http.paths[2].path: `path` is `/a//b`, but may not hold `//`",
            "error api/ingress spec.rules[1].http.paths[2].backend: the backend's `service` has no port",
            "error api/ingress spec.rules[1].http.paths[3].backend.service.name: `name` is `We`, but may hold only small letters, digits and `-`, and begins and ends with a letter or digit",
            "error api/port spec.rules[1].http.paths[3].backend.service.port.name: `name` is `a--b`, but may not hold `--`",
            "error api/ingress spec.rules[1].http.paths[4].backend.resource.name: `name` is `a/b`, but may not hold `/` or `%`",
        ];
        assert_eq!(found, expected, "{found:#?}");
    }
}
