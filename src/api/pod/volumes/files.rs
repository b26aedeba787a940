//! Volumes of files that the API holds: ConfigMaps, Secrets, and what a pod knows of itself.

use super::shared::{RULE, file_path};
use crate::api::check::{Check, Place, items, show, text};
use crate::api::pod::containers::references::is_divisor;
use crate::api::syntax::qualified_name;
use crate::yaml::Node;

const HIGHEST_MODE: i64 = 0o777;

pub(super) fn config_map<'d>(check: &mut Check<'d>, source: Node<'d>) {
    check.required(RULE, source, "name");
    mode(check, source, "defaultMode");
    keys(check, source);
}

pub(super) fn secret<'d>(check: &mut Check<'d>, source: Node<'d>) {
    check.required(RULE, source, "secretName");
    mode(check, source, "defaultMode");
    keys(check, source);
}

/// Judges which keys become which files.
pub(super) fn keys<'d>(check: &mut Check<'d>, source: Node<'d>) {
    for item in items(source, "items") {
        check.required(RULE, item, "key");
        check.required(RULE, item, "path");
        file_path(check, item, "path");
        mode(check, item, "mode");
    }
}

/// Judges the permissions of files.
pub(super) fn mode<'d>(check: &mut Check<'d>, map: Node<'d>, field: &'static str) {
    let Some(number) = map.field(field).and_then(Node::as_i64) else { return };
    if !(0..=HIGHEST_MODE).contains(&number) {
        let message = format!("`{field}` is {number}, but must be from 0 to 511 (0777 in octal)");
        check.error(RULE, (map, field), message);
    }
}

pub(super) fn downward_api<'d>(check: &mut Check<'d>, source: Node<'d>) {
    mode(check, source, "defaultMode");
    fields(check, source);
}

/// Judges which fields of the pod become which files.
pub(super) fn fields<'d>(check: &mut Check<'d>, source: Node<'d>) {
    for (index, item) in items(source, "items").enumerate() {
        let mark = check.mark();
        check.required(RULE, item, "path");
        file_path(check, item, "path");
        mode(check, item, "mode");
        match (item.field("fieldRef"), item.field("resourceFieldRef")) {
            (Some(field), other) => {
                field_reference(check, field);
                if other.is_some() {
                    check.error(RULE, item, "`fieldRef` and `resourceFieldRef` are both given").help("remove one");
                }
            }
            (None, Some(resource)) => resource_reference(check, resource),
            (None, None) => {
                check.error(RULE, item, "neither `fieldRef` nor `resourceFieldRef` is given");
            }
        }
        // The server does not say which item it means.
        check.respell(mark, &format!(".items[{index}]"), "");
    }
}

/// Judges a reference to a field of the pod: `metadata.labels['app']`.
fn field_reference<'d>(check: &mut Check<'d>, reference: Node<'d>) {
    const FIELDS: [&str; 5] =
        ["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"];
    let Some(path) = check.required(RULE, reference, "fieldPath") else { return };
    let api_version = text(reference, "apiVersion");
    if !["", "v1"].contains(&api_version) {
        let message = format!("`apiVersion` is `{}`, but a field of a pod is of `v1`", show(api_version));
        let place = reference.field("apiVersion").map_or(path.head(), Node::head);
        check.error(RULE, Place::Shown(place, reference, "fieldPath"), message);
        return;
    }
    let subscripted = path.text().strip_suffix("']").and_then(|front| front.split_once("['"));
    let problem = match subscripted {
        Some(("metadata.labels", key)) => qualified_name(key),
        Some(("metadata.annotations", key)) => qualified_name(&key.to_lowercase()),
        _ => {
            check.word(RULE, reference, "fieldPath", &FIELDS);
            return;
        }
    };
    if let Some(problem) = problem {
        check.error(RULE, reference, format!("`fieldPath` names the key of a label or annotation, but it {problem}"));
    }
}

/// Judges a reference to what a container may use: `limits.cpu`.
fn resource_reference<'d>(check: &mut Check<'d>, reference: Node<'d>) {
    const RESOURCES: [&str; 6] = [
        "limits.cpu",
        "limits.ephemeral-storage",
        "limits.memory",
        "requests.cpu",
        "requests.ephemeral-storage",
        "requests.memory",
    ];
    let resource = text(reference, "resource");
    let huge = resource.starts_with("limits.hugepages-") || resource.starts_with("requests.hugepages-");
    if check.required(RULE, reference, "containerName").is_some()
        && check.required(RULE, reference, "resource").is_some()
        && !huge
    {
        check.word(RULE, reference, "resource", &RESOURCES);
    }
    let Some(divisor) = reference.field("divisor") else { return };
    let cpu = ["limits.cpu", "requests.cpu"].contains(&resource);
    if (huge || RESOURCES.contains(&resource)) && !is_divisor(divisor, cpu) {
        let choice = if cpu { "`1` or `1m`" } else { "`1`, or 1 with a suffix: `1k` to `1E`, `1Ki` to `1Ei`" };
        let message = format!("`divisor` is `{}`, but must be {choice}", show(divisor.text()));
        check.error(RULE, divisor, message);
    }
}
