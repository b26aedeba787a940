//! Volumes that not every pod of a workload can have.

use super::rollout::strategy;
use crate::lint::checks::Check;
use crate::lint::finding::Context;
use crate::lint::params::Params;
use crate::lint::scaling::replicas;
use crate::object::Pod;
use crate::object::references::{Target, references};
use crate::yaml::Node;

/// Finds the claim of a pod that one node at a time can mount, by its access modes. A claim that is not in the set counts
/// where `unknown` says so.
pub(super) fn exclusive_claim<'d>(context: &Context<'_, 'd>, pod: &Pod<'d>, unknown: bool) -> Option<Node<'d>> {
    let claims = references(pod).into_iter().filter(|reference| reference.target == Target::PersistentVolumeClaim);
    let mut names = claims.map(|reference| reference.name);
    names.find(|name| match context.set.beside(context.object, "", "PersistentVolumeClaim", name.text()) {
        None => unknown,
        Some(claim) => {
            let modes = || claim.node.at(&["spec", "accessModes"]).into_iter().flat_map(Node::items);
            modes().next().is_some() && modes().all(|mode| matches!(mode.text(), "ReadWriteOnce" | "ReadWriteOncePod"))
        }
    })
}

/// A Deployment whose pods share a claim that one node at a time can mount must run one pod, and stop it before the next
/// one starts.
pub(in crate::lint::checks) fn rolling(_: &mut Params<'_>) -> Check {
    Check::pod(|context, pod, findings| {
        let object = context.object;
        let Some(claim) = exclusive_claim(context, pod, false) else { return };
        let Some(count) = replicas(context.set, object) else { return };
        let (strategy, way) = strategy(object);
        let rolling = strategy.and_then(|strategy| strategy.field("rollingUpdate"));
        let surge = rolling.and_then(|rolling| rolling.field("maxSurge")).map(Node::text);
        let shown = format!("the claim `{}`, which one node at a time can mount", claim.text());
        if count.least > 1 {
            let place = count.written.or(object.spec()).unwrap_or(object.node);
            let message = format!("{} pods of `{}` share {shown}", count.least, object.name);
            findings.at(place).message(message).label(claim.head(), "the claim");
        } else if way == "RollingUpdate" && !matches!(surge, Some("0" | "0%")) {
            let message = format!("an update of `{}` starts the new pod while the old one holds {shown}", object.name);
            let place = strategy.and_then(|strategy| strategy.field("type"));
            let finding = match place {
                Some(kind) => findings.at(kind),
                None => findings.lacking(strategy.or(object.spec()).unwrap_or(object.node)),
            };
            finding.message(message).label(claim.head(), "the claim");
        }
    })
}

/// Several pods of a workload may not write to a folder of the node: each sees that of its own node.
pub(in crate::lint::checks) fn host_path(_: &mut Params<'_>) -> Check {
    Check::pod(|context, pod, findings| {
        let Some(count) = replicas(context.set, context.object).filter(|count| count.least > 1) else { return };
        for volume in pod.spec.field("volumes").into_iter().flat_map(Node::items) {
            let Some(source) = volume.field("hostPath") else { continue };
            let name = volume.field("name").map(Node::text).unwrap_or_default();
            let folder = matches!(source.field("type").map_or("", Node::text), "" | "Directory" | "DirectoryOrCreate");
            let mut mounts = pod
                .containers()
                .flat_map(|container| container.node.field("volumeMounts").into_iter().flat_map(Node::items));
            let written = mounts.any(|mount| {
                mount.field("name").map(Node::text) == Some(name)
                    && mount.field("readOnly").and_then(Node::as_bool) != Some(true)
            });
            if let Some(path) = source.field("path").filter(|_| folder && written) {
                findings.at(path).message(format!(
                    "{} pods of `{}` write to `{}`, and each to that of its own node",
                    count.least,
                    context.object.name,
                    path.text()
                ));
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::problems;

    #[test]
    fn a_claim_of_one_node_allows_one_pod_at_a_time() {
        for (modes, spec, flagged) in [
            ("ReadWriteOnce", "replicas: 1", true),
            ("ReadWriteOnce", "strategy: {type: Recreate}", false),
            (
                "ReadWriteOnce",
                "strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}",
                false,
            ),
            ("ReadWriteOnce", "replicas: 2, strategy: {type: Recreate}", true),
            ("ReadWriteOncePod", "replicas: 1", true),
            ("ReadWriteOnce, ReadWriteMany", "replicas: 2", false),
            ("ReadOnlyMany", "replicas: 2", false),
        ] {
            let text = format!(
                "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{name: data}}\nspec: {{accessModes: [{modes}]}}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec: {{{spec}, template: {{spec: {{volumes: [{{name: d, persistentVolumeClaim: {{claimName: data}}}}]}}}}}}\n"
            );
            let found = problems("rolling-update-shares-volume", &text).len();
            assert_eq!(found, usize::from(flagged), "{modes} {spec}");
        }
    }
}
