//! Requests to the server, sent again where that is worth it.
//!
//! Whatever is sent here may be sent twice: applying is idempotent, deletions and replacements name what they mean by its uid or
//! resourceVersion, and who creates looks at what is there when it turns out to exist.

use super::clock;
use super::owned::MANAGER;
use crate::cluster::{Cluster, ClusterError, JSON, Reads, Served, escape, get, list, text};
use http::Method;
use serde_json::{Value as Json, json};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// How often a request is sent.
const ATTEMPTS: u32 = 7;

/// Why a request did not do what it should.
#[derive(Debug)]
pub enum Failure {
    /// The server says no: the code of HTTP, and its `Status`.
    Refused(u16, Json),
    /// The cluster cannot be reached or understood.
    Trouble(ClusterError),
    /// Somebody asked to stop.
    Stopped,
    /// The lock was lost, so that nothing may be written any more.
    LockLost,
    /// It is refused here, before anything is sent.
    Unfit(String),
}

impl Failure {
    /// Says it in words. They may quote values.
    pub fn words(&self) -> String {
        match self {
            Self::Refused(code, body) => {
                let message = text(body, "/message");
                if message.is_empty() { format!("the server answered with status {code}") } else { message.to_owned() }
            }
            Self::Trouble(error) => error.to_string(),
            Self::Stopped => "it was stopped".to_owned(),
            Self::LockLost => "the lock of the release was lost: the cluster did not answer in time".to_owned(),
            Self::Unfit(reason) => reason.clone(),
        }
    }

    /// Tells whether the server refuses with a code.
    pub(super) fn is(&self, wanted: u16) -> bool {
        matches!(self, Self::Refused(code, _) if *code == wanted)
    }

    /// Tells whether the server refuses an object for what stands in it.
    pub(super) fn is_verdict(&self) -> bool {
        match self {
            Self::Refused(400 | 422, _) => true,
            Self::Refused(500, body) => is_type_error(body),
            _ => false,
        }
    }
}

impl From<ClusterError> for Failure {
    fn from(error: ClusterError) -> Self {
        Self::Trouble(error)
    }
}

/// A signal to stop, and the time until which the lock is ours.
#[derive(Debug, Default)]
pub struct Guard {
    stopped: AtomicBool,
    until: Mutex<Option<Instant>>,
}

impl Guard {
    /// Asks whoever is guarded to stop.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
    }

    /// Tells whether somebody asked to stop.
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }

    /// Says until when the lock is ours; none where there is none to be had.
    pub(super) fn hold(&self, until: Option<Instant>) {
        if let Ok(mut held) = self.until.lock() {
            *held = until;
        }
    }

    fn is_lost(&self) -> bool {
        self.until.lock().is_ok_and(|until| until.is_some_and(|until| until <= Instant::now()))
    }
}

/// A cluster, and what is known of the conversation with it.
#[derive(Clone)]
pub struct Server {
    cluster: Cluster,
    guard: Arc<Guard>,
    /// Requests so far: reads, writes.
    sent: Arc<[AtomicU64; 2]>,
    /// The server's clock: its time at a moment of ours.
    clock: Arc<Mutex<Option<(i64, Instant)>>>,
    /// Goes on although somebody asked to stop: for cleaning up.
    last_words: bool,
}

/// What applying an object gave.
pub(super) struct Applied {
    pub(super) object: Json,
    pub(super) created: bool,
}

/// A request: what, where, and the body with its type.
struct Request<'a> {
    method: Method,
    path: &'a str,
    types: [&'a str; 2],
    body: Vec<u8>,
}

impl Reads for Server {
    type Error = Failure;

    async fn read(&self, path: &str, accept: &str) -> Result<(u16, Json), Failure> {
        match self.call(Request { method: Method::GET, path, types: [JSON, accept], body: Vec::new() }).await {
            Err(Failure::Refused(code, body)) => Ok((code, body)),
            answer => answer,
        }
    }

    fn says_no(&self, code: u16, body: Json) -> Failure {
        Failure::Refused(code, body)
    }

    fn is_away(failure: &Failure) -> bool {
        matches!(failure, Failure::Trouble(error) if may_pass(error))
    }
}

impl Server {
    /// Begins a conversation.
    pub fn new(cluster: Cluster, guard: Arc<Guard>) -> Self {
        let sent = Arc::new([AtomicU64::new(0), AtomicU64::new(0)]);
        Self { cluster, guard, sent, clock: Arc::default(), last_words: false }
    }

    /// Gives the cluster.
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// Gives the guard.
    pub(super) fn guard(&self) -> &Arc<Guard> {
        &self.guard
    }

    /// Gives the same conversation, which goes on where others stop.
    pub(super) fn for_last_words(&self) -> Self {
        Self { last_words: true, ..self.clone() }
    }

    /// Counts the requests so far: those that read, and those that write.
    pub fn requests(&self) -> (u64, u64) {
        let [reads, writes] = &*self.sent;
        (reads.load(Ordering::Relaxed), writes.load(Ordering::Relaxed))
    }

    /// Gives the server's time in seconds since 1970; 0 where it never told it.
    pub(super) fn now(&self) -> i64 {
        let known = self.clock.lock().ok().and_then(|known| *known);
        known.map_or(0, |(then, at)| then + i64::try_from(at.elapsed().as_secs()).unwrap_or_default())
    }

    /// Ends early what may not go on.
    pub(super) fn check(&self) -> Result<(), Failure> {
        if self.last_words {
            return Ok(());
        }
        if self.guard.is_stopped() {
            return Err(Failure::Stopped);
        }
        if self.guard.is_lost() { Err(Failure::LockLost) } else { Ok(()) }
    }

    /// Waits, unless somebody asks to stop.
    pub(super) async fn pause(&self, length: Duration) -> Result<(), Failure> {
        let end = Instant::now() + length;
        loop {
            self.check()?;
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            tokio::time::sleep(left.min(Duration::from_millis(100))).await;
        }
    }

    async fn call(&self, request: Request<'_>) -> Result<(u16, Json), Failure> {
        let mut attempt = 0;
        loop {
            self.check()?;
            attempt += 1;
            let again = match self.once(&request).await {
                Ok((code, body)) if (200..300).contains(&code) => return Ok((code, body)),
                Ok((code, body)) => match patience(code, &body) {
                    Some(attempts) if attempt < attempts => Failure::Refused(code, body),
                    _ => return Err(Failure::Refused(code, body)),
                },
                Err(Failure::Trouble(error)) if may_pass(&error) && attempt < ATTEMPTS => Failure::Trouble(error),
                Err(error) => return Err(error),
            };
            // A server that says how long it will be busy was waited for by the client already.
            let wait = Duration::from_millis(100 << attempt.min(6));
            if self.pause(wait).await.is_err() {
                return Err(again);
            }
        }
    }

    async fn once(&self, request: &Request<'_>) -> Result<(u16, Json), Failure> {
        let Request { method, path, types, body } = request;
        let kind = usize::from(*method != Method::GET);
        self.sent[kind].fetch_add(1, Ordering::Relaxed);
        let (head, bytes) = self.cluster.exchange(method.clone(), path, *types, body.clone()).await?;
        let date = head.headers.get("date").and_then(|date| date.to_str().ok()).and_then(clock::header);
        if let (Some(date), Ok(mut known)) = (date, self.clock.lock()) {
            *known = Some((date, Instant::now()));
        }
        let code = head.status.as_u16();
        if types[1] == "*/*" {
            return Ok((code, Json::from(String::from_utf8_lossy(&bytes))));
        }
        Ok((code, self.cluster.json(head.status, &bytes)?))
    }

    /// Reads an object; none where it is not there.
    pub(super) async fn get(
        &self,
        served: &Served,
        namespace: Option<&str>,
        name: &str,
    ) -> Result<Option<Json>, Failure> {
        get(self, served, namespace, name).await
    }

    /// Reads all objects of a kind that fit a selector, page by page. A kind that is not served has none.
    pub(super) async fn list(
        &self,
        served: &Served,
        namespace: Option<&str>,
        selector: &str,
    ) -> Result<Vec<Json>, Failure> {
        list(self, served, namespace, &labels(selector), JSON).await
    }

    /// Reads the metadata alone of such objects.
    pub(super) async fn list_metadata(
        &self,
        served: &Served,
        namespace: Option<&str>,
        selector: &str,
    ) -> Result<Vec<Json>, Failure> {
        let accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
        list(self, served, namespace, &labels(selector), accept).await
    }

    /// Reads the events that tell of an object.
    pub(super) async fn events(&self, namespace: &str, uid: &str) -> Result<Vec<Json>, Failure> {
        let query = format!("fieldSelector={}", escape(&format!("involvedObject.uid={uid}")));
        list(self, &Served::new("v1", "Event", "events", true), Some(namespace), &query, JSON).await
    }

    /// Applies an object on the server's side.
    pub(super) async fn apply(&self, served: &Served, object: &Json, how: Apply<'_>) -> Result<Applied, Failure> {
        let namespace = Some(text(object, "/metadata/namespace")).filter(|name| !name.is_empty());
        let Apply { manager, force, dry_run } = how;
        let dry_run = if dry_run { "&dryRun=All" } else { "" };
        let path = format!(
            "{}?fieldManager={manager}&fieldValidation=Strict&force={force}{dry_run}",
            served.object_path(namespace, text(object, "/metadata/name"))
        );
        let body = object.to_string().into_bytes();
        let request =
            Request { method: Method::PATCH, path: &path, types: ["application/apply-patch+yaml", JSON], body };
        let (code, object) = self.call(request).await?;
        Ok(Applied { object, created: code == 201 })
    }

    /// Merges a patch into an object. One that is not there stays away.
    pub(super) async fn merge(
        &self,
        served: &Served,
        namespace: Option<&str>,
        name: &str,
        patch: &Json,
    ) -> Result<(), Failure> {
        let path = format!("{}?fieldManager={MANAGER}", served.object_path(namespace, name));
        let body = patch.to_string().into_bytes();
        let request =
            Request { method: Method::PATCH, path: &path, types: ["application/merge-patch+json", JSON], body };
        match self.call(request).await {
            Ok(_) => Ok(()),
            Err(failure) if failure.is(404) => Ok(()),
            Err(failure) => Err(failure),
        }
    }

    /// Creates an object.
    pub(super) async fn create(
        &self,
        served: &Served,
        namespace: Option<&str>,
        object: &Json,
    ) -> Result<Json, Failure> {
        let path = format!("{}?fieldManager={MANAGER}", served.path(namespace));
        let body = object.to_string().into_bytes();
        self.call(Request { method: Method::POST, path: &path, types: [JSON, JSON], body }).await.map(|(_, body)| body)
    }

    /// Replaces an object, which names its resourceVersion.
    pub(super) async fn replace(&self, served: &Served, object: &Json) -> Result<Json, Failure> {
        let path = format!(
            "{}?fieldManager={MANAGER}",
            served.object_path(Some(text(object, "/metadata/namespace")), text(object, "/metadata/name"))
        );
        let body = object.to_string().into_bytes();
        self.call(Request { method: Method::PUT, path: &path, types: [JSON, JSON], body }).await.map(|(_, body)| body)
    }

    /// Deletes an object, if it still is the one that was read; `as_it_was` also holds it to be unchanged. Says whether it was
    /// there.
    pub(super) async fn delete(&self, served: &Served, object: &Json, as_it_was: bool) -> Result<bool, Failure> {
        let namespace = Some(text(object, "/metadata/namespace")).filter(|name| !name.is_empty());
        let path = served.object_path(namespace, text(object, "/metadata/name"));
        let mut options = json!({"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"});
        for (key, pointer, wanted) in
            [("uid", "/metadata/uid", true), ("resourceVersion", "/metadata/resourceVersion", as_it_was)]
        {
            let value = text(object, pointer);
            if wanted && !value.is_empty() {
                options["preconditions"][key] = json!(value);
            }
        }
        let body = options.to_string().into_bytes();
        match self.call(Request { method: Method::DELETE, path: &path, types: [JSON, JSON], body }).await {
            Ok(_) => Ok(true),
            Err(failure) if failure.is(404) => Ok(false),
            // Another object of that name took its place: that one is none of ours.
            Err(Failure::Refused(409, body)) if text(&body, "/message").contains("UID in precondition") => Ok(false),
            Err(failure) => Err(failure),
        }
    }

    /// Reads the last lines of a container's log; none where there is no log to be had.
    pub(super) async fn log(&self, namespace: &str, pod: &str, container: &str, previous: bool) -> Vec<String> {
        let path = format!(
            "{}/log?container={}&tailLines=10&limitBytes=8192&previous={previous}",
            Served::new("v1", "Pod", "pods", true).object_path(Some(namespace), pod),
            escape(container)
        );
        let request = Request { method: Method::GET, path: &path, types: [JSON, "*/*"], body: Vec::new() };
        match self.once(&request).await {
            Ok((200, Json::String(text))) => text.lines().map(str::to_owned).collect(),
            _ => Vec::new(),
        }
    }
}

/// How an object is applied.
#[derive(Clone, Copy)]
pub(super) struct Apply<'a> {
    pub(super) manager: &'a str,
    pub(super) force: bool,
    pub(super) dry_run: bool,
}

/// Tells whether fields are refused that the kind does not have: a verdict, although it comes as an error of the server.
fn is_type_error(body: &Json) -> bool {
    ["failed to create typed", "failed to convert"].iter().any(|words| text(body, "/message").contains(words))
}

/// Tells how often a request is sent that is answered like this; nothing where its answer is a verdict.
fn patience(code: u16, body: &Json) -> Option<u32> {
    let message = text(body, "/message");
    let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
    let webhook = says(&["failed calling webhook"])
        && says(&[
            "connection refused",
            "no endpoints",
            "context deadline exceeded",
            "EOF",
            "connection reset",
            "i/o timeout",
            "unreachable",
        ]);
    match code {
        429 | 502 | 503 | 504 => Some(ATTEMPTS),
        500 if is_type_error(body) => None,
        500 if webhook => Some(ATTEMPTS),
        500 if says(&["failed calling webhook"]) => Some(2),
        500 => Some(5),
        409 if says(&["Operation cannot be fulfilled on resourcequotas"]) => Some(ATTEMPTS),
        // The account of a new namespace is made a moment after it.
        403 if says(&["error looking up service account"]) => Some(5),
        _ => None,
    }
}

/// Tells whether trouble may be over in a moment.
fn may_pass(error: &ClusterError) -> bool {
    matches!(error, ClusterError::Unreachable { .. } | ClusterError::TimedOut { .. } | ClusterError::Unreadable { .. })
}

/// Writes a selector of labels for a query; nothing for an empty one.
fn labels(selector: &str) -> String {
    if selector.is_empty() { String::new() } else { format!("labelSelector={}", escape(selector)) }
}

/// Runs jobs, so many at once, and gives what they give in their order.
pub(super) async fn at_once<T, F>(limit: usize, jobs: impl IntoIterator<Item = F>) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let (mut running, mut done) = (tokio::task::JoinSet::new(), Vec::new());
    let mut jobs = jobs.into_iter().enumerate();
    loop {
        while running.len() < limit
            && let Some((index, job)) = jobs.next()
        {
            running.spawn(async move { (index, job.await) });
        }
        match running.join_next().await {
            Some(Ok(pair)) => done.push(pair),
            // None of our jobs is aborted, and none panics.
            Some(Err(_)) => {}
            None => break,
        }
    }
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_pass_is_sent_again() {
        for (code, message, again) in [
            (429, "slow down", true),
            (503, "", true),
            (500, "etcdserver: leader changed", true),
            (
                500,
                "failed to create typed patch object (a/b; v1, Kind=ConfigMap): .x: field not declared in schema",
                false,
            ),
            (
                500,
                "Internal error occurred: failed calling webhook \"a\": Post \"https://a\": connect: connection refused",
                true,
            ),
            (422, "ConfigMap \"a\" is invalid", false),
            (409, "Apply failed with 1 conflict", false),
            (409, "Operation cannot be fulfilled on resourcequotas \"q\": the object has been modified", true),
            (
                403,
                "pods \"a\" is forbidden: error looking up service account ns/default: serviceaccount \"default\" not found",
                true,
            ),
            (403, "pods is forbidden", false),
            (404, "", false),
        ] {
            assert_eq!(patience(code, &json!({"message": message})).is_some(), again, "{code} {message}");
        }
    }
}
