//! What a running API server publishes at `/openapi/v3`, asked for through kubectl.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::process::{Command, Stdio};

/// The server that tests/run has started.
pub(super) struct Server {
    kubectl: OsString,
    kubeconfig: OsString,
}

/// A kind of which the server takes objects.
pub(super) struct Kind {
    pub(super) api_version: String,
    pub(super) name: String,
    pub(super) namespaced: bool,
    /// The definition of what is posted.
    pub(super) definition: String,
}

/// The documents of all group versions.
pub(super) struct Documents {
    pub(super) kinds: Vec<Kind>,
    pub(super) definitions: BTreeMap<String, Value>,
}

impl Server {
    /// Finds the server; without one it says that the test is skipped.
    pub(super) fn running() -> Option<Self> {
        let variable = |name| {
            let value = std::env::var_os(name);
            if value.is_none() {
                eprintln!("skipped: {name} is not set; tests/run sets it");
            }
            value
        };
        Some(Self { kubectl: variable("PLIMSOLL_TEST_KUBECTL")?, kubeconfig: variable("PLIMSOLL_TEST_KUBECONFIG")? })
    }

    /// Gets a path of the API.
    pub(super) fn get(&self, path: &str) -> Value {
        let output = Command::new(&self.kubectl)
            .args(["get", "--request-timeout=30s", "--raw", path])
            .env("KUBECONFIG", &self.kubeconfig)
            .stdin(Stdio::null())
            .output()
            .expect("kubectl runs");
        assert!(output.status.success(), "GET {path}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("GET {path}: {error}"))
    }

    /// Gets the documents of the group versions that the server has from its start: not those of custom resources, which
    /// other tests make and take away meanwhile.
    pub(super) fn documents(&self) -> Documents {
        let services = self.get("/apis/apiregistration.k8s.io/v1/apiservices");
        let services = services["items"].as_array().expect("a list").iter();
        let from_start =
            |service: &&Value| service["metadata"]["labels"]["kube-aggregator.kubernetes.io/automanaged"] == "onstart";
        let built_in: BTreeSet<String> = services
            .filter(from_start)
            .map(|service| {
                let (group, version) = (service["spec"]["group"].as_str(), service["spec"]["version"].as_str());
                format!("apis/{}/{}", group.unwrap_or_default(), version.expect("text"))
            })
            .collect();
        let mut documents = Documents { kinds: Vec::new(), definitions: BTreeMap::new() };
        let index = self.get("/openapi/v3");
        for (path, entry) in index["paths"].as_object().expect("a map") {
            // The core, and the API of the services themselves, are not among the services.
            let is_own = matches!(path.as_str(), "api/v1" | "apis/apiregistration.k8s.io/v1");
            if is_own || built_in.contains(path) {
                documents.add(&self.get(entry["serverRelativeURL"].as_str().expect("a path")));
            }
        }
        documents
    }
}

impl Documents {
    fn add(&mut self, document: &Value) {
        for (name, definition) in document["components"]["schemas"].as_object().into_iter().flatten() {
            let mut definition = definition.clone();
            // Each document counts its own group's kinds here.
            definition.as_object_mut().map(|keys| keys.remove("x-kubernetes-group-version-kind"));
            let known = self.definitions.entry(name.clone()).or_insert_with(|| definition.clone());
            assert!(*known == definition, "two documents differ on {name}");
        }
        for (path, operations) in document["paths"].as_object().expect("a map") {
            let post = &operations["post"];
            let id = &post["x-kubernetes-group-version-kind"];
            // Subresources take bodies too, but nobody writes those into files.
            let (Some(kind), false) = (id["kind"].as_str(), path.contains("{name}")) else { continue };
            let (group, version) = (id["group"].as_str().expect("text"), id["version"].as_str().expect("text"));
            let content = &post["requestBody"]["content"];
            let body = ["*/*", "application/json"].iter().find_map(|kind| content[*kind]["schema"]["$ref"].as_str());
            let api_version = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
            let namespaced = path.contains("/namespaces/{namespace}/");
            let known = self.kinds.iter_mut().find(|known| known.name == kind && known.api_version == api_version);
            if let Some(known) = known {
                known.namespaced |= namespaced;
                continue;
            }
            self.kinds.push(Kind {
                api_version,
                name: kind.to_owned(),
                namespaced,
                definition: definition_name(body.expect("the body has a definition")).to_owned(),
            });
        }
    }
}

/// The name in `#/components/schemas/NAME`.
pub(super) fn definition_name(reference: &str) -> &str {
    reference.rsplit('/').next().unwrap_or(reference)
}
