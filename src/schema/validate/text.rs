//! Words for messages.

use std::borrow::Cow;

/// Shows a value: on one line, and not too long.
pub(crate) fn show(value: &str) -> Cow<'_, str> {
    const LONGEST: usize = 60;
    let line = value.lines().next().unwrap_or_default();
    if line.len() == value.len() && value.chars().count() <= LONGEST {
        return Cow::Borrowed(value);
    }
    let mut short: String = line.chars().take(LONGEST).collect();
    short.push('…');
    Cow::Owned(short)
}

/// Joins names as prose does: "`a`, `b` or `c`" without the quotes.
pub(super) fn list_of<'a>(names: impl IntoIterator<Item = &'a str>, conjunction: &str) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    match names.split_last() {
        None => String::new(),
        Some((last, [])) => (*last).to_owned(),
        Some((last, rest)) => format!("{} {conjunction} {last}", rest.join(", ")),
    }
}

/// Joins names in backticks.
pub(in crate::schema) fn quoted_list<'a>(names: impl IntoIterator<Item = &'a str>, conjunction: &str) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    list_of(names.iter().map(String::as_str), conjunction)
}

/// A field of a place: `spec.selector`; the field alone at the root.
pub(super) fn field(place: &str, name: &str) -> String {
    if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") }
}

/// "1 item", "2 items".
pub(in crate::schema) fn quantity_of(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// Tells whether a name is one under which people keep secrets.
pub(super) fn sounds_secret(name: &str) -> bool {
    const WORDS: [&str; 7] = ["password", "passwd", "secret", "token", "apikey", "privatekey", "credential"];
    // Names of objects and keys that hold secrets are no secrets.
    const HARMLESS: [&str; 4] = ["name", "ref", "path", "key"];
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    let secret_key = plain.ends_with("apikey") || plain.ends_with("privatekey");
    WORDS.iter().any(|word| plain.contains(word))
        && (secret_key || !HARMLESS.iter().any(|ending| plain.ends_with(ending)))
}
