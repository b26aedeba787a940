//! Volumes that are folders and files of the node.

use super::Check;
use crate::lint::params::Params;
use crate::object::Pod;
use crate::yaml::Node;

fn volumes<'d>(pod: &Pod<'d>) -> impl Iterator<Item = (&'d str, Node<'d>)> {
    let volumes = pod.spec.field("volumes").into_iter().flat_map(Node::items);
    volumes.filter_map(|volume| {
        let name = volume.field("name").map(Node::text).unwrap_or_default();
        Some((name, volume.field("hostPath")?))
    })
}

/// No volume may be a `hostPath`; with `only: untyped`, none without a `type`.
pub(super) fn any(params: &mut Params<'_>) -> Check {
    let untyped = params.word("only", &["all", "untyped"]) == "untyped";
    Check::pod(move |_, pod, findings| {
        for (name, source) in volumes(pod) {
            let path = source.field("path").unwrap_or(source);
            if !untyped {
                findings.at(path).message(format!("volume `{name}` is the node's `{}`", path.text()));
            } else if source.field("type").is_none_or(|kind| kind.text().is_empty()) {
                findings.at(source).message(format!("volume `{name}` takes whatever is at `{}`", path.text()));
            }
        }
    })
}

/// No volume may be one of these `sockets`, or the folder that holds one.
pub(super) fn socket(params: &mut Params<'_>) -> Check {
    let sockets = params.list("sockets");
    Check::pod(move |_, pod, findings| {
        for (name, source) in volumes(pod) {
            let Some(node) = source.field("path") else { continue };
            let path = node.text().trim_end_matches('/');
            let folder = |socket: &str| socket.rsplit_once('/').is_some_and(|(folder, _)| folder == path);
            if let Some(socket) = sockets.iter().find(|socket| *socket == path || folder(socket)) {
                findings.at(node).message(format!("volume `{name}` holds the container runtime's socket, `{socket}`"));
            }
        }
    })
}
