//! Template unit tests: what a chart must give for certain values.
//!
//! In: a file of a chart's `tests/` ([`Suite::read`]), what the chart gave for one of its tests ([`Subject`]), and stored
//! [`Snapshots`]. Out: findings, at the line of the test and at the line that a person wrote to make the actual value. This
//! stage renders nothing and reads no files: `cli` does both.

mod compare;
mod decode;
mod judge;
mod path;
mod secrets;
mod snapshot;

pub use decode::{Setup, Suite, Test};
pub use judge::{Item, Subject, Verdict, is_template, judge};
pub use snapshot::{Snapshots, difference};
