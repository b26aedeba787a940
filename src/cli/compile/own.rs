//! People's own rules, as the policies of a workspace or a flag hold them.

use super::policies::holds_objects;
use crate::cli::inputs::{read_text, yaml_files};
use crate::cli::paths::Base;
use crate::cli::trouble::Trouble;
use crate::cli::world::{Entry, Walk, World};
use crate::diagnostic::Diagnostic;
use crate::lint::{self, Rule};
use crate::source::{SourceFile, SourceMap};
use crate::yaml;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// Findings that say what is wrong with a policy itself.
const DEFECTS: [&str; 10] = [
    "policy/cel",
    "policy/duplicate-rule",
    "policy/failed",
    "policy/file",
    "policy/parameter",
    "policy/rego",
    "policy/rule",
    "policy/unknown-builtin",
    "policy/unknown-key",
    "policy/unknown-parameter",
];

/// Tells whether a finding says that a policy could not be read or judged by.
pub(in crate::cli) fn is_defect(rule: &str) -> bool {
    DEFECTS.contains(&rule)
}

/// Reads the rules in files and folders, with what is wrong with them: rule files, and policies in Rego that no rule file
/// names, as conftest has them. Admission policies are left to the stage that judges as the server does.
pub(in crate::cli) fn rules(
    paths: &[PathBuf],
    sources: &SourceMap,
    base: &Base,
    world: &dyn World,
) -> Result<(Vec<Rule>, Vec<Diagnostic>), Trouble> {
    let mut files = Vec::new();
    for path in paths {
        files.extend(yaml_files(path, world)?);
    }
    let named = RefCell::new(BTreeSet::new());
    let read =
        |path: &Path| -> Result<Arc<SourceFile>, Trouble> { Ok(sources.add(base.show(path), read_text(world, path)?)) };
    let mut texts = Vec::new();
    for file in files.into_iter().filter(|file| !is_data(file) && !is_rego(file)) {
        let source = read(&file)?;
        if !holds_objects(&yaml::parse(&source)) {
            texts.push((file, source));
        }
    }
    let (mut rules, mut findings) = (Vec::new(), Vec::new());
    let mut decoded = Vec::new();
    for (file, source) in texts {
        let folder = file.parent().unwrap_or(Path::new("")).to_owned();
        let of_rule = |path: &str| {
            let path = plain(&folder.join(path));
            named.borrow_mut().insert(path.clone());
            read(&path).map_err(|trouble| trouble.message)
        };
        decoded.push((file, lint::decode_with(&source, &of_rule)));
    }
    for (file, rule) in decoded {
        match rule {
            // What a rule names as its data is no rule.
            _ if named.borrow().contains(&plain(&file)) => {}
            Ok(rule) => rules.push(rule),
            Err(problems) => findings.extend(problems),
        }
    }
    let loose = loose(paths, &named.into_inner(), world)?;
    if !loose.is_empty() {
        let (policies, data): (Vec<_>, Vec<_>) = loose.into_iter().partition(|(_, path)| !is_data(path));
        let policies = policies.iter().map(|(_, path)| read(path)).collect::<Result<Vec<_>, _>>()?;
        let data: Vec<_> =
            data.iter().map(|(root, path)| Ok((prefix(root, path), read(path)?))).collect::<Result<_, Trouble>>()?;
        match lint::loose_rules(&policies, &data) {
            Ok(more) => rules.extend(more),
            Err(problems) => findings.extend(problems),
        }
    }
    Ok((rules, findings))
}

/// Finds policies in Rego that no rule names, and the data beside them, each with the folder that was named. Tests of
/// policies are none.
fn loose(paths: &[PathBuf], named: &BTreeSet<PathBuf>, world: &dyn World) -> Result<Vec<(PathBuf, PathBuf)>, Trouble> {
    let mut found = Vec::new();
    for path in paths {
        let files = match world.entry(path).map_err(|error| Trouble::io("read", path, &error))? {
            Entry::File => vec![path.clone()],
            Entry::Folder => world.walk(path, Walk::Visible).files,
        };
        let wanted = |file: &PathBuf| {
            let is_test = file.file_stem().is_some_and(|stem| stem.to_string_lossy().ends_with("_test"));
            (is_rego(file) && !is_test || is_data(file)) && !named.contains(&plain(file))
        };
        found.extend(files.into_iter().filter(wanted).map(|file| (path.clone(), file)));
    }
    if found.iter().all(|(_, file)| is_data(file)) { Ok(Vec::new()) } else { Ok(found) }
}

fn is_rego(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "rego")
}

/// Tells whether a file holds data for policies, by the name that OPA's bundles give it.
fn is_data(path: &Path) -> bool {
    path.file_name().is_some_and(|name| ["data.yaml", "data.yml", "data.json"].iter().any(|known| name == *known))
}

/// Gives the folders between the one that was named and a file of data: they are where its data stands.
fn prefix(root: &Path, file: &Path) -> Vec<String> {
    let folder = file.parent().and_then(|folder| folder.strip_prefix(root).ok()).unwrap_or(Path::new(""));
    folder.iter().map(|part| part.to_string_lossy().into_owned()).collect()
}

/// Takes `.` and `..` out of a path, so that paths compare.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(plain.components().next_back(), Some(Component::Normal(_))) => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}
