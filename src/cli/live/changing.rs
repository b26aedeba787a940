//! What the commands share that change releases: flags, the conversation with the cluster, what is said on the way.

use super::{WayArgs, duration};
use crate::apply::{Action, Deed, Failure, Guard, How, Report, Server, Stuck, Terms, Told};
use crate::cli::Exit;
use crate::cli::args::Colour;
use crate::cli::compile::gather::Unit;
use crate::cli::trouble::Trouble;
use crate::cli::world::World;
use crate::cluster::{Cluster, Options};
use clap::{Args, ValueEnum};
use serde_json::{Value as Json, json};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

/// Which release is meant, and in which cluster.
#[derive(Args)]
pub(in crate::cli) struct NamedArgs {
    /// The release
    #[arg(value_name = "NAME")]
    pub name: String,
    #[command(flatten)]
    pub place: PlaceArgs,
}

/// Where releases are looked for.
#[derive(Args)]
pub(in crate::cli) struct PlaceArgs {
    /// The namespace of the release; the context's where none is given
    #[arg(short, long, value_name = "NAMESPACE")]
    pub namespace: Option<String>,
    #[command(flatten)]
    pub way: WayArgs,
}

/// How output is written.
#[derive(Args, Clone, Copy)]
pub(in crate::cli) struct OutputArgs {
    /// Write what happened, or what is there, in this format
    #[arg(long, value_name = "NAME", default_value = "terminal")]
    pub format: OutputFormat,
}

/// An output format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum OutputFormat {
    /// For people.
    Terminal,
    /// For programs.
    Json,
}

/// How a release is changed.
#[derive(Args)]
pub(in crate::cli) struct ChangeArgs {
    /// How long objects may take to get ready, or to go: 90s, 10m
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "5m")]
    pub timeout: Duration,
    /// Do not wait until objects are ready, or gone
    #[arg(long)]
    pub no_wait: bool,
    /// How long the release's lock outlives a crash: 15s
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "15s")]
    pub lease: Duration,
    /// Say nothing on the way
    #[arg(short, long)]
    pub quiet: bool,
}

impl ChangeArgs {
    /// Gives how a release is changed, where nothing else is said.
    pub(in crate::cli) fn how(&self, world: &dyn World) -> How {
        How {
            lock: Terms { holder: world.identity(), lease: self.lease, patience: self.timeout },
            timeout: self.timeout,
            wait: !self.no_wait,
            create_namespace: false,
            rollback_on_failure: false,
            force_conflicts: false,
            take_ownership: false,
            allow_empty: false,
            keep: 10,
            left: None,
        }
    }
}

/// Says on standard error how it goes: on a terminal, what goes on stands in the last line.
pub(in crate::cli) struct Teller<'a> {
    world: &'a dyn World,
    quiet: bool,
    terminal: bool,
}

impl<'a> Teller<'a> {
    pub(in crate::cli) fn new(world: &'a dyn World, quiet: bool) -> Self {
        Self { world, quiet, terminal: world.is_terminal() && !quiet }
    }

    /// Clears the last line.
    pub(in crate::cli) fn done(&self) {
        if self.terminal {
            self.world.err("\r\u{1b}[2K");
        }
    }
}

impl Told for Teller<'_> {
    fn line(&self, text: &str) {
        if !self.quiet {
            self.done();
            self.world.err(&format!("{text}\n"));
        }
    }

    fn live(&self, text: &str) {
        if self.terminal {
            let short: String = text.chars().take(100).collect();
            self.world.err(&format!("\r\u{1b}[2K{short}"));
        }
    }
}

/// Runs a conversation with a cluster to its end. The first signal asks it to stop where that is safe, the second one ends it.
pub(in crate::cli) fn converse<T, F>(options: &Options, world: &dyn World, conversation: F) -> Result<T, Trouble>
where
    F: AsyncFnOnce(Server) -> Result<T, Failure>,
{
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Trouble::new(format!("cannot start asking the cluster: {error}")))?;
    runtime.block_on(async {
        let cluster = Cluster::connect(options)
            .await
            .map_err(|error| Trouble { message: error.to_string(), help: error.help() })?;
        let guard = Arc::new(Guard::default());
        let mut talk = pin!(conversation(Server::new(cluster, Arc::clone(&guard))));
        let mut signals = pin!(signals(Arc::clone(&guard), world));
        let result = std::future::poll_fn(|context| {
            if let Poll::Ready(result) = talk.as_mut().poll(context) {
                return Poll::Ready(Some(result));
            }
            signals.as_mut().poll(context).map(|()| None)
        });
        match result.await {
            Some(Ok(result)) => Ok(result),
            Some(Err(failure)) => Err(trouble(&failure)),
            None => Err(Trouble::new("stopped at once").help("run it again: it takes over what was begun")),
        }
    })
}

/// Words why nothing could be tried.
fn trouble(failure: &Failure) -> Trouble {
    let trouble = Trouble::new(failure.words());
    match failure {
        Failure::Trouble(error) => Trouble { help: error.help(), ..trouble },
        Failure::Unfit(reason)
            if reason.starts_with("the namespace `") && reason.ends_with("is not in the cluster") =>
        {
            trouble.help("let it be created by `--create-namespace`, or name another by `--namespace`")
        }
        Failure::Unfit(reason) if reason.starts_with("the cluster does not allow") => {
            trouble.help("ask for the permissions, or choose another context by `--context`; nothing was changed")
        }
        _ => trouble,
    }
}

/// Hears Ctrl-C, and what a system sends to end a process. Comes to its end with the second of them.
async fn signals(guard: Arc<Guard>, world: &dyn World) {
    signal().await;
    guard.stop();
    world.err("\nstopping: what was sent is waited for, nothing more is begun; once more to end at once\n");
    signal().await;
}

#[cfg(unix)]
async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return std::future::pending().await;
    };
    std::future::poll_fn(|context| {
        if interrupt.poll_recv(context).is_ready() || terminate.poll_recv(context).is_ready() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
}

#[cfg(not(unix))]
async fn signal() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// How a finished report is told.
pub(in crate::cli) struct Telling<'a> {
    /// What was done: `applied`, `rolled back`.
    pub verb: &'a str,
    /// Nothing was changed: what would be is told.
    pub rehearsed: bool,
    pub format: OutputFormat,
    /// Findings about objects, as JSON, and whether they were told already.
    pub findings: Option<Vec<Json>>,
}

/// Tells how it ended, and gives the exit code.
pub(in crate::cli) fn finish(report: &Report, telling: &Telling<'_>, world: &dyn World) -> Exit {
    let exit = if report.is_good() { Exit::Done } else { Exit::Findings };
    if telling.format == OutputFormat::Json {
        let printed = crate::cli::print(&format!("{}\n", to_json(report, telling)), world);
        return if printed == Exit::Done { exit } else { printed };
    }
    let mut ill = String::new();
    if telling.findings.is_none() {
        for refusal in &report.refused {
            let _ = writeln!(ill, "error[{}]: {}", refusal.rule, refusal.message);
            if let Some(help) = &refusal.help {
                let _ = writeln!(ill, "  help: {help}");
            }
        }
    }
    for stuck in &report.stuck {
        let _ = writeln!(ill, "error: {}", stuck.words());
        for line in &stuck.details {
            let _ = writeln!(ill, "  {line}");
        }
    }
    for trouble in &report.trouble {
        let _ = writeln!(ill, "error: {trouble}");
    }
    world.err(&ill);
    if exit != Exit::Done {
        return exit;
    }
    let mut text = String::new();
    if telling.rehearsed {
        for action in report.actions.iter().filter(|action| action.deed != Deed::Unchanged) {
            let _ = writeln!(text, "would be {}", action.words());
        }
    }
    let _ = writeln!(text, "{}", summary(report, telling));
    let printed = crate::cli::print(&text, world);
    if printed == Exit::Done { exit } else { printed }
}

/// Says in one line how it ended.
fn summary(report: &Report, telling: &Telling<'_>) -> String {
    let Report { release, namespace, .. } = report;
    let revision = report.revision.map(|number| format!(", revision {number}")).unwrap_or_default();
    let deeds = [Deed::Created, Deed::Changed, Deed::Unchanged, Deed::Deleted, Deed::Kept, Deed::Ran];
    let counts = deeds.map(|deed| (report.count(deed), deed.name()));
    let counts: Vec<String> =
        counts.iter().filter(|(count, _)| *count > 0).map(|(count, name)| format!("{count} {name}")).collect();
    let counts = if counts.is_empty() { "no objects".to_owned() } else { counts.join(", ") };
    if report.nothing_to_do {
        return format!("nothing to change in {release} in {namespace}{revision}: {counts}");
    }
    if telling.rehearsed {
        return format!("nothing was changed; {release} in {namespace} would have {counts}");
    }
    format!("{} {release} in {namespace}{revision}: {counts}", telling.verb)
}

fn to_json(report: &Report, telling: &Telling<'_>) -> Json {
    let object = |action: &Action| {
        let mut object = json!({
            "apiVersion": action.api_version,
            "kind": action.key.kind,
            "namespace": Some(&action.key.namespace).filter(|name| !name.is_empty()),
            "name": action.key.name,
            "action": action.deed.name(),
        });
        if !action.note.is_empty() {
            object["note"] = json!(action.note);
        }
        object
    };
    let refused: Vec<Json> = report
        .refused
        .iter()
        .map(|refusal| {
            json!({
                "rule": refusal.rule, "message": refusal.message, "help": refusal.help,
                "kind": refusal.key.kind, "namespace": refusal.key.namespace, "name": refusal.key.name,
                "path": refusal.field.trim_start_matches('.'),
            })
        })
        .collect();
    let stuck = |stuck: &Stuck| {
        json!({
            "kind": stuck.key.kind, "namespace": stuck.key.namespace, "name": stuck.key.name,
            "state": stuck.state.name(), "reason": stuck.reason, "details": stuck.details,
        })
    };
    json!({
        "schemaVersion": 1,
        "release": report.release,
        "namespace": report.namespace,
        "revision": report.revision,
        "done": report.is_good(),
        "rehearsed": telling.rehearsed,
        "changed": !report.nothing_to_do,
        "objects": report.actions.iter().map(object).collect::<Vec<_>>(),
        "findings": telling.findings.clone().unwrap_or(refused),
        "stuck": report.stuck.iter().map(stuck).collect::<Vec<_>>(),
        "trouble": report.trouble,
        "requests": { "read": report.requests.0, "write": report.requests.1 },
    })
}

/// Chooses a colour where a command has no flag for it.
pub(in crate::cli) const COLOUR: Colour = Colour::Auto;

/// Refuses a name that no release can have.
pub(in crate::cli) fn check_name(name: &str) -> Result<(), Trouble> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    let good =
        name.len() <= 53 && name.chars().all(plain) && ends(name.chars().next()) && ends(name.chars().next_back());
    if good {
        return Ok(());
    }
    Err(Trouble::new(format!("`{name}` is no name of a release"))
        .help("a name has at most 53 small letters, digits and hyphens, and begins and ends with a letter or digit"))
}

/// Gives the name of a release: for plain manifests the one that was given, else that of their folder or file.
pub(in crate::cli) fn release_name(unit: &Unit, given: Option<&str>, world: &dyn World) -> Result<String, Trouble> {
    if unit.checked.is_release {
        return Ok(unit.checked.name.clone());
    }
    if let Some(name) = given {
        return Ok(name.to_owned());
    }
    let unnamed = || Trouble::new("these manifests have no name as a release").help("give them one by `--name NAME`");
    let path = match unit.checked.name.as_str() {
        "-" => return Err(unnamed()),
        name if name.ends_with(" files") => return Err(unnamed()),
        "." | "" => world.current_folder().map_err(|error| Trouble::io("find", Path::new("."), &error))?,
        name => PathBuf::from(name),
    };
    path.file_stem().map(|name| name.to_string_lossy().into_owned()).ok_or_else(unnamed)
}
