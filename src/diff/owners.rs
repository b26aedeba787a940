//! Who owns which fields of a live object, by the server's record (`metadata.managedFields`).

use super::change::{Path, Step};
use super::value::same_scalar;
use crate::yaml::emit::Data;
use serde_json::Value as Json;

/// The field manager of everything that Plimsoll applies.
const MANAGER: &str = "plimsoll";

/// The managers of an object.
#[derive(Clone, Debug, Default)]
pub(super) struct Owners<'a>(Vec<Owner<'a>>);

/// A manager, and the fields that it set.
#[derive(Clone, Debug)]
struct Owner<'a> {
    name: &'a str,
    ours: bool,
    time: &'a str,
    fields: &'a Json,
}

impl<'a> Owners<'a> {
    /// Reads the record.
    pub(super) fn of(live: &'a Json) -> Self {
        let entries = live.pointer("/metadata/managedFields").and_then(Json::as_array);
        let read = |entry: &'a Json| {
            let text = |key: &str| entry.get(key).and_then(Json::as_str).unwrap_or_default();
            let ours = text("manager") == MANAGER && text("operation") == "Apply" && text("subresource").is_empty();
            Some(Owner { name: text("manager"), ours, time: text("time"), fields: entry.get("fieldsV1")? })
        };
        Self(entries.into_iter().flatten().filter_map(read).collect())
    }

    /// Gives the fields that we applied last.
    pub(super) fn ours(&self) -> Option<&'a Json> {
        self.0.iter().find(|owner| owner.ours).map(|owner| owner.fields)
    }

    /// Gives the fields of everybody.
    pub(super) fn all(&self) -> impl Iterator<Item = &'a Json> {
        self.0.iter().map(|owner| owner.fields)
    }

    /// Gives the fields of all others.
    pub(super) fn others(&self) -> Vec<&'a Json> {
        self.0.iter().filter(|owner| !owner.ours).map(|owner| owner.fields).collect()
    }

    /// Tells whether anybody else holds a field.
    pub(super) fn is_others(&self, path: &Path) -> bool {
        self.0.iter().any(|owner| !owner.ours && follow(owner.fields, &path.0))
    }

    /// Tells whether somebody else holds what a field is only a part of: a list without keys, a map that is owned as one.
    pub(super) fn is_part(&self, path: &Path) -> bool {
        let above = |owner: &Owner<'_>| (1..path.0.len()).any(|length| is_leaf(owner.fields, &path.0[..length]));
        path.0.iter().any(|step| matches!(step, Step::Index(_)))
            || self.0.iter().any(|owner| !owner.ours && above(owner))
    }

    /// Says who else set a field that is not ours, and when.
    pub(super) fn stranger(&self, path: &Path) -> Option<String> {
        let holds = |owner: &&Owner<'_>| follow(owner.fields, &path.0);
        if self.0.iter().filter(|owner| owner.ours).any(|owner| holds(&owner)) {
            return None;
        }
        let owner = self.0.iter().filter(holds).max_by_key(|owner| owner.time)?;
        Some(if owner.time.is_empty() {
            format!("`{}`", owner.name)
        } else {
            format!("`{}` at {}", owner.name, owner.time)
        })
    }
}

/// Tells whether a record holds a field, or all that it stands in.
fn follow(fields: &Json, path: &[Step]) -> bool {
    let Some(map) = fields.as_object() else { return false };
    // A leaf is owned with everything in it.
    if map.is_empty() {
        return true;
    }
    let Some((step, rest)) = path.split_first() else { return true };
    map.iter().any(|(key, inner)| fits(key, step) && follow(inner, rest))
}

/// Tells whether a path leads to something that a record holds as one.
fn is_leaf(fields: &Json, path: &[Step]) -> bool {
    let Some(map) = fields.as_object() else { return false };
    let Some((step, rest)) = path.split_first() else { return map.is_empty() };
    map.iter().any(|(key, inner)| fits(key, step) && is_leaf(inner, rest))
}

/// Tells whether a key of a record names a step.
pub(super) fn fits(key: &str, step: &Step) -> bool {
    match (key.split_once(':'), step) {
        (Some(("f", name)), Step::Key(wanted)) => name == wanted,
        (Some(("i", index)), Step::Index(wanted)) => index == wanted.to_string(),
        (Some(("v", json)), Step::Member(wanted)) => {
            serde_json::from_str(json).is_ok_and(|json: Json| same_scalar(&Data::from_json(&json), wanted))
        }
        (Some(("k", json)), Step::Item(wanted)) => serde_json::from_str(json).is_ok_and(|json: Json| {
            json.as_object().is_some_and(|keys| {
                keys.iter().all(|(name, value)| {
                    wanted.iter().any(|(key, data)| key == name && same_scalar(&Data::from_json(value), data))
                })
            })
        }),
        _ => false,
    }
}
