//! The world as a git revision has it: files of the repository come from there, all else is as it is.

use crate::cli::paths::Base;
use crate::cli::trouble::Trouble;
use crate::cli::world::{Entry, Finished, Scratch, Walk, Walked, World};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// How many blobs one call of git gives at most.
const AT_ONCE: usize = 400;

/// A file of the revision.
#[derive(Clone, Debug)]
struct Blob {
    id: String,
    size: usize,
    /// It is a link: its text is where it leads.
    link: bool,
}

/// A world in which the repository is at a revision.
pub(in crate::cli) struct Revision<'w> {
    world: &'w dyn World,
    base: Base,
    /// The absolute folder of the repository.
    root: PathBuf,
    files: BTreeMap<PathBuf, Blob>,
    folders: BTreeSet<PathBuf>,
    /// Files that are read as they are now: those that flags name.
    present: Vec<PathBuf>,
    read: Mutex<HashMap<String, Vec<u8>>>,
    /// What was written to disk for programs that read files themselves.
    laid: Mutex<HashMap<PathBuf, Scratch>>,
}

impl<'w> Revision<'w> {
    /// Looks up a revision: `HEAD~1`, a branch, a tag. The files `present` are read as they are now.
    pub(in crate::cli) fn open(
        name: &str,
        present: &[PathBuf],
        base: &Base,
        world: &'w dyn World,
    ) -> Result<Self, Trouble> {
        let asked = |arguments: &[&str]| {
            git(world, arguments).map_err(|reason| Trouble::new(format!("cannot read `git:{name}`: {reason}")))
        };
        let root = asked(&["rev-parse", "--show-toplevel"])?;
        let root = base.absolute(Path::new(String::from_utf8_lossy(&root).trim_end()));
        let commit = format!("{name}^{{commit}}");
        let commit = asked(&["rev-parse", "--verify", "--quiet", "--end-of-options", &commit]).map_err(|trouble| {
            Trouble { message: format!("there is no revision `{name}`"), help: trouble.help }
                .help("name a commit, a branch or a tag: `--against git:HEAD~1`")
        })?;
        let commit = String::from_utf8_lossy(&commit).trim_end().to_owned();
        let listing = asked(&["ls-tree", "-r", "-z", "-l", "--full-tree", &commit])?;
        let mut files = BTreeMap::new();
        for entry in listing.split(|byte| *byte == 0) {
            let entry = String::from_utf8_lossy(entry);
            let Some((head, path)) = entry.split_once('\t') else { continue };
            let words: Vec<&str> = head.split_whitespace().collect();
            if let [mode, "blob", id, size] = words[..] {
                let blob = Blob { id: id.to_owned(), size: size.parse().unwrap_or_default(), link: mode == "120000" };
                files.insert(root.join(path), blob);
            }
        }
        let mut folders = BTreeSet::from([root.clone()]);
        for file in files.keys() {
            folders.extend(file.ancestors().skip(1).take_while(|folder| **folder != *root).map(Path::to_owned));
        }
        let present = present.iter().map(|path| base.absolute(path)).collect();
        Ok(Self {
            world,
            base: base.clone(),
            root,
            files,
            folders,
            present,
            read: Mutex::default(),
            laid: Mutex::default(),
        })
    }

    /// Gives the path in the revision, links followed; none for what is read as it is now.
    fn inside(&self, path: &Path) -> Option<PathBuf> {
        let mut path = self.base.absolute(path);
        if !path.starts_with(&self.root) || self.present.contains(&path) || path.starts_with(self.root.join(".git")) {
            return None;
        }
        for _ in 0..8 {
            let Some(linked) = path.ancestors().find(|part| self.files.get(*part).is_some_and(|blob| blob.link)) else {
                break;
            };
            let target = self.blobs(&[self.files[linked].clone()]).ok()?.pop()?;
            let target = linked.parent()?.join(String::from_utf8_lossy(&target).as_ref());
            path = self.base.absolute(&target.join(path.strip_prefix(linked).ok()?));
        }
        Some(path)
    }

    /// Reads blobs, those that were not read yet with as few calls of git as may be.
    fn blobs(&self, wanted: &[Blob]) -> io::Result<Vec<Vec<u8>>> {
        let mut known = self.read.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut missing: Vec<&Blob> = wanted.iter().filter(|blob| !known.contains_key(&blob.id)).collect();
        missing.sort_by(|a, b| a.id.cmp(&b.id));
        missing.dedup_by(|a, b| a.id == b.id);
        for chunk in missing.chunks(AT_ONCE) {
            let mut arguments = vec!["show", "--no-textconv", "--end-of-options"];
            arguments.extend(chunk.iter().map(|blob| blob.id.as_str()));
            let all = git(self.world, &arguments).map_err(io::Error::other)?;
            let mut rest = &all[..];
            for blob in chunk {
                let Some((bytes, further)) = rest.split_at_checked(blob.size) else {
                    return Err(io::Error::other("git gives less than it lists"));
                };
                known.insert(blob.id.clone(), bytes.to_vec());
                rest = further;
            }
        }
        Ok(wanted.iter().map(|blob| known.get(&blob.id).cloned().unwrap_or_default()).collect())
    }
}

impl Revision<'_> {
    /// Gives where a program finds a path that it reads itself: what is of the revision is written to a temporary place.
    fn on_disk(&self, path: &Path) -> io::Result<PathBuf> {
        let Some(inside) = self.inside(path) else { return Ok(path.to_owned()) };
        let name = PathBuf::from(inside.file_name().unwrap_or("chart".as_ref()));
        let mut laid = self.laid.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(scratch) = laid.get(&inside) {
            return Ok(scratch.path().join(name));
        }
        let mut files = Vec::new();
        self.collect(&inside, &name, 0, &mut files)?;
        let scratch = self.world.scratch(&files)?;
        let place = scratch.path().join(name);
        laid.insert(inside, scratch);
        Ok(place)
    }

    /// Reads a file, or all files of a folder, links followed.
    fn collect(&self, from: &Path, to: &Path, links: usize, files: &mut Vec<(PathBuf, Vec<u8>)>) -> io::Result<()> {
        if self.entry(from)? == Entry::File {
            files.push((to.to_owned(), self.read(from)?));
            return Ok(());
        }
        for file in self.walk(from, Walk::Everything).files {
            let Ok(below) = file.strip_prefix(from) else { continue };
            match self.entry(&file) {
                Ok(Entry::File) => files.push((to.join(below), self.read(&file)?)),
                Ok(Entry::Folder) if links < 8 => self.collect(&file, &to.join(below), links + 1, files)?,
                // A link that leads nowhere is nothing that a chart has.
                _ => {}
            }
        }
        Ok(())
    }
}

/// Runs git in the current folder.
fn git(world: &dyn World, arguments: &[&str]) -> Result<Vec<u8>, String> {
    let arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
    match world.run("git", &arguments) {
        Ok(finished) if finished.success => Ok(finished.stdout),
        Ok(finished) => Err(finished.stderr.lines().next().unwrap_or("git says nothing").to_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err("git is not installed".to_owned()),
        Err(error) => Err(format!("cannot run git: {error}")),
    }
}

impl World for Revision<'_> {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let Some(inside) = self.inside(path) else { return self.world.read(path) };
        let blob = self.files.get(&inside).ok_or(io::ErrorKind::NotFound)?.clone();
        Ok(self.blobs(&[blob])?.pop().unwrap_or_default())
    }

    fn entry(&self, path: &Path) -> io::Result<Entry> {
        let Some(inside) = self.inside(path) else { return self.world.entry(path) };
        if self.files.contains_key(&inside) {
            return Ok(Entry::File);
        }
        if self.folders.contains(&inside) { Ok(Entry::Folder) } else { Err(io::ErrorKind::NotFound.into()) }
    }

    fn walk(&self, folder: &Path, how: Walk) -> Walked {
        let Some(inside) = self.inside(folder) else { return self.world.walk(folder, how) };
        let mut walked = Walked::default();
        let mut blobs = Vec::new();
        for (path, blob) in self.files.range(inside.clone()..).take_while(|(path, _)| path.starts_with(&inside)) {
            let Ok(below) = path.strip_prefix(&inside) else { continue };
            let hidden = below.components().any(|part| part.as_os_str().to_string_lossy().starts_with('.'));
            if how == Walk::Visible && hidden {
                continue;
            }
            walked.files.push(folder.join(below));
            blobs.push(blob.clone());
        }
        // They will be read one by one; what fails here fails there again.
        let _ = self.blobs(&blobs);
        walked
    }

    fn feed(&self, program: &str, arguments: &[String], input: &[u8]) -> io::Result<Finished> {
        if program != "helm" {
            return self.world.feed(program, arguments, input);
        }
        let (mut arguments, mut moved) = (arguments.to_vec(), Vec::new());
        for at in 1..arguments.len() {
            let is_chart = at == 2 && arguments[0] == "template";
            let named = arguments[at].clone();
            if (is_chart || arguments[at - 1] == "--values") && named != "-" {
                let laid = self.on_disk(Path::new(&named)).map_err(|error| {
                    io::Error::new(error.kind(), format!("cannot write `{named}` of the revision to disk: {error}"))
                })?;
                arguments[at] = laid.to_string_lossy().into_owned();
                moved.push((arguments[at].clone(), named));
            }
        }
        let mut finished = self.world.feed(program, &arguments, input)?;
        for (laid, named) in moved {
            finished.stderr = finished.stderr.replace(&laid, &named);
        }
        Ok(finished)
    }

    fn stdin(&self) -> io::Result<Vec<u8>> {
        self.world.stdin()
    }

    fn current_folder(&self) -> io::Result<PathBuf> {
        self.world.current_folder()
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.world.write(path, bytes)
    }

    fn write_private(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.world.write_private(path, bytes)
    }

    fn scratch(&self, files: &[(PathBuf, Vec<u8>)]) -> io::Result<Scratch> {
        self.world.scratch(files)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.world.remove(path)
    }

    fn out(&self, text: &str) -> io::Result<()> {
        self.world.out(text)
    }

    fn err(&self, text: &str) {
        self.world.err(text);
    }

    fn is_terminal(&self) -> bool {
        self.world.is_terminal()
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.world.variable(name)
    }

    fn columns(&self) -> Option<usize> {
        self.world.columns()
    }

    fn err_is_terminal(&self) -> bool {
        self.world.err_is_terminal()
    }

    fn identity(&self) -> String {
        self.world.identity()
    }

    fn now(&self) -> u64 {
        self.world.now()
    }
}
