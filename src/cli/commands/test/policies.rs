//! Examples of people's own rules: they are the rules' tests.

use crate::cli::args::InputArgs;
use crate::cli::compile::own;
use crate::cli::inputs::workspaces::Workspaces;
use crate::cli::inputs::{CHART_FILE, find_workspace, read_text, yaml_files};
use crate::cli::paths::Base;
use crate::cli::trouble::Trouble;
use crate::cli::world::{Entry, Walk, World};
use crate::diagnostic::emit::{Outcome, Report, Tested};
use crate::lint::examples;
use crate::source::SourceMap;
use rayon::prelude::*;
use std::path::{Path, PathBuf};

/// Splits paths into those of policies and others; without any, the policies of the workspace.
pub(super) fn split(
    input: &InputArgs,
    sources: &SourceMap,
    world: &dyn World,
) -> Result<(Vec<PathBuf>, Vec<PathBuf>), Trouble> {
    if !input.paths.is_empty() {
        let mut split = (Vec::new(), Vec::new());
        for path in &input.paths {
            if holds_policies(path, world)? { split.0.push(path.clone()) } else { split.1.push(path.clone()) }
        }
        return Ok(split);
    }
    let current = world.current_folder().map_err(|error| Trouble::io("find", Path::new("."), &error))?;
    let base = Base::new(&current);
    let file = input.config.clone().or_else(|| find_workspace(world, &base, Path::new(".")));
    let mut workspaces = Workspaces::new(world, &base, sources, input.config.as_deref());
    let loaded = file.and_then(|file| workspaces.read(&file));
    let policies = loaded
        .iter()
        .flat_map(|loaded| loaded.workspace.rules.policies.iter().map(|path| loaded.folder.join(path.as_str())));
    Ok((policies.collect(), Vec::new()))
}

/// Tells whether a path is a rule file, or a folder that holds one and no chart.
fn holds_policies(path: &Path, world: &dyn World) -> Result<bool, Trouble> {
    let Ok(entry) = world.entry(path) else { return Ok(false) };
    if entry == Entry::Folder {
        let files = world.walk(path, Walk::Visible).files;
        if files.iter().any(|file| file.file_name().is_some_and(|name| name == CHART_FILE)) {
            return Ok(false);
        }
    } else if path.extension().is_none_or(|ending| ending != "yaml" && ending != "yml") {
        return Ok(false);
    }
    for file in yaml_files(path, world)? {
        let text = read_text(world, &file)?;
        let has = |key: &str| text.lines().any(|line| line.starts_with(key));
        if has("id:") && has("check:") {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Runs the examples of the rules in files and folders.
pub(super) fn run(
    paths: &[PathBuf],
    filters: &[String],
    report: &mut Report,
    sources: &SourceMap,
    world: &dyn World,
) -> Result<(), Trouble> {
    let current = world.current_folder().map_err(|error| Trouble::io("find", Path::new("."), &error))?;
    let (rules, findings) = own::rules(paths, sources, &Base::new(&current), world)?;
    report.findings.extend(findings);
    let wanted = |id: &String| filters.is_empty() || filters.iter().any(|filter| id.contains(filter.as_str()));
    let rules: Vec<_> = rules.into_iter().filter(|rule| wanted(&rule.id) && !rule.examples.is_empty()).collect();
    let verified: Vec<_> = rules.par_iter().map(examples::verify).collect();
    for (rule, failures) in rules.iter().zip(verified) {
        for (at, example) in rule.examples.iter().enumerate() {
            let failed: Vec<_> =
                failures.iter().filter(|failure| failure.span == Some(example.span)).cloned().collect();
            let what = if example.fails_at.is_some() { "fails" } else { "passes" };
            report.tests.push(Tested {
                group: rule.group.clone(),
                file: sources.file(rule.place.file).name().to_owned(),
                name: format!("{}: example {} {what}", rule.id, at + 1),
                environment: None,
                outcome: if failed.is_empty() { Outcome::Passed } else { Outcome::Failed(failed) },
            });
        }
        report.findings.extend(failures);
    }
    Ok(())
}
