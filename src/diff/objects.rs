//! Two sets of objects, compared.

use super::change::{Changes, ObjectChange, What};
use super::compare::{Secrets, compare, shown};
use super::ignore::Ignored;
use super::immutable::forced_replacement;
use super::likeness;
use super::read::{Reading, read};
use super::value::Value;
use crate::chart::IgnoredField;
use crate::object::{Object, ObjectSet};
use rayon::prelude::*;
use std::collections::{BTreeMap, HashMap};

/// How two sets are compared.
#[derive(Clone, Copy, Debug)]
pub struct Comparison<'a> {
    /// How objects are read.
    pub reading: Reading<'a>,
    /// The namespaces of the two releases: an object in its release's own is the same object in the other's.
    pub namespaces: (Option<&'a str>, Option<&'a str>),
    /// Whether secrets are masked.
    pub secrets: Secrets,
    /// The fields that the workspace leaves out.
    pub ignore: &'a [IgnoredField],
}

/// An object, read.
struct Read<'o, 'd> {
    object: &'o Object<'d>,
    value: Value<'d>,
}

/// Which object it is: group, kind, namespace where it is not the release's own, name, and which of several equal ones.
type Key = (String, String, Option<String>, String, usize);

/// Compares two sets.
pub fn compare_sets(old: &ObjectSet<'_>, new: &ObjectSet<'_>, comparison: &Comparison<'_>) -> Changes {
    let olds = index(old, comparison.namespaces.0, comparison);
    let mut news: BTreeMap<Key, Read<'_, '_>> = index(new, comparison.namespaces.1, comparison).into_iter().collect();
    let mut changes = Changes::default();
    let (mut pairs, mut removed) = (Vec::new(), Vec::new());
    for (key, old) in olds {
        match news.remove(&key) {
            Some(new) => pairs.push((old, new)),
            None => removed.push(old),
        }
    }
    let added: Vec<Read<'_, '_>> = news.into_values().collect();
    let changed: Vec<Option<ObjectChange>> =
        pairs.par_iter().map(|(old, new)| comparison.pair(old, new, None)).collect();
    for change in changed {
        match change {
            Some(change) => changes.objects.push(change),
            None => changes.unchanged += 1,
        }
    }
    comparison.come_and_go(&removed, &added, &mut changes);
    changes.sort();
    changes
}

fn index<'o, 'd>(
    set: &'o ObjectSet<'d>,
    namespace: Option<&str>,
    comparison: &Comparison<'_>,
) -> Vec<(Key, Read<'o, 'd>)> {
    let Reading { store, version, .. } = comparison.reading;
    let mut counts: HashMap<(String, String, Option<String>, String), usize> = HashMap::new();
    let objects: Vec<&Object<'d>> = set.iter().collect();
    let values: Vec<Value<'d>> = objects.par_iter().map(|object| read(object.node, &comparison.reading)).collect();
    let mut indexed = Vec::new();
    for (object, value) in objects.into_iter().zip(values) {
        let own = object.namespace.as_deref() == namespace
            || store.is_namespaced(version, object.api_version, object.kind) == Some(false);
        let name = match object.name {
            "" => value.at(&["metadata", "generateName"]).and_then(Value::as_str).unwrap_or_default().to_owned(),
            name => name.to_owned(),
        };
        let key = (object.group().to_owned(), object.kind.to_owned(), object.namespace.clone().filter(|_| !own), name);
        let count = counts.entry(key.clone()).or_default();
        let (group, kind, namespace, name) = key;
        indexed.push(((group, kind, namespace, name, *count), Read { object, value }));
        *count += 1;
    }
    indexed
}

impl Comparison<'_> {
    /// Compares an object that was there before with what it is now; none where nothing differs.
    fn pair(&self, old: &Read<'_, '_>, new: &Read<'_, '_>, what: Option<What>) -> Option<ObjectChange> {
        let object = new.object;
        let ignored = Ignored::of(self.ignore, object.kind, object.namespace.as_deref(), object.name);
        let compared = compare(&old.value, &new.value, self.secrets, &ignored);
        if compared.fields.is_empty() && what.is_none() {
            return None;
        }
        let reasons = forced_replacement(object.group(), object.kind, &old.value, &compared.fields);
        let replaced = || if reasons.is_empty() { What::Changed } else { What::Replaced(reasons) };
        Some(ObjectChange {
            what: what.unwrap_or_else(replaced),
            object: object.full_name(),
            span: Some(object.node.head()),
            place: None,
            fields: compared.fields,
            old: Some(compared.old),
            new: Some(compared.new),
            predicted: None,
        })
    }

    /// Tells what comes and what goes, and what only has another name.
    fn come_and_go(&self, removed: &[Read<'_, '_>], added: &[Read<'_, '_>], changes: &mut Changes) {
        let mut kinds: Vec<(&str, &str)> = Vec::new();
        for read in removed.iter().chain(added) {
            let kind = (read.object.group(), read.object.kind);
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        for kind in kinds {
            let of_kind = |reads: &'_ [Read<'_, '_>]| -> Vec<usize> {
                let fits = |at: &usize| (reads[*at].object.group(), reads[*at].object.kind) == kind;
                let mut fitting: Vec<usize> = (0..reads.len()).filter(fits).collect();
                // Of equally similar objects, names choose: the order of documents means nothing.
                fitting.sort_by_key(|at| (&reads[*at].object.namespace, reads[*at].object.name));
                fitting
            };
            let (olds, news) = (of_kind(removed), of_kind(added));
            let old_values: Vec<_> = olds.iter().map(|at| &removed[*at].value).collect();
            let new_values: Vec<_> = news.iter().map(|at| &added[*at].value).collect();
            let pairs = likeness::pairs(&old_values, &new_values);
            for (at, index) in olds.iter().enumerate() {
                match pairs.iter().find(|(old, _)| *old == at) {
                    Some((_, to)) => {
                        let (old, new) = (&removed[*index], &added[news[*to]]);
                        let what = What::Renamed(old.object.full_name());
                        changes.objects.extend(self.pair(old, new, Some(what)));
                    }
                    None => changes.objects.push(self.whole(&removed[*index], What::Removed)),
                }
            }
            let alone = news.iter().enumerate().filter(|(to, _)| !pairs.iter().any(|(_, new)| new == to));
            changes.objects.extend(alone.map(|(_, index)| self.whole(&added[*index], What::Added)));
        }
    }

    fn whole(&self, read: &Read<'_, '_>, what: What) -> ObjectChange {
        let data = shown(&read.value, self.secrets);
        let (old, new) = if what == What::Added { (None, Some(data)) } else { (Some(data), None) };
        ObjectChange {
            what,
            object: read.object.full_name(),
            span: Some(read.object.node.head()),
            place: None,
            fields: Vec::new(),
            old,
            new,
            predicted: None,
        }
    }
}
