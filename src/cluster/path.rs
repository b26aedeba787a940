//! Finds the node that a server's field path names.

use crate::yaml::{self, Kind, Node};

/// A field that a server names.
#[derive(Clone, Debug, PartialEq)]
pub struct Found<'d> {
    /// The field's node; what holds it, where it is absent.
    pub node: Node<'d>,
    /// The field from the object's root, as findings write it.
    pub path: String,
}

/// Follows a field path from an object's root, as far as the object goes.
///
/// Paths are those of a `Status` (`spec.ports[0].name`, `data[a.b]`) and of server-side apply
/// (`.spec.ports[port=80,protocol="TCP"].name`).
pub fn find<'d>(root: Node<'d>, path: &str) -> Found<'d> {
    let mut node = root;
    let steps = steps(path);
    for (index, step) in steps.iter().enumerate() {
        let Some(next) = follow(node, step) else {
            let mut path = node.path_from(root);
            for absent in &steps[index..] {
                match absent {
                    Step::Key(key) => yaml::Step::Key(key).push_to(&mut path),
                    Step::Bracket(text) => match text.parse() {
                        Ok(index) => yaml::Step::Index(index).push_to(&mut path),
                        Err(_) => yaml::Step::Key(text.trim_matches('"')).push_to(&mut path),
                    },
                }
            }
            return Found { node, path };
        };
        node = next;
    }
    Found { node, path: node.path_from(root) }
}

enum Step<'a> {
    Key(&'a str),
    /// What stands in brackets.
    Bracket(&'a str),
}

fn steps(path: &str) -> Vec<Step<'_>> {
    let mut steps = Vec::new();
    let mut rest = path.strip_prefix('.').unwrap_or(path);
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('[') {
            let end = closing(inner);
            steps.push(Step::Bracket(&inner[..end]));
            rest = inner.get(end + 1..).unwrap_or_default();
        } else {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            steps.push(Step::Key(&rest[..end]));
            rest = &rest[end..];
        }
        rest = rest.strip_prefix('.').unwrap_or(rest);
    }
    steps
}

/// The place of the bracket that closes; quoted text may hold brackets.
fn closing(inner: &str) -> usize {
    let mut quoted = false;
    for (at, byte) in inner.bytes().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b']' if !quoted => return at,
            _ => {}
        }
    }
    inner.len()
}

fn follow<'d>(node: Node<'d>, step: &Step<'_>) -> Option<Node<'d>> {
    match (step, node.kind()) {
        (Step::Key(key), Kind::Map) => node.get(key),
        (Step::Bracket(key), Kind::Map) => node.get(key.trim_matches('"')),
        (Step::Bracket(text), Kind::Seq) => match text.parse::<usize>() {
            Ok(index) => node.items().nth(index),
            Err(_) => node.items().find(|item| {
                text.split(',').all(|pair| {
                    let (key, value) = pair.split_once('=').unwrap_or(("", pair));
                    let value = value.trim_matches('"');
                    match item.kind() {
                        // The server has filled in its defaults: a key that is not written may have any.
                        Kind::Map => item.get(key).is_none_or(|held| held.text() == value),
                        _ => item.text() == value,
                    }
                })
            }),
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::find;
    use crate::source::SourceMap;
    use crate::yaml::parse;

    #[test]
    fn paths_of_both_kinds_lead_to_nodes() {
        let text = "spec: {ports: [{name: a, port: 80}, {name: b, port: 81}], finalizers: [x, y]}\ndata: {a.b: c}\n";
        let parsed = parse(&SourceMap::new().add("a.yaml", text));
        let root = parsed.documents[0].root();
        for (path, expected, held_by) in [
            ("spec.ports[1].name", "spec.ports[1].name", "spec.ports[1].name"),
            (".spec.ports[port=81,protocol=\"TCP\"].name", "spec.ports[1].name", "spec.ports[1].name"),
            ("spec.finalizers[\"y\"]", "spec.finalizers[1]", "spec.finalizers[1]"),
            ("data[a.b]", "data[\"a.b\"]", "data[\"a.b\"]"),
            ("spec.ports[0].nodePort", "spec.ports[0].nodePort", "spec.ports[0]"),
            ("spec.ports[7].name", "spec.ports[7].name", "spec.ports"),
            ("binaryData[a.b]", "binaryData[\"a.b\"]", ""),
            ("", "", ""),
        ] {
            let found = find(root, path);
            assert_eq!(found.path, expected, "{path}");
            assert_eq!(found.node.path_from(root), held_by, "{path}");
        }
    }
}
