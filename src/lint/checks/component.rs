//! Software that should not run in a cluster any more, known by its images and labels.

use super::Check;
use crate::lint::params::Params;
use crate::object::Pod;
use crate::yaml::Node;

/// The labels by which software is called.
const LABELS: [&str; 4] = ["app.kubernetes.io/name", "app", "name", "k8s-app"];

/// No container may run one of these `images` (the end of their names, without tag), and no object with pods may be
/// labelled by, no Service select, one of these `names`.
pub(super) fn build(params: &mut Params<'_>) -> Check {
    let (images, names) = (params.list("images"), params.list("names"));
    Check::object(move |context, findings| {
        let object = context.object;
        let containers = object.pods.iter().flat_map(Pod::containers);
        let runs = |image: &Node<'_>| {
            let name = name_of(image.text());
            images
                .iter()
                .any(|end| name == end || name.strip_suffix(end.as_str()).is_some_and(|rest| rest.ends_with('/')))
        };
        if let Some(image) = containers.filter_map(|container| container.node.field("image")).find(runs) {
            findings.at(image);
            return;
        }
        let metadata = object.node.at(&["metadata", "labels"]).filter(|_| !object.pods.is_empty());
        let maps = [metadata, object.node.at(&["spec", "selector"]).filter(|_| object.is("", &["Service"]))];
        let labels = maps.into_iter().flatten().flat_map(|map| LABELS.iter().filter_map(move |key| map.field(key)));
        if let Some(label) = labels.into_iter().find(|label| names.iter().any(|name| name == label.text())) {
            findings.at(label);
        }
    })
}

/// Gives an image's name without its tag and digest. A colon before the last slash is a port.
fn name_of(image: &str) -> &str {
    let image = image.split('@').next().unwrap_or_default();
    let last = image.rfind('/').map_or(0, |slash| slash + 1);
    let tag = image.get(last..).and_then(|name| name.find(':'));
    tag.and_then(|tag| image.get(..last + tag)).unwrap_or(image)
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::{pod, problems};

    #[test]
    fn images_are_known_by_the_end_of_their_names() {
        for (image, flagged) in [
            ("ghcr.io/helm/tiller:v2.17.0", true),
            ("localhost:5000/tiller", true),
            ("tiller@sha256:abc", true),
            ("example.com/rototiller:1", false),
            ("example.com/tiller/web:1", false),
        ] {
            let found = problems("tiller", &pod("dnsPolicy: Default", &format!("image: {image}"))).len();
            assert_eq!(found, usize::from(flagged), "{image}");
        }
    }
}
