//! The world as it would be after fixes: some files have other texts.

use crate::cli::paths::Base;
use crate::cli::world::{Entry, Finished, Walk, Walked, World};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Files by their names as they are shown, with what they hold after fixes.
pub(super) type Texts = BTreeMap<String, String>;

/// A world in which some files have other texts. What it reads is the same each time, standard input, too.
pub(super) struct Overlay<'a> {
    world: &'a dyn World,
    base: &'a Base,
    texts: BTreeMap<PathBuf, String>,
    stdin: &'a OnceLock<Vec<u8>>,
}

impl<'a> Overlay<'a> {
    pub(super) fn new(world: &'a dyn World, base: &'a Base, texts: &Texts, stdin: &'a OnceLock<Vec<u8>>) -> Self {
        let key = |name: &String| if name == "-" { PathBuf::from("-") } else { base.absolute(Path::new(name)) };
        Self { world, base, texts: texts.iter().map(|(name, text)| (key(name), text.clone())).collect(), stdin }
    }
}

impl World for Overlay<'_> {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        match self.texts.get(&self.base.absolute(path)) {
            Some(text) => Ok(text.as_bytes().to_vec()),
            None => self.world.read(path),
        }
    }

    fn stdin(&self) -> io::Result<Vec<u8>> {
        if let Some(text) = self.texts.get(Path::new("-")) {
            return Ok(text.as_bytes().to_vec());
        }
        if let Some(read) = self.stdin.get() {
            return Ok(read.clone());
        }
        let read = self.world.stdin()?;
        Ok(self.stdin.get_or_init(|| read).clone())
    }

    fn entry(&self, path: &Path) -> io::Result<Entry> {
        self.world.entry(path)
    }

    fn walk(&self, folder: &Path, how: Walk) -> Walked {
        self.world.walk(folder, how)
    }

    fn current_folder(&self) -> io::Result<PathBuf> {
        self.world.current_folder()
    }

    fn write(&self, _: &Path, _: &[u8]) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn out(&self, _: &str) -> io::Result<()> {
        Ok(())
    }

    fn err(&self, _: &str) {}

    fn is_terminal(&self) -> bool {
        false
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.world.variable(name)
    }

    fn today(&self) -> String {
        self.world.today()
    }

    fn run(&self, program: &str, arguments: &[String]) -> io::Result<Finished> {
        self.world.run(program, arguments)
    }
}
