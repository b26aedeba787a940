//! Charts in archives, wherever a path leads to one.

use super::inputs::text;
use super::paths::{Base, is_reference};
use super::trouble::Trouble;
use super::world::World;
use crate::chart::ChartFile;
use crate::package::{self, PackageError};
use std::path::Path;

/// Tells whether a path names an archive: by its ending, or as a reference into a registry.
pub(super) fn is_archive(path: &Path) -> bool {
    if is_reference(path) {
        return true;
    }
    let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    [".tgz", ".tar.gz"].iter().any(|ending| name.ends_with(ending))
}

/// Gives where Helm's provenance file of a package lies: beside it.
#[cfg(feature = "oci")]
pub(super) fn beside(package: &Path) -> std::path::PathBuf {
    let mut name = package.to_owned().into_os_string();
    name.push(".prov");
    name.into()
}

/// Reads the files of a packaged chart, each named `shop-1.0.0.tgz!templates/web.yaml`.
pub(super) fn read_archive(world: &dyn World, base: &Base, path: &Path) -> Result<Vec<ChartFile>, Trouble> {
    let bytes = world.read(path).map_err(|error| Trouble::io("read", path, &error))?;
    let name = base.show(path);
    package::open(&name, &bytes).map_err(|error| refused(&name, &error))
}

/// Unpacks the packed subcharts among a chart's files.
pub(super) fn expand(files: Vec<ChartFile>) -> (Vec<ChartFile>, Vec<Trouble>) {
    let (files, refused_ones) = package::expand(files);
    (files, refused_ones.iter().map(|(name, error)| refused(name, error)).collect())
}

/// Takes out the files that must be text and are not.
pub(super) fn check_texts(files: Vec<ChartFile>, is_text: impl Fn(&Path) -> bool) -> (Vec<ChartFile>, Vec<Trouble>) {
    let mut troubles = Vec::new();
    let mut keep = |file: &ChartFile| {
        let read =
            if is_text(Path::new(&file.path)) { text(Path::new(&file.name), file.bytes.to_vec()).err() } else { None };
        let keep = read.is_none();
        troubles.extend(read);
        keep
    };
    let files = files.into_iter().filter(|file| keep(file)).collect();
    (files, troubles)
}

/// Says that an archive is not taken.
pub(super) fn refused(name: &str, error: &PackageError) -> Trouble {
    let trouble = Trouble::new(format!("the archive `{name}` is refused: {error}"));
    match error {
        PackageError::Unreadable { .. } => trouble.help("fetch or package the chart again"),
        PackageError::WrongFolder { chart, .. } => {
            trouble.help(format!("a package of `{chart}` holds one folder, `{chart}`"))
        }
        _ => trouble,
    }
}
