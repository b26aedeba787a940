//! Kinds, their status, and what is read from it: `spec` and `status` in flow style, the state, the reason.

use super::*;
use crate::source::SourceMap;
use crate::yaml::emit::Data;
use crate::yaml::parse;

fn read(api_version: &str, kind: &str, rest: &str) -> Json {
    let text = format!("apiVersion: {api_version}\nkind: {kind}\n{rest}\n");
    let parsed = parse(&SourceMap::new().add("a.yaml", text));
    assert!(parsed.diagnostics.is_empty(), "{rest}");
    Data::from_node(parsed.documents[0].root()).to_json()
}

#[track_caller]
fn check(kind: (&str, &str), rows: &[(&str, State, &str)]) {
    for (rest, state, reason) in rows {
        let found = progress(&read(kind.0, kind.1, rest), Some(100));
        assert_eq!((found.state, found.reason.as_str()), (*state, *reason), "{} {rest}", kind.1);
    }
}

use State::{Current, Failed, InProgress, Terminating};

#[test]
fn what_holds_for_every_kind() {
    check(
        ("example.com/v1", "Light"),
        &[
            ("metadata: { deletionTimestamp: x }", Terminating, "it is being deleted"),
            (
                "metadata: { generation: 2 }\nstatus: { observedGeneration: 1 }",
                InProgress,
                "its controller has not seen the change yet",
            ),
            (
                "status: { conditions: [{ type: Reconciling, status: 'True', message: turning on }] }",
                InProgress,
                "turning on",
            ),
            ("status: { conditions: [{ type: Stalled, status: 'True', reason: NoPower }] }", Failed, "NoPower"),
            ("status: { conditions: [{ type: Ready, status: 'False', message: dark }] }", InProgress, "dark"),
            ("status: { conditions: [{ type: Ready, status: Unknown }] }", InProgress, "it is not ready"),
            ("status: { conditions: [{ type: Ready, status: 'True' }] }", Current, ""),
            ("status: {}", Current, ""),
            ("spec: {}", Current, ""),
        ],
    );
    for kind in [("v1", "ConfigMap"), ("v1", "Secret"), ("policy/v1", "PodDisruptionBudget"), ("batch/v1", "CronJob")] {
        check(kind, &[("{}: {}", Current, "")].map(|(_, state, reason)| ("metadata: { name: a }", state, reason)));
    }
}

#[test]
fn deployments() {
    check(
        ("apps/v1", "Deployment"),
        &[
            ("spec: { replicas: 2 }", InProgress, "0 of 2 pods are of the new version"),
            (
                "spec: {}\nstatus: { conditions: [{ type: Progressing, status: 'False', reason: ProgressDeadlineExceeded, message: ReplicaSet has timed out }] }",
                Failed,
                "ReplicaSet has timed out",
            ),
            (
                "spec: { replicas: 2 }\nstatus: { replicas: 3, updatedReplicas: 2 }",
                InProgress,
                "1 pods of the old version are still there",
            ),
            (
                "spec: { replicas: 2 }\nstatus: { replicas: 2, updatedReplicas: 2, readyReplicas: 1 }",
                InProgress,
                "1 of 2 pods are ready",
            ),
            (
                "spec: { replicas: 2 }\nstatus: { replicas: 2, updatedReplicas: 2, readyReplicas: 2, availableReplicas: 1 }",
                InProgress,
                "1 of 2 pods are available",
            ),
            (
                "spec: { progressDeadlineSeconds: 600 }\nstatus: { replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1, conditions: [{ type: Available, status: 'True' }] }",
                InProgress,
                "its rollout is under way",
            ),
            (
                "spec: { progressDeadlineSeconds: 600 }\nstatus: { replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1, conditions: [{ type: Progressing, status: 'True', reason: NewReplicaSetAvailable }, { type: Available, status: 'True' }] }",
                Current,
                "",
            ),
            (
                "spec: {}\nstatus: { replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1, conditions: [{ type: Available, status: 'True' }] }",
                Current,
                "",
            ),
            ("spec: { replicas: 0 }\nstatus: { conditions: [{ type: Available, status: 'True' }] }", Current, ""),
            (
                "spec: {}\nstatus: { conditions: [{ type: ReplicaFailure, status: 'True', message: exceeded quota }] }",
                InProgress,
                "exceeded quota",
            ),
        ],
    );
}

#[test]
fn other_workloads() {
    check(
        ("apps/v1", "StatefulSet"),
        &[
            ("spec: { updateStrategy: { type: OnDelete } }", Current, ""),
            ("spec: { replicas: 2 }", InProgress, "0 of 2 pods are there"),
            ("spec: { replicas: 2 }\nstatus: { replicas: 2, readyReplicas: 1 }", InProgress, "1 of 2 pods are ready"),
            (
                "spec: { replicas: 1 }\nstatus: { replicas: 2, readyReplicas: 2 }",
                InProgress,
                "1 pods too many are still there",
            ),
            (
                "spec: { replicas: 2, updateStrategy: { rollingUpdate: { partition: 1 } } }\nstatus: { replicas: 2, readyReplicas: 2, updatedReplicas: 0 }",
                InProgress,
                "0 of 1 pods are of the new version",
            ),
            (
                "spec: { replicas: 2, updateStrategy: { rollingUpdate: { partition: 1 } } }\nstatus: { replicas: 2, readyReplicas: 2, updatedReplicas: 1 }",
                Current,
                "",
            ),
            (
                "spec: { replicas: 1 }\nstatus: { replicas: 1, readyReplicas: 1, currentReplicas: 1, currentRevision: a, updateRevision: b }",
                InProgress,
                "0 of 1 pods are of the new version",
            ),
            (
                "spec: { replicas: 1 }\nstatus: { replicas: 1, readyReplicas: 1, currentReplicas: 1, currentRevision: a, updateRevision: a }",
                Current,
                "",
            ),
        ],
    );
    check(
        ("apps/v1", "DaemonSet"),
        &[
            ("spec: {}", InProgress, "its controller has not seen it yet"),
            (
                "status: { observedGeneration: 1, desiredNumberScheduled: 2, currentNumberScheduled: 2, updatedNumberScheduled: 1 }",
                InProgress,
                "1 of 2 pods are of the new version",
            ),
            (
                "status: { observedGeneration: 1, desiredNumberScheduled: 2, currentNumberScheduled: 2, updatedNumberScheduled: 2, numberAvailable: 2, numberReady: 2 }",
                Current,
                "",
            ),
            ("status: { observedGeneration: 1 }", Current, ""),
        ],
    );
    check(
        ("apps/v1", "ReplicaSet"),
        &[
            ("status: {}", InProgress, "0 of 1 pods have its labels"),
            ("status: { replicas: 1, fullyLabeledReplicas: 1, availableReplicas: 1, readyReplicas: 1 }", Current, ""),
        ],
    );
    check(
        ("batch/v1", "Job"),
        &[
            ("status: {}", InProgress, "it has not begun"),
            ("status: { startTime: x, failed: 2 }", InProgress, "0 of 1 completions, 2 failed"),
            (
                "status: { conditions: [{ type: Failed, status: 'True', reason: BackoffLimitExceeded }] }",
                Failed,
                "BackoffLimitExceeded",
            ),
            ("status: { conditions: [{ type: Complete, status: 'True' }] }", Current, ""),
            ("status: { conditions: [{ type: Suspended, status: 'True' }] }", Current, ""),
        ],
    );
}

#[test]
fn pods() {
    check(
        ("v1", "Pod"),
        &[
            ("status: { phase: Succeeded }", Current, ""),
            ("status: { phase: Running, conditions: [{ type: Ready, status: 'True' }] }", Current, ""),
            (
                "status: { phase: Running, conditions: [{ type: Ready, status: 'False' }] }",
                InProgress,
                "it is not ready",
            ),
            ("status: { phase: Failed, message: evicted }", Failed, "evicted"),
            (
                "status: { phase: Pending, conditions: [{ type: PodScheduled, status: 'False', reason: Unschedulable, message: no nodes, lastTransitionTime: '1970-01-01T00:01:35Z' }] }",
                InProgress,
                "no nodes",
            ),
            (
                "status: { phase: Pending, conditions: [{ type: PodScheduled, status: 'False', reason: Unschedulable, message: no nodes, lastTransitionTime: '1970-01-01T00:01:00Z' }] }",
                Failed,
                "no nodes",
            ),
            (
                "status: { phase: Pending, containerStatuses: [{ name: a, state: { waiting: { reason: ImagePullBackOff, message: Back-off pulling image } } }] }",
                InProgress,
                "container `a`: ImagePullBackOff: Back-off pulling image",
            ),
            (
                "status: { phase: Running, containerStatuses: [{ name: a, state: { waiting: { reason: CrashLoopBackOff } }, lastState: { terminated: { exitCode: 3 } } }] }",
                Failed,
                "container `a`: CrashLoopBackOff: it exits with 3, again and again",
            ),
            ("status: { phase: Pending }", InProgress, "no node was chosen for it yet"),
        ],
    );
}

#[test]
fn the_rest() {
    check(
        ("v1", "PersistentVolumeClaim"),
        &[
            ("status: { phase: Bound }", Current, ""),
            ("status: { phase: Pending }", InProgress, "it is not bound to a volume"),
        ],
    );
    check(
        ("v1", "Service"),
        &[
            ("spec: { type: ClusterIP }", Current, ""),
            ("spec: { type: LoadBalancer }", InProgress, "its load balancer has no address"),
            ("spec: { type: LoadBalancer }\nstatus: { loadBalancer: { ingress: [{ ip: 1.2.3.4 }] } }", Current, ""),
        ],
    );
    check(
        ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
        &[
            ("status: {}", InProgress, "it is not established"),
            ("status: { conditions: [{ type: NamesAccepted, status: 'False', message: taken }] }", Failed, "taken"),
            ("status: { conditions: [{ type: Established, status: 'True' }] }", Current, ""),
        ],
    );
    check(
        ("apiregistration.k8s.io/v1", "APIService"),
        &[
            (
                "status: { conditions: [{ type: Available, status: 'False', message: no endpoints }] }",
                InProgress,
                "no endpoints",
            ),
            ("status: { conditions: [{ type: Available, status: 'True' }] }", Current, ""),
        ],
    );
}
