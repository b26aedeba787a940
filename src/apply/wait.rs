//! When an object is what it is meant to be: the rules of kstatus, and where Helm waits longer, Helm's.

use crate::cluster::{split, text};
use serde_json::Value as Json;

/// How far an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is as it is meant to be.
    Current,
    /// Its controller is still at work.
    InProgress,
    /// It will not get there by itself.
    Failed,
    /// It is being deleted.
    Terminating,
}

impl State {
    /// Gives the word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Current => "ready",
            Self::InProgress => "in progress",
            Self::Failed => "failed",
            Self::Terminating => "terminating",
        }
    }
}

/// How far an object is, and why it is not further.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Progress {
    /// How far.
    pub state: State,
    /// Why, in a few words; empty where there is nothing to say.
    pub reason: String,
}

fn current() -> Progress {
    Progress { state: State::Current, reason: String::new() }
}

fn waiting(reason: impl Into<String>) -> Progress {
    Progress { state: State::InProgress, reason: reason.into() }
}

fn failed(reason: impl Into<String>) -> Progress {
    Progress { state: State::Failed, reason: reason.into() }
}

/// How long a pod may find no node, in seconds.
const UNSCHEDULABLE: i64 = 15;

/// Judges an object as the server gave it. `now` is the server's time, in seconds since 1970, where it is known.
pub(super) fn progress(object: &Json, now: Option<i64>) -> Progress {
    if object.pointer("/metadata/deletionTimestamp").is_some() {
        return Progress { state: State::Terminating, reason: "it is being deleted".to_owned() };
    }
    let observed = object.pointer("/status/observedGeneration").and_then(Json::as_i64);
    let generation = object.pointer("/metadata/generation").and_then(Json::as_i64);
    if let (Some(observed), Some(generation)) = (observed, generation)
        && observed != generation
    {
        return waiting("its controller has not seen the change yet");
    }
    if let Some(condition) = condition(object, "Reconciling").filter(Condition::holds) {
        return waiting(condition.words("it is being reconciled"));
    }
    if let Some(condition) = condition(object, "Stalled").filter(Condition::holds) {
        return failed(condition.words("it has stalled"));
    }
    let (group, _) = split(text(object, "/apiVersion"));
    match (group, text(object, "/kind")) {
        ("apps", "Deployment") => deployment(object),
        ("apps", "StatefulSet") => stateful_set(object),
        ("apps", "DaemonSet") => daemon_set(object),
        ("apps", "ReplicaSet") => replica_set(object),
        ("batch", "Job") => job(object),
        ("", "Pod") => pod(object, now),
        ("", "PersistentVolumeClaim") => match text(object, "/status/phase") {
            "Bound" => current(),
            "Lost" => failed("its volume is lost"),
            _ => waiting("it is not bound to a volume"),
        },
        ("", "Service") => service(object),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => definition(object),
        (
            ""
            | "apps"
            | "batch"
            | "policy"
            | "autoscaling"
            | "networking.k8s.io"
            | "rbac.authorization.k8s.io"
            | "storage.k8s.io"
            | "scheduling.k8s.io"
            | "coordination.k8s.io"
            | "admissionregistration.k8s.io",
            _,
        ) => current(),
        _ => custom(object),
    }
}

/// What says it by the condition `Ready`, else nothing at all.
fn custom(object: &Json) -> Progress {
    match condition(object, "Ready").or_else(|| condition(object, "Available").filter(|_| is_api_service(object))) {
        Some(ready) if !ready.holds() => waiting(ready.words("it is not ready")),
        _ => current(),
    }
}

fn is_api_service(object: &Json) -> bool {
    text(object, "/kind") == "APIService"
}

fn deployment(object: &Json) -> Progress {
    let limited = object.pointer("/spec/progressDeadlineSeconds").is_some();
    let progressing = condition(object, "Progressing");
    if let Some(condition) = &progressing
        && condition.reason == "ProgressDeadlineExceeded"
    {
        return failed(condition.words("it made no progress within its deadline"));
    }
    let wanted = number(object, "/spec/replicas").unwrap_or(1);
    let count = |field: &str| number(object, &format!("/status/{field}")).unwrap_or_default();
    let [replicas, updated, ready, available] =
        ["replicas", "updatedReplicas", "readyReplicas", "availableReplicas"].map(count);
    if let Some(failure) = condition(object, "ReplicaFailure").filter(Condition::holds) {
        return waiting(failure.words("its pods cannot be made"));
    }
    if replicas < wanted || updated < wanted {
        return waiting(format!("{updated} of {wanted} pods are of the new version"));
    }
    if replicas > wanted {
        return waiting(format!("{} pods of the old version are still there", replicas - wanted));
    }
    if ready < wanted {
        return waiting(format!("{ready} of {wanted} pods are ready"));
    }
    if available < updated {
        return waiting(format!("{available} of {wanted} pods are available"));
    }
    if limited && progressing.is_none_or(|condition| condition.reason != "NewReplicaSetAvailable" || !condition.holds())
    {
        return waiting("its rollout is under way");
    }
    match condition(object, "Available") {
        Some(condition) if condition.holds() => current(),
        Some(condition) => waiting(condition.words("it is not available")),
        None => waiting("it is not available"),
    }
}

fn stateful_set(object: &Json) -> Progress {
    if text(object, "/spec/updateStrategy/type") == "OnDelete" {
        return current();
    }
    let wanted = number(object, "/spec/replicas").unwrap_or(1);
    let count = |field: &str| number(object, &format!("/status/{field}")).unwrap_or_default();
    let [replicas, ready, updated, present] =
        ["replicas", "readyReplicas", "updatedReplicas", "currentReplicas"].map(count);
    if replicas < wanted {
        return waiting(format!("{replicas} of {wanted} pods are there"));
    }
    if ready < wanted {
        return waiting(format!("{ready} of {wanted} pods are ready"));
    }
    if replicas > wanted {
        return waiting(format!("{} pods too many are still there", replicas - wanted));
    }
    let partition = number(object, "/spec/updateStrategy/rollingUpdate/partition").unwrap_or_default();
    if partition > 0 {
        let due = wanted - partition;
        return if updated < due {
            waiting(format!("{updated} of {due} pods are of the new version"))
        } else {
            current()
        };
    }
    let (old, new) = (text(object, "/status/currentRevision"), text(object, "/status/updateRevision"));
    if present < wanted || old != new {
        return waiting(format!("{updated} of {wanted} pods are of the new version"));
    }
    current()
}

fn daemon_set(object: &Json) -> Progress {
    if object.pointer("/status/observedGeneration").is_none() {
        return waiting("its controller has not seen it yet");
    }
    let count = |field: &str| number(object, &format!("/status/{field}")).unwrap_or_default();
    let wanted = count("desiredNumberScheduled");
    for (field, what) in [
        ("currentNumberScheduled", "are there"),
        ("updatedNumberScheduled", "are of the new version"),
        ("numberAvailable", "are available"),
        ("numberReady", "are ready"),
    ] {
        if count(field) < wanted {
            return waiting(format!("{} of {wanted} pods {what}", count(field)));
        }
    }
    current()
}

fn replica_set(object: &Json) -> Progress {
    if let Some(failure) = condition(object, "ReplicaFailure").filter(Condition::holds) {
        return waiting(failure.words("its pods cannot be made"));
    }
    let wanted = number(object, "/spec/replicas").unwrap_or(1);
    let count = |field: &str| number(object, &format!("/status/{field}")).unwrap_or_default();
    for (field, what) in [
        ("fullyLabeledReplicas", "have its labels"),
        ("availableReplicas", "are available"),
        ("readyReplicas", "are ready"),
    ] {
        if count(field) < wanted {
            return waiting(format!("{} of {wanted} pods {what}", count(field)));
        }
    }
    if count("replicas") > wanted { waiting("pods too many are still there") } else { current() }
}

/// Unlike kstatus, and like Helm, a Job is waited for until it ends.
fn job(object: &Json) -> Progress {
    if condition(object, "Complete").is_some_and(|condition| condition.holds()) {
        return current();
    }
    if let Some(condition) = condition(object, "Failed").filter(Condition::holds) {
        return failed(condition.words("it failed"));
    }
    if condition(object, "Suspended").is_some_and(|condition| condition.holds()) {
        return current();
    }
    if object.pointer("/status/startTime").is_none() {
        return waiting("it has not begun");
    }
    let wanted = number(object, "/spec/completions").unwrap_or(1);
    let done = number(object, "/status/succeeded").unwrap_or_default();
    waiting(match number(object, "/status/failed").unwrap_or_default() {
        0 => format!("{done} of {wanted} completions"),
        count => format!("{done} of {wanted} completions, {count} failed"),
    })
}

fn pod(object: &Json, now: Option<i64>) -> Progress {
    let phase = text(object, "/status/phase");
    match phase {
        "Succeeded" => return current(),
        "Failed" => {
            let message = text(object, "/status/message");
            return failed(if message.is_empty() {
                trouble(object).map_or("it failed".to_owned(), |t| t.words)
            } else {
                message.to_owned()
            });
        }
        _ => {}
    }
    let found = trouble(object);
    if let Some(trouble) = found.as_ref().filter(|trouble| trouble.crashes) {
        return failed(trouble.words.clone());
    }
    if phase == "Running" && condition(object, "Ready").is_some_and(|ready| ready.holds()) {
        return current();
    }
    if let Some(scheduled) = condition(object, "PodScheduled")
        && scheduled.reason == "Unschedulable"
    {
        let words = scheduled.words("no node has room for it");
        let since = scheduled.since.and_then(|since| now.map(|now| now - since));
        return if since.is_some_and(|since| since >= UNSCHEDULABLE) { failed(words) } else { waiting(words) };
    }
    let state = || match condition(object, "Ready") {
        _ if phase == "Pending" && text(object, "/spec/nodeName").is_empty() => {
            "no node was chosen for it yet".to_owned()
        }
        Some(ready) if !ready.holds() => ready.words("it is not ready"),
        _ => "it is not ready".to_owned(),
    };
    waiting(found.map_or_else(state, |trouble| trouble.words))
}

/// What keeps a container of a pod from running.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ContainerTrouble {
    /// The container.
    pub container: String,
    /// What is wrong, in the kubelet's words.
    pub words: String,
    /// It starts and ends, again and again.
    pub crashes: bool,
    /// It ran before, so that there is a log of it.
    pub ran: bool,
}

/// Finds the first container of a pod that cannot run.
pub(super) fn trouble(pod: &Json) -> Option<ContainerTrouble> {
    let of =
        |field: &str| pod.pointer(&format!("/status/{field}")).and_then(Json::as_array).cloned().unwrap_or_default();
    let statuses: Vec<Json> = of("initContainerStatuses").into_iter().chain(of("containerStatuses")).collect();
    statuses.iter().find_map(|status| {
        let container = text(status, "/name").to_owned();
        let ended = ["/state/terminated", "/lastState/terminated"].iter().find_map(|at| status.pointer(at));
        let code = ended.and_then(|ended| number(ended, "/exitCode")).unwrap_or_default();
        let ran = ended.is_some() || status.pointer("/state/running").is_some();
        let reason = text(status, "/state/waiting/reason");
        let message = text(status, "/state/waiting/message");
        if !reason.is_empty() && !["ContainerCreating", "PodInitializing"].contains(&reason) {
            let crashes = reason == "CrashLoopBackOff";
            let why = match (crashes, ended) {
                (true, Some(_)) => format!("it exits with {code}, again and again"),
                _ if message.is_empty() => reason.to_owned(),
                _ => message.to_owned(),
            };
            return Some(ContainerTrouble {
                words: format!("container `{container}`: {reason}: {why}"),
                container,
                crashes,
                ran,
            });
        }
        if status.pointer("/state/terminated").is_some() && code != 0 {
            let words = format!("container `{container}`: it exited with {code}");
            return Some(ContainerTrouble { words, container, crashes: false, ran });
        }
        None
    })
}

fn service(object: &Json) -> Progress {
    if text(object, "/spec/type") == "LoadBalancer" {
        let given = object.pointer("/status/loadBalancer/ingress").and_then(Json::as_array);
        if given.is_none_or(Vec::is_empty) {
            return waiting("its load balancer has no address");
        }
    }
    current()
}

fn definition(object: &Json) -> Progress {
    if let Some(condition) = condition(object, "NamesAccepted").filter(|condition| condition.status == "False") {
        return failed(condition.words("its names are taken"));
    }
    match condition(object, "Established") {
        Some(condition) if condition.holds() => current(),
        _ => waiting("it is not established"),
    }
}

/// An entry of `status.conditions`.
struct Condition {
    status: String,
    reason: String,
    message: String,
    since: Option<i64>,
}

impl Condition {
    fn holds(&self) -> bool {
        self.status == "True"
    }

    fn words(&self, otherwise: &str) -> String {
        let text = if self.message.is_empty() { &self.reason } else { &self.message };
        if text.is_empty() { otherwise.to_owned() } else { text.clone() }
    }
}

fn condition(object: &Json, kind: &str) -> Option<Condition> {
    let conditions = object.pointer("/status/conditions")?.as_array()?;
    let found = conditions.iter().find(|condition| text(condition, "/type") == kind)?;
    let of = |pointer: &str| text(found, pointer).to_owned();
    let since = super::clock::seconds(text(found, "/lastTransitionTime"));
    Some(Condition { status: of("/status"), reason: of("/reason"), message: of("/message"), since })
}

fn number(object: &Json, pointer: &str) -> Option<i64> {
    object.pointer(pointer)?.as_i64()
}

#[cfg(test)]
#[path = "wait/tests.rs"]
mod tests;
