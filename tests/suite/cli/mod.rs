//! The commands, a file each: flags, formats, exit codes.

mod changed;
mod charts;
mod check;
mod formats;
#[cfg(unix)]
mod hooks;
mod input;
mod rules;
mod shell;
