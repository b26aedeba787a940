//! Prepares at build time what would otherwise be read at every start.

#[path = "build/rules.rs"]
mod rules;

fn main() {
    rules::index();
}
