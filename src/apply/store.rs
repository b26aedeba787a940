//! Reads and writes what is kept of a release in the cluster: its revisions, and the parent of its inventory.

use super::inventory::{self, RELEASE, Reach};
use super::revision::{Contents, HEAD, PART, ROLE, Revision, Status, part_bytes};
use super::server::{Apply, Failure, Server, at_once};
use crate::cluster::{Members, Served, annotation, label, text};
use serde_json::Value as Json;

/// The records of a release.
#[derive(Clone)]
pub(super) struct Store {
    server: Server,
    secrets: Served,
    namespace: String,
    release: String,
}

/// Gives how Secrets are served.
pub(super) fn secrets() -> Served {
    Served::new("v1", "Secret", "secrets", true)
}

/// Lists the revisions of all releases in a namespace, or everywhere.
pub(super) async fn all_revisions(server: &Server, namespace: Option<&str>) -> Result<Vec<Revision>, Failure> {
    let heads = server.list(&secrets(), namespace, &format!("{ROLE}={HEAD}")).await?;
    Ok(heads.iter().filter_map(Revision::read).collect())
}

impl Store {
    pub(super) fn new(server: &Server, namespace: &str, release: &str) -> Self {
        Self {
            server: server.clone(),
            secrets: secrets(),
            namespace: namespace.to_owned(),
            release: release.to_owned(),
        }
    }

    /// Gives the same records, for writing although somebody asked to stop.
    pub(super) fn for_last_words(&self) -> Self {
        Self { server: self.server.for_last_words(), ..self.clone() }
    }

    /// Reads the parent of the inventory and its reach; a foreign one is refused.
    pub(super) async fn parent(&self) -> Result<(Option<Json>, Reach), Failure> {
        let name = Members::parent(&self.release);
        let found = self.server.get(&self.secrets, Some(&self.namespace), &name).await?;
        match found {
            None => Ok((None, Reach::default())),
            Some(parent) => {
                let reach = inventory::read(&parent, &self.release, &self.namespace).map_err(Failure::Unfit)?;
                Ok((Some(parent), reach))
            }
        }
    }

    /// Writes the parent of the inventory.
    pub(super) async fn write_parent(&self, reach: &Reach) -> Result<Json, Failure> {
        let parent = inventory::parent(&self.release, &self.namespace, reach);
        let how = Apply { manager: inventory::MANAGER, force: true, dry_run: false };
        Ok(self.server.apply(&self.secrets, &parent, how).await?.object)
    }

    /// Deletes the parent of the inventory.
    pub(super) async fn delete_parent(&self, parent: &Json) -> Result<(), Failure> {
        self.server.delete(&self.secrets, parent, false).await.map(|_| ())
    }

    /// Lists the revisions, oldest first.
    pub(super) async fn revisions(&self) -> Result<Vec<Revision>, Failure> {
        let selector = format!("{ROLE}={HEAD},{RELEASE}={}", self.release);
        let heads = self.server.list(&self.secrets, Some(&self.namespace), &selector).await?;
        let mut revisions: Vec<Revision> = heads.iter().filter_map(Revision::read).collect();
        revisions.sort_by_key(|revision| revision.number);
        Ok(revisions)
    }

    /// Reads what a revision applies.
    pub(super) async fn contents(&self, revision: &Revision) -> Result<Contents, Failure> {
        let jobs = (1..=revision.parts).map(|part| {
            let (store, name) = (self.clone(), revision.part_name(part));
            async move { store.server.get(&store.secrets, Some(&store.namespace), &name).await }
        });
        let unreadable = |reason: &str| {
            Failure::Unfit(format!("revision {} of `{}` cannot be read: {reason}", revision.number, self.release))
        };
        let mut parts = Vec::new();
        for found in at_once(4, jobs.collect::<Vec<_>>()).await {
            let part = found?.and_then(|secret| part_bytes(&secret));
            parts.push(part.ok_or_else(|| unreadable("a part of it is missing"))?);
        }
        Contents::unpack(&parts, &revision.digest).map_err(|reason| unreadable(&reason))
    }

    /// Writes a revision: its parts, and then its head, so that it can be seen only when it is whole.
    pub(super) async fn write(&self, revision: &Revision, parts: &[Vec<u8>]) -> Result<(), Failure> {
        let how = Apply { manager: inventory::MANAGER, force: true, dry_run: false };
        let jobs = parts.iter().enumerate().map(|(index, bytes)| {
            let (store, part) = (self.clone(), revision.part(index + 1, bytes));
            async move { store.server.apply(&store.secrets, &part, how).await }
        });
        for written in at_once(4, jobs.collect::<Vec<_>>()).await {
            written?;
        }
        self.server.apply(&self.secrets, &revision.head(), how).await.map(|_| ())
    }

    /// Says how a revision stands.
    pub(super) async fn set_status(
        &self,
        revision: &mut Revision,
        status: Status,
        reason: &str,
    ) -> Result<(), Failure> {
        let patch = Revision::status_patch(status, reason);
        self.server.merge(&self.secrets, Some(&self.namespace), &revision.head_name(), &patch).await?;
        revision.status = status;
        reason.clone_into(&mut revision.reason);
        Ok(())
    }

    /// Deletes all revisions but some, and parts that no head names: what a crash left half written.
    pub(super) async fn keep_only(&self, kept: &[u32]) -> Result<(), Failure> {
        for role in [HEAD, PART] {
            let selector = format!("{ROLE}={role},{RELEASE}={}", self.release);
            let found = self.server.list_metadata(&self.secrets, Some(&self.namespace), &selector).await?;
            let number =
                |secret: &Json| label(secret, "plimsoll.dev/revision").and_then(|text| text.parse::<u32>().ok());
            let old = found.into_iter().filter(|secret| number(secret).is_none_or(|number| !kept.contains(&number)));
            let jobs = old.map(|secret| {
                let store = self.clone();
                async move { store.server.delete(&store.secrets, &secret, false).await }
            });
            for deleted in at_once(4, jobs.collect::<Vec<_>>()).await {
                deleted?;
            }
        }
        Ok(())
    }

    /// Finds who owns the set that an object belongs to: a release of ours, or a set of another tool.
    pub(super) async fn owner_of(&self, set: &str, namespace: &str) -> Option<String> {
        let config_maps = Served::new("v1", "ConfigMap", "configmaps", true);
        for served in [&self.secrets, &config_maps] {
            let selector = format!("applyset.kubernetes.io/id={set}");
            let found = self.server.list(served, Some(namespace), &selector).await.unwrap_or_default();
            if let Some(parent) = found.first() {
                let tool = annotation(parent, inventory::TOOLING).unwrap_or("another tool");
                return Some(match label(parent, RELEASE) {
                    Some(release) => format!("the release `{release}` in `{namespace}`"),
                    None => format!("the ApplySet {} of `{tool}`", text(parent, "/metadata/name")),
                });
            }
        }
        None
    }
}
