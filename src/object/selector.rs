//! Label selectors: which labels they match, and by what they fail.

use crate::yaml::{Entry, Node};

/// Labels that controllers give to pods: no template has them, and a Service may still ask for them.
const GIVEN: [&str; 10] = [
    "apps.kubernetes.io/pod-index",
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-completion-index",
    "batch.kubernetes.io/job-name",
    "controller-revision-hash",
    "controller-uid",
    "job-name",
    "pod-template-generation",
    "pod-template-hash",
    "statefulset.kubernetes.io/pod-name",
];

/// Tells whether controllers give pods a label of this name.
pub fn is_given(label: &str) -> bool {
    GIVEN.contains(&label)
}

/// Tells whether the pods of a template with these labels can match a Service's selector.
pub fn selects(selector: Node<'_>, labels: Option<Node<'_>>) -> bool {
    selector.entries().all(|wanted| is_given(wanted.name()) || holds(labels, wanted))
}

fn holds(labels: Option<Node<'_>>, wanted: Entry<'_>) -> bool {
    labels.and_then(|labels| labels.get(wanted.name())).is_some_and(|label| label.text() == wanted.value.text())
}

/// Finds the first value of a map of wanted labels that `labels` does not hold.
pub fn first_unmatched<'d>(wanted: Node<'d>, labels: Option<Node<'_>>) -> Option<Node<'d>> {
    wanted.entries().find(|entry| !holds(labels, *entry)).map(|entry| entry.value)
}

/// Finds the first part of a `LabelSelector` (`matchLabels`, `matchExpressions`) that `labels` does not meet: the value of
/// a label, or an expression.
pub fn first_unmet<'d>(selector: Node<'d>, labels: Option<Node<'_>>) -> Option<Node<'d>> {
    let pair = selector.field("matchLabels").and_then(|wanted| first_unmatched(wanted, labels));
    pair.or_else(|| selector.field("matchExpressions")?.items().find(|expression| !meets(*expression, labels)))
}

fn meets(expression: Node<'_>, labels: Option<Node<'_>>) -> bool {
    let key = expression.field("key").map(Node::text).unwrap_or_default();
    let label = labels.and_then(|labels| labels.get(key)).map(Node::text);
    let listed = |label: &str| {
        expression.field("values").is_some_and(|values| values.items().any(|value| value.text() == label))
    };
    match expression.field("operator").map(Node::text).unwrap_or_default() {
        "In" => label.is_some_and(listed),
        "NotIn" => !label.is_some_and(listed),
        "Exists" => label.is_some(),
        "DoesNotExist" => label.is_none(),
        // The schema says what is wrong with any other operator.
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceMap;
    use crate::yaml::parse;

    /// Reads `selector` and `labels` from one text, and writes what is not met.
    fn unmet(text: &str) -> String {
        let parsed = parse(&SourceMap::new().add("a.yaml", text));
        let root = parsed.documents[0].root();
        let selector = root.field("selector").expect("the test has a selector");
        first_unmet(selector, root.field("labels")).map_or("met".to_owned(), |node| node.path_from(root))
    }

    #[test]
    fn a_service_may_ask_for_what_controllers_give() {
        let read = |text: &str| {
            let parsed = parse(&SourceMap::new().add("a.yaml", text));
            let root = parsed.documents[0].root();
            selects(root.field("selector").expect("the test has a selector"), root.field("labels"))
        };
        assert!(read("selector: {app: a, apps.kubernetes.io/pod-index: '0'}\nlabels: {app: a}"));
        assert!(!read("selector: {app: b, apps.kubernetes.io/pod-index: '0'}\nlabels: {app: a}"));
    }

    #[test]
    fn selectors_match_as_the_server_matches() {
        for (text, expected) in [
            ("selector: {matchLabels: {app: a}}\nlabels: {app: a, tier: b}", "met"),
            ("selector: {matchLabels: {app: a}}\nlabels: {app: b}", "selector.matchLabels.app"),
            ("selector: {matchLabels: {app: a}}", "selector.matchLabels.app"),
            ("selector: {matchLabels: {v: \"1\"}}\nlabels: {v: 1}", "met"),
            ("selector: {matchExpressions: [{key: app, operator: In, values: [a, b]}]}\nlabels: {app: b}", "met"),
            (
                "selector: {matchExpressions: [{key: app, operator: NotIn, values: [a]}]}\nlabels: {app: a}",
                "selector.matchExpressions[0]",
            ),
            ("selector: {matchExpressions: [{key: app, operator: Exists}]}", "selector.matchExpressions[0]"),
            ("selector: {matchExpressions: [{key: app, operator: DoesNotExist}]}", "met"),
        ] {
            assert_eq!(unmet(text), expected, "{text}");
        }
    }
}
