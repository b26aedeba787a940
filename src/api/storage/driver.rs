//! Drivers of storage, and what they say of nodes.

use super::source::csi_driver;
use crate::api::check::{Check, Place, items, plain, show, text};
use crate::api::syntax::qualified_name;
use crate::yaml::Node;
use std::collections::HashSet;

const RULE: &str = "api/storage-driver";

pub(super) fn driver<'d>(check: &mut Check<'d>, driver: Node<'d>) {
    let Some(spec) = driver.field("spec") else { return };
    check.word(RULE, spec, "fsGroupPolicy", &["ReadWriteOnceWithFSType", "File", "None"]);
    let requests = token_requests(check, spec);
    for mode in items(spec, "volumeLifecycleModes") {
        if !["Persistent", "Ephemeral"].contains(&mode.text()) {
            let message = format!("`{}` is no mode: they are `Persistent` and `Ephemeral`", show(mode.text()));
            check.error(RULE, Place::Shown(mode.head(), spec, "volumeLifecycleModes"), message);
            if mode.is_null() {
                check.apply_only(mode, "an item of `volumeLifecycleModes` is null");
            }
        }
    }
    if check.since(35) {
        check.range(RULE, spec, "nodeAllocatableUpdatePeriodSeconds", 10, i64::MAX);
        let in_secrets = spec.field("serviceAccountTokenInSecrets");
        if in_secrets.is_some() && !requests {
            let message = "`serviceAccountTokenInSecrets` goes with `tokenRequests`, of which there is none";
            check.error(RULE, (spec, "serviceAccountTokenInSecrets"), message);
        }
        if in_secrets.is_none() && requests {
            let message = "`serviceAccountTokenInSecrets` is unset: tokens may end in logs";
            check
                .warning(RULE, (spec, "serviceAccountTokenInSecrets"), message)
                .help("set it to `true` where the driver knows it");
        }
    }
}

/// Judges which tokens a driver asks for, and tells whether it asks for any.
fn token_requests<'d>(check: &mut Check<'d>, spec: Node<'d>) -> bool {
    let mut audiences = HashSet::new();
    for request in items(spec, "tokenRequests") {
        let audience = text(request, "audience");
        if audiences.insert(audience) {
            check.range(RULE, request, "expirationSeconds", 600, 1 << 32);
        } else {
            let message = format!("two tokens are for the audience `{}`", show(audience));
            check.error(RULE, (request, "audience"), message);
        }
    }
    !audiences.is_empty()
}

pub(super) fn node<'d>(check: &mut Check<'d>, node: Node<'d>) {
    let mut names = HashSet::new();
    for driver in node.field("spec").into_iter().flat_map(|spec| items(spec, "drivers")) {
        csi_driver(check, driver, "name");
        let name = text(driver, "name");
        if !names.insert(name) {
            check.error(RULE, (driver, "name"), format!("two drivers are named `{}`", show(name)));
        }
        if let Some(id) = check.required(RULE, driver, "nodeID")
            && id.text().len() > 256
        {
            check.error(RULE, id, format!("`nodeID` has {} characters, and may have 256", id.text().len()));
        }
        if let Some(allocatable) = driver.field("allocatable") {
            check.range(RULE, allocatable, "count", 0, i64::MAX);
        }
        topology_keys(check, driver);
    }
}

/// Judges by which labels of nodes a driver tells places apart.
fn topology_keys<'d>(check: &mut Check<'d>, driver: Node<'d>) {
    let mut keys = HashSet::new();
    for (index, key) in items(driver, "topologyKeys").enumerate() {
        let mark = check.mark();
        check.syntax(RULE, key, "topologyKeys", plain(key), qualified_name);
        if !keys.insert(plain(key)) {
            check.error(RULE, key, format!("`{}` stands twice", show(key.text())));
        }
        // The server names the driver.
        check.respell(mark, &format!(".topologyKeys[{index}]"), "");
    }
}
