//! Plimsoll: a compiler for Kubernetes manifests.
//!
//! ```text
//!  chart + values ──► render ──► parse ──► objects ──► validate ─┐
//!  (load, merge)      files +    spanned   ObjectSet   lint      ├─► diagnostics ─► emit
//!                     origins    YAML                            ┘
//! ```
//!
//! 1. [`chart`] reads a chart's files and merges its values; every value remembers the file and line that supplied it.
//! 2. [`render`] turns a chart, its values and a release into manifests, with the origin of every byte.
//! 3. [`yaml`] parses manifests, rendered or plain, into spanned trees, as Kubernetes' own clients read them.
//! 4. [`object`] takes the objects out of the trees, and the pods out of the objects.
//! 5. [`schema`] proves objects against the API's own schemas, at one or several Kubernetes versions.
//! 6. [`api`] adds what the API server refuses beyond schemas.
//! 7. [`policy`] evaluates the admission policies that people keep in files.
//! 8. [`lint`] judges them by rules, which are data.
//! 9. [`diff`] compares two sets of them, as the server would keep them.
//! 10. [`mod@test`] holds what a chart gives for certain values against what its tests expect.
//! 11. Every stage reports [`diagnostic`]s: what is wrong, where, what to write instead. Those in rendered text are carried
//!     back to the line of a template or of a values file that a person wrote; [`diagnostic::emit`] prints them.
//!
//! [`source`] holds the texts that all of them point into. The stages from `yaml` on are pure: they read no files and print
//! nothing. [`cli`] is the only one that touches the world: it reads, runs the stages in parallel, writes, and exits.

#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests read files and clocks"))]

pub mod api;
#[cfg(feature = "cluster")]
pub mod apply;
pub mod chart;
pub mod cli;
#[cfg(feature = "cluster")]
pub mod cluster;
pub mod diagnostic;
pub mod diff;
pub mod lint;
pub mod object;
#[cfg(feature = "oci")]
pub mod oci;
pub mod package;
pub mod policy;
pub mod render;
pub mod schema;
pub mod source;
pub mod test;
pub mod yaml;
