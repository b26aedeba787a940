//! Writes what a run found in the formats that were asked for, and says how it ends.

use super::Exit;
use super::args::{Colour, FormatArg, FormatName, ReportArgs, ToneArgs};
use super::compile::merge::merge;
use super::paths::{Base, slashed};
use super::trouble::Trouble;
use super::world::World;
use crate::api;
use crate::diagnostic::emit::{About, Format, GitHub, GitLab, JUnit, Json, Markdown, Report, Sarif, Terminal};
use crate::diagnostic::{Diagnostic, Severity};
use crate::lint::{self, Rule};
use crate::source::SourceMap;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The width that is drawn within where `COLUMNS` says nothing else.
const WIDTH: usize = 140;

/// Refuses flags that contradict each other, before any work is done. `others` are files that are written, too.
pub(super) fn check_formats<'a>(
    formats: &'a [FormatArg],
    others: impl IntoIterator<Item = &'a PathBuf>,
    base: &Base,
) -> Result<(), Trouble> {
    if formats.iter().filter(|format| format.file.is_none()).count() > 1 {
        return Err(Trouble::new("two formats cannot share standard output")
            .help("send one of them to a file: `--format json=findings.json`"));
    }
    let mut known = BTreeSet::new();
    let files = formats.iter().filter_map(|format| format.file.as_ref()).chain(others);
    match files.into_iter().find(|file| !known.insert(base.absolute(file))) {
        Some(twice) => Err(Trouble::new(format!("`{}` is to be written twice", twice.display()))
            .help("give each output a file of its own")),
        None => Ok(()),
    }
}

/// Writes a report everywhere, tells the troubles, and gives the exit code.
pub(super) fn finish(
    mut report: Report,
    sources: &SourceMap,
    mut troubles: Vec<Trouble>,
    args: &ReportArgs,
    base: &Base,
    world: &dyn World,
) -> Exit {
    report.incomplete = !troubles.is_empty();
    report.fails_on = args.fail_on.mildest();
    report.sort(sources);
    if args.formats.iter().any(|format| format.name == FormatName::Sarif) {
        describe(&mut report);
    }
    // Servers name files from the root of what they checked out.
    let prefix = |variable: &str| {
        let root = world.variable(variable).map(PathBuf::from)?;
        let inner = base.absolute(Path::new(".")).strip_prefix(root).ok().map(slashed)?;
        (!inner.is_empty()).then(|| format!("{inner}/"))
    };
    for format in &args.formats {
        if (format.name, &format.file) == (FormatName::Json, &None) {
            let mut written = Ok(());
            Json.pieces(&report, sources, &mut |piece| {
                if written.is_ok() {
                    written = world.out(piece);
                }
            });
            troubles.extend(written.err().map(|error| cannot_print(&error)));
            continue;
        }
        let text = match format.name {
            FormatName::Terminal => terminal(args.tone, format.file.is_none(), world).write(&report, sources),
            FormatName::Json => Json.write(&report, sources),
            FormatName::Sarif => Sarif.write(&report, sources),
            FormatName::Junit => JUnit.write(&report, sources),
            FormatName::Github => {
                let prefix = prefix("GITHUB_WORKSPACE").unwrap_or_default();
                GitHub { prefix }.write(&report, sources)
            }
            FormatName::Gitlab => {
                let prefix = prefix("CI_PROJECT_DIR").unwrap_or_default();
                GitLab { prefix }.write(&report, sources)
            }
            FormatName::Markdown => Markdown.write(&report, sources),
        };
        let written = match &format.file {
            Some(file) => world.write(file, text.as_bytes()).map_err(|error| Trouble::io("write", file, &error)),
            None => world.out(&text).map_err(|error| cannot_print(&error)),
        };
        troubles.extend(written.err());
    }
    for trouble in &troubles {
        trouble.tell(world);
    }
    let exit = if !troubles.is_empty() {
        Exit::Trouble
    } else if report.findings.iter().any(|finding| report.fails(finding)) {
        Exit::Findings
    } else {
        Exit::Done
    };
    // The process ends: nobody needs the memory back.
    std::mem::forget(report);
    exit
}

fn cannot_print(error: &std::io::Error) -> Trouble {
    Trouble::new(format!("cannot write to standard output: {error}"))
}

/// Adds what the rules of findings say of themselves; people's own rules are described already.
fn describe(report: &mut Report) {
    let ids: BTreeSet<String> =
        report.findings.iter().chain(&report.suppressed).map(|finding| finding.rule.to_string()).collect();
    for id in ids {
        let about = match lint::load(&id) {
            Some(rule) => about(&rule),
            None => match api::about(&id) {
                Some(about) => About {
                    summary: about.to_owned(),
                    why: String::new(),
                    remedy: String::new(),
                    severity: Severity::Error,
                    tags: vec!["api".to_owned()],
                },
                None => continue,
            },
        };
        report.rules.entry(id).or_insert(about);
    }
}

/// Takes what a rule says of itself.
pub(super) fn about(rule: &Rule) -> About {
    About {
        summary: rule.summary.clone(),
        why: rule.why.trim().to_owned(),
        remedy: rule.remedy.trim().to_owned(),
        severity: rule.severity,
        tags: vec![rule.group.clone()],
    }
}

/// Tells findings on standard error, for commands whose standard output is for something else. Says whether one is an error.
pub(super) fn tell(findings: Vec<Diagnostic>, color: Colour, sources: &SourceMap, world: &dyn World) -> bool {
    let mut report = Report { findings, ..Report::default() };
    report.sort(sources);
    let tone = ToneArgs { color, quiet: true, verbose: false };
    world.err(&terminal(tone, true, world).write(&report, sources));
    report.count(Severity::Error) > 0
}

/// Tells errors on standard error, for commands that judge nothing else. Says whether there are any.
pub(super) fn tell_errors(
    mut findings: Vec<Diagnostic>,
    color: Colour,
    sources: &SourceMap,
    world: &dyn World,
) -> bool {
    findings.retain(|finding| finding.severity == Severity::Error);
    tell(merge(findings, sources), color, sources, world)
}

fn terminal(tone: ToneArgs, to_stdout: bool, world: &dyn World) -> Terminal {
    let (colour, width) = looks(tone.color, to_stdout, world);
    Terminal { colour, width, quiet: tone.quiet }
}

/// Says whether output is coloured, and how many columns it may take.
pub(super) fn looks(color: Colour, to_stdout: bool, world: &dyn World) -> (bool, usize) {
    (is_coloured(color, to_stdout, world), width(world))
}

/// Tells whether output is to have colours.
pub(super) fn is_coloured(colour: Colour, to_stdout: bool, world: &dyn World) -> bool {
    match colour {
        Colour::Always => true,
        Colour::Never => false,
        Colour::Auto => {
            let unwanted = world.variable("NO_COLOR").is_some_and(|value| !value.is_empty());
            to_stdout && world.is_terminal() && !unwanted
        }
    }
}

/// Gives the width to draw within.
pub(super) fn width(world: &dyn World) -> usize {
    let given = world.variable("COLUMNS").and_then(|columns| columns.parse().ok()).filter(|width| *width > 0);
    given.or_else(|| world.columns()).unwrap_or(WIDTH)
}
