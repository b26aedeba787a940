//! Requests: where they may go, how often they are tried, how much of an answer is read.

use super::auth::Pass;
use super::error::OciError;
use percent_encoding::percent_decode_str;
use reqwest::header::HeaderMap;
use reqwest::{Certificate, Client, Method, RequestBuilder, StatusCode, redirect};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How often something is tried before it is given up.
const TRIES: u32 = 5;
/// The first pause between tries; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(100);
/// No pause that a server asks for is longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// How registries are reached.
#[derive(Clone, Debug)]
pub struct Options {
    /// Speak plain HTTP with every host; loopback may do so anyway.
    pub plain_http: bool,
    /// Authorities to trust beside the system's, as PEM.
    pub authorities: Vec<u8>,
    /// How long nothing may come.
    pub timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { plain_http: false, authorities: Vec::new(), timeout: Duration::from_secs(30) }
    }
}

/// A client for requests.
#[derive(Clone, Debug)]
pub struct Http {
    client: Client,
    /// How registries are reached.
    pub(super) options: Options,
    /// Clients that were made already.
    pub(super) kept: Kept,
}

/// Clients of the oci-client crate, by origin, pass and whether blobs are sent whole. Making one reads all authorities of the
/// system, which takes longer than most answers.
#[derive(Clone, Default)]
pub(super) struct Kept(Arc<Mutex<Vec<KeptClient>>>);

type KeptClient = (String, Pass, bool, oci_client::Client);

impl Kept {
    pub(super) fn get(&self, origin: &str, pass: &Pass, whole: bool) -> Option<oci_client::Client> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |one: &&KeptClient| one.0 == origin && one.1 == *pass && one.2 == whole;
        kept.iter().find(same).map(|one| one.3.clone())
    }

    pub(super) fn keep(&self, origin: &str, pass: &Pass, whole: bool, client: &oci_client::Client) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push((origin.to_owned(), pass.clone(), whole, client.clone()));
    }
}

/// Passes are not shown.
impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Kept")
    }
}

/// An answer, read whole.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Reply {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Words an answer that is no success.
    pub(super) fn refusal(&self, host: &str) -> OciError {
        let message = self.message();
        match self.status {
            StatusCode::FORBIDDEN => OciError::Forbidden { host: host.to_owned(), message },
            status => OciError::Status { host: host.to_owned(), status: status.as_u16(), message },
        }
    }

    /// Gives what a registry says about an error, on one line.
    fn message(&self) -> String {
        let json: serde_json::Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let first = &json["errors"][0];
        let text = ["message", "code"].into_iter().find_map(|key| first[key].as_str()).unwrap_or_default();
        text.chars().filter(|c| !c.is_control()).take(200).collect()
    }
}

impl Http {
    /// Makes a client.
    pub fn new(options: Options) -> Result<Self, OciError> {
        // Another part of the process may have chosen already; both choose the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let setup =
            |error: &dyn std::error::Error| OciError::Setup(format!("cannot set up HTTPS: {}", innermost(error)));
        let authorities = if options.authorities.is_empty() {
            Vec::new()
        } else {
            Certificate::from_pem_bundle(&options.authorities).map_err(|error| setup(&error))?
        };
        if !options.authorities.is_empty() && authorities.is_empty() {
            return Err(OciError::Setup("the file of authorities holds no certificate in PEM".to_owned()));
        }
        // Nobody is led from a connection that is kept secret to one that is not.
        let policy = redirect::Policy::custom(|attempt| {
            let was_secret = attempt.previous().last().is_some_and(|url| url.scheme() == "https");
            if was_secret && attempt.url().scheme() != "https" {
                attempt.error("it leads from HTTPS to plain HTTP")
            } else if attempt.previous().len() > 10 {
                attempt.error("it leads around in circles")
            } else {
                attempt.follow()
            }
        });
        let client = Client::builder()
            .tls_certs_merge(authorities)
            .connect_timeout(options.timeout.min(Duration::from_secs(10)))
            .read_timeout(options.timeout)
            .redirect(policy)
            .user_agent(concat!("plimsoll/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| setup(&error))?;
        Ok(Self { client, options, kept: Kept::default() })
    }

    /// Begins a request.
    pub(super) fn request(&self, method: Method, url: &str) -> RequestBuilder {
        self.client.request(method, url)
    }

    /// Sends a request, again where that may help, and reads at most `limit` bytes of the answer.
    pub(super) async fn send(&self, request: RequestBuilder, limit: usize) -> Result<Reply, OciError> {
        let mut tried = 0;
        loop {
            let again = request.try_clone();
            let Some(current) = again else {
                return Err(OciError::Setup("the request cannot be repeated".to_owned()));
            };
            tried += 1;
            let result = once(current, limit).await;
            let pause = match &result {
                Ok(reply) if is_passing(reply.status) => reply.header("retry-after").and_then(|text| text.parse().ok()),
                Err(error) if error.is_passing() => None,
                _ => return result,
            };
            if tried >= TRIES {
                return result;
            }
            rest(tried, pause.map(Duration::from_secs)).await;
        }
    }

    /// Gets a document from a repository of charts. A name and a password in the URL go to its host alone.
    pub async fn get(&self, url: &str, limit: usize) -> Result<Vec<u8>, OciError> {
        let host = host_of(url).to_owned();
        if url.starts_with("http://") && !self.options.plain_http && !is_loopback(&host) {
            return Err(OciError::Setup(format!(
                "{host} is to be asked by plain HTTP, which anybody on the way can change"
            )));
        }
        let reply = self.send(self.request(Method::GET, url), limit).await?;
        match reply.status {
            StatusCode::OK => Ok(reply.body),
            StatusCode::NOT_FOUND => {
                let path =
                    url.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map_or("", |(_, path)| path);
                Err(OciError::NotFound(format!("`{path}` at {host}")))
            }
            StatusCode::UNAUTHORIZED => Err(OciError::Unauthorized { known: url.contains('@'), host }),
            _ => Err(reply.refusal(&host)),
        }
    }
}

/// Tries something until it succeeds, fails for good, or was tried often enough.
pub(super) async fn retry<T, F>(mut attempt: impl FnMut() -> F) -> Result<T, OciError>
where
    F: Future<Output = Result<T, OciError>>,
{
    let mut tried = 0;
    loop {
        tried += 1;
        match attempt().await {
            Err(error) if error.is_passing() && tried < TRIES => rest(tried, None).await,
            result => return result,
        }
    }
}

/// Waits before the next try: as long as the server asks, else longer each time.
async fn rest(tried: u32, asked: Option<Duration>) {
    let pause = asked.map_or(PAUSE * 2u32.saturating_pow(tried - 1), |asked| asked.max(PAUSE)).min(LONGEST_PAUSE);
    tokio::time::sleep(pause).await;
}

fn is_passing(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504)
}

async fn once(request: RequestBuilder, limit: usize) -> Result<Reply, OciError> {
    let mut response = request.send().await.map_err(|error| unreachable(&error))?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| unreachable(&error))? {
        if body.len() + chunk.len() > limit {
            let what = format!("the answer of {}", response.url().host_str().unwrap_or_default());
            return Err(OciError::Unreadable { what, reason: format!("it is larger than {limit} bytes") });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Reply { status: response.status(), headers: response.headers().clone(), body })
}

/// Words a failed request.
pub(super) fn unreachable(error: &reqwest::Error) -> OciError {
    let url = error.url();
    let port = url.and_then(reqwest::Url::port).map(|port| format!(":{port}")).unwrap_or_default();
    let host = url.and_then(reqwest::Url::host_str).unwrap_or("the server");
    let reason = if error.is_timeout() { "it does not answer in time".to_owned() } else { innermost(error) };
    OciError::Unreachable { host: format!("{host}{port}"), reason }
}

/// Gives the innermost cause of an error: the one that says what happened.
pub(super) fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// Gives the host of a URL, with its port.
pub(super) fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
}

/// Gives the place that a URL leads to, host first, in the one way to write it: `charts.example.com/stable`.
pub fn place(url: &str) -> Option<String> {
    let url = reqwest::Url::parse(url).ok()?;
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let path = percent_decode_str(url.path()).decode_utf8_lossy();
    let parts = path.split('/').filter(|part| !part.is_empty()).map(|part| format!("/{part}"));
    Some(format!("{}{port}{}", url.host_str()?, parts.collect::<String>()))
}

/// Tells whether a host, with or without a port, is this machine.
pub(super) fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let name = name.to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost") || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
