//! Prepares at build time what would otherwise be read at every start.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "it reads and writes files, and prints to cargo"
)]

#[path = "build/rules.rs"]
mod rules;
#[path = "build/schemas.rs"]
mod schemas;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    rules::index();
    schemas::pack();
}
