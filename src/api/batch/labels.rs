//! The labels and the selector that the server makes for a Job.

use crate::api::check::{Check, Place, plain, show};
use crate::api::selector::unmet;
use crate::api::syntax::label_value;
use crate::yaml::Node;

/// The labels that hold the Job's name, and its UID.
const NAMES: [&str; 2] = ["job-name", "batch.kubernetes.io/job-name"];
const UIDS: [&str; 2] = ["controller-uid", "batch.kubernetes.io/controller-uid"];

/// Judges a Job whose selector the server makes.
pub(super) fn generated<'d>(check: &mut Check<'d>, object: Node<'d>, spec: Node<'d>) {
    let name = object.at(&["metadata", "name"]).map_or("", Node::text);
    let labels = spec.at(&["template", "metadata", "labels"]);
    for entry in labels.into_iter().flat_map(Node::entries) {
        let (key, value) = (entry.name(), plain(entry.value));
        if UIDS.contains(&key) || (NAMES.contains(&key) && (name.is_empty() || value != name)) {
            let message = format!("the label `{key}` is given by the server, and not `{}`", show(value));
            check.error("api/labels", entry.value, message).help(format!("remove `{key}`"));
        }
    }
    if let Some(problem) = label_value(name)
        && !NAMES.iter().any(|key| labels.is_some_and(|labels| labels.get(key).is_some()))
        && let Some(metadata) = object.field("metadata")
    {
        let span = metadata.field("name").unwrap_or(metadata).span();
        let place = Place::Deep(span, spec, &["template", "labels"]);
        check.error("api/name", place, format!("the pods get the name of the Job as a label, but it {problem}"));
    }
    let Some(selector) = spec.field("selector") else { return };
    // The UID is the server's secret yet: whatever is written is not it.
    let known = |key: &str| match key {
        key if NAMES.contains(&key) => Some(name),
        key if UIDS.contains(&key) => Some("\u{0}"),
        _ => None,
    };
    if let Some((span, wants)) = unmet(selector, known) {
        let message = format!("`selector` wants {wants}, but the server makes the selectors of Jobs");
        let help = "remove `selector`, or write `manualSelector: true`";
        let place = Place::Shown(span, spec, "selector");
        check.error("api/selector", place, message).help(help);
    }
    let label = |key: &str| {
        let written = labels.and_then(|labels| labels.get(key)).map(plain);
        written.or_else(|| known(key))
    };
    if let Some((_, wants)) = unmet(selector, label) {
        let place = (spec, &["template", "metadata", "labels"]);
        check.error("api/selector", place, format!("`selector` wants {wants}, which the labels of the pods are not"));
    }
}
