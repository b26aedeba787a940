//! Takes secrets out of what is compared, before anything shows it.

use super::value::{Content, Value};
use crate::diagnostic::emit::MASK;
use crate::diagnostic::secret::{is_no_secret, is_secret_name, secret_form};
use crate::yaml::emit::Data;
use std::collections::HashSet;

/// What stands for a secret that is not what it was.
fn differs() -> String {
    format!("{MASK} (differs)")
}

/// Copies data of an object with its secrets masked.
pub(super) struct Mask {
    /// The object is a Secret: what stands in its data is secret whatever it is called.
    is_secret: bool,
    /// Nothing is masked.
    off: bool,
    /// The secrets that were there before, each with its path: others are marked as different.
    known: Option<HashSet<(String, String)>>,
}

/// Where a value stands: its path as text, and the name that says what it is.
#[derive(Clone, Default)]
pub(super) struct Spot {
    path: String,
    name: String,
}

impl Spot {
    /// Steps into a map.
    pub(super) fn key(&self, key: &str) -> Self {
        Self { path: format!("{}/{key}", self.path), name: key.to_owned() }
    }

    /// Steps to the value of a pair whose name stands beside it.
    fn beside(&self, key: &str, name: &str) -> Self {
        Self { path: format!("{}/{key}:{name}", self.path), name: name.to_owned() }
    }
}

impl Mask {
    /// Masks the secrets of an object of a kind.
    pub(super) fn new(is_secret: bool, off: bool) -> Self {
        Self { is_secret, off, known: None }
    }

    /// Marks as different what an older form of the same object does not have.
    pub(super) fn against(mut self, old: &Value<'_>, spot: &Spot) -> Self {
        let mut known = HashSet::new();
        collect(old, spot, &mut known);
        self.known = Some(known);
        self
    }

    /// Copies data, masked.
    pub(super) fn data(&self, value: &Value<'_>, spot: &Spot) -> Data {
        match &value.content {
            Content::Map(entries) => Data::Map(
                entries.iter().map(|(key, inner)| (key.clone(), self.data(inner, &child(value, spot, key)))).collect(),
            ),
            Content::List(list) => Data::Seq(list.items.iter().map(|item| self.data(item, spot)).collect()),
            // An amount is no secret, whatever it is the amount of.
            Content::Scalar(data, Some(_)) => data.clone(),
            Content::Scalar(data, None) => self.scalar(data, spot),
        }
    }

    /// Tells whether a value holds a secret.
    pub(super) fn holds_secret(&self, value: &Value<'_>, spot: &Spot) -> bool {
        match &value.content {
            Content::Map(entries) => {
                entries.iter().any(|(key, inner)| self.holds_secret(inner, &child(value, spot, key)))
            }
            Content::List(list) => list.items.iter().any(|item| self.holds_secret(item, spot)),
            Content::Scalar(data, amount) => amount.is_none() && self.scalar(data, spot) != *data,
        }
    }

    fn scalar(&self, data: &Data, spot: &Spot) -> Data {
        if self.off || matches!(data, Data::Null | Data::Bool(_)) {
            return data.clone();
        }
        let text = text(data);
        if text.is_empty() {
            return data.clone();
        }
        let in_data = ["/data/", "/stringData/"].iter().any(|start| spot.path.starts_with(start));
        let named = is_secret_name(&spot.name) && !is_no_secret(&text);
        if self.is_secret && in_data || named {
            return Data::String(self.mask(&text, spot));
        }
        if text.contains('\n') {
            let lines = self.lines(&text, spot);
            return if lines == text { data.clone() } else { Data::String(lines) };
        }
        if secret_form(&text).is_some() { Data::String(self.mask(&text, spot)) } else { data.clone() }
    }

    fn mask(&self, text: &str, spot: &Spot) -> String {
        let known = self.known.as_ref().is_none_or(|known| known.contains(&(spot.path.clone(), text.to_owned())));
        if known { MASK.to_owned() } else { differs() }
    }

    /// Masks the lines of a text that hold a secret.
    fn lines(&self, text: &str, spot: &Spot) -> String {
        let mut in_key = false;
        let masked = text.split('\n').map(|line| {
            let border = line.contains("PRIVATE KEY-----");
            if border {
                in_key = line.contains("BEGIN");
                return line.to_owned();
            }
            let (start, value) = pair(line);
            let name = start.trim().trim_matches(['"', '\'', '-', ' ', ':', '=']);
            let last = name.rsplit(['.', ' ']).next().unwrap_or_default();
            let named = !value.trim().is_empty() && is_secret_name(last) && !is_no_secret(value);
            let kept = if named && !in_key { start } else { &line[..line.len() - line.trim_start().len()] };
            let secret = in_key || named || secret_form(line).is_some();
            if secret { format!("{kept}{}", self.mask(line, spot)) } else { line.to_owned() }
        });
        masked.collect::<Vec<_>>().join("\n")
    }
}

/// Gathers the texts of a value, whole and line by line, with their paths.
fn collect(value: &Value<'_>, spot: &Spot, known: &mut HashSet<(String, String)>) {
    match &value.content {
        Content::Map(entries) => {
            for (key, inner) in entries {
                collect(inner, &child(value, spot, key), known);
            }
        }
        Content::List(list) => {
            for item in &list.items {
                collect(item, spot, known);
            }
        }
        Content::Scalar(data, _) => {
            let text = text(data);
            known.extend(text.lines().map(|line| (spot.path.clone(), line.to_owned())));
            known.insert((spot.path.clone(), text));
        }
    }
}

/// Splits `key: value`, `key=value`; the separator stays with the key.
fn pair(line: &str) -> (&str, &str) {
    match line.find([':', '=']) {
        Some(at) => {
            let rest = &line[at + 1..];
            let blanks = rest.len() - rest.trim_start().len();
            line.split_at(at + 1 + blanks)
        }
        None => ("", line),
    }
}

/// Where a map's value stands. A `value` is what the `name` beside it says.
fn child(map: &Value<'_>, spot: &Spot, key: &str) -> Spot {
    match map.get("name").and_then(Value::as_str) {
        Some(name) if key == "value" => spot.beside(key, name),
        Some(name) => Spot { path: format!("{}[{name}]/{key}", spot.path), name: key.to_owned() },
        None => spot.key(key),
    }
}

fn text(data: &Data) -> String {
    match data {
        Data::String(text) => text.clone(),
        other => crate::yaml::emit::flow(other),
    }
}

/// Takes the secrets of an object out of a text, as they stand there or decoded: a server's message may quote them.
pub(super) fn redacted(text: &str, object: &Value<'_>, is_secret: bool) -> String {
    let mut secrets = Vec::new();
    gather(object, &Spot::default(), &Mask::new(is_secret, false), &mut secrets);
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    secrets.into_iter().fold(text.to_owned(), |text, secret| text.replace(&secret, MASK))
}

fn gather(value: &Value<'_>, spot: &Spot, mask: &Mask, secrets: &mut Vec<String>) {
    match &value.content {
        Content::Map(entries) => {
            for (key, inner) in entries {
                gather(inner, &child(value, spot, key), mask, secrets);
            }
        }
        Content::List(list) => {
            for item in &list.items {
                gather(item, spot, mask, secrets);
            }
        }
        Content::Scalar(data, _) if mask.scalar(data, spot) != *data => {
            let text = text(data);
            let decoded = crate::schema::decode_base64(&text).and_then(|bytes| String::from_utf8(bytes).ok());
            let lines = text.lines().map(str::to_owned).collect::<Vec<_>>();
            // What is shorter would take words apart that say nothing.
            secrets.extend(lines.into_iter().chain(decoded).chain([text]).filter(|secret| secret.chars().count() > 2));
        }
        Content::Scalar(..) => {}
    }
}

/// Where a field stands below its object, for the judgement of what is secret; `holder` is the map that holds it.
pub(super) fn spot(keys: &[String], holder: Option<&Value<'_>>) -> Spot {
    let mut spot = Spot::default();
    let Some((last, before)) = keys.split_last() else { return spot };
    for key in before {
        spot = spot.key(key);
    }
    match holder {
        Some(holder) => child(holder, &spot, last),
        None => spot.key(last),
    }
}
