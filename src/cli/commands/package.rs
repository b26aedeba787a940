//! `package`: a chart as an archive that is the same wherever it is made.

use crate::cli::Exit;
use crate::cli::args::{Colour, ReleaseArgs, RuleArgs};
use crate::cli::compile::checking::Checking;
use crate::cli::inputs::overlay::Overlay;
use crate::cli::inputs::packed::is_archive;
use crate::cli::inputs::packing::{pack, time};
use crate::cli::inputs::plan::Scope;
use crate::cli::inputs::{CHART_FILE, Finder};
use crate::cli::paths::Base;
use crate::cli::trouble::Trouble;
use crate::cli::world::World;
use crate::package;
use clap::Args;
use std::path::{Path, PathBuf};

/// The flags of `package`.
#[derive(Args)]
pub(in crate::cli) struct PackageArgs {
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
    pub(in crate::cli) fn run(&self, world: &dyn World) -> Exit {
        crate::cli::end(self.package(world), world)
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
                let file = crate::cli::inputs::packed::beside(&file);
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
        let overlay = match crate::cli::inputs::read_text(world, &file) {
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
