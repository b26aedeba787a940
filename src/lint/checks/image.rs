//! Which image runs.

use super::Check;
use crate::diagnostic::Change;
use crate::lint::finding::called;
use crate::lint::params::Params;
use crate::yaml::Node;

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

/// An image must be named by its digest.
pub(super) fn digest(_: &mut Params<'_>) -> Check {
    Check::container(|_, container, findings| {
        let Some(image) = container.node.field("image") else { return };
        let text = image.text();
        if !text.is_empty() && text != "auto" && !text.contains('@') {
            findings.at(image).message(format!("{} runs `{text}`, which names no digest", called(container)));
        }
    })
}

/// The kubelet must ask the registry for the image each time, unless a digest says which one it is.
pub(super) fn pull_policy(_: &mut Params<'_>) -> Check {
    Check::container(|_, container, findings| {
        let image = container.node.field("image").map(Node::text).unwrap_or_default();
        // Without a tag, or with `latest`, nothing written means `Always`.
        let moves = matches!(tag_of(image), None | Some("latest"));
        match container.node.field("imagePullPolicy").filter(|policy| !policy.text().is_empty()) {
            _ if image.contains('@') => {}
            Some(policy) if policy.text() != "Always" => _ = findings.at(policy),
            None if !moves => _ = findings.lacking(container.node),
            _ => {}
        }
    })
}

/// The old registry of the Kubernetes project; all that was there is in the new one, under the same names.
const FROZEN: &str = "k8s.gcr.io";

/// An image may come from none of the `forbidden` registries, and only from those `allowed` if any are named. A registry is
/// a host, or a host with the beginning of a path.
pub(super) fn registry(params: &mut Params<'_>) -> Check {
    let (allowed, forbidden) = (params.optional_list("allowed"), params.optional_list("forbidden"));
    Check::container(move |_, container, findings| {
        let Some(image) = container.node.field("image").filter(|image| !matches!(image.text(), "" | "auto")) else {
            return;
        };
        let full = full_name(image.text());
        let under = |registry: &String| {
            full.strip_prefix(registry.trim_end_matches('/')).is_some_and(|rest| rest.starts_with('/'))
        };
        let frozen = forbidden.iter().any(|registry| registry == FROZEN) && full.starts_with(FROZEN);
        if forbidden.iter().any(under) || !(allowed.is_empty() || allowed.iter().any(under)) {
            let finding = findings.at(image).message(format!("{} runs `{}`", called(container), image.text()));
            if let Some(rest) = image.text().strip_prefix(FROZEN).filter(|_| frozen) {
                finding.change(image, Change::Replace(format!("registry.k8s.io{rest}").into()));
            }
        }
    })
}

/// Gives an image's name with the registry that is meant where none is written.
fn full_name(image: &str) -> String {
    let host = |first: &str| first.contains(['.', ':']) || first == "localhost";
    match image.split_once('/') {
        Some((first, _)) if host(first) => image.to_owned(),
        Some(_) => format!("docker.io/{image}"),
        None => format!("docker.io/library/{image}"),
    }
}

/// Gives the tag of an image without a digest. A colon before the last slash is a port.
fn tag_of(image: &str) -> Option<&str> {
    let name = image.rsplit('/').next().unwrap_or(image);
    name.split_once(':').map(|(_, tag)| tag).filter(|tag| !tag.is_empty())
}

/// An image must be a reference that the kubelet can read.
pub(super) fn reference(_: &mut Params<'_>) -> Check {
    Check::container(|_, container, findings| {
        let Some(image) = container.node.field("image") else { return };
        let text = image.text();
        // What is substituted later cannot be judged, and the schema stage tells placeholders.
        if text.is_empty() || text.contains("${") || text.contains('<') {
            return;
        }
        let Err(why) = read(text) else { return };
        let shown = text.escape_debug();
        let finding =
            findings.at(image).message(format!("{} runs `{shown}`, which is no image: {why}", called(container)));
        let start = text.split(char::is_whitespace).next().unwrap_or_default();
        if start.len() < text.len() && read(start).is_ok() {
            finding.help(format!("remove what follows `{start}`")).change(image, Change::Replace(start.into()));
        } else if read(&text.to_lowercase()).is_ok() {
            let small = text.to_lowercase();
            finding.help(format!("write `{small}`")).change(image, Change::Replace(small.into()));
        }
    })
}

/// Reads `[domain[:port]/]path[:tag][@digest]`, as the distribution project's grammar has it.
fn read(image: &str) -> Result<(), &'static str> {
    if let Some(c) = image.chars().find(|c| !c.is_ascii_graphic()) {
        return Err(if c.is_whitespace() { "it holds a blank" } else { "it holds a character that no image has" });
    }
    let (image, digest) = image.split_once('@').map_or((image, None), |(image, digest)| (image, Some(digest)));
    if digest.is_some_and(|digest| !is_digest(digest)) {
        return Err("its digest is no digest");
    }
    let tag = tag_of(image).unwrap_or_default();
    let name = image.strip_suffix(tag).unwrap_or(image);
    let name = if tag.is_empty() { name } else { name.strip_suffix(':').unwrap_or(name) };
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if tag.len() > 128 || tag.chars().any(|c| !word(c) && c != '.' && c != '-') || tag.starts_with(['.', '-']) {
        return Err("its tag is no tag");
    }
    let is_domain = |first: &str| first.contains(['.', ':']) || first == "localhost" || first != first.to_lowercase();
    let path = match name.split_once('/') {
        Some((domain, path)) if is_domain(domain) => {
            let plain = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
            if !domain.chars().all(plain) {
                return Err("its registry is no host name");
            }
            path
        }
        _ => name,
    };
    if path.chars().any(|c| c.is_ascii_uppercase()) {
        return Err("its name has a capital letter");
    }
    path.split('/').all(is_component).then_some(()).ok_or("its name is no path of words")
}

/// Small letters and digits, with `.`, `_`, `__` or hyphens between them.
fn is_component(text: &str) -> bool {
    let small = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let separator = |text: &str| matches!(text, "." | "_" | "__") || text.bytes().all(|byte| byte == b'-');
    text.starts_with(small) && text.ends_with(small) && text.split(small).all(separator)
}

fn is_digest(text: &str) -> bool {
    text.split_once(':').is_some_and(|(algorithm, hex)| {
        let named = algorithm.chars().all(|c| c.is_ascii_alphanumeric() || "+._-".contains(c));
        let long = if algorithm == "sha256" { hex.len() == 64 } else { hex.len() >= 32 };
        named && long && hex.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::lint::testing::{self, pod, problems};
    use crate::lint::{Configure, LintConfig, LintContext, Param, Word};
    use crate::yaml::emit::Data;

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

    #[test]
    fn a_registry_is_a_host_with_or_without_a_path() {
        let param = |name: &str, registry: &str| Param {
            name: name.to_owned(),
            data: Data::Seq(vec![Data::String(registry.to_owned())]),
            place: None,
        };
        for (image, name, registry, flagged) in [
            ("nginx", "allowed", "docker.io", false),
            ("nginx", "allowed", "docker.io/team", true),
            ("team/web:1", "allowed", "docker.io/team/", false),
            ("registry.example.com/web", "allowed", "registry.example.com", false),
            ("registry.example.com.evil.example/web", "allowed", "registry.example.com", true),
            ("registry.example.com/team/web", "forbidden", "registry.example.com/team", false),
        ] {
            let configure = Configure {
                rule: Word::from("image-from-unlisted-registry"),
                severity: None,
                with: vec![param(name, registry)],
                environments: Vec::new(),
            };
            let config = LintConfig { configure: vec![configure], ..LintConfig::default() };
            let text = pod("dnsPolicy: Default", &format!("image: {image}"));
            let (_, found) = testing::lint(&config, &LintContext::default(), &text);
            assert_eq!(found.len(), usize::from(flagged != (name == "forbidden")), "{image} {name} {registry}");
        }
    }

    #[test]
    fn images_read_as_the_kubelet_reads_them() {
        let digest = format!("a@sha256:{}", "0f".repeat(32));
        for image in [
            "nginx",
            "nginx:1.27.3",
            "team/web",
            "localhost/web",
            "localhost:5000/web:1",
            "registry.example.com/team/web_a.b__c--d:V1.2-x_y",
            "[::1]:5000/web",
            digest.as_str(),
        ] {
            assert_eq!(read(image), Ok(()), "{image}");
        }
        for (image, why) in [
            ("nginx:1.27.3\t\t👈", "it holds a blank"),
            ("nginx👈", "it holds a character that no image has"),
            ("Nginx:1", "its name has a capital letter"),
            ("nginx:1:2", "its tag is no tag"),
            ("nginx:-1", "its tag is no tag"),
            ("nginx:", "its name is no path of words"),
            ("-nginx", "its name is no path of words"),
            ("a//b", "its name is no path of words"),
            ("https://example.com/web", "its name is no path of words"),
            ("a@sha256:abc", "its digest is no digest"),
            (":1", "its name is no path of words"),
        ] {
            assert_eq!(read(image), Err(why), "{image}");
        }
    }

    #[test]
    fn what_was_pasted_behind_an_image_is_shown() {
        let text = pod("dnsPolicy: Default", "image: nginx:1.27.3\t\t👈");
        let expected = r"8:14 spec.containers[0].image: container `web` runs `nginx:1.27.3\t\t👈`, which is no image: it holds a blank";
        assert_eq!(problems("invalid-image", &text), [expected]);
    }
}
