//! Lays values over values: maps merge, lists replace, `null` deletes; what was overridden is remembered.

use super::value::{Value, ValueData, ValueEntry};
use std::collections::HashMap;
use std::sync::Arc;

/// What a `null` in the upper layer means where the lower one has nothing to delete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nulls {
    /// It declares a key that has no value yet, as in values.yaml.
    Declare,
    /// It is dropped, as in environments and overrides.
    Drop,
}

/// Maps longer than this are searched by hashing.
const LINEAR: usize = 16;

/// Lays `over` upon `base`.
pub(super) fn merge(base: &mut Value, over: Value, nulls: Nulls) {
    if !matches!((&base.data, &over.data), (ValueData::Map(_), ValueData::Map(_))) {
        replace(base, over, nulls);
        return;
    }
    let (ValueData::Map(lower), ValueData::Map(upper)) = (&mut base.data, over.data) else { return };
    let index: Option<HashMap<Arc<str>, usize>> = (lower.len() > LINEAR)
        .then(|| lower.iter().enumerate().map(|(at, entry)| (Arc::clone(&entry.key), at)).collect());
    let mut deleted = Vec::new();
    for entry in upper {
        let found = match &index {
            Some(index) => index.get(&entry.key).copied(),
            None => lower.iter().position(|known| known.key == entry.key),
        };
        match found.and_then(|at| Some((at, lower.get_mut(at)?))) {
            Some((at, known)) => {
                if is_null(&entry.value) && !is_null(&known.value) {
                    deleted.push(at);
                } else {
                    known.key_span = entry.key_span.or(known.key_span);
                    merge(&mut known.value, entry.value, nulls);
                }
            }
            None if is_null(&entry.value) && nulls == Nulls::Drop => {}
            None => lower.push(ValueEntry { value: settled(entry.value, nulls), ..entry }),
        }
    }
    deleted.sort_unstable();
    for at in deleted.into_iter().rev() {
        lower.remove(at);
    }
}

fn is_null(value: &Value) -> bool {
    matches!(value.data, ValueData::Null)
}

/// Puts a value in the place of another, and remembers the other's place.
fn replace(base: &mut Value, over: Value, nulls: Nulls) {
    let mut over = settled(over, nulls);
    if let (Some(place), Some(old)) = (&mut over.place, base.place.take()) {
        place.overrode.push(old.span);
        place.overrode.extend(old.overrode);
    }
    *base = over;
}

/// Drops the nulls of maps that override nothing; those in lists are values like any other.
fn settled(mut value: Value, nulls: Nulls) -> Value {
    if nulls == Nulls::Drop
        && let ValueData::Map(entries) = value.data
    {
        let kept = entries.into_iter().filter(|entry| !is_null(&entry.value));
        value.data =
            ValueData::Map(kept.map(|entry| ValueEntry { value: settled(entry.value, nulls), ..entry }).collect());
    }
    value
}
