//! ResourceClaims and their templates.

use super::forms::{RULE, bounded, distinct, full_attribute, label_name, named, opaque, selectors};
use super::taint::toleration;
use crate::api::check::{Check, items, plain, show, text};
use crate::api::meta;
use crate::api::syntax::{dns_label, dns_subdomain};
use crate::yaml::Node;

/// Judges a ResourceClaim.
pub(super) fn judge<'d>(check: &mut Check<'d>, object: Node<'d>) {
    spec(check, object);
}

/// Judges a ResourceClaimTemplate.
pub(super) fn template<'d>(check: &mut Check<'d>, object: Node<'d>) {
    let Some(template) = object.field("spec") else { return };
    if let Some(metadata) = template.field("metadata") {
        meta::within(check, metadata);
    }
    spec(check, template);
}

fn spec<'d>(check: &mut Check<'d>, holder: Node<'d>) {
    let Some(devices) = holder.at(&["spec", "devices"]) else { return };
    if bounded(check, devices, "requests", 32) {
        items(devices, "requests").for_each(|one| request(check, one));
        distinct(check, items(devices, "requests"), |request| text(request, "name"));
    }
    if bounded(check, devices, "constraints", 32) {
        items(devices, "constraints").for_each(|one| constraint(check, devices, one));
    }
    if bounded(check, devices, "config", 32) {
        for config in items(devices, "config") {
            references(check, devices, config);
            opaque(check, config);
        }
    }
}

fn request<'d>(check: &mut Check<'d>, request: Node<'d>) {
    label_name(check, request);
    let choices = || items(request, "firstAvailable");
    match (request.field("exactly"), choices().next().is_some()) {
        (None, false) => {
            let said = check.error(RULE, request, "a request needs `exactly` or `firstAvailable`");
            said.help("write `exactly: {deviceClassName: …}`");
        }
        (Some(_), true) => _ = check.error(RULE, request, "a request has `exactly` or `firstAvailable`, not both"),
        (Some(exactly), false) => wanted(check, exactly),
        (None, true) => {
            if bounded(check, request, "firstAvailable", 8) {
                for choice in choices() {
                    label_name(check, choice);
                    wanted(check, choice);
                }
                distinct(check, choices(), |choice| text(choice, "name"));
            }
        }
    }
}

fn wanted<'d>(check: &mut Check<'d>, wanted: Node<'d>) {
    named(check, wanted, "deviceClassName", dns_subdomain);
    selectors(check, wanted);
    let count = wanted.field("count").and_then(Node::as_i64).unwrap_or_default();
    match text(wanted, "allocationMode") {
        "All" if count != 0 => _ = check.error(RULE, (wanted, "count"), "the mode `All` takes no `count`"),
        "ExactCount" | "" if count < 0 => {
            check.error(RULE, (wanted, "count"), format!("`count` is {count}, but must be at least 1"));
        }
        "" => {}
        _ => _ = check.word(RULE, wanted, "allocationMode", &["ExactCount", "All"]),
    }
    items(wanted, "tolerations").for_each(|one| toleration(check, one));
}

fn constraint<'d>(check: &mut Check<'d>, devices: Node<'d>, constraint: Node<'d>) {
    references(check, devices, constraint);
    let strict = check.since(37);
    let full_attribute = |text: &str| full_attribute(text, strict);
    let distinct = constraint.field("distinctAttribute").filter(|_| check.since(36));
    if let Some(attribute) = constraint.field("matchAttribute") {
        check.syntax(RULE, attribute, "matchAttribute", attribute.text(), full_attribute);
        if let Some(distinct) = distinct {
            check.syntax(RULE, distinct, "distinctAttribute", distinct.text(), full_attribute);
        }
    } else if let Some(attribute) = distinct {
        check.syntax(RULE, attribute, "distinctAttribute", attribute.text(), full_attribute);
    } else if check.since(36) {
        check.error(RULE, constraint, "a constraint needs `matchAttribute` or `distinctAttribute`");
    } else {
        check.error(RULE, (constraint, "matchAttribute"), "`matchAttribute` is missing");
    }
}

/// Judges the names of requests that a constraint or configuration is for.
fn references<'d>(check: &mut Check<'d>, devices: Node<'d>, holder: Node<'d>) {
    if !bounded(check, holder, "requests", 32) {
        return;
    }
    for reference in items(holder, "requests") {
        let name = plain(reference);
        let wrong = name.split('/').find_map(dns_label);
        if name.split('/').count() > 2 || !is_requested(devices, name) {
            let message = format!("`{}` is no request of the claim", show(name));
            let said = check.error(RULE, reference, message);
            said.help("write the name of a request, or of a request and one of its `firstAvailable`, as `gpu/big`");
        } else if let Some(problem) = wrong {
            check.error(RULE, reference, format!("`{}` {problem}", show(name)));
        }
    }
    distinct(check, items(holder, "requests"), plain);
}

fn is_requested(devices: Node<'_>, name: &str) -> bool {
    let (request, choice) = name.split_once('/').map_or((name, None), |(request, choice)| (request, Some(choice)));
    items(devices, "requests").filter(|known| text(*known, "name") == request).any(|known| {
        choice.is_none_or(|choice| items(known, "firstAvailable").any(|known| text(known, "name") == choice))
    })
}

#[cfg(test)]
mod tests {
    use crate::api::testing::judged;

    #[test]
    fn requests_constraints_and_configurations() {
        let found = judged(
            "apiVersion: resource.k8s.io/v1
kind: ResourceClaim
metadata: {name: web}
spec:
  devices:
    requests:
      - {name: gpu}
      - {name: A, exactly: {deviceClassName: gpu, allocationMode: All, count: 2, tolerations: [{operator: Exists, value: a}]}}
      - {name: either, firstAvailable: [{name: big, deviceClassName: gpu, selectors: [{cel: {expression: 'device.'}}]}]}
    constraints:
      - {requests: [either/small], matchAttribute: model}
      - {requests: [either/big, gpu]}
    config: [{requests: [gpu, other], opaque: {driver: a_b, parameters: {a: b}}}, {}]
",
        );
        let expected = [
            "error api/device spec.devices.requests[0]: a request needs `exactly` or `firstAvailable`",
            "error api/device spec.devices.requests[1].name: `name` is `A`, but may hold only small letters, digits and `-`, and begins and ends with a letter or digit",
            "error api/device spec.devices.requests[1].exactly.count: the mode `All` takes no `count`",
            "error api/device spec.devices.requests[1].exactly.tolerations[0].value: `Exists` takes no `value`",
            "error api/device spec.devices.constraints[0].requests[0]: `either/small` is no request of the claim",
            "error api/device spec.devices.constraints[0].matchAttribute: `matchAttribute` is `model`, but must have a domain, as `example.com/model`",
            "error api/device spec.devices.constraints[1]: a constraint needs `matchAttribute` or `distinctAttribute`",
            "error api/device spec.devices.config[0].requests[1]: `other` is no request of the claim",
            "error api/device spec.devices.config[1].opaque: `opaque` is missing",
        ];
        for line in expected {
            assert!(found.iter().any(|found| found == line), "{line}\n{found:#?}");
        }
        let selector =
            "spec.devices.requests[2].firstAvailable[0].selectors[0].cel.expression: `expression` is no expression";
        assert!(found.iter().any(|found| found.contains(selector)), "{found:#?}");
    }
}
