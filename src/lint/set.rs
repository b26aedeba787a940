//! Looks up objects of a set by what refers to them; each table is made when it is first asked for.

use super::checks::network_policy;
use super::scaling;
use crate::object::references::Target;
use crate::object::selector::{first_unmet, is_given, selects};
use crate::object::{Object, ObjectSet, Pod};
use crate::source::Span;
use crate::yaml::Node;
use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

/// An object and a pod that it runs.
type Running<'a, 'd> = (&'a Object<'d>, &'a Pod<'d>);

/// An Ingress and one of its paths.
type Route<'a, 'd> = (&'a Object<'d>, Node<'d>);

/// What a NetworkPolicy may be about, and either.
pub(super) const DIRECTIONS: [&str; 3] = ["Any", "Ingress", "Egress"];

/// Pods that NetworkPolicies select.
#[derive(Default)]
struct Guarded<'a> {
    /// The namespaces whose pods are all selected.
    namespaces: HashSet<Option<&'a str>>,
    /// Where the templates of the others begin.
    pods: HashSet<Span>,
}

/// A set with its tables.
pub(super) struct Set<'a, 'd> {
    objects: &'a ObjectSet<'d>,
    names: OnceLock<HashMap<&'d str, Vec<&'a Object<'d>>>>,
    secrets: OnceLock<HashMap<&'d str, Vec<&'a Object<'d>>>>,
    claims: OnceLock<Vec<(&'a Object<'d>, String)>>,
    /// Pods by each of their labels.
    labelled: OnceLock<HashMap<(&'d str, &'d str), Vec<Running<'a, 'd>>>>,
    kinds: OnceLock<HashMap<(&'d str, &'d str), Vec<&'a Object<'d>>>>,
    /// Autoscalers by the name of their target.
    scalers: OnceLock<HashMap<&'d str, Vec<&'a Object<'d>>>>,
    /// The pods that a PodDisruptionBudget selects, by where their templates begin.
    budgeted: OnceLock<HashSet<Span>>,
    /// Services by their selectors.
    selecting: OnceLock<HashMap<String, Vec<&'a Object<'d>>>>,
    /// What NetworkPolicies are about, in the order of [`DIRECTIONS`].
    guarded: [OnceLock<Guarded<'a>>; DIRECTIONS.len()],
    /// The paths of Ingresses by host and path.
    routes: OnceLock<HashMap<&'d str, HashMap<&'d str, Vec<Route<'a, 'd>>>>>,
    /// The words of all texts that are not metadata.
    words: OnceLock<HashSet<&'d str>>,
}

impl<'a, 'd> Set<'a, 'd> {
    pub(super) fn new(objects: &'a ObjectSet<'d>) -> Self {
        Self {
            objects,
            names: OnceLock::new(),
            secrets: OnceLock::new(),
            claims: OnceLock::new(),
            labelled: OnceLock::new(),
            kinds: OnceLock::new(),
            scalers: OnceLock::new(),
            budgeted: OnceLock::new(),
            selecting: OnceLock::new(),
            guarded: [const { OnceLock::new() }; DIRECTIONS.len()],
            routes: OnceLock::new(),
            words: OnceLock::new(),
        }
    }

    /// Iterates over the objects of a group and kind.
    pub(super) fn of_kind(&self, group: &'static str, kind: &'static str) -> impl Iterator<Item = &'a Object<'d>> {
        let kinds = self.kinds.get_or_init(|| {
            let mut kinds: HashMap<_, Vec<_>> = HashMap::new();
            for object in self.objects {
                kinds.entry((object.group(), object.kind)).or_default().push(object);
            }
            kinds
        });
        kinds.get(&(group, kind)).into_iter().flatten().copied()
    }

    /// Gives the objects of a name, of any kind and namespace, in their order.
    pub(super) fn named(&self, name: &str) -> &[&'a Object<'d>] {
        let names = self.names.get_or_init(|| {
            let mut names: HashMap<_, Vec<_>> = HashMap::new();
            for object in self.objects {
                names.entry(object.name).or_default().push(object);
            }
            names
        });
        names.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// Finds the first object of a group, kind and name in the namespace of another.
    pub(super) fn beside(&self, other: &Object<'_>, group: &str, kind: &str, name: &str) -> Option<&'a Object<'d>> {
        let mut named = self.named(name).iter().copied();
        named.find(|object| object.is(group, &[kind]) && object.namespace == other.namespace)
    }

    /// Iterates over the pods that a selector (a map of labels) matches in the namespace of an object.
    pub(super) fn selected<'s>(
        &'s self,
        other: &'s Object<'_>,
        selector: Node<'s>,
    ) -> impl Iterator<Item = (&'a Object<'d>, &'a Pod<'d>)> {
        let labelled = self.labelled.get_or_init(|| {
            let mut labelled: HashMap<_, Vec<_>> = HashMap::new();
            for (object, pod) in self.objects.iter().flat_map(|object| object.pods.iter().map(move |pod| (object, pod)))
            {
                for label in pod.labels().into_iter().flat_map(Node::entries) {
                    labelled.entry((label.name(), label.value.text())).or_default().push((object, pod));
                }
            }
            labelled
        });
        // A pod that matches has every label that templates can have; the rarest one leaves the fewest to look at.
        let lists = selector.entries().filter(|label| !is_given(label.name()));
        let lists = lists.map(|label| labelled.get(&(label.name(), label.value.text())).map_or(&[][..], Vec::as_slice));
        let rarest = lists.min_by_key(|pods| pods.len()).unwrap_or_default();
        let beside = rarest.iter().copied().filter(|(object, _)| object.namespace == other.namespace);
        beside.filter(move |(_, pod)| selects(selector, pod.labels()))
    }

    /// Collects the pods that a `LabelSelector` matches in the namespace of an object; an empty one matches all.
    pub(super) fn matched(&self, other: &Object<'_>, selector: Node<'_>) -> Vec<(&'a Object<'d>, &'a Pod<'d>)> {
        let fits = |(_, pod): &(&'a Object<'d>, &'a Pod<'d>)| first_unmet(selector, pod.labels()).is_none();
        let labels = selector.field("matchLabels");
        match labels.filter(|labels| labels.entries().any(|label| !is_given(label.name()))) {
            Some(labels) => self.selected(other, labels).filter(fits).collect(),
            None => self.pods_beside(other).filter(fits).collect(),
        }
    }

    /// Iterates over the autoscalers of a workload.
    pub(super) fn scalers<'s>(&'s self, workload: &'s Object<'_>) -> impl Iterator<Item = &'a Object<'d>> + 's {
        let of_workload = |scaler: &Object<'_>| {
            scaler.namespace == workload.namespace
                && scaling::target(scaler).is_some_and(|target| workload.is(target.group, &[target.kind]))
        };
        self.scalers_of(workload.name).iter().copied().filter(move |scaler| of_workload(scaler))
    }

    /// Gives the autoscalers whose target has a name, of any kind and namespace, in their order.
    pub(super) fn scalers_of(&self, name: &str) -> &[&'a Object<'d>] {
        let scalers = self.scalers.get_or_init(|| {
            let mut scalers: HashMap<_, Vec<_>> = HashMap::new();
            for object in self.objects {
                if let Some(target) = scaling::target(object) {
                    scalers.entry(target.name).or_default().push(object);
                }
            }
            scalers
        });
        scalers.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// Tells whether there is a custom resource of a kind, in whatever case it is written, in the namespace of an object.
    pub(super) fn has_custom_kind(&self, other: &Object<'_>, kind: &str) -> bool {
        self.objects.iter().any(|object| {
            object.kind.eq_ignore_ascii_case(kind)
                && object.group().contains('.')
                && !object.group().ends_with("k8s.io")
                && object.namespace == other.namespace
        })
    }

    /// Iterates over the names of a kind's objects in the namespace of another.
    pub(super) fn kind_beside<'s>(
        &'s self,
        other: &'s Object<'_>,
        kind: &'s str,
    ) -> impl Iterator<Item = &'d str> + 's {
        let beside = move |object: &&Object<'d>| object.kind == kind && object.namespace == other.namespace;
        self.objects.iter().filter(beside).map(|object| object.name)
    }

    /// Tells whether a PodDisruptionBudget of the set selects a pod.
    pub(super) fn is_budgeted(&self, pod: &Pod<'_>) -> bool {
        let budgeted = self.budgeted.get_or_init(|| {
            let selectors = self.of_kind("policy", "PodDisruptionBudget");
            let selectors = selectors.filter_map(|budget| Some((budget, budget.spec()?.field("selector")?)));
            selectors
                .flat_map(|(budget, selector)| self.matched(budget, selector))
                .map(|(_, pod)| pod.template.span())
                .collect()
        });
        budgeted.contains(&pod.template.span())
    }

    /// Gives the Services of any namespace with the labels of a selector, and no others, in their order.
    pub(super) fn selecting(&self, selector: Node<'_>) -> &[&'a Object<'d>] {
        let selecting = self.selecting.get_or_init(|| {
            let mut selecting: HashMap<_, Vec<_>> = HashMap::new();
            for service in self.of_kind("", "Service") {
                if let Some(selector) = service.node.at(&["spec", "selector"]) {
                    selecting.entry(labels(selector)).or_default().push(service);
                }
            }
            selecting
        });
        selecting.get(&labels(selector)).map(Vec::as_slice).unwrap_or_default()
    }

    /// Tells whether a NetworkPolicy of the set that is about a direction of [`DIRECTIONS`] selects a pod of an object.
    pub(super) fn is_guarded(&self, object: &Object<'_>, pod: &Pod<'_>, direction: &str) -> bool {
        let Some(at) = DIRECTIONS.iter().position(|known| *known == direction) else { return false };
        let guarded = self.guarded[at].get_or_init(|| {
            let mut guarded = Guarded::default();
            let policies = self.of_kind(network_policy::GROUP, "NetworkPolicy");
            for policy in policies.filter(|policy| network_policy::is_about(policy, direction)) {
                match network_policy::selector(policy).filter(|selector| !network_policy::is_empty(*selector)) {
                    Some(selector) => {
                        let pods = self.matched(policy, selector);
                        guarded.pods.extend(pods.iter().map(|(_, pod): &Running<'_, '_>| pod.template.span()));
                    }
                    None => _ = guarded.namespaces.insert(policy.namespace.as_deref()),
                }
            }
            guarded
        });
        guarded.namespaces.contains(&object.namespace.as_deref()) || guarded.pods.contains(&pod.template.span())
    }

    /// Gives the Ingresses with a host and path, and the items of their `paths`.
    pub(super) fn routes(&self, host: &str, path: &str) -> &[Route<'a, 'd>] {
        let routes = self.routes.get_or_init(|| {
            let mut routes: HashMap<_, HashMap<_, Vec<_>>> = HashMap::new();
            for ingress in self.of_kind("networking.k8s.io", "Ingress") {
                for rule in ingress.node.at(&["spec", "rules"]).into_iter().flat_map(Node::items) {
                    let host = rule.field("host").map(Node::text).unwrap_or_default();
                    for item in rule.at(&["http", "paths"]).into_iter().flat_map(Node::items) {
                        let path = item.field("path").map(Node::text).unwrap_or_default();
                        routes.entry(host).or_default().entry(path).or_default().push((ingress, item));
                    }
                }
            }
            routes
        });
        routes.get(host).and_then(|paths| paths.get(path)).map(Vec::as_slice).unwrap_or_default()
    }

    /// Tells whether a name stands anywhere in the set but in metadata and selectors.
    pub(super) fn mentions(&self, name: &str) -> bool {
        let words = self.words.get_or_init(|| {
            let mut words = HashSet::new();
            let mut stack: Vec<Node<'d>> = self.objects.iter().map(|object| object.node).collect();
            while let Some(node) = stack.pop() {
                let told =
                    node.entries().filter(|entry| !matches!(entry.name(), "metadata" | "selector" | "matchLabels"));
                stack.extend(told.map(|entry| entry.value).chain(node.items()));
                let parts = node.text().split(|c: char| !(c.is_alphanumeric() || c == '-' || c == '.'));
                words.extend(parts.filter(|word| !word.is_empty()));
            }
            words
        });
        words.contains(name)
    }

    /// Iterates over the pods in the namespace of an object.
    pub(super) fn pods_beside<'s>(
        &'s self,
        other: &'s Object<'_>,
    ) -> impl Iterator<Item = (&'a Object<'d>, &'a Pod<'d>)> {
        let beside = self.objects.iter().filter(|object| object.namespace == other.namespace);
        beside.flat_map(|object| object.pods.iter().map(move |pod| (object, pod)))
    }

    /// Finds the object that is, or makes, what a pod of `user` refers to.
    pub(super) fn provider(&self, user: &Object<'_>, target: Target, name: &str) -> Option<&'a Object<'d>> {
        let itself = self.beside(user, "", target.kind(), name);
        itself.or_else(|| match target {
            Target::Secret => {
                let makers = self.secrets.get_or_init(|| {
                    let mut makers: HashMap<_, Vec<_>> = HashMap::new();
                    for object in self.objects {
                        for name in made_secrets(object) {
                            makers.entry(name).or_default().push(object);
                        }
                    }
                    makers
                });
                let mut makers = makers.get(name)?.iter();
                makers.find(|maker| maker.kind.starts_with("Cluster") || maker.namespace == user.namespace).copied()
            }
            Target::PersistentVolumeClaim => self.claim(user, name),
            Target::ConfigMap | Target::ServiceAccount => None,
        })
    }

    /// Finds the StatefulSet whose claim templates make a claim: `data-db-0`.
    fn claim(&self, user: &Object<'_>, name: &str) -> Option<&'a Object<'d>> {
        let claims = self.claims.get_or_init(|| {
            let mut claims = Vec::new();
            for set in self.of_kind("apps", "StatefulSet") {
                let templates = set.spec().and_then(|spec| spec.field("volumeClaimTemplates"));
                for template in templates.into_iter().flat_map(Node::items) {
                    let template = template.at(&["metadata", "name"]).map(Node::text).unwrap_or_default();
                    claims.push((set, format!("{template}-{}-", set.name)));
                }
            }
            claims
        });
        let ordinal = |rest: &str| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit());
        let made = |(set, prefix): &&(&'a Object<'d>, String)| {
            set.namespace == user.namespace && name.strip_prefix(prefix.as_str()).is_some_and(ordinal)
        };
        claims.iter().find(made).map(|(set, _)| *set)
    }
}

/// Writes the labels of a selector, in an order that does not depend on how they are written.
fn labels(selector: Node<'_>) -> String {
    let mut labels: Vec<_> = selector.entries().map(|label| (label.name(), label.value.text())).collect();
    labels.sort_unstable();
    format!("{labels:?}")
}

/// Names the Secrets that a controller makes of an object.
fn made_secrets<'d>(object: &Object<'d>) -> Vec<&'d str> {
    let text = |keys: &[&str]| object.node.at(keys).map(Node::text).filter(|text| !text.is_empty());
    let list = |keys: &[&str]| object.node.at(keys).into_iter().flat_map(Node::items);
    let named = |node: Node<'d>, key: &str| node.field(key).map(Node::text);
    match (object.group(), object.kind) {
        ("bitnami.com", "SealedSecret") => vec![text(&["spec", "template", "metadata", "name"]).unwrap_or(object.name)],
        ("external-secrets.io", "ExternalSecret") => vec![text(&["spec", "target", "name"]).unwrap_or(object.name)],
        ("external-secrets.io", "ClusterExternalSecret") => {
            let target = text(&["spec", "externalSecretSpec", "target", "name"]);
            vec![target.or_else(|| text(&["spec", "externalSecretName"])).unwrap_or(object.name)]
        }
        ("cert-manager.io", "Certificate") => text(&["spec", "secretName"]).into_iter().collect(),
        ("isindir.github.com", "SopsSecret") => {
            list(&["spec", "secretTemplates"]).filter_map(|template| named(template, "name")).collect()
        }
        ("secrets-store.csi.x-k8s.io", "SecretProviderClass") => {
            list(&["spec", "secretObjects"]).filter_map(|secret| named(secret, "secretName")).collect()
        }
        ("onepassword.com", "OnePasswordItem") => vec![object.name],
        ("secrets.hashicorp.com", "VaultStaticSecret" | "VaultDynamicSecret" | "VaultPKISecret") => {
            text(&["spec", "destination", "name"]).into_iter().collect()
        }
        // Its annotations ask cert-manager for the certificates that it names.
        ("networking.k8s.io", "Ingress")
            if ["cert-manager.io/issuer", "cert-manager.io/cluster-issuer"]
                .iter()
                .any(|key| object.annotation(key).is_some()) =>
        {
            list(&["spec", "tls"]).filter_map(|tls| named(tls, "secretName")).collect()
        }
        _ => Vec::new(),
    }
}
