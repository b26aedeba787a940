use super::Policies;
use crate::object::ObjectSet;
use crate::schema::SchemaStore;
use crate::source::SourceMap;
use crate::yaml::parse;

/// Judges a text by the policies in it: a line `severity rule path: message` per finding.
fn judged(text: &str) -> Vec<String> {
    let parsed = parse(&SourceMap::new().add("a.yaml", text));
    assert!(parsed.diagnostics.is_empty(), "{:?}", parsed.diagnostics);
    let objects = ObjectSet::read(&parsed.documents, Some("shop"), &|_, _| Vec::new());
    let findings = Policies::gather(&objects).judge(&objects, &SchemaStore::new());
    findings
        .iter()
        .map(|f| format!("{} {} {}: {}", f.severity.name(), f.rule, f.path.as_deref().unwrap_or_default(), f.message))
        .collect()
}

const POLICY: &str = "\
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: { name: few-replicas }
spec:
  matchConstraints:
    resourceRules: [{ apiGroups: [apps], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [deployments] }]
  matchConditions: [{ name: not-exempt, expression: \"!has(object.metadata.labels) || !('exempt' in object.metadata.labels)\" }]
  variables: [{ name: limit, expression: \"params == null ? 5 : int(params.data.limit)\" }]
  validations:
    - expression: object.spec.replicas <= variables.limit
      message: too many replicas
      messageExpression: \"'at most ' + string(variables.limit) + ' replicas'\"
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec: { replicas: 7 }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: exempt, labels: { exempt: 'yes' } }
spec: { replicas: 7 }
---
apiVersion: v1
kind: Service
metadata: { name: web }
";

fn with_binding(binding: &str) -> Vec<String> {
    judged(&format!(
        "{POLICY}---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {{ name: few-replicas }}
spec: {binding}
"
    ))
}

#[test]
fn a_bound_policy_is_enforced_at_the_field_it_speaks_of() {
    let deny = "{ policyName: few-replicas, validationActions: [Deny] }";
    assert_eq!(
        with_binding(deny),
        ["error policy/few-replicas spec.replicas: policy `few-replicas`: at most 5 replicas"]
    );
    let warn = "{ policyName: few-replicas, validationActions: [Warn, Audit] }";
    assert!(with_binding(warn)[0].starts_with("warning "));
    assert_eq!(with_binding("{ policyName: other, validationActions: [Deny] }"), [""; 0]);
    assert_eq!(judged(POLICY), [""; 0], "nothing binds it");
}

#[test]
fn namespaces_are_selected_by_what_is_known_of_them() {
    let of = |selector: &str| {
        with_binding(&format!(
            "{{ policyName: few-replicas, validationActions: [Deny], matchResources: {{ namespaceSelector: {selector} }} }}"
        ))
    };
    assert_eq!(of("{ matchLabels: { kubernetes.io/metadata.name: shop } }").len(), 1);
    assert_eq!(of("{ matchLabels: { kubernetes.io/metadata.name: other } }"), [""; 0]);
    let unknown = of("{ matchLabels: { team: a } }");
    assert!(
        unknown[0].starts_with("info policy/few-replicas : policy `few-replicas` cannot be judged here"),
        "{unknown:?}"
    );
}

#[test]
fn parameters_come_from_the_files() {
    let with = |params: &str| {
        let text = POLICY.replace(
            "spec:\n  matchConstraints",
            "spec:\n  paramKind: { apiVersion: v1, kind: ConfigMap }\n  matchConstraints",
        );
        judged(&format!(
            "{text}---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {{ name: few-replicas }}
spec: {{ policyName: few-replicas, validationActions: [Deny], paramRef: {{ name: limits, parameterNotFoundAction: Deny }} }}
---
{params}"
        ))
    };
    let limits = |limit: u8| {
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{ name: limits }}\ndata: {{ limit: '{limit}' }}\n")
    };
    assert_eq!(with(&limits(7)), [""; 0]);
    assert_eq!(
        with(&limits(3)),
        ["error policy/few-replicas spec.replicas: policy `few-replicas`: at most 3 replicas"]
    );
    let missing = with("");
    let message = "policy `few-replicas` cannot be judged here: its parameters are not among these files";
    assert_eq!(missing, [format!("info policy/few-replicas : {message}")], "once, whatever the number of objects");
}

#[test]
fn an_expression_that_fails_refuses_unless_failures_are_ignored() {
    let text = POLICY.replace("object.spec.replicas <=", "object.spec.missing <=");
    let binding = "---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: { name: few-replicas }
spec: { policyName: few-replicas, validationActions: [Deny] }
";
    let found = judged(&format!("{text}{binding}"));
    assert!(found[0].contains("fails: no such key: missing"), "{found:?}");
    let ignoring = text.replace("spec:\n  matchConstraints", "spec:\n  failurePolicy: Ignore\n  matchConstraints");
    assert_eq!(judged(&format!("{ignoring}{binding}")), [""; 0]);
    let asking = text.replace(
        "object.spec.missing <= variables.limit",
        "authorizer.group('').resource('pods').check('get').allowed()",
    );
    let found = judged(&format!("{asking}{binding}"));
    assert!(
        found[0].starts_with("info ") && found[0].contains("`authorizer` is known to the cluster alone"),
        "{found:?}"
    );
}

/// Judges a Deployment by one expression of a bound policy.
fn expression(expression: &str) -> Vec<String> {
    judged(&format!(
        "apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {{ name: p }}
spec:
  matchConstraints:
    resourceRules: [{{ apiGroups: [apps], apiVersions: [v1], operations: [CREATE], resources: [deployments] }}]
  variables: [{{ name: broken, expression: object.spec.nothing }}]
  validations: [{{ expression: \"{expression}\" }}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {{ name: p }}
spec: {{ policyName: p, validationActions: [Deny] }}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{ name: web }}
spec: {{ template: {{ spec: {{ containers: [{{ name: a, image: a }}] }} }} }}
"
    ))
}

#[test]
fn objects_are_judged_with_what_the_server_fills_in() {
    for holds in [
        "object.spec.replicas <= 3 && object.spec.strategy.type == 'RollingUpdate'",
        "object.spec.template.spec.containers.all(c, !has(c.resources.limits) && c.imagePullPolicy == 'Always')",
        "!has(object.spec.template.spec.securityContext.runAsUser)",
        "namespaceObject.metadata.name == 'shop'",
    ] {
        assert_eq!(expression(holds), [""; 0], "{holds}");
    }
    let denied = expression("object.spec.template.spec.containers.all(c, has(c.resources.limits))");
    assert!(denied.len() == 1 && denied[0].starts_with("error policy/p "), "{denied:?}");
}

#[test]
fn what_only_a_cluster_knows_is_no_refusal() {
    for unknown in [
        "request.userInfo.username != ''",
        "has(object.metadata.uid)",
        "namespaceObject.metadata.labels['team'] == 'a'",
        "object.status.replicas == 1",
        "format.named('dns1123Label').hasValue()",
    ] {
        let found = expression(unknown);
        assert!(found.len() == 1 && found[0].starts_with("info policy/p "), "{unknown}: {found:?}");
    }
}

#[test]
fn what_uses_a_variable_fails_as_the_variable_does() {
    let found = expression("variables.broken == 1");
    assert!(found.len() == 1 && found[0].contains("`object.spec.nothing` fails: no such key: nothing"), "{found:?}");
}
