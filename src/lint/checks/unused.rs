//! Objects that nothing in the set mentions.

use super::Check;
use crate::lint::params::Params;

/// A ConfigMap or Secret must be mentioned by its name somewhere in the set, unless something reads it by its labels,
/// annotations or type.
pub(super) fn build(_: &mut Params<'_>) -> Check {
    Check::object(|context, findings| {
        let object = context.object;
        let metadata =
            |field: &str| object.node.at(&["metadata", field]).into_iter().flat_map(crate::yaml::Node::entries);
        // Labels and annotations of other domains are how controllers and sidecars find what they read.
        let ordinary = |name: &str| {
            let (domain, key) = name.split_once('/').unwrap_or(("", name));
            matches!(domain, "app.kubernetes.io" | "helm.sh" | "meta.helm.sh")
                || (domain.is_empty() && matches!(key, "app" | "chart" | "component" | "heritage" | "release"))
        };
        let found_otherwise = metadata("labels").chain(metadata("annotations")).any(|entry| !ordinary(entry.name()));
        let typed = object.node.field("type").is_some_and(|kind| kind.text() != "Opaque");
        if !context.run.complete
            || object.name.is_empty()
            || found_otherwise
            || typed
            || context.set.mentions(object.name)
        {
            return;
        }
        if let Some(name) = object.node.at(&["metadata", "name"]) {
            findings.at(name).message(format!(
                "nothing {} mentions {} `{}`",
                context.whole(),
                object.kind,
                object.name
            ));
        }
    })
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::problems;

    #[test]
    fn a_mention_anywhere_is_enough() {
        let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web-config}\n---\n";
        for (other, count) in [
            ("apiVersion: example.com/v1\nkind: X\nmetadata: {name: a}\nspec: {settings: {from: web-config}}", 0),
            (
                "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{args: ['--config=ns/web-config']}]}",
                0,
            ),
            ("apiVersion: v1\nkind: Service\nmetadata: {name: web-config}", 1),
            ("apiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: {app: web-config}}\nspec: {}", 1),
        ] {
            assert_eq!(problems("unused-configmap", &format!("{map}{other}\n")).len(), count, "{other}");
        }
    }
}
