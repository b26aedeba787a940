//! `uninstall`: removes a release and all that is kept of it.

use crate::apply::uninstall;
use crate::cli::Exit;
use crate::cli::live::changing::{
    ChangeArgs, NamedArgs, OutputArgs, OutputFormat, Teller, Telling, check_name, converse, finish,
};
use crate::cli::trouble::Trouble;
use crate::cli::world::World;
use clap::Args;

/// The flags of `uninstall`.
#[derive(Args)]
pub(in crate::cli) struct UninstallArgs {
    #[command(flatten)]
    named: NamedArgs,
    /// Tell what would be deleted, and delete nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    change: ChangeArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl UninstallArgs {
    /// Runs `uninstall`.
    pub(in crate::cli) fn run(&self, world: &dyn World) -> Exit {
        match self.uninstall(world) {
            Ok(exit) => exit,
            Err(trouble) => {
                trouble.tell(world);
                Exit::Trouble
            }
        }
    }

    fn uninstall(&self, world: &dyn World) -> Result<Exit, Trouble> {
        check_name(&self.named.name)?;
        let options = self.named.place.way.options(None, world)?;
        let how = self.change.how(world);
        let teller = Teller::new(world, self.change.quiet || self.output.format == OutputFormat::Json);
        let report = converse(&options, world, async |server| {
            let here = self.named.place.namespace.clone().unwrap_or_else(|| server.cluster().namespace().to_owned());
            uninstall(&server, [&self.named.name, &here], self.dry_run, &how, &teller).await
        });
        teller.done();
        let telling =
            Telling { verb: "uninstalled", rehearsed: self.dry_run, format: self.output.format, findings: None };
        Ok(finish(&report?, &telling, world))
    }
}
