//! The pages of `tests/cases`: input files, command lines, and their expected output, read together.
//!
//! tests/cases/README.md describes the form. `PLIMSOLL_BLESS=1` writes the output into the pages instead of comparing it.

use rayon::prelude::*;
use serde_json::Value;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A part of a page: its header line `-- NAME --` (empty for what stands before the first), and what follows it.
struct Section<'a> {
    header: &'a str,
    body: String,
}

impl<'a> Section<'a> {
    /// Gives the name between the dashes.
    fn name(&self) -> &'a str {
        name(self.header).unwrap_or_default()
    }

    fn is_expectation(&self) -> bool {
        self.name().starts_with("expect ")
    }
}

#[test]
fn every_page_gives_what_it_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut paths = Vec::new();
    find(&root, &mut paths);
    paths.sort();
    let bless = std::env::var_os("PLIMSOLL_BLESS").is_some();
    let problems: Vec<_> = paths.par_iter().filter_map(|path| examine(path, &root, bless).err()).collect();
    assert!(!paths.is_empty(), "there are pages in {}", root.display());
    println!("{} pages, {} differ", paths.len(), problems.len());
    assert!(problems.is_empty(), "\n{}\n{} of {} pages differ", problems.join("\n"), problems.len(), paths.len());
}

fn find(folder: &Path, pages: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() {
            find(&path, pages);
        } else if path.extension().is_some_and(|extension| extension == "case") {
            pages.push(path);
        }
    }
}

fn examine(path: &Path, root: &Path, bless: bool) -> Result<(), String> {
    let name = path.strip_prefix(root).unwrap_or(path).display();
    let text = fs::read_to_string(path).map_err(|error| format!("{name}: {error}"))?;
    let actual = replay(&text).map_err(|problem| format!("{name}: {problem}"))?;
    if actual == text {
        return Ok(());
    }
    if bless {
        return fs::write(path, actual).map_err(|error| format!("{name}: {error}"));
    }
    Err(format!("== {name}\n{}", difference(&text, &actual)))
}

fn name(line: &str) -> Option<&str> {
    line.trim_end().strip_prefix("-- ")?.strip_suffix(" --")
}

/// Runs the commands of a page, and gives the page with what they said in place of what it expects.
fn replay(page: &str) -> Result<String, String> {
    let mut sections = vec![Section { header: "", body: String::new() }];
    for line in page.split_inclusive('\n') {
        match sections.last_mut() {
            Some(section) if name(line).is_none() => section.body += line,
            _ => sections.push(Section { header: line, body: String::new() }),
        }
    }
    let folder = crate::sandbox::Folder::new();
    // The search for a workspace ends here.
    fs::create_dir(folder.path().join(".git")).map_err(|error| error.to_string())?;
    let mut command: Option<Vec<String>> = None;
    let mut replayed = String::new();
    for section in &sections {
        if section.is_expectation() {
            let words = command.take().ok_or("an `expect` has no `run` before it")?;
            replayed += &run(&words, folder.path())?;
            continue;
        }
        replayed += section.header;
        replayed += &section.body;
        match section.name() {
            "" if section.body.lines().all(|line| line.is_empty() || line.starts_with('#')) => {}
            "" => return Err("only comments may stand before the first section".to_owned()),
            "run" => command = Some(split(section.body.trim())?),
            file => {
                let path = folder.path().join(file);
                fs::create_dir_all(path.parent().expect("lies in the folder")).map_err(|error| error.to_string())?;
                fs::write(&path, &section.body).map_err(|error| format!("{file}: {error}"))?;
            }
        }
    }
    match command {
        None if sections.iter().any(Section::is_expectation) => Ok(replayed),
        // A new page may end with its command: blessing adds what it says.
        Some(words) => Ok(replayed + &run(&words, folder.path())?),
        None => Err("it runs nothing".to_owned()),
    }
}

/// Splits a command line into words, as a shell does with single and double quotes and backslashes.
fn split(line: &str) -> Result<Vec<String>, String> {
    let mut words: Vec<String> = Vec::new();
    let mut word: Option<String> = None;
    let mut characters = line.chars();
    while let Some(c) = characters.next() {
        match c {
            '\'' | '"' => {
                let current = word.get_or_insert_default();
                loop {
                    match characters.next() {
                        None => return Err(format!("a quote is not closed in `{line}`")),
                        Some(end) if end == c => break,
                        Some('\\') if c == '"' => current.extend(characters.next()),
                        Some(inner) => current.push(inner),
                    }
                }
            }
            '\\' => word.get_or_insert_default().extend(characters.next()),
            '\n' => return Err("the section `run` must hold one line".to_owned()),
            c if c.is_whitespace() => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

/// Runs a command, and writes what it said in the form of an `expect` section.
fn run(words: &[String], folder: &Path) -> Result<String, String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_plimsoll"));
    command.args(words).current_dir(folder).env_remove("NO_COLOR").env_remove("COLUMNS");
    let judges = words.first().is_some_and(|word| ["check", "validate", "lint", "test"].contains(&word.as_str()));
    let compact = judges && !words.iter().any(|word| word.starts_with("--format"));
    if compact {
        command.args(["--format", "json"]);
    }
    let output = command.output().map_err(|error| error.to_string())?;
    let code = output.status.code().map_or_else(|| "killed".to_owned(), |code| code.to_string());
    let stdout = String::from_utf8_lossy(&output.stdout);
    let mut text = format!("-- expect {code} --\n");
    text += &if compact { findings(&stdout) } else { stdout.into_owned() };
    if !text.ends_with('\n') {
        text.push('\n');
    }
    if code == "2" {
        for line in String::from_utf8_lossy(&output.stderr).lines() {
            text += format!("stderr: {line}").trim_end();
            text.push('\n');
        }
    }
    Ok(text)
}

/// Writes the findings of the JSON format in short form.
fn findings(json: &str) -> String {
    let Ok(report) = serde_json::from_str::<Value>(json) else { return json.to_owned() };
    let mut text = String::new();
    for finding in report["findings"].as_array().into_iter().flatten() {
        let place = place(finding);
        let names = |key: &str| {
            let names = finding[key].as_array().into_iter().flatten().filter_map(Value::as_str);
            names.collect::<Vec<_>>().join(", ")
        };
        let environments = match names("environments") {
            names if names.is_empty() => names,
            names => format!(" ({names})"),
        };
        let word = |key: &str| finding[key].as_str().unwrap_or_default();
        let (severity, rule, message) = (word("severity"), word("rule"), word("message"));
        let _ = writeln!(text, "{place} {severity} {rule}: {message}{environments}");
        if let Some(help) = finding["help"].as_str() {
            let _ = writeln!(text, "  help: {}", help.replace('\n', "\n    "));
        }
        for step in finding["trace"].as_array().into_iter().flatten() {
            let _ = writeln!(text, "  trace: {}:{} {}", plain(&step["file"]), step["line"], plain(&step["what"]));
        }
        if finding["edit"].is_object() {
            let edit = &finding["edit"];
            let _ = writeln!(text, "  edit: {} {}", self::place(edit), plain(&edit["key"]));
        }
    }
    text
}

fn place(value: &Value) -> String {
    match value["file"].as_str() {
        Some(file) => format!("{file}:{}:{}", value["line"], value["column"]),
        None => "-:-:-".to_owned(),
    }
}

fn plain(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Shows lines that only one of two texts has, between those before and behind that both have.
fn difference(expected: &str, actual: &str) -> String {
    let (expected, actual): (Vec<_>, Vec<_>) = (expected.lines().collect(), actual.lines().collect());
    let before = expected.iter().zip(&actual).take_while(|(a, b)| a == b).count();
    let rest = expected.len().min(actual.len()) - before;
    let behind = expected.iter().rev().zip(actual.iter().rev()).take(rest).take_while(|(a, b)| a == b).count();
    let mut text = String::new();
    let mut show = |sign: char, lines: &[&str]| {
        for line in lines {
            let _ = writeln!(text, "{sign} {line}");
        }
    };
    show(' ', &expected[..before]);
    show('-', &expected[before..expected.len() - behind]);
    show('+', &actual[before..actual.len() - behind]);
    show(' ', &expected[expected.len() - behind..]);
    text
}

#[test]
fn command_lines_are_split_as_in_a_shell() {
    let words = split(r#"check 'a b' --set "x=\"1\" 2" c\ d ''"#).expect("is well formed");
    assert_eq!(words, ["check", "a b", "--set", "x=\"1\" 2", "c d", ""]);
}
