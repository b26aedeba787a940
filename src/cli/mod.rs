//! The command line: reads, runs the stages in parallel, writes, exits.
//!
//! In: arguments, and the world through [`world::World`]. Out: text on standard output, files, trouble on standard error,
//! and an [`Exit`]. This is the only stage that touches the world; it judges nothing itself.

mod args;
mod commands;
mod compile;
mod examples;
mod inputs;
#[cfg(feature = "cluster")]
mod live;
mod paint;
mod paths;
mod progress;
#[cfg(feature = "oci")]
mod registries;
mod report;
#[cfg(test)]
mod testing;
mod trouble;
pub mod world;

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
    Check(commands::check::CheckArgs),
    /// Prove manifests against the API's schemas: the first half of check
    Validate(commands::check::ValidateArgs),
    /// Judge manifests by rules: the second half of check
    Lint(commands::check::LintArgs),
    /// Change files so that findings go away
    Fix(commands::fix::FixArgs),
    /// Render a chart's manifests
    Render(commands::render::RenderArgs),
    /// Run charts' tests
    Test(commands::test::TestArgs),
    /// Show a chart's merged values, each with where it was written
    Values(commands::values::ValuesArgs),
    /// Show what would change
    Diff(commands::diff::DiffArgs),
    /// Show what an apply would do, and write it to a file that apply can be held to
    #[cfg(feature = "cluster")]
    Plan(commands::plan::PlanArgs),
    /// List the rules
    Rules(commands::rules::RulesArgs),
    /// Explain a rule
    Explain(commands::explain::ExplainArgs),
    /// Take custom resource definitions from a cluster
    #[cfg(feature = "cluster")]
    Crds(commands::crds::CrdsArgs),
    /// Check releases, and bring a cluster to what they say
    #[cfg(feature = "cluster")]
    Apply(commands::apply::ApplyArgs),
    /// List the releases of a cluster
    #[cfg(feature = "cluster")]
    List(commands::list::ListArgs),
    /// Show how the objects of a release are
    #[cfg(feature = "cluster")]
    Status(commands::status::StatusArgs),
    /// List the revisions of a release
    #[cfg(feature = "cluster")]
    History(commands::history::HistoryArgs),
    /// Bring a release back to an earlier revision
    #[cfg(feature = "cluster")]
    Rollback(commands::rollback::RollbackArgs),
    /// Remove a release
    #[cfg(feature = "cluster")]
    Uninstall(commands::uninstall::UninstallArgs),
    /// Package charts, each the same wherever it is packaged
    Package(commands::package::PackageArgs),
    /// Show what a chart says about itself
    Show(commands::show::ShowArgs),
    /// Fetch what a chart depends on
    #[cfg(feature = "oci")]
    Deps(commands::deps::DepsArgs),
    /// Push a chart to a registry
    #[cfg(feature = "oci")]
    Push(commands::push::PushArgs),
    /// Pull a chart from a registry
    #[cfg(feature = "oci")]
    Pull(commands::pull::PullArgs),
    /// List the versions of a chart in a registry
    #[cfg(feature = "oci")]
    Tags(commands::tags::TagsArgs),
    /// Sign what lies in a registry
    #[cfg(feature = "oci")]
    Sign(commands::sign::SignArgs),
    /// Verify who signed what lies in a registry
    #[cfg(feature = "oci")]
    Verify(commands::sign::VerifyArgs),
    /// Log in to a registry
    #[cfg(feature = "oci")]
    Login(commands::login::LoginArgs),
    /// Log out of a registry
    #[cfg(feature = "oci")]
    Logout(commands::login::LogoutArgs),
    /// Write a new chart
    Init(commands::init::InitArgs),
    /// Write a shell's completions to standard output
    Completions(commands::shell::CompletionsArgs),
    /// Write the manual page to standard output, or a page for each command to a folder
    Man(commands::shell::ManArgs),
}

/// Runs the command line in the real world and gives the process's exit code.
pub fn main() -> ExitCode {
    #[cfg(feature = "oci")]
    let read_package = Some(registries::remote::read as world::ReadPackage);
    #[cfg(not(feature = "oci"))]
    let read_package = None;
    let exit = run(world::arguments(), &world::System { read_package });
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
