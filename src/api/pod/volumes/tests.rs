//! Volumes, and what the server says of them.

use crate::api::testing::expect;

#[test]
fn sources_of_volumes() {
    expect(
        r#"emptyDir: {sizeLimit: -1}
  error api/volume emptyDir.sizeLimit
hostPath: {path: /a/../b, type: Fifo}
  error api/volume hostPath.path
  error schema/enum hostPath.type
gitRepo: {directory: /a}
  error schema/required gitRepo.repository
  warning api/deprecated gitRepo
  error api/volume gitRepo.directory
gcePersistentDisk: {pdName: a, partition: 256}
  error api/volume persistentDisk.partition
awsElasticBlockStore: {volumeID: a, partition: -1}
  error api/volume awsElasticBlockStore.partition
secret: {secretName: a, defaultMode: 512, items: [{key: a, path: /b}, {key: a, path: ..b, mode: -1}]}
  error api/volume secret.defaultMode
  error api/volume secret.items[0].path
  error api/volume secret.items[1].path
  error api/volume secret.items[1].mode
configMap: {items: [{key: a, path: b}, {key: b, path: b/c}]}
  error api/volume configMap.name
  warning api/volume configMap.items[1].path
nfs: {server: a, path: b}
  error api/volume nfs.path
iscsi: {targetPortal: a, iqn: b, lun: 256, chapAuthSession: true, initiatorName: iqn.2026-01.com.example}
  error api/volume iscsi.secretRef
  error api/volume iscsi.iqn
  error api/volume iscsi.lun
  error api/volume iscsi.initiatorname
fc: {targetWWNs: [a], wwids: [b]}
  error api/volume fc.lun
  error api/volume fc.targetWWNs
flocker: {datasetName: a/b, datasetUUID: c}
  error api/volume flocker
  warning api/deprecated flocker
  error api/volume flocker.datasetName
quobyte: {registry: a, volume: b}
  warning api/deprecated quobyte
  error api/volume quobyte.registry
flexVolume: {driver: a, options: {kubernetes.io/b: c}}
  error api/volume flexVolume.options["kubernetes.io/b"]
azureDisk: {diskName: a, diskURI: b, kind: Managed}
  error api/volume azureDisk.diskURI
storageos: {volumeName: A, secretRef: {}}
  warning api/deprecated storageOS
  error api/name storageos.volumeName
  error api/volume storageos.secretRef.name
csi: {driver: a_b, nodePublishSecretRef: {name: A}}
  error api/name csi.driver
  error api/name csi.name
downwardAPI: {items: [{path: a, fieldRef: {fieldPath: spec.nodeName}}, {path: b}, {path: c, resourceFieldRef: {containerName: a, resource: limits.memory, divisor: 3Mi}}]}
  error api/volume downwardAPI.fieldRef.fieldPath
  error api/volume downwardAPI
  error api/volume downwardAPI.resourceFieldRef.divisor
downwardAPI: {items: [{path: a, fieldRef: {fieldPath: "metadata.labels['-a']"}}, {path: b, fieldRef: {fieldPath: metadata.name, apiVersion: v2}}]}
  error api/volume downwardAPI.fieldRef
  error api/volume downwardAPI.fieldRef.fieldPath
projected: {sources: [{secret: {name: a, items: [{key: a, path: x}]}, configMap: {name: b, items: [{key: a, path: x}]}}, {}, {serviceAccountToken: {path: ../a, expirationSeconds: 1}}]}
  error api/volume projected.sources[0]
  error api/volume projected
  warning api/volume projected.sources[1]
  error api/volume projected.path
  error api/volume projected.sources[2].serviceAccountToken.expirationSeconds
projected: {sources: [{clusterTrustBundle: {name: a, path: b, labelSelector: {}}}, {clusterTrustBundle: {signerName: a.b, path: c}}, {podCertificate: {signerName: a.b/c, keyType: RSA}}]}
  error api/volume projected.sources[0].clusterTrustBundle.labelSelector
  error api/name projected.sources[1].clusterTrustBundle.signerName
  error api/volume projected.sources[2].podCertificate
  error api/volume projected.sources[2].podCertificate.keyType
ephemeral: {volumeClaimTemplate: {metadata: {name: a, labels: {-a: b}}, spec: {accessModes: []}}}
  error api/volume ephemeral.volumeClaimTemplate.metadata.name
  error api/labels ephemeral.volumeClaimTemplate.metadata.labels
  error api/claim ephemeral.volumeClaimTemplate.spec.resources.storage
  error api/claim ephemeral.volumeClaimTemplate.spec.accessModes
image: {pullPolicy: Sometimes}
  error api/volume image.reference
  error schema/enum image.pullPolicy
emptyDir: {}, downwardAPI: {}, cephfs: {monitors: [a]}
  error api/volume downwarAPI
  error api/volume cephFS
  warning api/deprecated cephfs
"#,
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: a}], volumes: [{name: v, ",
        "}]}",
        "spec.volumes[0].",
    );
}

#[test]
fn names_of_volumes() {
    expect(
        r"{name: A, emptyDir: {}}, {emptyDir: {}}, {name: b, emptyDir: {}}, {name: b, emptyDir: {}}
  error api/name [0].name
  error schema/required [1].name
  error schema/duplicate-item [3].name
{name: b, ephemeral: {volumeClaimTemplate: {spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1}}}}}}, {name: c, persistentVolumeClaim: {claimName: a-b}}
  error api/volume [1].persistentVolumeClaim.claimName
",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: a}], volumes: [",
        "]}",
        "spec.volumes",
    );
}
