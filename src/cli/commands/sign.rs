//! `sign` and `verify`: who stands by what lies in a registry.

use crate::cli::Exit;
#[cfg(feature = "pgp")]
use crate::cli::inputs::packed::is_archive;
use crate::cli::inputs::read_text;
#[cfg(feature = "pgp")]
use crate::cli::paths::is_reference;
#[cfg(feature = "pgp")]
use crate::cli::registries::trust;
use crate::cli::registries::trust::{key, passed, signed};
use crate::cli::registries::{self, RegistryArgs, connect, converse, reference};
use crate::cli::trouble::Trouble;
use crate::cli::world::World;
use crate::oci::{PrivateKey, Reference};
use clap::Args;
use std::path::{Path, PathBuf};

/// The flags of `sign`.
#[derive(Args)]
pub(in crate::cli) struct SignArgs {
    /// What to sign: oci://registry.example.com/charts/shop:1.0.0
    #[arg(value_name = "REFERENCE")]
    reference: String,
    /// The private key, as cosign writes it; COSIGN_PASSWORD opens it, else standard input
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Add a signature in cosign's older form, under a tag that ends in .sig
    #[arg(long)]
    classic: bool,
    #[command(flatten)]
    registry: RegistryArgs,
}

/// The flags of `verify`.
#[derive(Args)]
pub(in crate::cli) struct VerifyArgs {
    /// What to verify: oci://registry.example.com/charts/shop:1.0.0, or a package with Helm's provenance file beside it
    #[arg(value_name = "REFERENCE")]
    reference: String,
    /// The public key of whoever must have signed it: cosign's, or a keyring of OpenPGP for Helm's provenance files
    #[arg(long, visible_alias = "keyring", value_name = "FILE")]
    key: PathBuf,
    /// Demand a report, signed by the key, that `check` passed by this profile; its signature counts
    #[arg(long, value_name = "PROFILE")]
    require_check: Option<String>,
    #[command(flatten)]
    registry: RegistryArgs,
}

impl SignArgs {
    /// Runs `sign`.
    pub(in crate::cli) fn run(&self, world: &dyn World) -> Exit {
        crate::cli::end(self.sign(world), world)
    }

    fn sign(&self, world: &dyn World) -> Result<String, Trouble> {
        let reference = named(&self.reference)?;
        let key = private_key(&self.key, world)?;
        let http = self.registry.http(world)?;
        let signed = converse(async {
            let registry = connect(&reference, &http, world).await?;
            registry.sign(&reference, &key, self.classic).await.map_err(|error| registries::trouble(&error))
        })?;
        Ok(format!("signed {signed}\n"))
    }
}

impl VerifyArgs {
    /// Runs `verify`.
    pub(in crate::cli) fn run(&self, world: &dyn World) -> Exit {
        match self.verify(world) {
            Ok(Ok(told)) => crate::cli::print(&told, world),
            Ok(Err(refused)) => {
                refused.tell(world);
                Exit::Findings
            }
            Err(trouble) => crate::cli::end(Err(trouble), world),
        }
    }

    /// Verifies: what does not hold is an answer, what cannot be asked is trouble.
    fn verify(&self, world: &dyn World) -> Result<Result<String, Trouble>, Trouble> {
        let keys = [key(&self.key, world)?];
        let name = self.key.display();
        #[cfg(feature = "pgp")]
        if is_archive(Path::new(&self.reference)) && !is_reference(Path::new(&self.reference)) {
            if self.require_check.is_some() {
                return Err(Trouble::new("reports lie in registries").help("name the package there: `oci://…`"));
            }
            let proof = trust::provenance(Path::new(&self.reference), &keys[0], world)?;
            return Ok(proof.map(|who| format!("verified {}, signed by {who}\n", self.reference)));
        }
        let reference = named(&self.reference)?;
        let http = self.registry.http(world)?;
        converse(async {
            let registry = connect(&reference, &http, world).await?;
            let told = match &self.require_check {
                Some(profile) => passed(&registry, &reference, &keys, profile).await?.map(|(subject, told)| {
                    format!("verified {subject}: `check` passed by `{profile}` ({told}), signed by {name}\n")
                }),
                None => signed(&registry, &reference, &keys, world)
                    .await?
                    .map(|(subject, how)| format!("verified {subject}, signed by {name} ({how})\n")),
            };
            Ok(told)
        })
    }
}

/// Reads a private key; COSIGN_PASSWORD opens it, else standard input.
pub(in crate::cli) fn private_key(file: &Path, world: &dyn World) -> Result<PrivateKey, Trouble> {
    let text = read_text(world, file)?;
    let name = file.display().to_string();
    let password = match world.variable("COSIGN_PASSWORD") {
        Some(password) => password.into_bytes(),
        None if text.contains("ENCRYPTED") => {
            let mut bytes = world.stdin().map_err(|error| Trouble::io("read", Path::new("-"), &error))?;
            while bytes.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
                bytes.pop();
            }
            bytes
        }
        None => Vec::new(),
    };
    PrivateKey::read(&name, &text, &password).map_err(|error| registries::trouble(&error))
}

/// Reads a reference that leads to one thing.
fn named(text: &str) -> Result<Reference, Trouble> {
    let reference = reference(text)?;
    if reference.name().is_none() {
        return Err(Trouble::new(format!("`{text}` names no version")).help("add `:VERSION` or `@sha256:…`"));
    }
    Ok(reference)
}
