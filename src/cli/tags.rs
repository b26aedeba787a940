//! `tags`: the versions of a chart in a registry.

use super::Exit;
use super::registries::{self, RegistryArgs, connect, converse, reference};
use super::trouble::Trouble;
use super::world::World;
use crate::chart::{Version, VersionRange};
use crate::oci::{Reference, Registry, version_of};
use clap::Args;

/// The flags of `tags`.
#[derive(Args)]
pub(super) struct TagsArgs {
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
    pub(super) fn run(&self, world: &dyn World) -> Exit {
        super::end(self.list(world), world)
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

/// Reads a range.
pub(super) fn range(text: &str) -> Result<VersionRange, Trouble> {
    let wrong = || Trouble::new(format!("`{text}` is no range of versions")).help("write it as `^1.2.0` or `>=1.2 <2`");
    VersionRange::parse(text).ok_or_else(wrong)
}

/// Lists the tags that are versions, the newest first.
pub(super) async fn versions(registry: &Registry, reference: &Reference) -> Result<Vec<Version>, Trouble> {
    let tags = registry.tags(reference).await.map_err(|error| registries::trouble(&error))?;
    // Of tags, only whole versions count, as Helm has it: `latest`, `1` and `v1` are none.
    let strict = |version: &String| semver::Version::parse(version).is_ok();
    let versions = tags.iter().map(|tag| version_of(tag)).filter(strict);
    let mut versions: Vec<Version> = versions.filter_map(|text| Version::parse(&text)).collect();
    versions.sort_by(|a, b| b.precedence(a).then_with(|| b.to_string().cmp(&a.to_string())));
    Ok(versions)
}
