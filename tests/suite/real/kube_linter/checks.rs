//! kube-linter's checks, and what of ours stands for each.

/// A check of theirs.
pub(super) struct Check {
    pub(super) name: &'static str,
    /// Is on unless one asks otherwise.
    pub(super) default: bool,
    /// Our rules and findings; none where NOT-COVERED.md says why there is none.
    pub(super) ours: &'static [&'static str],
}

const fn on(name: &'static str, ours: &'static [&'static str]) -> Check {
    Check { name, default: true, ours }
}

const fn off(name: &'static str, ours: &'static [&'static str]) -> Check {
    Check { name, default: false, ours }
}

/// All of them, in the order of their names.
pub(super) static CHECKS: &[Check] = &[
    off("access-to-create-pods", &["binding-reaches-pods"]),
    off("access-to-secrets", &["binding-reaches-secrets"]),
    off("cluster-admin-role-binding", &["cluster-admin-binding"]),
    off("dangling-horizontalpodautoscaler", &["dangling-autoscaler"]),
    off("dangling-ingress", &["dangling-ingress-backend"]),
    off("dangling-networkpolicy", &["network-policy-selects-nothing"]),
    off("dangling-networkpolicypeer-podselector", &["network-policy-peer-missing"]),
    on("dangling-service", &["service-selects-nothing", "service-without-selector"]),
    off("dangling-servicemonitor", &["service-monitor-selects-nothing"]),
    off("default-service-account", &["default-account-used"]),
    on("deprecated-service-account-field", &["old-service-account-field"]),
    off("dnsconfig-options", &["dns-option-ndots"]),
    on("docker-sock", &["container-runtime-socket"]),
    on("drop-net-raw-capability", &["net-raw-not-dropped"]),
    on("duplicate-env-var", &["duplicate-env"]),
    off("env-value-from", &["dangling-configmap", "dangling-configmap-key", "dangling-secret", "dangling-secret-key"]),
    on("env-var-secret", &["secret-literal-in-env"]),
    off("exposed-services", &["node-port-service", "load-balancer-service"]),
    on("host-ipc", &["host-ipc"]),
    on("host-network", &["host-network"]),
    on("host-pid", &["host-pid"]),
    off("hpa-minimum-three-replicas", &["autoscaler-min-too-low"]),
    on("invalid-target-ports", &["api/port"]),
    on("job-ttl-seconds-after-finished", &["job-without-ttl"]),
    on("latest-tag", &["latest-tag"]),
    on("liveness-port", &["probe-port-undeclared", "probe-port-name-unknown"]),
    off("minimum-three-replicas", &["single-replica"]),
    on("mismatching-selector", &["selector-mismatch"]),
    on("no-anti-affinity", &["replicas-may-share-node"]),
    on("no-extensions-v1beta", &["schema/api-removed"]),
    off("no-liveness-probe", &["missing-liveness-probe"]),
    off("no-node-affinity", &["missing-node-affinity"]),
    on("no-read-only-root-fs", &["writable-root-filesystem"]),
    off("no-readiness-probe", &["missing-readiness-probe"]),
    off("no-rolling-update-strategy", &["no-rolling-update"]),
    on("non-existent-service-account", &["dangling-service-account"]),
    off("non-isolated-pod", &["missing-network-policy"]),
    on("pdb-max-unavailable", &["pdb-blocks-evictions"]),
    on("pdb-min-available", &["pdb-blocks-evictions"]),
    on("pdb-unhealthy-pod-eviction-policy", &["pdb-keeps-unhealthy-pods"]),
    off("priority-class-name", &["missing-priority-class"]),
    on("privilege-escalation-container", &["privilege-escalation-granted"]),
    on("privileged-container", &["privileged-container"]),
    off("privileged-ports", &["privileged-port"]),
    off("read-secret-from-env-var", &["secret-in-environment"]),
    on("readiness-port", &["probe-port-undeclared", "probe-port-name-unknown"]),
    off("required-annotation-email", &["missing-annotation"]),
    off("required-label-owner", &["missing-label"]),
    off("restart-policy", &[]),
    on("run-as-non-root", &["run-as-non-root-unproven", "run-as-root", "run-as-root-group"]),
    off("scc-deny-privileged-container", &["privileged-scc"]),
    off("schema-validation", &[]),
    on("sensitive-host-mounts", &["sensitive-host-path"]),
    off("sorted-keys", &["unsorted-keys"]),
    on("ssh-port", &["ssh-port"]),
    on("startup-port", &["probe-port-undeclared", "probe-port-name-unknown"]),
    off("unsafe-proc-mount", &["unmasked-proc"]),
    on("unsafe-sysctls", &["unsafe-sysctl"]),
    on("unset-cpu-requirements", &["missing-cpu-request"]),
    on("unset-memory-requirements", &["missing-memory-limit"]),
    off("use-namespace", &["default-namespace"]),
    off("wildcard-in-rules", &["wildcard-in-role"]),
    off("writable-host-mount", &["writable-host-path"]),
];

/// Rules that the profile leaves off, and parameters as kube-linter has them.
const CONFIGURED: &str = "
    autoscaler-min-too-low: { severity: warning, with: { min: 3 } }
    single-replica: { severity: warning, with: { min: 3, kinds: [] } }
    missing-annotation: { severity: warning, with: { names: [email], matching: \"[a-zA-Z0-9_.+-]+@[a-zA-Z0-9.-]+\" } }
    missing-label: { severity: warning, with: { names: [owner] } }
    missing-priority-class: { severity: warning, with: { allowed: [system-cluster-critical, system-node-critical], default: system-node-critical } }
    missing-cpu-request: { with: { init-containers: true } }
    missing-memory-limit: { with: { init-containers: true } }
";

/// Gives the workspace in which Plimsoll judges: the profile, and the rules that stand for checks that are off.
pub(super) fn workspace() -> String {
    let mut text = format!("apiVersion: plimsoll.dev/v1\nrules:\n  profiles: [kube-linter]\n  configure:{CONFIGURED}");
    let rules = CHECKS.iter().filter(|check| !check.default).flat_map(|check| check.ours);
    for rule in rules.filter(|rule| !rule.contains('/') && !CONFIGURED.contains(&format!(" {rule}:"))) {
        text += &format!("    {rule}: {{ severity: warning }}\n");
    }
    text
}

/// The profile holds what is on in kube-linter, and the rules name the checks that they stand for.
#[test]
fn the_profile_is_their_default() {
    let mut problems = Vec::new();
    for check in CHECKS {
        for id in check.ours.iter().filter(|id| !id.contains('/')) {
            let rule = plimsoll::lint::load(id).expect("there is such a rule");
            let names = rule.references.iter().any(|(tool, name)| tool == "kube-linter" && name == check.name);
            if !names {
                problems.push(format!("{id} does not refer to {}", check.name));
            }
            if check.default && !rule.profiles.iter().any(|profile| profile == "kube-linter") {
                problems.push(format!("{id} is not in the profile, but {} is on", check.name));
            }
        }
    }
    assert!(problems.is_empty(), "{problems:#?}");
    assert!(CHECKS.is_sorted_by(|a, b| a.name < b.name));
}
