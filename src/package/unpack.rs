//! From archives to the files of charts, with the subcharts that are packed inside.

use super::archive::{Archive, Budget, PackageError};
use crate::chart::ChartFile;
use crate::source::SourceMap;
use crate::yaml::parse;

/// How deep archives may stand in archives.
pub(super) const DEPTH: usize = 10;

/// Opens a chart's archive: gives its files, named `NAME!templates/web.yaml`, packed subcharts unpacked as [`expand`] does.
pub fn open(name: &str, bytes: &[u8]) -> Result<Vec<ChartFile>, PackageError> {
    let mut budget = Budget::default();
    open_within(name, bytes, &mut budget, 0)
}

fn open_within(name: &str, bytes: &[u8], budget: &mut Budget, depth: usize) -> Result<Vec<ChartFile>, PackageError> {
    if depth > DEPTH {
        return Err(PackageError::TooDeep(DEPTH));
    }
    let archive = Archive::of_chart(bytes, budget)?;
    let mut files = Vec::new();
    for (path, bytes) in archive.files {
        let name = format!("{name}!{path}");
        if !is_packed_subchart(&path) {
            files.push(ChartFile { path, name, bytes: bytes.into() });
            continue;
        }
        let inner = open_within(&name, &bytes, budget, depth + 1).map_err(|error| error.inside(&path))?;
        files.extend(inner.into_iter().map(|file| ChartFile { path: format!("{path}/{}", file.path), ..file }));
    }
    Ok(files)
}

/// Replaces the packed subcharts (`charts/db-1.0.0.tgz`) among a chart's files by what they hold, as if they were folders
/// of that name. An archive that is refused stays as it is, and its name is given with the error.
pub fn expand(files: Vec<ChartFile>) -> (Vec<ChartFile>, Vec<(String, PackageError)>) {
    let mut budget = Budget::default();
    let (mut expanded, mut refused) = (Vec::new(), Vec::new());
    for file in files {
        if !is_packed_subchart(&file.path) {
            expanded.push(file);
            continue;
        }
        match open_within(&file.name, &file.bytes, &mut budget, 1) {
            Ok(inner) => {
                let below = |inner: ChartFile| ChartFile { path: format!("{}/{}", file.path, inner.path), ..inner };
                expanded.extend(inner.into_iter().map(below));
            }
            Err(error) => {
                refused.push((file.name.clone(), error));
                expanded.push(file);
            }
        }
    }
    (expanded, refused)
}

/// Tells whether a path is that of a packed chart in a folder of subcharts: `charts/a.tgz`, `charts/b/charts/a.tgz`.
fn is_packed_subchart(path: &str) -> bool {
    let mut steps = path.split('/').rev();
    let is_archive =
        steps.next().is_some_and(|name| name.strip_suffix(".tgz").is_some() && !name.starts_with(['.', '_']));
    let folders: Vec<&str> = steps.collect();
    is_archive && folders.len() % 2 == 1 && folders.iter().step_by(2).all(|folder| *folder == "charts")
}

impl Archive {
    /// Reads the archive of a chart, whose folder must be called like the chart.
    pub(super) fn of_chart(bytes: &[u8], budget: &mut Budget) -> Result<Self, PackageError> {
        let archive = Self::read(bytes, budget)?;
        archive.check_folder()?;
        Ok(archive)
    }

    /// Holds the folder's name against the chart's: what calls itself otherwise is not what it was taken for.
    fn check_folder(&self) -> Result<(), PackageError> {
        let metadata = self.files.iter().find(|(path, _)| path == "Chart.yaml");
        let Some(text) = metadata.and_then(|(_, bytes)| std::str::from_utf8(bytes).ok()) else { return Ok(()) };
        let parsed = parse(&SourceMap::new().add("Chart.yaml", text));
        let name = parsed.documents.first().and_then(|document| Some(document.root().field("name")?.text().to_owned()));
        match name {
            Some(chart) if !chart.is_empty() && chart != self.folder => {
                Err(PackageError::WrongFolder { folder: self.folder.clone(), chart })
            }
            _ => Ok(()),
        }
    }
}
