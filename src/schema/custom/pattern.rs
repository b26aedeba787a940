//! Patterns: RE2's syntax, as Go reads it, told to the `regex` crate.

use regex::Regex;
use std::sync::OnceLock;

/// A pattern, compiled when it is first needed.
#[derive(Debug)]
pub(super) struct Pattern {
    source: Box<str>,
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    pub(super) fn new(source: &str) -> Self {
        Self { source: source.into(), compiled: OnceLock::new() }
    }

    /// Gives the pattern as written.
    pub(super) fn source(&self) -> &str {
        &self.source
    }

    /// Tells whether a text matches; every text does where the pattern cannot be read.
    pub(super) fn matches(&self, text: &str) -> bool {
        let compiled = self.compiled.get_or_init(|| Regex::new(&translate(&self.source)).ok());
        compiled.as_ref().is_none_or(|pattern| pattern.is_match(text))
    }
}

/// Says what is wrong with a pattern, where that is certain.
pub fn pattern_problem(pattern: &str) -> Option<String> {
    // Go reads more than the crate does in these.
    if pattern.contains("\\Q") || pattern.contains("\\C") || pattern.contains("\\0") {
        return None;
    }
    match Regex::new(&translate(pattern)) {
        Err(regex::Error::Syntax(text)) => {
            let last = text.lines().last().unwrap_or_default();
            Some(last.trim_start_matches("error: ").to_owned())
        }
        _ => None,
    }
}

/// Rewrites what the two syntaxes read differently: in Go's, `\d`, `\w`, `\s` and `\b` know ASCII only, brackets, `&&`,
/// `--` and `~~` mean themselves in classes, and so does a brace that begins no repetition.
fn translate(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut rest = pattern.char_indices().peekable();
    let mut in_class = false;
    while let Some((at, c)) = rest.next() {
        match c {
            '\\' => match rest.next() {
                Some((_, escaped)) => escape(escaped, in_class, &mut out),
                None => out.push('\\'),
            },
            '[' if !in_class => {
                in_class = true;
                out.push('[');
                if rest.next_if(|(_, next)| *next == '^').is_some() {
                    out.push('^');
                }
                // A bracket that stands first is meant.
                if rest.next_if(|(_, next)| *next == ']').is_some() {
                    out.push_str("\\]");
                }
            }
            '[' => match named_class(&pattern[at..]) {
                Some(name) => {
                    out.push_str(name);
                    (1..name.chars().count()).for_each(|_| _ = rest.next());
                }
                None => out.push_str("\\["),
            },
            ']' if in_class => {
                in_class = false;
                out.push(']');
            }
            '&' | '~' if in_class => out.extend(['\\', c]),
            '-' if in_class && rest.peek().is_some_and(|(_, next)| *next == '-') => out.push_str("\\-"),
            '{' if !in_class && !is_repetition(&pattern[at..]) => out.push_str("\\{"),
            _ => out.push(c),
        }
    }
    out
}

fn escape(escaped: char, in_class: bool, out: &mut String) {
    let class = match escaped {
        'd' => "0-9",
        'w' => "0-9A-Za-z_",
        's' => "\\t\\n\\x0C\\r ",
        'D' => "^0-9",
        'W' => "^0-9A-Za-z_",
        'S' => "^\\t\\n\\x0C\\r ",
        'b' | 'B' if !in_class => return out.extend(["(?-u:\\", if escaped == 'b' { "b" } else { "B" }, ")"]),
        '<' | '>' => return out.push(escaped),
        _ => return out.extend(['\\', escaped]),
    };
    if in_class && !class.starts_with('^') {
        out.push_str(class);
    } else {
        out.extend(["[", class, "]"]);
    }
}

/// Finds `[:alpha:]` at the front of a text.
fn named_class(text: &str) -> Option<&str> {
    let end = text.strip_prefix("[:")?.find(":]")?;
    let name = &text[2..2 + end];
    name.trim_start_matches('^').bytes().all(|byte| byte.is_ascii_lowercase()).then(|| &text[..end + 4])
}

/// Tells whether a text begins with `{2}`, `{2,}` or `{2,3}`.
fn is_repetition(text: &str) -> bool {
    let Some(end) = text.find('}') else { return false };
    let inner = &text[1..end];
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (least, most) = inner.split_once(',').unwrap_or((inner, ""));
    !least.is_empty() && digits(least) && digits(most)
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn patterns_match_as_in_go() {
        for (pattern, good, bad) in [
            (r"^\d+$", "12", "१२"),
            (r"^[\w.]+$", "a_b.c", "ä"),
            (r"^[a&&b]+$", "a&b", "c"),
            (r"^[[a]+$", "[a", "b"),
            (r"^[]a]+$", "]a", "b"),
            (r"^[[:alpha:]-]+$", "a-b", "1"),
            (r"^a{x}$", "a{x}", "ax"),
            (r"^a{1,2}$", "aa", "aaa"),
            (r"^\<a\>$", "<a>", "a"),
            (r"^[^\s/]+$", "ab", "a b"),
            (r"b", "abc", "ac"),
            // A pattern that cannot be read refuses nothing.
            (r"^\Qa", "anything", ""),
        ] {
            let pattern = Pattern::new(pattern);
            assert!(pattern.matches(good), "{pattern:?} {good}");
            assert!(bad.is_empty() || !pattern.matches(bad), "{pattern:?} {bad}");
        }
    }
}
