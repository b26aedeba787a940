//! `explain`: one rule, with its reasons and examples.

use crate::api;
use crate::cli::Exit;
use crate::cli::args::Colour;
use crate::cli::paint::{Paint, wrap};
use crate::cli::report;
use crate::cli::trouble::Trouble;
use crate::cli::world::World;
use crate::diagnostic::{Severity, nearest};
use crate::lint::{self, Example, Rule, examples};
use clap::Args;
use std::fmt::Write as _;

/// Longer lines are hard to read, however wide the terminal.
const WIDTH: usize = 100;

/// The flags of `explain`.
#[derive(Args)]
pub(in crate::cli) struct ExplainArgs {
    /// The rule's id, as findings name it
    #[arg(value_name = "RULE")]
    rule: String,
    /// Colour the terminal's output
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    color: Colour,
    /// The policies in this file or folder count too (repeatable)
    #[arg(long = "policy", value_name = "PATH")]
    policies: Vec<std::path::PathBuf>,
}

impl ExplainArgs {
    /// Runs `explain`.
    pub(in crate::cli) fn run(&self, world: &dyn World) -> Exit {
        let page = Page {
            paint: Paint { colour: report::is_coloured(self.color, true, world) },
            width: report::width(world).min(WIDTH),
        };
        if let Some(rule) = lint::load(&self.rule) {
            return crate::cli::print(&page.rule(&rule), world);
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
            return crate::cli::print(&page.rule(rule), world);
        }
        if let Some(about) = api::about(&self.rule) {
            return crate::cli::print(&page.verdict(&self.rule, about), world);
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

/// How a page is written.
struct Page {
    paint: Paint,
    width: usize,
}

impl Page {
    /// Describes what findings of the server's verdict have in common.
    fn verdict(&self, id: &str, about: &str) -> String {
        let text = "The API server's own verdict, which `check` and `validate` give without a server. An error is what it \
            refuses, a warning what it takes with a warning. Each finding names the field as the server does, and the versions \
            of Kubernetes for which it holds.";
        let title = self.paint.bold(&format!("{id}:"));
        format!(
            "{title} {about}\n\n{}\nto leave it out: --skip {id}; to see it alone: --rule {id}\n",
            wrap(text, self.width)
        )
    }

    fn rule(&self, rule: &Rule) -> String {
        let profiles = if rule.profiles.is_empty() {
            "none: it runs where it is configured".to_owned()
        } else {
            rule.profiles.join(", ")
        };
        let severity = match rule.severity {
            Severity::Error => self.paint.red("error"),
            Severity::Warning => self.paint.yellow("warning"),
            Severity::Info => self.paint.green("info"),
        };
        let mut text = format!("{} {}\n\n", self.paint.bold(&format!("{}:", rule.id)), rule.summary);
        let _ = writeln!(text, "severity  {severity}");
        let _ = writeln!(text, "group     {}", rule.group);
        let _ = writeln!(text, "profiles  {profiles}");
        if let Some(from) = rule.from {
            let _ = writeln!(text, "holds     from Kubernetes {from} on");
        }
        for (version, _) in &rule.since {
            let _ = writeln!(text, "changes   with Kubernetes {version}");
        }
        text += "\n";
        text += &wrap(rule.why.trim(), self.width);
        let remedy = wrap(&format!("remedy: {}", rule.remedy.trim()), self.width);
        let remedy = remedy.replacen("remedy:", &self.paint.bold("remedy:"), 1);
        let _ = write!(text, "\n{remedy}");
        for example in &rule.examples {
            self.example(rule, example, &mut text);
        }
        let allow = format!("# plimsoll: allow {} REASON", rule.id);
        let _ = writeln!(
            text,
            "\n{} above the node, or behind the line:\n    {allow}",
            self.paint.bold("to allow it, write")
        );
        if !rule.references.is_empty() {
            let _ = writeln!(text, "\n{}", self.paint.bold("the same elsewhere:"));
            for (tool, id) in &rule.references {
                let _ = writeln!(text, "    {tool}: {id}");
            }
        }
        text
    }

    /// Writes an example; the line that the rule points at is marked.
    fn example(&self, rule: &Rule, example: &Example, text: &mut String) {
        let of_version = example.kubernetes.map(|version| format!(" in Kubernetes {version}")).unwrap_or_default();
        let _ = match example.fails_at.as_deref() {
            Some("") => writeln!(text, "\n{}{of_version}:", self.paint.red("fails")),
            Some(at) => writeln!(text, "\n{}{of_version}, at `{at}`:", self.paint.red("fails")),
            None => writeln!(text, "\n{}{of_version}:", self.paint.green("passes")),
        };
        let marked = examples::line(rule, example);
        for (number, line) in (1..).zip(example.text.lines()) {
            if marked == Some(number) {
                let _ = writeln!(text, "{} {}", self.paint.red("  >"), self.paint.red(line));
            } else {
                let _ = writeln!(text, "{}", format!("    {line}").trim_end());
            }
        }
    }
}
