//! The commands, a file each: flags, formats, exit codes.

mod check;
mod input;
mod rules;
