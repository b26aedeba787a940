//! `rules`: the catalogue.

use super::Exit;
use super::trouble::Trouble;
use super::world::World;
use crate::diagnostic::nearest;
use crate::lint::{self, PROFILES, RuleSummary};
use clap::Args;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The flags of `rules`.
#[derive(Args)]
pub(super) struct RulesArgs {
    /// Only the rules of this profile (repeatable)
    #[arg(long = "profile", value_name = "PROFILE")]
    profiles: Vec<String>,
}

impl RulesArgs {
    /// Runs `rules`.
    pub(super) fn run(&self, world: &dyn World) -> Exit {
        if let Some(unknown) = self.profiles.iter().find(|profile| !PROFILES.contains(&profile.as_str())) {
            let help = match nearest(unknown, PROFILES) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there are {}", PROFILES.join(", ")),
            };
            Trouble::new(format!("unknown profile `{unknown}`")).help(help).tell(world);
            return Exit::Trouble;
        }
        let wanted = |rule: &RuleSummary| {
            self.profiles.is_empty()
                || rule.profiles.iter().any(|name| self.profiles.iter().any(|wanted| wanted == name))
        };
        super::print(&table(lint::catalogue().filter(wanted)), world)
    }
}

fn table(rules: impl Iterator<Item = RuleSummary>) -> String {
    let mut groups: BTreeMap<&str, Vec<RuleSummary>> = BTreeMap::new();
    for rule in rules {
        groups.entry(rule.group).or_default().push(rule);
    }
    let width = groups.values().flatten().map(|rule| rule.id.len()).max().unwrap_or_default();
    let mut text = String::new();
    for (group, rules) in groups {
        let _ = writeln!(text, "{group}");
        for rule in rules {
            let _ = writeln!(text, "  {:width$}  {:7}  {}", rule.id, rule.severity.name(), rule.summary);
        }
    }
    text
}
