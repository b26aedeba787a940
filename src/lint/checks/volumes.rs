//! Volumes: of the node, of the runtime, of any type; and the kernel's parameters, which are the node's, too.

use super::Check;
use crate::diagnostic::Change;
use crate::lint::finding::called;
use crate::lint::params::Params;
use crate::object::Pod;
use crate::yaml::Node;

/// Iterates over the volumes that are paths of the node: name and source.
fn host_paths<'d>(pod: &Pod<'d>) -> impl Iterator<Item = (&'d str, Node<'d>)> {
    let volumes = pod.spec.field("volumes").into_iter().flat_map(Node::items);
    volumes.filter_map(|volume| {
        let name = volume.field("name").map(Node::text).unwrap_or_default();
        Some((name, volume.field("hostPath")?))
    })
}

/// No volume may be a `hostPath`; with `only: untyped`, none without a `type`.
pub(super) fn host_path(params: &mut Params<'_>) -> Check {
    let untyped = params.word("only", &["all", "untyped"]) == "untyped";
    Check::pod(move |_, pod, findings| {
        for (name, source) in host_paths(pod) {
            let path = source.field("path").unwrap_or(source);
            if !untyped {
                findings.at(path).message(format!("volume `{name}` is the node's `{}`", path.text()));
            } else if source.field("type").is_none_or(|kind| kind.text().is_empty()) {
                findings.at(source).message(format!("volume `{name}` takes whatever is at `{}`", path.text()));
            }
        }
    })
}

/// No volume may be one of these `paths` of the node, or have one of these `parts` between its slashes.
pub(super) fn listed_host_path(params: &mut Params<'_>) -> Check {
    let (paths, parts) = (params.optional_list("paths"), params.optional_list("parts"));
    Check::pod(move |_, pod, findings| {
        for (name, source) in host_paths(pod) {
            let Some(node) = source.field("path") else { continue };
            let path = trimmed(node.text());
            let listed = paths.iter().any(|listed| trimmed(listed) == path);
            if listed || path.split('/').any(|part| parts.iter().any(|listed| listed == part)) {
                findings.at(node).message(format!("volume `{name}` is the node's `{}`", node.text()));
            }
        }
    })
}

/// Takes slashes off the end; the root itself is left.
fn trimmed(path: &str) -> &str {
    let trimmed = path.trim_end_matches('/');
    if trimmed.is_empty() { path.get(..1).unwrap_or_default() } else { trimmed }
}

/// No volume may be one of these `sockets`, or the folder that holds one.
pub(super) fn socket(params: &mut Params<'_>) -> Check {
    let sockets = params.list("sockets");
    Check::pod(move |_, pod, findings| {
        for (name, source) in host_paths(pod) {
            let Some(node) = source.field("path") else { continue };
            let path = node.text().trim_end_matches('/');
            let folder = |socket: &str| socket.rsplit_once('/').is_some_and(|(folder, _)| folder == path);
            let named =
                |socket: &str| socket.rsplit_once('/').is_some_and(|(_, name)| path.ends_with(&format!("/{name}")));
            if let Some(socket) = sockets.iter().find(|socket| named(socket) || folder(socket)) {
                findings.at(node).message(format!("volume `{name}` holds the container runtime's socket, `{socket}`"));
            }
        }
    })
}

/// What a container mounts of the node must be read only.
pub(super) fn writable_mount(_: &mut Params<'_>) -> Check {
    Check::container(|pod, container, findings| {
        for mount in container.node.field("volumeMounts").into_iter().flat_map(Node::items) {
            let Some(name) = mount.field("name") else { continue };
            let read_only = mount.field("readOnly").and_then(Node::as_bool) == Some(true);
            let source = host_paths(pod).find(|(volume, _)| *volume == name.text());
            if let Some((_, source)) = source.filter(|_| !read_only) {
                let path = source.field("path").map(Node::text).unwrap_or_default();
                let message = format!("{} can write to the node's `{path}`", called(container));
                findings.at(name).message(message).label(source.head(), "the volume").set(mount, "readOnly", true);
            }
        }
    })
}

/// Volumes must be of a type that is `allowed`.
pub(super) fn kind(params: &mut Params<'_>) -> Check {
    let allowed = params.list("allowed");
    Check::pod(move |_, pod, findings| {
        for volume in pod.spec.field("volumes").into_iter().flat_map(Node::items) {
            let sources = || volume.entries().filter(|entry| entry.name() != "name" && !entry.value.is_null());
            // One without a source is an empty folder.
            let Some(first) = sources().next() else { continue };
            if !sources().any(|source| allowed.iter().any(|allowed| allowed == source.name())) {
                let name = volume.field("name").map(Node::text).unwrap_or_default();
                findings.at_key(first).message(format!("volume `{name}` is of the type `{}`", first.name()));
            }
        }
    })
}

/// The pod may set only those parameters of the kernel that are `allowed`.
pub(super) fn sysctl(params: &mut Params<'_>) -> Check {
    let allowed = params.list("allowed");
    Check::pod(move |_, pod, findings| {
        let sysctls = pod.spec.at(&["securityContext", "sysctls"]).into_iter().flat_map(Node::items);
        for name in sysctls.filter_map(|sysctl| sysctl.field("name")) {
            if !allowed.iter().any(|allowed| allowed == name.text()) {
                let finding = findings.at(name).message(format!("pod sets the kernel parameter `{}`", name.text()));
                if let Some(sysctl) = name.parent() {
                    finding.change(sysctl, Change::Delete);
                }
            }
        }
    })
}
