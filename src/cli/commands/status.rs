//! `status`: how the objects of a release are.

use super::history::{show, table, to_json};
use crate::apply::{ObjectState, Overview, status};
use crate::cli::Exit;
use crate::cli::live::changing::{NamedArgs, OutputArgs, OutputFormat, check_name, converse};
use crate::cli::trouble::Trouble;
use crate::cli::world::World;
use clap::Args;
use serde_json::json;
use std::fmt::Write as _;

/// The flags of `status`.
#[derive(Args)]
pub(in crate::cli) struct StatusArgs {
    #[command(flatten)]
    named: NamedArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl StatusArgs {
    /// Runs `status`.
    pub(in crate::cli) fn run(&self, world: &dyn World) -> Exit {
        show(self.status(world), world)
    }

    fn status(&self, world: &dyn World) -> Result<String, Trouble> {
        check_name(&self.named.name)?;
        let options = self.named.place.way.options(None, world)?;
        let overview = converse(&options, world, async |server| {
            let here = self.named.place.namespace.clone().unwrap_or_else(|| server.cluster().namespace().to_owned());
            status(&server, [&self.named.name, &here]).await
        })?;
        Ok(match self.output.format {
            OutputFormat::Json => format!("{}\n", as_json(&overview)),
            OutputFormat::Terminal => text(&overview),
        })
    }
}

fn word(object: &ObjectState) -> &'static str {
    object.state.map_or("missing", crate::apply::State::name)
}

fn text(overview: &Overview) -> String {
    let Overview { revision, objects, left_over } = overview;
    let mut text = format!(
        "{} in {}: revision {}, {} ({}), {}\n",
        revision.release,
        revision.namespace,
        revision.number,
        revision.status.name(),
        revision.description,
        revision.chart
    );
    if !revision.reason.is_empty() {
        let _ = writeln!(text, "  {}", revision.reason);
    }
    let row = |object: &ObjectState| {
        let namespace = Some(&object.key.namespace).filter(|name| !name.is_empty()).map_or("-", |name| name.as_str());
        let mut note = object.reason.clone();
        if !object.drift.is_empty() {
            let drift = format!("changed by others: {}", object.drift.join(", "));
            note = if note.is_empty() { drift } else { format!("{note}; {drift}") };
        }
        [object.key.kind.clone(), namespace.to_owned(), object.key.name.clone(), word(object).to_owned(), note]
    };
    text += &table(["KIND", "NAMESPACE", "NAME", "STATE", "NOTE"], objects.iter().map(row));
    for key in left_over {
        let _ =
            writeln!(text, "{key} belongs to the release and is not part of this revision: apply again to delete it");
    }
    text
}

fn as_json(overview: &Overview) -> serde_json::Value {
    let object = |object: &ObjectState| {
        json!({
            "apiVersion": object.api_version,
            "kind": object.key.kind,
            "namespace": Some(&object.key.namespace).filter(|name| !name.is_empty()),
            "name": object.key.name,
            "state": word(object),
            "reason": object.reason,
            "drift": object.drift,
        })
    };
    let mut json = to_json(&overview.revision);
    json["schemaVersion"] = json!(1);
    json["objects"] = overview.objects.iter().map(object).collect();
    json["leftOver"] = overview
        .left_over
        .iter()
        .map(|key| json!({"kind": key.kind, "namespace": key.namespace, "name": key.name}))
        .collect();
    json
}
