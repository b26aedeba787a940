//! `plan`: what an apply would do, shown and written to a file that `apply` can be held to.

use super::diff::{Ready, ShowArgs};
use crate::apply::Promise;
use crate::cli::Exit;
use crate::cli::args::{InputArgs, ReleaseArgs, RuleArgs};
use crate::cli::compile::gather::Asked;
use crate::cli::compile::{self, Compiled, Question, Stages};
use crate::cli::inputs::plan::Scope;
use crate::cli::live::ContextArgs;
use crate::cli::live::changing::{check_name, release_name};
use crate::cli::live::held::{Held, HeldObject, How, hold};
use crate::cli::trouble::Trouble;
use crate::cli::world::World;
use crate::diagnostic::emit::{Format as _, Json as FindingsJson};
use crate::diff::emit::{Format as _, Json as ChangesJson, Report};
use crate::diff::plan::{Plan, Planned, digest, hexadecimal, live_digest, text_digest};
use crate::source::{SourceFile, SourceMap};
use clap::Args;
use rayon::prelude::*;
use serde_json::Value as Json;
use std::path::{Path, PathBuf};

/// Who makes plans.
const TOOL: &str = concat!("plimsoll ", env!("CARGO_PKG_VERSION"));

/// The flags of `plan`.
#[derive(Args)]
pub(in crate::cli) struct PlanArgs {
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    release: ReleaseArgs,
    /// Write the plan to this file, which only its owner may read
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    show: ShowArgs,
    #[command(flatten)]
    context: ContextArgs,
}

impl PlanArgs {
    /// Runs `plan`.
    pub(in crate::cli) fn run(&self, world: &dyn World) -> Exit {
        match self.plan(world) {
            Ok((report, troubles)) => self.show.finish(report, troubles, world),
            Err(trouble) => {
                trouble.tell(world);
                Exit::Trouble
            }
        }
    }

    fn plan(&self, world: &dyn World) -> Result<(Report, Vec<Trouble>), Trouble> {
        self.show.check()?;
        if let [_, second, ..] = self.release.environments.as_slice() {
            return Err(Trouble::new(format!("one environment at a time: leave out `-e {second}`")));
        }
        let verbose = self.show.tone.verbose;
        let asked = Asked { input: &self.input, args: &self.release, scope: Scope::Bare, verbose, progress: None };
        let Ready { new, store, mut troubles, .. } = Ready::read(&asked, None, self.show.tone.color, world)?;
        let names: Vec<&str> = new.units.iter().map(|unit| unit.checked.name.as_str()).collect();
        if names.len() != 1 {
            let trouble = Trouble::new(format!("a plan is for one release, and here are {}", names.len()));
            return Err(if names.is_empty() {
                trouble
            } else {
                trouble.help(format!("choose one with `--name`: {}", names.join(", ")))
            });
        }
        let named = self.release.name.as_deref();
        let release = release_name(&new.units[0], named, world)?;
        check_name(&release)?;
        let how = How { named, store: &store, secrets: self.show.secrets(), context: &self.context, verbose };
        let mut held = hold(&new, 0, &how, world)?;
        troubles.append(&mut held.troubles);
        let report = Report { parts: vec![std::mem::take(&mut held.part)], troubles: Vec::new() };
        // What could not be compared makes no plan that anybody should apply.
        if troubles.is_empty() {
            let named = (release, new.units[0].checked.environment.clone());
            let plan = self.write(&held, &report, &new.sources, named, world)?;
            let written = world.write_private(&self.out, plan.to_json().as_bytes());
            written.map_err(|error| Trouble::io("write", &self.out, &error))?;
            if !self.show.tone.quiet {
                world.err(&format!("wrote {}\n", self.out.display()));
            }
        }
        Ok((report, troubles))
    }

    fn write(
        &self,
        held: &Held,
        report: &Report,
        sources: &SourceMap,
        (release, environment): (String, Option<String>),
        world: &dyn World,
    ) -> Result<Plan, Trouble> {
        let salt = hexadecimal(&world.salt());
        let mut objects: Vec<Planned> = held.objects.par_iter().map(|object| planned(object, &salt)).collect();
        objects.sort_by(|a, b| (&a.kind, &a.namespace, &a.name).cmp(&(&b.kind, &b.namespace, &b.name)));
        let changes = ChangesJson.write(report);
        Ok(Plan {
            tool: TOOL.to_owned(),
            context: held.context.clone(),
            server: held.server.clone(),
            kubernetes: held.version.to_string(),
            release,
            environment,
            namespace: held.namespace.clone(),
            inputs: sources
                .written()
                .par_iter()
                .map(|file| (file.name().to_owned(), input_digest(file, &salt)))
                .collect(),
            objects,
            findings: self.findings(world)?,
            changes: serde_json::from_str(&changes).unwrap_or_default(),
            salt,
        })
    }

    /// Judges the objects as `check` does.
    fn findings(&self, world: &dyn World) -> Result<Vec<Json>, Trouble> {
        let rules = RuleArgs::default();
        let question = Question {
            input: &self.input,
            release: &self.release,
            rules: &rules,
            stages: Stages { validate: true, lint: true, strict_kinds: false },
            fixes: false,
            scope: Scope::Bare,
            suppressions: true,
            live: None,
            verbose: false,
            progress: None,
        };
        let sources = SourceMap::new();
        let Compiled { report, .. } = compile::compile(&question, &sources, world)?;
        let mut json: Json = serde_json::from_str(&FindingsJson.write(&report, &sources)).unwrap_or_default();
        match json.get_mut("findings").map(Json::take) {
            Some(Json::Array(findings)) => Ok(findings),
            _ => Ok(Vec::new()),
        }
    }
}

/// Gives the digest of an input: values may be secret; templates only print them.
fn input_digest(file: &SourceFile, salt: &str) -> String {
    text_digest(file.text(), (!file.name().contains("templates/")).then_some(salt))
}

/// Reads a plan that an apply is to be held to, and says what of it does not hold before any cluster is asked.
pub(in crate::cli) fn promise(
    file: &Path,
    environment: Option<&str>,
    sources: &SourceMap,
    world: &dyn World,
) -> Result<Promise, Trouble> {
    let bytes = world.read(file).map_err(|error| Trouble::io("read", file, &error))?;
    let plan = Plan::from_json(&String::from_utf8_lossy(&bytes)).map_err(|reason| {
        Trouble::new(format!("cannot use the plan `{}`: {reason}", file.display()))
            .help("make one by `plimsoll plan --out FILE`")
    })?;
    let mut broken = Vec::new();
    if plan.tool != TOOL {
        broken.push(format!("the plan was made by {}, and this is {TOOL}", plan.tool));
    }
    if plan.environment.as_deref() != environment {
        let words =
            |name: Option<&str>| name.map_or("no environment".to_owned(), |name| format!("the environment `{name}`"));
        broken.push(format!(
            "the plan is for {}, and this is {}",
            words(plan.environment.as_deref()),
            words(environment)
        ));
    }
    let files = sources.written();
    let differs = |(name, digest): &(String, String)| {
        let mut same = files.iter().filter(|file| file.name() == name).peekable();
        if same.peek().is_none() {
            return Some(format!("the plan was made of `{name}`, too, which is not read now"));
        }
        (!same.any(|file| input_digest(file, &plan.salt) == *digest))
            .then(|| format!("`{name}` is not what it was when the plan was made"))
    };
    broken.extend(plan.inputs.par_iter().filter_map(differs).collect::<Vec<_>>());
    Ok(Promise { plan, broken })
}

fn planned(object: &HeldObject, salt: &str) -> Planned {
    let named = object.live.as_ref().or(object.sent.as_ref());
    let text = |json: Option<&Json>, pointer: &str| {
        json.and_then(|json| json.pointer(pointer))
            .and_then(Json::as_str)
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    let part = |pointer: &str| text(object.sent.as_ref(), pointer).or_else(|| text(named, pointer)).unwrap_or_default();
    Planned {
        api_version: part("/apiVersion"),
        kind: part("/kind"),
        namespace: object.namespace.clone(),
        name: part("/metadata/name"),
        change: object.change.to_owned(),
        digest: object.sent.as_ref().map(|sent| digest(sent, salt)),
        resource_version: text(object.live.as_ref(), "/metadata/resourceVersion"),
        uid: text(object.live.as_ref(), "/metadata/uid"),
        live: object.live.as_ref().map(|live| live_digest(live, salt)),
    }
}
