//! The releases that stand beside each other in an environment, looked up by what their objects are called.

use crate::object::{Object, ObjectSet};
use std::collections::HashMap;

/// The objects of all releases of a workspace in an environment.
#[derive(Debug, Default)]
pub struct Neighbourhood<'a> {
    objects: Vec<Neighbour<'a>>,
    names: HashMap<&'a str, Vec<Neighbour<'a>>>,
    kinds: HashMap<(&'a str, &'a str), Vec<Neighbour<'a>>>,
}

/// An object with the name of its release.
#[derive(Clone, Copy, Debug)]
struct Neighbour<'a> {
    release: &'a str,
    object: &'a Object<'a>,
}

impl<'a> Neighbourhood<'a> {
    /// Takes the objects of releases, which are given by name.
    pub fn new(releases: impl IntoIterator<Item = (&'a str, &'a ObjectSet<'a>)>) -> Self {
        let mut all = Self::default();
        for (release, objects) in releases {
            for object in objects {
                let neighbour = Neighbour { release, object };
                all.objects.push(neighbour);
                all.names.entry(object.name).or_default().push(neighbour);
                all.kinds.entry((object.group(), object.kind)).or_default().push(neighbour);
            }
        }
        all
    }

    /// Iterates over the objects of other releases than `own`.
    pub(super) fn objects(&self, own: Option<&str>) -> impl Iterator<Item = &'a Object<'a>> {
        others(&self.objects, own)
    }

    /// Iterates over the objects of a name that are other releases'.
    pub(super) fn named(&self, name: &str, own: Option<&str>) -> impl Iterator<Item = &'a Object<'a>> {
        others(self.names.get(name).map(Vec::as_slice).unwrap_or_default(), own)
    }

    /// Iterates over the objects of a group and kind that are other releases'.
    pub(super) fn of_kind(
        &self,
        group: &'static str,
        kind: &'static str,
        own: Option<&str>,
    ) -> impl Iterator<Item = &'a Object<'a>> {
        others(self.kinds.get(&(group, kind)).map(Vec::as_slice).unwrap_or_default(), own)
    }
}

fn others<'a>(neighbours: &[Neighbour<'a>], own: Option<&str>) -> impl Iterator<Item = &'a Object<'a>> {
    neighbours.iter().filter(move |neighbour| Some(neighbour.release) != own).map(|neighbour| neighbour.object)
}
