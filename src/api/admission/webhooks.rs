//! Configurations of webhooks.

use super::RULE;
use super::expressions::conditions;
use super::rules::rule;
use crate::api::check::{Check, items, plain, show, text};
use crate::api::selector::label_selector;
use crate::api::syntax::{dns_label_1035, dns_subdomain};
use crate::yaml::Node;

/// Judges a `ValidatingWebhookConfiguration` or a `MutatingWebhookConfiguration`.
pub(super) fn judge<'d>(check: &mut Check<'d>, object: Node<'d>) {
    let mut seen: Vec<&str> = Vec::new();
    for hook in items(object, "webhooks") {
        webhook(check, hook);
        let name = text(hook, "name");
        if !name.is_empty() && seen.contains(&name) {
            check.error(RULE, (hook, "name"), format!("another webhook is named `{}`", show(name)));
        }
        seen.push(name);
    }
}

fn webhook<'d>(check: &mut Check<'d>, hook: Node<'d>) {
    if let Some(name) = check.required(RULE, hook, "name") {
        let right = check.syntax(RULE, (hook, "name"), "name", name.text(), dns_subdomain);
        if right && name.text().split('.').count() < 3 {
            let message = format!("`name` is `{}`, but must have three parts: `check.example.com`", show(name.text()));
            check.error(RULE, (hook, "name"), message);
        }
    }
    for found in items(hook, "rules") {
        rule(check, found);
    }
    check.word(RULE, hook, "failurePolicy", &["Fail", "Ignore"]);
    check.word(RULE, hook, "matchPolicy", &["Exact", "Equivalent"]);
    check.word(RULE, hook, "reinvocationPolicy", &["Never", "IfNeeded"]);
    if hook.field("sideEffects").is_none() {
        check.error(RULE, (hook, "sideEffects"), "`sideEffects` is missing").help("write `sideEffects: None`");
    } else {
        check.word(RULE, hook, "sideEffects", &["None", "NoneOnDryRun"]);
    }
    check.range(RULE, hook, "timeoutSeconds", 1, 30);
    for selector in ["namespaceSelector", "objectSelector"] {
        if let Some(selector) = hook.field(selector) {
            label_selector(check, selector);
        }
    }
    let config = hook.field("clientConfig");
    let part = |field: &str| config.and_then(|config| config.field(field));
    match (part("url"), part("service")) {
        (Some(_), Some(_)) | (None, None) => {
            check.error(RULE, (hook, "clientConfig"), "`clientConfig` needs either `url` or `service`");
        }
        (Some(url), None) => {
            if let Some(problem) = wrong_url(url.text()) {
                check.error(RULE, url, format!("`url` {problem}")).help("write `https://host/path`");
            }
        }
        (None, Some(service)) => self::service(check, service),
    }
    review_versions(check, hook);
    conditions(check, hook, false);
}

/// Says what is wrong with the address of a webhook.
pub(in crate::api) fn wrong_url(url: &str) -> Option<&'static str> {
    if url.contains(|c: char| c.is_ascii_control()) {
        return Some("holds a control character");
    }
    let Some((scheme, rest)) = url.split_once("://") else { return Some("must begin with `https://`") };
    if !scheme.eq_ignore_ascii_case("https") {
        return Some("must begin with `https://`");
    }
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(end);
    let port = host.rsplit_once(':').filter(|_| !host.ends_with(']')).map(|(_, port)| port);
    if host.is_empty() {
        Some("names no host")
    } else if host.contains('@') {
        Some("may not name a user")
    } else if port.is_some_and(|port| !port.bytes().all(|byte| byte.is_ascii_digit()))
        || host.contains([' ', '<', '>', '"'])
    {
        Some("is no address")
    } else if path.split_once('#').is_some_and(|(_, fragment)| !fragment.is_empty()) {
        Some("may have no fragment behind `#`")
    } else if path.split('#').next().and_then(|path| path.split_once('?')).is_some_and(|(_, query)| !query.is_empty()) {
        Some("may have no query behind `?`")
    } else {
        None
    }
}

/// Judges the Service that answers a webhook.
fn service<'d>(check: &mut Check<'d>, service: Node<'d>) {
    check.required(RULE, service, "name");
    check.required(RULE, service, "namespace");
    check.range(RULE, service, "port", 1, 65535);
    wrong_service_path(check, RULE, service);
}

/// Judges the path that a Service is asked for.
pub(in crate::api) fn wrong_service_path<'d>(check: &mut Check<'d>, rule: &'static str, service: Node<'d>) {
    let Some(path) = service.field("path") else { return };
    let written = path.text();
    if written.is_empty() || written == "/" {
        return;
    }
    if !written.starts_with('/') {
        check.error(rule, path, "`path` must begin with `/`");
    }
    let inner = written.get(1..).unwrap_or_default();
    let inner = inner.strip_suffix('/').unwrap_or(inner);
    for step in inner.split('/') {
        if step.is_empty() {
            check.error(rule, path, "`path` has an empty step");
        } else {
            check.syntax(rule, path, "path", step, dns_subdomain);
        }
    }
}

fn review_versions<'d>(check: &mut Check<'d>, hook: Node<'d>) {
    let versions: Vec<Node<'d>> = items(hook, "admissionReviewVersions").collect();
    if versions.is_empty() {
        let said = check.error(RULE, (hook, "admissionReviewVersions"), "`admissionReviewVersions` is missing");
        said.help("write `admissionReviewVersions: [v1]`");
        return;
    }
    for (index, version) in versions.iter().enumerate() {
        if versions[..index].iter().any(|first| first.text() == version.text()) {
            check.error(RULE, *version, format!("`{}` stands twice", show(version.text())));
        } else {
            check.syntax(RULE, *version, "admissionReviewVersions", plain(*version), dns_label_1035);
        }
    }
    if !versions.iter().any(|version| ["v1", "v1beta1"].contains(&version.text())) {
        let message = "`admissionReviewVersions` must hold `v1` or `v1beta1`";
        check.error(RULE, (hook, "admissionReviewVersions"), message);
    }
}
