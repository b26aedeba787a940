//! `diff` and `plan` against a running API server.

mod predict;
mod scale;
mod server;
mod trouble;

use super::{given, proxy};
