//! Helpers of this stage's tests: manifests in, findings as lines of text out.

use super::{LintConfig, LintContext, Linter, Word};
use crate::diagnostic::Diagnostic;
use crate::object::ObjectSet;
use crate::source::{SourceFile, SourceMap};
use crate::yaml::parse;
use std::sync::Arc;

/// Writes a Pod `web` with a line in its spec, and one in its container (line 8; more lines are indented by six).
pub(super) fn pod(of_pod: &str, of_container: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec:\n  {of_pod}\n  containers:\n    - name: web\n      {of_container}\n"
    )
}

/// Lints a text as a whole.
pub(super) fn lint(config: &LintConfig, run: &LintContext<'_>, text: &str) -> (Arc<SourceFile>, Vec<Diagnostic>) {
    let file = SourceMap::new().add("a.yaml", text);
    let parsed = parse(&file);
    assert!(parsed.diagnostics.is_empty(), "{:#?}\n{text}", parsed.diagnostics);
    let objects = ObjectSet::read(&parsed.documents, None, &|_, _| Vec::new());
    let (linter, problems) = Linter::new(config);
    assert!(problems.is_empty(), "{problems:#?}");
    let found = linter.lint(&objects, run);
    (file, found)
}

/// Runs one rule over a text: `line:column path: message`.
pub(super) fn problems(rule: &str, text: &str) -> Vec<String> {
    let config = LintConfig { only: vec![Word::from(rule)], ..LintConfig::default() };
    let run = LintContext { complete: true, ..LintContext::default() };
    let (file, found) = lint(&config, &run, text);
    let show = |found: Diagnostic| {
        let at = file.position(found.span.expect("a finding has a place").start);
        format!("{}:{} {}: {}", at.line, at.column, found.path.unwrap_or_default(), found.message)
    };
    found.into_iter().map(show).collect()
}
