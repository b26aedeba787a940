//! Snippets of a Pod and the verdict on them.

use crate::api::testing::judged;

/// Judges a Pod with a container that says a few lines more.
#[track_caller]
fn container(lines: &str, expected: &[&str]) {
    let pod = format!("containers:\n- name: web\n  image: a\n{}", indent(lines));
    spec(
        &format!(
            "{pod}volumes: [{{name: data}}, {{name: logs}}, {{name: disk, persistentVolumeClaim: {{claimName: a}}}}]"
        ),
        expected,
    );
}

/// Judges a Pod by its `spec`, and compares with lines `severity rule path: message`; paths leave out `spec`, and those in the
/// first container leave out that too.
#[track_caller]
fn spec(lines: &str, expected: &[&str]) {
    let found = judged(&format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec:\n{}", indent(lines)));
    let found: Vec<String> =
        found.iter().map(|line| line.replace("spec.containers[0].", "").replacen("spec.", "", 1)).collect();
    let found: Vec<&str> = found.iter().map(|line| line.strip_prefix("error api/").unwrap_or(line)).collect();
    assert_eq!(found, expected, "{lines}");
}

fn indent(lines: &str) -> String {
    lines.lines().flat_map(|line| ["  ", line, "\n"]).collect()
}

#[test]
fn names_and_images() {
    container("imagePullPolicy: ''\nterminationMessagePolicy: ''", &[]);
    spec(
        "containers: [{name: A.b, image: ' a'}]",
        &[
            "container name: `name` is `A.b`, but may hold only small letters, digits and `-`, and begins and ends with a letter or digit",
            "container image: `image` begins or ends with white space",
        ],
    );
    spec(
        "containers: []\nephemeralContainers: [{name: a, image: b}]",
        &[
            "container containers: `containers` is empty",
            "container ephemeralContainers: `ephemeralContainers` may not be set when a pod is created",
        ],
    );
    spec(
        "containers: [{name: a, image: ''}]\ninitContainers: [{name: a, image: b}]",
        &["container image: `image` is empty", "container initContainers[0].name: two containers are named `a`"],
    );
}

#[test]
fn ports() {
    container(
        "ports:
- {containerPort: 80, name: http}
- {containerPort: 81, name: http}
- {containerPort: 82, name: HTTP}
- {containerPort: 80}
- {containerPort: 83, hostPort: 1}
- {containerPort: 84, hostPort: 1}
- {containerPort: 85, hostIP: 10.0.0.1}",
        &[
            "port ports[1].name: two ports are named `http`",
            "port ports[2].name: `name` is `HTTP`, but may hold only small letters, digits and `-`",
            "server-side-apply ports[3]: port 80/TCP is listed twice: server-side apply refuses it",
            "port ports[5].hostPort: port 1 of the host is taken twice",
            "warning api/port ports[6]: `hostIP` has no effect without `hostPort`",
        ],
    );
    spec(
        "hostNetwork: true
initContainers:
- {name: c, image: d, ports: [{containerPort: 80, name: http}]}
containers:
- {name: a, image: b, ports: [{containerPort: 80, name: http}, {containerPort: 81, hostPort: 82}]}
- {name: b, image: b, ports: [{containerPort: 80}]}",
        &[
            "warning api/port ports[0]: port 80/TCP is listed twice",
            "warning api/port ports[0]: two ports are named `http`: Services and probes that say it mean the first",
            "port ports[1].hostPort: `hostPort` is 82, but with `hostNetwork` must be `containerPort`",
            "port containers[1].ports[0].hostPort: port 80 of the host is taken twice",
            "warning api/port containers[1].ports[0]: port 80/TCP is listed twice",
        ],
    );
}

#[test]
fn variables() {
    container(
        "env:
- {name: A=B}
- {name: A, value: x}
- {name: A, valueFrom: {}}
- {name: B, value: x, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
- {name: C, valueFrom: {configMapKeyRef: {key: a/b}, secretKeyRef: {name: a, key: b}}}
- {name: D, valueFrom: {fieldRef: {fieldPath: metadata.nam}}}
- {name: E, valueFrom: {fieldRef: {fieldPath: \"metadata.labels['a b']\"}}}
- {name: F, valueFrom: {fieldRef: {fieldPath: \"metadata.annotations['A']\", apiVersion: v2}}}
- {name: G, valueFrom: {resourceFieldRef: {resource: limits.gpu}}}
- {name: H, valueFrom: {resourceFieldRef: {resource: limits.cpu, divisor: 1k}}}
- {name: I, valueFrom: {resourceFieldRef: {resource: limits.memory, divisor: 1024Ki}}}
- {name: J, valueFrom: {fileKeyRef: {volumeName: data, path: a, key: K}}}
- {name: K, valueFrom: {fileKeyRef: {volumeName: disk, path: ../a, key: K}}}
- {name: L, valueFrom: {fileKeyRef: {volumeName: none, path: a, key: K}}}
envFrom:
- {prefix: a=, secretRef: {name: A}}
- {}",
        &[
            "env env[0].name: `name` is `A=B`, but may hold only printable ASCII characters other than `=`",
            "server-side-apply env[2]: `A` is set twice: the last one counts: server-side apply refuses it",
            "env env[2].valueFrom: `valueFrom` says no source",
            "env env[3].valueFrom: a variable has `value` or `valueFrom`, not both",
            "env env[4].valueFrom: `valueFrom` says more than one source",
            "env env[4].valueFrom.configMapKeyRef.name: `name` is missing",
            "env env[4].valueFrom.configMapKeyRef.key: `key` is `a/b`, but may hold only letters, digits, `-`, `_` and `.`",
            "env env[5].valueFrom.fieldRef.fieldPath: no variable can hold `metadata.nam`",
            "env env[6].valueFrom.fieldRef: `a b` is no key of `metadata.labels`: it may hold only letters, digits, `-`, `_` and `.`, and begins and ends with a letter or digit",
            "env env[7].valueFrom.fieldRef.fieldPath: `apiVersion` is `v2`, but pods have only `v1`",
            "env env[8].valueFrom.resourceFieldRef.resource: `limits.gpu` is no resource that a variable can hold",
            "env env[9].valueFrom.resourceFieldRef.divisor: `divisor` is `1k`, but must be `1` or `1m`",
            "env env[12].valueFrom.fileKeyRef.volumeName: volume `disk` is no `emptyDir`, which a file of variables must lie in",
            "env env[12].valueFrom.fileKeyRef.path: `path` is `../a`, but may not hold `..`",
            "env env[13].valueFrom.fileKeyRef.volumeName: the pod has no volume `none`",
            "env envFrom[0].prefix: `prefix` is `a=`, but may hold only printable ASCII characters other than `=`",
            "env envFrom[0].secretRef.name: `name` is `A`, but may hold only small letters, digits, `-` and `.`, and each part between dots begins and ends with a letter or digit",
            "env envFrom: an item of `envFrom` names no source",
        ],
    );
}

#[test]
fn mounts_and_devices() {
    container(
        "volumeMounts:
- {name: none, mountPath: /a}
- {name: data, mountPath: /b, subPath: /c, subPathExpr: d}
- {name: data, mountPath: /dev/a, mountPropagation: Bidirectional}
- {name: disk, mountPath: /d, recursiveReadOnly: Enabled, mountPropagation: HostToContainer}
- {name: disk, mountPath: /e, recursiveReadOnly: Maybe, mountPropagation: ''}
volumeDevices:
- {name: disk, devicePath: /dev/a}
- {name: logs, devicePath: /dev/../b}
- {name: disk, devicePath: /dev/c}",
        &[
            "volume-mount volumeMounts[0].name: the pod has no volume `none`",
            "volume-mount volumeMounts.subPath: `subPath` is `/c`, but must be a relative path: it may not begin with `/`",
            "volume-mount volumeMounts[1].subPathExpr: a mount has `subPath` or `subPathExpr`, not both",
            "volume-mount volumeMounts[2].mountPath: `/dev/a` is the path of a device as well",
            "volume-mount volumeMounts.mountPropagation: `mountPropagation: Bidirectional` is for privileged containers only",
            "volume-mount volumeMounts[3].name: volume `disk` is a device of the container as well",
            "volume-mount volumeMounts.recursiveReadOnly: `recursiveReadOnly: Enabled` needs `readOnly`",
            "volume-mount volumeMounts.recursiveReadOnly: `recursiveReadOnly: Enabled` excludes `mountPropagation`",
            "volume-mount volumeMounts[4].name: volume `disk` is a device of the container as well",
            "volume-mount volumeMounts.recursiveReadOnly: `recursiveReadOnly` is `Maybe`, but must be one of `Disabled`, `IfPossible`, `Enabled`",
            "volume-mount volumeMounts.mountPropagation: `mountPropagation` is ``, but must be one of `None`, `HostToContainer`, `Bidirectional`",
            "volume-mount volumeDevices[1].name: volume `logs` is no claim: only claims can be devices",
            "volume-mount volumeDevices[1].devicePath: `devicePath` is `/dev/../b`, but may not hold `..`",
            "volume-mount volumeDevices[2].name: volume `disk` is a device of the container twice",
        ],
    );
}

#[test]
fn resources() {
    container(
        "resources:
  limits: {gpu: 1, cpu: -1, memory: 1500m, example.com/gpu: 500m, hugepages-2Mi: 3Mi, ephemeral-storage: 1Gi}
  requests: {ephemeral-storage: 2Gi, example.com/gpu: 1, example.com/tpu: 1}
  claims: [{name: none}]",
        &[
            "resources resources.limits.gpu: `gpu` is no resource of containers: those are `cpu`, `memory`, `ephemeral-storage`, `hugepages-SIZE`, and `DOMAIN/NAME`",
            "resources resources.limits.cpu: `cpu` is -1, but may not be negative",
            "warning api/resources resources.limits.memory: `memory` is 1500m: part of a byte",
            "resources resources.limits[\"example.com/gpu\"]: `example.com/gpu` is 500m, but must be a whole number",
            "resources resources.limits.hugepages-2Mi: `hugepages-2Mi` is 3Mi, which is no whole number of its pages",
            "resources resources.requests: 2Gi of `ephemeral-storage` is requested, more than the limit of 1Gi",
            "resources resources.requests: 1 of `example.com/gpu` is requested, but must be the limit of 500m",
            "resources resources.limits: `example.com/tpu` is requested without a limit, and is given out whole",
            "resources resources.claims[0]: the pod has no claim `none`",
        ],
    );
    // Amounts are rounded up to thousandths before they are compared.
    container("resources: {limits: {cpu: 0.0001}, requests: {cpu: 0.0009}}", &[]);
    container(
        "resources: {limits: {hugepages-2Mi: 4Mi}}",
        &["resources resources: huge pages need `cpu` or `memory` as well"],
    );
    spec(
        "resourceClaims: [{name: a, resourceClaimName: b}]
containers: [{name: a, image: b, resources: {claims: [{name: a, request: x}, {name: a, request: z}, {name: a}]}}]",
        &[
            "server-side-apply resources.claims[1]: claim `a` is listed twice: server-side apply refuses it",
            "resources resources.claims[2]: claim `a` is listed twice",
        ],
    );
}

#[test]
fn resources_of_the_pod() {
    let containers = "containers: [{name: a, image: b, resources: {requests: {cpu: 1}}}, {name: b, image: b, resources: {limits: {cpu: 2}}}]";
    spec(&format!("resources: {{limits: {{cpu: 3}}, requests: {{cpu: 3}}}}\n{containers}"), &[]);
    spec(
        &format!("resources: {{limits: {{cpu: 1}}, claims: []}}\n{containers}"),
        &[
            "resources resources.requests: the containers request more `cpu` than the limit of 1",
            "resources resources.claims: a pod's own `resources` have no `claims`",
            "resources resources.containers[1].cpu.limits: 2 of `cpu` is more than the pod's 1",
        ],
    );
    spec(
        &format!("resources: {{requests: {{cpu: 2, ephemeral-storage: 1}}}}\n{containers}"),
        &[
            "resources resources.requests.cpu: `cpu` is 2, less than the requests of the containers",
            "resources resources.requests.ephemeral-storage: `ephemeral-storage` is no resource of pods: those are `cpu`, `memory`, `hugepages-SIZE`",
        ],
    );
    spec(
        "resources: {requests: {cpu: 3}}
initContainers: [{name: s, image: b, restartPolicy: Always, resources: {requests: {cpu: 2}}}, {name: i, image: b, resources: {requests: {cpu: 2}}}]
containers: [{name: a, image: b}]",
        &["resources resources.requests.cpu: `cpu` is 3, less than the requests of the containers"],
    );
    spec(
        "os: {name: windows}\nresources: {}\ncontainers: [{name: a, image: b}]",
        &["resources resources: a pod for Windows has no `resources` of its own"],
    );
}

#[test]
fn probes_and_handlers() {
    container(
        "livenessProbe: {exec: {}, tcpSocket: {port: 80}, successThreshold: 2, terminationGracePeriodSeconds: 0}
readinessProbe: {httpGet: {port: HTTP, httpHeaders: [{name: a b, value: c}]}, terminationGracePeriodSeconds: 1, successThreshold: 2}
startupProbe: {grpc: {port: 80}, periodSeconds: -1}
lifecycle: {preStop: {sleep: {seconds: 31}}, postStart: {}}",
        &[
            "probe livenessProbe.exec.command: `exec` needs a `command`",
            "probe livenessProbe.tcpSocket: `exec` and `tcpSocket` exclude each other",
            "probe livenessProbe.successThreshold: `successThreshold` of a `livenessProbe` must be 1",
            "probe livenessProbe.terminationGracePeriodSeconds: `terminationGracePeriodSeconds` is 0, but must be at least 1",
            "probe readinessProbe.httpGet.port: `port` is the name `HTTP`, but may hold only small letters, digits and `-`",
            "probe readinessProbe.httpGet.httpHeaders: `name` is `a b`, but may hold only letters, digits and `-`",
            "probe readinessProbe.terminationGracePeriodSeconds: `terminationGracePeriodSeconds` is not for readiness probes: they end no container",
            "probe startupProbe.periodSeconds: `periodSeconds` is -1, but must be at least 0",
            "lifecycle lifecycle.preStop.sleep: `sleep` lasts 31 seconds, but must last from 0 to 30: `terminationGracePeriodSeconds`",
            "lifecycle lifecycle.postStart: nothing says what to do",
        ],
    );
    spec(
        "containers: [{name: a, image: b}]
initContainers:
- {name: i, image: b, lifecycle: {}, readinessProbe: {tcpSocket: {port: 80}}}
- {name: s, image: b, restartPolicy: Always, readinessProbe: {}}
- {name: d, image: b, lifecycle: {stopSignal: SIGTERM}}",
        &[
            "lifecycle initContainers[0].lifecycle: `lifecycle` is not for init containers without `restartPolicy: Always`",
            "probe initContainers[0].readinessProbe: `readinessProbe` is not for init containers without `restartPolicy: Always`",
            "probe initContainers[1].readinessProbe: nothing says what to do",
        ],
    );
}

#[test]
fn restarts() {
    container(
        "restartPolicy: ''
restartPolicyRules: [{action: Restart}, {action: RestartAllContainers, exitCodes: {operator: In, values: [1]}}]
resizePolicy: [{resourceName: cpu, restartPolicy: NotRequired}, {resourceName: cpu, restartPolicy: RestartContainer}, {resourceName: gpu, restartPolicy: NotRequired}]",
        &[
            "restart-policy restartPolicy: `restartPolicy` is ``, but must be one of `Always`, `Never`, `OnFailure`",
            "restart-policy restartPolicyRules[0].exitCodes: `exitCodes` is missing",
            "restart-policy resizePolicy[1]: `cpu` has two resize policies",
            "restart-policy resizePolicy: `resourceName` is `gpu`, but must be `cpu` or `memory`",
        ],
    );
    spec(
        "restartPolicy: Never
containers: [{name: a, image: b, restartPolicyRules: [{action: Restart, exitCodes: {operator: In}}], resizePolicy: [{resourceName: cpu, restartPolicy: RestartContainer}]}]",
        &[
            "restart-policy restartPolicy: `restartPolicyRules` need a `restartPolicy`",
            "restart-policy resizePolicy: `RestartContainer` contradicts `restartPolicy: Never` of the pod",
        ],
    );
    spec(
        "containers: [{name: a, image: b}]
initContainers: [{name: i, image: b, resizePolicy: [{resourceName: cpu, restartPolicy: RestartContainer}]}]",
        &[
            "restart-policy initContainers[0].resizePolicy[0].restartPolicy: `RestartContainer` is not for init containers without `restartPolicy: Always`",
        ],
    );
}

#[test]
fn security_contexts() {
    container(
        "securityContext:
  runAsUser: -1
  procMount: Unmasked
  privileged: true
  allowPrivilegeEscalation: false
  capabilities: {add: [CAP_SYS_ADMIN]}
  seccompProfile: {type: Localhost, localhostProfile: ../a}
  appArmorProfile: {type: Unconfined, localhostProfile: a}
  windowsOptions: {gmsaCredentialSpecName: A, gmsaCredentialSpec: '', runAsUserName: 'a\\b\\c'}",
        &[
            "security-context securityContext: `privileged: true` contradicts `allowPrivilegeEscalation: false`",
            "security-context securityContext: the capability `CAP_SYS_ADMIN` contradicts `allowPrivilegeEscalation: false`",
            "security-context securityContext.runAsUser: `runAsUser` is -1, but must be from 0 to 2147483647",
            "security-context securityContext.procMount: `procMount: Unmasked` needs a user namespace",
            "security-context securityContext.seccompProfile.localhostProfile: `localhostProfile` is `../a`, but may not hold `..`",
            "security-context securityContext.appArmorProfile.localhostProfile: `localhostProfile` is for `type: Localhost` only",
            "security-context securityContext.windowsOptions.gmsaCredentialSpecName: `gmsaCredentialSpecName` is `A`, but may hold only small letters, digits, `-` and `.`, and each part between dots begins and ends with a letter or digit",
            "security-context securityContext.windowsOptions.gmsaCredentialSpec: `gmsaCredentialSpec` is empty",
            "security-context securityContext.windowsOptions.runAsUserName: `runAsUserName` is `a\\b\\c`, but has more than one `\\`",
        ],
    );
    spec(
        "securityContext: {windowsOptions: {hostProcess: true}}
os: {name: windows}
containers:
- {name: a, image: b, securityContext: {runAsUser: 1}}
- {name: b, image: b, securityContext: {windowsOptions: {hostProcess: false}}}",
        &[
            "security-context spec: some containers are processes of the host, and some are not",
            "security-context hostNetwork: containers that are processes of the host need `hostNetwork: true`",
            "security-context securityContext.runAsUser: `runAsUser` is not for pods for Windows",
            "security-context containers[1].securityContext.windowsOptions.hostProcess: `hostProcess` is false, but of the pod true",
        ],
    );
}

#[test]
fn annotations_are_held_against_fields() {
    let found = judged(
        "apiVersion: v1
kind: Pod
metadata:
  name: a
  annotations:
    container.seccomp.security.alpha.kubernetes.io/web: unconfined
    container.apparmor.security.beta.kubernetes.io/web: runtime/default
spec:
  containers: [{name: web, image: a, securityContext: {seccompProfile: {type: RuntimeDefault}}}]
",
    );
    assert_eq!(
        found,
        [
            "warning api/deprecated metadata.annotations[\"container.apparmor.security.beta.kubernetes.io/web\"]: `container.apparmor.security.beta.kubernetes.io/web` is out of use: `appArmorProfile` took its place",
            "error api/security-context spec.containers[0].securityContext.seccompProfile.type: the annotation `container.seccomp.security.alpha.kubernetes.io/web` says another profile",
        ]
    );
}
