//! Sidecars that read what others write.

use super::{Check, resources};
use crate::lint::finding::called;
use crate::lint::params::Params;
use crate::object::{Container, Pod};
use crate::yaml::Node;
use std::collections::BTreeSet;

/// A sidecar that ships logs must share a volume with what writes them. It is known by its image (`images`: last words of
/// names) or by the words of its own name (`names`).
pub(super) fn log(params: &mut Params<'_>) -> Check {
    let (images, names) = (params.list("images"), params.list("names"));
    Check::pod(move |_, pod, findings| {
        let running = || pod.containers().filter(|container| resources::runs_on(*container));
        if running().count() < 2 {
            return;
        }
        for shipper in running().filter(|container| ships_logs(*container, &images, &names)) {
            let own = mounted(shipper);
            // The node's own logs need no volume of the pod.
            let reads_node = own.iter().any(|name| is_host_path(pod, name));
            let shares =
                running().filter(|other| other.node != shipper.node).any(|other| !own.is_disjoint(&mounted(other)));
            if !reads_node && !shares {
                findings
                    .lacking(shipper.node)
                    .message(format!("{} shares no volume with a container whose logs it could read", called(shipper)));
            }
        }
    })
}

fn ships_logs(container: Container<'_>, images: &[String], names: &[String]) -> bool {
    let image = container.node.field("image").map(Node::text).unwrap_or_default();
    let image = image.rsplit('/').next().unwrap_or_default().split([':', '@']).next().unwrap_or_default();
    let mut words = container.name().split('-');
    // A receiver listens; what it gets does not come from a volume.
    let listens = container.node.field("ports").is_some_and(|ports| ports.items().len() > 0);
    let known = images.iter().any(|listed| listed == image) || words.any(|word| names.iter().any(|name| name == word));
    known && !listens
}

fn mounted(container: Container<'_>) -> BTreeSet<&str> {
    let mounts = container.node.field("volumeMounts").into_iter().flat_map(Node::items);
    mounts.filter_map(|mount| mount.field("name")).map(Node::text).collect()
}

fn is_host_path(pod: &Pod<'_>, name: &str) -> bool {
    let mut volumes = pod.spec.field("volumes").into_iter().flat_map(Node::items);
    volumes.any(|volume| volume.field("name").map(Node::text) == Some(name) && volume.field("hostPath").is_some())
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::{pod, problems};

    #[test]
    fn a_shipper_reads_what_another_container_writes() {
        let mount = |name: &str| format!("volumeMounts: [{{name: {name}, mountPath: /log}}]");
        for (volumes, of_web, shipper, flagged) in [
            ("[{name: logs, emptyDir: {}}]", mount("logs"), format!("image: 'fluent-bit:3', {}", mount("logs")), false),
            ("[{name: logs, emptyDir: {}}]", mount("logs"), "image: 'fluent-bit:3'".to_owned(), true),
            ("[]", "image: 'a:1'".to_owned(), "name: log-tail, image: 'busybox:1'".to_owned(), true),
            ("[]", "image: 'a:1'".to_owned(), "name: login, image: 'b:1'".to_owned(), false),
            (
                "[{name: node, hostPath: {path: /var/log}}]",
                "image: 'a:1'".to_owned(),
                format!("image: 'fluentd:1', {}", mount("node")),
                false,
            ),
            ("[]", "image: 'a:1'".to_owned(), "image: 'vector:1', ports: [{containerPort: 24224}]".to_owned(), false),
        ] {
            let text = pod(&format!("volumes: {volumes}"), &format!("{of_web}\n    - {{{shipper}}}"));
            let found = problems("log-sidecar-without-volume", &text).len();
            assert_eq!(found, usize::from(flagged), "{shipper}");
        }
    }
}
