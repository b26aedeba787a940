//! What an expression may stand for, as far as it can be told without running the template.

use crate::chart::{Found, Spot};
use minijinja::machinery::ast::Macro;
use std::fmt::Write as _;
use std::rc::Rc;

/// The step of a path into any item of a list, or under any key.
pub(super) const ANY: &str = "*";

/// What an expression may stand for.
#[derive(Clone)]
pub(super) enum Thing<'a> {
    /// Nothing is known.
    Unknown,
    /// The values at a path.
    Value(At<'a>),
    /// A map written out in the template.
    Dict(Rc<[(String, Thing<'a>)]>),
    /// A list written out in the template.
    List(Rc<[Thing<'a>]>),
    /// The list of keys and values of a map.
    Pairs(Rc<Thing<'a>>),
    /// A macro of the template with this index.
    Macro(usize, &'a Macro<'a>),
    /// What the template with this index defines.
    Module(usize),
    /// One of these.
    Any(Rc<[Thing<'a>]>),
}

/// A path in the values.
#[derive(Clone)]
pub(super) struct At<'a> {
    pub(super) spot: Spot<'a>,
    pub(super) path: Vec<String>,
}

/// A step of an expression: `.key`, `["key"]`, `[0]`, `[x]`.
#[derive(Clone, Copy, Debug)]
pub(super) enum Seg<'a> {
    Key(&'a str),
    Index(usize),
    Dynamic,
}

/// A step that leads nowhere.
pub(super) struct Miss<'a> {
    /// Which step.
    pub(super) index: usize,
    /// The path that has no such key.
    pub(super) at: At<'a>,
}

impl<'a> At<'a> {
    fn into(&self, spot: Spot<'a>, step: &str) -> Thing<'a> {
        let path = self.path.iter().cloned().chain([step.to_owned()]).collect();
        Thing::Value(At { spot, path })
    }

    fn open(&self, step: &str) -> Thing<'a> {
        self.into(Spot::anything(), step)
    }
}

impl<'a> Thing<'a> {
    /// Gives one of several things; the unknown where there are none.
    pub(super) fn any(things: Vec<Self>) -> Self {
        match <[Self; 1]>::try_from(things) {
            Ok([only]) => only,
            Err(things) if things.is_empty() => Self::Unknown,
            Err(things) => Self::Any(things.into()),
        }
    }

    /// Gives what lies under any key of a map.
    pub(super) fn children(&self) -> Self {
        match self {
            Self::Value(at) => {
                let mut children: Vec<Self> = Vec::new();
                for key in at.spot.keys() {
                    if let Found::Spot(spot) = at.spot.key(key) {
                        children.push(at.into(spot, key));
                    }
                }
                if at.spot.is_open() || children.is_empty() {
                    children.push(at.open(ANY));
                }
                Self::any(children)
            }
            Self::Dict(entries) => Self::any(entries.iter().map(|(_, value)| value.clone()).collect()),
            Self::Any(things) => Self::any(things.iter().map(Self::children).collect()),
            _ => Self::Unknown,
        }
    }

    /// Gives what an item of a list may be; of a map, a key of it, of which nothing is known.
    pub(super) fn elements(&self) -> Self {
        match self {
            Self::Value(at) if at.spot.is_list() => at.into(at.spot.items(), ANY),
            Self::Value(at) if at.spot.is_open() => at.open(ANY),
            Self::List(items) => Self::any(items.to_vec()),
            Self::Pairs(map) => Self::List(Rc::new([Self::Unknown, map.children()])),
            Self::Any(things) => Self::any(things.iter().map(Self::elements).collect()),
            _ => Self::Unknown,
        }
    }

    /// Follows steps that need no look at other templates.
    pub(super) fn follow(&self, segs: &[Seg<'_>], index: usize) -> Result<Self, Miss<'a>> {
        let Some(seg) = segs.get(index) else { return Ok(self.clone()) };
        let next = match (self, seg) {
            (Self::Any(things), _) => {
                let (mut found, mut missed) = (Vec::new(), None);
                for thing in things.iter() {
                    match thing.follow(segs, index) {
                        Ok(thing) => found.push(thing),
                        Err(miss) => missed = missed.or(Some(miss)),
                    }
                }
                return match missed {
                    Some(miss) if found.is_empty() => Err(miss),
                    _ => Ok(Self::any(found)),
                };
            }
            (Self::Value(at), Seg::Key(key)) => match at.spot.key(key) {
                Found::Spot(spot) => at.into(spot, key),
                Found::Open => at.open(key),
                Found::Nothing => return Err(Miss { index, at: at.clone() }),
            },
            (Self::Value(at), Seg::Index(_)) => at.into(at.spot.items(), ANY),
            (Self::Value(at), Seg::Dynamic) if at.spot.is_list() => self.elements(),
            (Self::Value(_) | Self::Dict(_), Seg::Dynamic) => self.children(),
            (Self::Dict(entries), Seg::Key(key)) => {
                entries.iter().find(|(known, _)| known == key).map_or(Self::Unknown, |(_, value)| value.clone())
            }
            (Self::List(items), Seg::Index(at)) => items.get(*at).cloned().unwrap_or(Self::Unknown),
            (Self::List(_), Seg::Dynamic) => self.elements(),
            _ => Self::Unknown,
        };
        next.follow(segs, index + 1)
    }

    /// Tells whether more than `limit` things are nested in this one; counts no further.
    pub(super) fn is_larger(&self, limit: usize) -> bool {
        fn count(thing: &Thing<'_>, left: usize) -> Option<usize> {
            let left = left.checked_sub(1)?;
            match thing {
                Thing::Dict(entries) => entries.iter().try_fold(left, |left, (_, value)| count(value, left)),
                Thing::List(items) | Thing::Any(items) => items.iter().try_fold(left, |left, item| count(item, left)),
                Thing::Pairs(map) => count(map, left),
                Thing::Unknown | Thing::Value(_) | Thing::Macro(..) | Thing::Module(_) => Some(left),
            }
        }
        count(self, limit).is_none()
    }

    /// Visits the paths in the values that this may stand for.
    pub(super) fn paths(&self, see: &mut impl FnMut(&[String])) {
        match self {
            Self::Value(at) => see(&at.path),
            Self::Dict(entries) => entries.iter().for_each(|(_, value)| value.paths(see)),
            Self::List(items) | Self::Any(items) => items.iter().for_each(|item| item.paths(see)),
            Self::Pairs(map) => map.paths(see),
            Self::Unknown | Self::Macro(..) | Self::Module(_) => {}
        }
    }

    /// Appends a text that is the same for two things that are.
    pub(super) fn sign(&self, out: &mut String) {
        match self {
            Self::Unknown => out.push('?'),
            Self::Value(at) => _ = write!(out, "{:?}", at.path),
            Self::Dict(entries) => {
                for (key, value) in entries.iter() {
                    _ = write!(out, "{key:?}:");
                    value.sign(out);
                }
            }
            Self::List(items) | Self::Any(items) => {
                out.push(if matches!(self, Self::List(_)) { '[' } else { '<' });
                items.iter().for_each(|item| item.sign(out));
                out.push(']');
            }
            Self::Pairs(map) => {
                out.push('%');
                map.sign(out);
            }
            Self::Macro(template, node) => _ = write!(out, "m{template}.{}", node.name),
            Self::Module(template) => _ = write!(out, "t{template}"),
        }
        out.push(';');
    }
}
