//! Counts or shares of pods: `1`, `25%`.

use super::check::{Check, show};
use super::syntax::percentage;
use crate::yaml::{Kind, Node};

/// What a count or share comes to, as the server reckons: the percentage or the number, zero for other text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Share {
    /// A number of pods.
    Count(i64),
    /// A share of them, in percent.
    Percent(i64),
}

impl Share {
    /// Reads a value that is written.
    pub(super) fn read(value: Node<'_>) -> Self {
        match value.kind() {
            Kind::String if percentage(value.text()).is_none() => {
                Self::Percent(value.text().trim_end_matches('%').parse().unwrap_or(i64::MAX))
            }
            Kind::String => Self::Count(value.text().parse().unwrap_or(0)),
            _ => Self::Count(value.as_i64().unwrap_or(0)),
        }
    }

    /// Tells whether it is no pod at all.
    pub(super) fn is_nothing(self) -> bool {
        matches!(self, Self::Count(0) | Self::Percent(0))
    }
}

/// Judges a field that holds a count or a share; `whole` forbids more than all pods. Gives what it comes to, or `default`
/// where it is absent.
pub(super) fn judge<'d>(
    check: &mut Check<'d>,
    rule: &'static str,
    map: Node<'d>,
    field: &'static str,
    whole: bool,
    default: Share,
) -> Share {
    let Some(value) = map.field(field) else { return default };
    let share = Share::read(value);
    match share {
        _ if value.kind() == Kind::String && percentage(value.text()).is_some() => {
            let message = format!("`{field}` is `{}`, but must be a number or a percentage", show(value.text()));
            check.error(rule, value, message).help("write `1` or `25%`");
        }
        Share::Count(number) if number < 0 => {
            check.error(rule, value, format!("`{field}` is {number}, but must be at least 0"));
        }
        Share::Percent(percent) if whole && percent > 100 => {
            check.error(rule, value, format!("`{field}` is `{}`, but may be at most `100%`", show(value.text())));
        }
        _ => {}
    }
    share
}
