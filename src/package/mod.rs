//! Packages: charts as archives.
//!
//! In: the bytes of archives, and charts' files. Out: [`Archive`]s whose every entry was found harmless, with the subcharts
//! packed inside them; and archives of charts, whose bytes depend on nothing but the files ([`Packing`]). This stage reads and
//! writes no files; whatever an archive holds stays in memory, within a [`Budget`].

mod archive;
mod entry;
mod pack;
#[cfg(test)]
mod tests;
mod unpack;
mod version;

pub use archive::{Archive, Budget, PackageError};
pub use pack::{FIXED_TIME, Packing};
pub use unpack::{expand, open};
pub use version::with_versions;

use sha2::{Digest as _, Sha256};

/// Gives the digest by which registries and lock files name bytes: `sha256:…`.
pub fn digest(bytes: &[u8]) -> String {
    let mut digest = "sha256:".to_owned();
    for byte in Sha256::digest(bytes) {
        digest += &format!("{byte:02x}");
    }
    digest
}
