//! Our own reader of block style against the full parser: whatever text both read, they read alike, places and comments too.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll::source::SourceMap;
use plimsoll::yaml::{Node, Parsed, parse, parse_any};
use plimsoll_fuzz::text;

/// Writes all that a reading gave.
fn tell(parsed: &Parsed) -> String {
    let mut told = String::new();
    for document in &parsed.documents {
        told += &format!("document {:?} {:?}\n", document.span().range(), document.comments());
        node(document.root(), &mut told);
    }
    told + &format!("{:?}", parsed.diagnostics)
}

fn node(it: Node<'_>, told: &mut String) {
    *told += &format!("{:?} {:?} {:?} {:?} {:?}\n", it.span().range(), it.kind(), it.style(), it.scalar(), it.text());
    for entry in it.entries() {
        node(entry.key, told);
        node(entry.value, told);
    }
    it.items().for_each(|item| node(item, told));
}

fuzz_target!(|bytes: &[u8]| {
    let Some(text) = text(bytes) else { return };
    let source = SourceMap::new().add("a.yaml", text);
    assert_eq!(tell(&parse(&source)), tell(&parse_any(&source)), "{text:?}");
});
