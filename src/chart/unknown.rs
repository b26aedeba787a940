//! `values/unknown-key`: keys of overrides that stand among declared siblings and are none of them.

use super::load::Chart;
use super::set::{Assignment, Into};
use super::spot::{Found, Spot};
use super::value::{Value, ValueData};
use crate::diagnostic::{Change, Diagnostic, Safety, Wish, nearest};
use crate::source::Span;
use crate::yaml::Step;

/// Checks a file of values against what a chart declares.
pub(super) fn in_values(chart: &Chart, values: &Value, diagnostics: &mut Vec<Diagnostic>) {
    in_map(&Spot::root(chart), values, &mut Vec::new(), diagnostics);
}

/// Checks the parts of a chart's values.yaml that are for its subcharts.
pub(super) fn in_defaults(chart: &Chart, diagnostics: &mut Vec<Diagnostic>) {
    for subchart in &chart.subcharts {
        if let Some(values) = chart.values.get(&subchart.name) {
            in_map(&Spot::root(&subchart.chart), values, &mut vec![subchart.name.clone()], diagnostics);
        }
    }
}

/// Checks a flag's assignment.
pub(super) fn in_assignment(chart: &Chart, assignment: &Assignment, diagnostics: &mut Vec<Diagnostic>) {
    let mut spot = Spot::root(chart);
    let mut path = Vec::new();
    for step in &assignment.steps {
        let found = match &step.into {
            Into::Index(_) => return,
            Into::Key(key) => {
                let found = spot.key(key);
                if matches!(found, Found::Nothing) && spot.has_siblings() {
                    diagnostics.push(finding(&spot, key, Some(step.span), &path));
                }
                path.push(key.to_string());
                found
            }
        };
        match found {
            Found::Spot(next) => spot = next,
            Found::Open | Found::Nothing => return,
        }
    }
    in_map(&spot, &assignment.value, &mut path, diagnostics);
}

fn in_map(spot: &Spot<'_>, values: &Value, path: &mut Vec<String>, diagnostics: &mut Vec<Diagnostic>) {
    let ValueData::Map(entries) = &values.data else { return };
    // A map in the place of a scalar or of nothing has no declared siblings.
    if !spot.has_siblings() {
        return;
    }
    for entry in entries {
        match spot.key(&entry.key) {
            Found::Spot(next) => {
                path.push(entry.key.to_string());
                in_map(&next, &entry.value, path, diagnostics);
                path.pop();
            }
            Found::Open => {}
            Found::Nothing => diagnostics.push(finding(spot, &entry.key, entry.key_span, path)),
        }
    }
}

fn finding(spot: &Spot<'_>, key: &str, span: Option<Span>, path: &[String]) -> Diagnostic {
    let keys = spot.declared_keys();
    let whole = written(path.iter().map(String::as_str).chain([key]));
    let mut diagnostic = Diagnostic::error("values/unknown-key", format!("`{whole}` is not declared by the chart"));
    diagnostic.span = span;
    let near = nearest(key, keys.iter().copied());
    if let (Some(near), Some(at)) = (near, span) {
        let (title, change) = (format!("rename `{key}` to `{near}`"), Change::Rename(near.to_owned()));
        diagnostic = diagnostic.wish(Wish::new(title, Safety::Safe, at, change));
    }
    let help = if let Some(near) = near {
        format!("did you mean `{}`?", written(path.iter().map(String::as_str).chain([near])))
    } else {
        let shown: Vec<_> = keys.iter().take(8).copied().collect();
        let more = if keys.len() > shown.len() { ", …" } else { "" };
        format!("declare it in values.yaml, or use one of {}{more}", super::decode::listed(&shown))
    };
    diagnostic.help(help)
}

/// Writes a path of keys: `web.image.tag`.
pub(super) fn written<'a>(keys: impl IntoIterator<Item = &'a str>) -> String {
    let mut path = String::new();
    keys.into_iter().for_each(|key| Step::Key(key).push_to(&mut path));
    path
}
