//! Why an object does not get ready: its pods, their events, the last lines of their logs.

use super::item::Key;
use super::server::Server;
use super::wait::{Progress, State, trouble};
use crate::cluster::{Discovery, text};
use serde_json::Value as Json;

/// How many pods of an object are told of, and how many events of each.
const PODS: usize = 3;
const EVENTS: usize = 3;

/// An object that does not get ready.
#[derive(Clone, Debug, PartialEq)]
pub struct Stuck {
    /// The object.
    pub key: Key,
    /// How far it is.
    pub state: State,
    /// Why it is not further.
    pub reason: String,
    /// What its pods, events and logs say, a line each. It may quote anything.
    pub details: Vec<String>,
}

impl Stuck {
    /// Says it in one line.
    pub fn words(&self) -> String {
        match self.state {
            State::Failed => format!("{} failed: {}", self.key, self.reason),
            State::Terminating => format!("{} is still being deleted: {}", self.key, self.reason),
            _ => format!("{} did not get ready in time: {}", self.key, self.reason),
        }
    }
}

/// Finds out why objects are where they are.
pub(super) async fn explain(server: &Server, kinds: &Discovery, ill: Vec<(Key, Json, Progress)>) -> Vec<Stuck> {
    // Somebody who asked to stop wants to know all the same.
    let server = &server.for_last_words();
    let mut stuck = Vec::new();
    for (key, object, Progress { state, reason }) in ill {
        let mut details = Vec::new();
        if !object.is_null() && stuck.len() < 5 {
            let namespace = text(&object, "/metadata/namespace");
            details.extend(events(server, namespace, text(&object, "/metadata/uid")).await);
            for pod in pods(server, kinds, &object).await.iter().take(PODS) {
                details.extend(of_pod(server, pod).await);
            }
        }
        stuck.push(Stuck { key, state, reason, details });
    }
    stuck
}

/// Says in a few words what keeps the pods of an object from running.
pub(super) async fn pods_trouble(server: &Server, kinds: &Discovery, object: &Json) -> Option<String> {
    pods(server, kinds, object).await.iter().find_map(trouble).map(|trouble| trouble.words)
}

/// Finds the pods of an object that are in trouble; without such, none. A pod is its own.
async fn pods(server: &Server, kinds: &Discovery, object: &Json) -> Vec<Json> {
    if text(object, "/kind") == "Pod" {
        return vec![object.clone()];
    }
    let Some(selector) = selector(object) else { return Vec::new() };
    let Some(served) = kinds.find("v1", "Pod") else { return Vec::new() };
    let namespace = text(object, "/metadata/namespace");
    let found = server.list(served, Some(namespace), &selector).await.unwrap_or_default();
    let ready = |pod: &Json| super::wait::progress(pod, None).state == State::Current;
    let mut found: Vec<Json> = found.into_iter().filter(|pod| !ready(pod)).collect();
    found.sort_by_key(|pod| trouble(pod).is_none());
    found
}

/// Writes the selector of a workload's pods.
fn selector(object: &Json) -> Option<String> {
    let selector = object.pointer("/spec/selector")?;
    let mut parts: Vec<String> = Vec::new();
    for (key, value) in selector.get("matchLabels").and_then(Json::as_object).into_iter().flatten() {
        parts.push(format!("{key}={}", value.as_str()?));
    }
    for expression in selector.get("matchExpressions").and_then(Json::as_array).into_iter().flatten() {
        let key = text(expression, "/key");
        let values: Vec<&str> =
            expression.get("values").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str).collect();
        parts.push(match text(expression, "/operator") {
            "In" => format!("{key} in ({})", values.join(",")),
            "NotIn" => format!("{key} notin ({})", values.join(",")),
            "Exists" => key.to_owned(),
            _ => format!("!{key}"),
        });
    }
    (!parts.is_empty()).then(|| parts.join(","))
}

async fn of_pod(server: &Server, pod: &Json) -> Vec<String> {
    let (name, namespace) = (text(pod, "/metadata/name"), text(pod, "/metadata/namespace"));
    let Some(trouble) = trouble(pod) else {
        let state = super::wait::progress(pod, None);
        let mut lines = vec![format!("pod {name}: {}", state.reason)];
        lines.extend(events(server, namespace, text(pod, "/metadata/uid")).await);
        // What runs, and does not answer its probes, may say why.
        if let Some(container) = unready(pod) {
            let log = server.log(namespace, name, container, false).await;
            lines.extend(said(container, name, log));
        }
        return lines;
    };
    let mut lines = vec![format!("pod {name}: {}", trouble.words)];
    lines.extend(events(server, namespace, text(pod, "/metadata/uid")).await);
    if trouble.ran {
        let mut log = server.log(namespace, name, &trouble.container, trouble.crashes).await;
        if log.is_empty() && trouble.crashes {
            log = server.log(namespace, name, &trouble.container, false).await;
        }
        lines.extend(said(&trouble.container, name, log));
    }
    lines
}

/// Finds a container that runs and is not ready.
fn unready(pod: &Json) -> Option<&str> {
    let mut statuses = pod.pointer("/status/containerStatuses")?.as_array()?.iter();
    let found = statuses
        .find(|status| status.get("ready") != Some(&Json::Bool(true)) && status.pointer("/state/running").is_some());
    found.map(|status| text(status, "/name"))
}

/// Quotes the log of a container.
fn said(container: &str, pod: &str, log: Vec<String>) -> Vec<String> {
    if log.is_empty() {
        return log;
    }
    let head = format!("the last lines of `{container}` in {pod}:");
    std::iter::once(head).chain(log.into_iter().map(|line| format!("  {line}"))).collect()
}

/// Gives the last warnings about an object.
async fn events(server: &Server, namespace: &str, uid: &str) -> Vec<String> {
    if uid.is_empty() {
        return Vec::new();
    }
    let namespace = if namespace.is_empty() { "default" } else { namespace };
    let mut found = server.events(namespace, uid).await.unwrap_or_default();
    found.retain(|event| text(event, "/type") == "Warning");
    let when = |event: &Json| {
        let times = ["/lastTimestamp", "/eventTime", "/metadata/creationTimestamp"];
        times.iter().map(|at| text(event, at)).find(|time| !time.is_empty()).unwrap_or_default().to_owned()
    };
    found.sort_by_key(when);
    let words = |event: &Json| {
        let count = event.get("count").and_then(Json::as_i64).unwrap_or(1);
        let times = if count > 1 { format!(" ({count} times)") } else { String::new() };
        format!("event {}: {}{times}", text(event, "/reason"), text(event, "/message").trim())
    };
    let from = found.len().saturating_sub(EVENTS);
    found[from..].iter().map(words).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn selectors_are_written_as_the_server_reads_them() {
        let of = |spec: Json| selector(&json!({"spec": {"selector": spec}}));
        assert_eq!(of(json!({"matchLabels": {"a": "b", "c": "d"}})).as_deref(), Some("a=b,c=d"));
        let expressions =
            json!([{"key": "a", "operator": "In", "values": ["x", "y"]}, {"key": "b", "operator": "DoesNotExist"}]);
        assert_eq!(of(json!({"matchExpressions": expressions})).as_deref(), Some("a in (x,y),!b"));
        assert_eq!(of(json!({})), None);
        assert_eq!(selector(&json!({})), None);
    }
}
