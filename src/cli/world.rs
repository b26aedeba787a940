//! The door to the world: files, folders, standard streams, environment variables, other programs.
//!
//! Everything else in `cli` goes through [`World`], so that a test can stand in for the file system.
#![expect(clippy::disallowed_methods, reason = "this is the one file that touches the world")]

use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// No file or stream larger than this is read: 64 MiB.
pub const SIZE_LIMIT: u64 = 64 << 20;

/// What stands at a path, links followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A regular file, or anything else that can be read (a pipe).
    File,
    /// A folder.
    Folder,
}

/// What a program that was run to its end gave.
#[derive(Debug)]
pub struct Finished {
    /// Whether it said that all is well.
    pub success: bool,
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// Its standard error.
    pub stderr: String,
}

/// The files found under a folder, and what could not be read there.
#[derive(Debug, Default)]
pub struct Walked {
    /// Files, sorted by path.
    pub files: Vec<PathBuf>,
    /// What could not be read, in words.
    pub errors: Vec<String>,
}

/// How a folder is walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Walk {
    /// Leaves out hidden files and what .gitignore excludes.
    Visible,
    /// Takes every file.
    Everything,
}

/// What the command line may ask of the world. Paths are relative to the current folder, or absolute.
pub trait World: Sync {
    /// Reads a file whole, up to [`SIZE_LIMIT`].
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
    /// Reads standard input whole, up to [`SIZE_LIMIT`].
    fn stdin(&self) -> io::Result<Vec<u8>>;
    /// Tells what stands at a path.
    fn entry(&self, path: &Path) -> io::Result<Entry>;
    /// Finds the files under a folder. Links are followed; a loop of links is an error of the result.
    fn walk(&self, folder: &Path, how: Walk) -> Walked;
    /// Gives the absolute path of the current folder.
    fn current_folder(&self) -> io::Result<PathBuf>;
    /// Writes a file whole or not at all, and makes the folders it needs. Behind a link, the file that it leads to is
    /// written; a device or a pipe is written to as it is.
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;
    /// Writes a file as [`World::write`] does, that nobody else may read.
    fn write_private(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;
    /// Writes files, named by relative paths, into a new folder that nobody else may read, and that goes with what is given.
    fn scratch(&self, files: &[(PathBuf, Vec<u8>)]) -> io::Result<Scratch> {
        let _ = files;
        Err(io::ErrorKind::Unsupported.into())
    }
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Writes a file that stands there already, whole or not at all: through links, with the rights that it has. One that
    /// may not be written is an error.
    fn replace(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.write(path, bytes)
    }
    /// Draws bytes that no other run has; they need not be secret.
    fn salt(&self) -> [u8; 16] {
        use std::hash::{BuildHasher as _, Hasher as _};
        // Each state has keys of its own, which the system drew.
        let drawn = || std::collections::hash_map::RandomState::new().build_hasher().finish().to_le_bytes();
        let (first, second) = (drawn(), drawn());
        std::array::from_fn(|at| if at < 8 { first[at] } else { second[at - 8] })
    }
    /// Writes to standard output. A reader that has gone away is no error.
    fn out(&self, text: &str) -> io::Result<()>;
    /// Writes to standard error.
    fn err(&self, text: &str);
    /// Tells whether standard output is a terminal.
    fn is_terminal(&self) -> bool;
    /// Gives how many columns the terminal has that standard output is, where that is known.
    fn columns(&self) -> Option<usize> {
        None
    }
    /// Tells whether standard error is a terminal.
    fn err_is_terminal(&self) -> bool;
    /// Looks up an environment variable; one that is not UTF-8 counts as unset.
    fn variable(&self, name: &str) -> Option<String>;
    /// Gives the time in seconds since 1970.
    fn now(&self) -> u64;
    /// Gives today's date in UTC: `2027-03-01`.
    fn today(&self) -> String {
        date(self.now() / 86_400)
    }
    /// Names this process among all others, wherever they run: `build-7/4711/18f3a`.
    fn identity(&self) -> String;
    /// Runs a program to its end, with nothing on its standard input.
    fn run(&self, program: &str, arguments: &[String]) -> io::Result<Finished> {
        self.feed(program, arguments, &[])
    }
    /// Runs a program to its end, with bytes on its standard input.
    fn feed(&self, program: &str, arguments: &[String], input: &[u8]) -> io::Result<Finished>;
}

/// A folder that goes when it is not needed any more.
#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed is left to whoever clears the folder of temporary files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Gives the arguments of this process, its own name first.
pub fn arguments() -> impl Iterator<Item = std::ffi::OsString> {
    std::env::args_os()
}

/// Reads the package that a reference into a registry leads to.
pub type ReadPackage = fn(&Path, &dyn World) -> io::Result<Vec<u8>>;

/// The real world.
#[derive(Debug)]
pub struct System {
    /// Reads `oci://` like a file; none in a build that knows no registries.
    pub read_package: Option<ReadPackage>,
}

impl System {
    /// Gives what reads a path that leads into a registry.
    fn package(&self, path: &Path) -> Option<ReadPackage> {
        self.read_package.filter(|_| super::paths::is_reference(path))
    }
}

impl World for System {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        if let Some(read) = self.package(path) {
            return read(path, self);
        }
        let file = std::fs::File::open(path)?;
        // What is said of the size of a pipe or a device is not true; what is said of a file's saves asking for memory often.
        let size = file.metadata().map_or(0, |metadata| metadata.len().min(SIZE_LIMIT)) as usize;
        read_limited(file, size)
    }

    fn stdin(&self) -> io::Result<Vec<u8>> {
        read_limited(io::stdin().lock(), 0)
    }

    fn entry(&self, path: &Path) -> io::Result<Entry> {
        if self.package(path).is_some() {
            return Ok(Entry::File);
        }
        let metadata = std::fs::metadata(path)?;
        Ok(if metadata.is_dir() { Entry::Folder } else { Entry::File })
    }

    fn walk(&self, folder: &Path, how: Walk) -> Walked {
        let mut builder = ignore::WalkBuilder::new(folder);
        let visible = how == Walk::Visible;
        builder.standard_filters(visible).require_git(false).follow_links(true).sort_by_file_name(std::ffi::OsStr::cmp);
        let mut walked = Walked::default();
        for entry in builder.build() {
            match entry {
                // A pipe would block for ever; only regular files are taken.
                Ok(entry) if entry.file_type().is_some_and(|kind| kind.is_file()) => {
                    walked.files.push(entry.into_path());
                }
                Ok(_) => {}
                Err(error) if is_harmless(&error) => {}
                Err(error) => walked.errors.push(format!("cannot read {error}")),
            }
        }
        walked
    }

    fn current_folder(&self) -> io::Result<PathBuf> {
        std::env::current_dir()
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        write(path, bytes, false)
    }

    fn write_private(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        write(path, bytes, true)
    }

    fn scratch(&self, files: &[(PathBuf, Vec<u8>)]) -> io::Result<Scratch> {
        let number = WRITTEN.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("plimsoll-{}-{number}", std::process::id()));
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        // One that is there already is somebody else's.
        builder.create(&folder)?;
        let scratch = Scratch(folder);
        for (name, bytes) in files {
            let path = scratch.0.join(name);
            std::fs::create_dir_all(path.parent().unwrap_or(&scratch.0))?;
            std::fs::write(path, bytes)?;
        }
        Ok(scratch)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn replace(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        if std::fs::metadata(path)?.permissions().readonly() {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        self.write(path, bytes)
    }

    fn out(&self, text: &str) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            result => result,
        }
    }

    fn err(&self, text: &str) {
        // Nobody is left to tell that standard error cannot be written.
        let _ = io::stderr().lock().write_all(text.as_bytes());
    }

    fn is_terminal(&self) -> bool {
        io::stdout().is_terminal()
    }

    fn columns(&self) -> Option<usize> {
        if !io::stdout().is_terminal() {
            return None;
        }
        // Shells keep COLUMNS to themselves. What asks the terminal itself needs `unsafe`, or a crate that is banned here.
        let terminal = std::fs::File::open("/dev/tty").ok()?;
        let output = Command::new("stty").arg("size").stdin(terminal).stderr(Stdio::null()).output().ok()?;
        let (_, columns) = std::str::from_utf8(&output.stdout).ok()?.trim().split_once(' ')?;
        columns.parse().ok().filter(|columns| *columns > 0)
    }

    fn err_is_terminal(&self) -> bool {
        io::stderr().is_terminal()
    }

    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn now(&self) -> u64 {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        since.as_secs()
    }

    fn identity(&self) -> String {
        let host =
            ["/proc/sys/kernel/hostname", "/etc/hostname"].iter().find_map(|path| std::fs::read_to_string(path).ok());
        let host = host.or_else(|| self.variable("HOSTNAME")).or_else(|| self.variable("COMPUTERNAME"));
        let host = host.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        format!("{}/{}/{:x}", host.as_deref().unwrap_or("somewhere"), std::process::id(), since.as_nanos())
    }

    fn feed(&self, program: &str, arguments: &[String], input: &[u8]) -> io::Result<Finished> {
        let mut command = Command::new(program);
        let pipes = command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = pipes.spawn()?;
        let stdin = child.stdin.take();
        let output = std::thread::scope(|scope| {
            // A program that does not read its input closes the pipe; that is its business.
            scope.spawn(move || stdin.map(|mut stdin| stdin.write_all(input)));
            child.wait_with_output()
        })?;
        Ok(Finished {
            success: output.status.success(),
            stdout: output.stdout,
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }
}

/// How many files were written: names of temporary ones differ by it.
static WRITTEN: AtomicU32 = AtomicU32::new(0);

/// Writes a file, and makes the folders it needs.
fn write(path: &Path, bytes: &[u8], private: bool) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder {
        std::fs::create_dir_all(folder)?;
    }
    // A link cannot lead nowhere here: such a one is replaced like a file.
    let known = std::fs::metadata(path).ok();
    if known.as_ref().is_some_and(|known| !known.is_file() && !known.is_dir()) {
        return std::fs::OpenOptions::new().write(true).open(path)?.write_all(bytes);
    }
    let real = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    write_through(&real, bytes, known.map(|known| known.permissions()).filter(|_| !private), private)
}

/// Writes a file beside its place, and moves it there when it is whole.
fn write_through(
    path: &Path,
    bytes: &[u8],
    permissions: Option<std::fs::Permissions>,
    private: bool,
) -> io::Result<()> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidFilename)?.to_string_lossy().into_owned();
    // Several threads may write the same file, what they fetched both: each by a name of its own.
    let number = WRITTEN.fetch_add(1, Ordering::Relaxed);
    let temporary = path.with_file_name(format!(".{name}.{}.{number}.tmp", std::process::id()));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if private {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    #[cfg(not(unix))]
    let _ = private;
    let written = options.open(&temporary).and_then(|mut file| {
        file.write_all(bytes)?;
        permissions.map_or(Ok(()), |permissions| file.set_permissions(permissions))?;
        file.sync_all()?;
        std::fs::rename(&temporary, path)
    });
    if written.is_err() {
        // The first error is the one to tell; a temporary file that stays is harmless.
        let _ = std::fs::remove_file(&temporary);
    }
    written
}

/// Writes the date of a day, counted from 1970-01-01.
pub(super) fn date(mut day: u64) -> String {
    let leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let mut year = 1970;
    while day >= 365 + u64::from(leap(year)) {
        day -= 365 + u64::from(leap(year));
        year += 1;
    }
    let lengths = [31, 28 + u64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 1;
    for length in lengths {
        if day < length {
            break;
        }
        day -= length;
        month += 1;
    }
    format!("{year:04}-{month:02}-{:02}", day + 1)
}

/// Tells whether an error of a walk hides nothing: a link back to a folder above, or to nowhere.
fn is_harmless(error: &ignore::Error) -> bool {
    match error {
        ignore::Error::Loop { .. } => true,
        ignore::Error::WithPath { path, err } => {
            let dangling = err.io_error().is_some_and(|error| error.kind() == io::ErrorKind::NotFound);
            // A dangling link that claims to be a manifest is missing input.
            is_harmless(err)
                || dangling && path.extension().is_none_or(|extension| extension != "yaml" && extension != "yml")
        }
        ignore::Error::WithDepth { err, .. } => is_harmless(err),
        _ => false,
    }
}

/// Reads to the end, which is probably about `size` bytes away.
fn read_limited(source: impl io::Read, size: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(size + 1);
    // One byte more than allowed tells a file at the limit from one beyond it.
    source.take(SIZE_LIMIT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > SIZE_LIMIT {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("larger than {} MiB", SIZE_LIMIT >> 20)));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::date;

    #[test]
    fn days_are_dates() {
        for (day, text) in [(0, "1970-01-01"), (59, "1970-03-01"), (11_016, "2000-02-29"), (20_513, "2026-03-01")] {
            assert_eq!(date(day), text);
        }
    }
}
