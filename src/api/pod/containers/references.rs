//! References of a variable to a field of the pod, or to a container's resources.

use crate::api::check::{Check, show, text};
use crate::api::syntax::qualified_name;
use crate::schema::Amount;
use crate::yaml::Node;

/// The fields of a pod that a variable may hold.
const FIELDS: [&str; 9] = [
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];

/// The resources that a variable may hold.
const RESOURCES: [&str; 6] = [
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.ephemeral-storage",
];

/// Judges `fieldRef`.
pub(super) fn field_ref<'d>(check: &mut Check<'d>, reference: Node<'d>) {
    let Some(path) = check.required("api/env", reference, "fieldPath") else { return };
    let version = text(reference, "apiVersion");
    if !matches!(version, "" | "v1") {
        let message = format!("`apiVersion` is `{}`, but pods have only `v1`", show(version));
        check.error("api/env", path, message).help("remove `apiVersion`");
        return;
    }
    let subscript = path.text().strip_suffix("']").and_then(|rest| rest.split_once("['"));
    if let Some((map @ ("metadata.labels" | "metadata.annotations"), key)) = subscript {
        let lower = key.to_lowercase();
        let problem = qualified_name(if map == "metadata.labels" { key } else { &lower });
        if let Some(problem) = problem {
            check.error("api/env", reference, format!("`{}` is no key of `{map}`: it {problem}", show(key)));
        }
    } else if path.text() != "spec.host" && !FIELDS.contains(&path.text()) {
        let message = format!("no variable can hold `{}`", show(path.text()));
        let said = check.error("api/env", path, message);
        match crate::diagnostic::nearest(path.text(), FIELDS) {
            Some(near) => said.did_you_mean(path, near),
            None => said.help(format!(
                "the fields are `{}`, `metadata.labels['KEY']` and `metadata.annotations['KEY']`",
                FIELDS.join("`, `")
            )),
        };
    }
}

/// Judges `resourceFieldRef`.
pub(super) fn resource_field_ref<'d>(check: &mut Check<'d>, reference: Node<'d>) {
    let Some(resource) = check.required("api/env", reference, "resource") else { return };
    let name = resource.text();
    let huge_pages = name.starts_with("limits.hugepages-") || name.starts_with("requests.hugepages-");
    if !huge_pages && !RESOURCES.contains(&name) {
        let message = format!("`{}` is no resource that a variable can hold", show(name));
        let said = check.error("api/env", resource, message);
        match crate::diagnostic::nearest(name, RESOURCES) {
            Some(near) => said.did_you_mean(resource, near),
            None => said.help(format!("the resources are `{}`", RESOURCES.join("`, `"))),
        };
        return;
    }
    let Some(divisor) = reference.field("divisor") else { return };
    let cpu = matches!(name, "limits.cpu" | "requests.cpu");
    if !is_divisor(divisor, cpu) {
        let choice = if cpu { "`1` or `1m`" } else { "`1`, or 1 with a suffix: `1k` to `1E`, `1Ki` to `1Ei`" };
        let message = format!("`divisor` is `{}`, but must be {choice}", show(divisor.text()));
        check.error("api/env", divisor, message);
    }
}

/// Tells whether an amount, as the server writes it, is one of those that it divides by. What is no quantity is another's
/// business.
pub(in crate::api::pod) fn is_divisor(node: Node<'_>, cpu: bool) -> bool {
    let text = node.text().trim_matches(' ');
    let Some(amount) = Amount::read(text) else { return true };
    let is = |unit: &str| Amount::read(unit) == Some(amount);
    if amount == Amount::ZERO || is("1") {
        return true;
    }
    // A text `1e3` stays written with its exponent; of a number the server reads the value.
    if node.as_str().is_some() && text.contains(['e', 'E']) && !text.ends_with('E') && !text.ends_with('i') {
        return false;
    }
    match (cpu, text.ends_with('i')) {
        (true, _) => is("1m"),
        (false, true) => ["1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei", "1k"].into_iter().any(is),
        (false, false) => ["1k", "1M", "1G", "1T", "1P", "1E"].into_iter().any(is),
    }
}
