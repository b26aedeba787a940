//! Keeps the values of Secrets out of what servers and programs say.

use crate::diagnostic::emit::MASK;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;

/// A shorter text would mask half of every sentence.
const SHORTEST: usize = 5;

/// The values that nobody may read.
#[derive(Clone, Debug, Default)]
pub struct Mask {
    /// The longest first.
    values: Vec<String>,
}

impl Mask {
    /// Learns the values of the Secrets among objects.
    pub fn of<'a>(objects: impl IntoIterator<Item = &'a Json>) -> Self {
        let mut values = Vec::new();
        for object in objects.into_iter().filter(|object| object.get("kind").and_then(Json::as_str) == Some("Secret")) {
            for (field, encoded) in [("data", true), ("stringData", false)] {
                let map = object.get(field).and_then(Json::as_object);
                for text in map.into_iter().flatten().filter_map(|(_, value)| value.as_str()) {
                    values.push(text.to_owned());
                    if let (true, Some(plain)) =
                        (encoded, STANDARD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok()))
                    {
                        values.extend(plain.lines().map(str::to_owned));
                        values.push(plain);
                    } else {
                        values.extend(text.lines().map(str::to_owned));
                    }
                }
            }
        }
        values.retain(|value| value.trim().len() >= SHORTEST);
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        values.dedup();
        Self { values }
    }

    /// Masks the values in a text.
    pub fn hide(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for value in &self.values {
            if text.contains(value.as_str()) {
                text = text.replace(value.as_str(), MASK);
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_of_secrets_are_hidden() {
        let secret = json!({"kind": "Secret", "data": {"a": STANDARD.encode("hunter2\nand more")}, "stringData": {"b": "open-sesame", "c": "yes"}});
        let mask = Mask::of([&secret, &json!({"kind": "ConfigMap", "data": {"d": "harmless"}})]);
        assert_eq!(mask.hide("hunter2 and open-sesame, yes, harmless"), "••• and •••, yes, harmless");
        assert_eq!(mask.hide(&format!("got {}", STANDARD.encode("hunter2\nand more"))), "got •••");
    }
}
