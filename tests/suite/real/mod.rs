//! Suites that hold Plimsoll against real peers.

mod openapi;
