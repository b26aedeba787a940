//! Reads an archive, and refuses what no packaged chart holds.
//!
//! An archive is input from strangers. It is read entry by entry into memory, within a budget for everything unpacked, and
//! never to disk. The first entry that could hurt somebody, here or wherever the archive is unpacked, ends it.

use super::entry::{Seen, split};
use flate2::read::MultiGzDecoder;
use std::cell::Cell;
use std::io::{self, Read};
use tar::EntryType;

/// Why an archive is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PackageError {
    /// It is no archive, or a damaged one.
    #[error("it cannot be read as a gzip-compressed tar archive{}: {reason}", behind(after.as_deref()))]
    Unreadable {
        /// The last entry that could be read.
        after: Option<String>,
        /// What is wrong.
        reason: String,
    },
    /// One of its entries is refused.
    #[error("the entry `{entry}` {problem}")]
    Entry {
        /// The entry's name, control characters escaped.
        entry: String,
        /// What is wrong with it.
        problem: String,
    },
    /// It is too large once unpacked.
    #[error("it holds more than {} MiB{}", limit >> 20, behind(after.as_deref()))]
    TooLarge {
        /// The entry that was read last.
        after: Option<String>,
        /// How many bytes are allowed.
        limit: u64,
    },
    /// It has too many entries.
    #[error("it has more than {limit} entries: `{entry}` is one too many")]
    TooMany {
        /// The first entry over the limit.
        entry: String,
        /// How many are allowed.
        limit: usize,
    },
    /// There is no file in it.
    #[error("it holds no files")]
    Empty,
    /// Archives inside archives, without an end.
    #[error("it holds archives in archives, more than {0} deep")]
    TooDeep(usize),
    /// It cannot be written.
    #[error("its archive cannot be written: {0}")]
    Unwritable(String),
    /// The folder in it is not called like the chart.
    #[error("its folder is called `{folder}`, and the chart `{chart}`")]
    WrongFolder {
        /// The folder's name.
        folder: String,
        /// The chart's name in Chart.yaml.
        chart: String,
    },
}

impl PackageError {
    /// Says it of an archive inside another one.
    pub(super) fn inside(&self, path: &str) -> Self {
        Self::Entry { entry: path.to_owned(), problem: format!("is refused: {self}") }
    }
}

fn behind(entry: Option<&str>) -> String {
    entry.map(|entry| format!(", at or behind the entry `{entry}`")).unwrap_or_default()
}

/// What unpacking may still take: an archive shares it with the archives inside it.
#[derive(Clone, Debug)]
pub struct Budget {
    bytes: u64,
    entries: usize,
}

impl Budget {
    /// What the files of a chart may hold together: 100 MiB, as Helm has it.
    pub const BYTES: u64 = 100 << 20;
    /// How many entries there may be.
    pub const ENTRIES: usize = 10_000;
    /// What a tar archive may have beyond the contents of files: headers, padding, long names.
    const OVERHEAD: u64 = 32 << 20;
}

impl Default for Budget {
    fn default() -> Self {
        Self { bytes: Self::BYTES, entries: Self::ENTRIES }
    }
}

/// An archive, read: one folder, and the files below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archive {
    /// The folder that holds everything: the chart's name.
    pub folder: String,
    /// The time of its Chart.yaml, in seconds since 1970.
    pub time: u64,
    /// The files in the archive's order, by their paths below the folder.
    pub files: Vec<(String, Vec<u8>)>,
}

/// Stops at a number of bytes, and says so.
struct Limited<'a, R> {
    inner: R,
    left: u64,
    over: &'a Cell<bool>,
}

impl<R: Read> Read for Limited<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into)?;
        let Some(left) = self.left.checked_sub(read as u64) else {
            self.over.set(true);
            return Err(io::Error::other("too large"));
        };
        self.left = left;
        Ok(read)
    }
}

impl Archive {
    /// Reads a `.tgz`, and takes what it holds off the budget.
    pub fn read(bytes: &[u8], budget: &mut Budget) -> Result<Self, PackageError> {
        let over = Cell::new(false);
        let mut last: Option<String> = None;
        let limited = Limited { inner: MultiGzDecoder::new(bytes), left: budget.bytes + Budget::OVERHEAD, over: &over };
        let result = read_entries(limited, budget, &mut last);
        match result {
            // Whatever a reader makes of the limit, the limit is the reason.
            Err(_) if over.get() => Err(PackageError::TooLarge { after: last, limit: Budget::BYTES }),
            result => result,
        }
    }
}

fn read_entries(
    stream: Limited<'_, impl Read>,
    budget: &mut Budget,
    last: &mut Option<String>,
) -> Result<Archive, PackageError> {
    let unreadable = |after: &Option<String>, error: &io::Error| {
        let reason = innermost(error);
        PackageError::Unreadable { after: after.clone(), reason }
    };
    let mut tar = tar::Archive::new(stream);
    let mut archive = Archive { folder: String::new(), time: 0, files: Vec::new() };
    let mut seen = Seen::default();
    let entries = tar.entries().map_err(|error| unreadable(last, &error))?;
    for entry in entries {
        let mut entry = entry.map_err(|error| unreadable(last, &error))?;
        let name = entry.path_bytes().into_owned();
        let shown = shown(&name);
        *last = Some(shown.clone());
        let refuse = |problem: String| PackageError::Entry { entry: shown.clone(), problem };
        let Some(entries) = budget.entries.checked_sub(1) else {
            return Err(PackageError::TooMany { entry: shown, limit: Budget::ENTRIES });
        };
        budget.entries = entries;
        let kind = entry.header().entry_type();
        if kind == EntryType::XGlobalHeader {
            continue;
        }
        let is_folder = match kind {
            EntryType::Directory => true,
            EntryType::Regular if name.ends_with(b"/") => {
                return Err(refuse("is a file with the name of a folder".to_owned()));
            }
            EntryType::Regular => false,
            other => return Err(refuse(format!("is {}, and a chart holds files and folders", described(other)))),
        };
        let (folder, path) = split(&name).map_err(refuse)?;
        if archive.folder.is_empty() {
            folder.clone_into(&mut archive.folder);
        } else if archive.folder != folder {
            return Err(refuse(format!("lies outside the folder `{}` that all others are in", archive.folder)));
        }
        let size = entry.size();
        if is_folder {
            if size > 0 {
                return Err(refuse("is a folder with contents".to_owned()));
            }
            if let Some(path) = path {
                seen.folder(path).map_err(refuse)?;
            }
            continue;
        }
        let Some(path) = path else {
            return Err(refuse("lies in no folder; a chart's files lie in the folder of its name".to_owned()));
        };
        seen.file(path).map_err(refuse)?;
        let Some(left) = budget.bytes.checked_sub(size) else {
            return Err(PackageError::TooLarge { after: Some(shown), limit: Budget::BYTES });
        };
        budget.bytes = left;
        let mut content = Vec::new();
        entry.read_to_end(&mut content).map_err(|error| unreadable(last, &error))?;
        if content.len() as u64 != size {
            return Err(refuse(format!("ends after {} of its {size} bytes", content.len())));
        }
        if path == "Chart.yaml" {
            archive.time = entry.header().mtime().unwrap_or_default();
        }
        archive.files.push((path.to_owned(), content));
    }
    // The checksum stands at the end of the stream: a cut or changed archive is found by reading up to there.
    let mut rest = tar.into_inner();
    let mut chunk = [0; 8192];
    loop {
        match rest.read(&mut chunk) {
            Ok(0) => break,
            Ok(read) if chunk[..read].iter().any(|byte| *byte != 0) => {
                let reason = "there is data behind its end".to_owned();
                return Err(PackageError::Unreadable { after: last.clone(), reason });
            }
            Ok(_) => {}
            Err(error) => return Err(unreadable(last, &error)),
        }
    }
    if archive.files.is_empty() { Err(PackageError::Empty) } else { Ok(archive) }
}

/// Gives the cause of an error; the errors above it repeat names from the archive, unescaped.
fn innermost(error: &io::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    shown(cause.to_string().as_bytes())
}

/// Makes text of strangers fit to be shown: escaped, and not too long.
fn shown(name: &[u8]) -> String {
    let text = String::from_utf8_lossy(name);
    let mut shown = String::new();
    for c in text.chars().take(200) {
        if c.is_control() || c == '`' {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    if text.chars().nth(200).is_some() { shown + "…" } else { shown }
}

fn described(kind: EntryType) -> &'static str {
    match kind {
        EntryType::Symlink => "a symbolic link",
        EntryType::Link => "a hard link",
        EntryType::Char | EntryType::Block => "a device",
        EntryType::Fifo => "a pipe",
        EntryType::GNUSparse => "a file with holes",
        _ => "of an unknown kind",
    }
}
