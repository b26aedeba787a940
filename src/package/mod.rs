//! Packages: charts as archives.
//!
//! In: the bytes of archives, and charts' files. Out: [`Archive`]s whose every entry was found harmless, with the subcharts
//! packed inside them. This stage reads and writes no files; whatever an archive holds stays in memory, within [`Budget`].

mod archive;
mod entry;
#[cfg(test)]
mod tests;
mod unpack;

pub use archive::{Archive, Budget, PackageError};
pub use unpack::{expand, open};
