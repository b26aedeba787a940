//! What pods say for all of their containers, and what the server says of it.

use crate::api::testing::expect;

#[test]
fn fields_of_pods() {
    expect(
        r#"restartPolicy: Sometimes, activeDeadlineSeconds: 0, readinessGates: [{conditionType: -a}]
  error schema/enum restartPolicy
  error api/pod activeDeadlineSeconds
  error api/name readinessGates[0].conditionType
serviceAccount: A, priorityClassName: A, runtimeClassName: A, nodeName: A, hostname: a.b
  error api/name serviceAccountName
  error api/name priorityClassName
  error api/name runtimeClassName
  error api/name nodeName
  error api/name hostname
imagePullSecrets: [{name: a}, {name: a}, {}]
  error api/server-side-apply imagePullSecrets[1]
  warning api/pod imagePullSecrets[1].name
  warning api/pod imagePullSecrets[2].name
resourceClaims: [{name: a}, {name: a, resourceClaimName: A, resourceClaimTemplateName: b}]
  error api/pod resourceClaims[0]
  error schema/duplicate-item resourceClaims[1].name
  error api/pod resourceClaims[1]
  error api/name resourceClaims[1].resourceClaimName
nodeSelector: {beta.kubernetes.io/os: a, b: -c}, schedulingGates: [{name: -a}], nodeName: a
  warning api/deprecated nodeSelector["beta.kubernetes.io/os"]
  error api/labels nodeSelector
  error api/name schedulingGates[0]
  error api/pod nodeName
priority: 1, preemptionPolicy: Never, overhead: {cpu: -1}
  error api/pod priority
  error api/pod preemptionPolicy
  error api/pod overhead
  error api/pod overhead.limits.cpu
tolerations: [{}, {key: -a, operator: Exists, value: b}, {key: a, value: -b}, {key: a, operator: Gt, value: '1'}, {key: a, tolerationSeconds: 1}]
  error api/scheduling tolerations[0].operator
  error api/scheduling tolerations[1].key
  error api/scheduling tolerations[1].operator
  error api/scheduling tolerations[2].operator
  error api/scheduling tolerations[3].operator
  error api/scheduling tolerations[4].effect
topologySpreadConstraints: [{maxSkew: 0, topologyKey: a, whenUnsatisfiable: ScheduleAnyway, minDomains: 1}]
  warning api/pod topologySpreadConstraints[0].labelSelector
  error api/pod topologySpreadConstraints[0].maxSkew
  error api/pod topologySpreadConstraints[0].minDomains
topologySpreadConstraints: [{maxSkew: 1, topologyKey: a, whenUnsatisfiable: ScheduleAnyway, labelSelector: {matchLabels: {app: b}}, matchLabelKeys: [app, -b]}]
  error api/pod topologySpreadConstraints[0][0]
  error api/pod topologySpreadConstraints[0].matchLabelKeys[1]
affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: a, operator: Exists, values: [-b]}, {key: a, operator: Gt}], matchFields: [{key: a, operator: In}]}]}}}
  error api/scheduling affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].values
  error api/scheduling affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].values[0]
  error api/scheduling affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[1].values
  error api/scheduling affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchFields[0].values
  error api/scheduling affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchFields[0].key
affinity: {nodeAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 101, preference: {matchExpressions: [{key: a, operator: In, values: [-b]}]}}]}}
  error api/pod affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight
  warning api/scheduling affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matchExpressions[0].values[0]
affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: -a, namespaces: [A], mismatchLabelKeys: [a]}]}}
  warning api/pod affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelector
  error api/pod affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey
  error api/name affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].namespace
  error api/pod affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].mismatchLabelKeys
affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: a, labelSelector: {}, matchLabelKeys: [a, -b], mismatchLabelKeys: [a]}]}}
  error api/pod affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].matchLabelKeys[0]
  error api/pod affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].matchLabelKeys[1]
hostPID: true, shareProcessNamespace: true, hostUsers: false
  error api/pod HostPID
  error api/pod shareProcessNamespace
hostnameOverride: A, hostNetwork: true, setHostnameAsFQDN: true
  error api/pod hostnameOverride
  error api/pod hostnameOverride
  error api/name hostnameOverride
hostAliases: [{ip: 1.2.3}, {ip: 01.2.3.4, hostnames: [A]}, {ip: 'FD00::1'}, {ip: 'FD00::1'}]
  error api/pod hostAliases[0].ip
  error api/pod hostAliases[1].ip
  error api/name hostAliases[1].hostnames[0]
  warning api/pod hostAliases[2].ip
  error api/server-side-apply hostAliases[3]
  warning api/pod hostAliases[3].ip
  warning api/pod hostAliases[3].ip
dnsPolicy: None
  error api/pod dnsConfig
dnsPolicy: None, dnsConfig: {searches: [a]}
  error api/pod dnsConfig.nameservers
dnsConfig: {nameservers: [a, 1.1.1.1, 1.1.1.2, 1.1.1.3], searches: [a_b.c., '.', A], options: [{value: a}]}
  error api/pod dnsConfig.nameservers
  error api/pod dnsConfig.nameservers[0]
  error api/name dnsConfig.searches[2]
  error api/pod dnsConfig.options[0]
securityContext: {fsGroup: -1, supplementalGroups: [-1], fsGroupChangePolicy: Never, sysctls: [{name: A, value: b}, {name: a, value: b}, {name: a, value: b}]}
  error api/security-context securityContext.fsGroup
  error api/security-context securityContext.supplementalGroups[0]
  error schema/enum securityContext.fsGroupChangePolicy
  error api/security-context securityContext.sysctls[0].name
  error api/security-context securityContext.sysctls[2].name
hostNetwork: true, securityContext: {sysctls: [{name: net/core/somaxconn, value: a}], seccompProfile: {type: Localhost}, windowsOptions: {runAsUserName: ''}}
  error api/security-context securityContext.sysctls[0].name
  error api/security-context securityContext.seccompProfile.localhostProfile
  error api/security-context securityContext.windowsOptions.runAsUserName
os: {name: windows}, hostIPC: true, shareProcessNamespace: false, securityContext: {runAsUser: 1, sysctls: [{name: a, value: b}]}
  error api/pod hostIPC
  error api/pod shareProcessNamespace
  error api/pod securityContext.runAsUser
  error api/pod securityContext.sysctls
os: {name: plan9}
  error api/pod os
"#,
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: {app: a}}\nspec: {containers: [{name: a, image: a}], ",
        "}",
        "spec.",
    );
}

#[test]
fn annotations_of_pods() {
    expect(
        r#"kubernetes.io/config.mirror: a
  error api/annotations ["kubernetes.io/config.mirror"]
controller.kubernetes.io/pod-deletion-cost: "+1"
  error api/annotations ["controller.kubernetes.io/pod-deletion-cost"]
scheduler.alpha.kubernetes.io/tolerations: a
  error api/annotations
scheduler.alpha.kubernetes.io/critical-pod: ""
  warning api/deprecated ["scheduler.alpha.kubernetes.io/critical-pod"]
seccomp.security.alpha.kubernetes.io/pod: a
  error api/annotations ["seccomp.security.alpha.kubernetes.io/pod"]
  warning api/deprecated ["seccomp.security.alpha.kubernetes.io/pod"]
seccomp.security.alpha.kubernetes.io/pod: runtime/default
  warning api/deprecated ["seccomp.security.alpha.kubernetes.io/pod"]
container.seccomp.security.alpha.kubernetes.io/a: localhost/../a
  warning api/deprecated ["container.seccomp.security.alpha.kubernetes.io/a"]
  error api/annotations ["container.seccomp.security.alpha.kubernetes.io/a"]
container.apparmor.security.beta.kubernetes.io/a: a
  warning api/deprecated ["container.apparmor.security.beta.kubernetes.io/a"]
  error api/annotations ["container.apparmor.security.beta.kubernetes.io/a"]
container.apparmor.security.beta.kubernetes.io/b: unconfined
  error api/annotations ["container.apparmor.security.beta.kubernetes.io/b"]
"#,
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a, annotations: {",
        "}}\nspec: {containers: [{name: a, image: a}]}",
        "metadata.annotations",
    );
}

#[test]
fn templates_of_pods() {
    expect(
        r#"metadata: {annotations: {controller.kubernetes.io/pod-deletion-cost: a}}, spec: {containers: [{name: a, image: a}]}
  error api/annotations annotations["controller.kubernetes.io/pod-deletion-cost"]
spec: {containers: [{name: a, image: a}], terminationGracePeriodSeconds: -1, overhead: {memory: 1500m}, priority: 1}
  warning api/pod spec.terminationGracePeriodSeconds
  warning api/pod spec.overhead.memory
"#,
        "apiVersion: v1\nkind: PodTemplate\nmetadata: {name: a}\ntemplate: {",
        "}",
        "template.",
    );
}
