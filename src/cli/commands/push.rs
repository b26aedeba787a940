//! `push`: a chart's package, or what was rendered of it, to a registry.

use super::sign::private_key;
use crate::chart::Chart;
use crate::cli::Exit;
use crate::cli::args::{Colour, ReleaseArgs, RuleArgs};
use crate::cli::compile::checking::Checking;
use crate::cli::inputs::packed::{beside, is_archive, refused};
use crate::cli::inputs::packing::{load, pack, time};
use crate::cli::inputs::plan::Scope;
use crate::cli::inputs::{Finder, text};
use crate::cli::paths::{Base, is_reference};
use crate::cli::registries::attest;
use crate::cli::registries::remote;
use crate::cli::registries::rendered::{Rendered, RenderedArgs, stamp};
use crate::cli::registries::trust;
use crate::cli::registries::{self, RegistryArgs, connect, converse, reference};
use crate::cli::trouble::Trouble;
use crate::cli::world::World;
use crate::oci::{Packaged, Reference};
use crate::package::{self, Archive, Budget};
use crate::source::SourceMap;
use crate::yaml::emit::Data;
use crate::yaml::parse;
use clap::Args;
use std::path::{Path, PathBuf};

/// The flags of `push`.
#[derive(Args)]
pub(in crate::cli) struct PushArgs {
    /// A package, or a chart's folder, which is packaged first
    #[arg(value_name = "PATH")]
    path: PathBuf,
    /// Where to: oci://registry.example.com/charts; the chart's name and version are added. With `--rendered`:
    /// oci://registry.example.com/manifests/shop, with a tag or without
    #[arg(value_name = "REFERENCE")]
    reference: String,
    /// Push even if `check` would fail
    #[arg(long)]
    skip_checks: bool,
    /// Attach the report of `check`, signed by `--key`, to what is pushed
    #[arg(long, requires = "key")]
    attest: bool,
    /// The private key for the report, as cosign writes it; COSIGN_PASSWORD opens it, else standard input
    #[arg(long, value_name = "FILE", requires = "attest")]
    key: Option<PathBuf>,
    /// Check by this profile instead of the configured ones (repeatable); a package too, which is not checked otherwise
    #[arg(long = "profile", value_name = "PROFILE")]
    profiles: Vec<String>,
    #[command(flatten)]
    rendered: RenderedArgs,
    #[command(flatten)]
    release: ReleaseArgs,
    /// Use this workspace file instead of the plimsoll.yaml found upwards
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Colour the findings
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    color: Colour,
    #[command(flatten)]
    registry: RegistryArgs,
}

/// What is pushed.
enum Pushed {
    Chart { bytes: Vec<u8>, provenance: Option<Vec<u8>>, read: Box<Read> },
    Manifests(Rendered),
}

impl PushArgs {
    /// Runs `push`.
    pub(in crate::cli) fn run(&self, world: &dyn World) -> Exit {
        crate::cli::end(self.push(world), world)
    }

    fn push(&self, world: &dyn World) -> Result<String, Trouble> {
        if !self.rendered.rendered && self.release.is_given() {
            return Err(Trouble::new("an environment, values, a namespace and a name are for `--rendered`")
                .help("a package holds all its environments"));
        }
        remote::reach(&self.registry);
        if let Some(config) = &self.config {
            trust::hold(config, world)?;
        }
        let key = self.key.as_deref().map(|file| private_key(file, world)).transpose()?;
        let chart = self.chart(world)?;
        let rules = RuleArgs { profiles: self.profiles.clone(), ..RuleArgs::default() };
        let bare = self.rendered.rendered && self.release.environments.is_empty();
        let scope = if bare { Scope::Bare } else { Scope::Every };
        let (config, color) = (self.config.as_deref(), self.color);
        let checking = Checking { path: &chart, release: &self.release, rules: &rules, config, scope, color };
        // A package was checked when it was made: it is checked again only by what is named.
        let wanted = !self.skip_checks && (self.rendered.rendered || !is_archive(&chart) || !self.profiles.is_empty());
        let checked = if self.attest || wanted { Some(checking.run(world)?) } else { None };
        if checked.as_ref().is_some_and(|checked| checked.failed) && !self.skip_checks {
            return Err(Trouble::new(format!("`{}` is not pushed, because it has errors", chart.display()))
                .help("correct them, or push it as it is with `--skip-checks`"));
        }
        let pushed = if self.rendered.rendered {
            Pushed::Manifests(self.rendered.render(&chart, &self.release, config, color, world)?)
        } else {
            let (bytes, provenance) = package(&chart, world)?;
            let read = Box::new(Read::of(&self.path.display().to_string(), &bytes)?);
            Pushed::Chart { bytes, provenance, read }
        };
        let target = match &pushed {
            Pushed::Chart { read, .. } => target(&self.reference, &read.chart.metadata.name)?,
            Pushed::Manifests(rendered) => rendered.target(&self.reference)?,
        };
        let report = match (&key, &checked) {
            (Some(key), Some(checked)) => Some((key, attest::report(&checking, checked, world)?)),
            _ => None,
        };
        let http = self.registry.http(world)?;
        let trouble = |error| registries::trouble(&error);
        let pushed = converse(async {
            let registry = connect(&target, &http, world).await?;
            let pushed = match &pushed {
                Pushed::Chart { bytes, provenance, read } => {
                    let package = read.packaged(bytes, provenance.as_deref());
                    registry.push_chart(&target, &package).await.map_err(trouble)?
                }
                Pushed::Manifests(rendered) => {
                    registry.push_manifests(&target, &rendered.manifests()).await.map_err(trouble)?
                }
            };
            if let Some((key, report)) = &report {
                registry.attest(&pushed, attest::CHECK, report, key).await.map_err(trouble)?;
            }
            Ok(pushed)
        })?;
        let digest = pushed.digest.clone().unwrap_or_default();
        let mut text = format!("pushed {}\n{digest}\n", Reference { digest: None, ..pushed });
        if let Some((_, report)) = report {
            text += &format!("attested that `check` {}\n", report["verdict"].as_str().unwrap_or_default());
        }
        Ok(text)
    }

    /// Finds the chart that is meant.
    fn chart(&self, world: &dyn World) -> Result<PathBuf, Trouble> {
        if is_archive(&self.path) {
            return Ok(self.path.clone());
        }
        let inputs = Finder::new(world, &Base::current(world)?, &[])?.find(std::slice::from_ref(&self.path));
        if let Some(trouble) = inputs.troubles.into_iter().next() {
            return Err(trouble);
        }
        let [chart] = inputs.charts.as_slice() else {
            return Err(Trouble::new(format!("`{}` is not one chart", self.path.display()))
                .help("name a package, or the folder of one chart"));
        };
        Ok(chart.clone())
    }
}

/// Reads the package, or makes it; gives Helm's provenance file too, if it has one.
fn package(chart: &Path, world: &dyn World) -> Result<(Vec<u8>, Option<Vec<u8>>), Trouble> {
    if !is_archive(chart) {
        return Ok((pack(chart, time(world)?, &Base::current(world)?, world)?.1, None));
    }
    if is_reference(chart) {
        let pulled = remote::pulled(chart, world)?;
        return Ok((pulled.bytes.clone(), pulled.provenance.clone()));
    }
    let bytes = world.read(chart).map_err(|error| Trouble::io("read", chart, &error))?;
    Ok((bytes, world.read(&beside(chart)).ok()))
}

/// A package, with what its Chart.yaml says.
struct Read {
    chart: Chart,
    data: Data,
    created: String,
}

impl Read {
    fn of(shown: &str, bytes: &[u8]) -> Result<Self, Trouble> {
        let (archive, data) = described(shown, bytes)?;
        let files = package::open(shown, bytes).map_err(|error| refused(shown, &error))?;
        Ok(Self { chart: load(shown, files)?, data, created: stamp(archive.time) })
    }

    fn packaged<'a>(&'a self, bytes: &'a [u8], provenance: Option<&'a [u8]>) -> Packaged<'a> {
        let Self { chart, data, created } = self;
        Packaged { metadata: &chart.metadata, chart: data, flavour: chart.flavour, bytes, provenance, created }
    }
}

/// Opens a package; gives its Chart.yaml too, decoded.
pub(in crate::cli) fn described(shown: &str, bytes: &[u8]) -> Result<(Archive, Data), Trouble> {
    let archive = Archive::read(bytes, &mut Budget::default()).map_err(|error| refused(shown, &error))?;
    let metadata = archive.files.iter().find(|(path, _)| path == "Chart.yaml").map(|(_, bytes)| bytes.clone());
    let parsed = parse(&SourceMap::new().add("Chart.yaml", text(Path::new(shown), metadata.unwrap_or_default())?));
    let data = parsed.documents.first().map_or(Data::Null, |document| Data::from_node(document.root()));
    Ok((archive, data))
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
