//! The versions of a chart in a registry.

use crate::chart::{Version, VersionRange};
use crate::cli::registries;
use crate::cli::trouble::Trouble;
use crate::oci::{Reference, Registry, version_of};

/// Reads a range.
pub(in crate::cli) fn range(text: &str) -> Result<VersionRange, Trouble> {
    let wrong = || Trouble::new(format!("`{text}` is no range of versions")).help("write it as `^1.2.0` or `>=1.2 <2`");
    VersionRange::parse(text).ok_or_else(wrong)
}

/// Lists the tags that are versions, the newest first.
pub(in crate::cli) async fn versions(registry: &Registry, reference: &Reference) -> Result<Vec<Version>, Trouble> {
    let tags = registry.tags(reference).await.map_err(|error| registries::trouble(&error))?;
    // Of tags, only whole versions count, as Helm has it: `latest`, `1` and `v1` are none.
    let strict = |version: &String| semver::Version::parse(version).is_ok();
    let versions = tags.iter().map(|tag| version_of(tag)).filter(strict);
    let mut versions: Vec<Version> = versions.filter_map(|text| Version::parse(&text)).collect();
    versions.sort_by(|a, b| b.precedence(a).then_with(|| b.to_string().cmp(&a.to_string())));
    Ok(versions)
}
