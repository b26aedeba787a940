//! Takes out of a run's findings what people allowed, and says which allowances are of no use.

use super::Question;
use super::gather::Unit;
use super::linting::Rules;
use super::merge::merge;
use crate::cli::world::World;
use crate::diagnostic::Diagnostic;
use crate::lint::suppress::{self, Allow, Applied};
use crate::source::SourceMap;
use rayon::prelude::*;
use std::path::PathBuf;

/// The linters of a run, by the folder of their workspace.
pub(in crate::cli) type Judges = [(Option<PathBuf>, Rules)];

/// Gives what stays of the findings of units and of the `general` ones, and what somebody allowed.
///
/// Exceptions hold for the units of their workspace; comments and annotations for whatever is said of their place.
pub(in crate::cli) fn settle(
    general: Vec<Diagnostic>,
    units: &mut [Unit],
    judges: &Judges,
    question: &Question<'_>,
    sources: &SourceMap,
    world: &dyn World,
) -> (Vec<Diagnostic>, Vec<Diagnostic>) {
    let mut findings = general;
    if !question.suppressions {
        findings.extend(units.iter_mut().flat_map(|unit| std::mem::take(&mut unit.findings)));
        return (findings, Vec::new());
    }
    let today = world.today();
    let own: Vec<&str> = judges.iter().flat_map(|(_, rules)| rules.own.iter().map(|rule| rule.id.as_str())).collect();
    let run = suppress::Run {
        sources,
        today: Some(&today),
        ran: &|id| ran(question, judges, id),
        own: &own,
        whole_workspace: question.input.paths.is_empty() && question.release.environments.is_empty(),
    };
    let mut allows: Vec<Allow> =
        sources.written().par_iter().flat_map_iter(|source| suppress::comments(source)).collect();
    let mut suppressed = Vec::new();
    for (key, rules) in judges {
        let mut of_workspace = Vec::new();
        for unit in &mut *units {
            if unit.workspace.as_ref().map(|loaded| &loaded.folder) == key.as_ref() {
                of_workspace.append(&mut unit.findings);
                allows.append(&mut unit.allows);
            }
        }
        let applied = suppress::apply(of_workspace, &[], &rules.exceptions, &run);
        findings.extend(keep(applied, question, &mut suppressed));
    }
    let kept = keep(suppress::apply(findings, &allows, &[], &run), question, &mut suppressed);
    (kept, merge(suppressed, sources))
}

/// Tells whether a rule was looked for everywhere, so that allowing it in vain can be told.
fn ran(question: &Question<'_>, judges: &Judges, id: &str) -> bool {
    let everywhere = question.release.environments.is_empty();
    let validated =
        question.stages.validate && ["schema/", "api/", "policy/"].iter().any(|stage| id.starts_with(stage));
    let linted = question.stages.lint && judges.iter().any(|(_, rules)| rules.linter.ids().any(|known| known == id));
    everywhere && (validated || linted)
}

/// Sorts what suppressing gave: what stays is given back, with what is wrong with the suppressions where rules ran.
fn keep(applied: Applied, question: &Question<'_>, suppressed: &mut Vec<Diagnostic>) -> Vec<Diagnostic> {
    suppressed.extend(applied.suppressed);
    let mut kept = applied.kept;
    if question.stages.lint {
        kept.extend(applied.problems);
    }
    kept
}
