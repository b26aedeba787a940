//! Definitions and what is wrong with them.
