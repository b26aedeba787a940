//! `diff` and `plan` against a running API server.

mod access;
mod helm;
mod predict;
mod scale;
mod server;
mod slow;
mod trouble;

use super::{given, proxy};
