//! `show`: what a chart says about itself, from its folder or its package.

use crate::chart::{Chart, ChartFile};
use crate::cli::Exit;
use crate::cli::inputs::packed::is_archive;
use crate::cli::inputs::packing::{load, pack, time};
use crate::cli::inputs::{Finder, read_chart};
use crate::cli::paths::Base;
use crate::cli::trouble::Trouble;
use crate::cli::world::World;
use crate::diagnostic::emit::MASK;
use crate::diagnostic::secret::{is_secret_path, secret_form};
use crate::package;
use crate::source::{SourceFile, SourceMap};
use crate::yaml::{self, Kind, Node};
use clap::{Args, ValueEnum};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The flags of `show`.
#[derive(Args)]
pub(in crate::cli) struct ShowArgs {
    /// What to show
    #[arg(value_name = "WHAT")]
    what: What,
    /// A chart, or a package
    #[arg(value_name = "PATH", default_value = ".")]
    path: PathBuf,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum What {
    /// Chart.yaml
    Chart,
    /// values.yaml, secrets masked
    Values,
    /// The readme
    Readme,
    /// Definitions of custom resources
    Crds,
    /// The values of each environment, secrets masked
    Environments,
    /// Charts that it needs, and which of them it holds
    Dependencies,
    /// The digest of the package; of a folder, the one that `package` would give
    Digest,
}

impl ShowArgs {
    /// Runs `show`.
    pub(in crate::cli) fn run(&self, world: &dyn World) -> Exit {
        crate::cli::end(self.show(world), world)
    }

    fn show(&self, world: &dyn World) -> Result<String, Trouble> {
        let current = world.current_folder().map_err(|error| Trouble::io("find", Path::new("."), &error))?;
        let base = Base::new(&current);
        let inputs = Finder::new(world, &base, &[])?.find(std::slice::from_ref(&self.path));
        let shown = self.path.display();
        if let Some(trouble) = inputs.troubles.into_iter().next() {
            return Err(trouble);
        }
        let [path] = inputs.charts.as_slice() else {
            let what = if inputs.charts.is_empty() { "there is no chart" } else { "there are several charts" };
            return Err(Trouble::new(format!("{what} at `{shown}`")).help("name the folder of one chart, or a package"));
        };
        if matches!(self.what, What::Digest) {
            return digest(path, &base, world);
        }
        let (files, troubles) = read_chart(world, &base, path);
        if let Some(trouble) = troubles.into_iter().next() {
            return Err(trouble);
        }
        let texts: Vec<ChartFile> = files.clone();
        let chart = load(&base.show(path), files)?;
        self.text(&chart, &texts)?.ok_or_else(|| {
            let what = match self.what {
                What::Values => "values.yaml",
                What::Readme => "readme",
                What::Crds => "definitions of custom resources",
                What::Environments => "environments",
                What::Dependencies => "dependencies",
                What::Chart | What::Digest => "Chart.yaml",
            };
            Trouble::new(format!("the chart at `{shown}` has no {what}"))
        })
    }

    fn text(&self, chart: &Chart, files: &[ChartFile]) -> Result<Option<String>, Trouble> {
        Ok(match self.what {
            What::Chart => Some(ended(chart.metadata.source.text())),
            What::Values => match &chart.values_file {
                Some(source) => Some(ended(&masked_text(source)?)),
                None => None,
            },
            What::Readme => {
                let names = ["readme.md", "readme.txt", "readme"];
                let readme = files.iter().find(|file| names.contains(&file.path.to_lowercase().as_str()));
                readme.map(|file| ended(&String::from_utf8_lossy(&file.bytes)))
            }
            What::Crds => documents(chart.crds.iter().map(|text| (text.path.as_str(), text.source.text().to_owned()))),
            What::Environments => {
                let sources = SourceMap::new();
                let is_environment = |file: &&ChartFile| {
                    let name = file.path.strip_prefix("environments/").unwrap_or("/");
                    let name = name.strip_suffix(".yaml").or_else(|| name.strip_suffix(".yml")).unwrap_or("/");
                    chart.environments.contains_key(name)
                };
                let masked = files.iter().filter(is_environment).map(|file| {
                    let source = sources.add(file.name.as_str(), &*String::from_utf8_lossy(&file.bytes));
                    Ok((file.path.as_str(), masked_text(&source)?))
                });
                documents(masked.collect::<Result<Vec<_>, _>>()?.into_iter())
            }
            What::Dependencies => dependencies(chart),
            What::Digest => None,
        })
    }
}

/// Gives a file of values with its secrets masked; of one that cannot be read, nothing is shown.
fn masked_text(source: &Arc<SourceFile>) -> Result<String, Trouble> {
    let parsed = yaml::parse(source);
    if !parsed.diagnostics.is_empty() {
        let trouble =
            Trouble::new(format!("`{}` cannot be read as YAML, so that its secrets cannot be masked", source.name()));
        return Err(trouble.help("`plimsoll check` says where"));
    }
    let mut secrets = Vec::new();
    for document in &parsed.documents {
        find_secrets(document.root(), &mut Vec::new(), &mut secrets);
    }
    secrets.sort_by_key(|range| std::cmp::Reverse(range.start));
    let mut text = source.text().to_owned();
    for range in secrets {
        // Where an alias stands for a secret, its anchor is masked already.
        match text.get(range.clone()) {
            // A block of lines takes its last line break with it.
            Some(shown) if shown.ends_with('\n') => text.replace_range(range, &format!("{MASK}\n")),
            Some(shown) if shown != MASK => text.replace_range(range, MASK),
            _ => {}
        }
    }
    Ok(text)
}

fn find_secrets<'d>(node: Node<'d>, path: &mut Vec<&'d str>, found: &mut Vec<Range<usize>>) {
    match node.kind() {
        Kind::Map => {
            for entry in node.entries() {
                path.push(entry.name());
                find_secrets(entry.value, path, found);
                path.pop();
            }
        }
        Kind::Seq => node.items().for_each(|item| find_secrets(item, path, found)),
        Kind::Null | Kind::Bool => {}
        _ => {
            let text = node.text();
            let secret = secret_form(text).is_some() || is_secret_path(path.iter().copied());
            let range = node.span().range();
            if secret && !text.is_empty() && !found.contains(&range) {
                found.push(range);
            }
        }
    }
}

/// Gives the digest of a package: of the file, or of what a folder would become.
fn digest(path: &Path, base: &Base, world: &dyn World) -> Result<String, Trouble> {
    let bytes = if is_archive(path) {
        world.read(path).map_err(|error| Trouble::io("read", path, &error))?
    } else {
        pack(path, time(world)?, base, world)?.1
    };
    Ok(format!("{}\n", package::digest(&bytes)))
}

/// Joins texts to one stream of documents, each with its path above.
fn documents<'a>(texts: impl Iterator<Item = (&'a str, String)>) -> Option<String> {
    let mut joined = String::new();
    for (path, text) in texts {
        joined += &format!("---\n# {path}\n{}", ended(text.trim_start_matches("---\n")));
    }
    Some(joined).filter(|text| !text.is_empty())
}

fn ended(text: &str) -> String {
    if text.is_empty() || text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") }
}

/// Lists the dependencies in columns.
pub(in crate::cli) fn dependencies(chart: &Chart) -> Option<String> {
    let mut rows = vec![["NAME", "VERSION", "REPOSITORY", "STATUS"].map(str::to_owned)];
    for dependency in &chart.metadata.dependencies {
        let held = chart.subcharts.iter().find(|subchart| subchart.name == dependency.key());
        let text = |text: &Option<crate::chart::Spanned<String>>| {
            text.as_ref().map_or_else(String::new, |text| text.value.clone())
        };
        let name = match &dependency.alias {
            Some(alias) => format!("{} as {}", dependency.name.value, alias.value),
            None => dependency.name.value.clone(),
        };
        let status = held.map_or_else(|| "missing".to_owned(), |subchart| subchart.chart.metadata.version.clone());
        rows.push([name, text(&dependency.version), text(&dependency.repository), status]);
    }
    let undeclared = chart.subcharts.iter().filter(|subchart| subchart.dependency.is_none());
    rows.extend(undeclared.map(|subchart| {
        [
            subchart.name.clone(),
            String::new(),
            String::new(),
            format!("{}, not declared", subchart.chart.metadata.version),
        ]
    }));
    (rows.len() > 1).then(|| columns(&rows))
}

/// Writes rows in columns.
fn columns<const N: usize>(rows: &[[String; N]]) -> String {
    let widths: Vec<usize> =
        (0..N).map(|at| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or_default()).collect();
    let line = |row: &[String; N]| {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        format!("{}\n", cells.join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}
