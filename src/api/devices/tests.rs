//! Kinds of devices, and what the server says of them.

use crate::api::testing::expect;

#[test]
fn slices() {
    expect(
        "driver: A_b, nodeName: a, allNodes: true, pool: {name: A, resourceSliceCount: 0, generation: -1}
  error api/device spec
  error api/device driver
  warning api/device driver
  error api/device pool.name
  error api/device pool.resourceSliceCount
  error api/device pool.generation
driver: a.b, pool: {name: a, resourceSliceCount: 1}, allNodes: false, nodeSelector: {nodeSelectorTerms: []}
  error api/device allNodes
  error api/scheduling nodeSelector.nodeSelectorTerms
  error api/device nodeSelector.nodeSelectorTerms
driver: a.B, nodeName: '', pool: {name: a/b, resourceSliceCount: 1}, sharedCounters: [{name: A, counters: {}}, {name: A, counters: {B: {value: 1}}}], devices: []
  error api/device spec
  error api/device spec
  warning api/device driver
  error api/device nodeName
  error api/device sharedCounters[0].name
  error api/device sharedCounters[0].counters
  error api/device sharedCounters[1]
  error api/device sharedCounters[1].name
  error api/device sharedCounters[1].counters
driver: a.b, nodeName: a, pool: {name: a, resourceSliceCount: 1}, devices: [{name: a, nodeName: b}, {name: a, attributes: {a-b: {int: 1}, c: {}, d: {version: v1}, e: {int: 1, bool: true}}}]
  error api/device devices[0]
  error api/device devices[1]
  error api/device devices[1].attributes
  error api/device devices[1].attributes.c
  error api/device devices[1].attributes.d.version
  error api/device devices[1].attributes.e
driver: a.b, nodeName: a, pool: {name: a, resourceSliceCount: 1}, devices: [{name: a, taints: [{key: -a, value: -b, effect: NoSchedule}], bindingConditions: [a, a], bindingFailureConditions: [a, -b]}, {name: b, bindingConditions: [a], consumesCounters: [{counterSet: A, counters: {}}]}]
  error api/device devices[0].taints[0].key
  error api/device devices[0].taints[0].value
  error api/device devices[0].bindingConditions[1]
  error api/device devices[0].bindingFailureConditions[0]
  error api/device devices[0].bindingFailureConditions[1]
  error api/device devices[1].bindingFailureConditions
  error api/device devices[1].consumesCounters[0].counterSet
  error api/device devices[1].consumesCounters[0].counters
driver: a.b, perDeviceNodeSelection: true, pool: {name: a, resourceSliceCount: 1}, devices: [{name: a}, {name: b, nodeName: A, allNodes: true}]
  error api/device devices[0]
  error api/device devices[1]
  error api/device devices[1].nodeName
driver: a.b, nodeName: a, pool: {name: a, resourceSliceCount: 1}, devices: [{name: a, capacity: {a: {value: 1, requestPolicy: {}}}}, {name: b, allowMultipleAllocations: true, capacity: {a: {value: 4, requestPolicy: {default: 3, validValues: [2, 1, 5]}}, b: {value: 4, requestPolicy: {validRange: {min: 1}}}, c: {value: 4, requestPolicy: {default: 1, validRange: {min: 2, max: 5, step: 2}}}, d: {value: 4, requestPolicy: {default: 1, validValues: [1], validRange: {min: 1}}}}}]
  error api/device devices[0].capacity.a.requestPolicy
  error api/device devices[1].capacity.a.requestPolicy.validValues
  error api/device devices[1].capacity.a.requestPolicy.validValues[1]
  error api/device devices[1].capacity.a.requestPolicy.validValues[2]
  error api/device devices[1].capacity.b.requestPolicy.default
  error api/device devices[1].capacity.c.requestPolicy.validRange.default
  error api/device devices[1].capacity.c.requestPolicy.validRange.max
  error api/device devices[1].capacity.c.requestPolicy.validRange.step
  error api/device devices[1].capacity.d.requestPolicy
",
        "apiVersion: resource.k8s.io/v1\nkind: ResourceSlice\nmetadata: {name: a}\nspec: {",
        "}",
        "spec.",
    );
}

#[test]
fn classes_rules_and_templates() {
    expect(
        "{apiVersion: resource.k8s.io/v1, kind: DeviceClass, metadata: {name: a}, spec: {selectors: [{}, {cel: {expression: ''}}, {cel: {expression: a}}], config: [{opaque: {driver: a.b}}], extendedResourceName: a}}
  error api/device spec.selectors[0].cel
  error schema/required spec.selectors[1].cel.expression
  error api/device spec.selectors[2].cel.expression
  error schema/required spec.config[0].opaque.parameters
  error api/device spec.extendedResourceName
{apiVersion: resource.k8s.io/v1, kind: DeviceTaintRule, metadata: {name: a}, spec: {deviceSelector: {driver: '', pool: A, device: a.b}, taint: {key: a, effect: Never}}}
  error api/device spec.deviceSelector.driver
  error api/device spec.deviceSelector.pool
  error api/device spec.deviceSelector.device
  error schema/enum spec.taint.effect
{apiVersion: resource.k8s.io/v1, kind: ResourceClaimTemplate, metadata: {name: a}, spec: {metadata: {name: a, labels: {-a: b}}, spec: {devices: {requests: [{name: a}]}}}}
  error api/metadata spec.metadata.name
  error api/labels spec.metadata.labels
  error api/device spec.spec.devices.requests[0]
",
        "",
        "",
        "",
    );
}
