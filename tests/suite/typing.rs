//! Plain scalars against what the API's clients read them as: tests/typing/expected.txt, made by the program beside it.

use plimsoll::source::SourceMap;
use plimsoll::yaml::{Node, Scalar, float_text, parse};

fn read(text: &str) -> String {
    let parsed = parse(&SourceMap::new().add("typing", format!("k: {text}\n")));
    let node = parsed.documents.first().and_then(|document| document.root().get("k"));
    node.filter(|_| parsed.diagnostics.is_empty()).map_or_else(|| "ERR".to_owned(), json)
}

fn json(node: Node) -> String {
    match node.scalar() {
        Some(Scalar::Null) => "null".to_owned(),
        Some(Scalar::Bool(value)) => value.to_string(),
        Some(Scalar::Int(value)) => value.to_string(),
        Some(Scalar::UInt(value)) => value.to_string(),
        Some(Scalar::Float(value)) => float_text(value),
        _ => serde_json::Value::from(node.text()).to_string().replace('<', "\\u003c"),
    }
}

#[test]
fn plain_scalars_are_read_as_go_reads_them() {
    let expected = include_str!("../typing/expected.txt");
    let mut differ = Vec::new();
    for line in expected.lines() {
        let (quoted, wanted) = line.rsplit_once("\" ").expect("a text and its reading");
        let text: String = serde_json::from_str(&format!("{quoted}\"")).expect("a quoted text");
        let got = read(&text);
        if got != wanted {
            differ.push(format!("{text}: Go reads {wanted}, Plimsoll {got}"));
        }
    }
    assert!(differ.is_empty(), "{} of {} differ:\n{}", differ.len(), expected.lines().count(), differ.join("\n"));
}
