//! ValidatingAdmissionPolicies, as the server evaluates them on creation.

use super::cel::{self, Expression, Failure};
use super::matching::{Match, Subject, is_about, resource_of};
use crate::diagnostic::{Diagnostic, Severity};
use crate::object::{Object, ObjectSet, fill_defaults};
use crate::schema::{Definition, Lookup, Schema, SchemaStore, Shape, Version};
use crate::yaml::{Kind, Node, emit::Data};
use kube_cel::cel::{Context, Value};

const GROUP: &str = "admissionregistration.k8s.io";

/// The policies of a run, each with a binding that enforces it, and the objects that may be their parameters.
#[derive(Default)]
pub struct Policies<'d> {
    bound: Vec<Bound<'d>>,
    definitions: Vec<Node<'d>>,
    parameters: Vec<Object<'d>>,
}

/// A policy and a binding of it.
struct Bound<'d> {
    policy: Node<'d>,
    binding: Node<'d>,
    name: &'d str,
    /// Compiled once: match conditions, variables with their names, validations.
    conditions: Vec<Compiled<'d>>,
    variables: Vec<(&'d str, Compiled<'d>)>,
    validations: Vec<(Compiled<'d>, Option<Compiled<'d>>)>,
}

/// An expression where it was written.
struct Compiled<'d> {
    node: Node<'d>,
    /// What is wrong with it, where it could not be compiled.
    expression: Result<Expression, String>,
}

impl<'d> Compiled<'d> {
    fn read(node: Node<'d>) -> Self {
        Self { node, expression: Expression::compile(node.text()) }
    }

    fn with<T>(&self, run: impl FnOnce(&Expression) -> Result<T, Failure>) -> Result<T, Failure> {
        match &self.expression {
            Ok(expression) => run(expression),
            Err(problem) => Err(Failure::Unsupported(format!("it cannot be read here: {problem}"))),
        }
    }
}

impl<'d> Policies<'d> {
    /// Gathers the policies, bindings and possible parameters among objects. A policy that nothing binds enforces nothing.
    pub fn gather<'a>(objects: impl IntoIterator<Item = &'a Object<'d>>) -> Self
    where
        'd: 'a,
    {
        let objects: Vec<&Object<'d>> = objects.into_iter().collect();
        let of_kind = |kind: &'static str| objects.iter().filter(move |object| object.is(GROUP, &[kind]));
        let mut bound = Vec::new();
        for binding in of_kind("ValidatingAdmissionPolicyBinding") {
            let Some(wanted) = binding.spec().and_then(|spec| spec.field("policyName")) else { continue };
            let policy = of_kind("ValidatingAdmissionPolicy").find(|policy| policy.name == wanted.text());
            if let Some(policy) = policy {
                bound.push(Bound::read(policy.name, policy.node, binding.node));
            }
        }
        if bound.is_empty() {
            return Self::default();
        }
        let definitions =
            objects.iter().filter(|object| object.is("apiextensions.k8s.io", &["CustomResourceDefinition"]));
        let definitions = definitions.map(|object| object.node).collect();
        Self { bound, definitions, parameters: objects.into_iter().cloned().collect() }
    }

    /// Tells whether there is nothing to enforce.
    pub fn is_empty(&self) -> bool {
        self.bound.is_empty()
    }

    /// Judges the objects of a set.
    pub fn judge(&self, objects: &ObjectSet<'d>, store: &SchemaStore) -> Vec<Diagnostic> {
        let mut found = Found::default();
        for object in objects {
            // The server exempts policies and their bindings, so that nobody locks himself out.
            if object.group() == GROUP && object.kind.starts_with("ValidatingAdmissionPolicy") {
                continue;
            }
            let resource = self.resource_of(object);
            let namespace = object.namespace.as_deref();
            let namespaces = self.parameters.iter().chain(objects).filter(|other| other.is("", &["Namespace"]));
            let mut namespaces =
                namespaces.filter(|other| Some(other.name) == namespace || std::ptr::eq(*other, object));
            let subject = Subject {
                object,
                resource: &resource,
                namespaced: store.is_namespaced(Version::LATEST, object.api_version, object.kind).unwrap_or(true),
                namespace: namespaces.next().map(|namespace| namespace.node),
            };
            let is_field = |name: &str| is_field(store, object, name);
            for bound in &self.bound {
                let before = found.refused.len();
                bound.judge(subject, &is_field, &self.parameters, &mut found);
                for finding in found.refused.iter_mut().skip(before) {
                    finding.object = Some(object.full_name());
                }
            }
        }
        found.refused.append(&mut found.unknown);
        found.refused
    }

    fn resource_of(&self, object: &Object<'_>) -> String {
        let fits = |definition: &&Node<'_>| {
            definition.at(&["spec", "group"]).is_some_and(|group| group.text() == object.group())
                && definition.at(&["spec", "names", "kind"]).is_some_and(|kind| kind.text() == object.kind)
        };
        let plural = self.definitions.iter().find(fits).and_then(|found| found.at(&["spec", "names", "plural"]));
        plural.map_or_else(|| resource_of(object.kind), |plural| plural.text().to_owned())
    }
}

/// What judging gave.
#[derive(Default)]
struct Found {
    /// What the policies refuse.
    refused: Vec<Diagnostic>,
    /// What cannot be told without the cluster, each once.
    unknown: Vec<Diagnostic>,
}

impl Found {
    fn unknown(&mut self, finding: Diagnostic) {
        if !self.unknown.contains(&finding) {
            self.unknown.push(finding);
        }
    }
}

/// What came of looking for parameters.
enum Parameters<'d> {
    /// The policy takes none.
    None,
    Found(Vec<Node<'d>>),
    /// They are not among the files.
    Missing,
}

impl<'d> Bound<'d> {
    fn read(name: &'d str, policy: Node<'d>, binding: Node<'d>) -> Self {
        let list = |field: &'static str| {
            policy
                .at(&["spec", field])
                .into_iter()
                .flat_map(Node::items)
                .filter_map(|item| Some((item, Compiled::read(item.field("expression")?))))
        };
        let word = |item: Node<'d>| item.field("name").map(Node::text).unwrap_or_default();
        Self {
            policy,
            binding,
            name,
            conditions: list("matchConditions").map(|(_, compiled)| compiled).collect(),
            variables: list("variables").map(|(item, compiled)| (word(item), compiled)).collect(),
            validations: list("validations")
                .map(|(item, compiled)| (compiled, item.field("messageExpression").map(Compiled::read)))
                .collect(),
        }
    }

    fn judge(
        &self,
        subject: Subject<'_, 'd>,
        is_field: &dyn Fn(&str) -> bool,
        known: &[Object<'d>],
        found: &mut Found,
    ) {
        for (resources, needed) in [
            (self.policy.at(&["spec", "matchConstraints"]), true),
            (self.binding.at(&["spec", "matchResources"]), false),
        ] {
            match is_about(resources, subject, needed) {
                Match::Yes => {}
                Match::No => return,
                Match::Unknown(why) => return found.unknown(self.unknown(self.binding, &why)),
            }
        }
        let parameters = match self.parameters(subject, known) {
            Parameters::None => vec![None],
            Parameters::Found(found) => found.into_iter().map(Some).collect(),
            Parameters::Missing => {
                let allowed = self.binding.at(&["spec", "paramRef", "parameterNotFoundAction"]);
                if allowed.is_none_or(|action| action.text() != "Allow") {
                    found.unknown(self.unknown(self.binding, "its parameters are not among these files"));
                }
                return;
            }
        };
        for parameter in parameters {
            self.evaluate(subject, is_field, parameter, found);
        }
    }

    /// Finds the parameters of the binding for an object.
    fn parameters(&self, subject: Subject<'_, 'd>, known: &[Object<'d>]) -> Parameters<'d> {
        let (Some(kind), Some(reference)) =
            (self.policy.at(&["spec", "paramKind"]), self.binding.at(&["spec", "paramRef"]))
        else {
            return Parameters::None;
        };
        let text = |node: Node<'d>, field: &str| node.field(field).map(Node::text).unwrap_or_default();
        let (api_version, kind) = (text(kind, "apiVersion"), text(kind, "kind"));
        let namespace = reference.field("namespace").map(Node::text).or(subject.object.namespace.as_deref());
        let fits = |object: &&Object<'d>| {
            let here = object.namespace.is_none() || object.namespace.as_deref() == namespace;
            let named = reference.field("name").is_none_or(|name| name.text() == object.name);
            let selected = reference.field("selector").is_none_or(|selector| {
                let labels = object.node.at(&["metadata", "labels"]);
                crate::object::selector::first_unmet(selector, labels).is_none()
            });
            object.api_version == api_version && object.kind == kind && here && named && selected
        };
        let found: Vec<Node<'d>> = known.iter().filter(fits).map(|object| object.node).collect();
        if found.is_empty() { Parameters::Missing } else { Parameters::Found(found) }
    }

    fn evaluate(
        &self,
        subject: Subject<'_, 'd>,
        is_field: &dyn Fn(&str) -> bool,
        parameter: Option<Node<'d>>,
        found: &mut Found,
    ) {
        let object = subject.object;
        let mut data = Data::from_node(object.node);
        fill_defaults(object.group(), object.kind, &mut data);
        let mut scope = cel::scope();
        cel::name(&mut scope, "object", cel::of_data(&data));
        cel::name(&mut scope, "oldObject", Value::Null);
        cel::name(&mut scope, "params", parameter.map_or(Value::Null, cel::of_node));
        cel::name(&mut scope, "request", request(subject));
        cel::name(&mut scope, "namespaceObject", namespace_of(subject));
        let unseen = subject.namespaced && subject.namespace.is_none();
        let holds = |compiled: &Compiled<'d>, scope: &Context<'_>| match compiled.node.text() {
            text if unseen && asks_of_namespace(text) => {
                Err(Failure::Unsupported("the object's namespace is not among these files".to_owned()))
            }
            _ => compiled.with(|expression| expression.holds(scope)),
        };
        for condition in &self.conditions {
            match holds(condition, &scope) {
                Ok(true) => {}
                Ok(false) => return,
                Err(failure) => return self.fail(subject, is_field, condition, failure, found),
            }
        }
        let failed = self.add_variables(&mut scope);
        for (validation, message) in &self.validations {
            match holds(validation, &scope) {
                Ok(true) => {}
                Ok(false) => found.refused.push(self.denied(subject, validation, message.as_ref(), &scope)),
                Err(Failure::Missing(key)) if failed.iter().any(|(name, ..)| **name == key) => {
                    // What uses a variable fails as the variable does.
                    for (_, variable, failure) in failed.iter().filter(|(name, ..)| **name == key) {
                        self.fail(subject, is_field, variable, failure.clone(), found);
                    }
                }
                Err(failure) => self.fail(subject, is_field, validation, failure, found),
            }
        }
    }

    /// Adds the policy's variables. Gives those that fail, which then are missing.
    fn add_variables(&self, scope: &mut Context<'_>) -> Vec<(&str, &Compiled<'d>, Failure)> {
        let (mut known, mut failed): (Vec<(String, Value)>, _) = (Vec::new(), Vec::new());
        cel::name(scope, "variables", cel::map(known.clone()));
        for (name, variable) in &self.variables {
            match variable.with(|expression| expression.value(scope)) {
                Ok(value) => {
                    known.push(((*name).to_owned(), value));
                    cel::name(scope, "variables", cel::map(known.clone()));
                }
                Err(failure) => failed.push((*name, variable, failure)),
            }
        }
        failed
    }

    fn denied(
        &self,
        subject: Subject<'_, 'd>,
        validation: &Compiled<'d>,
        message: Option<&Compiled<'d>>,
        scope: &Context<'_>,
    ) -> Diagnostic {
        let worded = message.and_then(|message| match message.with(|expression| expression.value(scope)) {
            Ok(Value::String(text)) => {
                Some(text.trim().to_owned()).filter(|text| !text.is_empty() && !text.contains('\n'))
            }
            _ => None,
        });
        let written =
            validation.node.parent().and_then(|item| item.field("message")).map(|text| text.text().trim().to_owned());
        let words = worded.or(written).unwrap_or_else(|| format!("`{}` does not hold", validation.node.text().trim()));
        self.finding(subject, validation, &words)
    }

    /// Reports an expression that gave no value: by the policy's own will a refusal, or nothing.
    fn fail(
        &self,
        subject: Subject<'_, 'd>,
        is_field: &dyn Fn(&str) -> bool,
        compiled: &Compiled<'d>,
        failure: Failure,
        found: &mut Found,
    ) {
        let ignored = self.policy.at(&["spec", "failurePolicy"]).is_some_and(|policy| policy.text() == "Ignore");
        let error = match failure {
            Failure::Unsupported(why) => return found.unknown(self.unknown(compiled.node, &why)),
            // Others than those of `fill_defaults` may be filled in too.
            Failure::Missing(key) if is_field(&key) => {
                let why = format!("the server may fill in `{key}`, which is missing");
                return found.unknown(self.unknown(compiled.node, &why));
            }
            Failure::Missing(key) => format!("no such key: {key}"),
            Failure::Error(error) => error,
        };
        if !ignored {
            let words = format!("its expression `{}` fails: {error}", compiled.node.text().trim());
            found.refused.push(self.finding(subject, compiled, &words));
        }
    }

    fn finding(&self, subject: Subject<'_, 'd>, compiled: &Compiled<'d>, words: &str) -> Diagnostic {
        let node = field_of(compiled.node.text(), subject.object.node);
        let message = format!("policy `{}`: {words}", self.name);
        let finding = Diagnostic::new(format!("policy/{}", self.name), self.severity(), message)
            .at(node.head())
            .label(compiled.node.head(), "the policy");
        let path = node.path_from(subject.object.node);
        if path.is_empty() { finding } else { finding.path(path) }
    }

    fn unknown(&self, place: Node<'_>, why: &str) -> Diagnostic {
        let message = format!("policy `{}` cannot be judged here: {why}", self.name);
        Diagnostic::new(format!("policy/{}", self.name), Severity::Info, message).at(place.head())
    }

    /// What the binding does with what the policy refuses.
    fn severity(&self) -> Severity {
        let actions = self.binding.at(&["spec", "validationActions"]);
        let has = |action: &str| actions.is_some_and(|actions| actions.items().any(|item| item.text() == action));
        match () {
            () if actions.is_none() || has("Deny") => Severity::Error,
            () if has("Warn") => Severity::Warning,
            () => Severity::Info,
        }
    }
}

/// Tells whether a built-in kind has a field of a name, at whatever depth.
fn is_field(store: &SchemaStore, object: &Object<'_>, name: &str) -> bool {
    fn visit(store: &SchemaStore, schema: &Schema, name: &str, seen: &mut Vec<Definition>) -> bool {
        if let Shape::Reference(definition) = schema.shape {
            if seen.contains(&definition) {
                return false;
            }
            seen.push(definition);
        }
        match &store.resolve(Version::LATEST, schema).shape {
            Shape::Object(object) => {
                object.field(name).is_some()
                    || object.fields.iter().any(|field| visit(store, &field.schema, name, seen))
            }
            Shape::Map(inner) => visit(store, inner, name, seen),
            Shape::List(list) => visit(store, &list.items, name, seen),
            _ => false,
        }
    }
    match store.lookup(Version::LATEST, object.api_version, object.kind) {
        Lookup::Served(found) => visit(store, found.schema, name, &mut Vec::new()),
        _ => true,
    }
}

/// The namespace of an object: as it is among the objects, else what is known of every one.
fn namespace_of(subject: Subject<'_, '_>) -> Value {
    match subject.namespace {
        _ if !subject.namespaced => Value::Null,
        Some(namespace) => cel::of_node(namespace),
        None => {
            let name = subject.object.namespace.as_deref().unwrap_or_default();
            let labels = cel::map([("kubernetes.io/metadata.name".to_owned(), cel::text(name))]);
            let metadata = [("name".to_owned(), cel::text(name)), ("labels".to_owned(), labels)];
            cel::map([("metadata".to_owned(), cel::map(metadata))])
        }
    }
}

/// Tells whether an expression asks for more of the namespace than its name.
fn asks_of_namespace(expression: &str) -> bool {
    let known = ["namespaceObject.metadata.name", "namespaceObject.metadata.labels['kubernetes.io/metadata.name']"];
    known.iter().fold(expression.to_owned(), |text, known| text.replace(known, "")).contains("namespaceObject")
}

/// The request by which the object would be created.
fn request(subject: Subject<'_, '_>) -> Value {
    let object = subject.object;
    let (group, version) = object.api_version.split_once('/').unwrap_or(("", object.api_version));
    let named = |last: &str, name: &str| {
        let entries = [("group", group), ("version", version), (last, name)];
        cel::map(entries.map(|(key, value)| (key.to_owned(), cel::text(value))))
    };
    let user = [
        ("username".to_owned(), cel::text("")),
        ("uid".to_owned(), cel::text("")),
        ("groups".to_owned(), Value::List(std::sync::Arc::new(Vec::new()))),
    ];
    let namespace = object.namespace.as_deref().filter(|_| subject.namespaced).unwrap_or_default();
    cel::map([
        ("operation".to_owned(), cel::text("CREATE")),
        ("name".to_owned(), cel::text(object.name)),
        ("namespace".to_owned(), cel::text(namespace)),
        ("dryRun".to_owned(), Value::Bool(false)),
        ("kind".to_owned(), named("kind", object.kind)),
        ("resource".to_owned(), named("resource", subject.resource)),
        ("userInfo".to_owned(), cel::map(user)),
    ])
}

/// Finds the field that an expression speaks of: of all `object.a.b` in it the one that leads deepest into the object.
fn field_of<'d>(expression: &str, object: Node<'d>) -> Node<'d> {
    let mut deepest = (0, object);
    for (at, word) in expression.match_indices("object.") {
        if expression[..at].ends_with(|before: char| before.is_alphanumeric() || before == '.' || before == '_') {
            continue;
        }
        let (mut node, mut depth) = (object, 0);
        let chain = expression[at + word.len()..].split(|c: char| !c.is_alphanumeric() && !"._?".contains(c)).next();
        for key in chain.unwrap_or_default().split('.') {
            let key = key.trim_matches('?').trim_matches('_');
            let Some(next) = node.field(key).filter(|_| node.kind() == Kind::Map) else { break };
            (node, depth) = (next, depth + 1);
        }
        if depth > deepest.0 {
            deepest = (depth, node);
        }
    }
    deepest.1
}
