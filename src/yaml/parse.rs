//! From a text to documents: by the reader of what manifests are made of, else by a parser's events.

use super::block;
use super::build::Builder;
use super::problem;
use super::tree::{Comment, Document};
use crate::diagnostic::Diagnostic;
use crate::source::{SourceFile, Span};
use granit_parser::{Event, Options, Parser};
use std::sync::Arc;

/// Collections may stand in each other this deep, whether written out or reached through aliases.
pub(super) const DEPTH_LIMIT: usize = 200;

/// What a text holds.
#[derive(Debug, Default)]
pub struct Parsed {
    /// The documents that could be read, in order; empty ones included.
    pub documents: Vec<Document>,
    /// What is wrong with the text: the `yaml/…` findings.
    pub diagnostics: Vec<Diagnostic>,
}

/// Parses a text of any number of documents.
///
/// A document with a syntax error is left out, with a finding; reading goes on at the next `---`.
pub fn parse(source: &Arc<SourceFile>) -> Parsed {
    block::read(source).unwrap_or_else(|| parse_any(source))
}

/// Parses whatever is YAML, as [`parse`] does where a text is more than its own reader takes: both give the same.
pub fn parse_any(source: &Arc<SourceFile>) -> Parsed {
    let mut options = Options::default();
    options.emit_unresolved_aliases = true;
    options.flow_nesting_limit = DEPTH_LIMIT;
    options.block_nesting_limit = DEPTH_LIMIT;
    options.max_buffered_comment_events = 100_000;
    let mut parser = Parser::new_from_str_with_options(source.text(), options);
    let mut parsed = Parsed::default();
    let mut builder: Option<Builder> = None;
    let mut comments: Vec<Comment> = Vec::new();
    let mut end = 0;
    loop {
        let (event, span) = match parser.next_event() {
            None | Some(Ok((Event::StreamEnd, _))) => break,
            Some(Ok(next)) => next,
            Some(Err(error)) => {
                parsed.diagnostics.push(problem::syntax(source, &error));
                builder = None;
                comments.clear();
                match parser.proceed_next_document() {
                    Ok(true) => continue,
                    Ok(false) => break,
                    Err(error) => {
                        parsed.diagnostics.push(problem::syntax(source, &error));
                        break;
                    }
                }
            }
        };
        let range = span.byte_range().unwrap_or(end..end);
        match event {
            Event::StreamStart | Event::StreamEnd => {}
            Event::Comment(..) => comments.push(comment(source, range)),
            Event::DocumentStart(explicit, _) => {
                let start = if explicit { range.end } else { end };
                builder = Some(Builder::new(Arc::clone(source), start));
            }
            Event::DocumentEnd => {
                end = range.end;
                if let Some(mut builder) = builder.take() {
                    let (document, problems) = builder.finish(std::mem::take(&mut comments), end);
                    parsed.diagnostics.extend(problems);
                    parsed.documents.extend(document);
                }
            }
            event => {
                if let Some(builder) = &mut builder {
                    builder.event(event, range);
                }
            }
        }
    }
    parsed
}

fn comment(source: &SourceFile, range: std::ops::Range<usize>) -> Comment {
    let before = source.text()[..range.start].rsplit('\n').next().unwrap_or_default();
    let own_line = before.chars().all(|c| c.is_whitespace() || c == '\u{feff}');
    Comment { span: Span::new(source.id(), range.start, range.end), own_line }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceMap;
    use crate::yaml::{Kind, Node};

    fn read(text: &str) -> Parsed {
        parse(&SourceMap::new().add("a.yaml", text))
    }

    /// Writes a tree as JSON, so that a test shows text and reading side by side.
    fn json(node: Node) -> String {
        match node.kind() {
            Kind::Map => {
                let entries: Vec<_> = node.entries().map(|e| format!("{:?}:{}", e.name(), json(e.value))).collect();
                format!("{{{}}}", entries.join(","))
            }
            Kind::Seq => format!("[{}]", node.items().map(json).collect::<Vec<_>>().join(",")),
            Kind::String => format!("{:?}", node.text()),
            Kind::Null => "null".to_owned(),
            _ => node.text().to_owned(),
        }
    }

    fn all(text: &str) -> String {
        let parsed = read(text);
        let documents = parsed.documents.iter().map(|document| json(document.root()));
        let problems = parsed.diagnostics.iter().map(|problem| {
            let at = problem.span.expect("has a place");
            let map = SourceMap::new();
            let position = map.add("a", text).position(at.start);
            format!("{}:{} {}", position.line, position.column, problem.rule)
        });
        documents.chain(problems).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn documents_and_findings() {
        for (text, expected) in [
            ("", ""),
            ("# only a comment\n", ""),
            ("a: 1\nb: [x, {k: z}]\n", r#"{"a":1,"b":["x",{"k":"z"}]}"#),
            ("a: 1\n---\nb: 2\n", "{\"a\":1}\n{\"b\":2}"),
            ("a: |\n  -----BEGIN\n  ---\n  x\n", r#"{"a":"-----BEGIN\n---\nx\n"}"#),
            ("a: x\r\nb: |\r\n  l1\r\n  l2\r\n", r#"{"a":"x","b":"l1\nl2\n"}"#),
            ("\u{feff}a: 1\n", r#"{"a":1}"#),
            ("a: {b: 1}\n---\na: [1, 2\n---\nc: 3\n", "{\"a\":{\"b\":1}}\n{\"c\":3}\n3:4 yaml/syntax"),
            ("a: 1\na: 2\n", "{\"a\":1}\n2:1 yaml/duplicate-key"),
            ("a:\n\tb: 1\n", "2:1 yaml/tab"),
            ("on: 1\n", "{\"true\":1}\n1:1 yaml/retyped-key"),
            ("8080: x\n", r#"{"8080":"x"}"#),
            ("a: &x {b: 1}\nc: *x\n", r#"{"a":{"b":1},"c":{"b":1}}"#),
            ("a: &x {b: 1, c: 2}\nd:\n  <<: *x\n  c: 3\n", r#"{"a":{"b":1,"c":2},"d":{"c":3,"b":1}}"#),
            ("a: &x\n  b: *x\n", "{\"a\":{\"b\":null}}\n2:6 yaml/alias-cycle"),
            ("a: *x\n", "{\"a\":null}\n1:4 yaml/unknown-anchor"),
            ("a: !!str 1\nb: !!int '2'\n", r#"{"a":"1","b":2}"#),
            ("a:\nb: ~\n", r#"{"a":null,"b":null}"#),
            ("? [a]\n: b\n", "{}\n1:3 yaml/key"),
        ] {
            assert_eq!(all(text), expected, "{text:?}");
        }
    }

    #[test]
    fn aliases_have_a_budget() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..9 {
            let before = format!("*a{}", level - 1);
            text += &format!("a{level}: &a{level} [{}]\n", vec![before; 10].join(", "));
        }
        assert!(read(&text).diagnostics.iter().any(|d| d.rule == "yaml/alias-budget"));
    }

    #[test]
    fn deep_nesting_is_a_finding() {
        let found = read(&"[".repeat(100_000));
        assert_eq!(found.diagnostics[0].rule, "yaml/too-deep");
        let mut block = String::new();
        for level in 0..1000 {
            block += &format!("{}a:\n", " ".repeat(level));
        }
        assert_eq!(read(&block).diagnostics[0].rule, "yaml/too-deep");
    }

    #[test]
    fn spans_name_the_source() {
        let map = SourceMap::new();
        let source = map.add("a.yaml", "a:\n  b: \"x\\ny\"\n  c: |\n    text\n\nd:\n- e: 1\n  f: 2\n# end\n");
        let parsed = parse(&source);
        let root = parsed.documents[0].root();
        let slice = |node: Node| source.slice(node.span()).to_owned();
        assert_eq!(slice(root.get("a").unwrap()), "b: \"x\\ny\"\n  c: |\n    text");
        assert_eq!(slice(root.at(&["a", "c"]).unwrap()), "|\n    text");
        assert_eq!(slice(root.at(&["a", "b"]).unwrap()), "\"x\\ny\"");
        let item = root.get("d").unwrap().items().next().unwrap();
        assert_eq!(slice(item), "e: 1\n  f: 2");
        assert_eq!(source.slice(item.head()), "e");
        assert_eq!(item.get("f").unwrap().path_from(root), "d[0].f");
        assert_eq!(source.slice(parsed.documents[0].comments()[0].span), "# end");
    }
}
