//! What happens to running pods when a ConfigMap or Secret of the same set changes.

use super::Check;
use crate::lint::finding::Context;
use crate::lint::params::Params;
use crate::object::Pod;
use crate::object::references::{Target, references};
use crate::yaml::Node;
use std::collections::BTreeSet;

/// Words in the key of an annotation that changes with the configuration, and so rolls the pods.
const ROLLING: [&str; 5] = ["checksum", "hash", "sha256", "revision", "config-version"];

/// Tells whether something rolls the pods when their configuration changes: an annotation of the pod template that changes
/// with it, or a controller that is asked to.
fn rolls(context: &Context<'_, '_>, pod: &Pod<'_>) -> bool {
    let annotations = |node: Node<'_>| {
        let map = node.at(&["metadata", "annotations"]);
        let says = |key: &str| key.contains("reloader") || key.contains("reload") || key.contains("restart-on");
        let own = ROLLING.iter().any(|word| {
            map.is_some_and(|map| map.entries().any(|entry| entry.name().to_ascii_lowercase().contains(word)))
        });
        own || map.is_some_and(|map| map.entries().any(|entry| says(entry.name())))
    };
    annotations(pod.template) || annotations(context.object.node)
}

/// Tells whether a ConfigMap or Secret of the set may change under its name: it is there, not immutable, and not named by a
/// hash of what it holds, as kustomize does.
fn may_change(context: &Context<'_, '_>, target: Target, name: &str) -> bool {
    let Some(object) = context.set.beside(context.object, "", target.kind(), name) else { return false };
    let immutable = object.node.field("immutable").and_then(Node::as_bool) == Some(true);
    let hashed = name
        .rsplit_once('-')
        .is_some_and(|(_, end)| end.len() == 10 && end.bytes().all(|byte| b"bcdfghkmt2456789".contains(&byte)));
    !immutable && !hashed
}

/// Pods that take their variables from a ConfigMap (`through: env`), or mount one as files (`through: volume`), must be
/// rolled when it changes.
pub(super) fn rolls_nothing(params: &mut Params<'_>) -> Check {
    let through_env = params.word("through", &["env", "volume"]) == "env";
    Check::pod(move |context, pod, findings| {
        if context.object.is("", &["Pod"]) || pod.runs_to_completion(context.object) || rolls(context, pod) {
            return;
        }
        let mut said = BTreeSet::new();
        let by_sub_path = sub_path_volumes(pod);
        for reference in references(pod) {
            let around = || std::iter::successors(reference.name.parent(), |node| node.parent());
            let from_volume = around().filter_map(Node::parent_entry).any(|entry| entry.name() == "volumes");
            let volume = around().find_map(|node| node.field("name").filter(|name| *name != reference.name));
            // A file that never changes is another rule's.
            if from_volume && volume.is_some_and(|volume| by_sub_path.contains(volume.text())) {
                continue;
            }
            let name = reference.name.text();
            if reference.target != Target::ConfigMap
                || from_volume == through_env
                || !may_change(context, reference.target, name)
                || !said.insert(name)
            {
                continue;
            }
            let how = if through_env { "keep the old values" } else { "go on with what they read at their start" };
            findings.at(reference.name).message(format!("when ConfigMap `{name}` changes, the running pods {how}"));
        }
    })
}

/// Names the volumes of which a container mounts a part.
fn sub_path_volumes<'d>(pod: &Pod<'d>) -> BTreeSet<&'d str> {
    let mounts = pod.containers().filter_map(|container| container.node.field("volumeMounts")).flat_map(Node::items);
    let parts = mounts.filter(|mount| mount.field("subPath").or_else(|| mount.field("subPathExpr")).is_some());
    parts.filter_map(|mount| mount.field("name")).map(Node::text).collect()
}

/// A file of a ConfigMap or Secret that is mounted by `subPath` never changes in a running container.
pub(super) fn sub_path(_: &mut Params<'_>) -> Check {
    Check::pod(|context, pod, findings| {
        if context.object.is("", &["Pod"]) || pod.runs_to_completion(context.object) || rolls(context, pod) {
            return;
        }
        let volumes = || pod.spec.field("volumes").into_iter().flat_map(Node::items);
        let source = |name: &str| {
            let volume = volumes().find(|volume| volume.field("name").map(Node::text) == Some(name))?;
            let map = volume.at(&["configMap", "name"]).map(|name| (Target::ConfigMap, name.text()));
            map.or_else(|| Some((Target::Secret, volume.at(&["secret", "secretName"])?.text())))
        };
        for container in pod.containers() {
            for mount in container.node.field("volumeMounts").into_iter().flat_map(Node::items) {
                let Some(path) = mount.field("subPath").or_else(|| mount.field("subPathExpr")) else { continue };
                let Some((target, name)) = mount.field("name").and_then(|name| source(name.text())) else { continue };
                let object = context.set.beside(context.object, "", target.kind(), name);
                if object.is_none() || may_change(context, target, name) {
                    findings.at(path).message(format!(
                        "a change of {} `{name}` does not reach this file: it is mounted by `subPath`",
                        target.kind()
                    ));
                }
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::problems;

    fn deployment(map: &str, annotations: &str, spec: &str) -> String {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {map}}}\ndata: {{A: b}}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec: {{template: {{metadata: {{annotations: {annotations}}}, spec: {{{spec}}}}}}}\n"
        )
    }

    #[test]
    fn pods_roll_with_what_they_read() {
        let env = |map: &str| format!("containers: [{{name: web, envFrom: [{{configMapRef: {{name: {map}}}}}]}}]");
        let volume =
            |map: &str| format!("volumes: [{{name: c, configMap: {{name: {map}}}}}], containers: [{{name: web}}]");
        for (map, annotations, spec, of_env, of_volume) in [
            ("web", "{}", env("web"), 1, 0),
            ("web", "{}", volume("web"), 0, 1),
            ("web", "{checksum/config: abc}", env("web"), 0, 0),
            ("web", "{}", env("other"), 0, 0),
            ("web-5k2d9h4m6t", "{}", env("web-5k2d9h4m6t"), 0, 0),
            ("web", "{reloader.stakater.com/auto: 'true'}", volume("web"), 0, 0),
        ] {
            let text = deployment(map, annotations, &spec);
            let found = |rule| problems(rule, &text).len();
            assert_eq!(found("config-change-rolls-nothing"), of_env, "{map} {annotations} {spec}");
            assert_eq!(found("mounted-config-change-rolls-nothing"), of_volume, "{map} {annotations} {spec}");
        }
    }
}
