//! How workloads replace their pods.

use super::RULE;
use crate::api::check::{Check, Place, show, text};
use crate::api::share::{self, Share};
use crate::yaml::Node;

const QUARTER: Share = Share::Percent(25);

/// Judges the `strategy` of a Deployment.
pub(super) fn deployment<'d>(check: &mut Check<'d>, spec: Node<'d>) {
    let Some(strategy) = spec.field("strategy") else { return };
    let rolling = strategy.field("rollingUpdate");
    match (text(strategy, "type"), rolling) {
        ("Recreate", Some(_)) => {
            check.forbidden(RULE, strategy, "rollingUpdate", "says how to do what `Recreate` does not");
        }
        ("" | "RollingUpdate", Some(rolling)) => {
            let unavailable = share::judge(check, RULE, rolling, "maxUnavailable", true, QUARTER);
            let surge = share::judge(check, RULE, rolling, "maxSurge", false, QUARTER);
            if unavailable.is_nothing() && surge.is_nothing() {
                stuck(check, rolling);
            }
        }
        ("" | "Recreate" | "RollingUpdate", _) => {}
        _ => unknown(check, spec, "strategy", &["Recreate", "RollingUpdate"]),
    }
}

/// Judges the `updateStrategy` of a DaemonSet.
pub(super) fn daemon_set<'d>(check: &mut Check<'d>, spec: Node<'d>) {
    let Some(strategy) = spec.field("updateStrategy") else { return };
    match (text(strategy, "type"), strategy.field("rollingUpdate")) {
        ("" | "RollingUpdate", Some(rolling)) => {
            let unavailable = share::judge(check, RULE, rolling, "maxUnavailable", true, Share::Count(1));
            let surge = share::judge(check, RULE, rolling, "maxSurge", true, Share::Count(0));
            match (unavailable.is_nothing(), surge.is_nothing()) {
                (true, true) => stuck(check, rolling),
                (false, false) => {
                    let message =
                        "`maxSurge` asks for a pod more, `maxUnavailable` for a pod less: one of them must be 0";
                    let help = "write `maxUnavailable: 0` (it is 1 where it is absent), or remove `maxSurge`";
                    check.error(RULE, (rolling, "maxSurge"), message).help(help);
                }
                _ => {}
            }
        }
        ("" | "OnDelete" | "RollingUpdate", _) => {}
        _ => unknown(check, spec, "updateStrategy", &["OnDelete", "RollingUpdate"]),
    }
}

/// Judges the `updateStrategy` and the retention of a StatefulSet.
pub(super) fn stateful_set<'d>(check: &mut Check<'d>, spec: Node<'d>) {
    if let Some(retention) = spec.field("persistentVolumeClaimRetentionPolicy") {
        for field in ["whenDeleted", "whenScaled"] {
            if !text(retention, field).is_empty() {
                check.word(RULE, retention, field, &["Delete", "Retain"]);
            }
        }
    }
    if !text(spec, "podManagementPolicy").is_empty() {
        check.word(RULE, spec, "podManagementPolicy", &["OrderedReady", "Parallel"]);
    }
    let Some(strategy) = spec.field("updateStrategy") else { return };
    match (text(strategy, "type"), strategy.field("rollingUpdate")) {
        ("OnDelete", Some(_)) => {
            check.forbidden(RULE, strategy, "rollingUpdate", "says how to do what `OnDelete` does not");
        }
        ("" | "RollingUpdate", Some(rolling)) => {
            check.range(RULE, rolling, "partition", 0, i64::MAX);
            // Older servers drop it.
            if check.since(37)
                && share::judge(check, RULE, rolling, "maxUnavailable", true, Share::Count(1)).is_nothing()
            {
                check.error(RULE, (rolling, "maxUnavailable"), "`maxUnavailable` is none, so no pod can be replaced");
            }
        }
        ("" | "OnDelete" | "RollingUpdate", _) => {}
        _ => unknown(check, spec, "updateStrategy", &["OnDelete", "RollingUpdate"]),
    }
}

fn stuck<'d>(check: &mut Check<'d>, rolling: Node<'d>) {
    let message = "neither a pod less nor a pod more is allowed, so no pod can be replaced";
    let help = "let `maxUnavailable` or `maxSurge` be more than 0";
    check.error(RULE, (rolling, "maxUnavailable"), message).help(help);
}

/// Reports a `type` that there is not; the server names what holds it.
fn unknown<'d>(check: &mut Check<'d>, spec: Node<'d>, field: &'static str, types: &[&str]) {
    let Some(node) = spec.at(&[field, "type"]) else { return };
    let list = types.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" or ");
    let message = format!("`type` is `{}`, but must be {list}", show(node.text()));
    check.error(RULE, Place::Shown(node.span(), spec, field), message);
}

#[cfg(test)]
mod tests {
    use crate::api::testing::heads;

    #[test]
    fn strategies_must_let_pods_be_replaced() {
        let table = [
            ("Deployment", "strategy: {rollingUpdate: {maxSurge: 0}}", None),
            (
                "Deployment",
                "strategy: {rollingUpdate: {maxUnavailable: 0, maxSurge: 0%}}",
                Some("strategy.rollingUpdate.maxUnavailable"),
            ),
            (
                "Deployment",
                "strategy: {rollingUpdate: {maxUnavailable: 101%}}",
                Some("strategy.rollingUpdate.maxUnavailable"),
            ),
            ("Deployment", "strategy: {rollingUpdate: {maxSurge: 101%}}", None),
            ("Deployment", "strategy: {rollingUpdate: {maxSurge: -1}}", Some("strategy.rollingUpdate.maxSurge")),
            ("Deployment", "strategy: {type: Recreate, rollingUpdate: {}}", Some("strategy.rollingUpdate")),
            ("Deployment", "strategy: {type: Rolling}", Some("strategy")),
            (
                "DaemonSet",
                "updateStrategy: {rollingUpdate: {maxSurge: 1}}",
                Some("updateStrategy.rollingUpdate.maxSurge"),
            ),
            ("DaemonSet", "updateStrategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}", None),
            (
                "DaemonSet",
                "updateStrategy: {rollingUpdate: {maxUnavailable: 0}}",
                Some("updateStrategy.rollingUpdate.maxUnavailable"),
            ),
            ("DaemonSet", "updateStrategy: {type: OnDelete, rollingUpdate: {maxUnavailable: 0}}", None),
            (
                "StatefulSet",
                "updateStrategy: {type: OnDelete, rollingUpdate: {}}",
                Some("updateStrategy.rollingUpdate"),
            ),
            (
                "StatefulSet",
                "updateStrategy: {rollingUpdate: {maxUnavailable: 0}}",
                Some("updateStrategy.rollingUpdate.maxUnavailable"),
            ),
            (
                "StatefulSet",
                "updateStrategy: {rollingUpdate: {partition: -1}}",
                Some("updateStrategy.rollingUpdate.partition"),
            ),
            ("StatefulSet", "updateStrategy: {type: Recreate}", Some("updateStrategy")),
        ];
        for (kind, field, path) in table {
            let template = "template: {metadata: {labels: {app: a}}, spec: {containers: [{name: a, image: a}]}}";
            let found = heads(&format!(
                "{{apiVersion: apps/v1, kind: {kind}, metadata: {{name: a}}, spec: {{{field}, selector: {{matchLabels: {{app: a}}}}, {template}}}}}"
            ));
            let wanted: Vec<String> = path.iter().map(|path| format!("error api/workload spec.{path}")).collect();
            assert_eq!(found, wanted, "{kind} {field}");
        }
    }
}
