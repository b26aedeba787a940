//! `values`: a chart's merged values, each with where it was written.

use crate::chart::{Value, ValueData};
use crate::cli::Exit;
use crate::cli::args::{Colour, ReleaseArgs};
use crate::cli::compile::release;
use crate::cli::inputs::plan::One;
use crate::cli::report;
use crate::cli::trouble::Trouble;
use crate::cli::world::World;
use crate::diagnostic::emit::MASK;
use crate::diagnostic::nearest;
use crate::diagnostic::secret::{is_secret_path, secret_form};
use crate::source::{SourceMap, Span};
use crate::yaml::emit::{self, Data};
use clap::Args;
use std::path::PathBuf;

/// The flags of `values`.
#[derive(Args)]
pub(in crate::cli) struct ValuesArgs {
    /// A chart; the one of the current folder where nothing is named
    #[arg(value_name = "PATH")]
    path: Option<PathBuf>,
    /// Only this key, such as web.image
    #[arg(value_name = "KEY")]
    key: Option<String>,
    #[command(flatten)]
    release: ReleaseArgs,
    /// Use this workspace file instead of the plimsoll.yaml found upwards
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Colour the findings
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    color: Colour,
}

impl ValuesArgs {
    /// Runs `values`.
    pub(in crate::cli) fn run(&self, world: &dyn World) -> Exit {
        let sources = SourceMap::new();
        match self.show(&sources, world) {
            Ok(exit) => exit,
            Err(trouble) => {
                trouble.tell(world);
                Exit::Trouble
            }
        }
    }

    fn show(&self, sources: &SourceMap, world: &dyn World) -> Result<Exit, Trouble> {
        let one = One { path: self.path.as_deref(), args: &self.release, config: self.config.as_deref() };
        let (job, mut findings) = one.plan(sources, world)?;
        let composed = release::compose(&job);
        findings.extend(composed.diagnostics);
        let failed = report::tell(findings, self.color, sources, world);
        let (path, value) = match &self.key {
            Some(key) => (key.as_str(), find(&composed.values, key)?),
            None => ("", &composed.values),
        };
        let mut writer = Writer { sources, text: String::new() };
        writer.block(path, value, 0);
        let exit = crate::cli::print(&writer.text, world);
        Ok(if failed { Exit::Trouble } else { exit })
    }
}

/// Follows a dotted key.
fn find<'v>(values: &'v Value, key: &str) -> Result<&'v Value, Trouble> {
    let mut value = values;
    for step in key.split('.') {
        value = match (&value.data, step.parse::<usize>()) {
            (ValueData::Seq(items), Ok(index)) => items.get(index),
            _ => value.get(step),
        }
        .ok_or_else(|| {
            let names = match &value.data {
                ValueData::Map(entries) => entries.iter().map(|entry| &*entry.key).collect(),
                _ => Vec::new(),
            };
            let trouble = Trouble::new(format!("there is no value `{key}`: `{step}` is unknown"));
            match nearest(step, names) {
                Some(near) => trouble.help(format!("did you mean `{near}`?")),
                None => trouble,
            }
        })?;
    }
    Ok(value)
}

/// Writes values as YAML, with a comment behind each that says where it was written.
struct Writer<'a> {
    sources: &'a SourceMap,
    text: String,
}

impl Writer<'_> {
    /// Writes a value whose lines start at a column; `path` is its dotted key.
    fn block(&mut self, path: &str, value: &Value, indent: usize) {
        let pad = " ".repeat(indent);
        match &value.data {
            ValueData::Map(entries) if !entries.is_empty() => {
                for entry in entries {
                    self.text += &format!("{pad}{}:", emit::string(&entry.key, emit::Place::Block));
                    let path = if path.is_empty() { entry.key.to_string() } else { format!("{path}.{}", entry.key) };
                    self.behind(&path, &entry.value, indent + 2);
                }
            }
            ValueData::Seq(items) if !items.is_empty() => {
                for item in items {
                    self.text += &format!("{pad}-");
                    self.behind(path, item, indent + 2);
                }
            }
            _ => {
                self.text += &pad;
                self.scalar(path, value);
            }
        }
    }

    /// Writes a value behind its key or dash: scalars on the line, collections below.
    fn behind(&mut self, path: &str, value: &Value, indent: usize) {
        let empty = match &value.data {
            ValueData::Map(entries) => entries.is_empty(),
            ValueData::Seq(items) => items.is_empty(),
            _ => true,
        };
        if empty {
            self.text.push(' ');
            self.scalar(path, value);
        } else {
            self.text.push('\n');
            self.block(path, value, indent);
        }
    }

    fn scalar(&mut self, path: &str, value: &Value) {
        let data = value.to_data();
        let by_form = matches!(&data, Data::String(text) if secret_form(text).is_some());
        let is_secret = (by_form || is_secret_path(path.split(['.', '['])))
            && !matches!(&data, Data::Null | Data::Bool(_) | Data::Seq(_) | Data::Map(_));
        let is_blank = matches!(&data, Data::String(text) if text.is_empty());
        self.text += &if is_secret && !is_blank { MASK.to_owned() } else { emit::flow(&data) };
        if let Some(place) = &value.place {
            self.text += &format!("  # {}", self.place(place.span));
            if let Some(overrode) = place.overrode.first() {
                self.text += &format!(", over {}", self.place(*overrode));
            }
        }
        self.text.push('\n');
    }

    fn place(&self, span: Span) -> String {
        let file = self.sources.file(span.file);
        if file.name().starts_with("--") {
            return file.name().to_owned();
        }
        format!("{}:{}", file.name(), file.position(span.start).line)
    }
}
