//! Requests to the running server, as whoever changes things beside Plimsoll sends them.

use kube::Client;
use kube::client::Body;
use kube::config::{Config, KubeConfigOptions, Kubeconfig};
use serde_json::{Value, json};
use std::path::Path;
use tokio::runtime::Runtime;

/// A running server, and where its kinds are served.
pub(super) struct Server {
    client: Client,
    runtime: Runtime,
    pub(super) namespace: String,
}

/// Kinds that live in no namespace.
const CLUSTER: [&str; 9] = [
    "Namespace",
    "IngressClass",
    "PersistentVolume",
    "StorageClass",
    "CSIDriver",
    "ClusterRole",
    "ClusterRoleBinding",
    "PriorityClass",
    "CustomResourceDefinition",
];

impl Server {
    /// Connects, and makes a namespace for a test.
    pub(super) fn connect(kubeconfig: &str, namespace: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let client = runtime.block_on(async {
            let config = Kubeconfig::read_from(Path::new(kubeconfig)).expect("a kubeconfig");
            let config = Config::from_custom_kubeconfig(config, &KubeConfigOptions::default()).await;
            Client::try_from(config.expect("a configuration")).expect("a client")
        });
        let server = Self { client, runtime, namespace: namespace.to_owned() };
        let made = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
        server.apply(&made, "test");
        for _ in 0..100 {
            let account = format!("/api/v1/namespaces/{namespace}/serviceaccounts/default");
            if server.send("GET", &account, "", "").0 == 200 {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        server
    }

    fn path(&self, object: &Value) -> String {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let (version, kind, name) = (text("/apiVersion"), text("/kind"), text("/metadata/name"));
        let root = if version.contains('/') { "apis" } else { "api" };
        let plural = match kind {
            "Endpoints" => "endpoints".to_owned(),
            "NetworkPolicy" => "networkpolicies".to_owned(),
            _ if kind.ends_with("ss") => format!("{}es", kind.to_lowercase()),
            _ => format!("{}s", kind.to_lowercase()),
        };
        let within = if CLUSTER.contains(&kind) { String::new() } else { format!("/namespaces/{}", self.namespace) };
        format!("/{root}/{version}{within}/{plural}/{name}")
    }

    fn send(&self, method: &str, path: &str, content: &str, body: &str) -> (u16, Value) {
        let request = http::Request::builder().method(method).uri(path).header("Content-Type", content);
        let request = request.body(Body::from(body.as_bytes().to_vec())).expect("a request");
        self.runtime.block_on(async {
            let response = self.client.send(request).await.expect("an answer");
            let code = response.status().as_u16();
            let bytes = response.into_body().collect_bytes().await.expect("a body");
            (code, serde_json::from_slice(&bytes).unwrap_or_default())
        })
    }

    /// Applies an object by a manager; gives the code and the answer.
    pub(super) fn apply(&self, object: &Value, manager: &str) -> (u16, Value) {
        let path = format!("{}?fieldManager={manager}&force=true", self.path(object));
        self.send("PATCH", &path, "application/apply-patch+yaml", &object.to_string())
    }

    /// Merges a patch into an object by a manager.
    pub(super) fn merge(&self, object: &Value, patch: &Value, manager: &str) -> (u16, Value) {
        let path = format!("{}?fieldManager={manager}", self.path(object));
        self.send("PATCH", &path, "application/merge-patch+json", &patch.to_string())
    }

    /// Reads an object.
    pub(super) fn get(&self, object: &Value) -> Option<Value> {
        let (code, body) = self.send("GET", &self.path(object), "application/json", "");
        (code == 200).then_some(body)
    }

    /// Deletes an object that cannot be changed, and applies it anew.
    pub(super) fn remake(&self, object: &Value) -> Value {
        self.delete(object);
        for _ in 0..100 {
            if self.get(object).is_none() {
                break;
            }
            // Nobody uses it: what protects it from being taken away has no business here.
            self.merge(object, &json!({"metadata": {"finalizers": null}}), "test");
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        let (code, answer) = self.apply(object, "plimsoll");
        assert!(code < 300, "{answer}");
        answer
    }

    /// Deletes an object, at once.
    pub(super) fn delete(&self, object: &Value) {
        let options = json!({"gracePeriodSeconds": 0, "propagationPolicy": "Background"}).to_string();
        self.send("DELETE", &self.path(object), "application/json", &options);
    }
}
