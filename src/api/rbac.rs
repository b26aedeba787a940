//! Roles, and what binds them to subjects.

use super::Judge;
use super::check::{Check, Place, items, show, text};
use super::selector::label_selector;
use super::syntax::{dns_subdomain, path_segment};
use crate::yaml::Node;

const GROUP: &str = "rbac.authorization.k8s.io";

/// Gives the judge of a kind.
pub(super) fn find(group: &str, kind: &str) -> Option<Judge> {
    match (group, kind) {
        (GROUP, "Role") => Some(|check, object| rules(check, object, true)),
        (GROUP, "ClusterRole") => Some(cluster_role),
        (GROUP, "RoleBinding") => Some(|check, object| binding(check, object, true)),
        (GROUP, "ClusterRoleBinding") => Some(|check, object| binding(check, object, false)),
        _ => None,
    }
}

fn cluster_role<'d>(check: &mut Check<'d>, object: Node<'d>) {
    rules(check, object, false);
    let Some(aggregation) = object.field("aggregationRule") else { return };
    if items(aggregation, "clusterRoleSelectors").next().is_none() {
        let message = "an `aggregationRule` needs selectors of the roles that it gathers";
        check.error("api/rbac", (aggregation, "clusterRoleSelectors"), message);
    }
    items(aggregation, "clusterRoleSelectors").for_each(|selector| label_selector(check, selector));
}

fn rules<'d>(check: &mut Check<'d>, object: Node<'d>, namespaced: bool) {
    for rule in items(object, "rules") {
        let has = |field: &str| items(rule, field).next().is_some();
        if !has("verbs") {
            check.error("api/rbac", (rule, "verbs"), "a rule needs `verbs`");
        }
        if has("nonResourceURLs") {
            if namespaced {
                let message = "a Role is of a namespace, and rules no URLs";
                check.error("api/rbac", (rule, "nonResourceURLs"), message).help("use a ClusterRole");
            }
            if has("apiGroups") || has("resources") || has("resourceNames") {
                let message = "a rule is of resources or of `nonResourceURLs`, not of both";
                check.error("api/rbac", (rule, "nonResourceURLs"), message).help("make it two rules");
            }
            continue;
        }
        if !has("apiGroups") {
            let said = check.error("api/rbac", (rule, "apiGroups"), "a rule of resources needs `apiGroups`");
            said.help("the core group is `\"\"`");
        }
        if !has("resources") {
            check.error("api/rbac", (rule, "resources"), "a rule of resources needs `resources`");
        }
    }
}

fn binding<'d>(check: &mut Check<'d>, object: Node<'d>, namespaced: bool) {
    let kinds: &[&str] = if namespaced { &["Role", "ClusterRole"] } else { &["ClusterRole"] };
    if let Some(role) = object.field("roleRef") {
        if !text(role, "apiGroup").is_empty() {
            check.word("api/rbac", role, "apiGroup", &[GROUP]);
        }
        if check.required("api/rbac", role, "kind").is_some() {
            check.word("api/rbac", role, "kind", kinds);
        }
        if let Some(name) = check.required("api/rbac", role, "name") {
            check.syntax("api/rbac", name, "name", name.text(), path_segment);
        }
    } else {
        check.error("api/rbac", Place::Keyed(object.head(), object, "roleRef", "name"), "a binding needs a `roleRef`");
    }
    items(object, "subjects").for_each(|one| subject(check, one, namespaced));
}

fn subject<'d>(check: &mut Check<'d>, subject: Node<'d>, namespaced: bool) {
    let name = check.required("api/rbac", subject, "name");
    let group = text(subject, "apiGroup");
    match text(subject, "kind") {
        "ServiceAccount" => {
            if let Some(name) = name {
                check.syntax("api/rbac", name, "name", name.text(), dns_subdomain);
            }
            if !group.is_empty() {
                let message = format!("`apiGroup` is `{}`, but a ServiceAccount is of the core group", show(group));
                check.error("api/rbac", (subject, "apiGroup"), message).help("remove `apiGroup`");
            }
            if !namespaced {
                check.required("api/rbac", subject, "namespace");
            }
        }
        "User" | "Group" if group.is_empty() => {}
        "User" | "Group" => _ = check.word("api/rbac", subject, "apiGroup", &[GROUP]),
        "" => _ = check.required("api/rbac", subject, "kind"),
        _ => _ = check.word("api/rbac", subject, "kind", &["ServiceAccount", "User", "Group"]),
    }
}

#[cfg(test)]
mod tests {
    use crate::api::testing::judged;

    #[test]
    fn rules_roles_and_subjects() {
        let found = judged(
            "apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: 'system:web'}
rules:
  - {verbs: [get], resources: [pods]}
  - {verbs: [get], apiGroups: ['']}
  - {verbs: [], apiGroups: [''], resources: [pods]}
  - {verbs: [get], nonResourceURLs: [/x], resources: [pods]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: a/b}
aggregationRule: {}
rules: [{verbs: [get], nonResourceURLs: [/x]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: web}
roleRef: {kind: Role, name: a/b, apiGroup: apps}
subjects:
  - {kind: ServiceAccount, name: web}
  - {kind: ServiceAccount, name: We, namespace: a, apiGroup: apps}
  - {kind: User, name: ann, apiGroup: v1}
  - {kind: Group, name: all}
",
        );
        let expected = [
            "error api/rbac rules[0].apiGroups: a rule of resources needs `apiGroups`",
            "error api/rbac rules[1].resources: a rule of resources needs `resources`",
            "error api/rbac rules[2].verbs: a rule needs `verbs`",
            "error api/rbac rules[3].nonResourceURLs: a Role is of a namespace, and rules no URLs",
            "error api/rbac rules[3].nonResourceURLs: a rule is of resources or of `nonResourceURLs`, not of both",
            "error api/name metadata.name: `name` is `a/b`, but may not hold `/` or `%`",
            "error api/rbac aggregationRule.clusterRoleSelectors: an `aggregationRule` needs selectors of the roles that it gathers",
            "error api/rbac roleRef.kind: `kind` is `Role`, but must be one of `ClusterRole`",
            "error api/rbac roleRef.name: `name` is `a/b`, but may not hold `/` or `%`",
            "error api/rbac roleRef.apiGroup: `apiGroup` is `apps`, but must be one of `rbac.authorization.k8s.io`",
            "error api/rbac subjects[0].namespace: `namespace` is missing",
            "error api/rbac subjects[1].name: `name` is `We`, but may hold only small letters, digits, `-` and `.`, and each part between dots begins and ends with a letter or digit",
            "error api/rbac subjects[1].apiGroup: `apiGroup` is `apps`, but a ServiceAccount is of the core group",
            "error api/rbac subjects[2].apiGroup: `apiGroup` is `v1`, but must be one of `rbac.authorization.k8s.io`",
        ];
        assert_eq!(found, expected, "{found:#?}");
    }
}
