//! Manifests made from a seed: a few objects that belong together, with what kube-linter looks at set one way or another.

use super::super::random::Random;
use serde_json::{Map, Value, json};

pub(super) struct Generator(Random);

/// Makes the documents of a manifest.
pub(super) fn manifest(seed: u64, number: usize) -> String {
    let mut generator = Generator(Random::new(seed, &format!("manifest {number}")));
    let objects = generator.objects();
    let texts: Vec<String> = objects.iter().map(|object| format!("{object:#}\n")).collect();
    texts.join("---\n")
}

/// Adds fields where there are any.
fn put(map: &mut Value, key: &str, value: Value) {
    if let (Some(map), false) = (map.as_object_mut(), value.is_null()) {
        map.insert(key.to_owned(), value);
    }
}

impl Generator {
    /// One of some values.
    fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.0.below(from.len())].clone()
    }

    /// Once in `times`.
    fn once_in(&mut self, times: usize) -> bool {
        self.0.below(times) == 0
    }

    /// Sets a field to one of some values, where null stands for leaving it out.
    fn set(&mut self, map: &mut Value, key: &str, from: &[Value]) {
        let value = self.pick(from);
        put(map, key, value);
    }

    fn objects(&mut self) -> Vec<Value> {
        let mut objects = Vec::new();
        let namespace = self.pick(&[json!("shop"), json!("shop"), json!("default"), Value::Null]);
        for name in ["web", "api"].iter().take(1 + self.0.below(2)) {
            objects.push(self.workload(name));
        }
        for name in ["web", "api"] {
            let mut push = |generator: &mut Self, times: usize, make: fn(&mut Self, &str) -> Value| {
                if generator.once_in(times) {
                    objects.push(make(generator, name));
                }
            };
            push(self, 2, Self::service);
            push(self, 4, Self::budget);
            push(self, 5, Self::autoscaler);
            push(self, 5, Self::network_policy);
            push(self, 6, Self::ingress);
            push(self, 5, Self::role);
            push(self, 5, Self::binding);
            push(self, 6, |_, name| json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}}));
            push(self, 6, |generator, name| {
                let key = generator.pick(&["mode", "level"]);
                json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {key: "x"}})
            });
            push(self, 15, |_, name| {
                let backend = json!({"serviceName": name, "servicePort": 80});
                json!({"apiVersion": "extensions/v1beta1", "kind": "Ingress", "metadata": {"name": format!("{name}-old")},
                    "spec": {"backend": backend}})
            });
            push(self, 9, Self::monitor);
            push(self, 12, |generator, name| {
                let granted = generator.pick(&[true, false]);
                json!({"apiVersion": "security.openshift.io/v1", "kind": "SecurityContextConstraints",
                    "metadata": {"name": name}, "allowPrivilegedContainer": granted})
            });
        }
        for object in &mut objects {
            let of_cluster = ["ClusterRole", "ClusterRoleBinding", "SecurityContextConstraints"];
            if !of_cluster.iter().any(|kind| object["kind"] == *kind) {
                put(&mut object["metadata"], "namespace", namespace.clone());
            }
        }
        objects
    }

    fn workload(&mut self, name: &str) -> Value {
        let kind =
            self.pick(&["Deployment", "Deployment", "StatefulSet", "DaemonSet", "Pod", "Job", "CronJob", "ReplicaSet"]);
        let mut labels = json!({"app": name});
        self.set(&mut labels, "owner", &[json!("team"), Value::Null]);
        let mut metadata = json!({"name": name, "labels": labels});
        self.set(
            &mut metadata,
            "annotations",
            &[Value::Null, json!({"email": "team@example.com"}), json!({"email": "nobody"})],
        );
        let spec = self.pod(kind);
        let of_pod = self.pick(&[name, name, name, "other"]);
        let template = json!({"metadata": {"labels": {"app": of_pod}}, "spec": spec});
        let selector = json!({"matchLabels": {"app": name}});
        let job = |generator: &mut Self| {
            let mut spec = json!({"template": template});
            generator.set(&mut spec, "ttlSecondsAfterFinished", &[Value::Null, json!(600)]);
            spec
        };
        let (version, mut spec) = match kind {
            "Pod" => {
                put(&mut metadata["labels"], "app", json!(of_pod));
                ("v1", spec)
            }
            "Job" => ("batch/v1", job(self)),
            "CronJob" => ("batch/v1", json!({"schedule": "0 3 * * *", "jobTemplate": {"spec": job(self)}})),
            _ => ("apps/v1", json!({"selector": selector, "template": template})),
        };
        if matches!(kind, "Deployment" | "StatefulSet" | "ReplicaSet") {
            self.set(&mut spec, "replicas", &[Value::Null, json!(1), json!(2), json!(3), json!(5)]);
        }
        if kind == "Deployment" {
            let types = ["RollingUpdate", "Recreate"].map(|kind| json!({"type": kind}));
            self.set(&mut spec, "strategy", &[Value::Null, types[0].clone(), types[1].clone()]);
        }
        if kind == "StatefulSet" {
            put(&mut spec, "serviceName", json!(name));
        }
        json!({"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec})
    }

    fn pod(&mut self, kind: &str) -> Value {
        let mut spec = json!({});
        let names = ["app", "helper"];
        let containers: Vec<Value> = (0..=self.0.below(2)).map(|at| self.container(names[at])).collect();
        put(&mut spec, "containers", Value::Array(containers));
        if self.once_in(5) {
            let init = self.container("init");
            put(&mut spec, "initContainers", json!([init]));
        }
        for flag in ["hostPID", "hostIPC", "hostNetwork"] {
            let rarely = [Value::Null, Value::Null, Value::Null, Value::Null, json!(false), json!(true)];
            self.set(&mut spec, flag, &rarely);
        }
        let context = self.context(&["runAsNonRoot", "runAsUser", "runAsGroup", "sysctls"]);
        put(&mut spec, "securityContext", context);
        let account = self.pick(&[Value::Null, json!("web"), json!("default"), json!("missing")]);
        if !account.is_null() && self.once_in(3) {
            put(&mut spec, "serviceAccount", account.clone());
        } else {
            put(&mut spec, "serviceAccountName", account);
        }
        self.set(&mut spec, "automountServiceAccountToken", &[Value::Null, Value::Null, json!(false)]);
        self.set(&mut spec, "priorityClassName", &[Value::Null, json!("system-node-critical"), json!("own")]);
        self.set(
            &mut spec,
            "dnsConfig",
            &[
                Value::Null,
                json!({"options": [{"name": "ndots", "value": "2"}]}),
                json!({"options": [{"name": "ndots", "value": "5"}]}),
            ],
        );
        let paths = ["/var/run/docker.sock", "/run/docker.sock", "/", "/etc", "/etc/", "/proc", "/usr/share", "/data"];
        let path = self.pick(&paths);
        put(
            &mut spec,
            "volumes",
            json!([{"name": "host", "hostPath": {"path": path}}, {"name": "tmp", "emptyDir": {}}]),
        );
        let of = |app: &str, key: &str| json!([{"topologyKey": key, "labelSelector": {"matchLabels": {"app": app}}}]);
        let required = "requiredDuringSchedulingIgnoredDuringExecution";
        let affinities = [
            Value::Null,
            json!({"podAntiAffinity": {required: of("web", "kubernetes.io/hostname")}}),
            json!({"podAntiAffinity": {required: of("web", "topology.kubernetes.io/zone")}}),
            json!({"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution":
                [{"weight": 1, "podAffinityTerm": of("web", "kubernetes.io/hostname")[0]}]}}),
            json!({"nodeAffinity": {required: {"nodeSelectorTerms": [{"matchExpressions": [{"key": "a", "operator": "Exists"}]}]}}}),
        ];
        self.set(&mut spec, "affinity", &affinities);
        if self.once_in(8) {
            put(
                &mut spec,
                "topologySpreadConstraints",
                json!([{"maxSkew": 1, "topologyKey": "kubernetes.io/hostname",
                "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {"matchLabels": {"app": "web"}}}]),
            );
        }
        if matches!(kind, "Job" | "CronJob") {
            put(&mut spec, "restartPolicy", json!("Never"));
        }
        spec
    }

    /// Makes a security context of some fields.
    fn context(&mut self, fields: &[&str]) -> Value {
        let mut context = json!({});
        for field in fields {
            let values: Vec<Value> = match *field {
                "runAsUser" => vec![json!(0), json!(1000), json!(10_001)],
                "runAsGroup" => vec![json!(0), json!(1000)],
                "capabilities" => vec![
                    json!({"drop": ["ALL"]}),
                    json!({"drop": ["NET_RAW"]}),
                    json!({"drop": ["KILL"]}),
                    json!({"drop": ["ALL"], "add": ["NET_RAW"]}),
                    json!({"add": ["SYS_ADMIN"]}),
                    json!({"drop": ["all"]}),
                ],
                "procMount" => vec![json!("Default"), json!("Unmasked")],
                "sysctls" => ["kernel.msgmax", "net.core.somaxconn", "kernel.shm_rmid_forced", "vm.swappiness"]
                    .map(|name| json!([{"name": name, "value": "1"}]))
                    .into(),
                _ => vec![json!(true), json!(false)],
            };
            if !self.once_in(3) {
                self.set(&mut context, field, &values);
            }
        }
        if context == json!({}) { Value::Null } else { context }
    }

    fn container(&mut self, name: &str) -> Value {
        let images = ["example.com/a:1.2.3", "example.com/a", "a:latest", "host:5000/a", "host:5000/a:1", "a"];
        let digest = format!("a@sha256:{}", "0".repeat(64));
        let image = if self.once_in(9) { digest } else { self.pick(&images).to_owned() };
        let mut container = json!({"name": name, "image": image});
        let context = self.context(&[
            "runAsNonRoot",
            "runAsUser",
            "runAsGroup",
            "privileged",
            "allowPrivilegeEscalation",
            "readOnlyRootFilesystem",
            "capabilities",
            "procMount",
        ]);
        put(&mut container, "securityContext", context);
        let mut resources = Map::new();
        for field in ["requests", "limits"] {
            let amounts = [
                json!({"cpu": "100m", "memory": "64Mi"}),
                json!({"cpu": 1}),
                json!({"memory": "1Gi"}),
                json!({"cpu": "0"}),
            ];
            if self.once_in(2) {
                resources.insert(field.to_owned(), self.pick(&amounts));
            }
        }
        if !resources.is_empty() {
            put(&mut container, "resources", Value::Object(resources));
        }
        let ports = [
            Value::Null,
            json!([{"containerPort": 8080, "name": "http"}]),
            json!([{"containerPort": 80}, {"containerPort": 22}]),
            json!([{"containerPort": 22, "protocol": "UDP"}]),
            json!([{"containerPort": 8080, "name": "-http"}]),
            json!([{"containerPort": 8080, "name": "a-very-long-port-name"}]),
        ];
        self.set(&mut container, "ports", &ports);
        if name != "init" {
            for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
                let handlers = [
                    Value::Null,
                    json!({"httpGet": {"port": 8080}}),
                    json!({"httpGet": {"port": "http"}}),
                    json!({"tcpSocket": {"port": 9090}}),
                    json!({"grpc": {"port": 8080}}),
                    json!({"exec": {"command": ["true"]}}),
                ];
                self.set(&mut container, probe, &handlers);
            }
        }
        let envs = [
            Value::Null,
            json!([{"name": "MODE", "value": "a"}, {"name": "MODE", "value": "b"}]),
            json!([{"name": "CLIENT_SECRET", "value": "correct-horse"}]),
            json!([{"name": "CLIENT_SECRET", "value": ""}]),
            json!([{"name": "SECRET", "valueFrom": {"secretKeyRef": {"name": "web", "key": "a"}}}]),
            json!([{"name": "MODE", "valueFrom": {"configMapKeyRef": {"name": "web", "key": "mode"}}}]),
            json!([{"name": "MODE", "valueFrom": {"configMapKeyRef": {"name": "web", "key": "mode", "optional": true}}}]),
        ];
        self.set(&mut container, "env", &envs);
        let mounts = [
            Value::Null,
            json!([{"name": "host", "mountPath": "/host"}]),
            json!([{"name": "host", "mountPath": "/host", "readOnly": true}]),
            json!([{"name": "tmp", "mountPath": "/tmp"}]),
        ];
        self.set(&mut container, "volumeMounts", &mounts);
        container
    }

    fn service(&mut self, name: &str) -> Value {
        let mut spec = json!({});
        self.set(
            &mut spec,
            "type",
            &[Value::Null, json!("ClusterIP"), json!("NodePort"), json!("LoadBalancer"), json!("ExternalName")],
        );
        if spec["type"] == "ExternalName" {
            put(&mut spec, "externalName", json!("example.com"));
        } else {
            self.set(
                &mut spec,
                "selector",
                &[json!({"app": name}), json!({"app": name}), json!({"app": name, "tier": "x"}), Value::Null],
            );
            let target =
                self.pick(&[Value::Null, json!(8080), json!("http"), json!("HTTP_"), json!("a-very-long-port-name")]);
            let mut port = json!({"port": 80});
            put(&mut port, "targetPort", target);
            put(&mut spec, "ports", json!([port]));
        }
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "labels": {"app": name}}, "spec": spec})
    }

    fn budget(&mut self, name: &str) -> Value {
        let mut spec = json!({"selector": {"matchLabels": {"app": name}}});
        let amounts = [json!(0), json!(1), json!(2), json!("0%"), json!("50%"), json!("100%")];
        let field = self.pick(&["minAvailable", "maxUnavailable"]);
        self.set(&mut spec, field, &amounts);
        self.set(&mut spec, "unhealthyPodEvictionPolicy", &[Value::Null, json!("AlwaysAllow")]);
        json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": name}, "spec": spec})
    }

    fn autoscaler(&mut self, name: &str) -> Value {
        let kind = self.pick(&["Deployment", "StatefulSet"]);
        let mut spec =
            json!({"scaleTargetRef": {"apiVersion": "apps/v1", "kind": kind, "name": name}, "maxReplicas": 5});
        self.set(&mut spec, "minReplicas", &[Value::Null, json!(1), json!(2), json!(3)]);
        json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": name}, "spec": spec})
    }

    fn network_policy(&mut self, name: &str) -> Value {
        let selector =
            self.pick(&[json!({}), json!({"matchLabels": {"app": name}}), json!({"matchLabels": {"app": "none"}})]);
        let mut spec = json!({"podSelector": selector});
        let peer = |app: &str| json!([{"from": [{"podSelector": {"matchLabels": {"app": app}}}]}]);
        self.set(
            &mut spec,
            "ingress",
            &[
                Value::Null,
                json!([]),
                peer("web"),
                peer("none"),
                json!([{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}]),
            ],
        );
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": name}, "spec": spec})
    }

    fn ingress(&mut self, name: &str) -> Value {
        let port = self.pick(&[json!({"number": 80}), json!({"number": 81}), json!({"name": "http"})]);
        let backend = json!({"service": {"name": name, "port": port}});
        let path = json!({"path": "/", "pathType": "Prefix", "backend": backend});
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": name},
            "spec": {"rules": [{"host": "example.com", "http": {"paths": [path]}}]}})
    }

    fn role(&mut self, name: &str) -> Value {
        let kind = self.pick(&["Role", "ClusterRole"]);
        let resources = self.pick(&["secrets", "pods", "deployments", "configmaps", "*"]);
        let verbs = self.pick(&["get", "create", "delete", "patch", "*"]);
        let group = if resources == "deployments" { "apps" } else { "" };
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": {"name": name},
            "rules": [{"apiGroups": [group], "resources": [resources], "verbs": [verbs]}]})
    }

    fn binding(&mut self, name: &str) -> Value {
        let kind = self.pick(&["RoleBinding", "ClusterRoleBinding"]);
        let role = if kind == "RoleBinding" { self.pick(&["Role", "ClusterRole"]) } else { "ClusterRole" };
        let to = self.pick(&[name, name, "cluster-admin", "view"]);
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": {"name": name},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": role, "name": to},
            "subjects": [{"kind": "ServiceAccount", "name": "web", "namespace": "shop"}]})
    }

    fn monitor(&mut self, name: &str) -> Value {
        let app = self.pick(&[name, "none"]);
        json!({"apiVersion": "monitoring.coreos.com/v1", "kind": "ServiceMonitor", "metadata": {"name": name},
            "spec": {"selector": {"matchLabels": {"app": app}}, "endpoints": [{"port": "http"}]}})
    }
}
