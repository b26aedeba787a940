//! The commands, a file each: flags, formats, exit codes.

mod charts;
mod check;
mod input;
mod package;
mod packed;
mod rules;
