//! Registries: charts pushed to and pulled from them, signatures of them, and repositories of charts behind an index.
//!
//! In: references, credentials, bytes. Out: bytes that were held against their digests, and trouble on the way as an
//! [`OciError`]. Asynchronous, on a runtime that the command line starts only when it is needed. Requests go where they are
//! sent; credentials go to no other host. This stage reads no files.

mod auth;
mod chart;
mod credentials;
mod error;
mod http;
mod key;
#[cfg(feature = "pgp")]
mod provenance;
mod reference;
mod referrers;
mod registry;
mod rendered;
mod signature;

pub use chart::{Packaged, Pulled};
pub use credentials::{Login, Store, Stored, from_helper};
pub use error::OciError;
pub use http::{Http, Options, place};
pub use key::{PrivateKey, PublicKey};
#[cfg(feature = "pgp")]
pub use provenance::{Ring, Signer};
pub use reference::{Reference, tag_of, version_of};
pub use registry::{Manifest, Registry};
pub use rendered::Manifests;
pub use signature::{Attested, Verdict};
