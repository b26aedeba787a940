//! Charts: their metadata, templates, values and environments, read from bytes that somebody else fetched.

mod value;

pub use value::{Place, Value, ValueData, ValueEntry};
