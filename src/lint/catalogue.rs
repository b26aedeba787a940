//! The built-in rules: a table made at build time, decoded on use.

use super::rule::{self, Applies, Rule, Working};
use crate::diagnostic::{Severity, nearest};
use std::sync::OnceLock;

/// A built-in rule as the build's index has it: the fields that choose rules, and the text.
struct Indexed {
    id: &'static str,
    group: &'static str,
    severity: &'static str,
    summary: &'static str,
    profiles: &'static [&'static str],
    pods: bool,
    kinds: &'static [&'static str],
    /// How long the text is without the examples.
    head: usize,
    /// The fields of the text that linting needs.
    working: &'static str,
    text: &'static str,
}

/// In the order of their ids.
static RULES: &[Indexed] = include!(concat!(env!("OUT_DIR"), "/rules.rs"));

/// What a list of rules shows of a built-in rule.
#[derive(Clone, Copy, Debug)]
pub struct RuleSummary {
    /// The rule's id.
    pub id: &'static str,
    /// Its group.
    pub group: &'static str,
    /// Its severity, unless configured otherwise.
    pub severity: Severity,
    /// The profiles that it belongs to.
    pub profiles: &'static [&'static str],
    /// What is wrong, in one line.
    pub summary: &'static str,
}

impl Indexed {
    fn summary(&self) -> RuleSummary {
        RuleSummary {
            id: self.id,
            group: self.group,
            severity: Severity::parse(self.severity).unwrap_or(Severity::Warning),
            profiles: self.profiles,
            summary: self.summary,
        }
    }
}

/// Iterates over the built-in rules in the order of their ids.
pub fn catalogue() -> impl ExactSizeIterator<Item = RuleSummary> {
    RULES.iter().map(Indexed::summary)
}

fn find(id: &str) -> Option<&'static Indexed> {
    RULES.binary_search_by_key(&id, |rule| rule.id).ok().and_then(|at| RULES.get(at))
}

/// Decodes a built-in rule with all its texts.
pub fn load(id: &str) -> Option<Rule> {
    rule::decode_builtin(find(id)?.text)
}

/// Gives the text of a built-in rule's file.
pub fn text(id: &str) -> Option<&'static str> {
    find(id).map(|rule| rule.text)
}

/// Finds the built-in rule that was probably meant.
pub fn nearest_rule(id: &str) -> Option<&'static str> {
    nearest(id, RULES.iter().map(|rule| rule.id))
}

/// Gives what all built-in rules refer to: rule, tool and id. They are decoded once, when somebody asks.
pub(super) fn references() -> &'static [(&'static str, String, String)] {
    static ALL: OnceLock<Vec<(&'static str, String, String)>> = OnceLock::new();
    ALL.get_or_init(|| {
        let of = |rule: &'static Indexed| {
            let references = load_head(rule.id).map(|decoded| decoded.references).unwrap_or_default();
            references.into_iter().map(|(tool, id)| (rule.id, tool, id))
        };
        RULES.iter().flat_map(of).collect()
    })
}

/// Decodes a built-in rule without its examples.
fn load_head(id: &str) -> Option<Rule> {
    let rule = find(id)?;
    rule::decode_builtin(rule.text.get(..rule.head)?)
}

/// Decodes what linting needs of a built-in rule.
pub(super) fn working(id: &str) -> Option<Working> {
    let Indexed { group, summary, pods, working, .. } = find(id)?;
    rule::decode_working(working, group, summary, *pods)
}

/// Tells which objects a built-in rule looks at, without decoding it.
pub(super) fn applies(id: &str) -> Option<Applies> {
    let rule = find(id)?;
    Some(Applies { pods: rule.pods, kinds: rule.kinds.iter().map(|kind| (*kind).to_owned()).collect() })
}

#[cfg(test)]
mod tests {
    use super::super::params::Param;
    use super::super::rule::CheckText;
    use super::super::{checks, examples};
    use super::*;
    use crate::source::SourceMap;
    use std::collections::BTreeSet;
    use std::path::Path;

    fn all() -> Vec<Rule> {
        let decode = |rule: &Indexed| match rule::decode(&SourceMap::new().add(rule.id, rule.text)) {
            Ok(rule) => rule,
            Err(problems) => panic!("{}: {problems:#?}", rule.id),
        };
        RULES.iter().map(decode).collect()
    }

    #[test]
    fn the_index_says_what_the_rules_say() {
        for (indexed, rule) in RULES.iter().zip(all()) {
            let summary = indexed.summary();
            assert_eq!(indexed.id, rule.id);
            assert_eq!(summary.group, rule.group);
            assert_eq!(summary.severity, rule.severity, "{}", rule.id);
            assert_eq!(summary.profiles, rule.profiles);
            assert_eq!(summary.summary, rule.summary);
            assert_eq!(applies(&rule.id), Some(rule.applies.clone()), "{}", rule.id);
            let head = load_head(&rule.id).expect("the head decodes");
            assert_eq!(head.references, rule.references, "{}: they stand before the examples", rule.id);
            let shown = |working: Working| {
                let unplaced =
                    |with: Vec<Param>| with.into_iter().map(|param| Param { place: None, ..param }).collect();
                let Working { group, summary, remedy, check: CheckText { logic, from, with, since }, fix } = working;
                let with: Vec<Param> = unplaced(with);
                let since: Vec<(_, Vec<Param>)> =
                    since.into_iter().map(|(from, with)| (from, unplaced(with))).collect();
                format!("{group} {summary} {remedy} {logic:?} {from:?} {with:?} {since:?} {fix:?}")
            };
            assert_eq!(shown(working(&rule.id).expect("it decodes")), shown(rule.working()), "{}", rule.id);
        }
    }

    #[test]
    fn files_are_named_by_id_and_group() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
        for rule in RULES {
            let path = folder.join(rule.group).join(format!("{}.yaml", rule.id));
            let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            assert_eq!(text, rule.text);
        }
    }

    #[test]
    fn ids_are_sorted_and_unique() {
        assert!(RULES.is_sorted_by(|a, b| a.id < b.id));
    }

    #[test]
    fn strict_holds_the_default() {
        for rule in RULES {
            assert!(!rule.profiles.contains(&"default") || rule.profiles.contains(&"strict"), "{}", rule.id);
        }
    }

    #[test]
    fn texts_are_worded_alike() {
        let proper = [
            "AppArmor",
            "ConfigMap",
            "CronJob",
            "Deployment",
            "Ingress",
            "Job",
            "Kubernetes",
            "Namespace",
            "NetworkPolicy",
            "OpenShift",
            "PersistentVolumeClaim",
            "PodDisruptionBudget",
            "ReplicaSet",
            "Secret",
            "Service",
            "StatefulSet",
            "Tiller",
        ];
        for rule in all() {
            for fragment in [&rule.summary, &rule.remedy] {
                let lower =
                    fragment.starts_with(char::is_lowercase) || proper.iter().any(|name| fragment.starts_with(name));
                assert!(lower && !fragment.ends_with('.'), "{}: `{fragment}` is no fragment", rule.id);
            }
            assert!(rule.why.ends_with('.'), "{}: a reason is made of sentences", rule.id);
        }
    }

    #[test]
    fn every_builtin_is_used() {
        let used: BTreeSet<_> = all().iter().filter_map(Rule::builtin).collect();
        let known: BTreeSet<_> = checks::BUILTINS.iter().map(|builtin| builtin.name).collect();
        assert_eq!(used, known);
    }

    #[test]
    fn every_rule_shows_a_failure_and_a_pass() {
        for rule in all() {
            assert!(rule.examples.iter().any(|example| example.fails_at.is_some()), "{}", rule.id);
            assert!(rule.examples.iter().any(|example| example.fails_at.is_none()), "{}", rule.id);
        }
    }

    #[test]
    fn examples_do_what_they_say() {
        let wrong: Vec<_> = all()
            .iter()
            .flat_map(|rule| {
                examples::verify(rule).into_iter().map(|problem| format!("{}: {}", rule.id, problem.message))
            })
            .collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}
