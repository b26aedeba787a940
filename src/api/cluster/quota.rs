//! ResourceQuotas.

use crate::api::check::{Check, Place, items, plain, show, text};
use crate::api::resources::{amount, is_quota_resource, judge_amount, quota_resource};
use crate::yaml::{Entry, Node};

/// Judges a ResourceQuota.
pub(super) fn judge<'d>(check: &mut Check<'d>, object: Node<'d>) {
    let Some(spec) = object.field("spec") else { return };
    for entry in hard(spec) {
        let place = |span| Place::Keyed(span, spec, "hard", entry.name());
        check.syntax("api/quota", place(entry.key.span()), "hard", entry.name(), quota_resource);
        judge_amount(check, place(entry.value.span()), entry);
    }
    scopes(check, spec);
    if let Some(selector) = spec.field("scopeSelector") {
        scope_selector(check, spec, selector);
    }
    warn(check, spec);
}

fn hard(spec: Node<'_>) -> impl Iterator<Item = Entry<'_>> {
    spec.field("hard").into_iter().flat_map(Node::entries)
}

fn scopes<'d>(check: &mut Check<'d>, spec: Node<'d>) {
    let all: Vec<&str> = items(spec, "scopes").map(plain).collect();
    for scope in items(spec, "scopes") {
        let place = Place::Shown(scope.head(), spec, "scopes");
        if !SCOPES.contains(&plain(scope)) {
            check.error("api/quota", place, format!("`{}` is no scope of quotas", show(plain(scope))));
        }
        if let Some(resource) = out_of_scope(spec, plain(scope)) {
            check.error("api/quota", place, format!("`{resource}` is not counted in the scope `{}`", scope.text()));
        }
    }
    if let Some([one, other]) = contradiction(&all) {
        let message = format!("the scopes `{one}` and `{other}` exclude each other");
        check.error("api/quota", (spec, "scopes"), message);
    }
}

const SCOPES: [&str; 7] = [
    "Terminating",
    "NotTerminating",
    "BestEffort",
    "NotBestEffort",
    "PriorityClass",
    "CrossNamespacePodAffinity",
    "VolumeAttributesClass",
];

/// Gives the scopes that exclude each other.
fn contradiction(scopes: &[&str]) -> Option<[&'static str; 2]> {
    let pairs = [["BestEffort", "NotBestEffort"], ["Terminating", "NotTerminating"]];
    pairs.into_iter().find(|pair| pair.iter().all(|scope| scopes.contains(scope)))
}

/// Gives a resource of the quota that a scope does not count.
fn out_of_scope<'d>(spec: Node<'d>, scope: &str) -> Option<&'d str> {
    let counted: &[&str] = match scope {
        "BestEffort" => &["pods"],
        "VolumeAttributesClass" => &["persistentvolumeclaims", "requests.storage"],
        scope if SCOPES.contains(&scope) => {
            &["pods", "cpu", "memory", "limits.cpu", "limits.memory", "requests.cpu", "requests.memory"]
        }
        _ => return None,
    };
    hard(spec).map(|entry| entry.name()).find(|name| is_quota_resource(name) && !counted.contains(name))
}

fn scope_selector<'d>(check: &mut Check<'d>, spec: Node<'d>, selector: Node<'d>) {
    // The server names no item of this list.
    let place = |node: Option<Node<'d>>, field: &'static str| {
        Place::Keyed(node.unwrap_or(selector).head(), selector, "matchExpressions", field)
    };
    let mut all = Vec::new();
    for requirement in items(selector, "matchExpressions") {
        let (scope, operator) = (text(requirement, "scopeName"), text(requirement, "operator"));
        let shown = |field: &str| requirement.field(field).or(Some(requirement));
        if !SCOPES.contains(&scope) {
            let message = format!("`{}` is no scope of quotas", show(scope));
            check.error("api/quota", place(shown("scopeName"), "scopeName"), message);
        }
        if let Some(resource) = out_of_scope(spec, scope) {
            let message = format!("`{resource}` is not counted in the scope `{scope}`");
            check.error("api/quota", Place::Shown(requirement.head(), selector, "matchExpressions"), message);
        }
        let only_exists = SCOPES.contains(&scope) && !matches!(scope, "PriorityClass" | "VolumeAttributesClass");
        if only_exists && operator != "Exists" {
            let message = format!("the scope `{scope}` has no values: its `operator` must be `Exists`");
            check.error("api/quota", place(shown("operator"), "operator"), message);
        }
        let has_values = items(requirement, "values").next().is_some();
        match operator {
            "In" | "NotIn" if !has_values => {
                check.error("api/quota", place(shown("values"), "values"), format!("`{operator}` needs `values`"));
            }
            "Exists" | "DoesNotExist" if has_values => {
                let message = format!("`{operator}` takes no `values`");
                check.error("api/quota", place(shown("values"), "values"), message).help("remove `values`");
            }
            "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
            _ => {
                let message = format!("`{}` is no operator of selectors", show(operator));
                check.error("api/quota", place(shown("operator"), "operator"), message);
            }
        }
        all.push(scope);
    }
    if let Some([one, other]) = contradiction(&all) {
        let message = format!("the scopes `{one}` and `{other}` exclude each other");
        check.error("api/quota", (selector, "matchExpressions"), message);
    }
}

/// Warns of requests that may be more than limits.
fn warn<'d>(check: &mut Check<'d>, spec: Node<'d>) {
    let find = |name: &str| hard(spec).find(|entry| entry.name() == name);
    let names = [
        ("requests.cpu", "cpu", "limits.cpu"),
        ("requests.memory", "memory", "limits.memory"),
        ("requests.ephemeral-storage", "", "limits.ephemeral-storage"),
    ];
    for (requests, short, limits) in names {
        if let (Some(request), Some(limit)) = (find(requests).or_else(|| find(short)), find(limits))
            && let (Some(asked), Some(most)) = (amount(request.value), amount(limit.value))
            && asked > most
        {
            let message = format!("`{}` is more than `{limits}`", request.name());
            check
                .warning("api/quota", Place::Keyed(request.value.span(), spec, "hard", request.name()), message)
                .label(limit.value.span(), "the limits");
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::api::testing::judged;

    #[test]
    fn names_amounts_and_scopes() {
        let found = judged(
            "apiVersion: v1
kind: ResourceQuota
metadata: {name: web}
spec:
  hard: {cpu: -1, pods: 1500m, storage: 1Gi, gpu: 1, example.com/gpu: 500m, requests.memory: 2, limits.memory: 1, count/jobs.batch: 3}
  scopes: [BestEffort, NotBestEffort]
  scopeSelector:
    matchExpressions:
      - {scopeName: Terminating, operator: In, values: [a]}
      - {scopeName: PriorityClass, operator: In}
      - {scopeName: PriorityClass, operator: Exists, values: [a]}
",
        );
        let expected = [
            "error api/quantity spec.hard.cpu: `cpu` is `-1`, below zero",
            "error api/quantity spec.hard.pods: `pods` is `1500m`, but is counted in whole numbers",
            "error api/quota spec.hard.storage: `hard` is `storage`, but is no resource that a quota bounds",
            "error api/quota spec.hard.gpu: `hard` is `gpu`, but is no resource that Kubernetes knows, and of no domain",
            "error api/quantity spec.hard[\"example.com/gpu\"]: `example.com/gpu` is `500m`, but is counted in whole numbers",
            "warning api/quota spec.hard[\"requests.memory\"]: `requests.memory` is more than `limits.memory`",
            "error api/quota spec.scopes: `cpu` is not counted in the scope `BestEffort`",
            "error api/quota spec.scopes: the scopes `BestEffort` and `NotBestEffort` exclude each other",
            "error api/quota spec.scopeSelector.matchExpressions.operator: the scope `Terminating` has no values: its `operator` must be `Exists`",
            "error api/quota spec.scopeSelector.matchExpressions.values: `In` needs `values`",
            "error api/quota spec.scopeSelector.matchExpressions.values: `Exists` takes no `values`",
        ];
        for line in expected {
            assert!(found.iter().any(|found| found == line), "{line}\n{found:#?}");
        }
    }
}
