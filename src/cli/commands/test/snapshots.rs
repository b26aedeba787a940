//! The stored snapshots of files of tests, in `__snapshot__` beside them.

use super::case::Case;
use super::suites::Stored;
use crate::cli::inputs::read_text;
use crate::cli::paths::Base;
use crate::cli::trouble::Trouble;
use crate::cli::world::World;
use crate::diagnostic::Diagnostic;
use crate::source::{SourceMap, Span};
use crate::test::Snapshots;
use crate::yaml::emit::Data;
use std::path::{Path, PathBuf};

/// The folder of snapshots.
const FOLDER: &str = "__snapshot__";

fn file(suite: &Path) -> PathBuf {
    suite.with_file_name(FOLDER).join(suite.file_name().unwrap_or_default())
}

/// Reads the snapshots of a file of tests; none where nothing is stored.
pub(super) fn read(
    suite: &Path,
    base: &Base,
    sources: &SourceMap,
    world: &dyn World,
) -> Result<(Snapshots, Vec<Diagnostic>), Trouble> {
    let path = file(suite);
    if world.entry(&path).is_err() {
        return Ok((Snapshots::default(), Vec::new()));
    }
    let text = read_text(world, &path)?;
    Ok(Snapshots::read(&sources.add(base.show(&path), text)))
}

/// What the tests of a run gave, by the file that they stand in.
#[derive(Default)]
pub(super) struct Given {
    entries: Vec<(PathBuf, String, Data)>,
    /// Tests that did not come to their snapshots: what is stored of them stays.
    absent: Vec<(PathBuf, String)>,
}

impl Given {
    /// Takes what a test gave, and holds it against what is stored unless that is to be overwritten.
    pub(super) fn add(
        &mut self,
        case: &Case<'_>,
        failed: bool,
        snapshots: Vec<(Span, Data)>,
        update: bool,
    ) -> Vec<Diagnostic> {
        let mut findings = Vec::new();
        if snapshots.is_empty() && (failed || case.test.skip.is_some()) {
            self.absent.push((case.stored.path.clone(), case.full_name()));
        }
        for (place, data) in snapshots {
            let name = self.free_name(&case.stored.path, &case.full_name());
            if !update {
                findings.extend(case.stored.snapshots.compare(&name, &data, place));
            }
            self.entries.push((case.stored.path.clone(), name, data));
        }
        findings
    }

    /// A second snapshot of a test is told from the first by its number.
    fn free_name(&self, suite: &Path, name: &str) -> String {
        let taken = |name: &str| self.entries.iter().any(|(path, known, _)| path == suite && known == name);
        let numbered = (2..).map(|number| format!("{name} ({number})"));
        std::iter::once(name.to_owned()).chain(numbered).find(|name| !taken(name)).unwrap_or_default()
    }

    fn of<'a>(&'a self, stored: &'a Stored) -> impl Iterator<Item = (&'a str, &'a Data)> {
        let own = self.entries.iter().filter(|(path, ..)| *path == stored.path);
        own.map(|(_, name, data)| (name.as_str(), data))
    }

    /// Tells whether a stored snapshot is of a test that did not come to it.
    fn is_absent(&self, stored: &Stored, name: &str) -> bool {
        let of_test =
            |test: &str| name.strip_prefix(test).is_some_and(|rest| rest.is_empty() || rest.starts_with(" ("));
        self.absent.iter().any(|(path, test)| *path == stored.path && of_test(test))
    }

    /// Tells which stored snapshots no test asked for.
    pub(super) fn obsolete(&self, stored: &Stored) -> Vec<Diagnostic> {
        let entries = stored.snapshots.entries();
        let unasked = entries
            .filter(|(name, ..)| !self.of(stored).any(|(known, _)| known == *name) && !self.is_absent(stored, name));
        let finding = |(name, place, _): (&str, Span, &Data)| {
            Diagnostic::warning("test/obsolete-snapshot", format!("no test asks for the snapshot `{name}`"))
                .at(place)
                .help("`plimsoll test --update` takes it away")
        };
        unasked.map(finding).collect()
    }

    /// Stores what tests gave. Where not all of them ran, what is stored of the others stays.
    ///
    /// Gives the file where it was written.
    pub(super) fn store(&self, stored: &Stored, whole: bool, world: &dyn World) -> Result<Option<PathBuf>, Trouble> {
        let mut entries: Vec<(String, Data)> =
            self.of(stored).map(|(name, data)| (name.to_owned(), data.clone())).collect();
        for (name, _, data) in stored.snapshots.entries() {
            let stays = !whole || self.is_absent(stored, name);
            if stays && !entries.iter().any(|(known, _)| known == name) {
                entries.push((name.to_owned(), data.clone()));
            }
        }
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        let before = stored.snapshots.entries().count();
        if entries.is_empty() && before == 0 {
            return Ok(None);
        }
        let suite = stored.path.file_name().unwrap_or_default().to_string_lossy();
        let (path, text) = (file(&stored.path), Snapshots::write(&entries, &suite));
        let unchanged = world.read(&path).is_ok_and(|known| known == text.as_bytes());
        if unchanged {
            return Ok(None);
        }
        match world.write(&path, text.as_bytes()) {
            Ok(()) => Ok(Some(path)),
            Err(error) => Err(Trouble::io("write", &path, &error)),
        }
    }
}
