//! What a server answers about an object.

use serde_json::Value as Json;

/// A server's answer about one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The verdict.
    pub outcome: Outcome,
    /// The texts of `Warning` headers.
    pub warnings: Vec<String>,
}

/// A server's verdict on one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It would be stored.
    Accepted,
    /// It would not.
    Refused {
        /// What is wrong with it, at least one.
        causes: Vec<Cause>,
        /// The object alone decides: not what the cluster holds, nor a policy of it.
        of_the_object: bool,
    },
    /// The server could not judge: why.
    NotJudged(String),
}

/// One thing that is wrong with an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The field, as the server writes it: `spec.ports[0].name`, `.spec.ports[port=80,protocol="TCP"]`; empty for none.
    pub field: String,
    /// What is wrong, in the server's words. It may quote the value.
    pub message: String,
}

/// Reads a `Status` by which a server refuses an object; `code` is that of HTTP.
pub(crate) fn refusal(status: &Json, code: u16) -> Outcome {
    let text = |key: &str| status.get(key).and_then(Json::as_str).unwrap_or_default();
    let message = text("message");
    let mut causes = causes(status);
    if causes.is_empty() {
        causes = lines(message);
    }
    if causes.is_empty() {
        causes.push(Cause { field: String::new(), message: message.to_owned() });
    }
    Outcome::Refused {
        causes,
        of_the_object: matches!(code, 400 | 422)
            || ["failed to create typed", "failed to convert"].iter().any(|word| message.starts_with(word)),
    }
}

/// The causes that a status lists, each once.
fn causes(status: &Json) -> Vec<Cause> {
    let listed = status.pointer("/details/causes").and_then(Json::as_array);
    let read = |cause: &Json| {
        let text = |key: &str| cause.get(key).and_then(Json::as_str).unwrap_or_default().to_owned();
        Cause { field: text("field"), message: text("message") }
    };
    let mut found: Vec<Cause> = Vec::new();
    for cause in listed.into_iter().flatten().map(read) {
        if !found.contains(&cause) {
            found.push(cause);
        }
    }
    found
}

/// Reads the fields out of a message about an object that could not be decoded.
fn lines(message: &str) -> Vec<Cause> {
    if let Some((_, list)) = message.split_once("strict decoding error: ") {
        return list
            .split(", ")
            .filter_map(|part| {
                let field = part.split('"').nth(1)?.to_owned();
                Some(Cause { field, message: part.to_owned() })
            })
            .collect();
    }
    let Some((_, list)) = message.split_once("failed to create typed patch object (") else { return Vec::new() };
    let Some((_, list)) = list.split_once("): ") else { return Vec::new() };
    let list = list.strip_prefix("errors:").unwrap_or(list);
    list.lines()
        .map(str::trim)
        .filter(|line| line.starts_with('.'))
        .filter_map(|line| {
            let (field, rest) = line.split_once(": ")?;
            Some(Cause { field: field.to_owned(), message: rest.to_owned() })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fields(status: &Json) -> Vec<String> {
        match refusal(status, 422) {
            Outcome::Refused { causes, .. } => causes.into_iter().map(|cause| cause.field).collect(),
            other => panic!("{other:?} is no refusal"),
        }
    }

    #[test]
    fn fields_are_read_from_causes_and_messages() {
        let causes = json!({"message": "m", "details": {"causes": [{"reason": "FieldValueInvalid", "message": "bad", "field": "spec.a"}, {"message": "bad", "field": "spec.a"}]}});
        assert_eq!(fields(&causes), ["spec.a"]);
        let strict = json!({"message": "Pod in version \"v1\" cannot be handled as a Pod: strict decoding error: unknown field \"spec.a\", unknown field \"spec.b\""});
        assert_eq!(fields(&strict), ["spec.a", "spec.b"]);
        let typed = json!({"message": "failed to create typed patch object (default/web; apps/v1, Kind=Deployment): errors:\n  .spec.replicas: expected numeric (int or float), got string\n  .spec.template.spec.containers: duplicate entries for key [name=\"a\"]"});
        assert_eq!(fields(&typed), [".spec.replicas", ".spec.template.spec.containers"]);
        assert_eq!(fields(&json!({"message": "no such luck"})), [""]);
    }
}
