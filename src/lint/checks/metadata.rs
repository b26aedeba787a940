//! What stands around an object's own settings: labels, annotations, namespaces, the server's fields, the order of keys.

use super::Check;
use crate::lint::params::Params;
use crate::yaml::Node;

/// An object must have these `names` among its labels or annotations (`of`); `claim-annotations` looks at a StatefulSet's
/// claim templates. Where `matching` is given, what they say must match that pattern, from its beginning to its end.
pub(super) fn required(params: &mut Params<'_>) -> Check {
    let of = params.word("of", &["labels", "annotations", "claim-annotations"]);
    let names = params.list("names");
    let matching = params.pattern("matching");
    let field = if of == "labels" { "labels" } else { "annotations" };
    Check::object(move |context, findings| {
        let object = context.object;
        let templates = || object.spec().and_then(|spec| spec.field("volumeClaimTemplates"));
        let owners: Vec<Node<'_>> = match of {
            "claim-annotations" => templates().into_iter().flat_map(Node::items).collect(),
            _ => vec![object.node],
        };
        for owner in owners {
            let metadata = owner.field("metadata").unwrap_or(owner);
            let map = metadata.field(field);
            let what = field.trim_end_matches('s');
            let value = |name: &String| map.and_then(|map| map.field(name)).filter(|value| !value.text().is_empty());
            if let Some(missing) = names.iter().find(|name| value(name).is_none()) {
                findings.lacking(map.unwrap_or(metadata)).message(format!("the {what} `{missing}` is missing"));
            }
            let Some(matching) = &matching else { continue };
            for (name, value) in names.iter().filter_map(|name| Some((name, value(name)?))) {
                if !matching.is_match(value.text()) {
                    findings.at(value).message(format!("the {what} `{name}` does not say what is asked for"));
                }
            }
        }
    })
}

/// An object must have an owner, unless Helm starts it as a hook.
pub(super) fn unowned(_: &mut Params<'_>) -> Check {
    Check::object(|context, findings| {
        let object = context.object.node;
        let is_hook = object.at(&["metadata", "annotations", "helm.sh/hook"]).is_some();
        let owners = object.at(&["metadata", "ownerReferences"]);
        if !is_hook && owners.is_none_or(|owners| owners.items().len() == 0) {
            findings.lacking(object.field("metadata").unwrap_or(object));
        }
    })
}

/// An object and its pods may have no annotation that matches one of these `patterns`, in which `*` stands for anything.
pub(super) fn forbidden_annotation(params: &mut Params<'_>) -> Check {
    let patterns = params.list("patterns");
    Check::object(move |context, findings| {
        let object = context.object;
        let templates = object.pods.iter().map(|pod| pod.template).filter(|template| *template != object.node);
        for owner in std::iter::once(object.node).chain(templates) {
            for entry in owner.at(&["metadata", "annotations"]).into_iter().flat_map(Node::entries) {
                if patterns.iter().any(|pattern| matches(pattern, entry.name())) {
                    findings.at_key(entry).message(format!("the annotation `{}` is written", entry.name()));
                }
            }
        }
    })
}

/// Tells whether a text fits a pattern with at most one `*`.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((front, back)) => {
            text.len() >= front.len() + back.len() && text.starts_with(front) && text.ends_with(back)
        }
    }
}

/// An object may not land in one of these `namespaces`. Outside of a release none at all counts as `default`.
pub(super) fn namespace(params: &mut Params<'_>) -> Check {
    let namespaces = params.list("namespaces");
    Check::object(move |context, findings| {
        let object = context.object;
        let listed = |name: &str| namespaces.iter().any(|listed| listed == name);
        // Every namespace has these two without anybody's doing.
        if object.is("", &["ServiceAccount"]) && object.name == "default"
            || object.is("", &["Service"]) && object.name == "kubernetes"
        {
            return;
        }
        match (object.node.at(&["metadata", "namespace"]), object.namespace.as_deref()) {
            (Some(written), _) if listed(written.text()) => _ = findings.at(written),
            (None, Some(known)) if listed(known) => {
                _ = findings.lacking(object.node.field("metadata").unwrap_or(object.node));
            }
            (None, None) if context.run.release.is_none() && listed("default") => {
                findings
                    .lacking(object.node.field("metadata").unwrap_or(object.node))
                    .message("no namespace is written");
            }
            _ => {}
        }
    })
}

/// No field may be written that only the server writes.
pub(super) fn server_fields(_: &mut Params<'_>) -> Check {
    const FIELDS: [&str; 6] =
        ["creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid"];
    Check::object(|context, findings| {
        let metadata = context.object.node.field("metadata");
        let of_metadata = FIELDS.iter().filter_map(|field| metadata?.entry(field)).find(|entry| !entry.value.is_null());
        // Generators write empty ones, and some of placeholders into definitions, which mean nothing.
        let definition = context.object.is("apiextensions.k8s.io", &["CustomResourceDefinition"]);
        let filled = |status: &crate::yaml::Entry<'_>| status.value.entries().len() > 0 && !definition;
        let found = of_metadata.or_else(|| context.object.node.entry("status").filter(filled));
        if let Some(entry) = found {
            findings.at_key(entry).message(format!("`{}` is the server's to write", entry.name()));
        }
    })
}

/// The keys of every map must be in the order of the alphabet.
pub(super) fn sorted_keys(_: &mut Params<'_>) -> Check {
    Check::object(|context, findings| {
        let mut stack = vec![context.object.node];
        while let Some(node) = stack.pop() {
            let entries: Vec<_> = node.entries().collect();
            let unsorted = entries.windows(2).find(|pair| matches!(pair, [one, next] if one.name() > next.name()));
            if let Some([one, next]) = unsorted {
                findings.at_key(*next).message(format!("`{}` stands after `{}`", next.name(), one.name()));
            }
            stack.extend(entries.iter().map(|entry| entry.value).chain(node.items()));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::matches;
    use crate::lint::testing::lint;
    use crate::lint::{LintConfig, LintContext, Word};

    #[test]
    fn a_star_stands_for_anything() {
        assert!(matches("nginx.*-snippet", "nginx.configuration-snippet"));
        assert!(!matches("nginx.*-snippet", "nginx.-snippe"));
        assert!(!matches("a*a", "a"));
    }

    #[test]
    fn a_release_may_leave_its_namespace_to_the_installer() {
        let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n";
        let config = LintConfig { only: vec![Word::from("default-namespace")], ..LintConfig::default() };
        for (release, count) in [(Some("shop"), 0), (None, 1)] {
            let run = LintContext { release, ..LintContext::default() };
            assert_eq!(lint(&config, &run, text).1.len(), count);
        }
    }
}
