//! Scalars: another value in the same quotes, or quotes around the same text.

use super::super::emit::{self, Data, Place};
use super::super::{Node, Style};
use super::{Patch, Plan, Refusal, Side, layout};

/// Gives a scalar another value. Only the bytes that differ are touched, and quotes stay what they are.
pub(super) fn replace(node: Node<'_>, data: &Data) -> Result<Plan, Refusal> {
    match written(node, data)? {
        Some(new) => Ok(exchange(node, &new)),
        None => Refusal::new("it is so already"),
    }
}

/// Writes a plain scalar in another way, such as a number in octal.
pub(super) fn write(node: Node<'_>, text: &str) -> Result<Plan, Refusal> {
    if node.scalar().is_none() || node.style() != Style::Plain || layout::is_json(node) {
        return Refusal::new("it could not be written so here");
    }
    Ok(exchange(node, text))
}

fn exchange(node: Node<'_>, new: &str) -> Plan {
    let span = node.span();
    let old = node.document().source().slice(span);
    let (head, tail) = common(old, new);
    let range = span.start as usize + head..span.end as usize - tail;
    let text = new[head..new.len() - tail].to_owned();
    let side = if head == 0 { Side::Right } else { Side::Left };
    Plan::one(span.start as usize, vec![Patch { range, text, side, base: None }])
}

/// Writes data in the style of a scalar; none where that is what stands there.
fn written(node: Node<'_>, data: &Data) -> Result<Option<String>, Refusal> {
    if node.scalar().is_none() {
        return Refusal::new("a list or a map stands there");
    }
    let old = node.document().source().slice(node.span());
    if old.contains('\n') || matches!(node.style(), Style::Literal | Style::Folded) {
        return Refusal::new("it is written on several lines");
    }
    if old.is_empty() {
        return Refusal::new("nothing is written there");
    }
    let place = if in_flow(node) { Place::Flow } else { Place::Block };
    let plain_text = |text: &str| text.chars().all(|c| emit::is_printable(c) && c != '\n' && c != '\t');
    let new = match (data, node.style()) {
        (Data::String(text), Style::SingleQuoted) if plain_text(text) => format!("'{}'", text.replace('\'', "''")),
        (Data::String(text), Style::SingleQuoted | Style::DoubleQuoted) => emit::double_quoted(text),
        (data, _) => match emit::scalar(data, place) {
            Some(text) => text.into_owned(),
            None => return Refusal::new("a list or a map is wanted there"),
        },
    };
    Ok((new != old).then_some(new))
}

/// Takes the quotes off a scalar whose text needs none.
pub(super) fn unquote(node: Node<'_>) -> Result<Plan, Refusal> {
    let (span, text) = (node.span(), node.text());
    let old = node.document().source().slice(span);
    let quoted = matches!(node.style(), Style::SingleQuoted | Style::DoubleQuoted);
    if !quoted || old.get(1..old.len().saturating_sub(1)) != Some(text) || text.is_empty() {
        return Refusal::new("it is not in quotes that could be taken off");
    }
    let cut = |at: u32, side| Patch { range: at as usize..at as usize + 1, text: String::new(), side, base: None };
    Ok(Plan::one(span.start as usize, vec![cut(span.start, Side::Right), cut(span.end - 1, Side::Left)]))
}

/// Puts quotes around a plain scalar.
pub(super) fn quote(node: Node<'_>) -> Result<Plan, Refusal> {
    let span = node.span();
    let old = node.document().source().slice(span);
    if node.scalar().is_none() || node.style() != Style::Plain {
        return Refusal::new("it is no plain scalar");
    }
    if old.is_empty() || old.contains(['\n', '"', '\\']) {
        return Refusal::new("quotes alone would not make it the same text");
    }
    let insert = |at: u32, side| Patch { range: at as usize..at as usize, text: "\"".to_owned(), side, base: None };
    Ok(Plan::one(span.start as usize, vec![insert(span.start, Side::Right), insert(span.end, Side::Left)]))
}

/// Tells whether a node stands between brackets.
pub(super) fn in_flow(node: Node<'_>) -> bool {
    node.parent().is_some_and(|parent| parent.style() == Style::Flow)
}

/// Gives the length of the longest common beginning of two texts, and of the longest common end of what is left.
fn common(old: &str, new: &str) -> (usize, usize) {
    let same = |(a, b): &(char, char)| a == b;
    let head: usize = old.chars().zip(new.chars()).take_while(same).map(|(c, _)| c.len_utf8()).sum();
    let (old, new) = (&old[head..], &new[head..]);
    let tail: usize = old.chars().rev().zip(new.chars().rev()).take_while(same).map(|(c, _)| c.len_utf8()).sum();
    (head, tail)
}
