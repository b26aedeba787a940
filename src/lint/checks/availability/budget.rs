//! PodDisruptionBudgets: which pods they guard, and whether they let a node be drained at all.

use super::share;
use crate::lint::checks::Check;
use crate::lint::checks::service::is_operated;
use crate::lint::finding::Context;
use crate::lint::params::Params;
use crate::lint::scaling::replicas;
use crate::yaml::Node;

/// A budget must let one pod go.
pub(in crate::lint::checks) fn blocks(_: &mut Params<'_>) -> Check {
    Check::object(|context, findings| {
        let Some(spec) = context.object.spec() else { return };
        let most = spec.field("maxUnavailable").filter(|most| !most.is_null());
        let least = spec.field("minAvailable").filter(|least| !least.is_null());
        if let Some(most) = most {
            if share(most.text(), 100, false) == Some(0) {
                findings.at(most).message(format!("`maxUnavailable` is {}: no pod may ever go", most.text()));
            }
        } else if let Some(least) = least {
            if least.text().ends_with('%') && share(least.text(), 100, false) >= Some(100) {
                findings.at(least).message(format!("`minAvailable` is {}: no pod may ever go", least.text()));
            } else if let Some(pods) = pods(context, spec).filter(|pods| *pods > 0)
                && let Some(needed) = share(least.text(), pods, true).filter(|needed| *needed >= pods)
            {
                findings.at(least).message(format!(
                    "`minAvailable` is {} and wants {needed} pods, but there may be only {pods}: none of them may ever go",
                    least.text()
                ));
            }
        } else {
            findings
                .lacking(spec)
                .message("neither `minAvailable` nor `maxUnavailable` is written: no pod may ever go");
        }
    })
}

/// Counts the pods that a budget selects when they are fewest; none where that cannot be told.
fn pods(context: &Context<'_, '_>, spec: Node<'_>) -> Option<i64> {
    let selector = spec.field("selector")?;
    let mut sum = 0_i64;
    for (object, _) in context.set.matched(context.object, selector) {
        let of_object = if object.is("", &["Pod"]) { 1 } else { replicas(context.set, object)?.least };
        sum = sum.saturating_add(of_object);
    }
    Some(sum)
}

/// A budget must select pods of the set.
pub(in crate::lint::checks) fn dangling(_: &mut Params<'_>) -> Check {
    Check::object(|context, findings| {
        let Some(selector) = context.object.spec().and_then(|spec| spec.field("selector")) else { return };
        let labels = selector.entries().len() > 0;
        let mut wanted = selector.field("matchLabels").into_iter().flat_map(Node::entries);
        if wanted.any(|label| is_operated(context, label)) {
            return;
        }
        if context.run.complete && labels && context.set.matched(context.object, selector).is_empty() {
            let message = format!("`{}` selects no pods {}", context.object.name, context.whole());
            findings.at(selector).message(message);
        }
    })
}

/// A workload of several pods must have a budget.
pub(in crate::lint::checks) fn missing(_: &mut Params<'_>) -> Check {
    Check::pod(|context, pod, findings| {
        let object = context.object;
        let Some(count) = replicas(context.set, object).filter(|count| count.least > 1) else { return };
        if context.run.complete && !context.set.is_budgeted(pod) {
            let message = format!("no PodDisruptionBudget selects the {} pods of `{}`", count.least, object.name);
            findings.lacking(object.spec().unwrap_or(object.node)).message(message);
        }
    })
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::problems;

    fn found(budget: &str, replicas: &str, more: &str) -> Vec<String> {
        let web = format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec: {{replicas: {replicas}, template: {{metadata: {{labels: {{app: web}}}}, spec: {{}}}}}}\n"
        );
        let budget = format!(
            "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {{name: web}}\nspec: {{selector: {{matchLabels: {{app: web}}}}, {budget}}}\n"
        );
        problems("pdb-blocks-evictions", &format!("{web}---\n{budget}---\n{more}"))
    }

    #[test]
    fn a_budget_is_judged_by_the_pods_that_there_are_at_least() {
        let hpa = "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: web}\nspec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, minReplicas: 2}\n";
        for (budget, replicas, more, flagged) in [
            ("maxUnavailable: 1", "1", "", false),
            ("maxUnavailable: 0", "3", "", true),
            ("maxUnavailable: 0%", "3", "", true),
            ("maxUnavailable: 1%", "3", "", false),
            ("minAvailable: 1", "1", "", true),
            ("minAvailable: 1", "2", "", false),
            ("minAvailable: 60%", "2", "", true),
            ("minAvailable: 50%", "2", "", false),
            ("minAvailable: 100%", "9", "", true),
            ("minAvailable: 0", "1", "", false),
            ("minAvailable: 2", "3", hpa, true),
            ("minAvailable: 1", "1", hpa, false),
            ("minAvailable: 1", "0", "", false),
            ("unhealthyPodEvictionPolicy: AlwaysAllow", "3", "", true),
        ] {
            let found = found(budget, replicas, more).len();
            assert_eq!(found, usize::from(flagged), "{budget} of {replicas} {more}");
        }
    }

    #[test]
    fn where_pods_cannot_be_counted_nothing_is_said() {
        let daemon = "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: web}\nspec: {template: {metadata: {labels: {app: web}}, spec: {}}}\n";
        assert_eq!(found("minAvailable: 1", "1", daemon), [""; 0]);
    }
}
