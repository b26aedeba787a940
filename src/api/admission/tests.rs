use crate::api::testing::judged;

/// The findings about an object of the group, without their severity and rule.
fn found(kind: &str, body: &str) -> Vec<String> {
    let manifest =
        format!("apiVersion: admissionregistration.k8s.io/v1\nkind: {kind}\nmetadata: {{name: a.b.c}}\n{body}");
    judged(&manifest).iter().map(|line| line.splitn(3, ' ').nth(2).unwrap_or_default().to_owned()).collect()
}

const HOOK: &str = "{name: a.b.c, sideEffects: None, admissionReviewVersions: [v1], clientConfig: {url: 'https://a/b'}";

#[test]
fn webhooks() {
    let hook = |more: &str| found("ValidatingWebhookConfiguration", &format!("webhooks: [{HOOK}, {more}}}]"));
    assert_eq!(
        hook("rules: [{operations: [CREATE], apiGroups: [''], apiVersions: [v1], resources: [pods, pods/exec]}]"),
        [""; 0]
    );
    for (more, path) in [
        ("timeoutSeconds: 31", "webhooks[0].timeoutSeconds"),
        (
            "rules: [{operations: [CREATE, '*'], apiGroups: [''], apiVersions: [v1], resources: [pods]}]",
            "webhooks[0].rules[0].operations",
        ),
        (
            "rules: [{operations: [CREATE], apiGroups: [''], apiVersions: [v1], resources: ['*', pods]}]",
            "webhooks[0].rules[0].resources",
        ),
        (
            "rules: [{operations: [CREATE], apiGroups: [''], apiVersions: [v1], resources: ['pods/*', pods/exec]}]",
            "webhooks[0].rules[0].resources[1]",
        ),
        ("matchConditions: [{name: a, expression: 'object.x =='}]", "webhooks[0].matchConditions[0].expression"),
        ("matchConditions: [{name: a, expression: 'subject.x == 1'}]", "webhooks[0].matchConditions[0].expression"),
        ("matchConditions: [{name: a, expression: '\"text\"'}]", "webhooks[0].matchConditions[0].expression"),
        (
            "objectSelector: {matchExpressions: [{key: a, operator: In}]}",
            "webhooks[0].objectSelector.matchExpressions[0].values",
        ),
    ] {
        let found = hook(more);
        assert!(found.len() == 1 && found[0].starts_with(&format!("{path}: ")), "{more}: {found:?}");
    }
    let config = |config: &str| {
        let text = HOOK.replace("{url: 'https://a/b'}", config);
        found("MutatingWebhookConfiguration", &format!("webhooks: [{text}}}]"))
    };
    for (text, says) in [
        ("{}", "webhooks[0].clientConfig: `clientConfig` needs either `url` or `service`"),
        ("{url: 'http://a'}", "webhooks[0].clientConfig.url: `url` must begin with `https://`"),
        ("{url: 'https://a@b'}", "webhooks[0].clientConfig.url: `url` may not name a user"),
        ("{url: 'https://a?b'}", "webhooks[0].clientConfig.url: `url` may have no query behind `?`"),
        (
            "{service: {name: a, namespace: b, path: a}}",
            "webhooks[0].clientConfig.service.path: `path` must begin with `/`",
        ),
    ] {
        assert!(config(text).contains(&says.to_owned()), "{text}: {:?}", config(text));
    }
}

#[test]
fn conditions_that_servers_take_are_let_through() {
    for expression in [
        "!has(object.metadata.labels) || object.metadata.labels.all(k, k != 'a')",
        "request.userInfo.groups.exists_one(g, g.startsWith('a')) && oldObject == null",
        "object.spec.containers.map(c, c.image).filter(i, i.matches('^a')).size() > 0",
        "object.?spec.replicas.orValue(1) < 3",
        "quantity('1Gi').isGreaterThan(quantity('1Mi')) && duration('1s') < duration('2s')",
        "authorizer.group('').resource('pods').check('get').allowed()",
        "type(object.a) == string && int(object.b) in [1, 2] && math.greatest(1, 2) == 2",
        "dyn(object) == object && sets.contains([1], [1]) && namespaceObject.metadata.name != 'a'",
        "object.metadata.labels.all(k, v, v != k) && object.metadata.labels.transformMap(k, v, v).size() > 0",
        "object.metadata.labels.transformList(k, v, v).sortBy(x, x).size() > 0 && cel.bind(y, 1, y > 0)",
        "isIP('1.1.1.1') && ip('1.1.1.1').family() == 4 && optional.of(1).hasValue()",
    ] {
        let text = format!("matchConditions: [{{name: a, expression: \"{expression}\"}}]");
        assert_eq!(
            found("ValidatingWebhookConfiguration", &format!("webhooks: [{HOOK}, {text}}}]")),
            [""; 0],
            "{expression}"
        );
    }
}

#[test]
fn policies_and_bindings() {
    let policy = |more: &str| {
        let rules = "matchConstraints: {resourceRules: [{operations: [CREATE], apiGroups: [apps], apiVersions: [v1], resources: [deployments]}]}";
        found("ValidatingAdmissionPolicy", &format!("spec: {{{rules}, {more}}}"))
    };
    assert_eq!(
        policy(
            "variables: [{name: a, expression: object.spec.b}], validations: [{expression: variables.a > 1, message: m}]"
        ),
        [""; 0]
    );
    for (more, path) in [
        ("validations: [{expression: variables.a}]", "spec.validations[0].expression"),
        ("variables: [{name: in, expression: '1'}], validations: [{expression: 'true'}]", "spec.variables[0].name"),
        ("validations: [{expression: 'true', message: \"a\\nb\"}]", "spec.validations[0].message"),
        ("validations: [{expression: 'true', messageExpression: '1'}]", "spec.validations[0].messageExpression"),
        (
            "validations: [{expression: 'true', messageExpression: object.data.a}]",
            "spec.validations[0].messageExpression",
        ),
        ("validations: [{expression: params.a == 1}]", "spec.validations[0].expression"),
        ("paramKind: {apiVersion: a/b/c, kind: A}, validations: [{expression: 'true'}]", "spec.paramKind.apiVersion"),
    ] {
        let found = policy(more);
        assert!(found.len() == 1 && found[0].starts_with(&format!("{path}: ")), "{more}: {found:?}");
    }
    assert_eq!(policy("failurePolicy: Fail").len(), 2, "neither validations nor annotations");
    let binding = |more: &str| found("ValidatingAdmissionPolicyBinding", &format!("spec: {{policyName: a, {more}}}"));
    assert_eq!(
        binding("validationActions: [Deny, Audit], paramRef: {name: a, parameterNotFoundAction: Deny}"),
        [""; 0]
    );
    for (more, path) in [
        ("validationActions: []", "spec.validationActions"),
        ("validationActions: [Deny, Warn]", "spec.validationActions"),
        ("validationActions: [Deny, Deny]", "spec.validationActions[1]"),
        ("validationActions: [Deny], paramRef: {parameterNotFoundAction: Deny}", "spec.paramRef"),
    ] {
        let found = binding(more);
        assert!(found.len() == 1 && found[0].starts_with(&format!("{path}: ")), "{more}: {found:?}");
    }
}
