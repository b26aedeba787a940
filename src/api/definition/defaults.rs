//! Defaults fit the schemas that they stand in.

use super::super::check::Check;
use super::structural::properties;
use crate::yaml::{Kind, Node};

/// The least number over all that 64 bits hold.
const TOO_LARGE: f64 = 9_223_372_036_854_775_808.0;

/// Judges the defaults of a sound schema.
pub(super) fn judge<'d>(check: &mut Check<'d>, schema: Node<'d>) {
    let least = schema.field("minimum").and_then(|minimum| minimum.text().parse::<f64>().ok());
    // Older servers take a minimum that 64 bits do not hold for a small one.
    let overflows = !check.since(37) && least.is_some_and(|least| least >= TOO_LARGE);
    if let Some(default) = schema.field("default").filter(|_| !overflows) {
        bounds(check, schema, default);
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

/// Judges the bounds that no default fits: lengths below nothing, and numbers that the format does not have.
fn bounds<'d>(check: &mut Check<'d>, schema: Node<'d>, default: Node<'d>) {
    let number = |field: &str| schema.field(field).and_then(Node::as_i64);
    for (field, kind) in [("maxLength", Kind::String), ("maxItems", Kind::Seq), ("maxProperties", Kind::Map)] {
        if default.kind() == kind && number(field).is_some_and(|most| most < 0) {
            check.error("api/definition-default", default, format!("no default fits a `{field}` below 0"));
        }
    }
    // Older servers hold the default against the bound all the same.
    let small = check.since(37) && schema.field("format").is_some_and(|format| format.text() == "int32");
    for field in ["minimum", "maximum"] {
        let written = || schema.field(field).is_some_and(|bound| matches!(bound.kind(), Kind::Int | Kind::Float));
        if small && written() && number(field).is_none_or(|bound| i32::try_from(bound).is_err()) {
            let message = format!("no default can be held against a `{field}` that does not fit 32 bits");
            check.error("api/definition-default", default, message);
        }
    }
}
