//! Volumes of a pod.

mod files;
mod overlap;
mod projected;

#[cfg(test)]
mod tests;

use crate::api::check::{Check, items, show, text};
use crate::api::storage::{claim, source as shared};
use crate::api::syntax::{dns_label, dns_subdomain};
use crate::api::{meta, storage};
use crate::schema::Amount;
use crate::yaml::{Kind, Node};
use shared::RULE;
use std::collections::HashSet;

/// Judges what one kind of source holds.
type Judge = for<'d> fn(&mut Check<'d>, Node<'d>);

/// The kinds of sources in the order in which the server looks for them; `emptyDir`, the first, is apart.
const SOURCES: [(&str, Judge); 29] = [
    ("hostPath", shared::host_path),
    ("gitRepo", git_repo),
    ("gcePersistentDisk", shared::gce_disk),
    ("awsElasticBlockStore", shared::aws_disk),
    ("secret", files::secret),
    ("nfs", shared::nfs),
    ("iscsi", shared::iscsi),
    ("glusterfs", shared::glusterfs),
    ("flocker", shared::flocker),
    ("persistentVolumeClaim", persistent_claim),
    ("rbd", shared::rbd),
    ("cinder", cinder),
    ("cephfs", shared::cephfs),
    ("quobyte", shared::quobyte),
    ("downwardAPI", files::downward_api),
    ("fc", shared::fibre_channel),
    ("flexVolume", shared::flex),
    ("configMap", files::config_map),
    ("azureFile", shared::azure_file),
    ("vsphereVolume", shared::vsphere),
    ("photonPersistentDisk", shared::photon),
    ("portworxVolume", shared::portworx),
    ("azureDisk", shared::azure_disk),
    ("storageos", storage_os),
    ("projected", projected::judge),
    ("scaleIO", shared::scale_io),
    ("csi", csi),
    ("ephemeral", ephemeral),
    ("image", image),
];

/// Kinds of sources that the server warns of, and what of them.
const DEPRECATED: [(&str, &str); 9] = [
    ("photonPersistentDisk", "works no more since Kubernetes 1.16"),
    ("gitRepo", "is deprecated since Kubernetes 1.11, and off by default since 1.33"),
    ("scaleIO", "works no more since Kubernetes 1.22"),
    ("flocker", "works no more since Kubernetes 1.25"),
    ("storageos", "works no more since Kubernetes 1.25"),
    ("quobyte", "works no more since Kubernetes 1.25"),
    ("glusterfs", "works no more since Kubernetes 1.26"),
    ("cephfs", "works no more since Kubernetes 1.31"),
    ("rbd", "works no more since Kubernetes 1.31"),
];

pub(super) fn judge<'d>(check: &mut Check<'d>, pod: Node<'d>, spec: Node<'d>) {
    let name = if pod == check.root() { pod.at(&["metadata", "name"]).map(Node::text) } else { None };
    let name = name.unwrap_or_default();
    let mut seen = HashSet::new();
    for volume in items(spec, "volumes").filter(|volume| volume.kind() == Kind::Map) {
        // Such a volume is dropped unseen where the server does not know images as volumes.
        if volume.field("image").is_some() && !check.since(35) {
            continue;
        }
        let mark = check.mark();
        one_source(check, volume, name);
        if let Some(name) = check.required("api/name", volume, "name") {
            check.syntax("api/name", name, "name", name.text(), dns_label);
            if seen.contains(name.text()) {
                check.error(RULE, name, format!("two volumes are named `{}`", show(name.text())));
            } else if check.mark() == mark {
                seen.insert(name.text());
            }
        }
        created_claim(check, volume, spec, name);
        warnings(check, volume);
    }
}

/// Judges the source of a volume. Where there are several, the server looks into the first only.
fn one_source<'d>(check: &mut Check<'d>, volume: Node<'d>, pod: &str) {
    let mut first = None;
    if let Some(directory) = volume.field("emptyDir") {
        empty_dir(check, directory);
        first = Some("emptyDir");
    }
    for (field, judge) in SOURCES {
        let Some(source) = volume.field(field) else { continue };
        if let Some(first) = first {
            let mark = check.mark();
            check
                .error(RULE, (volume, field), format!("a volume is made of one thing, and this one is `{first}`"))
                .help(format!("remove `{field}` or `{first}`"));
            // The server misspells these two.
            check.respell(mark, ".cephfs", ".cephFS");
            check.respell(mark, ".downwardAPI", ".downwarAPI");
        } else {
            judge(check, source);
            if field == "ephemeral" {
                claim_name(check, volume, pod);
            }
            first = Some(field);
        }
        if field == "iscsi" {
            let length = text(volume, "name").len() + 1 + text(source, "targetPortal").len();
            if source.field("initiatorName").is_some() && length > 64 {
                let message = format!("volume name, `:` and `targetPortal` have {length} characters, and may have 64");
                check.error(RULE, (volume, "name"), message);
            }
        }
    }
}

fn empty_dir<'d>(check: &mut Check<'d>, directory: Node<'d>) {
    if Amount::read(text(directory, "sizeLimit")).is_some_and(Amount::is_negative) {
        check.error(RULE, (directory, "sizeLimit"), "`sizeLimit` may not be negative");
    }
}

fn git_repo<'d>(check: &mut Check<'d>, source: Node<'d>) {
    check.required(RULE, source, "repository");
    shared::descending(check, source, "directory");
}

fn persistent_claim<'d>(check: &mut Check<'d>, source: Node<'d>) {
    check.required(RULE, source, "claimName");
}

fn cinder<'d>(check: &mut Check<'d>, source: Node<'d>) {
    check.required(RULE, source, "volumeID");
    shared::secret_name(check, source);
}

fn storage_os<'d>(check: &mut Check<'d>, source: Node<'d>) {
    shared::storage_os(check, source);
    shared::secret_name(check, source);
}

fn csi<'d>(check: &mut Check<'d>, source: Node<'d>) {
    shared::csi_driver(check, source, "driver");
    if let Some(secret) = source.field("nodePublishSecretRef")
        && let Some(name) = check.required(RULE, secret, "name")
    {
        let mark = check.mark();
        check.syntax("api/name", name, "name", name.text(), dns_subdomain);
        check.respell(mark, ".nodePublishSecretRef.name", ".name");
    }
}

fn image<'d>(check: &mut Check<'d>, source: Node<'d>) {
    let in_pod = check.root().field("spec").is_some_and(|spec| spec.field("volumes").is_some());
    if in_pod || check.since(37) {
        check.required(RULE, source, "reference");
    }
    if !text(source, "pullPolicy").is_empty() {
        check.word(RULE, source, "pullPolicy", &["Always", "IfNotPresent", "Never"]);
    }
}

/// Judges the template of a claim that lives as long as the pod.
fn ephemeral<'d>(check: &mut Check<'d>, source: Node<'d>) {
    let Some(template) = check.required(RULE, source, "volumeClaimTemplate") else { return };
    if let Some(metadata) = template.field("metadata") {
        let mark = check.mark();
        meta::template(check, template);
        // Other than of templates of pods, the server says here where labels and annotations stand.
        check.respell(mark, ".volumeClaimTemplate.", ".volumeClaimTemplate.metadata.");
        for entry in metadata.entries() {
            let set = !entry.value.is_null() && (entry.value.scalar().is_none() || !entry.value.text().is_empty());
            if set && !["labels", "annotations"].contains(&entry.name()) {
                check.error(RULE, entry.value, format!("`{}` cannot be set for the claim of a pod", entry.name()));
            }
        }
    }
    claim::spec(check, template, claim::Of::Pod);
}

/// Judges the name of the claim that the server makes for a pod: the pod's, `-` and the volume's.
fn claim_name<'d>(check: &mut Check<'d>, volume: Node<'d>, pod: &str) {
    let name = text(volume, "name");
    if !pod.is_empty() && !name.is_empty() {
        let claim = format!("{pod}-{name}");
        if let Some(problem) = dns_subdomain(&claim) {
            let message = format!("the claim of this volume is to be named `{}`, but {problem}", show(&claim));
            check.error(RULE, (volume, "name"), message);
        }
    }
}

/// Forbids a volume to use the claim that another volume of the pod makes.
fn created_claim<'d>(check: &mut Check<'d>, volume: Node<'d>, spec: Node<'d>, pod: &str) {
    let Some(source) = volume.field("persistentVolumeClaim") else { return };
    let Some(made_by) = text(source, "claimName").strip_prefix(pod).and_then(|rest| rest.strip_prefix('-')) else {
        return;
    };
    let makes = |other: Node<'_>| other.field("ephemeral").is_some() && text(other, "name") == made_by;
    if !pod.is_empty() && items(spec, "volumes").any(makes) {
        let message = format!("volume `{}` makes this claim: another volume cannot use it", show(made_by));
        check.error(RULE, (source, "claimName"), message);
    }
}

fn warnings<'d>(check: &mut Check<'d>, volume: Node<'d>) {
    for (field, what) in DEPRECATED {
        if volume.field(field).is_some() {
            let mark = check.mark();
            check.warning("api/deprecated", (volume, field), format!("`{field}` {what}"));
            check.respell(mark, ".storageos", ".storageOS");
        }
    }
    if let Some(template) = volume.field("ephemeral").and_then(|source| source.field("volumeClaimTemplate")) {
        storage::claim::warnings(check, template);
    }
    if check.since(32) {
        overlap::judge(check, volume);
    }
}
