//! The way to a cluster: kubeconfigs, contexts, requests with a time limit.

use super::error::ClusterError;
use super::json::text;
use super::login::{Login, login_failure};
use super::read::JSON;
use crate::schema::Version;
use http::{Method, Request, StatusCode};
use kube::client::Body;
use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::{Client, Config};
use serde_json::Value as Json;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// How a cluster is found.
#[derive(Clone, Debug)]
pub struct Options {
    /// The kubeconfigs, which are merged: what stands in an earlier one wins.
    pub kubeconfigs: Vec<PathBuf>,
    /// The context; the current one where none is named.
    pub context: Option<String>,
    /// How long each answer may take.
    pub timeout: Duration,
}

/// A cluster that has answered.
#[derive(Clone)]
pub struct Cluster {
    client: Client,
    server: String,
    context: String,
    version: Version,
    namespace: String,
    timeout: Duration,
    login: Login,
    /// How many requests were sent.
    sent: Arc<AtomicUsize>,
}

/// What came back: the status, the JSON, and the texts of `Warning` headers.
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) body: Json,
    pub(super) warnings: Vec<String>,
}

impl Cluster {
    /// Connects, and asks the server for its version.
    pub async fn connect(options: &Options) -> Result<Self, ClusterError> {
        let (mut config, context) = configure(options).await?;
        config.connect_timeout = Some(options.timeout);
        config.read_timeout = Some(options.timeout);
        config.write_timeout = Some(options.timeout);
        config.reset_reader_on_write = true;
        let server = config.cluster_url.to_string().trim_end_matches('/').to_owned();
        let namespace = config.default_namespace.clone();
        let login = Login::of(&config.auth_info);
        let client = Client::try_from(config).map_err(|error| {
            let unreachable = || ClusterError::Unreachable { server: server.clone(), reason: innermost(&error) };
            login_failure(&error).map_or_else(unreachable, |reason| login.failed(reason))
        })?;
        let mut cluster = Self {
            client,
            server,
            context,
            version: Version::LATEST,
            namespace,
            timeout: options.timeout,
            login,
            sent: Arc::default(),
        };
        let reply = cluster.ask("/version").await?;
        let part = |key: &str| {
            let text = reply.get(key).and_then(Json::as_str).unwrap_or_default();
            text.chars().take_while(char::is_ascii_digit).collect::<String>()
        };
        let version = Version::parse(&format!("{}.{}", part("major"), part("minor")));
        cluster.version = version.ok_or_else(|| cluster.unreadable("it names no version"))?;
        Ok(cluster)
    }

    /// Gives the version of the server.
    pub fn version(&self) -> Version {
        self.version
    }

    /// Gives the context by which it was reached.
    pub fn context(&self) -> &str {
        &self.context
    }

    /// Gives the address of its server.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// Gives the namespace of the context: `default` where it names none.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Counts the requests that were sent so far.
    pub fn requests(&self) -> usize {
        self.sent.load(Ordering::Relaxed)
    }

    /// Gets a document that must be there.
    async fn ask(&self, path: &str) -> Result<Json, ClusterError> {
        let reply = self.send(Method::GET, path, JSON, Vec::new()).await?;
        if reply.status.is_success() { Ok(reply.body) } else { Err(self.refused(reply.status, &reply.body)) }
    }

    /// Sends a request, and reads whatever JSON comes back. Who asks must be known to the server.
    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        content_type: &str,
        body: Vec<u8>,
    ) -> Result<Reply, ClusterError> {
        self.send_as(method, path, [content_type, JSON], body).await
    }

    /// Sends a request with the types of its body and of the answer, which is JSON of some kind.
    pub(super) async fn send_as(
        &self,
        method: Method,
        path: &str,
        types: [&str; 2],
        body: Vec<u8>,
    ) -> Result<Reply, ClusterError> {
        let (head, bytes) = self.exchange(method, path, types, body).await?;
        let body = self.json(head.status, &bytes)?;
        let texts = head.headers.get_all("warning").iter().filter_map(|value| value.to_str().ok());
        Ok(Reply { status: head.status, body, warnings: texts.filter_map(warning_text).collect() })
    }

    /// Sends a request with the types of its body and of the answer, and gives what comes back as it is. Who asks must be
    /// known to the server.
    pub(crate) async fn exchange(
        &self,
        method: Method,
        path: &str,
        [content_type, accept]: [&str; 2],
        body: Vec<u8>,
    ) -> Result<(http::response::Parts, Vec<u8>), ClusterError> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("Content-Type", content_type)
            .header("Accept", accept)
            .body(Body::from(body))
            .map_err(|error| self.unreadable(&format!("`{path}` is no path to ask for: {error}")))?;
        self.sent.fetch_add(1, Ordering::Relaxed);
        let exchange = async {
            let response = self.client.send(request).await?;
            let (head, body) = response.into_parts();
            Ok::<_, kube::Error>((head, body.collect_bytes().await?))
        };
        let (head, bytes) = tokio::time::timeout(self.timeout, exchange)
            .await
            .map_err(|_| self.timed_out())?
            .map_err(|error| self.failed(&error))?;
        if head.status == StatusCode::UNAUTHORIZED {
            let (server, context) = (self.server.clone(), self.context.clone());
            return Err(ClusterError::Unauthorized { server, context });
        }
        Ok((head, bytes.into()))
    }

    /// Reads the JSON of an answer. A path that nobody serves is answered in plain text.
    pub(crate) fn json(&self, status: StatusCode, bytes: &[u8]) -> Result<Json, ClusterError> {
        match serde_json::from_slice(bytes) {
            Ok(body) => Ok(body),
            Err(_) if status == StatusCode::NOT_FOUND => Ok(Json::Null),
            Err(_) => {
                let reason = format!("status {}, and {} bytes that are no JSON", status.as_u16(), bytes.len());
                Err(self.unreadable(&reason))
            }
        }
    }

    /// Words an answer by which the server refuses to serve at all.
    pub(super) fn refused(&self, status: StatusCode, body: &Json) -> ClusterError {
        let message = text(body, "/message");
        match status {
            StatusCode::FORBIDDEN => ClusterError::Forbidden(message.to_owned()),
            status => self.unreadable(&format!("status {}: {message}", status.as_u16())),
        }
    }

    fn unreadable(&self, reason: &str) -> ClusterError {
        ClusterError::Unreadable { server: self.server.clone(), reason: reason.to_owned() }
    }

    fn timed_out(&self) -> ClusterError {
        ClusterError::TimedOut { server: self.server.clone(), limit: self.timeout }
    }

    fn failed(&self, error: &kube::Error) -> ClusterError {
        if let Some(reason) = login_failure(error) {
            return self.login.failed(reason);
        }
        let reason = innermost(error);
        if reason.contains("timed out") || reason.contains("deadline has elapsed") {
            return self.timed_out();
        }
        ClusterError::Unreachable { server: self.server.clone(), reason }
    }
}

/// Reads the kubeconfigs and chooses the context; inside a pod without one, the pod's own account.
async fn configure(options: &Options) -> Result<(Config, String), ClusterError> {
    let unusable = |file: String, error: &KubeconfigError| ClusterError::Kubeconfig { file, reason: plain(error) };
    let mut merged: Option<(Kubeconfig, String)> = None;
    for file in &options.kubeconfigs {
        let name = file.display().to_string();
        let read = Kubeconfig::read_from(file).map_err(|error| unusable(name.clone(), &error))?;
        merged = Some(match merged {
            None => (read, name),
            Some((first, known)) => {
                (first.merge(read).map_err(|error| unusable(name.clone(), &error))?, format!("{known}, {name}"))
            }
        });
    }
    let Some((kubeconfig, files)) = merged else {
        return match Config::incluster() {
            Ok(config) => Ok((config, "in-cluster".to_owned())),
            Err(_) => Err(ClusterError::NoKubeconfig),
        };
    };
    let known: Vec<String> = kubeconfig.contexts.iter().map(|context| context.name.clone()).collect();
    let current = kubeconfig.current_context.clone().filter(|name| !name.is_empty());
    let Some(context) = options.context.clone().or(current) else {
        return Err(ClusterError::NoCurrentContext { known });
    };
    if !known.contains(&context) {
        return Err(ClusterError::NoContext { name: context, known });
    }
    let wanted = KubeConfigOptions { context: Some(context.clone()), cluster: None, user: None };
    match Config::from_custom_kubeconfig(kubeconfig, &wanted).await {
        Ok(config) => Ok((config, context)),
        Err(error) => Err(unusable(files, &error)),
    }
}

/// Words an error about a kubeconfig on one line, without the lines of the file that it may quote: they hold secrets.
fn plain(error: &KubeconfigError) -> String {
    match error {
        KubeconfigError::Parse(_) => "it is not a kubeconfig in YAML".to_owned(),
        KubeconfigError::ReadConfig(error, _) => error.to_string(),
        _ => error.to_string().lines().next().unwrap_or_default().to_owned(),
    }
}

/// Gives the innermost cause of an error: the one that says what happened.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// Reads the text of a header such as `299 - "unknown field \"a\""`.
fn warning_text(header: &str) -> Option<String> {
    let (_, quoted) = header.split_once('"')?;
    let quoted = quoted.strip_suffix('"').unwrap_or(quoted);
    Some(quoted.replace("\\\"", "\"").replace("\\\\", "\\"))
}

#[cfg(test)]
mod tests {
    use super::warning_text;

    #[test]
    fn warning_headers_are_read() {
        assert_eq!(warning_text(r#"299 - "unknown field \"spec.a\"""#).as_deref(), Some("unknown field \"spec.a\""));
        assert_eq!(warning_text("nothing"), None);
    }
}
