//! Compares the server's verdict with ours.

use super::answer::{Answer, Named};
use super::ours::Ours;
use super::server::Way;
use serde_json::Value;

/// What comparing one verdict gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Outcome {
    /// Both accept.
    BothAccept,
    /// Both reject, and name the same field, or the server names none.
    Same,
    /// Both reject, and name different fields.
    OtherField,
    /// The server accepts in `apply` what it rejects in `create`, and we reject: a verdict on an object has no such case.
    CreateOnly,
    /// The server accepts what we reject.
    False,
    /// We accept what the server rejects.
    Missed,
}

impl Outcome {
    pub(super) fn of(answer: &Answer, ours: &Ours, way: Way, object: &Value) -> Self {
        if ours.panicked() {
            return Self::False;
        }
        match (answer.rejects(), ours.rejects(way)) {
            (false, false) => Self::BothAccept,
            (false, true) => Self::False,
            (true, false) => Self::Missed,
            (true, true) => match names_same(answer, ours, way, object) {
                Some(false) => Self::OtherField,
                _ => Self::Same,
            },
        }
    }

    /// Tells whether the verdicts differ.
    pub(super) fn disagrees(self) -> bool {
        matches!(self, Self::False | Self::Missed)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::BothAccept => "both accept",
            Self::Same => "same",
            Self::OtherField => "field",
            Self::CreateOnly => "create only",
            Self::False => "false",
            Self::Missed => "missed",
        }
    }
}

/// Tells whether the first field that the server names is among ours; none where it names none.
pub(super) fn names_same(answer: &Answer, ours: &Ours, way: Way, object: &Value) -> Option<bool> {
    let fields = ours.fields(way);
    Some(match answer.field(object)? {
        Named::Exact(field) => fields.contains(&field),
        Named::Item(item) => fields.iter().any(|field| field.starts_with(&item) || item[..item.len() - 1] == **field),
        Named::Keys(keys) => fields.iter().any(|field| {
            // The decoder leaves out indices and the keys of free maps.
            let mut steps = field.iter();
            keys.iter().all(|key| steps.any(|step| step == key))
        }),
    })
}
