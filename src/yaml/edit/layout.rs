//! How a text is laid out: line breaks, columns, where an entry ends.

use super::super::emit::{self, Data, Place};
use super::super::{Entry, Node, Style};
use super::{first_entry, is_empty, own_entries};

/// Gives the whole text that a node stands in.
pub(super) fn text(node: Node<'_>) -> &str {
    node.document().source().text()
}

/// Gives the line break that the lines around an offset have.
pub(super) fn line_break(text: &str, at: usize) -> &'static str {
    let here = text[at..].find('\n').map(|end| at + end).or_else(|| text[..at].rfind('\n'));
    match here {
        Some(end) if text[..end].ends_with('\r') => "\r\n",
        _ => "\n",
    }
}

/// Gives the offset at which the line of an offset starts.
pub(super) fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |end| end + 1)
}

/// Gives the offset of the line break that ends the line of an offset, or the end of the text.
pub(super) fn line_end(text: &str, at: usize) -> usize {
    let end = text[at..].find('\n').map_or(text.len(), |end| at + end);
    if text[at..end].ends_with('\r') { end - 1 } else { end }
}

/// Gives the column (from 0) of what only blanks and dashes stand before on its line.
pub(super) fn column(text: &str, at: usize) -> Option<usize> {
    let before = text[line_start(text, at)..at].trim_start_matches('\u{feff}');
    before.bytes().all(|byte| byte == b' ' || byte == b'-').then_some(before.len())
}

/// Tells whether nothing but blanks stands before an offset on its line.
pub(super) fn begins_line(text: &str, at: usize) -> bool {
    text[line_start(text, at)..at].trim_start_matches('\u{feff}').bytes().all(|byte| byte == b' ')
}

/// Tells whether nothing but blanks and a comment follow up to the end of the line.
pub(super) fn ends_line(text: &str, at: usize) -> bool {
    let rest = &text[at..line_end(text, at)];
    let trimmed = rest.trim_start_matches([' ', '\t']);
    trimmed.is_empty() || (trimmed.starts_with('#') && (trimmed.len() < rest.len() || rest.is_empty()))
}

/// Gives where an entry ends as it is written; none where an alias hides it.
pub(super) fn end(entry: Entry<'_>) -> Option<usize> {
    if entry.value.parent() == entry.key.parent() {
        return end_of(entry.value);
    }
    // An alias: `key: *name`.
    let rest = text(entry.key).get(entry.key.span().end as usize..)?;
    let name = rest.trim_start_matches([' ', '\t']).strip_prefix(':')?.trim_start_matches([' ', '\t']);
    let name = name.strip_prefix('*')?;
    let length = name.find(|c: char| c.is_whitespace() || ",[]{}".contains(c)).unwrap_or(name.len());
    Some(text(entry.key).len() - name.len() + length)
}

/// Gives where a node ends that is written where it stands; of a block scalar that keeps its blank lines, behind them.
pub(super) fn end_of(node: Node<'_>) -> Option<usize> {
    let span = node.span();
    let whole = text(node);
    match node.style() {
        Style::Literal | Style::Folded => {
            let header = whole.get(span.range())?.lines().next()?;
            let mut end = span.end as usize;
            if header.split('#').next()?.contains('+') {
                let blank = &whole[end..];
                let kept = blank.len() - blank.trim_start_matches([' ', '\r', '\n']).len();
                let kept = blank[..kept].rfind('\n').unwrap_or(0);
                end += kept;
            }
            Some(end)
        }
        Style::Plain if node.scalar().is_none() && !is_empty(node) => {
            match (own_entries(node).last(), node.items().next_back()) {
                (Some(last), _) => end(*last).map(|end| end.max(span.end as usize)),
                (None, Some(item)) if item.parent() == Some(node) => end_of(item),
                _ => None,
            }
        }
        _ => Some(span.end as usize),
    }
}

/// Guesses by how many columns a map's fields stand deeper than their key.
pub(super) fn step(map: Node<'_>) -> usize {
    let inner = |map: Node<'_>| {
        let whole = text(map);
        let outer = column(whole, first_entry(map)?.key.span().start as usize)?;
        let own = map.entries().filter(|entry| entry.key.parent() == Some(map));
        let steps = own.filter_map(|entry| {
            let first = first_entry(entry.value).filter(|_| entry.value.style() == Style::Plain)?;
            column(whole, first.key.span().start as usize)?.checked_sub(outer)
        });
        steps.filter(|step| (1..=8).contains(step)).min()
    };
    std::iter::successors(Some(map), |node| node.parent()).find_map(inner).unwrap_or(2)
}

/// Tells whether keys of flow maps are quoted here, as JSON has them.
pub(super) fn is_json(node: Node<'_>) -> bool {
    let quoted = |node: Node<'_>| {
        let first = first_entry(node).map(|entry| entry.key.style());
        first.filter(|_| node.style() == Style::Flow).map(|style| style == Style::DoubleQuoted)
    };
    std::iter::successors(Some(node), |node| node.parent()).find_map(quoted).unwrap_or(false)
}

/// Writes data on one line, as JSON where the text around is.
pub(super) fn flow(data: &Data, json: bool) -> String {
    if json { data.to_json().to_string() } else { emit::flow(data) }
}

/// Writes a key for a flow map.
pub(super) fn flow_key(key: &str, json: bool) -> String {
    if json { emit::double_quoted(key) } else { emit::string(key, Place::Flow).into_owned() }
}

/// Writes an entry of a block map, its key at a column; without the indentation of the first line and the last line break.
pub(super) fn block_entry(key: &str, data: &Data, column: usize, step: usize, line_break: &str) -> String {
    let mut out = String::new();
    push_entry(&mut out, key, data, column, step, line_break);
    out
}

fn push_entry(out: &mut String, key: &str, data: &Data, column: usize, step: usize, line_break: &str) {
    out.push_str(&emit::string(key, Place::Block));
    out.push(':');
    push_value(out, data, column, step, line_break);
}

fn push_value(out: &mut String, data: &Data, column: usize, step: usize, line_break: &str) {
    match data {
        Data::Map(entries) if !entries.is_empty() => {
            for (key, value) in entries {
                out.push_str(line_break);
                out.extend(std::iter::repeat_n(' ', column + step));
                push_entry(out, key, value, column + step, step, line_break);
            }
        }
        Data::Seq(items) if !items.is_empty() => {
            for item in items {
                out.push_str(line_break);
                out.extend(std::iter::repeat_n(' ', column + step));
                out.push_str("- ");
                out.push_str(&block_item(item, column + step, step, line_break));
            }
        }
        Data::String(text) => {
            out.push(' ');
            out.push_str(&emit::string(text, Place::Block));
        }
        other => {
            out.push(' ');
            out.push_str(&emit::flow(other));
        }
    }
}

/// Writes an item behind its dash, which stands at a column.
pub(super) fn block_item(data: &Data, column: usize, step: usize, line_break: &str) -> String {
    match data {
        Data::Map(entries) if !entries.is_empty() => {
            let lines: Vec<_> =
                entries.iter().map(|(key, value)| block_entry(key, value, column + 2, step, line_break)).collect();
            lines.join(&format!("{line_break}{}", " ".repeat(column + 2)))
        }
        Data::String(text) => emit::string(text, Place::Block).into_owned(),
        other => emit::flow(other),
    }
}
