//! The pages of `tests/cases`: input files, one command line, and its expected output, read together.
//!
//! CONTRIBUTING.md describes the form. `PLIMSOLL_BLESS=1` writes the output into the pages instead of comparing it.

use rayon::prelude::*;
use serde_json::Value;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A page, in sections.
struct Page {
    path: PathBuf,
    /// The text up to the section `expect`: it stays as it is.
    input: String,
    files: Vec<(String, Vec<u8>)>,
    command: Vec<String>,
    expected: String,
}

#[test]
fn every_page_gives_what_it_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut paths = Vec::new();
    find(&root, &mut paths);
    paths.sort();
    let bless = std::env::var_os("PLIMSOLL_BLESS").is_some();
    let problems: Vec<_> = paths.par_iter().filter_map(|path| examine(path, &root, bless).err()).collect();
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
    let page = parse(path, &text).map_err(|problem| format!("{name}: {problem}"))?;
    let actual = run(&page).map_err(|problem| format!("{name}: {problem}"))?;
    if actual == page.expected {
        return Ok(());
    }
    if bless {
        fs::write(&page.path, format!("{}{actual}", page.input)).map_err(|error| format!("{name}: {error}"))?;
        return Ok(());
    }
    Err(format!("== {name}: {}\n{}", page.command.join(" "), difference(&page.expected, &actual)))
}

fn parse(path: &Path, text: &str) -> Result<Page, String> {
    let mut page = Page {
        path: path.to_owned(),
        input: String::new(),
        files: Vec::new(),
        command: Vec::new(),
        expected: String::new(),
    };
    let mut sections: Vec<(&str, String)> = Vec::new();
    let mut expects = false;
    for line in text.split_inclusive('\n') {
        let header = line.trim_end().strip_prefix("-- ").and_then(|rest| rest.strip_suffix(" --"));
        expects |= header.is_some_and(|header| header == "expect" || header.starts_with("expect "));
        if !expects {
            page.input += line;
        }
        match (header, sections.last_mut()) {
            (Some(header), _) => sections.push((header, String::new())),
            (None, Some((_, body))) => *body += line,
            (None, None) if line.trim().is_empty() || line.starts_with('#') => {}
            (None, None) => return Err(format!("before the first section stands `{}`", line.trim())),
        }
    }
    for (header, body) in sections {
        if header == "run" {
            page.command = words(body.trim())?;
        } else if header == "expect" || header.starts_with("expect ") {
            page.expected = format!("-- {header} --\n{body}");
        } else {
            let (name, flags) = header.split_once(" (").unwrap_or((header, ""));
            page.files.push((name.to_owned(), content(body, flags.trim_end_matches(')'))?));
        }
    }
    if page.command.first().is_none_or(|program| program != "plimsoll") {
        return Err("the section `run` must hold a command line of plimsoll".to_owned());
    }
    Ok(page)
}

/// Turns the body of a section into the file that it stands for.
fn content(body: String, flags: &str) -> Result<Vec<u8>, String> {
    let mut text = body;
    for flag in flags.split([',', ' ']).filter(|flag| !flag.is_empty()) {
        text = match flag {
            "crlf" => text.replace('\n', "\r\n"),
            "bom" => format!("\u{feff}{text}"),
            "tabs" => text.replace('→', "\t"),
            "no-newline" => text.trim_end_matches('\n').to_owned(),
            _ => return Err(format!("unknown flag `{flag}` of a file")),
        };
    }
    Ok(text.into_bytes())
}

/// Splits a command line into words, as a shell does with single and double quotes and backslashes.
fn words(line: &str) -> Result<Vec<String>, String> {
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

/// Runs a page's command in a fresh folder, and writes what it said in the form of the section `expect`.
fn run(page: &Page) -> Result<String, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    // The search for a workspace ends here.
    fs::create_dir(folder.path().join(".git")).map_err(|error| error.to_string())?;
    for (name, bytes) in &page.files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("lies in the folder")).map_err(|error| error.to_string())?;
        fs::write(&path, bytes).map_err(|error| format!("{name}: {error}"))?;
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_plimsoll"));
    command.args(&page.command[1..]).current_dir(folder.path()).env_remove("NO_COLOR").env_remove("COLUMNS");
    let formatted = page.command.iter().any(|word| word.starts_with("--format"));
    let judges = ["check", "validate", "lint"].contains(&page.command.get(1).map_or("", String::as_str));
    let compact = judges && !formatted;
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
            let _ = writeln!(text, "{}", format!("stderr: {line}").trim_end());
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
    let split = words(r#"plimsoll check 'a b' --set "x=\"1\" 2" c\ d ''"#).expect("is well formed");
    assert_eq!(split, ["plimsoll", "check", "a b", "--set", "x=\"1\" 2", "c d", ""]);
}
