//! The pages of `docs/` and README.md: what they show is what the command says.
//!
//! A block that opens with ```` ```console ```` holds commands, each behind `$ `, and what they print. A block whose opening
//! names a path behind its language (```` ```yaml shop/values.yaml ````) is written there first; in a comment of HTML too.
//! Each page has a folder of its own. Pages that name `charts-examples` find them there. Blocks with `console helm` run where
//! helm is at hand. `PLIMSOLL_BLESS=1` writes what commands print into the pages.
//!
//! Any change of a command's words changes a page, so that these tests run where they are asked for: by `.ci/run`, which sets
//! `PLIMSOLL_TEST_DOCS`, and when they bless.

use rayon::prelude::*;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Tells whether the pages are to be held against what the command says.
fn asked() -> bool {
    ["PLIMSOLL_TEST_DOCS", "PLIMSOLL_BLESS"].iter().any(|name| std::env::var_os(name).is_some())
}

fn pages() -> Vec<PathBuf> {
    let mut pages = vec![root().join("README.md")];
    let mut folders = vec![root().join("docs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("docs can be read") {
            let path = entry.expect("docs can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                pages.push(path);
            }
        }
    }
    pages.sort();
    pages
}

#[test]
fn every_page_shows_what_the_command_says() {
    if !asked() {
        return;
    }
    let bless = std::env::var_os("PLIMSOLL_BLESS").is_some();
    let examine = |path: &PathBuf| -> Result<usize, String> {
        let name = path.strip_prefix(root()).unwrap_or(path).display();
        let text = fs::read_to_string(path).map_err(|error| format!("{name}: {error}"))?;
        let (actual, commands) = replay(&text).map_err(|problem| format!("{name}: {problem}"))?;
        if actual != text {
            if !bless {
                return Err(format!("== {name}\n{}", crate::cases::difference(&text, &actual)));
            }
            fs::write(path, actual).map_err(|error| format!("{name}: {error}"))?;
        }
        Ok(commands)
    };
    let (ran, problems): (Vec<_>, Vec<_>) = pages().par_iter().map(examine).partition(Result::is_ok);
    let problems: Vec<_> = problems.into_iter().filter_map(Result::err).collect();
    assert!(problems.is_empty(), "\n{}\n{} pages differ", problems.join("\n"), problems.len());
    let commands: usize = ran.into_iter().flatten().sum();
    assert!(commands > 20, "{commands} commands are shown");
}

/// Runs the commands of a page, and gives the page with what they printed, and their number.
fn replay(page: &str) -> Result<(String, usize), String> {
    let folder = crate::sandbox::Folder::new();
    // The search for a workspace ends here.
    fs::create_dir(folder.path().join(".git")).map_err(|error| error.to_string())?;
    if page.contains("charts-examples") {
        copy(&root().join("charts-examples"), &folder.path().join("charts-examples"));
    }
    let (mut replayed, mut commands) = (String::new(), 0);
    let mut lines = page.split_inclusive('\n');
    while let Some(line) = lines.next() {
        replayed += line;
        let Some(opening) = line.trim_end().strip_prefix("```").filter(|opening| !opening.is_empty()) else { continue };
        let mut body = String::new();
        let closing = loop {
            match lines.next() {
                None => return Err(format!("a block is not closed: {}", line.trim_end())),
                Some(line) if line.trim_end() == "```" => break line,
                Some(line) => body += line,
            }
        };
        match opening.split_once(' ') {
            None if opening == "console" => replayed += &run(&body, folder.path(), &mut commands)?,
            Some(("console", "helm")) if std::env::var_os("PLIMSOLL_TEST_HELM").is_some() => {
                replayed += &run(&body, folder.path(), &mut commands)?;
            }
            Some((language, path)) if language != "console" => {
                let path = folder.path().join(path);
                fs::create_dir_all(path.parent().expect("lies in the folder")).map_err(|error| error.to_string())?;
                fs::write(&path, &body).map_err(|error| format!("{}: {error}", path.display()))?;
                replayed += &body;
            }
            _ => replayed += &body,
        }
        replayed += closing;
    }
    Ok((replayed, commands))
}

/// Runs the commands of a block by the shell, and writes what each printed below it.
fn run(block: &str, folder: &Path, commands: &mut usize) -> Result<String, String> {
    let beside = |program: &str| Path::new(program).parent().map(Path::to_owned).unwrap_or_default();
    let mut path = vec![beside(env!("CARGO_BIN_EXE_plimsoll"))];
    path.extend(std::env::var("PLIMSOLL_TEST_HELM").iter().map(|helm| beside(helm)));
    path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    let path = std::env::join_paths(path).map_err(|error| error.to_string())?;
    let mut text = String::new();
    for line in block.lines().filter(|line| line.starts_with("$ ")) {
        let mut command = Command::new("sh");
        command.args(["-c", &format!("exec 2>&1; {}", &line[2..])]).current_dir(folder);
        command.env("PATH", &path).env("HOME", folder).env_remove("NO_COLOR").env("COLUMNS", "120");
        command.env("GIT_CONFIG_GLOBAL", "/dev/null");
        let output = command.output().map_err(|error| error.to_string())?;
        let said = String::from_utf8_lossy(&output.stdout);
        // Drawing leaves blanks at the ends of some lines; in a page nobody sees them.
        let said: Vec<&str> = said.trim_end().lines().map(str::trim_end).collect();
        text += &format!("{line}\n");
        for said in said {
            text += &format!("{said}\n");
        }
        *commands += 1;
    }
    if text.is_empty() { Err("a block of the console holds no line with `$ `".to_owned()) } else { Ok(text) }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("can be written");
    for entry in fs::read_dir(from).expect("can be read") {
        let path = entry.expect("can be read").path();
        let to = to.join(path.file_name().expect("has a name"));
        if path.is_dir() {
            copy(&path, &to);
        } else {
            fs::copy(&path, &to).expect("can be copied");
        }
    }
}

/// Every command has its page, made of its own help, and every such page a command.
#[test]
fn every_command_has_a_page() {
    if !asked() {
        return;
    }
    let folder = root().join("docs/commands");
    let mut problems = Vec::new();
    let mut known = Vec::new();
    for (name, about) in subcommands(&[]) {
        let inner = subcommands(&[&name]);
        let mut lines = vec![name.clone()];
        lines.extend(inner.iter().map(|(inner, _)| format!("{name} {inner}")));
        let blocks: Vec<_> = lines.iter().map(|line| format!("```console\n$ plimsoll {line} --help\n```\n")).collect();
        let path = folder.join(format!("{name}.md"));
        if path.exists() {
            let text = fs::read_to_string(&path).expect("is text");
            let missing = lines.iter().filter(|line| !text.contains(&format!("\n$ plimsoll {line} --help\n")));
            problems.extend(missing.map(|line| format!("docs/commands/{name}.md lacks `plimsoll {line} --help`")));
        } else if std::env::var_os("PLIMSOLL_BLESS").is_some() {
            let page = replay(&format!("# plimsoll {name}\n\n{about}.\n\n{}", blocks.join("\n")));
            let page = page.expect("help is printed").0;
            fs::create_dir_all(&folder).and_then(|()| fs::write(&path, page)).expect("can be written");
        } else {
            problems.push(format!("docs/commands/{name}.md is missing"));
        }
        known.push(name);
    }
    for entry in fs::read_dir(&folder).into_iter().flatten() {
        let path = entry.expect("can be read").path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if !known.contains(&name) {
            problems.push(format!("docs/commands/{name}.md is of no command"));
        }
    }
    assert!(problems.is_empty(), "\n{}\nPLIMSOLL_BLESS=1 makes missing pages", problems.join("\n"));
}

/// Reads the names of a command's subcommands, and what they do, off its help.
fn subcommands(command: &[&str]) -> Vec<(String, String)> {
    let help =
        Command::new(env!("CARGO_BIN_EXE_plimsoll")).args(command).arg("--help").output().expect("it runs").stdout;
    let help = String::from_utf8(help).expect("is UTF-8");
    let Some((_, listed)) = help.split_once("\nCommands:\n") else { return Vec::new() };
    let lines = listed.lines().take_while(|line| !line.is_empty());
    lines
        .filter_map(|line| line.trim().split_once("  "))
        .map(|(name, about)| (name.to_owned(), about.trim().to_owned()))
        .collect()
}

/// Links between pages lead somewhere.
#[test]
fn links_lead_to_files() {
    let mut problems = Vec::new();
    for page in pages() {
        let text = fs::read_to_string(&page).expect("is text");
        for (at, _) in text.match_indices("](") {
            let target = text[at + 2..].split(')').next().unwrap_or_default();
            let target = target.split('#').next().unwrap_or_default();
            let elsewhere = target.is_empty() || target.contains("://");
            if !elsewhere && !page.parent().expect("lies in a folder").join(target).exists() {
                problems.push(format!("{}: `{target}` is not there", page.display()));
            }
        }
    }
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}
