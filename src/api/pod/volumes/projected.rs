//! Projected volumes: files of several sources in one folder.

use super::files;
use super::shared::{RULE, file_path};
use crate::api::check::{Check, Place, items, show, text};
use crate::api::selector::label_selector;
use crate::api::syntax::{dns_label, dns_subdomain, qualified_name};
use crate::yaml::Node;
use std::collections::HashSet;

/// The paths of a projected volume so far.
struct Paths<'d> {
    volume: Node<'d>,
    taken: HashSet<&'d str>,
}

impl<'d> Paths<'d> {
    /// Takes a path for a file, which no other may have.
    fn take(&mut self, check: &mut Check<'d>, map: Node<'d>, field: &str) {
        let Some(path) = map.field(field).filter(|path| !path.text().is_empty()) else { return };
        if self.taken.insert(path.text()) {
            return;
        }
        let message = format!("two files have the path `{}`", show(path.text()));
        match self.volume.parent_entry().and_then(|entry| entry.key.parent()) {
            Some(volume) => _ = check.error(RULE, Place::Shown(path.head(), volume, "projected"), message),
            None => _ = check.error(RULE, self.volume, message),
        }
    }
}

pub(super) fn judge<'d>(check: &mut Check<'d>, volume: Node<'d>) {
    files::mode(check, volume, "defaultMode");
    let mut paths = Paths { volume, taken: HashSet::new() };
    for source in items(volume, "sources") {
        let mut count = 0;
        for field in ["secret", "configMap"] {
            if let Some(held) = source.field(field) {
                count += 1;
                check.required(RULE, held, "name");
                files::keys(check, held);
                items(held, "items").for_each(|item| paths.take(check, item, "path"));
            }
        }
        if let Some(held) = source.field("downwardAPI") {
            count += 1;
            files::fields(check, held);
            items(held, "items").for_each(|item| paths.take(check, item, "path"));
        }
        if let Some(held) = source.field("serviceAccountToken") {
            count += 1;
            service_account_token(check, held, volume);
        }
        // Both are dropped unseen before they are on by default.
        if let Some(held) = source.field("clusterTrustBundle").filter(|_| check.since(37)) {
            count += 1;
            trust_bundle(check, held, &mut paths);
        }
        if let Some(held) = source.field("podCertificate").filter(|_| check.since(37)) {
            count += 1;
            certificate(check, held, &mut paths);
        }
        if count > 1 {
            check.error(RULE, source, "a source is one thing, and this one is several").help("make an item of each");
        }
    }
}

fn service_account_token<'d>(check: &mut Check<'d>, token: Node<'d>, volume: Node<'d>) {
    check.range(RULE, token, "expirationSeconds", 600, 1 << 32);
    let mark = check.mark();
    if check.required(RULE, token, "path").is_some() && check.since(30) {
        file_path(check, token, "path");
    }
    if let Some(index) = items(volume, "sources").position(|source| source.field("serviceAccountToken") == Some(token))
    {
        // The server does not say which source it means.
        check.respell(mark, &format!(".sources[{index}].serviceAccountToken.path"), ".path");
    }
}

fn trust_bundle<'d>(check: &mut Check<'d>, bundle: Node<'d>, paths: &mut Paths<'d>) {
    match (bundle.field("name"), bundle.field("signerName")) {
        (Some(_), Some(_)) => {
            check.error(RULE, bundle, "`name` and `signerName` are both given").help("remove one");
        }
        (Some(name), None) => {
            check.syntax("api/name", name, "name", name.text(), trust_bundle_name);
            check.forbidden(RULE, bundle, "labelSelector", "goes with `signerName`, not with `name`");
        }
        (None, Some(signer)) => {
            check.syntax("api/name", signer, "signerName", signer.text(), signer_name);
            if let Some(selector) = bundle.field("labelSelector") {
                label_selector(check, selector);
            }
        }
        (None, None) => _ = check.error(RULE, bundle, "neither `name` nor `signerName` is given"),
    }
    check.required(RULE, bundle, "path");
    file_path(check, bundle, "path");
    paths.take(check, bundle, "path");
}

fn certificate<'d>(check: &mut Check<'d>, certificate: Node<'d>, paths: &mut Paths<'d>) {
    let signer = text(certificate, "signerName");
    check.syntax("api/name", (certificate, "signerName"), "signerName", signer, signer_name);
    user_annotations(check, certificate);
    let types = ["RSA3072", "RSA4096", "ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519"];
    if check.required(RULE, certificate, "keyType").is_some() {
        check.word(RULE, certificate, "keyType", &types);
    }
    let host = signer.split('/').next().unwrap_or_default();
    let days = if host == "kubernetes.io" || host.ends_with(".kubernetes.io") { 1 } else { 91 };
    check.range(RULE, certificate, "maxExpirationSeconds", 3600, days * 24 * 60 * 60);
    let fields = ["credentialBundlePath", "keyPath", "certificateChainPath"];
    for field in fields {
        file_path(check, certificate, field);
        paths.take(check, certificate, field);
    }
    if fields.iter().all(|field| text(certificate, field).is_empty()) {
        check.error(RULE, certificate, "none of `credentialBundlePath`, `keyPath` and `certificateChainPath` is given");
    }
}

/// Judges what a pod tells the signer of its certificate.
fn user_annotations<'d>(check: &mut Check<'d>, certificate: Node<'d>) {
    for entry in certificate.field("userAnnotations").into_iter().flat_map(Node::entries) {
        let problem = qualified_name(&entry.name().to_lowercase())
            .or_else(|| (!entry.name().contains('/')).then(|| "must stand behind a domain and `/`".to_owned()));
        if let Some(problem) = problem {
            check.error(RULE, entry, format!("`{}` is no key here: it {problem}", show(entry.name())));
        }
    }
}

/// The name of a ClusterTrustBundle: that of its signer with `:` for `/`, `:` and a DNS name; or a DNS name.
fn trust_bundle_name(name: &str) -> Option<String> {
    dns_subdomain(name.rsplit_once(':').map_or(name, |(_, own)| own))
}

/// The name of a signer: `example.com/signer`.
fn signer_name(name: &str) -> Option<String> {
    if name.is_empty() {
        return Some("is empty".to_owned());
    }
    let mut parts = name.split('/');
    let (Some(domain), Some(path), None) = (parts.next(), parts.next(), parts.next()) else {
        return Some("must be a domain, `/` and a name".to_owned());
    };
    if domain.len() > 253 || !domain.contains('.') || domain.split('.').any(|label| dns_label(label).is_some()) {
        return Some("must begin with a domain of two or more parts".to_owned());
    }
    let problem = path.split('.').find_map(dns_subdomain)?;
    Some(format!("what stands behind `/` {problem}"))
}
