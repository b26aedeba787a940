//! `sign` and `verify`: who stands by what lies in a registry.

use super::Exit;
use super::inputs::read_text;
use super::registries::{self, RegistryArgs, connect, converse, reference};
use super::trouble::Trouble;
use super::world::World;
use crate::oci::{PrivateKey, PublicKey, Reference, Registry, Verdict};
use clap::Args;
use std::path::{Path, PathBuf};

/// The flags of `sign`.
#[derive(Args)]
pub(super) struct SignArgs {
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
pub(super) struct VerifyArgs {
    /// What to verify: oci://registry.example.com/charts/shop:1.0.0
    #[arg(value_name = "REFERENCE")]
    reference: String,
    /// The public key of whoever must have signed it, as cosign writes it
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    #[command(flatten)]
    registry: RegistryArgs,
}

impl SignArgs {
    /// Runs `sign`.
    pub(super) fn run(&self, world: &dyn World) -> Exit {
        super::end(self.sign(world), world)
    }

    fn sign(&self, world: &dyn World) -> Result<String, Trouble> {
        let reference = named(&self.reference)?;
        let text = read_text(world, &self.key)?;
        let name = self.key.display().to_string();
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
        let key = PrivateKey::read(&name, &text, &password).map_err(|error| registries::trouble(&error))?;
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
    pub(super) fn run(&self, world: &dyn World) -> Exit {
        match self.verify(world) {
            Ok((subject, verdict)) if verdict.holds.is_empty() => {
                refused(&subject, &verdict).tell(world);
                Exit::Findings
            }
            Ok((subject, verdict)) => {
                let mut forms = verdict.holds.clone();
                forms.dedup();
                super::print(
                    &format!("verified {subject}, signed by {} ({})\n", self.key.display(), forms.join(", ")),
                    world,
                )
            }
            Err(trouble) => super::end(Err(trouble), world),
        }
    }

    fn verify(&self, world: &dyn World) -> Result<(Reference, Verdict), Trouble> {
        let reference = named(&self.reference)?;
        let key = key(&self.key, world)?;
        let http = self.registry.http(world)?;
        converse(async {
            let registry = connect(&reference, &http, world).await?;
            registry.verify(&reference, &key).await.map_err(|error| registries::trouble(&error))
        })
    }
}

/// Reads a public key.
pub(super) fn key(file: &Path, world: &dyn World) -> Result<PublicKey, Trouble> {
    let text = read_text(world, file)?;
    PublicKey::read(&file.display().to_string(), &text).map_err(|error| registries::trouble(&error))
}

/// Demands a signature by a key; gives the reference by the digest that was signed.
pub(super) async fn demand(registry: &Registry, reference: &Reference, key: &PublicKey) -> Result<Reference, Trouble> {
    let (subject, verdict) = registry.verify(reference, key).await.map_err(|error| registries::trouble(&error))?;
    if verdict.holds.is_empty() {
        Err(refused(&subject, &verdict))
    } else {
        Ok(Reference { tag: reference.tag.clone(), ..subject })
    }
}

fn refused(subject: &Reference, verdict: &Verdict) -> Trouble {
    let trouble = Trouble::new(format!("`{subject}` is not signed by this key"));
    match verdict.refused.first() {
        Some(reason) => trouble.help(format!("what was found does not hold: {reason}")),
        None => trouble.help("no signature of it was found at all"),
    }
}

/// Reads a reference that leads to one thing.
fn named(text: &str) -> Result<Reference, Trouble> {
    let reference = reference(text)?;
    if reference.name().is_none() {
        return Err(Trouble::new(format!("`{text}` names no version")).help("add `:VERSION` or `@sha256:…`"));
    }
    Ok(reference)
}
