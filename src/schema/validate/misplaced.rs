//! What to do about a field that its map does not have: it is misspelt, or stands in the wrong map.

use super::super::shape::{Object, Schema, Shape};
use super::text::quoted_list;
use super::walk::Walk;
use crate::diagnostic::nearest;
use crate::yaml::{Node, Step};

/// How far down a field's own place is looked for: `containers` of a Deployment's `spec` is two maps down.
const DEPTH: usize = 3;

/// Says what to write instead of the field `name`, which stands in `node` and is none of the fields of `object`.
pub(super) fn advise<'s>(walk: &Walk<'s, '_>, node: Node<'_>, object: &'s Object, name: &str) -> Option<String> {
    if let Some(near) = near(node, object, name) {
        return Some(format!("did you mean `{near}`?"));
    }
    if let Some(whole) = longer(node, object, name) {
        return Some(format!("did you mean `{whole}`?"));
    }
    let taken = nearest(name, object.fields.iter().map(|field| field.name.as_ref()));
    if let Some(taken) = taken {
        return Some(format!("there is a `{taken}` already: remove one of them"));
    }
    below(walk, node, object, name)
        .or_else(|| above(walk, name))
        .or_else(|| beside(walk, name))
        .or_else(|| deeper(walk, object, name))
}

/// The free field whose name is so near that it was probably meant.
pub(super) fn near<'s>(node: Node<'_>, object: &'s Object, name: &str) -> Option<&'s str> {
    let free = object.fields.iter().map(|field| field.name.as_ref()).filter(|field| node.get(field).is_none());
    nearest(name, free)
}

/// The one field that is free and that the name is the beginning or the end of: `name` for `secretName`.
fn longer<'s>(node: Node<'_>, object: &'s Object, name: &str) -> Option<&'s str> {
    let mut capital = name.to_owned();
    capital.get_mut(..1)?.make_ascii_uppercase();
    let fits = |field: &&str| {
        let rest = field.strip_prefix(name).and_then(|rest| rest.chars().next());
        field.ends_with(&capital) || rest.is_some_and(|c| c.is_ascii_uppercase())
    };
    let names = object.fields.iter().map(|field| field.name.as_ref());
    let mut fitting = names.filter(|field| node.get(field).is_none()).filter(fits);
    let only = fitting.next()?;
    fitting.next().is_none().then_some(only)
}

/// The field belongs in a map that stands beside it: `limits` into `resources`.
fn below<'s>(walk: &Walk<'s, '_>, node: Node<'_>, object: &'s Object, name: &str) -> Option<String> {
    let homes: Vec<(&str, bool)> = object
        .fields
        .iter()
        .filter_map(|field| {
            let (inner, in_list) = fields_of(walk, &field.schema)?;
            inner.field(name).is_some().then_some((field.name.as_ref(), in_list))
        })
        .collect();
    let written = |home: &&(&str, bool)| node.get(home.0).is_some();
    // An empty one is where the field slipped out of; else the one written last before it.
    let empty = homes.iter().find(|home| node.get(home.0).is_some_and(Node::is_null));
    let slipped = empty.or_else(|| {
        let at = node.entry(name).map(|entry| entry.key.span().start)?;
        let start = |home: &&(&str, bool)| node.entry(home.0).map_or(0, |entry| entry.key.span().start);
        homes.iter().filter(written).filter(|home| start(home) < at).max_by_key(start)
    });
    if let Some((home, in_list)) = slipped.or_else(|| homes.iter().find(written)) {
        return Some(if *in_list {
            format!("it belongs in an item of `{home}`: indent it to stand there")
        } else {
            format!("it belongs in `{home}`: indent it to stand there")
        });
    }
    // More homes than a few are no advice.
    (1..=4).contains(&homes.len()).then(|| {
        let homes = homes.iter().map(|(home, _)| *home);
        format!("it belongs in {}", quoted_list(homes, "or"))
    })
}

/// The field belongs in a map around this one: `restartPolicy` of a container into the pod's `spec`.
fn above(walk: &Walk<'_, '_>, name: &str) -> Option<String> {
    // The last frame is the one that led here; its map is the parent's.
    for (depth, frame) in walk.frames.iter().enumerate().rev() {
        let Shape::Object(object) = &frame.schema.shape else { continue };
        if object.field(name).is_none() {
            continue;
        }
        let key = match frame.step {
            Step::Key(key) => key,
            Step::Index(_) => continue,
        };
        let taken = frame.node.get(name).is_some();
        let home = walk.frames[..depth].iter().rev().find_map(|frame| match frame.step {
            Step::Key(key) => Some(key),
            Step::Index(_) => None,
        });
        let whither = home.map_or_else(|| "the object's root".to_owned(), |home| format!("`{home}`"));
        return Some(if taken {
            format!("it is a field of {whither}, which has one already: remove this one")
        } else {
            format!("it is a field of {whither}: move it out, beside `{key}`")
        });
    }
    None
}

/// The field belongs into a neighbour of this map: `ports` of `metadata` into `spec`.
fn beside(walk: &Walk<'_, '_>, name: &str) -> Option<String> {
    let frame = walk.frames.iter().rev().find(|frame| matches!(frame.step, Step::Key(_)))?;
    let Shape::Object(object) = &frame.schema.shape else { return None };
    let homes = object.fields.iter().filter(|field| {
        field.name != "status" && fields_of(walk, &field.schema).is_some_and(|(inner, _)| inner.field(name).is_some())
    });
    let homes: Vec<&str> = homes.map(|field| field.name.as_ref()).collect();
    let home = homes.iter().find(|home| frame.node.get(home).is_some())?;
    Some(format!("it is a field of `{home}`: move it there"))
}

/// The field belongs further down: `containers` of a Deployment's `spec` into `template.spec`.
fn deeper<'s>(walk: &Walk<'s, '_>, object: &'s Object, name: &str) -> Option<String> {
    let mut level: Vec<(String, &'s Object)> = vec![(String::new(), object)];
    for _ in 0..DEPTH {
        let mut next = Vec::new();
        for (path, object) in &level {
            for field in &object.fields {
                if field.name == "status" || field.name == "metadata" {
                    continue;
                }
                let Some((inner, _)) = fields_of(walk, &field.schema) else { continue };
                let path = super::text::field(path, &field.name);
                if inner.field(name).is_some() {
                    return Some(format!("it belongs in `{path}`"));
                }
                next.push((path, inner));
            }
        }
        level = next;
    }
    None
}

/// The object that a field holds, or that the items of its list are.
fn fields_of<'s>(walk: &Walk<'s, '_>, schema: &'s Schema) -> Option<(&'s Object, bool)> {
    match &walk.resolve(schema).shape {
        Shape::Object(object) => Some((object, false)),
        Shape::List(list) => match &walk.resolve(&list.items).shape {
            Shape::Object(object) => Some((object, true)),
            _ => None,
        },
        _ => None,
    }
}
