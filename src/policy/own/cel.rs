//! Rules in CEL: expressions that hold for an object, each of its pods, or each of their containers.

use super::path::{self, Steps};
use super::{Answer, Failure, Objection, Root, Subject, SubjectPod};
use crate::diagnostic::{Diagnostic, nearest};
use crate::policy::cel as values;
use crate::schema::{COST_LIMIT, compile_expression, evaluate, free_names, is_overspent};
use crate::source::Span;
use crate::yaml::emit::Data;
use crate::yaml::{Kind, Node};
use kube_cel::cel::parser::Expression;
use kube_cel::cel::{Context, ExecutionError, Value};
use std::collections::HashMap;

/// A rule's expressions, compiled.
#[derive(Debug)]
pub struct Cel {
    variables: Vec<(String, Compiled)>,
    validations: Vec<Validation>,
}

/// An expression that must hold.
#[derive(Debug)]
struct Validation {
    holds: Compiled,
    message: Option<String>,
    message_expression: Option<Compiled>,
    at: Steps,
    at_expression: Option<Compiled>,
    /// What it is evaluated for.
    scope: Scope,
}

/// What an expression is evaluated for; the widest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Scope {
    Object,
    Pod,
    Container,
}

#[derive(Debug)]
struct Compiled {
    text: String,
    expression: Expression,
    place: Span,
    names: Vec<String>,
}

/// The names that expressions may speak of.
const NAMES: [&str; 6] = ["object", "params", "variables", "pod", "containers", "container"];
/// Types as values.
const TYPES: [&str; 9] = ["int", "uint", "double", "bool", "string", "bytes", "list", "map", "null_type"];

impl Cel {
    /// Iterates over its expressions with their messages, as they were written: variables first, with their names.
    pub fn variables(&self) -> impl Iterator<Item = (&str, &str)> {
        self.variables.iter().map(|(name, compiled)| (name.as_str(), compiled.text.as_str()))
    }

    /// Iterates over what must hold.
    pub fn validations(&self) -> impl Iterator<Item = Written<'_>> {
        self.validations.iter().map(|validation| Written {
            expression: &validation.holds.text,
            message: validation.message.as_deref(),
            message_expression: validation.message_expression.as_ref().map(|message| message.text.as_str()),
            per_pod: validation.scope == Scope::Pod,
            per_container: validation.scope == Scope::Container,
        })
    }
}

impl Cel {
    /// Gives the place of its first expression.
    pub(super) fn place(&self) -> Option<Span> {
        self.validations.first().map(|validation| validation.holds.place)
    }
}

/// A validation as it was written.
#[derive(Clone, Copy, Debug)]
pub struct Written<'p> {
    /// What must hold.
    pub expression: &'p str,
    /// What is said where it does not.
    pub message: Option<&'p str>,
    /// The same, computed.
    pub message_expression: Option<&'p str>,
    /// It is evaluated for each pod.
    pub per_pod: bool,
    /// It is evaluated for each container.
    pub per_container: bool,
}

/// Reads the `cel` of a map, and the `variables` beside it. `pods` tells whether the rule is about pods, so that
/// expressions may speak of them.
pub fn read(map: Node<'_>, pods: bool) -> Result<Cel, Vec<Diagnostic>> {
    let mut reader = Reader { pods, scopes: HashMap::new(), problems: Vec::new() };
    let mut variables = Vec::new();
    for item in map.field("variables").into_iter().flat_map(Node::items) {
        reader.keys(item, &["name", "expression"]);
        let name = item.field("name").map(Node::text).unwrap_or_default();
        if name.is_empty() {
            reader.problem(item.head(), "a variable has a `name` and an `expression`", None);
        }
        if let Some(compiled) = reader.expression(item, "expression") {
            reader.scopes.insert(format!("variables.{name}"), reader.scope(&[&compiled]));
            variables.push((name.to_owned(), compiled));
        }
    }
    let mut validations = Vec::new();
    match map.field("cel") {
        Some(node) if node.kind() == Kind::String => validations.extend(reader.validation(map, "cel")),
        Some(node) if node.kind() == Kind::Seq => {
            for item in node.items() {
                if item.kind() == Kind::Map {
                    reader.keys(item, &["expression", "message", "messageExpression", "at", "atExpression"]);
                    validations.extend(reader.validation(item, "expression"));
                } else {
                    reader.problem(item.head(), "a validation is a map with an `expression`", None);
                }
            }
        }
        node => {
            let place = node.unwrap_or(map).head();
            reader.problem(place, "`cel` must be an expression, or a list of validations", None);
        }
    }
    if reader.problems.is_empty() { Ok(Cel { variables, validations }) } else { Err(reader.problems) }
}

struct Reader {
    pods: bool,
    /// Of the variables so far.
    scopes: HashMap<String, Scope>,
    problems: Vec<Diagnostic>,
}

impl Reader {
    fn problem(&mut self, place: Span, message: impl Into<String>, help: Option<String>) {
        let mut problem = Diagnostic::error("policy/cel", message).at(place);
        problem.help = help;
        self.problems.push(problem);
    }

    fn keys(&mut self, map: Node<'_>, known: &[&str]) {
        for entry in map.entries().filter(|entry| !known.contains(&entry.name())) {
            let near = nearest(entry.name(), known.iter().copied()).map(|near| format!("did you mean `{near}`?"));
            let help = near.or_else(|| Some(format!("known here: {}", known.join(", "))));
            self.problem(entry.key.span(), format!("unknown key `{}`", entry.name()), help);
        }
    }

    fn validation(&mut self, map: Node<'_>, key: &str) -> Option<Validation> {
        let holds = self.expression(map, key);
        let of_list = key == "expression";
        let optional =
            |reader: &mut Self, key: &str| map.field(key).filter(|_| of_list).and_then(|_| reader.expression(map, key));
        let message_expression = optional(self, "messageExpression");
        let at_expression = optional(self, "atExpression");
        let at = map.field("at").map(|node| (node, path::parse(node.text())));
        if let Some((node, None)) = &at {
            let help = Some("write it as in `spec.containers[0].image`".to_owned());
            self.problem(node.head(), format!("`{}` is no way into an object", node.text()), help);
        }
        let holds = holds?;
        let parts = [Some(&holds), message_expression.as_ref(), at_expression.as_ref()];
        let scope = self.scope(&parts.into_iter().flatten().collect::<Vec<_>>());
        let message = map.field("message").filter(|_| of_list).map(|node| node.text().trim().to_owned());
        let at = at.and_then(|(_, steps)| steps).unwrap_or_default();
        Some(Validation { holds, message, message_expression, at, at_expression, scope })
    }

    fn expression(&mut self, map: Node<'_>, key: &str) -> Option<Compiled> {
        let Some(node) = map.field(key).filter(|node| node.kind() == Kind::String) else {
            self.problem(map.get(key).unwrap_or(map).head(), format!("`{key}` must be an expression, as text"), None);
            return None;
        };
        let text = node.text().trim().to_owned();
        let expression = match compile_expression(&text) {
            Ok(expression) => expression,
            Err(why) => {
                self.problem(
                    node.head(),
                    format!("this is no expression that can be evaluated: {}", why.reason()),
                    None,
                );
                return None;
            }
        };
        let names = free_names(&expression);
        for name in &names {
            let variable = name.strip_prefix("variables.");
            let known = match variable {
                Some(_) => self.scopes.contains_key(name),
                None => NAMES.contains(&name.as_str()) || TYPES.contains(&name.as_str()),
            };
            if !known {
                let near = match variable {
                    Some(_) => nearest(name, self.scopes.keys().map(String::as_str)),
                    None => nearest(name, NAMES),
                };
                let help = near.map_or_else(
                    || {
                        "there are `object`, `params`, `variables`, and of pods `pod`, `containers`, `container`"
                            .to_owned()
                    },
                    |near| format!("did you mean `{near}`?"),
                );
                self.problem(node.head(), format!("the expression speaks of `{name}`, which is not known"), Some(help));
            }
        }
        let compiled = Compiled { text, expression, place: node.head(), names };
        if self.scope(&[&compiled]) != Scope::Object && !self.pods {
            let help = Some("write `applies: { pods: true }`, or start from `object`".to_owned());
            self.problem(node.head(), "the expression speaks of pods, and the rule does not apply to pods", help);
        }
        Some(compiled)
    }

    /// Finds what expressions are to be evaluated for together.
    fn scope(&self, parts: &[&Compiled]) -> Scope {
        let of_name = |name: &String| match name.as_str() {
            "container" => Scope::Container,
            "pod" | "containers" => Scope::Pod,
            _ => self.scopes.get(name).copied().unwrap_or(Scope::Object),
        };
        parts.iter().flat_map(|part| &part.names).map(of_name).max().unwrap_or(Scope::Object)
    }
}

/// Evaluates rules over the objects of a run.
pub(super) struct Session<'s> {
    subjects: &'s [Subject],
    /// The scope of each object, made when it is first needed.
    scopes: HashMap<usize, Context<'static>>,
}

impl<'s> Session<'s> {
    pub(super) fn new(subjects: &'s [Subject]) -> Self {
        Self { subjects, scopes: HashMap::new() }
    }

    /// Judges an object.
    pub(super) fn judge(&mut self, policy: &Cel, params: &Data, at: usize) -> Answer {
        let Some(subject) = self.subjects.get(at) else { return Answer::default() };
        let of_object = self.scopes.entry(at).or_insert_with(|| {
            let mut scope = values::scope();
            values::name(&mut scope, "object", values::of_data(&subject.object));
            scope
        });
        let mut answer = Answer::default();
        let needed = |scope: Scope| policy.validations.iter().any(|validation| validation.scope == scope);
        let mut scope = of_object.new_inner_scope();
        values::name(&mut scope, "params", values::of_data(params));
        if needed(Scope::Object) {
            policy.judge(Scope::Object, Root::Object, scope.new_inner_scope(), &mut answer);
        }
        if !needed(Scope::Pod) && !needed(Scope::Container) {
            return answer;
        }
        for (at, pod) in subject.pods.iter().enumerate() {
            let mut scope = scope.new_inner_scope();
            name_pod(&mut scope, pod);
            if needed(Scope::Pod) {
                policy.judge(Scope::Pod, Root::Pod(at), scope.new_inner_scope(), &mut answer);
            }
            if needed(Scope::Container) {
                for (index, container) in pod.containers.iter().enumerate() {
                    let mut scope = scope.new_inner_scope();
                    values::name(&mut scope, "container", values::of_data(container));
                    policy.judge(Scope::Container, Root::Container(at, index), scope, &mut answer);
                }
            }
        }
        answer
    }
}

fn name_pod(scope: &mut Context<'_>, pod: &SubjectPod) {
    values::name(scope, "pod", values::of_data(&pod.template));
    let containers = pod.containers.iter().map(values::of_data).collect();
    values::name(scope, "containers", Value::List(std::sync::Arc::new(containers)));
}

impl Cel {
    /// Judges one object, pod or container.
    fn judge(&self, what: Scope, root: Root, mut scope: Context<'_>, answer: &mut Answer) {
        let mut known: Vec<(String, Value)> = Vec::new();
        let mut broken: HashMap<&str, Failure> = HashMap::new();
        values::name(&mut scope, "variables", values::map([]));
        for (name, variable) in &self.variables {
            match variable.value(&scope) {
                Ok(value) => {
                    known.push((name.clone(), value));
                    values::name(&mut scope, "variables", values::map(known.clone()));
                }
                Err(failure) => _ = broken.insert(name, failure),
            }
        }
        for validation in self.validations.iter().filter(|validation| validation.scope == what) {
            match validation.holds.value(&scope) {
                Ok(Value::Bool(true)) => {}
                Ok(Value::Bool(false)) => match validation.objection(root, &scope) {
                    Ok(objections) => answer.objections.extend(objections),
                    Err(failure) => answer.failures.push(failure),
                },
                Ok(other) => {
                    let message =
                        format!("`{}` gives {}, and must give a boolean", validation.holds.text, article(&other));
                    answer.failures.push(Failure::new(message, Some(validation.holds.place)));
                }
                Err(failure) => {
                    // What uses a variable fails as the variable does.
                    let mut names = validation.holds.names.iter().filter_map(|name| name.strip_prefix("variables."));
                    let cause = names.find_map(|name| broken.get(name));
                    answer.failures.push(cause.cloned().unwrap_or(failure));
                }
            }
        }
    }
}

impl Validation {
    /// Says what is wrong, once per place.
    fn objection(&self, root: Root, scope: &Context<'_>) -> Result<Vec<Objection>, Failure> {
        let computed = self.message_expression.as_ref().map(|message| message.value(scope)).transpose()?;
        let message = match computed {
            Some(Value::String(text)) if !text.trim().is_empty() => Some(text.trim().to_owned()),
            _ => self.message.clone(),
        };
        let places = match &self.at_expression {
            None => vec![self.at.clone()],
            Some(place) => {
                let wrong = |value: &Value| {
                    let message = format!("`{}` gives {}, and must give a path", place.text, article(value));
                    Failure::new(message, Some(place.place))
                };
                let one = |value: &Value| match value {
                    Value::String(text) => path::parse(text).ok_or_else(|| wrong(value)),
                    _ => Err(wrong(value)),
                };
                match place.value(scope)? {
                    Value::List(items) if !items.is_empty() => items.iter().map(one).collect::<Result<_, _>>()?,
                    Value::List(_) => vec![self.at.clone()],
                    value => vec![one(&value)?],
                }
            }
        };
        let objection = |steps| Objection { root, steps, message: message.clone(), help: None, warning: false };
        Ok(places.into_iter().map(objection).collect())
    }
}

impl Compiled {
    fn value(&self, scope: &Context<'_>) -> Result<Value, Failure> {
        evaluate(&self.expression, scope).map_err(|error| {
            let fail = |message: String| Failure::new(format!("`{}` fails: {message}", self.shown()), Some(self.place));
            match error {
                error if is_overspent(&error) => Failure {
                    spent: true,
                    help: Some(format!("an expression may take {COST_LIMIT} steps for an object")),
                    ..fail("it takes too many steps".to_owned())
                },
                ExecutionError::NoSuchKey(key) => Failure {
                    help: Some(format!("ask first whether it is there: `has(….{key})`, or `….?{key}.orValue(…)`")),
                    ..fail(format!("there is no `{key}`"))
                },
                ExecutionError::UndeclaredReference(name) => fail(format!("`{name}` is not known")),
                ExecutionError::NotSupportedAsMethod { method, .. } => fail(format!("there is no function `{method}`")),
                ExecutionError::FunctionError { function, .. } => {
                    fail(format!("`{function}` does not take its arguments"))
                }
                ExecutionError::UnsupportedBinaryOperator(operator, ..) => {
                    fail(format!("`{operator}` does not take its operands"))
                }
                ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => {
                    fail("it divides by zero".to_owned())
                }
                ExecutionError::IndexOutOfBounds(_) => fail("an index lies behind the end of its list".to_owned()),
                ExecutionError::Overflow(..) => fail("a number grows too large".to_owned()),
                // Others quote values, which may be secrets.
                _ => fail("no function or operator takes these types".to_owned()),
            }
        })
    }

    fn shown(&self) -> String {
        crate::schema::show(&self.text).into_owned()
    }
}

fn article(value: &Value) -> &'static str {
    match value {
        Value::List(_) => "a list",
        Value::Map(_) => "a map",
        Value::Int(_) | Value::UInt(_) | Value::Float(_) => "a number",
        Value::String(_) => "a string",
        Value::Bool(_) => "a boolean",
        Value::Null => "null",
        _ => "something else",
    }
}
