//! The manifests that both judge: what the repository has, and made ones.

use super::generate;
use plimsoll::lint;
use std::fs;
use std::path::Path;
use std::process::Command;

/// A manifest, in a folder of its own when it is judged.
pub(super) struct Manifest {
    pub(super) name: String,
    /// Where it is from, in words that fit after a number.
    pub(super) origin: &'static str,
    pub(super) text: String,
}

/// Gives them all: those of the repository, and some made from a seed.
pub(super) fn all(seed: u64, made: usize) -> Vec<Manifest> {
    let mut all = Vec::new();
    let mut add = |name: String, origin, text| all.push(Manifest { name, origin, text });
    for rule in lint::catalogue() {
        let rule = lint::load(rule.id).expect("built-in rules decode");
        for (number, example) in rule.examples.into_iter().enumerate() {
            add(format!("rules/{}-{number}", rule.id), "examples of rules", example.text);
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for folder in ["tests/manifests/good", "tests/real/objects"] {
        let entries =
            fs::read_dir(root.join(folder)).expect("can be listed").map(|entry| entry.expect("is there").path());
        let mut paths: Vec<_> = entries.filter(|path| path.extension().is_some_and(|end| end == "yaml")).collect();
        paths.sort();
        for path in paths {
            let name = path.file_stem().expect("has a name").to_string_lossy().into_owned();
            add(format!("{folder}/{name}"), "files of objects", fs::read_to_string(&path).expect("is text"));
        }
    }
    for chart in ["batch", "log-agent", "postgres", "search", "shop"] {
        for environment in ["dev", "staging", "prod"] {
            let run = Command::new(env!("CARGO_BIN_EXE_plimsoll"))
                .args(["render", &format!("charts-examples/{chart}"), "-e", environment])
                .current_dir(root)
                .output()
                .expect("plimsoll runs");
            let text = String::from_utf8(run.stdout).expect("is UTF-8");
            assert!(!text.is_empty(), "{}", String::from_utf8_lossy(&run.stderr));
            add(format!("charts/{chart}-{environment}"), "rendered charts", text);
        }
    }
    for number in 0..made {
        add(format!("made/{number}"), "made from the seed", generate::manifest(seed, number));
    }
    all
}
