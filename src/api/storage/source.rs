//! What a volume is made of, where pods and PersistentVolumes say it alike.

use super::super::check::{Check, Place, is_true, show, text};
use super::super::syntax::{dns_label, dns_subdomain};
use crate::yaml::Node;

pub(in crate::api) const RULE: &str = "api/volume";

/// Requires a list of a map to have an item.
pub(in crate::api) fn required_list<'d>(check: &mut Check<'d>, map: Node<'d>, field: &'static str) {
    if map.field(field).is_none_or(|list| list.items().len() == 0) {
        check.error(RULE, (map, field), format!("`{field}` is empty"));
    }
}

/// Forbids `..` as a part of a path.
pub(in crate::api) fn no_backsteps<'d>(check: &mut Check<'d>, map: Node<'d>, field: &'static str) {
    if text(map, field).split('/').any(|part| part == "..") {
        check.error(RULE, (map, field), format!("`{field}` may not hold `..`"));
    }
}

/// Requires a path to stay below where it begins: `conf/app.yaml`.
pub(in crate::api) fn descending<'d>(check: &mut Check<'d>, map: Node<'d>, field: &'static str) {
    if text(map, field).starts_with('/') {
        check.error(RULE, (map, field), format!("`{field}` must be a relative path")).help("remove the first `/`");
    }
    no_backsteps(check, map, field);
}

/// Requires a file of a volume to be named by a relative path that does not begin with `..`.
pub(in crate::api) fn file_path<'d>(check: &mut Check<'d>, map: Node<'d>, field: &'static str) {
    descending(check, map, field);
    let path = text(map, field);
    if path.starts_with("..") && path != ".." && !path.starts_with("../") {
        check.error(RULE, (map, field), format!("`{field}` may not begin with `..`"));
    }
}

pub(in crate::api) fn host_path<'d>(check: &mut Check<'d>, source: Node<'d>) {
    if check.required(RULE, source, "path").is_none() {
        return;
    }
    no_backsteps(check, source, "path");
    if !text(source, "type").is_empty() {
        let types = ["DirectoryOrCreate", "Directory", "FileOrCreate", "File", "Socket", "CharDevice", "BlockDevice"];
        check.word(RULE, source, "type", &types);
    }
}

pub(in crate::api) fn gce_disk<'d>(check: &mut Check<'d>, source: Node<'d>) {
    let mark = check.mark();
    check.required(RULE, source, "pdName");
    check.range(RULE, source, "partition", 0, 255);
    check.respell(mark, "gcePersistentDisk", "persistentDisk");
}

pub(in crate::api) fn aws_disk<'d>(check: &mut Check<'d>, source: Node<'d>) {
    check.required(RULE, source, "volumeID");
    check.range(RULE, source, "partition", 0, 255);
}

pub(in crate::api) fn nfs<'d>(check: &mut Check<'d>, source: Node<'d>) {
    check.required(RULE, source, "server");
    if check.required(RULE, source, "path").is_some() && !text(source, "path").starts_with('/') {
        check.error(RULE, (source, "path"), "`path` must be an absolute path").help("begin it with `/`");
    }
}

/// What pods and PersistentVolumes say of iSCSI alike.
pub(in crate::api) fn iscsi<'d>(check: &mut Check<'d>, source: Node<'d>) {
    check.required(RULE, source, "targetPortal");
    if let Some(iqn) = check.required(RULE, source, "iqn") {
        check.syntax(RULE, iqn, "iqn", iqn.text(), iscsi_name);
    }
    check.range(RULE, source, "lun", 0, 255);
    if source.field("secretRef").is_none()
        && ["chapAuthDiscovery", "chapAuthSession"].iter().any(|f| is_true(source, f))
    {
        check.error(RULE, (source, "secretRef"), "`secretRef` is missing, which CHAP needs");
    }
    if let Some(name) = source.field("initiatorName") {
        let place = Place::Shown(name.head(), source, "initiatorname");
        check.syntax(RULE, place, "initiatorName", name.text(), iscsi_name);
    }
}

/// A name of iSCSI: `iqn.2026-01.com.example:disk`, `eui.` and 16 characters, `naa.` and 32.
fn iscsi_name(name: &str) -> Option<String> {
    let right = if name.starts_with("iqn") {
        name.match_indices("iqn.").any(|(at, front)| is_iqn(&name[at + front.len()..]))
    } else if name.starts_with("eui") {
        is_identifier(name, 16)
    } else if name.starts_with("naa") {
        is_identifier(name, 32)
    } else {
        false
    };
    let problem = "must be `iqn.YYYY-MM.domain:name`, `eui.` and 16 letters or digits, or `naa.` and 32";
    (!right).then(|| problem.to_owned())
}

/// Tells whether a text is what stands behind `iqn.`: a year and month, a domain, `:` and a name.
fn is_iqn(rest: &str) -> bool {
    let (date, rest) = rest.split_at_checked(8).unwrap_or_default();
    let dated = date.bytes().enumerate().all(|(at, byte)| match at {
        4 => byte == b'-',
        7 => byte == b'.',
        _ => byte.is_ascii_digit(),
    });
    let Some((domain, name)) = rest.split_once(':') else { return false };
    let in_domain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
    dated
        && !domain.is_empty()
        && domain.bytes().all(in_domain)
        && !name.is_empty()
        && !name.contains([',', ';', '*', '&', '$', '|', ' ', '\t', '\n', '\r', '\x0c'])
}

/// Tells whether three letters, any character and `count` letters or digits make up a text.
fn is_identifier(name: &str, count: usize) -> bool {
    let mut rest = name[3..].chars();
    rest.next().is_some_and(|c| c != '\n')
        && rest.as_str().len() == count
        && rest.as_str().bytes().all(|byte| byte.is_ascii_alphanumeric())
}

pub(in crate::api) fn fibre_channel<'d>(check: &mut Check<'d>, source: Node<'d>) {
    let has = |field: &str| source.field(field).is_some_and(|list| list.items().len() > 0);
    match (has("targetWWNs"), has("wwids")) {
        (false, false) => {
            check.error(RULE, (source, "targetWWNs"), "neither `targetWWNs` nor `wwids` is given");
        }
        (true, true) => {
            check.error(RULE, (source, "targetWWNs"), "`targetWWNs` and `wwids` are both given").help("remove one");
        }
        _ => {}
    }
    if has("targetWWNs") {
        match source.field("lun") {
            Some(_) => _ = check.range(RULE, source, "lun", 0, 255),
            None => _ = check.error(RULE, (source, "lun"), "`lun` is missing, which `targetWWNs` needs"),
        }
    }
}

pub(in crate::api) fn glusterfs<'d>(check: &mut Check<'d>, source: Node<'d>) {
    check.required(RULE, source, "endpoints");
    check.required(RULE, source, "path");
}

pub(in crate::api) fn flocker<'d>(check: &mut Check<'d>, source: Node<'d>) {
    let (name, uuid) = (text(source, "datasetName"), text(source, "datasetUUID"));
    match (name.is_empty(), uuid.is_empty()) {
        (true, true) => _ = check.error(RULE, source, "neither `datasetName` nor `datasetUUID` is given"),
        (false, false) => {
            check.error(RULE, source, "`datasetName` and `datasetUUID` are both given").help("remove one");
        }
        _ => {}
    }
    if name.contains('/') {
        check.error(RULE, (source, "datasetName"), "`datasetName` may not hold `/`");
    }
}

pub(in crate::api) fn rbd<'d>(check: &mut Check<'d>, source: Node<'d>) {
    required_list(check, source, "monitors");
    check.required(RULE, source, "image");
}

pub(in crate::api) fn cephfs<'d>(check: &mut Check<'d>, source: Node<'d>) {
    required_list(check, source, "monitors");
}

pub(in crate::api) fn quobyte<'d>(check: &mut Check<'d>, source: Node<'d>) {
    if let Some(registry) = check.required(RULE, source, "registry") {
        if text(source, "tenant").len() >= 65 {
            check.error(RULE, (source, "tenant"), "`tenant` has more than 64 characters");
        } else if !registry.text().split(',').all(is_host_and_port) {
            let message = format!("`registry` is `{}`, but must be `host:port`", show(registry.text()));
            check.error(RULE, registry, message).help("separate several by commas");
        }
    }
    check.required(RULE, source, "volume");
}

/// Tells whether Go splits a text into a host and a port: `a:1`, `[::1]:1`.
fn is_host_and_port(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else { return false };
    let host = match host.strip_prefix('[') {
        Some(bracketed) => match bracketed.strip_suffix(']') {
            Some(inner) => inner,
            None => return false,
        },
        None if host.contains(':') => return false,
        None => host,
    };
    !host.contains(['[', ']']) && !port.contains(['[', ']'])
}

pub(in crate::api) fn flex<'d>(check: &mut Check<'d>, source: Node<'d>) {
    check.required(RULE, source, "driver");
    for option in source.field("options").into_iter().flat_map(Node::entries) {
        let front = option.name().split('/').next().unwrap_or_default();
        let dotted = format!(".{}", front.to_lowercase());
        if dotted.ends_with(".kubernetes.io") || dotted.ends_with(".k8s.io") {
            check.error(RULE, option.value, format!("`{}` is an option reserved to Kubernetes", show(option.name())));
        }
    }
}

pub(in crate::api) fn azure_file<'d>(check: &mut Check<'d>, source: Node<'d>) {
    check.required(RULE, source, "secretName");
    check.required(RULE, source, "shareName");
}

pub(in crate::api) fn azure_disk<'d>(check: &mut Check<'d>, source: Node<'d>) {
    check.required(RULE, source, "diskName");
    check.required(RULE, source, "diskURI");
    check.word(RULE, source, "cachingMode", &["None", "ReadOnly", "ReadWrite"]);
    check.word(RULE, source, "kind", &["Dedicated", "Managed", "Shared"]);
    let kind = source.field("kind").map_or("Shared", Node::text);
    let front = if kind == "Managed" { "/subscriptions/" } else { "https://" };
    if !text(source, "diskURI").starts_with(front) {
        let message = format!("`diskURI` of a disk of kind `{kind}` must begin with `{front}`");
        check.error(RULE, (source, "diskURI"), message);
    }
}

pub(in crate::api) fn vsphere<'d>(check: &mut Check<'d>, source: Node<'d>) {
    check.required(RULE, source, "volumePath");
}

pub(in crate::api) fn photon<'d>(check: &mut Check<'d>, source: Node<'d>) {
    check.required(RULE, source, "pdID");
}

pub(in crate::api) fn portworx<'d>(check: &mut Check<'d>, source: Node<'d>) {
    check.required(RULE, source, "volumeID");
}

pub(in crate::api) fn scale_io<'d>(check: &mut Check<'d>, source: Node<'d>) {
    for field in ["gateway", "system", "volumeName"] {
        check.required(RULE, source, field);
    }
}

/// What pods and PersistentVolumes say of StorageOS alike.
pub(in crate::api) fn storage_os<'d>(check: &mut Check<'d>, source: Node<'d>) {
    if let Some(name) = check.required(RULE, source, "volumeName") {
        check.syntax("api/name", name, "volumeName", name.text(), dns_label);
    }
    let namespace = text(source, "volumeNamespace");
    if !namespace.is_empty() {
        check.syntax("api/name", (source, "volumeNamespace"), "volumeNamespace", namespace, dns_label);
    }
}

/// Requires the name of a secret that a source refers to, where it does.
pub(in crate::api) fn secret_name<'d>(check: &mut Check<'d>, source: Node<'d>) {
    if let Some(secret) = source.field("secretRef") {
        check.required(RULE, secret, "name");
    }
}

/// Requires the name and namespace of a secret that a source refers to, where it does.
pub(in crate::api) fn secret_in_namespace<'d>(check: &mut Check<'d>, source: Node<'d>) {
    secret_name(check, source);
    if let Some(secret) = source.field("secretRef") {
        check.required(RULE, secret, "namespace");
    }
}

/// Requires the name of a CSI driver.
pub(in crate::api) fn csi_driver<'d>(check: &mut Check<'d>, map: Node<'d>, field: &'static str) {
    if let Some(name) = check.required(RULE, map, field) {
        check.syntax("api/name", name, field, name.text(), csi_driver_name);
    }
}

/// The name of a CSI driver: `ebs.csi.aws.com`.
fn csi_driver_name(name: &str) -> Option<String> {
    if name.len() > 63 {
        return Some(format!("has {} characters, and may have 63", name.len()));
    }
    dns_subdomain(&name.to_lowercase())
}
