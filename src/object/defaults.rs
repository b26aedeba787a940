//! What the server fills into objects of built-in kinds by code, beyond what their schemas say.
//!
//! Read off the defaulting functions of Kubernetes (`pkg/apis/*/*/defaults.go`), and held against a running server by
//! `tests/suite/real/diff`. What the server allocates (addresses, node ports, names of accounts) is no default.

use crate::yaml::emit::Data;

/// A tree that defaults can be filled into.
pub trait Fill {
    /// Gives a map's value that is not null.
    fn field(&mut self, name: &str) -> Option<&mut Self>;
    /// Gives a list's items; none for anything else.
    fn items(&mut self) -> Vec<&mut Self>;
    /// Gives a scalar's text, a number's as decimal.
    fn text(&self) -> Option<String>;
    /// Gives a map a value where it has none, or a null.
    fn fill(&mut self, name: &str, value: Data);
    /// Takes a value out of a map.
    fn clear(&mut self, name: &str);
    /// Copies the data.
    fn data(&self) -> Data;
}

impl Fill for Data {
    fn field(&mut self, name: &str) -> Option<&mut Self> {
        let Self::Map(entries) = self else { return None };
        entries.iter_mut().find(|(key, value)| key == name && *value != Self::Null).map(|(_, value)| value)
    }

    fn items(&mut self) -> Vec<&mut Self> {
        if let Self::Seq(items) = self { items.iter_mut().collect() } else { Vec::new() }
    }

    fn text(&self) -> Option<String> {
        match self {
            Self::String(text) => Some(text.clone()),
            Self::Int(number) => Some(number.to_string()),
            Self::Bool(value) => Some(value.to_string()),
            _ => None,
        }
    }

    fn fill(&mut self, name: &str, value: Data) {
        let Self::Map(entries) = self else { return };
        match entries.iter_mut().find(|(key, _)| key == name) {
            Some((_, held)) if *held == Self::Null => *held = value,
            Some(_) => {}
            None => entries.push((name.to_owned(), value)),
        }
    }

    fn clear(&mut self, name: &str) {
        if let Self::Map(entries) = self {
            entries.retain(|(key, _)| key != name);
        }
    }

    fn data(&self) -> Data {
        self.clone()
    }
}

/// A default of the tables.
#[derive(Clone, Copy)]
enum D {
    Int(i64),
    Text(&'static str),
    Bool(bool),
    /// An empty map.
    Map,
}

use D::{Bool, Int, Map, Text};

impl D {
    fn data(self) -> Data {
        match self {
            Int(number) => Data::Int(number),
            Text(text) => Data::String(text.to_owned()),
            Bool(value) => Data::Bool(value),
            Map => Data::Map(Vec::new()),
        }
    }
}

/// Paths and defaults; `[]` stands for every item. What holds a field must be there, or be made by a row above.
type Table = &'static [(&'static str, D)];

const KINDS: &[(&str, Table)] = &[
    (
        "apps/Deployment",
        &[
            ("spec.replicas", Int(1)),
            ("spec.revisionHistoryLimit", Int(10)),
            ("spec.progressDeadlineSeconds", Int(600)),
            ("spec.strategy", Map),
            ("spec.strategy.type", Text("RollingUpdate")),
        ],
    ),
    (
        "apps/StatefulSet",
        &[
            ("spec.replicas", Int(1)),
            ("spec.revisionHistoryLimit", Int(10)),
            ("spec.podManagementPolicy", Text("OrderedReady")),
            ("spec.updateStrategy", Map),
            ("spec.updateStrategy.type", Text("RollingUpdate")),
            ("spec.persistentVolumeClaimRetentionPolicy", Map),
            ("spec.persistentVolumeClaimRetentionPolicy.whenDeleted", Text("Retain")),
            ("spec.persistentVolumeClaimRetentionPolicy.whenScaled", Text("Retain")),
            ("spec.volumeClaimTemplates[].apiVersion", Text("v1")),
            ("spec.volumeClaimTemplates[].kind", Text("PersistentVolumeClaim")),
            ("spec.volumeClaimTemplates[].spec.volumeMode", Text("Filesystem")),
            ("spec.volumeClaimTemplates[].status", Map),
            ("spec.volumeClaimTemplates[].status.phase", Text("Pending")),
        ],
    ),
    (
        "apps/DaemonSet",
        &[
            ("spec.revisionHistoryLimit", Int(10)),
            ("spec.updateStrategy", Map),
            ("spec.updateStrategy.type", Text("RollingUpdate")),
        ],
    ),
    ("apps/ReplicaSet", &[("spec.replicas", Int(1))]),
    ("/ReplicationController", &[("spec.replicas", Int(1))]),
    (
        "batch/Job",
        &[
            ("spec.backoffLimit", Int(6)),
            ("spec.completionMode", Text("NonIndexed")),
            ("spec.suspend", Bool(false)),
            ("spec.manualSelector", Bool(false)),
        ],
    ),
    (
        "batch/CronJob",
        &[
            ("spec.concurrencyPolicy", Text("Allow")),
            ("spec.suspend", Bool(false)),
            ("spec.successfulJobsHistoryLimit", Int(3)),
            ("spec.failedJobsHistoryLimit", Int(1)),
            ("spec.jobTemplate.metadata", Map),
        ],
    ),
    (
        "/Service",
        &[
            ("spec.type", Text("ClusterIP")),
            ("spec.sessionAffinity", Text("None")),
            ("spec.sessionAffinityConfig.clientIP.timeoutSeconds", Int(10800)),
            ("spec.ports[].protocol", Text("TCP")),
        ],
    ),
    ("/Endpoints", &[("subsets[].ports[].protocol", Text("TCP"))]),
    (
        "discovery.k8s.io/EndpointSlice",
        &[("endpoints[].conditions", Map), ("ports[].name", Text("")), ("ports[].protocol", Text("TCP"))],
    ),
    ("/Secret", &[("type", Text("Opaque"))]),
    ("/PersistentVolumeClaim", &[("spec.volumeMode", Text("Filesystem"))]),
    (
        "/PersistentVolume",
        &[
            ("spec.volumeMode", Text("Filesystem")),
            ("spec.persistentVolumeReclaimPolicy", Text("Retain")),
            ("spec.hostPath.type", Text("")),
            ("spec.iscsi.iscsiInterface", Text("default")),
            ("spec.azureDisk.cachingMode", Text("ReadWrite")),
            ("spec.azureDisk.kind", Text("Shared")),
            ("spec.azureDisk.fsType", Text("ext4")),
            ("spec.azureDisk.readOnly", Bool(false)),
        ],
    ),
    (
        "networking.k8s.io/NetworkPolicy",
        &[
            ("spec.podSelector", Map),
            ("spec.ingress[].ports[].protocol", Text("TCP")),
            ("spec.egress[].ports[].protocol", Text("TCP")),
        ],
    ),
    ("networking.k8s.io/IngressClass", &[("spec.parameters.scope", Text("Cluster"))]),
    ("rbac.authorization.k8s.io/RoleBinding", &[("roleRef.apiGroup", Text("rbac.authorization.k8s.io"))]),
    ("rbac.authorization.k8s.io/ClusterRoleBinding", &[("roleRef.apiGroup", Text("rbac.authorization.k8s.io"))]),
    ("storage.k8s.io/StorageClass", &[("reclaimPolicy", Text("Delete")), ("volumeBindingMode", Text("Immediate"))]),
    (
        "storage.k8s.io/CSIDriver",
        &[
            ("spec.attachRequired", Bool(true)),
            ("spec.podInfoOnMount", Bool(false)),
            ("spec.storageCapacity", Bool(false)),
            ("spec.fsGroupPolicy", Text("ReadWriteOnceWithFSType")),
            ("spec.requiresRepublish", Bool(false)),
            ("spec.seLinuxMount", Bool(false)),
        ],
    ),
    ("scheduling.k8s.io/PriorityClass", &[("preemptionPolicy", Text("PreemptLowerPriority"))]),
    ("autoscaling/HorizontalPodAutoscaler", &[("spec.minReplicas", Int(1))]),
    ("admissionregistration.k8s.io/ValidatingWebhookConfiguration", WEBHOOK),
    ("admissionregistration.k8s.io/MutatingWebhookConfiguration", WEBHOOK),
    (
        "admissionregistration.k8s.io/ValidatingAdmissionPolicy",
        &[
            ("spec.failurePolicy", Text("Fail")),
            ("spec.matchConstraints.matchPolicy", Text("Equivalent")),
            ("spec.matchConstraints.namespaceSelector", Map),
            ("spec.matchConstraints.objectSelector", Map),
            ("spec.matchConstraints.resourceRules[].scope", Text("*")),
            ("spec.matchConstraints.excludeResourceRules[].scope", Text("*")),
        ],
    ),
    (
        "admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding",
        &[
            ("spec.matchResources.matchPolicy", Text("Equivalent")),
            ("spec.matchResources.namespaceSelector", Map),
            ("spec.matchResources.objectSelector", Map),
            ("spec.matchResources.resourceRules[].scope", Text("*")),
            ("spec.matchResources.excludeResourceRules[].scope", Text("*")),
        ],
    ),
    (
        "apiextensions.k8s.io/CustomResourceDefinition",
        &[("spec.conversion", Map), ("spec.conversion.strategy", Text("None"))],
    ),
    ("flowcontrol.apiserver.k8s.io/FlowSchema", &[("spec.matchingPrecedence", Int(1000))]),
];

const WEBHOOK: Table = &[
    ("webhooks[].failurePolicy", Text("Fail")),
    ("webhooks[].matchPolicy", Text("Equivalent")),
    ("webhooks[].namespaceSelector", Map),
    ("webhooks[].objectSelector", Map),
    ("webhooks[].timeoutSeconds", Int(10)),
    ("webhooks[].rules[].scope", Text("*")),
    ("webhooks[].clientConfig.service.port", Int(443)),
];

/// Of the spec of a pod.
const POD: Table = &[
    ("restartPolicy", Text("Always")),
    ("terminationGracePeriodSeconds", Int(30)),
    ("dnsPolicy", Text("ClusterFirst")),
    ("schedulerName", Text("default-scheduler")),
    ("securityContext", Map),
    ("volumes[].secret.defaultMode", Int(0o644)),
    ("volumes[].configMap.defaultMode", Int(0o644)),
    ("volumes[].downwardAPI.defaultMode", Int(0o644)),
    ("volumes[].downwardAPI.items[].fieldRef.apiVersion", Text("v1")),
    ("volumes[].downwardAPI.items[].resourceFieldRef.divisor", Text("0")),
    ("volumes[].projected.defaultMode", Int(0o644)),
    ("volumes[].projected.sources[].serviceAccountToken.expirationSeconds", Int(3600)),
    ("volumes[].projected.sources[].downwardAPI.items[].fieldRef.apiVersion", Text("v1")),
    ("volumes[].projected.sources[].downwardAPI.items[].resourceFieldRef.divisor", Text("0")),
    ("volumes[].hostPath.type", Text("")),
    ("volumes[].iscsi.iscsiInterface", Text("default")),
    ("volumes[].azureDisk.cachingMode", Text("ReadWrite")),
    ("volumes[].azureDisk.kind", Text("Shared")),
    ("volumes[].azureDisk.fsType", Text("ext4")),
    ("volumes[].azureDisk.readOnly", Bool(false)),
    ("volumes[].ephemeral.volumeClaimTemplate.metadata", Map),
    ("volumes[].ephemeral.volumeClaimTemplate.spec.volumeMode", Text("Filesystem")),
    ("topologySpreadConstraints[].nodeAffinityPolicy", Text("Honor")),
    ("topologySpreadConstraints[].nodeTaintsPolicy", Text("Ignore")),
];

const CONTAINER: Table = &[
    ("resources", Map),
    ("terminationMessagePath", Text("/dev/termination-log")),
    ("terminationMessagePolicy", Text("File")),
    ("ports[].protocol", Text("TCP")),
    ("env[].valueFrom.fieldRef.apiVersion", Text("v1")),
    ("env[].valueFrom.resourceFieldRef.divisor", Text("0")),
    ("lifecycle.postStart.httpGet.path", Text("/")),
    ("lifecycle.postStart.httpGet.scheme", Text("HTTP")),
    ("lifecycle.preStop.httpGet.path", Text("/")),
    ("lifecycle.preStop.httpGet.scheme", Text("HTTP")),
];

const PROBE: Table = &[
    ("timeoutSeconds", Int(1)),
    ("periodSeconds", Int(10)),
    ("successThreshold", Int(1)),
    ("failureThreshold", Int(3)),
    ("httpGet.path", Text("/")),
    ("httpGet.scheme", Text("HTTP")),
    ("grpc.service", Text("")),
];

/// Fills in the defaults of a built-in kind.
pub fn fill_defaults<T: Fill>(group: &str, kind: &str, object: &mut T) {
    let row = KINDS.iter().find(|(name, _)| name.split_once('/') == Some((group, kind)));
    fill_table(object, row.map_or(&[], |(_, table)| table));
    match (group, kind) {
        ("", "Pod") => pod_itself(object),
        ("", "Service") => service(object),
        ("", "LimitRange") => limits(object),
        ("apps", "Deployment") => {
            rolling(object, "strategy", &[("maxSurge", Text("25%")), ("maxUnavailable", Text("25%"))]);
        }
        ("apps", "StatefulSet") => rolling(object, "updateStrategy", &[("partition", Int(0))]),
        ("apps", "DaemonSet") => {
            rolling(object, "updateStrategy", &[("maxSurge", Int(0)), ("maxUnavailable", Int(1))]);
        }
        ("batch", "Job") => job(object),
        ("batch", "CronJob") => {
            if let Some(spec) = at(object, &["spec", "jobTemplate"]) {
                template_of(spec);
            }
        }
        ("networking.k8s.io", "NetworkPolicy") => network_policy(object),
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => subjects(object),
        ("autoscaling", "HorizontalPodAutoscaler") => autoscaler(object),
        ("storage.k8s.io", "CSIDriver") => {
            if let Some(spec) = object.field("spec") {
                spec.fill("volumeLifecycleModes", Data::Seq(vec![Text("Persistent").data()]));
            }
        }
        ("admissionregistration.k8s.io", "MutatingWebhookConfiguration") => {
            fill_table(object, &[("webhooks[].reinvocationPolicy", Text("Never"))]);
        }
        ("apiextensions.k8s.io", "CustomResourceDefinition") => definition(object),
        _ => {}
    }
    if matches!(group, "apps" | "batch") || (group, kind) == ("", "ReplicationController") {
        template_of(object);
    }
}

fn fill_table<T: Fill>(tree: &mut T, table: Table) {
    for (path, default) in table {
        let steps: Vec<&str> = path.split('.').collect();
        fill_at(tree, &steps, *default);
    }
}

fn fill_at<T: Fill>(tree: &mut T, steps: &[&str], default: D) {
    let Some((first, rest)) = steps.split_first() else { return };
    if rest.is_empty() {
        return tree.fill(first, default.data());
    }
    match first.strip_suffix("[]") {
        Some(list) => {
            let items = tree.field(list).map(Fill::items).unwrap_or_default();
            for item in items {
                fill_at(item, rest, default);
            }
        }
        None => {
            if let Some(inner) = tree.field(first) {
                fill_at(inner, rest, default);
            }
        }
    }
}

fn at<'t, T: Fill>(tree: &'t mut T, path: &[&str]) -> Option<&'t mut T> {
    path.iter().try_fold(tree, |tree, step| tree.field(step))
}

fn text_at<T: Fill>(tree: &mut T, path: &[&str]) -> Option<String> {
    at(tree, path).and_then(|found| found.text())
}

/// Fills in the parameters of a strategy that rolls.
fn rolling<T: Fill>(object: &mut T, name: &str, parameters: &[(&str, D)]) {
    if text_at(object, &["spec", name, "type"]).as_deref() != Some("RollingUpdate") {
        return;
    }
    let Some(strategy) = at(object, &["spec", name]) else { return };
    strategy.fill("rollingUpdate", Map.data());
    if let Some(rolling) = strategy.field("rollingUpdate") {
        for (name, value) in parameters {
            rolling.fill(name, value.data());
        }
    }
}

fn template_of<T: Fill>(object: &mut T) {
    let Some(template) = at(object, &["spec", "template"]) else { return };
    template.fill("metadata", Map.data());
    if let Some(spec) = template.field("spec") {
        pod(spec);
    }
}

fn pod_itself<T: Fill>(object: &mut T) {
    let Some(spec) = object.field("spec") else { return };
    pod(spec);
    spec.fill("enableServiceLinks", Data::Bool(true));
    let on_host = text_at(spec, &["hostNetwork"]).as_deref() == Some("true");
    for role in ["containers", "initContainers"] {
        for container in spec.field(role).map(Fill::items).unwrap_or_default() {
            requests(container);
            for port in container.field("ports").map(Fill::items).unwrap_or_default() {
                if let Some(number) = port.field("containerPort").map(|number| number.data()).filter(|_| on_host) {
                    port.fill("hostPort", number);
                }
            }
        }
    }
}

/// Of a pod, but not of a template: a limit without a request is the request too.
fn requests<T: Fill>(container: &mut T) {
    let limits = at(container, &["resources", "limits"]).map(|limits| limits.data());
    let Some(Data::Map(limits)) = limits.filter(|limits| !limits.is_empty_collection()) else { return };
    let Some(resources) = container.field("resources") else { return };
    resources.fill("requests", Map.data());
    if let Some(requests) = resources.field("requests") {
        for (name, amount) in limits {
            requests.fill(&name, amount);
        }
    }
}

fn pod<T: Fill>(spec: &mut T) {
    fill_table(spec, POD);
    // An older and a newer name of the same field.
    for (name, other) in [("serviceAccountName", "serviceAccount"), ("serviceAccount", "serviceAccountName")] {
        if let Some(account) = text_at(spec, &[name]) {
            spec.fill(other, Data::String(account));
        }
    }
    for role in ["containers", "initContainers", "ephemeralContainers"] {
        spec.field(role).map(Fill::items).unwrap_or_default().into_iter().for_each(container);
    }
    for volume in spec.field("volumes").map(Fill::items).unwrap_or_default() {
        let image = text_at(volume, &["image", "reference"]);
        if let (Some(reference), Some(volume)) = (image, volume.field("image")) {
            volume.fill("pullPolicy", pull_policy(&reference));
        }
    }
}

fn container<T: Fill>(container: &mut T) {
    fill_table(container, CONTAINER);
    let image = text_at(container, &["image"]).unwrap_or_default();
    container.fill("imagePullPolicy", pull_policy(&image));
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if let Some(probe) = container.field(probe) {
            fill_table(probe, PROBE);
        }
    }
}

/// What moves is pulled always.
fn pull_policy(image: &str) -> Data {
    let tag = image.rsplit('/').next().unwrap_or_default().split_once(':').map(|(_, tag)| tag);
    let moving = !image.contains('@') && tag.is_none_or(|tag| tag == "latest");
    Text(if moving { "Always" } else { "IfNotPresent" }).data()
}

fn service<T: Fill>(object: &mut T) {
    let Some(spec) = object.field("spec") else { return };
    let kind = text_at(spec, &["type"]).unwrap_or_default();
    if kind != "ExternalName" {
        spec.fill("internalTrafficPolicy", Text("Cluster").data());
    }
    if matches!(kind.as_str(), "NodePort" | "LoadBalancer") {
        spec.fill("externalTrafficPolicy", Text("Cluster").data());
    }
    if kind == "LoadBalancer" {
        spec.fill("allocateLoadBalancerNodePorts", Data::Bool(true));
    }
    if text_at(spec, &["sessionAffinity"]).as_deref() == Some("None") {
        spec.clear("sessionAffinityConfig");
    }
    if text_at(spec, &["sessionAffinity"]).as_deref() == Some("ClientIP") {
        spec.fill("sessionAffinityConfig", Map.data());
        if let Some(config) = spec.field("sessionAffinityConfig") {
            config.fill("clientIP", Map.data());
            fill_table(config, &[("clientIP.timeoutSeconds", Int(10800))]);
        }
    }
    for port in spec.field("ports").map(Fill::items).unwrap_or_default() {
        if let Some(number) = port.field("port").map(|number| number.data()) {
            port.fill("targetPort", number);
        }
    }
}

/// Limits of containers stand in for the default ones, and those for requests.
fn limits<T: Fill>(object: &mut T) {
    for limit in at(object, &["spec", "limits"]).map(Fill::items).unwrap_or_default() {
        if text_at(limit, &["type"]).as_deref() != Some("Container") {
            continue;
        }
        for (from, to) in [("max", "default"), ("default", "defaultRequest"), ("min", "defaultRequest")] {
            let Some(Data::Map(amounts)) = limit.field(from).map(|amounts| amounts.data()) else { continue };
            limit.fill(to, Map.data());
            if let Some(target) = limit.field(to) {
                for (name, amount) in amounts {
                    target.fill(&name, amount);
                }
            }
        }
    }
}

fn job<T: Fill>(object: &mut T) {
    let Some(spec) = object.field("spec") else { return };
    if spec.field("completions").is_none() && spec.field("parallelism").is_none() {
        spec.fill("completions", Data::Int(1));
    }
    spec.fill("parallelism", Data::Int(1));
    let policy = if spec.field("podFailurePolicy").is_some() { "Failed" } else { "TerminatingOrFailed" };
    spec.fill("podReplacementPolicy", Text(policy).data());
    fill_table(spec, &[("podFailurePolicy.rules[].onPodConditions[].status", Text("True"))]);
}

fn network_policy<T: Fill>(object: &mut T) {
    let Some(spec) = object.field("spec") else { return };
    let mut types = vec![Text("Ingress").data()];
    if spec.field("egress").is_some_and(|rules| !rules.items().is_empty()) {
        types.push(Text("Egress").data());
    }
    spec.fill("policyTypes", Data::Seq(types));
}

fn subjects<T: Fill>(object: &mut T) {
    for subject in object.field("subjects").map(Fill::items).unwrap_or_default() {
        if matches!(text_at(subject, &["kind"]).as_deref(), Some("User" | "Group")) {
            subject.fill("apiGroup", Text("rbac.authorization.k8s.io").data());
        }
    }
}

fn autoscaler<T: Fill>(object: &mut T) {
    let Some(behaviour) = at(object, &["spec", "behavior"]) else { return };
    let policy = |kind: &str, value: i64| {
        Data::Map(vec![
            ("type".to_owned(), Data::String(kind.to_owned())),
            ("value".to_owned(), Data::Int(value)),
            ("periodSeconds".to_owned(), Data::Int(15)),
        ])
    };
    behaviour.fill("scaleUp", Map.data());
    behaviour.fill("scaleDown", Map.data());
    for (direction, policies) in
        [("scaleUp", vec![policy("Pods", 4), policy("Percent", 100)]), ("scaleDown", vec![policy("Percent", 100)])]
    {
        let Some(rules) = behaviour.field(direction) else { continue };
        rules.fill("selectPolicy", Text("Max").data());
        rules.fill("policies", Data::Seq(policies));
        if direction == "scaleUp" {
            rules.fill("stabilizationWindowSeconds", Data::Int(0));
        }
    }
}

fn definition<T: Fill>(object: &mut T) {
    let Some(names) = at(object, &["spec", "names"]) else { return };
    let Some(kind) = text_at(names, &["kind"]) else { return };
    names.fill("singular", Data::String(kind.to_lowercase()));
    names.fill("listKind", Data::String(format!("{kind}List")));
}
