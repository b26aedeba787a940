//! Brings a release to a wanted state.

use super::back::go_back;
use super::hooks::Moment;
use super::inventory::{self, Reach};
use super::item::{Item, Key};
use super::live;
use super::mask::Mask;
use super::owned::lost;
use super::preflight::Needed;
use super::prepare::{Prepared, Refusal, prepare};
use super::promise::Promise;
use super::release::{Work, reason, without};
use super::remove::Removal;
use super::report::{Action, Deed, Report};
use super::revision::{Contents, Revision, Status};
use super::rollout::{Ill, Rollout, defined};
use super::server::{Failure, Server};
use super::{How, Told, clock};
use crate::cluster::{Members, text};
use serde_json::Value as Json;
use std::collections::{BTreeSet, HashMap, HashSet};

/// What a release is to be.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Its name.
    pub release: String,
    /// Its namespace: where its records are, and the objects that name none.
    pub namespace: String,
    /// Its objects, hooks among them, as [`as_applied`](crate::diff::as_applied) gives them.
    pub objects: Vec<Json>,
    /// The chart or folder, and the chart's version.
    pub chart: String,
    /// The version of the application, as the chart says.
    pub app_version: String,
    /// The environment.
    pub environment: Option<String>,
    /// Nothing was checked.
    pub unchecked: bool,
    /// The plan that must hold.
    pub promise: Option<Promise>,
}

/// What is to happen, in detail.
pub(super) struct Plan<'a> {
    pub(super) wanted: &'a Wanted,
    pub(super) prepared: Prepared,
    /// It was like this before: the number of the revision.
    pub(super) back_to: Option<u32>,
    /// The namespace of the release is new: it was made just now.
    pub(super) is_home_new: bool,
}

/// What was there before.
pub(super) struct Before {
    parent: Option<Json>,
    reach: Reach,
    pub(super) revisions: Vec<Revision>,
    pub(super) members: HashMap<Key, Json>,
    /// Members, and others with names that are wanted.
    pub(super) live: HashMap<Key, Json>,
}

/// Brings a release to a wanted state.
pub async fn deploy(server: &Server, wanted: &Wanted, how: &How, told: &dyn Told) -> Result<Report, Failure> {
    let mut work = Work::begin(server, [&wanted.release, &wanted.namespace], how, told).await?;
    work.kinds.learn(&wanted.objects);
    let prepared = match prepare(&wanted.objects, &wanted.namespace, &work.kinds) {
        Ok(prepared) => prepared,
        Err(refused) => return Ok(Report { refused, requests: server.requests(), ..work.report() }),
    };
    let plan = Plan { wanted, prepared, back_to: None, is_home_new: false };
    locked(&work, plan).await
}

/// Asks what would happen, without changing anything.
pub async fn rehearse(server: &Server, wanted: &Wanted, how: &How, told: &dyn Told) -> Result<Report, Failure> {
    let mut work = Work::begin(server, [&wanted.release, &wanted.namespace], how, told).await?;
    let served = work.kinds.clone();
    work.kinds.learn(&wanted.objects);
    let mut report = work.report();
    let prepared = match prepare(&wanted.objects, &wanted.namespace, &work.kinds) {
        Ok(prepared) => prepared,
        Err(refused) => return Ok(Report { refused, requests: server.requests(), ..report }),
    };
    let before = read(&work, &prepared.items).await?;
    let refused = broken(&work, wanted, &prepared, &before);
    if !refused.is_empty() {
        return Ok(Report { refused, requests: server.requests(), ..report });
    }
    let adopted = match claims(&work, &prepared.items, &before).await {
        Ok(adopted) => adopted,
        Err(refused) => return Ok(Report { refused, requests: server.requests(), ..report }),
    };
    let settled = settled(&work, &prepared, &before).await?;
    let items = &prepared.items;
    let namespaces: HashSet<&str> =
        items.iter().filter(|item| item.key.is("", &["Namespace"])).map(|item| item.key.name.as_str()).collect();
    let at_home = match work.kinds.find("v1", "Namespace") {
        Some(served) => server.get(served, None, work.namespace).await.is_ok_and(|found| found.is_some()),
        None => true,
    };
    if !at_home && !how.create_namespace && !namespaces.contains(work.namespace) {
        return Err(Failure::Unfit(format!("the namespace `{}` is not in the cluster", work.namespace)));
    }
    let homeless = |key: &Key| {
        let defined = served.preferred(&key.group, &key.kind).is_none();
        let nowhere = !at_home && key.namespace == work.namespace;
        defined || nowhere || (namespaces.contains(key.namespace.as_str()) && !before.live.contains_key(key))
    };
    let rollout = rollout(&work, adopted);
    let todo: Vec<&Item> = items.iter().filter(|item| !settled.contains(&item.key)).collect();
    let (actions, refused) = rollout.rehearse(&todo, &before.live, &homeless, &defined(&todo)).await;
    report.actions.extend(
        items.iter().filter(|item| settled.contains(&item.key)).map(|item| Action::new(&item.object, Deed::Unchanged)),
    );
    report.actions.extend(actions);
    report.refused = refused;
    let leaving: Vec<Json> = without(&before.members, items).into_iter().cloned().collect();
    report.actions.extend(removal(&work).rehearse(&leaving).await?);
    report.revision = before.revisions.last().map(|revision| revision.number);
    let still = |action: &Action| matches!(action.deed, Deed::Unchanged);
    report.nothing_to_do = report.is_good() && report.actions.iter().all(still);
    report.requests = server.requests();
    Ok(report)
}

fn rollout<'a>(work: &'a Work<'_>, adopted: HashSet<Key>) -> Rollout<'a> {
    Rollout {
        server: work.server,
        kinds: &work.kinds,
        told: work.told,
        set: Some(Members::of(work.release, work.namespace).id),
        force: work.how.force_conflicts,
        adopted,
        left: work.left.as_deref(),
        until: work.until(),
    }
}

fn removal<'a>(work: &'a Work<'_>) -> Removal<'a> {
    Removal { server: work.server, kinds: &work.kinds, told: work.told, until: work.until(), home: work.namespace }
}

/// Does it with the lock in hand, and gives the lock back.
pub(super) async fn locked(work: &Work<'_>, mut plan: Plan<'_>) -> Result<Report, Failure> {
    let items = &plan.prepared.items;
    preflight(work, items, &plan.prepared.hooks).await?;
    if plan.wanted.promise.is_some() {
        let before = read(work, items).await?;
        let refused = broken(work, plan.wanted, &plan.prepared, &before);
        if !refused.is_empty() {
            return Ok(Report { refused, requests: work.server.requests(), ..work.report() });
        }
    }
    let declared = items.iter().any(|item| item.key.is("", &["Namespace"]) && item.key.name == work.namespace);
    plan.is_home_new = work.ensure_namespace(declared).await?;
    let lock = work.lock().await?;
    let report = change(work, &plan).await;
    lock.give_back().await;
    let mut report = report?;
    report.hide(&Mask::of(&plan.wanted.objects));
    report.requests = work.server.requests();
    Ok(report)
}

/// Asks whether all that will be done is allowed.
async fn preflight(work: &Work<'_>, items: &[Item], hooks: &[Item]) -> Result<(), Failure> {
    let reach = match work.store.parent().await {
        Ok((_, reach)) => reach,
        // Then this is missing, too, and told with the rest.
        Err(failure) if failure.is(403) => Reach::default(),
        Err(failure) => return Err(failure),
    };
    let mut needed = Needed::default();
    needed.add_records(&work.kinds, work.namespace);
    for item in items.iter().chain(hooks) {
        if let Some(served) = work.kinds.find(text(&item.object, "/apiVersion"), &item.key.kind) {
            needed.add(served, &item.key.namespace, &["get", "list", "create", "patch"]);
        }
    }
    for shelf in inventory::shelves(&reach, work.namespace, &work.kinds) {
        if let Some(served) = work.kinds.find(&shelf.api_version, &shelf.kind) {
            needed.add(served, shelf.namespace.as_deref().unwrap_or_default(), &["list", "delete"]);
        }
    }
    needed.ask(work.server).await
}

/// Reads what is there.
async fn read(work: &Work<'_>, items: &[Item]) -> Result<Before, Failure> {
    let (parent, reach) = work.store.parent().await?;
    let revisions = work.store.revisions().await?;
    let members = live::members(work.server, &work.kinds, &reach, [work.release, work.namespace]).await?;
    let unknown: Vec<&Item> = items.iter().filter(|item| !members.contains_key(&item.key)).collect();
    let mut all = live::others(work.server, &work.kinds, &unknown).await?;
    all.extend(members.iter().map(|(key, live)| (key.clone(), live.clone())));
    Ok(Before { parent, reach, revisions, members, live: all })
}

/// Finds what is not as the plan has it that must hold, if there is one.
fn broken(work: &Work<'_>, wanted: &Wanted, prepared: &Prepared, before: &Before) -> Vec<Refusal> {
    wanted.promise.as_ref().map_or_else(Vec::new, |promise| {
        super::promise::broken(promise, work.server.cluster(), &work.kinds, (wanted, prepared), before)
    })
}

/// Finds objects that belong to somebody else: those that are to be taken, or why they are not.
async fn claims(work: &Work<'_>, items: &[Item], before: &Before) -> Result<HashSet<Key>, Vec<Refusal>> {
    let ours = Members::of(work.release, work.namespace).id;
    let (mut adopted, mut left, mut refused) = (HashSet::new(), BTreeSet::new(), Vec::new());
    for item in items {
        let Some(live) = before.live.get(&item.key) else { continue };
        let set = inventory::set_of(live).filter(|set| *set != ours);
        let helm = inventory::helm_release(live).filter(|_| inventory::set_of(live).is_none());
        if set.is_none() && helm.is_none() {
            continue;
        }
        if work.how.take_ownership {
            adopted.insert(item.key.clone());
            left.extend(helm);
            continue;
        }
        let owner = match (set, helm) {
            (Some(set), _) => match work.store.owner_of(set, &item.key.namespace).await {
                Some(owner) => owner,
                None => format!("the ApplySet `{set}`"),
            },
            (None, Some((namespace, name))) => format!("the release `{name}` of Helm's in `{namespace}`"),
            (None, None) => continue,
        };
        let refusal = Refusal::of(item, "apply/owned", format!("{} belongs to {owner}", item.key));
        refused.push(refusal.help("take it over by `--take-ownership`, or give it another name"));
    }
    for (namespace, name) in left {
        work.told.line(&format!(
            "taking objects of the release `{name}` of Helm's in `{namespace}`; let Helm forget it by `kubectl delete secret -n {namespace} -l owner=helm,name={name}`: `helm uninstall` may delete what is ours then"
        ));
    }
    if refused.is_empty() { Ok(adopted) } else { Err(refused) }
}

/// Finds objects that are as they are wanted, so that nothing needs to be sent: what the last revision applied, with
/// nothing after it, and whose fields still are ours.
async fn settled(work: &Work<'_>, prepared: &Prepared, before: &Before) -> Result<HashSet<Key>, Failure> {
    let Some(newest) = before.revisions.last().filter(|newest| newest.status == Status::Deployed) else {
        return Ok(HashSet::new());
    };
    // A revision that cannot be read tells nothing: then all is sent.
    let Ok(contents) = work.store.contents(newest).await else { return Ok(HashSet::new()) };
    let applied: HashMap<Key, &Json> = contents.objects.iter().map(|object| (Key::of(object), object)).collect();
    let rollout = rollout(work, HashSet::new());
    let is_settled = |item: &&Item| {
        let same = applied.get(&item.key).is_some_and(|object| **object == item.object);
        same && before.members.get(&item.key).is_some_and(|live| {
            let gone = live.pointer("/metadata/deletionTimestamp").is_some();
            !gone && lost(&rollout.sent(item, Some(live)), live).is_empty()
        })
    };
    Ok(prepared.items.iter().filter(is_settled).map(|item| item.key.clone()).collect())
}

/// Changes a release.
pub(super) async fn change(work: &Work<'_>, plan: &Plan<'_>) -> Result<Report, Failure> {
    let items = &plan.prepared.items;
    let mut report = work.report();
    let before = read(work, items).await?;
    // Before anything was written it held; now nobody else of us is at it.
    let mut refused = broken(work, plan.wanted, &plan.prepared, &before);
    let is_home = |key: &Key| key.is("", &["Namespace"]) && key.name == work.namespace;
    refused.retain(|refusal| !(plan.is_home_new && is_home(&refusal.key)));
    if !refused.is_empty() {
        return Ok(Report { refused, ..report });
    }
    let adopted = match claims(work, items, &before).await {
        Ok(adopted) => adopted,
        Err(refused) => return Ok(Report { refused, ..report }),
    };
    if items.is_empty() && !before.members.is_empty() && !work.how.allow_empty {
        return Err(Failure::Unfit(format!(
            "nothing would be left of `{}`, which has {} objects: remove it by `uninstall`, or go on by `--allow-empty`",
            work.release,
            before.members.len()
        )));
    }
    let settled = settled(work, &plan.prepared, &before).await?;
    let leaving: Vec<Json> = without(&before.members, items).into_iter().cloned().collect();
    let narrow = Reach::of(items, work.namespace);
    let mut contents = plan.prepared.contents();
    contents.left = work.left.as_ref().map_or_else(Vec::new, |left| left.rules.clone());
    let digest = contents.digest();
    let newest = before.revisions.last();
    let same = newest.is_some_and(|newest| {
        newest.digest == digest
            && newest.chart == plan.wanted.chart
            && newest.app_version == plan.wanted.app_version
            && newest.environment == plan.wanted.environment
    });
    let deployed = newest.is_some_and(|newest| newest.status == Status::Deployed);
    if same
        && deployed
        && settled.len() == items.len()
        && leaving.is_empty()
        && inventory::says(before.parent.as_ref(), work.release, work.namespace, &narrow)
    {
        report.actions = items.iter().map(|item| Action::new(&item.object, Deed::Unchanged)).collect();
        report.revision = newest.map(|newest| newest.number);
        report.nothing_to_do = true;
        // Whoever deployed it may have ended before the one before was put aside.
        let others = before.revisions.len().saturating_sub(1);
        if before.revisions[..others].iter().any(|revision| revision.status == Status::Deployed)
            && let Some(mut newest) = newest.cloned()
        {
            settle_revision(work, &before, &mut newest).await?;
        }
        return Ok(report);
    }
    let wide = before.reach.union(&narrow);
    if !inventory::says(before.parent.as_ref(), work.release, work.namespace, &wide) {
        work.store.write_parent(&wide).await?;
    }
    let mut revision = write_revision(work, plan, &before, (&contents, digest), same).await?;
    report.revision = Some(revision.number);
    let result =
        go(work, plan, &before, Going { adopted, settled, leaving, wide: &wide, narrow: &narrow }, &mut report).await;
    match result {
        Ok(()) => {
            if let Err(failure) = settle_revision(work, &before, &mut revision).await {
                report.trouble.push(format!("all is applied, but this could not be written down: {}", failure.words()));
            }
        }
        Err(ill) => {
            let mask = Mask::of(&plan.wanted.objects);
            let why = mask.hide(&reason(&ill)).chars().take(1000).collect::<String>();
            // Where even this cannot be written, it stays pending: the next run takes over all the same.
            let _ = work.store.for_last_words().set_status(&mut revision, Status::Failed, &why).await;
            let stopped = matches!(ill, Ill::Broken(Failure::Stopped | Failure::LockLost));
            Work::fail(&mut report, ill);
            if work.how.rollback_on_failure && !stopped && plan.back_to.is_none() {
                go_back(work, &before, &mut report).await?;
            } else {
                let done = report.count(Deed::Created) + report.count(Deed::Changed);
                // Of a first revision there is nothing to go back to.
                let good =
                    before.revisions.iter().any(|old| matches!(old.status, Status::Deployed | Status::Superseded));
                let way_back = if good { "go back by `plimsoll rollback" } else { "remove it by `plimsoll uninstall" };
                report.trouble.push(format!(
                    "revision {} is not deployed: {done} of {} objects were changed, nothing was deleted; apply again to go on, or {way_back} {} -n {}`",
                    revision.number,
                    items.len(),
                    work.release,
                    work.namespace
                ));
            }
        }
    }
    Ok(report)
}

/// Writes the revision as pending, before anything is changed; takes over one that is the same and was never finished.
async fn write_revision(
    work: &Work<'_>,
    plan: &Plan<'_>,
    before: &Before,
    (contents, digest): (&Contents, String),
    same: bool,
) -> Result<Revision, Failure> {
    let newest = before.revisions.last();
    if let Some(newest) = newest.filter(|newest| same && newest.status != Status::Deployed) {
        let mut revision = newest.clone();
        work.store.set_status(&mut revision, Status::Pending, "").await?;
        return Ok(revision);
    }
    for left in before.revisions.iter().filter(|revision| revision.status == Status::Pending) {
        work.store.set_status(&mut left.clone(), Status::Failed, "it was interrupted").await?;
    }
    let installed =
        before.revisions.iter().any(|revision| matches!(revision.status, Status::Deployed | Status::Superseded));
    let parts = contents.pack();
    let revision = Revision {
        release: work.release.to_owned(),
        namespace: work.namespace.to_owned(),
        number: newest.map_or(1, |newest| newest.number + 1),
        status: Status::Pending,
        reason: String::new(),
        created: clock::write(work.server.now()),
        description: match plan.back_to {
            Some(number) => format!("rollback to {number}"),
            None if installed => "upgrade".to_owned(),
            None => "install".to_owned(),
        },
        chart: plan.wanted.chart.clone(),
        app_version: plan.wanted.app_version.clone(),
        environment: plan.wanted.environment.clone(),
        unchecked: plan.wanted.unchecked,
        objects: contents.objects.len(),
        digest,
        parts: parts.len(),
    };
    work.store.write(&revision, &parts).await?;
    Ok(revision)
}

/// What is to be done, once all is known.
struct Going<'a> {
    adopted: HashSet<Key>,
    settled: HashSet<Key>,
    leaving: Vec<Json>,
    wide: &'a Reach,
    narrow: &'a Reach,
}

/// Applies, waits, deletes, and narrows the inventory.
async fn go(
    work: &Work<'_>,
    plan: &Plan<'_>,
    before: &Before,
    going: Going<'_>,
    report: &mut Report,
) -> Result<(), Ill> {
    let Prepared { items, hooks, waves } = &plan.prepared;
    let first =
        !before.revisions.iter().any(|revision| matches!(revision.status, Status::Deployed | Status::Superseded));
    let [pre, post] = match (plan.back_to, first) {
        (Some(_), _) => [Moment::PreRollback, Moment::PostRollback],
        (None, true) => [Moment::PreInstall, Moment::PostInstall],
        (None, false) => [Moment::PreUpgrade, Moment::PostUpgrade],
    };
    work.run_hooks(hooks, pre, &mut report.actions).await?;
    rollout(work, going.adopted).run(items, waves, &before.live, &going.settled, &mut report.actions).await?;
    work.run_hooks(hooks, post, &mut report.actions).await?;
    if !going.leaving.is_empty() {
        removal(work).run(going.leaving, &mut report.actions).await?;
    }
    // What could not be looked at may still hold members.
    let mut narrow = going.narrow.clone();
    for kind in &going.wide.kinds {
        let group = kind.split_once('.').map_or("", |(_, group)| group);
        if work.kinds.is_stale(group) {
            narrow.kinds.insert(kind.clone());
            narrow.namespaces.extend(going.wide.namespaces.iter().cloned());
        }
    }
    if narrow != *going.wide {
        work.store.write_parent(&narrow).await?;
    }
    Ok(())
}

/// Says that a revision is what is there, and forgets old ones.
async fn settle_revision(work: &Work<'_>, before: &Before, revision: &mut Revision) -> Result<(), Failure> {
    work.store.set_status(revision, Status::Deployed, "").await?;
    for old in &before.revisions {
        if old.number != revision.number && old.status == Status::Deployed {
            work.store.set_status(&mut old.clone(), Status::Superseded, "").await?;
        }
    }
    let mut numbers: Vec<u32> = before.revisions.iter().map(|old| old.number).chain([revision.number]).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let keep = numbers.len().saturating_sub(work.how.keep.max(1));
    work.store.keep_only(&numbers[keep..]).await
}
