//! Allowances in comments of manifests, templates and values.

use super::{Allow, Scope, Told, peers};
use crate::source::{SourceFile, Span};

const MARK: &str = "plimsoll: allow";
const TRIVY: &str = "trivy:ignore:";

/// Reads the comments of a text, be it a manifest, a template or values.
pub fn comments(source: &SourceFile) -> Vec<Allow> {
    let marks: Vec<&str> = [MARK, TRIVY].into_iter().filter(|mark| source.text().contains(mark)).collect();
    if marks.is_empty() {
        return Vec::new();
    }
    let lines: Vec<&str> = source.text().lines().collect();
    let mut allows = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        for mark in &marks {
            let Some((before, comment)) = split_comment(line, mark) else { continue };
            let number = at as u32 + 1;
            let (first, last) = if before.trim().is_empty() { node_below(&lines, at) } else { (number, number) };
            let start = source.line_start(number) as usize + before.len();
            let place = Span::new(source.id(), start, start + line.len() - before.len());
            let scope = Scope::Lines { file: source.id(), first, last };
            if *mark == TRIVY {
                allows.extend(peers::trivy(comment).into_iter().map(|told| told.allow(place, scope.clone())));
            } else {
                allows.push(Told::read(without_end(comment)).allow(place, scope));
            }
        }
    }
    allows
}

/// Splits a line into what stands before a comment of ours, and what the comment says behind its mark.
fn split_comment<'a>(line: &'a str, mark: &str) -> Option<(&'a str, &'a str)> {
    let at = line.find(mark)?;
    let head = line.get(..at)?.trim_end();
    let head = head.trim_end_matches('-').trim_end();
    let opened = ["{{-/*", "{{- /*", "{{/*", "{#", "#"].iter().find_map(|sign| head.strip_suffix(sign))?;
    // A `#` begins a comment only at the start of a line or behind a blank.
    (opened.is_empty() || opened.ends_with(char::is_whitespace)).then_some((opened, line.get(at + mark.len()..)?))
}

/// Takes the end of a template's comment off.
fn without_end(text: &str) -> &str {
    let closed = ["-#}", "#}", "*/ -}}", "*/-}}", "*/}}"].iter().find_map(|end| text.trim_end().strip_suffix(end));
    closed.unwrap_or(text)
}

/// Tells whether a line says nothing about the tree: blank, a comment, or nothing but a template's tag.
fn is_transparent(line: &str) -> bool {
    let text = line.trim();
    text.is_empty()
        || text.starts_with('#')
        || (text.starts_with("{%") && text.ends_with("%}"))
        || (text.starts_with("{#") && text.ends_with("#}"))
        || (text.starts_with("{{") && text.ends_with("}}"))
}

fn is_border(line: &str) -> bool {
    line == "---" || line.starts_with("--- ")
}

/// Gives the lines, from 1, of the node below a comment, or of the whole document where the comment stands at its top.
fn node_below(lines: &[&str], comment: usize) -> (u32, u32) {
    let before = lines.get(..comment).unwrap_or_default();
    let at_top = before.iter().rev().find(|line| !is_transparent(line)).is_none_or(|line| is_border(line));
    let after = || lines.iter().enumerate().skip(comment + 1);
    let skipped = |line: &str| is_transparent(line) || (at_top && is_border(line));
    let number = |at: usize| at as u32 + 1;
    let Some((start, head)) = after().find(|(_, line)| !skipped(line)) else {
        return (number(comment), number(comment));
    };
    if is_border(head) {
        return (number(comment), number(comment));
    }
    let indentation = |line: &str| line.len() - line.trim_start().len();
    let level = indentation(head);
    let is_item = |line: &str| line.trim_start() == "-" || line.trim_start().starts_with("- ");
    let belongs = |line: &str| {
        if at_top {
            return !is_border(line);
        }
        // The items of a list may stand as far left as its key.
        is_transparent(line)
            || indentation(line) > level
            || (indentation(line) == level && is_item(line) && !is_item(head))
    };
    let rest = lines.iter().enumerate().skip(start + 1).take_while(|(_, line)| belongs(line));
    (number(comment), number(rest.last().map_or(start, |(at, _)| at)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceMap;

    /// Writes what each comment of a text covers: `first-last rules (reason)`.
    fn read(text: &str) -> Vec<String> {
        let show = |allow: Allow| match allow.scope {
            Scope::Lines { first, last, .. } => {
                let until = allow.until.map(|until| format!(" to {until}")).unwrap_or_default();
                format!("{first}-{last} {} ({}){until}", allow.rules.join("+"), allow.reason)
            }
            Scope::Object { .. } => unreachable!("comments cover lines"),
        };
        comments(&SourceMap::new().add("a.yaml", text)).into_iter().map(show).collect()
    }

    #[test]
    fn a_comment_behind_something_covers_its_line() {
        assert_eq!(
            read("a:\n  image: x # plimsoll: allow latest-tag it is a demo\n"),
            ["2-2 latest-tag (it is a demo)"]
        );
        assert_eq!(
            read("a: b # plimsoll: allow r until=2027-03-01 until then\n"),
            ["1-1 r (until then) to 2027-03-01"]
        );
        assert_eq!(read("a:\n  b: c  # plimsoll: allow a,b, c why\n"), ["2-2 a+b+c (why)"]);
    }

    #[test]
    fn a_comment_above_a_node_covers_the_node() {
        let text = "\
spec:
  # plimsoll: allow r
  containers:
  - name: a
    image: b

  # another comment
  - name: c
  volumes: []
";
        assert_eq!(read(text), ["2-8 r ()"]);
        let text = "\
spec:
  containers:
    # plimsoll: allow r
    - name: a
{% if x %}
      image: b
{% endif %}
    - name: c
";
        assert_eq!(read(text), ["3-7 r ()"]);
    }

    #[test]
    fn a_comment_at_the_top_covers_the_document() {
        let text = "\
# plimsoll: allow r
---
a:
  b: c
d: e
---
f: g
# plimsoll: allow at-the-end
---
# a word
# plimsoll: allow s
h: i
j: k
";
        assert_eq!(read(text), ["1-5 r ()", "8-8 at-the-end ()", "11-13 s ()"]);
    }

    #[test]
    fn templates_comments_count() {
        assert_eq!(read("a:\n  {# plimsoll: allow r why #}\n  b: c\n"), ["2-3 r (why)"]);
        assert_eq!(read("a:\n  {{- /* plimsoll: allow r */ -}}\n  b: c\n"), ["2-3 r ()"]);
    }

    #[test]
    fn trivys_comments_count() {
        assert_eq!(read("a: b # trivy:ignore:AVD-KSV-0013:exp:2027-01-02\n"), ["1-1 latest-tag () to 2027-01-02"]);
        assert_eq!(read("# trivy:ignore:KSV013 trivy:ignore:nothing-of-ours\na: b\n"), ["1-2 latest-tag ()"]);
    }

    #[test]
    fn text_is_no_comment() {
        assert_eq!(read("a: x#plimsoll: allow r\n"), [""; 0]);
        assert_eq!(read("a: plimsoll: allow r\n"), [""; 0]);
    }
}
