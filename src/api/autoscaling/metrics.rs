//! What an autoscaler measures.

use super::{RULE, reference};
use crate::api::check::{Check, show, text};
use crate::api::syntax::{dns_label, path_segment, qualified_name};
use crate::schema::Amount;
use crate::yaml::Node;

/// The sources, in the order in which the server looks at them, and the types that they belong to.
const SOURCES: [(&str, &str); 5] = [
    ("object", "Object"),
    ("external", "External"),
    ("pods", "Pods"),
    ("resource", "Resource"),
    ("containerResource", "ContainerResource"),
];

/// Judges an item of `metrics`.
pub(super) fn judge<'d>(check: &mut Check<'d>, metric: Node<'d>) {
    let kind = text(metric, "type");
    let wanted = SOURCES.iter().find(|(_, of)| *of == kind).map(|(field, _)| *field);
    if let Some(wanted) = wanted
        && metric.field(wanted).is_none()
    {
        check.error(RULE, (metric, wanted), format!("`{wanted}` is missing, as `type` is `{kind}`"));
    }
    let given = || SOURCES.iter().map(|(field, _)| *field).filter(|field| metric.field(field).is_some());
    if let Some(first) = given().next()
        && let Some(source) = metric.field(first)
    {
        judge_source(check, source, first);
    }
    if given().count() > 1 {
        for field in given().filter(|field| Some(*field) != wanted) {
            check.error(RULE, (metric, field), format!("`{field}` stands beside the source that `type` asks for"));
        }
    }
}

fn judge_source<'d>(check: &mut Check<'d>, source: Node<'d>, field: &str) {
    match field {
        "object" => {
            if let Some(object) = source.field("describedObject") {
                reference(check, object, false);
            }
            metric(check, source);
            one_of(check, source, &["value", "averageValue"], &["target", "averageValue"]);
        }
        "external" => {
            metric(check, source);
            one_of(check, source, &["value", "averageValue"], &["target", "averageValue"]);
            not_both(check, source, "value", "averageValue");
        }
        "pods" => {
            metric(check, source);
            one_of(check, source, &["averageValue"], &["target", "averageValue"]);
        }
        _ => {
            if field == "containerResource" {
                container(check, source);
            }
            one_of(check, source, &["averageUtilization", "averageValue"], &["target", "averageUtilization"]);
            not_both(check, source, "averageValue", "averageUtilization");
        }
    }
    if let Some(target) = source.field("target") {
        judge_target(check, target);
    }
}

/// Judges the name of a metric.
fn metric<'d>(check: &mut Check<'d>, source: Node<'d>) {
    let Some(metric) = source.field("metric") else { return };
    let name = text(metric, "name");
    if !name.is_empty() {
        check.syntax(RULE, (metric, "name"), "name", name, path_segment);
    }
}

fn container<'d>(check: &mut Check<'d>, source: Node<'d>) {
    let (resource, container) = (text(source, "name"), text(source, "container"));
    if !resource.is_empty() {
        check.syntax(RULE, (source, "name"), "name", resource, container_resource);
    }
    if !container.is_empty() {
        check.syntax(RULE, (source, "container"), "container", container, dns_label);
    }
}

/// A resource that containers ask for.
fn container_resource(name: &str) -> Option<String> {
    let known = matches!(name, "cpu" | "memory" | "ephemeral-storage") || name.starts_with("hugepages-");
    qualified_name(name).or_else(|| match name.split_once('/') {
        None => (!known).then(|| "is no resource of containers: write `cpu` or `memory`".to_owned()),
        Some(_) if name.contains("kubernetes.io/") => None,
        Some(_) if name.starts_with("requests.") => Some("may not begin with `requests.`".to_owned()),
        Some(_) => qualified_name(&format!("requests.{name}")),
    })
}

/// Requires a target to give one of some fields; `named` is the path that the server gives.
fn one_of<'d>(check: &mut Check<'d>, source: Node<'d>, fields: &[&str], named: &'static [&'static str; 2]) {
    if !fields.iter().any(|field| source.at(&["target", field]).is_some()) {
        let list = fields.iter().map(|field| format!("`{field}`")).collect::<Vec<_>>().join(" or ");
        check.error(RULE, (source, named), format!("the target needs {list}"));
    }
}

/// Forbids a field of a target beside another one.
fn not_both<'d>(check: &mut Check<'d>, source: Node<'d>, field: &'static str, other: &'static str) {
    if let Some(target) = source.field("target")
        && let (Some(value), Some(_)) = (target.field(field), target.field(other))
    {
        check
            .error(RULE, value, format!("`{field}` stands beside `{other}`, and only one may"))
            .help("remove one of them");
    }
}

fn judge_target<'d>(check: &mut Check<'d>, target: Node<'d>) {
    if !text(target, "type").is_empty() {
        check.word(RULE, target, "type", &["AverageValue", "Utilization", "Value"]);
    }
    for field in ["value", "averageValue"] {
        if let Some(value) = target.field(field)
            && Amount::read(value.text()).is_some_and(|amount| amount <= Amount::ZERO)
        {
            check.error(RULE, value, format!("`{field}` is {}, but must be more than 0", show(value.text())));
        }
    }
    check.range(RULE, target, "averageUtilization", 1, i64::MAX);
}
