//! Asks a server what it would say of objects, without changing anything.

use super::answer::{Answer, Outcome, refusal};
use super::connect::{Cluster, Reply};
use super::discovery::Discovery;
use super::error::ClusterError;
use http::{Method, StatusCode};
use serde_json::Value as Json;
use std::collections::HashSet;
use tokio::task::JoinSet;

/// How many requests are under way at once.
const AT_ONCE: usize = 8;

/// An object on its way to a server.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The object as JSON.
    pub object: Json,
    /// The namespace it lands in where it names none itself.
    pub namespace: Option<String>,
}

impl Sent {
    pub(super) fn text(&self, pointer: &str) -> &str {
        self.object.pointer(pointer).and_then(Json::as_str).unwrap_or_default()
    }
}

impl Cluster {
    /// Sends objects as server-side apply, as dry run with strict field validation. Gives an answer for each, in their order.
    pub async fn dry_run(&self, objects: Vec<Sent>) -> Result<Vec<Answer>, ClusterError> {
        let discovery = self.discover().await?;
        let declared = declared_namespaces(&objects);
        let mut answers: Vec<Option<Answer>> = Vec::new();
        answers.resize_with(objects.len(), || None);
        let mut running: JoinSet<(usize, Result<Answer, ClusterError>)> = JoinSet::new();
        for (index, sent) in objects.into_iter().enumerate() {
            match self.path(&sent, &discovery) {
                Err(answer) => answers[index] = Some(answer),
                Ok((method, path)) => {
                    if running.len() >= AT_ONCE {
                        settle(&mut running, &mut answers).await?;
                    }
                    let (cluster, declared) = (self.clone(), declared.clone());
                    running.spawn(async move { (index, cluster.judge(method, &path, &sent, &declared).await) });
                }
            }
        }
        while !running.is_empty() {
            settle(&mut running, &mut answers).await?;
        }
        Ok(answers.into_iter().flatten().collect())
    }

    /// Gives how and at which path an object is asked about, or why it cannot be.
    fn path(&self, sent: &Sent, discovery: &Discovery) -> Result<(Method, String), Answer> {
        let (api_version, kind) = (sent.text("/apiVersion"), sent.text("/kind"));
        let Some(served) = discovery.find(api_version, kind) else {
            let (group, _) = super::json::split(api_version);
            let why = if discovery.is_stale(group) { "cannot say now whether it serves" } else { "does not serve" };
            return Err(not_judged(format!("the cluster {why} `{api_version} {kind}`")));
        };
        let name = sent.text("/metadata/name");
        // What gets its name from the server is created; all else is applied.
        let generated = name.is_empty() && !sent.text("/metadata/generateName").is_empty();
        if !generated && !is_path(name) {
            return Err(not_judged("it has no name under which it could be asked about".to_owned()));
        }
        let query = "dryRun=All&fieldValidation=Strict&fieldManager=plimsoll";
        let namespace = self.namespace_of(sent);
        if served.namespaced && !is_path(namespace) {
            return Err(not_judged("its namespace has no name that a cluster could have".to_owned()));
        }
        Ok(if generated {
            (Method::POST, format!("{}?{query}", served.path(Some(namespace))))
        } else {
            (Method::PATCH, format!("{}?{query}&force=true", served.object_path(Some(namespace), name)))
        })
    }

    /// Gives the namespace in which an object lands, of a kind that has some.
    pub(super) fn namespace_of<'a>(&'a self, sent: &'a Sent) -> &'a str {
        let written = Some(sent.text("/metadata/namespace")).filter(|namespace| !namespace.is_empty());
        written.or(sent.namespace.as_deref()).unwrap_or(self.namespace())
    }

    async fn judge(
        &self,
        method: Method,
        path: &str,
        sent: &Sent,
        declared: &HashSet<String>,
    ) -> Result<Answer, ClusterError> {
        let body = sent.object.to_string().into_bytes();
        let content_type = if method == Method::PATCH { "application/apply-patch+yaml" } else { "application/json" };
        let Reply { status, body, warnings } = self.send(method, path, content_type, body).await?;
        if status.is_success() {
            return Ok(Answer { outcome: Outcome::Accepted, warnings });
        }
        let message = body.get("message").and_then(Json::as_str).unwrap_or_default();
        let outcome = match status {
            StatusCode::FORBIDDEN if is_permission(message) => {
                return Err(ClusterError::Forbidden(message.to_owned()));
            }
            StatusCode::NOT_FOUND if body.pointer("/details/kind").and_then(Json::as_str) == Some("namespaces") => {
                let namespace = body.pointer("/details/name").and_then(Json::as_str).unwrap_or_default();
                let ours = if declared.contains(namespace) { ", which is among these objects," } else { "" };
                Outcome::NotJudged(format!("its namespace `{namespace}`{ours} is not in the cluster"))
            }
            StatusCode::NOT_FOUND if message.is_empty() => {
                Outcome::NotJudged("the cluster does not serve it".to_owned())
            }
            StatusCode::NOT_FOUND => Outcome::NotJudged(message.to_owned()),
            // What cannot be typed or converted comes as an error of the server, too. Of others there is no verdict.
            status if is_busy(status) || body.get("kind").and_then(Json::as_str) != Some("Status") => {
                return Err(self.refused(status, &body));
            }
            status => refusal(&body, status.as_u16()),
        };
        Ok(Answer { outcome, warnings })
    }
}

/// Takes one finished request.
async fn settle(
    running: &mut JoinSet<(usize, Result<Answer, ClusterError>)>,
    answers: &mut [Option<Answer>],
) -> Result<(), ClusterError> {
    if let Some(Ok((index, answer))) = running.join_next().await {
        answers[index] = Some(answer?);
    }
    Ok(())
}

fn not_judged(reason: String) -> Answer {
    Answer { outcome: Outcome::NotJudged(reason), warnings: Vec::new() }
}

/// Tells a missing permission from a policy's refusal: both are "forbidden".
pub(super) fn is_permission(message: &str) -> bool {
    message.contains(" cannot patch resource ") || message.contains(" cannot create resource ")
}

/// Tells whether a server says that it cannot answer now.
pub(super) fn is_busy(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 502 | 503 | 504)
}

/// The namespaces that the objects themselves declare.
fn declared_namespaces(objects: &[Sent]) -> HashSet<String> {
    let namespaces = objects.iter().filter(|sent| sent.text("/kind") == "Namespace");
    namespaces.map(|sent| sent.text("/metadata/name").to_owned()).collect()
}

/// Tells whether a text can be a name in a path.
pub(super) fn is_path(text: &str) -> bool {
    !text.is_empty() && text != "." && text != ".." && !text.contains(['/', '?', '#', '%', ' '])
}
