//! The integration tests, in one binary: each part works through the public edge, the command or the tree's own files.
#![expect(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests read files, run programs and print")]

mod cases;
mod cli;
mod docs;
mod examples;
mod pod_security;
mod real;
mod sandbox;
mod tidy;
mod typing;
