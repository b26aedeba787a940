//! `values/unused`: declared values that no branch of any template mentions.

use super::thing::ANY;
use crate::chart::{Chart, Value, ValueData};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::yaml::Step;
use std::collections::BTreeMap;

/// Finds declared values that are not mentioned.
pub(super) fn unused(chart: &Chart, mentions: &BTreeMap<Vec<String>, bool>) -> Vec<Diagnostic> {
    let mut search = Search { mentions, found: Vec::new() };
    let exempt =
        |key: &str| matches!(key, "global" | "tags") || chart.subcharts.iter().any(|subchart| subchart.name == key);
    search.children(&chart.values, &mut Vec::new(), &exempt);
    // What only environments declare, once, where it is declared first.
    let mut told: Vec<String> = Vec::new();
    for values in chart.environments.values() {
        let mut inner = Search { mentions, found: Vec::new() };
        let declared = |key: &str| exempt(key) || chart.values.get(key).is_some();
        inner.children(values, &mut Vec::new(), &declared);
        for (path, problem) in inner.found {
            if !told.contains(&path) {
                told.push(path.clone());
                search.found.push((path, problem));
            }
        }
    }
    search.found.into_iter().map(|(_, problem)| problem).collect()
}

struct Search<'m> {
    mentions: &'m BTreeMap<Vec<String>, bool>,
    found: Vec<(String, Diagnostic)>,
}

impl Search<'_> {
    /// Looks through a map's entries; tells whether none of them is mentioned.
    fn children(&mut self, value: &Value, path: &mut Vec<String>, exempt: &dyn Fn(&str) -> bool) -> bool {
        let ValueData::Map(entries) = &value.data else { return false };
        let mut all = true;
        for entry in entries {
            if exempt(&entry.key) {
                all = false;
                continue;
            }
            path.push(entry.key.to_string());
            all &= self.entry(&entry.value, entry.key_span, path);
            path.pop();
        }
        all
    }

    /// Looks at one value; tells whether neither it nor anything below it is mentioned, which is then a finding.
    fn entry(&mut self, value: &Value, span: Option<Span>, path: &mut Vec<String>) -> bool {
        if self.covered(path) {
            return false;
        }
        let leaf = !matches!(&value.data, ValueData::Map(entries) if !entries.is_empty());
        if leaf && self.below(path) {
            return false;
        }
        if !leaf {
            let before = self.found.len();
            let all = self.children(value, path, &|_| false);
            if !all || self.mentions.contains_key(path.as_slice()) {
                return false;
            }
            // One finding for the branch stands for those of its leaves.
            self.found.truncate(before);
        }
        let mut name = String::new();
        for key in path.iter() {
            Step::Key(key).push_to(&mut name);
        }
        let mut problem = Diagnostic::warning("values/unused", format!("no template mentions `{name}`"))
            .help("delete it, or use it in a template");
        problem.span = span;
        self.found.push((name, problem));
        true
    }

    /// Tells whether the path or one above it is used as a whole.
    fn covered(&self, path: &[String]) -> bool {
        (0..=path.len()).any(|length| {
            self.mentions.get(&path[..length]) == Some(&true)
                || path[..length].split_last().is_some_and(|(_, before)| {
                    let any: Vec<String> = before.iter().cloned().chain([ANY.to_owned()]).collect();
                    self.mentions.get(&any) == Some(&true)
                })
        })
    }

    /// Tells whether the path or one below it is mentioned.
    fn below(&self, path: &[String]) -> bool {
        let next = self.mentions.range(path.to_vec()..).next();
        next.is_some_and(|(mention, _)| mention.starts_with(path))
    }
}
