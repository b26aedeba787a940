//! `push`: a chart's package to a registry.

use super::Exit;
use super::args::Colour;
use super::inputs::{Finder, text};
use super::package::{PackageArgs, load, time};
use super::packed::is_archive;
use super::paths::Base;
use super::registries::{self, RegistryArgs, connect, converse, reference};
use super::trouble::Trouble;
use super::world::{World, date};
use crate::chart::{Chart, ChartFile};
use crate::oci::{Packaged, Reference};
use crate::package::{self, Archive, Budget};
use crate::source::SourceMap;
use crate::yaml::emit::Data;
use crate::yaml::parse;
use clap::Args;
use std::path::{Path, PathBuf};

/// The flags of `push`.
#[derive(Args)]
pub(super) struct PushArgs {
    /// A package, or a chart's folder, which is packaged first
    #[arg(value_name = "PATH")]
    path: PathBuf,
    /// Where to: oci://registry.example.com/charts; the chart's name and version are added
    #[arg(value_name = "REFERENCE")]
    reference: String,
    /// Package a folder even if `check` would fail
    #[arg(long)]
    skip_checks: bool,
    /// Use this workspace file instead of the plimsoll.yaml found upwards
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Colour the findings
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    color: Colour,
    #[command(flatten)]
    registry: RegistryArgs,
}

impl PushArgs {
    /// Runs `push`.
    pub(super) fn run(&self, world: &dyn World) -> Exit {
        super::end(self.push(world), world)
    }

    fn push(&self, world: &dyn World) -> Result<String, Trouble> {
        let (bytes, provenance) = self.package(world)?;
        let shown = self.path.display().to_string();
        let read = Read::of(&shown, &bytes)?;
        let target = target(&self.reference, &read.chart.metadata.name)?;
        let http = self.registry.http(world)?;
        let package = Packaged {
            metadata: &read.chart.metadata,
            chart: &read.data,
            flavour: read.chart.flavour,
            bytes: &bytes,
            provenance: provenance.as_deref(),
            created: &read.created,
        };
        let pushed = converse(async {
            let registry = connect(&target, &http, world).await?;
            registry.push_chart(&target, &package).await.map_err(|error| registries::trouble(&error))
        })?;
        let digest = pushed.digest.clone().unwrap_or_default();
        Ok(format!("pushed {}\n{digest}\n", Reference { digest: None, ..pushed }))
    }

    /// Reads the package, or makes it; gives Helm's provenance file too, if it lies beside it.
    fn package(&self, world: &dyn World) -> Result<(Vec<u8>, Option<Vec<u8>>), Trouble> {
        if is_archive(&self.path) {
            let bytes = world.read(&self.path).map_err(|error| Trouble::io("read", &self.path, &error))?;
            let mut beside = self.path.clone().into_os_string();
            beside.push(".prov");
            return Ok((bytes, world.read(Path::new(&beside)).ok()));
        }
        let current = world.current_folder().map_err(|error| Trouble::io("find", Path::new("."), &error))?;
        let base = Base::new(&current);
        let inputs = Finder::new(world, &base, &[])?.find(std::slice::from_ref(&self.path));
        if let Some(trouble) = inputs.troubles.into_iter().next() {
            return Err(trouble);
        }
        let [chart] = inputs.charts.as_slice() else {
            return Err(Trouble::new(format!("`{}` is not one chart", self.path.display()))
                .help("name a package, or the folder of one chart"));
        };
        let packager = PackageArgs::plain(self.skip_checks, self.config.clone(), self.color);
        Ok((packager.one(chart, time(world)?, &base, world)?.1, None))
    }
}

/// A package, with what its Chart.yaml says.
struct Read {
    chart: Chart,
    data: Data,
    created: String,
}

impl Read {
    fn of(shown: &str, bytes: &[u8]) -> Result<Self, Trouble> {
        let refused = |error| Trouble::new(format!("the archive `{shown}` is refused: {error}"));
        let archive = Archive::read(bytes, &mut Budget::default()).map_err(refused)?;
        let files: Vec<ChartFile> = package::open(shown, bytes).map_err(refused)?;
        let metadata = files.iter().find(|file| file.path == "Chart.yaml").map(|file| file.bytes.to_vec());
        let metadata = text(Path::new(shown), metadata.unwrap_or_default())?;
        let parsed = parse(&SourceMap::new().add("Chart.yaml", metadata));
        let data = parsed.documents.first().map_or(Data::Null, |document| Data::from_node(document.root()));
        let (day, second) = (archive.time / 86_400, archive.time % 86_400);
        let created = format!("{}T{:02}:{:02}:{:02}Z", date(day), second / 3600, second / 60 % 60, second % 60);
        Ok(Self { chart: load(shown, files)?, data, created })
    }
}

/// Gives the repository of a chart below what was named.
fn target(text: &str, name: &str) -> Result<Reference, Trouble> {
    let rest = text.strip_prefix("oci://").unwrap_or(text).trim_end_matches('/');
    // In the host, `:` stands before a port.
    if rest.split_once('/').is_some_and(|(_, path)| path.contains([':', '@'])) {
        return Err(Trouble::new(format!("`{text}` names a version")).help("leave it out: it is the chart's own"));
    }
    reference(&format!("{rest}/{name}"))
}
