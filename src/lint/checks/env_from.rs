//! Whole ConfigMaps and Secrets as variables.

use super::Check;
use crate::lint::params::Params;
use crate::yaml::Node;

/// What a container takes whole into its variables must have keys that can be names of variables.
pub(super) fn build(_: &mut Params<'_>) -> Check {
    Check::pod(|context, pod, findings| {
        let sources = pod.containers().filter_map(|container| container.node.field("envFrom")).flat_map(Node::items);
        for source in sources {
            let prefix = source.field("prefix").map(Node::text).unwrap_or_default();
            for (field, kind) in [("configMapRef", "ConfigMap"), ("secretRef", "Secret")] {
                let Some(name) = source.field(field).and_then(|reference| reference.field("name")) else { continue };
                let Some(object) = context.set.beside(context.object, "", kind, name.text()) else { continue };
                let maps = ["data", "stringData", "binaryData"].into_iter().filter_map(|map| object.node.field(map));
                let wrong = |key: &str| !is_variable(if prefix.is_empty() { key } else { prefix }, key);
                if let Some(entry) = maps.flat_map(Node::entries).find(|entry| wrong(entry.name())) {
                    let message = format!(
                        "the key `{}` of {kind} `{}` is no name that a program can ask for",
                        entry.name(),
                        object.name
                    );
                    findings.at(name).message(message).label(entry.key.span(), "the key");
                }
            }
        }
    })
}

/// Tells whether a key, behind a text that begins with `front`, makes a name of letters, digits and `_`, with no digit first.
fn is_variable(front: &str, key: &str) -> bool {
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    plain(front) && plain(key) && !front.starts_with(|first: char| first.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::{pod, problems};

    #[test]
    fn a_prefix_is_part_of_the_name() {
        for (source, key, count) in [
            ("configMapRef: {name: c}", "LOG_LEVEL", 0),
            ("configMapRef: {name: c}", "log.level", 1),
            ("configMapRef: {name: c}", "1st", 1),
            ("prefix: N_, configMapRef: {name: c}", "1st", 0),
            ("prefix: n-, configMapRef: {name: c}", "A", 1),
        ] {
            let of_pod = pod("dnsPolicy: Default", &format!("envFrom: [{{{source}}}]"));
            let text =
                format!("{of_pod}---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\ndata: {{{key}: a}}\n");
            assert_eq!(problems("env-from-odd-key", &text).len(), count, "{source} {key}");
        }
    }
}
