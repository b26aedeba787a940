//! Suites that hold Plimsoll against real peers.

#[cfg(feature = "cluster")]
mod apply;
#[cfg(feature = "cluster")]
mod diff;
mod kube_linter;
#[cfg(feature = "cluster")]
mod live;
mod openapi;
#[cfg(feature = "cluster")]
mod parity;
mod patterns;
mod policies;
#[cfg(feature = "cluster")]
mod proxy;
pub(crate) mod random;
#[cfg(feature = "oci")]
mod registries;

/// Gives what tests/run hands over, where it could.
pub(crate) fn given(name: &str) -> Option<String> {
    let value = std::env::var(name).ok();
    if value.is_none() {
        eprintln!("skipped: {name} is not set, tests/run sets it");
    }
    value
}
