//! The verdict of `check`, written down so that it travels with what is pushed.

use crate::chart::Level;
use crate::cli::compile::Compiled;
use crate::cli::compile::checking::{Checked, Checking};
use crate::cli::compile::linting;
use crate::cli::paths::Base;
use crate::cli::trouble::Trouble;
use crate::cli::world::World;
use crate::diagnostic::emit::summary;
use crate::lint;
use crate::package::digest;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeSet;

/// What a statement says that holds the verdict of `check`.
pub(in crate::cli) const CHECK: &str = "https://plimsoll.dev/attestations/check/v1";
/// The form of what it says.
const VERSION: u64 = 1;

/// Writes down what a check found: by which rules, for which versions and environments, how much of it.
pub(in crate::cli) fn report(checking: &Checking<'_>, checked: &Checked, world: &dyn World) -> Result<Json, Trouble> {
    let Compiled { report, units, .. } = &checked.compiled;
    let base = Base::current(world)?;
    let workspace = units.iter().find_map(|unit| unit.workspace.as_deref());
    let rules = linting::rules(workspace, checking.rules, &checked.sources, &base, world)?;
    // The same rules have the same digest: their texts, and how they are configured.
    let mut text = format!("plimsoll {}\n{}", env!("CARGO_PKG_VERSION"), rules.linter.configuration());
    text.extend(rules.linter.ids().filter_map(lint::text));
    let own: BTreeSet<_> = rules.own.iter().map(|rule| rule.place.file).collect();
    for file in own {
        text += checked.sources.file(file).text();
    }
    let configured: Map<String, Json> = workspace
        .into_iter()
        .flat_map(|loaded| &loaded.workspace.rules.configure)
        .map(|entry| {
            let level = match entry.severity {
                Some(Level::Disabled) => "disabled",
                Some(Level::Severity(severity)) => severity.name(),
                None => "configured",
            };
            (entry.rule.value.clone(), json!(level))
        })
        .collect();
    let environments: BTreeSet<_> = report.checked.iter().filter_map(|checked| checked.environment.as_ref()).collect();
    let versions: BTreeSet<_> = report.checked.iter().flat_map(|checked| &checked.versions).collect();
    Ok(json!({
        "schemaVersion": VERSION,
        "verdict": if checked.failed { "failed" } else { "passed" },
        "tool": { "name": "plimsoll", "version": env!("CARGO_PKG_VERSION") },
        "checkedOn": world.today(),
        "profiles": rules.profiles,
        "rules": {
            "digest": digest(text.as_bytes()),
            "count": rules.linter.ids().count(),
            "own": rules.own.len(),
            "configured": configured,
        },
        "kubernetesVersions": versions,
        "environments": environments,
        "summary": summary(report),
    }))
}

/// Says what a report says, where it is one that `check` passed by a profile; else why it is not.
pub(in crate::cli) fn passed(predicate: &Json, profile: &str) -> Result<String, String> {
    if predicate["schemaVersion"].as_u64() != Some(VERSION) {
        return Err("a report is of a form that this version of plimsoll does not know".to_owned());
    }
    let count = |key: &str| predicate["summary"][key].as_u64();
    let (Some(errors), Some(warnings), Some(suppressed)) = (count("errors"), count("warnings"), count("suppressed"))
    else {
        return Err("a report does not say what was found".to_owned());
    };
    if predicate["verdict"] != "passed" || errors > 0 {
        return Err(format!("by a report, `check` failed, with {errors} errors"));
    }
    let profiles: Vec<&str> = predicate["profiles"].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
    if !profiles.contains(&profile) {
        let judged = if profiles.is_empty() { "no profile".to_owned() } else { crate::chart::listed(&profiles) };
        return Err(format!("a report judged by {judged}"));
    }
    let disabled = predicate["rules"]["configured"].as_object().into_iter().flatten();
    let disabled: Vec<&str> =
        disabled.filter(|(_, level)| *level == "disabled").map(|(rule, _)| rule.as_str()).collect();
    let off =
        if disabled.is_empty() { String::new() } else { format!(", without {}", crate::chart::listed(&disabled)) };
    Ok(format!("{warnings} warnings, {suppressed} suppressed{off}"))
}
