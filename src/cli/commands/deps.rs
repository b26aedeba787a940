//! `deps`: what a chart depends on, fetched into its `charts/`, and locked.

use super::show::dependencies;
use crate::chart::Chart;
use crate::cli::Exit;
use crate::cli::inputs::packed::is_archive;
use crate::cli::inputs::packing::load;
use crate::cli::inputs::{CHART_FILE, read_chart, read_text};
use crate::cli::paths::Base;
use crate::cli::registries::fetch::{Fetched, Fetcher};
use crate::cli::registries::trust::TrustArgs;
use crate::cli::registries::{RegistryArgs, converse};
use crate::cli::trouble::Trouble;
use crate::cli::world::{Entry, Walk, World};
use crate::package::{Lock, Locked, Pin, lock_digest};
use clap::{Args, Subcommand};
use std::path::{Path, PathBuf};

/// The flags of `deps`.
#[derive(Args)]
pub(in crate::cli) struct DepsArgs {
    #[command(subcommand)]
    command: DepsCommand,
}

#[derive(Subcommand)]
enum DepsCommand {
    /// Choose versions by Chart.yaml, fetch them, and write Chart.lock
    Update(FetchArgs),
    /// Fetch what Chart.lock names; it must fit Chart.yaml, and every archive its digest
    Build(FetchArgs),
    /// List the dependencies, and which of them are there
    List(ListArgs),
}

#[derive(Args)]
struct FetchArgs {
    /// The chart; the current folder's where none is given
    #[arg(value_name = "PATH", default_value = ".")]
    path: PathBuf,
    /// Ask nobody: take what was fetched before
    #[arg(long)]
    offline: bool,
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    registry: RegistryArgs,
}

#[derive(Args)]
struct ListArgs {
    /// The chart; the current folder's where none is given
    #[arg(value_name = "PATH", default_value = ".")]
    path: PathBuf,
}

impl DepsArgs {
    /// Runs `deps`.
    pub(in crate::cli) fn run(&self, world: &dyn World) -> Exit {
        let done = match &self.command {
            DepsCommand::Update(args) => Deps::read(&args.path, world).and_then(|deps| deps.update(args)),
            DepsCommand::Build(args) => Deps::read(&args.path, world).and_then(|deps| deps.build(args)),
            DepsCommand::List(args) => Deps::read(&args.path, world)
                .map(|deps| dependencies(&deps.chart).unwrap_or_else(|| "it depends on nothing\n".to_owned())),
        };
        crate::cli::end(done, world)
    }
}

/// A chart whose dependencies are looked after.
struct Deps<'a> {
    folder: PathBuf,
    chart: Chart,
    lock: Option<Lock>,
    world: &'a dyn World,
}

impl<'a> Deps<'a> {
    fn read(folder: &Path, world: &'a dyn World) -> Result<Self, Trouble> {
        let current = world.current_folder().map_err(|error| Trouble::io("find", Path::new("."), &error))?;
        let base = Base::new(&current);
        if is_archive(folder) || world.entry(&folder.join(CHART_FILE)).is_err() {
            let trouble = Trouble::new(format!("`{}` is no chart's folder: it has no {CHART_FILE}", folder.display()));
            return Err(trouble.help("name the folder of a chart"));
        }
        let (files, troubles) = read_chart(world, &base, folder);
        // A damaged archive among the subcharts is what fetching them anew is for.
        let damaged = |trouble: &Trouble| trouble.message.starts_with("the archive ");
        if let Some(trouble) = troubles.into_iter().find(|trouble| !damaged(trouble)) {
            return Err(trouble);
        }
        let chart = load(&base.show(folder), files)?;
        if chart.metadata.api_version == "v1" && world.entry(&folder.join("requirements.yaml")).is_ok() {
            return Err(Trouble::new("the chart names its dependencies in requirements.yaml")
                .help("move them to Chart.yaml, with `apiVersion: v2`"));
        }
        let file = folder.join("Chart.lock");
        let lock = match world.entry(&file) {
            Ok(_) => {
                let unreadable = |reason| Trouble::new(format!("`{}` cannot be read: {reason}", file.display()));
                Some(Lock::parse(&read_text(world, &file)?).map_err(unreadable)?)
            }
            Err(_) => None,
        };
        Ok(Self { folder: folder.to_owned(), chart, lock, world })
    }

    fn update(&self, args: &FetchArgs) -> Result<String, Trouble> {
        let old = self.lock.clone().unwrap_or_default();
        let fetcher = self.fetcher(args)?;
        let wanted = self.chart.metadata.dependencies.iter();
        let fetched = converse(fetcher.all(wanted.map(|dependency| fetcher.newest(dependency, &old))))?;
        // A version that was locked must be what it was then.
        for one in &fetched {
            let changed = old.pin(&one.locked).filter(|pin| Some(*pin) != one.digest.as_deref());
            if let (Some(pin), Some(digest)) = (changed, &one.digest) {
                return Err(swapped(&one.locked, pin, digest));
            }
        }
        self.settle(fetched, true)
    }

    fn build(&self, args: &FetchArgs) -> Result<String, Trouble> {
        let Some(lock) = &self.lock else { return self.update(args) };
        if !lock.fits(&self.chart.metadata.dependencies)
            || lock.dependencies.len() != self.chart.metadata.dependencies.len()
        {
            return Err(Trouble::new("Chart.lock does not fit Chart.yaml")
                .help("`plimsoll deps update` chooses versions anew, and writes it"));
        }
        let fetcher = self.fetcher(args)?;
        let wanted = self.chart.metadata.dependencies.iter().zip(&lock.dependencies);
        let each = wanted.map(|(dependency, locked)| fetcher.exactly(dependency, locked, lock.pin(locked)));
        let fetched = converse(fetcher.all(each))?;
        for one in &fetched {
            if let (Some(pin), Some(digest)) = (lock.pin(&one.locked), &one.digest)
                && pin != digest
            {
                return Err(swapped(&one.locked, pin, digest));
            }
        }
        self.settle(fetched, false)
    }

    fn fetcher(&self, args: &FetchArgs) -> Result<Fetcher<'_>, Trouble> {
        let trust = args.trust.with_workspace(&self.folder, self.world)?;
        Ok(Fetcher::new(&self.folder, args.offline, args.registry.http(self.world)?, trust, self.world))
    }

    /// Writes what was fetched, takes away what it replaces, and writes the lock file.
    fn settle(&self, fetched: Vec<Fetched>, anew: bool) -> Result<String, Trouble> {
        let charts = self.folder.join("charts");
        let mut text = String::new();
        let mut kept = Vec::new();
        for one in &fetched {
            let Some(bytes) = &one.bytes else { continue };
            let Locked { name, version, .. } = &one.locked;
            if matches!(self.world.entry(&charts.join(name)), Ok(Entry::Folder)) {
                return Err(Trouble::new(format!("`{}` is there, unpacked", charts.join(name).display()))
                    .help("remove it, or leave out its `repository` to keep it"));
            }
            let file = charts.join(format!("{name}-{version}.tgz"));
            if !kept.contains(&file) {
                self.world.write(&file, bytes).map_err(|error| Trouble::io("write", &file, &error))?;
                text += &format!("{name} {version} in {}\n", file.display());
                kept.push(file);
            }
        }
        text += &self.tidy(&charts, &kept)?;
        let dependencies: Vec<Locked> = fetched.iter().map(|one| one.locked.clone()).collect();
        let mut pinned: Vec<Pin> = Vec::new();
        for one in fetched {
            if let Some(digest) = one.digest
                && !pinned.iter().any(|pin| pin.of == one.locked)
            {
                pinned.push(Pin { of: one.locked, digest });
            }
        }
        let digest = lock_digest(&self.chart.metadata.dependencies, &dependencies);
        let generated = match &self.lock {
            Some(old) if !anew || old.digest == digest => old.generated.clone(),
            _ => format!("{}T00:00:00Z", self.world.today()),
        };
        let lock = Lock { dependencies, digest, generated, pinned };
        let file = self.folder.join("Chart.lock");
        if lock.dependencies.is_empty() && self.lock.is_none() {
            return Ok("it depends on nothing\n".to_owned());
        }
        if self.lock.as_ref() != Some(&lock) {
            self.world.write(&file, lock.write().as_bytes()).map_err(|error| Trouble::io("write", &file, &error))?;
            text += &format!("wrote {}\n", file.display());
        }
        Ok(text)
    }

    /// Removes archives of dependencies that are of other versions now, or no dependencies any more, as Helm does.
    fn tidy(&self, charts: &Path, kept: &[PathBuf]) -> Result<String, Trouble> {
        let mut text = String::new();
        if self.world.entry(charts).is_err() {
            return Ok(text);
        }
        // What has no repository is kept there by hand.
        let by_hand: Vec<&str> = self
            .chart
            .metadata
            .dependencies
            .iter()
            .filter(|dependency| dependency.repository.as_ref().is_none_or(|text| text.is_empty()))
            .map(|dependency| dependency.name.as_str())
            .collect();
        let walked = self.world.walk(charts, Walk::Everything);
        let archives = walked.files.into_iter().filter(|file| is_archive(file) && file.parent() == Some(charts));
        for file in archives.filter(|file| !kept.contains(file)) {
            let read = self.world.read(&file).ok();
            let files = read.and_then(|bytes| crate::package::open(&file.display().to_string(), &bytes).ok());
            let name = files.and_then(|files| load("", files).ok()).map(|chart| chart.metadata.name);
            if name.is_none_or(|name| !by_hand.contains(&name.as_str())) {
                self.world.remove(&file).map_err(|error| Trouble::io("remove", &file, &error))?;
                text += &format!("removed {}\n", file.display());
            }
        }
        Ok(text)
    }
}

fn swapped(locked: &Locked, pin: &str, digest: &str) -> Trouble {
    Trouble::new(format!("{} {} is not what was locked: it was {pin}, and is {digest}", locked.name, locked.version))
        .help("somebody has replaced a version that was released: find out why; then take its entry out of `pinned` in Chart.lock")
}
