//! What a pod says for all of its containers.

mod affinity;
mod annotations;
mod network;
mod os;
mod scheduling;
mod security;
mod spread;

#[cfg(test)]
mod tests;

use crate::api::check::{Check, items, show, text};
use crate::api::syntax::{dns_label, dns_subdomain, qualified_name};
use crate::yaml::Node;
use std::collections::HashSet;

const RULE: &str = "api/pod";

/// Judges a pod, or a template of pods, by its `spec`, which is a map.
pub(super) fn judge<'d>(check: &mut Check<'d>, pod: Node<'d>, spec: Node<'d>) {
    annotations::judge(check, pod, spec);
    lifecycle(check, pod, spec);
    references(check, spec);
    resource_claims(check, pod, spec);
    scheduling::judge(check, spec);
    spread::judge(check, pod, spec);
    affinity::judge(check, pod, spec);
    security::judge(check, spec);
    os::judge(check, spec);
    network::judge(check, spec);
    if pod == check.root() {
        only_of_pods(check, pod, spec);
    }
}

/// Tells whether a pod is judged, not a template.
fn is_pod<'d>(check: &Check<'d>, pod: Node<'d>) -> bool {
    pod == check.root()
}

/// Requires a word where a text is written: the server fills in a default for an empty one.
fn choice<'d>(check: &mut Check<'d>, map: Node<'d>, field: &'static str, words: &[&str]) {
    if !text(map, field).is_empty() {
        check.word(RULE, map, field, words);
    }
}

/// Judges a name where one is written and not empty.
fn name<'d>(check: &mut Check<'d>, map: Node<'d>, field: &'static str, form: fn(&str) -> Option<String>) {
    let name = text(map, field);
    if !name.is_empty() {
        check.syntax("api/name", (map, field), field, name, form);
    }
}

fn lifecycle<'d>(check: &mut Check<'d>, pod: Node<'d>, spec: Node<'d>) {
    choice(check, spec, "restartPolicy", &["Always", "OnFailure", "Never"]);
    check.range(RULE, spec, "activeDeadlineSeconds", 1, i64::from(i32::MAX));
    for gate in items(spec, "readinessGates") {
        let kind = text(gate, "conditionType");
        check.syntax("api/name", (gate, "conditionType"), "conditionType", kind, qualified_name);
    }
    // Of a Pod the server makes it 1, and says nothing.
    let grace = spec.field("terminationGracePeriodSeconds").and_then(Node::as_i64);
    if !is_pod(check, pod) && grace.is_some_and(|seconds| seconds < 0) {
        let message = "`terminationGracePeriodSeconds` is negative, which is taken as 1";
        check.warning(RULE, (spec, "terminationGracePeriodSeconds"), message);
    }
}

/// Judges the names of what a pod refers to.
fn references<'d>(check: &mut Check<'d>, spec: Node<'d>) {
    let account = if text(spec, "serviceAccountName").is_empty() { "serviceAccount" } else { "serviceAccountName" };
    let account_name = text(spec, account);
    if !account_name.is_empty() {
        let mark = check.mark();
        check.syntax("api/name", (spec, account), account, account_name, dns_subdomain);
        if account == "serviceAccount" {
            check.respell(mark, ".serviceAccount", ".serviceAccountName");
        }
    }
    name(check, spec, "nodeName", dns_subdomain);
    name(check, spec, "priorityClassName", dns_subdomain);
    if let Some(class) = spec.field("runtimeClassName") {
        check.syntax("api/name", class, "runtimeClassName", class.text(), dns_subdomain);
    }
    let mut secrets = HashSet::new();
    for secret in items(spec, "imagePullSecrets") {
        let name = text(secret, "name");
        if !secrets.insert(name) {
            let message = format!("the secret `{}` stands twice", show(name));
            check.warning(RULE, (secret, "name"), message.clone());
            check.apply_only(secret, message);
        }
        if secret.is_null() {
            check.apply_only(secret, "an item of `imagePullSecrets` is null");
        }
        if name.is_empty() {
            check.warning(RULE, (secret, "name"), "`name` is empty: this names no secret");
        }
    }
}

/// Judges claims of devices, which servers know by default since 1.34.
fn resource_claims<'d>(check: &mut Check<'d>, pod: Node<'d>, spec: Node<'d>) {
    if !check.since(34) {
        return;
    }
    let mut names = HashSet::new();
    for claim in items(spec, "resourceClaims") {
        if let Some(name) = check.required(RULE, claim, "name") {
            if names.insert(name.text()) {
                check.syntax("api/name", name, "name", name.text(), dns_label);
            } else {
                check.error(RULE, name, format!("two claims are named `{}`", show(name.text())));
            }
        }
        let sources = ["resourceClaimName", "resourceClaimTemplateName"];
        match sources.map(|field| claim.field(field)) {
            [Some(_), Some(_)] => {
                let message = "`resourceClaimName` and `resourceClaimTemplateName` are both given";
                check.error(RULE, claim, message).help("remove one");
            }
            [None, None] => {
                let message = "neither `resourceClaimName` nor `resourceClaimTemplateName` is given";
                check.error(RULE, claim, message);
            }
            _ => {}
        }
        for field in sources {
            if let Some(name) = claim.field(field) {
                check.syntax("api/name", name, field, name.text(), dns_subdomain);
            }
        }
    }
    if !names.is_empty() && is_pod(check, pod) && annotations::of(pod, annotations::MIRROR).is_some() {
        check.error(RULE, (spec, "resourceClaims"), "a static pod cannot have `resourceClaims`");
    }
}

/// Judges what the server asks of Pods, and not of templates of them.
fn only_of_pods<'d>(check: &mut Check<'d>, pod: Node<'d>, spec: Node<'d>) {
    let name = pod.at(&["metadata", "name"]);
    if let Some(problem) = name.and_then(|name| dns_label(name.text()))
        && let Some(name) = name.filter(|name| dns_subdomain(name.text()).is_none())
    {
        let message = format!("`{}` becomes the host's name, but as a DNS label {problem}", show(name.text()));
        check.warning("api/name", name, message);
    }
    if items(spec, "schedulingGates").next().is_some() && !text(spec, "nodeName").is_empty() {
        let message = "`nodeName` cannot be set while there are `schedulingGates`";
        check.error(RULE, (spec, "nodeName"), message).help("remove one of them");
    }
    priority(check, spec);
    if spec.field("overhead").is_some() && spec.field("runtimeClassName").is_none() {
        let message = "`overhead` follows from the runtime class, and there is none";
        check.error(RULE, (spec, "overhead"), message).help("remove `overhead`");
    }
}

/// Judges what follows from the class of priority, where the class is known: without one, and without one that is the
/// default, a pod has priority 0 and goes before lesser ones.
fn priority<'d>(check: &mut Check<'d>, spec: Node<'d>) {
    let priority = match text(spec, "priorityClassName") {
        "" => 0,
        "system-cluster-critical" => 2_000_000_000,
        "system-node-critical" => 2_000_001_000,
        _ => return,
    };
    let help = "write `priorityClassName`";
    if let Some(written) = spec.field("priority").and_then(Node::as_i64)
        && written != priority
    {
        let message = format!("`priority` is {written}, but follows from the class, as {priority}");
        check.error(RULE, (spec, "priority"), message).help(help);
    }
    if text(spec, "preemptionPolicy") == "Never" {
        let message = "`preemptionPolicy` is `Never`, but follows from the class";
        check.error(RULE, (spec, "preemptionPolicy"), message).help(help);
    }
}
