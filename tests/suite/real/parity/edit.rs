//! Changes to an object.

use serde_json::Value;
use std::fmt::Write as _;

/// One step from a value to a value in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Step {
    Key(String),
    Index(usize),
}

/// The way from an object's root to a value in it.
pub(super) type Path = Vec<Step>;

/// Gives a path that is one key longer.
pub(super) fn below(path: &[Step], key: &str) -> Path {
    let mut longer = path.to_vec();
    longer.push(Step::Key(key.to_owned()));
    longer
}

/// Gives a path that is one index longer.
pub(super) fn item_of(path: &[Step], index: usize) -> Path {
    let mut longer = path.to_vec();
    longer.push(Step::Index(index));
    longer
}

/// Writes a path: `spec.ports[0].name`.
pub(super) fn show(path: &[Step]) -> String {
    let mut text = String::new();
    for step in path {
        match step {
            Step::Key(key) if key.contains('.') => _ = write!(text, "[{key}]"),
            Step::Key(key) if text.is_empty() => text.push_str(key),
            Step::Key(key) => _ = write!(text, ".{key}"),
            Step::Index(index) => _ = write!(text, "[{index}]"),
        }
    }
    text
}

/// One change.
#[derive(Clone, Debug)]
pub(super) enum Edit {
    /// Writes a value, which may be there or not.
    Set(Path, Value),
    /// Takes a field or an item away.
    Remove(Path),
    /// Adds an item at the end of a list.
    Push(Path, Value),
}

impl Edit {
    /// The value that is changed, or whose content is.
    pub(super) fn path(&self) -> &[Step] {
        match self {
            Self::Set(path, _) | Self::Remove(path) | Self::Push(path, _) => path,
        }
    }

    /// Makes the change, where the object has the place for it.
    pub(super) fn apply(&self, object: &mut Value) {
        match self {
            Self::Set(path, value) => {
                let Some((last, parents)) = path.split_last() else { return };
                match (at_mut(object, parents), last) {
                    (Some(Value::Object(map)), Step::Key(key)) => _ = map.insert(key.clone(), value.clone()),
                    (Some(Value::Array(items)), Step::Index(index)) => {
                        if let Some(item) = items.get_mut(*index) {
                            *item = value.clone();
                        }
                    }
                    _ => {}
                }
            }
            Self::Remove(path) => {
                let Some((last, parents)) = path.split_last() else { return };
                match (at_mut(object, parents), last) {
                    (Some(Value::Object(map)), Step::Key(key)) => _ = map.shift_remove(key),
                    (Some(Value::Array(items)), Step::Index(index)) if *index < items.len() => _ = items.remove(*index),
                    _ => {}
                }
            }
            Self::Push(path, value) => {
                if let Some(Value::Array(items)) = at_mut(object, path) {
                    items.push(value.clone());
                }
            }
        }
    }
}

/// Finds a value.
pub(super) fn at<'v>(object: &'v Value, path: &[Step]) -> Option<&'v Value> {
    path.iter().try_fold(object, |value, step| match step {
        Step::Key(key) => value.get(key),
        Step::Index(index) => value.get(index),
    })
}

fn at_mut<'v>(object: &'v mut Value, path: &[Step]) -> Option<&'v mut Value> {
    path.iter().try_fold(object, |value, step| match step {
        Step::Key(key) => value.get_mut(key),
        Step::Index(index) => value.get_mut(index),
    })
}
