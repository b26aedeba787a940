//! A whole chart as one text of `-- NAME --` sections: loading, composing, looking, rendering. Nothing panics, every place is
//! one, and every byte of what was rendered leads back into a text that was given.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll::source::{SourceMap, Span};
use plimsoll_fuzz::{check_findings, check_span, files, load, render, text};

fuzz_target!(|bytes: &[u8]| {
    let Some(text) = text(bytes) else { return };
    let sources = SourceMap::new();
    let (chart, findings) = load(files(text), &sources);
    check_findings(&findings, &sources);
    let Some(chart) = chart else { return };
    let (rendered, findings) = render(&chart, &sources);
    check_findings(&findings, &sources);
    check_findings(&rendered.diagnostics, &sources);
    for file in &rendered.files {
        for (at, char) in file.source.text().char_indices() {
            let span = Span::new(file.source.id(), at, at + char.len_utf8());
            let Some(written) = file.origins.written(span) else { continue };
            check_span(written.span, &sources);
            written.edit.iter().for_each(|edit| check_span(edit.span, &sources));
            written.trace.iter().for_each(|step| check_span(step.span, &sources));
        }
    }
});
