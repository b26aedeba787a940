//! `--live`: asks the cluster what it says of the same objects.

pub(super) mod changing;
pub(super) mod held;

use crate::api;
use crate::cli::inputs::workspaces::Loaded;
use crate::cli::trouble::Trouble;
use crate::cli::world::World;
use crate::cluster::{Answer, Cluster, ClusterError, Heard, Options, Sent, merge, not_judged};
use crate::diagnostic::Diagnostic;
use crate::object::{Object, ObjectSet};
use crate::schema::{SchemaStore, Version};
use crate::yaml::emit::Data;
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;

/// What stands between the paths of KUBECONFIG.
const SEPARATOR: char = if cfg!(windows) { ';' } else { ':' };

/// How long an answer may take where nothing else is said.
const PATIENCE: Duration = Duration::from_secs(30);

/// Which cluster is meant.
#[derive(Args, Clone, Debug, Default)]
pub(in crate::cli) struct WayArgs {
    /// Ask the cluster of this kubeconfig context; the environment's, else the current one, where none is given
    #[arg(long, value_name = "NAME")]
    pub context: Option<String>,
    /// Use this kubeconfig instead of KUBECONFIG and ~/.kube/config
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
}

/// Which cluster is asked, and how long it may take.
#[derive(Args, Clone, Debug)]
pub(in crate::cli) struct ContextArgs {
    #[command(flatten)]
    pub way: WayArgs,
    /// How long to wait for each answer of the cluster: 2m; 30s where nothing is said
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub timeout: Option<Duration>,
}

/// Whether a cluster is asked.
#[derive(Args, Clone, Debug)]
pub(in crate::cli) struct LiveArgs {
    /// Ask the cluster too: every object is sent as dry run, and its answer merged with the findings
    #[arg(long)]
    live: bool,
    #[command(flatten)]
    context: ContextArgs,
}

impl LiveArgs {
    /// Gives how the cluster is found, if one is to be asked.
    pub(in crate::cli) fn wanted(&self) -> Result<Option<&ContextArgs>, Trouble> {
        let context = &self.context;
        match context.given().filter(|_| !self.live) {
            Some(flag) => Err(Trouble::new(format!("`{flag}` is for asking a cluster")).help("add `--live`")),
            None => Ok(self.live.then_some(context)),
        }
    }
}

/// Reads a duration: `90s`, `2m`, `1h`, `1m30s`, or seconds.
pub(in crate::cli) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "write a duration such as 30s, 2m or 1m30s".to_owned();
    if let Ok(seconds) = text.parse::<u32>() {
        return if seconds > 0 { Ok(Duration::from_secs(seconds.into())) } else { Err(wrong()) };
    }
    let (mut total, mut rest) = (Duration::ZERO, text);
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, tail) = rest.split_at(digits);
        let number: u32 = number.parse().map_err(|_| wrong())?;
        let units = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)];
        let (unit, milliseconds) = units.into_iter().find(|(unit, _)| tail.starts_with(unit)).ok_or_else(wrong)?;
        total += Duration::from_millis(milliseconds) * number;
        rest = &tail[unit.len()..];
    }
    if total.is_zero() { Err(wrong()) } else { Ok(total) }
}

impl ContextArgs {
    /// Gives the flags that were given, of which none is heeded where no cluster is asked.
    pub(in crate::cli) fn given(&self) -> Option<&'static str> {
        let flags = [
            ("--context", self.way.context.is_some()),
            ("--kubeconfig", self.way.kubeconfig.is_some()),
            ("--timeout", self.timeout.is_some()),
        ];
        flags.into_iter().find(|(_, given)| *given).map(|(flag, _)| flag)
    }

    /// Gives the ways to a cluster. `pinned` is the context of the environment: another one is refused.
    pub(in crate::cli) fn options(&self, pinned: Option<&str>, world: &dyn World) -> Result<Options, Trouble> {
        let options = self.way.options(pinned, world)?;
        Ok(Options { timeout: self.timeout.unwrap_or(PATIENCE), ..options })
    }
}

impl WayArgs {
    /// Gives the ways to a cluster. `pinned` is the context of the environment: another one is refused.
    pub(in crate::cli) fn options(&self, pinned: Option<&str>, world: &dyn World) -> Result<Options, Trouble> {
        if let (Some(given), Some(pinned)) = (&self.context, pinned)
            && given != pinned
        {
            return Err(Trouble::new(format!("the environment is for the context `{pinned}`, not `{given}`"))
                .help("leave out `--context`, or change the environment's `context` in plimsoll.yaml"));
        }
        let context = self.context.clone().or_else(|| pinned.map(str::to_owned));
        Ok(Options { kubeconfigs: self.kubeconfigs(world)?, context, timeout: PATIENCE })
    }

    /// Finds the kubeconfigs. Those of KUBECONFIG that are not there are left out, as kubectl does.
    fn kubeconfigs(&self, world: &dyn World) -> Result<Vec<PathBuf>, Trouble> {
        if let Some(file) = &self.kubeconfig {
            return match world.entry(file) {
                Ok(_) => Ok(vec![file.clone()]),
                Err(error) => Err(Trouble::io("read", file, &error)),
            };
        }
        let listed = world.variable("KUBECONFIG").filter(|list| !list.is_empty());
        let candidates: Vec<PathBuf> = match listed {
            Some(list) => list.split(SEPARATOR).filter(|path| !path.is_empty()).map(PathBuf::from).collect(),
            None => world.variable("HOME").map(|home| PathBuf::from(home).join(".kube/config")).into_iter().collect(),
        };
        Ok(candidates.into_iter().filter(|path| world.entry(path).is_ok()).collect())
    }
}

/// Gives the context that a workspace pins an environment to.
pub(in crate::cli) fn pinned<'w>(workspace: Option<&'w Loaded>, environment: Option<&str>) -> Option<&'w str> {
    Some(workspace?.workspace.environment(environment?)?.context.as_ref()?.as_str())
}

/// Runs a conversation with a cluster to its end.
pub(in crate::cli) fn converse<T>(conversation: impl Future<Output = Result<T, ClusterError>>) -> Result<T, Trouble> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Trouble::new(format!("cannot start asking the cluster: {error}")))?;
    runtime.block_on(conversation).map_err(|error| Trouble { message: error.to_string(), help: error.help() })
}

/// What a cluster says of a set of objects.
pub(in crate::cli) struct Answers {
    version: Version,
    context: String,
    /// One for each object, in the order of the set.
    of_objects: Vec<Answer>,
}

/// Asks for the answers on a set of objects.
pub(in crate::cli) fn ask(
    objects: &ObjectSet<'_>,
    namespace: Option<&str>,
    workspace: Option<&Loaded>,
    environment: Option<&str>,
    args: &ContextArgs,
    world: &dyn World,
) -> Result<Answers, Trouble> {
    let options = args.options(pinned(workspace, environment), world)?;
    let objects = objects
        .iter()
        .map(|object| Sent { object: Data::from_node(object.node).to_json(), namespace: namespace.map(str::to_owned) });
    let objects: Vec<Sent> = objects.collect();
    converse(async {
        let cluster = Cluster::connect(&options).await?;
        let answers = cluster.dry_run(objects).await?;
        Ok(Answers { version: cluster.version(), context: cluster.context().to_owned(), of_objects: answers })
    })
}

impl Answers {
    /// Merges the answers into the findings about the objects.
    pub(in crate::cli) fn merge(&self, objects: &ObjectSet<'_>, store: &SchemaStore, findings: &mut Vec<Diagnostic>) {
        // Of a server newer or older than every known version, the nearest one is the judge.
        let judge = self.version.clamp(Version::ALL[0], Version::LATEST);
        let version = judge.to_string();
        for (object, answer) in objects.iter().zip(&self.of_objects) {
            let known = api::verdict(object.node, store, judge);
            let heard = Heard { answer, version: &version, context: &self.context };
            for mut added in merge(object.node, heard, &known, findings) {
                added.object = Some(object.full_name());
                findings.push(added);
            }
        }
        let nodes = objects.iter().map(|object| object.node).zip(&self.of_objects);
        for (node, mut told) in not_judged(&self.context, nodes) {
            told.object = objects.iter().find(|object| object.node == node).map(Object::full_name);
            told.versions = [version.clone()].into();
            findings.push(told);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::duration;
    use std::time::Duration;

    #[test]
    fn durations_are_read() {
        for (text, seconds) in [("30s", 30), ("2m", 120), ("1m30s", 90), ("1h", 3600), ("5", 5)] {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for bad in ["", "0", "0s", "s", "5x", "-5s", "5 s"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }
}
