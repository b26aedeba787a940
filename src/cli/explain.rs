//! `explain`: one rule, with its reasons and examples.

use super::Exit;
use super::trouble::Trouble;
use super::world::World;
use crate::api;
use crate::diagnostic::nearest;
use crate::lint::{self, Rule};
use clap::Args;
use std::fmt::Write as _;

/// The flags of `explain`.
#[derive(Args)]
pub(super) struct ExplainArgs {
    /// The rule's id, as findings name it
    #[arg(value_name = "RULE")]
    rule: String,
    /// The policies in this file or folder count too (repeatable)
    #[arg(long = "policy", value_name = "PATH")]
    policies: Vec<std::path::PathBuf>,
}

impl ExplainArgs {
    /// Runs `explain`.
    pub(super) fn run(&self, world: &dyn World) -> Exit {
        if let Some(rule) = lint::load(&self.rule) {
            return super::print(&describe(&rule), world);
        }
        let own = match super::export::own_rules(&self.policies, None, world) {
            Ok(own) => own,
            Err(troubles) => {
                for trouble in &troubles {
                    trouble.tell(world);
                }
                return Exit::Trouble;
            }
        };
        if let Some(rule) = own.iter().find(|rule| rule.id == self.rule) {
            return super::print(&describe(rule), world);
        }
        if let Some(about) = api::about(&self.rule) {
            return super::print(&describe_verdict(&self.rule, about), world);
        }
        let trouble = Trouble::new(format!("unknown rule `{}`", self.rule));
        let help = match nearest(&self.rule, own.iter().map(|rule| rule.id.as_str()))
            .or_else(|| lint::nearest_rule(&self.rule))
        {
            Some(near) => format!("did you mean `{near}`?"),
            None if self.rule.starts_with("api/") => match nearest(&self.rule, api::RULES.iter().map(|(id, _)| *id)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "the ids of the server's verdict stand in its findings".to_owned(),
            },
            None if self.rule.contains('/') => "this is no rule: its findings say what is wrong themselves".to_owned(),
            None => "`plimsoll rules` lists them".to_owned(),
        };
        trouble.help(help).tell(world);
        Exit::Trouble
    }
}

/// Describes what findings of the server's verdict have in common.
fn describe_verdict(id: &str, about: &str) -> String {
    format!(
        "{id}: {about}\n\n\
        The API server's own verdict, which `check` and `validate` give without a server. An error is what it refuses, a\n\
        warning what it takes with a warning. Each finding names the field as the server does, and the versions of Kubernetes\n\
        for which it holds.\n\n\
        to leave it out: --skip {id}; to see it alone: --rule {id}\n"
    )
}

fn describe(rule: &Rule) -> String {
    let profiles = if rule.profiles.is_empty() {
        "none: it runs where it is configured".to_owned()
    } else {
        rule.profiles.join(", ")
    };
    let mut text = format!("{}: {}\n\n", rule.id, rule.summary);
    let _ = writeln!(text, "severity  {}", rule.severity.name());
    let _ = writeln!(text, "group     {}", rule.group);
    let _ = writeln!(text, "profiles  {profiles}");
    if let Some(from) = rule.from {
        let _ = writeln!(text, "holds     from Kubernetes {from} on");
    }
    for (version, _) in &rule.since {
        let _ = writeln!(text, "changes   with Kubernetes {version}");
    }
    let _ = writeln!(text, "\n{}\n\nremedy: {}", rule.why.trim(), rule.remedy.trim());
    for example in &rule.examples {
        let of_version = example.kubernetes.map(|version| format!(" in Kubernetes {version}")).unwrap_or_default();
        match example.fails_at.as_deref() {
            Some("") => _ = writeln!(text, "\nfails{of_version}:"),
            Some(at) => _ = writeln!(text, "\nfails{of_version}, at `{at}`:"),
            None => _ = writeln!(text, "\npasses{of_version}:"),
        }
        for line in example.text.lines() {
            let _ = writeln!(text, "{}", format!("    {line}").trim_end());
        }
    }
    let _ =
        writeln!(text, "\nto allow it, write above the node, or behind the line: # plimsoll: allow {} REASON", rule.id);
    if !rule.references.is_empty() {
        text += "\nthe same elsewhere:\n";
        for (tool, id) in &rule.references {
            let _ = writeln!(text, "    {tool}: {id}");
        }
    }
    text
}
