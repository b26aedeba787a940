//! Deletes objects: what is no longer part of a release, or the whole of it.

use super::explain::{Stuck, explain};
use super::inventory::uid;
use super::item::{Item, Key};
use super::live;
use super::order::{is_custom, rank, waves};
use super::rollout::Ill;
use super::server::{Failure, Server, at_once};
use super::wait::{Progress, State};
use super::{Action, Deed, Told};
use crate::cluster::{Discovery, PART_OF, kept, text};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::Instant;

/// What a removal works with.
pub(super) struct Removal<'a> {
    pub(super) server: &'a Server,
    pub(super) kinds: &'a Discovery,
    pub(super) told: &'a dyn Told,
    /// Until when is waited for what is being deleted; none for not at all.
    pub(super) until: Option<Instant>,
    /// The namespace that holds the records of the release.
    pub(super) home: &'a str,
}

/// Why an object stays.
async fn reason_to_keep(
    removal: &Removal<'_>,
    live: &Json,
    leaving: &BTreeSet<Key>,
) -> Result<Option<String>, Failure> {
    if let Some(reason) = kept(live) {
        return Ok(Some(reason.to_owned()));
    }
    if Key::of(live).is("", &["Namespace"]) {
        return in_use(removal, text(live, "/metadata/name"), leaving).await;
    }
    Ok(None)
}

/// Finds something in a namespace that would go with it, and is not to go.
async fn in_use(removal: &Removal<'_>, namespace: &str, leaving: &BTreeSet<Key>) -> Result<Option<String>, Failure> {
    for served in removal.kinds.namespaced() {
        let by_itself = |key: &Key| {
            key.is("", &["Event", "Endpoints"])
                || key.is("events.k8s.io", &["Event"])
                || key.is("discovery.k8s.io", &["EndpointSlice"])
                || key.is("metrics.k8s.io", &["PodMetrics"])
                || (key.is("", &["ServiceAccount"]) && key.name == "default")
                || (key.is("", &["ConfigMap"]) && key.name == "kube-root-ca.crt")
        };
        let found = match removal.server.list_metadata(served, Some(namespace), "").await {
            Ok(found) => found,
            // What cannot be looked at may hold anything.
            Err(Failure::Refused(..)) => return Ok(Some(format!("nobody here may see its {}", served.resource))),
            Err(failure) => return Err(failure),
        };
        let stays = |object: &&Json| {
            let key = Key::of(object);
            let owned = object.pointer("/metadata/ownerReferences").is_some();
            let ours = namespace == removal.home && key.name.starts_with("plimsoll.");
            !leaving.contains(&key) && !owned && !ours && !by_itself(&key)
        };
        if let Some(object) = found.iter().find(stays) {
            return Ok(Some(format!("it is in use: {} is in it", Key::of(object))));
        }
    }
    Ok(None)
}

impl Removal<'_> {
    /// Tells which of some objects would be deleted, and which would stay.
    pub(super) async fn rehearse(&self, members: &[Json]) -> Result<Vec<Action>, Failure> {
        let leaving: BTreeSet<Key> = members.iter().map(Key::of).collect();
        let mut actions = Vec::new();
        for live in members {
            actions.push(match reason_to_keep(self, live, &leaving).await? {
                Some(reason) => Action { note: reason, ..Action::new(live, Deed::Kept) },
                None => Action::new(live, Deed::Deleted),
            });
        }
        Ok(actions)
    }

    /// Deletes objects, the last applied first. What is to be kept is let go of.
    pub(super) async fn run(&self, members: Vec<Json>, actions: &mut Vec<Action>) -> Result<(), Ill> {
        let leaving: BTreeSet<Key> = members.iter().map(Key::of).collect();
        let items: Vec<Item> = members.into_iter().enumerate().map(|(index, live)| Item::new(live, index)).collect();
        // Live objects may name what is gone already: then the kinds alone decide.
        let order: Vec<Vec<Vec<usize>>> = if let Ok(waves) = waves(&items) {
            waves.into_iter().rev().map(|wave| wave.groups.into_iter().rev().collect()).collect()
        } else {
            let mut all: Vec<usize> = (0..items.len()).collect();
            all.sort_by(|a, b| rank(&items[*b].key).cmp(&rank(&items[*a].key)));
            vec![all.into_iter().map(|index| vec![index]).collect()]
        };
        for wave in order {
            let mut gone = Vec::new();
            for group in wave {
                let mut going = Vec::new();
                for item in group.into_iter().map(|index| &items[index]) {
                    if let Some(reason) = reason_to_keep(self, &item.object, &leaving).await? {
                        self.let_go(&item.object).await?;
                        let action = Action { note: reason, ..Action::new(&item.object, Deed::Kept) };
                        self.told.line(&action.words());
                        actions.push(action);
                    } else {
                        going.push(item);
                    }
                }
                self.delete(&going, actions).await?;
                // Who tidies up after custom resources may be among what goes next.
                if going.first().is_some_and(|item| is_custom(&item.key)) {
                    self.wait(going).await?;
                } else {
                    gone.extend(going);
                }
            }
            self.wait(gone).await?;
        }
        Ok(())
    }

    /// Deletes objects at once.
    pub(super) async fn delete(&self, going: &[&Item], actions: &mut Vec<Action>) -> Result<(), Ill> {
        let mut jobs = Vec::new();
        for item in going {
            let live = item.object.clone();
            let served = self.kinds.find(text(&live, "/apiVersion"), text(&live, "/kind")).cloned();
            let server = self.server.clone();
            jobs.push(async move {
                match served {
                    Some(served) => server.delete(&served, &live, false).await,
                    None => Ok(false),
                }
            });
        }
        let mut ill = None;
        for (item, result) in going.iter().zip(at_once(12, jobs).await) {
            match result {
                Ok(_) => {
                    let action = Action::new(&item.object, Deed::Deleted);
                    self.told.line(&action.words());
                    actions.push(action);
                }
                Err(Failure::Refused(code, body)) => {
                    ill = Some(Ill::Refused(super::rollout::refused(item, code, &body)));
                }
                Err(failure) => ill = Some(Ill::Broken(failure)),
            }
        }
        ill.map_or(Ok(()), Err)
    }

    /// Waits until objects are gone.
    pub(super) async fn wait(&self, mut going: Vec<&Item>) -> Result<(), Ill> {
        let Some(until) = self.until else { return Ok(()) };
        let mut delay = Duration::from_millis(50);
        loop {
            let mut left = Vec::new();
            let mut found =
                live::again(self.server, self.kinds, going.iter().map(|item| (&item.key, &item.object))).await?;
            for item in going {
                // Another one of that name is none of ours.
                if let Some(found) = found.remove(&item.key).filter(|found| uid(found) == uid(&item.object)) {
                    left.push((item, found));
                }
            }
            if left.is_empty() {
                return Ok(());
            }
            // A namespace that held our records goes when they do.
            if left.iter().all(|(item, _)| item.key.is("", &["Namespace"])) && delay > Duration::from_secs(1) {
                return Ok(());
            }
            if Instant::now() >= until {
                let ill = left.into_iter().map(|(item, found)| {
                    let finalizers =
                        found.pointer("/metadata/finalizers").and_then(Json::as_array).cloned().unwrap_or_default();
                    let names: Vec<&str> = finalizers.iter().filter_map(Json::as_str).collect();
                    let reason = if names.is_empty() {
                        "it is still there".to_owned()
                    } else {
                        format!("it waits for {}", names.join(", "))
                    };
                    (item.key.clone(), found, Progress { state: State::Terminating, reason })
                });
                let stuck: Vec<Stuck> = explain(self.server, self.kinds, ill.collect()).await;
                return Err(Ill::Stuck(stuck));
            }
            self.told.live(&format!("waiting until {} objects are gone", left.len()));
            going = left.into_iter().map(|(item, _)| item).collect();
            self.server.pause(delay).await?;
            delay = (delay * 2).min(Duration::from_secs(2));
        }
    }

    /// Takes an object out of the inventory, and leaves it in the cluster.
    async fn let_go(&self, live: &Json) -> Result<(), Failure> {
        let Some(served) = self.kinds.find(text(live, "/apiVersion"), text(live, "/kind")) else { return Ok(()) };
        let patch = json!({"metadata": {"labels": {PART_OF: null}}});
        let namespace = Some(text(live, "/metadata/namespace")).filter(|name| !name.is_empty());
        self.server.merge(served, namespace, text(live, "/metadata/name"), &patch).await
    }
}
