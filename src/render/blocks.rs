//! Which blocks of a template are open where: what stands in a branch or a loop is not always reached.

use crate::source::{FileId, SourceFile};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The blocks of templates, each found when it is first asked about.
#[derive(Debug, Default)]
pub struct TemplateBlocks(Mutex<HashMap<FileId, Arc<Blocks>>>);

impl TemplateBlocks {
    /// Gives the blocks of a template.
    pub(super) fn of(&self, template: &SourceFile) -> Arc<Blocks> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(known.entry(template.id()).or_insert_with(|| Arc::new(Blocks::find(template.text()))))
    }
}

/// The blocks of one template.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    /// Where each tag begins and ends, and what is open behind it.
    tags: Vec<(usize, usize, Arc<[usize]>)>,
    /// From where on nothing is known, because a tag does not fit.
    broken: Option<usize>,
}

impl Blocks {
    fn find(text: &str) -> Self {
        let mut blocks = Self::default();
        blocks.broken = blocks.scan(text).err();
        blocks
    }

    /// Gives the blocks that are open at an offset, by where their tags, or those of their branches, begin. None inside a tag.
    pub(super) fn open(&self, at: usize) -> Option<&[usize]> {
        if self.broken.is_some_and(|broken| broken < at) {
            return None;
        }
        let before = self.tags.partition_point(|(start, ..)| *start < at);
        match before.checked_sub(1).map(|last| &self.tags[last]) {
            None => Some(&[]),
            Some((_, end, open)) => (*end <= at).then_some(open),
        }
    }

    /// Collects the tags; fails where one begins that does not fit.
    fn scan(&mut self, text: &str) -> Result<(), usize> {
        const BLOCKS: [&str; 10] =
            ["if", "for", "macro", "block", "call", "filter", "with", "set", "autoescape", "raw"];
        let mut open: Vec<(usize, &str)> = Vec::new();
        let mut from = 0;
        while let Some(start) = text[from..].find('{').map(|found| from + found) {
            let raw = open.last().is_some_and(|(_, name)| *name == "raw");
            let close = match text.get(start..start + 2) {
                Some("{%") => "%}",
                Some("{{") if !raw => "}}",
                Some("{#") if !raw => "#}",
                _ => {
                    from = start + 1;
                    continue;
                }
            };
            let end = end_of_tag(text, start + 2, close).ok_or(start)?;
            let inner = text.get(start + 2..end - 2).ok_or(start)?;
            let words = inner.trim_matches(['-', '+', ' ', '\n', '\r', '\t']);
            let name = words.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
            if raw && name != "endraw" {
                from = start + 2;
                continue;
            }
            from = end;
            if close != "%}" {
                // Opens and closes nothing.
            } else if name == "else" || name == "elif" {
                let (_, kind) = open.pop().ok_or(start)?;
                open.push((start, kind));
            } else if name.starts_with("end") {
                open.pop().ok_or(start)?;
            } else if let Some(block) = BLOCKS.iter().find(|block| **block == name) {
                // `set x = 1` opens nothing.
                if *block != "set" || !words.contains('=') {
                    open.push((start, block));
                }
            }
            let last = self.tags.last().map(|(.., open)| open);
            let same = last.filter(|known| known.iter().eq(open.iter().map(|(start, _)| start)));
            let behind = same.map_or_else(|| open.iter().map(|(start, _)| *start).collect(), Arc::clone);
            self.tags.push((start, end, behind));
        }
        Ok(())
    }
}

/// Finds where a tag ends, behind its close; quotes in it may hold anything.
fn end_of_tag(text: &str, from: usize, close: &str) -> Option<usize> {
    if close == "#}" {
        return text.get(from..)?.find(close).map(|found| from + found + 2);
    }
    let mut quote = None;
    let mut characters = text.get(from..)?.char_indices();
    while let Some((at, c)) = characters.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), '\\') => _ = characters.next(),
            (None, '"' | '\'') => quote = Some(c),
            (None, _) if text[from + at..].starts_with(close) => return Some(from + at + 2),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::Blocks;

    #[test]
    fn what_is_open_is_told_by_where_it_began() {
        let text =
            "a{% if x %}b{% else %}c{% for y in z %}{{ '%}' }}d{% endfor %}{% endif %}e{% raw %}{{ {% endraw %}f";
        let blocks = Blocks::find(text);
        let starts = |tags: &[&str]| tags.iter().map(|tag| text.find(tag).unwrap_or_default()).collect::<Vec<_>>();
        assert_eq!(blocks.open(0), Some(&[][..]));
        assert_eq!(blocks.open(text.find("%}b").unwrap_or_default() + 2), Some(&starts(&["{% if"])[..]));
        assert_eq!(blocks.open(text.find("}d").unwrap_or_default() + 1), Some(&starts(&["{% else", "{% for"])[..]));
        assert_eq!(blocks.open(text.find("%}e").unwrap_or_default() + 2), Some(&[][..]));
        assert_eq!(blocks.open(text.find("if x").unwrap_or_default()), None, "inside a tag");
        assert_eq!(blocks.open(text.len()), Some(&[][..]), "text between raw tags is text");
        let broken = Blocks::find("a{% endif %}b{{ c");
        assert_eq!((broken.open(1), broken.open(12)), (Some(&[][..]), None));
    }
}
