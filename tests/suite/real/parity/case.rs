//! One verdict on one mutant, and the smallest object that still shows a disagreement.

use super::answer::{Answer, Cause};
use super::edit::{Edit, Path, Step, at, below, item_of, show};
use super::judge::Outcome;
use super::ours::Ours;
use super::plan::Mutant;
use super::server::Way;
use serde_json::{Value, json};

/// A verdict that was compared.
pub(super) struct Case {
    pub(super) kind: String,
    /// The class of the mutation; `none` for an unchanged object.
    pub(super) class: &'static str,
    pub(super) mutation: String,
    /// The fields that the mutation touches.
    pub(super) touched: Vec<Path>,
    pub(super) way: Way,
    pub(super) object: Value,
    pub(super) answer: Answer,
    pub(super) outcome: Outcome,
    /// Why the answer cannot be predicted, where it cannot.
    pub(super) not_predicted: Option<String>,
    /// The server's `Warning` headers and our warnings agree on whether there is any.
    pub(super) same_warnings: bool,
    /// A line for each finding of ours.
    pub(super) ours: Vec<String>,
}

impl Case {
    /// Names what disagrees so that equal defects have equal names, whatever the values.
    pub(super) fn signature(&self) -> String {
        let touched = self.touched.first().map_or_else(String::new, |path| generic(path));
        let said = if self.outcome == Outcome::False {
            let ours = self.ours.iter().filter(|line| line.starts_with("error"));
            ours.filter_map(|line| line.split(' ').nth(1)).collect::<Vec<_>>().join(" ")
        } else {
            said(&self.answer)
        };
        format!("{} {} {} {touched}: {said}", self.outcome.name(), self.kind, self.way.name())
    }

    pub(super) fn to_json(&self) -> Value {
        json!({
            "signature": self.signature(),
            "mutation": self.mutation,
            "way": self.way.name(),
            "server": self.answer.to_json(),
            "ours": self.ours,
            "object": self.object,
        })
    }
}

/// Gives what a server says with the values left out.
fn said(answer: &Answer) -> String {
    let shape = |Cause { field, reason, message }: &Cause| {
        let field: String = field.chars().filter(|c| !c.is_ascii_digit()).collect();
        let message = without_values(message);
        format!("{field} {reason} {message}")
    };
    answer.causes.first().map_or_else(|| without_values(&answer.message), shape)
}

/// Drops quoted texts and digits, and cuts the rest.
fn without_values(message: &str) -> String {
    let mut parts = message.split('"');
    let mut text = String::new();
    while let Some(outside) = parts.next() {
        text.push_str(outside);
        if parts.next().is_some() {
            text.push('_');
        }
    }
    text.retain(|c| !c.is_ascii_digit() && c != '\n');
    text.chars().take(110).collect()
}

/// Writes a path without indices.
fn generic(path: &[Step]) -> String {
    let keys: Path = path.iter().filter(|step| matches!(step, Step::Key(_))).cloned().collect();
    show(&keys)
}

/// Gives the fields that a mutant's mutation touches.
pub(super) fn touched(mutant: &Mutant) -> Vec<Path> {
    mutant.mutation.edits.iter().map(Edit::path).map(<[Step]>::to_vec).collect()
}

/// Tells what must stay the same while an object is made smaller.
pub(super) fn essence(answer: &Answer, ours: &Ours, way: Way) -> (bool, bool, String) {
    let rules = ours.lines().into_iter().filter(|line| line.starts_with("error"));
    let rules: Vec<String> = rules.filter_map(|line| line.split(' ').nth(1).map(str::to_owned)).collect();
    let said = if answer.rejects() { said(answer) } else { rules.join(" ") };
    (answer.rejects(), ours.rejects(way), said)
}

/// Gives the edits that would make an object smaller, the greatest first: fields and items that hold nothing touched.
pub(super) fn removals(object: &Value, touched: &[Path]) -> Vec<Edit> {
    let mut found = Vec::new();
    collect(object, &Path::new(), touched, &mut found);
    found.sort_by_key(|path| std::cmp::Reverse(at(object, path).map_or(0, |value| value.to_string().len())));
    // Later items go first, so that the places of the others stay.
    found.into_iter().map(Edit::Remove).collect()
}

fn collect(value: &Value, path: &Path, touched: &[Path], found: &mut Vec<Path>) {
    let is_touched = |path: &Path| touched.iter().any(|touched| touched.starts_with(path) || path.starts_with(touched));
    let mut visit = |path: Path, inner: &Value, removable: bool| {
        if removable && !is_touched(&path) {
            found.push(path.clone());
        }
        collect(inner, &path, touched, found);
    };
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                let fixed = path.is_empty() && ["apiVersion", "kind", "metadata"].contains(&key.as_str())
                    || path.len() == 1 && ["name", "namespace"].contains(&key.as_str());
                visit(below(path, key), inner, !fixed);
            }
        }
        Value::Array(items) => {
            // Only items behind the touched ones: the indices of the others may not change.
            for (index, inner) in items.iter().enumerate() {
                let before = touched.iter().any(|touched| {
                    touched.starts_with(path) && matches!(touched.get(path.len()), Some(Step::Index(at)) if *at > index)
                });
                visit(item_of(path, index), inner, !before);
            }
        }
        _ => {}
    }
}
