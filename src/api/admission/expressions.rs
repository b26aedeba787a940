//! CEL expressions of webhooks and policies, as far as they can be judged without their types.

use super::RULE;
use super::kinds::{Kind, Known, kind_of};
use crate::api::check::{Check, items, show, text};
use crate::api::syntax::qualified_name;
use crate::schema::{CEL_WORDS, Unreadable, parse_expression};
use crate::yaml::Node;
use kube_cel::cel::common::ast::{EntryExpr, Expr, IdedExpr};

/// What an expression must give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gives {
    /// A boolean.
    Truth,
    /// Text.
    Text,
    /// Text or null.
    TextOrNull,
    /// An `Object`: a configuration to apply.
    Object,
    /// A list of `JSONPatch`.
    Patches,
    /// Anything.
    Anything,
}

/// What an expression may speak of besides the request and its object.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Scope<'a> {
    /// There are parameters.
    pub(super) params: bool,
    /// There may be `authorizer`.
    pub(super) authorizer: bool,
    /// The variables; none where there is no `variables`.
    pub(super) variables: Option<&'a [Known<'a>]>,
}

/// The fields of `request`.
const REQUEST: [&str; 12] = [
    "dryRun",
    "kind",
    "name",
    "namespace",
    "operation",
    "options",
    "requestKind",
    "requestResource",
    "requestSubResource",
    "resource",
    "subResource",
    "userInfo",
];

const NAMES: [&str; 4] = ["object", "oldObject", "request", "namespaceObject"];

/// Judges an expression of a map's field, which must be there.
pub(super) fn expression<'d>(
    check: &mut Check<'d>,
    map: Node<'d>,
    field: &'static str,
    gives: Gives,
    scope: Scope<'_>,
) {
    let written = text(map, field);
    if written.trim().is_empty() {
        check.error(RULE, (map, field), format!("`{field}` is missing"));
        return;
    }
    if let Some(problem) = problem(written, gives, scope) {
        check.error(RULE, (map, field), format!("`{field}` {problem}"));
    }
}

/// Says what is wrong with an expression, where that is certain.
fn problem(written: &str, gives: Gives, scope: Scope<'_>) -> Option<String> {
    // Optional fields and macros of the server's that are not read here are not judged.
    if written.contains(".?") || written.contains("[?") || written.contains("{?") {
        return None;
    }
    let expression = match parse_expression(written) {
        Ok(expression) => expression,
        Err(_) if written.contains("cel.bind") || written.contains("sortBy") => return None,
        Err(Unreadable::Unsupported(_)) => return None,
        Err(Unreadable::Syntax(first)) => return Some(format!("is no expression: {}", show(&first))),
    };
    if let Some(name) = unknown(&expression, scope, &mut Vec::new()) {
        return Some(format!("speaks of `{name}`, which is not known there"));
    }
    if gives == Gives::Text && is_untyped(&expression) {
        return Some("gives anything, and must give text: write `string(…)` around it".to_owned());
    }
    let kind = match kind_of(&expression, scope.variables.unwrap_or_default()) {
        Ok(kind) => kind?,
        Err(problem) => return Some(problem),
    };
    let (wanted, fits) = match gives {
        Gives::Truth => ("a boolean", kind == Kind::Truth),
        Gives::Text => ("text", kind == Kind::Text),
        Gives::TextOrNull => ("text or null", kind == Kind::Text || kind == Kind::Null),
        Gives::Object => ("an `Object`", kind == Kind::Object),
        Gives::Patches => ("a list of `JSONPatch`", kind == Kind::List),
        Gives::Anything => return None,
    };
    (!fits).then(|| format!("gives {}, and must give {wanted}", kind.article()))
}

/// Tells what an expression gives, where that shows.
pub(super) fn given(written: &str, variables: &[Known<'_>]) -> Option<Kind> {
    kind_of(&parse_expression(written).ok()?, variables).ok().flatten()
}

/// Tells whether an expression is a bare field of an object, whose type is not known.
fn is_untyped(expression: &IdedExpr) -> bool {
    match &expression.expr {
        Expr::Select(select) => match &select.operand.expr {
            Expr::Ident(name) => ["object", "oldObject", "params"].contains(&name.as_str()),
            _ => is_untyped(&select.operand),
        },
        _ => false,
    }
}

/// Finds a name that is nothing; `bound` are those of comprehensions around.
fn unknown(expression: &IdedExpr, scope: Scope<'_>, bound: &mut Vec<String>) -> Option<String> {
    let many = |expressions: &[IdedExpr], bound: &mut Vec<String>| {
        expressions.iter().find_map(|inner| unknown(inner, scope, bound))
    };
    match &expression.expr {
        Expr::Ident(name) => {
            let known = name.starts_with('@')
                || bound.contains(name)
                || NAMES.contains(&name.as_str())
                || (name == "params" && scope.params)
                || (name == "authorizer" && scope.authorizer)
                || (name == "variables" && scope.variables.is_some())
                || is_type(name);
            (!known).then(|| name.clone())
        }
        Expr::Select(select) => {
            if let Expr::Ident(name) = &select.operand.expr
                && name == "request"
                && !bound.contains(name)
                && !REQUEST.contains(&select.field.as_str())
            {
                return Some(format!("request.{}", select.field));
            }
            if let (Expr::Ident(name), Some(variables)) = (&select.operand.expr, scope.variables)
                && name == "variables"
                && !variables.iter().any(|(known, _)| *known == select.field)
            {
                return Some(format!("variables.{}", select.field));
            }
            // A qualified name of a type or package may begin with any word.
            match &select.operand.expr {
                Expr::Ident(name) if PACKAGES.contains(&name.as_str()) => None,
                _ => unknown(&select.operand, scope, bound),
            }
        }
        Expr::Call(call) => {
            let target = call.target.as_ref().and_then(|target| match &target.expr {
                Expr::Ident(name) if PACKAGES.contains(&name.as_str()) => None,
                _ => unknown(target, scope, bound),
            });
            // Macros of two variables, which the parser leaves as calls: all arguments but the last may be their names.
            let before = bound.len();
            if TWO_VARIABLES.contains(&call.func_name.as_str()) {
                let names =
                    call.args.iter().take(call.args.len().saturating_sub(1)).filter_map(|arg| match &arg.expr {
                        Expr::Ident(name) => Some(name.clone()),
                        _ => None,
                    });
                bound.extend(names);
            }
            let found = target.or_else(|| many(&call.args, bound));
            bound.truncate(before);
            found
        }
        Expr::List(list) => many(&list.elements, bound),
        Expr::Comprehension(comprehension) => {
            if let Some(found) = unknown(&comprehension.iter_range, scope, bound) {
                return Some(found);
            }
            let before = bound.len();
            bound.push(comprehension.iter_var.clone());
            bound.extend(comprehension.iter_var2.clone());
            bound.push(comprehension.accu_var.clone());
            let parts =
                [&comprehension.accu_init, &comprehension.loop_cond, &comprehension.loop_step, &comprehension.result];
            let found = parts.into_iter().find_map(|part| unknown(part, scope, bound));
            bound.truncate(before);
            found
        }
        Expr::Map(map) => map.entries.iter().find_map(|entry| unknown_in(&entry.expr, scope, bound)),
        Expr::Struct(object)
            if object.type_name.starts_with(char::is_lowercase) && !object.type_name.starts_with("google.") =>
        {
            Some(object.type_name.clone())
        }
        Expr::Struct(object) => object.entries.iter().find_map(|entry| unknown_in(&entry.expr, scope, bound)),
        Expr::Literal(_) | Expr::Unspecified => None,
    }
}

/// Finds a name that is nothing in an entry of a map or a field of an object.
fn unknown_in(entry: &EntryExpr, scope: Scope<'_>, bound: &mut Vec<String>) -> Option<String> {
    match entry {
        EntryExpr::StructField(field) => unknown(&field.value, scope, bound),
        EntryExpr::MapEntry(entry) => unknown(&entry.key, scope, bound).or_else(|| unknown(&entry.value, scope, bound)),
    }
}

/// Macros that name variables.
const TWO_VARIABLES: [&str; 10] = [
    "all",
    "bind",
    "exists",
    "existsOne",
    "exists_one",
    "map",
    "sortBy",
    "transformList",
    "transformMap",
    "transformMapEntry",
];

/// Words with which names of packages begin.
const PACKAGES: [&str; 11] =
    ["cel", "math", "strings", "lists", "sets", "ip", "cidr", "semver", "format", "optional", "Object"];

fn is_type(name: &str) -> bool {
    let types = [
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
        "Object",
        "JSONPatch",
        "duration",
        "timestamp",
        "google",
        "dyn",
    ];
    types.contains(&name)
}

/// Judges `matchConditions`.
pub(super) fn conditions<'d>(check: &mut Check<'d>, holder: Node<'d>, params: bool) {
    if items(holder, "matchConditions").count() > 64 {
        check.error(RULE, (holder, "matchConditions"), "there may be 64 conditions");
    }
    let mut seen: Vec<&str> = Vec::new();
    for condition in items(holder, "matchConditions") {
        let scope = Scope { params, authorizer: true, variables: None };
        expression(check, condition, "expression", Gives::Truth, scope);
        let name = text(condition, "name");
        if name.is_empty() {
            check.error(RULE, (condition, "name"), "`name` is missing");
            continue;
        }
        check.syntax(RULE, (condition, "name"), "name", name, qualified_name);
        if seen.contains(&name) {
            check.error(RULE, (condition, "name"), format!("another condition is named `{}`", show(name)));
        }
        seen.push(name);
    }
}

/// Tells whether a text can name a variable.
pub(super) fn is_identifier(name: &str) -> bool {
    let letter = |byte: u8| byte == b'_' || byte.is_ascii_alphabetic();
    let bytes = name.as_bytes();
    bytes.first().is_some_and(|first| letter(*first))
        && bytes.iter().all(|byte| letter(*byte) || byte.is_ascii_digit())
        && !CEL_WORDS.contains(&name)
}
