//! `--only-changed`: findings on lines that changed since a git revision. Git itself is asked.

use crate::cli::paths::{Base, slashed};
use crate::cli::trouble::Trouble;
use crate::cli::world::World;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::emit::Report;
use crate::source::{SourceMap, Span};
use std::collections::{BTreeSet, HashMap};
use std::io;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

/// What changed since a revision in the repository of the current folder.
pub(in crate::cli) struct Changed {
    base: Base,
    root: PathBuf,
    /// What git tracks, from the root: anything else counts as changed.
    tracked: BTreeSet<String>,
    /// The lines that changed, by file.
    lines: HashMap<String, Vec<RangeInclusive<u32>>>,
}

impl Changed {
    /// Asks git what differs between a revision and the files as they are now.
    pub(in crate::cli) fn since(revision: &str, base: &Base, world: &dyn World) -> Result<Self, Trouble> {
        let ask = |arguments: &[&str]| ask(arguments, world);
        let up = ask(&["rev-parse", "--show-cdup"])?.map_err(|told| {
            Trouble::new(format!("`--only-changed` asks git, which says: {told}")).help("run it in a git repository")
        })?;
        let up = if up.trim().is_empty() { "." } else { up.trim() };
        let commit = format!("{revision}^{{commit}}");
        let commit = ask(&["rev-parse", "--verify", "--quiet", "--end-of-options", &commit])?.map_err(|_| {
            Trouble::new(format!("`--only-changed`: git knows no revision `{revision}`"))
                .help("fetch it first: a shallow clone lacks older commits and other branches")
        })?;
        let failed = |told: String| Trouble::new(format!("`--only-changed` asks git, which says: {told}"));
        let tracked = ask(&["-C", up, "ls-files", "-z"])?.map_err(failed)?;
        // Each flag stands against a setting by which people change what git prints.
        let diff = ask(&[
            "-c",
            "core.quotePath=false",
            "diff",
            "--no-color",
            "--no-ext-diff",
            "--no-textconv",
            "--no-relative",
            "--text",
            "--unified=0",
            "--inter-hunk-context=0",
            "--find-renames",
            "--src-prefix=a/",
            "--dst-prefix=b/",
            "--ignore-submodules=all",
            commit.trim(),
            "--",
        ])?
        .map_err(failed)?;
        Ok(Self {
            base: base.clone(),
            root: base.absolute(Path::new(up)),
            tracked: tracked.split('\0').filter(|name| !name.is_empty()).map(str::to_owned).collect(),
            lines: read_diff(&diff),
        })
    }

    /// Takes out the findings on lines that did not change, and counts them.
    pub(in crate::cli) fn limit(&self, report: &mut Report, sources: &SourceMap) {
        let before = report.findings.len();
        report.findings.retain(|finding| self.touches(finding, sources));
        report.unchanged = before - report.findings.len();
    }

    /// Tells whether a line of a finding changed: its place, a further one, the value to change, or a call on the way. What has no place is new
    /// for all that anybody knows.
    fn touches(&self, finding: &Diagnostic, sources: &SourceMap) -> bool {
        let labels = finding.labels.iter().map(|label| label.span);
        let calls = finding.trace.iter().map(|step| step.span);
        let edit = finding.edit.iter().map(|edit| edit.span);
        finding.span.is_none_or(|span| {
            std::iter::once(span).chain(labels).chain(calls).chain(edit).any(|span| self.holds(span, sources))
        })
    }

    fn holds(&self, span: Span, sources: &SourceMap) -> bool {
        let file = sources.file(span.file);
        let absolute = self.base.absolute(Path::new(file.name()));
        let Ok(name) = absolute.strip_prefix(&self.root).map(slashed) else { return true };
        if !self.tracked.contains(&name) {
            return true;
        }
        let first = file.position(span.start).line;
        // A span that ends with its line does not reach the next one.
        let last = file.position(span.end.saturating_sub(1).max(span.start)).line;
        let ranges = self.lines.get(&name).map(Vec::as_slice).unwrap_or_default();
        ranges.iter().any(|range| *range.start() <= last && first <= *range.end())
    }
}

/// Runs git: its output, or what it says is wrong. Without git there is trouble.
fn ask(arguments: &[&str], world: &dyn World) -> Result<Result<String, String>, Trouble> {
    let arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
    match world.run("git", &arguments) {
        Ok(finished) if finished.success => Ok(Ok(String::from_utf8_lossy(&finished.stdout).into_owned())),
        Ok(finished) => {
            let told = finished.stderr.lines().next().unwrap_or("nothing");
            Ok(Err(told.trim_start_matches("fatal: ").to_owned()))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(Trouble::new("`--only-changed` asks git, which is not installed"))
        }
        Err(error) => Err(Trouble::new(format!("`--only-changed` asks git, which cannot be started: {error}"))),
    }
}

/// Reads a diff without context: the lines of each file, as it is now, that changed. Where lines went away, the lines beside
/// them count.
fn read_diff(diff: &str) -> HashMap<String, Vec<RangeInclusive<u32>>> {
    let mut changed: HashMap<String, Vec<RangeInclusive<u32>>> = HashMap::new();
    let mut file: Option<String> = None;
    // So many lines of a hunk are still to come: what they hold is nothing of ours.
    let mut inside = 0;
    for line in diff.split('\n') {
        if inside > 0 {
            inside -= usize::from(!line.starts_with('\\'));
        } else if let Some(name) = line.strip_prefix("+++ ") {
            file = unquote(name.trim_end_matches('\t')).strip_prefix("b/").map(str::to_owned);
        } else if let Some((old, (start, count))) = line.strip_prefix("@@ -").and_then(read_hunk) {
            inside = (old + count) as usize;
            let range = if count == 0 { start..=start + 1 } else { start..=start + count - 1 };
            if let Some(name) = &file {
                changed.entry(name.clone()).or_default().push(range);
            }
        }
    }
    changed
}

/// Reads `10,2 +12,3 @@`: how many lines there were, and the first and the number of those that are.
fn read_hunk(text: &str) -> Option<(u32, (u32, u32))> {
    let mut parts = text.split(' ');
    let pair = |text: &str| match text.split_once(',') {
        Some((start, count)) => Some((start.parse::<u32>().ok()?, count.parse::<u32>().ok()?)),
        None => Some((text.parse().ok()?, 1)),
    };
    let (_, old) = pair(parts.next()?)?;
    Some((old, pair(parts.next()?.strip_prefix('+')?)?))
}

/// Reads a name as git writes it: in quotes, with C's escapes, where it holds something odd.
fn unquote(name: &str) -> String {
    let Some(inner) = name.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else { return name.to_owned() };
    let mut bytes = Vec::new();
    let mut rest = inner.bytes().peekable();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        let escaped = rest.next().unwrap_or(b'\\');
        bytes.push(match escaped {
            b'0'..=b'7' => {
                let mut value = u32::from(escaped - b'0');
                while let Some(digit) = rest.next_if(|byte| (b'0'..=b'7').contains(byte)) {
                    value = value * 8 + u32::from(digit - b'0');
                }
                u8::try_from(value & 0xff).unwrap_or_default()
            }
            b'n' => b'\n',
            b't' => b'\t',
            b'r' => b'\r',
            b'a' => 7,
            b'b' => 8,
            b'v' => 11,
            b'f' => 12,
            other => other,
        });
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diff_tells_the_lines_of_each_file() {
        let diff = "diff --git a/a b.yaml b/a b.yaml\n--- a/a b.yaml\t\n+++ b/a b.yaml\t\n@@ -1 +1,2 @@ spec:\n-x\n+++ b/fake.yaml\n+@@ -1 +1,9 @@\n@@ -9,2 +10,0 @@\n-a\n-b\n\\ No newline at end of file\ndiff --git \"a/\\\"q\\303\\251\\\".yaml\" \"b/\\\"q\\303\\251\\\".yaml\"\n--- /dev/null\n+++ \"b/\\\"q\\303\\251\\\".yaml\"\n@@ -0,0 +1,3 @@\n+a\n+b\n+c\ndiff --git a/gone.yaml b/gone.yaml\n--- a/gone.yaml\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n";
        let changed = read_diff(diff);
        let mut files: Vec<_> = changed.into_iter().collect();
        files.sort_by(|a, b| a.0.cmp(&b.0));
        assert_eq!(files, [("\"qé\".yaml".to_owned(), vec![1..=3]), ("a b.yaml".to_owned(), vec![1..=2, 10..=11])]);
    }
}
