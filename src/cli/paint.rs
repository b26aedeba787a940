//! Text for people: colours where they are wanted, lines no longer than somebody reads.

/// Colours text, or leaves it as it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paint {
    /// Uses ANSI colours.
    pub colour: bool,
}

impl Paint {
    /// Makes a heading of it.
    pub(super) fn bold(self, text: &str) -> String {
        self.with("1", text)
    }

    /// Marks what is wrong.
    pub(super) fn red(self, text: &str) -> String {
        self.with("1;31", text)
    }

    /// Marks what is right.
    pub(super) fn green(self, text: &str) -> String {
        self.with("1;32", text)
    }

    /// Marks what is doubtful.
    pub(super) fn yellow(self, text: &str) -> String {
        self.with("1;33", text)
    }

    fn with(self, code: &str, text: &str) -> String {
        if self.colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// Breaks paragraphs into lines of at most so many characters; a longer word gets a line of its own.
pub(super) fn wrap(text: &str, width: usize) -> String {
    let mut out = String::new();
    for paragraph in text.lines() {
        let mut column = 0;
        for word in paragraph.split_whitespace() {
            let length = word.chars().count();
            if column > 0 && column + 1 + length > width {
                out.push('\n');
                column = 0;
            }
            if column > 0 {
                out.push(' ');
                column += 1;
            }
            out += word;
            column += length;
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::wrap;

    #[test]
    fn lines_are_broken_between_words() {
        assert_eq!(wrap("one two three\n\nfour-and-more é", 8), "one two\nthree\n\nfour-and-more\né\n");
    }
}
