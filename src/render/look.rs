//! A look at templates without running them: every branch, every macro, every environment at once.
//!
//! In: a chart, and the values that its environments compose. Out: findings. A path like `values.image.tag` is followed
//! through loops, `set`, `with`, includes, imports and the parameters of macros; one that no values can have is an error
//! wherever it stands, conditions and `default` included. A declared value that nothing mentions is a warning. Where it
//! cannot be told what an expression stands for, nothing is said.

mod expr;
pub(in crate::render) mod syntax;
#[cfg(test)]
mod tests;
mod thing;
mod unused;
mod visit;
mod walk;

use crate::chart::{Chart, Spot, Value};
use crate::diagnostic::Diagnostic;
use crate::source::SourceFile;
use minijinja::machinery::ast::Stmt;
use minijinja::syntax::SyntaxConfig;
use std::sync::Arc;
use walk::Walker;

/// A template, parsed.
struct Parsed<'a> {
    /// The name by which others call it.
    name: &'a str,
    source: &'a Arc<SourceFile>,
    /// It is rendered, and not only called.
    prints: bool,
    /// It is a library's: what nobody calls of it, others may.
    borrowed: bool,
    /// None where it cannot be parsed.
    root: Option<Stmt<'a>>,
}

impl<'a> Parsed<'a> {
    fn body(&'a self) -> &'a [Stmt<'a>] {
        self.root.as_slice()
    }
}

/// Looks at the templates of a native chart. `composed` are its values, one for each environment; for a subchart, those
/// that its parents compose for it.
///
/// Findings: `template/syntax`, `template/unknown-name`, `template/not-found`, `template/unknown-value`, and the warning
/// `values/unused`, which is left out where not all mentions can be known (a template that cannot be parsed, text of
/// values that is rendered itself, templates chosen while running).
pub fn look(chart: &Chart, composed: &[&Value]) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let libraries = super::libraries(chart);
    let printing = chart.templates.iter().chain(&chart.notes);
    let texts = printing.map(|text| (text.template_name(), text, true, false));
    let texts = texts.chain(chart.partials.iter().map(|text| (text.template_name(), text, false, false)));
    let texts = texts.chain(libraries.iter().map(|(name, text)| (name.as_str(), *text, false, true)));
    let mut parsed = Vec::new();
    for (name, text, prints, borrowed) in texts {
        let root = match minijinja::machinery::parse(text.source.text(), name, SyntaxConfig::default()) {
            Ok(root) => {
                if !borrowed {
                    syntax::unknown_names(&text.source, &root, &mut found);
                }
                Some(root)
            }
            Err(error) => {
                if !borrowed {
                    found.push(syntax::problem(&text.source, &error));
                }
                None
            }
        };
        parsed.push(Parsed { name, source: &text.source, prints, borrowed, root });
    }

    let mut walker = Walker::new(&parsed, Spot::root(chart).seeing(composed.iter().copied()));
    for (index, template) in parsed.iter().enumerate() {
        if template.prints {
            walker.template(index);
        }
    }
    // What nothing reaches is looked at by itself, without knowing what its variables hold.
    walker.knows_variables = false;
    for (index, template) in parsed.iter().enumerate() {
        if !(template.prints || template.borrowed || walker.reached.contains(&index)) {
            walker.template(index);
        }
    }
    for (index, template) in parsed.iter().enumerate().filter(|(_, template)| !template.borrowed) {
        for node in macros(template) {
            if !walker.called.contains(&(index, node.name)) {
                walker.uncalled(index, node);
            }
        }
    }
    let complete = walker.complete() && parsed.iter().all(|template| template.root.is_some());
    found.append(&mut walker.found);
    if complete {
        for path in conditions(chart) {
            walker.mentions.insert(path, true);
        }
        found.extend(unused::unused(chart, &walker.mentions));
    }
    found
}

/// Gives the macros at the top of a template.
fn macros<'a>(template: &'a Parsed<'a>) -> impl Iterator<Item = &'a minijinja::machinery::ast::Macro<'a>> {
    let body: &[Stmt<'_>] = match &template.root {
        Some(Stmt::Template(root)) => &root.children,
        _ => &[],
    };
    body.iter().filter_map(|statement| match statement {
        Stmt::Macro(node) => Some(&**node),
        _ => None,
    })
}

/// Gives the values that turn subcharts on and off.
fn conditions(chart: &Chart) -> Vec<Vec<String>> {
    let conditions = chart.metadata.dependencies.iter().filter_map(|dependency| dependency.condition.as_ref());
    let paths = conditions.flat_map(|condition| condition.split(','));
    paths.map(|path| path.trim().split('.').map(str::to_owned).collect()).collect()
}

/// Tells whether a finding of rendering says what the look has said already: the same rule at the same place.
pub fn is_said(said: &[Diagnostic], finding: &Diagnostic) -> bool {
    let Some(span) = finding.span else { return false };
    said.iter().any(|known| {
        known.rule == finding.rule
            && known.span.is_some_and(|at| at.file == span.file && at.start < span.end && span.start < at.end)
    })
}
