//! `package --sign`: Helm's provenance file beside a package.

use super::push::described;
use super::registries;
use super::trouble::Trouble;
use super::world::World;
use crate::oci::Signer;
use clap::Args;
use std::path::{Path, PathBuf};

/// How packages are signed.
#[derive(Args)]
pub(super) struct SigningArgs {
    /// Sign the package by OpenPGP: write Helm's provenance file beside it
    #[arg(long, requires = "keyring")]
    sign: bool,
    /// The private keys, as `gpg --export-secret-keys` writes them
    #[arg(long, value_name = "FILE", requires = "sign")]
    keyring: Option<PathBuf>,
    /// The key to sign with, by a part of its name or fingerprint; needed where there are several
    #[arg(long, value_name = "NAME", requires = "sign")]
    key: Option<String>,
    /// The file whose first line opens the key; - for standard input
    #[arg(long, value_name = "FILE", requires = "sign")]
    passphrase_file: Option<PathBuf>,
}

impl SigningArgs {
    /// Reads the key, where packages are to be signed.
    pub(super) fn signer(&self, world: &dyn World) -> Result<Option<Signer>, Trouble> {
        let Some(keyring) = &self.keyring else { return Ok(None) };
        let read = |path: &Path| world.read(path).map_err(|error| Trouble::io("read", path, &error));
        let password = match &self.passphrase_file {
            Some(file) if file == Path::new("-") => world.stdin().map_err(|error| Trouble::io("read", file, &error))?,
            Some(file) => read(file)?,
            None => Vec::new(),
        };
        let line = password.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
        let signer = Signer::read(&keyring.display().to_string(), &read(keyring)?, self.key.as_deref(), line);
        signer.map(Some).map_err(|error| registries::trouble(&error))
    }
}

/// Writes the provenance file of a package.
pub(super) fn of(signer: &Signer, name: &str, package: &[u8], world: &dyn World) -> Result<String, Trouble> {
    let (_, data) = described(name, package)?;
    signer.sign(&data, name, package, world.now()).map_err(|error| registries::trouble(&error))
}
