//! What a StatefulSet needs beyond a Deployment: time to stop, and a headless Service that names its pods.

use super::Check;
use crate::diagnostic::nearest;
use crate::lint::params::Params;
use crate::object::selector::selects;
use crate::yaml::Node;

/// The pods' `terminationGracePeriodSeconds` must be written (`flags: missing`), or must not be 0 (`flags: zero`).
pub(super) fn grace_period(params: &mut Params<'_>) -> Check {
    let missing = params.word("flags", &["missing", "zero"]) == "missing";
    Check::pod(move |_, pod, findings| match pod.spec.field("terminationGracePeriodSeconds") {
        None if missing => _ = findings.lacking(pod.spec),
        Some(period) if !missing && period.as_i64() == Some(0) => _ = findings.at(period),
        _ => {}
    })
}

/// A StatefulSet must name a Service that is in the set, is headless, and selects its pods.
pub(super) fn governing_service(_: &mut Params<'_>) -> Check {
    Check::object(|context, findings| {
        let object = context.object;
        let Some(spec) = object.spec() else { return };
        let Some(name) = spec.field("serviceName").filter(|name| !name.text().is_empty()) else {
            findings.lacking(spec).message(format!("StatefulSet `{}` names no Service", object.name));
            return;
        };
        let Some(service) = context.set.beside(object, "", "Service", name.text()) else {
            if context.run.complete {
                let near = nearest(name.text(), context.set.of_kind("", "Service").map(|service| service.name));
                let message = format!("there is no Service `{}` {}", name.text(), context.whole());
                findings.at(name).message(message).did_you_mean(near);
            }
            return;
        };
        let address = service.node.at(&["spec", "clusterIP"]);
        if address.map(Node::text) != Some("None") {
            let place = address.map_or(service.node.head(), Node::span);
            findings
                .at(name)
                .message(format!("Service `{}` is not headless", service.name))
                .label(place, "`clusterIP: None` is missing here");
        } else if let Some(selector) = service.node.at(&["spec", "selector"])
            && object.pods.iter().any(|pod| !selects(selector, pod.labels()))
        {
            findings
                .at(name)
                .message(format!("Service `{}` does not select the pods of this StatefulSet", service.name))
                .label(selector.head(), "its selector");
        }
    })
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::problems;

    fn found(service_name: &str, service: &str) -> Vec<String> {
        let set = format!(
            "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: db}}\nspec:\n  {service_name}\n  template: {{metadata: {{labels: {{app: db}}}}, spec: {{}}}}\n"
        );
        let service = format!("apiVersion: v1\nkind: Service\nmetadata: {{name: db}}\nspec: {service}\n");
        problems("statefulset-without-headless-service", &format!("{set}---\n{service}"))
    }

    #[test]
    fn the_service_exists_is_headless_and_selects_the_pods() {
        for (name, service, expected) in [
            ("serviceName: db", "{clusterIP: None, selector: {app: db}}", None),
            ("replicas: 1", "{clusterIP: None}", Some("4:1 spec: StatefulSet `db` names no Service")),
            (
                "serviceName: bd",
                "{clusterIP: None}",
                Some("5:16 spec.serviceName: there is no Service `bd` in what is checked"),
            ),
            ("serviceName: db", "{selector: {app: db}}", Some("5:16 spec.serviceName: Service `db` is not headless")),
            (
                "serviceName: db",
                "{clusterIP: None, selector: {app: web}}",
                Some("5:16 spec.serviceName: Service `db` does not select the pods of this StatefulSet"),
            ),
        ] {
            assert_eq!(found(name, service), expected.into_iter().collect::<Vec<_>>(), "{name} {service}");
        }
    }
}
