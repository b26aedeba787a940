//! From a chart's files to an archive that is the same wherever it is made.
//!
//! Names, contents, and a time that is given decide every byte: neither the order of files on a disk, nor their modes,
//! owners and times, nor the clock. The order and the headers are Helm's.

use super::archive::{Archive, Budget, PackageError};
use super::unpack::DEPTH;
use crate::chart::{ChartFile, Flavour};
use flate2::{Compression, GzBuilder};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io::{self, Write as _};
use std::sync::Arc;
use tar::{EntryType, Header};

/// The time of every entry where none is given: 1980-01-01. Programs that unpack warn of earlier ones.
pub const FIXED_TIME: u64 = 315_532_800;

/// The files that come first, in this order.
const FIRST: [&str; 4] = ["Chart.yaml", "Chart.lock", "values.yaml", "values.schema.json"];

/// What a package is made of.
#[derive(Clone, Debug)]
pub struct Packing<'a> {
    /// The chart's name: the folder that holds everything.
    pub name: &'a str,
    /// The chart's version.
    pub version: &'a str,
    /// Whose chart it is: Helm leaves a comment in the archives that it makes.
    pub flavour: Flavour,
    /// The time of every entry, in seconds since 1970.
    pub time: u64,
}

type Files = Vec<(String, Arc<[u8]>)>;

impl Packing<'_> {
    /// Gives the file's name: `shop-1.0.0.tgz`.
    pub fn file_name(&self) -> String {
        format!("{}-{}.tgz", self.name, self.version)
    }

    /// Packs files, given in any order; those that `.helmignore` names are gone already. Packed subcharts are unpacked.
    pub fn pack(&self, files: Vec<ChartFile>) -> Result<Vec<u8>, PackageError> {
        let files = files.into_iter().filter(|file| !self.is_package(&file.path));
        let files = files.map(|file| (file.path, file.bytes)).collect();
        let mut budget = Budget::default();
        let files = arrange(files, &mut budget, 0)?;
        let archive = self.write(&files).map_err(|error| PackageError::Unwritable(error.to_string()))?;
        // What is packed must be readable: the same limits hold, and names that are refused on reading are refused here.
        Archive::read(&archive, &mut Budget::default())?;
        Ok(archive)
    }

    /// Tells whether a file is a package of this chart that was left in its folder, which would grow with each packaging.
    fn is_package(&self, path: &str) -> bool {
        let stem = path.strip_suffix(".prov").unwrap_or(path).strip_suffix(".tgz");
        let version = stem.and_then(|stem| stem.strip_prefix(self.name)?.strip_prefix('-'));
        version.is_some_and(|version| semver::Version::parse(version).is_ok())
    }

    fn write(&self, files: &Files) -> io::Result<Vec<u8>> {
        let comment = match self.flavour {
            Flavour::Helm => "Helm",
            Flavour::Native => "Plimsoll",
        };
        let named = files.iter().map(|(path, bytes)| (format!("{}/{path}", self.name), &**bytes));
        archive(named, comment, self.time)
    }
}

/// Packs manifests, each under its path, in the order of their paths.
pub fn bundle(files: &BTreeMap<String, &[u8]>, time: u64) -> Result<Vec<u8>, PackageError> {
    let named = files.iter().map(|(path, bytes)| (path.clone(), *bytes));
    archive(named, "Plimsoll", time).map_err(|error| PackageError::Unwritable(error.to_string()))
}

fn archive<'f>(files: impl Iterator<Item = (String, &'f [u8])>, comment: &str, time: u64) -> io::Result<Vec<u8>> {
    // 255 stands for no system in particular.
    let builder = GzBuilder::new().comment(comment).mtime(0).operating_system(255);
    let mut tar = tar::Builder::new(builder.write(Vec::new(), Compression::best()));
    for (path, bytes) in files {
        let mut header = Header::new_ustar();
        header.set_entry_type(EntryType::Regular);
        header.set_mode(0o644);
        header.set_mtime(time);
        header.set_size(bytes.len() as u64);
        tar.append_data(&mut header, path, bytes)?;
    }
    let mut gzip = tar.into_inner()?;
    gzip.flush()?;
    gzip.finish()
}

/// Brings a chart's files into Helm's order, its subcharts behind it.
fn arrange(files: Files, budget: &mut Budget, depth: usize) -> Result<Files, PackageError> {
    if depth > DEPTH {
        return Err(PackageError::TooDeep(DEPTH));
    }
    let mut own = Files::new();
    let mut subcharts: BTreeMap<String, Files> = BTreeMap::new();
    let mut archives = Files::new();
    for (path, bytes) in files {
        match path.strip_prefix("charts/") {
            // Helm does not look at these, and packs none of them.
            Some(inner) if inner.starts_with(['.', '_']) => {}
            Some(inner) => match inner.split_once('/') {
                Some((folder, path)) => subcharts.entry(folder.to_owned()).or_default().push((path.to_owned(), bytes)),
                None if inner.strip_suffix(".tgz").is_some() => archives.push((path, bytes)),
                None => own.push((path, bytes)),
            },
            None => own.push((path, bytes)),
        }
    }
    archives.sort_by(|a, b| a.0.cmp(&b.0));
    let mut packed = Files::new();
    for (path, bytes) in archives {
        let archive = Archive::of_chart(&bytes, budget).map_err(|error| error.inside(&path))?;
        // Two versions of a chart, by two aliases, cannot share the folder.
        match subcharts.entry(archive.folder) {
            Entry::Occupied(_) => packed.push((path, bytes)),
            Entry::Vacant(free) => {
                free.insert(archive.files.into_iter().map(|(path, bytes)| (path, bytes.into())).collect());
            }
        }
    }
    let rank = |path: &str| match FIRST.iter().position(|first| *first == path) {
        Some(at) => at,
        None if path.starts_with("templates/") => FIRST.len(),
        None => FIRST.len() + 1,
    };
    // Folder by folder, as a walk meets them: `a/b` comes before `a-b`.
    own.sort_by(|(a, _), (b, _)| rank(a).cmp(&rank(b)).then_with(|| a.split('/').cmp(b.split('/'))));
    for (folder, files) in subcharts {
        let files = arrange(files, budget, depth + 1)?;
        own.extend(files.into_iter().map(|(path, bytes)| (format!("charts/{folder}/{path}"), bytes)));
    }
    own.extend(packed);
    Ok(own)
}
