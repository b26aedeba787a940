//! Packages: charts as archives, and what charts depend on.
//!
//! In: the bytes of archives, and charts' files. Out: [`Archive`]s whose every entry was found harmless, with the subcharts
//! packed inside them; archives of charts, whose bytes depend on nothing but the files ([`Packing`]); lock files and the indexes
//! of repositories, read. This stage reads and
//! writes no files; whatever an archive holds stays in memory, within a [`Budget`].

mod archive;
mod entry;
mod index;
mod lock;
mod pack;
#[cfg(test)]
mod tests;
mod unpack;
mod version;

pub use archive::{Archive, Budget, PackageError};
pub use index::{Index, Listed, resolve};
pub use lock::{Lock, Locked, Pin, lock_digest};
pub use pack::{FIXED_TIME, Packing, bundle};
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
