//! Ways into objects, as policies write them.

use crate::yaml::{Kind, Node};

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hop {
    /// Into a map.
    Key(String),
    /// Into a list, from 0.
    Index(usize),
}

/// A way from a node to one within it.
pub type Steps = Vec<Hop>;

/// Reads a way: `spec.containers[0].image`, `metadata.labels["a.b/c"]`, or a JSON pointer, `/spec/containers/0`.
pub(super) fn parse(text: &str) -> Option<Steps> {
    if let Some(pointer) = text.strip_prefix('/') {
        let hop = |part: &str| match part.parse() {
            Ok(index) => Hop::Index(index),
            Err(_) => Hop::Key(part.replace("~1", "/").replace("~0", "~")),
        };
        return Some(pointer.split('/').map(hop).collect());
    }
    let mut steps = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(inside) = rest.strip_prefix('[') {
            let quote = inside.chars().next()?;
            if matches!(quote, '"' | '\'') {
                let end = inside[1..].find(quote)? + 1;
                steps.push(Hop::Key(inside[1..end].to_owned()));
                rest = inside[end + 1..].strip_prefix(']')?;
            } else {
                let end = inside.find(']')?;
                steps.push(Hop::Index(inside[..end].parse().ok()?));
                rest = &inside[end + 1..];
            }
        } else {
            let name = if steps.is_empty() { rest.strip_prefix('.').unwrap_or(rest) } else { rest.strip_prefix('.')? };
            let end = name.find(['.', '[']).unwrap_or(name.len());
            if end == 0 {
                return None;
            }
            steps.push(Hop::Key(name[..end].to_owned()));
            rest = &name[end..];
        }
    }
    Some(steps)
}

/// Follows a way as far as it leads. Tells, too, whether it led to its end.
pub fn follow<'d>(root: Node<'d>, steps: &[Hop]) -> (Node<'d>, bool) {
    let mut node = root;
    for step in steps {
        let next = match step {
            Hop::Index(index) if node.kind() == Kind::Seq => node.items().nth(*index),
            Hop::Index(index) => node.get(&index.to_string()),
            Hop::Key(key) => node.get(key),
        };
        let Some(next) = next else { return (node, false) };
        node = next;
    }
    (node, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_are_read_in_the_forms_that_people_write() {
        let key = |text: &str| Hop::Key(text.to_owned());
        let image = vec![key("spec"), key("containers"), Hop::Index(0), key("image")];
        for text in ["spec.containers[0].image", ".spec.containers[0].image", "/spec/containers/0/image"] {
            assert_eq!(parse(text), Some(image.clone()), "{text}");
        }
        assert_eq!(parse("metadata.labels[\"a.b/c\"]"), Some(vec![key("metadata"), key("labels"), key("a.b/c")]));
        assert_eq!(parse("labels['a']"), Some(vec![key("labels"), key("a")]));
        assert_eq!(parse(""), Some(Vec::new()));
        for text in ["a..b", "a[", "a[x]", "a['b", "a.", "[0]b"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
