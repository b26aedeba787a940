//! What the fuzz targets share: texts in, stages run, places held against the texts that they point into.

use libfuzzer_sys::arbitrary::Unstructured;
use plimsoll::chart::{Chart, ChartFile, compose};
use plimsoll::diagnostic::Diagnostic;
use plimsoll::render::{Engine as _, JinjaEngine, Release, Rendered, Request, Templates, look};
use plimsoll::source::{SourceMap, Span};
use plimsoll::yaml::emit::Data;
use plimsoll::yaml::{Node, Parsed, parse};
use std::sync::Arc;

/// Inputs longer than this find nothing that shorter ones do not.
pub const LONGEST: usize = 16 << 10;

/// Takes bytes as a text that is worth a try.
pub fn text(bytes: &[u8]) -> Option<&str> {
    (bytes.len() <= LONGEST).then(|| std::str::from_utf8(bytes).ok()).flatten()
}

/// Reads YAML.
pub fn read(text: &str) -> Parsed {
    parse(&SourceMap::new().add("a.yaml", text))
}

/// A span lies in its text, on borders of characters.
pub fn check_span(span: Span, sources: &SourceMap) {
    let file = sources.file(span.file);
    assert!(file.text().get(span.range()).is_some(), "{span:?} is not in {} of {} bytes", file.name(), file.text().len());
    let position = file.position(span.start);
    assert!(position.line >= 1 && position.column >= 1);
}

/// Every place that a finding names is one.
pub fn check_findings<'a>(findings: impl IntoIterator<Item = &'a Diagnostic>, sources: &SourceMap) {
    for finding in findings {
        let edit = finding.edit.iter().map(|edit| edit.span);
        let trace = finding.trace.iter().map(|step| step.span);
        let labels = finding.labels.iter().map(|label| label.span);
        for span in finding.span.into_iter().chain(edit).chain(trace).chain(labels) {
            check_span(span, sources);
        }
        assert!(!finding.message.is_empty());
    }
}

/// Every node of a tree lies in its text.
pub fn check_nodes(node: Node<'_>, sources: &SourceMap) {
    check_span(node.span(), sources);
    check_span(node.head(), sources);
    for entry in node.entries() {
        check_span(entry.key.span(), sources);
        check_nodes(entry.value, sources);
    }
    for item in node.items() {
        check_nodes(item, sources);
    }
}

/// Splits `-- NAME --` sections of a text into files, as txtar does.
pub fn files(text: &str) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = Vec::new();
    for line in text.split_inclusive('\n') {
        let name = line.trim_end().strip_prefix("-- ").and_then(|rest| rest.strip_suffix(" --"));
        match (name, files.last_mut()) {
            (Some(name), _) => files.push((name.to_owned(), String::new())),
            (None, Some((_, text))) => text.push_str(line),
            (None, None) => {}
        }
    }
    files
}

/// Reads a chart of files.
pub fn load(files: Vec<(String, String)>, sources: &SourceMap) -> (Option<Chart>, Vec<Diagnostic>) {
    let file = |(path, text): (String, String)| ChartFile { name: path.clone(), path, bytes: Arc::from(text.into_bytes()) };
    Chart::load(sources, files.into_iter().map(file).collect())
}

/// Renders a chart with its own values.
pub fn render(chart: &Chart, sources: &SourceMap) -> (Rendered, Vec<Diagnostic>) {
    let composed = compose(chart, None, &[]);
    let mut findings = composed.diagnostics;
    findings.extend(look(chart, &[&composed.values]));
    let release = Release {
        name: "shop".to_owned(),
        namespace: "ns".to_owned(),
        environment: None,
        kubernetes_version: "1.37".to_owned(),
        revision: 1,
        is_upgrade: false,
        api_versions: Vec::new(),
        served: &[],
    };
    let request = Request { templates: &Templates::of(chart), values: &Arc::new(composed.values), release: &release };
    (JinjaEngine.render(request, sources).expect("it needs nothing of the world"), findings)
}

/// Makes data of bytes.
pub fn data(bytes: &mut Unstructured<'_>, depth: usize) -> Data {
    let kind = bytes.int_in_range(0..=if depth == 0 { 5 } else { 9 }).unwrap_or_default();
    match kind {
        0 => Data::Null,
        1 => Data::Bool(bytes.arbitrary().unwrap_or_default()),
        2 => Data::Int(bytes.arbitrary().unwrap_or_default()),
        3 => match bytes.arbitrary::<u64>().unwrap_or_default() {
            big if big > i64::MAX as u64 => Data::UInt(big),
            small => Data::Int(small as i64),
        },
        4 => match bytes.arbitrary::<f64>().unwrap_or_default() {
            // Whole numbers are read back as such, and what is no number is not equal to itself.
            float if float.is_finite() && float.fract() != 0.0 => Data::Float(float),
            _ => Data::Bool(false),
        },
        5 | 6 => Data::String(string(bytes)),
        7 => Data::Seq((0..bytes.int_in_range(0..=4).unwrap_or_default()).map(|_| data(bytes, depth - 1)).collect()),
        _ => {
            let mut entries: Vec<(String, Data)> = Vec::new();
            for _ in 0..bytes.int_in_range(0..=4).unwrap_or_default() {
                let key = string(bytes);
                if entries.iter().all(|(known, _)| *known != key) {
                    entries.push((key, data(bytes, depth - 1)));
                }
            }
            Data::Map(entries)
        }
    }
}

/// Takes a text.
pub fn string(bytes: &mut Unstructured<'_>) -> String {
    let length = bytes.int_in_range(0..=24).unwrap_or_default();
    let taken = bytes.bytes(length.min(bytes.len())).unwrap_or_default();
    String::from_utf8_lossy(taken).into_owned()
}
