//! Plimsoll: a compiler for Kubernetes manifests.

pub mod chart;
pub mod cli;
pub mod diagnostic;
pub mod lint;
pub mod object;
pub mod render;
pub mod schema;
pub mod source;
pub mod yaml;
