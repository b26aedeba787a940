//! `diff` and `plan` against a running API server.

mod predict;
mod server;
mod trouble;

use super::given;
