//! What the server fills in before policies see an object, of what policies commonly ask for.
//!
//! Not all of it: what is missing here and known to the API is never taken for a refusal.

use crate::yaml::emit::Data;

/// Fills in the defaults of a built-in kind.
pub(super) fn fill(group: &str, kind: &str, object: &mut Data) {
    let Some(spec) = field(object, "spec") else { return };
    match (group, kind) {
        ("", "Pod") => pod(spec),
        ("", "Service") => service(spec),
        ("apps", "Deployment") => {
            default(spec, "replicas", Data::Int(1));
            default(spec, "revisionHistoryLimit", Data::Int(10));
            default(spec, "progressDeadlineSeconds", Data::Int(600));
            rolling(spec, "strategy", &[("maxSurge", text("25%")), ("maxUnavailable", text("25%"))]);
            template(spec);
        }
        ("apps", "StatefulSet") => {
            default(spec, "replicas", Data::Int(1));
            default(spec, "revisionHistoryLimit", Data::Int(10));
            default(spec, "podManagementPolicy", text("OrderedReady"));
            rolling(spec, "updateStrategy", &[("partition", Data::Int(0))]);
            template(spec);
        }
        ("apps", "DaemonSet") => {
            default(spec, "revisionHistoryLimit", Data::Int(10));
            rolling(spec, "updateStrategy", &[("maxSurge", Data::Int(0)), ("maxUnavailable", Data::Int(1))]);
            template(spec);
        }
        ("apps", "ReplicaSet") | ("", "ReplicationController") => {
            default(spec, "replicas", Data::Int(1));
            template(spec);
        }
        ("batch", "Job") => job(spec),
        ("batch", "CronJob") => {
            default(spec, "concurrencyPolicy", text("Allow"));
            default(spec, "suspend", Data::Bool(false));
            default(spec, "successfulJobsHistoryLimit", Data::Int(3));
            default(spec, "failedJobsHistoryLimit", Data::Int(1));
            if let Some(inner) = field(spec, "jobTemplate").and_then(|template| field(template, "spec")) {
                job(inner);
            }
        }
        _ => {}
    }
}

fn job(spec: &mut Data) {
    default(spec, "parallelism", Data::Int(1));
    default(spec, "completions", Data::Int(1));
    default(spec, "backoffLimit", Data::Int(6));
    default(spec, "completionMode", text("NonIndexed"));
    default(spec, "suspend", Data::Bool(false));
    template(spec);
}

/// Fills in a strategy, and the parameters of one that rolls.
fn rolling(spec: &mut Data, name: &str, parameters: &[(&str, Data)]) {
    default(spec, name, empty());
    let Some(strategy) = field(spec, name) else { return };
    default(strategy, "type", text("RollingUpdate"));
    if !matches!(field(strategy, "type"), Some(Data::String(kind)) if kind == "RollingUpdate") {
        return;
    }
    default(strategy, "rollingUpdate", empty());
    if let Some(rolling) = field(strategy, "rollingUpdate") {
        for (name, value) in parameters {
            default(rolling, name, value.clone());
        }
    }
}

fn template(spec: &mut Data) {
    let Some(template) = field(spec, "template") else { return };
    default(template, "metadata", empty());
    if let Some(spec) = field(template, "spec") {
        pod(spec);
    }
}

fn pod(spec: &mut Data) {
    default(spec, "restartPolicy", text("Always"));
    default(spec, "terminationGracePeriodSeconds", Data::Int(30));
    default(spec, "dnsPolicy", text("ClusterFirst"));
    default(spec, "schedulerName", text("default-scheduler"));
    default(spec, "securityContext", empty());
    for role in ["containers", "initContainers"] {
        let Some(Data::Seq(containers)) = field(spec, role) else { continue };
        containers.iter_mut().for_each(container);
    }
}

fn container(container: &mut Data) {
    let image = match field(container, "image") {
        Some(Data::String(image)) => image.clone(),
        _ => String::new(),
    };
    let tag = image.rsplit('/').next().unwrap_or_default().split_once(':').map(|(_, tag)| tag);
    let moving = !image.contains('@') && tag.is_none_or(|tag| tag == "latest");
    default(container, "imagePullPolicy", text(if moving { "Always" } else { "IfNotPresent" }));
    default(container, "resources", empty());
    default(container, "terminationMessagePath", text("/dev/termination-log"));
    default(container, "terminationMessagePolicy", text("File"));
    if let Some(Data::Seq(ports)) = field(container, "ports") {
        for port in ports {
            default(port, "protocol", text("TCP"));
        }
    }
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        let Some(probe) = field(container, probe) else { continue };
        for (name, value) in
            [("timeoutSeconds", 1), ("periodSeconds", 10), ("successThreshold", 1), ("failureThreshold", 3)]
        {
            default(probe, name, Data::Int(value));
        }
    }
    // A limit without a request is the request too.
    let Some(resources) = field(container, "resources") else { return };
    let limits = match field(resources, "limits") {
        Some(Data::Map(limits)) if !limits.is_empty() => limits.clone(),
        _ => return,
    };
    default(resources, "requests", empty());
    if let Some(requests) = field(resources, "requests") {
        for (name, amount) in limits {
            default(requests, &name, amount);
        }
    }
}

fn service(spec: &mut Data) {
    default(spec, "type", text("ClusterIP"));
    default(spec, "sessionAffinity", text("None"));
    let Some(Data::Seq(ports)) = field(spec, "ports") else { return };
    for port in ports {
        default(port, "protocol", text("TCP"));
        if let Some(number) = field(port, "port").cloned() {
            default(port, "targetPort", number);
        }
    }
}

fn text(text: &str) -> Data {
    Data::String(text.to_owned())
}

fn empty() -> Data {
    Data::Map(Vec::new())
}

fn field<'m>(map: &'m mut Data, name: &str) -> Option<&'m mut Data> {
    let Data::Map(entries) = map else { return None };
    entries.iter_mut().find(|(key, value)| key == name && *value != Data::Null).map(|(_, value)| value)
}

/// Gives a field a value where it has none.
fn default(map: &mut Data, name: &str, value: Data) {
    let Data::Map(entries) = map else { return };
    match entries.iter_mut().find(|(key, _)| key == name) {
        Some((_, held)) if *held == Data::Null => *held = value,
        Some(_) => {}
        None => entries.push((name.to_owned(), value)),
    }
}
