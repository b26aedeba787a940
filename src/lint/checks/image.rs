//! Which image runs.

use super::Check;
use crate::lint::finding::called;
use crate::lint::params::Params;

/// An image must have a digest, or a tag that is not `forbidden`.
pub(super) fn tag(params: &mut Params<'_>) -> Check {
    let forbidden = params.list("forbidden");
    Check::container(move |_, container, findings| {
        let Some(image) = container.node.field("image") else { return };
        let text = image.text();
        // Istio puts its own image in the place of `auto`.
        if text.is_empty() || text == "auto" || text.contains('@') {
            return;
        }
        match tag_of(text) {
            None => {
                let message = format!("{} runs `{text}`, which has no tag and so means `latest`", called(container));
                findings.at(image).message(message);
            }
            Some(tag) if forbidden.iter().any(|forbidden| forbidden == tag) => {
                findings.at(image).message(format!("{} runs `{text}`, whose tag moves", called(container)));
            }
            Some(_) => {}
        }
    })
}

/// Gives the tag of an image without a digest. A colon before the last slash is a port.
fn tag_of(image: &str) -> Option<&str> {
    let name = image.rsplit('/').next().unwrap_or(image);
    name.split_once(':').map(|(_, tag)| tag).filter(|tag| !tag.is_empty())
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::{pod, problems};

    #[test]
    fn a_port_is_no_tag_and_a_digest_is_better_than_one() {
        for (image, flagged) in [
            ("nginx", true),
            ("nginx:latest", true),
            ("nginx:1.27.3", false),
            ("host:5000/img", true),
            ("host:5000/img:1", false),
            ("registry.example.com/team/img", true),
            ("nginx@sha256:abc", false),
            ("nginx:latest@sha256:abc", false),
            ("auto", false),
        ] {
            let text = pod("dnsPolicy: Default", &format!("image: {image:?}"));
            assert_eq!(problems("latest-tag", &text).len(), usize::from(flagged), "{image}");
        }
    }
}
