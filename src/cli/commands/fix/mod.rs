//! `fix`: makes the changes that findings ask for, in the files that people wrote.
//!
//! Fixes that do not meet are applied together, in memory, and all is judged again in every environment; a fix whose
//! finding stays, or that brings another one, is taken back. So it goes on until nothing changes; then files are written.

mod change;
mod diff;
#[cfg(test)]
mod tests;
mod told;

use crate::cli::Exit;
use crate::cli::args::{ChoiceArgs, InputArgs, ReleaseArgs, RuleArgs, StrictArgs, ToneArgs};
use crate::cli::compile::{self, Compiled, Question, Stages};
use crate::cli::inputs::overlay::Overlay;
use crate::cli::inputs::plan::Scope;
use crate::cli::paths::Base;
use crate::cli::trouble::Trouble;
use crate::cli::world::World;
use crate::diagnostic::emit::Report;
use crate::diagnostic::{Safety, Severity};
use crate::source::SourceMap;
use change::{Proposal, apart, apply, marks, plain_wrongs, proposals, wrongs};
use clap::Args;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use told::{Done, Left};

/// Files by their names as they are shown, with what they hold.
type Texts = BTreeMap<String, String>;

/// After as many rounds it ends, whatever is left.
const ROUNDS: usize = 60;

/// The flags of `fix`.
#[derive(Args)]
pub(in crate::cli) struct FixArgs {
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    release: ReleaseArgs,
    #[command(flatten)]
    rules: RuleArgs,
    #[command(flatten)]
    strict: StrictArgs,
    /// Make the unsafe fixes too: those after which a program may behave otherwise, or that a person must judge
    #[arg(long = "unsafe")]
    with_unsafe: bool,
    /// Change nothing, and show what would change as a unified diff
    #[arg(long)]
    diff: bool,
    /// Change nothing, and exit with 1 when something would change
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    tone: ToneArgs,
}

/// What became of the texts, and of the findings.
#[derive(Default)]
struct Outcome {
    /// The texts before, of the files that changed.
    old: Texts,
    new: Texts,
    done: Vec<Done>,
    /// Fixes that were taken back, with the reason.
    taken_back: Vec<Left>,
    /// Findings that have no fix though their rule has, with the reason.
    left: Vec<Left>,
    /// How many unsafe fixes were not asked for.
    held_back: usize,
}

impl FixArgs {
    /// Runs `fix`.
    pub(in crate::cli) fn run(&self, world: &dyn World) -> Exit {
        let run = match self.prepare(world) {
            Ok(run) => run,
            Err(trouble) => {
                trouble.tell(world);
                return Exit::Trouble;
            }
        };
        match run.fix() {
            Ok(outcome) => run.finish(&outcome),
            Err(troubles) => {
                for trouble in &troubles {
                    trouble.tell(world);
                }
                world.err("nothing was changed\n");
                Exit::Trouble
            }
        }
    }

    fn prepare<'a>(&'a self, world: &'a dyn World) -> Result<Run<'a>, Trouble> {
        let current = world.current_folder().map_err(|error| Trouble::io("find", Path::new("."), &error))?;
        let named = self.input.paths.iter().any(|path| path == Path::new("-"));
        let stdin = if named {
            Some(world.stdin().map_err(|error| Trouble::io("read", Path::new("-"), &error))?)
        } else {
            None
        };
        Ok(Run { args: self, world, base: Base::new(&current), stdin })
    }
}

struct Run<'a> {
    args: &'a FixArgs,
    world: &'a dyn World,
    base: Base,
    /// Standard input, where it is named.
    stdin: Option<Vec<u8>>,
}

impl Run<'_> {
    /// Judges everything as the texts are now. `wide` leaves out what narrows: fixes may not make anything worse that was
    /// not asked about.
    fn judge(&self, texts: &Texts, wide: bool, sources: &SourceMap) -> Result<Report, Vec<Trouble>> {
        let narrow = self.args;
        let release = ReleaseArgs {
            environments: if wide { Vec::new() } else { narrow.release.environments.clone() },
            overrides: narrow.release.overrides.clone(),
            namespace: narrow.release.namespace.clone(),
            name: narrow.release.name.clone(),
            versions: narrow.release.versions.clone(),
        };
        let choice = if wide { ChoiceArgs::default() } else { narrow.rules.choice.clone() };
        let rules =
            RuleArgs { profiles: narrow.rules.profiles.clone(), policies: narrow.rules.policies.clone(), choice };
        let question = Question {
            input: &narrow.input,
            release: &release,
            rules: &rules,
            stages: Stages { validate: true, lint: true, strict_kinds: narrow.strict.strict_kinds },
            fixes: !wide || !self.is_narrow(),
            scope: Scope::Every,
            suppressions: true,
            #[cfg(feature = "cluster")]
            live: None,
            verbose: false,
            progress: None,
        };
        let stdin = self.stdin.iter().map(|bytes| (PathBuf::from("-"), bytes.clone()));
        let changed = texts.iter().map(|(name, text)| (PathBuf::from(name), text.clone().into_bytes()));
        let overlay = Overlay::new(self.world, self.base.clone(), stdin.chain(changed));
        match compile::compile(&question, sources, &overlay) {
            Ok(Compiled { mut report, troubles, .. }) if troubles.is_empty() => {
                report.sort(sources);
                Ok(report)
            }
            Ok(Compiled { troubles, .. }) => Err(troubles),
            Err(trouble) => Err(vec![trouble]),
        }
    }

    /// Tells whether flags leave out something that would be judged otherwise.
    fn is_narrow(&self) -> bool {
        let choice = &self.args.rules.choice;
        !self.args.release.environments.is_empty() || !choice.rules.is_empty() || !choice.skipped.is_empty()
    }

    /// Reads a file as it stands, to change it.
    fn read(&self, name: &str) -> Option<String> {
        let bytes = if name == "-" { self.stdin.clone() } else { self.world.read(Path::new(name)).ok() };
        bytes.and_then(|bytes| String::from_utf8(bytes).ok())
    }

    fn fix(&self) -> Result<Outcome, Vec<Trouble>> {
        let mut outcome = Outcome::default();
        let mut refused: BTreeSet<String> = BTreeSet::new();
        let mut seen: BTreeSet<Texts> = BTreeSet::from([Texts::new()]);
        for _ in 0..ROUNDS {
            let sources = SourceMap::new();
            let report = self.judge(&outcome.new, false, &sources)?;
            let broken = unrendered(&report);
            outcome.left = told::left(&report.findings, &broken, &sources);
            let known = proposals(&report.findings, &sources);
            outcome.held_back = known.iter().filter(|p| p.safety == Safety::Unsafe && !self.args.with_unsafe).count();
            let wanted = |proposal: &Proposal| {
                (proposal.safety == Safety::Safe || self.args.with_unsafe)
                    && !refused.contains(&proposal.name())
                    && proposal.edits.keys().all(|file| self.read(file).is_some())
                    && !proposal.is_of(&broken)
            };
            let mut chosen = apart(known.into_iter().filter(wanted).collect());
            let wide = if !chosen.is_empty() && self.is_narrow() {
                self.judge(&outcome.new, true, &SourceMap::new())?
            } else {
                report
            };
            let broken = unrendered(&wide);
            chosen.retain(|proposal| !proposal.is_of(&broken));
            if chosen.is_empty() {
                break;
            }
            let trial = Trial {
                plain: plain_wrongs(&wide.findings),
                run: self,
                texts: &outcome.new,
                marks: marks(&wide.findings),
                wrongs: wrongs(&wide.findings),
            };
            let mut kept: Vec<&Proposal> = Vec::new();
            let mut failed = Vec::new();
            trial.keep(&chosen.iter().collect::<Vec<_>>(), &mut kept, &mut failed);
            for (proposal, reason) in failed {
                refused.insert(proposal.name());
                outcome.taken_back.push(Left::of(proposal, reason));
            }
            if kept.is_empty() {
                continue;
            }
            for file in kept.iter().flat_map(|proposal| proposal.edits.keys()) {
                if !outcome.old.contains_key(file)
                    && let Some(text) = self.read(file)
                {
                    outcome.old.insert(file.clone(), text);
                }
            }
            let new = apply(&kept, &outcome.new, |name| self.read(name)).unwrap_or_default();
            // Two fixes could undo each other for ever.
            if !seen.insert(
                new.iter()
                    .filter(|(name, text)| outcome.old.get(*name) != Some(*text))
                    .map(|(n, t)| (n.clone(), t.clone()))
                    .collect(),
            ) {
                break;
            }
            outcome.new = new;
            outcome.done.extend(kept.into_iter().map(Done::of));
        }
        Ok(outcome)
    }

    /// Writes what changed, or shows it, and says how it ends.
    fn finish(&self, outcome: &Outcome) -> Exit {
        let (args, world) = (self.args, self.world);
        let changed: Vec<&String> = outcome
            .new
            .iter()
            .filter(|(name, new)| outcome.old.get(*name) != Some(new))
            .map(|(name, _)| name)
            .collect();
        let mut troubles = Vec::new();
        let mut out = String::new();
        let to_stdout = args.input.paths.iter().any(|path| path == Path::new("-"));
        if args.diff {
            out = diff::unified(&outcome.old, &outcome.new);
        } else if !args.check {
            for name in &changed {
                let Some(text) = outcome.new.get(*name).filter(|_| *name != "-") else { continue };
                if let Err(trouble) = self.write(name, outcome.old.get(*name), text) {
                    troubles.push(trouble);
                }
            }
            if to_stdout {
                out = outcome.new.get("-").cloned().or_else(|| self.read("-")).unwrap_or_default();
            }
        }
        let told = told::tell(outcome, changed.len(), args.check || args.diff, args.tone);
        if to_stdout || args.diff {
            world.err(&told);
        } else {
            out.push_str(&told);
        }
        if let Err(error) = world.out(&out) {
            troubles.push(Trouble::new(format!("cannot write to standard output: {error}")));
        }
        for trouble in &troubles {
            trouble.tell(world);
        }
        match (troubles.is_empty(), args.check && !changed.is_empty()) {
            (false, _) => Exit::Trouble,
            (true, true) => Exit::Findings,
            (true, false) => Exit::Done,
        }
    }

    /// Writes a file, unless somebody else has changed it meanwhile.
    fn write(&self, name: &str, old: Option<&String>, new: &str) -> Result<(), Trouble> {
        let path = Path::new(name);
        let now = self.world.read(path).map_err(|error| Trouble::io("read", path, &error))?;
        if old.is_some_and(|old| old.as_bytes() != now.as_slice()) {
            return Err(Trouble::new(format!("`{name}` has changed while it was being fixed")).help("run it again"));
        }
        self.world.replace(path, new.as_bytes()).map_err(|error| Trouble::io("write", path, &error))
    }
}

/// Finds the releases that could not be rendered whole: what a fix does to them cannot be judged.
fn unrendered(report: &Report) -> BTreeSet<String> {
    let broken = report.findings.iter().filter(|finding| {
        let stage = finding.rule.split_once('/').map_or("", |(stage, _)| stage);
        finding.severity == Severity::Error && ["template", "yaml", "chart"].contains(&stage)
    });
    broken.filter_map(|finding| finding.release.clone()).collect()
}

/// Fixes tried on texts, beside what was found before.
struct Trial<'a> {
    run: &'a Run<'a>,
    texts: &'a Texts,
    marks: BTreeMap<String, usize>,
    wrongs: BTreeMap<String, usize>,
    plain: BTreeSet<String>,
}

impl Trial<'_> {
    /// Sorts fixes into those that may be kept, beside those that are kept already, and those that fail, with the reason.
    /// All are tried at once; of those that fail together, each half is tried by itself.
    fn keep<'p>(&self, tried: &[&'p Proposal], kept: &mut Vec<&'p Proposal>, failed: &mut Vec<(&'p Proposal, String)>) {
        let together: Vec<&Proposal> = kept.iter().chain(tried).copied().collect();
        match (self.objection(&together, tried), tried) {
            (None, _) => kept.extend(tried),
            (Some(reason), [one]) => failed.push((one, reason)),
            (Some(_), _) => {
                let (left, right) = tried.split_at(tried.len() / 2);
                self.keep(left, kept, failed);
                self.keep(right, kept, failed);
            }
        }
    }

    /// Says what is wrong with fixes: they do not do what they are for, or they bring something new.
    fn objection(&self, together: &[&Proposal], tried: &[&Proposal]) -> Option<String> {
        let Some(texts) = apply(together, self.texts, |name| self.run.read(name)) else {
            return Some("its edits do not fit the text".to_owned());
        };
        let report = match self.run.judge(&texts, true, &SourceMap::new()) {
            Ok(report) => report,
            Err(troubles) => return Some(troubles.first().map_or_else(String::new, |trouble| trouble.message.clone())),
        };
        let after = wrongs(&report.findings);
        let worse = |key: &String, count: usize| self.wrongs.get(key).copied().unwrap_or_default() < count;
        if let Some((key, _)) = after.iter().find(|(key, count)| worse(key, **count)) {
            let rule = key.split(' ').next().unwrap_or_default();
            let new = report
                .findings
                .iter()
                .find(|found| found.rule == rule && !self.marks.contains_key(&change::mark(found)));
            let message =
                new.filter(|found| !found.masked).map(|found| format!(": {}", found.message)).unwrap_or_default();
            return Some(format!("it would bring `{rule}`{message}"));
        }
        if let Some(new) = plain_wrongs(&report.findings).difference(&self.plain).next() {
            return Some(format!("it would bring `{}`", new.split(' ').next().unwrap_or_default()));
        }
        // A rule that was chosen by flags is not judged again.
        let stays = |mark: &String| {
            let before = self.marks.get(mark).copied().unwrap_or_default();
            before > 0 && marks(&report.findings).get(mark).copied().unwrap_or_default() >= before
        };
        let stays = tried.iter().flat_map(|proposal| &proposal.findings).any(stays);
        stays.then(|| "the finding would stay".to_owned())
    }
}
