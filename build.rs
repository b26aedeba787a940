//! Prepares what the program embeds.

#[path = "build/schemas.rs"]
mod schemas;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    schemas::pack();
}
