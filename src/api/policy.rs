//! PodDisruptionBudgets.

use super::Judge;
use super::check::Check;
use super::selector::label_selector;
use super::share::{self, Share};
use crate::yaml::Node;

/// The rule of what this area judges.
const RULE: &str = "api/disruption-budget";

/// Gives the judge of a kind.
pub(super) fn find(group: &str, kind: &str) -> Option<Judge> {
    match (group, kind) {
        ("policy", "PodDisruptionBudget") => Some(budget),
        _ => None,
    }
}

fn budget<'d>(check: &mut Check<'d>, object: Node<'d>) {
    let Some(spec) = object.field("spec") else { return };
    if let (Some(least), Some(most)) = (spec.field("minAvailable"), spec.field("maxUnavailable")) {
        let message = "`minAvailable` and `maxUnavailable` say the same thing in two ways";
        let said = check.error(RULE, spec, message).help("remove one of them");
        said.label(least.span(), "one").label(most.span(), "the other");
    }
    for field in ["minAvailable", "maxUnavailable"] {
        share::judge(check, RULE, spec, field, true, Share::Count(0));
    }
    if let Some(selector) = spec.field("selector") {
        label_selector(check, selector);
    }
    check.word(RULE, spec, "unhealthyPodEvictionPolicy", &["AlwaysAllow", "IfHealthyBudget"]);
}

#[cfg(test)]
mod tests {
    use crate::api::testing::heads;

    #[test]
    fn budgets_say_one_thing() {
        let found = heads(
            "
{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: A b}, spec: {minAvailable: 1, maxUnavailable: 101%}}
---
{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: a}, spec: {minAvailable: -1, unhealthyPodEvictionPolicy: '', selector: {matchLabels: {-a: b}}}}
",
        );
        assert_eq!(
            found,
            [
                "error api/disruption-budget spec",
                "error api/disruption-budget spec.maxUnavailable",
                "error api/disruption-budget spec.minAvailable",
                "error api/disruption-budget spec.unhealthyPodEvictionPolicy",
                "error api/labels spec.selector.matchLabels",
            ],
            "{found:#?}"
        );
    }
}
