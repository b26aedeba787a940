//! `rules export`: rules as admission policies.

use crate::cli::Exit;
use crate::cli::args::{ChoiceArgs, RuleArgs};
use crate::cli::compile::linting;
use crate::cli::inputs::find_workspace;
use crate::cli::inputs::workspaces::Workspaces;
use crate::cli::paths::Base;
use crate::cli::trouble::Trouble;
use crate::cli::world::World;
use crate::source::SourceMap;
use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};

/// The flags of `rules export`.
#[derive(Args)]
pub(in crate::cli) struct ExportArgs {
    /// The form of the policies
    #[arg(long = "as", value_name = "FORM")]
    form: Form,
    /// As this environment has the rules
    #[arg(short, long = "environment", value_name = "ENV")]
    environment: Option<String>,
    /// Use this workspace file instead of the plimsoll.yaml found upwards
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    rules: RuleArgs,
}

/// A form of policies.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Form {
    /// `ValidatingAdmissionPolicy`, each with its binding.
    ValidatingAdmissionPolicy,
}

impl ExportArgs {
    /// Runs `rules export`.
    pub(in crate::cli) fn run(&self, world: &dyn World) -> Exit {
        let Form::ValidatingAdmissionPolicy = self.form;
        match self.export(world) {
            Ok(text) => crate::cli::print(&text, world),
            Err(troubles) => {
                for trouble in &troubles {
                    trouble.tell(world);
                }
                Exit::Trouble
            }
        }
    }

    fn export(&self, world: &dyn World) -> Result<String, Vec<Trouble>> {
        let rules = rules_here(&self.rules, self.config.as_deref(), world)?;
        let (mut text, mut left_out) = (String::new(), Vec::new());
        for exported in rules.linter.export(self.environment.as_deref()) {
            match exported.policy {
                Ok(policy) => text.push_str(&policy),
                Err(why) => left_out.push(format!("{}: {why}", exported.id)),
            }
        }
        let asked = !self.rules.choice.rules.is_empty();
        if text.is_empty() || asked && !left_out.is_empty() {
            let message = "these rules cannot be written as admission policies".to_owned();
            let help = Some(left_out.join("\n        "));
            return Err(vec![Trouble { message, help }]);
        }
        if !left_out.is_empty() {
            world.err(&format!(
                "left out, for they cannot be written as admission policies: {} rules\n",
                left_out.len()
            ));
        }
        Ok(text)
    }
}

/// Makes the rules that hold in the current folder. What is wrong with them is trouble: there is no report to tell it in.
pub(in crate::cli) fn rules_here(
    args: &RuleArgs,
    config: Option<&Path>,
    world: &dyn World,
) -> Result<linting::Rules, Vec<Trouble>> {
    let current = world.current_folder().map_err(|error| vec![Trouble::io("find", Path::new("."), &error)])?;
    let (base, sources) = (Base::new(&current), SourceMap::new());
    let mut workspaces = Workspaces::new(world, &base, &sources, config);
    let file = config.map(Path::to_owned).or_else(|| find_workspace(world, &base, Path::new(".")));
    let loaded = file.and_then(|file| workspaces.read(&file));
    let mut troubles = std::mem::take(&mut workspaces.troubles);
    let rules = linting::rules(loaded.as_deref(), args, &sources, &base, world).map_err(|trouble| vec![trouble])?;
    for finding in workspaces.findings.iter().chain(&rules.findings) {
        let place = finding.span.map_or_else(String::new, |span| {
            let source = sources.file(span.file);
            format!("{}:{}: ", source.name(), source.position(span.start).line)
        });
        troubles.push(Trouble { message: format!("{place}{}", finding.message), help: finding.help.clone() });
    }
    if troubles.is_empty() { Ok(rules) } else { Err(troubles) }
}

/// Makes the rules of the current folder and of files, whatever their profiles.
pub(in crate::cli) fn own_rules(
    policies: &[PathBuf],
    config: Option<&Path>,
    world: &dyn World,
) -> Result<Vec<crate::lint::Rule>, Vec<Trouble>> {
    let args = RuleArgs { profiles: Vec::new(), policies: policies.to_vec(), choice: ChoiceArgs::default() };
    Ok(rules_here(&args, config, world)?.own)
}
