//! The names of an archive's entries: which of them are harmless.

use std::collections::{HashMap, HashSet};

/// No name is longer than this; more is no path of a chart.
const LONGEST: usize = 1024;

/// Splits an entry's name into the chart's folder and the path in it; there is no path for the folder itself.
///
/// The error says what is wrong with the name, behind ``the entry `x` ``.
pub(super) fn split(name: &[u8]) -> Result<(&str, Option<&str>), String> {
    let Ok(name) = std::str::from_utf8(name) else { return Err("has a name that is not UTF-8".to_owned()) };
    if name.len() > LONGEST {
        return Err(format!("has a name of {} bytes, and {LONGEST} are allowed", name.len()));
    }
    if name.chars().any(char::is_control) {
        return Err("has a name with control characters".to_owned());
    }
    if name.contains('\\') {
        return Err("has a name with a backslash, which is a folder on some systems".to_owned());
    }
    if name.starts_with('/') {
        return Err("has an absolute path".to_owned());
    }
    let drive =
        |part: &str| part.len() == 2 && part.ends_with(':') && part.starts_with(|c: char| c.is_ascii_alphabetic());
    // `tar` of a folder given as `./shop` writes it so.
    let name = name.strip_prefix("./").unwrap_or(name);
    let name = name.strip_suffix('/').unwrap_or(name);
    for part in name.split('/') {
        match part {
            ".." => return Err("leads out of the archive".to_owned()),
            "" | "." => return Err("has a path with an empty step".to_owned()),
            part if drive(part) => return Err("has the path of a drive".to_owned()),
            _ => {}
        }
    }
    match name.split_once('/') {
        Some((folder, path)) => Ok((folder, Some(path))),
        None => Ok((name, None)),
    }
}

/// The paths that an archive has shown so far, to find those that stand for the same file somewhere.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// By the path in lower case: the path as written.
    files: HashMap<String, String>,
    folders: HashMap<String, String>,
    listed: HashSet<String>,
}

impl Seen {
    /// Takes a file's path, unless it collides with one before.
    pub(super) fn file(&mut self, path: &str) -> Result<(), String> {
        let key = path.to_lowercase();
        if let Some(known) = self.files.get(&key) {
            return Err(if known == path {
                "is there twice".to_owned()
            } else {
                format!("differs only by case from `{known}`, which is the same file on some systems")
            });
        }
        if let Some(known) = self.folders.get(&key) {
            return Err(format!("is a file, and `{known}` is a folder"));
        }
        self.folders_of(path)?;
        self.files.insert(key, path.to_owned());
        Ok(())
    }

    /// Takes the path of a folder that is an entry of its own.
    pub(super) fn folder(&mut self, path: &str) -> Result<(), String> {
        if !self.listed.insert(path.to_owned()) {
            return Err("is there twice".to_owned());
        }
        self.folders_of(&format!("{path}/"))
    }

    fn folders_of(&mut self, path: &str) -> Result<(), String> {
        for (at, _) in path.match_indices('/') {
            let folder = &path[..at];
            let key = folder.to_lowercase();
            if let Some(known) = self.files.get(&key) {
                return Err(format!("lies below `{known}`, which is a file"));
            }
            let known = self.folders.entry(key).or_insert_with(|| folder.to_owned());
            if known != folder {
                return Err(format!("lies in a folder that differs only by case from `{known}`"));
            }
        }
        Ok(())
    }
}
