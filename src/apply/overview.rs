//! Looks at releases: which there are, how they came to be, and how their objects are.

use super::item::{Item, Key};
use super::live;
use super::owned::lost;
use super::prepare::migrate;
use super::revision::{Revision, Status};
use super::server::{Failure, Server};
use super::store::{Store, all_revisions};
use super::wait::{State, progress};
use crate::cluster::{Discovery, Members, PART_OF, text};
use std::collections::BTreeMap;

/// An object of a release, as it is in the cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectState {
    /// Its `apiVersion`.
    pub api_version: String,
    /// The object.
    pub key: Key,
    /// How far it is; none where it is not there.
    pub state: Option<State>,
    /// Why it is not further.
    pub reason: String,
    /// Fields that were applied, and that somebody else changed or took since.
    pub drift: Vec<String>,
}

/// A release, and how its objects are.
#[derive(Clone, Debug, PartialEq)]
pub struct Overview {
    /// The newest revision.
    pub revision: Revision,
    /// Its objects, in the order of their names.
    pub objects: Vec<ObjectState>,
    /// Members of the release that the newest revision does not have.
    pub left_over: Vec<Key>,
}

/// Lists the releases of a namespace, or of all of them: the newest revision of each.
pub async fn releases(server: &Server, namespace: Option<&str>) -> Result<Vec<Revision>, Failure> {
    let mut newest: BTreeMap<(String, String), Revision> = BTreeMap::new();
    for revision in all_revisions(server, namespace).await? {
        let key = (revision.namespace.clone(), revision.release.clone());
        if newest.get(&key).is_none_or(|known| known.number < revision.number) {
            newest.insert(key, revision);
        }
    }
    Ok(newest.into_values().collect())
}

/// Lists the revisions of a release, oldest first.
pub async fn history(server: &Server, [release, namespace]: [&str; 2]) -> Result<Vec<Revision>, Failure> {
    let revisions = Store::new(server, namespace, release).revisions().await?;
    if revisions.is_empty() {
        return Err(Failure::Unfit(format!("there is no release `{release}` in the namespace `{namespace}`")));
    }
    Ok(revisions)
}

/// Looks at the objects of a release's newest revision.
pub async fn status(server: &Server, names: [&str; 2]) -> Result<Overview, Failure> {
    let [release, namespace] = names;
    let revisions = history(server, names).await?;
    let store = Store::new(server, namespace, release);
    let (_, reach) = store.parent().await?;
    let kinds = Discovery::read(server).await?;
    // What is there is what was deployed last; where nothing was, what somebody tried.
    let deployed = revisions.iter().rev().find(|revision| revision.status == Status::Deployed);
    let Some(newest) = revisions.last() else {
        return Err(Failure::Unfit(format!("there is no release `{release}`")));
    };
    let mut contents = store.contents(deployed.unwrap_or(newest)).await?;
    migrate(&mut contents.objects, &kinds);
    let items: Vec<Item> =
        contents.objects.into_iter().enumerate().map(|(index, object)| Item::new(object, index)).collect();
    let mut members = live::members(server, &kinds, &reach, names).await?;
    let unknown: Vec<&Item> = items.iter().filter(|item| !members.contains_key(&item.key)).collect();
    let mut others = live::others(server, &kinds, &unknown).await?;
    let set = Members::of(release, namespace).id;
    let mut objects = Vec::new();
    for item in &items {
        let member = members.remove(&item.key);
        let live = member.or_else(|| others.remove(&item.key));
        let mut sent = item.object.clone();
        crate::cluster::mark(&mut sent, PART_OF, &set);
        let (state, reason, drift) = match &live {
            None => (None, "it is not there".to_owned(), Vec::new()),
            Some(live) => {
                let found = progress(live, Some(server.now()));
                (Some(found.state), found.reason, lost(&sent, live))
            }
        };
        let api_version = text(&item.object, "/apiVersion").to_owned();
        objects.push(ObjectState { api_version, key: item.key.clone(), state, reason, drift });
    }
    objects.sort_by(|a, b| a.key.cmp(&b.key));
    let mut left_over: Vec<Key> = members.into_keys().collect();
    left_over.sort();
    Ok(Overview { revision: newest.clone(), objects, left_over })
}
