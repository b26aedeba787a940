//! Suites that hold Plimsoll against real peers.

#[cfg(feature = "cluster")]
mod diff;
#[cfg(feature = "cluster")]
mod live;
mod openapi;
#[cfg(feature = "cluster")]
mod parity;
