//! `docs/rules.md` is made from the rule files: `PLIMSOLL_BLESS=1 cargo test --test suite rule_page` writes it.

use plimsoll::lint::{self, Rule};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

#[test]
fn the_page_of_rules_says_what_the_rules_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rules.md");
    let made = page();
    if std::env::var_os("PLIMSOLL_BLESS").is_some() {
        std::fs::write(&path, &made).expect("docs/rules.md can be written");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    let same = kept == made;
    assert!(
        same,
        "docs/rules.md is not what rules/ says: PLIMSOLL_BLESS=1 cargo test --test suite rule_page writes it anew"
    );
}

fn page() -> String {
    let mut groups: BTreeMap<String, Vec<Rule>> = BTreeMap::new();
    for rule in lint::catalogue().filter_map(|rule| lint::load(rule.id)) {
        groups.entry(rule.group.clone()).or_default().push(rule);
    }
    let count: usize = groups.values().map(Vec::len).sum();
    let mut text = format!(
        "# Rules\n\nMade from the files of `rules/`, which also hold each rule's examples (`plimsoll explain RULE` shows them); a test\n\
         keeps the two equal. There are {count} rules. Other tools' checks that no rule stands for are in `rules/NOT-COVERED.md`.\n"
    );
    for (group, rules) in &groups {
        let _ = writeln!(text, "\n- [{group}](#{group}): {}", links(rules));
    }
    for (group, rules) in &groups {
        let _ = writeln!(text, "\n## {group}");
        for rule in rules {
            describe(rule, &mut text);
        }
    }
    let _ = writeln!(
        text,
        "\n## The server's verdict\n\nWhat the API server refuses or warns of beyond schemas, told without a server.\n\n| id | about |\n|---|---|"
    );
    for (id, about) in plimsoll::api::RULES {
        let _ = writeln!(text, "| `{id}` | {} |", about.replace('|', "\\|"));
    }
    text
}

fn links(rules: &[Rule]) -> String {
    let links: Vec<String> = rules.iter().map(|rule| format!("[{id}](#{id})", id = rule.id)).collect();
    links.join(", ")
}

fn describe(rule: &Rule, text: &mut String) {
    let profiles = if rule.profiles.is_empty() { "no profile".to_owned() } else { rule.profiles.join(", ") };
    let _ = writeln!(text, "\n### {}\n\n{}: {}. In {profiles}.", rule.id, rule.severity.name(), rule.summary);
    let from = rule.from.map(|from| format!("Holds from Kubernetes {from} on.")).into_iter();
    let since = rule.since.iter().map(|(version, _)| format!("Changes with Kubernetes {version}."));
    let versions: Vec<String> = from.chain(since).collect();
    if !versions.is_empty() {
        let _ = writeln!(text, "{}", versions.join(" "));
    }
    let _ = writeln!(text, "\n{}\n\nRemedy: {}.", rule.why.trim(), rule.remedy.trim());
    if !rule.references.is_empty() {
        let same: Vec<String> = rule.references.iter().map(|(tool, id)| format!("{tool} `{id}`")).collect();
        let _ = writeln!(text, "\nElsewhere: {}.", same.join(", "));
    }
}
