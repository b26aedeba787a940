//! Kinds of storage, and what the server says of them.

use crate::api::testing::expect;

#[test]
fn volumes() {
    expect(
        r"volumeMode: Filesystem
  error api/volume spec
hostPath: {path: /}, persistentVolumeReclaimPolicy: Recycle
  error api/volume persistentVolumeReclaimPolicy
  warning api/deprecated persistentVolumeReclaimPolicy
local: {path: /a}, nfs: {server: a, path: /b}, volumeMode: Raw
  error api/volume local
  error schema/enum volumeMode
glusterfs: {endpoints: a, path: b, endpointsNamespace: A}, storageClassName: A
  warning api/deprecated glusterfs
  error api/name glusterfs.endpointsNamespace
  error api/name storageClassName
cinder: {volumeID: a, secretRef: {name: a}}, volumeAttributesClassName: ''
  error api/volume csi
  error api/volume cinder.secretRef.namespace
  error api/volume volumeAttributesClassName
azureFile: {secretName: a, shareName: b, secretNamespace: ''}, flexVolume: {driver: ''}
  error api/volume azureFile
  error schema/required flexVolume.driver
csi: {driver: A_b, volumeHandle: a, nodeStageSecretRef: {}, nodePublishSecretRef: {name: A}}
  error api/name csi.driver
  error api/volume csi.nodePublishSecretRef.namespace
  error api/name csi.nodePublishSecretRef.name
local: {path: ../a}, nodeAffinity: {required: {nodeSelectorTerms: []}}
  error api/volume local.path
  error api/scheduling nodeAffinity.required.nodeSelectorTerms
",
        "apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: a}\nspec: {accessModes: [ReadWriteOnce], capacity: {storage: 1Gi}, ",
        "}",
        "spec.",
    );
}

#[test]
fn claims() {
    expect(
        r"volumeMode: Filesystem
  error api/claim accessModes
  error api/claim resources.storage
accessModes: [Sometimes, ReadWriteOncePod, ReadWriteOnce], resources: {requests: {storage: 0}}, volumeMode: Raw, storageClassName: A, volumeAttributesClassName: A
  error api/claim accessModes
  error api/claim accessModes
  error api/claim resources.storage
  error schema/enum volumeMode
  error api/name storageClassName
  error api/name volumeAttributesClassName
accessModes: [ReadWriteOnce], resources: {requests: {storage: 1.5}}, dataSource: {kind: Unknown, name: a, apiGroup: a.b}
  warning api/claim resources.requests.storage
accessModes: [ReadWriteOnce], resources: {requests: {storage: 1}}, dataSourceRef: {kind: Unknown, name: a}
  error api/claim dataSource
accessModes: [ReadWriteOnce], resources: {requests: {storage: 1}}, dataSource: {kind: PersistentVolumeClaim, name: a}, dataSourceRef: {kind: A, name: a, apiGroup: a.b}
  error api/claim spec
",
        "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: a}\nspec: {",
        "}",
        "spec.",
    );
}

#[test]
fn classes_and_drivers() {
    expect(
        r"{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: a}, provisioner: a/b/c, parameters: {'': a}, reclaimPolicy: Recycle, allowedTopologies: [{}, {matchLabelExpressions: [{key: beta.kubernetes.io/os, values: [a, a]}]}]}
  error api/name provisioner
  error api/storage-class parameters
  error schema/enum reclaimPolicy
  error api/storage-class allowedTopologies[0].matchLabelExpressions
  warning api/deprecated allowedTopologies[1].matchLabelExpressions[0].key
  error api/storage-class allowedTopologies[1].matchLabelExpressions[0].values[1]
{apiVersion: storage.k8s.io/v1, kind: VolumeAttributesClass, metadata: {name: a}, driverName: -a}
  error api/storage-class parameters
  error api/name driverName
{apiVersion: storage.k8s.io/v1, kind: CSIStorageCapacity, metadata: {name: a}, storageClassName: A, capacity: -1, nodeTopology: {matchExpressions: [{key: a, operator: In}]}}
  error api/name storageClassName
  error api/storage-class capacity
  error api/selector nodeTopology.matchExpressions[0].values
{apiVersion: storage.k8s.io/v1, kind: CSIDriver, metadata: {name: a}, spec: {fsGroupPolicy: Some, tokenRequests: [{audience: a, expirationSeconds: 1}, {audience: a}], volumeLifecycleModes: [Long], nodeAllocatableUpdatePeriodSeconds: 1}}
  warning api/storage-driver spec.serviceAccountTokenInSecrets
  error api/storage-driver spec.fsGroupPolicy
  error api/storage-driver spec.tokenRequests[0].expirationSeconds
  error api/storage-driver spec.tokenRequests[1].audience
  error api/storage-driver spec.volumeLifecycleModes
  error api/storage-driver spec.nodeAllocatableUpdatePeriodSeconds
{apiVersion: storage.k8s.io/v1, kind: CSIDriver, metadata: {name: a}, spec: {serviceAccountTokenInSecrets: true}}
  error api/storage-driver spec.serviceAccountTokenInSecrets
{apiVersion: storage.k8s.io/v1, kind: CSINode, metadata: {name: a}, spec: {drivers: [{name: a_b, nodeID: c, allocatable: {count: -1}, topologyKeys: [a, a]}]}}
  error api/name spec.drivers[0].name
  error api/storage-driver spec.drivers[0].allocatable.count
  error api/storage-driver spec.drivers[0]
{apiVersion: storage.k8s.io/v1, kind: VolumeAttachment, metadata: {name: a}, spec: {attacher: a_b, nodeName: A, source: {}}}
  error api/name spec.attacher
  error api/name spec.nodeName
  error api/volume spec.source
{apiVersion: storage.k8s.io/v1, kind: VolumeAttachment, metadata: {name: a}, spec: {attacher: a, nodeName: a, source: {inlineVolumeSpec: {capacity: {storage: 1}, accessModes: [ReadWriteOnce], storageClassName: a, nfs: {server: a, path: /a}}}}}
  error api/volume spec.source.inlineVolumeSpec.csi
  error api/volume spec.source.inlineVolumeSpec.capacity
  error api/volume spec.source.inlineVolumeSpec.storageClassName
",
        "",
        "",
        "",
    );
}
