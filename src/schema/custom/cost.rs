//! What the server estimates that a rule costs at most: it refuses definitions whose rules may take too long.
//!
//! Only what is known for certain is counted, so a cost here is never above the server's. Sources: `checker/cost.go` of
//! cel-go, `pkg/cel/common/schemas.go` of apiserver, `cel_validation.go` of apiextensions.

use super::super::expression::parse;
use super::typing::{is_any, is_embedded, kind_of};
use super::value::escape;
use crate::yaml::{Kind, Node};
use kube_cel::cel::common::ast::{CallExpr, ComprehensionExpr, Expr, IdedExpr, LiteralValue};

/// What a rule may cost, times how often it may be evaluated on one object.
pub const LARGEST_COST: u64 = 10_000_000;

/// What all rules of a schema may cost together.
pub const LARGEST_SUM: u64 = 100_000_000;

/// The size of a request, in bytes.
const REQUEST: u64 = 3 * 1024 * 1024;

/// Gives what an expression costs at the least where values are as large as a schema lets them be, in the server's units.
/// `root` is the schema of a resource.
pub fn rule_cost(expression: &str, schema: Node<'_>, root: bool) -> u64 {
    let Ok(parsed) = parse(expression) else { return 0 };
    Estimate { own: Value::Of(schema, root || is_embedded(schema)), bound: Vec::new() }.visit(&parsed).0
}

/// Gives how many values of a schema fit into a request, which bounds those that no limit in the schema bounds.
pub fn most_in_request(schema: Node<'_>) -> u64 {
    REQUEST / (least_size(schema) + 1)
}

/// Gives how many values stand below one of a schema at most; none where nothing bounds them.
pub fn most_below(schema: Node<'_>) -> Option<u64> {
    match kind_of(schema) {
        "array" => number(schema, "maxItems"),
        "object" if schema.field("additionalProperties").is_some() => number(schema, "maxProperties"),
        _ => Some(1),
    }
}

/// A value whose size may be known.
#[derive(Clone, Copy)]
enum Value<'d> {
    /// What a schema says; the flag tells an object of the API itself.
    Of(Node<'d>, bool),
    /// Text of so many bytes.
    Text(u64),
    Unknown,
}

impl Value<'_> {
    /// Gives the size of text, in bytes, at the most.
    fn text_size(self) -> Option<u64> {
        match self {
            Self::Of(schema, _) if !is_any(schema) && kind_of(schema) == "string" => Some(most_elements(schema)),
            Self::Text(size) => Some(size),
            _ => None,
        }
    }

    /// Gives the number of items or entries, at the most.
    fn count(self) -> Option<u64> {
        match self {
            Self::Of(schema, _) if !is_any(schema) && inner(schema).is_some() => Some(most_elements(schema)),
            _ => None,
        }
    }

    fn inner(self) -> Self {
        match self {
            Self::Of(schema, _) => inner(schema).map_or(Self::Unknown, |inner| Self::Of(inner, is_embedded(inner))),
            _ => Self::Unknown,
        }
    }

    fn field(self, name: &str) -> Self {
        let Self::Of(schema, is_object) = self else { return Self::Unknown };
        if is_object && ["apiVersion", "kind", "metadata"].contains(&name) {
            // Of these rules see less than the schema says.
            return Self::Unknown;
        }
        let mut properties = schema.field("properties").into_iter().flat_map(Node::entries);
        match properties.find(|entry| escape(entry.name()) == name) {
            Some(entry) => Self::Of(entry.value, is_embedded(entry.value)),
            None if kind_of(schema) == "object" => self.inner(),
            None => Self::Unknown,
        }
    }
}

struct Estimate<'d> {
    own: Value<'d>,
    /// The variables of comprehensions around.
    bound: Vec<(String, Value<'d>)>,
}

impl<'d> Estimate<'d> {
    /// Gives the cost of an expression, and what is known of its value.
    fn visit(&mut self, expression: &IdedExpr) -> (u64, Value<'d>) {
        match &expression.expr {
            Expr::Ident(name) => {
                let bound = self.bound.iter().rev().find(|(bound, _)| bound == name);
                let own = ["self", "oldSelf"].contains(&name.as_str());
                (1, bound.map_or(if own { self.own } else { Value::Unknown }, |(_, value)| *value))
            }
            Expr::Select(select) => {
                let (cost, holder) = self.visit(&select.operand);
                let step = u64::from(!select.test && matches!(holder, Value::Of(..)));
                (cost + step, if select.test { Value::Unknown } else { holder.field(&select.field) })
            }
            Expr::Call(call) => self.call(call),
            Expr::List(list) => {
                let costs: u64 =
                    list.elements.iter().map(|element| self.visit(element).0).fold(10, u64::saturating_add);
                (costs, Value::Unknown)
            }
            Expr::Comprehension(comprehension) => self.comprehension(comprehension),
            Expr::Literal(LiteralValue::String(text)) => (0, Value::Text(text.len() as u64)),
            Expr::Literal(_) | Expr::Map(_) | Expr::Struct(_) | Expr::Unspecified => (0, Value::Unknown),
        }
    }

    fn call(&mut self, call: &CallExpr) -> (u64, Value<'d>) {
        let (target_cost, target) = call.target.as_deref().map_or((0, None), |target| {
            let (cost, value) = self.visit(target);
            (cost, Some(value))
        });
        let arguments: Vec<(u64, Value<'d>)> = call.args.iter().map(|argument| self.visit(argument)).collect();
        let costs = |of: &[(u64, Value<'d>)]| of.iter().fold(0, |sum: u64, (cost, _)| sum.saturating_add(*cost));
        let around = target_cost.saturating_add(costs(&arguments));
        let size = |value: Option<Value<'d>>| value.and_then(Value::text_size);
        let (first, second) = (arguments.first().map(|given| given.1), arguments.get(1).map(|given| given.1));
        let own = match call.func_name.as_str() {
            "_?_:_" => {
                let [condition, yes, no] = &arguments[..] else { return (around, Value::Unknown) };
                return (condition.0.saturating_add(yes.0.max(no.0)), Value::Unknown);
            }
            "_==_" | "_!=_" | "_<_" | "_<=_" | "_>_" | "_>=_" => match (size(first), size(second)) {
                (Some(one), Some(other)) => one.min(other).div_ceil(10),
                _ => 0,
            },
            "_+_" => match (size(first), size(second)) {
                (Some(one), Some(other)) => {
                    let joined = one.saturating_add(other);
                    return (around.saturating_add(joined.div_ceil(10)), Value::Text(joined));
                }
                _ => 0,
            },
            "_[_]" => return (around.saturating_add(1), first.map_or(Value::Unknown, Value::inner)),
            "@in" => second.and_then(Value::count).unwrap_or(0),
            "startsWith" | "endsWith" => size(first).map_or(0, |size| size.div_ceil(10)),
            "contains" => match (size(target), size(first)) {
                (Some(text), Some(part)) => text.div_ceil(10).saturating_mul(part.div_ceil(10)),
                _ => 0,
            },
            "matches" => match (size(target), size(first)) {
                (Some(text), Some(pattern)) => text.saturating_add(1).div_ceil(10).saturating_mul(pattern.div_ceil(4)),
                _ => 0,
            },
            _ => 0,
        };
        (around.saturating_add(own), Value::Unknown)
    }

    fn comprehension(&mut self, comprehension: &ComprehensionExpr) -> (u64, Value<'d>) {
        let (range_cost, range) = self.visit(&comprehension.iter_range);
        let of_list = matches!(range, Value::Of(schema, _) if kind_of(schema) == "array");
        let before = self.bound.len();
        let item = if of_list && comprehension.iter_var2.is_none() { range.inner() } else { Value::Unknown };
        self.bound.push((comprehension.iter_var.clone(), item));
        self.bound.extend(comprehension.iter_var2.clone().map(|name| (name, range.inner())));
        self.bound.push((comprehension.accu_var.clone(), Value::Unknown));
        let turn = self.visit(&comprehension.loop_cond).0.saturating_add(self.visit(&comprehension.loop_step).0);
        self.bound.truncate(before);
        let turns = range.count().unwrap_or(0);
        (range_cost.saturating_add(turns.saturating_mul(turn)), Value::Unknown)
    }
}

/// The schema of the items of a list, or of the values of a map.
fn inner(schema: Node<'_>) -> Option<Node<'_>> {
    let field = if kind_of(schema) == "array" { "items" } else { "additionalProperties" };
    schema.field(field).filter(|inner| inner.kind() == Kind::Map)
}

/// The bytes of a text, the items of a list, the entries of a map, at the most.
fn most_elements(schema: Node<'_>) -> u64 {
    match kind_of(schema) {
        "array" => {
            number(schema, "maxItems").unwrap_or_else(|| (REQUEST - 2) / (inner(schema).map_or(1, least_size) + 1))
        }
        "object" => {
            number(schema, "maxProperties").unwrap_or_else(|| (REQUEST - 2) / (inner(schema).map_or(1, least_size) + 6))
        }
        _ => match schema.field("format").map(Node::text) {
            Some("date") => 12,
            Some("duration" | "date-time") => 32,
            // Bytes stand in the schema as bytes, texts as characters of up to four.
            Some("byte") => number(schema, "maxLength").unwrap_or(REQUEST - 2),
            _ => {
                let values = schema.field("enum").into_iter().flat_map(Node::items);
                let longest = values.map(|value| value.text().len() as u64).max();
                number(schema, "maxLength").map(|length| length.saturating_mul(4)).or(longest).unwrap_or(REQUEST - 2)
            }
        },
    }
}

/// The bytes of a value as JSON, at the least.
fn least_size(schema: Node<'_>) -> u64 {
    if is_any(schema) {
        return 1;
    }
    match kind_of(schema) {
        "string" => match schema.field("format").map(Node::text) {
            Some("duration") => 3,
            Some("date") => 12,
            Some("date-time") => 21,
            _ => 2,
        },
        "boolean" => 4,
        "object" if inner(schema).is_none() => {
            let required = || schema.field("required").into_iter().flat_map(Node::items);
            let properties = schema.field("properties").into_iter().flat_map(Node::entries);
            let counted = properties.filter(|entry| {
                entry.value.field("default").is_none() && required().any(|name| name.text() == entry.name())
            });
            counted.map(|entry| entry.name().len() as u64 + least_size(entry.value) + 4).sum::<u64>() + 2
        }
        "array" | "object" => 2,
        _ => 1,
    }
}

/// A bound as the server reads it: one below 0 is 0.
fn number(schema: Node<'_>, field: &str) -> Option<u64> {
    let node = schema.field(field)?;
    node.as_i64().map(|number| u64::try_from(number).unwrap_or(0))
}
