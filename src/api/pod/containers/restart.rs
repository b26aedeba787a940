//! When containers are started anew: `restartPolicy`, its rules, and `resizePolicy`.

use super::{Pod, Role};
use crate::api::check::{Check, Place, items, show, text};
use crate::yaml::Node;

/// Judges the restarts of a container.
pub(super) fn judge<'d>(check: &mut Check<'d>, pod: &Pod<'d>, role: Role, container: Node<'d>) {
    if check.since(35) {
        policy(check, role, container);
    } else if !check.since(34) {
        older_policy(check, role, container);
    }
    if check.since(33) {
        resize(check, pod, role, container);
    }
}

/// Judges the policy of versions whose containers all may have one.
fn policy<'d>(check: &mut Check<'d>, role: Role, container: Node<'d>) {
    let rules = container.field("restartPolicyRules").filter(|rules| rules.items().len() > 0);
    match (container.field("restartPolicy"), rules) {
        (Some(_), _) => {
            check.word("api/restart-policy", container, "restartPolicy", &["Always", "Never", "OnFailure"]);
        }
        (None, Some(_)) => {
            let message = "`restartPolicyRules` need a `restartPolicy`";
            check
                .error("api/restart-policy", (container, "restartPolicy"), message)
                .help("write what holds without a rule");
        }
        (None, None) => {}
    }
    let Some(list) = rules else { return };
    if role == Role::Sidecar && !check.since(36) {
        let why = "are not for init containers with `restartPolicy: Always`";
        check.forbidden("api/restart-policy", container, "restartPolicyRules", why);
        return;
    }
    if list.items().len() > 20 {
        check.error("api/restart-policy", list, format!("has {} rules, and may have 20", list.items().len()));
    }
    for rule in list.items() {
        let actions: &[&str] = if check.since(36) { &["Restart", "RestartAllContainers"] } else { &["Restart"] };
        if check.required("api/restart-policy", rule, "action").is_some() {
            check.word("api/restart-policy", rule, "action", actions);
        }
        let Some(codes) = check.required("api/restart-policy", rule, "exitCodes") else { continue };
        if check.required("api/restart-policy", codes, "operator").is_some() {
            check.word("api/restart-policy", codes, "operator", &["In", "NotIn"]);
        }
        let count = items(codes, "values").count();
        if count > 255 {
            check.error("api/restart-policy", (codes, "values"), format!("has {count} values, and may have 255"));
        }
    }
}

/// Judges the policy of versions in which only init containers have one, and only one.
fn older_policy<'d>(check: &mut Check<'d>, role: Role, container: Node<'d>) {
    if role == Role::Main {
        check.forbidden("api/restart-policy", container, "restartPolicy", "is not for main containers");
    } else {
        check.word("api/restart-policy", container, "restartPolicy", &["Always"]);
    }
}

/// Judges what a change of resources does to the container.
fn resize<'d>(check: &mut Check<'d>, pod: &Pod<'d>, role: Role, container: Node<'d>) {
    let mut seen: Vec<&str> = Vec::new();
    for policy in items(container, "resizePolicy") {
        let (name, restart) = (text(policy, "resourceName"), text(policy, "restartPolicy"));
        let place = |field| Place::Shown(policy.field(field).unwrap_or(policy).head(), container, "resizePolicy");
        if seen.contains(&name) {
            check.error("api/restart-policy", policy, format!("`{name}` has two resize policies"));
        }
        seen.push(name);
        if !matches!(name, "cpu" | "memory") {
            let message = format!("`resourceName` {}, but must be `cpu` or `memory`", said(name));
            check.error("api/restart-policy", place("resourceName"), message);
        }
        match restart {
            "RestartContainer" if text(pod.spec, "restartPolicy") == "Never" => {
                let message = "`RestartContainer` contradicts `restartPolicy: Never` of the pod";
                check.error("api/restart-policy", place("restartPolicy"), message).help("write `NotRequired`");
            }
            "RestartContainer" if role == Role::Init && check.since(36) => {
                let message = "`RestartContainer` is not for init containers without `restartPolicy: Always`";
                check.error("api/restart-policy", (policy, "restartPolicy"), message).help("write `NotRequired`");
            }
            "NotRequired" | "RestartContainer" => {}
            other => {
                let message =
                    format!("`restartPolicy` {}, but must be `NotRequired` or `RestartContainer`", said(other));
                check.error("api/restart-policy", place("restartPolicy"), message);
            }
        }
    }
}

fn said(word: &str) -> String {
    if word.is_empty() { "is missing".to_owned() } else { format!("is `{}`", show(word)) }
}
