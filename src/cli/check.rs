//! `check`, and its halves `validate` and `lint`.

use super::Exit;
use super::args::{ChoiceArgs, InputArgs, ReleaseArgs, ReportArgs, RuleArgs};
use super::compile::{self, Question, Stages};
use super::report;
use super::world::World;
use crate::source::SourceMap;
use clap::Args;

/// The flags of `check`.
#[derive(Args)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    release: ReleaseArgs,
    #[command(flatten)]
    rules: RuleArgs,
    #[command(flatten)]
    report: ReportArgs,
}

/// The flags of `lint`.
#[derive(Args)]
pub(super) struct LintArgs {
    #[command(flatten)]
    check: CheckArgs,
}

/// The flags of `validate`: those of `check` but for the profiles.
#[derive(Args)]
pub(super) struct ValidateArgs {
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    release: ReleaseArgs,
    #[command(flatten)]
    choice: ChoiceArgs,
    #[command(flatten)]
    report: ReportArgs,
}

impl CheckArgs {
    /// Runs `check`.
    pub(super) fn run(&self, world: &dyn World) -> Exit {
        self.examine(Stages { validate: true, lint: true }, world)
    }

    fn examine(&self, stages: Stages, world: &dyn World) -> Exit {
        examine(&self.input, &self.release, &self.rules, &self.report, stages, world)
    }
}

impl LintArgs {
    /// Runs `lint`.
    pub(super) fn run(&self, world: &dyn World) -> Exit {
        self.check.examine(Stages { validate: false, lint: true }, world)
    }
}

impl ValidateArgs {
    /// Runs `validate`.
    pub(super) fn run(&self, world: &dyn World) -> Exit {
        let stages = Stages { validate: true, lint: false };
        let rules = RuleArgs { profiles: Vec::new(), choice: self.choice.clone() };
        examine(&self.input, &self.release, &rules, &self.report, stages, world)
    }
}

fn examine(
    input: &InputArgs,
    release: &ReleaseArgs,
    rules: &RuleArgs,
    report: &ReportArgs,
    stages: Stages,
    world: &dyn World,
) -> Exit {
    let sources = SourceMap::new();
    let question = Question { input, release, rules, stages, verbose: report.tone.verbose };
    let compiled = report::check_formats(&report.formats).and_then(|()| compile::compile(&question, &sources, world));
    match compiled {
        Ok((found, troubles)) => report::finish(found, &sources, troubles, report, world),
        Err(trouble) => {
            trouble.tell(world);
            Exit::Trouble
        }
    }
}
