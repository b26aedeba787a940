//! Helm charts, rendered by the installed `helm template`.
//!
//! Running a program is not this stage's business: it is handed a way to run helm, says with which arguments, and reads what
//! was printed. Origins are per file, from the `# Source:` lines.

use super::{Engine, EngineError, Origins, Rendered, RenderedFile, Request};
use crate::diagnostic::Diagnostic;
use crate::source::{SourceFile, SourceMap, Span};
use std::collections::BTreeMap;
use std::sync::Arc;

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

/// Runs helm with these arguments.
pub type RunHelm<'a> = &'a (dyn Fn(&[String]) -> Result<HelmOutput, EngineError> + Sync);

/// Renders Helm charts. Merging values is helm's own business: the values of a request are not looked at.
pub struct HelmEngine<'a> {
    /// Runs helm.
    pub run: RunHelm<'a>,
    /// The chart's folder.
    pub folder: String,
    /// Files of values, the later over the earlier.
    pub values_files: Vec<String>,
    /// Flags that set values, with their arguments.
    pub sets: Vec<(String, String)>,
    /// The chart's files by the path that helm names: `chart/templates/web.yaml`.
    pub sources: BTreeMap<String, Arc<SourceFile>>,
}

impl Engine for HelmEngine<'_> {
    fn render(&self, request: Request<'_>, sources: &SourceMap) -> Result<Rendered, EngineError> {
        Ok(read(&(self.run)(&self.arguments(request.release))?, &self.sources, sources))
    }
}

impl HelmEngine<'_> {
    fn arguments(&self, release: &super::Release) -> Vec<String> {
        let mut arguments = ["template", &release.name, &self.folder, "--include-crds"].map(str::to_owned).to_vec();
        let mut add = |flag: &str, argument: &str| arguments.extend([flag.to_owned(), argument.to_owned()]);
        if !release.namespace.is_empty() {
            add("--namespace", &release.namespace);
        }
        add("--kube-version", &release.kubernetes_version);
        for version in &release.api_versions {
            add("--api-versions", version);
        }
        for file in &self.values_files {
            add("--values", file);
        }
        for (flag, text) in &self.sets {
            add(flag, text);
        }
        if release.is_upgrade {
            arguments.push("--is-upgrade".to_owned());
        }
        arguments
    }
}

/// Reads what helm printed.
fn read(output: &HelmOutput, templates: &BTreeMap<String, Arc<SourceFile>>, sources: &SourceMap) -> Rendered {
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
