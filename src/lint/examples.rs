//! A rule's examples are its tests.

use super::rule::{Example, Rule};
use super::{LintConfig, LintContext, Linter};
use crate::object::ObjectSet;
use crate::source::SourceMap;
use crate::yaml::parse;

/// Runs a rule over its examples, and says of each that does not do what it says why.
pub fn verify(rule: &Rule) -> Vec<String> {
    let mut own = rule.clone();
    // Alone, and whatever the profile; the id may be that of a built-in rule.
    own.profiles.clear();
    let config = LintConfig { own: vec![own], ..LintConfig::default() };
    let (linter, _) = Linter::new(&config);
    let numbered = rule.examples.iter().enumerate();
    numbered
        .filter_map(|(at, example)| verify_one(&linter, example).map(|why| format!("example {}: {why}", at + 1)))
        .collect()
}

fn verify_one(linter: &Linter, example: &Example) -> Option<String> {
    let parsed = parse(&SourceMap::new().add("example", example.text.as_str()));
    if let Some(problem) = parsed.diagnostics.first() {
        return Some(problem.message.clone());
    }
    let objects = ObjectSet::read(&parsed.documents, None, &|_, _| Vec::new());
    let run = LintContext { complete: true, ..LintContext::default() };
    let found: Vec<String> =
        linter.lint(&objects, &run).into_iter().map(|found| found.path.unwrap_or_default()).collect();
    let expected: Vec<&String> = example.fails_at.iter().collect();
    (found.iter().ne(expected.iter().copied())).then(|| match &example.fails_at {
        Some(at) => format!("is to fail at `{at}`, but fails at {found:?}"),
        None => format!("is to pass, but fails at {found:?}"),
    })
}
