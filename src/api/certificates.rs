//! Requests for certificates, and bundles of authorities that are trusted.

use super::Judge;
use super::check::{Check, Place, items, plain, show, text};
use super::syntax::{blocks, dns_label, dns_subdomain, generated, is_authority, qualified_name, signed};
use crate::schema::decode_base64;
use crate::yaml::Node;

const GROUP: &str = "certificates.k8s.io";
const RULE: &str = "api/certificate";

/// Gives the judge of a kind.
pub(super) fn find(group: &str, kind: &str) -> Option<Judge> {
    match (group, kind) {
        (GROUP, "CertificateSigningRequest") => Some(signing_request),
        (GROUP, "ClusterTrustBundle") => Some(trust_bundle),
        (GROUP, "PodCertificateRequest") => Some(pod_request),
        _ => None,
    }
}

/// A signer: a domain of two labels at least, `/`, and a name: `example.com/web`.
fn signer(text: &str) -> Option<String> {
    const MOST: usize = 253 + 1 + 253 + 63 + 1;
    let Some((domain, path)) = text.split_once('/').filter(|(_, path)| !path.contains('/')) else {
        return Some("must be a domain, `/` and a name, such as `example.com/web`".to_owned());
    };
    let labels = domain.split('.').find_map(dns_label);
    if let Some(problem) = labels.or_else(|| dns_subdomain(domain)) {
        return Some(format!("what stands before `/` {problem}"));
    }
    if !domain.contains('.') {
        return Some("what stands before `/` must be a domain with a dot".to_owned());
    }
    if let Some(problem) = path.split('.').find_map(dns_subdomain) {
        return Some(format!("what stands behind `/` {problem}"));
    }
    (text.len() > MOST).then(|| format!("has {} characters, and may have {MOST}", text.len()))
}

fn signing_request<'d>(check: &mut Check<'d>, object: Node<'d>) {
    let Some(spec) = object.field("spec") else {
        check.error(RULE, (object, &["spec", "request"]), "`request` is missing");
        return;
    };
    let request = decode_base64(text(spec, "request")).unwrap_or_default();
    let request = String::from_utf8_lossy(&request);
    let block = blocks(&request).next().filter(|block| block.label == "CERTIFICATE REQUEST");
    if block.is_none_or(|block| signed(&block.bytes).is_none()) {
        let said = check.error(RULE, (spec, "request"), "`request` holds no request for a certificate");
        said.help("encode a `CERTIFICATE REQUEST` in PEM form in base64");
    }
    let mut seen: Vec<&str> = Vec::new();
    for usage in items(spec, "usages") {
        if seen.contains(&plain(usage)) {
            check.error(RULE, usage, format!("`{}` is listed already", show(plain(usage))));
        }
        seen.push(plain(usage));
        if plain(usage).is_empty() {
            check.error(RULE, usage, "the usage is empty");
        }
    }
    if seen.is_empty() {
        check.error(RULE, (spec, "usages"), "`usages` is missing");
    }
    if let Some(name) = check.required(RULE, spec, "signerName") {
        if name.text() == "kubernetes.io/legacy-unknown" {
            check.error(RULE, name, "`kubernetes.io/legacy-unknown` is for older versions of this API");
        } else {
            check.syntax(RULE, name, "signerName", name.text(), signer);
        }
    }
    check.range(RULE, spec, "expirationSeconds", 600, i64::MAX);
}

fn trust_bundle<'d>(check: &mut Check<'d>, object: Node<'d>) {
    const MOST: usize = 1024 * 1024;
    let spec = object.field("spec");
    let signer_name = spec.map(|spec| text(spec, "signerName")).unwrap_or_default();
    if let Some(metadata) = object.field("metadata") {
        bundle_name(check, metadata, signer_name);
    }
    let Some(spec) = spec else {
        check.error(RULE, (object, &["spec", "trustBundle"]), "`trustBundle` is missing");
        return;
    };
    if !signer_name.is_empty() {
        check.syntax(RULE, (spec, "signerName"), "signerName", signer_name, signer);
    }
    let bundle = text(spec, "trustBundle");
    if bundle.len() > MOST {
        let message = format!("`trustBundle` has {} bytes, and may have {MOST}", bundle.len());
        check.error(RULE, (spec, "trustBundle"), message);
        return;
    }
    let mut seen: Vec<Vec<u8>> = Vec::new();
    for (index, block) in blocks(bundle).enumerate() {
        let problem = if block.label != "CERTIFICATE" {
            format!("is of the type `{}`, but must be `CERTIFICATE`", show(block.label))
        } else if block.has_headers {
            "has headers".to_owned()
        } else {
            match signed(&block.bytes) {
                None => "is no certificate".to_owned(),
                Some(certificate) if !is_authority(certificate) => "is of no authority".to_owned(),
                Some(_) if seen.contains(&block.bytes) => "is in it already".to_owned(),
                Some(_) => {
                    seen.push(block.bytes);
                    continue;
                }
            }
        };
        check.error(RULE, (spec, "trustBundle"), format!("block {} of `trustBundle` {problem}", index + 1));
        return;
    }
    if seen.is_empty() {
        check.error(RULE, (spec, "trustBundle"), "`trustBundle` holds no certificate in PEM form");
    }
}

fn bundle_name<'d>(check: &mut Check<'d>, metadata: Node<'d>, signer_name: &str) {
    let prefix = format!("{}:", signer_name.replace('/', ":"));
    for field in ["name", "generateName"] {
        let name = text(metadata, field);
        let own = if signer_name.is_empty() { Some(name) } else { name.strip_prefix(prefix.as_str()) };
        let form = |own: &str| if field == "name" { dns_subdomain(own) } else { generated(own, dns_subdomain) };
        if let Some(own) = own.filter(|_| !name.is_empty()) {
            check.syntax("api/name", (metadata, field), field, own, form);
        } else if !name.is_empty() {
            let message = format!("`{field}` is `{}`, but must begin with its signer, `{}`", show(name), show(&prefix));
            check.error("api/name", (metadata, field), message);
        }
    }
}

fn pod_request<'d>(check: &mut Check<'d>, object: Node<'d>) {
    let Some(spec) = object.field("spec") else { return };
    let signer_name = text(spec, "signerName");
    if check.required(RULE, spec, "signerName").is_some() {
        check.syntax(RULE, (spec, "signerName"), "signerName", signer_name, signer);
    }
    for field in ["podName", "serviceAccountName", "nodeName"] {
        check.syntax(RULE, (spec, field), field, text(spec, field), dns_subdomain);
    }
    for field in ["podUID", "serviceAccountUID", "nodeUID"] {
        match text(spec, field).len() {
            0 => _ = check.error(RULE, (spec, field), format!("`{field}` is missing")),
            1..=128 => {}
            length => {
                let message = format!("`{field}` has {length} characters, and may have 128");
                check.error(RULE, (spec, field), message);
            }
        }
    }
    for entry in spec.field("unverifiedUserAnnotations").into_iter().flat_map(Node::entries) {
        if !entry.name().contains('/') || qualified_name(&entry.name().to_lowercase()).is_some() {
            let place = Place::Shown(entry.key.span(), spec, "unverifiedUserAnnotations");
            let message = format!("`{}` is no key of a domain, such as `example.com/key`", show(entry.name()));
            check.error(RULE, place, message);
        }
    }
    let domain = signer_name.split('/').next().unwrap_or_default();
    let days = if domain == "kubernetes.io" || domain.ends_with(".kubernetes.io") { 1 } else { 91 };
    check.range(RULE, spec, "maxExpirationSeconds", 60 * 60, days * 24 * 60 * 60);
    stub(check, object, spec);
}

fn stub<'d>(check: &mut Check<'d>, object: Node<'d>, spec: Node<'d>) {
    const MOST: usize = 10 * 1024;
    let older = ["pkixPublicKey", "proofOfPossession"].map(|field| !text(spec, field).is_empty());
    let stub = decode_base64(text(spec, "stubPKCS10Request")).unwrap_or_default();
    match (stub.len(), older) {
        (0, [true, true]) => {}
        (0, _) => _ = check.error(RULE, (object, "spec"), "`stubPKCS10Request` is missing"),
        (_, [false, false]) if stub.len() > MOST => {
            let message = format!("`stubPKCS10Request` has {} bytes, and may have {MOST}", stub.len());
            check.error(RULE, (spec, "stubPKCS10Request"), message);
        }
        (_, [false, false]) if signed(&stub).is_none() => {
            let message = "`stubPKCS10Request` is no request for a certificate";
            check.error(RULE, (spec, "stubPKCS10Request"), message).help("encode a request in DER form in base64");
        }
        (_, [false, false]) => {}
        _ => _ = check.error(RULE, (object, "spec"), "`stubPKCS10Request` goes with no `pkixPublicKey`"),
    }
}

#[cfg(test)]
mod tests {
    use crate::api::testing::expect;

    #[test]
    fn requests_and_bundles() {
        expect(
            r#"{apiVersion: certificates.k8s.io/v1, kind: CertificateSigningRequest, metadata: {name: 'a:b'}, spec: {request: aGVsbG8=, signerName: a/b, usages: [client auth, client auth], expirationSeconds: 599}}
  error api/certificate spec.request
  error api/certificate spec.signerName
  error api/certificate spec.usages[1]
  error api/certificate spec.expirationSeconds
{apiVersion: certificates.k8s.io/v1, kind: CertificateSigningRequest, metadata: {name: a}, spec: {request: aGVsbG8=, signerName: kubernetes.io/legacy-unknown, usages: []}}
  error api/certificate spec.request
  error api/certificate spec.signerName
  error api/certificate spec.usages
{apiVersion: certificates.k8s.io/v1, kind: ClusterTrustBundle, metadata: {name: 'a:b'}, spec: {trustBundle: a}}
  error api/name metadata.name
  error api/certificate spec.trustBundle
{apiVersion: certificates.k8s.io/v1, kind: ClusterTrustBundle, metadata: {name: a}, spec: {signerName: a.b/c, trustBundle: "-----BEGIN CERTIFICATE-----\naGk=\n-----END CERTIFICATE-----\n"}}
  error api/name metadata.name
  error api/certificate spec.trustBundle
{apiVersion: certificates.k8s.io/v1, kind: PodCertificateRequest, metadata: {name: a}, spec: {signerName: a.b/c/d, podName: A, podUID: '', serviceAccountName: A, serviceAccountUID: a, nodeName: A, nodeUID: a, maxExpirationSeconds: 1, stubPKCS10Request: aGk=, unverifiedUserAnnotations: {a: b}}}
  error api/certificate spec.signerName
  error api/certificate spec.podName
  error schema/required spec.podUID
  error api/certificate spec.serviceAccountName
  error api/certificate spec.nodeName
  error api/certificate spec.maxExpirationSeconds
  error api/certificate spec.stubPKCS10Request
  error api/certificate spec.unverifiedUserAnnotations
{apiVersion: certificates.k8s.io/v1, kind: PodCertificateRequest, metadata: {name: a}, spec: {signerName: kubernetes.io/d, podName: a, podUID: a, serviceAccountName: a, serviceAccountUID: a, nodeName: a, nodeUID: a, maxExpirationSeconds: 90000, stubPKCS10Request: aGk=}}
  error api/certificate spec.maxExpirationSeconds
  error api/certificate spec.stubPKCS10Request
"#,
            "",
            "",
            "",
        );
    }
}
