//! The checked-in lists: what cannot be predicted, and which disagreements are known.

use super::answer::Answer;
use super::corpus::folder;
use crate::real::patterns::matches;
use std::fs;

/// Patterns of server messages that no look at an object alone can predict, each with its reason.
pub(super) struct NotPredicted(Vec<(String, String)>);

impl NotPredicted {
    pub(super) fn read() -> Self {
        let line = |line: &str| {
            let (pattern, reason) = line.split_once(" -- ").expect("a pattern, ` -- `, a reason");
            (pattern.trim().to_owned(), reason.trim().to_owned())
        };
        Self(lines("not-predicted.txt").iter().map(|text| line(text)).collect())
    }

    /// Gives the reason why an answer cannot be predicted, where there is one.
    pub(super) fn reason(&self, answer: &Answer) -> Option<&str> {
        let found = self.0.iter().find(|(pattern, _)| matches(pattern, &answer.message));
        found.map(|(_, reason)| reason.as_str())
    }
}

/// Gives the signatures of disagreements that are known.
pub(super) fn known_disagreements() -> Vec<String> {
    lines("known-disagreements.txt")
}

fn lines(name: &str) -> Vec<String> {
    let path = folder().join(name);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect()
}
