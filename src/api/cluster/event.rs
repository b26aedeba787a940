//! Events, as older and newer versions of the API have them.

use crate::api::check::{Check, Place, show, text};
use crate::api::syntax::qualified_name;
use crate::yaml::Node;

const RULE: &str = "api/event";

/// Judges an Event of the core group.
pub(super) fn judge<'d>(check: &mut Check<'d>, object: Node<'d>) {
    common(check, object, &["involvedObject", "message", "reportingComponent"]);
}

/// Judges an Event of `events.k8s.io`, whose fields the server names as the core group does.
pub(super) fn judge_strictly<'d>(check: &mut Check<'d>, object: Node<'d>) {
    common(check, object, &["regarding", "note", "reportingController"]);
    if let Some(series) = object.field("series")
        && series.field("count").and_then(Node::as_i64).unwrap_or_default() < 2
    {
        check.error(RULE, (series, "count"), "a series counts two events at least");
    }
    check.required(RULE, object, "eventTime");
    check.word(RULE, object, "type", &["Normal", "Warning"]);
    if object.field("type").is_none() {
        check.error(RULE, (object, "type"), "`type` is missing").help("write `Normal` or `Warning`");
    }
    let old = [
        ("deprecatedFirstTimestamp", "firstTimestamp"),
        ("deprecatedLastTimestamp", "lastTimestamp"),
        ("deprecatedCount", "count"),
        ("deprecatedSource", "source"),
    ];
    for (field, named) in old {
        let Some(value) = object.field(field) else { continue };
        let is_set = match field {
            "deprecatedCount" => value.as_i64() != Some(0),
            "deprecatedSource" => ["component", "host"].into_iter().any(|part| !text(value, part).is_empty()),
            _ => true,
        };
        if is_set {
            let place = Place::Shown(value.head(), object, named);
            check
                .error(RULE, place, format!("`{field}` is for events of the core group"))
                .help(format!("remove `{field}`"));
        }
    }
}

/// Judges what both have, under their names of three fields: the object, the message, the controller.
fn common<'d>(check: &mut Check<'d>, object: Node<'d>, fields: &[&'static str; 3]) {
    let [about, message, controller] = *fields;
    let namespace = object.at(&["metadata", "namespace"]).map(Node::text).filter(|own| !own.is_empty());
    let of = object.field(about);
    let theirs = of.map(|of| text(of, "namespace")).unwrap_or_default();
    let recent = object.field("eventTime").is_some();
    // Without a namespace the event goes where the client says.
    let fits = namespace.is_none_or(|own| match (recent, theirs) {
        (false, "") => own == "default",
        (false, theirs) => own == theirs,
        (true, "") => matches!(own, "default" | "kube-system"),
        (true, _) => true,
    });
    if !fits {
        let shown = of.and_then(|of| of.field("namespace")).or(of).unwrap_or(object).head();
        let place = Place::Keyed(shown, object, "involvedObject", "namespace");
        check.error(RULE, place, format!("an event stands in the namespace of its object, `{about}`"));
    }
    if !recent {
        return;
    }
    let name = text(object, controller);
    check.syntax(RULE, (object, controller), controller, name, qualified_name);
    for (field, most) in [("reportingInstance", 128), ("action", 128), ("reason", 128)] {
        if check.required(RULE, object, field).is_some() {
            check.syntax(RULE, (object, field), field, text(object, field), |text| longer(text, most));
        }
    }
    let note = text(object, message);
    if let Some(problem) = longer(note, 1024) {
        let place = Place::Shown(object.field(message).unwrap_or(object).head(), object, "message");
        check.error(RULE, place, format!("`{message}` is `{}`, but {problem}", show(note)));
    }
}

fn longer(text: &str, most: usize) -> Option<String> {
    (text.len() > most).then(|| format!("has {} characters, and may have {most}", text.len()))
}
