//! Who may do what: roles, and the bindings that hand them out.

use super::Check;
use crate::diagnostic::{Change, nearest};
use crate::lint::finding::Context;
use crate::lint::params::Params;
use crate::object::Object;
use crate::object::selector::first_unmet;
use crate::yaml::Node;

const GROUP: &str = "rbac.authorization.k8s.io";

/// Roles and ClusterRoles that every cluster has, beside those whose names begin with `system:`.
const BUILT_IN: [&str; 5] = ["admin", "cluster-admin", "edit", "extension-apiserver-authentication-reader", "view"];

/// What a rule of a role may not grant.
struct Grant {
    groups: Vec<String>,
    resources: Vec<String>,
    verbs: Vec<String>,
    /// `*` counts as all that it stands for.
    wildcards: bool,
    /// A grant for single objects counts, too.
    named: bool,
}

impl Grant {
    /// Finds the resource and the verb by which a rule grants it.
    fn find<'d>(&self, rule: Node<'d>) -> Option<(Node<'d>, Node<'d>)> {
        let names = rule.field("resourceNames").is_some_and(|names| names.items().len() > 0);
        if names && !self.named {
            return None;
        }
        let listed = |field: &str, wanted: &[String]| {
            let hit = |item: &Node<'_>| {
                wanted.iter().any(|wanted| wanted == item.text()) || (self.wildcards && item.text() == "*")
            };
            rule.field(field).into_iter().flat_map(Node::items).find(hit)
        };
        // The wildcard in `apiGroups` takes nothing away from a resource that is written out.
        let in_group = rule.field("apiGroups").into_iter().flat_map(Node::items).any(|group| {
            self.groups.is_empty() || group.text() == "*" || self.groups.iter().any(|wanted| wanted == group.text())
        });
        let resource = listed("resources", &self.resources).filter(|_| in_group)?;
        Some((resource, listed("verbs", &self.verbs)?))
    }
}

fn rules<'d>(role: &Object<'d>) -> impl Iterator<Item = Node<'d>> + use<'d> {
    role.node.field("rules").into_iter().flat_map(Node::items)
}

/// A role may not grant one of these `verbs` on one of these `resources` in one of these `groups` (any where none is
/// given). A binding may not hand out such a role. `wildcards: true` lets `*` count, `named: true` grants for single
/// objects.
pub(super) fn grant(params: &mut Params<'_>) -> Check {
    let grant = Grant {
        groups: params.optional_list("groups"),
        resources: params.list("resources"),
        verbs: params.list("verbs"),
        wildcards: params.flag("wildcards", false),
        named: params.flag("named", false),
    };
    Check::object(move |context, findings| {
        let object = context.object;
        let what = |(resource, verb): (Node<'_>, Node<'_>)| format!("`{}` on `{}`", verb.text(), resource.text());
        if let Some(name) = object.node.at(&["roleRef", "name"]) {
            let granted = roles(context).into_iter().find_map(|role| {
                let granted = rules(role).find_map(|rule| grant.find(rule))?;
                Some((role, granted))
            });
            if let Some((role, granted)) = granted {
                let message = format!("{} hands out {} by {} `{}`", object.kind, what(granted), role.kind, role.name);
                findings.at(name).message(message).label(granted.0.head(), "granted here");
            }
            return;
        }
        for granted in rules(object).filter_map(|rule| grant.find(rule)) {
            findings.at(granted.0).message(format!("{} `{}` grants {}", object.kind, object.name, what(granted)));
        }
    })
}

/// Finds the role of a binding in the set, and the roles that it gathers.
fn roles<'a, 'd>(context: &Context<'a, 'd>) -> Vec<&'a Object<'d>> {
    let reference = |key: &str| context.object.node.at(&["roleRef", key]).map(Node::text).unwrap_or_default();
    let named = context.set.named(reference("name")).iter().copied();
    let cluster = reference("kind") == "ClusterRole";
    let role = named
        .filter(|role| role.is(GROUP, &[reference("kind")]))
        .find(|role| cluster || role.namespace == context.object.namespace);
    let Some(role) = role else { return Vec::new() };
    let mut found = vec![role];
    let selectors = role.node.at(&["aggregationRule", "clusterRoleSelectors"]);
    for selector in selectors.into_iter().flat_map(Node::items) {
        let gathers = |other: &&Object<'_>| {
            other.node.at(&["metadata", "labels"]).is_some_and(|labels| first_unmet(selector, Some(labels)).is_none())
        };
        found.extend(context.set.of_kind(GROUP, "ClusterRole").filter(gathers));
    }
    found
}

/// No rule of a role may hold `*` in one of these `fields`.
pub(super) fn wildcard(params: &mut Params<'_>) -> Check {
    let fields = params.list("fields");
    Check::object(move |context, findings| {
        for rule in rules(context.object) {
            let lists = fields.iter().filter_map(|field| Some((field, rule.field(field)?)));
            let mut stars =
                lists.filter_map(|(field, list)| Some((field, list.items().find(|item| item.text() == "*")?)));
            if let Some((field, star)) = stars.next() {
                let name = context.object.name;
                findings.at(star).message(format!("{} `{name}` grants all `{field}`", context.object.kind));
            }
        }
    })
}

/// A resource must stand under a group that has it; `known` lists resources with their groups: `apps/deployments`.
pub(super) fn resource_group(params: &mut Params<'_>) -> Check {
    let known: Vec<(String, String)> = params
        .list("known")
        .iter()
        .filter_map(|entry| entry.rsplit_once('/'))
        .map(|(group, resource)| (group.to_owned(), resource.to_owned()))
        .collect();
    Check::object(move |context, findings| {
        for rule in rules(context.object) {
            let groups: Vec<&str> = rule.field("apiGroups").into_iter().flat_map(Node::items).map(Node::text).collect();
            if groups.is_empty() || groups.contains(&"*") {
                continue;
            }
            for resource in rule.field("resources").into_iter().flat_map(Node::items) {
                let plain = resource.text().split('/').next().unwrap_or_default();
                let homes: Vec<&str> =
                    known.iter().filter(|(_, name)| name == plain).map(|(group, _)| group.as_str()).collect();
                // Groups that nobody here knows may have a resource of this name, too.
                let foreign = groups.iter().any(|group| !known.iter().any(|(known, _)| known == group));
                if homes.is_empty() || foreign || homes.iter().any(|home| groups.contains(home)) {
                    continue;
                }
                let written = groups.iter().map(|group| format!("`\"{group}\"`")).collect::<Vec<_>>().join(", ");
                let home = homes.first().copied().unwrap_or_default();
                let finding = findings
                    .at(resource)
                    .message(format!("there are no `{plain}` in the API group {written}"))
                    .help(format!("write `\"{home}\"` under `apiGroups`"));
                // Where the rule is about nothing else, its group is wrong; else it needs one more.
                let lists = (rule.field("apiGroups"), rule.field("resources"));
                if let (Some(groups), Some(resources)) = lists {
                    let one =
                        groups.items().next().filter(|_| groups.items().len() == 1 && resources.items().len() == 1);
                    match one {
                        Some(group) => finding.change(group, Change::Replace(home.into())),
                        None => finding.change(groups, Change::Append(home.into())),
                    };
                }
            }
        }
    })
}

/// A binding may have none of these `names` as a subject: `User/system:anonymous`, `ServiceAccount/default`.
pub(super) fn subject(params: &mut Params<'_>) -> Check {
    let names = params.list("names");
    Check::object(move |context, findings| {
        for subject in context.object.node.field("subjects").into_iter().flat_map(Node::items) {
            let (kind, name) = (subject.field("kind"), subject.field("name"));
            let (Some(kind), Some(name)) = (kind, name) else { continue };
            if names.iter().any(|bad| bad.split_once('/') == Some((kind.text(), name.text()))) {
                findings.at(name).message(format!(
                    "{} `{}` is bound to {} `{}`",
                    context.object.kind,
                    context.object.name,
                    kind.text(),
                    name.text()
                ));
            }
        }
    })
}

/// A binding may hand out none of the ClusterRoles of these `names`. Kubernetes' own bindings (`system:…`) are left alone.
pub(super) fn role(params: &mut Params<'_>) -> Check {
    let names = params.list("names");
    Check::object(move |context, findings| {
        let reference = |key: &str| context.object.node.at(&["roleRef", key]);
        let Some(name) = reference("name").filter(|_| !context.object.name.starts_with("system:")) else { return };
        if names.iter().any(|bad| bad == name.text()) && reference("kind").map(Node::text) == Some("ClusterRole") {
            findings.at(name).message(format!(
                "{} `{}` hands out `{}`",
                context.object.kind,
                context.object.name,
                name.text()
            ));
        }
    })
}

/// The role of a binding must be in the set, where it is of this `kind`.
pub(super) fn dangling(params: &mut Params<'_>) -> Check {
    let kind = params.word("kind", &["Role", "ClusterRole"]);
    Check::object(move |context, findings| {
        let reference = |key: &str| context.object.node.at(&["roleRef", key]);
        let Some(name) = reference("name").filter(|_| reference("kind").map(Node::text) == Some(kind)) else { return };
        let text = name.text();
        let built_in = BUILT_IN.contains(&text) || text.starts_with("system:");
        let namespace = context.object.namespace.as_deref().filter(|_| kind == "Role");
        if !context.run.complete
            || built_in
            || !roles(context).is_empty()
            || context.neighbour(GROUP, kind, text, namespace)
        {
            return;
        }
        let near = nearest(text, context.set.of_kind(GROUP, kind).map(|role| role.name));
        findings.at(name).message(format!("there is no {kind} `{text}` {}", context.whole())).did_you_mean(near);
    })
}

/// A ServiceAccount that a binding names in the set's own namespace must be in the set.
pub(super) fn account(_: &mut Params<'_>) -> Check {
    Check::object(|context, findings| {
        let object = context.object;
        for subject in object.node.field("subjects").into_iter().flat_map(Node::items) {
            let Some(name) =
                subject.field("name").filter(|_| subject.field("kind").map(Node::text) == Some("ServiceAccount"))
            else {
                continue;
            };
            let namespace = subject.field("namespace").map(Node::text).or(object.namespace.as_deref());
            let accounts = || context.set.of_kind("", "ServiceAccount").filter(|a| a.namespace.as_deref() == namespace);
            let ours = namespace == object.namespace.as_deref() && context.run.complete;
            if ours
                && name.text() != "default"
                && !accounts().any(|account| account.name == name.text())
                && !context.neighbour("", "ServiceAccount", name.text(), namespace)
            {
                let near = nearest(name.text(), accounts().map(|account| account.name));
                let message = format!("there is no ServiceAccount `{}` {}", name.text(), context.whole());
                findings.at(name).message(message).did_you_mean(near);
            }
        }
    })
}

/// What `of` names must not be given a token: pods that do not refuse one (`pods`), pods that run as the namespace's default
/// account (`default-pods`), the default account itself (`default-account`).
pub(super) fn token(params: &mut Params<'_>) -> Check {
    const FIELD: &str = "automountServiceAccountToken";
    let of = params.word("of", &["pods", "default-pods", "default-account"]);
    if of == "default-account" {
        return Check::object(|context, findings| {
            let object = context.object;
            if object.name == "default" && object.node.field(FIELD).and_then(Node::as_bool) != Some(false) {
                findings.lacking(object.node.field("metadata").unwrap_or(object.node));
            }
        });
    }
    Check::pod(move |context, pod, findings| {
        let written = pod.spec.field(FIELD);
        if written.and_then(Node::as_bool) == Some(false) {
            return;
        }
        let account = pod.spec.field("serviceAccountName").or_else(|| pod.spec.field("serviceAccount"));
        let name = account.map(Node::text).filter(|name| !name.is_empty()).unwrap_or("default");
        let of_account = context.set.beside(context.object, "", "ServiceAccount", name);
        let refused = of_account.and_then(|account| account.node.field(FIELD)).and_then(Node::as_bool) == Some(false);
        // What the pod says wins over what its account says.
        if refused && written.is_none() {
            return;
        }
        if of == "default-pods" {
            match account.filter(|_| name == "default") {
                Some(account) => _ = findings.at(account),
                None if name == "default" => _ = findings.lacking(pod.spec),
                None => {}
            }
        } else if let Some(written) = written {
            findings.at(written);
        } else {
            findings.lacking(pod.spec);
        }
    })
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::problems;

    fn role(rules: &str) -> String {
        format!(
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {{name: r, labels: {{a: b}}}}\nrules: {rules}\n"
        )
    }

    #[test]
    fn every_rule_of_a_role_is_read() {
        let first = "{apiGroups: [''], resources: [pods], verbs: [get]}";
        for (rule, granted) in [
            ("{apiGroups: [''], resources: [secrets], verbs: [get]}", true),
            ("{apiGroups: ['*'], resources: [configmaps, secrets], verbs: [patch, list]}", true),
            ("{apiGroups: [''], resources: [secrets], verbs: [get], resourceNames: [tls]}", false),
            ("{apiGroups: [''], resources: [secrets], verbs: [delete]}", false),
            ("{apiGroups: [apps], resources: [secrets], verbs: [get]}", false),
        ] {
            let found = problems("secrets-readable", &role(&format!("[{first}, {rule}]")));
            assert_eq!(found.len(), usize::from(granted), "{rule} {found:?}");
        }
    }

    #[test]
    fn a_binding_reaches_what_its_role_gathers() {
        let binding = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: b}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: all}\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: all}\naggregationRule: {clusterRoleSelectors: [{matchLabels: {a: b}}]}\n---\n";
        let text = format!("{binding}{}", role("[{apiGroups: [''], resources: ['*'], verbs: [get]}]"));
        assert_eq!(
            problems("binding-reaches-secrets", &text),
            ["4:73 roleRef.name: ClusterRoleBinding hands out `get` on `*` by ClusterRole `r`"]
        );
    }

    #[test]
    fn resources_stand_under_their_groups() {
        for (rule, wrong) in [
            ("{apiGroups: [''], resources: [deployments], verbs: [get]}", true),
            ("{apiGroups: [''], resources: [deployments/scale], verbs: [get]}", true),
            ("{apiGroups: [apps, ''], resources: [deployments, pods], verbs: [get]}", false),
            ("{apiGroups: [example.com], resources: [deployments], verbs: [get]}", false),
            ("{apiGroups: ['*'], resources: [deployments], verbs: [get]}", false),
        ] {
            let found = problems("resource-in-wrong-group", &role(&format!("[{rule}]"))).len();
            assert_eq!(found, usize::from(wrong), "{rule}");
        }
    }
}
