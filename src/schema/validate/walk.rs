//! The walk over an object and its schema at once: maps, and what stands in them.

use super::super::custom::Judge;
use super::super::shape::{Field, Object, Schema, Shape};
use super::super::store::{SchemaStore, Type};
use super::super::version::Version;
use super::{misplaced, text};
use crate::diagnostic::{Change, Diagnostic, Safety};
use crate::yaml::{Entry, Kind, Node, Step, Style, edit};

pub(super) struct Walk<'s, 'd> {
    store: &'s SchemaStore,
    version: Version,
    root: Node<'d>,
    /// The schema is that of a custom resource, whose server-side checks are all in it.
    pub(super) custom: bool,
    drops_status: bool,
    /// A null stays where it is not allowed, as in a default.
    pub(super) keeps_nulls: bool,
    /// The maps and lists that the walk stands in, outermost first.
    pub(super) frames: Vec<Frame<'s, 'd>>,
    pub(super) findings: Vec<Diagnostic>,
}

/// A map or list, its schema, and the step by which the walk goes deeper.
#[derive(Clone, Copy)]
pub(super) struct Frame<'s, 'd> {
    pub(super) node: Node<'d>,
    pub(super) schema: &'s Schema,
    pub(super) step: Step<'d>,
}

impl<'s, 'd> Walk<'s, 'd> {
    pub(super) fn new(root: Node<'d>, store: &'s SchemaStore, version: Version, kind: &Type<'_>) -> Self {
        let (custom, drops_status) = (kind.custom, kind.drops_status);
        Self {
            store,
            version,
            root,
            custom,
            drops_status,
            keeps_nulls: false,
            frames: Vec::with_capacity(16),
            findings: Vec::new(),
        }
    }

    pub(super) fn resolve(&self, schema: &'s Schema) -> &'s Schema {
        self.store.resolve(self.version, schema)
    }

    /// Holds a value that is not null, or is null in a list or a map of any keys, against a schema.
    pub(super) fn check(&mut self, node: Node<'d>, outer: &'s Schema) {
        let schema = self.resolve(outer);
        if node.is_null() && schema.nullable {
            return self.restrain(node, outer);
        }
        let kind = node.kind();
        let before = self.findings.len();
        match (&schema.shape, kind) {
            (Shape::Object(object), Kind::Map) => {
                self.length(node, outer, node.entries().len(), "field");
                self.object(node, schema, object);
            }
            (Shape::Map(values), Kind::Map) => {
                self.length(node, outer, node.entries().len(), "key");
                for entry in node.entries() {
                    if entry.value.is_null() && !values.nullable {
                        self.null(entry, values);
                    }
                    self.enter(node, schema, Step::Key(entry.name()), |walk| walk.check(entry.value, values));
                }
            }
            (Shape::List(list), Kind::Seq) => {
                self.length(node, outer, node.items().len(), "item");
                for (index, item) in node.items().enumerate() {
                    self.enter(node, schema, Step::Index(index), |walk| walk.item(item, &list.items));
                }
                self.duplicates(node, list);
            }
            // Go reads null as the type's zero value.
            (Shape::Any | Shape::Reference(_), _) | (_, Kind::Null) => {}
            (shape @ (Shape::Object(_) | Shape::Map(_) | Shape::List(_)), _) => self.wrong_collection(node, shape),
            _ => self.scalar(node, outer, &schema.shape),
        }
        // Of a value of the wrong type nothing more is said.
        if !self.findings[before..]
            .iter()
            .any(|finding| finding.rule == "schema/type" && finding.span == Some(node.head()))
        {
            self.restrain(node, outer);
        }
    }

    /// Holds a value against what the definition of a custom resource demands beyond types.
    fn restrain(&mut self, node: Node<'d>, schema: &'s Schema) {
        let Some(custom) = &schema.custom else { return };
        let place = || self.place();
        let judge = Judge::new(self.version, self.is_masked(), &place, node);
        let failures = custom.failures(node, schema, judge);
        for failure in failures {
            let mut path = self.path();
            failure.steps.iter().for_each(|step| step.push_to(&mut path));
            let mut finding = Diagnostic::error(failure.rule, failure.message).at(failure.node.head());
            finding.help = failure.help;
            self.add(finding, path);
        }
    }

    fn enter(&mut self, node: Node<'d>, schema: &'s Schema, step: Step<'d>, check: impl FnOnce(&mut Self)) {
        self.frames.push(Frame { node, schema, step });
        check(self);
        self.frames.pop();
    }

    fn object(&mut self, node: Node<'d>, schema: &'s Schema, object: &'s Object) {
        for entry in node.entries() {
            let name = entry.name();
            match object.field(name) {
                Some(field) => {
                    if !entry.value.is_null() || field.schema.nullable {
                        self.enter(node, schema, Step::Key(name), |walk| walk.check(entry.value, &field.schema));
                    } else if !field.required {
                        self.null(entry, &field.schema);
                    }
                }
                None if object.open => {}
                None => self.unknown_field(node, object, entry),
            }
        }
        for field in &object.fields {
            let absent = || match node.get(&field.name) {
                None => true,
                Some(value) if value.is_null() => !field.schema.nullable,
                Some(value) => !self.custom && value.as_str() == Some(""),
            };
            let needed = field.required || (field.name == "spec" && self.needs_spec(&field.schema));
            if needed && !(self.drops_status && self.in_status()) && absent() {
                self.required(node, field);
            }
        }
    }

    /// A built-in `spec` is never a pointer: without it, the fields that it requires are missing.
    fn needs_spec(&self, schema: &'s Schema) -> bool {
        match &self.resolve(schema).shape {
            Shape::Object(spec) => !self.custom && spec.fields.iter().any(|field| field.required),
            _ => false,
        }
    }

    /// The server decodes `status` and then drops it.
    pub(super) fn in_status(&self) -> bool {
        self.frames.first().is_some_and(|frame| frame.step == Step::Key("status"))
    }

    fn required(&mut self, node: Node<'d>, field: &'s Field) {
        let name = field.name.as_ref();
        let missing = |span| {
            let message = format!("`{}` is missing", text::field(&self.place(), name));
            Diagnostic::error("schema/required", message).at(span)
        };
        let finding = match node.entry(name) {
            None => missing(node.head()),
            Some(Entry { value, .. }) if !value.is_null() => {
                Diagnostic::error("schema/required", format!("`{name}` is empty")).at(value.span())
            }
            Some(Entry { key, value }) if value.span().range().is_empty() => missing(key.span()),
            // `~` and `null` may have been meant as text.
            Some(Entry { value, .. }) => missing(value.span()).help(format!(
                "YAML reads `{0}` as nothing; put it in quotes if text is meant: `\"{0}\"`",
                value.text()
            )),
        };
        // The field is named, as the server names it, though there may be no place to show.
        let mut below = vec![name];
        below.extend(self.first_required(&field.schema));
        self.report_below(finding, &below);
    }

    /// Server-side apply keeps a null, which then has the wrong type; `create` drops it.
    fn null(&mut self, entry: Entry<'d>, schema: &'s Schema) {
        let has_default = schema.custom.as_ref().is_some_and(|custom| custom.has_default());
        let of_metadata = self.frames.iter().enumerate().any(|(depth, frame)| {
            let embedded = || frame.schema.custom.as_ref().is_some_and(|custom| custom.is_embedded());
            frame.step == Step::Key("metadata") && (depth == 0 || embedded())
        });
        if !self.custom || has_default || of_metadata || matches!(schema.shape, Shape::Any | Shape::Reference(_)) {
            return;
        }
        let place = text::field(&self.place(), entry.name());
        let finding = if self.keeps_nulls {
            Diagnostic::error("schema/type", format!("`{place}` is null"))
        } else {
            Diagnostic::error("api/server-side-apply", format!("`{place}` is null: server-side apply refuses it"))
        };
        let finding = finding.at(entry.key.span());
        let mut path = self.path();
        Step::Key(entry.name()).push_to(&mut path);
        self.add(finding.help("leave the field out"), path);
    }

    /// Gives the way to what the server misses first in an absent value, which it reads as an empty one.
    pub(super) fn first_required(&self, schema: &'s Schema) -> Vec<&'s str> {
        /// No built-in definition requires more fields in each other.
        const DEEPEST: usize = 8;
        let mut below = Vec::new();
        let mut schema = schema;
        while !self.custom && below.len() < DEEPEST {
            let Shape::Object(object) = &self.resolve(schema).shape else { break };
            let Some(field) = object.fields.iter().find(|field| field.required) else { break };
            below.push(field.name.as_ref());
            schema = &field.schema;
        }
        below
    }

    fn unknown_field(&mut self, node: Node<'d>, object: &'s Object, entry: Entry<'d>) {
        let name = entry.name();
        let place = self.place();
        let message = if place.is_empty() {
            format!("unknown field `{name}`")
        } else {
            format!("unknown field `{name}` in `{place}`")
        };
        let mut finding = Diagnostic::error("schema/unknown-field", message).at(entry.key.span());
        finding.help = misplaced::advise(self, node, object, name);
        if let Some(near) = misplaced::near(node, object, name) {
            finding = finding.wish(edit::wish(entry.value, Change::Rename(near.to_owned()), Safety::Safe));
        }
        self.frames.push(Frame { node, schema: &ANY, step: Step::Key(name) });
        self.report(finding);
        self.frames.pop();
    }

    /// Reports a value of the wrong kind; `expected` has its article.
    pub(super) fn wrong_type(&mut self, node: Node<'d>, expected: &str) {
        let finding = self.type_finding(node, expected);
        self.report(finding);
    }

    fn type_finding(&self, node: Node<'d>, expected: &str) -> Diagnostic {
        let message = format!("`{}` must be {expected}, not {}", self.place(), node.kind().article());
        Diagnostic::error("schema/type", message).at(node.head())
    }

    /// Reports what stands where a map or a list should.
    fn wrong_collection(&mut self, node: Node<'d>, shape: &'s Shape) {
        let (expected, help) = match (shape, node.kind()) {
            (Shape::List(list), Kind::Map) => ("a list", self.advise_list(node, &list.items)),
            (Shape::List(_), _) => ("a list", Some("write it as a list: an item a line, each behind `- `".to_owned())),
            (_, Kind::Seq) if node.items().len() == 1 && node.items().all(|item| item.kind() == Kind::Map) => {
                let marks = if node.style() == Style::Flow { "the `[` and `]`" } else { "the `- `" };
                ("a map", Some(format!("leave out {marks}")))
            }
            // `- 80` for `- containerPort: 80`.
            (Shape::Object(object), kind) if kind != Kind::Seq => {
                let field = sole(object.fields.iter().filter(|field| field.required)).or_else(|| sole(&object.fields));
                let shown = if self.is_masked() { "…" } else { node.text() };
                ("a map", field.map(|field| format!("write `{}: {}`", field.name, text::show(shown))))
            }
            _ => ("a map", None),
        };
        let mut finding = self.type_finding(node, expected);
        finding.help = help;
        self.report(finding);
    }

    /// Tells an item without its `- ` from a map written for a list of maps: `env: {A: b}` for `env: [{name: A, value: b}]`.
    fn advise_list(&self, node: Node<'d>, items: &'s Schema) -> Option<String> {
        let Shape::Object(item) = &self.resolve(items).shape else {
            return Some("write it as a list: an item a line, each behind `- `".to_owned());
        };
        if node.entries().any(|entry| item.field(entry.name()).is_some()) {
            return Some("begin it with `- `: it is the list's item".to_owned());
        }
        let required = sole(item.fields.iter().filter(|field| field.required))?;
        Some(format!("write a list whose items are maps: `- {}: …`", required.name))
    }

    /// Adds a finding about the value at which the walk stands.
    pub(super) fn report(&mut self, finding: Diagnostic) {
        self.report_below(finding, &[]);
    }

    /// Adds a finding about what some keys lead to from there.
    pub(super) fn report_below(&mut self, finding: Diagnostic, keys: &[&str]) {
        let mut path = self.path();
        for key in keys {
            Step::Key(key).push_to(&mut path);
        }
        self.add(finding, path);
    }

    fn add(&mut self, finding: Diagnostic, path: String) {
        // What the server drops it does not judge; but it does not take fields that nobody knows.
        if self.custom && self.drops_status && self.in_status() && finding.rule != "schema/unknown-field" {
            return;
        }
        self.findings.push(if path.is_empty() { finding } else { finding.path(path) });
    }

    /// The path to the value at which the walk stands.
    fn path(&self) -> String {
        let mut path = String::new();
        self.frames.iter().for_each(|frame| frame.step.push_to(&mut path));
        path
    }

    /// The value at which the walk stands, as messages name it: the last key, and indices behind it.
    pub(super) fn place(&self) -> String {
        let from = self.frames.iter().rposition(|frame| matches!(frame.step, Step::Key(_))).unwrap_or(0);
        let mut place = String::new();
        self.frames.iter().skip(from).for_each(|frame| frame.step.push_to(&mut place));
        place
    }

    /// The key under which the value at which the walk stands is found, through lists.
    pub(super) fn key(&self) -> &'d str {
        self.frames
            .iter()
            .rev()
            .find_map(|frame| match frame.step {
                Step::Key(key) => Some(key),
                Step::Index(_) => None,
            })
            .unwrap_or_default()
    }

    /// Tells whether the text at which the walk stands must not be printed.
    pub(super) fn is_masked(&self) -> bool {
        let of_secret = self.root.field("kind").is_some_and(|kind| kind.text() == "Secret")
            && self.frames.first().is_some_and(|frame| matches!(frame.step, Step::Key("data" | "stringData")));
        let beside = || self.frames.last().and_then(|frame| frame.node.field("name"));
        of_secret
            || text::sounds_secret(self.key())
            || (self.key() == "value" && beside().is_some_and(|name| text::sounds_secret(name.text())))
    }
}

/// The only one, if there is exactly one.
fn sole<T>(items: impl IntoIterator<Item = T>) -> Option<T> {
    let mut items = items.into_iter();
    items.next().filter(|_| items.next().is_none())
}

static ANY: Schema = Schema { shape: Shape::Any, nullable: false, default: None, limits: None, custom: None };
