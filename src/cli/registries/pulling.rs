//! Packages of registries: which one is meant, and what it holds.

use super::cache;
use super::versions::{range, versions};
use crate::chart::Chart;
use crate::cli::inputs::packing::load;
use crate::cli::registries;
use crate::cli::trouble::Trouble;
use crate::cli::world::World;
use crate::oci::{Pulled, Reference, Registry, tag_of, version_of};
use crate::package;

/// Settles which version is meant: that of the reference, or the newest in a range.
pub(in crate::cli) async fn choose(
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
pub(in crate::cli) async fn pull(
    registry: &Registry,
    reference: &Reference,
    world: &dyn World,
) -> Result<Pulled, Trouble> {
    let cached = |digest: &str| cache::get(digest, world);
    let pulled = registry.pull_chart(reference, cached).await.map_err(|error| registries::trouble(&error))?;
    cache::put(&pulled.bytes, world);
    Ok(pulled)
}

/// Opens what was pulled. It must be the chart that the reference names, in the version that its tag says: who signed it may
/// have signed others too.
pub(in crate::cli) fn opened(reference: &Reference, pulled: &Pulled) -> Result<Chart, Trouble> {
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
