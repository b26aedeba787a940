//! Custom resources: what their definitions demand beyond schemas.

use super::check::{Check, Place};
use crate::diagnostic::{Diagnostic, ObjectName, Severity};
use crate::schema::{self, Type};
use crate::yaml::Node;

/// Judges a custom resource; `known` are the findings of its schema.
pub(super) fn judge<'d>(check: &mut Check<'d>, object: Node<'d>, found: &Type<'_>, known: &[&Diagnostic]) {
    // The server evaluates no rules over an object of which it cannot rely on the types.
    let blocking = ["schema/type", "schema/required", "schema/enum", "schema/unknown-field", "schema/duplicate-item"];
    if known.iter().any(|finding| finding.severity == Severity::Error && blocking.contains(&finding.rule.as_ref())) {
        return;
    }
    for broken in schema::broken_rules(object, found) {
        check
            .error_at("api/cel", broken.span, broken.path, broken.message)
            .help(format!("the definition of the kind demands `{}`", super::check::show(&broken.rule)));
    }
}

/// Picks the findings about an object.
pub(super) fn about<'f>(findings: &'f [Diagnostic], name: &ObjectName) -> Vec<&'f Diagnostic> {
    findings.iter().filter(|finding| finding.object.as_ref() == Some(name)).collect()
}
