//! The real kube-linter beside our rules for each of its checks, on manifests of the repository and on made ones.
//!
//! tests/real/kube-linter/README.md says how to run it. A difference must be listed there, with the reason why it is theirs.

mod checks;
mod generate;
mod inputs;

use super::patterns::matches;
use crate::sandbox::Sandbox;
use checks::{CHECKS, Check, workspace};
use inputs::Manifest;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

/// What a tool says of an object of a manifest.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Said {
    manifest: String,
    /// Kind and name.
    object: String,
    /// Their check, or our rule.
    by: String,
}

/// With the messages, several where it is said of several containers.
type Verdicts = BTreeMap<Said, Vec<String>>;

/// A line of differences.txt.
struct Listed {
    check: String,
    /// `theirs`: only kube-linter says it; `ours`: only Plimsoll.
    side: String,
    pattern: String,
    /// The usual seed gives no such manifest.
    rare: bool,
}

/// What comparing a check gave.
#[derive(Default)]
struct Figures {
    both: usize,
    theirs: usize,
    ours: usize,
}

#[test]
fn kube_linter_and_our_rules_agree() {
    let Some(kube_linter) = std::env::var_os("PLIMSOLL_TEST_KUBE_LINTER") else {
        println!("skipped: PLIMSOLL_TEST_KUBE_LINTER names no kube-linter");
        return;
    };
    let number = |name: &str, default| std::env::var(name).map_or(default, |text| text.parse().expect("is a number"));
    let (seed, count) = (number("PLIMSOLL_KUBE_LINTER_SEED", 1), number("PLIMSOLL_KUBE_LINTER_MANIFESTS", 300));
    let manifests = inputs::all(seed, usize::try_from(count).expect("is a small number"));
    let sandbox = Sandbox::new(&[("plimsoll.yaml", &workspace())]);
    for manifest in &manifests {
        sandbox.write(&format!("{}/manifest.yaml", manifest.name), &manifest.text);
    }
    let theirs = theirs(Path::new(&kube_linter), &sandbox, &manifests);
    let ours = ours(&sandbox, &manifests);
    let listed = listed();
    let mut used = BTreeSet::new();
    let (mut figures, mut unknown) = (Vec::new(), Vec::new());
    for check in CHECKS.iter().filter(|check| !check.ours.is_empty()) {
        let mut figure = Figures::default();
        let mut differ = |side: &str, said: &Said, messages: &[String]| {
            let text = format!("{} {}", said.object, messages.join("; "));
            let known = listed
                .iter()
                .position(|line| line.check == check.name && line.side == side && matches(&line.pattern, &text));
            match known {
                Some(at) => drop(used.insert(at)),
                None => unknown.push(format!("{} {side} {text} ({})", check.name, said.manifest)),
            }
        };
        let found = |verdicts: &Verdicts, said: &Said, by: &str| {
            let (manifest, object) = (said.manifest.clone(), said.object.clone());
            verdicts.contains_key(&Said { manifest, object, by: by.to_owned() })
        };
        for (said, messages) in theirs.iter().filter(|(said, _)| said.by == check.name) {
            if check.ours.iter().any(|rule| found(&ours, said, rule)) {
                figure.both += 1;
            } else {
                figure.theirs += 1;
                differ("theirs", said, messages);
            }
        }
        let mut counted = BTreeSet::new();
        for (said, messages) in ours.iter().filter(|(said, _)| check.ours.contains(&said.by.as_str())) {
            // A rule may stand for several of their checks: it is enough that one of them says it.
            let also = CHECKS.iter().filter(|other| other.ours.contains(&said.by.as_str()));
            let agreed = also.map(|other| other.name).any(|other| found(&theirs, said, other));
            if !agreed && counted.insert((&said.manifest, &said.object)) {
                figure.ours += 1;
                differ("ours", said, messages);
            }
        }
        figures.push((check, figure));
    }
    let table = table(&manifests, &figures, seed, listed.len());
    println!("{table}");
    let vain = |at: &usize| !used.contains(at) && !listed[*at].rare;
    let vain: Vec<_> = (0..listed.len()).filter(vain).map(|at| &listed[at]).collect();
    let written = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real/kube-linter/FIGURES.md");
    if std::env::var_os("PLIMSOLL_BLESS").is_some() {
        std::fs::write(&written, &table).expect("can be written");
    }
    unknown.sort();
    assert!(unknown.is_empty(), "{} differences are not listed:\n{}\n", unknown.len(), unknown.join("\n"));
    if seed == 1 && count == 300 {
        let vain: Vec<String> =
            vain.iter().map(|line| format!("{} {} {}", line.check, line.side, line.pattern)).collect();
        assert!(vain.is_empty(), "differences.txt lists what does not differ:\n{}\n", vain.join("\n"));
        let text = std::fs::read_to_string(&written).unwrap_or_default();
        assert_eq!(text, table, "FIGURES.md is out of date: PLIMSOLL_BLESS=1 writes it");
    }
}

/// Asks kube-linter, with all its checks on.
fn theirs(kube_linter: &Path, sandbox: &Sandbox, manifests: &[Manifest]) -> Verdicts {
    let run = Command::new(kube_linter)
        .args(["lint", "--format", "json", "--add-all-built-in", "--exclude", "schema-validation"])
        .args(manifests.iter().map(|manifest| &manifest.name))
        .current_dir(sandbox.path(""))
        .output()
        .expect("kube-linter runs");
    let report: Value = serde_json::from_slice(&run.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&run.stderr)));
    let checks: BTreeSet<&str> =
        report["Checks"].as_array().expect("is a list").iter().filter_map(|check| check["name"].as_str()).collect();
    let known: BTreeSet<&str> =
        CHECKS.iter().map(|check| check.name).filter(|name| *name != "schema-validation").collect();
    assert_eq!(known, checks, "checks.rs has each of their checks");
    let mut verdicts = Verdicts::new();
    for said in report["Reports"].as_array().expect("is a list") {
        let object = &said["Object"]["K8sObject"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let key = Said {
            manifest: folder(&text(&said["Object"]["Metadata"]["FilePath"]), sandbox),
            object: format!("{}/{}", text(&object["GroupVersionKind"]["Kind"]), text(&object["Name"])),
            by: text(&said["Check"]),
        };
        verdicts.entry(key).or_default().push(text(&said["Diagnostic"]["Message"]));
    }
    verdicts
}

/// Asks Plimsoll, with the profile and what else stands for a check of theirs.
fn ours(sandbox: &Sandbox, manifests: &[Manifest]) -> Verdicts {
    let names: Vec<&str> = manifests.iter().map(|manifest| manifest.name.as_str()).collect();
    let mut findings = Vec::new();
    // Apart: where both say the same, `check` gives the server's verdict alone.
    for half in ["lint", "validate"] {
        let run = sandbox.run(&format!("{half} {} --format json", names.join(" ")));
        assert!(run.code < 2, "{}", run.stderr);
        findings.extend(run.json()["findings"].as_array().expect("is a list").iter().cloned());
    }
    let mut verdicts = Verdicts::new();
    for finding in findings {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let key = Said {
            manifest: folder(&text(&finding["file"]), sandbox),
            object: format!("{}/{}", text(&finding["object"]["kind"]), text(&finding["object"]["name"])),
            by: text(&finding["rule"]),
        };
        let message = format!("{}: {}", text(&finding["path"]), text(&finding["message"]));
        verdicts.entry(key).or_default().push(message);
    }
    verdicts
}

/// Names the manifest that a file is.
fn folder(file: &str, sandbox: &Sandbox) -> String {
    let root = format!("{}", sandbox.path("").display());
    let file = file.strip_prefix(&root).unwrap_or(file);
    file.trim_start_matches('/').trim_end_matches("/manifest.yaml").to_owned()
}

fn listed() -> Vec<Listed> {
    let text = include_str!("../../../real/kube-linter/differences.txt");
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let (what, reason) = line.split_once(" -- ").unwrap_or_else(|| panic!("`{line}` gives no reason"));
            assert!(!reason.trim().is_empty(), "`{line}` gives no reason");
            let mut words = what.splitn(3, ' ').map(|word| word.trim().to_owned());
            let mut word = || words.next().unwrap_or_else(|| panic!("`{line}` is a check, a side, and a pattern"));
            let (check, side, pattern) = (word(), word(), word());
            assert!(["theirs", "ours"].contains(&side.as_str()), "`{line}`");
            Listed { check, side, pattern, rare: reason.starts_with("rare: ") }
        })
        .collect()
}

fn table(manifests: &[Manifest], figures: &[(&Check, Figures)], seed: u64, reasons: usize) -> String {
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for manifest in manifests {
        *kinds.entry(manifest.origin).or_default() += 1;
    }
    let kinds: Vec<String> = kinds.iter().map(|(origin, count)| format!("{count} {origin}")).collect();
    let mut text = format!(
        "# kube-linter 0.8.3 beside the rules that stand for its checks\n\n{} manifests: {}; seed {seed}.\n\nWritten by `tests/suite/real/kube_linter`. An object counts once for each check. \"Theirs\" and \"ours\" are objects of\nwhich one of the two alone speaks; `differences.txt` says why of each, in {reasons} lines. A check with `*` is on unless one\nasks otherwise.\n\n| check | rules | both | theirs | ours | agreement |\n|---|---|--:|--:|--:|--:|\n",
        manifests.len(),
        kinds.join(", ")
    );
    let mut sum = Figures::default();
    let agreement = |figure: &Figures| match figure.both + figure.theirs + figure.ours {
        0 => "-".to_owned(),
        all => {
            let tenths = (1000 * figure.both + all / 2) / all;
            format!("{}.{} %", tenths / 10, tenths % 10)
        }
    };
    for (check, figure) in figures {
        let Figures { both, theirs, ours } = figure;
        let star = if check.default { " *" } else { "" };
        let rules = check.ours.iter().map(|rule| format!("`{rule}`")).collect::<Vec<_>>().join(", ");
        let _ =
            writeln!(text, "| {}{star} | {rules} | {both} | {theirs} | {ours} | {} |", check.name, agreement(figure));
        sum = Figures { both: sum.both + both, theirs: sum.theirs + theirs, ours: sum.ours + ours };
    }
    let _ = writeln!(text, "| all | | {} | {} | {} | {} |", sum.both, sum.theirs, sum.ours, agreement(&sum));
    for check in CHECKS.iter().filter(|check| check.ours.is_empty()) {
        let _ = write!(text, "\nNot compared: {}, see `rules/NOT-COVERED.md`.", check.name);
    }
    text.push('\n');
    text
}
