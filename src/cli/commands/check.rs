//! `check`, and its halves `validate` and `lint`.

use super::baseline::{self, Baseline};
use super::changed::Changed;
use crate::cli::Exit;
use crate::cli::args::{
    ChoiceArgs, FormatName, InputArgs, ReleaseArgs, ReportArgs, RuleArgs, StrictArgs, SuppressArgs,
};
use crate::cli::compile::{self, Compiled, Question, Stages};
use crate::cli::inputs::plan::Scope;
#[cfg(feature = "cluster")]
use crate::cli::live::LiveArgs;
use crate::cli::paths::Base;
use crate::cli::progress::Progress;
use crate::cli::report;
use crate::cli::trouble::Trouble;
use crate::cli::world::World;
use crate::source::SourceMap;
use clap::Args;

/// The flags of `check`.
#[derive(Args)]
pub(in crate::cli) struct CheckArgs {
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
    suppress: SuppressArgs,
    #[command(flatten)]
    report: ReportArgs,
}

/// The flags of `lint`.
#[derive(Args)]
pub(in crate::cli) struct LintArgs {
    #[command(flatten)]
    shared: JudgeArgs,
}

/// The flags of `validate`: those of `check` but for the profiles.
#[derive(Args)]
pub(in crate::cli) struct ValidateArgs {
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    release: ReleaseArgs,
    #[command(flatten)]
    choice: ChoiceArgs,
    #[command(flatten)]
    strict: StrictArgs,
    #[command(flatten)]
    suppress: SuppressArgs,
    #[command(flatten)]
    report: ReportArgs,
    #[cfg(feature = "cluster")]
    #[command(flatten)]
    live: LiveArgs,
}

impl CheckArgs {
    /// Runs `check`.
    pub(in crate::cli) fn run(&self, world: &dyn World) -> Exit {
        let stages = Stages { validate: true, lint: true, strict_kinds: self.strict.strict_kinds };
        let question = self.shared.question(stages);
        #[cfg(feature = "cluster")]
        let question = match self.live.wanted() {
            Ok(live) => Question { live, ..question },
            Err(trouble) => return refuse(&trouble, world),
        };
        examine(&question, &self.shared.suppress, &self.shared.report, world)
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
            fixes: wants_fixes(&self.report),
            scope: Scope::Every,
            suppressions: !self.suppress.no_suppressions,
            #[cfg(feature = "cluster")]
            live: None,
            verbose,
            progress: None,
        }
    }
}

impl LintArgs {
    /// Runs `lint`.
    pub(in crate::cli) fn run(&self, world: &dyn World) -> Exit {
        examine(
            &self.shared.question(Stages { validate: false, lint: true, strict_kinds: false }),
            &self.shared.suppress,
            &self.shared.report,
            world,
        )
    }
}

impl ValidateArgs {
    /// Runs `validate`.
    pub(in crate::cli) fn run(&self, world: &dyn World) -> Exit {
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
            fixes: wants_fixes(&self.report),
            scope: Scope::Every,
            suppressions: !self.suppress.no_suppressions,
            #[cfg(feature = "cluster")]
            live,
            verbose: self.report.tone.verbose,
            progress: None,
        };
        examine(&question, &self.suppress, &self.report, world)
    }
}

/// Fixes are for programs to read; `fix` has them for people.
fn wants_fixes(report: &ReportArgs) -> bool {
    report.formats.iter().any(|format| format.name != FormatName::Terminal)
}

fn examine(question: &Question<'_>, suppress: &SuppressArgs, report: &ReportArgs, world: &dyn World) -> Exit {
    match judge(question, suppress, report, world) {
        Ok(exit) => exit,
        Err(trouble) => refuse(&trouble, world),
    }
}

fn judge(
    question: &Question<'_>,
    suppress: &SuppressArgs,
    report: &ReportArgs,
    world: &dyn World,
) -> Result<Exit, Trouble> {
    let base = Base::current(world)?;
    report::check_formats(&report.formats, &suppress.write_baseline, &base)?;
    let sources = SourceMap::new();
    let baseline = suppress.baseline.as_deref().map(|file| Baseline::read(file, &sources, &base, world)).transpose()?;
    let changed = suppress.only_changed.as_deref().map(|rev| Changed::since(rev, &base, world)).transpose()?;
    // What `--verbose` tells would stand in the way of it.
    let wanted = !report.tone.quiet && !report.tone.verbose;
    let Compiled { report: mut found, mut troubles, units, .. } = Progress::during(wanted, world, |progress| {
        compile::compile(&Question { progress: Some(progress), ..*question }, &sources, world)
    })?;
    if let Some(file) = &suppress.write_baseline {
        troubles.extend(baseline::write(file, &mut found, &sources, &base, world).err());
    }
    if let Some(baseline) = baseline {
        baseline.apply(&mut found, question, &sources, &base, world);
    }
    if let Some(changed) = changed {
        changed.limit(&mut found, &sources);
    }
    let exit = report::finish(found, &sources, troubles, report, &base, world);
    // The process ends: nobody needs the memory back.
    std::mem::forget((units, sources));
    Ok(exit)
}

fn refuse(trouble: &Trouble, world: &dyn World) -> Exit {
    trouble.tell(world);
    Exit::Trouble
}
