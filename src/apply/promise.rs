//! Holds what is about to be done against a plan: nothing else may happen, and to nothing else.

use super::deploy::{Before, Wanted};
use super::inventory::uid;
use super::item::{Item, Key};
use super::prepare::{Prepared, Refusal};
use super::release::without;
use crate::cluster::{Cluster, Discovery, kept, text};
use crate::diff::plan::{Plan, Planned, digest, live_digest};
use serde_json::Value as Json;
use std::collections::BTreeMap;

const RULE: &str = "apply/plan-differs";
const HELP: &str = "look at what differs, and make a new plan by `plimsoll plan`";

/// A plan that an apply is held to.
#[derive(Clone, Debug, Default)]
pub struct Promise {
    /// The plan.
    pub plan: Plan,
    /// What of it does not hold already: inputs, versions.
    pub broken: Vec<String>,
}

/// Finds what is not as the plan has it.
pub(super) fn broken(
    promise: &Promise,
    cluster: &Cluster,
    kinds: &Discovery,
    (wanted, prepared): (&Wanted, &Prepared),
    before: &Before,
) -> Vec<Refusal> {
    let plan = &promise.plan;
    let mut general = Vec::new();
    for (what, planned, now) in [
        ("the release", plan.release.as_str(), wanted.release.as_str()),
        ("the namespace", &plan.namespace, &wanted.namespace),
        ("the context", &plan.context, cluster.context()),
        ("the cluster at", &plan.server, cluster.server()),
    ] {
        if planned != now {
            general.push(format!("the plan is for {what} `{planned}`, and this is {what} `{now}`"));
        }
    }
    // Of another release, or another cluster, no object is worth a word.
    let elsewhere = !general.is_empty();
    let version = cluster.version().to_string();
    if plan.kubernetes != version {
        general
            .push(format!("the cluster ran Kubernetes {} when the plan was made, and runs {version}", plan.kubernetes));
    }
    general.extend(promise.broken.iter().cloned());
    let mut refused: Vec<Refusal> = general.into_iter().map(|message| of(None, &Key::default(), message)).collect();
    if !elsewhere {
        refused.extend(objects(plan, kinds, (wanted, prepared), before));
    }
    refused
}

fn objects(plan: &Plan, kinds: &Discovery, (wanted, prepared): (&Wanted, &Prepared), before: &Before) -> Vec<Refusal> {
    let mut open: BTreeMap<Key, &Planned> = plan.objects.iter().map(|planned| (key(planned, kinds), planned)).collect();
    let mut refused = Vec::new();
    for (item, is_hook) in
        prepared.items.iter().map(|item| (item, false)).chain(prepared.hooks.iter().map(|hook| (hook, true)))
    {
        let Item { key, source, .. } = item;
        let Some(planned) = open.remove(key).filter(|planned| planned.digest.is_some()) else {
            refused.push(of(Some(*source), key, format!("{key} is applied, and the plan does not have it")));
            continue;
        };
        let now = wanted.objects.get(*source).map(|object| digest(object, &plan.salt));
        if now != planned.digest {
            refused.push(of(Some(*source), key, format!("{key} is not what was planned")));
        }
        let moved = if is_hook { None } else { moved(planned, before.live.get(key), &plan.salt) };
        refused.extend(moved.map(|words| of(Some(*source), key, format!("{key} {words}"))));
    }
    for live in without(&before.members, &prepared.items).into_iter().filter(|live| kept(live).is_none()) {
        let key = Key::of(live);
        let message = match open.remove(&key).filter(|planned| planned.digest.is_none()) {
            None => Some(format!("{key} would be deleted, and the plan does not say so")),
            Some(planned) => moved(planned, Some(live), &plan.salt).map(|words| format!("{key} {words}")),
        };
        refused.extend(message.map(|message| of(None, &key, message)));
    }
    refused.extend(open.into_iter().map(|(key, planned)| {
        let words = if planned.digest.is_some() { "applies" } else { "deletes" };
        of(None, &key, format!("the plan {words} {key}, which is not here any more"))
    }));
    refused
}

fn of(source: Option<usize>, key: &Key, message: String) -> Refusal {
    let help = Some(HELP.to_owned());
    Refusal { source, key: key.clone(), rule: RULE, field: String::new(), message, help }
}

/// Says how what is in the cluster is not what it was. What only the cluster writes, such as a status, may change.
fn moved(planned: &Planned, live: Option<&Json>, salt: &str) -> Option<String> {
    let (Some(version), Some(live)) = (&planned.resource_version, live) else {
        return match (&planned.resource_version, live) {
            (None, Some(_)) => Some("was not in the cluster when the plan was made, and is now".to_owned()),
            (Some(_), None) => Some("was in the cluster when the plan was made, and is not now".to_owned()),
            _ => None,
        };
    };
    if planned.uid.as_deref() != Some(uid(live)) {
        return Some("was deleted and made anew in the cluster since the plan was made".to_owned());
    }
    let now = text(live, "/metadata/resourceVersion");
    let same = version == now || planned.live.as_deref() == Some(&live_digest(live, salt));
    (!same).then(|| {
        format!("was changed in the cluster since the plan was made: its resourceVersion is {now}, not {version}")
    })
}

/// Names an object of a plan as the cluster does.
fn key(planned: &Planned, kinds: &Discovery) -> Key {
    let (group, _) = crate::cluster::split(&planned.api_version);
    let namespaced = kinds.preferred(group, &planned.kind).is_none_or(|served| served.namespaced);
    Key {
        group: group.to_owned(),
        kind: planned.kind.clone(),
        namespace: planned.namespace.clone().filter(|_| namespaced).unwrap_or_default(),
        name: planned.name.clone(),
    }
}
