//! A fresh folder with files, in which a test runs the command.

use serde_json::Value;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// An empty folder that is gone when the test ends.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("plimsoll-test-{}-{number}", std::process::id()));
        fs::create_dir(&path).expect("a temporary folder");
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A folder that is gone when the test ends. It is a repository, so that no search goes beyond it.
pub(crate) struct Sandbox {
    folder: Folder,
}

/// What a run gave.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Sandbox {
    /// Makes a folder with files: path and text.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let sandbox = Self { folder: Folder::new() };
        fs::create_dir(sandbox.path(".git")).expect("can be written");
        for (name, text) in files {
            sandbox.write(name, text);
        }
        sandbox
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("lies in the folder")).expect("can be written");
        fs::write(path, content).expect("can be written");
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Runs git in the folder, as somebody without settings of their own; the line is split at blanks.
    pub(crate) fn git(&self, line: &str) {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgSign=false"]);
        let output = command.args(line.split(' ')).current_dir(self.path("")).output().expect("git starts");
        assert!(output.status.success(), "git {line}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Runs a command line, split at blanks.
    pub(crate) fn run(&self, line: &str) -> Run {
        self.run_with(line, "", &[])
    }

    /// Runs a command line with a standard input and environment variables.
    pub(crate) fn run_with(&self, line: &str, input: &str, variables: &[(&str, &str)]) -> Run {
        self.run_in(Path::new(""), line, input, variables)
    }

    /// Runs a command line in a folder below.
    pub(crate) fn run_in(&self, folder: &Path, line: &str, input: &str, variables: &[(&str, &str)]) -> Run {
        let mut command = Command::new(env!("CARGO_BIN_EXE_plimsoll"));
        command.args(line.split_whitespace()).current_dir(self.folder.path().join(folder));
        command.env_remove("NO_COLOR").env_remove("COLUMNS").envs(variables.iter().copied());
        let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = pipes.spawn().expect("the command starts");
        let mut stdin = child.stdin.take().expect("is a pipe");
        // A command that does not read its input closes the pipe; that is fine.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        let output = child.wait_with_output().expect("the command ends");
        let text = |bytes| String::from_utf8(bytes).expect("is UTF-8");
        Run {
            code: output.status.code().expect("was not killed"),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

impl Run {
    /// Reads the JSON format.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}{}", self.stdout, self.stderr))
    }

    /// Gives the rules of the findings, in order, from the JSON format.
    pub(crate) fn rules(&self) -> Vec<String> {
        let json = self.json();
        let findings = json["findings"].as_array().expect("is a list");
        findings.iter().map(|finding| finding["rule"].as_str().expect("is text").to_owned()).collect()
    }
}
