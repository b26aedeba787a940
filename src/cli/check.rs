//! `check`, and its halves `validate` and `lint`.

use super::Exit;
use super::args::{ChoiceArgs, InputArgs, ReleaseArgs, ReportArgs, RuleArgs, StrictArgs};
use super::compile::{self, Question, Stages};
#[cfg(feature = "cluster")]
use super::live::LiveArgs;
use super::report;
use super::trouble::Trouble;
use super::world::World;
use crate::source::SourceMap;
use clap::Args;

/// The flags of `check`.
#[derive(Args)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    shared: JudgeArgs,
    #[command(flatten)]
    strict: StrictArgs,
    #[cfg(feature = "cluster")]
    #[command(flatten)]
    live: LiveArgs,
}

/// What `check` and `lint` share.
#[derive(Args)]
struct JudgeArgs {
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
    shared: JudgeArgs,
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
    strict: StrictArgs,
    #[command(flatten)]
    report: ReportArgs,
    #[cfg(feature = "cluster")]
    #[command(flatten)]
    live: LiveArgs,
}

impl CheckArgs {
    /// Runs `check`.
    pub(super) fn run(&self, world: &dyn World) -> Exit {
        let stages = Stages { validate: true, lint: true, strict_kinds: self.strict.strict_kinds };
        let question = self.shared.question(stages);
        #[cfg(feature = "cluster")]
        let question = match self.live.wanted() {
            Ok(live) => Question { live, ..question },
            Err(trouble) => return refuse(&trouble, world),
        };
        examine(&question, &self.shared.report, world)
    }
}

impl JudgeArgs {
    fn question(&self, stages: Stages) -> Question<'_> {
        let verbose = self.report.tone.verbose;
        Question {
            input: &self.input,
            release: &self.release,
            rules: &self.rules,
            stages,
            #[cfg(feature = "cluster")]
            live: None,
            verbose,
        }
    }
}

impl LintArgs {
    /// Runs `lint`.
    pub(super) fn run(&self, world: &dyn World) -> Exit {
        examine(
            &self.shared.question(Stages { validate: false, lint: true, strict_kinds: false }),
            &self.shared.report,
            world,
        )
    }
}

impl ValidateArgs {
    /// Runs `validate`.
    pub(super) fn run(&self, world: &dyn World) -> Exit {
        let rules = RuleArgs { profiles: Vec::new(), policies: Vec::new(), choice: self.choice.clone() };
        #[cfg(feature = "cluster")]
        let live = match self.live.wanted() {
            Ok(live) => live,
            Err(trouble) => return refuse(&trouble, world),
        };
        let question = Question {
            input: &self.input,
            release: &self.release,
            rules: &rules,
            stages: Stages { validate: true, lint: false, strict_kinds: self.strict.strict_kinds },
            #[cfg(feature = "cluster")]
            live,
            verbose: self.report.tone.verbose,
        };
        examine(&question, &self.report, world)
    }
}

fn examine(question: &Question<'_>, report: &ReportArgs, world: &dyn World) -> Exit {
    let sources = SourceMap::new();
    let compiled = report::check_formats(&report.formats).and_then(|()| compile::compile(question, &sources, world));
    match compiled {
        Ok((found, troubles)) => report::finish(found, &sources, troubles, report, world),
        Err(trouble) => refuse(&trouble, world),
    }
}

fn refuse(trouble: &Trouble, world: &dyn World) -> Exit {
    trouble.tell(world);
    Exit::Trouble
}
