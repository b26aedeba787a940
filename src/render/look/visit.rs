//! Visits every expression of a template, whether it is ever reached or not.

use minijinja::machinery::ast::{CallArg, Expr, Macro, Stmt};

/// Calls `see` with every expression of some statements, outer ones before those inside them.
pub(super) fn expressions<'t, 'a>(body: &'t [Stmt<'a>], see: &mut impl FnMut(&'t Expr<'a>)) {
    for statement in body {
        self::statement(statement, see);
    }
}

fn statement<'t, 'a>(statement: &'t Stmt<'a>, see: &mut impl FnMut(&'t Expr<'a>)) {
    match statement {
        Stmt::Template(node) => expressions(&node.children, see),
        Stmt::EmitExpr(node) => expression(&node.expr, see),
        Stmt::EmitRaw(_) | Stmt::Continue(_) | Stmt::Break(_) => {}
        Stmt::ForLoop(node) => {
            expression(&node.iter, see);
            optional(node.filter_expr.as_ref(), see);
            expressions(&node.body, see);
            expressions(&node.else_body, see);
        }
        Stmt::IfCond(node) => {
            expression(&node.expr, see);
            expressions(&node.true_body, see);
            expressions(&node.false_body, see);
        }
        Stmt::WithBlock(node) => {
            node.assignments.iter().for_each(|(_, value)| expression(value, see));
            expressions(&node.body, see);
        }
        Stmt::Set(node) => expression(&node.expr, see),
        Stmt::SetBlock(node) => {
            optional(node.filter.as_ref(), see);
            expressions(&node.body, see);
        }
        Stmt::AutoEscape(node) => {
            expression(&node.enabled, see);
            expressions(&node.body, see);
        }
        Stmt::FilterBlock(node) => {
            expression(&node.filter, see);
            expressions(&node.body, see);
        }
        Stmt::Block(node) => expressions(&node.body, see),
        Stmt::Import(node) => expression(&node.expr, see),
        Stmt::FromImport(node) => expression(&node.expr, see),
        Stmt::Extends(node) => expression(&node.name, see),
        Stmt::Include(node) => expression(&node.name, see),
        Stmt::Macro(node) => declaration(node, see),
        Stmt::CallBlock(node) => {
            expression(&node.call.expr, see);
            arguments(&node.call.args, see);
            declaration(&node.macro_decl, see);
        }
        Stmt::Do(node) => {
            expression(&node.call.expr, see);
            arguments(&node.call.args, see);
        }
    }
}

fn declaration<'t, 'a>(node: &'t Macro<'a>, see: &mut impl FnMut(&'t Expr<'a>)) {
    node.defaults.iter().for_each(|default| expression(default, see));
    expressions(&node.body, see);
}

fn optional<'t, 'a>(node: Option<&'t Expr<'a>>, see: &mut impl FnMut(&'t Expr<'a>)) {
    if let Some(node) = node {
        expression(node, see);
    }
}

fn arguments<'t, 'a>(arguments: &'t [CallArg<'a>], see: &mut impl FnMut(&'t Expr<'a>)) {
    for argument in arguments {
        expression(argument_expression(argument), see);
    }
}

/// Gives the expression of an argument, whichever way it is passed.
pub(super) fn argument_expression<'t, 'a>(argument: &'t CallArg<'a>) -> &'t Expr<'a> {
    match argument {
        CallArg::Pos(value) | CallArg::Kwarg(_, value) | CallArg::PosSplat(value) | CallArg::KwargSplat(value) => value,
    }
}

fn expression<'t, 'a>(node: &'t Expr<'a>, see: &mut impl FnMut(&'t Expr<'a>)) {
    see(node);
    match node {
        Expr::Var(_) | Expr::Const(_) => {}
        Expr::Slice(node) => {
            expression(&node.expr, see);
            for part in [&node.start, &node.stop, &node.step] {
                optional(part.as_ref(), see);
            }
        }
        Expr::UnaryOp(node) => expression(&node.expr, see),
        Expr::BinOp(node) => {
            expression(&node.left, see);
            expression(&node.right, see);
        }
        Expr::Compare(node) => {
            expression(&node.expr, see);
            node.ops.iter().for_each(|operand| expression(&operand.expr, see));
        }
        Expr::IfExpr(node) => {
            expression(&node.test_expr, see);
            expression(&node.true_expr, see);
            optional(node.false_expr.as_ref(), see);
        }
        Expr::Filter(node) => {
            optional(node.expr.as_ref(), see);
            arguments(&node.args, see);
        }
        Expr::Test(node) => {
            expression(&node.expr, see);
            arguments(&node.args, see);
        }
        Expr::GetAttr(node) => expression(&node.expr, see),
        Expr::GetItem(node) => {
            expression(&node.expr, see);
            expression(&node.subscript_expr, see);
        }
        Expr::Call(node) => {
            expression(&node.expr, see);
            arguments(&node.args, see);
        }
        Expr::List(node) => node.items.iter().for_each(|item| expression(item, see)),
        Expr::Tuple(node) => node.items.iter().for_each(|item| expression(item, see)),
        Expr::Map(node) => node.keys.iter().chain(&node.values).for_each(|item| expression(item, see)),
    }
}
