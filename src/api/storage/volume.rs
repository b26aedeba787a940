//! PersistentVolumes.

use super::claim::{access_modes, annotation};
use super::source::{self, RULE};
use crate::api::check::{Check, Place, show, text};
use crate::api::placement;
use crate::api::syntax::{dns_label, dns_subdomain};
use crate::schema::Amount;
use crate::yaml::{Kind, Node};

/// Judges what one kind of source holds.
type Judge = for<'d> fn(&mut Check<'d>, Node<'d>);

/// The kinds of sources, in the order in which the server looks for them.
const SOURCES: [(&str, Judge); 22] = [
    ("hostPath", source::host_path),
    ("gcePersistentDisk", source::gce_disk),
    ("awsElasticBlockStore", source::aws_disk),
    ("glusterfs", glusterfs),
    ("flocker", source::flocker),
    ("nfs", source::nfs),
    ("rbd", source::rbd),
    ("quobyte", source::quobyte),
    ("cephfs", source::cephfs),
    ("iscsi", iscsi),
    ("cinder", cinder),
    ("fc", source::fibre_channel),
    ("flexVolume", source::flex),
    ("azureFile", azure_file),
    ("vsphereVolume", source::vsphere),
    ("photonPersistentDisk", source::photon),
    ("portworxVolume", source::portworx),
    ("azureDisk", source::azure_disk),
    ("scaleIO", source::scale_io),
    ("local", local),
    ("storageos", storage_os),
    ("csi", csi),
];

/// Kinds of sources that the server warns of, and what of them.
const DEPRECATED: [(&str, &str); 6] = [
    ("cephfs", "works no more since Kubernetes 1.31"),
    ("photonPersistentDisk", "works no more since Kubernetes 1.16"),
    ("scaleIO", "works no more since Kubernetes 1.22"),
    ("storageos", "works no more since Kubernetes 1.25"),
    ("glusterfs", "works no more since Kubernetes 1.26"),
    ("rbd", "works no more since Kubernetes 1.31"),
];

/// Kinds of sources that take options of mounting by annotation.
const WITH_MOUNT_OPTIONS: [&str; 13] = [
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "glusterfs",
    "nfs",
    "rbd",
    "quobyte",
    "iscsi",
    "cinder",
    "cephfs",
    "azureFile",
    "vsphereVolume",
    "azureDisk",
    "photonPersistentDisk",
];

pub(super) fn judge<'d>(check: &mut Check<'d>, volume: Node<'d>) {
    let Some(spec) = volume.field("spec").filter(|spec| spec.kind() == Kind::Map) else {
        if volume.field("spec").is_none() {
            // The server judges an empty one.
            let mark = check.mark();
            check.error(RULE, (volume, "spec"), "`spec` is missing");
            check.respell(mark, "spec", "spec.accessModes");
        }
        return;
    };
    capacity(check, spec);
    access_modes(check, RULE, spec);
    let policy = text(spec, "persistentVolumeReclaimPolicy");
    if !policy.is_empty() {
        check.word(RULE, spec, "persistentVolumeReclaimPolicy", &["Delete", "Recycle", "Retain"]);
    }
    if let Some(affinity) = spec.field("nodeAffinity") {
        match affinity.field("required") {
            Some(required) => placement::node_selector(check, required),
            None => _ = check.error(RULE, (affinity, "required"), "`required` is missing"),
        }
    }
    one_source(check, spec, text(volume.field("metadata").unwrap_or(spec), "name"));
    if spec.field("local").is_some() && spec.field("nodeAffinity").is_none() && first_source(spec) == Some("local") {
        let message = "`nodeAffinity` is missing, which a local volume needs";
        check.error(RULE, (spec, "nodeAffinity"), message);
    }
    if policy == "Recycle"
        && let Some(path) = spec.at(&["hostPath", "path"])
        && is_root(path.text())
    {
        let message = "a volume of the whole host cannot be recycled";
        check.error(RULE, (spec, "persistentVolumeReclaimPolicy"), message);
    }
    let class = text(spec, "storageClassName");
    if !class.is_empty() {
        check.syntax("api/name", (spec, "storageClassName"), "storageClassName", class, dns_subdomain);
    }
    check.word(RULE, spec, "volumeMode", &["Block", "Filesystem"]);
    attributes_class(check, spec);
    mount_options(check, volume, spec);
    warnings(check, volume, spec);
}

/// Judges a volume's source written into an attachment: it is one of CSI, and says nothing of claims.
pub(super) fn inline<'d>(check: &mut Check<'d>, spec: Node<'d>) {
    for field in ["claimRef", "nodeAffinity"] {
        check.forbidden(RULE, spec, field, "cannot be given here");
    }
    if spec.field("capacity").is_some_and(|capacity| capacity.entries().len() > 0) {
        check.error(RULE, (spec, "capacity"), "`capacity` cannot be given here");
    }
    if spec.field("csi").is_none() {
        check.error(RULE, (spec, "csi"), "`csi` is missing");
    }
    access_modes(check, RULE, spec);
    for (field, only) in [("persistentVolumeReclaimPolicy", "Retain"), ("volumeMode", "Filesystem")] {
        if spec.field(field).is_some() && !["", only].contains(&text(spec, field)) {
            check.error(RULE, (spec, field), format!("`{field}` can only be `{only}` here"));
        }
    }
    if !text(spec, "storageClassName").is_empty() {
        check.error(RULE, (spec, "storageClassName"), "`storageClassName` cannot be given here");
    }
    one_source(check, spec, "");
}

fn capacity<'d>(check: &mut Check<'d>, spec: Node<'d>) {
    let Some(capacity) = spec.field("capacity").filter(|capacity| capacity.entries().len() > 0) else {
        let said = check.error(RULE, (spec, "capacity"), "`capacity` is missing");
        said.help("write `capacity: {storage: 1Gi}`");
        return;
    };
    if capacity.get("storage").is_none() || capacity.entries().len() > 1 {
        check.error(RULE, capacity, "`capacity` holds `storage` and nothing else");
    }
    for entry in capacity.entries() {
        if entry.value.is_null() || Amount::read(entry.value.text()).is_some_and(|amount| amount <= Amount::ZERO) {
            check.error(RULE, entry.value, format!("`{}` must be more than nothing", show(entry.name())));
        }
    }
}

fn first_source(spec: Node<'_>) -> Option<&'static str> {
    SOURCES.iter().map(|(field, _)| *field).find(|field| spec.field(field).is_some())
}

/// Judges the source of a volume. Where there are several, the server looks into the first only.
fn one_source<'d>(check: &mut Check<'d>, spec: Node<'d>, name: &str) {
    let mut first: Option<&str> = None;
    for (field, judge) in SOURCES {
        let Some(source) = spec.field(field) else { continue };
        match first {
            // Except this one, of which the server forgets to ask whether it is alone.
            Some(_) if field == "flexVolume" => judge(check, source),
            Some(first) => {
                let mark = check.mark();
                check
                    .error(RULE, (spec, field), format!("a volume is made of one thing, and this one is `{first}`"))
                    .help(format!("remove `{field}` or `{first}`"));
                check.respell(mark, ".cephfs", ".cephFS");
            }
            None => judge(check, source),
        }
        first = first.or(Some(field));
        let portal = text(source, "targetPortal");
        let length = name.len() + 1 + portal.len();
        if field == "iscsi" && first == Some("iscsi") && source.field("initiatorName").is_some() && length > 64 {
            let message = format!("volume name, `:` and `targetPortal` have {length} characters, and may have 64");
            check.error(RULE, Place::Shown(source.head(), source, "targetportal"), message);
        }
    }
    if first.is_none() {
        let said = check.error(RULE, spec, "the volume is made of nothing");
        said.help("say what it is made of, such as `csi` or `nfs`");
    }
}

fn glusterfs<'d>(check: &mut Check<'d>, source: Node<'d>) {
    source::glusterfs(check, source);
    if let Some(namespace) = source.field("endpointsNamespace") {
        check.syntax("api/name", namespace, "endpointsNamespace", namespace.text(), dns_label);
    }
}

fn iscsi<'d>(check: &mut Check<'d>, source: Node<'d>) {
    source::iscsi(check, source);
    source::secret_name(check, source);
}

fn cinder<'d>(check: &mut Check<'d>, source: Node<'d>) {
    check.required(RULE, source, "volumeID");
    source::secret_in_namespace(check, source);
}

fn azure_file<'d>(check: &mut Check<'d>, source: Node<'d>) {
    source::azure_file(check, source);
    if source.field("secretNamespace").is_some() {
        check.required(RULE, source, "secretNamespace");
    }
}

fn local<'d>(check: &mut Check<'d>, source: Node<'d>) {
    check.required(RULE, source, "path");
    source::no_backsteps(check, source, "path");
}

fn storage_os<'d>(check: &mut Check<'d>, source: Node<'d>) {
    source::storage_os(check, source);
    source::secret_in_namespace(check, source);
}

fn csi<'d>(check: &mut Check<'d>, source: Node<'d>) {
    source::csi_driver(check, source, "driver");
    check.required(RULE, source, "volumeHandle");
    let secrets =
        ["controllerPublishSecretRef", "controllerExpandSecretRef", "nodePublishSecretRef", "nodeExpandSecretRef"];
    for secret in secrets.into_iter().filter_map(|field| source.field(field)) {
        if let Some(name) = check.required(RULE, secret, "name") {
            check.syntax("api/name", name, "name", name.text(), dns_subdomain);
        }
        if let Some(namespace) = check.required(RULE, secret, "namespace") {
            check.syntax("api/name", namespace, "namespace", namespace.text(), dns_label);
        }
    }
}

/// Tells whether a path is the root, once `.`, `..` and double `/` are resolved.
fn is_root(path: &str) -> bool {
    let mut depth = 0_u32;
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => depth = depth.saturating_sub(1),
            _ => depth += 1,
        }
    }
    path.starts_with('/') && depth == 0
}

fn attributes_class<'d>(check: &mut Check<'d>, spec: Node<'d>) {
    const FIELD: &str = "volumeAttributesClassName";
    if !check.since(34) || spec.field(FIELD).is_none() {
        return;
    }
    if let Some(name) = check.required(RULE, spec, FIELD) {
        check.syntax("api/name", name, FIELD, name.text(), dns_subdomain);
    }
    if spec.field("csi").is_none() {
        check.error(RULE, (spec, "csi"), format!("`csi` is missing, which `{FIELD}` needs"));
    }
}

fn mount_options<'d>(check: &mut Check<'d>, volume: Node<'d>, spec: Node<'d>) {
    let Some(options) = annotation(volume, "volume.beta.kubernetes.io/mount-options") else { return };
    if !WITH_MOUNT_OPTIONS.iter().any(|field| spec.field(field).is_some()) {
        check.error(RULE, options, "this kind of volume takes no options of mounting by annotation");
    }
}

fn warnings<'d>(check: &mut Check<'d>, volume: Node<'d>, spec: Node<'d>) {
    for (key, field) in [("storage-class", "storageClassName"), ("mount-options", "mountOptions")] {
        if key == "mount-options" && !check.since(31) {
            continue;
        }
        if let Some(value) = annotation(volume, &format!("volume.beta.kubernetes.io/{key}")) {
            let said = check.warning("api/deprecated", value, "this annotation is deprecated");
            said.help(format!("write `{field}`"));
        }
    }
    if check.since(31) && text(spec, "persistentVolumeReclaimPolicy") == "Recycle" {
        let message = "the policy `Recycle` is deprecated";
        check.warning("api/deprecated", (spec, "persistentVolumeReclaimPolicy"), message);
    }
    for (field, what) in DEPRECATED {
        if spec.field(field).is_some() {
            let mark = check.mark();
            check.warning("api/deprecated", (spec, field), format!("`{field}` {what}"));
            check.respell(mark, ".storageos", ".storageOS");
        }
    }
}
