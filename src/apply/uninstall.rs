//! Removes a release and all that is kept of it.

use super::hooks::Moment;
use super::inventory;
use super::item::Item;
use super::live;
use super::mask::Mask;
use super::preflight::Needed;
use super::prepare::migrate;
use super::release::Work;
use super::remove::Removal;
use super::report::Report;
use super::revision::Status;
use super::rollout::Ill;
use super::server::{Failure, Server};
use super::{How, Told};
use serde_json::Value as Json;

/// Removes a release; `rehearsed`, only tells what would be removed.
pub async fn uninstall(
    server: &Server,
    names: [&str; 2],
    rehearsed: bool,
    how: &How,
    told: &dyn Told,
) -> Result<Report, Failure> {
    let work = Work::begin(server, names, how, told).await?;
    let (parent, reach) = work.store.parent().await?;
    if parent.is_none() && work.store.revisions().await?.is_empty() {
        return Err(Failure::Unfit(format!(
            "there is no release `{}` in the namespace `{}`",
            work.release, work.namespace
        )));
    }
    if rehearsed {
        let mut report = work.report();
        let members = members(&work).await?;
        report.actions = removal(&work).rehearse(&members).await?;
        report.requests = server.requests();
        return Ok(report);
    }
    let mut needed = Needed::default();
    needed.add_records(&work.kinds, work.namespace);
    for shelf in inventory::shelves(&reach, work.namespace, &work.kinds) {
        if let Some(served) = work.kinds.find(&shelf.api_version, &shelf.kind) {
            needed.add(served, shelf.namespace.as_deref().unwrap_or_default(), &["get", "list", "delete", "patch"]);
        }
    }
    needed.ask(server).await?;
    let lock = work.lock().await?;
    let report = remove_all(&work).await;
    lock.give_back().await;
    let mut report = report?;
    report.requests = server.requests();
    Ok(report)
}

async fn members(work: &Work<'_>) -> Result<Vec<Json>, Failure> {
    let (_, reach) = work.store.parent().await?;
    let found = live::members(work.server, &work.kinds, &reach, [work.release, work.namespace]).await?;
    let mut found: Vec<_> = found.into_iter().collect();
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(found.into_iter().map(|(_, live)| live).collect())
}

fn removal<'a>(work: &'a Work<'_>) -> Removal<'a> {
    Removal { server: work.server, kinds: &work.kinds, told: work.told, until: work.until(), home: work.namespace }
}

/// Removes everything, with the lock in hand: the objects, and then what tells of them.
pub(super) async fn remove_all(work: &Work<'_>) -> Result<Report, Failure> {
    let mut report = work.report();
    let mut revisions = work.store.revisions().await?;
    let mut hooks = Vec::new();
    if let Some(newest) = revisions.last_mut() {
        report.revision = Some(newest.number);
        // Without what it applied there is no hook to run; what is there is known by its labels all the same.
        if let Ok(mut contents) = work.store.contents(newest).await {
            migrate(&mut contents.hooks, &work.kinds);
            hooks = contents.hooks.into_iter().enumerate().map(|(index, object)| Item::new(object, index)).collect();
        }
        work.store.set_status(newest, Status::Uninstalling, "").await?;
    }
    let result = objects(work, &hooks, &mut report).await;
    if let Err(ill) = result {
        Work::fail(&mut report, ill);
        report.hide(&Mask::of(hooks.iter().map(|hook| &hook.object)));
        report.trouble.push(format!(
            "`{}` is not removed: uninstall it again to go on, or apply it to bring it back",
            work.release
        ));
        return Ok(report);
    }
    if let Err(failure) = forget(work).await {
        report
            .trouble
            .push(format!("its objects are gone, but not what is kept of it: {}; uninstall it again", failure.words()));
    }
    Ok(report)
}

/// Deletes the records.
async fn forget(work: &Work<'_>) -> Result<(), Failure> {
    work.store.keep_only(&[]).await?;
    match work.store.parent().await? {
        (Some(parent), _) => work.store.delete_parent(&parent).await,
        _ => Ok(()),
    }
}

async fn objects(work: &Work<'_>, hooks: &[Item], report: &mut Report) -> Result<(), Ill> {
    work.run_hooks(hooks, Moment::PreDelete, &mut report.actions).await?;
    let members = members(work).await?;
    removal(work).run(members, &mut report.actions).await?;
    work.run_hooks(hooks, Moment::PostDelete, &mut report.actions).await
}
