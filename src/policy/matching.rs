//! Which objects a policy or its binding is about: `matchConstraints` and `matchResources`.

use crate::object::Object;
use crate::object::selector::first_unmet;
use crate::yaml::Node;

/// What is known of an object and of the namespace it lands in.
#[derive(Clone, Copy)]
pub(super) struct Subject<'o, 'd> {
    /// The object.
    pub(super) object: &'o Object<'d>,
    /// The name of its resource in paths: `deployments`.
    pub(super) resource: &'o str,
    /// Whether it lives in a namespace.
    pub(super) namespaced: bool,
    /// The Namespace that it lands in, where that is among the objects.
    pub(super) namespace: Option<Node<'d>>,
}

/// Whether something is about an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Match {
    /// It is.
    Yes,
    /// It is not.
    No,
    /// That depends on what only the cluster knows.
    Unknown(String),
}

/// Tells whether a `MatchResources` is about the creation of an object. `rules` says whether it must have rules: a policy's
/// must, a binding's none means all.
pub(super) fn is_about(resources: Option<Node<'_>>, subject: Subject<'_, '_>, rules_needed: bool) -> Match {
    let Some(resources) = resources else { return if rules_needed { Match::No } else { Match::Yes } };
    let equivalent = resources.field("matchPolicy").is_none_or(|policy| policy.text() == "Equivalent");
    let any = |list: &str| {
        let rules = resources.field(list).into_iter().flat_map(Node::items);
        let mut rules = rules.peekable();
        (rules.peek().is_some(), rules.any(|rule| names(rule, subject, equivalent)))
    };
    let (some, named) = any("resourceRules");
    if (some || rules_needed) && !named || any("excludeResourceRules").1 {
        return Match::No;
    }
    if let Some(selector) = resources.field("objectSelector")
        && first_unmet(selector, subject.object.node.at(&["metadata", "labels"])).is_some()
    {
        return Match::No;
    }
    match resources.field("namespaceSelector") {
        Some(selector) if subject.namespaced || subject.object.is("", &["Namespace"]) => selects(selector, subject),
        _ => Match::Yes,
    }
}

/// Tells whether a rule names the resource of an object and its creation.
fn names(rule: Node<'_>, subject: Subject<'_, '_>, equivalent: bool) -> bool {
    let object = subject.object;
    let version = object.api_version.rsplit('/').next().unwrap_or_default();
    let has = |list: &str, wanted: &str| {
        rule.field(list).into_iter().flat_map(Node::items).any(|item| item.text() == "*" || item.text() == wanted)
    };
    // `pods/exec` is no object; `*/*` is everything.
    let resource = rule
        .field("resources")
        .into_iter()
        .flat_map(Node::items)
        .any(|item| [subject.resource, "*", "*/*"].contains(&item.text()));
    let scope = match rule.field("scope").map(Node::text) {
        Some("Namespaced") => subject.namespaced,
        Some("Cluster") => !subject.namespaced,
        _ => true,
    };
    let mut wanted_names = rule.field("resourceNames").into_iter().flat_map(Node::items).map(Node::text).peekable();
    let named = wanted_names.peek().is_none() || wanted_names.any(|name| name == object.name);
    resource
        && scope
        && named
        && has("operations", "CREATE")
        && has("apiGroups", object.group())
        && (equivalent || has("apiVersions", version))
}

/// Holds a selector of namespaces against what is known of the object's namespace.
fn selects(selector: Node<'_>, subject: Subject<'_, '_>) -> Match {
    if let Some(namespace) = subject.namespace {
        let labels = namespace.at(&["metadata", "labels"]);
        let name = namespace.at(&["metadata", "name"]).map(Node::text).unwrap_or_default();
        return selected_by_name(selector, name, labels);
    }
    let empty = |list: &str| selector.field(list).is_none_or(|held| held.entries().len() + held.items().len() == 0);
    if empty("matchLabels") && empty("matchExpressions") {
        return Match::Yes;
    }
    let labels = selector.field("matchLabels").into_iter().flat_map(Node::entries).map(|entry| entry.name());
    let keys = selector.field("matchExpressions").into_iter().flat_map(Node::items);
    let keys = keys.map(|requirement| requirement.field("key").map(Node::text).unwrap_or_default());
    let unknown = labels.chain(keys).find(|key| *key != NAME_LABEL);
    match (unknown, subject.object.namespace.as_deref()) {
        (None, Some(name)) => selected_by_name(selector, name, None),
        (Some(key), _) => {
            Match::Unknown(format!("it asks for the label `{key}` of a namespace that is not among the objects"))
        }
        (None, None) => Match::Unknown("the object's namespace is not known".to_owned()),
    }
}

/// The label that every namespace has: its name.
const NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// Holds a selector against labels and the name's own label.
fn selected_by_name(selector: Node<'_>, name: &str, labels: Option<Node<'_>>) -> Match {
    let label = |key: &str| match key {
        NAME_LABEL => Some(name),
        key => labels.and_then(|labels| labels.get(key)).map(Node::text),
    };
    let pairs = selector.field("matchLabels").into_iter().flat_map(Node::entries);
    let mut pairs = pairs.map(|entry| label(entry.name()) == Some(entry.value.text()));
    let requirements = selector.field("matchExpressions").into_iter().flat_map(Node::items);
    let mut requirements = requirements.map(|requirement| {
        let value = label(requirement.field("key").map(Node::text).unwrap_or_default());
        let listed =
            |value: &str| requirement.field("values").into_iter().flat_map(Node::items).any(|v| v.text() == value);
        match requirement.field("operator").map(Node::text).unwrap_or_default() {
            "In" => value.is_some_and(listed),
            "NotIn" => !value.is_some_and(listed),
            "Exists" => value.is_some(),
            "DoesNotExist" => value.is_none(),
            _ => true,
        }
    });
    if pairs.all(|met| met) && requirements.all(|met| met) { Match::Yes } else { Match::No }
}

/// Guesses the resource of a kind as clients do: in small letters, in the plural.
pub(crate) fn resource_of(kind: &str) -> String {
    let lower = kind.to_lowercase();
    if lower == "endpoints" || lower.ends_with("metrics") {
        return lower;
    }
    match lower.chars().last() {
        Some('s' | 'x') => lower + "es",
        Some('y') if !lower.ends_with("ey") && !lower.ends_with("ay") => {
            lower.strip_suffix('y').unwrap_or_default().to_owned() + "ies"
        }
        _ if lower.ends_with("ch") => lower + "es",
        _ => lower + "s",
    }
}

#[cfg(test)]
mod tests {
    use super::resource_of;

    #[test]
    fn resources_are_plurals() {
        for (kind, resource) in [
            ("Deployment", "deployments"),
            ("Ingress", "ingresses"),
            ("NetworkPolicy", "networkpolicies"),
            ("Endpoints", "endpoints"),
            ("Gateway", "gateways"),
            ("CSIStorageCapacity", "csistoragecapacities"),
        ] {
            assert_eq!(resource_of(kind), resource);
        }
    }
}
