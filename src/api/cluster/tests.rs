//! Kinds of clusters, and what the server says of them.

use crate::api::testing::expect;

#[test]
fn kinds_of_clusters() {
    expect(
        r#"{apiVersion: v1, kind: Node, metadata: {name: a}, spec: {podCIDR: 10.0.0.0/24, podCIDRs: [10.1.0.0/24]}}
{apiVersion: v1, kind: Node, metadata: {name: a}, spec: {podCIDRs: [10.1.0.0/24, 10.2.0.0/24]}}
  error api/network spec.podCIDRs
{apiVersion: v1, kind: Node, metadata: {name: a}, spec: {podCIDRs: [10.1.0.1/24, "fd00::/64", "fd01::/64"]}}
  error api/network spec.podCIDRs
  error api/network spec.podCIDRs[0]
{apiVersion: v1, kind: Node, metadata: {name: a}, status: {declaredFeatures: [B, A, A, a/b]}}
  error api/node status.declaredFeatures[1]
  error api/node status.declaredFeatures[2]
  error api/node status.declaredFeatures[3]
{apiVersion: v1, kind: Node, metadata: {name: a}, status: {capacity: {cpu: -1, pods: 1.5}, allocatable: {x/y: 1m}}}
  error api/quantity status.capacity.cpu
  error api/quantity status.capacity.pods
  error api/quantity status.allocatable["x/y"]
{apiVersion: v1, kind: Node, metadata: {name: a}, spec: {externalID: x}}
  warning api/deprecated spec.externalID
{apiVersion: v1, kind: Event, metadata: {name: a, namespace: default}, involvedObject: {namespace: other}}
  error api/event involvedObject.namespace
{apiVersion: v1, kind: Event, metadata: {name: a, namespace: default}, involvedObject: {namespace: other}, eventTime: "2024-01-01T00:00:00.000000Z", reportingComponent: a, reportingInstance: b, action: c, reason: d}
{apiVersion: v1, kind: Event, metadata: {name: a, namespace: default}, eventTime: "2024-01-01T00:00:00.000000Z", reportingComponent: a b}
  error api/event reportingInstance
  error api/event action
  error api/event reason
  error api/event reportingComponent
{apiVersion: events.k8s.io/v1, kind: Event, metadata: {name: a, namespace: default}, regarding: {namespace: default}, eventTime: "2024-01-01T00:00:00.000000Z", reportingController: a, reportingInstance: b, action: c, reason: d, type: Normal, deprecatedCount: 3, deprecatedSource: {component: x}, deprecatedFirstTimestamp: "2024-01-01T00:00:00Z", series: {count: 1, lastObservedTime: "2024-01-01T00:00:00.000000Z"}}
  error api/event count
  error api/event source
  error api/event firstTimestamp
  error api/event series.count
{apiVersion: events.k8s.io/v1, kind: Event, metadata: {name: A_b, namespace: default}, regarding: {namespace: default}, eventTime: "2024-01-01T00:00:00.000000Z", reportingController: a, reportingInstance: b, action: c, reason: d, type: Normal}
  error api/name metadata.name
{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: system-foo}, value: 10}
  error api/priority-class metadata.name
{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: system-node-critical}, value: 10}
  error api/priority-class metadata.name
{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: a}, value: 1000000001}
  error api/priority-class value
{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: b}, value: -2147483648}
{apiVersion: node.k8s.io/v1, kind: RuntimeClass, metadata: {name: a}, handler: A}
  error api/runtime-class handler
{apiVersion: node.k8s.io/v1, kind: RuntimeClass, metadata: {name: a}, handler: a, overhead: {podFixed: {hugepages-2Mi: 2Mi}}}
  error api/runtime-class overhead
{apiVersion: node.k8s.io/v1, kind: RuntimeClass, metadata: {name: a}, handler: a, overhead: {podFixed: {pods: 1, x.y/z: 1500m, cpu: -1}}}
  error api/runtime-class overhead.limits.pods
  error api/quantity overhead.limits["x.y/z"]
  error api/quantity overhead.limits.cpu
{apiVersion: node.k8s.io/v1, kind: RuntimeClass, metadata: {name: a}, handler: a, scheduling: {nodeSelector: {-a: b, c: "d e"}}}
  error api/labels scheduling.nodeSelector
  error api/labels scheduling.nodeSelector
{apiVersion: apiregistration.k8s.io/v1, kind: APIService, metadata: {name: v1.a.b}, spec: {group: a.b, version: v1, groupPriorityMinimum: 1, versionPriority: 1, caBundle: eA==, insecureSkipTLSVerify: true}}
  error api/api-service spec.caBundle
  error api/api-service spec.insecureSkipTLSVerify
{apiVersion: apiregistration.k8s.io/v1, kind: APIService, metadata: {name: v1.a.b}, spec: {group: a.b, version: v1, groupPriorityMinimum: 20001, versionPriority: 1001, caBundle: eA==, insecureSkipTLSVerify: true, service: {name: a, namespace: b, port: 0}}}
  error api/api-service spec.groupPriorityMinimum
  error api/api-service spec.versionPriority
  error api/api-service spec.insecureSkipTLSVerify
  error schema/format spec.service.port
{apiVersion: apiregistration.k8s.io/v1, kind: APIService, metadata: {name: v2.}, spec: {version: v2, groupPriorityMinimum: 1, versionPriority: 1}}
  error api/api-service spec.group
{apiVersion: apiregistration.k8s.io/v1, kind: APIService, metadata: {name: v1.}, spec: {version: v1, groupPriorityMinimum: 1, versionPriority: 1}}
{apiVersion: coordination.k8s.io/v1, kind: Lease, metadata: {name: a}, spec: {preferredHolder: x, strategy: Foo}}
{apiVersion: storagemigration.k8s.io/v1, kind: StorageVersionMigration, metadata: {name: a}, spec: {resource: {group: A, resource: a.b}}}
  error api/migration spec.resource.group
  error api/migration spec.resource.resource
{apiVersion: storagemigration.k8s.io/v1, kind: StorageVersionMigration, metadata: {name: a}}
  error schema/required spec.resource.resource
{apiVersion: authentication.k8s.io/v1, kind: TokenReview, spec: {token: ''}}
  error schema/required spec.token
{apiVersion: authorization.k8s.io/v1, kind: SubjectAccessReview, metadata: {name: a}, spec: {resourceAttributes: {fieldSelector: {}, labelSelector: {rawSelector: a, requirements: [{key: -a, operator: In}]}}, nonResourceAttributes: {}}}
  error api/review metadata
  error api/review spec
  error api/review spec.user
  error api/review spec.resourceAttributes.fieldSelector.requirements
  error api/review spec.resourceAttributes.labelSelector.rawSelector
  error api/selector spec.resourceAttributes.labelSelector.requirements[0].values
  error api/selector spec.resourceAttributes.labelSelector.requirements[0].key
{apiVersion: authorization.k8s.io/v1, kind: SelfSubjectAccessReview, spec: {}}
  error api/review spec
{apiVersion: authorization.k8s.io/v1, kind: LocalSubjectAccessReview, metadata: {namespace: a}, spec: {user: b, resourceAttributes: {namespace: c}}}
  error api/review spec.resourceAttributes.namespace
{apiVersion: authorization.k8s.io/v1, kind: SelfSubjectRulesReview, spec: {}}
  error api/review spec.namespace
{apiVersion: v1, kind: Node, metadata: {name: a}, spec: {taints: [{key: a, effect: NoSchedule}, {key: a, effect: NoSchedule}, {key: -a, value: -b, effect: ''}]}}
  error api/node metadata.taints[1]
  error api/node metadata.taints[2].key
  error api/node metadata.taints[2].value
  error schema/required spec.taints[2].effect
  error api/node metadata.taints[2].effect
{apiVersion: node.k8s.io/v1, kind: RuntimeClass, metadata: {name: a}, handler: a, overhead: {podFixed: {cpu: 1, hugepages-2Mi: 3Mi}}, scheduling: {tolerations: [{operator: Exists}, {operator: Exists}], nodeSelector: {beta.kubernetes.io/os: linux}}}
  error api/quantity overhead.limits.hugepages-2Mi
  error api/runtime-class scheduling.tolerations[1]
  warning api/deprecated scheduling.nodeSelector
{apiVersion: coordination.k8s.io/v1, kind: Lease, metadata: {name: a}, spec: {leaseDurationSeconds: 0, leaseTransitions: -1}}
  error api/lease spec.leaseDurationSeconds
  error api/lease spec.leaseTransitions
"#,
        "",
        "",
        "",
    );
}
