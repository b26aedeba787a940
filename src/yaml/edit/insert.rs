//! New entries of maps and items of lists.

use super::super::emit::Data;
use super::super::{Kind, Node, Style};
use super::layout::{self, begins_line, column, ends_line, flow, flow_key, line_break, line_end, text};
use super::{Patch, Plan, Refusal, Side, is_empty, own_entries, scalar};
use crate::source::Origin;

/// Gives the field that keys lead to from a map a value, and makes the maps on the way.
pub(super) fn set(map: Node<'_>, keys: &[String], value: &Data) -> Result<Plan, Refusal> {
    let Some((key, below)) = keys.split_first() else { return Refusal::new("no field is named") };
    if map.is_shared() {
        return Refusal::new("an anchor is there, and aliases use it elsewhere");
    }
    if map.kind() != Kind::Map {
        return Refusal::new("it is no map");
    }
    let Some(entry) = map.entry(key) else { return add(map, key, &nested(below, value)) };
    if entry.value.is_null() || is_empty(entry.value) {
        return fill(entry.value, &nested(below, value));
    }
    match below {
        [] if Data::from_node(entry.value) == *value => Refusal::new("it is so already"),
        [] if entry.value.is_shared() => Refusal::new("an anchor is there, and aliases use it elsewhere"),
        [] => scalar::replace(entry.value, value),
        _ => set(entry.value, below, value),
    }
}

fn nested(keys: &[String], value: &Data) -> Data {
    keys.iter().rev().fold(value.clone(), |value, key| Data::Map(vec![(key.clone(), value)]))
}

/// Gives a field that holds nothing (null, `{}`) a value.
fn fill(node: Node<'_>, value: &Data) -> Result<Plan, Refusal> {
    if node.is_shared() {
        return Refusal::new("an anchor is there, and aliases use it elsewhere");
    }
    let whole = text(node);
    let span = node.span();
    let Some(entry) = super::own_entry(node) else { return Refusal::new("it has no key") };
    let key = entry.key.span().start as usize;
    let written = node.document().source().slice(span);
    let end = span.end as usize;
    if written.is_empty() && !scalar::in_flow(node) && ends_line(whole, end) {
        // `key:` and nothing: the fields stand below it.
        let (Data::Map(entries), Some(at)) = (value, column(whole, key)) else {
            let text = format!(" {}", flow(value, false));
            return Ok(Plan::one(key, vec![Patch { range: end..end, text, side: Side::Left, base: None }]));
        };
        let step = node.parent().map_or(2, layout::step);
        let break_ = line_break(whole, end);
        let indent = " ".repeat(at + step);
        let line = |(key, value): &(String, Data)| {
            format!("{indent}{}", layout::block_entry(key, value, at + step, step, break_))
        };
        let lines: Vec<String> = entries.iter().map(line).collect();
        return Ok(Plan::one(key, vec![below_line(whole, end, &lines.join(break_), break_, key)]));
    }
    let json = layout::is_json(node);
    let text = match (value, written) {
        (Data::Map(_) | Data::Seq(_), _) | (_, "null" | "~" | "{}" | "[]") => flow(value, json),
        // `{a: }`
        (_, "") => format!(" {}", flow(value, json)),
        _ => return Refusal::new("something is written there"),
    };
    Ok(Plan::one(key, vec![Patch { range: span.range(), text, side: Side::Left, base: None }]))
}

/// Makes lines behind the line of an offset.
fn below_line(whole: &str, at: usize, lines: &str, break_: &str, base: usize) -> Patch {
    let end = line_end(whole, at);
    Patch { range: end..end, text: format!("{break_}{lines}"), side: Side::Left, base: Some(base) }
}

/// Adds an entry to a map that has none of its key.
fn add(map: Node<'_>, key: &str, value: &Data) -> Result<Plan, Refusal> {
    let whole = text(map);
    let own = own_entries(map);
    let anchor = super::own_entry(map).map_or(map.span().start, |entry| entry.key.span().start) as usize;
    if map.style() == Style::Flow {
        return Ok(Plan::one(anchor, vec![add_to_flow(map, key, value)?]));
    }
    let columns: Vec<_> = own.iter().map(|entry| column(whole, entry.key.span().start as usize)).collect();
    let Some(Some(at)) = columns.first().copied() else {
        return Refusal::new("its fields do not stand where new ones could be lined up");
    };
    if columns.iter().any(|column| *column != Some(at)) {
        return Refusal::new("its fields do not stand in one column");
    }
    let step = layout::step(map);
    let mut ways = Vec::new();
    // What is written differs by line breaks only, and hardly any text has both.
    let mut written: Option<(&str, String)> = None;
    for entry in own.iter().rev() {
        let Some(end) = layout::end(*entry).filter(|end| ends_line(whole, *end)) else { continue };
        let break_ = line_break(whole, end);
        let (_, lines) = written.take().filter(|(with, _)| *with == break_).unwrap_or_else(|| {
            (break_, format!("{}{}", " ".repeat(at), layout::block_entry(key, value, at, step, break_)))
        });
        ways.push(vec![below_line(whole, end, &lines, break_, entry.key.span().start as usize)]);
        // Patches of what a person wrote are not carried anywhere that could refuse them.
        if map.document().source().origin() == Origin::Written {
            break;
        }
        written = Some((break_, lines));
    }
    if ways.is_empty() {
        Refusal::new("none of its fields ends where its line does")
    } else {
        Ok(Plan { anchor, ways })
    }
}

fn add_to_flow(map: Node<'_>, key: &str, value: &Data) -> Result<Patch, Refusal> {
    let json = layout::is_json(map);
    let entry = format!("{}: {}", flow_key(key, json), flow(value, json));
    let Some(last) = own_entries(map).last().copied() else {
        if map.entries().len() > 0 {
            return Refusal::new("it holds nothing but what it merges");
        }
        return Ok(inside_brackets(map, &entry));
    };
    let Some(end) = layout::end(last).filter(|end| *end > last.key.span().end as usize) else {
        return Refusal::new("its last field has no value");
    };
    Ok(behind(map, last.key.span().start as usize, end, &entry))
}

/// Puts the first entry or item between brackets.
fn inside_brackets(node: Node<'_>, inner: &str) -> Patch {
    let span = node.span();
    let text = text(node)[span.range()].to_owned();
    let (open, close) = (&text[..1], &text[text.len() - 1..]);
    let blank = if text.len() > 2 && !text.contains('\n') { " " } else { "" };
    Patch { range: span.range(), text: format!("{open}{blank}{inner}{blank}{close}"), side: Side::Left, base: None }
}

/// Puts an entry or item behind the last one, on a line of its own where that one begins its line.
fn behind(node: Node<'_>, last: usize, end: usize, inner: &str) -> Patch {
    let whole = text(node);
    let several = begins_line(whole, last) && layout::line_start(whole, last) > node.span().start as usize;
    let text = match column(whole, last).filter(|_| several) {
        Some(column) => format!(",{}{}{inner}", line_break(whole, end), " ".repeat(column)),
        None => format!(", {inner}"),
    };
    Patch { range: end..end, text, side: Side::Left, base: several.then_some(last) }
}

/// Adds an item to a list.
pub(super) fn append(list: Node<'_>, value: &Data) -> Result<Plan, Refusal> {
    if list.kind() != Kind::Seq {
        return Refusal::new("it is no list");
    }
    let anchor = super::own_entry(list).map_or(list.span().start, |entry| entry.key.span().start) as usize;
    let whole = text(list);
    let last = list.items().next_back();
    if let Some(last) = last
        && last.parent() != Some(list)
    {
        return Refusal::new("its last item is an alias");
    }
    if list.style() == Style::Flow {
        let inner = flow(value, layout::is_json(list));
        let patch = match last {
            None => inside_brackets(list, &inner),
            Some(last) => behind(list, last.span().start as usize, last.span().end as usize, &inner),
        };
        return Ok(Plan::one(anchor, vec![patch]));
    }
    let dash = list.span().start as usize;
    let (Some(last), Some(at)) = (last, column(whole, dash)) else { return Refusal::new("it has no items") };
    let Some(end) = layout::end_of(last).filter(|end| ends_line(whole, *end)) else {
        return Refusal::new("its last item does not end where its line does");
    };
    let break_ = line_break(whole, end);
    let lines = format!("{}- {}", " ".repeat(at), layout::block_item(value, at, 2, break_));
    Ok(Plan::one(anchor, vec![below_line(whole, end, &lines, break_, dash)]))
}
