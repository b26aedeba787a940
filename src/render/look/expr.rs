//! Looks at expressions: which values they mention, and which paths in them lead nowhere.

use super::syntax::unknown;
use super::thing::{At, Miss, Seg, Thing};
use super::visit::argument_expression;
use super::walk::Walker;
use crate::chart::{Found, Spot};
use crate::diagnostic::{Diagnostic, nearest};
use crate::render::{FUNCTIONS, VARIABLES};
use crate::source::Span;
use crate::yaml::Step;
use minijinja::machinery::ast::{BinOpKind, Call, CallArg, Expr, Filter, Macro, UnaryOpKind};

/// Names that stand for something inside loops, macros and blocks.
const INNER: [&str; 4] = ["loop", "caller", "self", "super"];

/// Things that an expression may stand for, nested ones included.
const SIZE_LIMIT: usize = 500;

impl<'a> Walker<'a> {
    /// Looks at an expression whose value is printed, compared or handed to what nobody knows.
    pub(super) fn consume(&mut self, node: &'a Expr<'a>) {
        let thing = self.expression(node);
        self.used(&thing);
    }

    /// Looks at a condition: it mentions a value, but nothing below it.
    pub(super) fn condition(&mut self, node: &'a Expr<'a>) {
        let thing = self.expression(node);
        self.touched(&thing);
    }

    /// Tells what an expression may stand for. What grows too large, as a list that a macro wraps around itself, is used
    /// and then unknown.
    pub(super) fn expression(&mut self, node: &'a Expr<'a>) -> Thing<'a> {
        if !self.spend() {
            return Thing::Unknown;
        }
        let thing = self.evaluate(node);
        if thing.is_larger(SIZE_LIMIT) {
            self.used(&thing);
            return Thing::Unknown;
        }
        thing
    }

    fn evaluate(&mut self, node: &'a Expr<'a>) -> Thing<'a> {
        match node {
            Expr::Var(var) => self.variable(var.id, var.span().start_offset as usize),
            Expr::Const(_) => Thing::Unknown,
            Expr::GetAttr(_) | Expr::GetItem(_) => self.path(node),
            Expr::Slice(slice) => {
                for part in [&slice.start, &slice.stop, &slice.step].into_iter().flatten() {
                    self.consume(part);
                }
                self.expression(&slice.expr)
            }
            Expr::UnaryOp(operation) => {
                match operation.op {
                    UnaryOpKind::Not => self.condition(&operation.expr),
                    UnaryOpKind::Neg => self.consume(&operation.expr),
                }
                Thing::Unknown
            }
            Expr::BinOp(operation) => match operation.op {
                BinOpKind::ScAnd | BinOpKind::ScOr => {
                    let (left, right) = (self.expression(&operation.left), self.expression(&operation.right));
                    self.touched(&left);
                    self.touched(&right);
                    Thing::any(vec![left, right])
                }
                _ => {
                    self.consume(&operation.left);
                    self.consume(&operation.right);
                    Thing::Unknown
                }
            },
            Expr::Compare(comparison) => {
                self.consume(&comparison.expr);
                for operand in &comparison.ops {
                    self.consume(&operand.expr);
                }
                Thing::Unknown
            }
            Expr::IfExpr(choice) => {
                self.condition(&choice.test_expr);
                let mut things = vec![self.expression(&choice.true_expr)];
                if let Some(other) = &choice.false_expr {
                    things.push(self.expression(other));
                }
                Thing::any(things)
            }
            Expr::Filter(filter) => {
                let input = filter.expr.as_ref().map_or(Thing::Unknown, |input| self.lenient(filter.name, input));
                self.filter(filter, input)
            }
            Expr::Test(test) => {
                let thing = self.lenient(test.name, &test.expr);
                match test.name {
                    "defined" | "undefined" | "none" | "mapping" | "sequence" | "string" => self.touched(&thing),
                    _ => self.used(&thing),
                }
                self.consume_all(&test.args);
                Thing::Unknown
            }
            Expr::Call(call) => self.call(call, node),
            Expr::List(list) => Thing::List(list.items.iter().map(|item| self.expression(item)).collect()),
            Expr::Tuple(tuple) => Thing::List(tuple.items.iter().map(|item| self.expression(item)).collect()),
            Expr::Map(map) => {
                let mut entries = Vec::new();
                for (key, value) in map.keys.iter().zip(&map.values) {
                    let value = self.expression(value);
                    if let Some(Seg::Key(key)) = constant(key) {
                        entries.push((key.to_owned(), value));
                    } else {
                        self.consume(key);
                        self.used(&value);
                    }
                }
                Thing::Dict(entries.into())
            }
        }
    }

    /// Tells what an operand of a filter or test may stand for; some of them admit variables that nobody set.
    fn lenient(&mut self, name: &str, node: &'a Expr<'a>) -> Thing<'a> {
        match node {
            Expr::Var(var) if matches!(name, "default" | "d" | "defined" | "undefined") => {
                self.lookup(var.id).unwrap_or(Thing::Unknown)
            }
            _ => self.expression(node),
        }
    }

    fn variable(&mut self, name: &'a str, start: usize) -> Thing<'a> {
        if let Some(thing) = self.lookup(name) {
            return thing;
        }
        let known = VARIABLES.contains(&name) || FUNCTIONS.contains(&name) || INNER.contains(&name);
        if !known && self.knows_variables {
            let names: Vec<&str> = self.names().into_iter().chain(VARIABLES.iter().copied()).collect();
            let problem = unknown("variable", name, self.span(start, start + name.len()), names);
            self.report(Diagnostic { rule: "template/unknown-value".into(), ..problem });
        }
        Thing::Unknown
    }

    /// Follows `a.b["c"][0]`.
    fn path(&mut self, node: &'a Expr<'a>) -> Thing<'a> {
        let (base, steps) = self.steps(node);
        let start = start_of(base);
        let base = self.expression(base);
        if let (Thing::Module(template), Some((Seg::Key(name), end))) = (&base, steps.first()) {
            let (template, name, end) = (*template, *name, *end);
            let export = self.export(template, name);
            if export.is_none() {
                let names = self.exports(template);
                let span = self.span(end - name.len(), end);
                let problem = unknown("macro or variable", name, span, names.iter().map(String::as_str));
                self.report(problem);
            }
            return export.unwrap_or(Thing::Unknown);
        }
        let segs: Vec<Seg<'_>> = steps.iter().map(|(seg, _)| *seg).collect();
        match base.follow(&segs, 0) {
            Ok(thing) => thing,
            Err(miss) => {
                let end = steps.get(miss.index).map_or(start, |(_, end)| *end);
                let problem = missing(&miss, &segs, self.root(), self.span(start, end));
                self.report(problem);
                Thing::Unknown
            }
        }
    }

    /// Takes a path apart: what it starts from, and its steps with the offsets at which they end.
    fn steps(&mut self, node: &'a Expr<'a>) -> (&'a Expr<'a>, Vec<(Seg<'a>, usize)>) {
        let (mut base, mut steps) = (node, Vec::new());
        loop {
            match base {
                Expr::GetAttr(attribute) => {
                    steps.push((Seg::Key(attribute.name), attribute.span().end_offset as usize));
                    base = &attribute.expr;
                }
                Expr::GetItem(item) => {
                    let seg = constant(&item.subscript_expr);
                    if seg.is_none() {
                        self.consume(&item.subscript_expr);
                    }
                    steps.push((seg.unwrap_or(Seg::Dynamic), item.span().end_offset as usize));
                    base = &item.expr;
                }
                _ => break,
            }
        }
        steps.reverse();
        (base, steps)
    }

    pub(super) fn filter(&mut self, filter: &'a Filter<'a>, input: Thing<'a>) -> Thing<'a> {
        match filter.name {
            "default" | "d" => {
                self.touched(&input);
                let mut things = vec![input];
                for argument in &filter.args {
                    things.push(self.expression(argument_expression(argument)));
                }
                Thing::any(things)
            }
            "items" | "dictsort" => {
                self.consume_all(&filter.args);
                // Who walks through a map of values may print its keys.
                if let Thing::Value(_) | Thing::Any(_) = input {
                    self.used(&input);
                }
                Thing::Pairs(std::rc::Rc::new(input))
            }
            "sort" | "reverse" | "list" | "unique" | "select" | "reject" | "selectattr" | "rejectattr" => {
                self.consume_all(&filter.args);
                self.touched(&input);
                input
            }
            "first" | "last" => {
                self.touched(&input);
                input.elements()
            }
            _ => {
                self.tpl |= filter.name == "tpl";
                self.used(&input);
                self.consume_all(&filter.args);
                Thing::Unknown
            }
        }
    }

    fn consume_all(&mut self, arguments: &'a [CallArg<'a>]) {
        for argument in arguments {
            self.consume(argument_expression(argument));
        }
    }

    fn call(&mut self, call: &'a Call<'a>, node: &'a Expr<'a>) -> Thing<'a> {
        let callee = match &call.expr {
            Expr::Var(var) => {
                let callee = self.lookup(var.id);
                let known = callee.is_some() || FUNCTIONS.contains(&var.id) || INNER.contains(&var.id);
                if !known && self.knows_variables {
                    let start = var.span().start_offset as usize;
                    let names: Vec<&str> = self.names().into_iter().chain(FUNCTIONS.iter().copied()).collect();
                    self.report(unknown("function or macro", var.id, self.span(start, start + var.id.len()), names));
                }
                self.tpl |= var.id == "tpl";
                callee.unwrap_or(Thing::Unknown)
            }
            // A method of a value: the value is used, its name is no key.
            Expr::GetAttr(attribute) => {
                let object = self.expression(&attribute.expr);
                match object {
                    Thing::Module(_) => self.path(&call.expr),
                    object => {
                        self.used(&object);
                        Thing::Unknown
                    }
                }
            }
            other => self.expression(other),
        };
        let start = start_of(node);
        let span = self.span(start, (node.span().end_offset as usize).max(start));
        self.enter(&callee, &call.args, span);
        Thing::Unknown
    }

    /// Looks at a macro's body with the arguments of one call; at the arguments alone where the callee is no macro.
    pub(super) fn enter(&mut self, callee: &Thing<'a>, arguments: &'a [CallArg<'a>], span: Span) {
        let things: Vec<(Option<&'a str>, Thing<'a>)> = arguments
            .iter()
            .map(|argument| {
                let thing = self.expression(argument_expression(argument));
                match argument {
                    CallArg::Pos(_) => (None, thing),
                    CallArg::Kwarg(name, _) => (Some(*name), thing),
                    CallArg::PosSplat(_) | CallArg::KwargSplat(_) => {
                        self.used(&thing);
                        (Some(""), Thing::Unknown)
                    }
                }
            })
            .collect();
        let Thing::Macro(template, node) = callee else {
            for (_, thing) in &things {
                self.used(thing);
            }
            return;
        };
        let splat = arguments.iter().any(|argument| matches!(argument, CallArg::PosSplat(_) | CallArg::KwargSplat(_)));
        let mut positions = things.iter().filter(|(name, _)| name.is_none()).map(|(_, thing)| thing);
        let bound: Vec<Option<Thing<'a>>> = node
            .args
            .iter()
            .map(|parameter| {
                let named = parameter_name(parameter);
                let position = positions.next().cloned();
                let keyword = things.iter().find(|(name, _)| name.is_some() && *name == named);
                let thing = position.or_else(|| keyword.map(|(_, thing)| thing.clone()));
                thing.or_else(|| splat.then_some(Thing::Unknown))
            })
            .collect();
        self.invoke(*template, node, bound, Some(span));
    }
}

/// Gives the name of a macro's parameter.
pub(super) fn parameter_name<'a>(parameter: &Expr<'a>) -> Option<&'a str> {
    match parameter {
        Expr::Var(var) => Some(var.id),
        _ => None,
    }
}

/// Gives the defaults of a macro by its parameters: the last ones have them.
pub(super) fn default_of<'a>(node: &'a Macro<'a>, index: usize) -> Option<&'a Expr<'a>> {
    (index + node.defaults.len()).checked_sub(node.args.len()).and_then(|at| node.defaults.get(at))
}

/// Reads a subscript that is written out.
fn constant<'a>(node: &'a Expr<'a>) -> Option<Seg<'a>> {
    let Expr::Const(constant) = node else { return None };
    match constant.value.as_str() {
        Some(key) => Some(Seg::Key(key)),
        None => constant.value.as_usize().map(Seg::Index),
    }
}

/// Gives the offset at which an expression begins: spans of postfix operators begin at the operator.
pub(super) fn start_of(node: &Expr<'_>) -> usize {
    match node {
        Expr::GetAttr(node) => start_of(&node.expr),
        Expr::GetItem(node) => start_of(&node.expr),
        Expr::Slice(node) => start_of(&node.expr),
        Expr::Call(node) => start_of(&node.expr),
        Expr::Filter(node) => node.expr.as_ref().map_or(node.span().start_offset as usize, start_of),
        Expr::Test(node) => start_of(&node.expr),
        other => other.span().start_offset as usize,
    }
}

/// Words a path that leads nowhere, with the nearest one that leads somewhere.
fn missing(miss: &Miss<'_>, segs: &[Seg<'_>], root: &Spot<'_>, span: Span) -> Diagnostic {
    let rest: Vec<&str> = segs[miss.index..]
        .iter()
        .map_while(|seg| match seg {
            Seg::Key(key) => Some(*key),
            _ => None,
        })
        .collect();
    let before: Vec<&str> = miss.at.path.iter().map(String::as_str).collect();
    let message = format!("`{}` is not defined", written(before.iter().chain(&rest)));
    let problem = Diagnostic::error("template/unknown-value", message).at(span);
    let slip = near_path(&miss.at, &rest);
    // The key may stand at the root, and be written one level too deep.
    let elsewhere = || nearest(rest.first()?, root.keys()).filter(|_| !before.is_empty());
    problem.help(match (slip, elsewhere()) {
        (Some(near), _) => format!("did you mean `{}`?", written(before.iter().chain(&near))),
        (None, Some(near)) => format!("did you mean `{}`?", written([&near])),
        (None, None) if !miss.at.spot.has_siblings() => format!("`{}` holds no map", written(&before)),
        (None, None) => "declare it in values.yaml".to_owned(),
    })
}

/// Finds the path nearest to one that leads nowhere: its first step is mended, and each further one as far as there is need.
fn near_path<'a>(at: &At<'a>, rest: &[&str]) -> Option<Vec<&'a str>> {
    let mut near = vec![nearest(rest.first()?, at.spot.keys())?];
    let Found::Spot(mut spot) = at.spot.key(near[0]) else { return Some(near) };
    for step in &rest[1..] {
        let keys = spot.keys();
        let Some(key) = keys.iter().find(|key| *key == step).copied().or_else(|| nearest(step, keys)) else { break };
        near.push(key);
        let Found::Spot(next) = spot.key(key) else { break };
        spot = next;
    }
    Some(near)
}

/// Writes a path as templates have it: `values.web.image`, items of lists as `[…]`.
fn written<'s>(steps: impl IntoIterator<Item = &'s &'s str>) -> String {
    let mut path = "values".to_owned();
    for step in steps {
        match *step {
            super::thing::ANY => path.push_str("[…]"),
            key => Step::Key(key).push_to(&mut path),
        }
    }
    path
}
