//! Services and the pods behind them.

use super::{Check, probes, resources};
use crate::diagnostic::nearest;
use crate::lint::finding::Context;
use crate::lint::params::Params;
use crate::object::selector::first_unmet;
use crate::object::{Container, Pod};
use crate::yaml::{Entry, Node};

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
        let mut selected = context.set.selected(context.object, selector);
        if selected.next().is_some() || selector.entries().any(|label| is_operated(context, label)) {
            return;
        }
        let message = format!("Service `{}` selects no pods {}", context.object.name, context.whole());
        let finding = findings.at(selector).message(message);
        if let Some(label) = near_miss(context, selector) {
            finding.label(label.span(), "these pods differ in this label");
        }
    })
}

/// Tells whether a label names a custom resource of the set, so that an operator makes the pods: `prometheus: main` for a
/// Prometheus `main`, `cnpg.io/cluster: db` for a Cluster `db` of `postgresql.cnpg.io`; or the kind of one, as
/// `app.kubernetes.io/name: alertmanager` does.
pub(super) fn is_operated(context: &Context<'_, '_>, label: Entry<'_>) -> bool {
    let (domain, key) = label.name().rsplit_once('/').unwrap_or(("", label.name()));
    if key == "name" && context.set.has_custom_kind(context.object, label.value.text()) {
        return true;
    }
    context.set.named(label.value.text()).iter().any(|object| {
        let group = object.group();
        let same_domain = !domain.is_empty() && (group.ends_with(domain) || domain.ends_with(group));
        let custom = group.contains('.') && !group.ends_with("k8s.io");
        custom && object.namespace == context.object.namespace && (same_domain || key.eq_ignore_ascii_case(object.kind))
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

/// A Service's target port must be one that its pods declare, by name or by number, for the same protocol. Pods that declare
/// none say nothing of numbers.
pub(super) fn target_port(_: &mut Params<'_>) -> Check {
    Check::object(|context, findings| {
        let Some(selector) = selector(context) else { return };
        let pods: Vec<&Pod<'_>> = context.set.selected(context.object, selector).map(|(_, pod)| pod).collect();
        let containers = || pods.iter().flat_map(|pod| pod.containers()).filter(|c| resources::runs_on(*c));
        let ports = context.object.spec().and_then(|spec| spec.field("ports")).filter(|_| !pods.is_empty());
        for port in ports.into_iter().flat_map(Node::items) {
            let Some(target) = port.field("targetPort").or_else(|| port.field("port")) else { continue };
            let protocol = protocol(port);
            let silent = target.as_i64().is_some() && !containers().any(declares_any);
            if silent || containers().any(|container| declares(container, target, protocol)) {
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

/// A Service must select pods, unless it stands for something outside or somebody lists its endpoints.
pub(super) fn selector_missing(_: &mut Params<'_>) -> Check {
    Check::object(|context, findings| {
        let object = context.object;
        let Some(spec) = object.spec() else { return };
        let external = spec.field("type").is_some_and(|kind| kind.text() == "ExternalName");
        let listed = || {
            let of_service = |slice: &crate::object::Object<'_>| {
                slice.namespace == object.namespace && slice.label("kubernetes.io/service-name") == Some(object.name)
            };
            context.set.beside(object, "", "Endpoints", object.name).is_some()
                || context.set.of_kind("discovery.k8s.io", "EndpointSlice").any(of_service)
        };
        let selects = spec.field("selector").is_some_and(|selector| selector.entries().len() > 0);
        if !external && !selects && !listed() {
            findings.lacking(spec.field("selector").unwrap_or(spec));
        }
    })
}

/// A ServiceMonitor must select Services of the set, in the namespaces that it names. It is believed where it names others
/// than the set fills with Services.
pub(super) fn monitor(_: &mut Params<'_>) -> Check {
    Check::object(|context, findings| {
        let Some(spec) = context.object.spec().filter(|_| context.run.complete) else { return };
        let Some(selector) = spec.field("selector") else { return };
        let any = spec.at(&["namespaceSelector", "any"]).and_then(Node::as_bool) == Some(true);
        let named = spec.at(&["namespaceSelector", "matchNames"]).filter(|names| names.items().len() > 0);
        let in_namespace = |namespace: Option<&str>| match named {
            _ if any => true,
            Some(names) => names.items().any(|name| Some(name.text()) == namespace),
            None => namespace == context.object.namespace.as_deref(),
        };
        let selected = |service: &crate::object::Object<'_>| {
            in_namespace(service.namespace.as_deref())
                && first_unmet(selector, service.node.at(&["metadata", "labels"])).is_none()
        };
        let beside = || context.neighbours_of_kind("", "Service").any(&selected);
        let fills = |namespace: Option<&str>| {
            let mut services = context.set.of_kind("", "Service");
            services.any(|service| service.namespace.as_deref() == namespace)
        };
        let elsewhere = any || named.is_some_and(|names| names.items().any(|name| !fills(Some(name.text()))));
        if !elsewhere && !context.set.of_kind("", "Service").any(&selected) && !beside() {
            let message = format!("ServiceMonitor `{}` selects no Service {}", context.object.name, context.whole());
            findings.at(selector).message(message);
        }
    })
}

/// Tells whether a container declares ports at all; the API does not ask for it.
pub(super) fn declares_any(container: Container<'_>) -> bool {
    container.node.field("ports").is_some_and(|ports| ports.items().len() > 0)
}

fn protocol(port: Node<'_>) -> &str {
    port.field("protocol").map_or("TCP", Node::text)
}

pub(super) fn declares(container: Container<'_>, target: Node<'_>, wanted: &str) -> bool {
    container.node.field("ports").into_iter().flat_map(Node::items).any(|port| {
        let named = match target.as_i64() {
            Some(number) => port.field("containerPort").and_then(Node::as_i64) == Some(number),
            None => port.field("name").map(Node::text) == Some(target.text()),
        };
        named && protocol(port) == wanted
    })
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::problems;
    use crate::lint::{LintConfig, LintContext, Word, testing};

    fn manifests(service: &str, labels: &str, container: &str) -> String {
        format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: web}}\nspec:\n  {service}\n---\napiVersion: v1\nkind: Pod\nmetadata: {{name: web, labels: {labels}}}\nspec: {{containers: [{{name: web, {container}}}]}}\n"
        )
    }

    #[test]
    fn pods_that_nearly_match_are_shown() {
        let text = manifests("selector: {app: web, tier: front}", "{app: web, tier: frnt}", "image: a:1");
        let config = LintConfig { only: vec![Word::from("service-selects-nothing")], ..LintConfig::default() };
        let run = LintContext { complete: true, ..LintContext::default() };
        let (file, found) = testing::lint(&config, &run, &text);
        let label = &found[0].labels[0];
        assert_eq!((file.slice(label.span), label.text.as_str()), ("frnt", "these pods differ in this label"));
    }

    #[test]
    fn an_operator_may_make_the_pods() {
        for (selector, resource, flagged) in [
            ("{prometheus: main}", "apiVersion: monitoring.coreos.com/v1\nkind: Prometheus", false),
            ("{cnpg.io/cluster: main}", "apiVersion: postgresql.cnpg.io/v1\nkind: Cluster", false),
            ("{app: main}", "apiVersion: external-secrets.io/v1\nkind: ExternalSecret", true),
            ("{app: main}", "apiVersion: v1\nkind: ConfigMap", true),
        ] {
            let text = format!(
                "{}---\n{resource}\nmetadata: {{name: main}}\n",
                manifests(&format!("selector: {selector}"), "{}", "image: a:1")
            );
            let found = problems("service-selects-nothing", &text).len();
            assert_eq!(found, usize::from(flagged), "{selector} {resource}");
        }
    }

    #[test]
    fn a_service_without_a_selector_is_somebody_elses() {
        for service in ["ports: []", "selector: {}", "type: ExternalName\n  selector: {app: x}"] {
            assert_eq!(problems("service-selects-nothing", &manifests(service, "{}", "image: a:1")), [""; 0]);
        }
    }

    #[test]
    fn a_target_is_declared_for_its_protocol() {
        for (port, declared, flagged) in [
            ("{port: 80}", "[{containerPort: 80}]", false),
            ("{port: 80, targetPort: 8080}", "[{containerPort: 80}]", true),
            ("{port: 53, protocol: UDP}", "[{containerPort: 53}]", true),
            ("{port: 53, protocol: UDP}", "[{containerPort: 53, protocol: UDP}]", false),
            ("{port: 80, targetPort: web}", "[{containerPort: 80, name: web}]", false),
            ("{port: 80, targetPort: wbe}", "[{containerPort: 80, name: web}]", true),
        ] {
            let service = format!("selector: {{app: web}}\n  ports: [{port}]");
            let text = manifests(&service, "{app: web}", &format!("ports: {declared}"));
            let found = problems("target-port-undeclared", &text).len();
            assert_eq!(found, usize::from(flagged), "{port} {declared}");
        }
    }
}
