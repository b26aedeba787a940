//! What is certainly wrong with an expression of a rule, before anything is evaluated.

use super::super::expression::{Unreadable, parse};
use super::rule::Rule;
use super::value::escape;
use crate::yaml::{Kind, Node};
use kube_cel::cel::common::ast::{Expr, IdedExpr, LiteralValue};

/// What an expression must give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleTypes {
    /// A boolean.
    Truth,
    /// Text.
    Text,
}

/// Tells whether an expression speaks of the old object; none where it cannot be read.
pub fn uses_old_self(expression: &str) -> Option<bool> {
    parse(expression).ok().map(|expression| expression.references().has_variable("oldSelf"))
}

/// Says what is wrong with an expression of a rule at a schema, where that is certain: `` speaks of `x`, which … ``.
///
/// `root` is the schema of a resource, whose objects have names; `optional_old_self` is set where there need not be an old
/// object.
pub fn rule_problem(
    expression: &str,
    gives: RuleTypes,
    schema: Node<'_>,
    root: bool,
    optional_old_self: bool,
) -> Option<String> {
    if Rule::unsupported(expression).is_some() {
        return None;
    }
    let parsed = match parse(expression) {
        Ok(parsed) => parsed,
        Err(Unreadable::Unsupported(_)) => return None,
        Err(Unreadable::Syntax(first)) => {
            let first = first.find("Syntax error").map_or(first.as_str(), |at| &first[at..]);
            return Some(format!("is no expression: {}", super::super::validate::show(first)));
        }
    };
    let mut typing = Typing { schema, root, optional: optional_old_self, bound: Vec::new(), problem: None };
    let found = typing.visit(&parsed);
    if typing.problem.is_some() {
        return typing.problem;
    }
    let kind = found.scalar()?;
    let (wanted, name) = match gives {
        RuleTypes::Truth => (Scalar::Truth, "a boolean"),
        RuleTypes::Text => (Scalar::Text, "text"),
    };
    (kind != wanted).then(|| format!("must give {name}"))
}

/// What is known of a value.
#[derive(Clone, Copy)]
enum Type<'d> {
    /// What a schema says; the flag tells an object of the API itself.
    Of(Node<'d>, bool),
    /// The metadata of an object.
    Metadata,
    Scalar(Scalar),
    /// A list whose items are all of one type.
    List(Scalar),
    Unknown,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Scalar {
    Truth,
    Text,
    Number,
    Bytes,
    Time,
    Duration,
    /// The old object of a rule that is evaluated without one too.
    Optional,
}

impl Scalar {
    /// Gives the type of a sum, where there is one.
    fn plus(self, other: Self) -> Option<Self> {
        match (self, other) {
            (Self::Time, Self::Duration) | (Self::Duration, Self::Time) => Some(Self::Time),
            (Self::Text | Self::Number | Self::Bytes | Self::Duration, _) if self == other => Some(self),
            _ => None,
        }
    }
}

impl Type<'_> {
    fn scalar(self) -> Option<Scalar> {
        match self {
            Self::Scalar(scalar) => Some(scalar),
            Self::Of(schema, _) if !is_any(schema) => match kind_of(schema) {
                "boolean" => Some(Scalar::Truth),
                "integer" | "number" => Some(Scalar::Number),
                "string" => Some(match schema.field("format").map(Node::text) {
                    Some("date" | "date-time") => Scalar::Time,
                    Some("duration") => Scalar::Duration,
                    Some("byte") => Scalar::Bytes,
                    _ => Scalar::Text,
                }),
                _ => None,
            },
            _ => None,
        }
    }
}

impl Type<'_> {
    /// Tells whether one of two values is text, and the other an object or a list.
    fn is_joined_with_nothing(self, other: Self) -> bool {
        let is_text = |given: Self| given.scalar() == Some(Scalar::Text);
        let is_collection = |given: Self| match given {
            Self::Of(schema, _) => !is_any(schema) && ["object", "array"].contains(&kind_of(schema)),
            _ => false,
        };
        (is_text(self) && is_collection(other)) || (is_collection(self) && is_text(other))
    }
}

/// Operators that compare, and those that join, as the parser names them.
const COMPARISONS: [&str; 6] = ["_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_"];
const JUNCTORS: [&str; 3] = ["_&&_", "_||_", "!_"];

struct Typing<'d> {
    schema: Node<'d>,
    root: bool,
    /// There need not be an old object.
    optional: bool,
    /// The variables of comprehensions around.
    bound: Vec<(String, Type<'d>)>,
    problem: Option<String>,
}

impl<'d> Typing<'d> {
    fn visit(&mut self, expression: &IdedExpr) -> Type<'d> {
        match &expression.expr {
            Expr::Ident(name) => self.name(name),
            Expr::Select(select) => {
                if let Expr::Ident(name) = &select.operand.expr
                    && !["self", "oldSelf"].contains(&name.as_str())
                    && !self.bound.iter().any(|(bound, _)| bound == name)
                {
                    // The qualified name of a type.
                    let known =
                        name.starts_with('@') || TYPES.contains(&name.as_str()) || PACKAGES.contains(&name.as_str());
                    return if known { Type::Unknown } else { self.name(name) };
                }
                let holder = self.visit(&select.operand);
                let found = self.field(holder, &select.field);
                if select.test { Type::Scalar(Scalar::Truth) } else { found }
            }
            Expr::Call(call) => {
                let is_package =
                    |target: &IdedExpr| matches!(&target.expr, Expr::Ident(name) if PACKAGES.contains(&name.as_str()));
                if let Some(target) = call.target.as_deref()
                    && (!is_package(target) || self.is_bound(target))
                {
                    self.visit(target);
                }
                if call.func_name.starts_with(|first: char| first.is_ascii_uppercase()) {
                    return self.fail(format!("calls `{}`, which is no function", call.func_name));
                }
                let arguments: Vec<Type<'d>> = call.args.iter().map(|argument| self.visit(argument)).collect();
                self.call(&call.func_name, call.target.is_some(), &arguments)
            }
            Expr::List(list) => {
                let items: Vec<_> = list.elements.iter().map(|element| self.visit(element).scalar()).collect();
                let same =
                    items.first().copied().flatten().filter(|first| items.iter().all(|item| *item == Some(*first)));
                same.map_or(Type::Unknown, Type::List)
            }
            Expr::Comprehension(comprehension) => {
                let range = self.visit(&comprehension.iter_range);
                let item = match range {
                    Type::List(items) if comprehension.iter_var2.is_none() => Type::Scalar(items),
                    Type::Of(schema, _) if kind_of(schema) == "array" && comprehension.iter_var2.is_none() => {
                        schema.field("items").map_or(Type::Unknown, |items| Type::Of(items, is_embedded(items)))
                    }
                    _ => Type::Unknown,
                };
                let before = self.bound.len();
                self.bound.push((comprehension.iter_var.clone(), item));
                self.bound.extend(comprehension.iter_var2.clone().map(|name| (name, Type::Unknown)));
                self.visit(&comprehension.accu_init);
                self.bound.push((comprehension.accu_var.clone(), Type::Unknown));
                self.visit(&comprehension.loop_cond);
                self.visit(&comprehension.loop_step);
                self.visit(&comprehension.result);
                self.bound.truncate(before);
                Type::Unknown
            }
            Expr::Literal(literal) => match literal {
                LiteralValue::Boolean(_) => Type::Scalar(Scalar::Truth),
                LiteralValue::String(_) => Type::Scalar(Scalar::Text),
                LiteralValue::Int(_) | LiteralValue::UInt(_) | LiteralValue::Double(_) => Type::Scalar(Scalar::Number),
                _ => Type::Unknown,
            },
            Expr::Map(_) | Expr::Struct(_) | Expr::Unspecified => Type::Unknown,
        }
    }

    fn is_bound(&self, expression: &IdedExpr) -> bool {
        matches!(&expression.expr, Expr::Ident(name) if self.bound.iter().any(|(bound, _)| bound == name))
    }

    fn name(&mut self, name: &str) -> Type<'d> {
        if let Some((_, bound)) = self.bound.iter().rev().find(|(bound, _)| bound == name) {
            return *bound;
        }
        match name {
            "oldSelf" if self.optional => Type::Scalar(Scalar::Optional),
            "self" | "oldSelf" => Type::Of(self.schema, self.root || is_embedded(self.schema)),
            _ if name.starts_with('@') || TYPES.contains(&name) => Type::Unknown,
            _ => self.fail(format!("speaks of `{name}`, which is not known: a rule knows `self` and `oldSelf`")),
        }
    }

    fn field(&mut self, holder: Type<'d>, name: &str) -> Type<'d> {
        match holder {
            Type::Metadata if !["name", "generateName"].contains(&name) => {
                self.fail(format!("speaks of `metadata.{name}`: rules see only `name` and `generateName` of metadata"))
            }
            Type::Metadata => Type::Scalar(Scalar::Text),
            Type::Of(schema, is_object) if !is_any(schema) => match kind_of(schema) {
                "object" => self.field_of(schema, is_object, name),
                "string" | "integer" | "number" | "boolean" | "array" => {
                    self.fail(format!("speaks of a field `{name}` of what is of type `{}`", kind_of(schema)))
                }
                _ => Type::Unknown,
            },
            _ => Type::Unknown,
        }
    }

    fn field_of(&mut self, schema: Node<'d>, is_object: bool, name: &str) -> Type<'d> {
        let properties = || schema.field("properties").into_iter().flat_map(Node::entries);
        match name {
            "metadata" if is_object => return Type::Metadata,
            "apiVersion" | "kind" if is_object => return Type::Scalar(Scalar::Text),
            _ => {}
        }
        if let Some(entry) = properties().find(|entry| escape(entry.name()) == name) {
            return Type::Of(entry.value, is_embedded(entry.value));
        }
        match schema.field("additionalProperties") {
            Some(values) if values.kind() == Kind::Map => Type::Of(values, is_embedded(values)),
            // Fields that are kept without being known cannot be spoken of.
            None => self.fail(format!("speaks of the field `{name}`, which the schema does not define")),
            _ => Type::Unknown,
        }
    }

    fn call(&mut self, function: &str, is_method: bool, arguments: &[Type<'d>]) -> Type<'d> {
        match (function, arguments) {
            ("_[_]", [Type::Of(schema, _), _]) => {
                let inner = schema.field("items").or_else(|| schema.field("additionalProperties"));
                inner
                    .filter(|inner| inner.kind() == Kind::Map)
                    .map_or(Type::Unknown, |inner| Type::Of(inner, is_embedded(inner)))
            }
            (_, [one, other]) if COMPARISONS.contains(&function) => {
                if let (Some(one), Some(other)) = (one.scalar(), other.scalar())
                    && one != other
                {
                    return self.fail("compares values of different types".to_owned());
                }
                Type::Scalar(Scalar::Truth)
            }
            _ if JUNCTORS.contains(&function) => {
                if arguments.iter().any(|argument| argument.scalar().is_some_and(|kind| kind != Scalar::Truth)) {
                    return self.fail("joins what is no boolean".to_owned());
                }
                Type::Scalar(Scalar::Truth)
            }
            ("_+_", [one, other]) if one.is_joined_with_nothing(*other) => {
                self.fail("joins text and what is no text".to_owned())
            }
            ("_+_", [one, other]) => match (one.scalar(), other.scalar()) {
                (Some(one), Some(other)) => match one.plus(other) {
                    Some(sum) => Type::Scalar(sum),
                    None => self.fail("joins values of different types".to_owned()),
                },
                _ => Type::Unknown,
            },
            ("_-_" | "_*_" | "_/_" | "_%_", [one, other]) => {
                let is_text =
                    |given: &Type<'d>| matches!(given.scalar(), Some(Scalar::Text | Scalar::Truth | Scalar::Bytes));
                if is_text(one) || is_text(other) {
                    return self.fail("computes with what is no number".to_owned());
                }
                match (one.scalar(), other.scalar()) {
                    (Some(Scalar::Time), Some(Scalar::Time)) => Type::Scalar(Scalar::Duration),
                    (Some(Scalar::Number), Some(Scalar::Number)) => Type::Scalar(Scalar::Number),
                    _ => Type::Unknown,
                }
            }
            ("duration", [_]) if !is_method => Type::Scalar(Scalar::Duration),
            ("timestamp", [_]) if !is_method => Type::Scalar(Scalar::Time),
            ("@in", _) => Type::Scalar(Scalar::Truth),
            ("size", [_]) if !is_method => Type::Scalar(Scalar::Number),
            ("size", []) if is_method => Type::Scalar(Scalar::Number),
            ("matches" | "startsWith" | "endsWith", _) if is_method => Type::Scalar(Scalar::Truth),
            _ => Type::Unknown,
        }
    }

    fn fail(&mut self, problem: String) -> Type<'d> {
        self.problem.get_or_insert(problem);
        Type::Unknown
    }
}

/// Words with which the names of functions begin.
const PACKAGES: [&str; 14] = [
    "math",
    "strings",
    "lists",
    "sets",
    "ip",
    "cidr",
    "semver",
    "format",
    "optional",
    "base64",
    "jsonpatch",
    "cel",
    "url",
    "google",
];

const TYPES: [&str; 14] = [
    "bool",
    "int",
    "uint",
    "double",
    "string",
    "bytes",
    "list",
    "map",
    "type",
    "null_type",
    "google",
    "net",
    "kubernetes",
    "optional_type",
];

pub(super) fn kind_of(schema: Node<'_>) -> &str {
    schema.field("type").map(Node::text).unwrap_or_default()
}

/// Values of any type.
pub(super) fn is_any(schema: Node<'_>) -> bool {
    schema.field("x-kubernetes-int-or-string").and_then(Node::as_bool) == Some(true) || kind_of(schema).is_empty()
}

pub(super) fn is_embedded(schema: Node<'_>) -> bool {
    schema.field("x-kubernetes-embedded-resource").and_then(Node::as_bool) == Some(true)
}
