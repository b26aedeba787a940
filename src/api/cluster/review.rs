//! Questions to the server: who is this, may they do that.

use crate::api::check::{Check, items, plain, text};
use crate::api::syntax::{label_value, qualified_name};
use crate::yaml::Node;

const RULE: &str = "api/review";

/// Judges a TokenReview.
pub(super) fn token<'d>(check: &mut Check<'d>, object: Node<'d>) {
    if let Some(spec) = object.field("spec") {
        check.required(RULE, spec, "token");
    }
}

/// Judges a SubjectAccessReview.
pub(super) fn subject<'d>(check: &mut Check<'d>, object: Node<'d>) {
    no_metadata(check, object);
    attributes(check, object);
    user(check, object);
}

/// Judges a SelfSubjectAccessReview.
pub(super) fn own<'d>(check: &mut Check<'d>, object: Node<'d>) {
    no_metadata(check, object);
    attributes(check, object);
}

/// Judges a LocalSubjectAccessReview.
pub(super) fn local<'d>(check: &mut Check<'d>, object: Node<'d>) {
    no_metadata(check, object);
    attributes(check, object);
    user(check, object);
    let Some(spec) = object.field("spec") else { return };
    check.forbidden(RULE, spec, "nonResourceAttributes", "is for reviews without a namespace");
    let namespace = object.at(&["metadata", "namespace"]).map(Node::text).filter(|own| !own.is_empty());
    if let (Some(resource), Some(namespace)) = (spec.field("resourceAttributes"), namespace)
        && text(resource, "namespace") != namespace
    {
        check.error(RULE, (resource, "namespace"), format!("must be the review's own namespace, `{namespace}`"));
    }
}

/// Judges a SelfSubjectRulesReview.
pub(super) fn rules<'d>(check: &mut Check<'d>, object: Node<'d>) {
    if let Some(spec) = object.field("spec") {
        check.required(RULE, spec, "namespace");
    }
}

fn no_metadata<'d>(check: &mut Check<'d>, object: Node<'d>) {
    /// What the server drops or writes itself.
    const DROPPED: [&str; 7] = [
        "managedFields",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "selfLink",
        "uid",
        "namespace",
    ];
    let Some(metadata) = object.field("metadata") else { return };
    let is_set = |value: Node<'_>| match value.as_str() {
        Some(text) => !text.is_empty(),
        None => !value.is_null() && (value.scalar().is_some() || value.entries().len() + value.items().len() > 0),
    };
    if metadata.entries().any(|entry| !DROPPED.contains(&entry.name()) && is_set(entry.value)) {
        check.error(RULE, (object, "metadata"), "a review has no name, labels or other metadata");
    }
}

fn user<'d>(check: &mut Check<'d>, object: Node<'d>) {
    let Some(spec) = object.field("spec") else { return };
    if text(spec, "user").is_empty() && items(spec, "groups").next().is_none() {
        check.error(RULE, (spec, "user"), "a review needs a `user` or `groups`");
    }
}

fn attributes<'d>(check: &mut Check<'d>, object: Node<'d>) {
    let Some(spec) = object.field("spec") else { return };
    let resource = spec.field("resourceAttributes");
    if resource.is_some() == spec.field("nonResourceAttributes").is_some() {
        let message = "a review needs `resourceAttributes` or `nonResourceAttributes`, one of them";
        check.error(RULE, (object, "spec"), message);
    }
    for field in ["fieldSelector", "labelSelector"] {
        let Some(selector) = resource.and_then(|resource| resource.field(field)) else { continue };
        let raw = !text(selector, "rawSelector").is_empty();
        let requirements = items(selector, "requirements").next().is_some();
        if raw && requirements {
            check.error(RULE, (selector, "rawSelector"), "a selector is `rawSelector` or `requirements`, not both");
        } else if !raw && !requirements {
            check.error(RULE, (selector, "requirements"), "the selector is empty");
        }
        for requirement in items(selector, "requirements") {
            self::requirement(check, requirement, field == "labelSelector");
        }
    }
}

/// Judges a requirement; operators that the server does not know are let through.
fn requirement<'d>(check: &mut Check<'d>, requirement: Node<'d>, labels: bool) {
    let has_values = items(requirement, "values").next().is_some();
    match text(requirement, "operator") {
        "In" | "NotIn" if !has_values => {
            check.error("api/selector", (requirement, "values"), "`In` and `NotIn` need `values`");
        }
        "Exists" | "DoesNotExist" if has_values => {
            check.error("api/selector", (requirement, "values"), "`Exists` and `DoesNotExist` take no `values`");
        }
        _ => {}
    }
    if !labels {
        check.required("api/selector", requirement, "key");
        return;
    }
    check.syntax("api/selector", (requirement, "key"), "key", text(requirement, "key"), qualified_name);
    for value in items(requirement, "values") {
        check.syntax("api/selector", value, "values", plain(value), label_value);
    }
}
