//! The command line: reads, runs the stages in parallel, writes, exits.
//!
//! In: arguments, and the world through [`world::World`]. Out: text on standard output, files, trouble on standard error,
//! and an [`Exit`]. This is the only stage that touches the world; it judges nothing itself.

mod against;
mod allowing;
#[cfg(feature = "cluster")]
mod apply;
mod args;
#[cfg(feature = "oci")]
mod attest;
mod baseline;
#[cfg(feature = "oci")]
mod cache;
mod changed;
#[cfg(feature = "cluster")]
mod changing;
mod check;
mod compile;
#[cfg(feature = "cluster")]
mod crds;
mod definitions;
#[cfg(feature = "oci")]
mod deps;
mod diff;
mod examples;
mod explain;
mod export;
#[cfg(feature = "oci")]
mod fetch;
mod fix;
mod gather;
#[cfg(feature = "cluster")]
mod held;
#[cfg(feature = "cluster")]
mod history;
mod init;
mod inputs;
mod linting;
#[cfg(feature = "cluster")]
mod list;
#[cfg(feature = "cluster")]
mod live;
#[cfg(feature = "oci")]
mod login;
mod looks;
mod merge;
mod overlay;
mod overrides;
mod own;
mod package;
mod packed;
mod paint;
mod paths;
mod plan;
#[cfg(feature = "cluster")]
mod plan_file;
mod policies;
mod progress;
#[cfg(feature = "pgp")]
mod provenance;
#[cfg(feature = "oci")]
mod pull;
#[cfg(feature = "oci")]
mod push;
#[cfg(feature = "oci")]
mod registries;
mod release;
#[cfg(feature = "oci")]
mod remote;
mod render;
#[cfg(feature = "oci")]
mod rendered;
mod report;
mod revision;
#[cfg(feature = "cluster")]
mod rollback;
mod rules;
mod settle;
mod shell;
mod show;
#[cfg(feature = "oci")]
mod sign;
#[cfg(feature = "cluster")]
mod status;
#[cfg(feature = "oci")]
mod tags;
mod test;
#[cfg(test)]
mod testing;
mod trouble;
#[cfg(feature = "oci")]
mod trust;
#[cfg(feature = "cluster")]
mod uninstall;
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
    /// Change files so that findings go away
    Fix(fix::FixArgs),
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
    /// Check releases, and bring a cluster to what they say
    #[cfg(feature = "cluster")]
    Apply(apply::ApplyArgs),
    /// List the releases of a cluster
    #[cfg(feature = "cluster")]
    List(list::ListArgs),
    /// Show how the objects of a release are
    #[cfg(feature = "cluster")]
    Status(status::StatusArgs),
    /// List the revisions of a release
    #[cfg(feature = "cluster")]
    History(history::HistoryArgs),
    /// Bring a release back to an earlier revision
    #[cfg(feature = "cluster")]
    Rollback(rollback::RollbackArgs),
    /// Remove a release
    #[cfg(feature = "cluster")]
    Uninstall(uninstall::UninstallArgs),
    /// Package charts, each the same wherever it is packaged
    Package(package::PackageArgs),
    /// Show what a chart says about itself
    Show(show::ShowArgs),
    /// Fetch what a chart depends on
    #[cfg(feature = "oci")]
    Deps(deps::DepsArgs),
    /// Push a chart to a registry
    #[cfg(feature = "oci")]
    Push(push::PushArgs),
    /// Pull a chart from a registry
    #[cfg(feature = "oci")]
    Pull(pull::PullArgs),
    /// List the versions of a chart in a registry
    #[cfg(feature = "oci")]
    Tags(tags::TagsArgs),
    /// Sign what lies in a registry
    #[cfg(feature = "oci")]
    Sign(sign::SignArgs),
    /// Verify who signed what lies in a registry
    #[cfg(feature = "oci")]
    Verify(sign::VerifyArgs),
    /// Log in to a registry
    #[cfg(feature = "oci")]
    Login(login::LoginArgs),
    /// Log out of a registry
    #[cfg(feature = "oci")]
    Logout(login::LogoutArgs),
    /// Write a new chart
    Init(init::InitArgs),
    /// Write a shell's completions to standard output
    Completions(shell::CompletionsArgs),
    /// Write the manual page to standard output, or a page for each command to a folder
    Man(shell::ManArgs),
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
        Command::Fix(args) => args.run(world),
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
        #[cfg(feature = "cluster")]
        Command::Apply(args) => args.run(world),
        #[cfg(feature = "cluster")]
        Command::List(args) => args.run(world),
        #[cfg(feature = "cluster")]
        Command::Status(args) => args.run(world),
        #[cfg(feature = "cluster")]
        Command::History(args) => args.run(world),
        #[cfg(feature = "cluster")]
        Command::Rollback(args) => args.run(world),
        #[cfg(feature = "cluster")]
        Command::Uninstall(args) => args.run(world),
        Command::Package(args) => args.run(world),
        Command::Show(args) => args.run(world),
        #[cfg(feature = "oci")]
        Command::Deps(args) => args.run(world),
        #[cfg(feature = "oci")]
        Command::Push(args) => args.run(world),
        #[cfg(feature = "oci")]
        Command::Pull(args) => args.run(world),
        #[cfg(feature = "oci")]
        Command::Tags(args) => args.run(world),
        #[cfg(feature = "oci")]
        Command::Sign(args) => args.run(world),
        #[cfg(feature = "oci")]
        Command::Verify(args) => args.run(world),
        #[cfg(feature = "oci")]
        Command::Login(args) => args.run(world),
        #[cfg(feature = "oci")]
        Command::Logout(args) => args.run(world),
        Command::Init(args) => args.run(world),
        Command::Completions(args) => args.run(world),
        Command::Man(args) => args.run(world),
    }
}

/// Ends a command whose output is text, or trouble.
fn end(done: Result<String, trouble::Trouble>, world: &dyn World) -> Exit {
    match done {
        Ok(text) => print(&text, world),
        Err(trouble) => {
            trouble.tell(world);
            Exit::Trouble
        }
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
