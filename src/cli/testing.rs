//! A world of a test's own: files in memory, output that can be looked at, and that can fail.

use super::world::{Entry, Finished, Walk, Walked, World};
use super::{Exit, run};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Files in memory under `/work`.
#[derive(Default)]
pub(super) struct Memory {
    files: Mutex<BTreeMap<PathBuf, Vec<u8>>>,
    /// Output and files cannot be written.
    full: bool,
    /// A part of every folder cannot be read.
    locked: bool,
    out: Mutex<String>,
    err: Mutex<String>,
}

impl Memory {
    pub(super) fn new(files: &[(&str, &str)]) -> Self {
        let files = files.iter().map(|(path, text)| (Path::new("/work").join(path), text.as_bytes().to_vec()));
        Self { files: Mutex::new(files.collect()), ..Self::default() }
    }

    pub(super) fn run(&self, line: &str) -> Exit {
        run(line.split_whitespace().map(Into::into), self)
    }

    /// Takes what was written to standard output so far.
    pub(super) fn take_out(&self) -> String {
        std::mem::take(&mut *self.out.lock().expect("no thread panicked"))
    }

    pub(super) fn err(&self) -> String {
        self.err.lock().expect("no thread panicked").clone()
    }

    /// Gives the text of a file.
    pub(super) fn text(&self, path: &str) -> String {
        let files = self.files.lock().expect("no thread panicked");
        String::from_utf8(files[&Path::new("/work").join(path)].clone()).expect("is text")
    }

    fn absolute(path: &Path) -> PathBuf {
        super::paths::Base::new(Path::new("/work")).absolute(path)
    }
}

impl World for Memory {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let files = self.files.lock().expect("no thread panicked");
        files.get(&Self::absolute(path)).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn stdin(&self) -> io::Result<Vec<u8>> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn entry(&self, path: &Path) -> io::Result<Entry> {
        let path = Self::absolute(path);
        let files = self.files.lock().expect("no thread panicked");
        if files.contains_key(&path) {
            return Ok(Entry::File);
        }
        let holds = files.keys().any(|file| file.starts_with(&path));
        if holds { Ok(Entry::Folder) } else { Err(io::ErrorKind::NotFound.into()) }
    }

    fn walk(&self, folder: &Path, _: Walk) -> Walked {
        let folder = Self::absolute(folder);
        let files = self.files.lock().expect("no thread panicked");
        let files = files.keys().filter(|file| file.starts_with(&folder)).cloned().collect();
        let locked = self.locked.then(|| "cannot read locked: permission denied".to_owned());
        Walked { files, errors: locked.into_iter().collect() }
    }

    fn current_folder(&self) -> io::Result<PathBuf> {
        Ok(PathBuf::from("/work"))
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        if self.full {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.files.lock().expect("no thread panicked").insert(Self::absolute(path), bytes.to_vec());
        Ok(())
    }

    fn write_private(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.write(path, bytes)
    }

    fn remove(&self, _: &Path) -> io::Result<()> {
        Err(io::ErrorKind::PermissionDenied.into())
    }

    fn out(&self, text: &str) -> io::Result<()> {
        if self.full {
            return Err(io::ErrorKind::StorageFull.into());
        }
        *self.out.lock().expect("no thread panicked") += text;
        Ok(())
    }

    fn err(&self, text: &str) {
        *self.err.lock().expect("no thread panicked") += text;
    }

    fn is_terminal(&self) -> bool {
        true
    }

    fn err_is_terminal(&self) -> bool {
        true
    }

    fn variable(&self, name: &str) -> Option<String> {
        (name == "COLUMNS").then(|| "60".to_owned())
    }

    fn now(&self) -> u64 {
        // 2026-11-21
        1_795_219_200
    }

    fn identity(&self) -> String {
        "test/1/0".to_owned()
    }

    fn feed(&self, _: &str, _: &[String], _: &[u8]) -> io::Result<Finished> {
        Err(io::ErrorKind::NotFound.into())
    }
}

const TYPO: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: typo}\ndat: {}\n";

#[test]
fn what_a_walk_cannot_read_is_trouble() {
    let world = Memory { locked: true, ..Memory::new(&[("k8s/a.yaml", TYPO)]) };
    assert_eq!(world.run("plimsoll validate k8s"), Exit::Trouble);
    assert_eq!(world.err(), "error: cannot read locked: permission denied\n");
    let out = world.out.lock().expect("no thread panicked");
    assert!(out.contains("unknown field `dat`"), "what was found is told all the same: {out}");
    assert!(out.contains("\u{1b}["), "a terminal has colours");
}

#[test]
fn output_that_cannot_be_written_is_trouble() {
    let world = Memory { full: true, ..Memory::new(&[("a.yaml", TYPO)]) };
    assert_eq!(world.run("plimsoll validate a.yaml"), Exit::Trouble);
    assert!(world.err().starts_with("error: cannot write to standard output: "), "{}", world.err());
    assert_eq!(world.run("plimsoll init shop"), Exit::Trouble);
    assert!(world.err().contains("error: cannot write `shop/Chart.yaml`: "), "{}", world.err());
    assert_eq!(world.run("plimsoll --help"), Exit::Trouble);
}

#[test]
fn standard_input_that_fails_is_trouble() {
    let world = Memory::new(&[]);
    assert_eq!(world.run("plimsoll validate -"), Exit::Trouble);
    assert!(world.err().starts_with("error: cannot read `-`: "), "{}", world.err());
}
