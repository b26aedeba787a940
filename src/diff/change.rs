//! Changes: what differs between two objects, and between two sets of them.

use crate::diagnostic::ObjectName;
use crate::source::Span;
use crate::yaml;
use crate::yaml::emit::{self, Data};
use std::fmt;
use std::sync::Arc;

/// A step of a [`Path`].
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Into a map.
    Key(String),
    /// To the item of a list that has these keys.
    Item(Vec<(String, Data)>),
    /// To the member of a set.
    Member(Data),
    /// To the item at a place, from 0.
    Index(usize),
}

/// The way from an object's root to a field.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Path(pub Vec<Step>);

impl Path {
    /// Gives the path with a further step.
    #[must_use]
    pub fn then(&self, step: Step) -> Self {
        Self(self.0.iter().cloned().chain([step]).collect())
    }

    /// Gives the last key of a map on the way.
    pub fn last_key(&self) -> Option<&str> {
        self.0.iter().rev().find_map(|step| match step {
            Step::Key(key) => Some(key.as_str()),
            _ => None,
        })
    }
}

/// `spec.template.spec.containers[name=web].image`
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        for step in &self.0 {
            match step {
                Step::Key(key) => yaml::Step::Key(key).push_to(&mut text),
                Step::Index(index) => yaml::Step::Index(*index).push_to(&mut text),
                Step::Member(data) => text += &format!("[{}]", emit::flow(data)),
                Step::Item(keys) => {
                    // A protocol beside a port says little, as nearly all have the same.
                    let several = keys.len() > 1;
                    let plain = |(name, value): &&(String, Data)| {
                        !several || *value != Data::Null && (name != "protocol" || emit::flow(value) != "TCP")
                    };
                    let pairs: Vec<_> = keys
                        .iter()
                        .filter(plain)
                        .map(|(name, value)| format!("{name}={}", emit::flow(value)))
                        .collect();
                    text += &format!("[{}]", pairs.join(","));
                }
            }
        }
        f.write_str(&text)
    }
}

/// Where something was written, as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
    /// The value to edit, where one supplied the field: its key, file and line.
    pub edit: Option<(String, String, u32)>,
}

/// A field as it was or as it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Side {
    /// Its value; of secrets the mask.
    pub data: Data,
    /// Where it stands in the text that was compared; none where it was filled in.
    pub span: Option<Span>,
    /// Where a person wrote it, once [`Changes::locate`] has looked.
    pub place: Option<Place>,
}

/// What happens to a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// It comes.
    Added,
    /// It goes.
    Removed,
    /// Its value changes.
    Changed,
    /// The items of a list come in another order; both sides hold their keys.
    Moved,
}

/// A field that differs.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Where in the object.
    pub path: Path,
    /// As it was.
    pub old: Option<Side>,
    /// As it is.
    pub new: Option<Side>,
    /// Only the order differs.
    pub moved: bool,
    /// It holds a secret: both sides are masked, and they differ.
    pub masked: bool,
    /// Somebody else has set the old value in the cluster: who.
    pub drift: Option<String>,
}

impl Field {
    /// Tells what happens to it.
    pub fn kind(&self) -> FieldKind {
        match (&self.old, &self.new) {
            (_, _) if self.moved => FieldKind::Moved,
            (None, _) => FieldKind::Added,
            (_, None) => FieldKind::Removed,
            _ => FieldKind::Changed,
        }
    }
}

/// What happens to an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// It comes.
    Added,
    /// It goes.
    Removed,
    /// Some of its fields change.
    Changed,
    /// It goes, and comes again under another name with most of its fields: the old name.
    Renamed(Arc<ObjectName>),
    /// It must be deleted and made anew: fields change that the server lets nobody change. Why, field by field.
    Replaced(Vec<String>),
}

impl What {
    /// Gives the name that formats use.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
            Self::Renamed(_) => "renamed",
            Self::Replaced(_) => "replaced",
        }
    }

    /// Gives the mark that stands before it.
    pub fn mark(&self) -> char {
        match self {
            Self::Added => '+',
            Self::Removed => '-',
            Self::Changed => '~',
            Self::Renamed(_) => '>',
            Self::Replaced(_) => '!',
        }
    }
}

/// An object that differs.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectChange {
    /// What happens.
    pub what: What,
    /// Its name as it is; as it was, where it goes.
    pub object: Arc<ObjectName>,
    /// Where it stands in the text that was compared.
    pub span: Option<Span>,
    /// Where a person wrote it, once [`Changes::locate`] has looked.
    pub place: Option<Place>,
    /// The fields that differ, in order of their paths; none of objects that come or go as a whole.
    pub fields: Vec<Field>,
    /// The whole object as it was, masked.
    pub old: Option<Data>,
    /// The whole object as it is, masked.
    pub new: Option<Data>,
    /// The server could not be asked, so this is forecast: why.
    pub predicted: Option<String>,
}

/// Everything that differs between two sets.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    /// The objects that differ, by kind, namespace and name.
    pub objects: Vec<ObjectChange>,
    /// How many are the same.
    pub unchanged: usize,
}

impl Changes {
    /// Tells whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    /// Counts the objects to which the same happens.
    pub fn count(&self, name: &str) -> usize {
        self.objects.iter().filter(|change| change.what.name() == name).count()
    }

    /// Sorts the objects.
    pub fn sort(&mut self) {
        self.objects.sort_by_cached_key(|change| {
            let name = &change.object;
            (name.kind.clone(), name.namespace.clone(), name.name.clone(), name.api_version.clone(), change.what.mark())
        });
    }

    /// Says where a person wrote what differs: spans of the old texts and of the new ones are looked up.
    pub fn locate(&mut self, old: &dyn Fn(Span) -> Option<Place>, new: &dyn Fn(Span) -> Option<Place>) {
        let find = |side: &mut Option<Side>, look: &dyn Fn(Span) -> Option<Place>| {
            if let Some(side) = side {
                side.place = side.span.and_then(look);
            }
        };
        for change in &mut self.objects {
            let look = if change.what == What::Removed { old } else { new };
            change.place = change.span.and_then(look);
            for field in &mut change.fields {
                find(&mut field.old, old);
                find(&mut field.new, new);
            }
        }
    }
}
