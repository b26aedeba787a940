//! Secrets in the charts' own files, beyond what their objects show.

use crate::chart::{Chart, Override, Value};
use crate::cli::inputs::plan::Job;
use crate::diagnostic::Diagnostic;
use crate::lint::written::{in_template, in_values};
use crate::source::{FileId, SourceMap, Span};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Looks through the charts of jobs and the files of values that are laid over them, each file once. What `known` findings
/// say of the same line is not said again.
pub(in crate::cli) fn secrets<'a>(
    jobs: &[Job],
    known: impl Iterator<Item = &'a Diagnostic>,
    sources: &SourceMap,
) -> Vec<Diagnostic> {
    let line = |span: Span| (span.file, sources.file(span.file).position(span.start).line);
    let lines: BTreeSet<(FileId, u32)> = known
        .filter(|finding| finding.masked)
        .flat_map(|finding| finding.edit.iter().map(|edit| edit.span).chain(finding.span))
        .map(line)
        .collect();
    let (mut values, mut templates) = (BTreeSet::new(), BTreeSet::new());
    for job in jobs {
        of_chart(&job.chart, &mut values, &mut templates);
        values.extend(job.overrides.iter().filter_map(|(_, over)| match over {
            // What is piped in stands in no file.
            Override::File(file) if !file.name().starts_with("/dev/") => Some(file.id()),
            _ => None,
        }));
    }
    let mut found: Vec<Diagnostic> = values.iter().flat_map(|file| in_values(&sources.file(*file))).collect();
    found.extend(templates.iter().flat_map(|file| in_template(&sources.file(*file))));
    found.retain(|finding| finding.span.is_none_or(|span| !lines.contains(&line(span))));
    found
}

fn of_chart(chart: &Arc<Chart>, values: &mut BTreeSet<FileId>, templates: &mut BTreeSet<FileId>) {
    values.extend(chart.values_file.iter().map(|file| file.id()));
    let file = |value: &Value| value.place.as_ref().map(|place| place.span.file);
    values.extend(chart.environments.values().filter_map(file));
    let texts = chart.templates.iter().chain(&chart.partials).chain(&chart.notes);
    templates.extend(texts.map(|text| text.source.id()));
    for subchart in &chart.subcharts {
        of_chart(&subchart.chart, values, templates);
    }
}
