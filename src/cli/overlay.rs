//! A world with one file changed: what a command would read had a person written it so.

use super::paths::Base;
use super::world::{Entry, Finished, Walk, Walked, World};
use std::io;
use std::path::{Path, PathBuf};

/// A world in which one file holds other bytes than on the disk.
pub(super) struct Overlay<'a> {
    inner: &'a dyn World,
    file: PathBuf,
    base: Base,
    bytes: Vec<u8>,
}

impl<'a> Overlay<'a> {
    /// Changes the file at an absolute path.
    pub(super) fn new(inner: &'a dyn World, file: PathBuf, base: Base, bytes: Vec<u8>) -> Self {
        Self { inner, file, base, bytes }
    }
}

impl World for Overlay<'_> {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        if self.base.absolute(path) == self.file { Ok(self.bytes.clone()) } else { self.inner.read(path) }
    }

    fn stdin(&self) -> io::Result<Vec<u8>> {
        self.inner.stdin()
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

    fn out(&self, text: &str) -> io::Result<()> {
        self.inner.out(text)
    }

    fn err(&self, text: &str) {
        self.inner.err(text);
    }

    fn is_terminal(&self) -> bool {
        self.inner.is_terminal()
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.inner.variable(name)
    }

    fn today(&self) -> String {
        self.inner.today()
    }

    fn feed(&self, program: &str, arguments: &[String], input: &[u8]) -> io::Result<Finished> {
        self.inner.feed(program, arguments, input)
    }
}
