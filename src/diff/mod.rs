//! What would change: the comparison of two sets of objects, and how it is shown.
//!
//! In: two [`ObjectSet`](crate::object::ObjectSet)s, or an object and what a cluster has of it, with their schemas.
//! Out: [`Changes`], field by field, each with both values and where they were written; [`emit`] gives text. Objects are
//! compared as the server would keep them ([`Value`]): with defaults, quantities by their amount, lists by the keys of their
//! items. Secrets are masked before a change is made of them, so that nothing that shows changes has them. This stage asks
//! nobody: what a cluster says is handed to it.

mod change;
mod compare;
pub mod emit;
mod ignore;
mod immutable;
mod likeness;
mod lists;
mod mask;
mod objects;
mod read;
#[cfg(test)]
mod tests;
mod value;

pub use change::{Changes, Field, FieldKind, ObjectChange, Path, Place, Side, Step, What};
pub use compare::{Compared, Secrets, compare};
pub use ignore::Ignored;
pub use immutable::forced_replacement;
pub use objects::{Comparison, compare_sets};
pub use read::{Reading, noise, read};
pub use value::{Content, List, Value};
