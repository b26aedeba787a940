//! Changes of rendered text, carried back to the templates and values that it was made from.

use super::RenderedFile;
use super::blocks::TemplateBlocks;
use crate::diagnostic::{Change, Edit, TextEdit};
use crate::source::{SourceMap, Span};
use crate::yaml::edit::{self, Patch, Plan, Refusal, Side};
use crate::yaml::{Document, Kind, Node, parse};
use serde_json::Value as Json;

/// What carrying needs to know of a run.
pub struct Known<'a> {
    /// The texts that people wrote.
    pub sources: &'a SourceMap,
    /// The blocks of their templates.
    pub blocks: &'a TemplateBlocks,
}

impl RenderedFile {
    /// Finds the edits of what a person wrote that change a node of this file's text.
    ///
    /// Literal text of a template is edited where it stands, if that is reached whenever the node is; what a value printed
    /// is edited in the values.
    pub fn carry(
        &self,
        document: &Document,
        at: Span,
        change: &Change,
        known: &Known<'_>,
    ) -> Result<Vec<TextEdit>, Refusal> {
        let Some(node) = edit::find(document.root(), at) else {
            return Err(Refusal("its place is not in the text".into()));
        };
        self.carry_node(node, change, known)
    }

    fn carry_node(&self, node: Node<'_>, change: &Change, known: &Known<'_>) -> Result<Vec<TextEdit>, Refusal> {
        let planned = edit::change_node(node, change);
        let mut ways = planned.iter().flat_map(|plan| plan.ways.iter().map(move |way| (plan, way)));
        let carried = ways.find_map(|(plan, way)| self.carry_way(plan, way, known));
        if let Some(edits) = carried {
            return Ok(edits);
        }
        if let Some(edits) = self.in_values(node, change, known.sources) {
            return edits;
        }
        // A map on the way may have been printed by a value.
        if let Change::Set { keys, value } = change
            && let Some((key, below)) = keys.split_first().filter(|(_, below)| !below.is_empty())
            && let Some(inner) = node.field(key).filter(|inner| inner.kind() == Kind::Map)
        {
            return self.carry_node(inner, &Change::Set { keys: below.to_vec(), value: value.clone() }, known);
        }
        planned?;
        Err(Refusal("the template makes this text of tags, branches or loops".into()))
    }

    fn carry_way(&self, plan: &Plan, way: &[Patch], known: &Known<'_>) -> Option<Vec<TextEdit>> {
        way.iter().map(|patch| self.carry_patch(plan, patch, known)).collect()
    }

    fn carry_patch(&self, plan: &Plan, patch: &Patch, known: &Known<'_>) -> Option<TextEdit> {
        let (text, sources) = (self.source.text(), known.sources);
        let place = self.origins.literal(text, patch.range.clone(), patch.side, sources)?;
        let template = sources.file(place.span.file);
        // What is not reached whenever its anchor is stands in a branch or a loop of its own.
        let anchors = [Some(plan.anchor), patch.base];
        let anchor = anchors.into_iter().flatten().find_map(|at| {
            let anchor = self.origins.beginning(at)?;
            (anchor.span.file == place.span.file && anchor.trace == place.trace).then_some(anchor)
        })?;
        let blocks = known.blocks.of(&template);
        let open = blocks.open(anchor.span.start as usize)?;
        let reached = |at: u32| blocks.open(at as usize).is_some_and(|blocks| blocks == open);
        if !reached(place.span.start)
            || !reached(place.span.end)
            || ["{{", "{%", "{#"].iter().any(|tag| patch.text.contains(tag))
        {
            return None;
        }
        let text = match patch.base {
            None => patch.text.clone(),
            Some(base) => {
                let written = self.origins.literal(text, base..base + 1, Side::Right, sources)?;
                if written.span.file != place.span.file || written.trace != place.trace {
                    return None;
                }
                let there = column(template.text(), written.span.start as usize)?;
                let here = column(text, base)?;
                shift(&patch.text, here, there)
            }
        };
        Some(TextEdit { span: place.span, text })
    }

    /// Makes the change in the values that printed a node; none where no values did.
    fn in_values(
        &self,
        node: Node<'_>,
        change: &Change,
        sources: &SourceMap,
    ) -> Option<Result<Vec<TextEdit>, Refusal>> {
        let (edit, change) = match change {
            Change::Replace(Json::String(new)) => self.supplied_text(node, new)?,
            _ => (self.origins.supplied(node)?, change.clone()),
        };
        Some(change_value(&edit, node, &change, sources))
    }

    /// Finds the value that printed the part of a scalar that is to change, and what becomes of it.
    fn supplied_text(&self, node: Node<'_>, new: &str) -> Option<(Edit, Change)> {
        if let Some(edit) = self.origins.supplied(node) {
            return Some((edit, Change::Replace(new.into())));
        }
        let old = node.text();
        let span = node.span();
        let raw = self.source.slice(span);
        // Only where the text stands as it is can its parts be told apart.
        let offset = span.start as usize + raw.find(old).filter(|_| !old.is_empty())?;
        let head: usize = old.chars().zip(new.chars()).take_while(|(a, b)| a == b).map(|(c, _)| c.len_utf8()).sum();
        let (edit, printed) = self.origins.printed(offset + head.min(old.len() - 1))?;
        let inner = printed.start.checked_sub(offset)?..printed.end.checked_sub(offset)?;
        let (before, behind) = (old.get(..inner.start)?, old.get(inner.end..)?);
        let changed = new.strip_prefix(before)?.strip_suffix(behind)?;
        (changed != old.get(inner)?).then(|| (edit, Change::Replace(changed.into())))
    }
}

/// Changes the value that a node was printed from, where it holds the same.
fn change_value(edit: &Edit, node: Node<'_>, change: &Change, sources: &SourceMap) -> Result<Vec<TextEdit>, Refusal> {
    let file = sources.file(edit.span.file);
    if file.name().starts_with("--") {
        return Err(Refusal(format!("`{}` comes from a flag", edit.key)));
    }
    let parsed = parse(&file);
    let value = parsed.documents.iter().find_map(|document| edit::find(document.root(), edit.span));
    let Some(value) = value else { return Err(Refusal(format!("`{}` is not where it was read", edit.key))) };
    if value.kind() != node.kind() && !matches!(change, Change::Replace(_)) {
        return Err(Refusal(format!("the template makes something else of `{}`", edit.key)));
    }
    let plan = edit::change_node(value, change)?;
    let Some(way) = plan.ways.first() else { return Err(Refusal("there is no place for it".into())) };
    let edit = |patch: &Patch| TextEdit {
        span: Span::new(file.id(), patch.range.start, patch.range.end),
        text: patch.text.clone(),
    };
    Ok(way.iter().map(edit).collect())
}

/// Gives the column of what only blanks and dashes stand before on its line.
fn column(text: &str, at: usize) -> Option<usize> {
    let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let before = text[start..at].trim_start_matches('\u{feff}');
    before.bytes().all(|byte| byte == b' ' || byte == b'-').then_some(before.len())
}

/// Moves the lines behind the first line break from one column to another.
fn shift(text: &str, from: usize, to: usize) -> String {
    let Some((first, rest)) = text.split_once('\n') else { return text.to_owned() };
    let line = |line: &str| {
        let bare = line.trim_start_matches(' ');
        let indent = line.len() - bare.len();
        format!("{}{bare}", " ".repeat((indent + to).saturating_sub(from)))
    };
    format!("{first}\n{}", rest.split_inclusive('\n').map(line).collect::<String>())
}
