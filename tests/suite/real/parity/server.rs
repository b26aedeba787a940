//! The real server: its fixtures, and its answers.

use super::answer::Answer;
use super::corpus::{Corpus, folder, objects};
use kube::Client;
use kube::api::{Patch, PatchParams, PostParams};
use kube::client::Body;
use kube::config::{Config, KubeConfigOptions, Kubeconfig};
use kube::core::Request;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

/// How an object is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Way {
    Create,
    Apply,
}

impl Way {
    pub(super) const ALL: [Self; 2] = [Self::Create, Self::Apply];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Apply => "apply",
        }
    }
}

/// Where the objects of a kind are sent.
struct Resource {
    /// `/apis/apps/v1`
    root: String,
    plural: String,
    namespaced: bool,
    patched: bool,
}

/// A running server.
#[derive(Clone)]
pub(super) struct Server {
    client: Client,
    resources: std::sync::Arc<HashMap<(String, String), Resource>>,
}

/// The namespace of objects that name none.
const NAMESPACE: &str = "parity";

impl Server {
    /// Connects, makes the fixtures and installs the definitions.
    pub(super) async fn connect(kubeconfig: &Path, corpus: &Corpus) -> Self {
        let config = Kubeconfig::read_from(kubeconfig).expect("the kubeconfig can be read");
        let config = Config::from_custom_kubeconfig(config, &KubeConfigOptions::default()).await;
        let client = Client::try_from(config.expect("the kubeconfig is right")).expect("a client");
        let mut server = Self { client, resources: HashMap::new().into() };
        let fixtures = objects(&folder().join("fixtures.yaml"));
        server.discover(fixtures.iter().chain(&corpus.definitions)).await;
        for fixture in fixtures.iter().chain(&corpus.definitions) {
            let kind = &fixture["kind"];
            let text = fixture.to_string();
            // A namespace's service account, and a definition's schema, take a moment.
            for attempt in 0.. {
                let answer = server.send(fixture, fixture, &text, Way::Apply, false).await.expect("can be applied");
                if !answer.rejects() {
                    break;
                }
                assert!(attempt < 50, "fixture {kind} {}: {}", fixture["metadata"]["name"], answer.message);
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        let objects: Vec<&Value> = corpus.bases.iter().map(|base| &base.object).collect();
        for attempt in 0.. {
            server.discover(objects.iter().copied()).await;
            let known = |object: &&Value| server.resource(object).is_some();
            let Some(unknown) = objects.iter().find(|object| !known(object)) else { break };
            assert!(attempt < 50, "the server does not serve {} {}", unknown["apiVersion"], unknown["kind"]);
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        server
    }

    /// Asks where the kinds of objects are served.
    async fn discover<'o>(&mut self, objects: impl Iterator<Item = &'o Value>) {
        let mut versions: Vec<&str> = objects.filter_map(|object| object["apiVersion"].as_str()).collect();
        versions.sort_unstable();
        versions.dedup();
        let mut resources = HashMap::new();
        for version in versions {
            let root = if version.contains('/') { format!("/apis/{version}") } else { format!("/api/{version}") };
            let request = Request::new(&root).get("a", &kube::api::GetParams::default()).expect("a request");
            let mut request = request.map(Body::from);
            *request.uri_mut() = root.parse().expect("an address");
            let Ok(response) = self.client.send(request).await else { continue };
            let body = response.into_body().collect_bytes().await.expect("an answer");
            let list: Value = serde_json::from_slice(&body).unwrap_or_default();
            for found in list["resources"].as_array().map_or(&[][..], Vec::as_slice) {
                let text = |key: &str| found[key].as_str().unwrap_or_default().to_owned();
                if text("name").contains('/') {
                    continue;
                }
                let patched = found["verbs"].as_array().is_some_and(|verbs| verbs.contains(&json!("patch")));
                let namespaced = found["namespaced"] == true;
                let resource = Resource { root: root.clone(), plural: text("name"), namespaced, patched };
                resources.insert((version.to_owned(), text("kind")), resource);
            }
        }
        self.resources = resources.into();
    }

    async fn answers(&self) -> bool {
        self.client.apiserver_version().await.is_ok()
    }

    fn resource(&self, object: &Value) -> Option<&Resource> {
        let word = |key: &str| object[key].as_str().unwrap_or_default().to_owned();
        self.resources.get(&(word("apiVersion"), word("kind")))
    }

    /// Sends an object in a dry run. `base` says which kind it is and where it lives. None where a client could not send
    /// it so: apply needs a name that can stand in an address, and a kind that can be patched.
    pub(super) async fn ask(&self, base: &Value, object: &Value, text: &str, way: Way) -> Option<Answer> {
        self.send(base, object, text, way, true).await
    }

    async fn send(&self, base: &Value, object: &Value, text: &str, way: Way, dry: bool) -> Option<Answer> {
        let resource = self.resource(base)?;
        let mut address = resource.root.clone();
        if resource.namespaced {
            address += &format!("/namespaces/{}", base["metadata"]["namespace"].as_str().unwrap_or(NAMESPACE));
        }
        address += &format!("/{}", resource.plural);
        let dry = if dry { "&dryRun=All" } else { "" };
        let query = format!("fieldManager=parity&fieldValidation=Strict{dry}");
        let (request, address) = match way {
            Way::Create => {
                let request = Request::new("/a").create(&PostParams::default(), Vec::new());
                (request, format!("{address}?{query}"))
            }
            Way::Apply => {
                let name = object["metadata"]["name"].as_str().filter(|name| can_stand_in_address(name))?;
                if !resource.patched {
                    return None;
                }
                let request = Request::new("/a").patch("a", &PatchParams::apply("parity"), &Patch::Apply(json!({})));
                (request, format!("{address}/{}?{query}&force=true", encoded(name)))
            }
        };
        let request = request.expect("a request");
        for attempt in 0.. {
            let mut request = request.clone().map(|_| Body::from(text.to_owned().into_bytes()));
            *request.uri_mut() = address.parse().unwrap_or_else(|error| panic!("{address}: {error}"));
            let answer = match self.client.send(request).await {
                Ok(response) => {
                    let code = response.status().as_u16();
                    let warnings = response.headers().get_all("warning").iter();
                    let warnings = warnings.filter_map(|value| warning(value.to_str().ok()?)).collect();
                    let body = response.into_body().collect_bytes().await.map_err(|error| error.to_string());
                    body.map(|body| Answer::read(code, &body, warnings))
                }
                Err(error) => Err(error.to_string()),
            };
            match answer {
                Ok(answer) if ![429, 503, 504].contains(&answer.code) => return Some(answer),
                // A request on which the server's handler breaks down ends its connection.
                Err(_) if attempt == 3 && self.answers().await => {
                    let message = "the server breaks the connection off".to_owned();
                    return Some(Answer { code: 500, message, ..Answer::default() });
                }
                problem => assert!(attempt < 20, "no answer to {address}: {problem:?}"),
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        None
    }
}

/// Takes the text out of a header `299 - "text"`.
fn warning(header: &str) -> Option<String> {
    let (_, quoted) = header.split_once('"')?;
    Some(quoted.strip_suffix('"').unwrap_or(quoted).replace("\\\"", "\""))
}

/// Tells whether a client's library takes a name as one segment of an address.
fn can_stand_in_address(name: &str) -> bool {
    !name.is_empty() && name != "." && name != ".." && !name.contains(['/', '%'])
}

fn encoded(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    name.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}
