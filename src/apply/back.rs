//! Brings a release back to what an earlier revision applied: `rollback`, and what follows a failure.

use super::deploy::{Before, Plan, Wanted, change, locked};
use super::prepare::{Refusal, migrate, prepare};
use super::release::Work;
use super::report::Report;
use super::revision::{Contents, Revision, Status};
use super::server::{Failure, Server};
use super::store::Store;
use super::{How, Told};
use crate::chart::IgnoredField;
use crate::diff::Left;
use crate::schema::Version;
use serde_json::Value as Json;
use std::sync::Arc;

/// Brings a release back to what an earlier revision applied; to the one before where none is named.
pub async fn rollback(
    server: &Server,
    [release, namespace]: [&str; 2],
    number: Option<u32>,
    how: &How,
    told: &dyn Told,
) -> Result<Report, Failure> {
    let mut work = Work::begin(server, [release, namespace], how, told).await?;
    let revisions = work.store.revisions().await?;
    let target = choose(&revisions, release, namespace, number)?;
    let mut contents = work.store.contents(target).await?;
    work.left = left(server, std::mem::take(&mut contents.left));
    for moved in
        migrate(&mut contents.objects, &work.kinds).into_iter().chain(migrate(&mut contents.hooks, &work.kinds))
    {
        told.line(&format!("moved {moved}: the cluster does not serve the old version any more"));
    }
    let wanted = wanted(&work, target, contents);
    work.kinds.learn(&wanted.objects);
    let prepared = match prepare(&wanted.objects, namespace, &work.kinds) {
        Ok(prepared) => prepared,
        Err(refused) => {
            return Ok(Report { refused: placeless(refused), requests: server.requests(), ..work.report() });
        }
    };
    let back_to = target.description.strip_prefix("rollback to ").and_then(|text| text.parse().ok());
    let goes_on = target.status == Status::Pending || number.is_some_and(|number| number != target.number);
    let back_to = back_to.filter(|_| goes_on).unwrap_or(target.number);
    let mut report =
        locked(&work, Plan { wanted: &wanted, prepared, back_to: Some(back_to), is_home_new: false }).await?;
    report.refused = placeless(report.refused);
    Ok(report)
}

/// Chooses the revision to go back to.
fn choose<'a>(
    revisions: &'a [Revision],
    release: &str,
    namespace: &str,
    number: Option<u32>,
) -> Result<&'a Revision, Failure> {
    let Some(newest) = revisions.last() else {
        return Err(Failure::Unfit(format!("there is no release `{release}` in the namespace `{namespace}`")));
    };
    let found = match number {
        // The way back to the oldest one pushes it out: then the newest is the same.
        Some(number) => revisions
            .iter()
            .find(|revision| revision.number == number)
            .or_else(|| Some(newest).filter(|newest| newest.description == format!("rollback to {number}"))),
        // Somebody went back, and did not get there.
        None if newest.status == Status::Pending && newest.description.starts_with("rollback to ") => Some(newest),
        None => {
            let good = |revision: &&Revision| matches!(revision.status, Status::Deployed | Status::Superseded);
            revisions[..revisions.len() - 1].iter().rev().find(good)
        }
    };
    found.ok_or_else(|| {
        let known: Vec<String> = revisions.iter().map(|revision| revision.number.to_string()).collect();
        let what =
            number.map_or("no earlier revision to go back to".to_owned(), |number| format!("no revision {number}"));
        Failure::Unfit(format!("`{release}` has {what}; there are {}", known.join(", ")))
    })
}

/// Goes back to what was there before a revision that failed; removes what a first one left.
pub(super) async fn go_back(work: &Work<'_>, before: &Before, report: &mut Report) -> Result<(), Failure> {
    let good = before.revisions.iter().rev().find(|revision| revision.status == Status::Deployed);
    let Some(good) = good else {
        work.told.line("removing what the failed installation left");
        let removed = super::uninstall::remove_all(work).await?;
        report.actions.extend(removed.actions);
        report.stuck.extend(removed.stuck);
        report.trouble.extend(removed.trouble);
        report.trouble.push("the installation failed, and what it left was removed".to_owned());
        return Ok(());
    };
    work.told.line(&format!("going back to revision {}", good.number));
    let mut contents = work.store.contents(good).await?;
    // By the rules of then: what was left alone is left alone.
    let left = left(work.server, std::mem::take(&mut contents.left));
    let work = &Work {
        left,
        kinds: work.kinds.clone(),
        store: Store::new(work.server, work.namespace, work.release),
        ..*work
    };
    let wanted = wanted(work, good, contents);
    let prepared = match prepare(&wanted.objects, work.namespace, &work.kinds) {
        Ok(prepared) => prepared,
        Err(refused) => {
            report.refused.extend(placeless(refused));
            return Ok(());
        }
    };
    let plan = Plan { wanted: &wanted, prepared, back_to: Some(good.number), is_home_new: false };
    let back = Box::pin(change(work, &plan)).await?;
    let went = back.is_good();
    report.refused.extend(placeless(back.refused));
    report.stuck.extend(back.stuck);
    report.trouble.extend(back.trouble);
    if went {
        report.trouble.push(format!(
            "revision {} failed, and revision {} is there again",
            report.revision.unwrap_or_default(),
            good.number
        ));
    }
    report.revision = back.revision;
    Ok(())
}

/// What a revision applied, wanted again.
fn wanted(work: &Work<'_>, revision: &Revision, contents: Contents) -> Wanted {
    let objects: Vec<Json> = contents.objects.into_iter().chain(contents.hooks).collect();
    Wanted {
        release: work.release.to_owned(),
        namespace: work.namespace.to_owned(),
        objects,
        chart: revision.chart.clone(),
        app_version: revision.app_version.clone(),
        environment: revision.environment.clone(),
        unchecked: revision.unchecked,
        promise: None,
    }
}

/// What a revision left to others. Of custom resources it knows no schemas.
fn left(server: &Server, rules: Vec<IgnoredField>) -> Option<Arc<Left>> {
    let version = server.cluster().version().clamp(Version::ALL[0], Version::LATEST);
    (!rules.is_empty()).then(|| Arc::new(Left { rules, store: Arc::default(), version }))
}

/// What comes from a revision has no place in a file of today.
fn placeless(refused: Vec<Refusal>) -> Vec<Refusal> {
    refused.into_iter().map(|refusal| Refusal { source: None, ..refusal }).collect()
}
