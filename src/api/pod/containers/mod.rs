//! Containers of all roles.
//!
//! In: the `spec` of a pod or template. Each file judges one concern of a container; those that look at all containers at
//! once take the [`Pod`]. Source: `ValidatePodSpec` and `warningsForPodSpecAndMeta` of Kubernetes.

mod annotations;
mod env;
mod handlers;
mod mounts;
mod os;
mod pod_resources;
mod ports;
mod profiles;
pub(super) mod references;
pub(super) mod resources;
mod restart;
mod security;
mod windows;

#[cfg(test)]
mod tests;

use crate::api::check::{Check, is_true, items, text};
use crate::api::syntax::dns_label;
use crate::yaml::{Kind, Node};
use handlers::Probe;

/// What a pod says that its containers are judged by.
struct Pod<'d> {
    /// The pod's, or template's, `spec`.
    spec: Node<'d>,
    /// The object is a Pod itself, for which the server fills in more, and takes less, than for a template.
    is_pod: bool,
}

impl<'d> Pod<'d> {
    /// Gives all containers that may be created, those for initialization first, as the server goes through them.
    fn containers(&self) -> impl Iterator<Item = (Role, Node<'d>)> {
        let first = written(self.spec, "initContainers").map(|container| (Role::of_init(container), container));
        first.chain(written(self.spec, "containers").map(|container| (Role::Main, container)))
    }

    /// Gives the volume of a name, with what it is. A StatefulSet's claims are volumes of its pods.
    fn volume(&self, name: &str) -> Option<(Node<'d>, Volume)> {
        let workload = self.spec.parent().and_then(Node::parent).filter(|_| !self.is_pod);
        let claims = workload.into_iter().flat_map(|workload| items(workload, "volumeClaimTemplates"));
        let mut named = claims.filter(|claim| claim.at(&["metadata", "name"]).is_some_and(|held| held.text() == name));
        if let Some(claim) = named.next() {
            return Some((claim, Volume::Claim));
        }
        let volume = items(self.spec, "volumes").find(|volume| text(*volume, "name") == name)?;
        let has = |source: &str| volume.field(source).is_some();
        let mut sources = volume.entries().filter(|entry| entry.name() != "name" && !entry.value.is_null());
        let kind = if has("persistentVolumeClaim") || has("ephemeral") {
            Volume::Claim
        } else if has("emptyDir") || sources.next().is_none() {
            // A volume that says no source is an `emptyDir`.
            Volume::EmptyDir
        } else {
            Volume::Other
        };
        Some((volume, kind))
    }

    /// Tells whether the pod has a user namespace of its own.
    fn has_own_users(&self) -> bool {
        self.spec.field("hostUsers").and_then(Node::as_bool) == Some(false)
    }

    /// Tells whether the pod is for an operating system; `false` where it says none.
    fn is_for(&self, os: &str) -> bool {
        self.spec.at(&["os", "name"]).is_some_and(|name| name.text() == os)
    }

    /// Gives how many seconds a container has to end.
    fn grace(&self) -> i64 {
        let seconds = self.spec.field("terminationGracePeriodSeconds").and_then(Node::as_i64).unwrap_or(30);
        if self.is_pod && seconds < 0 { 1 } else { seconds }
    }
}

/// What a volume is, as far as containers care.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Volume {
    /// A claim of storage.
    Claim,
    /// A folder that begins empty.
    EmptyDir,
    /// Anything else.
    Other,
}

/// When a container runs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// As the pod's purpose.
    Main,
    /// Once, before others.
    Init,
    /// From before others on, until the pod ends.
    Sidecar,
}

impl Role {
    fn of_init(container: Node<'_>) -> Self {
        if text(container, "restartPolicy") == "Always" { Self::Sidecar } else { Self::Init }
    }
}

/// Judges the containers of a pod or template, and the pod's own resources.
pub(super) fn judge<'d>(check: &mut Check<'d>, spec: Node<'d>) {
    let pod = Pod { spec, is_pod: spec.parent() == Some(check.root()) };
    if spec.field("containers").is_some_and(|containers| containers.items().len() == 0) {
        check.error("api/container", (spec, "containers"), "`containers` is empty").help("a pod needs a container");
    }
    if items(spec, "ephemeralContainers").next().is_some() {
        let message = "`ephemeralContainers` may not be set when a pod is created";
        check
            .error("api/container", (spec, "ephemeralContainers"), message)
            .help("add them to the running pod: `kubectl debug`");
    }
    names(check, &pod);
    for (role, container) in pod.containers() {
        common(check, &pod, container);
        restart::judge(check, &pod, role, container);
        handlers_of(check, &pod, role, container);
    }
    ports::across(check, &pod);
    if let Some(context) = spec.field("securityContext") {
        security::of_any(check, context);
    }
    annotations::judge(check, &pod);
    windows::host_processes(check, &pod);
    pod_resources::judge(check, &pod);
}

/// Gives the containers of a list that are maps: of others the schema tells.
fn written<'d>(spec: Node<'d>, list: &str) -> impl Iterator<Item = Node<'d>> {
    items(spec, list).filter(|container| container.kind() == Kind::Map)
}

/// Judges what containers of all roles have in common.
fn common<'d>(check: &mut Check<'d>, pod: &Pod<'d>, container: Node<'d>) {
    if let Some(image) = check.required("api/container", container, "image")
        && pod.is_pod
        && image.text().trim() != image.text()
    {
        check.error("api/container", image, "`image` begins or ends with white space").help("remove the white space");
    }
    choice(check, "api/container", container, "imagePullPolicy", &["Always", "IfNotPresent", "Never"]);
    choice(check, "api/container", container, "terminationMessagePolicy", &["File", "FallbackToLogsOnError"]);
    ports::judge(check, container);
    env::judge(check, pod, container);
    mounts::judge(check, pod, container);
    if let Some(resources) = container.field("resources") {
        resources::judge(check, pod, resources, resources::container_resource);
    }
    security::judge(check, pod, container);
}

/// Judges names: those of main and init containers are one set.
fn names<'d>(check: &mut Check<'d>, pod: &Pod<'d>) {
    let mut seen: Vec<Node<'d>> = Vec::new();
    for list in ["containers", "initContainers"] {
        for container in written(pod.spec, list) {
            let Some(name) = check.required("api/container", container, "name") else { continue };
            check.syntax("api/container", name, "name", name.text(), dns_label);
            match seen.iter().find(|first| first.text() == name.text()) {
                Some(first) => {
                    check
                        .error("api/container", name, format!("two containers are named `{}`", name.text()))
                        .label(first.span(), "the first one");
                }
                None => seen.push(name),
            }
        }
    }
}

/// Judges probes and lifecycle handlers.
fn handlers_of<'d>(check: &mut Check<'d>, pod: &Pod<'d>, role: Role, container: Node<'d>) {
    if role == Role::Init {
        for field in ["livenessProbe", "readinessProbe", "startupProbe"] {
            check.forbidden(
                "api/probe",
                container,
                field,
                "is not for init containers without `restartPolicy: Always`",
            );
        }
        // The server drops `stopSignal`, and a lifecycle that says nothing else.
        let is_dropped = container.field("lifecycle").is_some_and(|lifecycle| {
            lifecycle.field("stopSignal").is_some()
                && lifecycle.field("preStop").is_none()
                && lifecycle.field("postStart").is_none()
        });
        if !is_dropped {
            let why = "is not for init containers without `restartPolicy: Always`";
            check.forbidden("api/lifecycle", container, "lifecycle", why);
        }
        return;
    }
    handlers::probe(check, container, Probe::Liveness);
    handlers::probe(check, container, Probe::Readiness);
    handlers::probe(check, container, Probe::Startup);
    handlers::lifecycle(check, pod, container);
}

/// Requires a text to be one of some words, or empty: the server takes an empty one as absent, and fills in its default.
fn choice<'d>(check: &mut Check<'d>, rule: &'static str, map: Node<'d>, field: &'static str, words: &[&str]) {
    if !text(map, field).is_empty() {
        check.word(rule, map, field, words);
    }
}

/// Says what is wrong with a path that has to stay below a folder.
fn descending_path(path: &str) -> Option<String> {
    if path.starts_with('/') {
        return Some("must be a relative path: it may not begin with `/`".to_owned());
    }
    no_backsteps(path)
}

/// Says what is wrong with a path that may not leave its folder.
fn no_backsteps(path: &str) -> Option<String> {
    path.split('/').any(|part| part == "..").then(|| "may not hold `..`".to_owned())
}

/// Tells whether a container, or a pod, is to run with all rights of the host.
fn is_privileged(container: Node<'_>) -> bool {
    container.field("securityContext").is_some_and(|context| is_true(context, "privileged"))
}
