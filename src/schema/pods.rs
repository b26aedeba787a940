//! Finds pod templates in the schemas of custom resources, by their structure.

use super::bundle::BUNDLES;
use super::shape::{Object, Schema, Shape};
use super::version::Version;

/// Deeper than any resource nests its templates; it ends schemas that contain themselves.
const DEPTH: usize = 16;

/// Finds the paths of maps whose `spec` has `containers`, a list of maps with `name` and `image`.
///
/// The root is none: a resource whose own `spec` has `containers` lists amendments to containers that its operator makes.
pub(super) fn paths(root: &Schema) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    walk(root, &mut Vec::new(), &mut found);
    found
}

fn walk(schema: &Schema, path: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    if path.len() > DEPTH {
        return;
    }
    match &resolve(schema).shape {
        Shape::Object(object) if !path.is_empty() && is_template(object) => found.push(path.clone()),
        Shape::Object(object) => {
            for field in &object.fields {
                path.push(field.name.to_string());
                walk(&field.schema, path, found);
                path.pop();
            }
        }
        Shape::Map(inner) => step_into(inner, path, found),
        Shape::List(list) => step_into(&list.items, path, found),
        _ => {}
    }
}

fn step_into(items: &Schema, path: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    path.push("*".to_owned());
    walk(items, path, found);
    path.pop();
}

fn is_template(object: &Object) -> bool {
    let Some(Shape::Object(spec)) = object.field("spec").map(|field| &resolve(&field.schema).shape) else {
        return false;
    };
    let Some(Shape::List(containers)) = spec.field("containers").map(|field| &resolve(&field.schema).shape) else {
        return false;
    };
    let Shape::Object(container) = &resolve(&containers.items).shape else { return false };
    container.field("name").is_some() && container.field("image").is_some()
}

/// Custom resources refer to nothing but the metadata of objects, in which all versions agree.
fn resolve(schema: &Schema) -> &Schema {
    match schema.shape {
        Shape::Reference(definition) => BUNDLES.definition(Version::LATEST, definition),
        _ => schema,
    }
}
