//! What a server answered, and which fields it named.

use super::edit::{Path, Step, at};
use serde_json::{Value, json};

/// The answer to one request.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Answer {
    /// The HTTP status.
    pub(super) code: u16,
    /// What the server says is wrong; empty where it accepts.
    pub(super) message: String,
    /// The fields it names.
    pub(super) causes: Vec<Cause>,
    /// The texts of its `Warning` headers.
    pub(super) warnings: Vec<String>,
}

/// One thing that is wrong, as a Status names it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Cause {
    pub(super) field: String,
    pub(super) reason: String,
    pub(super) message: String,
}

/// A field that a server named.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Named {
    /// The way to it.
    Exact(Vec<String>),
    /// The keys on the way to it, without the indices.
    Keys(Vec<String>),
    /// The way to an item of a list; its list, or what tells it apart, is named as well.
    Item(Vec<String>),
}

impl Answer {
    pub(super) fn rejects(&self) -> bool {
        self.code >= 400
    }

    /// Reads the body of an answer.
    pub(super) fn read(code: u16, body: &[u8], warnings: Vec<String>) -> Self {
        let mut answer = Self { code, warnings, ..Self::default() };
        if code < 400 {
            return answer;
        }
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        match serde_json::from_slice::<Value>(body) {
            Ok(status) => {
                answer.message = text(&status["message"]);
                let causes = status["details"]["causes"].as_array().map_or(&[][..], Vec::as_slice);
                let cause = |cause: &Value| Cause {
                    field: text(&cause["field"]),
                    reason: text(&cause["reason"]),
                    message: text(&cause["message"]),
                };
                answer.causes = causes.iter().map(cause).collect();
            }
            Err(_) => answer.message = String::from_utf8_lossy(body).into_owned(),
        }
        answer
    }

    pub(super) fn to_json(&self) -> Value {
        let causes = self.causes.iter().map(|cause| json!([cause.field, cause.reason, cause.message]));
        json!({"code": self.code, "message": self.message, "causes": causes.collect::<Value>(), "warnings": self.warnings})
    }

    pub(super) fn from_json(value: &Value) -> Option<Self> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let cause = |cause: &Value| {
            Some(Cause { field: text(&cause[0])?, reason: text(&cause[1])?, message: text(&cause[2])? })
        };
        Some(Self {
            code: u16::try_from(value["code"].as_u64()?).ok()?,
            message: text(&value["message"])?,
            causes: value["causes"].as_array()?.iter().map(cause).collect::<Option<_>>()?,
            warnings: value["warnings"].as_array()?.iter().map(text).collect::<Option<_>>()?,
        })
    }

    /// Gives the first field that the server names as wrong.
    pub(super) fn field(&self, object: &Value) -> Option<Named> {
        if let Some(cause) = self.causes.first() {
            let known = !cause.field.is_empty() && cause.field != "<nil>";
            return known.then(|| Named::Exact(steps(&cause.field)));
        }
        for quoted in ["unknown field \"", "duplicate field \""] {
            if let Some(field) = between(&self.message, quoted, "\"") {
                return Some(Named::Exact(steps(field)));
            }
        }
        // encoding/json: `cannot unmarshal string into Go struct field Container.spec.containers.image of type …`.
        if let Some(field) = between(&self.message, "Go struct field ", " of type") {
            // Embedded structs stand among them by the names of their types.
            let is_key = |step: &&str| !step.starts_with(|c: char| c.is_ascii_uppercase());
            let keys = field.split('.').skip(1).filter(is_key).map(str::to_owned).collect();
            return Some(Named::Keys(keys));
        }
        typed_field(&self.message, object)
    }
}

/// Reads the field of an error of server-side apply: `.spec.containers[name="a"].ports: element 0: …`.
fn typed_field(message: &str, object: &Value) -> Option<Named> {
    let rest = match between(message, "errors:\n  .", "\n") {
        Some(line) => line,
        None => message.split_once("): .")?.1,
    };
    let mut path = Path::new();
    let mut rest = rest;
    loop {
        if let Some(inner) = rest.strip_prefix('[') {
            let (selector, after) = inner.split_once(']')?;
            path.push(select(selector, at(object, &path)?)?);
            rest = after;
        } else if let Some(after) = rest.strip_prefix('.') {
            rest = after;
        } else if rest.starts_with(':') || rest.is_empty() {
            break;
        } else {
            let end = rest.find(['.', '[', ':']).unwrap_or(rest.len());
            path.push(Step::Key(rest[..end].to_owned()));
            rest = &rest[end..];
        }
    }
    if let Some(key) = between(rest, "duplicate entries for key [", "]") {
        path.push(selected(key, at(object, &path)?).nth(1)?);
        return Some(Named::Item(written(&path)));
    }
    if let Some(index) = between(rest, ": element ", ":") {
        path.push(Step::Index(index.parse().ok()?));
        return Some(Named::Item(written(&path)));
    }
    Some(Named::Exact(written(&path)))
}

/// Finds the item that a selector of server-side apply names: an index, or `name="a",port=80`.
fn select(selector: &str, list: &Value) -> Option<Step> {
    if let Ok(index) = selector.parse() {
        return Some(Step::Index(index));
    }
    selected(selector, list).next()
}

/// Finds the items with the keys that server-side apply names.
fn selected(selector: &str, list: &Value) -> impl Iterator<Item = Step> {
    let pairs: Vec<(String, Value)> = selector
        .split(',')
        .filter_map(|pair| pair.split_once('='))
        .map(|(key, value)| (key.to_owned(), serde_json::from_str(value).unwrap_or(Value::Null)))
        .collect();
    // A key that the item leaves out has its default.
    let fits = move |item: &Value| pairs.iter().all(|(key, value)| item.get(key).is_none_or(|known| known == value));
    let items = list.as_array().cloned().unwrap_or_default();
    items.into_iter().enumerate().filter(move |(_, item)| fits(item)).map(|(index, _)| Step::Index(index))
}

/// Writes a path's steps as texts, to compare.
pub(super) fn written(path: &[Step]) -> Vec<String> {
    let text = |step: &Step| match step {
        Step::Key(key) => key.clone(),
        Step::Index(index) => index.to_string(),
    };
    path.iter().map(text).collect()
}

/// Splits a field path, the server's or ours, into its steps: `data[a.b]` and `data["a.b"]` are the same.
pub(super) fn steps(path: &str) -> Vec<String> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('[') {
            let quoted =
                inner.starts_with('"').then(|| inner.find("\"]").map(|end| (&inner[1..end], &inner[end + 2..])));
            let (step, after) = quoted.flatten().or_else(|| inner.split_once(']')).unwrap_or((inner, ""));
            steps.push(step.replace("\\\"", "\""));
            rest = after;
        } else if let Some(after) = rest.strip_prefix('.') {
            rest = after;
        } else {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            steps.push(rest[..end].to_owned());
            rest = &rest[end..];
        }
    }
    steps
}

fn between<'t>(text: &'t str, before: &str, after: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(before)?;
    Some(rest.split_once(after).map_or(rest, |(inside, _)| inside))
}

#[test]
fn fields_of_answers_are_found() {
    let object = json!({"spec": {"containers": [{"name": "a"}, {"name": "b"}]}});
    let of = |message: &str| Answer { message: message.to_owned(), ..Answer::default() }.field(&object);
    let exact = |path: &str| Some(Named::Exact(steps(path)));
    let typed = |errors: &str| of(&format!("failed to create typed patch object (a/b; v1, Kind=Pod): {errors}"));
    assert_eq!(of("strict decoding error: unknown field \"spec.containers[0].x\""), exact("spec.containers[0].x"));
    assert_eq!(typed(".spec.x: field not declared in schema"), exact("spec.x"));
    assert_eq!(typed("errors:\n  .spec.containers[name=\"b\"].y: z\n  .a: b"), exact("spec.containers[1].y"));
    assert_eq!(
        of("json: cannot unmarshal string into Go struct field Probe.spec.port of type int"),
        Some(Named::Keys(vec!["spec".to_owned(), "port".to_owned()]))
    );
    assert_eq!(steps("data[a.b].c[0]"), ["data", "a.b", "c", "0"]);
    assert_eq!(steps("data[\"a.b\"]"), ["data", "a.b"]);
}
