//! References to objects that are not there.

use super::Check;
use crate::diagnostic::nearest;
use crate::lint::params::Params;
use crate::object::Object;
use crate::object::references::{Target, references};
use crate::yaml::Node;
use std::collections::BTreeSet;

fn target(params: &mut Params<'_>) -> Target {
    match params.word("target", &["ConfigMap", "Secret", "ServiceAccount", "PersistentVolumeClaim"]) {
        "Secret" => Target::Secret,
        "ServiceAccount" => Target::ServiceAccount,
        "PersistentVolumeClaim" => Target::PersistentVolumeClaim,
        _ => Target::ConfigMap,
    }
}

/// What a pod names must be in the set, or be made by something in it, unless it is optional. Said once per name.
pub(super) fn reference(params: &mut Params<'_>) -> Check {
    let target = target(params);
    Check::pod(move |context, pod, findings| {
        if !context.run.complete {
            return;
        }
        let mut said = BTreeSet::new();
        for reference in references(pod).iter().filter(|reference| reference.target == target && !reference.optional) {
            let name = reference.name.text();
            if always_there(target, name)
                || is_templated(context.object, reference.name)
                || context.set.provider(context.object, target, name).is_some()
                || context.neighbour("", target.kind(), name, context.object.namespace.as_deref())
                || !said.insert(name)
            {
                continue;
            }
            let there = context.set.of_kind("", target.kind());
            let there = there.filter(|object| object.namespace == context.object.namespace);
            let near = nearest(name, there.map(|object| object.name));
            let message = format!("there is no {} `{name}` {}", target.kind(), context.whole());
            findings.at(reference.name).message(message).did_you_mean(near);
        }
    })
}

/// Tells whether a claim is named by a volume in whose place a StatefulSet puts one of its claim templates.
fn is_templated(object: &Object<'_>, claim: Node<'_>) -> bool {
    let volume = claim.parent().and_then(Node::parent).and_then(|volume| volume.field("name")).map(Node::text);
    let templates = object.spec().and_then(|spec| spec.field("volumeClaimTemplates")).into_iter().flat_map(Node::items);
    let mut names = templates.filter_map(|template| template.at(&["metadata", "name"]));
    volume.is_some_and(|volume| names.any(|name| name.text() == volume))
}

/// Tells what every namespace has.
fn always_there(target: Target, name: &str) -> bool {
    match target {
        Target::ServiceAccount => name == "default",
        Target::ConfigMap => name == "kube-root-ca.crt",
        Target::Secret | Target::PersistentVolumeClaim => false,
    }
}

/// The Secrets that a ServiceAccount names must be in the set.
pub(super) fn account_secrets(_: &mut Params<'_>) -> Check {
    Check::object(|context, findings| {
        let object = context.object;
        let lists = ["imagePullSecrets", "secrets"].into_iter().filter_map(|field| object.node.field(field));
        for name in lists.flat_map(Node::items).filter_map(|item| item.field("name")).filter(|_| context.run.complete) {
            let namespace = object.namespace.as_deref();
            if context.set.provider(object, Target::Secret, name.text()).is_none()
                && !context.neighbour("", "Secret", name.text(), namespace)
            {
                findings.at(name).message(format!("there is no Secret `{}` {}", name.text(), context.whole()));
            }
        }
    })
}

/// A key that a pod names must be in the ConfigMap or Secret of that name, where the set holds it.
pub(super) fn key(params: &mut Params<'_>) -> Check {
    let target = target(params);
    Check::pod(move |context, pod, findings| {
        for reference in references(pod).iter().filter(|reference| reference.target == target && !reference.optional) {
            let Some(key) = reference.key else { continue };
            let Some(object) = context.set.beside(context.object, "", target.kind(), reference.name.text()) else {
                continue;
            };
            let keys = keys(object);
            // One without any is a shell that something fills in the cluster.
            if keys.is_empty() || keys.contains(&key.text()) {
                continue;
            }
            let message = format!("the {} `{}` has no key `{}`", target.kind(), object.name, key.text());
            findings
                .at(key)
                .message(message)
                .did_you_mean(nearest(key.text(), keys.iter().copied()))
                .label(object.node.head(), "the object");
        }
    })
}

fn keys<'d>(object: &Object<'d>) -> Vec<&'d str> {
    let maps = ["data", "stringData", "binaryData"].into_iter().filter_map(|field| object.node.field(field));
    maps.flat_map(Node::entries).map(|entry| entry.name()).collect()
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::{pod, problems};

    fn with_secret(maker: &str) -> Vec<String> {
        let pod = pod("dnsPolicy: Default", "envFrom: [{secretRef: {name: db}}]");
        problems("dangling-secret", &format!("{pod}---\n{maker}"))
    }

    #[test]
    fn what_makes_a_secret_counts_as_the_secret() {
        for maker in [
            "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\n",
            "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: db}\nspec: {}\n",
            "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: x}\nspec: {target: {name: db}}\n",
            "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: db}\nspec: {}\n",
            "apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {name: x}\nspec: {secretName: db}\n",
        ] {
            assert_eq!(with_secret(maker), [""; 0], "{maker}");
        }
        let other = "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: db}\nspec: {target: {name: x}}\n";
        assert_eq!(
            with_secret(other),
            ["8:36 spec.containers[0].envFrom[0].secretRef.name: there is no Secret `db` in what is checked"]
        );
    }

    #[test]
    fn another_namespace_does_not_help() {
        let maker = "apiVersion: v1\nkind: Secret\nmetadata: {name: db, namespace: other}\n";
        assert_eq!(with_secret(maker).len(), 1);
    }

    #[test]
    fn claim_templates_make_claims() {
        let claim = |name: &str| {
            let pod =
                pod(&format!("volumes: [{{name: d, persistentVolumeClaim: {{claimName: {name}}}}}]"), "image: a:1");
            let set = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db}\nspec:\n  volumeClaimTemplates: [{metadata: {name: data}}]\n";
            problems("dangling-pvc", &format!("{pod}---\n{set}")).len()
        };
        assert_eq!(claim("data-db-0"), 0);
        assert_eq!(claim("data-db-x"), 1);
        assert_eq!(claim("data"), 1);
    }
}
