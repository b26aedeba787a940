//! Environment variables.

use super::references::{field_ref, resource_field_ref};
use super::{Pod, Volume, no_backsteps};
use crate::api::check::{Check, Place, items, show, text};
use crate::api::syntax::{config_key, dns_label, dns_subdomain, env_name, generated};
use crate::yaml::Node;

/// Judges `env` and `envFrom` of a container.
pub(super) fn judge<'d>(check: &mut Check<'d>, pod: &Pod<'d>, container: Node<'d>) {
    let mut seen: Vec<Node<'d>> = Vec::new();
    for variable in items(container, "env") {
        if let Some(name) = check.required("api/env", variable, "name") {
            env_variable(check, name, "name");
            match seen.iter().find(|first| first.text() == name.text()) {
                Some(first) => {
                    let message = format!("`{}` is set twice: the last one counts", show(name.text()));
                    check.apply_only(variable, message).label(first.span(), "first set here");
                }
                None => seen.push(name),
            }
        }
        if let Some(source) = variable.field("valueFrom") {
            value_from(check, pod, variable, source);
        }
    }
    for source in items(container, "envFrom") {
        env_from(check, container, source);
    }
}

/// Judges the name of a variable, or the front of names.
fn env_variable<'d>(check: &mut Check<'d>, name: Node<'d>, what: &str) {
    let relaxed = check.since(32);
    check.syntax("api/env", name, what, name.text(), |name| if relaxed { env_name(name) } else { strict_name(name) });
}

/// The name of a variable before Kubernetes 1.32.
fn strict_name(text: &str) -> Option<String> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if !text.bytes().all(allowed) || text.starts_with(|first: char| first.is_ascii_digit()) {
        return Some("may hold only letters, digits, `-`, `_` and `.`, and does not begin with a digit".to_owned());
    }
    (text == "." || text.starts_with("..")).then(|| "may not be `.` or begin with `..`".to_owned())
}

fn value_from<'d>(check: &mut Check<'d>, pod: &Pod<'d>, variable: Node<'d>, source: Node<'d>) {
    let mut sources = 0;
    for field in ["fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef"] {
        let Some(reference) = source.field(field) else { continue };
        match field {
            "fieldRef" => field_ref(check, reference),
            "resourceFieldRef" => resource_field_ref(check, reference),
            "fileKeyRef" if check.since(35) => file_key(check, pod, reference),
            // The server drops it, as the feature is off.
            "fileKeyRef" => continue,
            _ => object_key(check, reference),
        }
        sources += 1;
    }
    if sources == 0 {
        let message = "`valueFrom` says no source";
        check.error("api/env", source, message).help("write `configMapKeyRef`, `secretKeyRef`, `fieldRef` or another");
    } else if !text(variable, "value").is_empty() {
        check.error("api/env", source, "a variable has `value` or `valueFrom`, not both").help("remove one of them");
    } else if sources > 1 {
        check.error("api/env", source, "`valueFrom` says more than one source").help("keep one");
    }
}

/// Judges a reference to a key of a ConfigMap or Secret.
fn object_key<'d>(check: &mut Check<'d>, reference: Node<'d>) {
    if check.required("api/env", reference, "name").is_some() {
        check.syntax("api/env", (reference, "name"), "name", text(reference, "name"), dns_subdomain);
    }
    if let Some(key) = check.required("api/env", reference, "key") {
        check.syntax("api/env", key, "key", key.text(), config_key);
    }
}

/// Judges a reference to a key of a file in a volume.
fn file_key<'d>(check: &mut Check<'d>, pod: &Pod<'d>, reference: Node<'d>) {
    if let Some(key) = check.required("api/env", reference, "key") {
        check.syntax("api/env", key, "key", key.text(), env_name);
    }
    if let Some(path) = check.required("api/env", reference, "path") {
        check.syntax("api/env", path, "path", path.text(), no_backsteps);
    }
    let Some(name) = check.required("api/env", reference, "volumeName") else { return };
    if !check.syntax("api/env", name, "volumeName", name.text(), dns_label) {
        return;
    }
    match pod.volume(name.text()) {
        None => {
            let message = format!("the pod has no volume `{}`", show(name.text()));
            check.error("api/env", name, message).help("name one of `volumes`");
        }
        Some((_, Volume::EmptyDir)) => {}
        Some((volume, _)) => {
            let message = format!("volume `{}` is no `emptyDir`, which a file of variables must lie in", name.text());
            check.error("api/env", name, message).label(volume.head(), "the volume");
        }
    }
}

fn env_from<'d>(check: &mut Check<'d>, container: Node<'d>, source: Node<'d>) {
    if let Some(prefix) = source.field("prefix").filter(|prefix| !prefix.text().is_empty()) {
        env_variable(check, prefix, "prefix");
    }
    let mut sources = 0;
    for field in ["configMapRef", "secretRef"] {
        let Some(reference) = source.field(field) else { continue };
        sources += 1;
        if let Some(name) = check.required("api/env", reference, "name") {
            check.syntax("api/env", name, "name", name.text(), |name| generated(name, dns_subdomain));
        }
    }
    if sources != 1 {
        let message = if sources == 0 {
            "an item of `envFrom` names no source"
        } else {
            "an item of `envFrom` names two sources"
        };
        check
            .error("api/env", Place::Shown(source.head(), container, "envFrom"), message)
            .help("write one of `configMapRef` and `secretRef` in each item");
    }
}
