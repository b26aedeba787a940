//! What one needs to be allowed to do, asked for before the first write.

use super::server::{Failure, Server, at_once};
use crate::cluster::{Discovery, Served};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

/// Something that needs a permission.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Deed {
    verb: &'static str,
    group: String,
    resource: String,
    namespace: String,
}

impl Deed {
    /// Names it for people: `patch deployments.apps in `shop``.
    fn words(&self) -> String {
        let Self { verb, group, resource, namespace } = self;
        let resource = if group.is_empty() { resource.clone() } else { format!("{resource}.{group}") };
        if namespace.is_empty() { format!("{verb} {resource}") } else { format!("{verb} {resource} in `{namespace}`") }
    }
}

/// What must be allowed.
#[derive(Debug, Default)]
pub(super) struct Needed(BTreeSet<Deed>);

impl Needed {
    /// Adds what is done with the objects of a kind in a namespace.
    pub(super) fn add(&mut self, served: &Served, namespace: &str, verbs: &[&'static str]) {
        for verb in verbs {
            self.0.insert(Deed {
                verb,
                group: served.group.clone(),
                resource: served.resource.clone(),
                namespace: if served.namespaced { namespace.to_owned() } else { String::new() },
            });
        }
    }

    /// Adds what the records of a release need.
    pub(super) fn add_records(&mut self, kinds: &Discovery, namespace: &str) {
        for (group, kind, verbs) in [
            ("", "Secret", &["get", "list", "create", "patch", "delete"][..]),
            ("coordination.k8s.io", "Lease", &["get", "create", "update", "delete"][..]),
        ] {
            if let Some(served) = kinds.preferred(group, kind) {
                self.add(served, namespace, verbs);
            }
        }
    }

    /// Asks the server for all of it; what is missing is told together.
    pub(super) async fn ask(self, server: &Server) -> Result<(), Failure> {
        let review =
            Served::new("authorization.k8s.io/v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews", false);
        // Who may do everything is asked once.
        if self.0.is_empty() || allowed(server, &review, &["*", "*", "*", ""]).await? {
            return Ok(());
        }
        let mut open: Vec<Deed> = self.0.into_iter().collect();
        let namespaces: BTreeSet<String> =
            open.iter().map(|deed| deed.namespace.clone()).filter(|name| !name.is_empty()).collect();
        for namespace in namespaces {
            if allowed(server, &review, &["*", "*", "*", &namespace]).await? {
                open.retain(|deed| deed.namespace != namespace);
            }
        }
        let asked = open.clone().into_iter().map(|deed| {
            let (server, review) = (server.clone(), review.clone());
            async move { allowed(&server, &review, &[deed.verb, &deed.group, &deed.resource, &deed.namespace]).await }
        });
        let mut missing = Vec::new();
        for (deed, answer) in open.iter().zip(at_once(8, asked).await) {
            if !answer? {
                missing.push(deed.words());
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        Err(Failure::Unfit(format!("the cluster does not allow you to {}", missing.join(", "))))
    }
}

async fn allowed(
    server: &Server,
    review: &Served,
    [verb, group, resource, namespace]: &[&str; 4],
) -> Result<bool, Failure> {
    let attributes = json!({"verb": verb, "group": group, "resource": resource, "namespace": namespace});
    let object = json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": { "resourceAttributes": attributes },
    });
    let answer = server.create(review, None, &object).await?;
    Ok(answer.pointer("/status/allowed") == Some(&Json::Bool(true)))
}
