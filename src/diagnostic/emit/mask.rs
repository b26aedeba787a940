//! Hides secrets in the lines that are shown around findings.
//!
//! It judges by the text alone, so that it also holds where no tree could be read.

use crate::diagnostic::secret::{is_secret_name, secret_form};
use crate::source::SourceFile;

/// What stands for a secret.
pub const MASK: &str = "•••";

/// Fields of a Secret whose text is no secret.
const OPEN_FIELDS: [&str; 10] =
    ["apiVersion", "kind", "metadata", "name", "namespace", "type", "immutable", "data", "stringData", "labels"];

/// How many lines a private key has at most.
const KEY_LINES: u32 = 120;

/// How far around a line its document is searched; what is larger is one Secret's own data.
const REACH: u32 = 2000;

/// Gives a line (from 1) as it may be shown: the byte offset in the line from which on it is masked, if any.
///
/// `all` masks the value whatever it is.
pub(super) fn masked_from(file: &SourceFile, line: u32, all: bool) -> Option<usize> {
    let text = file.line_text(line);
    // The text of a flag, `web.tag=1.0`: a misspelt key tells nothing of what it holds.
    if file.name().starts_with("--set") {
        return text.find('=').map(|at| at + 1);
    }
    let (key, value) = split(text);
    let shown = text.get(value..).unwrap_or_default().trim();
    let harmless = ["", "true", "false", "null", "~", "|", "|-", ">", ">-", "{}", "[]"].contains(&shown);
    // A tag alone prints what stands elsewhere; beside other text, or with text of its own in quotes, it may hold a secret.
    let inner = shown.trim_matches(['"', '\'']).strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"));
    let template = inner.is_some_and(|inner| !inner.contains(['{', '}', '"', '\'']));
    if harmless || template || shown.starts_with('#') {
        return None;
    }
    if all || secret_form(shown).is_some() || in_private_key(file, line) {
        return Some(value);
    }
    let key = key.unwrap_or_default();
    // Lists and maps under such a name are references more often than secrets: they are judged pair by pair.
    let opens = shown.starts_with(['{', '[']) && !shown.starts_with("{{") && !key.is_empty();
    let named = (is_secret_name(key) && !opens) || (key == "value" && beside(file, line).is_some_and(is_secret_name));
    let in_secret = (!OPEN_FIELDS.contains(&key) || key == "data" || key == "stringData") && is_secret(file, line);
    if named || in_secret { Some(value) } else { in_flow(text) }
}

/// Gives a line (from 1) as it may be shown.
pub fn masked_line(file: &SourceFile, line: u32) -> String {
    let text = file.line_text(line);
    match masked_from(file, line, false) {
        Some(from) => {
            let shown = text.get(..from).unwrap_or_default().trim_end();
            format!("{shown} {MASK}")
        }
        None => text.to_owned(),
    }
}

/// Tells whether a line stands inside a private key.
fn in_private_key(file: &SourceFile, line: u32) -> bool {
    let above = (line.saturating_sub(KEY_LINES).max(1)..line).rev().map(|line| file.line_text(line));
    let border =
        above.map(str::trim).find(|text| text.contains("PRIVATE KEY-----") || !text.is_ascii() || text.contains(": "));
    border.is_some_and(|text| text.contains("-----BEGIN"))
}

/// Finds a secret among several pairs on one line, between braces: the offset of its value.
fn in_flow(text: &str) -> Option<usize> {
    if !text.contains('{') {
        return None;
    }
    let word = |text: &str| text.trim_matches([' ', '"', '\'', ',']).to_owned();
    // Each pair: its key, the offset of its value, and the value's first word.
    let pairs: Vec<(String, usize, String)> = text
        .match_indices(':')
        .map(|(at, _)| {
            let key = text[..at].rsplit(['{', ',', '[']).next().unwrap_or_default();
            let value = text[at + 1..].split([',', '}']).next().unwrap_or_default();
            (word(key), at + 1, word(value))
        })
        .collect();
    let secret_object = pairs.iter().any(|(key, _, value)| key == "kind" && value == "Secret");
    let secret_variable = pairs.iter().any(|(key, _, value)| key == "name" && is_secret_name(value));
    let found = pairs.iter().find(|(key, at, _)| {
        let opens = text[*at..].trim_start().starts_with(['{', '[']);
        is_secret_name(key) && !opens
            || secret_variable && key == "value"
            || secret_object && (key == "data" || key == "stringData")
    });
    found.map(|(_, at, _)| *at)
}

/// Splits a line into its key, if it has one, and the offset at which its value starts.
fn split(text: &str) -> (Option<&str>, usize) {
    let start = text.len() - text.trim_start_matches([' ', '\t', '-', '\u{feff}']).len();
    let inner = &text[start..];
    let end = inner.find(": ").or_else(|| inner.trim_end().strip_suffix(':').map(str::len));
    match end {
        Some(end) if !inner[..end].contains(char::is_whitespace) => {
            let after = &inner[end + 1..];
            let value = start + end + 1 + (after.len() - after.trim_start().len());
            (Some(inner[..end].trim_matches(['"', '\''])), value)
        }
        _ => (None, start),
    }
}

/// Gives the `name` beside a `value`, as environment variables have it.
fn beside(file: &SourceFile, line: u32) -> Option<&str> {
    [line.saturating_sub(1), line + 1].into_iter().filter(|line| *line > 0).find_map(|line| {
        let text = file.line_text(line);
        match split(text) {
            (Some("name"), value) => text.get(value..).map(|name| name.trim().trim_matches(['"', '\''])),
            _ => None,
        }
    })
}

/// Tells whether a line lies in a document that is a Secret.
fn is_secret(file: &SourceFile, line: u32) -> bool {
    let last = file.position(u32::MAX).line;
    let is_border = |line: &u32| !file.line_text(*line).starts_with("---");
    let above = (line.saturating_sub(REACH).max(1)..=line).rev().take_while(is_border);
    let below = (line + 1..=last.min(line + REACH)).take_while(is_border);
    above.chain(below).any(|line| {
        let text = file.line_text(line);
        // Objects in a list count too: a Secret may be one of several items.
        matches!(split(text), (Some("kind"), value)
            if text.get(value..).is_some_and(|kind| kind.split('#').next().unwrap_or_default().trim().trim_matches(['"', '\'', ',']) == "Secret"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceMap;

    fn shown(text: &str, line: u32) -> String {
        let file = SourceMap::new().add("a.yaml", text);
        let text = file.line_text(line);
        masked_from(&file, line, false).map_or_else(|| text.to_owned(), |at| format!("{}{MASK}", &text[..at]))
    }

    #[test]
    fn secrets_are_hidden_and_the_rest_is_shown() {
        let secret = "kind: Secret\nmetadata:\n  name: x\ndata:\n  user: YWRtaW4=\n  key: |\n    abc\n---\nkind: Pod\nuser: me\n";
        assert_eq!(shown(secret, 3), "  name: x");
        assert_eq!(shown(secret, 5), "  user: •••");
        assert_eq!(shown(secret, 6), "  key: |");
        assert_eq!(shown(secret, 7), "    •••");
        assert_eq!(shown(secret, 10), "user: me");
        let variable = "env:\n- name: DB_PASSWORD\n  value: hunter2\n- name: PORT\n  value: 80\n";
        assert_eq!(shown(variable, 3), "  value: •••");
        assert_eq!(shown(variable, 5), "  value: 80");
        assert_eq!(shown("env:\n- { name: DB_PASSWORD, value: hunter2 }\n", 2), "- { name: DB_PASSWORD, value:•••");
        assert_eq!(shown("env:\n- { value: hunter2, name: DB_PASSWORD }\n", 2), "- { value:•••");
        assert_eq!(shown("env:\n- { name: PORT, value: 80 }\n", 2), "- { name: PORT, value: 80 }");
        assert_eq!(shown("db: { user: me, password: hunter2 }\n", 1), "db: { user: me, password:•••");
        assert_eq!(
            shown("{\"kind\": \"Secret\", \"data\": {\"a\": \"YQ==\"}}\n", 1),
            "{\"kind\": \"Secret\", \"data\":•••"
        );
        assert_eq!(shown("kind: Secret\nmetadata: { name: x }\ndata: { a: YQ== }\n", 3), "data: •••");
        assert_eq!(shown("kind: Secret\nmetadata: { name: x }\ndata: { a: YQ== }\n", 2), "metadata: { name: x }");
        assert_eq!(shown("{\n\"kind\": \"Secret\",\n\"data\": {\n\"a\": \"YQ==\"\n}}\n", 4), "\"a\": •••");
        assert_eq!(shown("auth:\n  password: \"{{ values.x }}\"\n", 2), "  password: \"{{ values.x }}\"");
        assert_eq!(shown("aws: AKIAIOSFODNN7EXAMPLE\n", 1), "aws: •••");
        assert_eq!(shown("dsn: \"mysql://root:hunter2@db\"\n", 1), "dsn: •••");
        assert_eq!(
            shown("k: |\n  -----BEGIN RSA PRIVATE KEY-----\n  MIIE\n  -----END RSA PRIVATE KEY-----\n", 3),
            "  •••"
        );
        assert_eq!(shown("imagePullSecrets: [foo]\n", 1), "imagePullSecrets: [foo]");
        assert_eq!(shown("secret: {name: x}\n", 1), "secret: {name: x}");
        assert_eq!(shown("auth:\n  password: 'a b'\n", 2), "  password: •••");
        assert_eq!(shown("auth:\n  password: {{ values.x }}hunter2\n", 2), "  password: •••");
        assert_eq!(shown("auth:\n  password: {{ \"hunter2\" }}\n", 2), "  password: •••");
    }
}
