//! What fixes change, as a unified diff. Secrets are masked in it.

use super::Texts;
use crate::diagnostic::emit::masked_line;
use crate::source::SourceMap;
use similar::TextDiff;

/// Writes the differences between old texts and new ones.
pub(super) fn unified(old: &Texts, new: &Texts) -> String {
    let mut out = String::new();
    for (name, new) in new {
        let Some(old) = old.get(name).filter(|old| *old != new) else { continue };
        let (old, new) = (masked(name, old), masked(name, new));
        if old == new {
            out.push_str(&format!("--- a/{name}\n+++ b/{name}\n@@ a secret changes, which is not shown @@\n"));
            continue;
        }
        let diff = TextDiff::from_lines(old.as_str(), new.as_str());
        let text = diff.unified_diff().context_radius(3).header(&format!("a/{name}"), &format!("b/{name}")).to_string();
        out.push_str(&text);
    }
    out
}

/// Writes a text as it may be shown, line by line.
fn masked(name: &str, text: &str) -> String {
    let file = SourceMap::new().add(name, text);
    let line = |(index, line): (usize, &str)| {
        let bare = line.trim_end_matches(['\r', '\n']);
        format!("{}{}", masked_line(&file, index as u32 + 1), &line[bare.len()..])
    };
    text.split_inclusive('\n').enumerate().map(line).collect()
}
