//! What is given twice.

use super::Check;
use crate::diagnostic::Change;
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
                let finding = findings.at(name).message(message).label(first.span(), "first given here");
                // The later one counts.
                if let Some(overridden) = first.parent() {
                    finding.change(overridden, Change::Delete);
                }
            } else {
                first.insert(name.text(), name);
            }
        }
    })
}

/// An object of a group, kind, namespace and name may be in the set once, and in one release of an environment.
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
        } else if let Some(name) = object.node.at(&["metadata", "name"])
            && context.neighbour(object.group(), object.kind, object.name, object.namespace.as_deref())
        {
            let message = format!("another release of this environment has {} `{}`, too", object.kind, object.name);
            findings.at(name).message(message).help("let one release own it, or give it another name");
        }
    })
}

#[cfg(test)]
mod tests {
    use crate::lint::{LintConfig, LintContext, Linter, Neighbourhood, Word};
    use crate::object::ObjectSet;
    use crate::source::SourceMap;
    use crate::yaml::parse;

    #[test]
    fn an_object_of_two_releases_is_told() {
        let sources = SourceMap::new();
        let read = |text: &str| parse(&sources.add("a.yaml", text)).documents;
        let text = |name: &str| format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n");
        let (one, two, three) = (read(&text("a")), read(&text("a")), read(&text("b")));
        let set = |documents, namespace| ObjectSet::read(documents, Some(namespace), &|_, _| Vec::new());
        let config = LintConfig { only: vec![Word::from("duplicate-object")], ..LintConfig::default() };
        let linter = Linter::new(&config).0;
        for (other, count) in [(set(&two, "shop"), 1), (set(&two, "other"), 0), (set(&three, "shop"), 0)] {
            let objects = set(&one, "shop");
            let beside = Neighbourhood::new([("x", &objects), ("y", &other)]);
            let run = LintContext { neighbourhood: Some(&beside), release: Some("x"), ..LintContext::default() };
            assert_eq!(linter.lint(&objects, &run).len(), count);
        }
    }
}
