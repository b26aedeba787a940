//! The commands, a file each: flags, formats, exit codes.

mod changed;
mod charts;
mod check;
mod formats;
mod input;
mod package;
mod packed;
mod rules;
