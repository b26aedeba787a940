//! Which kinds exist in which version, and what their schemas are.

use super::bundle::{Api, BUNDLES};
use super::custom::CustomKind;
use super::shape::{Schema, Shape};
use super::version::Version;
use crate::diagnostic::{Diagnostic, nearest};
use crate::yaml::Node;
use std::collections::BTreeSet;
use std::sync::OnceLock;

/// The built-in schemas and those of custom resources whose definitions were given.
///
/// Cheap to make and to share between threads: built-in definitions are decoded on first use, once for the whole process.
#[derive(Debug, Default)]
pub struct SchemaStore {
    custom: Vec<CustomKind>,
}

/// What a version knows of an `apiVersion` and `kind`.
#[derive(Clone, Debug)]
pub enum Lookup<'s> {
    /// A server of that version serves it.
    Served(Type<'s>),
    /// The version has it, but a server serves it only when told to.
    NotServedByDefault {
        /// What it is.
        found: Type<'s>,
        /// The `apiVersion` of the same kind that is served, if any.
        instead: Option<String>,
    },
    /// The version does not have it.
    Missing(Missing),
}

/// Why a version does not have an `apiVersion` and `kind`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missing {
    /// It is gone.
    Removed {
        /// The version without it.
        since: Version,
        /// What to use, as `apps/v1 Deployment`.
        replacement: Option<String>,
    },
    /// A later version introduces it.
    NotYet {
        /// The first version that has it.
        introduced: Version,
        /// The `apiVersion` of the same kind that is served already, if any.
        instead: Option<String>,
    },
    /// The group has the kind in other versions only.
    UnknownVersion {
        /// The `apiVersion`s that are served, oldest first.
        served: Vec<String>,
    },
    /// The group is built in and has no such kind.
    UnknownKind {
        /// What was probably meant, as `apps/v1 Deployment`.
        suggestion: Option<String>,
    },
    /// The group is not built in: that of a custom resource without its definition, or a slip.
    UnknownGroup {
        /// What was probably meant, as `apps/v1 Deployment`.
        suggestion: Option<String>,
        /// The group can be that of a custom resource.
        custom: bool,
    },
}

/// A kind that exists.
#[derive(Clone, Copy, Debug)]
pub struct Type<'s> {
    /// Its schema.
    pub schema: &'s Schema,
    /// Its objects live in namespaces.
    pub namespaced: bool,
    /// It is described by a custom resource's definition.
    pub custom: bool,
    /// The server drops the status of objects that are created or applied, before it judges them.
    pub drops_status: bool,
    /// Where its scale's wanted replicas stand, as `.spec.replicas`.
    pub replicas_path: Option<&'s str>,
    /// It is deprecated.
    pub deprecation: Option<Deprecation<'s>>,
}

/// Says that an API is on its way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deprecation<'s> {
    /// The version that deprecated it; none for custom resources.
    pub since: Option<Version>,
    /// The version without it, where one is planned.
    pub removed: Option<Version>,
    /// What to use, as `apps/v1 Deployment`.
    pub replacement: Option<&'s str>,
}

/// Gives the APIs that a server of a version serves by default: `apps/v1`, and with each kind, `apps/v1/Deployment`.
pub fn served(version: Version) -> &'static [String] {
    static SERVED: [OnceLock<Vec<String>>; Version::ALL.len()] = [const { OnceLock::new() }; Version::ALL.len()];
    let at = Version::ALL.iter().position(|known| *known >= version).unwrap_or(Version::ALL.len() - 1);
    SERVED[at].get_or_init(|| {
        let names = BUNDLES.kinds(version).filter(|api| api.served).flat_map(|api| {
            let of_group = api.api_version();
            let of_kind = format!("{of_group}/{}", api.kind);
            [of_group, of_kind]
        });
        names.collect::<BTreeSet<_>>().into_iter().collect()
    })
}

impl SchemaStore {
    /// Makes a store of the built-in schemas.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the kinds of a `CustomResourceDefinition`. A kind added twice has the definition added last.
    ///
    /// Findings say what of it cannot be read; what can be is added all the same.
    pub fn add_definition(&mut self, definition: Node<'_>) -> Vec<Diagnostic> {
        let (kinds, findings) = super::custom::read(definition);
        self.custom.retain(|known| !kinds.iter().any(|kind| kind.same_api(known)));
        self.custom.extend(kinds);
        findings
    }

    /// Looks up a kind.
    pub fn lookup(&self, version: Version, api_version: &str, kind: &str) -> Lookup<'_> {
        let (group, api) = api_version.split_once('/').unwrap_or(("", api_version));
        let known: Vec<Api> = BUNDLES.versions_of(version, group, kind).collect();
        if let Some(found) = known.iter().find(|known| known.version == api) {
            let found_type = built_in(version, found);
            if found.served {
                return Lookup::Served(found_type);
            }
            return Lookup::NotServedByDefault { found: found_type, instead: latest(&known) };
        }
        if let Some(custom) = self.custom.iter().find(|custom| custom.is(group, api, kind)) {
            return Lookup::Served(custom.found());
        }
        if let Some((since, recorded)) = removed(version, group, api, kind) {
            // What this version serves is better advice than what was recommended when the API was deprecated.
            let here = |api_version| format!("{api_version} {kind}");
            let replacement = latest(&known).map(here).or_else(|| recorded.map(str::to_owned));
            let replacement = replacement.or_else(|| known.last().map(Api::api_version).map(here));
            return Lookup::Missing(Missing::Removed { since, replacement });
        }
        let later = Version::ALL.iter().filter(|later| **later > version);
        for later in later {
            if BUNDLES.versions_of(*later, group, kind).any(|known| known.version == api) {
                return Lookup::Missing(Missing::NotYet { introduced: *later, instead: latest(&known) });
            }
        }
        let mut served: Vec<String> = known.iter().filter(|known| known.served).map(Api::api_version).collect();
        served.extend(self.custom.iter().filter_map(|custom| custom.other_version(group, kind)));
        if !served.is_empty() {
            return Lookup::Missing(Missing::UnknownVersion { served });
        }
        Lookup::Missing(unknown(version, group, kind))
    }

    /// Tells whether a kind's objects live in namespaces; none for kinds that nothing is known of.
    pub fn is_namespaced(&self, version: Version, api_version: &str, kind: &str) -> Option<bool> {
        match self.lookup(version, api_version, kind) {
            Lookup::Served(found) | Lookup::NotServedByDefault { found, .. } => Some(found.namespaced),
            Lookup::Missing(_) => None,
        }
    }

    /// Follows a reference to the schema it names, as a version has it; gives any other schema back.
    pub fn resolve<'s>(&'s self, version: Version, schema: &'s Schema) -> &'s Schema {
        match schema.shape {
            Shape::Reference(definition) => BUNDLES.definition(version, definition),
            _ => schema,
        }
    }

    /// Finds the paths at which a custom kind embeds pod templates: maps whose `spec` has `containers` with `name` and `image`.
    ///
    /// Steps are keys from the object's root; `*` stands for every item of a list or value of a map. Nothing for built-in kinds.
    pub fn embedded_pods(&self, api_version: &str, kind: &str) -> Vec<Vec<String>> {
        let (group, api) = api_version.split_once('/').unwrap_or(("", api_version));
        self.custom
            .iter()
            .find(|custom| custom.is(group, api, kind))
            .map_or_else(Vec::new, |custom| custom.embedded_pods().to_vec())
    }
}

/// Says what was probably meant by a group and kind that do not exist together.
fn unknown(version: Version, group: &str, kind: &str) -> Missing {
    let apis: Vec<Api> = BUNDLES.kinds(version).filter(|api| api.served).collect();
    let built_in = apis.iter().any(|api| api.group == group) || BUNDLES.removed().any(|api| api.group == group);
    let full_name = |api: &Api| format!("{} {}", api.api_version(), api.kind);
    // The newest version of a kind stands last.
    let find = |fits: &dyn Fn(&Api) -> bool| apis.iter().rev().find(|api| fits(api)).map(full_name);
    let suggestion = || {
        let here: Vec<&str> = apis.iter().filter(|api| api.group == group).map(|api| api.kind).collect();
        if let Some(near) = nearest(kind, here) {
            return find(&|api| api.group == group && api.kind == near);
        }
        let near = nearest(kind, apis.iter().map(|api| api.kind))?;
        find(&|api| api.kind == near && !api.group.is_empty()).or_else(|| find(&|api| api.kind == near))
    };
    if built_in {
        return Missing::UnknownKind { suggestion: suggestion() };
    }
    // A group with a dot may be anybody's; it is a slip only when it is nearly a built-in group that has the kind.
    let custom = group.contains('.');
    let suggestion = if custom {
        nearest(group, apis.iter().filter(|api| api.kind == kind && api.group.contains('.')).map(|api| api.group))
            .and_then(|near| find(&|api| api.group == near && api.kind == kind))
    } else {
        suggestion()
    };
    Missing::UnknownGroup { custom: custom && suggestion.is_none(), suggestion }
}

fn built_in(version: Version, api: &Api) -> Type<'static> {
    let deprecation = api.deprecated.filter(|since| *since <= version).map(|since| Deprecation {
        since: Some(since),
        removed: api.removed,
        replacement: api.replacement,
    });
    Type {
        schema: BUNDLES.definition(version, api.definition),
        namespaced: api.namespaced,
        custom: false,
        drops_status: true,
        replicas_path: None,
        deprecation,
    }
}

/// The `apiVersion` of the newest served version.
fn latest(known: &[Api]) -> Option<String> {
    known.iter().rev().find(|known| known.served).map(Api::api_version)
}

/// Finds the version that removed an API, and what was to replace it.
///
/// What the bundles show goes before the table of removals, which holds plans: APIs have gone earlier than announced.
fn removed(version: Version, group: &str, api: &str, kind: &str) -> Option<(Version, Option<&'static str>)> {
    let fits = |known: &Api| known.group == group && known.version == api && known.kind == kind;
    let planned = BUNDLES.removed().find(fits);
    let replacement = planned.and_then(|planned| planned.replacement);
    let mut older = Version::ALL.iter().rev().filter(|older| **older < version);
    let last = older.find_map(|older| Some((older, BUNDLES.versions_of(*older, group, kind).find(fits)?)));
    if let Some((last, api)) = last {
        let since = Version::ALL.iter().find(|later| *later > last)?;
        return Some((*since, replacement.or(api.replacement)));
    }
    let since = planned?.removed?;
    (since <= version).then_some((since, replacement))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(version: u8, api_version: &str, kind: &str) -> String {
        let store = SchemaStore::new();
        match store.lookup(Version::v1(version), api_version, kind) {
            Lookup::Served(found) => match found.deprecation {
                Some(deprecation) => format!("deprecated, use {}", deprecation.replacement.unwrap_or("nothing")),
                None if found.namespaced => "namespaced".to_owned(),
                None => "cluster".to_owned(),
            },
            Lookup::NotServedByDefault { instead, .. } => format!("not served, but {instead:?}"),
            Lookup::Missing(Missing::Removed { since, replacement }) => {
                format!("removed in {since}, use {replacement:?}")
            }
            Lookup::Missing(Missing::NotYet { introduced, instead }) => format!("from {introduced}, but {instead:?}"),
            Lookup::Missing(Missing::UnknownVersion { served }) => format!("only {served:?}"),
            Lookup::Missing(Missing::UnknownKind { suggestion }) => format!("kind? {suggestion:?}"),
            Lookup::Missing(Missing::UnknownGroup { suggestion, custom }) => format!("group? {suggestion:?} {custom}"),
        }
    }

    #[test]
    fn kinds_are_served_as_a_default_server_does() {
        assert_eq!(look(33, "apps/v1", "Deployment"), "namespaced");
        assert_eq!(look(37, "v1", "Namespace"), "cluster");
        assert_eq!(look(37, "apiextensions.k8s.io/v1", "CustomResourceDefinition"), "cluster");
        assert_eq!(look(33, "resource.k8s.io/v1beta1", "ResourceClaim"), "not served, but None");
        assert_eq!(
            look(34, "resource.k8s.io/v1beta1", "ResourceClaim"),
            "not served, but Some(\"resource.k8s.io/v1\")"
        );
        assert_eq!(look(33, "v1", "Endpoints"), "deprecated, use discovery.k8s.io/v1 EndpointSlice");
        assert_eq!(look(32, "v1", "Endpoints"), "namespaced");
    }

    #[test]
    fn older_servers_serve_some_betas_unasked() {
        let flow_control = "flowcontrol.apiserver.k8s.io";
        for minor in [29, 30, 31] {
            assert_eq!(
                look(minor, &format!("{flow_control}/v1beta3"), "FlowSchema"),
                "deprecated, use flowcontrol.apiserver.k8s.io/v1 FlowSchema"
            );
            assert_eq!(
                look(minor, &format!("{flow_control}/v1beta2"), "FlowSchema"),
                "removed in 1.29, use Some(\"flowcontrol.apiserver.k8s.io/v1 FlowSchema\")"
            );
        }
        assert_eq!(
            look(29, "admissionregistration.k8s.io/v1beta1", "ValidatingAdmissionPolicy"),
            "not served, but None"
        );
        assert_eq!(look(30, "admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy"), "cluster");
        assert_eq!(look(29, "resource.k8s.io/v1alpha2", "ResourceClaim"), "not served, but None");
        assert_eq!(look(30, "storagemigration.k8s.io/v1alpha1", "StorageVersionMigration"), "not served, but None");
    }

    #[test]
    fn what_is_gone_names_its_replacement() {
        assert_eq!(look(33, "extensions/v1beta1", "Deployment"), "removed in 1.16, use Some(\"apps/v1 Deployment\")");
        assert_eq!(
            look(37, "policy/v1beta1", "PodDisruptionBudget"),
            "removed in 1.25, use Some(\"policy/v1 PodDisruptionBudget\")"
        );
        assert_eq!(look(33, "policy/v1beta1", "PodSecurityPolicy"), "removed in 1.25, use None");
        assert_eq!(
            look(35, "flowcontrol.apiserver.k8s.io/v1beta3", "FlowSchema"),
            "removed in 1.32, use Some(\"flowcontrol.apiserver.k8s.io/v1 FlowSchema\")"
        );
        assert_eq!(look(31, "resource.k8s.io/v1alpha2", "ResourceClass"), "removed in 1.31, use None");
        assert_eq!(
            look(33, "resource.k8s.io/v1alpha2", "ResourceClaim"),
            "removed in 1.31, use Some(\"resource.k8s.io/v1beta2 ResourceClaim\")"
        );
        // Announced for 1.37, to be replaced by v1beta1.
        assert_eq!(
            look(34, "resource.k8s.io/v1alpha3", "DeviceClass"),
            "removed in 1.34, use Some(\"resource.k8s.io/v1 DeviceClass\")"
        );
    }

    #[test]
    fn what_is_to_come_names_its_version() {
        assert_eq!(look(33, "resource.k8s.io/v1", "ResourceClaim"), "from 1.34, but None");
        assert_eq!(look(29, "admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy"), "from 1.30, but None");
    }

    #[test]
    fn slips_are_told_from_custom_resources() {
        assert_eq!(look(33, "apps/v1", "Deploymnet"), "kind? Some(\"apps/v1 Deployment\")");
        assert_eq!(look(33, "v1", "Deployment"), "kind? Some(\"apps/v1 Deployment\")");
        assert_eq!(look(33, "apps/v2", "Deployment"), "only [\"apps/v1\"]");
        assert_eq!(look(33, "networkin.k8s.io/v1", "Ingress"), "group? Some(\"networking.k8s.io/v1 Ingress\") false");
        assert_eq!(look(33, "app/v1", "Deployment"), "group? Some(\"apps/v1 Deployment\") false");
        assert_eq!(look(33, "external-secrets.io/v1", "ExternalSecret"), "group? None true");
        assert_eq!(look(33, "gateway.networking.k8s.io/v1", "Gateway"), "group? None true");
    }
}
