//! `test`: runs charts' tests, and the examples of people's own rules.

mod case;
mod policies;
mod snapshots;
mod suites;

use crate::cli::Exit;
use crate::cli::args::{InputArgs, ReportArgs};
use crate::cli::paths::Base;
use crate::cli::report;
use crate::cli::trouble::Trouble;
use crate::cli::world::World;
use crate::diagnostic::emit::Report;
use crate::source::SourceMap;
use clap::Args;

/// The flags of `test`.
#[derive(Args)]
pub(in crate::cli) struct TestArgs {
    #[command(flatten)]
    input: InputArgs,
    /// Only in this environment (repeatable); a test that names none runs in all declared ones
    #[arg(short, long = "environment", value_name = "ENV")]
    environments: Vec<String>,
    /// Only tests whose name contains this (repeatable)
    #[arg(long = "filter", value_name = "NAME")]
    filters: Vec<String>,
    /// Store what tests give as their snapshots, and forget those that no test asks for
    #[arg(long)]
    update: bool,
    /// For this Kubernetes version where a test names none, such as 1.34
    #[arg(long = "kubernetes-version", value_name = "VERSION")]
    version: Option<String>,
    #[command(flatten)]
    report: ReportArgs,
}

impl TestArgs {
    /// Runs `test`.
    pub(in crate::cli) fn run(&self, world: &dyn World) -> Exit {
        let sources = SourceMap::new();
        match self.examine(&sources, world) {
            Ok(exit) => exit,
            Err(trouble) => {
                trouble.tell(world);
                Exit::Trouble
            }
        }
    }

    fn examine(&self, sources: &SourceMap, world: &dyn World) -> Result<Exit, Trouble> {
        let base = Base::current(world)?;
        report::check_formats(&self.report.formats, None, &base)?;
        let (report, troubles) = self.judge(sources, world)?;
        Ok(report::finish(report, sources, troubles, &self.report, &base, world))
    }

    fn judge(&self, sources: &SourceMap, world: &dyn World) -> Result<(Report, Vec<Trouble>), Trouble> {
        let (policies, others) = policies::split(&self.input, sources, world)?;
        let only_policies = others.is_empty() && !self.input.paths.is_empty();
        let charts = if only_policies {
            Ok((Report::default(), Vec::new()))
        } else {
            suites::run(self, &others, sources, world)
        };
        if policies.is_empty() {
            return charts;
        }
        let (mut report, troubles) = match charts {
            Err(trouble) if !self.input.paths.is_empty() => return Err(trouble),
            charts => charts.unwrap_or_default(),
        };
        policies::run(&policies, &self.filters, &mut report, sources, world)?;
        Ok((report, troubles))
    }
}
