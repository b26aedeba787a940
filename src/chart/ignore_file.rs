//! `.helmignore`: the files of a chart's folder that are no part of the chart.
//!
//! The rules are Helm's: a pattern without a slash is held against names, one with a slash against paths from the
//! chart's folder; a final slash means folders only, `**` is not known, and a rule with `!` leaves out everything that
//! it does **not** match. The last rule to speak does not win: the first that leaves a file out does.

use super::load::ChartFile;
use crate::diagnostic::Diagnostic;
use crate::source::{SourceFile, SourceMap, Span};

/// The rules of a `.helmignore`.
#[derive(Debug)]
pub(super) struct IgnoreFile {
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    pattern: Vec<Part>,
    negated: bool,
    folders_only: bool,
    whole_path: bool,
}

/// A part of a pattern that takes one character, or any number of them.
#[derive(Debug)]
enum Part {
    Char(char),
    One,
    Many,
    Class { negated: bool, ranges: Vec<(char, char)> },
}

impl IgnoreFile {
    /// Gives the rules that hold without a file: hidden files in `templates/` are left out.
    pub(super) fn builtin() -> Self {
        Self { rules: Rule::parse("templates/.?*").into_iter().collect() }
    }

    /// Reads a file's rules; a line that cannot be read is a finding and leaves out nothing.
    pub(super) fn parse(source: &SourceFile) -> (Self, Vec<Diagnostic>) {
        let mut file = Self::builtin();
        let mut diagnostics = Vec::new();
        let mut start = 0;
        for line in source.text().split_inclusive('\n') {
            let text = line.trim().trim_start_matches('\u{feff}');
            let at = start + line.find(text).unwrap_or_default();
            start += line.len();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            match Rule::parse(text) {
                Ok(rule) => file.rules.push(rule),
                Err(help) => diagnostics.push(
                    Diagnostic::error("chart/ignore-file", format!("the pattern `{text}` cannot be read"))
                        .at(Span::new(source.id(), at, at + text.len()))
                        .help(help),
                ),
            }
        }
        (file, diagnostics)
    }

    /// Tells whether the file at a path from the chart's folder is left out, itself or with a folder above it.
    pub(super) fn ignores(&self, path: &str) -> bool {
        let folders = path.match_indices('/').map(|(at, _)| (&path[..at], true));
        folders.chain([(path, false)]).any(|(path, folder)| self.ignores_entry(path, folder))
    }

    fn ignores_entry(&self, path: &str, folder: bool) -> bool {
        self.rules.iter().any(|rule| {
            if rule.negated {
                return (rule.folders_only && !folder) || !rule.matches(path);
            }
            (folder || !rule.folders_only) && rule.matches(path)
        })
    }
}

/// Leaves out of a chart's files what its `.helmignore` names; the file itself stays, unless it names itself.
///
/// Chart.yaml and values.yaml stay, whatever it says, as on loading.
pub fn without_ignored(mut files: Vec<ChartFile>) -> Vec<ChartFile> {
    let text = files.iter().find(|file| file.path == ".helmignore");
    let text = text.and_then(|file| std::str::from_utf8(&file.bytes).ok());
    let rules =
        text.map_or_else(IgnoreFile::builtin, |text| IgnoreFile::parse(&SourceMap::new().add(".helmignore", text)).0);
    files.retain(|file| matches!(file.path.as_str(), "Chart.yaml" | "values.yaml") || !rules.ignores(&file.path));
    files
}

impl Rule {
    fn parse(text: &str) -> Result<Self, String> {
        if text.contains("**") {
            return Err("`**` is not known here; name each folder, or a file's name alone".to_owned());
        }
        let (negated, text) = text.strip_prefix('!').map_or((false, text), |rest| (true, rest));
        let (folders_only, text) = text.strip_suffix('/').map_or((false, text), |rest| (true, rest));
        let whole_path = text.contains('/');
        let pattern = parts(text.strip_prefix('/').unwrap_or(text)).ok_or("close the `[`, and end with no `\\`")?;
        Ok(Self { pattern, negated, folders_only, whole_path })
    }

    fn matches(&self, path: &str) -> bool {
        let text = if self.whole_path { path } else { path.rsplit('/').next().unwrap_or(path) };
        glob(&self.pattern, &text.chars().collect::<Vec<_>>())
    }
}

fn parts(pattern: &str) -> Option<Vec<Part>> {
    let mut characters = pattern.chars().peekable();
    let mut parts = Vec::new();
    while let Some(c) = characters.next() {
        parts.push(match c {
            '*' => Part::Many,
            '?' => Part::One,
            '\\' => Part::Char(characters.next()?),
            '[' => {
                let negated = characters.next_if_eq(&'^').is_some();
                let mut ranges = Vec::new();
                while ranges.is_empty() || characters.peek() != Some(&']') {
                    let mut one = || match characters.next()? {
                        '\\' => characters.next(),
                        '-' | ']' => None,
                        c => Some(c),
                    };
                    let low = one()?;
                    let high = if characters.next_if_eq(&'-').is_some() {
                        match characters.next()? {
                            '\\' => characters.next()?,
                            ']' => return None,
                            c => c,
                        }
                    } else {
                        low
                    };
                    ranges.push((low, high));
                }
                characters.next();
                Part::Class { negated, ranges }
            }
            c => Part::Char(c),
        });
    }
    Some(parts)
}

/// Matches as Go's `filepath.Match` does: no wildcard takes a slash. Goes back to the last `*` only, so it is quadratic
/// at worst.
fn glob(pattern: &[Part], text: &[char]) -> bool {
    let (mut at_pattern, mut at_text) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    loop {
        let taken = match (pattern.get(at_pattern), text.get(at_text)) {
            (None, None) => return true,
            (Some(Part::Many), _) => {
                retry = Some((at_pattern, at_text));
                at_pattern += 1;
                continue;
            }
            (Some(Part::Char(wanted)), Some(c)) => wanted == c,
            (Some(Part::One), Some(c)) => *c != '/',
            (Some(Part::Class { negated, ranges }), Some(c)) => {
                *c != '/' && ranges.iter().any(|(low, high)| low <= c && c <= high) != *negated
            }
            _ => false,
        };
        if taken {
            at_pattern += 1;
            at_text += 1;
            continue;
        }
        match retry {
            Some((star, start)) if text.get(start).is_some_and(|c| *c != '/') => {
                retry = Some((star, start + 1));
                at_pattern = star + 1;
                at_text = start + 1;
            }
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceMap;

    fn ignored(rules: &str, path: &str) -> bool {
        let map = SourceMap::new();
        let (file, diagnostics) = IgnoreFile::parse(&map.add(".helmignore", rules));
        assert!(diagnostics.is_empty(), "{diagnostics:?}");
        file.ignores(path)
    }

    #[test]
    fn patterns_mean_what_helm_says() {
        for (rules, path, expected) in [
            ("", "values.yaml", false),
            ("", "templates/.swp", true),
            ("# a comment\n\n*.md\n", "README.md", true),
            ("*.md", "docs/README.md", true),
            ("*.md\r\n", "a.md", true),
            ("/README.md", "README.md", true),
            ("/*.md", "docs/README.md", false),
            ("docs/", "docs/a/b.txt", true),
            ("docs/", "docs", false),
            ("docs", "docs/a.txt", true),
            ("docs/*.txt", "docs/a.txt", true),
            ("docs/*.txt", "docs/a/b.txt", false),
            ("a?c", "abc", true),
            ("a[b-d]c", "acc", true),
            ("a[^b-d]c", "acc", false),
            ("a\\*c", "abc", false),
            ("a\\*c", "a*c", true),
            ("!*.yaml", "values.yaml", false),
            ("!*.yaml", "README.md", true),
            ("*a*b*", "xxaxxbxx", true),
            ("*a*b*", "xxbxxaxx", false),
        ] {
            assert_eq!(ignored(rules, path), expected, "{rules:?} on {path}");
        }
    }

    #[test]
    fn a_pattern_that_cannot_be_read_is_a_finding_at_the_pattern() {
        let map = SourceMap::new();
        for text in ["ok\n  a/**/b\n", "ok\n  [ab\n", "ok\n  ab\\\n"] {
            let source = map.add(".helmignore", text);
            let (_, diagnostics) = IgnoreFile::parse(&source);
            assert_eq!(diagnostics.len(), 1, "{text:?}");
            let position = source.position(diagnostics[0].span.expect("has a place").start);
            assert_eq!((position.line, position.column), (2, 3));
        }
    }
}
