//! `render`: manifests to standard output or into a folder.

use crate::cli::Exit;
use crate::cli::args::{Colour, ReleaseArgs};
use crate::cli::compile::release::{self, Output};
use crate::cli::inputs::plan::One;
use crate::cli::report;
use crate::cli::trouble::Trouble;
use crate::cli::world::World;
use crate::diagnostic::Diagnostic;
use crate::source::{Origin, SourceFile, SourceMap, Span};
use clap::Args;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

/// The flags of `render`.
#[derive(Args)]
pub(in crate::cli) struct RenderArgs {
    /// A chart; the current folder's where none is given
    #[arg(value_name = "PATH")]
    path: Option<PathBuf>,
    #[command(flatten)]
    release: ReleaseArgs,
    /// Use this workspace file instead of the plimsoll.yaml found upwards
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Write each file below this folder instead of standard output
    #[arg(long, value_name = "FOLDER")]
    output_dir: Option<PathBuf>,
    /// Only this file of the chart, such as templates/web.yaml (repeatable)
    #[arg(long = "show-only", value_name = "FILE")]
    only: Vec<String>,
    /// Put in front of every line where it was written
    #[arg(long, conflicts_with = "output_dir")]
    show_origin: bool,
    /// Colour the findings
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    color: Colour,
}

/// A file of the output.
pub(in crate::cli) struct File {
    /// The path in the chart.
    pub path: String,
    /// What was rendered.
    pub source: Arc<SourceFile>,
}

impl RenderArgs {
    /// Runs `render`.
    pub(in crate::cli) fn run(&self, world: &dyn World) -> Exit {
        let sources = SourceMap::new();
        match self.render(&sources, world) {
            Ok(exit) => exit,
            Err(trouble) => {
                trouble.tell(world);
                Exit::Trouble
            }
        }
    }

    fn render(&self, sources: &SourceMap, world: &dyn World) -> Result<Exit, Trouble> {
        let one = One { path: self.path.as_deref(), args: &self.release, config: self.config.as_deref() };
        let (job, mut findings) = one.plan(sources, world)?;
        let mut output = release::render(&job, sources, world)?;
        findings.append(&mut output.findings);
        if report::tell(findings, self.color, sources, world) {
            return Ok(Exit::Trouble);
        }
        let mut files = files(&output);
        for wanted in &self.only {
            if !files.iter().any(|file| file.path == *wanted) {
                let known: Vec<_> = files.iter().map(|file| file.path.as_str()).collect();
                return Err(Trouble::new(format!("`{wanted}` is not among the rendered files"))
                    .help(format!("there are {}", known.join(", "))));
            }
        }
        files.retain(|file| self.only.is_empty() || self.only.contains(&file.path));
        let Some(folder) = &self.output_dir else {
            let text = if self.show_origin { with_origins(&files, &output, sources) } else { joined(&files) };
            return Ok(crate::cli::print(&text, world));
        };
        for file in &files {
            let path = folder.join(&file.path);
            let written = world.write(&path, file.source.text().as_bytes());
            written.map_err(|error| Trouble::io("write", &path, &error))?;
        }
        Ok(crate::cli::print(&format!("wrote {} files to {}\n", files.len(), folder.display()), world))
    }
}

/// Gives the files of the output, definitions of custom resources first.
pub(in crate::cli) fn files(output: &Output) -> Vec<File> {
    let definitions = output.definitions.iter().map(|(path, source)| (path.clone(), source));
    let rendered = output.rendered.iter().flat_map(|(prefix, rendered)| {
        rendered.files.iter().map(move |file| (format!("{prefix}{}", file.path), &file.source))
    });
    definitions.chain(rendered).map(|(path, source)| File { path, source: Arc::clone(source) }).collect()
}

/// Joins files to one stream of documents.
fn joined(files: &[File]) -> String {
    let mut text = String::new();
    for file in files {
        let body = file.source.text();
        if !text.is_empty() && !body.starts_with("---") {
            text += "---\n";
        }
        text += body;
        if !text.ends_with('\n') {
            text.push('\n');
        }
    }
    text
}

/// Writes every line behind the file and line that a person wrote for it.
fn with_origins(files: &[File], output: &Output, sources: &SourceMap) -> String {
    let mut lines = Vec::new();
    for File { source, .. } in files {
        for (index, line) in source.text().lines().enumerate() {
            let start = source.line_start(index as u32 + 1) as usize;
            let inner = line.len() - line.trim_start().len();
            let place = Diagnostic::error("", "").at(Span::new(source.id(), start + inner, start + line.len()));
            let span = output.resolve(place).span.filter(|_| !line.trim().is_empty());
            let origin = span.map(|span| (sources.file(span.file), span.start));
            let origin = origin.filter(|(file, _)| file.origin() == Origin::Written);
            let origin = origin.map(|(file, start)| format!("{}:{}", file.name(), file.position(start).line));
            lines.push((origin.unwrap_or_default(), line));
        }
    }
    let width = lines.iter().map(|(origin, _)| origin.chars().count()).max().unwrap_or_default();
    let mut text = String::new();
    for (origin, line) in lines {
        let _ = writeln!(text, "{}", format!("{origin:width$} | {line}").trim_end());
    }
    text
}
