//! A release at work: what `apply`, `rollback` and `uninstall` share.

use super::explain::Stuck;
use super::hooks::{self, Moment};
use super::item::Item;
use super::lock::Lock;
use super::report::{Action, Deed, Report};
use super::rollout::{Ill, Rollout};
use super::server::{Apply, Failure, Server};
use super::store::Store;
use super::{How, Told};
use crate::cluster::{Discovery, text};
use crate::diff::Left;
use serde_json::{Value as Json, json};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use tokio::time::Instant;

/// A release, where it lives, and how it is changed.
pub(super) struct Work<'a> {
    pub(super) server: &'a Server,
    pub(super) kinds: Discovery,
    pub(super) store: Store,
    pub(super) release: &'a str,
    pub(super) namespace: &'a str,
    pub(super) how: &'a How,
    pub(super) told: &'a dyn Told,
    /// Fields that are left to others.
    pub(super) left: Option<Arc<Left>>,
}

impl<'a> Work<'a> {
    pub(super) async fn begin(
        server: &'a Server,
        [release, namespace]: [&'a str; 2],
        how: &'a How,
        told: &'a dyn Told,
    ) -> Result<Self, Failure> {
        let kinds = Discovery::read(server).await?;
        let store = Store::new(server, namespace, release);
        Ok(Self { server, kinds, store, release, namespace, how, told, left: how.left.clone() })
    }

    /// Gives until when is waited from now on; none for not at all.
    pub(super) fn until(&self) -> Option<Instant> {
        self.how.wait.then(|| Instant::now() + self.how.timeout)
    }

    /// Takes the lock.
    pub(super) async fn lock(&self) -> Result<Lock, Failure> {
        Lock::take(self.server, self.namespace, self.release, &self.how.lock, self.told).await
    }

    /// Begins a report.
    pub(super) fn report(&self) -> Report {
        Report { release: self.release.to_owned(), namespace: self.namespace.to_owned(), ..Report::default() }
    }

    /// Makes sure that the namespace is there. Tells whether it had to be made.
    pub(super) async fn ensure_namespace(&self, declared: bool) -> Result<bool, Failure> {
        let Some(served) = self.kinds.find("v1", "Namespace") else { return Ok(false) };
        match self.server.get(served, None, self.namespace).await {
            Ok(Some(found)) if found.pointer("/metadata/deletionTimestamp").is_some() => {
                Err(Failure::Unfit(format!("the namespace `{}` is being deleted", self.namespace)))
            }
            Ok(Some(_)) => Ok(false),
            Ok(None) if declared || self.how.create_namespace => {
                let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace}});
                let how = Apply { manager: super::owned::MANAGER, force: false, dry_run: false };
                self.server.apply(served, &object, how).await?;
                self.told.line(&format!("created Namespace {}", self.namespace));
                Ok(true)
            }
            Ok(None) => Err(Failure::Unfit(format!("the namespace `{}` is not in the cluster", self.namespace))),
            // Who may not look at namespaces may well write into one.
            Err(failure) if failure.is(403) => Ok(false),
            Err(failure) => Err(failure),
        }
    }

    /// Runs the hooks of a moment, one after the other.
    pub(super) async fn run_hooks(&self, hooks: &[Item], moment: Moment, actions: &mut Vec<Action>) -> Result<(), Ill> {
        let rollout = Rollout {
            server: self.server,
            kinds: &self.kinds,
            told: self.told,
            set: None,
            force: true,
            adopted: HashSet::new(),
            left: None,
            // A hook is waited for in any case: what comes after it relies on it.
            until: Some(Instant::now() + self.how.timeout),
        };
        for hook in hooks::at(hooks, moment) {
            let policy = hooks::policy(hook);
            if policy.before {
                self.remove_hook(hook, true).await?;
            }
            self.told.line(&format!("running {}, a {} hook", hook.key, moment.name()));
            let mut unheard = Vec::new();
            let applied = rollout.apply(&[hook], &HashMap::new(), &HashSet::new(), &mut unheard).await?;
            let result = rollout.wait(applied).await;
            if (result.is_ok() && policy.succeeded) || (result.is_err() && policy.failed) {
                self.remove_hook(hook, false).await?;
            }
            result?;
            actions.push(Action { note: moment.name().to_owned(), ..Action::new(&hook.object, Deed::Ran) });
        }
        Ok(())
    }

    /// Deletes what a hook left, and waits until it is gone.
    async fn remove_hook(&self, hook: &Item, wait: bool) -> Result<(), Ill> {
        let Some(served) = self.kinds.find(text(&hook.object, "/apiVersion"), &hook.key.kind) else { return Ok(()) };
        let namespace = Some(hook.key.namespace.as_str()).filter(|name| !name.is_empty());
        let Some(live) = self.server.get(served, namespace, &hook.key.name).await? else { return Ok(()) };
        let removal = super::remove::Removal {
            server: self.server,
            kinds: &self.kinds,
            told: &Silent,
            until: wait.then(|| Instant::now() + self.how.timeout),
            home: self.namespace,
        };
        let left = Item::new(live, 0);
        removal.delete(&[&left], &mut Vec::new()).await?;
        removal.wait(vec![&left]).await
    }

    /// Writes down in a report why it came to no good end.
    pub(super) fn fail(report: &mut Report, ill: Ill) {
        match ill {
            Ill::Refused(refusals) => report.refused.extend(refusals),
            Ill::Stuck(stuck) => report.stuck.extend(stuck),
            Ill::Broken(failure) => report.trouble.push(failure.words()),
        }
    }
}

/// Says in one line why it came to no good end.
pub(super) fn reason(ill: &Ill) -> String {
    match ill {
        Ill::Refused(refusals) => refusals.first().map(|refusal| refusal.message.clone()).unwrap_or_default(),
        Ill::Stuck(stuck) => stuck.first().map(Stuck::words).unwrap_or_default(),
        Ill::Broken(failure) => failure.words(),
    }
}

/// Hears nothing.
pub(super) struct Silent;

impl Told for Silent {
    fn line(&self, _: &str) {}
    fn live(&self, _: &str) {}
}

/// Gives the objects whose keys are not among those that are wanted.
pub(super) fn without<'a>(members: &'a HashMap<super::item::Key, Json>, wanted: &[Item]) -> Vec<&'a Json> {
    let wanted: HashSet<_> = wanted.iter().map(|item| &item.key).collect();
    let mut left: Vec<_> = members.iter().filter(|(key, _)| !wanted.contains(key)).collect();
    left.sort_by_key(|(key, _)| *key);
    left.into_iter().map(|(_, live)| live).collect()
}
