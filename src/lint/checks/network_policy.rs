//! NetworkPolicies: which pods they are about, and what they let through.

use super::Check;
use super::service::{declares, declares_any};
use crate::diagnostic::Change;
use crate::lint::finding::Context;
use crate::lint::params::Params;
use crate::lint::set::DIRECTIONS;
use crate::object::selector::first_unmet;
use crate::object::{Container, Object, Pod};
use crate::yaml::Node;

pub(in crate::lint) const GROUP: &str = "networking.k8s.io";

/// Kinds beside NetworkPolicy that guard pods, too.
const OTHERS: [(&str, &str); 5] = [
    ("cilium.io", "CiliumClusterwideNetworkPolicy"),
    ("cilium.io", "CiliumNetworkPolicy"),
    ("crd.projectcalico.org", "NetworkPolicy"),
    ("projectcalico.org", "GlobalNetworkPolicy"),
    ("projectcalico.org", "NetworkPolicy"),
];

/// Gives the selector of the pods that a policy is about.
pub(in crate::lint) fn selector<'d>(policy: &Object<'d>) -> Option<Node<'d>> {
    policy.spec()?.field("podSelector")
}

/// Tells whether a selector is for all pods.
pub(in crate::lint) fn is_empty(selector: Node<'_>) -> bool {
    ["matchLabels", "matchExpressions"]
        .iter()
        .filter_map(|field| selector.field(field))
        .all(|field| field.entries().len() == 0 && field.items().len() == 0)
}

/// A policy must select pods of the set.
pub(super) fn selects(_: &mut Params<'_>) -> Check {
    Check::object(|context, findings| {
        let Some(selector) = selector(context.object).filter(|selector| !is_empty(*selector)) else { return };
        if context.run.complete && !reaches(context, selector) && !is_operated(context, selector) {
            let message = format!("NetworkPolicy `{}` selects no pods {}", context.object.name, context.whole());
            findings.at(selector).message(message);
        }
    })
}

/// Tells whether a selector matches pods in the object's namespace, of the set or beside it.
fn reaches(context: &Context<'_, '_>, selector: Node<'_>) -> bool {
    !context.set.matched(context.object, selector).is_empty()
        || context.neighbours().any(|(object, pod)| {
            object.namespace == context.object.namespace && first_unmet(selector, pod.labels()).is_none()
        })
}

/// Tells whether an operator makes the pods that a selector is about.
fn is_operated(context: &Context<'_, '_>, selector: Node<'_>) -> bool {
    let mut labels = selector.field("matchLabels").into_iter().flat_map(Node::entries);
    labels.any(|label| super::service::is_operated(context, label))
}

/// A peer of a policy in the same namespace must be pods of the set, or beside it.
pub(super) fn peers(_: &mut Params<'_>) -> Check {
    Check::object(|context, findings| {
        let Some(spec) = context.object.spec().filter(|_| context.run.complete) else { return };
        for (rules, side) in [("ingress", "from"), ("egress", "to")] {
            let rules = spec.field(rules).into_iter().flat_map(Node::items);
            for peer in rules.filter_map(|rule| rule.field(side)).flat_map(Node::items) {
                let Some(pods) = peer.field("podSelector").filter(|_| peer.field("namespaceSelector").is_none()) else {
                    continue;
                };
                if !is_empty(pods) && !reaches(context, pods) && !is_operated(context, pods) {
                    let message =
                        format!("this peer of NetworkPolicy `{}` is no pod {}", context.object.name, context.whole());
                    findings.at(pods).message(message);
                }
            }
        }
    })
}

/// Tells whether a policy is about a direction (`Ingress`, `Egress`), as the server fills it in, or about `Any`.
pub(in crate::lint) fn is_about(policy: &Object<'_>, direction: &str) -> bool {
    if direction == "Any" {
        return true;
    }
    let Some(spec) = policy.spec() else { return false };
    match spec.field("policyTypes").filter(|types| types.items().len() > 0) {
        Some(types) => types.items().any(|kind| kind.text() == direction),
        None => direction == "Ingress" || spec.field("egress").is_some_and(|rules| rules.items().len() > 0),
    }
}

/// A pod must be selected by a policy for a `direction`, or for any.
pub(super) fn missing(params: &mut Params<'_>) -> Check {
    let direction = params.word("direction", &DIRECTIONS);
    Check::pod(move |context, pod, findings| {
        let guarded_otherwise = || OTHERS.iter().any(|(group, kind)| context.set.of_kind(group, kind).next().is_some());
        if !context.run.complete || guarded_otherwise() {
            return;
        }
        let guards = |policy: &Object<'_>| {
            policy.namespace == context.object.namespace
                && is_about(policy, direction)
                && selector(policy).is_none_or(|selector| first_unmet(selector, pod.labels()).is_none())
        };
        let beside = || context.neighbours_of_kind(GROUP, "NetworkPolicy").any(guards);
        if !context.set.is_guarded(context.object, pod, direction) && !beside() {
            let place = pod.template.field("metadata").unwrap_or(pod.template);
            let what = match direction {
                "Any" => "no NetworkPolicy selects these pods".to_owned(),
                _ => format!("no NetworkPolicy for {direction} selects these pods"),
            };
            findings.lacking(place).message(what);
        }
    })
}

/// The ports that a policy opens must be ports of the pods that it selects. Pods that declare none say nothing of numbers.
pub(super) fn ports(_: &mut Params<'_>) -> Check {
    Check::object(|context, findings| {
        let (Some(spec), Some(selector)) = (context.object.spec(), selector(context.object)) else { return };
        // One for all pods opens what any of them may have.
        if is_empty(selector) {
            return;
        }
        let pods = context.set.matched(context.object, selector);
        let containers: Vec<Container<'_>> =
            pods.iter().flat_map(|(_, pod): &(_, &Pod<'_>)| pod.containers()).collect();
        let rules = spec.field("ingress").filter(|_| !pods.is_empty()).into_iter().flat_map(Node::items);
        for opened in rules.filter_map(|rule| rule.field("ports")).flat_map(Node::items) {
            let Some(port) = opened.field("port").filter(|_| opened.field("endPort").is_none()) else { continue };
            let protocol = opened.field("protocol").map_or("TCP", Node::text);
            if port.as_i64().is_some() && !containers.iter().any(|container| declares_any(*container)) {
                continue;
            }
            if !containers.iter().any(|container| declares(*container, port, protocol)) {
                findings.at(port).message(format!(
                    "no container behind NetworkPolicy `{}` has the {protocol} port `{}`",
                    context.object.name,
                    port.text()
                ));
            }
        }
    })
}

/// A policy that allows anything must say for which pods.
pub(super) fn for_all(_: &mut Params<'_>) -> Check {
    Check::object(|context, findings| {
        let Some(spec) = context.object.spec() else { return };
        let allows =
            ["ingress", "egress"].iter().filter_map(|side| spec.field(side)).any(|rules| rules.items().len() > 0);
        match selector(context.object) {
            Some(selector) if allows && is_empty(selector) => _ = findings.at(selector),
            None if allows => _ = findings.lacking(spec),
            _ => {}
        }
    })
}

/// Rules of a policy must be of a direction that it is about.
pub(super) fn ignored_rules(_: &mut Params<'_>) -> Check {
    Check::object(|context, findings| {
        let Some(spec) = context.object.spec() else { return };
        for (side, direction) in [("ingress", "Ingress"), ("egress", "Egress")] {
            if let Some(rules) = spec.entry(side).filter(|rules| rules.value.items().len() > 0)
                && !is_about(context.object, direction)
            {
                let finding = findings.at_key(rules);
                finding.message(format!("`{side}` is written, but `policyTypes` leaves out `{direction}`"));
                if let Some(types) = spec.field("policyTypes") {
                    finding.change(types, Change::Append(direction.into()));
                }
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::problems;

    fn found(rule: &str, spec: &str) -> Vec<String> {
        let policy =
            format!("apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: web}}\nspec: {spec}\n");
        let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: web, labels: {app: web}}\nspec: {containers: [{name: web, ports: [{name: http, containerPort: 80}]}]}\n";
        problems(rule, &format!("{policy}---\n{pod}"))
    }

    #[test]
    fn directions_are_read_as_the_server_fills_them_in() {
        for (spec, ingress, egress) in [
            ("{podSelector: {}}", 0, 1),
            ("{podSelector: {}, egress: [{}]}", 0, 0),
            ("{podSelector: {}, policyTypes: [Egress]}", 1, 0),
            ("{podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress, Egress]}", 1, 1),
        ] {
            assert_eq!(found("missing-ingress-policy", spec).len(), ingress, "{spec}");
            assert_eq!(found("missing-egress-policy", spec).len(), egress, "{spec}");
        }
    }

    #[test]
    fn pods_of_an_operator_are_believed() {
        let policy = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: main}\nspec: {podSelector: {matchLabels: {app.kubernetes.io/name: alertmanager}}}\n";
        assert_eq!(problems("network-policy-selects-nothing", policy).len(), 1);
        let operated = "apiVersion: monitoring.coreos.com/v1\nkind: Alertmanager\nmetadata: {name: main}\n";
        assert_eq!(problems("network-policy-selects-nothing", &format!("{policy}---\n{operated}")), [""; 0]);
    }

    #[test]
    fn opened_ports_are_those_of_the_pods() {
        let spec =
            |port: &str| format!("{{podSelector: {{matchLabels: {{app: web}}}}, ingress: [{{ports: [{port}]}}]}}");
        for (port, flagged) in [
            ("{port: 80}", false),
            ("{port: http}", false),
            ("{port: 8080}", true),
            ("{port: htttp}", true),
            ("{port: 80, protocol: UDP}", true),
            ("{port: 1000, endPort: 2000}", false),
            ("{protocol: TCP}", false),
        ] {
            assert_eq!(found("policy-port-undeclared", &spec(port)).len(), usize::from(flagged), "{port}");
        }
    }
}
