//! What the definition of a custom resource demands of values beyond their types.
//!
//! Source: the validators of kube-openapi (`pkg/validation/validate`), which the server runs over custom resources.

use super::super::shape::Schema;
use super::super::validate::{quantity_of, quoted_list, show};
use super::super::version::Version;
use super::format::Format;
use super::pattern::Pattern;
use super::view::{View, child, items};
use crate::diagnostic::nearest;
use crate::yaml::{Kind, Node, Step, float_text};
use serde_json::Value;

/// Demands on a value.
#[derive(Debug, Default)]
pub(super) struct Restraint {
    /// The JSON type; demanded in branches of combinators only.
    pub(super) kind: Option<Box<str>>,
    pub(super) required: Box<[Box<str>]>,
    pub(super) properties: Box<[(Box<str>, Restraint)]>,
    pub(super) items: Option<Box<Restraint>>,
    pub(super) minimum: Option<Bound>,
    pub(super) maximum: Option<Bound>,
    pub(super) multiple_of: Option<f64>,
    pub(super) length: Range,
    pub(super) items_count: Range,
    pub(super) fields_count: Range,
    pub(super) pattern: Option<Pattern>,
    pub(super) format: Option<Format>,
    /// The values that may stand; any where there is none.
    pub(super) values: Box<[Value]>,
    pub(super) all_of: Box<[Restraint]>,
    pub(super) any_of: Box<[Restraint]>,
    pub(super) one_of: Box<[Restraint]>,
    pub(super) not: Option<Box<Restraint>>,
}

/// A bound on numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bound {
    pub(super) at: f64,
    /// The bound itself is out of bounds.
    pub(super) exclusive: bool,
}

/// Bounds on a count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) least: Option<u64>,
    pub(super) most: Option<u64>,
}

/// A demand that a value does not meet.
#[derive(Debug)]
pub(in crate::schema) struct Failure<'a> {
    /// The rule's id.
    pub(in crate::schema) rule: &'static str,
    /// From the value that was judged to the one that is wrong.
    pub(in crate::schema) steps: Vec<Step<'a>>,
    /// The nearest node that is written.
    pub(in crate::schema) node: Node<'a>,
    pub(in crate::schema) message: String,
    pub(in crate::schema) help: Option<String>,
}

/// Holds values against demands.
pub(in crate::schema) struct Judge<'j, 'a> {
    pub(in crate::schema) version: Version,
    /// Values may not be shown.
    pub(in crate::schema) masked: bool,
    /// How messages name the value that is judged.
    pub(in crate::schema) place: &'j dyn Fn() -> String,
    steps: Vec<Step<'a>>,
    written: Node<'a>,
    failures: Vec<Failure<'a>>,
}

impl<'j, 'a> Judge<'j, 'a> {
    pub(in crate::schema) fn new(
        version: Version,
        masked: bool,
        place: &'j dyn Fn() -> String,
        node: Node<'a>,
    ) -> Self {
        Self { version, masked, place, steps: Vec::new(), written: node, failures: Vec::new() }
    }

    /// Judges a value; `schema` tells its defaults.
    pub(super) fn judge(
        mut self,
        restraint: &'a Restraint,
        view: View<'a>,
        schema: Option<&'a Schema>,
    ) -> Vec<Failure<'a>> {
        self.check(restraint, view, schema);
        self.failures
    }

    fn check(&mut self, restraint: &'a Restraint, view: View<'a>, schema: Option<&'a Schema>) {
        let kind = view.kind();
        if let Some(wanted) = &restraint.kind
            && !is_of(view, kind, wanted)
        {
            return self
                .fail("schema/type", |place| format!("`{place}` must be of type {wanted}, not {}", kind.article()));
        }
        match kind {
            Kind::String => self.text(restraint, view.as_str().unwrap_or_default()),
            Kind::Int | Kind::Float => self.number(restraint, view),
            Kind::Seq => self.list(restraint, view, schema),
            Kind::Map => self.map(restraint, view, schema),
            Kind::Null | Kind::Bool => {}
        }
        self.values(restraint, view);
        self.combinators(restraint, view, schema);
    }

    fn text(&mut self, restraint: &'a Restraint, text: &'a str) {
        self.count(restraint.length, "character", || text.chars().count());
        if let Some(pattern) = restraint.pattern.as_ref().filter(|pattern| !pattern.matches(text)) {
            let shown = self.shown(text);
            self.fail("schema/format", |place| {
                format!("`{place}` is `{shown}`, which does not match `{}`", show(pattern.source()))
            });
        }
        if let Some(format) = restraint.format.filter(|format| !format.fits(text, self.version)) {
            let shown = self.shown(text);
            self.fail("schema/format", |place| format!("`{place}` is `{shown}`, which is not {}", format.name()));
            self.help(format.example().map(|example| format!("write it as in `{example}`")));
        }
    }

    fn number(&mut self, restraint: &'a Restraint, view: View<'a>) {
        let whole = view.as_i64();
        let Some(number) = view.as_f64() else { return };
        // Whole numbers are compared with the whole part of bounds.
        let bound = |bound: f64| if whole.is_some() { bound.trunc() } else { bound };
        let too_small = restraint
            .minimum
            .is_some_and(|least| if least.exclusive { number <= bound(least.at) } else { number < bound(least.at) });
        let too_large = restraint
            .maximum
            .is_some_and(|most| if most.exclusive { number >= bound(most.at) } else { number > bound(most.at) });
        if too_small || too_large {
            let words = match (restraint.minimum, restraint.maximum) {
                (Some(least), Some(most)) if !least.exclusive && !most.exclusive => {
                    format!("between {} and {}", float_text(least.at), float_text(most.at))
                }
                (Some(least), _) if too_small => {
                    let word = if least.exclusive { "more than" } else { "at least" };
                    format!("{word} {}", float_text(least.at))
                }
                (_, most) => {
                    let most = most.unwrap_or(Bound { at: 0.0, exclusive: false });
                    let word = if most.exclusive { "less than" } else { "at most" };
                    format!("{word} {}", float_text(most.at))
                }
            };
            let shown = self.shown(&view.json().to_string());
            self.fail("schema/format", |place| format!("`{place}` must be {words}, not {shown}"));
        }
        if let Some(factor) = restraint.multiple_of {
            let fits = match whole {
                Some(whole) => factor as i64 > 0 && whole % factor as i64 == 0,
                None => factor > 0.0 && is_whole(if factor < 1.0 { 1.0 / factor * number } else { number / factor }),
            };
            if !fits {
                let shown = self.shown(&view.json().to_string());
                let factor = float_text(factor);
                self.fail("schema/format", |place| format!("`{place}` must be a multiple of {factor}, not {shown}"));
            }
        }
    }

    fn list(&mut self, restraint: &'a Restraint, view: View<'a>, schema: Option<&'a Schema>) {
        self.count(restraint.items_count, "item", || view.items(schema).len());
        let Some(of_items) = &restraint.items else { return };
        for (index, item) in view.items(schema).into_iter().enumerate() {
            self.within(Step::Index(index), item, |judge| judge.check(of_items, item, schema.and_then(items)));
        }
    }

    fn map(&mut self, restraint: &'a Restraint, view: View<'a>, schema: Option<&'a Schema>) {
        self.count(restraint.fields_count, "field", || view.fields(schema).len());
        for name in &restraint.required {
            if view.field(schema, name).is_none() {
                self.steps.push(Step::Key(name));
                self.fail("schema/required", |place| format!("`{place}` is missing"));
                self.steps.pop();
            }
        }
        for (name, of_field) in &restraint.properties {
            if let Some(value) = view.field(schema, name) {
                let schema = schema.and_then(|schema| child(schema, name));
                self.within(Step::Key(name), value, |judge| judge.check(of_field, value, schema));
            }
        }
    }

    fn values(&mut self, restraint: &'a Restraint, view: View<'a>) {
        if restraint.values.is_empty() || restraint.values.iter().any(|value| is_equal(view, value)) {
            return;
        }
        let values: Vec<String> = restraint
            .values
            .iter()
            .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
            .collect();
        let text = view.as_str().map_or_else(|| view.json().to_string(), str::to_owned);
        let shown = self.shown(&text);
        self.fail("schema/enum", |place| format!("`{shown}` is not a value of `{place}`"));
        let near = nearest(&text, values.iter().map(String::as_str));
        self.help(Some(near.map_or_else(
            || format!("write {}", quoted_list(values.iter().map(String::as_str), "or")),
            |near| format!("did you mean `{near}`?"),
        )));
    }

    fn combinators(&mut self, restraint: &'a Restraint, view: View<'a>, schema: Option<&'a Schema>) {
        if !restraint.any_of.is_empty()
            && let Err(nearest) = self.fitting(&restraint.any_of, view, schema)
        {
            let demands = alternatives(&restraint.any_of);
            self.fail_deeper(nearest, "schema/format", |place| {
                format!("`{place}` fits none of the forms that it may have (`anyOf`)")
            });
            self.help(demands.map(|demands| format!("it needs one of {demands}")));
        }
        if !restraint.one_of.is_empty() {
            let fitting = self.fitting(&restraint.one_of, view, schema);
            match &fitting {
                Ok(1) => {}
                Ok(fitting) => self.fail("schema/format", |place| {
                    format!("`{place}` fits {fitting} of the forms of which it must have exactly one (`oneOf`)")
                }),
                Err(nearest) => self.fail_deeper(nearest.clone(), "schema/format", |place| {
                    format!("`{place}` fits none of the forms that it may have (`oneOf`)")
                }),
            }
            if fitting != Ok(1) {
                let demands = alternatives(&restraint.one_of);
                self.help(demands.map(|demands| format!("it needs exactly one of {demands}")));
            }
        }
        for part in &restraint.all_of {
            self.check(part, view, schema);
        }
        if let Some(not) = &restraint.not
            && self.fits(not, view, schema)
        {
            let demands = alternatives(std::slice::from_ref(not));
            self.fail("schema/format", |place| format!("`{place}` has a form that it may not have (`not`)"));
            self.help(demands.map(|demands| format!("it may not have {demands}")));
        }
    }

    /// Counts the branches that a value fits; where it fits none, gives the way to what is wrong by the one that it nearly fits.
    fn fitting(
        &mut self,
        branches: &'a [Restraint],
        view: View<'a>,
        schema: Option<&'a Schema>,
    ) -> Result<usize, Vec<Step<'a>>> {
        let mut fitting = 0;
        let mut nearest: Option<(usize, Vec<Step<'a>>)> = None;
        for branch in branches {
            let before = self.failures.len();
            self.check(branch, view, schema);
            let failures = self.failures.split_off(before);
            match failures.first() {
                None => fitting += 1,
                Some(first) if nearest.as_ref().is_none_or(|(count, _)| failures.len() < *count) => {
                    nearest = Some((failures.len(), first.steps.clone()));
                }
                Some(_) => {}
            }
        }
        match nearest {
            Some((_, steps)) if fitting == 0 => Err(steps),
            _ => Ok(fitting),
        }
    }

    fn fits(&mut self, restraint: &'a Restraint, view: View<'a>, schema: Option<&'a Schema>) -> bool {
        let before = self.failures.len();
        self.check(restraint, view, schema);
        let fits = self.failures.len() == before;
        self.failures.truncate(before);
        fits
    }

    fn count(&mut self, range: Range, of: &str, count: impl FnOnce() -> usize) {
        if range == Range::default() {
            return;
        }
        let count = count() as u64;
        let bound = match range {
            Range { least: Some(least), .. } if count < least => format!("at least {}", quantity_of(least, of)),
            Range { most: Some(most), .. } if count > most => format!("at most {}", quantity_of(most, of)),
            _ => return,
        };
        self.fail("schema/format", |place| format!("`{place}` has {}, but must have {bound}", quantity_of(count, of)));
    }

    fn within(&mut self, step: Step<'a>, value: View<'a>, check: impl FnOnce(&mut Self)) {
        let outer = self.written;
        if let View::Written(node) = value {
            self.written = node;
        }
        self.steps.push(step);
        check(self);
        self.steps.pop();
        self.written = outer;
    }

    fn fail(&mut self, rule: &'static str, message: impl FnOnce(String) -> String) {
        // As the walk names places: the last key, and indices behind it.
        let from = self.steps.iter().rposition(|step| matches!(step, Step::Key(_)));
        let mut place = if from.is_some() { String::new() } else { (self.place)() };
        self.steps[from.unwrap_or(0)..].iter().for_each(|step| step.push_to(&mut place));
        let message = message(place);
        self.failures.push(Failure { rule, steps: self.steps.clone(), node: self.written, message, help: None });
    }

    /// Reports a value that is wrong because of what stands, or lacks, further down: the server names that.
    fn fail_deeper(&mut self, steps: Vec<Step<'a>>, rule: &'static str, message: impl FnOnce(String) -> String) {
        self.fail(rule, message);
        if let Some(last) = self.failures.last_mut() {
            last.steps = steps;
        }
    }

    /// Adds help to the failure added last.
    fn help(&mut self, help: Option<String>) {
        if let Some(last) = self.failures.last_mut() {
            last.help = help;
        }
    }

    fn shown(&self, text: &str) -> String {
        if self.masked { "***".to_owned() } else { show(text).into_owned() }
    }
}

/// Says what branches demand, where each demands fields and nothing else.
fn alternatives(branches: &[Restraint]) -> Option<String> {
    let fields = |branch: &Restraint| {
        let names: Vec<String> = branch.required.iter().map(|name| format!("`{name}`")).collect();
        (!names.is_empty()).then(|| names.join(" with "))
    };
    let all: Vec<String> = branches.iter().map(fields).collect::<Option<_>>()?;
    Some(all.join(", "))
}

fn is_of(view: View<'_>, kind: Kind, wanted: &str) -> bool {
    match wanted {
        "integer" => matches!(kind, Kind::Int | Kind::Float) && view.as_i64().is_some(),
        "number" => matches!(kind, Kind::Int | Kind::Float),
        "string" => kind == Kind::String,
        "boolean" => kind == Kind::Bool,
        "array" => kind == Kind::Seq,
        "object" => kind == Kind::Map,
        _ => true,
    }
}

/// Compares as the server compares with the values of an `enum`; null equals none of them, not even null.
fn is_equal(view: View<'_>, value: &Value) -> bool {
    match (view.kind(), value) {
        (Kind::Null, _) | (_, Value::Null) => false,
        (Kind::String, _) => value.as_str().is_some() && view.as_str() == value.as_str(),
        (Kind::Bool, _) => value.as_bool().is_some() && view.as_bool() == value.as_bool(),
        // A number is converted to the type of the one that it is compared with, and so loses its fraction.
        (Kind::Int | Kind::Float, Value::Number(number)) => {
            let whole = number.as_f64().is_some_and(|number| number.fract() == 0.0);
            let convert = |number: f64| if whole { number.trunc() } else { number };
            view.as_f64().map(convert) == number.as_f64()
        }
        (Kind::Seq | Kind::Map, _) => view.json() == *value,
        _ => false,
    }
}

/// Tells whether a number is whole but for what binary fractions lose.
fn is_whole(number: f64) -> bool {
    (number - number.round()).abs() < 1e-9 * number.abs().max(1.0)
}
