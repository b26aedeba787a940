//! Lists: their items, their length, and items that stand twice.

use super::super::shape::{Identity, List, Schema, Shape, Text};
use super::text::{quantity_of, show};
use super::walk::Walk;
use crate::diagnostic::Diagnostic;
use crate::yaml::{Kind, Node, Step};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// Who refuses a repeated item.
#[derive(Clone, Copy)]
enum Refusal {
    /// The server, whatever it is asked.
    Always,
    /// Server-side apply only.
    InApply,
}

impl<'s, 'd> Walk<'s, 'd> {
    /// Holds an item against the schema of items; null becomes an empty item.
    pub(super) fn item(&mut self, item: Node<'d>, schema: &'s Schema) {
        let resolved = self.resolve(schema);
        let empty_is_wrong = match &resolved.shape {
            Shape::Object(object) => object.fields.iter().any(|field| field.required),
            _ => false,
        };
        let replaced =
            matches!(resolved.shape, Shape::Any) || schema.custom.as_ref().is_some_and(|custom| custom.has_default());
        let empty_is_wrong = if self.custom { !replaced } else { empty_is_wrong };
        if item.is_null() && !resolved.nullable && empty_is_wrong {
            let message = format!("`{}` is empty", self.place());
            let finding = Diagnostic::error("schema/type", message).at(item.span());
            let below = self.first_required(schema);
            self.report_below(finding.help("write the item, or remove the `-`"), &below);
        } else {
            self.check(item, schema);
        }
    }

    /// Holds a length against the bounds of the schema.
    pub(super) fn length(&mut self, node: Node<'d>, schema: &'s Schema, length: usize, of: &str) {
        let Some(limits) = &schema.limits else { return };
        let length = length as u64;
        let bound = match (limits.min_length, limits.max_length) {
            (Some(least), _) if length < least => format!("at least {}", quantity_of(least, of)),
            (_, Some(most)) if length > most => format!("at most {}", quantity_of(most, of)),
            _ => return,
        };
        let message = format!("`{}` has {}, but must have {bound}", self.place(), quantity_of(length, of));
        self.report(Diagnostic::error("schema/format", message).at(node.head()));
    }

    /// Finds items that the server, or server-side apply, cannot tell apart.
    pub(super) fn duplicates(&mut self, node: Node<'d>, list: &'s List) {
        let count = node.items().len();
        if count == 0 || list.identity == Identity::Atomic {
            return;
        }
        self.nameless(node, list);
        let Some(refusal) = self.refusal_of_duplicates(list) else { return };
        let mut seen: HashMap<u64, Node<'d>> = HashMap::with_capacity(count);
        for (index, item) in node.items().enumerate() {
            let Some(identity) = self.identity(item, list) else { continue };
            let Some(first) = seen.insert(identity, item) else { continue };
            seen.insert(identity, first);
            let message = self.describe(item, list);
            let finding = match refusal {
                Refusal::Always => Diagnostic::error("schema/duplicate-item", message)
                    .help("the server refuses the object: remove or rename one of them"),
                Refusal::InApply => {
                    let message = format!("{message}: server-side apply refuses it");
                    Diagnostic::error("api/server-side-apply", message).help("remove one of them")
                }
            };
            self.report_item(index, finding.at(item.head()).label(first.head(), "first defined here"), node, list);
        }
    }

    /// Reports items of a built-in list that server-side apply cannot tell from others at all.
    fn nameless(&mut self, node: Node<'d>, list: &'s List) {
        // The names in these are defaulted to nothing, which is a key.
        if self.custom || self.in_status() || ["imagePullSecrets", "evictionResponders"].contains(&self.key()) {
            return;
        }
        for item in node.items() {
            let lacks = match &list.identity {
                Identity::Keys(_) if item.is_null() && !self.first_required(&list.items).is_empty() => continue,
                _ if item.is_null() => "it is null".to_owned(),
                Identity::Keys(keys) if item.kind() == Kind::Map => {
                    let given = |key: &Text| item.get(key).is_some() || self.is_required_or_defaulted(&list.items, key);
                    if keys.iter().any(given) {
                        continue;
                    }
                    format!("it lacks `{}`", keys.join("`, `"))
                }
                _ => continue,
            };
            let message =
                format!("an item of `{}` has no identity, as {lacks}: server-side apply refuses it", self.place());
            self.report(Diagnostic::error("api/server-side-apply", message).at(item.head()));
        }
    }

    /// What tells an item apart, hashed. None where an item lacks it.
    fn identity(&self, item: Node<'d>, list: &'s List) -> Option<u64> {
        let mut hasher = DefaultHasher::new();
        let Identity::Keys(keys) = &list.identity else {
            item.scalar()?;
            item.text().hash(&mut hasher);
            return Some(hasher.finish());
        };
        let mut known = false;
        for key in keys {
            let written = item.field(key);
            known |= written.is_some();
            written.map(Node::text).or_else(|| self.default_of(&list.items, key)).hash(&mut hasher);
        }
        known.then(|| hasher.finish())
    }

    /// Says what two items share.
    fn describe(&self, item: Node<'d>, list: &'s List) -> String {
        let place = self.place();
        match &list.identity {
            Identity::Keys(keys) if !self.is_masked() => {
                let shared = keys.iter().filter_map(|key| {
                    let text = item.field(key).map(Node::text).or_else(|| self.default_of(&list.items, key))?;
                    Some(format!("`{key}` `{}`", show(text)))
                });
                format!("two items of `{place}` have {}", shared.collect::<Vec<_>>().join(" and "))
            }
            _ => format!("two items of `{place}` are equal"),
        }
    }

    /// Reports an item; of a built-in list with one key, that key, as the server does.
    fn report_item(&mut self, index: usize, finding: Diagnostic, node: Node<'d>, list: &'s List) {
        let Some(schema) = self.frames.last().map(|frame| frame.schema) else { return self.report(finding) };
        self.frames.push(super::walk::Frame { node, schema, step: Step::Index(index) });
        match &list.identity {
            Identity::Keys(keys) if keys.len() == 1 && !self.custom => self.report_below(finding, &[&keys[0]]),
            _ => self.report(finding),
        }
        self.frames.pop();
    }

    /// Tells whether a field is the business of required fields, or has a value in any case.
    fn is_required_or_defaulted(&self, items: &'s Schema, key: &str) -> bool {
        match &self.resolve(items).shape {
            Shape::Object(object) => {
                object.field(key).is_none_or(|field| field.required || field.schema.default.is_some())
            }
            _ => true,
        }
    }

    /// Who refuses a repeated item; none where nobody does, or another stage tells.
    fn refusal_of_duplicates(&self, list: &List) -> Option<Refusal> {
        if self.custom {
            return (list.identity != Identity::Atomic).then_some(Refusal::Always);
        }
        match (&list.identity, self.key()) {
            // Of these, the server takes some: [`crate::api`] tells.
            (Identity::Keys(_), "env" | "claims" | "imagePullSecrets" | "hostAliases" | "x-kubernetes-validations")
            | (Identity::Atomic, _) => None,
            (Identity::Keys(keys), "ports") if keys.iter().any(|key| key == "containerPort") => None,
            (Identity::Set, _) | (_, "secrets" | "ownerReferences" | "variables") => Some(Refusal::InApply),
            (Identity::Keys(_), _) => Some(Refusal::Always),
        }
    }

    fn default_of(&self, items: &'s Schema, key: &str) -> Option<&'s str> {
        match &self.resolve(items).shape {
            Shape::Object(object) => object.field(key)?.schema.default.as_deref(),
            _ => None,
        }
    }
}
