//! Names of Services as DNS has them (`db.shop.svc.cluster.local`), in variables and configuration.

use super::Check;
use crate::diagnostic::nearest;
use crate::lint::finding::{Context, Findings};
use crate::lint::params::Params;
use crate::object::{Object, Pod};
use crate::yaml::Node;
use std::collections::BTreeSet;

/// A full name of a Service must be that of a Service in the set, where its namespace is one that the set fills, or where a
/// Service of that name lives in another. Looks at values of variables, and at the data of ConfigMaps.
pub(super) fn build(_: &mut Params<'_>) -> Check {
    Check::object(|context, findings| {
        let object = context.object;
        if !context.run.complete {
            return;
        }
        let variables =
            object.pods.iter().flat_map(Pod::containers).filter_map(|container| container.node.field("env"));
        let values = variables.flat_map(Node::items).filter_map(|variable| variable.field("value"));
        let data = object.node.field("data").filter(|_| object.is("", &["ConfigMap"]));
        for text in values.chain(data.into_iter().flat_map(Node::entries).map(|entry| entry.value)) {
            judge(context, text, findings);
        }
    })
}

fn judge<'d>(context: &Context<'_, 'd>, place: Node<'d>, findings: &mut Findings<'d>) {
    let mut said = BTreeSet::new();
    for (name, namespace) in full_names(place.text()) {
        if is_there(context, name, Some(namespace)) || !said.insert((name, namespace)) {
            continue;
        }
        let services = || context.set.of_kind("", "Service");
        let here = || services().filter(|service| service.namespace.as_deref() == Some(namespace));
        if let Some(other) = services().find(|service| service.name == name && service.namespace.is_some()) {
            let home = other.namespace.as_deref().unwrap_or_default();
            findings
                .at(place)
                .message(format!(
                    "`{name}.{namespace}` names the namespace `{namespace}`, but the Service is in `{home}`"
                ))
                .help(format!("write `{name}.{home}.svc`"))
                .label(other.node.head(), "the Service");
        } else if here().next().is_some() && !is_operated(context, name, namespace) {
            findings
                .at(place)
                .message(format!("`{name}.{namespace}` names no Service {}", context.whole()))
                .did_you_mean(nearest(name, here().map(|service| service.name)));
        }
    }
}

fn is_there(context: &Context<'_, '_>, name: &str, namespace: Option<&str>) -> bool {
    let here = |object: &Object<'_>| object.is("", &["Service"]) && object.namespace.as_deref() == namespace;
    // The API server makes its own.
    (name == "kubernetes" && namespace == Some("default"))
        || context.set.named(name).iter().any(|object| here(object))
        || context.neighbour("", "Service", name, namespace)
}

/// Tells whether an operator may make the Service: it is called after a custom resource of the set, as in `db-rw` of `db`.
fn is_operated(context: &Context<'_, '_>, name: &str, namespace: &str) -> bool {
    let fronts = name.match_indices('-').filter_map(|(at, _)| name.get(..at)).chain(std::iter::once(name));
    fronts.flat_map(|front| context.set.named(front)).any(|object| {
        let group = object.group();
        group.contains('.') && !group.ends_with("k8s.io") && object.namespace.as_deref() == Some(namespace)
    })
}

/// Finds the full names of Services in a text: name and namespace of each.
fn full_names(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '.'));
    words.filter(|word| word.contains(".svc")).filter_map(|word| {
        let labels: Vec<&str> = word.trim_end_matches('.').split('.').collect();
        let at = labels.iter().position(|label| *label == "svc")?;
        let inside = matches!(labels.get(at + 1..), Some([] | ["cluster", "local"]));
        match labels.get(..at) {
            // A variable put together at run time leaves part of the name out.
            Some([.., name, namespace]) if inside && !name.is_empty() && !namespace.is_empty() => {
                Some((*name, *namespace))
            }
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::full_names;
    use crate::lint::testing::{pod, problems};

    #[test]
    fn full_names_are_found_in_texts() {
        for (text, expected) in [
            ("postgres://u:p@db.shop.svc.cluster.local:5432/x", Some(("db", "shop"))),
            ("http://web.shop.svc", Some(("web", "shop"))),
            ("db-0.db.shop.svc.cluster.local.", Some(("db", "shop"))),
            ("web.shop.svc.example.com", None),
            ("$(NAME).svc", None),
            ("web.shop", None),
        ] {
            assert_eq!(full_names(text).next(), expected, "{text}");
        }
    }

    #[test]
    fn a_name_in_another_namespace_is_told() {
        let service = "apiVersion: v1\nkind: Service\nmetadata: {name: db, namespace: data}\n";
        for (name, count) in [
            ("db.data.svc", 0),
            ("db.shop.svc", 1),
            ("bd.data.svc", 1),
            ("x.other.svc", 0),
            ("kubernetes.default.svc", 0),
        ] {
            let text =
                format!("{}---\n{service}", pod("dnsPolicy: Default", &format!("env: [{{name: H, value: {name}}}]")));
            assert_eq!(problems("dangling-service-name", &text).len(), count, "{name}");
        }
        let operated = "---\napiVersion: postgresql.cnpg.io/v1\nkind: Cluster\nmetadata: {name: pg, namespace: data}\n";
        let text =
            format!("{}---\n{service}{operated}", pod("dnsPolicy: Default", "env: [{name: H, value: pg-rw.data.svc}]"));
        assert_eq!(problems("dangling-service-name", &text), [""; 0]);
    }
}
