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
mod forecast;
mod ignore;
mod immutable;
mod left;
mod likeness;
mod lists;
mod live;
mod mask;
mod objects;
mod owners;
pub mod plan;
mod read;
#[cfg(test)]
mod tests;
mod value;

use crate::object::Object;

pub use change::{Changes, Field, FieldKind, ObjectChange, Path, Place, Side, Step, What};
pub use compare::{Compared, Secrets, compare};
pub use ignore::Ignored;
pub use immutable::forced_replacement;
pub use left::Left;
pub use live::{Foreseen, as_applied};
pub use objects::{Comparison, compare_sets};
pub use read::{Reading, noise, read};
pub use value::{Content, List, Value};

/// Words what a server says of an object without the secrets that it may quote.
pub fn redacted(words: &str, object: &Object<'_>) -> String {
    let is_secret = (object.api_version, object.kind) == ("v1", "Secret");
    // Of a Secret nothing behind the colon is shown: parts of values may stand there, too.
    let words = if is_secret { words.split(':').next().unwrap_or_default() } else { words };
    mask::redacted(words, &Value::of_node(object.node), is_secret)
}
