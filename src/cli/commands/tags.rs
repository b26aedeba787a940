//! `tags`: the versions of a chart in a registry.

use crate::cli::Exit;
use crate::cli::registries::versions::{range, versions};
use crate::cli::registries::{self, RegistryArgs, connect, converse, reference};
use crate::cli::trouble::Trouble;
use crate::cli::world::World;
use clap::Args;

/// The flags of `tags`.
#[derive(Args)]
pub(in crate::cli) struct TagsArgs {
    /// The chart: oci://registry.example.com/charts/shop
    #[arg(value_name = "REFERENCE")]
    reference: String,
    /// Only versions in this range, such as ^1.2
    #[arg(long, value_name = "RANGE")]
    version: Option<String>,
    /// Every tag, those that are no versions too
    #[arg(long, conflicts_with = "version")]
    all: bool,
    #[command(flatten)]
    registry: RegistryArgs,
}

impl TagsArgs {
    /// Runs `tags`.
    pub(in crate::cli) fn run(&self, world: &dyn World) -> Exit {
        crate::cli::end(self.list(world), world)
    }

    fn list(&self, world: &dyn World) -> Result<String, Trouble> {
        let reference = reference(&self.reference)?;
        let http = self.registry.http(world)?;
        let range = self.version.as_deref().map(range).transpose()?;
        converse(async {
            let registry = connect(&reference, &http, world).await?;
            if self.all {
                let mut tags = registry.tags(&reference).await.map_err(|error| registries::trouble(&error))?;
                tags.sort();
                return Ok(tags.iter().map(|tag| tag.clone() + "\n").collect());
            }
            let mut versions = versions(&registry, &reference).await?;
            versions.retain(|version| range.as_ref().is_none_or(|range| range.contains(version)));
            Ok(versions.iter().map(|version| version.to_string() + "\n").collect())
        })
    }
}
