//! One registry: its manifests, blobs and tags.
//!
//! Blobs and lists of tags go over the client of the oci-client crate. Manifests, questions and tokens are asked for here:
//! with a limit on what is read, with headers that the crate does not hand on, and by digest.

use super::auth::{Pass, pass};
use super::credentials::Login;
use super::error::OciError;
use super::http::{Http, Reply, innermost, is_loopback, retry};
use super::reference::{Reference, is_digest};
use crate::package::digest as digest_of;
use futures_util::StreamExt as _;
use oci_client::client::{BlobResponse, Certificate, CertificateEncoding, ClientConfig, ClientProtocol};
use oci_client::errors::OciDistributionError;
use oci_client::secrets::RegistryAuth;
use reqwest::{Method, RequestBuilder, StatusCode};
use std::collections::{HashMap, HashSet};
use std::sync::Mutex;

/// The media types of what a tag may lead to.
pub(super) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(super) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// No manifest is larger.
const MANIFEST_LIMIT: usize = 4 << 20;
/// No blob is larger than what the command line reads of any file: 64 MiB.
const BLOB_LIMIT: u64 = 64 << 20;
/// Blobs from here on are sent in pieces.
const WHOLE: usize = 8 << 20;
/// How many tags are asked for at a time, and how often at most.
const PAGE: usize = 1000;
const PAGES: usize = 1000;

/// A registry, with what is known about who asks.
pub struct Registry {
    http: Http,
    host: String,
    origin: String,
    login: Login,
    passes: Mutex<HashMap<(String, bool), Pass>>,
}

/// A manifest that was held against its digest.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// Its bytes, as they came.
    pub bytes: Vec<u8>,
    /// Their digest.
    pub digest: String,
}

impl Registry {
    /// Prepares to speak with a registry. Plain HTTP is for this machine, and for those who ask for it.
    pub async fn connect(host: &str, login: Login, http: &Http) -> Result<Self, OciError> {
        let real = if host == "docker.io" { "registry-1.docker.io" } else { host };
        let scheme = if http.options.plain_http {
            "http"
        } else if is_loopback(real) {
            // A registry on this machine may speak either.
            let probe = http.request(Method::GET, &format!("https://{real}/v2/"));
            match probe.send().await {
                Err(error) if error.is_connect() && !innermost(&error).contains("certificate") => "http",
                _ => "https",
            }
        } else {
            "https"
        };
        Ok(Self {
            http: http.clone(),
            host: host.to_owned(),
            origin: format!("{scheme}://{real}"),
            login,
            passes: Mutex::new(HashMap::new()),
        })
    }

    /// Proves the credentials.
    pub async fn log_in(&self) -> Result<(), OciError> {
        let pass = self.pass("", false).await?;
        let reply = self
            .http
            .send(authorize(self.http.request(Method::GET, &format!("{}/v2/", self.origin)), &pass), 1 << 20)
            .await?;
        match reply.status {
            StatusCode::UNAUTHORIZED => Err(self.unauthorized()),
            status if status.is_success() || status == StatusCode::NOT_FOUND => Ok(()),
            _ => Err(reply.refusal(&self.host)),
        }
    }

    /// Gets the manifest of a reference; it must be what its digest says.
    pub async fn manifest(&self, reference: &Reference) -> Result<Manifest, OciError> {
        let name = reference.name().unwrap_or("latest");
        let url = format!("{}/v2/{}/manifests/{name}", self.origin, reference.repository);
        let accept = format!("{MANIFEST}, {INDEX}");
        let reply = self
            .ask(&reference.repository, false, MANIFEST_LIMIT, |http| {
                http.request(Method::GET, &url).header("accept", &accept)
            })
            .await?;
        match reply.status {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Err(OciError::NotFound(format!("`{reference}`"))),
            _ => return Err(reply.refusal(&self.host)),
        }
        let digest = digest_of(&reply.body);
        let told = reply.header("docker-content-digest").filter(|told| is_digest(told));
        for wanted in reference.digest.as_deref().into_iter().chain(told) {
            if wanted != digest {
                let reason = format!("its digest is {digest}, and should be {wanted}");
                return Err(OciError::Untrusted { what: format!("`{reference}`"), reason });
            }
        }
        Ok(Manifest { bytes: reply.body, digest })
    }

    /// Puts a manifest under the name of a reference. What it names must be there already.
    pub(super) async fn put_manifest(
        &self,
        reference: &Reference,
        media_type: &str,
        bytes: &[u8],
    ) -> Result<Reply, OciError> {
        let digest = digest_of(bytes);
        let name = reference.name().unwrap_or(&digest);
        let url = format!("{}/v2/{}/manifests/{name}", self.origin, reference.repository);
        let put = |http: &Http| http.request(Method::PUT, &url).header("content-type", media_type).body(bytes.to_vec());
        let reply = self.ask(&reference.repository, true, 1 << 20, put).await?;
        if !reply.status.is_success() {
            return Err(reply.refusal(&self.host));
        }
        let told = reply.header("docker-content-digest").filter(|told| is_digest(told));
        if let Some(told) = told.filter(|told| *told != digest) {
            let reason = format!("it says that it took {told} instead of {digest}");
            return Err(OciError::Untrusted { what: self.host.clone(), reason });
        }
        Ok(reply)
    }

    /// Gets a blob, going on where it was cut; it must be as large as told, and what its digest says.
    pub async fn blob(&self, reference: &Reference, digest: &str, size: u64) -> Result<Vec<u8>, OciError> {
        let what = format!("the blob {digest} of `{reference}`");
        if !is_digest(digest) {
            let reason = "its digest is not by SHA-256".to_owned();
            return Err(OciError::Unreadable { what, reason });
        }
        if size > BLOB_LIMIT {
            return Err(OciError::Unreadable { what, reason: format!("it is larger than {} MiB", BLOB_LIMIT >> 20) });
        }
        let bytes = Mutex::new(Vec::new());
        retry(|| self.rest_of_blob(reference, digest, size, &what, &bytes)).await?;
        let bytes = bytes.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        let actual = digest_of(&bytes);
        if actual != digest {
            return Err(OciError::Untrusted { what, reason: format!("its digest is {actual}") });
        }
        Ok(bytes)
    }

    async fn rest_of_blob(
        &self,
        reference: &Reference,
        digest: &str,
        size: u64,
        what: &str,
        into: &Mutex<Vec<u8>>,
    ) -> Result<(), OciError> {
        let lock = || into.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let pass = self.pass(&reference.repository, false).await?;
        let client = self.client(&pass, true).await?;
        let named = self.named(reference);
        let have = lock().len() as u64;
        let mut stream = if have == 0 {
            client.pull_blob_stream(&named, digest).await.map(|sized| sized.stream)
        } else {
            let rest = client.pull_blob_stream_partial(&named, digest, have, None).await;
            // Whether all of it comes again or nothing does: without a part, it begins anew.
            if !matches!(rest, Ok(BlobResponse::Partial(_))) {
                lock().clear();
            }
            match rest {
                Ok(BlobResponse::Partial(sized) | BlobResponse::Full(sized)) => Ok(sized.stream),
                Err(error) if self.failed(&error, &reference.repository, false).is_final() => {
                    let reason = "it does not go on where it was cut".to_owned();
                    return Err(OciError::Unreachable { host: self.host.clone(), reason });
                }
                Err(error) => Err(error),
            }
        }
        .map_err(|error| match self.failed(&error, &reference.repository, false) {
            OciError::Status { status: 404, .. } => OciError::NotFound(what.trim_start_matches("the ").to_owned()),
            error => error,
        })?;
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(|error| {
                // The stream holds itself against the digest too, which is no reason to try again.
                let reason = innermost(&error);
                OciError::Unreachable { host: self.host.clone(), reason }
            });
            let chunk = match chunk {
                Err(_) if lock().len() as u64 >= size => break,
                chunk => chunk?,
            };
            let mut bytes = lock();
            if bytes.len() as u64 + chunk.len() as u64 > size {
                let reason = format!("it is larger than the {size} bytes that its manifest tells");
                return Err(OciError::Untrusted { what: what.to_owned(), reason });
            }
            bytes.extend_from_slice(&chunk);
        }
        let have = lock().len();
        if (have as u64) < size {
            let reason = format!("it was cut after {have} of {size} bytes");
            return Err(OciError::Unreachable { host: self.host.clone(), reason });
        }
        Ok(())
    }

    /// Puts a blob into a repository, unless it is there.
    pub(super) async fn put_blob(&self, reference: &Reference, bytes: &[u8]) -> Result<(), OciError> {
        let digest = digest_of(bytes);
        if self.has_blob(reference, &digest, bytes.len()).await? {
            return Ok(());
        }
        retry(|| async {
            let pass = self.pass(&reference.repository, true).await?;
            let client = self.client(&pass, bytes.len() < WHOLE).await?;
            match client.push_blob(&self.named(reference), bytes.to_vec(), &digest).await {
                Ok(_) => Ok(()),
                // Some registries take a blob without saying where it is now.
                Err(OciDistributionError::RegistryNoLocationError) => {
                    let there = self.has_blob(reference, &digest, bytes.len()).await?;
                    let reason = "it takes a blob, and does not have it".to_owned();
                    if there { Ok(()) } else { Err(OciError::Unreachable { host: self.host.clone(), reason }) }
                }
                Err(error) => Err(self.failed(&error, &reference.repository, true)),
            }
        })
        .await
    }

    /// Tells whether a repository has a blob. Whoever was led elsewhere may be told anything: the size must be right too.
    async fn has_blob(&self, reference: &Reference, digest: &str, size: usize) -> Result<bool, OciError> {
        let url = format!("{}/v2/{}/blobs/{digest}", self.origin, reference.repository);
        let reply = self.ask(&reference.repository, true, 1 << 20, |http| http.request(Method::HEAD, &url)).await?;
        let length = reply.header("content-length").and_then(|text| text.parse::<usize>().ok());
        let named = reply.header("docker-content-digest").is_none_or(|told| told == digest);
        Ok(reply.status == StatusCode::OK && length == Some(size) && named)
    }

    /// Lists the tags of a repository.
    pub async fn tags(&self, reference: &Reference) -> Result<Vec<String>, OciError> {
        let (mut tags, mut known) = (Vec::<String>::new(), HashSet::new());
        for _ in 0..PAGES {
            let last = tags.last().cloned();
            let page = retry(|| async {
                let pass = self.pass(&reference.repository, false).await?;
                let client = self.client(&pass, true).await?;
                let listed =
                    client.list_tags(&self.named(reference), &pass.for_client(), Some(PAGE), last.as_deref()).await;
                listed.map_err(|error| match self.failed(&error, &reference.repository, false) {
                    OciError::Status { status: 404, .. } => OciError::NotFound(format!("repository `{reference}`")),
                    error => error,
                })
            })
            .await?;
            let new: Vec<String> = page.tags.into_iter().filter(|tag| known.insert(tag.clone())).collect();
            if new.is_empty() {
                break;
            }
            tags.extend(new);
        }
        Ok(tags)
    }

    /// Asks with credentials; what was refused by a token that is too old is asked once more.
    pub(super) async fn ask(
        &self,
        repository: &str,
        push: bool,
        limit: usize,
        request: impl Fn(&Http) -> RequestBuilder,
    ) -> Result<Reply, OciError> {
        let known = self.passes().contains_key(&(repository.to_owned(), push));
        let pass = self.pass(repository, push).await?;
        let reply = self.http.send(authorize(request(&self.http), &pass), limit).await?;
        if reply.status != StatusCode::UNAUTHORIZED {
            return Ok(reply);
        }
        if known {
            self.passes().remove(&(repository.to_owned(), push));
            let pass = self.pass(repository, push).await?;
            let reply = self.http.send(authorize(request(&self.http), &pass), limit).await?;
            if reply.status != StatusCode::UNAUTHORIZED {
                return Ok(reply);
            }
        }
        Err(self.unauthorized())
    }

    /// Gives the URL of a path on the registry.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    async fn pass(&self, repository: &str, push: bool) -> Result<Pass, OciError> {
        let key = (repository.to_owned(), push);
        if let Some(known) = self.passes().get(&key).cloned() {
            return Ok(known);
        }
        let pass = pass(&self.http, &self.origin, repository, push, &self.login).await?;
        self.passes().insert(key, pass.clone());
        Ok(pass)
    }

    fn passes(&self) -> std::sync::MutexGuard<'_, HashMap<(String, bool), Pass>> {
        self.passes.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Makes a client of the crate that holds a pass; it keeps the first one that it is given.
    async fn client(&self, pass: &Pass, whole: bool) -> Result<oci_client::Client, OciError> {
        if let Some(client) = self.http.kept.get(&self.origin, pass, whole) {
            return Ok(client);
        }
        let authorities = &self.http.options.authorities;
        let certificate = |data: &Vec<u8>| Certificate { encoding: CertificateEncoding::Pem, data: data.clone() };
        let protocol = if self.origin.starts_with("http://") { ClientProtocol::Http } else { ClientProtocol::Https };
        let config = ClientConfig {
            protocol,
            use_monolithic_push: whole,
            extra_root_certificates: Some(authorities)
                .filter(|pem| !pem.is_empty())
                .map(certificate)
                .into_iter()
                .collect(),
            read_timeout: Some(self.http.options.timeout),
            connect_timeout: Some(self.http.options.timeout),
            user_agent: concat!("plimsoll/", env!("CARGO_PKG_VERSION")),
            ..ClientConfig::default()
        };
        let client = oci_client::Client::try_from(config).map_err(|error| OciError::Setup(error.to_string()))?;
        let real = self.origin.split_once("://").map_or("", |(_, host)| host);
        client.store_auth_if_needed(real, &pass.for_client()).await;
        self.http.kept.keep(&self.origin, pass, whole, &client);
        Ok(client)
    }

    fn named(&self, reference: &Reference) -> oci_client::Reference {
        let real = self.origin.split_once("://").map_or("", |(_, host)| host).to_owned();
        let tag = reference.tag.clone().unwrap_or_else(|| "latest".to_owned());
        oci_client::Reference::with_tag(real, reference.repository.clone(), tag)
    }

    fn unauthorized(&self) -> OciError {
        OciError::Unauthorized { host: self.host.clone(), known: self.login != Login::Anonymous }
    }

    /// Words an error of the crate; a pass that was refused is forgotten.
    fn failed(&self, error: &OciDistributionError, repository: &str, push: bool) -> OciError {
        let host = self.host.clone();
        let status = |status: u16, message: &str| match status {
            401 => {
                self.passes().remove(&(repository.to_owned(), push));
                self.unauthorized()
            }
            403 => OciError::Forbidden { host: host.clone(), message: message.to_owned() },
            status => OciError::Status { host: host.clone(), status, message: message.to_owned() },
        };
        match error {
            OciDistributionError::UnauthorizedError { .. } | OciDistributionError::AuthenticationFailure(_) => {
                status(401, "")
            }
            // A page of HTML says nothing that helps.
            OciDistributionError::ServerError { code, .. } => status(*code, ""),
            OciDistributionError::RegistryError { envelope, .. } => {
                let first = envelope.errors.first();
                let code = first.map(|error| serde_json::to_value(&error.code).unwrap_or_default());
                let code = code.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default().to_uppercase();
                let message = first.map(|error| error.message.as_str()).unwrap_or_default();
                match code.as_str() {
                    "DENIED" => status(403, message),
                    "UNAUTHORIZED" => status(401, message),
                    "TOOMANYREQUESTS" => status(429, message),
                    code if code.ends_with("UNKNOWN") => status(404, message),
                    _ => status(400, message),
                }
            }
            OciDistributionError::RequestError(error) => match error.status() {
                Some(code) => status(code.as_u16(), ""),
                None => OciError::Unreachable { host, reason: innermost(error) },
            },
            OciDistributionError::DigestError(error) => {
                OciError::Untrusted { what: format!("an answer of {host}"), reason: error.to_string() }
            }
            other => OciError::Unreadable { what: format!("an answer of {host}"), reason: innermost(other) },
        }
    }
}

impl Pass {
    fn for_client(&self) -> RegistryAuth {
        match self {
            Self::None => RegistryAuth::Anonymous,
            Self::Basic(name, password) => RegistryAuth::Basic(name.clone(), password.clone()),
            Self::Bearer(token) => RegistryAuth::Bearer(token.clone()),
        }
    }
}

fn authorize(request: RequestBuilder, pass: &Pass) -> RequestBuilder {
    match pass {
        Pass::None => request,
        Pass::Basic(name, password) => request.basic_auth(name, Some(password)),
        Pass::Bearer(token) => request.bearer_auth(token),
    }
}
