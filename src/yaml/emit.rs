//! Writes YAML that Go reads back as exactly the same data.

use super::scalar::{Scalar, float_text, resolve};
use std::borrow::Cow;
use std::fmt::Write as _;

/// Plain data, without places: what a template prints, and what merged values hold.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// Null.
    Null,
    /// A boolean.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A whole number over [`i64::MAX`].
    UInt(u64),
    /// Any other number.
    Float(f64),
    /// Text.
    String(String),
    /// A list.
    Seq(Vec<Data>),
    /// A map, in the order of writing.
    Map(Vec<(String, Data)>),
}

impl Data {
    /// Reads the data of a node, as Go reads it.
    pub fn from_node(node: super::Node<'_>) -> Self {
        match node.scalar() {
            Some(Scalar::Null) => Self::Null,
            Some(Scalar::Bool(value)) => Self::Bool(value),
            Some(Scalar::Int(value)) => Self::Int(value),
            Some(Scalar::UInt(value)) => Self::UInt(value),
            Some(Scalar::Float(value)) => Self::Float(value),
            Some(Scalar::String | Scalar::Merge) => Self::String(node.text().to_owned()),
            None if node.kind() == super::Kind::Seq => Self::Seq(node.items().map(Self::from_node).collect()),
            None => Self::Map(node.entries().map(|e| (e.name().to_owned(), Self::from_node(e.value))).collect()),
        }
    }

    /// Gives the data as JSON has it; numbers that JSON has none for (`.inf`) become null.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Null => serde_json::Value::Null,
            Self::Bool(value) => (*value).into(),
            Self::Int(value) => (*value).into(),
            Self::UInt(value) => (*value).into(),
            Self::Float(value) => (*value).into(),
            Self::String(text) => text.as_str().into(),
            Self::Seq(items) => items.iter().map(Self::to_json).collect(),
            Self::Map(entries) => entries.iter().map(|(key, value)| (key.clone(), value.to_json())).collect(),
        }
    }

    /// Reads JSON.
    pub fn from_json(json: &serde_json::Value) -> Self {
        match json {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(value) => Self::Bool(*value),
            serde_json::Value::Number(number) => match (number.as_i64(), number.as_u64()) {
                (Some(value), _) => Self::Int(value),
                (None, Some(value)) => Self::UInt(value),
                (None, None) => Self::Float(number.as_f64().unwrap_or_default()),
            },
            serde_json::Value::String(text) => Self::String(text.clone()),
            serde_json::Value::Array(items) => Self::Seq(items.iter().map(Self::from_json).collect()),
            serde_json::Value::Object(entries) => {
                Self::Map(entries.iter().map(|(key, value)| (key.clone(), Self::from_json(value))).collect())
            }
        }
    }

    /// Tells whether this is an empty list or map.
    pub fn is_empty_collection(&self) -> bool {
        match self {
            Self::Seq(items) => items.is_empty(),
            Self::Map(entries) => entries.is_empty(),
            _ => false,
        }
    }
}

/// Where a scalar stands, as far as quoting goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In block context.
    Block,
    /// Between brackets: `,[]{}?:` need quotes too.
    Flow,
}

/// Tells whether Go would read the bare text as the same string at this place.
pub fn is_plain_safe(text: &str, place: Place) -> bool {
    if text.is_empty() || !matches!(resolve(text), Scalar::String) || text == "=" {
        return false;
    }
    // Most are words.
    let word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'/' | b'.');
    if text.as_bytes()[0].is_ascii_alphanumeric() && text.bytes().all(word) {
        return true;
    }
    let mut characters = text.chars();
    let (Some(first), Some(last)) = (characters.next(), text.chars().next_back()) else { return false };
    let second = characters.next();
    if first == ' ' || last == ' ' || last == ':' {
        return false;
    }
    if ",[]{}#&*!|>'\"%@`".contains(first) {
        return false;
    }
    if "-?:".contains(first) && second.is_none_or(|c| c == ' ') {
        return false;
    }
    if text.starts_with("---") || text.starts_with("...") {
        return false;
    }
    if text.contains(": ") || text.contains(" #") {
        return false;
    }
    if place == Place::Flow && text.contains([',', '[', ']', '{', '}', '?', ':', '"', '\'']) {
        return false;
    }
    // Old parsers read base 60; quote as Go does.
    if text.contains(':') && text.chars().all(|c| c.is_ascii_digit() || "+-:_.".contains(c)) {
        return false;
    }
    text.chars().all(|c| is_printable(c) && c != '\t' && c != '\n')
}

/// Tells whether a character may stand unescaped in a double-quoted or block scalar.
pub fn is_printable(c: char) -> bool {
    matches!(c, '\t' | '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
        && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}')
}

/// Writes a string as a double-quoted scalar on one line.
pub fn double_quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    push_escaped(&mut out, text);
    out.push('"');
    out
}

/// Writes text as it stands between double quotes.
pub fn push_escaped(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '\0' => out.push_str("\\0"),
            c if is_printable(c) => out.push(c),
            c if (c as u32) < 0x100 => _ = write!(out, "\\x{:02x}", c as u32),
            c if (c as u32) < 0x1_0000 => _ = write!(out, "\\u{:04x}", c as u32),
            c => _ = write!(out, "\\U{:08x}", c as u32),
        }
    }
}

/// Writes a string bare where Go reads it back as the same string, else double-quoted.
pub fn string(text: &str, place: Place) -> Cow<'_, str> {
    if is_plain_safe(text, place) { Cow::Borrowed(text) } else { Cow::Owned(double_quoted(text)) }
}

/// Writes a scalar; collections give none.
pub fn scalar(data: &Data, place: Place) -> Option<Cow<'_, str>> {
    Some(match data {
        Data::Null => Cow::Borrowed("null"),
        Data::Bool(true) => Cow::Borrowed("true"),
        Data::Bool(false) => Cow::Borrowed("false"),
        Data::Int(value) => Cow::Owned(value.to_string()),
        Data::UInt(value) => Cow::Owned(value.to_string()),
        Data::Float(value) => Cow::Owned(float_text(*value)),
        Data::String(text) => string(text, place),
        Data::Seq(_) | Data::Map(_) => return None,
    })
}

/// Writes data on one line, collections in brackets.
pub fn flow(data: &Data) -> String {
    match data {
        Data::Seq(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Data::Map(entries) => {
            let entries: Vec<_> =
                entries.iter().map(|(key, value)| format!("{}: {}", string(key, Place::Flow), flow(value))).collect();
            format!("{{{}}}", entries.join(", "))
        }
        other => scalar(other, Place::Flow).unwrap_or_default().into_owned(),
    }
}

/// Writes data as a block whose lines start at column `indent` (from 0), the first line included, ending in a line break.
///
/// Scalars and empty collections are one line. Strings of several lines become literal blocks where these can hold them.
pub fn block(data: &Data, indent: usize) -> String {
    let mut out = String::new();
    push_block(&mut out, data, indent);
    out
}

fn push_block(out: &mut String, data: &Data, indent: usize) {
    match data {
        Data::Seq(items) if !items.is_empty() => {
            for item in items {
                out.extend(std::iter::repeat_n(' ', indent));
                out.push('-');
                push_compact(out, item, indent + 2);
            }
        }
        Data::Map(entries) if !entries.is_empty() => {
            for (key, value) in entries {
                out.extend(std::iter::repeat_n(' ', indent));
                push_entry(out, key, value, indent);
            }
        }
        other => {
            out.extend(std::iter::repeat_n(' ', indent));
            push_inline(out, other, indent);
        }
    }
}

/// Writes what stands behind a dash: the first entry on the same line.
fn push_compact(out: &mut String, data: &Data, indent: usize) {
    out.push(' ');
    if matches!(data, Data::Seq(_) | Data::Map(_)) && !data.is_empty_collection() {
        let block = block(data, indent);
        out.push_str(&block[indent..]);
    } else {
        push_inline(out, data, indent);
    }
}

fn push_entry(out: &mut String, key: &str, value: &Data, indent: usize) {
    out.push_str(&string(key, Place::Block));
    out.push(':');
    if matches!(value, Data::Seq(_) | Data::Map(_)) && !value.is_empty_collection() {
        out.push('\n');
        push_block(out, value, indent + 2);
    } else {
        out.push(' ');
        push_inline(out, value, indent + 2);
    }
}

fn push_inline(out: &mut String, data: &Data, indent: usize) {
    match data {
        Data::String(text) if is_literal_safe(text) => {
            out.push('|');
            out.push_str(if text.ends_with("\n\n") || text == "\n" {
                "+"
            } else if text.ends_with('\n') {
                ""
            } else {
                "-"
            });
            out.push('\n');
            for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
                if !line.is_empty() {
                    out.extend(std::iter::repeat_n(' ', indent));
                    out.push_str(line);
                }
                out.push('\n');
            }
        }
        Data::Seq(_) => out.push_str("[]\n"),
        Data::Map(_) => out.push_str("{}\n"),
        other => {
            out.push_str(&scalar(other, Place::Block).unwrap_or_default());
            out.push('\n');
        }
    }
}

/// Tells whether a text of several lines can stand in a literal block unchanged.
fn is_literal_safe(text: &str) -> bool {
    text.contains('\n')
        && !text.starts_with([' ', '\n', '\t'])
        && text.chars().all(is_printable)
        && !text.split('\n').any(|line| line.starts_with("---") || line.starts_with("..."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceMap;
    use proptest::prelude::*;

    fn read_back(text: &str) -> Data {
        let parsed = crate::yaml::parse(&SourceMap::new().add("a.yaml", text));
        assert!(parsed.diagnostics.is_empty(), "{text:?}: {:?}", parsed.diagnostics);
        Data::from_node(parsed.documents[0].root())
    }

    #[test]
    fn strings_that_go_would_retype_are_quoted() {
        for (text, expected) in [
            ("plain", "plain"),
            ("yes", "\"yes\""),
            ("on", "\"on\""),
            ("0777", "\"0777\""),
            ("1.10", "\"1.10\""),
            ("1_000", "\"1_000\""),
            ("", "\"\""),
            ("~", "\"~\""),
            ("a: b", "\"a: b\""),
            ("a #b", "\"a #b\""),
            ("a:b", "a:b"),
            ("12:30", "\"12:30\""),
            ("- a", "\"- a\""),
            ("-a", "-a"),
            ("<<", "\"<<\""),
            ("---", "\"---\""),
            ("tab\there", "\"tab\\there\""),
            ("\u{feff}x", "\"\\ufeffx\""),
        ] {
            assert_eq!(string(text, Place::Block), expected);
        }
        assert_eq!(string("a,b", Place::Flow), "\"a,b\"");
    }

    #[test]
    fn blocks_nest_and_keep_their_lines() {
        let text = "a:\n  - b: 1\n    c: [x]\n  - - 2\nd: {}\ne: |\n  one\n  two\n";
        assert_eq!(block(&read_back(text), 0), "a:\n  - b: 1\n    c:\n      - x\n  - - 2\nd: {}\ne: |\n  one\n  two\n");
    }

    fn data() -> impl Strategy<Value = Data> {
        let text = prop_oneof![
            "\\PC{0,12}",
            "[ -~\n\t]{0,16}",
            prop::sample::select(vec![
                "yes",
                "null",
                "1.10",
                "0x1f",
                "- a",
                "a: b",
                "# c",
                "x\n",
                "\n",
                "x\n\n",
                " x\ny",
                "\r",
                "---",
                "a\n---\nb"
            ])
            .prop_map(str::to_owned),
        ];
        let key = prop_oneof!["[a-z]{1,4}", "[ -~]{0,6}"];
        let leaf = prop_oneof![
            Just(Data::Null),
            any::<bool>().prop_map(Data::Bool),
            any::<i64>().prop_map(Data::Int),
            text.prop_map(Data::String),
        ];
        leaf.prop_recursive(4, 24, 4, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Data::Seq),
                prop::collection::btree_map(key.clone(), inner, 0..4)
                    .prop_map(|map| Data::Map(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(data in data()) {
            prop_assert_eq!(&read_back(&block(&data, 0)), &data);
            prop_assert_eq!(&read_back(&flow(&data)), &data);
        }
    }
}
