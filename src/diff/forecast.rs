//! What server-side apply would make of an object, where the server cannot be asked.
//!
//! The rules are those of structured merging: what is applied is set, what we applied before and leave out now goes unless
//! somebody else owns it too, all else stays.

use super::change::Step;
use super::lists::{Keys, keyed, same_keys};
use super::owners::{Owners, fits};
use super::value::{Content, List, Value};
use crate::schema::Identity;
use crate::yaml::emit::Data;
use serde_json::Value as Json;

/// Maps of the API that are one value: their keys are not merged.
const WHOLE: [&str; 14] = [
    "selector",
    "podSelector",
    "namespaceSelector",
    "objectSelector",
    "labelSelector",
    "nodeSelector",
    "secretKeyRef",
    "configMapKeyRef",
    "fieldRef",
    "resourceFieldRef",
    "roleRef",
    "claimRef",
    "scopeSelector",
    "dataSource",
];

/// Forecasts an object: as it is, as it is applied, and who owns what of it.
pub(super) fn forecast<'d>(live: &Value<'d>, applied: &Value<'d>, owners: &Owners<'_>) -> Value<'d> {
    let mut merged = merge(live, applied, "");
    if let Some(ours) = owners.ours() {
        drop_left_out(&mut merged, Some(applied), ours, (&owners.others(), false));
    }
    merged
}

/// Forecasts an object that is deleted and made anew: what others set of it goes, what the server alone decides stays, as far as
/// can be known.
pub(super) fn anew<'d>(live: &Value<'d>, applied: &Value<'d>, owners: &Owners<'_>) -> Value<'d> {
    let mut merged = merge(live, applied, "");
    for fields in owners.all() {
        drop_left_out(&mut merged, Some(applied), fields, (&[], true));
    }
    merged
}

fn merge<'d>(live: &Value<'d>, applied: &Value<'d>, name: &str) -> Value<'d> {
    let content = match (&live.content, &applied.content) {
        (Content::Map(olds), Content::Map(news)) if !WHOLE.contains(&name) => {
            let mut entries: Vec<(String, Value<'d>)> = Vec::new();
            for (key, old) in olds {
                let value = applied.get(key).map_or_else(|| old.clone(), |new| merge(old, new, key));
                entries.push((key.clone(), value));
            }
            entries.extend(news.iter().filter(|(key, _)| live.get(key).is_none()).cloned());
            Content::Map(entries)
        }
        (Content::List(olds), Content::List(news)) => Content::List(lists(olds, news)),
        (_, content) => content.clone(),
    };
    Value { node: applied.node, content }
}

fn lists<'d>(old: &List<'d>, new: &List<'d>) -> List<'d> {
    let identity = new.identity.clone();
    match &identity {
        Identity::Set => {
            let more = new.items.iter().filter(|item| !old.items.iter().any(|known| known.same(item)));
            List { items: old.items.iter().chain(more).cloned().collect(), identity }
        }
        Identity::Keys(names) => match (keyed(old, names), keyed(new, names)) {
            (Some(olds), Some(news)) => {
                let find = |keys: &Keys| olds.iter().position(|(other, _)| same_keys(other, keys));
                let is_new = |keys: &Keys| news.iter().any(|(other, _)| same_keys(other, keys));
                let (mut items, mut next) = (Vec::new(), 0);
                // Items that only the old list has keep their places between those that both have.
                for (keys, item) in &news {
                    match find(keys) {
                        Some(at) => {
                            let before =
                                olds.iter().enumerate().take(at).skip(next).filter(|(_, (keys, _))| !is_new(keys));
                            items.extend(before.map(|(_, (_, item))| (*item).clone()));
                            next = next.max(at + 1);
                            items.push(merge(olds[at].1, item, ""));
                        }
                        None => items.push((*item).clone()),
                    }
                }
                items.extend(olds.iter().skip(next).filter(|(keys, _)| !is_new(keys)).map(|(_, item)| (*item).clone()));
                List { items, identity }
            }
            _ => new.clone(),
        },
        Identity::Atomic => new.clone(),
    }
}

/// Takes out what we applied before and leave out now; of what is made `anew`, what anybody did.
fn drop_left_out(value: &mut Value<'_>, applied: Option<&Value<'_>>, ours: &Json, (others, anew): (&[&Json], bool)) {
    let Some(fields) = ours.as_object() else { return };
    for (key, inner) in fields.iter().filter(|(key, _)| *key != ".") {
        let further: Vec<&Json> = others.iter().filter_map(|other| other.get(key)).collect();
        let left_out = applied.and_then(|applied| child(applied, key)).is_none();
        // A field goes with all that is in it, what the server filled in there too, where nobody else has anything of it.
        // But the server labels what it makes, and would again.
        let by_server = anew && (key == "f:labels" || key == "f:annotations");
        if left_out && further.is_empty() && !by_server {
            remove(value, key);
        } else if let Some(found) = child_mut(value, key) {
            drop_left_out(found, applied.and_then(|applied| child(applied, key)), inner, (&further, anew));
            // What nobody else has anything in goes with the last of ours.
            if left_out && found.is_empty() {
                remove(value, key);
            }
        }
    }
}

/// Tells whether a key of the record names an item of a list.
fn is_item(item: &Value<'_>, key: &str) -> bool {
    match (key.split_once(':'), &item.content) {
        (Some(("v", _)), Content::Scalar(data, _)) => fits(key, &Step::Member(data.clone())),
        (Some(("k", json)), Content::Map(_)) => serde_json::from_str(json).is_ok_and(|keys: Json| {
            keys.as_object().is_some_and(|keys| {
                keys.iter().all(|(name, wanted)| {
                    item.get(name).is_some_and(|held| held.same(&Value::of_data(Data::from_json(wanted))))
                })
            })
        }),
        _ => false,
    }
}

fn child<'v, 'd>(value: &'v Value<'d>, key: &str) -> Option<&'v Value<'d>> {
    match &value.content {
        Content::Map(_) => value.get(key.strip_prefix("f:")?),
        Content::List(list) => list.items.iter().find(|item| is_item(item, key)),
        Content::Scalar(..) => None,
    }
}

fn child_mut<'v, 'd>(value: &'v mut Value<'d>, key: &str) -> Option<&'v mut Value<'d>> {
    match &mut value.content {
        Content::Map(entries) => {
            let name = key.strip_prefix("f:")?;
            entries.iter_mut().find(|(known, _)| known == name).map(|(_, value)| value)
        }
        Content::List(list) => list.items.iter_mut().find(|item| is_item(item, key)),
        Content::Scalar(..) => None,
    }
}

fn remove(value: &mut Value<'_>, key: &str) {
    match &mut value.content {
        Content::Map(entries) => entries.retain(|(name, _)| key.strip_prefix("f:") != Some(name)),
        Content::List(list) => list.items.retain(|item| !is_item(item, key)),
        Content::Scalar(..) => {}
    }
}
