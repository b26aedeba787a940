//! The command line: reads, runs the stages in parallel, writes, exits.
//!
//! In: arguments, and the world through [`world::World`]. Out: text on standard output, files, trouble on standard error,
//! and an [`Exit`]. This is the only stage that touches the world; it judges nothing itself.

mod against;
mod args;
mod check;
mod compile;
#[cfg(feature = "cluster")]
mod crds;
mod definitions;
mod diff;
mod examples;
mod explain;
#[cfg(feature = "cluster")]
mod held;
mod init;
mod inputs;
mod linting;
#[cfg(feature = "cluster")]
mod live;
mod looks;
mod merge;
mod overlay;
mod overrides;
mod own;
mod package;
mod packed;
mod paths;
mod plan;
#[cfg(feature = "cluster")]
mod plan_file;
mod policies;
mod release;
mod render;
mod report;
mod revision;
mod rules;
mod show;
mod test;
#[cfg(test)]
mod testing;
mod trouble;
mod values;
mod workspaces;
pub mod world;
mod written;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use std::process::ExitCode;
use world::World;

/// How a command ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done; nothing found at or above `--fail-on`.
    Done = 0,
    /// There are findings.
    Findings = 1,
    /// The input could not be trusted, the output not be written, or the command line not be understood.
    Trouble = 2,
}

#[derive(Parser)]
#[command(name = "plimsoll", version, about = "A compiler for Kubernetes manifests")]
#[command(disable_help_subcommand = true, infer_long_args = false)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Render, validate and lint charts and manifests: for CI and pre-commit
    Check(check::CheckArgs),
    /// Prove manifests against the API's schemas: the first half of check
    Validate(check::ValidateArgs),
    /// Judge manifests by rules: the second half of check
    Lint(check::LintArgs),
    /// Render a chart's manifests
    Render(render::RenderArgs),
    /// Run charts' tests
    Test(test::TestArgs),
    /// Show a chart's merged values, each with where it was written
    Values(values::ValuesArgs),
    /// Show what would change
    Diff(diff::DiffArgs),
    /// Show what an apply would do, and write it to a file that apply can be held to
    #[cfg(feature = "cluster")]
    Plan(plan_file::PlanArgs),
    /// List the rules
    Rules(rules::RulesArgs),
    /// Explain a rule
    Explain(explain::ExplainArgs),
    /// Take custom resource definitions from a cluster
    #[cfg(feature = "cluster")]
    Crds(crds::CrdsArgs),
    /// Package charts, each the same wherever it is packaged
    Package(package::PackageArgs),
    /// Show what a chart says about itself
    Show(show::ShowArgs),
    /// Write a new chart
    Init(init::InitArgs),
}

/// Runs the command line in the real world and gives the process's exit code.
pub fn main() -> ExitCode {
    let exit = run(world::arguments(), &world::System);
    ExitCode::from(exit as u8)
}

/// Runs a command line, the program's name first.
pub fn run(arguments: impl IntoIterator<Item = std::ffi::OsString>, world: &dyn World) -> Exit {
    let mut known = examples::add(CommandLine::command());
    let parsed = known
        .try_get_matches_from_mut(arguments)
        .and_then(|matches| CommandLine::from_arg_matches(&matches).map_err(|error| error.format(&mut known)));
    let command = match parsed {
        Ok(line) => line.command,
        Err(error) if error.use_stderr() => {
            world.err(&error.render().to_string());
            return Exit::Trouble;
        }
        Err(help) => return print(&help.render().to_string(), world),
    };
    match command {
        Command::Check(args) => args.run(world),
        Command::Validate(args) => args.run(world),
        Command::Lint(args) => args.run(world),
        Command::Render(args) => args.run(world),
        Command::Test(args) => args.run(world),
        Command::Values(args) => args.run(world),
        Command::Diff(args) => args.run(world),
        #[cfg(feature = "cluster")]
        Command::Plan(args) => args.run(world),
        Command::Rules(args) => args.run(world),
        Command::Explain(args) => args.run(world),
        #[cfg(feature = "cluster")]
        Command::Crds(args) => args.run(world),
        Command::Package(args) => args.run(world),
        Command::Show(args) => args.run(world),
        Command::Init(args) => args.run(world),
    }
}

/// Writes a command's whole output.
fn print(text: &str, world: &dyn World) -> Exit {
    match world.out(text) {
        Ok(()) => Exit::Done,
        Err(error) => {
            trouble::Trouble::new(format!("cannot write to standard output: {error}")).tell(world);
            Exit::Trouble
        }
    }
}
