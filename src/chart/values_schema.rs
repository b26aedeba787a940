//! values.schema.json: values held against it, and each finding placed in the file that supplied the value.

use super::compose::ComposedSubchart;
use super::decode::{json_error_span, json_error_text};
use super::load::Chart;

use super::value::{Value, ValueData, ValueEntry};
use crate::diagnostic::secret::is_secret_name;
use crate::diagnostic::{Diagnostic, nearest};
use crate::source::{SourceFile, Span};
use crate::yaml::Step;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::paths::LocationSegment;
use jsonschema::{ValidationError, Validator};
use serde_json::Value as Json;
use std::sync::{Arc, OnceLock};

/// A schema of values; its validator is built on first use.
#[derive(Debug)]
pub struct ValuesSchema {
    source: Arc<SourceFile>,
    json: Json,
    validator: OnceLock<Result<Validator, String>>,
}

impl ValuesSchema {
    /// Reads the schema's text.
    pub(super) fn read(source: &Arc<SourceFile>) -> (Option<Self>, Vec<Diagnostic>) {
        let text = source.text().trim_start_matches('\u{feff}');
        match serde_json::from_str(text) {
            Ok(json) => {
                let source = Arc::clone(source);
                (Some(Self { source, json, validator: OnceLock::new() }), Vec::new())
            }
            Err(error) => {
                let skipped = source.text().len() - text.len();
                let span = json_error_span(source, skipped, &error);
                let message = format!("the schema is no JSON: {}", json_error_text(&error));
                (None, vec![Diagnostic::error("values/schema", message).at(span)])
            }
        }
    }

    /// Gives the schema's text.
    pub fn source(&self) -> &Arc<SourceFile> {
        &self.source
    }

    /// Gives the schema.
    pub fn json(&self) -> &Json {
        &self.json
    }

    /// Builds the validator: the draft is that of `$schema`, else 2020-12; nothing is fetched.
    fn validator(&self) -> Result<&Validator, &str> {
        let build = || jsonschema::options().build(&self.json).map_err(|error| error.to_string());
        self.validator.get_or_init(build).as_ref().map_err(String::as_str)
    }
}

/// Holds the values of a chart and of its subcharts against their schemas.
pub(super) fn check(chart: &Chart, values: &Value, subcharts: &[ComposedSubchart], diagnostics: &mut Vec<Diagnostic>) {
    if let Some(schema) = &chart.values_schema {
        check_one(chart, schema, values, diagnostics);
    }
    for subchart in subcharts {
        check(&subchart.chart, &subchart.values, &subchart.subcharts, diagnostics);
    }
}

fn check_one(chart: &Chart, schema: &ValuesSchema, values: &Value, diagnostics: &mut Vec<Diagnostic>) {
    let validator = match schema.validator() {
        Ok(validator) => validator,
        Err(error) => {
            let start = Span::new(schema.source.id(), 0, 0);
            let message = format!("the schema cannot be used: {error}");
            diagnostics.push(Diagnostic::error("values/schema", message).at(start));
            return;
        }
    };
    let file = chart.values_file.as_ref().unwrap_or(&chart.metadata.source);
    let whole = Span::new(file.id(), 0, 0);
    let json = to_json(values);
    for error in validator.iter_errors(&json) {
        for problem in place(&error, chart, values, whole) {
            // A misspelt key is told once.
            let known =
                diagnostics.iter().any(|known| known.rule == "values/unknown-key" && known.span == problem.span);
            if !known {
                diagnostics.push(problem);
            }
        }
    }
}

/// The value that an error is about.
struct Site<'v> {
    value: Option<&'v Value>,
    path: String,
    key_span: Option<Span>,
    secret: bool,
}

impl<'v> Site<'v> {
    fn find(error: &ValidationError<'_>, values: &'v Value) -> Self {
        let mut site = Site { value: Some(values), path: String::new(), key_span: None, secret: false };
        for segment in error.instance_path().segments() {
            match segment {
                LocationSegment::Property(key) => {
                    Step::Key(&key).push_to(&mut site.path);
                    site.secret |= is_secret_name(&key);
                    let entry = site.entries().iter().find(|entry| *entry.key == *key);
                    site.key_span = entry.and_then(|entry| entry.key_span).or(site.key_span);
                    site.value = entry.map(|entry| &entry.value);
                }
                LocationSegment::Index(index) => {
                    Step::Index(index).push_to(&mut site.path);
                    site.value = site.value.and_then(|value| match &value.data {
                        ValueData::Seq(items) => items.get(index),
                        _ => None,
                    });
                }
            }
        }
        site
    }

    /// Gives the span of a scalar or list, and of a map the key that holds it.
    fn span(&self, whole: Span) -> Span {
        let place = self.value.and_then(|value| value.place.as_ref()).map(|place| place.span);
        match self.value.map(|value| &value.data) {
            Some(ValueData::Map(_)) => self.key_span.unwrap_or(whole),
            _ => place.or(self.key_span).unwrap_or(whole),
        }
    }

    fn entries(&self) -> &'v [ValueEntry] {
        match self.value.map(|value| &value.data) {
            Some(ValueData::Map(entries)) => entries,
            _ => &[],
        }
    }

    fn name(&self) -> String {
        if self.path.is_empty() { "the root of the values".to_owned() } else { format!("`{}`", self.path) }
    }

    /// Says what the value is, unless it looks secret.
    fn shown(&self) -> String {
        let Some(value) = self.value else { return "nothing".to_owned() };
        match &value.data {
            ValueData::Null => "null".to_owned(),
            ValueData::Map(_) => "a map".to_owned(),
            ValueData::Seq(_) => "a list".to_owned(),
            ValueData::String(_) if self.secret => "a text".to_owned(),
            _ if self.secret => "a scalar".to_owned(),
            ValueData::String(text) if text.chars().count() > 60 => "a long text".to_owned(),
            ValueData::String(text) => format!("the text {:?}", &**text),
            _ => format!("`{}`", to_json(value)),
        }
    }
}

fn place(error: &ValidationError<'_>, chart: &Chart, values: &Value, whole: Span) -> Vec<Diagnostic> {
    let site = Site::find(error, values);
    let finding = |span: Span, message: String| {
        let mut diagnostic = Diagnostic::error("values/schema", message).at(span);
        if !site.path.is_empty() {
            diagnostic.path = Some(site.path.clone());
        }
        diagnostic
    };
    if let Some(unexpected) = unexpected(error, &site) {
        let known =
            site.entries().iter().map(|entry| &*entry.key).filter(|key| !unexpected.iter().any(|one| one == key));
        let known: Vec<&str> = known.collect();
        // A schema need not name what every chart may be handed.
        let handed = |key: &str| {
            let names = chart.subcharts.iter().map(|subchart| subchart.name.as_str());
            site.path.is_empty() && names.chain(["global", "tags"]).any(|name| name == key)
        };
        let one = |key: &String| {
            let entry = site.entries().iter().find(|entry| *entry.key == **key);
            let span = entry.and_then(|entry| entry.key_span).unwrap_or_else(|| site.span(whole));
            let problem = finding(span, format!("{} has no key `{key}` by the schema", site.name()));
            match nearest(key, known.iter().copied()) {
                Some(near) => problem.help(format!("did you mean `{near}`?")),
                None => problem,
            }
        };
        return unexpected.iter().filter(|key| !handed(key)).map(one).collect();
    }
    match error.kind() {
        ValidationErrorKind::Required { property } => {
            let key = property.as_str().unwrap_or_default();
            let span = site.key_span.filter(|_| !site.path.is_empty()).unwrap_or(whole);
            vec![finding(span, format!("{} needs the key `{key}`", site.name()))]
        }
        ValidationErrorKind::AnyOf { context }
        | ValidationErrorKind::OneOfNotValid { context }
        | ValidationErrorKind::OneOfMultipleValid { context } => {
            let many = matches!(error.kind(), ValidationErrorKind::OneOfMultipleValid { .. });
            let message = if many {
                format!("{} fits several of the forms that the schema allows, and must fit one", site.name())
            } else {
                format!("{} is {}, which fits none of the forms that the schema allows", site.name(), site.shown())
            };
            let mut forms = Vec::new();
            for error in context.iter().filter_map(|errors| errors.first()) {
                let form = sentence(error, &Site::find(error, values));
                if !forms.contains(&form) {
                    forms.push(form);
                }
            }
            let problem = finding(site.span(whole), message);
            vec![if forms.is_empty() || many { problem } else { problem.help(forms.join("; or: ")) }]
        }
        _ => vec![finding(site.span(whole), sentence(error, &site))],
    }
}

/// Gives the keys that the schema does not admit, where that is what is wrong.
fn unexpected(error: &ValidationError<'_>, site: &Site<'_>) -> Option<Vec<String>> {
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected } => Some(unexpected.clone()),
        // A schema that names no property at all and admits none.
        ValidationErrorKind::FalseSchema if error.schema_path().as_str().ends_with("/additionalProperties") => {
            Some(site.entries().iter().map(|entry| entry.key.to_string()).collect())
        }
        _ => None,
    }
}

/// Words an error about one value.
fn sentence(error: &ValidationError<'_>, site: &Site<'_>) -> String {
    let name = site.name();
    let shown = site.shown();
    let must = match error.kind() {
        ValidationErrorKind::Type { kind } => match kind {
            TypeKind::Single(kind) => format!("must be {}", article(kind.as_str())),
            TypeKind::Multiple(kinds) => {
                let kinds: Vec<_> = kinds.iter().map(|kind| article(kind.as_str())).collect();
                format!("must be {}", kinds.join(" or "))
            }
        },
        ValidationErrorKind::Enum { options } => {
            let options: Vec<_> =
                options.as_array().into_iter().flatten().map(|option| format!("`{}`", bare(option))).collect();
            let near = site.value.and_then(Value::as_str).filter(|_| !site.secret).and_then(|text| {
                let names = error.kind();
                let ValidationErrorKind::Enum { options } = names else { return None };
                nearest(text, options.as_array()?.iter().filter_map(Json::as_str))
            });
            match near {
                Some(near) => format!("must be one of {} (did you mean `{near}`?)", options.join(", ")),
                None => format!("must be one of {}", options.join(", ")),
            }
        }
        ValidationErrorKind::Constant { expected_value } => format!("must be `{}`", bare(expected_value)),
        ValidationErrorKind::Minimum { limit } => format!("must be at least {limit}"),
        ValidationErrorKind::Maximum { limit } => format!("must be at most {limit}"),
        ValidationErrorKind::ExclusiveMinimum { limit } => format!("must be more than {limit}"),
        ValidationErrorKind::ExclusiveMaximum { limit } => format!("must be less than {limit}"),
        ValidationErrorKind::MultipleOf { multiple_of } => format!("must be a multiple of {multiple_of}"),
        ValidationErrorKind::MinLength { limit } => format!("must have at least {limit} characters"),
        ValidationErrorKind::MaxLength { limit } => format!("must have at most {limit} characters"),
        ValidationErrorKind::MinItems { limit } => return format!("{name} must have at least {limit} items"),
        ValidationErrorKind::MaxItems { limit } => return format!("{name} must have at most {limit} items"),
        ValidationErrorKind::MinProperties { limit } => return format!("{name} must have at least {limit} keys"),
        ValidationErrorKind::MaxProperties { limit } => return format!("{name} must have at most {limit} keys"),
        ValidationErrorKind::UniqueItems => return format!("{name} must not hold an item twice"),
        ValidationErrorKind::Pattern { pattern } => format!("must match the pattern `{pattern}`"),
        ValidationErrorKind::Format { format } => format!("must have the format `{format}`"),
        ValidationErrorKind::Required { property } => {
            return format!("{name} needs the key `{}`", property.as_str().unwrap_or_default());
        }
        ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
            return format!("{name} has no key `{}` by the schema", unexpected.join("`, `"));
        }
        ValidationErrorKind::FalseSchema => return format!("{name} is not allowed by the schema"),
        ValidationErrorKind::Not { .. } => "must not have the form that the schema excludes".to_owned(),
        ValidationErrorKind::PropertyNames { error } => {
            return format!("{name} has a key that the schema does not allow: {}", error.instance());
        }
        other => return format!("{name} does not hold to `{}` of the schema", other.keyword()),
    };
    format!("{name} {must} and is {shown}")
}

fn article(kind: &str) -> &'static str {
    match kind {
        "integer" => "an integer",
        "number" => "a number",
        "boolean" => "true or false",
        "string" => "a text",
        "array" => "a list",
        "object" => "a map",
        _ => "null",
    }
}

fn bare(json: &Json) -> String {
    json.as_str().map_or_else(|| json.to_string(), str::to_owned)
}

/// Gives a value as JSON, without places.
pub(super) fn to_json(value: &Value) -> Json {
    match &value.data {
        ValueData::Null => Json::Null,
        ValueData::Bool(value) => Json::Bool(*value),
        ValueData::Int(value) => Json::from(*value),
        ValueData::UInt(value) => Json::from(*value),
        ValueData::Float(value) => Json::from(*value),
        ValueData::String(text) => Json::from(&**text),
        ValueData::Seq(items) => Json::Array(items.iter().map(to_json).collect()),
        ValueData::Map(entries) => {
            Json::Object(entries.iter().map(|entry| (entry.key.to_string(), to_json(&entry.value))).collect())
        }
    }
}
