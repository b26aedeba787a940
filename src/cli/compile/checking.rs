//! A check of a chart that is about to leave: packaged, pushed.

use crate::cli::args::{Colour, InputArgs, ReleaseArgs, RuleArgs};
use crate::cli::compile::{self, Compiled, Question, Stages};
use crate::cli::inputs::plan::Scope;
use crate::cli::report;
use crate::cli::trouble::Trouble;
use crate::cli::world::World;
use crate::diagnostic::Severity;
use crate::source::SourceMap;
use std::path::Path;

/// What is checked, and by what.
pub(in crate::cli) struct Checking<'a> {
    pub path: &'a Path,
    pub release: &'a ReleaseArgs,
    pub rules: &'a RuleArgs,
    pub config: Option<&'a Path>,
    pub scope: Scope,
    pub color: Colour,
}

/// A check that was run.
#[cfg_attr(not(feature = "oci"), expect(dead_code, reason = "reports of checks go to registries"))]
pub(in crate::cli) struct Checked {
    /// What it found.
    pub compiled: Compiled,
    /// The texts that it points into.
    pub sources: SourceMap,
    /// It found errors, which were told.
    pub failed: bool,
}

impl Checking<'_> {
    /// Checks a chart as `check` does, in every environment unless one is named, and tells errors on standard error.
    pub(in crate::cli) fn run(&self, world: &dyn World) -> Result<Checked, Trouble> {
        let config = self.config.map(Path::to_owned);
        let input = InputArgs { paths: vec![self.path.to_owned()], config, ..InputArgs::default() };
        let question = Question {
            input: &input,
            release: self.release,
            rules: self.rules,
            fixes: false,
            stages: Stages { validate: true, lint: true, strict_kinds: false },
            scope: self.scope,
            #[cfg(feature = "cluster")]
            live: None,
            suppressions: true,
            verbose: false,
            progress: None,
        };
        let sources = SourceMap::new();
        let mut compiled = compile::compile(&question, &sources, world)?;
        if !compiled.troubles.is_empty() {
            return Err(compiled.troubles.remove(0));
        }
        let findings = &compiled.report.findings;
        let errors = findings.iter().filter(|finding| finding.severity == Severity::Error).cloned().collect();
        let failed = report::tell(errors, self.color, &sources, world);
        Ok(Checked { compiled, sources, failed })
    }
}
