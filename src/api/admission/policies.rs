//! Admission policies and their bindings.

use super::RULE;
use super::expressions::{Gives, Scope, conditions, expression, given, is_identifier};
use super::kinds::Known;
use super::rules::resources;
use crate::api::check::{Check, Place, items, show, text};
use crate::api::selector::label_selector;
use crate::api::syntax::{dns_label_1035, dns_subdomain, path_segment, qualified_name};
use crate::yaml::{Kind, Node};

/// Judges a `ValidatingAdmissionPolicy`.
pub(super) fn validating<'d>(check: &mut Check<'d>, object: Node<'d>) {
    let Some(spec) = spec(object) else { return no_constraints(check, object) };
    common(check, spec);
    let variables = variables(check, spec);
    let params = spec.field("paramKind").is_some();
    // Without variables there is no `variables` at all.
    let known = (!variables.is_empty()).then_some(variables.as_slice());
    let scope = Scope { params, authorizer: true, variables: known };
    let (validations, annotations) = (items(spec, "validations"), items(spec, "auditAnnotations"));
    if validations.count() + annotations.count() == 0 {
        check.error(RULE, (spec, "validations"), "a policy needs `validations` or `auditAnnotations`");
        check.error(RULE, (spec, "auditAnnotations"), "a policy needs `validations` or `auditAnnotations`");
        return;
    }
    for validation in items(spec, "validations") {
        expression(check, validation, "expression", Gives::Truth, scope);
        messages(check, validation, Scope { authorizer: false, ..scope });
    }
    audit_annotations(check, object, spec, scope);
}

/// Judges the texts of a validation.
fn messages<'d>(check: &mut Check<'d>, validation: Node<'d>, scope: Scope<'_>) {
    let blank = |field: &str| {
        let written = text(validation, field);
        !written.is_empty() && written.trim().is_empty()
    };
    if blank("messageExpression") {
        check.error(RULE, (validation, "messageExpression"), "`messageExpression` is blank");
    } else if !text(validation, "messageExpression").is_empty() {
        expression(check, validation, "messageExpression", Gives::Text, scope);
    }
    if blank("message") {
        check.error(RULE, (validation, "message"), "`message` is blank");
    } else if text(validation, "message").trim().contains(['\n', '\r']) {
        check.error(RULE, (validation, "message"), "`message` must be one line");
    }
    check.word(RULE, validation, "reason", &["Forbidden", "Invalid", "RequestEntityTooLarge"]);
}

fn audit_annotations<'d>(check: &mut Check<'d>, object: Node<'d>, spec: Node<'d>, scope: Scope<'_>) {
    if items(spec, "auditAnnotations").count() > 20 {
        check.error(RULE, (spec, "auditAnnotations"), "there may be 20 audit annotations");
    }
    let name = object.at(&["metadata", "name"]).map(Node::text).unwrap_or_default();
    let mut seen: Vec<&str> = Vec::new();
    for annotation in items(spec, "auditAnnotations") {
        let key = text(annotation, "key");
        if name.is_empty() || qualified_name(&format!("{name}/{key}")).is_some() {
            let message = format!("`key` is `{}`, but must be a name behind `{}/`", show(key), show(name));
            check.error(RULE, (annotation, "key"), message);
        }
        if text(annotation, "valueExpression").trim().len() > 5 * 1024 {
            check.error(RULE, (annotation, "valueExpression"), "`valueExpression` is longer than 5 KiB");
        } else {
            expression(check, annotation, "valueExpression", Gives::TextOrNull, scope);
        }
        if seen.contains(&key) {
            check.error(RULE, (annotation, "key"), format!("another annotation has the key `{}`", show(key)));
        }
        seen.push(key);
    }
}

/// Judges a `MutatingAdmissionPolicy`.
pub(super) fn mutating<'d>(check: &mut Check<'d>, object: Node<'d>) {
    let Some(spec) = spec(object) else { return no_constraints(check, object) };
    common(check, spec);
    if let Some(constraints) = spec.field("matchConstraints") {
        no_deletion(check, constraints);
    }
    let variables = variables(check, spec);
    let params = spec.field("paramKind").is_some();
    let scope = Scope { params, authorizer: true, variables: Some(&variables) };
    if items(spec, "mutations").next().is_none() {
        check.error(RULE, (spec, "mutations"), "`mutations` is missing");
    }
    for mutation in items(spec, "mutations") {
        let (wanted, other, gives) = match text(mutation, "patchType") {
            "JSONPatch" => ("jsonPatch", "applyConfiguration", Gives::Patches),
            "ApplyConfiguration" => ("applyConfiguration", "jsonPatch", Gives::Object),
            "" => {
                check.error(RULE, (mutation, "patchType"), "`patchType` is missing");
                continue;
            }
            _ => {
                check.word(RULE, mutation, "patchType", &["ApplyConfiguration", "JSONPatch"]);
                continue;
            }
        };
        match mutation.field(wanted) {
            Some(patch) => expression(check, patch, "expression", gives, scope),
            None => _ = check.error(RULE, (mutation, wanted), format!("`{wanted}` is missing")),
        }
        check.forbidden(RULE, mutation, other, "does not go with this `patchType`");
    }
    if check.required(RULE, spec, "reinvocationPolicy").is_some() {
        check.word(RULE, spec, "reinvocationPolicy", &["Never", "IfNeeded"]);
    }
}

/// Judges a `ValidatingAdmissionPolicyBinding`.
pub(super) fn validating_binding<'d>(check: &mut Check<'d>, object: Node<'d>) {
    let Some(spec) = spec(object) else { return no_policy(check, object) };
    binding(check, spec);
    let actions: Vec<Node<'d>> = items(spec, "validationActions").collect();
    if actions.is_empty() {
        let said = check.error(RULE, (spec, "validationActions"), "`validationActions` is missing");
        said.help("write `validationActions: [Deny]`");
    }
    for (index, action) in actions.iter().enumerate() {
        if !["Deny", "Warn", "Audit"].contains(&action.text()) {
            let message = format!("`{}` is no action: they are `Deny`, `Warn` and `Audit`", show(action.text()));
            check.error(RULE, *action, message);
        }
        if actions[..index].iter().any(|first| first.text() == action.text()) {
            check.error(RULE, *action, format!("`{}` stands twice", show(action.text())));
        }
    }
    let has = |wanted: &str| actions.iter().any(|action| action.text() == wanted);
    if has("Deny") && has("Warn") {
        let message = "`Deny` tells what `Warn` would: only one of them may be there";
        check.error(RULE, (spec, "validationActions"), message);
    }
}

/// Judges a `MutatingAdmissionPolicyBinding`.
pub(super) fn mutating_binding<'d>(check: &mut Check<'d>, object: Node<'d>) {
    let Some(spec) = spec(object) else { return no_policy(check, object) };
    binding(check, spec);
    if let Some(resources) = spec.field("matchResources") {
        no_deletion(check, resources);
    }
}

fn spec(object: Node<'_>) -> Option<Node<'_>> {
    object.field("spec").filter(|spec| spec.kind() == Kind::Map)
}

/// Reports what a policy without a `spec` misses first.
fn no_constraints<'d>(check: &mut Check<'d>, object: Node<'d>) {
    let place = Place::Deep(object.head(), object, &["spec", "matchConstraints"]);
    check.error(RULE, place, "`spec.matchConstraints` is missing");
}

/// Reports what a binding misses first.
fn no_policy<'d>(check: &mut Check<'d>, object: Node<'d>) {
    let place = Place::Deep(object.head(), object, &["spec", "policyName"]);
    check.error(RULE, place, "`spec.policyName` is missing");
}

/// Judges what both kinds of policies have.
fn common<'d>(check: &mut Check<'d>, spec: Node<'d>) {
    check.word(RULE, spec, "failurePolicy", &["Fail", "Ignore"]);
    if let Some(kind) = spec.field("paramKind") {
        param_kind(check, kind);
    }
    match spec.field("matchConstraints") {
        None => _ = check.error(RULE, (spec, "matchConstraints"), "`matchConstraints` is missing"),
        Some(constraints) => {
            resources(check, constraints);
            if items(constraints, "resourceRules").next().is_none() {
                check.error(RULE, (constraints, "resourceRules"), "`resourceRules` is missing");
            }
        }
    }
    conditions(check, spec, spec.field("paramKind").is_some());
}

fn param_kind<'d>(check: &mut Check<'d>, kind: Node<'d>) {
    if let Some(api_version) = check.required(RULE, kind, "apiVersion") {
        let (group, version) = api_version.text().split_once('/').unwrap_or(("", api_version.text()));
        let wrong_group = || (!group.is_empty()).then(|| dns_subdomain(group)).flatten();
        if wrong_group().is_some() || dns_label_1035(version).is_some() {
            let message =
                format!("`apiVersion` is `{}`, but must be `group/version` or `version`", show(api_version.text()));
            check.error(RULE, (kind, "apiVersion"), message);
        }
    }
    if let Some(name) = check.required(RULE, kind, "kind") {
        let lower = name.text().to_lowercase();
        check.syntax(RULE, (kind, "kind"), "kind", &lower, dns_label_1035);
    }
}

/// Judges the variables of a policy, and gives their names and kinds.
fn variables<'d>(check: &mut Check<'d>, spec: Node<'d>) -> Vec<Known<'d>> {
    let mut known: Vec<Known<'d>> = Vec::new();
    let params = spec.field("paramKind").is_some();
    for variable in items(spec, "variables") {
        let name = text(variable, "name");
        if name.trim().is_empty() {
            check.error(RULE, (variable, "name"), "`name` is missing");
        } else if !is_identifier(name) {
            let message = format!("`name` is `{}`, but must be an identifier of CEL", show(name));
            check.error(RULE, (variable, "name"), message);
        }
        // A variable may use those before it.
        let scope = Scope { params, authorizer: true, variables: Some(&known) };
        expression(check, variable, "expression", Gives::Anything, scope);
        let kind = given(text(variable, "expression"), &known);
        known.push((name, kind));
    }
    known
}

fn binding<'d>(check: &mut Check<'d>, spec: Node<'d>) {
    if let Some(name) = check.required(RULE, spec, "policyName") {
        check.syntax(RULE, (spec, "policyName"), "policyName", name.text(), dns_subdomain);
    }
    if let Some(reference) = spec.field("paramRef") {
        let name = text(reference, "name");
        if !name.is_empty() {
            check.syntax(RULE, (reference, "name"), "name", name, path_segment);
        }
        match (name.is_empty(), reference.field("selector")) {
            (true, None) => _ = check.error(RULE, (spec, "paramRef"), "`paramRef` needs `name` or `selector`"),
            (false, Some(_)) => {
                check.error(RULE, (reference, "name"), "`name` and `selector` exclude each other");
                check.error(RULE, (reference, "selector"), "`name` and `selector` exclude each other");
            }
            _ => {}
        }
        if let Some(selector) = reference.field("selector") {
            label_selector(check, selector);
        }
        if check.required(RULE, reference, "parameterNotFoundAction").is_some() {
            check.word(RULE, reference, "parameterNotFoundAction", &["Deny", "Allow"]);
        }
    }
    if let Some(found) = spec.field("matchResources") {
        resources(check, found);
    }
}

/// Only what is created or updated can be mutated.
fn no_deletion<'d>(check: &mut Check<'d>, resources: Node<'d>) {
    for rule in items(resources, "resourceRules") {
        for operation in items(rule, "operations") {
            if !["*", "CREATE", "UPDATE", "CONNECT"].contains(&operation.text()) {
                let message = format!(
                    "`{}` cannot be mutated: `CREATE`, `UPDATE`, `CONNECT` and `*` can",
                    show(operation.text())
                );
                check.error(RULE, operation, message);
            }
        }
    }
}
