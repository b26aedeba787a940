//! Which requests the server serves first: FlowSchemas and PriorityLevelConfigurations.

use super::Judge;
use super::check::{Check, Place, is_true, items, plain, show, text};
use super::syntax::{dns_label, dns_subdomain};
use crate::yaml::Node;

const GROUP: &str = "flowcontrol.apiserver.k8s.io";
const RULE: &str = "api/flow-control";

const VERBS: [&str; 9] = ["get", "list", "create", "update", "delete", "deletecollection", "patch", "watch", "proxy"];

/// Gives the judge of a kind.
pub(super) fn find(group: &str, kind: &str) -> Option<Judge> {
    match (group, kind) {
        (GROUP, "FlowSchema") => Some(flow_schema),
        (GROUP, "PriorityLevelConfiguration") => Some(priority_level),
        _ => None,
    }
}

fn name_of(object: Node<'_>) -> &str {
    object.field("metadata").map(|metadata| text(metadata, "name")).unwrap_or_default()
}

fn flow_schema<'d>(check: &mut Check<'d>, object: Node<'d>) {
    let Some(spec) = object.field("spec") else {
        let place = (object, &["spec", "priorityLevelConfiguration", "name"]);
        check.error(RULE, place, "a FlowSchema needs a `priorityLevelConfiguration`");
        return;
    };
    // Zero is the default.
    if spec.field("matchingPrecedence").and_then(Node::as_i64) != Some(0) {
        check.range(RULE, spec, "matchingPrecedence", 1, 10_000);
    }
    if spec.field("matchingPrecedence").and_then(Node::as_i64) == Some(1) && name_of(object) != "exempt" {
        let message = "only the FlowSchema `exempt` may have the precedence 1";
        check.error(RULE, (spec, "matchingPrecedence"), message);
    }
    if let Some(method) = spec.field("distinguisherMethod") {
        known(check, method, "type", &["ByNamespace", "ByUser"]);
    }
    let level = spec.field("priorityLevelConfiguration");
    match level.map(|level| text(level, "name")).unwrap_or_default() {
        "" => {
            let head = level.unwrap_or(spec).head();
            let place = Place::Keyed(head, spec, "priorityLevelConfiguration", "name");
            check.error(RULE, place, "`priorityLevelConfiguration` names no priority level");
        }
        name => {
            let place = Place::Keyed(level.unwrap_or(spec).head(), spec, "priorityLevelConfiguration", "name");
            check.syntax(RULE, place, "name", name, dns_subdomain);
        }
    }
    items(spec, "rules").for_each(|one| rule(check, one));
}

/// Requires one of some words.
fn known<'d>(check: &mut Check<'d>, map: Node<'d>, field: &'static str, words: &[&str]) {
    if check.required(RULE, map, field).is_some() {
        check.word(RULE, map, field, words);
    }
}

fn rule<'d>(check: &mut Check<'d>, rule: Node<'d>) {
    if items(rule, "subjects").next().is_none() {
        check.error(RULE, (rule, "subjects"), "a rule needs `subjects`");
    }
    items(rule, "subjects").for_each(|one| subject(check, one));
    let resources = items(rule, "resourceRules");
    if resources.chain(items(rule, "nonResourceRules")).next().is_none() {
        check.error(RULE, rule, "a rule needs `resourceRules` or `nonResourceRules`");
    }
    for rule in items(rule, "resourceRules") {
        verbs(check, rule);
        list(check, rule, "apiGroups");
        list(check, rule, "resources");
        if items(rule, "namespaces").next().is_none() {
            if !is_true(rule, "clusterScope") {
                let message = "a rule needs `namespaces`, or to be of the cluster: `clusterScope: true`";
                check.error(RULE, (rule, "namespaces"), message);
            }
        } else if !list(check, rule, "namespaces") {
            for namespace in items(rule, "namespaces") {
                check.syntax(RULE, namespace, "namespaces", plain(namespace), dns_label);
            }
        }
    }
    for rule in items(rule, "nonResourceRules") {
        verbs(check, rule);
        if !list(check, rule, "nonResourceURLs") {
            for url in items(rule, "nonResourceURLs") {
                check.syntax(RULE, url, "nonResourceURLs", plain(url), url_form);
            }
        }
    }
}

/// Judges a list which must hold something, and nothing beside `*`. Gives whether `*` is in it.
fn list<'d>(check: &mut Check<'d>, rule: Node<'d>, field: &'static str) -> bool {
    let all = items(rule, field).any(|item| plain(item) == "*");
    match items(rule, field).count() {
        0 => _ = check.error(RULE, (rule, field), format!("a rule needs `{field}`")),
        1 => {}
        _ if all => _ = check.error(RULE, (rule, field), format!("`*` in `{field}` leaves nothing to name beside it")),
        _ => {}
    }
    all
}

fn verbs<'d>(check: &mut Check<'d>, rule: Node<'d>) {
    if list(check, rule, "verbs") {
        return;
    }
    for verb in items(rule, "verbs").filter(|verb| !VERBS.contains(&plain(*verb))) {
        let place = Place::Shown(verb.head(), rule, "verbs");
        check.error(RULE, place, format!("`{}` is no verb", show(plain(verb))));
    }
}

fn subject<'d>(check: &mut Check<'d>, subject: Node<'d>) {
    let kinds = [("ServiceAccount", "serviceAccount"), ("User", "user"), ("Group", "group")];
    let kind = text(subject, "kind");
    let Some((_, own)) = kinds.into_iter().find(|(name, _)| *name == kind) else {
        return known(check, subject, "kind", &["ServiceAccount", "User", "Group"]);
    };
    for (_, field) in kinds.into_iter().filter(|(_, field)| *field != own) {
        check.forbidden(RULE, subject, field, &format!("is not for a subject of the kind `{kind}`"));
    }
    let Some(who) = check.required(RULE, subject, own) else { return };
    let name = check.required(RULE, who, "name");
    if kind != "ServiceAccount" {
        return;
    }
    if let Some(name) = name.filter(|name| name.text() != "*") {
        check.syntax(RULE, name, "name", name.text(), dns_subdomain);
    }
    if let Some(namespace) = check.required(RULE, who, "namespace") {
        check.syntax(RULE, namespace, "namespace", namespace.text(), dns_label);
    }
}

/// A path of a URL, which may end with `/*`: `/healthz`, `/metrics/*`.
fn url_form(path: &str) -> Option<String> {
    let problem = if path.is_empty() {
        "is empty"
    } else if !path.starts_with('/') {
        "must begin with `/`"
    } else if path.contains(' ') {
        "may not hold blanks"
    } else if path.contains("//") {
        "may not hold `//`"
    } else if path.strip_suffix("/*").unwrap_or(path).contains('*') {
        "may have a `*` as its last part only"
    } else {
        return None;
    };
    Some(problem.to_owned())
}

fn priority_level<'d>(check: &mut Check<'d>, object: Node<'d>) {
    let Some(spec) = object.field("spec") else {
        check.error(RULE, (object, &["spec", "type"]), "a priority level needs a `type`");
        return;
    };
    let kind = text(spec, "type");
    if (name_of(object) == "exempt") != (kind == "Exempt") {
        let message = "the priority level `exempt`, and no other, has the type `Exempt`";
        check.error(RULE, (spec, "type"), message);
    }
    match kind {
        "Exempt" => {
            check.forbidden(RULE, spec, "limited", "is for the type `Limited`");
            if let Some(exempt) = spec.field("exempt") {
                shares(check, exempt);
            }
        }
        "Limited" => {
            check.forbidden(RULE, spec, "exempt", "is for the type `Exempt`");
            if let Some(limited) = check.required(RULE, spec, "limited") {
                shares(check, limited);
                check.range(RULE, limited, "borrowingLimitPercent", 0, i64::MAX);
                response(check, limited);
            }
        }
        _ => known(check, spec, "type", &["Exempt", "Limited"]),
    }
}

fn shares<'d>(check: &mut Check<'d>, level: Node<'d>) {
    check.range(RULE, level, "nominalConcurrencyShares", 0, i64::MAX);
    check.range(RULE, level, "lendablePercent", 0, 100);
}

fn response<'d>(check: &mut Check<'d>, limited: Node<'d>) {
    let Some(response) = limited.field("limitResponse") else {
        check.error(RULE, (limited, &["limitResponse", "type"]), "`limitResponse` is missing");
        return;
    };
    match text(response, "type") {
        "Reject" => check.forbidden(RULE, response, "queuing", "is for the type `Queue`"),
        "Queue" => {
            if let Some(queuing) = check.required(RULE, response, "queuing") {
                queues(check, queuing);
            }
        }
        _ => known(check, response, "type", &["Queue", "Reject"]),
    }
}

fn queues<'d>(check: &mut Check<'d>, queuing: Node<'d>) {
    const MOST: i64 = 10_000_000;
    // Zero is the default.
    let number = |field: &str, default: i64| match queuing.field(field).map(Node::as_i64) {
        None | Some(Some(0)) => Some(default),
        Some(number) => number,
    };
    let (Some(length), Some(queues), Some(hand)) =
        (number("queueLengthLimit", 50), number("queues", 64), number("handSize", 8))
    else {
        return;
    };
    for (field, number, most) in
        [("queueLengthLimit", length, i64::MAX), ("queues", queues, MOST), ("handSize", hand, i64::MAX)]
    {
        if number < 1 {
            check.error(RULE, (queuing, field), format!("`{field}` is {number}, but must be at least 1"));
        } else if number > most {
            check.error(RULE, (queuing, field), format!("`{field}` is {number}, but may be {most} at most"));
        }
    }
    if hand < 1 {
        return;
    }
    #[expect(clippy::cast_precision_loss, reason = "the numbers are small, and the server computes as roughly")]
    let bits = (queues.max(1) as f64).log2() * hand as f64;
    if hand > queues {
        let message = format!("`handSize` is {hand}, but there are {queues} queues");
        check.error(RULE, (queuing, "handSize"), message);
    } else if bits.ceil() > 60.0 {
        let message =
            format!("a hand of {hand} out of {queues} queues takes more than the 60 bits that the server has");
        check.error(RULE, (queuing, "handSize"), message).help("lower `handSize` or `queues`");
    }
}

#[cfg(test)]
mod tests {
    use crate::api::testing::judged;

    #[test]
    fn schemas_and_levels() {
        let found = judged(
            "apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: FlowSchema
metadata: {name: web}
spec:
  matchingPrecedence: 1
  distinguisherMethod: {type: ByName}
  priorityLevelConfiguration: {name: A}
  rules:
    - subjects: [{kind: User, user: {name: ann}, group: {name: all}}, {kind: ServiceAccount, serviceAccount: {name: '*', namespace: A}}]
      resourceRules: [{verbs: [see], apiGroups: ['*', apps], resources: [pods]}]
      nonResourceRules: [{verbs: ['*'], nonResourceURLs: [/a*, /b/*]}]
    - subjects: [{kind: Group, group: {name: all}}]
---
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: PriorityLevelConfiguration
metadata: {name: web}
spec: {type: Limited, exempt: {}, limited: {lendablePercent: 101, limitResponse: {type: Queue, queuing: {queues: 64, handSize: 11}}}}
---
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: PriorityLevelConfiguration
metadata: {name: other}
spec: {type: Exempt}
",
        );
        let expected = [
            "error api/flow-control spec.matchingPrecedence: only the FlowSchema `exempt` may have the precedence 1",
            "error api/flow-control spec.distinguisherMethod.type: `type` is `ByName`, but must be one of `ByNamespace`, `ByUser`",
            "error api/flow-control spec.priorityLevelConfiguration.name: `name` is `A`, but may hold only small letters, digits, `-` and `.`, and each part between dots begins and ends with a letter or digit",
            "error api/flow-control spec.rules[0].subjects[0].group: `group` is not for a subject of the kind `User`",
            "error api/flow-control spec.rules[0].subjects[1].serviceAccount.namespace: `namespace` is `A`, but may hold only small letters, digits and `-`, and begins and ends with a letter or digit",
            "error api/flow-control spec.rules[0].resourceRules[0].namespaces: a rule needs `namespaces`, or to be of the cluster: `clusterScope: true`",
            "error api/flow-control spec.rules[0].resourceRules[0].verbs: `see` is no verb",
            "error api/flow-control spec.rules[0].resourceRules[0].apiGroups: `*` in `apiGroups` leaves nothing to name beside it",
            "error api/flow-control spec.rules[0].nonResourceRules[0].nonResourceURLs[0]: `nonResourceURLs` is `/a*`, but may have a `*` as its last part only",
            "error api/flow-control spec.rules[1]: a rule needs `resourceRules` or `nonResourceRules`",
            "error api/flow-control spec.exempt: `exempt` is for the type `Exempt`",
            "error api/flow-control spec.limited.lendablePercent: `lendablePercent` is 101, but must be from 0 to 100",
            "error api/flow-control spec.limited.limitResponse.queuing.handSize: a hand of 11 out of 64 queues takes more than the 60 bits that the server has",
            "error api/flow-control spec.type: the priority level `exempt`, and no other, has the type `Exempt`",
        ];
        for line in expected {
            assert!(found.iter().any(|found| found == line), "{line}\n{found:#?}");
        }
        assert_eq!(found.len(), expected.len(), "{found:#?}");
    }
}
