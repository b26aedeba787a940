//! How the server names the fields of a definition: by its internal form, not by the one that is written.

use super::super::check::items;
use crate::yaml::Node;

/// What all versions have alike stands above them in the internal form.
const SHARED: [(&str, &str); 4] = [
    ("schema", "spec.validation"),
    ("subresources", "spec.subresources"),
    ("additionalPrinterColumns", "spec.additionalPrinterColumns"),
    ("selectableFields", "spec.selectableFields"),
];

/// Gives the path that the server names for one that is written; none where it is the same.
pub(in crate::api) fn server_path(object: Node<'_>, path: &str) -> Option<String> {
    if let Some(rest) = path.strip_prefix("spec.conversion.webhook.") {
        let inner = rest.strip_prefix("clientConfig").map(|rest| format!("webhookClientConfig{rest}"));
        return Some(format!("spec.conversion.{}", inner.unwrap_or_else(|| rest.to_owned())));
    }
    let rest = path.strip_prefix("spec.versions[")?;
    let (_, rest) = rest.split_once("].")?;
    let renamed = SHARED.iter().find_map(|(field, shared)| {
        let behind = rest.strip_prefix(field).filter(|behind| behind.is_empty() || behind.starts_with(['.', '[']))?;
        is_shared(object, field).then(|| format!("{shared}{behind}"))
    });
    let path = renamed.unwrap_or_else(|| path.to_owned());
    // Columns are the one place where the internal form's own name shows.
    let path = if path.contains("additionalPrinterColumns[") {
        path.strip_suffix("].jsonPath").map(|front| format!("{front}].JSONPath")).unwrap_or(path)
    } else {
        path
    };
    Some(path)
}

/// Tells whether all versions say the same in a field.
pub(super) fn is_shared(object: Node<'_>, field: &str) -> bool {
    let Some(spec) = object.field("spec") else { return false };
    let mut versions = items(spec, "versions");
    let Some(first) = versions.next() else { return false };
    if field == "schema" && first.at(&["schema", "openAPIV3Schema"]).is_none() {
        return false;
    }
    versions.all(|version| same(first.field(field), version.field(field)))
}

fn same(one: Option<Node<'_>>, other: Option<Node<'_>>) -> bool {
    let (Some(one), Some(other)) = (one, other) else { return one.is_none() && other.is_none() };
    let fields = |node: Node<'_>| node.entries().filter(|entry| !entry.value.is_null()).count();
    one.kind() == other.kind()
        && one.text() == other.text()
        && one.items().len() == other.items().len()
        && one.items().zip(other.items()).all(|(one, other)| same(Some(one), Some(other)))
        && fields(one) == fields(other)
        && one.entries().all(|entry| entry.value.is_null() || same(Some(entry.value), other.field(entry.name())))
}
