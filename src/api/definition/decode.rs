//! What the server cannot decode in schemas within schemas.

use super::super::check::Check;
use super::structural::{branches, properties};
use crate::diagnostic::Severity;
use crate::yaml::{Kind, Node};

/// Judges what stands in `items` and `additionalProperties`, of which OpenAPI does not tell.
pub(super) fn judge<'d>(check: &mut Check<'d>, schema: Node<'d>) {
    if let Some(values) = schema.field("additionalProperties")
        && !matches!(values.kind(), Kind::Map | Kind::Bool)
    {
        let message = format!("`additionalProperties` must be a schema or a boolean, not {}", values.kind().article());
        check.error("schema/type", values, message);
    }
    for field in ["items", "additionalProperties"] {
        if let Some(inner) = schema.field(field).filter(|inner| inner.kind() == Kind::Map) {
            part(check, inner);
        }
    }
    properties(schema).for_each(|(_, field)| judge(check, field));
    for combinator in ["not", "allOf", "anyOf", "oneOf"] {
        branches(schema, combinator).for_each(|branch| judge(check, branch));
    }
}

fn part<'d>(check: &mut Check<'d>, schema: Node<'d>) {
    let place = schema.path_from(check.root());
    for mut finding in crate::schema::schema_problems(schema, check.version) {
        if finding.rule == "schema/unknown-field" {
            // The server drops it without a word: it decodes these parts by hand.
            finding.severity = Severity::Warning;
        }
        let inner = finding.path.clone().unwrap_or_default();
        let joint = if inner.is_empty() || inner.starts_with('[') { "" } else { "." };
        check.tell(finding, format!("{place}{joint}{inner}"));
    }
    judge(check, schema);
}
