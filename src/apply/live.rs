//! What is in the cluster: the members of a release, and whatever else has the names of objects that are wanted.

use super::inventory::{Reach, Shelf, shelves};
use super::item::{Item, Key};
use super::server::{Failure, Server, at_once};
use crate::cluster::{Discovery, Members, PART_OF, label, text};
use serde_json::Value as Json;
use std::collections::{BTreeMap, HashMap};

/// From how many objects of a kind on it is cheaper to list the kind.
const MANY: usize = 4;

/// Reads the members of a release.
pub(super) async fn members(
    server: &Server,
    kinds: &Discovery,
    reach: &Reach,
    [release, namespace]: [&str; 2],
) -> Result<HashMap<Key, Json>, Failure> {
    let selector = format!("{PART_OF}={}", Members::of(release, namespace).id);
    let jobs = shelves(reach, namespace, kinds).into_iter().filter_map(|Shelf { api_version, kind, namespace }| {
        let (server, selector) = (server.clone(), selector.clone());
        let served = kinds.find(&api_version, &kind)?.clone();
        Some(async move { server.list(&served, namespace.as_deref(), &selector).await })
    });
    let mut found = HashMap::new();
    for list in at_once(8, jobs.collect::<Vec<_>>()).await {
        found.extend(list?.into_iter().map(|object| (Key::of(&object), object)));
    }
    Ok(found)
}

/// Reads what is there of objects, whoever they belong to: by lists where there are many of a kind.
pub(super) async fn others(server: &Server, kinds: &Discovery, items: &[&Item]) -> Result<HashMap<Key, Json>, Failure> {
    let mut of_shelf: BTreeMap<Shelf, Vec<Key>> = BTreeMap::new();
    for item in items {
        of_shelf.entry(shelf(&item.key, &item.object)).or_default().push(item.key.clone());
    }
    let mut jobs = Vec::new();
    for (shelf, keys) in of_shelf {
        let Some(served) = kinds.find(&shelf.api_version, &shelf.kind) else { continue };
        let names: Vec<Option<String>> =
            if keys.len() >= MANY { vec![None] } else { keys.into_iter().map(|key| Some(key.name)).collect() };
        for name in names {
            let (server, served, namespace) = (server.clone(), served.clone(), shelf.namespace.clone());
            jobs.push(async move {
                match name {
                    None => server.list(&served, namespace.as_deref(), "").await,
                    Some(name) => {
                        server.get(&served, namespace.as_deref(), &name).await.map(|found| found.into_iter().collect())
                    }
                }
            });
        }
    }
    let mut found: HashMap<Key, Json> = HashMap::new();
    for list in at_once(8, jobs).await {
        found.extend(list?.into_iter().map(|object| (Key::of(&object), object)));
    }
    // Lists bring what nobody asked for.
    let mut wanted = HashMap::new();
    for item in items {
        if let Some(object) = found.remove(&item.key) {
            wanted.insert(item.key.clone(), object);
        }
    }
    Ok(wanted)
}

/// Says where an object is.
fn shelf(key: &Key, object: &Json) -> Shelf {
    Shelf {
        api_version: text(object, "/apiVersion").to_owned(),
        kind: key.kind.clone(),
        namespace: Some(key.namespace.clone()).filter(|name| !name.is_empty()),
    }
}

/// Reads objects again: where there are many of a kind, by a list of what bears the label of their set.
pub(super) async fn again(
    server: &Server,
    kinds: &Discovery,
    objects: impl Iterator<Item = (&Key, &Json)>,
) -> Result<HashMap<Key, Json>, Failure> {
    let mut of_shelf: BTreeMap<(Shelf, Option<&str>), Vec<&Key>> = BTreeMap::new();
    for (key, object) in objects {
        of_shelf.entry((shelf(key, object), label(object, PART_OF))).or_default().push(key);
    }
    let mut jobs = Vec::new();
    for ((Shelf { api_version, kind, namespace }, set), keys) in of_shelf {
        let Some(served) = kinds.find(&api_version, &kind) else { continue };
        let asked: Vec<Result<String, String>> = match set.filter(|_| keys.len() >= MANY) {
            Some(set) => vec![Err(format!("{PART_OF}={set}"))],
            None => keys.into_iter().map(|key| Ok(key.name.clone())).collect(),
        };
        for asked in asked {
            let (server, served, namespace) = (server.clone(), served.clone(), namespace.clone());
            jobs.push(async move {
                match asked {
                    Ok(name) => server.get(&served, namespace.as_deref(), &name).await.map(Vec::from_iter),
                    Err(selector) => server.list(&served, namespace.as_deref(), &selector).await,
                }
            });
        }
    }
    let mut found = HashMap::new();
    for list in at_once(12, jobs).await {
        found.extend(list?.into_iter().map(|object| (Key::of(&object), object)));
    }
    Ok(found)
}
