//! Indexes `rules/<group>/<rule-id>.yaml` into a table of texts with the few fields that choosing rules needs.
//!
//! Those fields are read line by line, so they stand on one line each; a test compares the table with the rules' own
//! decoder. Everything else is decoded on use: what linting needs from a text of its own, of a few lines.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// Writes `$OUT_DIR/rules.rs`: an expression, the slice of all rules in the order of their ids.
pub(crate) fn index() {
    println!("cargo::rerun-if-changed=rules");
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo names the package's folder"));
    let mut rules: Vec<(String, String)> = Vec::new();
    // Beside the groups there are texts for people.
    for group in folder(&root.join("rules")).into_iter().filter(|path| path.is_dir()) {
        for path in folder(&group) {
            let text = fs::read_to_string(&path).expect("a rule is readable text");
            let id = field(&text, "id", &path).to_owned();
            rules.push((id, entry(&text, &path)));
        }
    }
    rules.sort();
    let mut table = String::from("&[\n");
    for (_, entry) in rules {
        table.push_str(&entry);
    }
    table.push_str("]\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo names the output folder"));
    fs::write(out.join("rules.rs"), table).expect("the output folder is writable");
}

fn folder(path: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("a folder is readable").path()).collect();
    paths.sort();
    paths
}

fn entry(text: &str, path: &Path) -> String {
    let mut entry = String::from("    Indexed {\n");
    for name in ["id", "group", "severity", "summary"] {
        let _ = writeln!(entry, "        {name}: {:?},", field(text, name, path));
    }
    let applies = field(text, "applies", path);
    let _ = writeln!(entry, "        profiles: &{:?},", list(field(text, "profiles", path)));
    let _ = writeln!(entry, "        pods: {},", applies.contains("pods: true"));
    let kinds = applies.split_once("kinds:").map(|(_, kinds)| list(kinds)).unwrap_or_default();
    let _ = writeln!(entry, "        kinds: &{kinds:?},");
    let head = text.find("\nexamples:").map_or(text.len(), |at| at + 1);
    let _ = writeln!(entry, "        head: {head},");
    let _ = writeln!(entry, "        working: {:?},", cut(text, &["remedy", "check", "fix"]));
    let path = path.to_str().expect("the package's folder has a name in Unicode");
    let _ = writeln!(entry, "        text: include_str!({path:?}),\n    }},");
    entry
}

fn field<'a>(text: &'a str, name: &str, path: &Path) -> &'a str {
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    value.unwrap_or_else(|| panic!("{}: no line `{name}: …`", path.display())).trim_matches('"')
}

/// Cuts out some of the rule's fields, with all lines that belong to them.
fn cut(text: &str, names: &[&str]) -> String {
    let begins =
        |line: &str| names.iter().any(|name| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(':')));
    let mut wanted = false;
    let lines = text.split_inclusive('\n').filter(|line| {
        wanted = if line.starts_with(' ') { wanted } else { begins(line) };
        wanted
    });
    lines.collect()
}

fn list(text: &str) -> Vec<&str> {
    let inside = text.trim().trim_start_matches('[').split(']').next().unwrap_or_default();
    inside.split(',').map(|word| word.trim().trim_matches('"')).filter(|word| !word.is_empty()).collect()
}
