//! What stays of a finding when the lines around it move: a hash that tells it from others and finds it again.

use super::mask;
use crate::diagnostic::Diagnostic;
use crate::source::SourceMap;
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;

/// Names the recipe of the fingerprints: it changes with what goes into them.
pub const MARK: &str = "plimsoll/v1";

/// So many bytes of a hash are told.
const BYTES: usize = 10;

/// Makes fingerprints, and counts how often each came.
///
/// A fingerprint is made of the rule, the object, the field (whatever its place in lists), the container, and the text of the
/// line, secrets left out. Line numbers, messages, environments and versions have no part in it, and nor has the file's name.
#[derive(Debug, Default)]
pub struct Fingerprints {
    seen: HashMap<(String, String), usize>,
}

impl Fingerprints {
    /// Gives a finding's fingerprint.
    pub fn of(finding: &Diagnostic, sources: &SourceMap) -> String {
        let mut hash = Sha256::new();
        let mut add = |part: &str| {
            hash.update(part.as_bytes());
            hash.update([0]);
        };
        add(&finding.rule);
        if let Some(object) = &finding.object {
            add(&object.api_version);
            add(&object.kind);
            add(&object.name);
        }
        add(&without_indexes(finding.path.as_deref().unwrap_or_default()));
        add(finding.container.as_deref().unwrap_or_default());
        if let Some(span) = finding.span {
            let file = sources.file(span.file);
            let line = file.position(span.start).line;
            let text = file.line_text(line);
            let shown = mask::masked_from(&file, line, finding.masked).unwrap_or(text.len());
            add(text.get(..shown).unwrap_or_default().trim());
        }
        hash.finalize().iter().take(BYTES).fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
    }

    /// Gives a finding's fingerprint with a number that tells it from equal ones of its file, counted in order.
    pub fn numbered(&mut self, finding: &Diagnostic, sources: &SourceMap) -> String {
        let fingerprint = Self::of(finding, sources);
        let file = finding.span.map(|span| sources.file(span.file).name().to_owned()).unwrap_or_default();
        let seen = self.seen.entry((file, fingerprint.clone())).or_default();
        *seen += 1;
        format!("{fingerprint}:{seen}")
    }
}

/// Takes the numbers out of a path: `containers[0].image` is `containers[].image`.
fn without_indexes(path: &str) -> String {
    let mut inside = false;
    path.chars()
        .filter(|c| {
            let keep = !inside || !c.is_ascii_digit();
            inside = *c == '[' || inside && *c != ']';
            keep
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Span;

    fn of(text: &str, at: &str, path: &str) -> String {
        let sources = SourceMap::new();
        let file = sources.add("a.yaml", text);
        let start = text.find(at).expect("is there");
        let span = Span::new(file.id(), start, start + at.len());
        Fingerprints::of(&Diagnostic::warning("latest-tag", "m").at(span).path(path), &sources)
    }

    #[test]
    fn a_fingerprint_survives_what_moves_and_tells_apart_what_differs() {
        let known = of("a:\n  - image: nginx\n", "nginx", "a[0].image");
        assert_eq!(known.len(), 2 * BYTES);
        assert_eq!(of("# more\na:\n  - x: 1\n  -   image: nginx\n", "nginx", "a[1].image").len(), 2 * BYTES);
        assert_eq!(of("# more\n\na:\n  - image: nginx\n", "nginx", "a[0].image"), known, "lines above");
        assert_eq!(of("a:\n    - image: nginx\n", "nginx", "a[3].image"), known, "another place in the list");
        assert_ne!(of("a:\n  - image: redis\n", "redis", "a[0].image"), known, "another line");
        assert_ne!(of("a:\n  - image: nginx\n", "nginx", "b[0].image"), known, "another field");
    }

    #[test]
    fn secrets_have_no_part_in_it() {
        let of = |secret: &str| of(&format!("password: {secret}\n"), "password", "password");
        assert_eq!(of("hunter2"), of("hunter3"));
    }

    #[test]
    fn equal_findings_are_counted() {
        let sources = SourceMap::new();
        let span = sources.add("a.yaml", "a: 1\n").span();
        let finding = Diagnostic::error("x", "m").at(span);
        let mut prints = Fingerprints::default();
        let (first, second) = (prints.numbered(&finding, &sources), prints.numbered(&finding, &sources));
        assert_eq!(first.replace(":1", ":2"), second);
    }
}
