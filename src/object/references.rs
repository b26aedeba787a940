//! What a pod asks for by name: ConfigMaps, Secrets, a ServiceAccount, PersistentVolumeClaims.

use super::Pod;
use crate::yaml::Node;

/// What a reference names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A ConfigMap.
    ConfigMap,
    /// A Secret.
    Secret,
    /// A ServiceAccount.
    ServiceAccount,
    /// A PersistentVolumeClaim.
    PersistentVolumeClaim,
}

impl Target {
    /// Gives the kind as manifests write it.
    pub fn kind(self) -> &'static str {
        match self {
            Self::ConfigMap => "ConfigMap",
            Self::Secret => "Secret",
            Self::ServiceAccount => "ServiceAccount",
            Self::PersistentVolumeClaim => "PersistentVolumeClaim",
        }
    }
}

/// One reference of a pod to an object in its namespace.
#[derive(Clone, Copy, Debug)]
pub struct Reference<'d> {
    /// What is named.
    pub target: Target,
    /// The scalar that names it.
    pub name: Node<'d>,
    /// The scalar that names one of its keys, where the reference needs a certain one.
    pub key: Option<Node<'d>>,
    /// The pod starts without it: `optional: true`.
    pub optional: bool,
}

/// Collects the references of a pod, in the order env, envFrom (per container), volumes, pull secrets, service account.
///
/// A reference to a ConfigMap or Secret of which several keys are named gives one reference per key.
pub fn references<'d>(pod: &Pod<'d>) -> Vec<Reference<'d>> {
    let mut found = Found(Vec::new());
    for container in pod.containers() {
        for variable in container.node.field("env").into_iter().flat_map(Node::items) {
            let Some(from) = variable.field("valueFrom") else { continue };
            found.keyed(Target::ConfigMap, from.field("configMapKeyRef"));
            found.keyed(Target::Secret, from.field("secretKeyRef"));
        }
        for source in container.node.field("envFrom").into_iter().flat_map(Node::items) {
            found.named(Target::ConfigMap, source.field("configMapRef"), "name");
            found.named(Target::Secret, source.field("secretRef"), "name");
        }
    }
    for volume in pod.spec.field("volumes").into_iter().flat_map(Node::items) {
        found.with_items(Target::ConfigMap, volume.field("configMap"), "name");
        found.with_items(Target::Secret, volume.field("secret"), "secretName");
        for source in volume.at(&["projected", "sources"]).into_iter().flat_map(Node::items) {
            found.with_items(Target::ConfigMap, source.field("configMap"), "name");
            found.with_items(Target::Secret, source.field("secret"), "name");
        }
        found.named(Target::Secret, volume.at(&["csi", "nodePublishSecretRef"]), "name");
        found.named(Target::Secret, volume.field("azureFile"), "secretName");
        for storage in ["cephfs", "flexVolume", "iscsi", "rbd", "scaleIO", "storageos"] {
            found.named(Target::Secret, volume.at(&[storage, "secretRef"]), "name");
        }
        found.named(Target::PersistentVolumeClaim, volume.field("persistentVolumeClaim"), "claimName");
    }
    for pull in pod.spec.field("imagePullSecrets").into_iter().flat_map(Node::items) {
        found.named(Target::Secret, Some(pull), "name");
    }
    let account = if pod.spec.field("serviceAccountName").is_some() { "serviceAccountName" } else { "serviceAccount" };
    found.named(Target::ServiceAccount, Some(pod.spec), account);
    found.0
}

struct Found<'d>(Vec<Reference<'d>>);

impl<'d> Found<'d> {
    fn push(&mut self, target: Target, source: Node<'d>, name: &str, key: Option<Node<'d>>) {
        let name = source.field(name).filter(|name| !name.text().is_empty());
        let optional = source.field("optional").and_then(Node::as_bool) == Some(true);
        self.0.extend(name.map(|name| Reference { target, name, key, optional }));
    }

    fn named(&mut self, target: Target, source: Option<Node<'d>>, name: &str) {
        if let Some(source) = source {
            self.push(target, source, name, None);
        }
    }

    fn keyed(&mut self, target: Target, source: Option<Node<'d>>) {
        if let Some(source) = source {
            self.push(target, source, "name", source.field("key"));
        }
    }

    fn with_items(&mut self, target: Target, source: Option<Node<'d>>, name: &str) {
        let Some(source) = source else { return };
        let mut keys = source.field("items").into_iter().flat_map(Node::items).filter_map(|item| item.field("key"));
        match keys.next() {
            None => self.push(target, source, name, None),
            Some(first) => {
                for key in std::iter::once(first).chain(keys) {
                    self.push(target, source, name, Some(key));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::ObjectSet;
    use crate::source::SourceMap;
    use crate::yaml::parse;

    #[test]
    fn a_pod_names_what_it_needs() {
        let text = "\
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  serviceAccountName: web
  imagePullSecrets: [{name: pull}]
  containers:
    - name: web
      env:
        - {name: A, valueFrom: {configMapKeyRef: {name: settings, key: a}}}
        - {name: B, valueFrom: {secretKeyRef: {name: token, key: b, optional: true}}}
      envFrom: [{configMapRef: {name: more}}]
  volumes:
    - {name: v, configMap: {name: files, items: [{key: x, path: x}, {key: y, path: y}]}}
    - {name: w, projected: {sources: [{secret: {name: tls}}]}}
    - {name: d, persistentVolumeClaim: {claimName: data}}
";
        let parsed = parse(&SourceMap::new().add("a.yaml", text));
        let set = ObjectSet::read(&parsed.documents, None, &|_, _| Vec::new());
        let pod = &set.iter().next().expect("there is a pod").pods[0];
        let found: Vec<String> = references(pod)
            .iter()
            .map(|reference| {
                let key = reference.key.map(|key| format!(".{}", key.text())).unwrap_or_default();
                let optional = if reference.optional { "?" } else { "" };
                format!("{} {}{key}{optional}", reference.target.kind(), reference.name.text())
            })
            .collect();
        assert_eq!(
            found,
            [
                "ConfigMap settings.a",
                "Secret token.b?",
                "ConfigMap more",
                "ConfigMap files.x",
                "ConfigMap files.y",
                "Secret tls",
                "PersistentVolumeClaim data",
                "Secret pull",
                "ServiceAccount web",
            ]
        );
    }
}
