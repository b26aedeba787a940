//! Lints objects: finds what the server accepts and a careful reviewer would not.
//!
//! In: an [`ObjectSet`](crate::object::ObjectSet) and a [`LintConfig`]. Out: findings, each at the node that a person would
//! edit. Rules are data: a file of `rules/<group>/` holds a rule's texts, names the function of `checks` that looks for
//! the pattern, gives its parameters, and shows manifests that fail and pass, which are the rule's tests. People's own
//! rules have the same form ([`decode`]), and may check in CEL or Rego ([`crate::policy::own`]).
//!
//! - [`catalogue()`], [`load`]: the built-in rules. A table made at build time says which there are; a rule is decoded when
//!   the first object comes that it applies to.
//! - [`Linter`]: chooses rules by profile and configuration, and runs them.
//! - [`suppress`]: takes out what a person allowed, with a comment, an annotation or an exception.
//! - [`written`]: finds secrets in values and templates themselves, beyond what objects show.
//! - [`examples`]: runs a rule's examples.
//!
//! A check never decides a severity, never words a remedy, and never prints a secret. This stage knows nothing of files,
//! flags or the clock.

mod beside;
mod catalogue;
mod checks;
mod config;
mod engine;
pub mod examples;
mod export;
mod finding;
mod fix;
mod own;
mod params;
mod rule;
mod scaling;
pub mod secrets;
mod set;
pub mod suppress;
#[cfg(test)]
mod testing;
pub mod written;

pub use beside::Neighbourhood;
pub use catalogue::{RuleSummary, catalogue, load, nearest_rule, text};
pub use config::{Configure, Level, LintConfig, Word};
pub use engine::Linter;
pub use export::Exported;
pub use finding::LintContext;
pub use fix::RuleFix;
pub use own::{Files, loose_rules};
pub use params::Param;
pub use rule::{Applies, Example, PROFILES, Rule, TOOLS, decode, decode_with};
