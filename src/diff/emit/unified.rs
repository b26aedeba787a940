//! Unified diffs of whole objects, as `diff -u` writes them: for other tools.

use super::{Format, Report, block, name, remarks};
use crate::yaml::emit::Data;
use similar::TextDiff;
use std::fmt::Write as _;

/// Writes a report as unified diffs.
#[derive(Clone, Copy, Debug)]
pub struct Unified;

impl Format for Unified {
    fn write(&self, report: &Report) -> String {
        let mut text = String::new();
        for part in &report.parts {
            if !part.changes.is_empty() {
                let _ = writeln!(text, "# {}", part.title());
            }
            for change in &part.changes.objects {
                for remark in remarks(change) {
                    let _ = writeln!(text, "# {}: {remark}", name(&change.object));
                }
                let side = |data: &Option<Data>| data.as_ref().map(block).unwrap_or_default();
                let (old, new) = (side(&change.old), side(&change.new));
                let path = name(&change.object).replacen(' ', "/", 1);
                let label = |letter: &str, there: bool| {
                    if there { format!("{letter}/{path}") } else { "/dev/null".to_owned() }
                };
                let (from, to) = (label("a", change.old.is_some()), label("b", change.new.is_some()));
                let diff = TextDiff::from_lines(&old, &new);
                text += &diff.unified_diff().context_radius(3).header(&from, &to).to_string();
            }
        }
        text
    }
}
