//! Plimsoll: a compiler for Kubernetes manifests.

pub mod source;
pub mod diagnostic;
pub mod yaml;
pub mod chart;
pub mod render;
pub mod schema;
pub mod object;
pub mod lint;
pub mod cli;
