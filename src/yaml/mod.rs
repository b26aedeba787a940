//! YAML as Kubernetes reads it: a spanned, comment-keeping tree.
//!
//! In: a [`SourceFile`](crate::source::SourceFile). Out: its [`Document`]s, and findings for what cannot be read; one bad
//! document does not hide the others. Scalars are typed as Go's clients type them ([`resolve`]). [`emit`] writes YAML that
//! Go reads back unchanged, [`edit`] plans changes that keep every other byte. This stage never looks at what a document means.

mod block;
mod build;
pub mod edit;
pub mod emit;
mod parse;
mod problem;
mod scalar;
mod tree;

pub use parse::{Parsed, parse, parse_any};
pub use scalar::{Scalar, float_text, resolve};
pub use tree::{Comment, Document, Entry, Kind, Node, Step, Style};
