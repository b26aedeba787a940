//! Suites that hold Plimsoll against real peers.

mod kube_linter;
#[cfg(feature = "cluster")]
mod live;
mod openapi;
#[cfg(feature = "cluster")]
mod parity;
mod patterns;
mod random;
