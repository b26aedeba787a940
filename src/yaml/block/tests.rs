//! This reader and the parser read the same.

use super::read;
use crate::source::SourceMap;
use crate::yaml::Node;
use crate::yaml::parse::{Parsed, parse_any};
use proptest::prelude::*;
use std::path::Path;

/// Writes all that a reading gave.
fn tell(parsed: &Parsed) -> String {
    let mut told = String::new();
    for document in &parsed.documents {
        told += &format!("document {:?} {:?}\n", document.span().range(), document.comments());
        node(document.root(), &mut told);
    }
    for problem in &parsed.diagnostics {
        told += &format!("{problem:?}\n");
    }
    told
}

fn node(it: Node<'_>, told: &mut String) {
    let parent = it.parent().map(|parent| parent.span().range());
    let range = it.span().range();
    *told += &format!("{range:?} {:?} {:?} {:?} {:?} in {parent:?}\n", it.kind(), it.style(), it.scalar(), it.text());
    for entry in it.entries() {
        node(entry.key, told);
        node(entry.value, told);
    }
    it.items().for_each(|item| node(item, told));
}

/// Reads a text both ways. Tells whether this reader took it.
fn agree(text: &str) -> bool {
    let source = SourceMap::new().add("a.yaml", text);
    let Some(read) = read(&source) else { return false };
    assert_eq!(tell(&read), tell(&parse_any(&source)), "{text}");
    true
}

/// The parser says that a list in its key's column begins at its first item.
#[test]
fn a_list_begins_at_its_dash() {
    for text in [
        "c:\n- h\n",
        "c:\n- -1\n",
        "c:\n- - h\n",
        "c: # why\n- -1\n",
        "c:\n- # x\n  - 1\n",
        "c:\n- # x -\n  b: 1\n",
        "c:\n-\n  # x\n  # y - # z\n  b: 1\n",
        "d:\n  c:\n  - # x\n    -1\n  - 2\n",
        "c:\n-\n- 1\n",
        "c:\n- &a 1\n- *a\n",
    ] {
        let source = SourceMap::new().add("a.yaml", text);
        let list = parse_any(&source).documents[0].root().entries().next().map(|entry| {
            let value = entry.value;
            value.get("c").unwrap_or(value).span().start as usize
        });
        assert_eq!(list, text.find('-'), "{text}");
        agree(text);
    }
    let source = SourceMap::new().add("a.yaml", "- &a 1\n- c:\n  - *a\n- - *a\n- -\n  - 1\n");
    let parsed = parse_any(&source);
    let items: Vec<_> = parsed.documents[0].root().items().collect();
    let starts = [items[1].get("c").expect("is there"), items[2], items[3]].map(|list| list.span().start);
    assert_eq!(starts, [14, 21, 28]);
}

#[test]
fn what_manifests_are_made_of_is_read_as_the_parser_reads_it() {
    for text in [
        "a: 1\n",
        "a: 1",
        "# first\na: 1 # beside\n# last\n",
        "---\na: 1\n---\nb: 2\n",
        "---\n# Source: a.yaml\na: 1\n---\n# Source: b.yaml\n",
        "---\n---\na: 1\n---\n",
        "a: 1\n---\n",
        "# a\n---\n# b\n--- # c\na: 1\n# d\n---\n# e\n",
        "a:\nb:\n  c: ~\n  d:\n  - e: f\n    g: h\n  - i\nj:\n    - k\n    -   l: 1\n        m: 2\n",
        "a: # why\n  b: 1\nc: # nothing\n",
        "- a\n- b: 1\n  c:\n  - d\n",
        "-\n  a: 1\n-\n  - b\n",
        "- - a\n  - b\n- - c\n",
        "a: |\n  x\n\n    y\n  z\n\nb: |-\n  one\nc: |+\n  two\n\nd: 3\n",
        "a: |\n  x\n# comment\nb: 1\n",
        "a: >\n  x y\n  z\n\n  p\n\n\n  q\nb: >-\n  r\n  s\n\nc: >+\n  t\n\nd:\n  - >-\n    u\n    v\n",
        "- |\n  x\n- y\n",
        "a:\n- |-\n x\n",
        "a: \"b: c # d\"\n'e f': 'it''s' # g\n\"h\": \"\\\"i\\\" \\\\ \\n\"\n",
        "a: {}\nb: []\nc: { d: 1, e: [f, \"g\", {h: i}], j: 'k' } # l\n",
        "command: [sh, -c, \"sleep 1; exit\"]\n",
        "a: http://x:80/#y\nb: -1\nc: a b  # d\ne: x:y\n",
        "on: 1\n0x10: 2\na: .inf\na: b\n",
        "<<: { a: 1 }\nb: 2\n",
        "ä: ö\nb: \"→\"\n",
        "a: b\n   \n\nc: d\n   ",
    ] {
        assert!(agree(text), "left to the parser: {text}");
    }
}

#[test]
fn what_is_unusual_is_left_to_the_parser() {
    for text in [
        "a: &b 1\nc: *b\n",
        "a: b\n  c\n",
        "a: >\n  b\n    c\n",
        "? a\n: b\n",
        "{a: 1}\n",
        "a: !!str 1\n",
        "a:\tb\n",
        "a\n",
        "a: [b,\n  c]\n",
        "a: [-]\n",
        "a: [b, -]\n",
        "a: {b: -}\n",
    ] {
        assert!(!agree(text), "{text}");
    }
    assert!(!agree(&format!("a: {{{}: 1}}\n", "k".repeat(1100))));
    assert!(!agree(&format!("a: {{\"{}\": 1}}\n", "k".repeat(1100))));
}

/// Gathers the texts of files below a folder, and of the blocks that pages hold.
fn gather(folder: &Path, texts: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            gather(&path, texts);
        } else if let Ok(text) = std::fs::read_to_string(&path) {
            texts.extend(text.split("\n-- ").map(|part| part.split_once('\n').map_or("", |(_, rest)| rest).to_owned()));
            texts.push(text);
        }
    }
}

#[test]
fn the_files_of_this_project_are_read_alike() {
    let mut texts = Vec::new();
    for folder in ["rules", "charts-examples", "tests/cases", "tests/real/objects", "tests/manifests", "docs"] {
        gather(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut texts);
    }
    let taken = texts.iter().filter(|text| agree(text)).count();
    assert!(taken * 4 > texts.len(), "{taken} of {}", texts.len());
}

fn line() -> impl Strategy<Value = String> {
    let words = [
        "a: 1",
        "b: x y",
        "c:",
        "- d",
        "- e: f",
        "- g:",
        "-",
        "- - h",
        "- # x",
        "- -1",
        "m: [-, a]",
        "i: |",
        "j: |-",
        "- |+",
        "text",
        "k: \"l\"",
        "'m': n",
        "o: 'p''q'",
        "r: \"s\\n\"",
        "t: {}",
        "u: [v, w]",
        "x: { y: z, a: [1] }",
        "# note",
        "b: 1 # note",
        "---",
        "",
        "  ",
        "c: # d",
        "e: -",
        "f: - g",
        "h: a: b",
        "\t",
        "i: j#k",
        "l: #m",
        "a: 1",
        "- a: 1 ",
        "on: yes",
        "\"x\": ",
        "- \"y\" # z",
        "- [a]",
        "- { b: c }",
        "d: 'e",
        "...",
        "--- # f",
        "g: >",
        "w: >-",
        "%h",
        "i : j",
        "k: \"l\" m",
        "{{ n }}",
        "o: {{ p }}",
        "q: [r",
        "s]",
        "?",
        ": t",
        "u: &v w",
        "x: *v",
        "- -1",
        "y: --- z",
        "-- a",
        "é: ü",
        "b: c\u{a0}d",
        "a: b\u{2028}c",
        "text\ttab",
        "a: |  ",
        "a: | # b",
        "a: |2",
    ];
    (0usize..7, prop::sample::select(words.to_vec())).prop_map(|(indent, word)| format!("{}{word}", " ".repeat(indent)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_lines_are_read_alike(lines in prop::collection::vec(line(), 0..9), end in any::<bool>()) {
        agree(&(lines.join("\n") + if end { "\n" } else { "" }));
    }

    #[test]
    fn any_characters_are_read_alike(text in r#"([ab: \n#'"\\|\-\[\]{},\t&*!?]|- |\n  |: ){0,40}"#) {
        agree(&text);
    }
}
