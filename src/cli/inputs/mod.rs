//! From the paths of a command line to charts and sets of plain manifests.

pub(super) mod overlay;
pub(super) mod overrides;
pub(super) mod packed;
pub(super) mod packing;
pub(super) mod plan;
pub(super) mod revision;
pub(super) mod workspaces;

use crate::chart::ChartFile;
use crate::cli::paths::{Base, is_reference, slashed};
use crate::cli::trouble::Trouble;
use crate::cli::world::{Entry, Walk, World};
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use memchr::memmem;
use packed::is_archive;
use rayon::prelude::*;
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The name of a workspace's file.
pub(in crate::cli) const WORKSPACE_FILE: &str = "plimsoll.yaml";
/// The name of the file that makes a folder a chart.
pub(in crate::cli) const CHART_FILE: &str = "Chart.yaml";

/// What a command line's paths lead to.
#[derive(Debug, Default)]
pub(in crate::cli) struct Inputs {
    /// Plain manifests that are checked together, set by set.
    pub plain: Vec<Plain>,
    /// The folders of charts, and charts in archives, relative to the current folder.
    pub charts: Vec<PathBuf>,
    /// Workspace files that were named: all their releases are meant.
    pub workspaces: Vec<PathBuf>,
    /// What could not be found or read.
    pub troubles: Vec<Trouble>,
}

/// Plain manifests that are checked together: those of a folder, those named one by one, or standard input.
#[derive(Debug)]
pub(in crate::cli) struct Plain {
    /// What to call the set: the folder's path, a file's path, `-`.
    pub name: String,
    /// The folder that it lies in: its workspace is looked for from there.
    pub folder: PathBuf,
    /// Its files.
    pub files: Vec<TextFile>,
}

/// A text that was read.
#[derive(Debug)]
pub(in crate::cli) struct TextFile {
    /// Its path as shown.
    pub name: String,
    /// The text.
    pub text: Arc<str>,
    /// It was named on the command line, so it is a manifest whatever it holds.
    pub named: bool,
}

/// Finds what paths lead to.
pub(in crate::cli) struct Finder<'a> {
    world: &'a dyn World,
    base: &'a Base,
    excluded: Gitignore,
    /// Files that are named are manifests only where they look like some.
    only_manifests: bool,
    /// Whether a folder (absolute) holds a Chart.yaml, as far as asked.
    charts: HashMap<PathBuf, bool>,
}

impl<'a> Finder<'a> {
    /// Prepares a search; `exclude` are globs as in .gitignore.
    pub(in crate::cli) fn new(world: &'a dyn World, base: &'a Base, exclude: &[String]) -> Result<Self, Trouble> {
        let mut builder = GitignoreBuilder::new("");
        for glob in exclude {
            builder.add_line(None, glob).map_err(|error| Trouble::new(format!("`--exclude {glob}`: {error}")))?;
        }
        let excluded = builder.build().map_err(|error| Trouble::new(format!("`--exclude`: {error}")))?;
        Ok(Self { world, base, excluded, only_manifests: false, charts: HashMap::new() })
    }

    /// Passes over files that are named and look like no manifests, where that is `wanted`.
    pub(in crate::cli) fn only_manifests(self, wanted: bool) -> Self {
        Self { only_manifests: wanted, ..self }
    }

    /// Resolves paths; the order of sets is that of the paths.
    pub(in crate::cli) fn find(&mut self, paths: &[PathBuf]) -> Inputs {
        let mut inputs = Inputs::default();
        let mut charts = BTreeSet::new();
        let mut named = Vec::new();
        for path in paths {
            if let Err(trouble) = self.find_one(path, &mut inputs, &mut charts, &mut named) {
                inputs.troubles.push(trouble);
            }
        }
        let (mut files, troubles) = self.read(named, true);
        files.retain(|file| !self.only_manifests || looks_like_manifest(&file.text));
        inputs.troubles.extend(troubles);
        if let Some(first) = files.first() {
            let name = if files.len() == 1 { first.name.clone() } else { format!("{} files", files.len()) };
            let folder = Path::new(&first.name).parent().map(Path::to_owned).unwrap_or_default();
            inputs.plain.insert(0, Plain { name, folder, files });
        }
        inputs.charts = charts.into_iter().collect();
        inputs
    }

    fn find_one(
        &mut self,
        path: &Path,
        inputs: &mut Inputs,
        charts: &mut BTreeSet<PathBuf>,
        named: &mut Vec<PathBuf>,
    ) -> Result<(), Trouble> {
        if path == Path::new("-") {
            let bytes = self.world.stdin().map_err(|error| Trouble::io("read", path, &error))?;
            let text = text(path, bytes)?;
            let files = vec![TextFile { name: "-".to_owned(), text: text.into(), named: true }];
            inputs.plain.push(Plain { name: "-".to_owned(), folder: PathBuf::new(), files });
            return Ok(());
        }
        refuse_unsupported(path)?;
        let entry = self.world.entry(path).map_err(|error| Trouble::io("read", path, &error))?;
        let absolute = self.base.absolute(path);
        if entry == Entry::File {
            if path.file_name().is_some_and(|name| name == WORKSPACE_FILE) {
                inputs.workspaces.push(self.base.relative(path));
            } else if is_archive(path) {
                charts.insert(self.base.relative(path));
            } else if let Some(chart) = absolute.parent().and_then(|folder| self.owner(folder)) {
                charts.insert(self.base.relative(&chart));
            } else {
                named.push(self.base.relative(path));
            }
            return Ok(());
        }
        if self.is_chart(&absolute) {
            charts.insert(self.base.relative(path));
        } else if let Some(chart) = self.owner(&absolute) {
            charts.insert(self.base.relative(&chart));
        } else {
            self.walk(path, inputs, charts)?;
        }
        Ok(())
    }

    fn walk(&mut self, folder: &Path, inputs: &mut Inputs, charts: &mut BTreeSet<PathBuf>) -> Result<(), Trouble> {
        let walked = self.world.walk(folder, Walk::Visible);
        inputs.troubles.extend(walked.errors.into_iter().map(Trouble::new));
        let holders = walked.files.iter().filter(|path| path.file_name().is_some_and(|name| name == CHART_FILE));
        for folder in holders.filter_map(|path| path.parent()) {
            self.charts.insert(self.base.absolute(folder), true);
        }
        let (mut files, mut charts_found) = (Vec::new(), false);
        // Files of a folder come one after the other: what holds for all of them is found once.
        let (mut here, mut shown, mut owner) = (None, PathBuf::new(), None);
        for path in walked.files {
            if here.as_deref() != path.parent() {
                here = path.parent().map(Path::to_owned);
                shown = here.as_deref().map(|here| self.base.relative(here)).unwrap_or_default();
                owner = here.as_deref().and_then(|here| self.owner(&self.base.absolute(here)));
            }
            let name = path.file_name().unwrap_or_default();
            let path = if shown == Path::new(".") { PathBuf::from(name) } else { shown.join(name) };
            if self.is_excluded(&path) {
                continue;
            }
            if let Some(chart) = &owner {
                charts.insert(self.base.relative(chart));
                charts_found = true;
            } else if is_yaml(&path) && path.file_name().is_some_and(|name| name != WORKSPACE_FILE) {
                files.push(path);
            }
        }
        let (files, troubles) = self.read(files, false);
        inputs.troubles.extend(troubles);
        let files: Vec<_> = files.into_par_iter().filter(|file| looks_like_manifest(&file.text)).collect();
        if files.is_empty() && !charts_found && inputs.workspaces.is_empty() && inputs.troubles.is_empty() {
            let message = format!("nothing to check in `{}`: it holds no chart and no manifest", folder.display());
            return Err(Trouble::new(message));
        }
        if !files.is_empty() {
            inputs.plain.push(Plain { name: self.base.show(folder), folder: folder.to_owned(), files });
        }
        Ok(())
    }

    /// Reads files in parallel, in order.
    fn read(&self, paths: Vec<PathBuf>, named: bool) -> (Vec<TextFile>, Vec<Trouble>) {
        let read: Vec<_> = paths
            .into_par_iter()
            .map(|path| {
                let text = read_text(self.world, &path)?.into();
                Ok(TextFile { name: slashed(&path), text, named })
            })
            .collect();
        let (mut files, mut troubles) = (Vec::new(), Vec::new());
        for result in read {
            match result {
                Ok(file) => files.push(file),
                Err(trouble) => troubles.push(trouble),
            }
        }
        (files, troubles)
    }

    fn is_excluded(&self, path: &Path) -> bool {
        let path = path.strip_prefix("/").unwrap_or(path);
        !self.excluded.is_empty() && self.excluded.matched_path_or_any_parents(path, false).is_ignore()
    }

    /// Finds the chart that owns a folder (absolute): the nearest, or the one that it is a subchart of.
    fn owner(&mut self, folder: &Path) -> Option<PathBuf> {
        let mut chart = folder.ancestors().find(|ancestor| self.is_chart(ancestor))?;
        while let Some(parent) = chart.parent().filter(|parent| parent.ends_with("charts")).and_then(Path::parent) {
            if !self.is_chart(parent) {
                break;
            }
            chart = parent;
        }
        Some(chart.to_owned())
    }

    fn is_chart(&mut self, folder: &Path) -> bool {
        if let Some(known) = self.charts.get(folder) {
            return *known;
        }
        let is_chart = matches!(self.world.entry(&folder.join(CHART_FILE)), Ok(Entry::File));
        self.charts.insert(folder.to_owned(), is_chart);
        is_chart
    }
}

/// Finds `plimsoll.yaml` from a folder upwards, to the root of the repository that it lies in.
pub(in crate::cli) fn find_workspace(world: &dyn World, base: &Base, folder: &Path) -> Option<PathBuf> {
    // What lies in a registry belongs to the workspace of whoever reads it.
    let folder = if is_reference(folder) { Path::new(".") } else { folder };
    for ancestor in base.absolute(folder).ancestors() {
        let file = ancestor.join(WORKSPACE_FILE);
        if matches!(world.entry(&file), Ok(Entry::File)) {
            return Some(base.relative(&file));
        }
        if world.entry(&ancestor.join(".git")).is_ok() {
            return None;
        }
    }
    None
}

/// Reads the files of a chart, from its folder or its archive; packed subcharts are unpacked.
pub(in crate::cli) fn read_chart(world: &dyn World, base: &Base, chart: &Path) -> (Vec<ChartFile>, Vec<Trouble>) {
    let (files, mut troubles) = if is_archive(chart) {
        match packed::read_archive(world, base, chart) {
            Ok(files) => (files, Vec::new()),
            Err(trouble) => return (Vec::new(), vec![trouble]),
        }
    } else {
        let (files, mut troubles) = read_folder(world, base, chart);
        let (files, refused) = packed::expand(files);
        troubles.extend(refused);
        (files, troubles)
    };
    let (files, no_texts) = packed::check_texts(files, is_text);
    troubles.extend(no_texts);
    (files, troubles)
}

/// Reads the files of a chart's folder as they are.
pub(in crate::cli) fn read_folder(world: &dyn World, base: &Base, folder: &Path) -> (Vec<ChartFile>, Vec<Trouble>) {
    let walked = world.walk(folder, Walk::Everything);
    let mut troubles: Vec<_> = walked.errors.into_iter().map(Trouble::new).collect();
    let mut files = Vec::new();
    for path in walked.files {
        let inner = path.strip_prefix(folder).unwrap_or(&path);
        if inner.components().any(|part| part.as_os_str() == ".git") {
            continue;
        }
        match world.read(&path) {
            Ok(bytes) => files.push(ChartFile { path: slashed(inner), name: base.show(&path), bytes: bytes.into() }),
            Err(error) => troubles.push(Trouble::io("read", &path, &error)),
        }
    }
    (files, troubles)
}

/// Tells whether a file of a chart must be text: what is rendered or decoded. Others may hold anything, for `files`.
fn is_text(inner: &Path) -> bool {
    let below = |folder: &str| inner.components().any(|part| part.as_os_str() == folder);
    below("templates") || (is_yaml(inner) && !below("files") && !below("tests"))
}

/// Reads a file that must be text.
pub(in crate::cli) fn read_text(world: &dyn World, path: &Path) -> Result<String, Trouble> {
    let bytes = world.read(path).map_err(|error| Trouble::io("read", path, &error))?;
    text(path, bytes)
}

/// Takes bytes as text.
pub(in crate::cli) fn text(path: &Path, bytes: Vec<u8>) -> Result<String, Trouble> {
    let path = path.display();
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        return Err(Trouble::new(format!("`{path}` is UTF-16")).help("save it as UTF-8"));
    }
    if bytes.contains(&0) {
        return Err(Trouble::new(format!("`{path}` is binary, not text")));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Trouble::new(format!("`{path}` is not UTF-8: byte {at} begins no character")).help("save it as UTF-8")
    })
}

/// Refuses references into registries where this build knows none.
pub(in crate::cli) fn refuse_unsupported(path: &Path) -> Result<(), Trouble> {
    if cfg!(not(feature = "oci")) && is_reference(path) {
        let message = format!("`{}`: this build knows no registries", path.display());
        return Err(Trouble::new(message).help("build it with the feature `oci`"));
    }
    Ok(())
}

fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| ["yaml", "yml", "json"].iter().any(|known| extension == *known))
}

/// Tells whether a file that nobody named may hold Kubernetes objects: folders hold other YAML too.
fn looks_like_manifest(text: &str) -> bool {
    // Files of tools that run on people's machines look like objects and are none.
    let tools = ["kustomize.config.k8s.io/", "skaffold/", "kind.x-k8s.io/"];
    let of_tool = |line: &str| {
        let version = line.trim_start_matches(['{', ' ']).trim_start_matches("apiVersion:").trim_start();
        tools.iter().any(|tool| version.trim_start_matches(['"', '\'']).starts_with(tool))
    };
    // Line by line, but only those that name a version: a file may be one long line.
    let versions = memmem::Finder::new("apiVersion");
    let (mut rest, mut names_version) = (text, false);
    while let Some(at) = versions.find(rest.as_bytes()) {
        names_version = true;
        let start = rest[..at].rfind('\n').map_or(0, |at| at + 1);
        let end = rest[at..].find('\n').map_or(rest.len(), |length| at + length);
        if of_tool(&rest[start..end]) {
            return false;
        }
        rest = &rest[end..];
    }
    names_version && text.contains("kind")
        || text.lines().any(|line| {
            let key = line.trim_start_matches('\u{feff}');
            key.starts_with("apiVersion:") || key.starts_with("kind:")
        })
}

/// Gives a file that a workspace names, or all YAML files of a folder.
pub(in crate::cli) fn yaml_files(path: &Path, world: &dyn World) -> Result<Vec<PathBuf>, Trouble> {
    match world.entry(path).map_err(|error| Trouble::io("read", path, &error))? {
        Entry::File => Ok(vec![path.to_owned()]),
        Entry::Folder => {
            let is_yaml = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml");
            Ok(world.walk(path, Walk::Visible).files.into_iter().filter(is_yaml).collect())
        }
    }
}
