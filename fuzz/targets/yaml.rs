//! The YAML reader: no text panics it, every place is one, and what it read is written and read again as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll::source::SourceMap;
use plimsoll::yaml::emit::{Data, block, flow};
use plimsoll::yaml::parse;
use plimsoll_fuzz::{check_findings, check_nodes, check_span, read, text};

fuzz_target!(|bytes: &[u8]| {
    let Some(text) = text(bytes) else { return };
    let sources = SourceMap::new();
    let parsed = parse(&sources.add("a.yaml", text));
    check_findings(&parsed.diagnostics, &sources);
    for document in &parsed.documents {
        check_nodes(document.root(), &sources);
        check_span(document.span(), &sources);
        document.comments().iter().for_each(|comment| check_span(comment.span, &sources));
        if !parsed.diagnostics.is_empty() {
            continue;
        }
        let data = Data::from_node(document.root());
        for written in [block(&data, 0), flow(&data)] {
            let again = read(&written);
            assert!(again.diagnostics.is_empty(), "{written:?}: {:?}", again.diagnostics);
            let [again] = again.documents.as_slice() else { panic!("{written:?} is not one document") };
            assert!(same(&Data::from_node(again.root()), &data), "{written:?} is not {data:?}");
        }
    }
});

/// What is no number is equal to itself here, and a whole number is one however it is kept.
#[allow(clippy::cast_precision_loss)]
fn same(one: &Data, other: &Data) -> bool {
    match (one, other) {
        (Data::Int(one), Data::Float(other)) => *one as f64 == *other,
        (Data::UInt(one), Data::Float(other)) => *one as f64 == *other,
        (Data::Float(one), Data::Float(other)) => one == other || (one.is_nan() && other.is_nan()),
        (Data::Seq(one), Data::Seq(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Data::Map(one), Data::Map(other)) => {
            one.len() == other.len()
                && one.iter().zip(other).all(|((a, one), (b, other))| a == b && same(one, other))
        }
        _ => one == other,
    }
}
