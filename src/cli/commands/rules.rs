//! `rules`: the catalogue.

use super::export::{self, ExportArgs};
use crate::cli::Exit;
use crate::cli::trouble::Trouble;
use crate::cli::world::World;
use crate::diagnostic::{Severity, nearest};
use crate::lint::{self, PROFILES, Rule};
use clap::{Args, Subcommand};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

/// The flags of `rules`.
#[derive(Args)]
pub(in crate::cli) struct RulesArgs {
    /// Only the rules of this profile (repeatable)
    #[arg(long = "profile", value_name = "PROFILE")]
    profiles: Vec<String>,
    /// The policies in this file or folder too (repeatable)
    #[arg(long = "policy", value_name = "PATH")]
    policies: Vec<PathBuf>,
    #[command(subcommand)]
    command: Option<RulesCommand>,
}

#[derive(Subcommand)]
enum RulesCommand {
    /// Write the rules that a cluster can enforce as its own policies
    Export(ExportArgs),
}

impl RulesArgs {
    /// Runs `rules`.
    pub(in crate::cli) fn run(&self, world: &dyn World) -> Exit {
        if let Some(RulesCommand::Export(args)) = &self.command {
            return args.run(world);
        }
        if let Some(unknown) = self.profiles.iter().find(|profile| !PROFILES.contains(&profile.as_str())) {
            let help = match nearest(unknown, PROFILES) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there are {}", PROFILES.join(", ")),
            };
            Trouble::new(format!("unknown profile `{unknown}`")).help(help).tell(world);
            return Exit::Trouble;
        }
        let own = match export::own_rules(&self.policies, None, world) {
            Ok(own) => own,
            Err(troubles) => {
                for trouble in &troubles {
                    trouble.tell(world);
                }
                return Exit::Trouble;
            }
        };
        let wanted = |profiles: &[&str]| {
            self.profiles.is_empty() || profiles.iter().any(|name| self.profiles.iter().any(|wanted| wanted == name))
        };
        let ours = lint::catalogue().filter(|rule| wanted(rule.profiles));
        let ours = ours.map(|rule| (rule.group, rule.id, rule.severity, rule.summary));
        // An own rule without a profile always runs.
        let always = |rule: &&Rule| {
            let profiles: Vec<&str> = rule.profiles.iter().map(String::as_str).collect();
            profiles.is_empty() || wanted(&profiles)
        };
        let theirs = own.iter().filter(always);
        let theirs = theirs.map(|rule| (rule.group.as_str(), rule.id.as_str(), rule.severity, rule.summary.as_str()));
        crate::cli::print(&table(ours.chain(theirs)), world)
    }
}

fn table<'r>(rules: impl Iterator<Item = (&'r str, &'r str, Severity, &'r str)>) -> String {
    let mut groups: BTreeMap<&str, Vec<(&str, Severity, &str)>> = BTreeMap::new();
    for (group, id, severity, summary) in rules {
        groups.entry(group).or_default().push((id, severity, summary));
    }
    let width = groups.values().flatten().map(|(id, ..)| id.len()).max().unwrap_or_default();
    let mut text = String::new();
    for (group, rules) in groups {
        let _ = writeln!(text, "{group}");
        for (id, severity, summary) in rules {
            let _ = writeln!(text, "  {id:width$}  {:7}  {summary}", severity.name());
        }
    }
    text
}
