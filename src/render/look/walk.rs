//! Walks through the statements of templates as an engine would, but through every branch.

use super::Parsed;
use super::expr::{default_of, parameter_name, start_of};
use super::syntax::unknown;
use super::thing::{At, Thing};
use crate::chart::Spot;
use crate::diagnostic::{Diagnostic, Trace, nearest};
use crate::render::joined;
use crate::source::Span;
use minijinja::machinery::ast::{Expr, Macro, Stmt};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Calls and includes are followed this deep.
const DEPTH_LIMIT: usize = 24;
/// Statements and expressions that are looked at in all; the look gives up where macros multiply beyond it.
const BUDGET: usize = 400_000;

type Scope<'a> = HashMap<&'a str, Thing<'a>>;

/// A look at all templates of a chart.
pub(super) struct Walker<'a> {
    templates: &'a [Parsed<'a>],
    root: Spot<'a>,
    /// The template that is being walked through.
    template: usize,
    scopes: Vec<Scope<'a>>,
    /// The calls and includes that led here.
    trace: Vec<Trace>,
    /// The templates that are being rendered and included.
    including: Vec<usize>,
    /// The macros that are being called.
    active: Vec<(usize, &'a str)>,
    /// What each template defines at its top level, once it was looked at.
    modules: HashMap<usize, Option<Scope<'a>>>,
    /// Calls that were looked at.
    calls: HashSet<String>,
    /// Macros that were called somewhere, by template and name.
    pub(super) called: HashSet<(usize, &'a str)>,
    /// Templates that others include or import.
    pub(super) reached: HashSet<usize>,
    /// Paths that are mentioned; true where all below them counts as mentioned too.
    pub(super) mentions: BTreeMap<Vec<String>, bool>,
    /// Names that nobody set are findings here.
    pub(super) knows_variables: bool,
    /// Text of values is rendered too, or a template is chosen by a value: mentions cannot all be known.
    pub(super) tpl: bool,
    budget: usize,
    reported: HashSet<(Span, String)>,
    pub(super) found: Vec<Diagnostic>,
}

impl<'a> Walker<'a> {
    pub(super) fn new(templates: &'a [Parsed<'a>], root: Spot<'a>) -> Self {
        Self {
            templates,
            root,
            template: 0,
            scopes: Vec::new(),
            trace: Vec::new(),
            including: Vec::new(),
            active: Vec::new(),
            modules: HashMap::new(),
            calls: HashSet::new(),
            called: HashSet::new(),
            reached: HashSet::new(),
            mentions: BTreeMap::new(),
            knows_variables: true,
            tpl: false,
            budget: BUDGET,
            reported: HashSet::new(),
            found: Vec::new(),
        }
    }

    /// Walks through a template as one that is rendered.
    pub(super) fn template(&mut self, index: usize) {
        self.template = index;
        self.scopes = vec![self.globals(), Scope::new()];
        self.trace.clear();
        self.including = vec![index];
        self.body(self.templates[index].body());
    }

    /// Looks at a macro that nobody calls: nothing is known of its parameters.
    pub(super) fn uncalled(&mut self, template: usize, node: &'a Macro<'a>) {
        let bound = node.args.iter().map(|_| Some(Thing::Unknown)).collect();
        self.invoke(template, node, bound, None);
    }

    /// Tells whether the look came to an end.
    pub(super) fn complete(&self) -> bool {
        self.budget > 0 && !self.tpl
    }

    pub(super) fn root(&self) -> &Spot<'a> {
        &self.root
    }

    pub(super) fn spend(&mut self) -> bool {
        self.budget = self.budget.saturating_sub(1);
        self.budget > 0
    }

    pub(super) fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.templates[self.template].source.id(), start, end)
    }

    pub(super) fn report(&mut self, mut problem: Diagnostic) {
        problem.trace.clone_from(&self.trace);
        if let Some(span) = problem.span
            && self.reported.insert((span, problem.message.clone()))
        {
            self.found.push(problem);
        }
    }

    pub(super) fn used(&mut self, thing: &Thing<'a>) {
        thing.paths(&mut |path| _ = self.mentions.insert(path.to_vec(), true));
    }

    pub(super) fn touched(&mut self, thing: &Thing<'a>) {
        thing.paths(&mut |path| _ = self.mentions.entry(path.to_vec()).or_insert(false));
    }

    fn globals(&self) -> Scope<'a> {
        Scope::from([("values", Thing::Value(At { spot: self.root.clone(), path: Vec::new() }))])
    }

    pub(super) fn lookup(&self, name: &str) -> Option<Thing<'a>> {
        self.scopes.iter().rev().find_map(|scope| scope.get(name)).cloned()
    }

    /// Gives all names that can be seen from here.
    pub(super) fn names(&self) -> Vec<&'a str> {
        let mut names: Vec<&str> = self.scopes.iter().flat_map(Scope::keys).copied().collect();
        names.sort_unstable();
        names
    }

    fn set(&mut self, name: &'a str, thing: Thing<'a>) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.insert(name, thing);
        }
    }

    fn scoped(&mut self, walk: impl FnOnce(&mut Self)) {
        self.scopes.push(Scope::new());
        walk(self);
        self.scopes.pop();
    }

    /// Binds the names of a `for`, `set` or `with`.
    fn bind(&mut self, target: &'a Expr<'a>, thing: &Thing<'a>) {
        match target {
            Expr::Var(var) => self.set(var.id, thing.clone()),
            Expr::List(list) => self.unpack(&list.items, thing),
            Expr::Tuple(tuple) => self.unpack(&tuple.items, thing),
            // An attribute of a namespace: it is not followed.
            _ => self.used(thing),
        }
    }

    fn unpack(&mut self, targets: &'a [Expr<'a>], thing: &Thing<'a>) {
        let lists: Vec<_> = match thing {
            Thing::List(items) => vec![items.clone()],
            Thing::Any(things) => things
                .iter()
                .filter_map(|thing| match thing {
                    Thing::List(items) => Some(items.clone()),
                    _ => None,
                })
                .collect(),
            _ => Vec::new(),
        };
        if lists.is_empty() {
            self.used(thing);
        }
        for (at, target) in targets.iter().enumerate() {
            let parts = lists.iter().filter_map(|items| items.get(at).cloned()).collect();
            self.bind(target, &Thing::any(parts));
        }
    }

    pub(super) fn body(&mut self, body: &'a [Stmt<'a>]) {
        // Macros of a template see each other, whichever comes first.
        for statement in body {
            if let Stmt::Macro(node) = statement {
                self.set(node.name, Thing::Macro(self.template, node));
            }
        }
        for statement in body {
            self.statement(statement);
        }
    }

    fn statement(&mut self, statement: &'a Stmt<'a>) {
        if !self.spend() {
            return;
        }
        match statement {
            Stmt::Template(node) => self.body(&node.children),
            Stmt::EmitExpr(node) => self.consume(&node.expr),
            Stmt::EmitRaw(_) | Stmt::Continue(_) | Stmt::Break(_) => {}
            Stmt::ForLoop(node) => {
                let iterated = self.expression(&node.iter);
                self.touched(&iterated);
                let element = iterated.elements();
                if matches!(element, Thing::Unknown) {
                    self.used(&iterated);
                }
                self.scoped(|walker| {
                    walker.bind(&node.target, &element);
                    if let Some(filter) = &node.filter_expr {
                        walker.condition(filter);
                    }
                    walker.body(&node.body);
                });
                self.scoped(|walker| walker.body(&node.else_body));
            }
            Stmt::IfCond(node) => {
                self.condition(&node.expr);
                let before = self.scopes.last().cloned().unwrap_or_default();
                self.body(&node.true_body);
                let after = self.scopes.last().cloned().unwrap_or_default();
                if let Some(scope) = self.scopes.last_mut() {
                    scope.clone_from(&before);
                }
                self.body(&node.false_body);
                self.join(after);
            }
            Stmt::WithBlock(node) => self.scoped(|walker| {
                for (target, value) in &node.assignments {
                    let thing = walker.expression(value);
                    walker.bind(target, &thing);
                }
                walker.body(&node.body);
            }),
            Stmt::Set(node) => {
                let thing = self.expression(&node.expr);
                self.bind(&node.target, &thing);
            }
            Stmt::SetBlock(node) => {
                self.scoped(|walker| walker.body(&node.body));
                if let Some(filter) = &node.filter {
                    self.consume(filter);
                }
                self.bind(&node.target, &Thing::Unknown);
            }
            Stmt::AutoEscape(node) => self.body(&node.body),
            Stmt::FilterBlock(node) => {
                self.consume(&node.filter);
                self.scoped(|walker| walker.body(&node.body));
            }
            Stmt::Block(node) => self.scoped(|walker| walker.body(&node.body)),
            Stmt::Import(node) => {
                let module = self.named_template(&node.expr).map_or(Thing::Unknown, Thing::Module);
                self.bind(&node.name, &module);
            }
            Stmt::FromImport(node) => {
                let module = self.named_template(&node.expr);
                for (name, alias) in &node.names {
                    let Some(wanted) = parameter_name(name) else { continue };
                    let thing = module.and_then(|module| self.export(module, wanted));
                    if let (Some(module), None) = (module, &thing)
                        && self.templates[module].root.is_some()
                    {
                        let names = self.exports(module);
                        let start = start_of(name);
                        let span = self.span(start, start + wanted.len());
                        let what = "macro or variable";
                        self.report(unknown(what, wanted, span, names.iter().map(String::as_str)));
                    }
                    self.bind(alias.as_ref().unwrap_or(name), &thing.unwrap_or(Thing::Unknown));
                }
            }
            Stmt::Extends(node) => self.include(&node.name, false),
            Stmt::Include(node) => self.include(&node.name, node.ignore_missing),
            Stmt::Macro(node) => {
                self.set(node.name, Thing::Macro(self.template, node));
            }
            Stmt::CallBlock(node) => {
                let call: &'a minijinja::machinery::ast::Call<'a> = &node.call;
                let callee = self.expression(&call.expr);
                let start = start_of(&call.expr);
                let span = self.span(start, (node.call.span().end_offset as usize).max(start));
                self.enter(&callee, &call.args, span);
                self.scoped(|walker| {
                    for parameter in &node.macro_decl.args {
                        walker.bind(parameter, &Thing::Unknown);
                    }
                    walker.body(&node.macro_decl.body);
                });
            }
            Stmt::Do(node) => {
                let callee = self.expression(&node.call.expr);
                let start = start_of(&node.call.expr);
                let span = self.span(start, (node.call.span().end_offset as usize).max(start));
                let call: &'a minijinja::machinery::ast::Call<'a> = &node.call;
                self.enter(&callee, &call.args, span);
            }
        }
    }

    /// Lets each name stand for what either branch made of it.
    fn join(&mut self, other: Scope<'a>) {
        let Some(scope) = self.scopes.last_mut() else { return };
        for (name, thing) in other {
            let merged = match scope.remove(name) {
                Some(own) => {
                    let (mut left, mut right) = (String::new(), String::new());
                    own.sign(&mut left);
                    thing.sign(&mut right);
                    if left == right { own } else { Thing::any(vec![own, thing]) }
                }
                None => thing,
            };
            scope.insert(name, merged);
        }
    }

    /// Walks through an included template with the names that can be seen here.
    fn include(&mut self, name: &'a Expr<'a>, ignore_missing: bool) {
        let names: Vec<&Expr<'a>> = match name {
            Expr::List(list) => list.items.iter().collect(),
            other => vec![other],
        };
        let several = names.len() > 1;
        for name in names {
            let Some(index) = self.find_template(name, ignore_missing || several) else { continue };
            let span = self.span(start_of(name), (name.span().end_offset as usize).max(start_of(name)));
            // A template that includes itself shows nothing new the second time.
            if self.trace.len() >= DEPTH_LIMIT || self.including.contains(&index) {
                continue;
            }
            self.including.push(index);
            self.trace.push(Trace { span, what: format!("include `{}`", self.templates[index].name) });
            let outer = std::mem::replace(&mut self.template, index);
            self.scoped(|walker| walker.body(walker.templates[index].body()));
            self.template = outer;
            self.trace.pop();
            self.including.pop();
        }
    }

    fn named_template(&mut self, name: &'a Expr<'a>) -> Option<usize> {
        self.find_template(name, false)
    }

    /// Finds the template that a name written out means; one that is chosen while running is not followed.
    fn find_template(&mut self, name: &'a Expr<'a>, may_miss: bool) -> Option<usize> {
        let constant = match name {
            Expr::Const(constant) => constant.value.as_str(),
            _ => None,
        };
        let Some(wanted) = constant else {
            self.consume(name);
            self.tpl = true;
            return None;
        };
        let position = |name: &str| self.templates.iter().position(|template| template.name == name);
        let within = self.templates[self.template].name;
        let found = position(&joined(wanted, within, |name| position(name).is_some()));
        match found {
            Some(index) => _ = self.reached.insert(index),
            None if may_miss => {}
            None => {
                let near = nearest(wanted, self.templates.iter().map(|template| template.name));
                let help = near.map_or_else(
                    || "names are relative to the chart's `templates/` folder".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                );
                let span = self.span(name.span().start_offset as usize, name.span().end_offset as usize);
                let message = format!("there is no template `{wanted}`");
                self.report(Diagnostic::error("template/not-found", message).at(span).help(help));
            }
        }
        found
    }

    /// Gives what a template defines under a name.
    pub(super) fn export(&mut self, template: usize, name: &str) -> Option<Thing<'a>> {
        self.module(template);
        self.modules.get(&template)?.as_ref()?.get(name).cloned()
    }

    /// Gives the names that a template defines.
    pub(super) fn exports(&mut self, template: usize) -> Vec<String> {
        self.module(template);
        let scope = self.modules.get(&template).and_then(Option::as_ref);
        let mut names: Vec<String> = scope.into_iter().flat_map(Scope::keys).map(|name| (*name).to_owned()).collect();
        names.sort_unstable();
        names
    }

    /// Walks through a template's top level once, for what it defines.
    fn module(&mut self, template: usize) {
        // A template that is on its way stands there with nothing, which ends circles.
        if self.modules.contains_key(&template) {
            return;
        }
        self.modules.insert(template, None);
        let scopes = vec![self.globals(), Scope::new()];
        let outer_scopes = std::mem::replace(&mut self.scopes, scopes);
        let outer = std::mem::replace(&mut self.template, template);
        let outer_trace = std::mem::take(&mut self.trace);
        self.body(self.templates[template].body());
        self.trace = outer_trace;
        self.template = outer;
        let mut scopes = std::mem::replace(&mut self.scopes, outer_scopes);
        self.modules.insert(template, scopes.pop());
    }

    /// Walks through a macro's body with its parameters bound; `None` where a default stands for one.
    pub(super) fn invoke(
        &mut self,
        template: usize,
        node: &'a Macro<'a>,
        mut bound: Vec<Option<Thing<'a>>>,
        span: Option<Span>,
    ) {
        // Of a macro that calls itself, the inner call tells nothing more about its arguments.
        let active = (template, node.name);
        if self.active.contains(&active) {
            bound.iter().flatten().for_each(|thing| self.used(thing));
            bound = node.args.iter().map(|_| Some(Thing::Unknown)).collect();
        }
        if span.is_some() {
            self.called.insert((template, node.name));
        }
        let mut signature = format!("{template}.{}@{:p}(", node.name, node);
        for thing in &bound {
            match thing {
                Some(thing) => thing.sign(&mut signature),
                None => signature.push('-'),
            }
        }
        if self.trace.len() >= DEPTH_LIMIT || !self.calls.insert(signature) {
            return;
        }
        if let Some(span) = span {
            self.trace.push(Trace { span, what: format!("macro `{}`", node.name) });
        }
        self.module(template);
        let module = self.modules.get(&template).cloned().flatten();
        // Within its own template a macro sees what stands around it now.
        let around = if self.template == template { self.scopes.clone() } else { vec![self.globals()] };
        let mut scopes = around;
        scopes.insert(1.min(scopes.len()), module.unwrap_or_default());
        scopes.push(Scope::new());
        let outer_scopes = std::mem::replace(&mut self.scopes, scopes);
        let outer = std::mem::replace(&mut self.template, template);
        for (index, (parameter, thing)) in node.args.iter().zip(bound).enumerate() {
            let thing = match (thing, default_of(node, index)) {
                (Some(thing), _) => thing,
                (None, Some(default)) => self.expression(default),
                (None, None) => Thing::Unknown,
            };
            self.bind(parameter, &thing);
        }
        self.active.push(active);
        self.body(&node.body);
        self.active.pop();
        self.template = outer;
        self.scopes = outer_scopes;
        if span.is_some() {
            self.trace.pop();
        }
    }
}
