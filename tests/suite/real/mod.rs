//! Suites that hold Plimsoll against real peers.

#[cfg(feature = "cluster")]
mod parity;
