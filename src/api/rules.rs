//! The ids of the verdict's findings, with what each is about.

/// The ids, sorted, each with one line.
pub const RULES: &[(&str, &str)] = &[
    ("api/admission", "a webhook, an admission policy or its binding"),
    ("api/annotations", "keys and sizes of annotations, and values that the server reads"),
    ("api/api-service", "priorities, service and authorities of an APIService"),
    ("api/autoscaler", "bounds, metrics and behaviour of a HorizontalPodAutoscaler"),
    ("api/cel", "a custom resource breaks a rule (CEL) of its definition"),
    ("api/cel-not-evaluated", "rules (CEL) of a custom resource that only a server can evaluate"),
    ("api/certificate", "certificate requests, signers and bundles of authorities"),
    ("api/claim", "a PersistentVolumeClaim, or the template of one"),
    ("api/config", "keys and sizes of ConfigMaps and Secrets"),
    ("api/container", "names, images and pull policies of containers"),
    ("api/definition", "names, scope, versions and conversion of a custom resource's definition"),
    ("api/definition-default", "a default in a definition that does not fit its schema"),
    ("api/definition-rule", "a rule (CEL) in a definition that cannot be right"),
    ("api/definition-schema", "a definition's schema that is not structural"),
    ("api/deprecated", "what the server takes with a warning, because it is out of use"),
    ("api/device", "claims, classes and slices of devices"),
    ("api/disagreement", "the cluster asked by `--live` contradicts Plimsoll: a bug of Plimsoll"),
    ("api/disruption-budget", "bounds and selector of a PodDisruptionBudget"),
    ("api/embedded", "an object inside a custom resource that names no proper kind"),
    ("api/endpoints", "addresses and ports of Endpoints and EndpointSlices"),
    ("api/env", "environment variables and where they come from"),
    ("api/event", "required fields, namespaces and lengths of an Event"),
    ("api/flow-control", "flow schemas and priority levels"),
    ("api/ingress", "hosts, paths, backends and classes of an Ingress"),
    ("api/job", "completions, policies and selectors of Jobs, and of the Jobs of CronJobs"),
    ("api/labels", "keys and values of labels"),
    ("api/lease", "durations and transitions of a Lease"),
    ("api/lifecycle", "start and stop handlers of containers"),
    ("api/limit-range", "bounds of a LimitRange that contradict each other"),
    ("api/live", "what only the cluster asked by `--live` says"),
    ("api/metadata", "owners, finalizers and what only the server writes"),
    ("api/migration", "the resource that a StorageVersionMigration names"),
    ("api/name", "forms of names"),
    ("api/network", "networks, addresses and ServiceCIDRs"),
    ("api/network-policy", "ports, peers and exceptions of a NetworkPolicy"),
    ("api/node", "taints, addresses and features of a Node"),
    ("api/pod", "a pod's own fields, and what contradicts another"),
    ("api/pod-security", "a namespace's levels and versions of pod security"),
    ("api/port", "ports and their names"),
    ("api/priority-class", "names and values of a PriorityClass"),
    ("api/probe", "probes of containers"),
    ("api/quantity", "amounts that are negative or not whole"),
    ("api/quota", "names, scopes and selectors of a ResourceQuota"),
    ("api/rbac", "rules, role references and subjects"),
    ("api/resources", "requests, limits and claims of containers and pods"),
    ("api/restart-policy", "a restart policy that containers or their workload cannot have"),
    ("api/review", "token and access reviews"),
    ("api/runtime-class", "handler, overhead and tolerations of a RuntimeClass"),
    ("api/scale", "replicas that the scale of a custom resource cannot hold"),
    ("api/schedule", "schedules and time zones of CronJobs"),
    ("api/scheduling", "node selectors, affinity and tolerations"),
    ("api/secret", "what the type of a Secret demands"),
    ("api/security-context", "security contexts that contradict themselves"),
    ("api/selector", "label selectors, and the labels that they must fit"),
    ("api/server-side-apply", "what server-side apply refuses, and create and update take"),
    ("api/service", "fields of a Service that contradict its type"),
    ("api/storage-class", "classes and capacities of storage"),
    ("api/storage-driver", "drivers of storage and the nodes that have them"),
    ("api/volume", "sources of volumes"),
    ("api/volume-mount", "mounts and block devices of containers"),
    ("api/workload", "Deployments, StatefulSets, DaemonSets and the like"),
];

/// Finds what the findings of an id are about.
pub fn about(id: &str) -> Option<&'static str> {
    RULES.binary_search_by_key(&id, |(known, _)| known).ok().map(|at| RULES[at].1)
}

#[cfg(test)]
mod tests {
    use super::RULES;
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    /// Gathers the ids that stand in the sources of a folder.
    fn ids(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).expect("can be read") {
            let path = entry.expect("can be read").path();
            if path.is_dir() {
                ids(&path, found);
            } else if !path.ends_with("src/api/rules.rs") {
                let text = fs::read_to_string(&path).unwrap_or_default();
                for part in text.split("\"api/").skip(1) {
                    let id: String = part.chars().take_while(|c| c.is_ascii_lowercase() || *c == '-').collect();
                    if !id.is_empty() && part[id.len()..].starts_with('"') {
                        found.insert(format!("api/{id}"));
                    }
                }
            }
        }
    }

    #[test]
    fn every_id_that_the_sources_use_is_here_and_no_other() {
        let mut used = BTreeSet::new();
        ids(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut used);
        let listed: Vec<&str> = RULES.iter().map(|(id, _)| *id).collect();
        assert_eq!(listed, used.iter().map(String::as_str).collect::<Vec<_>>());
    }
}
