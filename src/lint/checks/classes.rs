//! Classes, namespaces and volumes: what a set brings along, others of the set must find there.

use super::Check;
use crate::diagnostic::nearest;
use crate::lint::finding::Context;
use crate::lint::params::Params;
use crate::object::Object;
use crate::schema::Amount;
use crate::yaml::Node;

/// Where objects name something that lives outside of namespaces.
struct Class {
    group: &'static str,
    kind: &'static str,
    built_in: &'static [&'static str],
}

const CLASSES: [Class; 5] = [
    Class { group: "networking.k8s.io", kind: "IngressClass", built_in: &[] },
    Class { group: "", kind: "Namespace", built_in: &["default", "kube-node-lease", "kube-public", "kube-system"] },
    Class {
        group: "scheduling.k8s.io",
        kind: "PriorityClass",
        built_in: &["system-cluster-critical", "system-node-critical"],
    },
    Class { group: "node.k8s.io", kind: "RuntimeClass", built_in: &[] },
    Class { group: "storage.k8s.io", kind: "StorageClass", built_in: &[] },
];

/// Collects the scalars of an object that name something of a kind.
fn names<'d>(object: &Object<'d>, kind: &str) -> Vec<Node<'d>> {
    let of_pods = |field: &str| object.pods.iter().filter_map(|pod| pod.spec.field(field)).collect();
    let of_claims = || claims(object).into_iter().filter_map(|claim| claim.at(&["spec", "storageClassName"])).collect();
    match kind {
        "IngressClass" if object.is("networking.k8s.io", &["Ingress"]) => {
            object.node.at(&["spec", "ingressClassName"]).into_iter().collect()
        }
        "Namespace" => object.node.at(&["metadata", "namespace"]).into_iter().collect(),
        "PriorityClass" => of_pods("priorityClassName"),
        "RuntimeClass" => of_pods("runtimeClassName"),
        "StorageClass" => of_claims(),
        _ => Vec::new(),
    }
}

/// Collects the claims of an object: a PersistentVolumeClaim itself, and a StatefulSet's templates.
fn claims<'d>(object: &Object<'d>) -> Vec<Node<'d>> {
    if object.is("", &["PersistentVolumeClaim"]) {
        return vec![object.node];
    }
    let templates = object.node.at(&["spec", "volumeClaimTemplates"]).filter(|_| object.is("apps", &["StatefulSet"]));
    templates.into_iter().flat_map(Node::items).collect()
}

/// Where the set brings objects of a `kind`, others may name only those, and what every cluster has.
pub(super) fn reference(params: &mut Params<'_>) -> Check {
    let kinds: Vec<&'static str> = CLASSES.iter().map(|class| class.kind).collect();
    let kind = params.word("kind", &kinds);
    Check::object(move |context, findings| {
        let Some(class) = CLASSES.iter().find(|class| class.kind == kind) else { return };
        let known = || context.set.of_kind(class.group, class.kind).map(|object| object.name);
        if !context.run.complete || known().next().is_none() {
            return;
        }
        for name in names(context.object, kind) {
            let text = name.text();
            let there = text.is_empty()
                || class.built_in.contains(&text)
                || known().any(|known| known == text)
                || context.neighbour(class.group, class.kind, text, None);
            if !there {
                let message = format!("there is no {kind} `{text}` {}, which has others", context.whole());
                findings.at(name).message(message).did_you_mean(nearest(text, known()));
            }
        }
    })
}

/// Where the set brings the PersistentVolumes of a claim's class, one of them must fit the claim.
pub(super) fn claim(_: &mut Params<'_>) -> Check {
    Check::object(|context, findings| {
        if !context.run.complete {
            return;
        }
        for claim in claims(context.object) {
            let Some(spec) = claim.field("spec").filter(|_| !is_provisioned(context, claim)) else { continue };
            let class = spec.field("storageClassName").map(Node::text);
            let wanted = spec.field("volumeName").map(Node::text).filter(|name| !name.is_empty());
            let volumes = context.set.of_kind("", "PersistentVolume").filter(|volume| match (wanted, class) {
                (Some(wanted), _) => volume.name == wanted,
                (None, Some(class)) => volume_class(volume) == class,
                // Which class is the default one is the cluster's affair.
                (None, None) => false,
            });
            let misfits: Option<Vec<(&Object<'_>, String)>> =
                volumes.map(|volume| Some((volume, misfit(spec, volume)?))).collect();
            if let Some((volume, why)) = misfits.and_then(|misfits| misfits.into_iter().next()) {
                findings
                    .at(spec)
                    .message(format!(
                        "no PersistentVolume {} fits this claim: `{}` {why}",
                        context.whole(),
                        volume.name
                    ))
                    .label(volume.node.head(), "the volume");
            }
        }
    })
}

/// Tells whether a StorageClass of the set makes volumes for a claim.
fn is_provisioned(context: &Context<'_, '_>, claim: Node<'_>) -> bool {
    let class = claim.at(&["spec", "storageClassName"]).map(Node::text).unwrap_or_default();
    let named = claim.at(&["spec", "volumeName"]).is_some_and(|name| !name.text().is_empty());
    let mut classes = context.set.of_kind("storage.k8s.io", "StorageClass");
    let provisioner = classes.find(|object| object.name == class).and_then(|class| class.node.field("provisioner"));
    !named && provisioner.is_some_and(|provisioner| provisioner.text() != "kubernetes.io/no-provisioner")
}

fn volume_class<'d>(volume: &Object<'d>) -> &'d str {
    volume.node.at(&["spec", "storageClassName"]).map(Node::text).unwrap_or_default()
}

/// Says why a volume does not fit a claim; none where it does.
fn misfit(claim: Node<'_>, volume: &Object<'_>) -> Option<String> {
    let spec = volume.spec()?;
    if let Some(class) = claim.field("storageClassName").filter(|class| class.text() != volume_class(volume)) {
        return Some(format!("is of the class `{}`, not `{}`", volume_class(volume), class.text()));
    }
    let offers = |mode: &Node<'_>| {
        spec.field("accessModes").is_some_and(|modes| modes.items().any(|known| known.text() == mode.text()))
    };
    let mut wanted = claim.field("accessModes").into_iter().flat_map(Node::items);
    if let Some(mode) = wanted.find(|mode| !offers(mode)) {
        return Some(format!("does not offer `{}`", mode.text()));
    }
    let mode = |node: Node<'_>| node.field("volumeMode").map_or("Filesystem".to_owned(), |mode| mode.text().to_owned());
    if mode(claim) != mode(spec) {
        return Some(format!("has the volume mode `{}`", mode(spec)));
    }
    let amount = |node: Node<'_>, path: &[&str]| Amount::read(node.at(path)?.text());
    let (asked, has) = (amount(claim, &["resources", "requests", "storage"]), amount(spec, &["capacity", "storage"]));
    if let (Some(asked), Some(has)) = (asked, has)
        && asked > has
    {
        let shown = spec.at(&["capacity", "storage"]).map(Node::text).unwrap_or_default();
        return Some(format!("has only {shown}"));
    }
    let unmet = claim
        .field("selector")
        .and_then(|selector| crate::object::selector::first_unmet(selector, volume.node.at(&["metadata", "labels"])));
    unmet.map(|_| "has other labels than `selector` wants".to_owned())
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::problems;

    #[test]
    fn one_volume_that_fits_is_enough() {
        let claim = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data}\nspec: {storageClassName: local, accessModes: [ReadWriteOnce], resources: {requests: {storage: 10Gi}}}\n---\n";
        let volume = |class: &str, modes: &str, size: &str| {
            format!(
                "apiVersion: v1\nkind: PersistentVolume\nmetadata: {{name: v}}\nspec: {{storageClassName: {class}, accessModes: [{modes}], capacity: {{storage: {size}}}}}\n---\n"
            )
        };
        let small = volume("local", "ReadWriteOnce", "5Gi");
        let fits = volume("local", "ReadWriteOnce, ReadWriteMany", "10240Mi");
        let other = volume("fast", "ReadWriteOnce", "5Gi");
        let many = volume("local", "ReadWriteMany", "50Gi");
        let class =
            "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: local}\nprovisioner: example.com/p\n";
        for (volumes, expected) in [
            (small.clone(), Some("`v` has only 5Gi")),
            (format!("{small}{fits}"), None),
            (other, None),
            (many, Some("`v` does not offer `ReadWriteOnce`")),
            (format!("{small}{class}"), None),
        ] {
            let found = problems("claim-without-fitting-volume", &format!("{claim}{volumes}"));
            let expected: Vec<String> = expected
                .into_iter()
                .map(|why| format!("4:7 spec: no PersistentVolume in what is checked fits this claim: {why}"))
                .collect();
            assert_eq!(found, expected, "{volumes}");
        }
    }
}
