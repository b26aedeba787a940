//! Edits read as pages: a text, a change, and the text after it; and random texts in random layouts.

use super::testing::layout;
use super::{apply, change_node, find};
use crate::diagnostic::Change;
use crate::source::SourceMap;
use crate::yaml::emit::Data;
use crate::yaml::{Node, parse};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Follows keys and indices: `spec.containers.0.name`.
fn follow<'d>(root: Node<'d>, path: &str) -> Node<'d> {
    path.split('.').filter(|step| !step.is_empty()).fold(root, |node, step| {
        let item = step.parse::<usize>().ok().and_then(|at| node.items().nth(at));
        item.or_else(|| node.get(step)).unwrap_or_else(|| panic!("nothing at {path}"))
    })
}

fn edited(text: &str, path: &str, change: &Change) -> Result<String, String> {
    let parsed = parse(&SourceMap::new().add("a.yaml", text));
    let wrong = |found: &crate::diagnostic::Diagnostic| found.severity == crate::diagnostic::Severity::Error;
    assert!(!parsed.diagnostics.iter().any(wrong), "{text}\n{:#?}", parsed.diagnostics);
    let plan = change_node(follow(parsed.documents[0].root(), path), change).map_err(|refusal| refusal.0)?;
    Ok(apply(text, &plan.ways[0]))
}

fn set(keys: &str, value: Value) -> Change {
    Change::Set { keys: keys.split('.').map(str::to_owned).collect(), value }
}

#[test]
fn entries_are_added_where_a_person_would_write_them() {
    for (text, path, keys, value, expected) in [
        ("a: 1\n", "", "b", json!(2), "a: 1\nb: 2\n"),
        ("a: 1", "", "b", json!(2), "a: 1\nb: 2"),
        ("a: 1\r\n", "", "b.c", json!(2), "a: 1\r\nb:\r\n  c: 2\r\n"),
        ("a: 1 # one\n# end\n", "", "b", json!(2), "a: 1 # one\nb: 2\n# end\n"),
        ("a:\n    b: 1\nc: 2\n", "a", "d.e", json!([1]), "a:\n    b: 1\n    d:\n        e:\n            - 1\nc: 2\n"),
        ("- a: 1\n  b: {c: 2}\n- x\n", "0", "d", json!({"e": 1}), "- a: 1\n  b: {c: 2}\n  d:\n    e: 1\n- x\n"),
        ("a: {b: 1}\n", "a", "c", json!("x"), "a: {b: 1, c: x}\n"),
        ("a: { b: 1 }\n", "a", "c", json!("yes"), "a: { b: 1, c: \"yes\" }\n"),
        ("a: {}\n", "a", "c", json!(1), "a: {c: 1}\n"),
        ("a: { }\n", "a", "c", json!(1), "a: { c: 1 }\n"),
        ("a:\nb: 1\n", "", "a.c", json!(1), "a:\n  c: 1\nb: 1\n"),
        ("a: # why\nb: 1\n", "", "a.c", json!(1), "a: # why\n  c: 1\nb: 1\n"),
        ("a: null\n", "", "a", json!(1), "a: 1\n"),
        ("a: |\n  text\n\n\nb: |+\n  kept\n\n", "", "c", json!(1), "a: |\n  text\n\n\nb: |+\n  kept\n\nc: 1\n"),
        ("a: >-\n  folded\n  text # no comment\n", "", "b", json!(1), "a: >-\n  folded\n  text # no comment\nb: 1\n"),
        ("a: x\n  y\nb: 1\n", "", "c", json!(1), "a: x\n  y\nb: 1\nc: 1\n"),
        ("---\na: 1\n---\nb: 1\n", "", "c", json!(1), "---\na: 1\nc: 1\n---\nb: 1\n"),
        ("a: 1\n...\n", "", "c", json!(1), "a: 1\nc: 1\n...\n"),
        ("\u{feff}a: 1\n", "", "c", json!(1), "\u{feff}a: 1\nc: 1\n"),
        (
            "{\n  \"a\": 1,\n  \"b\": [1]\n}\n",
            "",
            "c",
            json!({"d": true}),
            "{\n  \"a\": 1,\n  \"b\": [1],\n  \"c\": {\"d\":true}\n}\n",
        ),
        ("{\"a\": {}}", "a", "c", json!("x"), "{\"a\": {\"c\": \"x\"}}"),
        ("a: &x {b: 1}\nc: 2\n", "", "d", json!(1), "a: &x {b: 1}\nc: 2\nd: 1\n"),
        ("x: &x\n  b: 1\na:\n  c: *x\n", "a", "d", json!(1), "x: &x\n  b: 1\na:\n  c: *x\n  d: 1\n"),
        (
            "x: &x\n  b: 1\na:\n  q:\n    c: *x\ne: 1\n",
            "a",
            "d",
            json!(1),
            "x: &x\n  b: 1\na:\n  q:\n    c: *x\n  d: 1\ne: 1\n",
        ),
        ("x: &x {b: 1}\na:\n  <<: *x\n  c: 1\n", "a", "d", json!(1), "x: &x {b: 1}\na:\n  <<: *x\n  c: 1\n  d: 1\n"),
        ("a: [{b: 1}, {b: 2}]\n", "a.1", "c", json!(3), "a: [{b: 1}, {b: 2, c: 3}]\n"),
        ("a: 1 # b\n", "", "a", json!(2), "a: 2 # b\n"),
    ] {
        assert_eq!(edited(text, path, &set(keys, value)).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn scalars_keep_their_quotes_and_what_is_the_same() {
    for (text, path, change, expected) in [
        (
            "a: 'k8s.gcr.io/pause' # p\n",
            "a",
            Change::Replace(json!("registry.k8s.io/pause")),
            "a: 'registry.k8s.io/pause' # p\n",
        ),
        ("a: \"x\"\n", "a", Change::Replace(json!("y\n")), "a: \"y\\n\"\n"),
        ("a: true\n", "a", Change::Replace(json!(false)), "a: false\n"),
        ("a: [yes, b]\n", "a.0", Change::Quote, "a: [\"yes\", b]\n"),
        ("a: 1.10\n", "a", Change::Quote, "a: \"1.10\"\n"),
        ("a: '80'\n", "a", Change::Unquote, "a: 80\n"),
        ("a: 644\n", "a", Change::Write("0644".to_owned()), "a: 0644\n"),
        ("on: 1\n", "true", Change::QuoteKey, "\"on\": 1\n"),
        ("'imagee': x\n", "imagee", Change::Rename("image".to_owned()), "'image': x\n"),
        ("a: {b : 1}\n", "a.b", Change::Rename("c".to_owned()), "a: {c : 1}\n"),
        ("a:\n- b\n", "a", Change::Append(json!("c")), "a:\n- b\n- c\n"),
        (
            "a:\n  - b: 1\n    c: 2 # two\nd: 1\n",
            "a",
            Change::Append(json!({"b": 1, "c": [2]})),
            "a:\n  - b: 1\n    c: 2 # two\n  - b: 1\n    c:\n      - 2\nd: 1\n",
        ),
        ("a: [b]\n", "a", Change::Append(json!("c")), "a: [b, c]\n"),
        ("a: [ ]\n", "a", Change::Append(json!("c")), "a: [ c ]\n"),
    ] {
        assert_eq!(edited(text, path, &change).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn what_goes_takes_its_comments_along() {
    for (text, path, expected) in [
        ("a: 1\n# about b\n# still\nb: 2 # b\nc: 3\n", "b", "a: 1\nc: 3\n"),
        ("# the file\n\nb: 2\nc: 3\n", "b", "# the file\n\nc: 3\n"),
        ("a: 1\nb: 2", "b", "a: 1"),
        ("a: 1\r\nb:\r\n  c: 1\r\nd: 1\r\n", "b", "a: 1\r\nd: 1\r\n"),
        ("a:\n  b: 1 # x\nc: 1\n", "a.b", "a: {}\nc: 1\n"),
        ("- a: 1\n  b: 2\n", "0.a", "- b: 2\n"),
        ("a: {b: 1, c: 2}\n", "a.b", "a: {c: 2}\n"),
        ("a: {b: 1, c: 2}\n", "a.c", "a: {b: 1}\n"),
        ("a: { b: 1 }\n", "a.b", "a: {  }\n"),
        ("a:\n  - x\n  # about y\n  - y: 1\n    z: 2\n  - w\n", "a.1", "a:\n  - x\n  - w\n"),
        ("a:\n  - x\nb: 1\n", "a.0", "a: []\nb: 1\n"),
        ("a: [x, y]\n", "a.1", "a: [x]\n"),
        ("{\n  \"a\": 1,\n  \"b\": 2\n}\n", "b", "{\n  \"a\": 1\n}\n"),
    ] {
        assert_eq!(edited(text, path, &Change::Delete).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn what_stands_for_several_places_is_left_alone() {
    for (text, path, change) in [
        ("x: &x {b: 1}\na: *x\n", "a", set("c", json!(1))),
        ("x: &x {b: 1}\na: *x\n", "x", set("c", json!(1))),
        ("x: &x {b: {d: 1}}\na:\n  <<: *x\n  c: 1\n", "a.b", set("c", json!(1))),
        ("x: &x 80\na: *x\n", "a", Change::Quote),
        ("x: &x {b: 1}\na: {<<: *x}\n", "a.b", Change::Delete),
        ("a: |\n  x\n", "a", Change::Replace(json!("y"))),
        ("a: x\n  y\n", "a", Change::Replace(json!("z"))),
        ("a: [1]\n", "a", Change::Replace(json!("z"))),
        ("a: 1\n", "a", set("b", json!(1))),
        ("a: 1\n", "", set("a", json!(1))),
        ("a: 1\n", "", Change::Delete),
    ] {
        let shown = edited(text, path, &change);
        assert!(shown.is_err(), "{text}: {shown:?}");
    }
}

fn data() -> impl Strategy<Value = Data> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Data::Bool),
        (0..9999i64).prop_map(Data::Int),
        "[a-z' #:]{0,8}".prop_map(Data::String),
        Just(Data::String("yes".to_owned())),
    ];
    let inner = leaf.prop_recursive(4, 20, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Data::Seq),
            prop::collection::btree_map("[a-f]{1,2}", inner, 0..4).prop_map(|map| Data::Map(map.into_iter().collect())),
        ]
    });
    prop::collection::btree_map("[a-f]{1,2}", inner, 1..5).prop_map(|map| Data::Map(map.into_iter().collect()))
}

/// Lists the ways to all maps, lists and scalars below, as keys and indices.
fn ways(data: &Data, way: &mut Vec<String>, out: &mut Vec<Vec<String>>) {
    out.push(way.clone());
    let mut go = |step: String, data: &Data| {
        way.push(step);
        ways(data, way, out);
        way.pop();
    };
    match data {
        Data::Map(entries) => entries.iter().for_each(|(key, value)| go(key.clone(), value)),
        Data::Seq(items) => items.iter().enumerate().for_each(|(at, item)| go(at.to_string(), item)),
        _ => {}
    }
}

fn at<'a>(data: &'a mut Data, way: &[String]) -> &'a mut Data {
    way.iter().fold(data, |data, step| match data {
        Data::Map(entries) => {
            entries.iter_mut().find(|(key, _)| key == step).map(|(_, value)| value).expect("is there")
        }
        Data::Seq(items) => &mut items[step.parse::<usize>().expect("is an index")],
        _ => panic!("no way leads into a scalar"),
    })
}

/// Makes a change of data, as the edit should make it of the text.
fn changed(data: &Data, way: &[String], change: &Change) -> Data {
    let mut whole = data.clone();
    match change {
        Change::Set { keys, value } => {
            let Data::Map(entries) = at(&mut whole, way) else { return whole };
            entries.push((keys[0].clone(), Data::from_json(value)));
        }
        Change::Append(value) => {
            let Data::Seq(items) = at(&mut whole, way) else { return whole };
            items.push(Data::from_json(value));
        }
        Change::Replace(value) => *at(&mut whole, way) = Data::from_json(value),
        Change::Delete => {
            let (last, parent) = way.split_last().expect("is no root");
            match at(&mut whole, parent) {
                Data::Map(entries) => entries.retain(|(key, _)| key != last),
                Data::Seq(items) => _ = items.remove(last.parse().expect("is an index")),
                _ => {}
            }
        }
        _ => {}
    }
    whole
}

/// Data with its maps sorted: where an entry stands does not count.
fn sorted(data: &Data) -> Data {
    match data {
        Data::Map(entries) => {
            let mut entries: Vec<_> = entries.iter().map(|(key, value)| (key.clone(), sorted(value))).collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            Data::Map(entries)
        }
        Data::Seq(items) => Data::Seq(items.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

/// How many comments a text holds. In this test's texts, `a comment` and `so it is` are nothing else.
fn comments(text: &str) -> usize {
    text.matches("# a comment").count() + text.matches("# so it is").count()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// In every layout a change makes the data that is wanted, or is refused; other data, comments and line breaks stay.
    #[test]
    fn edits_change_what_they_say_and_nothing_else(data in data(), layout in layout(), pick in any::<prop::sample::Index>(), kind in 0..4u8) {
        let text = layout.write(&data);
        let source = SourceMap::new().add("a.yaml", text.as_str());
        let parsed = parse(&source);
        prop_assert!(parsed.diagnostics.is_empty(), "{text}\n{:#?}", parsed.diagnostics);
        prop_assert_eq!(sorted(&Data::from_node(parsed.documents[0].root())), sorted(&data), "{}", text);
        let mut all = Vec::new();
        ways(&data, &mut Vec::new(), &mut all);
        let way = pick.get(&all);
        let node = follow(parsed.documents[0].root(), &way.join("."));
        prop_assert_eq!(find(parsed.documents[0].root(), node.span()), Some(node));
        let change = match (kind, node.scalar()) {
            (0, None) if node.style() != crate::yaml::Style::Flow || node.items().len() == 0 && node.kind() == crate::yaml::Kind::Map =>
                Change::Set { keys: vec!["new".to_owned()], value: json!({ "deep": ["x", 1] }) },
            (1, _) => Change::Append(json!("yes")),
            (2, _) => Change::Replace(json!("of: text")),
            _ => Change::Delete,
        };
        let Ok(plan) = change_node(node, &change) else { return Ok(()) };
        for way_to in &plan.ways {
            let after = apply(&text, way_to);
            let read = parse(&SourceMap::new().add("a.yaml", after.as_str()));
            prop_assert!(read.diagnostics.is_empty(), "{text}\n->\n{after}\n{:#?}", read.diagnostics);
            let expected = sorted(&changed(&data, way, &change));
            prop_assert_eq!(sorted(&Data::from_node(read.documents[0].root())), expected, "{}\n->\n{}", text, after);
            let bare = after.replace("\r\n", "").contains(['\r', '\n']);
            if text.contains("\r\n") {
                prop_assert!(!bare, "{}\n->\n{}", text, after);
            } else {
                prop_assert!(!after.contains('\r'), "{}\n->\n{}", text, after);
            }
            prop_assert_eq!(after.ends_with('\n'), text.ends_with('\n'), "{}\n->\n{}", text, after);
            if change != Change::Delete {
                prop_assert_eq!(comments(&after), comments(&text), "{}\n->\n{}", text, after);
            }
        }
    }
}
