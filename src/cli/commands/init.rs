//! `init`: writes a new chart that passes `check --profile strict`.

use crate::cli::Exit;
use crate::cli::trouble::Trouble;
use crate::cli::world::World;
use clap::Args;
use std::path::Path;

/// The files of the chart, by their path in it; `NAME` in Chart.yaml and values.yaml becomes the chart's name.
const FILES: [(&str, &str); 12] = [
    (".helmignore", include_str!("init/helmignore")),
    ("environments/dev.yaml", include_str!("init/environments/dev.yaml")),
    ("environments/prod.yaml", include_str!("init/environments/prod.yaml")),
    ("templates/NOTES.txt", include_str!("init/templates/NOTES.txt")),
    ("templates/_helpers.yaml", include_str!("init/templates/_helpers.yaml")),
    ("templates/deployment.yaml", include_str!("init/templates/deployment.yaml")),
    ("templates/disruption.yaml", include_str!("init/templates/disruption.yaml")),
    ("templates/networkpolicy.yaml", include_str!("init/templates/networkpolicy.yaml")),
    ("templates/service.yaml", include_str!("init/templates/service.yaml")),
    ("templates/serviceaccount.yaml", include_str!("init/templates/serviceaccount.yaml")),
    ("tests/deployment.yaml", include_str!("init/tests/deployment.yaml")),
    ("values.yaml", include_str!("init/values.yaml")),
];

const CHART: &str = "\
apiVersion: plimsoll.dev/v1
name: NAME
description: What NAME does, in one sentence
type: application
version: 0.1.0
appVersion: \"1.0.0\"
";

/// The flags of `init`.
#[derive(Args)]
pub(in crate::cli) struct InitArgs {
    /// The chart's name, and of the folder to write it to
    #[arg(value_name = "NAME")]
    name: String,
}

impl InitArgs {
    /// Runs `init`.
    pub(in crate::cli) fn run(&self, world: &dyn World) -> Exit {
        match self.write(world) {
            Ok(()) => crate::cli::print(
                &format!("wrote a chart to {0}\nnext: plimsoll check {0}, plimsoll test {0}\n", self.name),
                world,
            ),
            Err(trouble) => {
                trouble.tell(world);
                Exit::Trouble
            }
        }
    }

    fn write(&self, world: &dyn World) -> Result<(), Trouble> {
        let name = &self.name;
        if !is_label(name) {
            return Err(Trouble::new(format!("`{name}` cannot name a chart"))
                .help("use at most 53 lower-case letters, digits and `-`, a letter first and no `-` at the end"));
        }
        let folder = Path::new(name);
        if world.entry(folder).is_ok() {
            return Err(
                Trouble::new(format!("`{name}` exists already")).help("choose another name, or remove it first")
            );
        }
        for (path, text) in [("Chart.yaml", CHART)].iter().chain(&FILES) {
            let named = *path == "Chart.yaml" || *path == "values.yaml";
            let text = if named { text.replace("NAME", name) } else { (*text).to_owned() };
            let path = folder.join(path);
            world.write(&path, text.as_bytes()).map_err(|error| Trouble::io("write", &path, &error))?;
        }
        Ok(())
    }
}

/// Tells whether a name can stand in the names of objects; 53 characters leave room for what is added to them.
fn is_label(name: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    name.len() <= 53
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && !name.ends_with('-')
        && name.chars().all(inner)
}
