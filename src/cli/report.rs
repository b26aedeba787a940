//! Writes what a run found in the formats that were asked for, and says how it ends.

use super::Exit;
use super::args::{Colour, FormatArg, FormatName, ReportArgs, ToneArgs};
use super::merge::merge;
use super::trouble::Trouble;
use super::world::World;
use crate::diagnostic::emit::{Format, Json, Report, Terminal};
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::SourceMap;

/// The width that is drawn within where `COLUMNS` says nothing else.
const WIDTH: usize = 140;

/// Refuses flags that contradict each other, before any work is done.
pub(super) fn check_formats(formats: &[FormatArg]) -> Result<(), Trouble> {
    let mut to_stdout = formats.iter().filter(|format| format.file.is_none());
    match (to_stdout.next(), to_stdout.next()) {
        (Some(_), Some(_)) => Err(Trouble::new("two formats cannot share standard output")
            .help("send one of them to a file: `--format json=findings.json`")),
        _ => Ok(()),
    }
}

/// Writes a report everywhere, tells the troubles, and gives the exit code.
pub(super) fn finish(
    mut report: Report,
    sources: &SourceMap,
    mut troubles: Vec<Trouble>,
    args: &ReportArgs,
    world: &dyn World,
) -> Exit {
    report.incomplete = !troubles.is_empty();
    report.sort(sources);
    for format in &args.formats {
        let text = match format.name {
            FormatName::Terminal => terminal(args.tone, format.file.is_none(), world).write(&report, sources),
            FormatName::Json => Json.write(&report, sources),
        };
        let written = match &format.file {
            Some(file) => world.write(file, text.as_bytes()).map_err(|error| Trouble::io("write", file, &error)),
            None => world.out(&text).map_err(|error| Trouble::new(format!("cannot write to standard output: {error}"))),
        };
        troubles.extend(written.err());
    }
    for trouble in &troubles {
        trouble.tell(world);
    }
    if !troubles.is_empty() {
        Exit::Trouble
    } else if report.findings.iter().any(|finding| args.fail_on.includes(finding.severity)) {
        Exit::Findings
    } else {
        Exit::Done
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
    let colour = match color {
        Colour::Always => true,
        Colour::Never => false,
        Colour::Auto => {
            let unwanted = world.variable("NO_COLOR").is_some_and(|value| !value.is_empty());
            to_stdout && world.is_terminal() && !unwanted
        }
    };
    (colour, world.variable("COLUMNS").and_then(|columns| columns.parse().ok()).unwrap_or(WIDTH))
}
