//! Templates that cannot be parsed, and names of filters and tests that nobody defines.

use super::visit;
use crate::diagnostic::{Diagnostic, nearest};
use crate::render::{FILTERS, TESTS};
use crate::source::{SourceFile, Span};
use minijinja::Error;
use minijinja::machinery::ast::{Expr, Stmt};
use minijinja::machinery::{Token, tokenize};
use minijinja::syntax::SyntaxConfig;

/// Words an error in a template's syntax, with its place in the template.
///
/// Where blocks are left open, the place is the tag that opened the innermost of them, not the end of the file.
pub(in crate::render) fn problem(source: &SourceFile, error: &Error) -> Diagnostic {
    let end = source.text().len();
    let range = error.range().unwrap_or_else(|| {
        let start = source.line_start(error.line().unwrap_or(1) as u32) as usize;
        start..start
    });
    let detail = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
    let detail = detail.trim_end_matches('.');
    let closing = detail.strip_prefix("unknown statement ").filter(|word| word.starts_with("end"));
    if (closing.is_some() || detail.contains("unexpected end of input"))
        && let Some((name, span)) = open_block(source, if closing.is_some() { range.start } else { end })
    {
        let before = closing.map(|word| format!(" before `{word}`")).unwrap_or_default();
        return Diagnostic::error("template/syntax", format!("this `{name}` is not closed{before}"))
            .at(span)
            .help(format!("add `{{% end{name} %}}`"));
    }
    // The engine counts a character that it does not know as one byte.
    Diagnostic::error("template/syntax", detail).at(source.around(&range))
}

/// Finds the innermost block that is still open at an offset of a template.
fn open_block(source: &SourceFile, until: usize) -> Option<(String, Span)> {
    let mut open: Vec<(String, Span)> = Vec::new();
    let mut tag: Option<(usize, Vec<String>, bool)> = None;
    for token in tokenize(source.text(), false, SyntaxConfig::default()) {
        let Some((token, at)) = token.ok().filter(|(_, at)| (at.end_offset as usize) <= until) else { break };
        match (token, &mut tag) {
            (Token::BlockStart, _) => tag = Some((at.start_offset as usize, Vec::new(), false)),
            (Token::Ident(name), Some((_, words, _))) => words.push(name.to_owned()),
            (Token::Assign, Some((_, _, assigns))) => *assigns = true,
            (Token::BlockEnd, _) => {
                let Some((start, words, assigns)) = tag.take() else { continue };
                let Some(name) = words.into_iter().next() else { continue };
                match name.as_str() {
                    "for" | "if" | "with" | "macro" | "call" | "filter" | "block" | "autoescape" => {}
                    "set" if !assigns => {}
                    closing => {
                        if let Some(opened) = closing.strip_prefix("end")
                            && open.last().is_some_and(|(name, _)| name == opened)
                        {
                            open.pop();
                        }
                        continue;
                    }
                }
                open.push((name, Span::new(source.id(), start, at.end_offset as usize)));
            }
            _ => {}
        }
    }
    open.pop()
}

/// Finds filters and tests that the engine does not have, in every branch.
pub(super) fn unknown_names(source: &SourceFile, root: &Stmt<'_>, found: &mut Vec<Diagnostic>) {
    visit::expressions(std::slice::from_ref(root), &mut |node| {
        let (what, name, start, known) = match node {
            Expr::Filter(node) => ("filter", node.name, node.span().start_offset, FILTERS),
            Expr::Test(node) => ("test", node.name, node.span().start_offset, TESTS),
            _ => return,
        };
        if !known.contains(&name) {
            let start = start as usize;
            let span = Span::new(source.id(), start, start + name.len());
            found.push(unknown(what, name, span, known.iter().copied()));
        }
    });
}

/// Makes a finding of a name that nobody defines.
pub(super) fn unknown<'k>(what: &str, name: &str, span: Span, known: impl IntoIterator<Item = &'k str>) -> Diagnostic {
    let problem = Diagnostic::error("template/unknown-name", format!("there is no {what} `{name}`")).at(span);
    match nearest(name, known) {
        Some(near) => problem.help(format!("did you mean `{near}`?")),
        None => problem,
    }
}
