//! `diff` and `plan` against a running API server.

mod predict;
mod server;
mod trouble;

pub(super) use super::live::given;
