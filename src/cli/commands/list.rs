//! `list`: the releases of a cluster.

use super::history::to_json;
use crate::apply::{Revision, releases};
use crate::cli::Exit;
use crate::cli::live::changing::{OutputArgs, OutputFormat, PlaceArgs, converse};
use crate::cli::trouble::Trouble;
use crate::cli::world::World;
use clap::Args;
use serde_json::json;

/// The flags of `list`.
#[derive(Args)]
pub(in crate::cli) struct ListArgs {
    #[command(flatten)]
    place: PlaceArgs,
    /// The releases of all namespaces
    #[arg(short = 'A', long, conflicts_with = "namespace")]
    all_namespaces: bool,
    #[command(flatten)]
    output: OutputArgs,
}

impl ListArgs {
    /// Runs `list`.
    pub(in crate::cli) fn run(&self, world: &dyn World) -> Exit {
        super::history::show(self.list(world), world)
    }

    fn list(&self, world: &dyn World) -> Result<String, Trouble> {
        let options = self.place.way.options(None, world)?;
        let found = converse(&options, world, async |server| {
            let here = self.place.namespace.clone().unwrap_or_else(|| server.cluster().namespace().to_owned());
            releases(&server, (!self.all_namespaces).then_some(here.as_str())).await
        })?;
        if self.output.format == OutputFormat::Json {
            let list: Vec<_> = found.iter().map(to_json).collect();
            return Ok(format!("{}\n", json!({"schemaVersion": 1, "releases": list})));
        }
        if found.is_empty() {
            return Ok("there are no releases\n".to_owned());
        }
        let row = |revision: &Revision| {
            let Revision { release, namespace, number, status, created, chart, objects, .. } = revision;
            [
                release.clone(),
                namespace.clone(),
                number.to_string(),
                status.name().to_owned(),
                objects.to_string(),
                created.clone(),
                chart.clone(),
            ]
        };
        let header = ["RELEASE", "NAMESPACE", "REVISION", "STATUS", "OBJECTS", "SINCE", "CHART"];
        Ok(super::history::table(header, found.iter().map(row)))
    }
}
