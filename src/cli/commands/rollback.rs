//! `rollback`: brings a release back to what an earlier revision applied.

use crate::apply::{How, rollback};
use crate::cli::Exit;
use crate::cli::live::changing::{
    ChangeArgs, NamedArgs, OutputArgs, OutputFormat, Teller, Telling, check_name, converse, finish,
};
use crate::cli::trouble::Trouble;
use crate::cli::world::World;
use clap::Args;

/// The flags of `rollback`.
#[derive(Args)]
pub(in crate::cli) struct RollbackArgs {
    #[command(flatten)]
    named: NamedArgs,
    /// The revision; the one before the newest where none is given
    #[arg(value_name = "REVISION")]
    revision: Option<u32>,
    /// Take fields that other managers hold
    #[arg(long)]
    force_conflicts: bool,
    #[command(flatten)]
    change: ChangeArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl RollbackArgs {
    /// Runs `rollback`.
    pub(in crate::cli) fn run(&self, world: &dyn World) -> Exit {
        match self.rollback(world) {
            Ok(exit) => exit,
            Err(trouble) => {
                trouble.tell(world);
                Exit::Trouble
            }
        }
    }

    fn rollback(&self, world: &dyn World) -> Result<Exit, Trouble> {
        check_name(&self.named.name)?;
        let options = self.named.place.way.options(None, world)?;
        let how = How { force_conflicts: self.force_conflicts, allow_empty: true, ..self.change.how(world) };
        let teller = Teller::new(world, self.change.quiet || self.output.format == OutputFormat::Json);
        let report = converse(&options, world, async |server| {
            let here = self.named.place.namespace.clone().unwrap_or_else(|| server.cluster().namespace().to_owned());
            rollback(&server, [&self.named.name, &here], self.revision, &how, &teller).await
        });
        teller.done();
        let telling = Telling { verb: "rolled back", rehearsed: false, format: self.output.format, findings: None };
        Ok(finish(&report?, &telling, world))
    }
}
