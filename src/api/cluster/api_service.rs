//! APIServices, and migrations of what is stored.

use crate::api::check::{Check, Place, is_true, show, text};
use crate::api::syntax::{dns_label_1035, dns_subdomain};
use crate::yaml::Node;

const RULE: &str = "api/api-service";

/// Judges an APIService.
pub(super) fn judge<'d>(check: &mut Check<'d>, object: Node<'d>) {
    let spec = object.field("spec").unwrap_or(object);
    // The server takes an absent spec for an empty one.
    let field = |name: &str| object.field("spec").and_then(|spec| spec.field(name));
    let written = |name: &str| field(name).map(Node::text).unwrap_or_default();
    let place = |name: &'static str| Place::Keyed(field(name).unwrap_or(spec).head(), object, "spec", name);
    let (group, version) = (written("group"), written("version"));
    let name = format!("{version}.{group}");
    if let Some(metadata) = object.field("metadata") {
        // Of the front of a name that the server makes up, it asks the same.
        for field in ["name", "generateName"] {
            let given = text(metadata, field);
            if !given.is_empty() && given != name {
                let message =
                    format!("`{field}` is `{}`, but must be version and group, `{}`", show(given), show(&name));
                check.error("api/name", (metadata, field), message);
            }
        }
    }
    if group.is_empty() && version != "v1" {
        check.error(RULE, place("group"), "`group` is missing");
    } else if !group.is_empty() {
        check.syntax(RULE, place("group"), "group", group, dns_subdomain);
    }
    check.syntax(RULE, place("version"), "version", version, dns_label_1035);
    for (name, most) in [("groupPriorityMinimum", 20000), ("versionPriority", 1000)] {
        let number = field(name).and_then(Node::as_i64).unwrap_or_default();
        if !(1..=most).contains(&number) {
            check.error(RULE, place(name), format!("`{name}` is {number}, but must be from 1 to {most}"));
        }
    }
    let bundle = !written("caBundle").is_empty();
    let insecure = is_true(spec, "insecureSkipTLSVerify");
    let Some(service) = field("service") else {
        if bundle {
            check.error(RULE, place("caBundle"), "`caBundle` is for an API that a `service` serves");
        }
        if insecure {
            let message = "`insecureSkipTLSVerify` is for an API that a `service` serves";
            check.error(RULE, place("insecureSkipTLSVerify"), message);
        }
        return;
    };
    check.required(RULE, service, "namespace");
    check.required(RULE, service, "name");
    check.range("api/port", service, "port", 1, 65535);
    if bundle && insecure {
        let message = "`insecureSkipTLSVerify` contradicts `caBundle`";
        check.error(RULE, place("insecureSkipTLSVerify"), message).help("remove one of the two");
    }
}

/// Judges a StorageVersionMigration.
pub(super) fn migration<'d>(check: &mut Check<'d>, object: Node<'d>) {
    let Some(resource) = object.at(&["spec", "resource"]) else {
        check.error("api/migration", (object, &["spec", "resource", "resource"]), "`spec.resource` is missing");
        return;
    };
    if let Some(name) = check.required("api/migration", resource, "resource") {
        check.syntax("api/migration", name, "resource", name.text(), dns_label_1035);
    }
    let group = text(resource, "group");
    if !group.is_empty() {
        check.syntax("api/migration", (resource, "group"), "group", group, dns_subdomain);
    }
}
