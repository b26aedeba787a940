//! PersistentVolumeClaims, and templates of them.

use crate::api::check::{Check, Place, items, show, text};
use crate::api::selector::label_selector;
use crate::api::syntax::{dns_label, dns_subdomain};
use crate::schema::Amount;
use crate::yaml::Node;

const RULE: &str = "api/claim";
const ACCESS_MODES: [&str; 4] = ["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"];

/// Whose claim is judged: the server changes some fields of a claim before it judges it, but not of templates.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::api) enum Of {
    /// A claim of its own.
    Itself,
    /// A template, in a pod or a workload.
    Pod,
}

pub(super) fn judge<'d>(check: &mut Check<'d>, claim: Node<'d>) {
    spec(check, claim, Of::Itself);
    warnings(check, claim);
    if let Some(entry) = annotation(claim, "volume.beta.kubernetes.io/storage-class") {
        let message = "this annotation is deprecated since Kubernetes 1.8";
        check.warning("api/deprecated", entry, message).help("write `storageClassName`");
    }
}

/// Gives the value of an annotation.
pub(super) fn annotation<'d>(object: Node<'d>, key: &str) -> Option<Node<'d>> {
    object.at(&["metadata", "annotations"])?.get(key)
}

/// Judges the `spec` of a claim or of a template of claims.
pub(in crate::api) fn spec<'d>(check: &mut Check<'d>, claim: Node<'d>, of: Of) {
    let Some(spec) = claim.field("spec") else {
        let mark = check.mark();
        check.error(RULE, (claim, "spec"), "`accessModes` is missing");
        check.respell(mark, "spec", "spec.accessModes");
        let mark = check.mark();
        check.error(RULE, (claim, "spec"), "`resources.requests.storage` is missing");
        check.respell(mark, "spec", "spec.resources.storage");
        return;
    };
    access_modes(check, RULE, spec);
    if let Some(selector) = spec.field("selector") {
        label_selector(check, selector);
    }
    size(check, spec);
    class_name(check, spec, "storageClassName");
    if check.since(34) {
        class_name(check, spec, "volumeAttributesClassName");
    }
    check.word(RULE, spec, "volumeMode", &["Block", "Filesystem"]);
    data_sources(check, spec, of);
}

/// Judges the access modes of a volume or claim, of which there must be one.
pub(super) fn access_modes<'d>(check: &mut Check<'d>, rule: &'static str, spec: Node<'d>) {
    let mut modes = items(spec, "accessModes").peekable();
    if modes.peek().is_none() {
        let said = check.error(rule, (spec, "accessModes"), "`accessModes` is missing");
        said.help("write one, such as `ReadWriteOnce`");
        return;
    }
    let (mut of_one_pod, mut others) = (false, false);
    for mode in modes {
        match mode.text() {
            "ReadWriteOncePod" => of_one_pod = true,
            known if ACCESS_MODES.contains(&known) => others = true,
            unknown => {
                let list = ACCESS_MODES.map(|mode| format!("`{mode}`")).join(", ");
                let message = format!("`{}` is no access mode: they are {list}", show(unknown));
                check.error(rule, Place::Shown(mode.head(), spec, "accessModes"), message);
            }
        }
    }
    if of_one_pod && others {
        check.error(rule, (spec, "accessModes"), "`ReadWriteOncePod` stands alone").help("remove the other modes");
    }
}

/// Judges how much a claim asks for. The server names the field without `requests`.
fn size<'d>(check: &mut Check<'d>, spec: Node<'d>) {
    const MISSING: &str = "`resources.requests.storage` is missing";
    let help = "write how much the claim asks for, such as `1Gi`";
    let Some(resources) = spec.field("resources") else {
        let mark = check.mark();
        check.error(RULE, (spec, "resources"), MISSING).help(help);
        check.respell(mark, "resources", "resources.storage");
        return;
    };
    match resources.field("requests").and_then(|requests| requests.get("storage")) {
        None => _ = check.error(RULE, (resources, "storage"), MISSING).help(help),
        Some(storage) if storage.is_null() || Amount::read(storage.text()).is_some_and(|a| a <= Amount::ZERO) => {
            let message = "`storage` must be more than nothing";
            check.error(RULE, Place::Shown(storage.head(), resources, "storage"), message);
        }
        Some(_) => {}
    }
}

/// Judges the name of a class, where one is given.
fn class_name<'d>(check: &mut Check<'d>, spec: Node<'d>, field: &'static str) {
    let name = text(spec, field);
    if !name.is_empty() {
        check.syntax("api/name", (spec, field), field, name, dns_subdomain);
    }
}

/// Judges `dataSource` and `dataSourceRef`.
fn data_sources<'d>(check: &mut Check<'d>, spec: Node<'d>, of: Of) {
    let (mut source, mut reference) = (spec.field("dataSource"), spec.field("dataSourceRef"));
    if of == Of::Itself {
        // A reference into another namespace is dropped, as the server does not know them by default; and so is a
        // source that no old server knew, unless there is a reference.
        reference = reference.filter(|reference| text(*reference, "namespace").is_empty());
        let known = |source: Node<'_>| {
            matches!(
                (text(source, "apiGroup"), text(source, "kind")),
                ("", "PersistentVolumeClaim") | ("snapshot.storage.k8s.io", "VolumeSnapshot")
            )
        };
        source = source.filter(|source| reference.is_some() || known(*source));
    }
    let mark = check.mark();
    for held in [source, reference].into_iter().flatten() {
        check.required(RULE, held, "name");
        check.required(RULE, held, "kind");
        let group = text(held, "apiGroup");
        if !group.is_empty() {
            check.syntax(RULE, (held, "apiGroup"), "apiGroup", group, dns_subdomain);
        } else if text(held, "kind") != "PersistentVolumeClaim" {
            let message = "a source without `apiGroup` must be a `PersistentVolumeClaim`";
            check.error(RULE, held, message);
        }
    }
    if of == Of::Itself && source.is_none() {
        // The server copies a reference that stands alone, and judges the copy first.
        check.respell(mark, ".dataSourceRef", ".dataSource");
    }
    let (Some(source), Some(reference)) = (source, reference) else { return };
    let namespace = text(reference, "namespace");
    if !namespace.is_empty() {
        check.syntax("api/name", (reference, "namespace"), "namespace", namespace, dns_label);
        check.error(RULE, spec, "`dataSource` cannot stand beside a `dataSourceRef` into another namespace");
        return;
    }
    let same = |field: &str| text(source, field) == text(reference, field);
    let both = |field: &str| source.field(field).is_some() == reference.field(field).is_some();
    if !(same("kind") && same("name") && same("apiGroup") && both("apiGroup")) {
        check.error(RULE, spec, "`dataSource` and `dataSourceRef` name different things").help("remove `dataSource`");
    }
}

/// Warns of parts of bytes that a claim, or a template of claims, asks for.
pub(in crate::api) fn warnings<'d>(check: &mut Check<'d>, claim: Node<'d>) {
    let Some(resources) = claim.at(&["spec", "resources"]) else { return };
    for field in ["requests", "limits"] {
        if let Some(storage) = resources.at(&[field, "storage"])
            && Amount::read(storage.text()).is_some_and(|amount| !amount.is_whole())
        {
            let message = format!("`storage` is `{}`, which is no whole number of bytes", show(storage.text()));
            check.warning(RULE, storage, message);
        }
    }
}
