//! Suites that hold Plimsoll against real peers.

mod openapi;
#[cfg(feature = "cluster")]
mod parity;
