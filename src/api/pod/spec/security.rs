//! The security context of a pod, but for what containers say alike, and what a pod shares with its host.

use super::RULE as POD;
use crate::api::check::{Check, Place, is_true, items, show};
use crate::yaml::Node;
use std::collections::HashSet;

const RULE: &str = "api/security-context";
const LAST_ID: i64 = i32::MAX as i64;

pub(super) fn judge<'d>(check: &mut Check<'d>, spec: Node<'d>) {
    if is_true(spec, "shareProcessNamespace") && is_true(spec, "hostPID") {
        let message = "`shareProcessNamespace` and `hostPID` contradict each other";
        check.error(POD, (spec, "shareProcessNamespace"), message).help("remove one of them");
    }
    if check.since(33) && spec.field("hostUsers").and_then(Node::as_bool) == Some(false) {
        own_users(check, spec);
    }
    let Some(context) = spec.field("securityContext") else { return };
    for field in ["fsGroup", "runAsUser", "runAsGroup"] {
        check.range(RULE, context, field, 0, LAST_ID);
    }
    for group in items(context, "supplementalGroups") {
        if group.as_i64().is_some_and(|id| !(0..=LAST_ID).contains(&id)) {
            check.error(RULE, group, format!("group {} is not from 0 to {LAST_ID}", group.text()));
        }
    }
    sysctls(check, spec, context);
    check.word(RULE, context, "fsGroupChangePolicy", &["Always", "OnRootMismatch"]);
    if check.since(33) {
        check.word(RULE, context, "supplementalGroupsPolicy", &["Merge", "Strict"]);
        let policies: &[&str] = if check.since(37) { &["MountOption", "Recursive"] } else { &["Recursive"] };
        check.word(RULE, context, "seLinuxChangePolicy", policies);
    }
}

/// Judges a pod whose users are not those of the host.
fn own_users<'d>(check: &mut Check<'d>, spec: Node<'d>) {
    for (field, path) in [("hostNetwork", "hostNetwork"), ("hostPID", "HostPID"), ("hostIPC", "HostIPC")] {
        if let Some(value) = spec.field(field).filter(|value| value.as_bool() == Some(true)) {
            let message = format!("`{field}` and `hostUsers: false` contradict each other");
            check.error(POD, Place::Shown(value.head(), spec, path), message).help("remove one of them");
        }
    }
    if !check.since(34) {
        return;
    }
    for container in ["containers", "initContainers"].into_iter().flat_map(|role| items(spec, role)) {
        if items(container, "volumeDevices").next().is_some() {
            let message = "`volumeDevices` and `hostUsers: false` contradict each other";
            check.error(POD, (container, "volumeDevices"), message);
        }
    }
}

fn sysctls<'d>(check: &mut Check<'d>, spec: Node<'d>, context: Node<'d>) {
    let mut seen = HashSet::new();
    for sysctl in items(context, "sysctls") {
        let Some(name) = check.required(RULE, sysctl, "name") else { continue };
        let text = name.text();
        if check.syntax(RULE, name, "name", text, sysctl_name) && !seen.insert(text) {
            check.error(RULE, name, format!("`{}` is set twice", show(text)));
        }
        let dotted = dotted(text);
        for (shared, of_host) in [("hostNetwork", is_of_network(&dotted)), ("hostIPC", is_of_ipc(&dotted))] {
            if of_host && is_true(spec, shared) {
                let message = format!("`{}` is the host's own with `{shared}: true`", show(text));
                check.error(RULE, name, message).help("remove one of them");
            }
        }
    }
}

/// The name of a kernel's parameter: `net.core.somaxconn`, `net/core/somaxconn`.
fn sysctl_name(name: &str) -> Option<String> {
    let edge = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let is_part = |part: &str| {
        let inner =
            part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte));
        inner && edge(part.as_bytes().first()) && edge(part.as_bytes().last())
    };
    if name.len() > 253 {
        return Some(format!("has {} characters, and may have 253", name.len()));
    }
    let right = name.split(['.', '/']).all(is_part);
    let problem = "may hold only small letters, digits, `-` and `_`, in parts between `.` or `/` that begin and end with a letter or digit";
    (!right).then(|| problem.to_owned())
}

/// Gives a parameter's name with dots between its parts: one that has `/` first swaps the two.
fn dotted(name: &str) -> String {
    match name.find(['.', '/']) {
        Some(at) if name[at..].starts_with('/') => {
            let swap = |c| match c {
                '.' => '/',
                '/' => '.',
                other => other,
            };
            name.chars().map(swap).collect()
        }
        _ => name.to_owned(),
    }
}

fn is_of_network(name: &str) -> bool {
    name.starts_with("net.")
}

fn is_of_ipc(name: &str) -> bool {
    const NAMES: [&str; 10] = [
        "kernel.msg",
        "kernel.msgmax",
        "kernel.msgmnb",
        "kernel.msgmni",
        "kernel.sem",
        "kernel.shm",
        "kernel.shm_rmid_forced",
        "kernel.shmall",
        "kernel.shmmax",
        "kernel.shmmni",
    ];
    NAMES.contains(&name) || name.starts_with("fs.mqueue.")
}
