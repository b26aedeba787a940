//! `history`: the revisions of a release.

use crate::apply::{Revision, history};
use crate::cli::Exit;
use crate::cli::live::changing::{NamedArgs, OutputArgs, OutputFormat, check_name, converse};
use crate::cli::trouble::Trouble;
use crate::cli::world::World;
use clap::Args;
use serde_json::{Value as Json, json};

/// The flags of `history`.
#[derive(Args)]
pub(in crate::cli) struct HistoryArgs {
    #[command(flatten)]
    named: NamedArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl HistoryArgs {
    /// Runs `history`.
    pub(in crate::cli) fn run(&self, world: &dyn World) -> Exit {
        show(self.history(world), world)
    }

    fn history(&self, world: &dyn World) -> Result<String, Trouble> {
        check_name(&self.named.name)?;
        let options = self.named.place.way.options(None, world)?;
        let revisions = converse(&options, world, async |server| {
            let here = self.named.place.namespace.clone().unwrap_or_else(|| server.cluster().namespace().to_owned());
            history(&server, [&self.named.name, &here]).await
        })?;
        if self.output.format == OutputFormat::Json {
            let list: Vec<_> = revisions.iter().map(to_json).collect();
            return Ok(format!("{}\n", json!({"schemaVersion": 1, "revisions": list})));
        }
        let row = |revision: &Revision| {
            let Revision { number, status, created, chart, objects, environment, .. } = revision;
            let environment = environment.clone().unwrap_or_else(|| "-".to_owned());
            let mut note = revision.description.clone();
            if revision.unchecked {
                note += ", unchecked";
            }
            if !revision.reason.is_empty() {
                note += &format!(": {}", revision.reason.lines().next().unwrap_or_default());
            }
            [
                number.to_string(),
                status.name().to_owned(),
                objects.to_string(),
                created.clone(),
                chart.clone(),
                environment,
                note,
            ]
        };
        let header = ["REVISION", "STATUS", "OBJECTS", "WRITTEN", "CHART", "ENVIRONMENT", "NOTE"];
        Ok(table(header, revisions.iter().map(row)))
    }
}

/// Prints what was found, or tells why nothing was.
pub(in crate::cli) fn show(text: Result<String, Trouble>, world: &dyn World) -> Exit {
    match text {
        Ok(text) => crate::cli::print(&text, world),
        Err(trouble) => {
            trouble.tell(world);
            Exit::Trouble
        }
    }
}

/// Gives a revision to programs.
pub(in crate::cli) fn to_json(revision: &Revision) -> Json {
    json!({
        "release": revision.release,
        "namespace": revision.namespace,
        "revision": revision.number,
        "status": revision.status.name(),
        "reason": revision.reason,
        "created": revision.created,
        "description": revision.description,
        "chart": revision.chart,
        "appVersion": revision.app_version,
        "environment": revision.environment,
        "unchecked": revision.unchecked,
        "objects": revision.objects,
        "digest": revision.digest,
    })
}

/// Writes rows below a header, in columns.
pub(in crate::cli) fn table<const N: usize>(header: [&str; N], rows: impl Iterator<Item = [String; N]>) -> String {
    let rows: Vec<[String; N]> = std::iter::once(header.map(str::to_owned)).chain(rows).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..N).map(width).collect();
    let mut text = String::new();
    for row in &rows {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        text += cells.join("  ").trim_end();
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::table;

    #[test]
    fn columns_are_as_wide_as_they_need_to_be() {
        let rows = [["a".to_owned(), "bcd".to_owned()], ["efghi".to_owned(), String::new()]];
        assert_eq!(table(["ONE", "TWO"], rows.into_iter()), "ONE    TWO\na      bcd\nefghi\n");
    }
}
