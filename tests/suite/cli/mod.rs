//! The commands, a file each: flags, formats, exit codes.

mod changed;
mod charts;
mod check;
mod diff;
mod fix;
mod formats;
#[cfg(unix)]
mod hooks;
mod input;
mod package;
mod packed;
mod rules;
mod shell;
mod test;
