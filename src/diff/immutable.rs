//! Fields that the server lets nobody change: the object must be made anew.

use super::change::{Field, FieldKind, Path, Step};
use super::value::Value;

/// What is immutable of a kind: everything below these paths, but for what stands below the others.
struct Fixed {
    kind: &'static str,
    paths: &'static [&'static str],
    free: &'static [&'static str],
}

const fn fixed(kind: &'static str, paths: &'static [&'static str]) -> Fixed {
    Fixed { kind, paths, free: &[] }
}

/// Read off the update strategies and validations of Kubernetes.
const FIXED: &[Fixed] = &[
    fixed("apps/Deployment", &["spec.selector"]),
    fixed("apps/ReplicaSet", &["spec.selector"]),
    fixed("apps/DaemonSet", &["spec.selector"]),
    Fixed {
        kind: "apps/StatefulSet",
        paths: &["spec"],
        free: &[
            "spec.replicas",
            "spec.ordinals",
            "spec.template",
            "spec.updateStrategy",
            "spec.revisionHistoryLimit",
            "spec.persistentVolumeClaimRetentionPolicy",
            "spec.minReadySeconds",
        ],
    },
    fixed("apps/ControllerRevision", &["data"]),
    fixed(
        "batch/Job",
        &[
            "spec.template",
            "spec.selector",
            "spec.completions",
            "spec.completionMode",
            "spec.podFailurePolicy",
            "spec.backoffLimitPerIndex",
            "spec.managedBy",
            "spec.successPolicy",
            "spec.podReplacementPolicy",
            "spec.manualSelector",
        ],
    ),
    Fixed {
        kind: "/PersistentVolumeClaim",
        paths: &["spec"],
        free: &["spec.resources.requests", "spec.volumeAttributesClassName"],
    },
    fixed(
        "/PersistentVolume",
        &["spec.volumeMode", "spec.nfs", "spec.hostPath", "spec.csi", "spec.local", "spec.iscsi", "spec.fc"],
    ),
    fixed("/Secret", &["type"]),
    Fixed {
        kind: "/Pod",
        paths: &["spec"],
        free: &[
            "spec.containers[*].image",
            "spec.initContainers[*].image",
            "spec.activeDeadlineSeconds",
            "spec.terminationGracePeriodSeconds",
            "spec.tolerations",
            "spec.schedulingGates",
        ],
    },
    fixed("rbac.authorization.k8s.io/RoleBinding", &["roleRef"]),
    fixed("rbac.authorization.k8s.io/ClusterRoleBinding", &["roleRef"]),
    fixed("storage.k8s.io/StorageClass", &["parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"]),
    fixed("storage.k8s.io/VolumeAttributesClass", &["parameters", "driverName"]),
    fixed("storage.k8s.io/CSIDriver", &["spec.attachRequired", "spec.fsGroupPolicy", "spec.volumeLifecycleModes"]),
    fixed("storage.k8s.io/VolumeAttachment", &["spec"]),
    fixed("networking.k8s.io/IngressClass", &["spec.controller"]),
    fixed("scheduling.k8s.io/PriorityClass", &["value", "preemptionPolicy"]),
    fixed("node.k8s.io/RuntimeClass", &["handler"]),
    fixed("discovery.k8s.io/EndpointSlice", &["addressType"]),
    fixed("resource.k8s.io/ResourceClaim", &["spec"]),
    fixed("resource.k8s.io/ResourceClaimTemplate", &["spec"]),
    fixed("certificates.k8s.io/CertificateSigningRequest", &["spec"]),
    fixed(
        "apiextensions.k8s.io/CustomResourceDefinition",
        &["spec.group", "spec.scope", "spec.names.plural", "spec.names.kind"],
    ),
];

/// Says why changed fields force the object to be made anew; empty where they do not.
pub fn forced_replacement(group: &str, kind: &str, old: &Value<'_>, fields: &[Field]) -> Vec<String> {
    let row = FIXED.iter().find(|row| row.kind.split_once('/') == Some((group, kind)));
    let mut reasons = Vec::new();
    for field in fields {
        let fixed = row.is_some_and(|row| {
            row.paths.iter().any(|path| starts(&field.path, path))
                && !row.free.iter().any(|path| starts(&field.path, path))
        });
        if fixed || is_sealed(kind, old, &field.path) || is_address(group, kind, field) {
            reasons.push(format!("`{}` cannot be changed", field.path));
        }
    }
    reasons
}

/// The data of a ConfigMap or Secret that says so.
fn is_sealed(kind: &str, old: &Value<'_>, path: &Path) -> bool {
    let sealed = old.get("immutable").is_some_and(|value| value.to_data() == crate::yaml::emit::Data::Bool(true));
    matches!(kind, "ConfigMap" | "Secret")
        && sealed
        && ["data", "binaryData", "immutable"].iter().any(|start| starts(path, start))
}

/// The address of a Service, once it has one.
fn is_address(group: &str, kind: &str, field: &Field) -> bool {
    (group, kind) == ("", "Service")
        && field.kind() == FieldKind::Changed
        && ["spec.clusterIP", "spec.clusterIPs"].iter().any(|path| starts(&field.path, path))
}

fn starts(path: &Path, start: &str) -> bool {
    let wanted: Vec<&str> = start.split('.').collect();
    let mut steps = path.0.iter();
    wanted.iter().all(|wanted| {
        let (key, items) = wanted.strip_suffix("[*]").map_or((*wanted, false), |key| (key, true));
        matches!(steps.next(), Some(Step::Key(step)) if step == key)
            && (!items || matches!(steps.next(), Some(Step::Item(_) | Step::Index(_))))
    })
}
