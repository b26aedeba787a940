//! The integration tests, in one binary: each part works through the public edge, the command or the tree's own files.
#![expect(clippy::disallowed_methods, reason = "tests read files and run programs")]

mod cases;
mod cli;
mod sandbox;
mod tidy;
