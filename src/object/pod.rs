//! Views of pods wherever they live: a Pod itself, the template of a workload, a template that a custom resource embeds.

use super::{EmbeddedPods, Object};
use crate::yaml::Node;

/// What a container is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// An entry of `containers`.
    Main,
    /// An entry of `initContainers` that runs to its end.
    Init,
    /// An entry of `initContainers` with `restartPolicy: Always`: a native sidecar.
    Sidecar,
    /// An entry of `ephemeralContainers`.
    Ephemeral,
}

/// A container of a pod.
#[derive(Clone, Copy, Debug)]
pub struct Container<'d> {
    /// Its map.
    pub node: Node<'d>,
    /// What it is for.
    pub role: Role,
}

impl<'d> Container<'d> {
    /// Gives its name; empty where absent.
    pub fn name(&self) -> &'d str {
        self.node.field("name").map(Node::text).unwrap_or_default()
    }
}

/// A pod, or the template of pods.
#[derive(Clone, Debug)]
pub struct Pod<'d> {
    /// The map that holds `metadata` and `spec`: a Pod's own, or the template's.
    pub template: Node<'d>,
    /// The pod's `spec`.
    pub spec: Node<'d>,
}

impl<'d> Pod<'d> {
    /// Iterates over the containers of all roles: main ones first.
    pub fn containers(&self) -> impl Iterator<Item = Container<'d>> {
        let spec = self.spec;
        let list = move |key: &str| spec.field(key).into_iter().flat_map(Node::items);
        let main = list("containers").map(|node| Container { node, role: Role::Main });
        let init = list("initContainers").map(|node| {
            let always = node.field("restartPolicy").is_some_and(|policy| policy.text() == "Always");
            Container { node, role: if always { Role::Sidecar } else { Role::Init } }
        });
        let ephemeral = list("ephemeralContainers").map(|node| Container { node, role: Role::Ephemeral });
        main.chain(init).chain(ephemeral).filter(|container| container.node.kind() == crate::yaml::Kind::Map)
    }

    /// Tells whether the pod is meant to end by itself: one of a Job, or one that is not always restarted.
    pub fn runs_to_completion(&self, object: &Object<'_>) -> bool {
        let policy = self.spec.field("restartPolicy").map(Node::text);
        object.is("batch", &["Job", "CronJob"]) || matches!(policy, Some("Never" | "OnFailure"))
    }

    /// Tells whether the pod runs on Windows, where Linux's security fields mean nothing.
    pub fn is_windows(&self) -> bool {
        let selected = self.spec.at(&["nodeSelector", "kubernetes.io/os"]);
        self.says_windows() || selected.is_some_and(|name| name.text() == "windows")
    }

    /// Tells whether the pod says itself that it runs on Windows, which is what the server looks at: `os.name`.
    pub fn says_windows(&self) -> bool {
        self.spec.at(&["os", "name"]).is_some_and(|name| name.text() == "windows")
    }

    /// Tells whether the pod runs in a user namespace, where root is nobody on the node: `hostUsers: false`.
    pub fn has_own_users(&self) -> bool {
        self.spec.field("hostUsers").and_then(Node::as_bool) == Some(false)
    }

    /// Gives the labels of the pod.
    pub fn labels(&self) -> Option<Node<'d>> {
        self.template.at(&["metadata", "labels"])
    }
}

/// Finds the pods that an object runs.
pub(super) fn pods<'d>(object: &Object<'d>, embedded: EmbeddedPods<'_>) -> Vec<Pod<'d>> {
    let template: &[&str] = match (object.group(), object.kind) {
        ("", "Pod") => &[],
        ("", "PodTemplate") => &["template"],
        ("", "ReplicationController")
        | ("apps" | "extensions", "Deployment" | "ReplicaSet" | "DaemonSet" | "StatefulSet")
        | ("batch", "Job") => &["spec", "template"],
        ("batch", "CronJob") => &["spec", "jobTemplate", "spec", "template"],
        _ => {
            let mut found = Vec::new();
            for path in embedded(object.api_version, object.kind) {
                follow(object.node, &path, &mut found);
            }
            return found;
        }
    };
    object.node.at(template).into_iter().filter_map(pod).collect()
}

fn pod(template: Node<'_>) -> Option<Pod<'_>> {
    let spec = template.field("spec")?;
    (spec.kind() == crate::yaml::Kind::Map).then_some(Pod { template, spec })
}

fn follow<'d>(node: Node<'d>, path: &[String], found: &mut Vec<Pod<'d>>) {
    match path.split_first() {
        None => found.extend(pod(node)),
        Some((step, rest)) if step == "*" => {
            for child in node.items().chain(node.entries().map(|entry| entry.value)) {
                follow(child, rest, found);
            }
        }
        Some((step, rest)) => {
            if let Some(child) = node.field(step) {
                follow(child, rest, found);
            }
        }
    }
}
