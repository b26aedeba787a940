//! A chart's folder as a package.

use super::{read_chart, read_folder};
use crate::chart::{self, Chart, ChartFile};
use crate::cli::paths::Base;
use crate::cli::trouble::Trouble;
use crate::cli::world::World;
use crate::package::{self, Packing};
use crate::source::SourceMap;
use std::path::Path;

/// Packs a chart as its folder holds it: gives the package's name and its bytes.
pub(in crate::cli) fn pack(
    chart: &Path,
    time: u64,
    base: &Base,
    world: &dyn World,
) -> Result<(String, Vec<u8>), Trouble> {
    let shown = base.show(chart);
    let (files, troubles) = read_folder(world, base, chart);
    let (whole, more_troubles) = read_chart(world, base, chart);
    if let Some(trouble) = troubles.into_iter().chain(more_troubles).next() {
        return Err(trouble);
    }
    let loaded = load(&shown, whole)?;
    let metadata = &loaded.metadata;
    let packing = Packing { name: &metadata.name, version: &metadata.version, flavour: loaded.flavour, time };
    let bytes = packing
        .pack(chart::without_ignored(files))
        .map_err(|error| Trouble::new(format!("`{shown}` cannot be packaged: {error}")))?;
    Ok((packing.file_name(), bytes))
}

/// Loads a chart whose name and version are in order: they become a file's name.
pub(in crate::cli) fn load(shown: &str, files: Vec<ChartFile>) -> Result<Chart, Trouble> {
    let (chart, findings) = Chart::load(&SourceMap::new(), files);
    let fatal = findings.iter().find(|finding| {
        ["chart/missing-file", "chart/api-version", "chart/name", "chart/version", "chart/required"]
            .contains(&&*finding.rule)
    });
    match (chart, fatal) {
        (Some(chart), None) if !chart.metadata.name.is_empty() && !chart.metadata.version.is_empty() => Ok(chart),
        (_, Some(finding)) => {
            Err(Trouble::new(format!("`{shown}`: {}", finding.message)).help("`plimsoll check` says where"))
        }
        _ => Err(Trouble::new(format!("`{shown}` holds no chart that can be read")).help("`plimsoll check` says why")),
    }
}

/// Gives the time of the entries: SOURCE_DATE_EPOCH where it is set, else a fixed one.
pub(in crate::cli) fn time(world: &dyn World) -> Result<u64, Trouble> {
    match world.variable("SOURCE_DATE_EPOCH").filter(|text| !text.is_empty()) {
        None => Ok(package::FIXED_TIME),
        // A header of a tar archive holds eleven octal digits.
        Some(text) => text.parse().ok().filter(|time| *time < 1 << 33).ok_or_else(|| {
            Trouble::new(format!("SOURCE_DATE_EPOCH is `{text}`, which is no time"))
                .help("give it in seconds since 1970")
        }),
    }
}
