//! JSON: one object, for programs.

use super::{Field, FieldKind, Format, ObjectChange, Part, Place, Report, Side, WAYS, What};
use crate::diagnostic::ObjectName;
use serde_json::{Map, Value, json};

/// Writes a report as one JSON object, indented, with a final newline.
#[derive(Clone, Copy, Debug)]
pub struct Json;

impl Format for Json {
    fn write(&self, report: &Report) -> String {
        let count = |way: &str| report.parts.iter().map(|part| part.changes.count(way)).sum::<usize>();
        let mut summary: Map<String, Value> = WAYS.iter().map(|way| ((*way).to_owned(), count(way).into())).collect();
        summary.insert(
            "unchanged".to_owned(),
            report.parts.iter().map(|part| part.changes.unchanged).sum::<usize>().into(),
        );
        summary.insert("incomplete".to_owned(), (!report.troubles.is_empty()).into());
        let document = json!({
            "schemaVersion": 1,
            "summary": summary,
            "comparisons": report.parts.iter().map(part).collect::<Vec<_>>(),
            "troubles": report.troubles,
        });
        format!("{document:#}\n")
    }
}

fn part(part: &Part) -> Value {
    json!({
        "release": part.name,
        "environment": part.environment,
        "against": part.against,
        "unchanged": part.changes.unchanged,
        "objects": part.changes.objects.iter().map(object).collect::<Vec<_>>(),
    })
}

fn object(change: &ObjectChange) -> Value {
    let (from, reasons) = match &change.what {
        What::Renamed(from) => (Some(name(from)), None),
        What::Replaced(reasons) => (None, Some(reasons)),
        _ => (None, None),
    };
    json!({
        "change": change.what.name(),
        "object": name(&change.object),
        "from": from,
        "replacedBecause": reasons,
        "predicted": change.predicted,
        "place": change.place.as_ref().map(place),
        "fields": change.fields.iter().map(field).collect::<Vec<_>>(),
    })
}

fn field(field: &Field) -> Value {
    let kind = match field.kind() {
        FieldKind::Added => "added",
        FieldKind::Removed => "removed",
        FieldKind::Changed => "changed",
        FieldKind::Moved => "moved",
    };
    json!({
        "path": field.path.to_string(),
        "change": kind,
        "old": field.old.as_ref().map(|side| side.data.to_json()),
        "new": field.new.as_ref().map(|side| side.data.to_json()),
        "masked": field.masked,
        "drift": field.drift,
        "oldPlace": side_place(field.old.as_ref()),
        "newPlace": side_place(field.new.as_ref()),
    })
}

fn side_place(side: Option<&Side>) -> Option<Value> {
    side?.place.as_ref().map(place)
}

fn place(place: &Place) -> Value {
    let edit = place.edit.as_ref().map(|(key, file, line)| json!({ "key": key, "file": file, "line": line }));
    json!({ "file": place.file, "line": place.line, "column": place.column, "edit": edit })
}

fn name(name: &ObjectName) -> Value {
    json!({ "apiVersion": name.api_version, "kind": name.kind, "namespace": name.namespace, "name": name.name })
}
