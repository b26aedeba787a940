//! The fields that differ between two forms of an object.

use super::change::{Field, Path, Side, Step};
use super::ignore::Ignored;
use super::lists::{Aligned, Keys, align};
use super::mask::{Mask, Spot, spot};
use super::value::{Content, List, Value};
use crate::schema::Identity;
use crate::yaml::emit::Data;

/// Whether secrets may stand in changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrets {
    /// They are masked.
    Masked,
    /// They are shown: somebody has asked for it.
    Shown,
}

/// Two forms of an object, compared.
#[derive(Debug)]
pub struct Compared {
    /// The fields that differ.
    pub fields: Vec<Field>,
    /// How many more differ that the workspace ignores.
    pub ignored: usize,
    /// The old form, masked.
    pub old: Data,
    /// The new form, masked.
    pub new: Data,
}

/// Lists whose order has a meaning though their items have keys: containers that run one after the other, and variables that
/// refer to those before them.
const ORDERED: [&str; 2] = ["initContainers", "env"];

/// Compares two forms of an object. Its name and namespace are not compared: they say which object it is.
pub fn compare(old: &Value<'_>, new: &Value<'_>, secrets: Secrets, ignored: &Ignored<'_>) -> Compared {
    let is_secret = [old, new].iter().any(|object| is_a_secret(object));
    let mut walk = Walk { is_secret, off: secrets == Secrets::Shown, fields: Vec::new(), keys: Vec::new() };
    walk.values(&Path::default(), Some(old), Some(new), None);
    let mut fields = walk.fields;
    let all = fields.len();
    fields.retain(|field| !is_name(&field.path) && !ignored.covers(&field.path));
    let mask = || Mask::new(is_secret, secrets == Secrets::Shown);
    let root = Spot::default();
    Compared {
        ignored: all - fields.len(),
        fields,
        old: mask().data(&harmonised(old, new), &root),
        new: mask().against(old, &root).data(new, &root),
    }
}

/// Copies an object's data, its secrets masked.
pub(super) fn shown(object: &Value<'_>, secrets: Secrets) -> Data {
    Mask::new(is_a_secret(object), secrets == Secrets::Shown).data(object, &Spot::default())
}

pub(super) fn is_a_secret(object: &Value<'_>) -> bool {
    object.get("kind").and_then(Value::as_str) == Some("Secret")
}

fn is_name(path: &Path) -> bool {
    matches!(&path.0[..], [Step::Key(metadata), Step::Key(key)] if metadata == "metadata" && (key == "name" || key == "namespace"))
}

/// Gives the old form written as the new one is, where both mean the same: what then differs as text differs in truth.
fn harmonised<'d>(old: &Value<'d>, new: &Value<'d>) -> Value<'d> {
    if old.same(new) {
        return new.clone();
    }
    let content = match (&old.content, &new.content) {
        (Content::Map(olds), Content::Map(_)) => Content::Map(
            olds.iter()
                .map(|(key, inner)| {
                    (key.clone(), new.get(key).map_or_else(|| inner.clone(), |other| harmonised(inner, other)))
                })
                .collect(),
        ),
        (Content::List(olds), Content::List(news)) => {
            let items = match align(olds, news) {
                Aligned::Keyed { pairs, .. } => pairs
                    .into_iter()
                    .filter_map(|(_, old, new)| match (old?, new) {
                        (old, Some(new)) => Some(harmonised(old, new)),
                        (old, None) => Some(old.clone()),
                    })
                    .collect(),
                Aligned::Indexed(_) => {
                    olds.items.iter().zip(&news.items).map(|(old, new)| harmonised(old, new)).collect()
                }
                _ => olds.items.clone(),
            };
            Content::List(List { items, identity: olds.identity.clone() })
        }
        (content, _) => content.clone(),
    };
    Value { node: old.node, content }
}

struct Walk {
    is_secret: bool,
    off: bool,
    fields: Vec<Field>,
    /// The keys of the maps on the way.
    keys: Vec<String>,
}

impl Walk {
    fn values(&mut self, path: &Path, old: Option<&Value<'_>>, new: Option<&Value<'_>>, holder: Option<&Value<'_>>) {
        match (old.map(|old| &old.content), new.map(|new| &new.content)) {
            (Some(Content::Map(olds)), Some(Content::Map(news))) => {
                let mut names: Vec<&String> = olds.iter().chain(news).map(|(name, _)| name).collect();
                names.sort_unstable();
                names.dedup();
                for name in names {
                    let (before, after) = (old.and_then(|old| old.get(name)), new.and_then(|new| new.get(name)));
                    self.keys.push(name.clone());
                    self.values(&path.then(Step::Key(name.clone())), before, after, new);
                    self.keys.pop();
                }
            }
            (Some(Content::List(olds)), Some(Content::List(news))) => match align(olds, news) {
                Aligned::Keyed { pairs, moved } => {
                    for (keys, before, after) in pairs {
                        self.values(&path.then(Step::Item(keys)), before, after, None);
                    }
                    if moved && path.last_key().is_some_and(|key| ORDERED.contains(&key)) {
                        self.moved(path, old, new);
                    }
                }
                Aligned::Set { removed, added } => {
                    for member in removed {
                        self.differ(&self.member(path, member), Some(member), None, None);
                    }
                    for member in added {
                        self.differ(&self.member(path, member), None, Some(member), None);
                    }
                }
                Aligned::Indexed(pairs) => {
                    for (at, before, after) in pairs {
                        self.values(&path.then(Step::Index(at)), Some(before), Some(after), None);
                    }
                }
                Aligned::Whole => self.differ(path, old, new, holder),
            },
            (Some(_), Some(_)) => {
                if let (Some(before), Some(after)) = (old, new)
                    && !before.same(after)
                {
                    self.differ(path, old, new, holder);
                }
            }
            (None, None) => {}
            _ => self.differ(path, old, new, holder),
        }
    }

    fn spot(&self, holder: Option<&Value<'_>>) -> Spot {
        spot(&self.keys, holder)
    }

    fn member(&self, path: &Path, member: &Value<'_>) -> Path {
        path.then(Step::Member(Mask::new(self.is_secret, self.off).data(member, &self.spot(None))))
    }

    fn differ(&mut self, path: &Path, old: Option<&Value<'_>>, new: Option<&Value<'_>>, holder: Option<&Value<'_>>) {
        let spot = self.spot(holder);
        let plain = Mask::new(self.is_secret, self.off);
        let marked = match old {
            Some(old) => Mask::new(self.is_secret, self.off).against(old, &spot),
            None => Mask::new(self.is_secret, self.off),
        };
        let side = |value: Option<&Value<'_>>, mask: &Mask| {
            value.map(|value| Side {
                data: mask.data(value, &spot),
                span: value.node.map(crate::yaml::Node::head),
                place: None,
            })
        };
        let masked = [old, new].into_iter().flatten().any(|value| plain.holds_secret(value, &spot));
        let (old, new) = (side(old, &plain), side(new, &marked));
        self.fields.push(Field { path: path.clone(), old, new, moved: false, masked, drift: None });
    }

    fn moved(&mut self, path: &Path, old: Option<&Value<'_>>, new: Option<&Value<'_>>) {
        let side = |value: &Value<'_>| {
            let Content::List(list) = &value.content else { return None };
            let Identity::Keys(names) = &list.identity else { return None };
            let keys: Vec<Data> =
                super::lists::keyed(list, names)?.into_iter().map(|(keys, _)| name_of(&keys)).collect();
            Some(Side { data: Data::Seq(keys), span: value.node.map(crate::yaml::Node::head), place: None })
        };
        let (old, new) = (old.and_then(side), new.and_then(side));
        self.fields.push(Field { path: path.clone(), old, new, moved: true, masked: false, drift: None });
    }
}

/// The first key of an item: enough to tell a person which it is.
fn name_of(keys: &Keys) -> Data {
    keys.first().map_or(Data::Null, |(_, value)| value.clone())
}
