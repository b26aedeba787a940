//! The invariants of ARCHITECTURE.md that a look at the source text can prove.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The stages in the order in which they may import.
const STAGES: [&str; 17] = [
    "source",
    "diagnostic",
    "yaml",
    "chart",
    "render",
    "schema",
    "object",
    "api",
    "policy",
    "lint",
    "test",
    "diff",
    "package",
    "oci",
    "cluster",
    "apply",
    "cli",
];

/// A source file of `src/`, with the stage it belongs to (none for lib.rs and main.rs).
struct File {
    path: PathBuf,
    stage: Option<&'static str>,
    text: String,
}

impl File {
    /// Gives the lines that are code, with their numbers; comments and tests left out.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let tests = self.text.find("#[cfg(test)]\nmod tests {").unwrap_or(self.text.len());
        let tests = if self.path.ends_with("tests.rs") { 0 } else { tests };
        let lines = self.text[..tests].lines().enumerate().map(|(index, line)| (index + 1, line));
        lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }
}

fn sources() -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("src can be read") {
            let path = entry.expect("src can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let inner = path.strip_prefix(&root).expect("lies in src");
                let first = inner.components().next().map(|part| part.as_os_str().to_string_lossy().into_owned());
                let stage = (inner.components().count() > 1).then(|| {
                    let first = first.unwrap_or_default();
                    STAGES.into_iter().find(|stage| **stage == first).unwrap_or_else(|| {
                        panic!("src/{first} is no stage: add it to the order in tests/suite/tidy.rs")
                    })
                });
                files.push(File { stage, text: fs::read_to_string(&path).expect("is text"), path });
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

/// Gives the texts of the sources.
pub(crate) fn texts() -> impl Iterator<Item = String> {
    sources().into_iter().map(|file| file.text)
}

fn fail_if_any(problems: &[String]) {
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

/// Gives the stages that a line of code names: `crate::X`, also inside `crate::{X, Y::Z}`.
fn named_stages(line: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for (at, _) in line.match_indices("crate::") {
        let rest = &line[at + "crate::".len()..];
        let group = rest.strip_prefix('{');
        for item in group.unwrap_or(rest).split(',') {
            let name = item.trim_start().split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
            found.extend(STAGES.iter().find(|stage| **stage == name).copied());
            if group.is_none() {
                break;
            }
        }
    }
    found
}

#[test]
fn imports_only_point_backwards() {
    let order = |stage: &str| STAGES.iter().position(|known| *known == stage);
    let mut problems = Vec::new();
    for file in sources() {
        let Some(stage) = file.stage else { continue };
        for (number, line) in file.code() {
            for named in named_stages(line).into_iter().filter(|named| order(named) > order(stage)) {
                problems.push(format!("{}:{number}: `{stage}` imports the later `{named}`", file.path.display()));
            }
        }
    }
    fail_if_any(&problems);
}

#[test]
fn named_stages_are_found() {
    assert_eq!(named_stages("use crate::yaml::{Node, Kind};"), ["yaml"]);
    assert_eq!(named_stages("use crate::{lint::Rule, source};"), ["lint", "source"]);
    assert_eq!(named_stages("let x = crate::cli::main();"), ["cli"]);
}

#[test]
fn only_the_command_line_touches_the_world() {
    let forbidden = [
        "std::env::",
        "std::fs",
        "std::process",
        "std::net",
        "std::time::",
        "println!",
        "eprintln!",
        "print!(",
        "eprint!(",
        "dbg!",
        "use std::env",
    ];
    let mut problems = Vec::new();
    for file in sources() {
        if file.stage.is_none_or(|stage| stage == "cli") {
            continue;
        }
        // Values, not doors: a length of time, an address.
        let values = ["use std::time::Duration;", "use std::net::Ip", "use std::net::{Ip"];
        for (number, line) in file.code().filter(|(_, line)| !values.iter().any(|value| line.starts_with(value))) {
            for word in forbidden.iter().filter(|word| line.contains(**word)) {
                problems.push(format!("{}:{number}: `{word}` outside cli", file.path.display()));
            }
        }
    }
    fail_if_any(&problems);
}

#[test]
fn the_command_line_touches_the_world_in_one_file() {
    let mut problems = Vec::new();
    for file in sources() {
        if file.stage != Some("cli") || file.path.ends_with("cli/world.rs") {
            continue;
        }
        for (number, line) in file.code() {
            let reaches = ["std::fs", "std::env", "std::process::Command", "println!", "print!("];
            for word in reaches.iter().filter(|word| line.contains(**word)) {
                problems.push(format!("{}:{number}: `{word}` outside cli/world.rs", file.path.display()));
            }
        }
    }
    fail_if_any(&problems);
}

#[test]
fn files_stay_short() {
    let long =
        sources().into_iter().map(|file| (file.text.lines().count(), file.path)).filter(|(lines, _)| *lines > 600);
    let problems: Vec<_> = long.map(|(lines, path)| format!("{}: {lines} lines, over 600", path.display())).collect();
    fail_if_any(&problems);
}

#[test]
fn stages_open_with_what_comes_in_and_out() {
    let mut problems = Vec::new();
    for file in sources() {
        let is_stage = file.path.ends_with(Path::new(file.stage.unwrap_or_default()).join("mod.rs"));
        if file.stage.is_none() || !is_stage {
            continue;
        }
        let opening: String = file.text.lines().take_while(|line| line.starts_with("//!")).collect();
        for word in ["In: ", "Out: "] {
            if !opening.contains(word) {
                problems.push(format!("{}: the opening comment lacks `{word}`", file.path.display()));
            }
        }
    }
    fail_if_any(&problems);
}

/// What is fuzzed is what is built.
#[test]
fn fuzzing_uses_the_same_libraries() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let locked = |path: &str| {
        let text = std::fs::read_to_string(root.join(path)).expect("can be read");
        let package = |lines: &str| {
            let of = |key: &str| Some(lines.split_once(key)?.1.split('"').next()?.to_owned());
            Some((of("name = \"")?, of("version = \"")?))
        };
        text.split("[[package]]").filter_map(package).collect::<BTreeSet<_>>()
    };
    let (ours, fuzzed) = (locked("Cargo.lock"), locked("fuzz/Cargo.lock"));
    let names: BTreeSet<_> = ours.iter().map(|(name, _)| name).collect();
    let others = fuzzed.difference(&ours).filter(|(name, _)| names.contains(name));
    let problems: Vec<_> = others
        .map(|(name, version)| {
            format!("fuzz/Cargo.lock has {name} {version}: copy Cargo.lock there, and let cargo add the rest")
        })
        .collect();
    assert!(fuzzed.len() > 100, "{}", fuzzed.len());
    fail_if_any(&problems);
}
