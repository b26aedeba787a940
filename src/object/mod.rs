//! Objects: what the documents of a release or a folder declare.
//!
//! In: documents. Out: an [`ObjectSet`] of [`Object`]s, lists unfolded, with views of the pods that they run
//! ([`Pod`], [`Container`]). This stage judges nothing.

mod defaults;
mod pod;
pub mod references;
pub mod selector;

pub use defaults::{Fill, fill_defaults};
pub use pod::{Container, Pod, Role};

use crate::diagnostic::ObjectName;
use crate::schema::each_object;
use crate::yaml::{Document, Kind, Node};
use rayon::prelude::*;
use std::sync::{Arc, OnceLock};

/// One object.
#[derive(Clone, Debug)]
pub struct Object<'d> {
    /// Its map, with `apiVersion`, `kind` and the rest.
    pub node: Node<'d>,
    /// As written; empty where absent.
    pub api_version: &'d str,
    /// As written; empty where absent.
    pub kind: &'d str,
    /// `metadata.name`; empty where absent.
    pub name: &'d str,
    /// `metadata.namespace` as written.
    pub written_namespace: Option<&'d str>,
    /// The namespace it lands in, as far as known: the written one, else the one given for the set.
    pub namespace: Option<String>,
    /// The pods it runs.
    pub pods: Vec<Pod<'d>>,
    full_name: OnceLock<Arc<ObjectName>>,
}

/// The annotations that make an object a hook: ours, and Helm's.
pub const HOOKS: [&str; 2] = ["plimsoll.dev/hook", "helm.sh/hook"];

/// Tells by its annotations whether an object is a hook, of whatever moment. `crd-install` was Helm's word for definitions, which
/// come first anyway.
pub fn is_hook<'a>(annotation: impl Fn(&str) -> Option<&'a str>) -> bool {
    HOOKS.iter().find_map(|name| annotation(name)).is_some_and(|moments| moments.trim() != "crd-install")
}

impl<'d> Object<'d> {
    /// Gives the API group, empty for the core: `apps` of `apps/v1`.
    pub fn group(&self) -> &'d str {
        self.api_version.split_once('/').map_or("", |(group, _)| group)
    }

    /// Tells whether the object is of one of the kinds in an API group.
    pub fn is(&self, group: &str, kinds: &[&str]) -> bool {
        self.group() == group && kinds.contains(&self.kind)
    }

    /// Names the object for findings, which share the name.
    pub fn full_name(&self) -> Arc<ObjectName> {
        Arc::clone(self.full_name.get_or_init(|| {
            Arc::new(ObjectName {
                api_version: self.api_version.to_owned(),
                kind: self.kind.to_owned(),
                namespace: self.namespace.clone(),
                name: self.name.to_owned(),
            })
        }))
    }

    /// Gives `spec`.
    pub fn spec(&self) -> Option<Node<'d>> {
        self.node.field("spec")
    }

    /// Looks up a label of the object itself.
    pub fn label(&self, key: &str) -> Option<&'d str> {
        Some(self.node.at(&["metadata", "labels"])?.field(key)?.text())
    }

    /// Looks up an annotation of the object itself.
    pub fn annotation(&self, key: &str) -> Option<&'d str> {
        Some(self.node.at(&["metadata", "annotations"])?.field(key)?.text())
    }

    fn read(node: Node<'d>, namespace: Option<&str>, embedded: EmbeddedPods<'_>) -> Self {
        let text = |key: &str| node.field(key).map(Node::text).unwrap_or_default();
        let metadata = |key: &str| node.at(&["metadata", key]).map(Node::text).filter(|text| !text.is_empty());
        let written_namespace = metadata("namespace");
        let mut object = Self {
            node,
            api_version: text("apiVersion"),
            kind: text("kind"),
            name: metadata("name").unwrap_or_default(),
            written_namespace,
            namespace: written_namespace.or(namespace).map(str::to_owned),
            pods: Vec::new(),
            full_name: OnceLock::new(),
        };
        object.pods = pod::pods(&object, embedded);
        object
    }
}

/// Tells at which paths objects of an `apiVersion` and `kind` embed pod templates (maps with a `spec` of containers), by
/// schema. Paths are keys from the object's root; `*` stands for every item of a list or every value of a map.
pub type EmbeddedPods<'a> = &'a (dyn Fn(&str, &str) -> Vec<Vec<String>> + Sync);

/// All objects that are checked together: those of a release in an environment, or of a folder.
#[derive(Debug, Default)]
pub struct ObjectSet<'d> {
    objects: Vec<Object<'d>>,
}

impl<'d> ObjectSet<'d> {
    /// Reads the objects of documents. Documents that are no map are left out; lists (`kind: List`, `PodList`) are unfolded.
    ///
    /// `namespace` is where objects land that name none; `embedded` finds pods in custom resources.
    pub fn read(
        documents: impl IntoParallelIterator<Item = &'d Document, Iter: IndexedParallelIterator>,
        namespace: Option<&str>,
        embedded: EmbeddedPods<'_>,
    ) -> Self {
        let of_document = |document: &'d Document| {
            let mut objects = Vec::new();
            each_object(document.root(), &mut |node| {
                if node.kind() == Kind::Map {
                    objects.push(Object::read(node, namespace, embedded));
                }
            });
            objects
        };
        // Most sets are small, and there may be many of them.
        let objects = documents.into_par_iter().with_min_len(64).flat_map_iter(of_document).collect();
        Self { objects }
    }

    /// Joins sets, in their order.
    pub fn joined(sets: Vec<Self>) -> Self {
        Self { objects: sets.into_iter().flat_map(|set| set.objects).collect() }
    }

    /// Gives the objects in the order of the documents.
    pub fn objects(&self) -> &[Object<'d>] {
        &self.objects
    }

    /// Iterates over the objects in the order of the documents.
    pub fn iter(&self) -> std::slice::Iter<'_, Object<'d>> {
        self.objects.iter()
    }

    /// Finds an object by its group, kind, namespace and name. Namespaces compare as known: an unknown one equals only an unknown one.
    pub fn find(&self, group: &str, kind: &str, namespace: Option<&str>, name: &str) -> Option<&Object<'d>> {
        self.objects.iter().find(|object| {
            object.name == name
                && object.kind == kind
                && object.group() == group
                && object.namespace.as_deref() == namespace
        })
    }

    /// Counts the objects.
    pub fn len(&self) -> usize {
        self.objects.len()
    }

    /// Tells whether there are none.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }
}

impl<'a, 'd> IntoIterator for &'a ObjectSet<'d> {
    type Item = &'a Object<'d>;
    type IntoIter = std::slice::Iter<'a, Object<'d>>;
    fn into_iter(self) -> Self::IntoIter {
        self.objects.iter()
    }
}
