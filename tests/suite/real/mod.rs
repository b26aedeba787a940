//! Suites that hold Plimsoll against real peers.

#[cfg(feature = "cluster")]
mod apply;
mod kube_linter;
#[cfg(feature = "cluster")]
mod live;
mod openapi;
#[cfg(feature = "cluster")]
mod parity;
mod patterns;
mod random;
#[cfg(feature = "oci")]
mod registries;
