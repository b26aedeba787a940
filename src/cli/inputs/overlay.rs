//! A world with files changed: what a command would read had a person written them so.

use crate::cli::paths::Base;
use crate::cli::world::{Entry, Finished, Scratch, Walk, Walked, World};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// A world in which some files hold other bytes than on the disk.
pub(in crate::cli) struct Overlay<'a> {
    inner: &'a dyn World,
    base: Base,
    files: BTreeMap<PathBuf, Vec<u8>>,
}

impl<'a> Overlay<'a> {
    /// Changes files by their paths; `-` is standard input.
    pub(in crate::cli) fn new(
        inner: &'a dyn World,
        base: Base,
        files: impl IntoIterator<Item = (PathBuf, Vec<u8>)>,
    ) -> Self {
        let absolute = |path: PathBuf| if path == Path::new("-") { path } else { base.absolute(&path) };
        let files = files.into_iter().map(|(path, bytes)| (absolute(path), bytes)).collect();
        Self { inner, base, files }
    }
}

impl World for Overlay<'_> {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.files.get(&self.base.absolute(path)).map_or_else(|| self.inner.read(path), |bytes| Ok(bytes.clone()))
    }

    fn stdin(&self) -> io::Result<Vec<u8>> {
        self.files.get(Path::new("-")).map_or_else(|| self.inner.stdin(), |bytes| Ok(bytes.clone()))
    }

    fn entry(&self, path: &Path) -> io::Result<Entry> {
        self.inner.entry(path)
    }

    fn walk(&self, folder: &Path, how: Walk) -> Walked {
        self.inner.walk(folder, how)
    }

    fn current_folder(&self) -> io::Result<PathBuf> {
        self.inner.current_folder()
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.inner.write(path, bytes)
    }

    fn write_private(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.inner.write_private(path, bytes)
    }

    fn scratch(&self, files: &[(PathBuf, Vec<u8>)]) -> io::Result<Scratch> {
        self.inner.scratch(files)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.inner.remove(path)
    }

    fn out(&self, text: &str) -> io::Result<()> {
        self.inner.out(text)
    }

    fn err(&self, text: &str) {
        self.inner.err(text);
    }

    fn is_terminal(&self) -> bool {
        self.inner.is_terminal()
    }

    fn err_is_terminal(&self) -> bool {
        self.inner.err_is_terminal()
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.inner.variable(name)
    }

    fn now(&self) -> u64 {
        self.inner.now()
    }

    fn identity(&self) -> String {
        self.inner.identity()
    }

    fn feed(&self, program: &str, arguments: &[String], input: &[u8]) -> io::Result<Finished> {
        self.inner.feed(program, arguments, input)
    }
}
