//! Texts, and places in them.
//!
//! In: names and texts of files. Out: [`FileId`]s, [`Span`]s (byte ranges) and the lines and columns that people count.
//! A text never changes once it stands in the [`SourceMap`]. This stage reads no files: `cli` hands it what was read.

use rayon::prelude::*;
use std::sync::{Arc, OnceLock, RwLock};

/// Names a text in a [`SourceMap`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(u32);

/// A range of bytes in one text: `start` included, `end` excluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// The text.
    pub file: FileId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// Makes a span from byte offsets.
    pub fn new(file: FileId, start: usize, end: usize) -> Self {
        Self { file, start: start as u32, end: (end as u32).max(start as u32) }
    }

    /// Gives the byte range.
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }

    /// Gives the span from the start of this one to the end of `other`, which lies in the same text.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self { file: self.file, start: self.start, end: other.end.max(self.start) }
    }
}

/// Where a text came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A person wrote it: findings may point here.
    Written,
    /// An engine rendered it: findings are carried back to what a person wrote.
    Rendered,
}

/// A line and a column, both from 1; columns count Unicode characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
}

/// One text with its name.
#[derive(Debug)]
pub struct SourceFile {
    id: FileId,
    name: String,
    text: Arc<str>,
    origin: Origin,
    lines: OnceLock<Vec<u32>>,
}

impl SourceFile {
    /// Gives the id under which the map knows this text.
    pub fn id(&self) -> FileId {
        self.id
    }

    /// Gives the name to show: a path relative to the current folder, `-`, or `chart.tgz!path`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Gives the whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Gives the whole text, shared.
    pub fn shared_text(&self) -> Arc<str> {
        Arc::clone(&self.text)
    }

    /// Tells whether a person wrote the text or an engine did.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// Gives the text under `span`; empty where the span does not fit the text.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.range()).unwrap_or_default()
    }

    /// Gives the span of the whole text.
    pub fn span(&self) -> Span {
        Span::new(self.id, 0, self.text.len())
    }

    /// Gives the span of a range of bytes, widened to whole characters and cut to the text.
    pub fn around(&self, range: &std::ops::Range<usize>) -> Span {
        let (mut start, mut end) = (range.start.min(self.text.len()), range.end.min(self.text.len()));
        while !self.text.is_char_boundary(start) {
            start -= 1;
        }
        while !self.text.is_char_boundary(end) {
            end += 1;
        }
        Span::new(self.id, start, end)
    }

    fn lines(&self) -> &[u32] {
        self.lines.get_or_init(|| {
            let ends = self.text.match_indices('\n');
            std::iter::once(0).chain(ends.map(|(at, _)| at as u32 + 1)).collect()
        })
    }

    /// Counts the line and column of a byte offset; an offset past the end counts as the end.
    pub fn position(&self, offset: u32) -> Position {
        let offset = offset.min(self.text.len() as u32);
        let lines = self.lines();
        let line = lines.partition_point(|start| *start <= offset).max(1);
        let start = lines[line - 1] as usize;
        let before = self.text.as_bytes().get(start..offset as usize).unwrap_or_default();
        // Continuation bytes do not begin a character.
        let characters = before.iter().filter(|byte| **byte & 0xC0 != 0x80).count();
        // A byte order mark is no column of its own.
        let mark = usize::from(line == 1 && characters > 0 && self.text.starts_with('\u{feff}'));
        Position { line: line as u32, column: (characters - mark) as u32 + 1 }
    }

    /// Counts the column of a byte offset in UTF-16 code units, from 1, as editors' protocols do.
    pub fn utf16_column(&self, offset: u32) -> u32 {
        let offset = offset.min(self.text.len() as u32);
        let start = self.line_start(self.position(offset).line) as usize;
        let before = self.text.get(start..offset as usize).unwrap_or_default();
        before.trim_start_matches('\u{feff}').encode_utf16().count() as u32 + 1
    }

    /// Gives the byte offset at which a line (from 1) starts; the end of the text for lines past it.
    pub fn line_start(&self, line: u32) -> u32 {
        let lines = self.lines();
        lines.get((line as usize).saturating_sub(1)).copied().unwrap_or(self.text.len() as u32)
    }

    /// Gives the text of a line (from 1) without its line break.
    pub fn line_text(&self, line: u32) -> &str {
        let (start, end) = (self.line_start(line) as usize, self.line_start(line + 1) as usize);
        self.text.get(start..end).unwrap_or_default().trim_end_matches(['\n', '\r'])
    }
}

/// The places of texts among all by name.
#[derive(Debug)]
pub struct Ranks(Vec<u32>);

impl Ranks {
    /// Gives the place of a text; none of one that was added later.
    pub fn of(&self, id: FileId) -> Option<u32> {
        self.0.get(id.0 as usize).copied()
    }
}

/// All texts of a run. Texts are only ever added, so an id stays good; it may be shared between threads.
#[derive(Debug, Default)]
pub struct SourceMap {
    files: RwLock<Vec<Arc<SourceFile>>>,
}

impl SourceMap {
    /// Makes an empty map.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text that a person wrote.
    pub fn add(&self, name: impl Into<String>, text: impl Into<Arc<str>>) -> Arc<SourceFile> {
        self.insert(name.into(), text.into(), Origin::Written)
    }

    /// Adds a text that an engine rendered.
    pub fn add_rendered(&self, name: impl Into<String>, text: impl Into<Arc<str>>) -> Arc<SourceFile> {
        self.insert(name.into(), text.into(), Origin::Rendered)
    }

    fn insert(&self, name: String, text: Arc<str>, origin: Origin) -> Arc<SourceFile> {
        let mut files = self.files.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        let id = FileId(files.len() as u32);
        let file = Arc::new(SourceFile { id, name, text, origin, lines: OnceLock::new() });
        files.push(Arc::clone(&file));
        file
    }

    /// Gives all texts that a person wrote, in the order in which they were added.
    pub fn written(&self) -> Vec<Arc<SourceFile>> {
        let files = self.files.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        files.iter().filter(|file| file.origin == Origin::Written).cloned().collect()
    }

    /// Gives the place of each text among all by name; texts of one name share theirs.
    pub fn ranks(&self) -> Ranks {
        let files = self.files.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut by_name: Vec<&Arc<SourceFile>> = files.iter().collect();
        by_name.par_sort_unstable_by(|a, b| a.name.cmp(&b.name));
        let mut ranks = vec![0; files.len()];
        for (rank, alike) in by_name.chunk_by(|a, b| a.name == b.name).enumerate() {
            for file in alike {
                ranks[file.id.0 as usize] = rank as u32;
            }
        }
        Ranks(ranks)
    }

    /// Gives a text by its id. Ids of another map may panic or give another text.
    pub fn file(&self, id: FileId) -> Arc<SourceFile> {
        let files = self.files.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        Arc::clone(&files[id.0 as usize])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_from_one() {
        let map = SourceMap::new();
        let file = map.add("a.yaml", "ab\né🚢x\n");
        let at = |offset| (file.position(offset).line, file.position(offset).column);
        assert_eq!(at(0), (1, 1));
        assert_eq!(at(2), (1, 3));
        assert_eq!(at(3), (2, 1));
        assert_eq!(at(9), (2, 3), "two bytes and four bytes are two characters");
        assert_eq!(at(99), (3, 1), "past the end is the end");
        assert_eq!(file.line_text(2), "é🚢x");
        assert_eq!([3, 5, 9, 10, 99].map(|offset| file.utf16_column(offset)), [1, 2, 4, 5, 1], "a ship is two units");
    }
}
