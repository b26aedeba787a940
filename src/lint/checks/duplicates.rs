//! What is given twice.

use super::Check;
use crate::lint::finding::called;
use crate::lint::params::Params;
use crate::yaml::Node;
use std::collections::HashMap;

/// A container may name a variable once.
pub(super) fn env(_: &mut Params<'_>) -> Check {
    Check::container(|_, container, findings| {
        let mut first: HashMap<&str, Node<'_>> = HashMap::new();
        let names = container.node.field("env").into_iter().flat_map(Node::items).filter_map(|item| item.field("name"));
        for name in names {
            if let Some(first) = first.get(name.text()) {
                let message = format!("{} is given `{}` twice", called(container), name.text());
                findings.at(name).message(message).label(first.span(), "first given here");
            } else {
                first.insert(name.text(), name);
            }
        }
    })
}

/// An object of a group, kind, namespace and name may be in the set once.
pub(super) fn object(_: &mut Params<'_>) -> Check {
    Check::object(|context, findings| {
        let object = context.object;
        // Names that the server makes up differ.
        if object.name.is_empty() {
            return;
        }
        let first = context.set.beside(object, object.group(), object.kind, object.name);
        if let Some(first) = first.filter(|first| first.node != object.node)
            && let Some(name) = object.node.at(&["metadata", "name"])
        {
            let span = first.node.at(&["metadata", "name"]).map_or(first.node.head(), Node::span);
            let message = format!("there is another {} `{}`", object.kind, object.name);
            findings.at(name).message(message).label(span, "the first one");
        }
    })
}
