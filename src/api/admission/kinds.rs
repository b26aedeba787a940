//! The kinds of values that expressions give, where they show without knowing any object.

use kube_cel::cel::common::ast::{EntryExpr, Expr, IdedExpr, LiteralValue};

/// A kind of value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Truth,
    Text,
    /// An `int`; the others do not mix with it.
    Int,
    Uint,
    Double,
    Null,
    List,
    Map,
    /// `Object{…}`: the configuration that is applied.
    Object,
}

impl Kind {
    /// Names the kind with its article.
    pub(super) fn article(self) -> &'static str {
        match self {
            Self::Truth => "a boolean",
            Self::Text => "text",
            Self::Int | Self::Uint | Self::Double => "a number",
            Self::Null => "null",
            Self::List => "a list",
            Self::Map => "a map",
            Self::Object => "an `Object`",
        }
    }
}

/// A name that has a value, and its kind where it is known.
pub(super) type Known<'a> = (&'a str, Option<Kind>);

/// Operators that give booleans, as the parser names them.
const TRUTHS: [&str; 10] = ["_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_", "_&&_", "_||_", "!_", "@in"];

/// Operators whose sides are of one kind.
const ALIKE: [&str; 9] = ["_<_", "_<=_", "_>_", "_>=_", "_+_", "_-_", "_*_", "_/_", "_%_"];

/// Finds what an expression gives, with the variables of the policy; the error is what cannot be joined.
pub(super) fn kind_of(expression: &IdedExpr, variables: &[Known<'_>]) -> Result<Option<Kind>, String> {
    Kinds { variables, bound: Vec::new() }.visit(expression)
}

struct Kinds<'a> {
    variables: &'a [Known<'a>],
    /// The names of comprehensions around.
    bound: Vec<(String, Option<Kind>)>,
}

impl Kinds<'_> {
    fn visit(&mut self, expression: &IdedExpr) -> Result<Option<Kind>, String> {
        Ok(match &expression.expr {
            Expr::Literal(literal) => match literal {
                LiteralValue::Boolean(_) => Some(Kind::Truth),
                LiteralValue::String(_) => Some(Kind::Text),
                LiteralValue::Int(_) => Some(Kind::Int),
                LiteralValue::UInt(_) => Some(Kind::Uint),
                LiteralValue::Double(_) => Some(Kind::Double),
                LiteralValue::Null => Some(Kind::Null),
                LiteralValue::Bytes(_) => None,
            },
            Expr::Ident(name) => self.bound.iter().rev().find(|(bound, _)| bound == name).and_then(|(_, kind)| *kind),
            Expr::Select(select) => match &select.operand.expr {
                Expr::Ident(name) if name == "variables" && !self.bound.iter().any(|(bound, _)| bound == name) => {
                    self.variables.iter().find(|(known, _)| *known == select.field).and_then(|(_, kind)| *kind)
                }
                _ => {
                    self.visit(&select.operand)?;
                    select.test.then_some(Kind::Truth)
                }
            },
            Expr::Call(call) => {
                if let Some(target) = &call.target {
                    self.visit(target)?;
                }
                let given = call.args.iter().map(|argument| self.visit(argument)).collect::<Result<Vec<_>, _>>()?;
                if let ([Some(left), Some(right)], true) = (&given[..], ALIKE.contains(&call.func_name.as_str()))
                    && left != right
                {
                    return Err(format!("joins {} and {}", left.article(), right.article()));
                }
                match call.func_name.as_str() {
                    name if TRUTHS.contains(&name) => Some(Kind::Truth),
                    "_+_" | "_-_" | "_*_" | "_/_" | "_%_" => given.first().copied().flatten(),
                    "int" | "size" => Some(Kind::Int),
                    "string" => Some(Kind::Text),
                    _ => None,
                }
            }
            Expr::List(list) => {
                list.elements.iter().try_for_each(|element| self.visit(element).map(|_| ()))?;
                Some(Kind::List)
            }
            Expr::Map(map) => {
                map.entries.iter().try_for_each(|entry| self.entry(&entry.expr))?;
                Some(Kind::Map)
            }
            Expr::Struct(object) => {
                object.entries.iter().try_for_each(|entry| self.entry(&entry.expr))?;
                (object.type_name == "Object").then_some(Kind::Object)
            }
            Expr::Comprehension(comprehension) => {
                self.visit(&comprehension.iter_range)?;
                let before = self.bound.len();
                let items = match (&comprehension.iter_range.expr, &comprehension.iter_var2) {
                    (Expr::List(list), None) => self.items(&list.elements)?,
                    _ => None,
                };
                self.bound.push((comprehension.iter_var.clone(), items));
                self.bound.extend(comprehension.iter_var2.clone().map(|name| (name, None)));
                self.bound.push((comprehension.accu_var.clone(), None));
                let parts = [&comprehension.loop_cond, &comprehension.loop_step, &comprehension.result];
                let found = parts.into_iter().try_for_each(|part| self.visit(part).map(|_| ()));
                self.bound.truncate(before);
                found?;
                None
            }
            Expr::Unspecified => None,
        })
    }

    fn entry(&mut self, entry: &EntryExpr) -> Result<(), String> {
        let value = match entry {
            EntryExpr::StructField(field) => &field.value,
            EntryExpr::MapEntry(entry) => &entry.value,
        };
        self.visit(value).map(|_| ())
    }

    /// The kind of all items of a list, where they share one.
    fn items(&mut self, items: &[IdedExpr]) -> Result<Option<Kind>, String> {
        let kinds = items.iter().map(|item| self.visit(item)).collect::<Result<Vec<_>, _>>()?;
        let first = kinds.first().copied().flatten();
        Ok(first.filter(|_| kinds.iter().all(|kind| *kind == first)))
    }
}
