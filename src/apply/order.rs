//! The order in which objects are applied: waves, and groups within them.

use super::item::{Item, Key};
use crate::cluster::text;
use std::collections::HashMap;

/// cli-utils' annotation: `apps/namespaces/shop/Deployment/db`, `rbac.authorization.k8s.io/ClusterRole/reader`.
const DEPENDS_ON: &str = "config.kubernetes.io/depends-on";
/// Ours, for objects of the same set: `Deployment/db`, `Backup.example.com/nightly`.
const NEEDS: &str = "plimsoll.dev/needs";

/// Objects that are applied before those of the next wave, and are ready before it begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Wave {
    /// Places of objects. Those of a group are applied at once, the groups one after the other.
    pub groups: Vec<Vec<usize>>,
}

/// What is wrong with the dependencies that an object names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Defect {
    /// The object's place.
    pub item: usize,
    /// The annotation that names them.
    pub annotation: &'static str,
    /// The id of the finding.
    pub rule: &'static str,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: String,
}

/// Helm's order of installation; what it does not name comes last, by name.
const KINDS: [&str; 35] = [
    "PriorityClass",
    "Namespace",
    "NetworkPolicy",
    "ResourceQuota",
    "LimitRange",
    "PodDisruptionBudget",
    "ServiceAccount",
    "Secret",
    "ConfigMap",
    "StorageClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "CustomResourceDefinition",
    "ClusterRole",
    "ClusterRoleBinding",
    "Role",
    "RoleBinding",
    "Service",
    "DaemonSet",
    "Pod",
    "ReplicationController",
    "ReplicaSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "StatefulSet",
    "Job",
    "CronJob",
    "IngressClass",
    "Ingress",
    "APIService",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding",
    "PodSecurityPolicy",
];

/// How an object's kind decides about its wave.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// What others stand on: namespaces and definitions.
    Foundation,
    Ordinary,
    /// What would judge the others: after all of them.
    Webhook,
}

fn stage(key: &Key) -> Stage {
    if key.is("", &["Namespace"]) || key.is("apiextensions.k8s.io", &["CustomResourceDefinition"]) {
        Stage::Foundation
    } else if key
        .is("admissionregistration.k8s.io", &["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"])
    {
        Stage::Webhook
    } else {
        Stage::Ordinary
    }
}

/// Sorts objects into waves. The reverse is the order of deletion.
///
/// Namespaces and definitions come first, each object after what it names in `plimsoll.dev/needs` and
/// `config.kubernetes.io/depends-on`, webhooks after all else. Cycles and names of nothing are defects.
pub(super) fn waves(items: &[Item]) -> Result<Vec<Wave>, Vec<Defect>> {
    let graph = Graph::read(items)?;
    let levels = graph.levels(items)?;
    let depth = levels.iter().copied().max().unwrap_or_default();
    let mut waves = Vec::new();
    for level in 0..=depth {
        let mut members: Vec<usize> = (0..items.len()).filter(|index| levels[*index] == level).collect();
        members.sort_by(|a, b| rank(&items[*a].key).cmp(&rank(&items[*b].key)));
        let mut wave = Wave::default();
        for index in members {
            let (place, kind, ..) = rank(&items[index].key);
            match wave.groups.last_mut() {
                Some(group)
                    if group.first().is_some_and(|first| {
                        let (known, of, ..) = rank(&items[*first].key);
                        (known, of) == (place, kind)
                    }) =>
                {
                    group.push(index);
                }
                _ => wave.groups.push(vec![index]),
            }
        }
        if !wave.groups.is_empty() {
            waves.push(wave);
        }
    }
    Ok(waves)
}

/// The place of a kind, and what tells objects of a place apart.
pub(super) fn rank(key: &Key) -> (usize, &str, &str, &str) {
    match KINDS.iter().position(|kind| *kind == key.kind) {
        Some(place) => (place, "", &key.namespace, &key.name),
        None => (KINDS.len(), &key.kind, &key.namespace, &key.name),
    }
}

/// Tells whether a kind is none that Helm's order knows: a custom resource, most often.
pub(super) fn is_custom(key: &Key) -> bool {
    !KINDS.contains(&key.kind.as_str())
}

/// What each object waits for.
struct Graph {
    edges: Vec<Vec<usize>>,
    /// By which annotation an object names another.
    named: HashMap<(usize, usize), &'static str>,
}

impl Graph {
    fn read(items: &[Item]) -> Result<Self, Vec<Defect>> {
        let places: HashMap<&Key, usize> = items.iter().enumerate().map(|(index, item)| (&item.key, index)).collect();
        let mut definitions: HashMap<(&str, &str), usize> = HashMap::new();
        for (index, item) in items.iter().enumerate() {
            if item.key.kind == "CustomResourceDefinition" {
                let of = (text(&item.object, "/spec/group"), text(&item.object, "/spec/names/kind"));
                definitions.insert(of, index);
            }
        }
        let (mut edges, mut named, mut defects) = (vec![Vec::new(); items.len()], HashMap::new(), Vec::new());
        for (index, item) in items.iter().enumerate() {
            let Key { group, kind, namespace, .. } = &item.key;
            let home = Key { kind: "Namespace".to_owned(), name: namespace.clone(), ..Key::default() };
            edges[index].extend(places.get(&home).copied());
            edges[index].extend(definitions.get(&(group.as_str(), kind.as_str())).copied());
            for annotation in [NEEDS, DEPENDS_ON] {
                for written in item.annotation(annotation).unwrap_or_default().split(',').map(str::trim) {
                    if written.is_empty() {
                        continue;
                    }
                    let found = if annotation == NEEDS {
                        short_name(written).map(|(group, kind, name)| find(items, &item.key, group, kind, name))
                    } else {
                        full_name(written).map(|key| places.get(&key).copied())
                    };
                    match found {
                        Some(Some(place)) => {
                            edges[index].push(place);
                            named.insert((index, place), annotation);
                        }
                        Some(None) => defects.push(Defect {
                            item: index,
                            annotation,
                            rule: "apply/unknown-dependency",
                            message: format!("{} waits for `{written}`, which is not among these objects", item.key),
                            help: "name an object of the same release: others are there already, or never will be"
                                .to_owned(),
                        }),
                        None => defects.push(Defect {
                            item: index,
                            annotation,
                            rule: "apply/unknown-dependency",
                            message: format!("`{written}` names no object"),
                            help: match annotation {
                                NEEDS => "write `Kind/name` or `Kind.group/name`".to_owned(),
                                _ => "write `group/namespaces/namespace/Kind/name`, or `group/Kind/name` for what lives in no namespace; the core group is empty".to_owned(),
                            },
                        }),
                    }
                }
            }
        }
        if defects.is_empty() { Ok(Self { edges, named }) } else { Err(defects) }
    }

    /// Gives the wave of each object.
    fn levels(&self, items: &[Item]) -> Result<Vec<usize>, Vec<Defect>> {
        let mut walk =
            Walk { graph: self, items, levels: vec![None; items.len()], path: Vec::new(), cycles: Vec::new() };
        for index in 0..items.len() {
            walk.level(index);
        }
        if !walk.cycles.is_empty() {
            return Err(walk.cycles);
        }
        let mut levels: Vec<usize> = walk.levels.into_iter().map(Option::unwrap_or_default).collect();
        // Webhooks come after all else, but for what names them.
        let needed: Vec<usize> = self.edges.iter().flatten().copied().collect();
        let late = |index: usize| stage(&items[index].key) == Stage::Webhook && !needed.contains(&index);
        let last = (0..items.len()).filter(|index| !late(*index)).map(|index| levels[index] + 1).max();
        for index in (0..items.len()).filter(|index| late(*index)) {
            levels[index] = last.unwrap_or_default();
        }
        Ok(levels)
    }
}

struct Walk<'a> {
    graph: &'a Graph,
    items: &'a [Item],
    levels: Vec<Option<usize>>,
    path: Vec<usize>,
    cycles: Vec<Defect>,
}

impl Walk<'_> {
    fn level(&mut self, index: usize) -> usize {
        if let Some(known) = self.levels[index] {
            return known;
        }
        if let Some(at) = self.path.iter().position(|seen| *seen == index) {
            self.report(at);
            return 0;
        }
        self.path.push(index);
        let base = usize::from(stage(&self.items[index].key) != Stage::Foundation);
        let below = self.graph.edges[index].clone();
        let level = below.into_iter().map(|need| self.level(need) + 1).fold(base, usize::max);
        self.path.pop();
        self.levels[index] = Some(level);
        level
    }

    /// Tells of a cycle once, at the annotation that closes it.
    fn report(&mut self, at: usize) {
        let ring = &self.path[at..];
        let pairs = ring.iter().copied().zip(ring.iter().copied().cycle().skip(1));
        let Some((from, annotation)) =
            pairs.clone().find_map(|(from, to)| Some((from, *self.graph.named.get(&(from, to))?)))
        else {
            return;
        };
        let names: Vec<String> = ring.iter().map(|index| self.items[*index].key.to_string()).collect();
        let first = names.first().cloned().unwrap_or_default();
        self.cycles.push(Defect {
            item: from,
            annotation,
            rule: "apply/dependency-cycle",
            message: format!("these wait for each other: {} -> {first}", names.join(" -> ")),
            help: "leave one of the dependencies out".to_owned(),
        });
    }
}

/// Reads `Kind/name` or `Kind.group/name`; a kind without a group is of any.
fn short_name(written: &str) -> Option<(Option<&str>, &str, &str)> {
    let (kind, name) = written.split_once('/')?;
    let (kind, group) = kind.split_once('.').map_or((kind, None), |(kind, group)| (kind, Some(group)));
    (!kind.is_empty() && !name.is_empty() && !name.contains('/')).then_some((group, kind, name))
}

/// Finds what a short name means: in the namespace of who names it, else where no namespace is.
fn find(items: &[Item], from: &Key, group: Option<&str>, kind: &str, name: &str) -> Option<usize> {
    let fits = |item: &Item, namespace: &str| {
        let key = &item.key;
        key.kind == kind && key.name == name && key.namespace == namespace && group.is_none_or(|of| of == key.group)
    };
    let place = |namespace: &str| items.iter().position(|item| fits(item, namespace));
    place(&from.namespace).or_else(|| place(""))
}

/// Reads a name as cli-utils writes it.
fn full_name(written: &str) -> Option<Key> {
    let parts: Vec<&str> = written.split('/').collect();
    let key = |group: &str, kind: &str, namespace: &str, name: &str| {
        let filled = !kind.is_empty() && !name.is_empty();
        let [group, kind, namespace, name] = [group, kind, namespace, name].map(str::to_owned);
        filled.then_some(Key { group, kind, namespace, name })
    };
    match parts[..] {
        [group, "namespaces", namespace, kind, name] => key(group, kind, namespace, name),
        [group, kind, name] => key(group, kind, "", name),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Makes objects of lines such as `v1 ConfigMap a <- Deployment/b`; all but a few kinds live in `ns`.
    fn items(lines: &[&str]) -> Vec<Item> {
        let read = |(index, line): (usize, &&str)| {
            let (object, needs) = line.split_once(" <- ").unwrap_or((line, ""));
            let words: Vec<&str> = object.split(' ').collect();
            let [api_version, kind, name] = words[..] else { panic!("{line}") };
            let mut object = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name}});
            let everywhere = ["Namespace", "CustomResourceDefinition", "ValidatingWebhookConfiguration", "ClusterRole"];
            if !everywhere.contains(&kind) {
                object["metadata"]["namespace"] = json!("ns");
            }
            if kind == "CustomResourceDefinition" {
                object["spec"] = json!({"group": "example.com", "names": {"kind": name}});
            }
            if needs.contains("/namespaces/") || needs.split('/').count() == 3 {
                object["metadata"]["annotations"] = json!({DEPENDS_ON: needs});
            } else if !needs.is_empty() {
                object["metadata"]["annotations"] = json!({NEEDS: needs});
            }
            Item::new(object, index)
        };
        lines.iter().enumerate().map(read).collect()
    }

    fn shown(lines: &[&str]) -> String {
        let items = items(lines);
        match waves(&items) {
            Ok(waves) => {
                let group =
                    |group: &Vec<usize>| group.iter().map(|i| items[*i].key.name.clone()).collect::<Vec<_>>().join(",");
                let wave = |wave: &Wave| wave.groups.iter().map(group).collect::<Vec<_>>().join(" ");
                waves.iter().map(wave).collect::<Vec<_>>().join(" | ")
            }
            Err(defects) => defects.iter().map(|d| format!("{}: {}", d.rule, d.message)).collect::<Vec<_>>().join("\n"),
        }
    }

    #[test]
    fn objects_come_in_waves() {
        for (lines, expected) in [
            (&["apps/v1 Deployment web", "v1 ConfigMap b", "v1 ConfigMap a", "v1 Service web"][..], "a,b web web"),
            (
                &[
                    "admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration hook",
                    "example.com/v1 Light light",
                    "apps/v1 Deployment web",
                    "apiextensions.k8s.io/v1 CustomResourceDefinition Light",
                    "v1 Namespace ns",
                ],
                "ns Light | web light | hook",
            ),
            (&["v1 Pod a <- Deployment/b", "apps/v1 Deployment b <- Job.batch/c", "batch/v1 Job c"], "c | b | a"),
            (&["v1 Pod a <- apps/namespaces/ns/Deployment/b", "apps/v1 Deployment b"], "b | a"),
            (&["v1 Pod a <- /namespaces/ns/Secret/s", "v1 Secret s"], "s | a"),
            (
                &["v1 Pod a <- rbac.authorization.k8s.io/ClusterRole/r", "rbac.authorization.k8s.io/v1 ClusterRole r"],
                "r | a",
            ),
            (&["example.com/v1 Zebra z", "example.com/v1 Ant a", "v1 Secret s"], "s a z"),
            (&[], ""),
        ] {
            assert_eq!(shown(lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn wrong_dependencies_are_defects() {
        for (lines, expected) in [
            (
                &["v1 Pod a <- Pod/b", "v1 Pod b <- Pod/a"][..],
                "apply/dependency-cycle: these wait for each other: Pod a -> Pod b -> Pod a",
            ),
            (&["v1 Pod a <- Pod/a"], "apply/dependency-cycle: these wait for each other: Pod a -> Pod a"),
            (
                &["v1 Pod a <- Pod/b"],
                "apply/unknown-dependency: Pod a waits for `Pod/b`, which is not among these objects",
            ),
            (&["v1 Pod a <- b"], "apply/unknown-dependency: `b` names no object"),
            (
                &["v1 Namespace ns <- Pod/a", "v1 Pod a"],
                "apply/unknown-dependency: Namespace ns waits for `Pod/a`, which is not among these objects",
            ),
        ] {
            assert_eq!(shown(lines), expected, "{lines:?}");
        }
    }
}
