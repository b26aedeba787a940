//! `package`: a chart as an archive that is the same wherever it is made.

use super::Exit;
use super::args::{Colour, InputArgs, ReleaseArgs, RuleArgs};
use super::compile::{self, Compiled, Question, Stages};
use super::inputs::{CHART_FILE, Finder, read_chart};
use super::overlay::Overlay;
use super::packed::is_archive;
use super::paths::Base;
use super::plan::Scope;
use super::report;
use super::trouble::Trouble;
use super::world::World;
use crate::chart::{self, Chart, ChartFile};
use crate::diagnostic::Severity;
use crate::package::{self, Packing};
use crate::source::SourceMap;
use clap::Args;
use std::path::{Path, PathBuf};

/// The flags of `package`.
#[derive(Args)]
pub(super) struct PackageArgs {
    /// Charts, or folders of charts; the current folder's where none is given
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The folder to write to
    #[arg(short, long, value_name = "FOLDER", default_value = ".")]
    destination: PathBuf,
    /// Package it as this version
    #[arg(long, value_name = "VERSION", value_parser = version)]
    version: Option<String>,
    /// Package it with this appVersion
    #[arg(long, value_name = "VERSION")]
    app_version: Option<String>,
    /// Package it even if `check` would fail
    #[arg(long)]
    skip_checks: bool,
    /// Use this workspace file instead of the plimsoll.yaml found upwards
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[cfg(feature = "pgp")]
    #[command(flatten)]
    signing: super::provenance::SigningArgs,
    /// Colour the findings
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    color: Colour,
}

fn version(text: &str) -> Result<String, String> {
    semver::Version::parse(text).map(|_| text.to_owned()).map_err(|error| format!("{error}; write it as `1.0.0`"))
}

impl PackageArgs {
    /// Runs `package`.
    pub(super) fn run(&self, world: &dyn World) -> Exit {
        super::end(self.package(world), world)
    }

    fn package(&self, world: &dyn World) -> Result<String, Trouble> {
        let current = world.current_folder().map_err(|error| Trouble::io("find", Path::new("."), &error))?;
        let base = Base::new(&current);
        let here = [PathBuf::from(".")];
        let paths = if self.paths.is_empty() { &here[..] } else { &self.paths };
        let inputs = Finder::new(world, &base, &[])?.find(paths);
        if let Some(trouble) = inputs.troubles.into_iter().next() {
            return Err(trouble);
        }
        if inputs.charts.is_empty() {
            return Err(Trouble::new("there is no chart to package").help("name the folder of a chart"));
        }
        if inputs.charts.len() > 1 && self.version.is_some() {
            return Err(Trouble::new("`--version` is for one chart, and here are several"));
        }
        #[cfg(feature = "pgp")]
        let signer = self.signing.signer(world)?;
        let time = time(world)?;
        let packed = inputs.charts.iter().map(|chart| self.one(chart, time, &base, world));
        let packed = packed.collect::<Result<Vec<_>, _>>()?;
        let mut text = String::new();
        for (name, bytes) in packed {
            let file = self.destination.join(&name);
            #[cfg(feature = "pgp")]
            let provenance = match &signer {
                Some(signer) => Some(super::provenance::of(signer, &name, &bytes, world)?),
                None => None,
            };
            world.write(&file, &bytes).map_err(|error| Trouble::io("write", &file, &error))?;
            text += &format!("wrote {}\n{}\n", file.display(), package::digest(&bytes));
            #[cfg(feature = "pgp")]
            if let Some(provenance) = provenance {
                let file = super::packed::beside(&file);
                world.write(&file, provenance.as_bytes()).map_err(|error| Trouble::io("write", &file, &error))?;
                text += &format!("wrote {}\n", file.display());
            }
        }
        Ok(text)
    }

    /// Packs one chart, and checks what it packed.
    fn one(&self, chart: &Path, time: u64, base: &Base, world: &dyn World) -> Result<(String, Vec<u8>), Trouble> {
        if is_archive(chart) {
            return Err(Trouble::new(format!("`{}` is a package already", chart.display())));
        }
        let file = chart.join(CHART_FILE);
        let overlay = match super::inputs::read_text(world, &file) {
            Ok(text) => {
                let text = package::with_versions(&text, self.version.as_deref(), self.app_version.as_deref());
                Overlay::new(world, base.clone(), [(file.clone(), text.into_bytes())])
            }
            Err(trouble) => return Err(trouble),
        };
        if !self.skip_checks {
            let (release, rules) = (ReleaseArgs::default(), RuleArgs::default());
            let config = self.config.as_deref();
            let (scope, color) = (Scope::Every, self.color);
            let checking = Checking { path: chart, release: &release, rules: &rules, config, scope, color };
            if checking.run(&overlay)?.failed {
                return Err(Trouble::new(format!("`{}` is not packaged, because it has errors", chart.display()))
                    .help("correct them, or package it as it is with `--skip-checks`"));
            }
        }
        pack(chart, time, base, &overlay)
    }
}

/// What is checked, and by what.
pub(super) struct Checking<'a> {
    pub path: &'a Path,
    pub release: &'a ReleaseArgs,
    pub rules: &'a RuleArgs,
    pub config: Option<&'a Path>,
    pub scope: Scope,
    pub color: Colour,
}

/// A check that was run.
pub(super) struct Checked {
    /// What it found.
    pub compiled: Compiled,
    /// The texts that it points into.
    pub sources: SourceMap,
    /// It found errors, which were told.
    pub failed: bool,
}

impl Checking<'_> {
    /// Checks a chart as `check` does, in every environment unless one is named, and tells errors on standard error.
    pub(super) fn run(&self, world: &dyn World) -> Result<Checked, Trouble> {
        let config = self.config.map(Path::to_owned);
        let input = InputArgs { paths: vec![self.path.to_owned()], config, ..InputArgs::default() };
        let question = Question {
            input: &input,
            release: self.release,
            rules: self.rules,
            fixes: false,
            stages: Stages { validate: true, lint: true, strict_kinds: false },
            scope: self.scope,
            #[cfg(feature = "cluster")]
            live: None,
            suppressions: true,
            verbose: false,
            progress: None,
        };
        let sources = SourceMap::new();
        let mut compiled = compile::compile(&question, &sources, world)?;
        if !compiled.troubles.is_empty() {
            return Err(compiled.troubles.remove(0));
        }
        let findings = &compiled.report.findings;
        let errors = findings.iter().filter(|finding| finding.severity == Severity::Error).cloned().collect();
        let failed = report::tell(errors, self.color, &sources, world);
        Ok(Checked { compiled, sources, failed })
    }
}

/// Packs a chart as its folder holds it: gives the package's name and its bytes.
pub(super) fn pack(chart: &Path, time: u64, base: &Base, world: &dyn World) -> Result<(String, Vec<u8>), Trouble> {
    let shown = base.show(chart);
    let (files, troubles) = super::inputs::read_folder(world, base, chart);
    let (whole, more_troubles) = read_chart(world, base, chart);
    if let Some(trouble) = troubles.into_iter().chain(more_troubles).next() {
        return Err(trouble);
    }
    let loaded = load(&shown, whole)?;
    let metadata = &loaded.metadata;
    let packing = Packing { name: &metadata.name, version: &metadata.version, flavour: loaded.flavour, time };
    let bytes = packing
        .pack(chart::without_ignored(files))
        .map_err(|error| Trouble::new(format!("`{shown}` cannot be packaged: {error}")))?;
    Ok((packing.file_name(), bytes))
}

/// Loads a chart whose name and version are in order: they become a file's name.
pub(super) fn load(shown: &str, files: Vec<ChartFile>) -> Result<Chart, Trouble> {
    let (chart, findings) = Chart::load(&SourceMap::new(), files);
    let fatal = findings.iter().find(|finding| {
        ["chart/missing-file", "chart/api-version", "chart/name", "chart/version", "chart/required"]
            .contains(&&*finding.rule)
    });
    match (chart, fatal) {
        (Some(chart), None) if !chart.metadata.name.is_empty() && !chart.metadata.version.is_empty() => Ok(chart),
        (_, Some(finding)) => {
            Err(Trouble::new(format!("`{shown}`: {}", finding.message)).help("`plimsoll check` says where"))
        }
        _ => Err(Trouble::new(format!("`{shown}` holds no chart that can be read")).help("`plimsoll check` says why")),
    }
}

/// Gives the time of the entries: SOURCE_DATE_EPOCH where it is set, else a fixed one.
pub(super) fn time(world: &dyn World) -> Result<u64, Trouble> {
    match world.variable("SOURCE_DATE_EPOCH").filter(|text| !text.is_empty()) {
        None => Ok(package::FIXED_TIME),
        // A header of a tar archive holds eleven octal digits.
        Some(text) => text.parse().ok().filter(|time| *time < 1 << 33).ok_or_else(|| {
            Trouble::new(format!("SOURCE_DATE_EPOCH is `{text}`, which is no time"))
                .help("give it in seconds since 1970")
        }),
    }
}
