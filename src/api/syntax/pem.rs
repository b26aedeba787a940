//! PEM: binary data in text, as certificates and keys are kept.

use crate::schema::decode_base64;

/// A block between `-----BEGIN …-----` and `-----END …-----`.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::api) struct Block<'t> {
    /// What it says it is: `CERTIFICATE`.
    pub(in crate::api) label: &'t str,
    /// It has headers: lines `name: value` before its data.
    pub(in crate::api) has_headers: bool,
    /// Its data.
    pub(in crate::api) bytes: Vec<u8>,
}

/// Gives the blocks of a text, as the server finds them: what is broken is skipped, as is what stands between blocks.
pub(in crate::api) fn blocks(text: &str) -> impl Iterator<Item = Block<'_>> {
    let mut lines = text.lines().map(|line| line.trim_end_matches([' ', '\t', '\r']));
    std::iter::from_fn(move || {
        let mut open: Option<(&str, bool, String)> = None;
        for line in lines.by_ref() {
            if let Some(label) = between(line, "-----BEGIN ") {
                open = Some((label, false, String::new()));
            } else if line.starts_with("-----END ") {
                let Some((label, has_headers, data)) = open.take() else { continue };
                let bytes = decode_base64(&data).filter(|_| between(line, "-----END ") == Some(label));
                if let Some(bytes) = bytes {
                    return Some(Block { label, has_headers, bytes });
                }
            } else if let Some((_, has_headers, data)) = &mut open {
                if data.is_empty() && line.contains(':') {
                    *has_headers = true;
                } else {
                    data.extend(line.chars().filter(|c| !c.is_ascii_whitespace()));
                }
            }
        }
        None
    })
}

fn between<'t>(line: &'t str, front: &str) -> Option<&'t str> {
    line.strip_prefix(front)?.strip_suffix("-----")
}

#[cfg(test)]
mod tests {
    use super::{Block, blocks};

    #[test]
    fn blocks_are_found_and_broken_ones_skipped() {
        let text = "-----BEGIN A-----\naGk\n-----END A-----\nnoise\n-----BEGIN B-----\n-----BEGIN A B-----\nx: y\n\naG\nk=\n-----END A B-----\n";
        let found: Vec<Block<'_>> = blocks(text).collect();
        assert_eq!(found, [Block { label: "A B", has_headers: true, bytes: b"hi".to_vec() }]);
        assert_eq!(blocks("-----BEGIN A-----\naGk=\n").count(), 0);
        assert_eq!(blocks("").count(), 0);
    }
}
