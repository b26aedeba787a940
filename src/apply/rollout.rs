//! Applies objects wave by wave, and waits for them.

use super::explain::{Stuck, explain, pods_trouble};
use super::item::{Item, Key};
use super::live;
use super::order::Wave;
use super::owned::MANAGER;
use super::prepare::Refusal;
use super::server::{Applied, Apply, Failure, Server, at_once};
use super::wait::{Progress, State, progress};
use super::{Action, Deed, Told};
use crate::cluster::{Cause, Discovery, Outcome, PART_OF, Served, mark, refusal, text};
use crate::diff::Left;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;
use tokio::time::Instant;

/// How many objects are sent at once.
const AT_ONCE: usize = 12;
/// How often is looked, and how often the pods are looked at.
const SOONEST: Duration = Duration::from_millis(200);
const LATEST: Duration = Duration::from_secs(2);

/// Why a rollout came to no good end.
#[derive(Debug)]
pub(super) enum Ill {
    /// The server refuses objects.
    Refused(Vec<Refusal>),
    /// Objects do not get ready.
    Stuck(Vec<Stuck>),
    /// It could not go on.
    Broken(Failure),
}

impl From<Failure> for Ill {
    fn from(failure: Failure) -> Self {
        Self::Broken(failure)
    }
}

/// What a rollout works with.
pub(super) struct Rollout<'a> {
    pub(super) server: &'a Server,
    pub(super) kinds: &'a Discovery,
    pub(super) told: &'a dyn Told,
    /// The id of the set that objects are made members of; none for hooks.
    pub(super) set: Option<String>,
    /// Take fields that others manage.
    pub(super) force: bool,
    /// Objects that are taken from Helm.
    pub(super) adopted: HashSet<Key>,
    /// Fields that are left to others; none where nothing is.
    pub(super) left: Option<&'a Left>,
    /// Until when is waited; none for not at all.
    pub(super) until: Option<Instant>,
}

impl Rollout<'_> {
    fn served(&self, object: &Json) -> Result<&Served, Failure> {
        let (api_version, kind) = (text(object, "/apiVersion"), text(object, "/kind"));
        let found = self.kinds.find(api_version, kind);
        found.ok_or_else(|| Failure::Unfit(format!("the cluster does not serve `{api_version} {kind}`")))
    }

    /// Gives an object as it is sent, where it is there already as `live`.
    pub(super) fn sent(&self, item: &Item, live: Option<&Json>) -> Json {
        let mut object = item.object.clone();
        if let (Some(left), Some(live)) = (self.left, live) {
            left.keep(&mut object, live);
        }
        if let Some(set) = &self.set {
            mark(&mut object, PART_OF, set);
        }
        object
    }

    /// Applies all waves, each when the one before is ready. What is `settled` is left alone. Tells what became of each object.
    pub(super) async fn run(
        &self,
        items: &[Item],
        waves: &[Wave],
        before: &HashMap<Key, Json>,
        settled: &HashSet<Key>,
        actions: &mut Vec<Action>,
    ) -> Result<(), Ill> {
        let mut redefined = HashSet::new();
        for wave in waves {
            let mut pending = Vec::new();
            for group in &wave.groups {
                let (todo, done): (Vec<usize>, Vec<usize>) =
                    group.iter().copied().partition(|index| !settled.contains(&items[*index].key));
                for index in done {
                    let key = items[index].key.clone();
                    if let Some(live) = before.get(&key) {
                        pending.push((key.clone(), live.clone()));
                    }
                    actions.push(Action::new(&items[index].object, Deed::Unchanged));
                }
                let todo: Vec<&Item> = todo.into_iter().map(|index| &items[index]).collect();
                let objects = self.apply(&todo, before, &redefined, actions).await?;
                pending.extend(objects);
                redefined.extend(defined(&todo));
            }
            self.wait(pending).await?;
        }
        Ok(())
    }

    /// Applies objects at once; gives them as they are then. Of `redefined` kinds the server may hold the old definition for
    /// a moment.
    pub(super) async fn apply(
        &self,
        items: &[&Item],
        before: &HashMap<Key, Json>,
        redefined: &HashSet<Kind>,
        actions: &mut Vec<Action>,
    ) -> Result<Vec<(Key, Json)>, Ill> {
        let mut jobs = Vec::new();
        for item in items {
            let (server, served) = (self.server.clone(), self.served(&item.object)?.clone());
            let adopted = self.adopted.contains(&item.key);
            let how = Apply { manager: MANAGER, force: self.force || adopted, dry_run: false };
            let object = self.sent(item, before.get(&item.key));
            let is_redefined = redefined.contains(&kind(&item.key));
            jobs.push(async move {
                let applied = send(&server, &served, &object, how, is_redefined).await?;
                if adopted {
                    leave_helm(&server, &served, &object).await?;
                }
                Ok(applied)
            });
        }
        let (mut objects, mut refusals, mut broken) = (Vec::new(), Vec::new(), None);
        for (item, result) in items.iter().zip(at_once(AT_ONCE, jobs).await) {
            match result {
                Ok(Applied { object, created }) => {
                    let version = |object: &Json| text(object, "/metadata/resourceVersion").to_owned();
                    let deed = match before.get(&item.key) {
                        _ if created => Deed::Created,
                        Some(known) if version(known) == version(&object) => Deed::Unchanged,
                        _ => Deed::Changed,
                    };
                    let action = Action::new(&item.object, deed);
                    if deed != Deed::Unchanged {
                        self.told.line(&action.words());
                    }
                    actions.push(action);
                    objects.push((item.key.clone(), object));
                }
                Err(Failure::Refused(code, body)) => refusals.extend(refused(item, code, &body)),
                Err(failure) => broken = Some(failure),
            }
        }
        match (refusals.is_empty(), broken) {
            (false, _) => Err(Ill::Refused(refusals)),
            (true, Some(failure)) => Err(Ill::Broken(failure)),
            (true, None) => Ok(objects),
        }
    }

    /// Asks what would become of objects, without changing anything.
    pub(super) async fn rehearse(
        &self,
        items: &[&Item],
        before: &HashMap<Key, Json>,
        homeless: &dyn Fn(&Key) -> bool,
        redefined: &HashSet<Kind>,
    ) -> (Vec<Action>, Vec<Refusal>) {
        let (mut asked, mut actions, mut refusals) = (Vec::new(), Vec::new(), Vec::new());
        let mut jobs = Vec::new();
        for item in items {
            let Ok(served) = self.served(&item.object) else { continue };
            if homeless(&item.key) {
                actions.push(Action::new(&item.object, Deed::Created));
                continue;
            }
            let object = self.sent(item, before.get(&item.key));
            let (server, served) = (self.server.clone(), served.clone());
            let force = self.force || self.adopted.contains(&item.key);
            asked.push(*item);
            jobs.push(
                async move { server.apply(&served, &object, Apply { manager: MANAGER, force, dry_run: true }).await },
            );
        }
        for (item, answer) in asked.iter().zip(at_once(AT_ONCE, jobs).await) {
            match answer {
                Ok(Applied { object, .. }) => {
                    let deed = match before.get(&item.key) {
                        None => Deed::Created,
                        Some(live) if bare(live) == bare(&object) => Deed::Unchanged,
                        Some(_) => Deed::Changed,
                    };
                    actions.push(Action::new(&item.object, deed));
                }
                // The kind or the namespace is to come first.
                Err(failure) if failure.is(404) => actions.push(Action::new(&item.object, Deed::Created)),
                // What an old definition refuses, the new one may allow.
                Err(failure) if failure.is_verdict() && redefined.contains(&kind(&item.key)) => {
                    let deed = if before.contains_key(&item.key) { Deed::Changed } else { Deed::Created };
                    let note = "if its new definition allows it".to_owned();
                    actions.push(Action { note, ..Action::new(&item.object, deed) });
                }
                Err(Failure::Refused(code, body)) => refusals.extend(refused(item, code, &body)),
                Err(failure) => refusals.push(Refusal::of(item, "apply/refused", failure.words())),
            }
        }
        (actions, refusals)
    }

    /// Waits until objects are what they are meant to be.
    pub(super) async fn wait(&self, objects: Vec<(Key, Json)>) -> Result<(), Ill> {
        let mut pending: BTreeMap<Key, (Json, Progress)> = BTreeMap::new();
        let foundation = |key: &Key| key.kind == "CustomResourceDefinition";
        for (key, object) in objects {
            let progress = progress(&object, Some(self.server.now()));
            if progress.state != State::Current {
                pending.insert(key, (object, progress));
            }
        }
        // A definition is waited for in any case: nothing of its kind can be applied before.
        let until = if let Some(until) = self.until {
            until
        } else {
            pending.retain(|key, _| foundation(key));
            Instant::now() + Duration::from_secs(60)
        };
        let total = pending.len();
        let (mut delay, mut said) = (SOONEST, HashMap::<Key, String>::new());
        let mut looked = Instant::now();
        while !pending.is_empty() {
            let failed = pending.values().any(|(_, progress)| progress.state == State::Failed);
            if failed || Instant::now() >= until {
                let all = !failed;
                let told = pending.into_iter().filter(|(_, (_, progress))| all || progress.state == State::Failed);
                let ill = told.map(|(key, (object, progress))| (key, object, progress)).collect();
                return Err(Ill::Stuck(explain(self.server, self.kinds, ill).await));
            }
            let show_pods = looked.elapsed() >= LATEST;
            for (key, (object, progress)) in &pending {
                let mut reason = progress.reason.clone();
                if show_pods && let Some(trouble) = pods_trouble(self.server, self.kinds, object).await {
                    reason = format!("{reason}; {trouble}");
                } else if said.get(key).is_some_and(|known| known.starts_with(&reason)) {
                    continue;
                }
                if said.insert(key.clone(), reason.clone()).as_ref() != Some(&reason) {
                    self.told.line(&format!("waiting for {key}: {reason}"));
                }
            }
            if show_pods {
                looked = Instant::now();
            }
            let names: Vec<String> = pending.keys().take(3).map(ToString::to_string).collect();
            let more = if pending.len() > names.len() {
                format!(" and {} more", pending.len() - names.len())
            } else {
                String::new()
            };
            self.told.live(&format!(
                "{} of {total} ready, waiting for {}{more}",
                total - pending.len(),
                names.join(", ")
            ));
            self.server.pause(delay.min(until.saturating_duration_since(Instant::now()))).await?;
            delay = (delay * 3 / 2).min(LATEST);
            let seen = pending.iter().map(|(key, (object, _))| (key, object));
            let mut found = live::again(self.server, self.kinds, seen).await?;
            for key in pending.keys().cloned().collect::<Vec<_>>() {
                let Some(object) = found.remove(&key) else {
                    let reason = "it is gone: somebody else deleted it".to_owned();
                    pending.insert(key, (Json::Null, Progress { state: State::Failed, reason }));
                    continue;
                };
                let mut found = progress(&object, Some(self.server.now()));
                if found.state == State::InProgress && self.waits_for_consumer(&object).await? {
                    found.state = State::Current;
                }
                if found.state == State::Current {
                    if said.contains_key(&key) {
                        self.told.line(&format!("{key} is ready"));
                    }
                    pending.remove(&key);
                } else {
                    pending.insert(key, (object, found));
                }
            }
        }
        Ok(())
    }

    /// Tells whether a claim gets its volume only once a pod uses it.
    async fn waits_for_consumer(&self, object: &Json) -> Result<bool, Failure> {
        if text(object, "/kind") != "PersistentVolumeClaim" {
            return Ok(false);
        }
        let class = text(object, "/spec/storageClassName");
        let Some(served) = self.kinds.preferred("storage.k8s.io", "StorageClass").filter(|_| !class.is_empty()) else {
            return Ok(false);
        };
        // Who may not read classes waits like everybody else.
        let class = self.server.get(served, None, class).await.ok().flatten();
        Ok(class.is_some_and(|class| text(&class, "/volumeBindingMode") == "WaitForFirstConsumer"))
    }
}

/// A group and a kind.
pub(super) type Kind = (String, String);

fn kind(key: &Key) -> Kind {
    (key.group.clone(), key.kind.clone())
}

/// Gives the kinds that definitions among objects define.
pub(super) fn defined(items: &[&Item]) -> HashSet<Kind> {
    let definitions = items.iter().filter(|item| item.key.is("apiextensions.k8s.io", &["CustomResourceDefinition"]));
    let own = |item: &&Item, path: &str| text(&item.object, path).to_owned();
    definitions.map(|item| (own(item, "/spec/group"), own(item, "/spec/names/kind"))).collect()
}

/// Applies one object. One of a kind that was defined a moment ago may have to wait until it is served, and until the server
/// judges by the new definition: nothing in the cluster tells when that is.
async fn send(
    server: &Server,
    served: &Served,
    object: &Json,
    how: Apply<'_>,
    is_redefined: bool,
) -> Result<Applied, Failure> {
    let mut delay = Duration::from_millis(100);
    loop {
        let failure = match server.apply(served, object, how).await {
            Err(failure) if delay < Duration::from_secs(3) => failure,
            result => return result,
        };
        match &failure {
            Failure::Refused(404, body) if text(body, "/details/kind") != "namespaces" => {}
            _ if is_redefined && failure.is_verdict() => {}
            _ => return Err(failure),
        }
        server.pause(delay).await?;
        delay *= 2;
    }
}

/// Takes Helm's marks off an object that was adopted.
async fn leave_helm(server: &Server, served: &Served, object: &Json) -> Result<(), Failure> {
    let mut patch = json!({"metadata": {"annotations": {"meta.helm.sh/release-name": null, "meta.helm.sh/release-namespace": null}}});
    if crate::cluster::label(object, "app.kubernetes.io/managed-by").is_none() {
        patch["metadata"]["labels"] = json!({"app.kubernetes.io/managed-by": null});
    }
    let namespace = Some(text(object, "/metadata/namespace")).filter(|name| !name.is_empty());
    server.merge(served, namespace, text(object, "/metadata/name"), &patch).await
}

/// Reads a server's refusal of an object.
pub(super) fn refused(item: &Item, code: u16, body: &Json) -> Vec<Refusal> {
    let message = text(body, "/message");
    let causes = body.pointer("/details/causes").and_then(Json::as_array).cloned().unwrap_or_default();
    let conflicts: Vec<&Json> =
        causes.iter().filter(|cause| text(cause, "/reason") == "FieldManagerConflict").collect();
    if code == 409 && !conflicts.is_empty() {
        let conflict = |cause: &&Json| {
            let manager = text(cause, "/message").split('"').nth(1).unwrap_or("another manager").to_owned();
            let field = text(cause, "/field").to_owned();
            let shown = field.trim_start_matches('.');
            let mut refusal =
                Refusal::of(item, "apply/conflict", format!("`{shown}` of {} is managed by `{manager}`", item.key))
                    .help("leave the field to it, or take it over by `--force-conflicts`");
            refusal.field = field;
            refusal
        };
        return conflicts.iter().map(conflict).collect();
    }
    if code == 404 && text(body, "/details/kind") == "namespaces" {
        let name = text(body, "/details/name");
        let message = format!("the namespace `{name}` of {} is not in the cluster", item.key);
        return vec![Refusal::of(item, "apply/no-namespace", message).help("create it, or add it to the objects")];
    }
    let Outcome::Refused { causes, .. } = refusal(body, code) else { return Vec::new() };
    let immutable = causes.iter().any(|cause| is_immutable(&cause.message)) || is_immutable(message);
    let help = immutable.then(|| {
        format!("this cannot be changed in place: delete the {} first, or give it another name", item.key.kind)
    });
    let refused = |cause: &Cause| {
        let what = match cause.field.as_str() {
            "" | "<nil>" => item.key.to_string(),
            field => format!("`{}` of {}", field.trim_start_matches('.'), item.key),
        };
        let words = if cause.message.is_empty() { format!("status {code}") } else { cause.message.clone() };
        let mut refusal = Refusal::of(item, "apply/refused", format!("the server refuses {what}: {words}"));
        refusal.field.clone_from(&cause.field);
        refusal.help.clone_from(&help);
        refusal
    };
    causes.iter().map(refused).collect()
}

fn is_immutable(message: &str) -> bool {
    ["field is immutable", "are forbidden", "may not change once set", "cannot change"]
        .iter()
        .any(|words| message.contains(words))
        && !message.contains("is forbidden: User")
}

/// Leaves out what changes by itself.
fn bare(object: &Json) -> Json {
    let mut object = object.clone();
    if let Some(metadata) = object.get_mut("metadata").and_then(Json::as_object_mut) {
        metadata.retain(|key, _| !["managedFields", "resourceVersion", "generation"].contains(&key.as_str()));
    }
    if let Some(map) = object.as_object_mut() {
        map.shift_remove("status");
    }
    object
}
