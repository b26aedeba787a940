//! Allowances in annotations: our own, and those of other tools.

use super::{Allow, Scope, Told, peers};
use crate::lint::Rule;
use crate::object::{Object, ObjectSet};
use crate::yaml::Node;
use rayon::prelude::*;

const ANNOTATION: &str = "plimsoll.dev/allow";

/// Reads the annotations of objects and of their pod templates. `own` rules may refer to other tools' checks, too.
pub fn annotations(
    objects: &ObjectSet<'_>,
    release: Option<&str>,
    environment: Option<&str>,
    own: &[Rule],
) -> Vec<Allow> {
    let of_object = |object: &Object<'_>| {
        let mut allows = Vec::new();
        let templates = object.pods.iter().map(|pod| pod.template).filter(|template| *template != object.node);
        let holders = std::iter::once(object.node).chain(templates);
        for entry in holders.filter_map(|node| node.at(&["metadata", "annotations"])).flat_map(Node::entries) {
            let Some(value) = entry.value.as_str() else { continue };
            let told = if entry.name() == ANNOTATION {
                value.lines().map(str::trim).filter(|line| !line.is_empty()).map(Told::read).collect()
            } else {
                peers::annotation(entry.name(), value, own)
            };
            let scope = Scope::Object {
                name: object.full_name(),
                release: release.map(str::to_owned),
                environment: environment.map(str::to_owned),
            };
            allows.extend(told.into_iter().map(|told| told.allow(entry.value.span(), scope.clone())));
        }
        allows
    };
    objects.objects().par_iter().with_min_len(64).flat_map_iter(of_object).collect()
}
