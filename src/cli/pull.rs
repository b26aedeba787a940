//! `pull`: a chart's package from a registry.

use super::Exit;
use super::cache;
use super::package::load;
use super::packed::beside;
use super::registries::{self, RegistryArgs, connect, converse, reference};
use super::tags::{range, versions};
use super::trouble::Trouble;
use super::trust::TrustArgs;
use super::world::World;
use crate::chart::Chart;
use crate::oci::{Pulled, Reference, Registry, tag_of, version_of};
use crate::package;
use clap::Args;
use std::path::{Path, PathBuf};

/// The flags of `pull`.
#[derive(Args)]
pub(super) struct PullArgs {
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
    pub(super) fn run(&self, world: &dyn World) -> Exit {
        super::end(self.pull(world), world)
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

/// Settles which version is meant: that of the reference, or the newest in a range.
pub(super) async fn choose(
    registry: &Registry,
    reference: Reference,
    wanted: Option<&str>,
) -> Result<Reference, Trouble> {
    match (reference.name(), wanted) {
        (Some(_), None) => Ok(reference),
        (Some(_), Some(_)) => {
            Err(Trouble::new(format!("`{reference}` names a version already")).help("leave out `--version`"))
        }
        // A whole version is a tag: nobody needs to list them.
        (None, Some(version)) if semver::Version::parse(version).is_ok() => Ok(reference.with_tag(&tag_of(version))),
        (None, wanted) => {
            let range = range(wanted.unwrap_or("*"))?;
            let found = versions(registry, &reference).await?;
            if let Some(version) = found.iter().find(|version| range.contains(version)) {
                return Ok(reference.with_tag(&tag_of(&version.to_string())));
            }
            let known: Vec<_> = found.iter().take(5).map(ToString::to_string).collect();
            let trouble = Trouble::new(format!("`{reference}` has no version in `{}`", wanted.unwrap_or("*")));
            Err(if known.is_empty() { trouble } else { trouble.help(format!("the newest are {}", known.join(", "))) })
        }
    }
}

/// Pulls a package, or takes its archive out of the cache where the registry names one that lies there.
pub(super) async fn pull(registry: &Registry, reference: &Reference, world: &dyn World) -> Result<Pulled, Trouble> {
    let cached = |digest: &str| cache::get(digest, world);
    let pulled = registry.pull_chart(reference, cached).await.map_err(|error| registries::trouble(&error))?;
    cache::put(&pulled.bytes, world);
    Ok(pulled)
}

/// Opens what was pulled. It must be the chart that the reference names, in the version that its tag says: who signed it may
/// have signed others too.
pub(super) fn opened(reference: &Reference, pulled: &Pulled) -> Result<Chart, Trouble> {
    let shown = reference.to_string();
    let refused = |reason: String| Trouble::new(format!("`{shown}` is refused: {reason}"));
    let files = package::open(&shown, &pulled.bytes).map_err(|error| refused(error.to_string()))?;
    let chart = load(&shown, files)?;
    let metadata = &chart.metadata;
    let named = reference.repository.rsplit('/').next().unwrap_or_default();
    if named != metadata.name {
        return Err(refused(format!("it names {named}, and the chart is {}", metadata.name)));
    }
    let tag = reference.tag.as_deref().map(version_of).filter(|tag| semver::Version::parse(tag).is_ok());
    match tag.filter(|tag| *tag != metadata.version) {
        Some(tag) => Err(refused(format!("the tag says {tag}, and the chart {}", metadata.version))),
        None => Ok(chart),
    }
}
