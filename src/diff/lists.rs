//! Which items of two lists belong together.

use super::value::{Content, List, Value, same_scalar};
use crate::schema::Identity;
use crate::yaml::emit::Data;

/// The keys by which an item is known, with their values; null for one that is absent.
pub(super) type Keys = Vec<(String, Data)>;

/// Two lists, beside each other.
pub(super) enum Aligned<'a, 'd> {
    /// Items by their keys: those of the old list in its order, then those that are new.
    Keyed {
        /// Each item as it was and as it is.
        pairs: Vec<(Keys, Option<&'a Value<'d>>, Option<&'a Value<'d>>)>,
        /// Items of both lists stand in another order.
        moved: bool,
    },
    /// What only one of them has.
    Set {
        /// Of the old one.
        removed: Vec<&'a Value<'d>>,
        /// Of the new one.
        added: Vec<&'a Value<'d>>,
    },
    /// Items at the same place, where they differ.
    Indexed(Vec<(usize, &'a Value<'d>, &'a Value<'d>)>),
    /// The lists differ as one value.
    Whole,
}

impl Aligned<'_, '_> {
    /// Tells whether nothing differs but the order of items that have keys.
    pub(super) fn is_same(&self) -> bool {
        match self {
            Self::Keyed { pairs, .. } => {
                pairs.iter().all(|(_, old, new)| matches!((old, new), (Some(old), Some(new)) if old.same(new)))
            }
            Self::Set { removed, added } => removed.is_empty() && added.is_empty(),
            Self::Indexed(pairs) => pairs.is_empty(),
            Self::Whole => false,
        }
    }
}

/// Puts two lists beside each other.
pub(super) fn align<'a, 'd>(old: &'a List<'d>, new: &'a List<'d>) -> Aligned<'a, 'd> {
    match &new.identity {
        Identity::Keys(names) if old.identity == new.identity => {
            if let (Some(old), Some(new)) = (keyed(old, names), keyed(new, names)) {
                return by_keys(&old, &new);
            }
        }
        Identity::Set if old.identity == new.identity => {
            let missing = |of: &'a List<'d>, other: &'a List<'d>| -> Vec<&'a Value<'d>> {
                of.items.iter().filter(|item| !other.items.iter().any(|known| known.same(item))).collect()
            };
            return Aligned::Set { removed: missing(old, new), added: missing(new, old) };
        }
        _ => {}
    }
    by_index(old, new)
}

type Item<'a, 'd> = (Keys, &'a Value<'d>);

/// Gives the items with their keys; none where an item has none, or two have the same.
pub(super) fn keyed<'a, 'd>(list: &'a List<'d>, names: &[crate::schema::Text]) -> Option<Vec<Item<'a, 'd>>> {
    let mut items: Vec<Item<'a, 'd>> = Vec::new();
    for item in &list.items {
        let key = |name: &crate::schema::Text| {
            let data = item.get(name).map_or(Data::Null, |value| match &value.content {
                Content::Scalar(data, _) => data.clone(),
                _ => Data::Null,
            });
            (name.to_string(), data)
        };
        let keys: Keys = names.iter().map(key).collect();
        let none = keys.iter().all(|(_, value)| *value == Data::Null);
        if none || items.iter().any(|(known, _)| same_keys(known, &keys)) {
            return None;
        }
        items.push((keys, item));
    }
    Some(items)
}

/// Tells whether the keys of two items are the same.
pub(super) fn same_keys(one: &Keys, two: &Keys) -> bool {
    one.iter().zip(two).all(|((_, one), (_, two))| same_scalar(one, two))
}

fn by_keys<'a, 'd>(old: &[Item<'a, 'd>], new: &[Item<'a, 'd>]) -> Aligned<'a, 'd> {
    let mut pairs = Vec::new();
    let mut places = Vec::new();
    for (keys, item) in old {
        let at = new.iter().position(|(other, _)| same_keys(keys, other));
        places.extend(at);
        pairs.push((keys.clone(), Some(*item), at.map(|at| new[at].1)));
    }
    let added = new.iter().enumerate().filter(|(at, _)| !places.contains(at));
    let added: Vec<_> = added.map(|(_, (keys, item))| (keys.clone(), None, Some(*item))).collect();
    pairs.extend(added);
    Aligned::Keyed { pairs, moved: !places.is_sorted() }
}

/// Lists of one length are compared place by place, unless their items only moved along.
fn by_index<'a, 'd>(old: &'a List<'d>, new: &'a List<'d>) -> Aligned<'a, 'd> {
    if old.items.len() != new.items.len() {
        return Aligned::Whole;
    }
    let pairs = old.items.iter().zip(&new.items).enumerate();
    let differing: Vec<_> =
        pairs.filter(|(_, (old, new))| !old.same(new)).map(|(at, (old, new))| (at, old, new)).collect();
    let moved = differing.iter().any(|(_, old, _)| differing.iter().any(|(_, _, new)| old.same(new)));
    if moved { Aligned::Whole } else { Aligned::Indexed(differing) }
}
