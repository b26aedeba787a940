//! What a server serves, asked in two requests; of a server with the old form of discovery, in one for each version.

use super::connect::Cluster;
use super::error::ClusterError;
use super::json::{array, split, text};
use super::read::{JSON, Reads, escape};
use serde_json::Value as Json;
use std::collections::{BTreeSet, HashMap};

/// The form of discovery in which each answer holds every group; older servers give their old form instead.
const ACCEPT: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";

/// A kind as it is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// Its API group; empty for the core.
    pub group: String,
    /// The version of its group.
    pub version: String,
    /// `Deployment`
    pub kind: String,
    /// Its name in paths: `deployments`.
    pub resource: String,
    /// Its objects live in namespaces.
    pub namespaced: bool,
}

impl Served {
    /// Says how a kind is served that every server serves alike.
    pub fn new(api_version: &str, kind: &str, resource: &str, namespaced: bool) -> Self {
        let (group, version) = split(api_version);
        let [group, version, kind, resource] = [group, version, kind, resource].map(str::to_owned);
        Self { group, version, kind, resource, namespaced }
    }

    /// Gives its `apiVersion`.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    /// Gives the path of its objects in a namespace, or everywhere.
    pub fn path(&self, namespace: Option<&str>) -> String {
        let namespace = namespace.filter(|_| self.namespaced);
        let within = namespace.map(|name| format!("/namespaces/{}", escape(name))).unwrap_or_default();
        format!("{}{within}/{}", root(&self.api_version()), self.resource)
    }

    /// Gives the path of an object.
    pub fn object_path(&self, namespace: Option<&str>, name: &str) -> String {
        format!("{}/{}", self.path(namespace), escape(name))
    }
}

/// The path below which an API version is served.
fn root(api_version: &str) -> String {
    if api_version.contains('/') { format!("/apis/{api_version}") } else { format!("/api/{api_version}") }
}

/// The kinds that a server serves, and those that objects at hand define.
#[derive(Clone, Debug, Default)]
pub struct Discovery {
    /// By group and kind, in the order of the server's preference.
    served: HashMap<(String, String), Vec<Served>>,
    /// Groups whose own server does not answer.
    stale: BTreeSet<String>,
}

impl Cluster {
    /// Asks which kinds are served.
    pub async fn discover(&self) -> Result<Discovery, ClusterError> {
        Discovery::read(self).await
    }
}

impl Discovery {
    /// Asks which kinds are served: in two requests, and in one for each API version where the server is too old for that.
    pub async fn read<R: Reads>(reads: &R) -> Result<Self, R::Error> {
        let (mut discovery, mut old) = (Self::default(), Vec::new());
        for path in ["/api", "/apis"] {
            match reads.read(path, ACCEPT).await? {
                (200..300, body) if text(&body, "/kind") == "APIGroupDiscoveryList" => {
                    for group in array(&body, "/items") {
                        discovery.add(group);
                    }
                }
                (200..300, body) => {
                    let core = array(&body, "/versions").iter().filter_map(Json::as_str).map(str::to_owned);
                    old.extend(core);
                    for group in array(&body, "/groups") {
                        let mut versions: Vec<&str> =
                            array(group, "/versions").iter().map(|version| text(version, "/groupVersion")).collect();
                        let preferred = text(group, "/preferredVersion/groupVersion");
                        versions.sort_by_key(|version| *version != preferred);
                        old.extend(versions.into_iter().map(str::to_owned));
                    }
                }
                (404, _) => {}
                (code, body) => return Err(reads.says_no(code, body)),
            }
        }
        for api_version in old {
            match reads.read(&root(&api_version), JSON).await {
                Ok((200..300, list)) => discovery.add_old(&api_version, &list),
                Ok((404, _)) => {}
                // The server of a group may be away while all others answer.
                Ok((500.., _)) => _ = discovery.stale.insert(split(&api_version).0.to_owned()),
                Ok((code, body)) => return Err(reads.says_no(code, body)),
                Err(error) if R::is_away(&error) => _ = discovery.stale.insert(split(&api_version).0.to_owned()),
                Err(error) => return Err(error),
            }
        }
        Ok(discovery)
    }

    fn add(&mut self, group: &Json) {
        let name = text(group, "/metadata/name");
        for version in array(group, "/versions") {
            if text(version, "/freshness") == "Stale" {
                self.stale.insert(name.to_owned());
            }
            let written = text(version, "/version");
            let api_version = if name.is_empty() { written.to_owned() } else { format!("{name}/{written}") };
            for resource in array(version, "/resources") {
                let (kind, plural) = (text(resource, "/responseKind/kind"), text(resource, "/resource"));
                self.insert(
                    resource,
                    Served::new(&api_version, kind, plural, text(resource, "/scope") == "Namespaced"),
                );
            }
        }
    }

    /// Adds the answer of an older form, whose list has subresources, too.
    fn add_old(&mut self, api_version: &str, list: &Json) {
        for resource in array(list, "/resources") {
            let (kind, plural) = (text(resource, "/kind"), text(resource, "/name"));
            let namespaced = resource.get("namespaced") == Some(&Json::Bool(true));
            if !plural.contains('/') {
                self.insert(resource, Served::new(api_version, kind, plural, namespaced));
            }
        }
    }

    fn insert(&mut self, resource: &Json, served: Served) {
        // What can only be asked, such as a review, is no object.
        let kept = array(resource, "/verbs").iter().any(|verb| verb == "get");
        if !served.kind.is_empty() && kept {
            self.know(served);
        }
    }

    fn know(&mut self, served: Served) {
        let known = self.served.entry((served.group.clone(), served.kind.clone())).or_default();
        if !known.iter().any(|known| known.version == served.version) {
            known.push(served);
        }
    }

    /// Learns the kinds that definitions among objects will bring, where they are not served yet.
    pub fn learn(&mut self, objects: &[Json]) {
        for definition in objects.iter().filter(|object| text(object, "/kind") == "CustomResourceDefinition") {
            for version in array(definition, "/spec/versions") {
                let api_version = format!("{}/{}", text(definition, "/spec/group"), text(version, "/name"));
                let (kind, plural) = (text(definition, "/spec/names/kind"), text(definition, "/spec/names/plural"));
                let namespaced = text(definition, "/spec/scope") == "Namespaced";
                self.know(Served::new(&api_version, kind, plural, namespaced));
            }
        }
    }

    /// Finds how an `apiVersion` and kind is served.
    pub fn find(&self, api_version: &str, kind: &str) -> Option<&Served> {
        let (group, version) = split(api_version);
        let known = self.served.get(&(group.to_owned(), kind.to_owned()))?;
        known.iter().find(|served| served.version == version)
    }

    /// Finds how a kind is served in the version that the server prefers.
    pub fn preferred(&self, group: &str, kind: &str) -> Option<&Served> {
        self.served.get(&(group.to_owned(), kind.to_owned()))?.first()
    }

    /// Iterates over every kind that lives in namespaces, in the versions that the server prefers.
    pub fn namespaced(&self) -> impl Iterator<Item = &Served> {
        self.served.values().filter_map(|versions| versions.first()).filter(|served| served.namespaced)
    }

    /// Tells whether a group's own server does not answer, so that nothing is known of its kinds.
    pub fn is_stale(&self, group: &str) -> bool {
        self.stale.contains(group)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn groups_versions_and_their_freshness_are_read() {
        let resource = |kind: &str, scope: &str, verbs: &[&str]| json!({"resource": kind.to_lowercase(), "responseKind": {"kind": kind}, "scope": scope, "verbs": verbs});
        let mut discovery = Discovery::default();
        discovery.add(&json!({"metadata": {}, "versions": [{"version": "v1", "resources": [resource("Pod", "Namespaced", &["get"]), resource("Binding", "Namespaced", &["create"])]}]}));
        discovery.add(&json!({"metadata": {"name": "a.example.com"}, "versions": [
            {"version": "v2", "resources": [resource("Thing", "Cluster", &["get"])]},
            {"version": "v1", "freshness": "Stale", "resources": [resource("Thing", "Cluster", &["get"])]},
        ]}));
        let path =
            |api_version: &str, kind: &str| Some(discovery.find(api_version, kind)?.object_path(Some("ns"), "a:b"));
        assert_eq!(path("v1", "Pod").as_deref(), Some("/api/v1/namespaces/ns/pod/a%3Ab"));
        assert_eq!(path("a.example.com/v1", "Thing").as_deref(), Some("/apis/a.example.com/v1/thing/a%3Ab"));
        assert_eq!((path("v1", "Binding"), path("a.example.com/v3", "Thing")), (None, None));
        let preferred = discovery.preferred("a.example.com", "Thing").map(Served::api_version);
        assert_eq!(preferred.as_deref(), Some("a.example.com/v2"));
        assert!(discovery.is_stale("a.example.com") && !discovery.is_stale(""));
        discovery.learn(&[json!({"kind": "CustomResourceDefinition", "spec": {
            "group": "example.com", "scope": "Cluster", "names": {"kind": "Light", "plural": "lights"}, "versions": [{"name": "v1"}],
        }})]);
        let light = discovery.find("example.com/v1", "Light").map(|served| served.path(None));
        assert_eq!(light.as_deref(), Some("/apis/example.com/v1/lights"));
    }
}
