//! Namespaces.

use crate::api::check::{Check, Place, items, plain};
use crate::api::syntax::qualified_name;
use crate::yaml::Node;

/// Judges a Namespace: its finalizers, and the labels that say which pods it lets in.
pub(super) fn judge<'d>(check: &mut Check<'d>, object: Node<'d>) {
    if let Some(spec) = object.field("spec") {
        for finalizer in items(spec, "finalizers") {
            let place = Place::Shown(finalizer.head(), spec, "finalizers");
            check.syntax("api/metadata", place, "finalizers", plain(finalizer), finalizer_form);
        }
    }
    let Some(metadata) = object.field("metadata") else { return };
    for entry in metadata.field("labels").into_iter().flat_map(Node::entries) {
        let Some(setting) = entry.name().strip_prefix("pod-security.kubernetes.io/") else { continue };
        let form = match setting {
            "enforce" | "audit" | "warn" => level,
            "enforce-version" | "audit-version" | "warn-version" => policy_version,
            _ => continue,
        };
        let place = Place::Keyed(entry.value.span(), metadata, "labels", entry.name());
        check.syntax("api/pod-security", place, entry.name(), plain(entry.value), form);
    }
}

fn finalizer_form(text: &str) -> Option<String> {
    qualified_name(text).or_else(|| {
        let known = text.contains('/') || matches!(text, "kubernetes" | "orphan" | "foregroundDeletion");
        (!known).then(|| "is no finalizer that Kubernetes knows, and of no domain".to_owned())
    })
}

/// A level of pod security.
fn level(text: &str) -> Option<String> {
    let known = matches!(text, "privileged" | "baseline" | "restricted");
    (!known).then(|| "must be `privileged`, `baseline` or `restricted`".to_owned())
}

/// A version of the policies of pod security: `latest`, `v1.30`.
fn policy_version(text: &str) -> Option<String> {
    let minor = text.strip_prefix("v1.").unwrap_or_default();
    let is_number = !minor.is_empty()
        && minor.bytes().all(|byte| byte.is_ascii_digit())
        && (minor == "0" || !minor.starts_with('0'))
        && minor.parse::<i64>().is_ok();
    (text != "latest" && !is_number).then(|| "must be `latest` or a version such as `v1.30`".to_owned())
}

#[cfg(test)]
mod tests {
    use crate::api::testing::judged;

    #[test]
    fn finalizers_and_pod_security() {
        let found = judged(
            "apiVersion: v1
kind: Namespace
metadata:
  name: web.a
  labels: {pod-security.kubernetes.io/enforce: strict, pod-security.kubernetes.io/warn-version: v1.05, pod-security.kubernetes.io/audit: baseline}
spec: {finalizers: [kubernetes, other, example.com/own]}
",
        );
        let expected = [
            "error api/name metadata.name: `name` is `web.a`, but may hold only small letters, digits and `-`, and begins and ends with a letter or digit",
            "error api/pod-security metadata.labels[\"pod-security.kubernetes.io/enforce\"]: `pod-security.kubernetes.io/enforce` is `strict`, but must be `privileged`, `baseline` or `restricted`",
            "error api/pod-security metadata.labels[\"pod-security.kubernetes.io/warn-version\"]: `pod-security.kubernetes.io/warn-version` is `v1.05`, but must be `latest` or a version such as `v1.30`",
            "error api/metadata spec.finalizers: `finalizers` is `other`, but is no finalizer that Kubernetes knows, and of no domain",
        ];
        assert_eq!(found, expected, "{found:#?}");
    }
}
