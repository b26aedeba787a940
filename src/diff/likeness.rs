//! How much two objects have in common: what is renamed keeps most of its fields.

use super::value::{Content, Value};
use crate::yaml::emit::flow;
use std::collections::HashMap;

/// From this share of common fields on, an object that comes is one that goes, under another name.
const ALIKE: f64 = 0.6;

/// Fewer fields than these say nothing.
const FEW: usize = 3;

/// Pairs objects that go with objects that come, the most similar first: indexes into both.
pub(super) fn pairs(removed: &[&Value<'_>], added: &[&Value<'_>]) -> Vec<(usize, usize)> {
    let leaves = |objects: &[&Value<'_>]| objects.iter().map(|object| Leaves::of(object)).collect::<Vec<_>>();
    let (olds, news) = (leaves(removed), leaves(added));
    let mut scored: Vec<(f64, usize, usize)> = Vec::new();
    for (at, old) in olds.iter().enumerate() {
        for (to, new) in news.iter().enumerate() {
            let score = old.share(new);
            if score >= ALIKE {
                scored.push((score, at, to));
            }
        }
    }
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    let mut pairs: Vec<(usize, usize)> = Vec::new();
    for (_, at, to) in scored {
        if !pairs.iter().any(|(old, new)| *old == at || *new == to) {
            pairs.push((at, to));
        }
    }
    pairs
}

/// The scalars of an object, with their paths and how often each stands there.
struct Leaves(HashMap<String, usize>);

impl Leaves {
    fn of(object: &Value<'_>) -> Self {
        let mut leaves = HashMap::new();
        collect(object, "", &mut leaves);
        Self(leaves)
    }

    fn share(&self, other: &Self) -> f64 {
        let count = |leaves: &Self| leaves.0.values().sum::<usize>();
        let most = count(self).max(count(other));
        if most < FEW {
            return 0.0;
        }
        let common: usize =
            self.0.iter().map(|(leaf, count)| other.0.get(leaf).map_or(0, |other| *count.min(other))).sum();
        #[expect(clippy::cast_precision_loss, reason = "counts of fields are small")]
        let share = common as f64 / most as f64;
        share
    }
}

fn collect(value: &Value<'_>, path: &str, leaves: &mut HashMap<String, usize>) {
    match &value.content {
        Content::Map(entries) => {
            for (key, inner) in entries {
                let inner_path = format!("{path}/{key}");
                let says_which = ["/metadata/name", "/metadata/namespace", "/apiVersion", "/kind"];
                if !says_which.contains(&inner_path.as_str()) {
                    collect(inner, &inner_path, leaves);
                }
            }
        }
        Content::List(list) => list.items.iter().for_each(|item| collect(item, &format!("{path}[]"), leaves)),
        Content::Scalar(data, _) if value.node.is_some() => {
            *leaves.entry(format!("{path}={}", flow(data))).or_default() += 1;
        }
        // What the server fills in is no likeness.
        Content::Scalar(..) => {}
    }
}
