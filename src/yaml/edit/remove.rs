//! Entries and items that go, with the comments that belong to them.

use super::super::{Kind, Node, Style};
use super::layout::{self, begins_line, ends_line, line_end, line_start, text};
use super::{Patch, Plan, Refusal, Side, own_entries, own_entry};
use std::ops::Range;

/// Deletes an entry (the node is its value) or an item. What held nothing else becomes `{}`, as nothing at all would mean
/// something else.
pub(super) fn delete(node: Node<'_>) -> Result<Plan, Refusal> {
    let Some(parent) = node.parent() else { return Refusal::new("it is the whole document") };
    if parent.is_shared() {
        return Refusal::new("an anchor is there, and aliases use it elsewhere");
    }
    let Some((start, end, index, count)) = place(node, parent) else {
        return Refusal::new("it is not written where it stands");
    };
    let whole = text(node);
    let patch = |range: Range<usize>, text: &str| {
        let patch = Patch { range, text: text.to_owned(), side: Side::Left, base: None };
        Ok(Plan::one(start, vec![patch]))
    };
    if parent.style() == Style::Flow {
        return patch(in_flow(node, parent, start..end, index, count)?, "");
    }
    if !ends_line(whole, end) {
        return Refusal::new("more stands on its last line");
    }
    if count == 1 {
        return match own_entry(parent) {
            Some(entry) => {
                let from = entry.key.span().end as usize;
                let colon = whole[from..].find(':').map_or(from, |at| from + at + 1);
                if has_comment(node, colon..end) {
                    return Refusal::new("comments stand beside it");
                }
                patch(colon..line_end(whole, end), if parent.kind() == Kind::Map { " {}" } else { " []" })
            }
            None => Refusal::new("nothing would be left around it"),
        };
    }
    if begins_line(whole, start) {
        let from = with_comments(whole, start);
        let patch = |range| vec![Patch { range, text: String::new(), side: Side::Left, base: None }];
        let with_next = whole[end..].find('\n').map(|found| patch(from..end + found + 1));
        // The last line of a text, or of a macro, takes the line break before it with it.
        let before = from.checked_sub(1).map(|at| at - usize::from(whole[..at].ends_with('\r')));
        let with_last = before.map(|before| patch(before..line_end(whole, end)));
        return Ok(Plan { anchor: start, ways: with_next.into_iter().chain(with_last).collect() });
    }
    // The first field of an item, behind its dash: the next one takes its place.
    let next = own_entries(parent).get(index + 1).map(|entry| entry.key.span().start as usize);
    match next.filter(|next| !has_comment(node, start..*next)) {
        Some(next) => patch(start..next, ""),
        None => Refusal::new("it shares its line with what must stay"),
    }
}

/// Gives where an entry or an item begins (its dash included) and ends, which one it is, and of how many.
fn place<'d>(node: Node<'d>, parent: Node<'d>) -> Option<(usize, usize, usize, usize)> {
    if let Some(entry) = own_entry(node) {
        let own = own_entries(parent);
        let index = own.iter().position(|other| other.key == entry.key)?;
        return Some((entry.key.span().start as usize, layout::end(entry)?, index, parent.entries().len()));
    }
    let index = parent.items().position(|item| item == node)?;
    let end = layout::end_of(node)?;
    let start = node.span().start as usize;
    let start = match parent.style() {
        Style::Flow => start,
        _ => text(node)[..start].rfind('-').filter(|dash| text(node)[dash + 1..start].trim().is_empty())?,
    };
    Some((start, end, index, parent.items().len()))
}

/// Gives the range to take out between brackets: with the comma behind, or of the last one the comma before.
fn in_flow<'d>(
    node: Node<'d>,
    parent: Node<'d>,
    own: Range<usize>,
    index: usize,
    count: usize,
) -> Result<Range<usize>, Refusal> {
    let entries = own_entries(parent);
    let items: Vec<Node<'_>> = parent.items().collect();
    let start_of = |index: usize| {
        let entry = entries.get(index).map(|entry| entry.key.span().start as usize);
        entry.or_else(|| items.get(index).map(|item| item.span().start as usize))
    };
    let end_before = || {
        let at = index.checked_sub(1)?;
        entries
            .get(at)
            .and_then(|entry| layout::end(*entry))
            .or_else(|| items.get(at).and_then(|item| layout::end_of(*item)))
    };
    let range = match (start_of(index + 1), end_before()) {
        (Some(next), _) => own.start..next,
        (None, Some(before)) => before..own.end,
        _ if count == 1 => own,
        _ => return Refusal::new("it is not written where it stands"),
    };
    if has_comment(node, range.clone()) { Refusal::new("comments stand beside it") } else { Ok(range) }
}

fn has_comment(node: Node<'_>, range: Range<usize>) -> bool {
    let comments = node.document().comments();
    comments.iter().any(|comment| range.contains(&(comment.span.start as usize)))
}

/// Gives the start of the comment lines right above a line, in its column: they are about it.
fn with_comments(whole: &str, at: usize) -> usize {
    let mut from = line_start(whole, at);
    let indent = &whole[from..at];
    while from > 0 {
        let above = line_start(whole, from - 1);
        let comment = whole[above..from].strip_prefix(indent).is_some_and(|rest| rest.starts_with('#'));
        if !comment {
            break;
        }
        from = above;
    }
    from
}
