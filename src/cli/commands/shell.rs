//! `completions` and `man`: what shells and `man` know of the command line, made from the command line itself.

use crate::cli::CommandLine;
use crate::cli::Exit;
use crate::cli::trouble::Trouble;
use crate::cli::world::World;
use clap::{Args, CommandFactory as _};
use clap_complete::Shell;
use clap_mangen::Man;
use std::io;
use std::path::PathBuf;

/// The flags of `completions`.
#[derive(Args)]
pub(in crate::cli) struct CompletionsArgs {
    /// The shell that is to complete
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

impl CompletionsArgs {
    /// Runs `completions`.
    pub(in crate::cli) fn run(&self, world: &dyn World) -> Exit {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut CommandLine::command(), "plimsoll", &mut script);
        crate::cli::print(&String::from_utf8_lossy(&script), world)
    }
}

/// The flags of `man`.
#[derive(Args)]
pub(in crate::cli) struct ManArgs {
    /// Write a page for each command to this folder, instead of the one for all to standard output
    #[arg(long, value_name = "FOLDER")]
    output_dir: Option<PathBuf>,
}

impl ManArgs {
    /// Runs `man`.
    pub(in crate::cli) fn run(&self, world: &dyn World) -> Exit {
        match self.write(world) {
            Ok(text) => crate::cli::print(&text, world),
            Err(trouble) => {
                trouble.tell(world);
                Exit::Trouble
            }
        }
    }

    fn write(&self, world: &dyn World) -> Result<String, Trouble> {
        // Only a command line that is built knows the full names of its commands.
        let mut command = CommandLine::command();
        command.build();
        let broken = |error: io::Error| Trouble::new(format!("cannot make the page: {error}"));
        let Some(folder) = &self.output_dir else {
            return page(command).map(|(_, text)| text).map_err(broken);
        };
        let mut commands = vec![command];
        let mut told = String::new();
        while let Some(command) = commands.pop() {
            commands.extend(command.get_subcommands().filter(|command| !command.is_hide_set()).cloned());
            let (name, text) = page(command).map_err(broken)?;
            let path = folder.join(name);
            world.write(&path, text.as_bytes()).map_err(|error| Trouble::io("write", &path, &error))?;
            told += &format!("wrote {}\n", path.display());
        }
        Ok(told)
    }
}

/// Gives the name of a command's page, and the page.
fn page(command: clap::Command) -> io::Result<(String, String)> {
    let man = Man::new(command);
    let mut text = Vec::new();
    man.render(&mut text)?;
    Ok((man.get_filename(), String::from_utf8_lossy(&text).into_owned()))
}
