//! Definitions of custom resources.
//!
//! Source: `pkg/apis/apiextensions/validation` and `pkg/apiserver/schema` of apiextensions. What a rule in CEL costs is not
//! estimated, and of its types only what is certain is said.

mod decode;
mod defaults;
mod nested;
mod openapi;
mod path;
mod rules;
mod structural;
#[cfg(test)]
mod tests;
mod version;

pub(super) use path::server_path;

use super::Judge;
use super::admission::{wrong_service_path, wrong_url};
use super::check::{Check, Place, items, show, text};
use super::syntax::{dns_label_1035, dns_subdomain};
use crate::yaml::Node;

/// The rule for what stands outside schemas.
const RULE: &str = "api/definition";
/// The rule for schemas.
const SCHEMA: &str = "api/definition-schema";

/// Gives the judge of a kind.
pub(super) fn find(group: &str, kind: &str) -> Option<Judge> {
    match (group, kind) {
        ("apiextensions.k8s.io", "CustomResourceDefinition") => Some(judge),
        _ => None,
    }
}

fn judge<'d>(check: &mut Check<'d>, object: Node<'d>) {
    let Some(spec) = object.field("spec") else { return };
    let (group, names) = (text(spec, "group"), spec.field("names"));
    let plural = names.map_or("", |names| text(names, "plural"));
    if let Some(metadata) = object.field("metadata") {
        let wanted = format!("{plural}.{group}");
        for field in ["name", "generateName"] {
            let given = text(metadata, field);
            if !given.is_empty() && given != wanted {
                let message = format!("`{field}` is `{}`, but must be `{wanted}`", show(given));
                let help = "a definition is named by `spec.names.plural` and `spec.group`";
                check.error("api/name", (metadata, field), message).help(help);
            }
        }
    }
    self::group(check, object, spec);
    if let Some(scope) = check.required(RULE, spec, "scope")
        && !["Cluster", "Namespaced"].contains(&scope.text())
    {
        check.word(RULE, spec, "scope", &["Cluster", "Namespaced"]);
    }
    if spec.field("preserveUnknownFields").and_then(Node::as_bool) == Some(true) {
        let message = "`preserveUnknownFields` may not be true";
        let help = "write `x-kubernetes-preserve-unknown-fields: true` where the schema leaves fields open";
        check.error(RULE, (spec, "preserveUnknownFields"), message).help(help);
    }
    if let Some(names) = names {
        self::names(check, names);
    }
    if let Some(conversion) = spec.field("conversion") {
        self::conversion(check, conversion);
    }
    version::all(check, spec);
}

fn group<'d>(check: &mut Check<'d>, object: Node<'d>, spec: Node<'d>) {
    const APPROVAL: &str = "api-approved.kubernetes.io";
    let Some(node) = check.required(RULE, spec, "group") else { return };
    let group = node.text();
    if check.syntax(RULE, node, "group", group, dns_subdomain) && !group.contains('.') {
        check.error(RULE, node, format!("`group` is `{group}`, but must be a domain with a dot"));
    }
    let is_below = |domain: &str| group.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    if !is_below("k8s.io") && !is_below("kubernetes.io") {
        return;
    }
    let approval = object.at(&["metadata", "annotations", APPROVAL]).map(Node::text).unwrap_or_default();
    let is_address = approval.split_once("://").is_some_and(|(_, host)| !host.is_empty() && !host.starts_with('/'));
    if approval.starts_with("unapproved") || is_address {
        return;
    }
    let metadata = object.field("metadata").unwrap_or(object);
    let message = if approval.is_empty() {
        format!("groups below `k8s.io` and `kubernetes.io` need the annotation `{APPROVAL}`")
    } else {
        format!("the annotation `{APPROVAL}` is `{}`, but must be the address of an approval", show(approval))
    };
    let help = "write the address of the pull request that approved it, or `unapproved, …` with a reason";
    check.error(RULE, Place::Keyed(metadata.head(), metadata, "annotations", APPROVAL), message).help(help);
}

fn names<'d>(check: &mut Check<'d>, names: Node<'d>) {
    check.required(RULE, names, "plural");
    check.required(RULE, names, "kind");
    for field in ["plural", "singular", "kind", "listKind"] {
        let written = text(names, field);
        // Kinds may have capitals.
        let small = if field.ends_with("ind") { written.to_lowercase() } else { written.to_owned() };
        if !written.is_empty() {
            check.syntax(RULE, (names, field), field, written, |_| dns_label_1035(&small));
        }
    }
    if text(names, "singular").is_empty() && !text(names, "kind").is_empty() {
        let singular = text(names, "kind").to_lowercase();
        check.syntax(RULE, (names, "singular"), "singular", &singular, dns_label_1035);
    }
    if !text(names, "kind").is_empty() && text(names, "kind") == text(names, "listKind") {
        check.error(RULE, (names, "listKind"), "`kind` and `listKind` may not be the same");
    }
    for field in ["shortNames", "categories"] {
        for item in items(names, field) {
            check.syntax(RULE, item, field, item.as_str().unwrap_or_default(), dns_label_1035);
        }
    }
}

fn conversion<'d>(check: &mut Check<'d>, conversion: Node<'d>) {
    let strategy = text(conversion, "strategy");
    if strategy.is_empty() {
        check.required(RULE, conversion, "strategy");
    } else {
        check.word(RULE, conversion, "strategy", &["None", "Webhook"]);
    }
    let webhook = conversion.field("webhook");
    if strategy != "Webhook" {
        if let Some(webhook) = webhook {
            for field in ["clientConfig", "conversionReviewVersions"] {
                let empty =
                    webhook.field(field).is_none_or(|value| field != "clientConfig" && value.items().len() == 0);
                if !empty {
                    let message = format!("`{field}` is for the strategy `Webhook`");
                    check.error(RULE, (webhook, field), message).help("remove `webhook`");
                }
            }
        }
        return;
    }
    let Some(webhook) = webhook else {
        let help = "write `webhook: {clientConfig: …, conversionReviewVersions: [v1]}`";
        check.error(RULE, (conversion, "webhookClientConfig"), "`webhook` is missing").help(help);
        return;
    };
    match webhook.field("clientConfig") {
        None => _ = check.error(RULE, (webhook, "clientConfig"), "`clientConfig` is missing"),
        Some(config) => client(check, webhook, config),
    }
    review_versions(check, webhook);
}

fn client<'d>(check: &mut Check<'d>, webhook: Node<'d>, config: Node<'d>) {
    match (config.field("url"), config.field("service")) {
        (Some(_), Some(_)) | (None, None) => {
            let message = "`clientConfig` must have exactly one of `url` and `service`";
            check.error(RULE, (webhook, "clientConfig"), message);
        }
        (Some(url), None) => {
            if let Some(problem) = wrong_url(url.text()) {
                check.error(RULE, url, format!("`url` {problem}")).help("write `https://host/path`");
            }
        }
        (None, Some(service)) => {
            check.required(RULE, service, "name");
            check.required(RULE, service, "namespace");
            check.range(RULE, service, "port", 1, 65535);
            wrong_service_path(check, RULE, service);
        }
    }
}

fn review_versions<'d>(check: &mut Check<'d>, webhook: Node<'d>) {
    let field = "conversionReviewVersions";
    let versions: Vec<Node<'d>> = items(webhook, field).collect();
    if versions.is_empty() {
        let said = check.error(RULE, (webhook, field), "`conversionReviewVersions` is missing");
        said.help("write `conversionReviewVersions: [v1]`");
        return;
    }
    for (index, version) in versions.iter().enumerate() {
        let written = version.as_str().unwrap_or_default();
        if versions[..index].iter().any(|first| first.text() == version.text()) {
            check.error(RULE, *version, format!("`{}` stands twice", show(written)));
        } else {
            check.syntax(RULE, *version, field, written, dns_label_1035);
        }
    }
    if !versions.iter().any(|version| ["v1", "v1beta1"].contains(&version.text())) {
        check.error(RULE, (webhook, field), "`conversionReviewVersions` must hold `v1` or `v1beta1`");
    }
}

/// Tells whether a field is there and says anything: JSON's zero values do not.
fn says(node: Node<'_>, field: &str) -> bool {
    use crate::yaml::Kind;
    node.field(field).is_some_and(|value| match value.kind() {
        Kind::Bool => value.as_bool() == Some(true),
        Kind::String => !value.text().is_empty(),
        Kind::Seq => value.items().len() > 0,
        _ => true,
    })
}
