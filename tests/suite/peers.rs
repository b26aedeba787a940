//! Other tools' checks: each is named by a rule's `references` or by `rules/NOT-COVERED.md`, and every name is one of theirs.
//!
//! `tests/peers/<tool>.txt` lists a tool's checks. `tests/peers/COVERAGE.md` has the figures; `PLIMSOLL_BLESS=1` writes them.

use plimsoll::lint::{self, Rule};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;

/// Tools whose checks are listed, and what references may name beside them: templates that one configures to be a check.
const TOOLS: [(&str, &[&str]); 5] = [
    (
        "kube-linter",
        &[
            "cpu-requirements",
            "forbidden-annotation",
            "image-pull-policy",
            "memory-requirements",
            "statefulset-volumeclaimtemplate-annotation",
            "verify-container-capabilities",
        ],
    ),
    ("kube-score", &[]),
    ("polaris", &["nakedPod", "resourceRange"]),
    // Of another of its scanners.
    ("checkov", &["CKV_SECRET_6"]),
    ("trivy", &[]),
];

const NOT_COVERED: &str = include_str!("../../rules/NOT-COVERED.md");

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/peers")
}

fn listed(tool: &str) -> BTreeSet<String> {
    let text = std::fs::read_to_string(folder().join(format!("{tool}.txt"))).expect("the tool's checks are listed");
    text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

fn rules() -> Vec<Rule> {
    lint::catalogue().map(|rule| lint::load(rule.id).expect("built-in rules decode")).collect()
}

/// Gives the words of a text that may be names of checks; `A-1 to A-3` is all three.
fn words(text: &str) -> BTreeSet<String> {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let list: Vec<&str> = text.split(|c| !word(c)).filter(|part| !part.is_empty()).collect();
    let mut all: BTreeSet<String> = list.iter().map(|part| (*part).to_owned()).collect();
    let number = |name: &str| name.rsplit(['-', '_']).next().and_then(|digits| digits.parse::<u32>().ok());
    for range in list.windows(3).filter(|range| range[1] == "to") {
        let (Some(first), Some(last)) = (number(range[0]), number(range[2])) else { continue };
        let stem = range[0].trim_end_matches(|c: char| c.is_ascii_digit());
        let width = range[0].len() - stem.len();
        all.extend((first..=last).map(|number| format!("{stem}{number:0width$}")));
    }
    all
}

#[test]
fn ranges_of_names_are_read() {
    let words = words("KSV-0008 to KSV-0010, `host-pid`");
    let names: Vec<&str> = words.iter().map(String::as_str).filter(|word| *word != "to").collect();
    assert_eq!(names, ["KSV-0008", "KSV-0009", "KSV-0010", "host-pid"]);
}

#[test]
fn every_check_of_theirs_is_covered_or_named() {
    let (rules, named) = (rules(), words(NOT_COVERED));
    let mut problems = Vec::new();
    for (tool, templates) in TOOLS {
        let theirs = listed(tool);
        let references: BTreeSet<&String> =
            rules.iter().flat_map(|rule| &rule.references).filter(|(of, _)| of == tool).map(|(_, id)| id).collect();
        let silent = theirs.iter().filter(|id| !references.contains(id) && !named.contains(*id));
        problems.extend(silent.map(|id| format!("{tool}: `{id}` is neither covered nor named in NOT-COVERED.md")));
        let unknown = references.iter().filter(|id| !theirs.contains(**id) && !templates.contains(&id.as_str()));
        problems.extend(unknown.map(|id| format!("{tool}: a rule refers to `{id}`, which is no check of theirs")));
    }
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

/// A profile that has a tool's name switches its checks on. Polaris and Checkov have no check that is off; of kube-linter's,
/// `real::kube_linter` knows. The control plane's are on by name only, as in no profile.
#[test]
fn profiles_hold_the_checks_of_their_tools() {
    let rules = rules();
    for tool in ["polaris", "checkov"] {
        let theirs = listed(tool);
        let of = |wanted: fn(&Rule, &str) -> bool| -> BTreeSet<&String> {
            let rules = rules.iter().filter(|rule| rule.group != "control-plane" && wanted(rule, tool));
            let ids = rules.flat_map(|rule| &rule.references).filter(|(of, _)| of == tool).map(|(_, id)| id);
            ids.filter(|id| theirs.contains(*id)).collect()
        };
        let in_profile = |rule: &Rule, tool: &str| rule.profiles.iter().any(|profile| profile == tool);
        assert_eq!(of(in_profile), of(|_, _| true), "{tool}");
        let strangers: Vec<&str> = rules
            .iter()
            .filter(|rule| in_profile(rule, tool) && !rule.references.iter().any(|(of, _)| of == tool))
            .map(|rule| rule.id.as_str())
            .collect();
        assert_eq!(strangers, [""; 0], "{tool} has no such checks");
    }
}

/// NOT-COVERED.md speaks of rules and findings that there are.
#[test]
fn what_covers_instead_exists() {
    let known: BTreeSet<&str> = lint::catalogue().map(|rule| rule.id).collect();
    let sources: Vec<String> = super::tidy::texts().collect();
    let mut unknown = Vec::new();
    for quoted in NOT_COVERED.split('`').skip(1).step_by(2).filter(|quoted| !quoted.contains('…')) {
        let missing = match quoted.split_once('/') {
            Some(("api" | "schema" | "values" | "template" | "yaml", _)) => {
                !sources.iter().any(|text| text.contains(&format!("\"{quoted}\"")))
            }
            Some(_) => false,
            None => {
                let like_a_rule = quoted.contains('-') && quoted.chars().all(|c| c.is_ascii_lowercase() || c == '-');
                like_a_rule && !quoted.starts_with('-') && !known.contains(quoted) && !PARAMETERS.contains(&quoted)
            }
        };
        if missing {
            unknown.push(quoted);
        }
    }
    assert!(unknown.is_empty(), "NOT-COVERED.md speaks of what is not there: {unknown:?}");
}

/// Words of NOT-COVERED.md that look like rules and are not: parameters, groups.
const PARAMETERS: [&str; 2] = ["user-namespace", "control-plane"];

#[test]
fn the_figures_are_as_written() {
    let rules = rules();
    let named = words(NOT_COVERED);
    let mut groups: BTreeMap<&str, (usize, BTreeMap<&str, BTreeSet<&str>>)> = BTreeMap::new();
    for rule in &rules {
        let (count, of_tools) = groups.entry(&rule.group).or_default();
        *count += 1;
        for (tool, id) in &rule.references {
            of_tools.entry(tool).or_default().insert(id);
        }
    }
    let theirs: Vec<(&str, BTreeSet<String>)> = TOOLS.map(|(tool, _)| (tool, listed(tool))).into();
    let mut text = String::from(
        "# Rules beside other tools' checks\n\nHow many rules a group has, and how many checks of each tool they stand for, by their `references`. A check that\nrules of several groups share counts in each. Written by `tests/suite/peers.rs`; the lists beside this file say which\nversions are meant.\n\n| group | rules |",
    );
    text.extend(theirs.iter().map(|(tool, _)| format!(" {tool} |")));
    text += &format!("\n|---|{}\n", "--:|".repeat(theirs.len() + 1));
    for (group, (count, of_tools)) in &groups {
        let _ = write!(text, "| {group} | {count} |");
        for (tool, ids) in &theirs {
            let covered = of_tools.get(tool).into_iter().flatten().filter(|id| ids.contains(**id)).count();
            let _ = write!(text, " {covered} |");
        }
        text.push('\n');
    }
    let covered: BTreeSet<(&str, &str)> =
        rules.iter().flat_map(|rule| &rule.references).map(|(tool, id)| (tool.as_str(), id.as_str())).collect();
    let row = |label: &str, first: &str, count: &dyn Fn(&str, &BTreeSet<String>) -> usize| {
        let cells: Vec<String> = theirs.iter().map(|(tool, ids)| format!(" {} |", count(tool, ids))).collect();
        format!("| {label} | {first} |{}\n", cells.concat())
    };
    text += &row("**a rule stands for it**", &rules.len().to_string(), &|tool, ids| {
        ids.iter().filter(|id| covered.contains(&(tool, id.as_str()))).count()
    });
    text += &row("named in NOT-COVERED.md", "", &|tool, ids| {
        ids.iter().filter(|id| !covered.contains(&(tool, id.as_str())) && named.contains(*id)).count()
    });
    text += &row("all of theirs", "", &|_, ids| ids.len());
    let path = folder().join("COVERAGE.md");
    if std::env::var_os("PLIMSOLL_BLESS").is_some() {
        std::fs::write(&path, &text).expect("can be written");
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(written, text, "COVERAGE.md is out of date: PLIMSOLL_BLESS=1 cargo test --test suite peers writes it");
}
