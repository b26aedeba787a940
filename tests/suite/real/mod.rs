//! Suites that hold Plimsoll against real peers.

#[cfg(feature = "cluster")]
mod apply;
#[cfg(feature = "cluster")]
mod live;
mod openapi;
#[cfg(feature = "cluster")]
mod parity;
