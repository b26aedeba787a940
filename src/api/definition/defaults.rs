//! Defaults fit the schemas that they stand in.

use super::super::check::Check;
use super::structural::properties;
use crate::yaml::Node;

/// Judges the defaults of a sound schema.
pub(super) fn judge<'d>(check: &mut Check<'d>, schema: Node<'d>) {
    if let Some(default) = schema.field("default") {
        let place = default.path_from(check.root());
        for finding in crate::schema::default_problems(schema, default, check.version) {
            let inner = finding.path.unwrap_or_default();
            let joint = if inner.is_empty() || inner.starts_with('[') { "" } else { "." };
            // Of fields that nobody knows the server names the default alone.
            let path = match finding.rule.as_ref() {
                "schema/unknown-field" => place.clone(),
                _ => format!("{place}{joint}{inner}"),
            };
            let said = check.error_at(
                "api/definition-default",
                finding.span.unwrap_or_else(|| default.head()),
                path,
                format!("the default does not fit its schema: {}", finding.message.replacen("``", "it", 1)),
            );
            if let Some(help) = finding.help {
                said.help(help);
            }
        }
    }
    if let Some(of_items) = schema.field("items") {
        judge(check, of_items);
    }
    properties(schema).for_each(|(_, field)| judge(check, field));
}
