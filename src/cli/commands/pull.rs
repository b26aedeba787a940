//! `pull`: a chart's package from a registry.

use crate::cli::Exit;
use crate::cli::inputs::packed::beside;
use crate::cli::registries::pulling::{choose, opened, pull};
use crate::cli::registries::trust::TrustArgs;
use crate::cli::registries::{RegistryArgs, connect, converse, reference};
use crate::cli::trouble::Trouble;
use crate::cli::world::World;
use crate::package;
use clap::Args;
use std::path::{Path, PathBuf};

/// The flags of `pull`.
#[derive(Args)]
pub(in crate::cli) struct PullArgs {
    /// The chart: oci://registry.example.com/charts/shop, with `:VERSION` or `@DIGEST`
    #[arg(value_name = "REFERENCE")]
    reference: String,
    /// The newest version in this range, such as ^1.2; the newest of all where nothing is said
    #[arg(long, value_name = "RANGE")]
    version: Option<String>,
    /// The folder to write to
    #[arg(short, long, value_name = "FOLDER", default_value = ".")]
    destination: PathBuf,
    /// Unpack the chart into a folder of its name
    #[arg(long)]
    untar: bool,
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    registry: RegistryArgs,
}

impl PullArgs {
    /// Runs `pull`.
    pub(in crate::cli) fn run(&self, world: &dyn World) -> Exit {
        crate::cli::end(self.pull(world), world)
    }

    fn pull(&self, world: &dyn World) -> Result<String, Trouble> {
        let reference = reference(&self.reference)?;
        let http = self.registry.http(world)?;
        let trust = self.trust.with_workspace(Path::new("."), world)?;
        let (reference, pulled) = converse(async {
            let registry = connect(&reference, &http, world).await?;
            let reference = choose(&registry, reference, self.version.as_deref()).await?;
            let reference = trust.admit(&registry, reference, world).await?;
            let pulled = pull(&registry, &reference, world).await?;
            Ok((reference, pulled))
        })?;
        let chart = opened(&reference, &pulled)?;
        let metadata = &chart.metadata;
        let mut text = format!("pulled {reference}\n{}\n", pulled.digest);
        let write = |path: PathBuf, bytes: &[u8]| {
            world.write(&path, bytes).map_err(|error| Trouble::io("write", &path, &error))?;
            Ok::<_, Trouble>(path)
        };
        if self.untar {
            let folder = self.destination.join(&metadata.name);
            if world.entry(&folder).is_ok() {
                return Err(Trouble::new(format!("`{}` exists already", folder.display())).help("remove it first"));
            }
            let archive = package::Archive::read(&pulled.bytes, &mut package::Budget::default());
            let archive = archive.map_err(|error| Trouble::new(format!("`{reference}` is refused: {error}")))?;
            for (path, bytes) in &archive.files {
                write(folder.join(path), bytes)?;
            }
            text += &format!("wrote {} files to {}\n", archive.files.len(), folder.display());
        } else {
            let file = format!("{}-{}.tgz", metadata.name, metadata.version);
            let file = write(self.destination.join(file), &pulled.bytes)?;
            text += &format!("wrote {}\n", file.display());
            if let Some(provenance) = &pulled.provenance {
                text += &format!("wrote {}\n", write(beside(&file), provenance)?.display());
            }
        }
        Ok(text)
    }
}
