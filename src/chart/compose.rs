//! From a chart, an environment and overrides to the values that templates see.

use super::load::{Chart, Subchart, VALUES};
use super::merge::{Nulls, merge};
use super::metadata::Flavour;
use super::read::{is_unread, read_values};
use super::set::{self, Assignments, Typing};
use super::unknown;
use super::value::{Value, ValueData, ValueEntry};
use super::values_schema;
use crate::diagnostic::Diagnostic;
use crate::source::SourceFile;
use std::sync::Arc;

/// Values given on the command line. Texts of flags stand in the source map, so that findings have a place.
#[derive(Clone, Debug)]
pub enum Override {
    /// `-f FILE`
    File(Arc<SourceFile>),
    /// `--set TEXT`
    Set(Arc<SourceFile>),
    /// `--set-string TEXT`
    SetString(Arc<SourceFile>),
    /// `--set-json TEXT`
    SetJson(Arc<SourceFile>),
    /// `--set-file KEY=FILE`
    SetFile {
        /// The key alone, as the text of a flag.
        key: Arc<SourceFile>,
        /// What the file holds.
        text: Arc<str>,
    },
    /// What a test sets.
    Assigned(Assignments),
}

/// The values of a chart and of its subcharts.
#[derive(Clone, Debug)]
pub struct Composed {
    /// The chart's own values; those of a subchart stand under its name.
    pub values: Value,
    /// The subcharts that are on.
    pub subcharts: Vec<ComposedSubchart>,
    /// What is wrong with the values: the `values/…` findings.
    pub diagnostics: Vec<Diagnostic>,
    /// A file that belongs to them could not be read: what templates would make of the rest is nothing that anybody meant.
    pub unread: bool,
}

/// A subchart that is on, with its values.
#[derive(Clone, Debug)]
pub struct ComposedSubchart {
    /// Its alias, else its name.
    pub name: String,
    /// The chart.
    pub chart: Arc<Chart>,
    /// Its values, with `global` handed down.
    pub values: Value,
    /// Its own subcharts that are on.
    pub subcharts: Vec<ComposedSubchart>,
}

/// Composes the values of a chart for an environment.
///
/// The order, the later over the earlier: a subchart's values.yaml, its environment, the parent's values for it, the
/// parent's environment, overrides in the order given. (For a chart of Helm's, overrides in Helm's order: by kind of flag.)
/// An environment that the chart has no file for adds nothing.
pub fn compose(chart: &Chart, environment: Option<&str>, overrides: &[Override]) -> Composed {
    let mut diagnostics = Vec::new();
    let mut values = layers(chart, environment, &mut diagnostics);
    let mut overrides: Vec<&Override> = overrides.iter().collect();
    if chart.flavour == Flavour::Helm {
        overrides.sort_by_key(|given| match given {
            Override::File(_) => 0,
            Override::SetJson(_) => 1,
            Override::Set(_) => 2,
            Override::SetString(_) => 3,
            Override::SetFile { .. } => 4,
            Override::Assigned(_) => 5,
        });
    }
    let mut unread = is_any_unread(chart, environment);
    for given in overrides {
        unread |= apply(chart, given, &mut values, &mut diagnostics);
    }
    let tags = values.get("tags").cloned();
    let subcharts = hand_down(chart, &values, tags.as_ref(), &mut diagnostics);
    if !unread {
        values_schema::check(chart, &values, &subcharts, &mut diagnostics);
    }
    Composed { values, subcharts, diagnostics, unread }
}

/// Tells whether a file of values of a chart or its subcharts could not be read.
fn is_any_unread(chart: &Chart, environment: Option<&str>) -> bool {
    let used = |path: &String| {
        let of = path.strip_prefix("environments/").and_then(|name| name.rsplit_once('.'));
        of.is_none_or(|(name, _)| Some(name) == environment)
    };
    chart.unread.iter().any(used) || chart.subcharts.iter().any(|inner| is_any_unread(&inner.chart, environment))
}

/// Merges what the files of a chart and of its subcharts say.
fn layers(chart: &Chart, environment: Option<&str>, diagnostics: &mut Vec<Diagnostic>) -> Value {
    let subcharts = chart.subcharts.iter().map(|subchart| ValueEntry {
        key: subchart.name.as_str().into(),
        key_span: None,
        value: layers(&subchart.chart, environment, diagnostics),
    });
    let mut values = Value { data: ValueData::Map(subcharts.collect()), place: chart.values.place.clone() };
    let declares = chart.flavour == Flavour::Native && !chart.unread.contains(VALUES);
    if declares {
        unknown::in_defaults(chart, diagnostics);
    }
    merge(&mut values, chart.values.clone(), Nulls::Declare);
    if let Some(over) = environment.and_then(|name| chart.environments.get(name)) {
        if declares {
            unknown::in_values(chart, over, diagnostics);
        }
        forget_globals(chart, &mut values, over);
        merge(&mut values, over.clone(), Nulls::Drop);
    }
    values
}

/// Deletes from the subcharts' own `global` values what the one of a layer deletes with `null`.
fn forget_globals(chart: &Chart, values: &mut Value, over: &Value) {
    let Some(global) = over.get("global") else { return };
    for subchart in &chart.subcharts {
        let Some(own) = values.get_mut(&subchart.name) else { continue };
        if let Some(known) = own.get_mut("global") {
            forget(known, global);
        }
        forget_globals(&subchart.chart, own, over);
    }
}

fn forget(known: &mut Value, over: &Value) {
    let (ValueData::Map(known), ValueData::Map(over)) = (&mut known.data, &over.data) else { return };
    let is_null = |value: &Value| matches!(value.data, ValueData::Null);
    known.retain(|entry| !over.iter().any(|given| given.key == entry.key && is_null(&given.value)));
    for entry in known {
        if let Some(given) = over.iter().find(|given| given.key == entry.key) {
            forget(&mut entry.value, &given.value);
        }
    }
}

/// Lays one override over the values, and tells whether it is a file that could not be read. Unknown keys are looked for in
/// native charts only: Helm's charts often declare their values in comments.
fn apply(chart: &Chart, given: &Override, values: &mut Value, diagnostics: &mut Vec<Diagnostic>) -> bool {
    let declares = chart.flavour == Flavour::Native && !chart.unread.contains(VALUES);
    let (assignments, problems) = match given {
        Override::File(source) => {
            let (over, problems) = read_values(source);
            let unread = is_unread(&over, &problems);
            diagnostics.extend(problems);
            if declares {
                unknown::in_values(chart, &over, diagnostics);
            }
            forget_globals(chart, values, &over);
            merge(values, over, Nulls::Drop);
            return unread;
        }
        Override::Set(source) => set::parse(source, Typing::Typed),
        Override::SetString(source) => set::parse(source, Typing::Text),
        Override::SetJson(source) => set::parse(source, Typing::Json),
        Override::SetFile { key, text } => set::parse_path(key, text),
        Override::Assigned(Assignments(assignments)) => (assignments.to_vec(), Vec::new()),
    };
    diagnostics.extend(problems);
    for assignment in assignments {
        if !matches!(assignment.value.data, ValueData::Map(_)) && assignment.steps.is_empty() {
            continue;
        }
        if declares {
            unknown::in_assignment(chart, &assignment, diagnostics);
        }
        set::assign(values, &assignment.steps, assignment.value);
    }
    false
}

/// Gives each subchart that is on its part of the values, and the `global` ones.
fn hand_down(
    chart: &Chart,
    values: &Value,
    tags: Option<&Value>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<ComposedSubchart> {
    let mut composed = Vec::new();
    for subchart in &chart.subcharts {
        if !is_on(subchart, values, tags, diagnostics) {
            continue;
        }
        let mut own = match values.get(&subchart.name) {
            Some(own) if matches!(own.data, ValueData::Map(_)) => own.clone(),
            Some(other) => {
                let message = format!("the values of the subchart `{}` must be a map", subchart.name);
                let mut problem = Diagnostic::error("values/not-a-map", message);
                problem.span = other.place.as_ref().map(|place| place.span);
                diagnostics.push(problem);
                Value::supplied(ValueData::Map(Vec::new()))
            }
            None => Value::supplied(ValueData::Map(Vec::new())),
        };
        if let (Some(global), ValueData::Map(entries)) = (values.get("global"), &mut own.data) {
            match entries.iter_mut().find(|entry| &*entry.key == "global") {
                Some(entry) => merge(&mut entry.value, global.clone(), Nulls::Declare),
                None => {
                    entries.push(ValueEntry { key: "global".into(), key_span: None, value: global.clone() });
                }
            }
        }
        let subcharts = hand_down(&subchart.chart, &own, tags, diagnostics);
        composed.push(ComposedSubchart {
            name: subchart.name.clone(),
            chart: Arc::clone(&subchart.chart),
            values: own,
            subcharts,
        });
    }
    composed
}

/// Tells whether a subchart is on: by the first of its conditions that the values hold, else by its tags, else it is.
fn is_on(subchart: &Subchart, values: &Value, tags: Option<&Value>, diagnostics: &mut Vec<Diagnostic>) -> bool {
    let Some(dependency) = &subchart.dependency else { return true };
    for path in dependency.condition.iter().flat_map(|condition| condition.split(',')) {
        let found = path.trim().split('.').try_fold(values, Value::get);
        match found {
            Some(Value { data: ValueData::Bool(on), .. }) => return *on,
            Some(Value { place, data }) if !matches!(data, ValueData::Null) => {
                let message = format!("`{}` turns the subchart `{}` on or off", path.trim(), subchart.name);
                let mut problem = Diagnostic::error("values/condition", message).help("write true or false");
                problem.span = place.as_ref().map(|place| place.span);
                diagnostics.push(problem);
            }
            _ => {}
        }
    }
    let mut given = dependency.tags.iter().filter_map(|tag| match tags?.get(tag)?.data {
        ValueData::Bool(on) => Some(on),
        _ => None,
    });
    match given.next() {
        None => true,
        Some(first) => first || given.any(|on| on),
    }
}
