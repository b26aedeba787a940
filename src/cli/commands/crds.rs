//! `crds pull`: writes a cluster's definitions of custom resources to a folder, to validate against.

use crate::cli::Exit;
use crate::cli::live::{ContextArgs, converse};
use crate::cli::trouble::Trouble;
use crate::cli::world::World;
use crate::cluster::{Cluster, Definition};
use crate::diagnostic::nearest;
use crate::yaml::emit::{self, Data};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// The flags of `crds`.
#[derive(Args)]
pub(in crate::cli) struct CrdsArgs {
    #[command(subcommand)]
    command: CrdsCommand,
}

#[derive(Subcommand)]
enum CrdsCommand {
    /// Write a cluster's definitions of custom resources to a folder, a file each
    Pull(PullArgs),
}

/// The flags of `crds pull`.
#[derive(Args)]
struct PullArgs {
    /// Only the definitions of these names or groups: backups.example.com, example.com
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// The folder to write to
    #[arg(long, value_name = "FOLDER", default_value = "crds")]
    output_dir: PathBuf,
    #[command(flatten)]
    context: ContextArgs,
}

impl CrdsArgs {
    /// Runs `crds`.
    pub(in crate::cli) fn run(&self, world: &dyn World) -> Exit {
        let CrdsCommand::Pull(args) = &self.command;
        match args.pull(world) {
            Ok(text) => crate::cli::print(&text, world),
            Err(trouble) => {
                trouble.tell(world);
                Exit::Trouble
            }
        }
    }
}

impl PullArgs {
    fn pull(&self, world: &dyn World) -> Result<String, Trouble> {
        let options = self.context.options(None, world)?;
        let (context, definitions) = converse(async {
            let cluster = Cluster::connect(&options).await?;
            Ok((cluster.context().to_owned(), cluster.definitions().await?))
        })?;
        let wanted = self.choose(definitions)?;
        let mut text = String::new();
        for definition in &wanted {
            let file = self.output_dir.join(format!("{}.yaml", definition.name));
            let written = emit::block(&Data::from_json(&definition.object), 0);
            world.write(&file, written.as_bytes()).map_err(|error| Trouble::io("write", &file, &error))?;
            text += &format!("wrote {}\n", file.display());
        }
        let count = wanted.len();
        text += &format!("{count} definition{} of `{context}`\n", if count == 1 { "" } else { "s" });
        Ok(text)
    }

    /// Takes the definitions that were asked for; every name must find one.
    fn choose(&self, definitions: Vec<Definition>) -> Result<Vec<Definition>, Trouble> {
        // The server has checked the names, but they become names of files.
        let safe =
            |definition: &Definition| !definition.name.contains(['/', '\\']) && !definition.name.starts_with('.');
        let fits = |definition: &Definition, name: &String| {
            definition.name == *name || definition.name.split_once('.').is_some_and(|(_, group)| group == name)
        };
        if let Some(missing) = self.names.iter().find(|name| !definitions.iter().any(|known| fits(known, name))) {
            let trouble = Trouble::new(format!("the cluster has no definition `{missing}`"));
            let near = nearest(missing, definitions.iter().map(|known| known.name.as_str()));
            return Err(match near {
                Some(near) => trouble.help(format!("did you mean `{near}`?")),
                None => trouble,
            });
        }
        let wanted =
            |definition: &Definition| self.names.is_empty() || self.names.iter().any(|name| fits(definition, name));
        Ok(definitions.into_iter().filter(safe).filter(wanted).collect())
    }
}
