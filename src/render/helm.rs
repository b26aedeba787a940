//! Helm charts, rendered by the installed `helm template`.
//!
//! Running a program is not this stage's business: it says what to run ([`HelmRequest`]) and reads what was printed
//! ([`HelmOutput`]). Origins are per file, from the `# Source:` lines.

use super::{Origins, Rendered, RenderedFile};
use crate::diagnostic::Diagnostic;
use crate::source::{SourceFile, SourceMap, Span};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What to hand to `helm template`.
#[derive(Clone, Debug)]
pub struct HelmRequest {
    /// The arguments, without the program: `template NAME CHART …`.
    pub arguments: Vec<String>,
}

/// What `helm template` did.
#[derive(Clone, Debug)]
pub struct HelmOutput {
    /// Whether it exited with 0.
    pub success: bool,
    /// What it printed.
    pub stdout: String,
    /// What it complained of.
    pub stderr: String,
}

/// Reads the output of `helm template`.
#[derive(Debug, Default)]
pub struct HelmEngine;

impl HelmEngine {
    /// Says how to render a chart in a folder.
    pub fn request(
        release: &super::Release,
        folder: &str,
        values_files: &[String],
        sets: &[(String, String)],
    ) -> HelmRequest {
        let mut arguments =
            vec!["template".to_owned(), release.name.clone(), folder.to_owned(), "--include-crds".to_owned()];
        if !release.namespace.is_empty() {
            arguments.extend(["--namespace".to_owned(), release.namespace.clone()]);
        }
        arguments.extend(["--kube-version".to_owned(), release.kubernetes_version.clone()]);
        for file in values_files {
            arguments.extend(["--values".to_owned(), file.clone()]);
        }
        for (flag, text) in sets {
            arguments.extend([flag.clone(), text.clone()]);
        }
        HelmRequest { arguments }
    }

    /// Reads what helm printed. `templates` are the chart's files by the path that helm names: `chart/templates/web.yaml`.
    pub fn read(output: &HelmOutput, templates: &BTreeMap<String, Arc<SourceFile>>, sources: &SourceMap) -> Rendered {
        let mut rendered = Rendered::default();
        if !output.success {
            rendered.diagnostics.push(failure(&output.stderr, templates));
            return rendered;
        }
        for (path, text) in split(&output.stdout) {
            let source = sources.add_rendered(&path, text.as_str());
            let parsed = crate::yaml::parse(&source);
            let template = templates.get(&path);
            let whole = template.map(|template| Span::new(template.id(), 0, template.line_text(1).len()));
            let origins = whole.map(|span| Origins::whole(span, text.len())).unwrap_or_default();
            let file = RenderedFile { path, source, origins, documents: parsed.documents };
            let found = parsed.diagnostics.into_iter().map(|diagnostic| file.resolve(diagnostic));
            rendered.diagnostics.extend(found);
            rendered.files.push(file);
        }
        rendered
    }
}

/// Splits helm's output at its `# Source:` lines; what one template printed is joined again.
fn split(output: &str) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = Vec::new();
    let mut lines = output.split_inclusive('\n').peekable();
    let mut current: Option<usize> = None;
    while let Some(line) = lines.next() {
        let source = lines.peek().and_then(|next| next.trim_end().strip_prefix("# Source: "));
        if line.trim_end() == "---"
            && let Some(path) = source
        {
            let known = files.iter().position(|(known, _)| known == path);
            let index = known.unwrap_or_else(|| {
                files.push((path.to_owned(), String::new()));
                files.len() - 1
            });
            current = Some(index);
        }
        if let Some(index) = current {
            files[index].1.push_str(line);
        }
    }
    files
}

/// Makes a finding of helm's complaint, at the template and line that it names.
fn failure(stderr: &str, templates: &BTreeMap<String, Arc<SourceFile>>) -> Diagnostic {
    let message = stderr.lines().find(|line| line.starts_with("Error:")).unwrap_or_else(|| stderr.trim());
    let message = message.trim_start_matches("Error:").trim();
    let diagnostic = Diagnostic::error("template/helm", message.to_owned());
    // Helm names places as `(chart/templates/web.yaml:12:3)` or `<chart/templates/web.yaml:12:3>`.
    let place = templates.iter().find_map(|(path, source)| {
        let rest = &message[message.rfind(&format!("{path}:"))? + path.len() + 1..];
        let line: u32 = rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()?;
        let start = source.line_start(line) as usize;
        Some(Span::new(source.id(), start, start + source.line_text(line).len()))
    });
    match place {
        Some(span) => diagnostic.at(span),
        None => diagnostic,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_is_split_by_source() {
        let output = "---\n# Source: c/templates/a.yaml\na: 1\n---\n# Source: c/templates/b.yaml\nb: 1\n---\n# Source: c/templates/a.yaml\na: 2\n";
        let files = split(output);
        assert_eq!(files.len(), 2);
        assert_eq!(files[0].1, "---\n# Source: c/templates/a.yaml\na: 1\n---\n# Source: c/templates/a.yaml\na: 2\n");
    }
}
